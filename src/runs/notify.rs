//! What the end of a run means for notices about its export.

use jiff::Timestamp;
use sea_orm::{ConnectionTrait, DbErr};

use super::outcome::Outcome;
use super::run::{Run, RunState};
use crate::notices::{self, Details, Kind};

/// Opens and closes notices, in the transaction in which the run ends.
pub(super) async fn of_end(
    db: &impl ConnectionTrait,
    run: &Run,
    outcome: &Outcome,
    at: Timestamp,
) -> Result<(), DbErr> {
    let details = Details {
        run: Some(run.id),
        ..Details::named(&run.definition.name)
    };
    match outcome.ending.state() {
        RunState::Failure | RunState::FailedPermanent => {
            let details = Details {
                reason: Some(outcome.ending.message_key().to_owned()),
                names: outcome.names.clone(),
                ..details
            };
            notices::raise(db, Kind::RunFailed, run.export_id, details, at).await
        }
        RunState::Successful => {
            notices::resolve(db, Kind::RunFailed, run.export_id, at).await?;
            rejected(db, run, details, at).await
        }
        _ => Ok(()),
    }
}

async fn rejected(
    db: &impl ConnectionTrait,
    run: &Run,
    details: Details,
    at: Timestamp,
) -> Result<(), DbErr> {
    let counts = &run.totals.rejected;
    let rejected = counts.total() - counts.of_list();
    let read = run.totals.read;
    let percent = notices::settings::rejected_percent(db).await?;
    if rejected.saturating_mul(100) > read.saturating_mul(percent) {
        let details = Details {
            rejected: Some(rejected),
            of: Some(read),
            ..details
        };
        notices::raise(db, Kind::RowsRejected, run.export_id, details, at).await
    } else {
        notices::resolve(db, Kind::RowsRejected, run.export_id, at).await?;
        Ok(())
    }
}
