//! `listbridge run ...`.

use clap::Subcommand;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::clock::Clock;
use crate::config::Settings;
use crate::locale::Lang;
use crate::runs::store::Resumed;
use crate::runs::store::removals::{self, Removals};
use crate::runs::{Account, Ending, Part, Rejection, Run, store};
use crate::startup::Services;

#[derive(Subcommand)]
pub(super) enum RunCommand {
    /// Show where a run stands and what became of every profile.
    Show {
        /// Id of the run.
        id: Uuid,
        /// Answer as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Go on with a run that failed or was canceled, by its id: only what is missing is sent.
    Resume {
        /// Id of the run.
        id: Uuid,
        /// Wait until the run has ended, working on it here unless a server does.
        #[arg(long)]
        wait: bool,
        /// Answer as JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Runs one of the commands.
pub(super) async fn run(settings: Settings, command: RunCommand) -> anyhow::Result<()> {
    let services = Services::open(settings, Clock::system()).await?;
    match command {
        RunCommand::Show { id, json } => show(&services, id, json).await,
        RunCommand::Resume { id, wait, json } => resume(&services, id, wait, json).await,
    }
}

/// Resumes a run. With `wait` its end is waited for, and a run that did not end well is a failure.
async fn resume(services: &Services, id: Uuid, wait: bool, as_json: bool) -> anyhow::Result<()> {
    let author = super::export::author(services);
    match store::resume(&services.db, id, author).await? {
        Resumed::Now | Resumed::Already if wait => {
            super::export::await_end(services, id, as_json).await
        }
        Resumed::Refused(obstacle) => Err(obstacle.into()),
        resumed if as_json => {
            println!("{}", json!({ "id": id, "is_new": resumed == Resumed::Now }));
            Ok(())
        }
        _ => {
            println!("{id}");
            Ok(())
        }
    }
}

async fn show(services: &Services, id: Uuid, json: bool) -> anyhow::Result<()> {
    let run = store::get(&**services.db, id).await?;
    print(services, &run, json).await
}

/// Prints a run and its account.
pub(super) async fn print(services: &Services, run: &Run, as_json: bool) -> anyhow::Result<()> {
    let db = &**services.db;
    let parts = store::parts(db, run.id).await?;
    let removals = removals::find(db, run.id).await?;
    if as_json {
        println!("{}", describe(run, &parts, removals.as_ref()));
    } else {
        print_words(run, &parts, removals.as_ref());
    }
    Ok(())
}

fn print_words(run: &Run, parts: &[Part], removals: Option<&Removals>) {
    let account = Account::of(run, parts);
    let lang = Lang::En;
    println!("{}: {}", run.definition.name, lang.t(run.state.label_key()));
    if let Some(ended) = &run.outcome {
        let key = ended
            .ending()
            .map_or("runs-outcome-other", Ending::message_key);
        println!("{}", lang.msg(key).text("names", ended.names.join(", ")));
        if let Some(words) = &ended.vendor_words {
            println!("Constant Contact said: {words}");
        }
    }
    let figures = [
        ("read", account.read),
        ("sent", account.delivered),
        ("duplicates", account.duplicates),
        ("rejected", account.rejected.total()),
        ("unchanged", account.unchanged),
        ("adjusted", run.totals.adjusted),
        ("under way", account.under_way),
        ("not completed", account.lost),
        ("not sent", account.not_sent),
        ("unsubscribed", account.unsubscribed),
    ];
    for (name, count) in figures {
        println!("  {name:<14} {count:>10}");
    }
    for reason in Rejection::ALL
        .into_iter()
        .filter(|reason| account.rejected.of(*reason) > 0)
    {
        println!(
            "  {}: {}",
            lang.t(reason.label_key()),
            account.rejected.of(reason)
        );
    }
    if let Some(removals) = removals {
        println!(
            "  taken off the list: {} of {}, {} failed",
            removals.removed, removals.people, removals.failed
        );
        if let Some(until) = removals.until.filter(|_| removals.asks()) {
            println!("  an administrator must approve that until {until}");
        }
    }
    println!(
        "  {} of {} parts completed, {} requests",
        account.parts_completed, account.parts, run.requests
    );
}

fn describe(run: &Run, parts: &[Part], removals: Option<&Removals>) -> Value {
    let account = Account::of(run, parts);
    json!({
        "id": run.id,
        "export": { "id": run.export_id, "name": run.definition.name },
        "list_id": run.definition.list_id,
        "state": run.state.name(),
        "phase": run.phase.map(|phase| phase.name()),
        "waiting": run.waiting.map(|waiting| json!({
            "for": waiting.reason.name(), "until": waiting.until.to_string(),
        })),
        "outcome": run.outcome.as_ref().map(|ended| json!({
            "code": ended.code, "names": ended.names, "vendor_words": ended.vendor_words,
        })),
        "queued_at": run.queued_at.to_string(),
        "started_at": run.started_at.map(|at| at.to_string()),
        "finished_at": run.finished_at.map(|at| at.to_string()),
        "members": run.members,
        "read": account.read,
        "sent": account.delivered,
        "duplicates": account.duplicates,
        "rejected": account.rejected.total(),
        "unchanged": account.unchanged,
        "rejected_by_reason": account.rejected.to_map(),
        "adjusted": run.totals.adjusted,
        "under_way": account.under_way,
        "not_completed": account.lost,
        "not_sent": account.not_sent,
        "unsubscribed": account.unsubscribed,
        "correctable": account.correctable,
        "errors": account.errors,
        "difference": account.difference(),
        "merged": account.merged(),
        "requests": run.requests,
        "removals": removals.map(|removals| json!({
            "people": removals.people,
            "removed": removals.removed,
            "failed": removals.failed,
            "asks_until": removals.until.filter(|_| removals.asks()).map(|at| at.to_string()),
            "approved_at": removals.approved.map(|(at, _)| at.to_string()),
            "vendor_words": removals.vendor_words,
        })),
        "parts": parts.iter().map(|part| json!({
            "number": part.number,
            "file_name": part.file_name,
            "rows": part.rows,
            "bytes": part.bytes,
            "sha256": part.sha256,
            "state": part.state.name(),
            "activity_id": part.activity_id,
            "persons": part.counts.persons,
        })).collect::<Vec<_>>(),
    })
}
