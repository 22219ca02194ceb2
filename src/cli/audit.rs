//! `listbridge audit verify`.

use clap::Subcommand;

use crate::clock::Clock;
use crate::config::Settings;
use crate::startup::Services;
use crate::storage::audit;

#[derive(Subcommand)]
pub(super) enum AuditCommand {
    /// Read the whole audit log and say whether every event is there as it was recorded.
    Verify {
        /// Answer as JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Verifies and says so; fails with the number of the first event that is not as it was recorded.
pub(super) async fn run(settings: Settings, command: AuditCommand) -> anyhow::Result<()> {
    let AuditCommand::Verify { json } = command;
    let services = Services::open(settings, Clock::system()).await?;
    let found = audit::verify(&**services.db).await?;
    if json {
        println!("{}", serde_json::to_string_pretty(&found)?);
    } else if found.broken.is_none() {
        println!("{} events, each as it was recorded.", found.events);
    }
    match found.broken {
        None => Ok(()),
        Some(broken) => anyhow::bail!(
            "the audit log is broken: event {} is {}; the {} events before it are as they were recorded",
            broken.seq,
            broken.flaw,
            found.events
        ),
    }
}
