//! What waits for somebody, worst first, each with what to do and where.

use std::collections::HashMap;

use sea_orm::{DatabaseConnection, DbErr};
use uuid::Uuid;

use super::store;
use crate::connections::Connection;
use crate::exports::store::{NotRun, deferred};
use crate::runs::{Ended, Ending, WaitingFor};
use crate::web::{Page, Tone, paths};

/// Things shown; whoever wants more looks at the list of exports.
const SHOWN: usize = 8;

/// What waits for somebody.
pub(super) struct Attention {
    /// Worst first, at most [`SHOWN`].
    pub(super) items: Vec<Item>,
    /// Whether there is more.
    pub(super) has_more: bool,
    /// The list with the rest.
    pub(super) rest: String,
}

/// One thing.
pub(super) struct Item {
    pub(super) tone: Tone,
    pub(super) status: String,
    pub(super) name: String,
    /// What happened and what to do.
    pub(super) text: String,
    pub(super) href: String,
    /// Words of the link.
    pub(super) action: String,
}

/// Everything that waits, as far as the person may know of it.
pub(super) async fn load(
    db: &DatabaseConnection,
    page: &Page,
    connections: &[Connection],
    is_administrator: bool,
) -> Result<Attention, DbErr> {
    let mut items = of_connections(db, page, connections, is_administrator).await?;
    let most = SHOWN as u64 + 1;
    for run in store::waiting_runs(db, WaitingFor::Approval.name(), most).await? {
        items.push(waiting(page, WaitingFor::Approval, run, is_administrator));
    }
    for export in store::failed_exports(db, most).await? {
        let ended = Ended {
            code: export.outcome,
            names: export.outcome_names,
            vendor_words: None,
        };
        let key = ended
            .ending()
            .map_or("runs-outcome-other", Ending::message_key);
        items.push(Item {
            tone: export.state.tone(),
            status: page.t(export.state.label_key()),
            name: export.name,
            text: page
                .msg("home-attention-failed")
                .text("ago", page.ago(export.ended_at))
                .text(
                    "why",
                    page.msg(key)
                        .text("names", ended.names.join(", "))
                        .to_string(),
                )
                .to_string(),
            href: paths::run(export.run_id),
            action: page.t("home-attention-open-run"),
        });
    }
    for run in store::waiting_runs(db, WaitingFor::Quota.name(), most).await? {
        items.push(waiting(page, WaitingFor::Quota, run, is_administrator));
    }
    for (id, name, deferral) in deferred(db, &[NotRun::NoConnection, NotRun::Quota], most).await? {
        let (tone, status) = match deferral.why {
            NotRun::Quota => (Tone::Waiting, "home-attention-paused"),
            _ => (Tone::Warning, "home-attention-stopped"),
        };
        items.push(Item {
            tone,
            status: page.t(status),
            name,
            text: deferral.words(page.lang, |at| page.date_time(at)),
            href: paths::export(id),
            action: page.t("home-attention-open-export"),
        });
    }
    let has_more = items.len() > SHOWN;
    items.truncate(SHOWN);
    Ok(Attention {
        items,
        has_more,
        rest: paths::most_urgent_exports(),
    })
}

/// Connections that no run may use now, and those whose sign-in ends soon. Who does not manage connections is told of
/// the exports only.
async fn of_connections(
    db: &DatabaseConnection,
    page: &Page,
    connections: &[Connection],
    is_administrator: bool,
) -> Result<Vec<Item>, DbErr> {
    let saved = || connections.iter().filter(|one| one.saved.is_some());
    let broken: Vec<_> = saved()
        .filter_map(|one| Some((one, one.check_ready().err()?)))
        .take(SHOWN + 1)
        .collect();
    let ids: Vec<Uuid> = broken.iter().map(|(connection, _)| connection.id).collect();
    let uses: HashMap<_, _> = store::count_exports(db, &ids).await?.into_iter().collect();
    let mut items = Vec::new();
    for (connection, problem) in broken {
        let exports = uses.get(&connection.id).copied().unwrap_or(0);
        let status = page.t(connection.health().label_key());
        if is_administrator {
            let text = page
                .msg("home-attention-connection")
                .text("why", page.t(problem.message_key()))
                .num("exports", exports);
            items.push(Item {
                tone: Tone::Danger,
                status,
                name: connection.name.clone(),
                text: text.to_string(),
                href: paths::connection(connection.id),
                action: page.t("home-attention-open-connection"),
            });
        } else if exports > 0 {
            items.push(Item {
                tone: Tone::Danger,
                status: page.t("home-attention-stopped"),
                name: page
                    .msg("home-attention-exports")
                    .num("count", exports)
                    .to_string(),
                text: page.t("home-attention-ask"),
                href: paths::exports_of_connection(connection.id),
                action: page.t("home-attention-show-exports"),
            });
        }
    }
    if is_administrator {
        let ending = saved().filter_map(|one| Some((one, one.ends_soon(page.now)?)));
        items.extend(ending.take(SHOWN + 1).map(|(connection, ends)| {
            Item {
                tone: Tone::Warning,
                status: page.t("home-attention-ends-soon"),
                name: connection.name.clone(),
                text: page
                    .msg("connections-ends-soon")
                    .text("date", page.date_time(ends))
                    .to_string(),
                href: paths::connection(connection.id),
                action: page.t("home-attention-open-connection"),
            }
        }));
    }
    Ok(items)
}

fn waiting(
    page: &Page,
    reason: WaitingFor,
    run: store::WaitingRun,
    is_administrator: bool,
) -> Item {
    let until = run
        .until
        .map_or_else(String::new, |until| page.date_time(until));
    let text = page
        .msg(reason.label_key(run.phase))
        .text("until", until)
        .to_string();
    let (tone, status, action) = match (reason, is_administrator) {
        (WaitingFor::Approval, true) => (
            Tone::Warning,
            "home-attention-approval",
            "home-attention-review",
        ),
        (WaitingFor::Approval, false) => (
            Tone::Warning,
            "home-attention-approval",
            "home-attention-open-run",
        ),
        _ => (
            Tone::Waiting,
            "home-attention-paused",
            "home-attention-open-run",
        ),
    };
    Item {
        tone,
        status: page.t(status),
        name: run.name,
        text,
        href: paths::run(run.run_id),
        action: page.t(action),
    }
}
