//! `listbridge source import`.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::Subcommand;
use serde_json::json;

use crate::clock::Clock;
use crate::config::Settings;
use crate::names::Name;
use crate::sources::file::{FileProblem, LoadReport};
use crate::sources::{Author, LoadError, StartedLoad, plan_import, store};
use crate::startup::Services;

/// How often progress is shown on a terminal.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(250);
/// Refused rows listed on a terminal; `--json` and the report's page list more.
const LISTED_REFUSALS: usize = 10;

#[derive(Subcommand)]
pub(super) enum SourceCommand {
    /// Load a CSV file into a source: a new one, or one of the same name whose profiles it replaces.
    Import {
        /// The file.
        file: PathBuf,
        /// Name of the source.
        #[arg(long)]
        name: String,
        /// Column whose values must be there and be unique; other rows are refused.
        #[arg(long)]
        key: Option<String>,
        /// Answer as JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Loads the file, shows progress and the report.
pub(super) async fn run(settings: Settings, command: SourceCommand) -> anyhow::Result<()> {
    let SourceCommand::Import {
        file,
        name,
        key,
        json,
    } = command;
    let name = Name::parse(&name).context("the name of the source cannot be used")?;
    let services = Services::open(settings, Clock::system()).await?;
    let author = Author {
        user_id: None,
        ip: None,
        at: services.clock.now(),
    };
    let request = plan_import(&services.db, &file, name, key.as_deref(), author)
        .await
        .with_context(|| format!("cannot import {}", file.display()))?;
    let started = services.loads.start(request).await?;
    let (source_id, snapshot_id) = (started.source_id, started.snapshot_id);
    let result = wait(&services, started, !json && std::io::stderr().is_terminal()).await;
    if let Err(LoadError::File(FileProblem::NothingLoaded(report))) = &result
        && !json
    {
        print_refusals(report);
    }
    result.with_context(|| format!("cannot import {}", file.display()))?;
    if let Err(error) = services.members.recount(source_id).await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "segments not counted"
        );
    }
    let source = store::get(&**services.db, source_id).await?;
    let snapshot = store::get_snapshot(&**services.db, snapshot_id).await?;
    let report = snapshot.report.context("the load left no report")?;
    if json {
        println!(
            "{}",
            json!({
                "source": { "id": source.id, "name": source.name },
                "snapshot": snapshot.id,
                "fields": snapshot.fields,
                "report": report,
            })
        );
    } else {
        println!(
            "{}: {} rows loaded, {} refused, {} columns.",
            source.name,
            report.rows,
            report.refused,
            snapshot.fields.len()
        );
        print_refusals(&report);
        for note in &report.fields {
            let became = if note.became_text {
                ", so it became text"
            } else {
                ""
            };
            println!(
                "  field {:?}: {} values are no {}, the first on line {}{became}",
                note.field,
                note.values,
                note.expected.name(),
                note.first_line
            );
        }
    }
    Ok(())
}

fn print_refusals(report: &LoadReport) {
    for refusal in report.refusals.iter().take(LISTED_REFUSALS) {
        println!("  line {}: {}", refusal.line, refusal.detail.reason);
    }
    let listed = u64::try_from(LISTED_REFUSALS).unwrap_or(u64::MAX);
    if report.refused > listed {
        println!("  and {} more", report.refused - listed);
    }
}

/// Waits for the load; an interrupt cancels it.
async fn wait(services: &Services, started: StartedLoad, is_shown: bool) -> Result<(), LoadError> {
    let mut finished = started.finished;
    let mut interval = tokio::time::interval(PROGRESS_INTERVAL);
    let stop = super::serve::stop_signal();
    tokio::pin!(stop);
    let mut is_stopping = false;
    loop {
        tokio::select! {
            result = &mut finished => {
                if is_shown {
                    clear_progress();
                }
                return result.expect("a load does not panic");
            }
            () = &mut stop, if !is_stopping => {
                is_stopping = true;
                services.loads.cancel(started.snapshot_id);
            }
            _ = interval.tick(), if is_shown => {
                if let Some(progress) = services.loads.progress(started.snapshot_id) {
                    show_progress(progress.bytes * 100 / progress.bytes_total.max(1), progress.rows);
                }
            }
        }
    }
}

#[expect(
    clippy::print_stderr,
    reason = "progress is for the person at the terminal"
)]
fn show_progress(percent: u64, rows: u64) {
    eprint!("\r{percent:3} %  {rows} rows");
}

#[expect(
    clippy::print_stderr,
    reason = "progress is for the person at the terminal"
)]
fn clear_progress() {
    eprint!("\r\x1b[K");
}
