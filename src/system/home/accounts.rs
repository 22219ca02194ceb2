//! For administrators: how the connections are, and how many requests each API key has left today.

use std::collections::BTreeMap;

use crate::connections::{Connection, Connections, Health, KeyUse};
use crate::web::{Page, Tone, paths};

/// Connections and keys shown.
const SHOWN: usize = 6;

/// What administrators see of connections.
pub(super) struct Accounts {
    /// How many are in each state, the worst first; states without any left out.
    pub(super) counts: Vec<(Tone, String)>,
    /// Those that are not connected, at most [`SHOWN`].
    pub(super) troubled: Vec<Troubled>,
    /// Requests left, least first, at most [`SHOWN`].
    pub(super) keys: Vec<KeyLeft>,
    /// When the count starts again.
    pub(super) resets: String,
}

/// A connection that is not connected.
pub(super) struct Troubled {
    pub(super) name: String,
    pub(super) href: String,
    pub(super) tone: Tone,
    pub(super) health: String,
}

/// What an API key has left today.
pub(super) struct KeyLeft {
    /// Of the element that shows it.
    pub(super) element: String,
    /// Names of the connections that use it.
    pub(super) name: String,
    pub(super) left: u64,
    pub(super) limit: u64,
    pub(super) words: String,
}

impl Accounts {
    pub(super) fn new(
        page: &Page,
        connections: &[Connection],
        today: Vec<KeyUse>,
        services: &Connections,
    ) -> Self {
        let with = |health: Health| connections.iter().filter(move |one| one.health() == health);
        let order = [Health::SignInAgain, Health::Incomplete, Health::Connected];
        let counts = order.into_iter().filter_map(|health| {
            let count = with(health).count();
            let words = page
                .msg("home-connections-count")
                .num("count", count)
                .text("health", page.t(health.label_key()));
            (count > 0).then(|| (tone(health), words.to_string()))
        });
        let troubled = order[..2]
            .iter()
            .flat_map(|health| with(*health))
            .take(SHOWN);
        Self {
            counts: counts.collect(),
            troubled: troubled
                .map(|one| Troubled {
                    name: one.name.clone(),
                    href: paths::connection(one.id),
                    tone: tone(one.health()),
                    health: page.t(one.health().label_key()),
                })
                .collect(),
            keys: keys(page, connections, today, services.ledger.limit_per_day()),
            resets: page.date_time(services.ledger.resets_at()),
        }
    }
}

fn tone(health: Health) -> Tone {
    match health {
        Health::Connected => Tone::Success,
        Health::Incomplete => Tone::Warning,
        Health::SignInAgain => Tone::Danger,
    }
}

/// The keys that connections use, whether they have been used today or not.
fn keys(page: &Page, connections: &[Connection], today: Vec<KeyUse>, limit: u64) -> Vec<KeyLeft> {
    let mut names: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for connection in connections {
        if let Some(key) = &connection.client_id {
            names.entry(key).or_default().push(&connection.name);
        }
    }
    let used = |key: &str| {
        today
            .iter()
            .find(|usage| usage.api_key == key)
            .map_or(0, |u| u.used)
    };
    let mut left: Vec<_> = names
        .into_iter()
        .map(|(key, names)| (limit.saturating_sub(used(key)), names))
        .collect();
    left.sort_by_key(|(left, _)| *left);
    let shown = left.into_iter().take(SHOWN).enumerate();
    shown
        .map(|(number, (left, mut names))| {
            let more = names.len().saturating_sub(2);
            names.truncate(2);
            let name = names.join(", ");
            KeyLeft {
                element: format!("key-{number}"),
                name: match more {
                    0 => name,
                    more => page
                        .msg("home-quota-names-more")
                        .text("names", name)
                        .num("more", more)
                        .to_string(),
                },
                left,
                limit,
                words: page
                    .msg("home-quota-left")
                    .num("left", left)
                    .num("limit", limit)
                    .to_string(),
            }
        })
        .collect()
}
