//! `listbridge export ...`.

use std::time::Duration;

use anyhow::Context;
use clap::Subcommand;
use serde_json::json;
use uuid::Uuid;

use crate::clock::Clock;
use crate::config::Settings;
use crate::exports::{Author, Export, store};
use crate::names::Name;
use crate::runs::{self, Run, RunState, Tick, Trigger, WaitingFor};
use crate::startup::Services;

/// How often a run that a server works on is looked at.
pub(super) const WATCH_INTERVAL: Duration = Duration::from_millis(500);

#[derive(Subcommand)]
pub(super) enum ExportCommand {
    /// List the exports by name.
    List {
        /// Answer as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Look at what a run of an export would do, without sending anything.
    Check {
        /// Name of the export.
        name: String,
        /// Answer as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Ask for a run of an export, by its name.
    Run {
        /// Name of the export.
        name: String,
        /// Wait until the run has ended, working on it here unless a server does.
        #[arg(long)]
        wait: bool,
        /// Answer as JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Runs one of the commands.
pub(super) async fn run(settings: Settings, command: ExportCommand) -> anyhow::Result<()> {
    let services = Services::open(settings, Clock::system()).await?;
    match command {
        ExportCommand::List { json } => list(&services, json).await,
        ExportCommand::Check { name, json } => super::check::check(&services, &name, json).await,
        ExportCommand::Run { name, wait, json } => start(&services, &name, wait, json).await,
    }
}

async fn list(services: &Services, as_json: bool) -> anyhow::Result<()> {
    let mut exports = Vec::new();
    for page in 0.. {
        let found = store::list_page(&**services.db, page).await?;
        let is_last = found.exports.is_empty();
        exports.extend(found.exports);
        if is_last || exports.len() as u64 >= found.total {
            break;
        }
    }
    if as_json {
        let rows: Vec<_> = exports
            .iter()
            .map(|export| {
                json!({
                    "id": export.id,
                    "version": export.version,
                    "updated_at": export.updated_at,
                    "definition": export.definition,
                })
            })
            .collect();
        println!("{}", json!(rows));
        return Ok(());
    }
    if exports.is_empty() {
        println!("No exports yet.");
    }
    for export in exports {
        let definition = export.definition;
        println!(
            "{}\t{}\t{}",
            export.id,
            definition.name,
            definition
                .list_name
                .unwrap_or_else(|| definition.list_id.to_string())
        );
    }
    Ok(())
}

/// The export with a name.
pub(super) async fn find(services: &Services, name: &str) -> anyhow::Result<Export> {
    let export = store::find_by_name(&**services.db, &Name::parse(name)?).await?;
    export.with_context(|| format!("there is no export named {name:?}"))
}

/// Somebody at the command line.
pub(super) fn author(services: &Services) -> Author<'static> {
    Author {
        user_id: None,
        ip: None,
        at: services.clock.now(),
    }
}

/// Asks for a run. With `wait` its end is waited for, and a run that did not end well is a failure.
async fn start(services: &Services, name: &str, wait: bool, as_json: bool) -> anyhow::Result<()> {
    let db = &**services.db;
    let export = find(services, name).await?;
    anyhow::ensure!(
        export.definition.connection_id.is_some(),
        "the export {name:?} was not run: it has no connection; choose one on its page first"
    );
    let author = author(services);
    let requested = runs::store::request(db, &export, Trigger::CommandLine, author).await?;
    if !wait {
        if as_json {
            println!(
                "{}",
                json!({ "id": requested.run_id, "is_new": requested.is_new })
            );
        } else {
            println!("{}", requested.run_id);
        }
        return Ok(());
    }
    await_end(services, requested.run_id, as_json).await
}

/// Waits for the end of a run and prints it; one that did not end well is a failure.
pub(super) async fn await_end(
    services: &Services,
    run_id: Uuid,
    as_json: bool,
) -> anyhow::Result<()> {
    let run = finish(services, run_id).await?;
    super::run::print(services, &run, as_json).await?;
    anyhow::ensure!(
        run.state.is_finished(),
        "the run would send far fewer or far more rows than the last one; an administrator must approve it on its page"
    );
    anyhow::ensure!(
        run.state == RunState::Successful,
        "the run ended as {}",
        run.state.name()
    );
    Ok(())
}

/// Works on the run until it has ended or waits for a person; a server that has taken it does, and is only watched.
async fn finish(services: &Services, run_id: Uuid) -> anyhow::Result<Run> {
    loop {
        let run = runs::store::get(&**services.db, run_id).await?;
        let reason = run.waiting.map(|waiting| waiting.reason);
        if run.state.is_finished() || reason == Some(WaitingFor::Approval) {
            return Ok(run);
        }
        if services.engine.tick_run(run_id).await? == Tick::Idle {
            tokio::time::sleep(WATCH_INTERVAL).await;
        }
    }
}
