//! Who else must be there: Constant Contact, the session store, the providers of sign-ins.

use std::time::Duration;

use jiff::SignedDuration;
use jiff::fmt::rfc2822;
use reqwest::header::DATE;

use super::local::OtherClock;
use super::{Finding, Level};
use crate::clock::Clock;
use crate::config::Settings;
use crate::openid::{self, Provider, ProviderKind};
use crate::web::BrowserSessions;

const TIMEOUT: Duration = Duration::from_secs(10);

/// Asks without a token, which any answer but none is good for, and reads the clock of the answer.
pub(super) async fn constant_contact(
    settings: &Settings,
    clock: &Clock,
) -> (Finding, Option<OtherClock>) {
    let name = "Constant Contact";
    let url = &settings.constant_contact_api_url;
    let host = url.host_str().unwrap_or_default();
    let client = reqwest::Client::builder()
        .timeout(TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .build();
    let asked = match client {
        Ok(client) => client.get(url.clone()).send().await,
        Err(error) => Err(error),
    };
    match asked {
        Ok(answer) => {
            let date = answer
                .headers()
                .get(DATE)
                .and_then(|date| date.to_str().ok());
            let theirs = date.and_then(|date| rfc2822::parse(date).ok());
            let other = theirs.map(|theirs| OtherClock {
                whose: "Constant Contact",
                ahead: SignedDuration::from_secs(
                    theirs.timestamp().as_second() - clock.now().as_second(),
                ),
            });
            (
                Finding::new(name, Level::Ok, format!("{host} answers")),
                other,
            )
        }
        Err(error) => {
            let why = if error.is_timeout() {
                "does not answer in time"
            } else {
                "cannot be reached"
            };
            let detail = format!("{host} {why}: check the network, the proxy and the firewall");
            (Finding::new(name, Level::Failed, detail), None)
        }
    }
}

pub(super) async fn session_store(settings: &Settings) -> Finding {
    let name = "session store";
    let store = match BrowserSessions::new(&settings.session_store).await {
        Ok(store) => store,
        Err(error) => return Finding::new(name, Level::Failed, error.to_string()),
    };
    let looked = match store.check().await {
        Ok(()) => store.check_keeps().await,
        down => down,
    };
    match (looked, store) {
        (Ok(()), BrowserSessions::Cookie) => Finding::new(name, Level::Ok, "the cookie itself"),
        (Ok(()), BrowserSessions::Redis(..)) => {
            Finding::new(name, Level::Ok, "Redis answers and keeps what it is given")
        }
        (Err(error), _) => Finding::new(name, Level::Failed, error.to_string()),
    }
}

/// One finding for each provider that is configured.
pub(super) async fn providers(settings: &Settings, clock: &Clock) -> Vec<Finding> {
    let mut findings = Vec::new();
    for config in openid::configured(settings) {
        let name = match config.kind {
            ProviderKind::Entra => "sign-in with Microsoft",
            ProviderKind::OpenId => "sign-in with OpenID Connect",
        };
        let redirect = config.redirect_uri.clone();
        let checked = match Provider::new(config) {
            Ok(provider) => provider.check(clock.now()).await.map_err(|failure| {
                let words = if failure.words.is_empty() {
                    String::new()
                } else {
                    format!(" ({})", failure.words)
                };
                format!("{}{words}", failure.problem.name())
            }),
            Err(error) => Err(error.to_string()),
        };
        findings.push(match checked {
            Ok(()) if settings.groups().is_empty() => {
                let detail =
                    "no groups give a role: only people who were invited or linked come in";
                Finding::new(name, Level::Warning, detail)
            }
            Ok(()) => {
                let detail = format!("the provider answers; register the redirect URI {redirect}");
                Finding::new(name, Level::Ok, detail)
            }
            Err(problem) => Finding::new(name, Level::Failed, problem),
        });
    }
    findings
}
