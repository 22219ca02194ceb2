//! `listbridge doctor`: looks for what would go wrong later. Changes nothing and creates nothing, but for a word in Redis
//! that is gone after a second; asks Constant Contact and
//! the providers of sign-ins no more than whether they are there.

mod database;
mod local;
mod outside;

use serde::Serialize;

use crate::clock::Clock;
use crate::config::Settings;

#[derive(clap::Args)]
pub(super) struct Doctor {
    /// Answer as JSON.
    #[arg(long)]
    json: bool,
}

/// One thing looked at.
#[derive(Serialize)]
struct Finding {
    check: &'static str,
    level: Level,
    detail: String,
}

#[derive(Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Ok,
    Warning,
    Failed,
}

impl Finding {
    fn new(check: &'static str, level: Level, detail: impl Into<String>) -> Self {
        Self {
            check,
            level,
            detail: detail.into(),
        }
    }
}

/// Prints the findings; fails when one of them failed.
pub(super) async fn run(settings: Settings, arguments: Doctor) -> anyhow::Result<()> {
    let clock = Clock::system();
    let mut findings = vec![local::data_dir(&settings), local::public_url(&settings)];
    let (database, state) = database::look(&settings, &clock).await;
    findings.push(local::master_key(&settings, state.has_people));
    findings.extend(database);
    findings.push(outside::session_store(&settings).await);
    findings.push(local::client_registration(&settings));
    let (reached, vendor_clock) = outside::constant_contact(&settings, &clock).await;
    findings.push(reached);
    findings.extend(outside::providers(&settings, &clock).await);
    findings.push(local::clock(state.clock.into_iter().chain(vendor_clock)));
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&findings)?);
    } else {
        for finding in &findings {
            let mark = match finding.level {
                Level::Ok => "ok     ",
                Level::Warning => "warning",
                Level::Failed => "FAILED ",
            };
            println!("{mark}  {}: {}", finding.check, finding.detail);
        }
    }
    let failed = findings
        .iter()
        .filter(|finding| finding.level == Level::Failed)
        .count();
    anyhow::ensure!(failed == 0, "{failed} of {} checks failed", findings.len());
    Ok(())
}
