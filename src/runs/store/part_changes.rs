//! The engine's writes about parts.

use jiff::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, Set, TransactionTrait, UpdateMany,
};
use uuid::Uuid;

use super::leases::{Lease, Progress};
use super::{StoreError, to_i64};
use crate::constant_contact::Activity;
use crate::deliveries;
use crate::runs::part::{PartState, file_name};
use crate::runs::part_writer::PlannedPart;
use crate::storage::UtcMillis;
use crate::storage::entities::run_part;

/// What happened to a part.
#[derive(Clone, Debug)]
pub(in crate::runs) enum PartChange<'a> {
    /// It is about to be sent once more.
    Sending,
    /// It is known not to have been sent after all.
    NotSent,
    /// It is not known whether it arrived.
    Unclear,
    /// The activities were searched for it in vain.
    LookedInVain,
    /// The activities could not be searched, for this reason.
    CouldNotAsk(String),
    /// Several searches have not found it: it did not arrive.
    DidNotArrive,
    /// It arrived.
    Accepted(&'a Activity),
    /// Its activity is where it is.
    Seen(&'a Activity),
    /// It was refused, in the vendor's words.
    Refused(String),
    /// Its activity cannot be found any more.
    Gone,
}

impl Lease {
    /// Records a part of a run of `export_id` that is about to be sent, with what has been counted up to it and what is to
    /// be remembered of it. Committed before this returns.
    pub(in crate::runs) async fn record_part(
        self,
        db: &DatabaseConnection,
        export_id: Uuid,
        part: &PlannedPart,
        sha256: String,
        progress: Progress,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let int = |count: usize| i32::try_from(count).expect("less than 4,000,000");
        let transaction = db.begin().await?;
        self.progress(&transaction, progress).await?;
        let model = run_part::ActiveModel {
            run_id: Set(self.run_id),
            number: Set(part.number.cast_signed()),
            file_name: Set(file_name(self.run_id, part.number)),
            rows: Set(part.rows.cast_signed()),
            bytes: Set(int(part.csv.len())),
            sha256: Set(sha256),
            first_row: Set(to_i64(part.first_row)),
            last_row: Set(to_i64(part.last_row)),
            state: Set(PartState::Sending.name().to_owned()),
            sends: Set(1),
            looks: Set(0),
            recorded_at: Set(now.into()),
            last_sent_at: Set(Some(now.into())),
            ..Default::default()
        };
        run_part::Entity::insert(model)
            .exec_without_returning(&transaction)
            .await?;
        if !part.entries.is_empty() {
            let entries = part.entries.to_vec();
            deliveries::store::add_part(&transaction, export_id, self.run_id, part.number, entries)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Records what happened to a part.
    pub(in crate::runs) async fn change_part(
        self,
        db: &DatabaseConnection,
        number: u32,
        change: PartChange<'_>,
        progress: Progress,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let transaction = db.begin().await?;
        self.progress(&transaction, progress).await?;
        let part = run_part::Entity::update_many()
            .filter(run_part::Column::RunId.eq(self.run_id))
            .filter(run_part::Column::Number.eq(number.cast_signed()));
        let set_state = |part: UpdateMany<run_part::Entity>, state: PartState| {
            part.col_expr(run_part::Column::State, Expr::value(state.name()))
        };
        let plus = |column: run_part::Column, change: i32| Expr::col(column).add(change);
        let changed = match change {
            PartChange::Sending => set_state(part, PartState::Sending)
                .col_expr(run_part::Column::VendorWords, Expr::value(None::<String>))
                .col_expr(run_part::Column::Sends, plus(run_part::Column::Sends, 1))
                .col_expr(
                    run_part::Column::LastSentAt,
                    Expr::value(UtcMillis::from(now)),
                )
                .col_expr(run_part::Column::Looks, Expr::value(0)),
            PartChange::NotSent => set_state(part, PartState::Recorded)
                .col_expr(run_part::Column::Sends, plus(run_part::Column::Sends, -1)),
            PartChange::Unclear => set_state(part, PartState::Unclear)
                .col_expr(run_part::Column::Looks, Expr::value(0)),
            PartChange::LookedInVain => {
                part.col_expr(run_part::Column::Looks, plus(run_part::Column::Looks, 1))
            }
            PartChange::CouldNotAsk(words) => set_state(part, PartState::Unclear)
                .col_expr(run_part::Column::VendorWords, Expr::value(words)),
            PartChange::DidNotArrive => set_state(part, PartState::Recorded),
            PartChange::Accepted(activity) => set_activity(
                part.col_expr(
                    run_part::Column::AcceptedAt,
                    Expr::value(UtcMillis::from(now)),
                ),
                activity,
                now,
            ),
            PartChange::Seen(activity) => set_activity(part, activity, now),
            PartChange::Refused(words) => set_state(part, PartState::Refused)
                .col_expr(run_part::Column::VendorWords, Expr::value(words))
                .col_expr(
                    run_part::Column::FinishedAt,
                    Expr::value(UtcMillis::from(now)),
                ),
            PartChange::Gone => set_state(part, PartState::Gone).col_expr(
                run_part::Column::FinishedAt,
                Expr::value(UtcMillis::from(now)),
            ),
        };
        changed.exec(&transaction).await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// Records where the activities of parts stand. Not bound to a lease: it is what the vendor says, whoever hears it.
///
/// # Errors
/// The database's.
pub(in crate::runs) async fn record_activities(
    db: &DatabaseConnection,
    run_id: Uuid,
    activities: &[(u32, Activity)],
    now: Timestamp,
) -> Result<(), StoreError> {
    let transaction = db.begin().await?;
    for (number, activity) in activities {
        let part = run_part::Entity::update_many()
            .filter(run_part::Column::RunId.eq(run_id))
            .filter(run_part::Column::Number.eq(number.cast_signed()));
        set_activity(part, activity, now).exec(&transaction).await?;
    }
    transaction.commit().await?;
    Ok(())
}

fn set_activity(
    part: UpdateMany<run_part::Entity>,
    activity: &Activity,
    now: Timestamp,
) -> UpdateMany<run_part::Entity> {
    use crate::constant_contact::ActivityState as Theirs;
    use run_part::Column;
    let state = match activity.state {
        Theirs::Completed => PartState::Completed,
        Theirs::Failed => PartState::Failed,
        Theirs::Cancelled => PartState::Cancelled,
        Theirs::TimedOut => PartState::TimedOut,
        Theirs::Initialized | Theirs::Processing | Theirs::Other(_) => PartState::Accepted,
    };
    let finished_at = activity
        .state
        .is_finished()
        .then(|| UtcMillis::from(activity.completed_at.unwrap_or(now)));
    let count = |count: Option<u64>| Expr::value(count.map(to_i64));
    let words = (!activity.errors.is_empty()).then(|| quote(&activity.errors));
    part.col_expr(Column::State, Expr::value(state.name()))
        .col_expr(
            Column::ActivityId,
            Expr::value(activity.activity_id.as_str()),
        )
        .col_expr(Column::PercentDone, count(activity.percent_done))
        .col_expr(Column::ItemsTotal, count(activity.counts.items_total))
        .col_expr(Column::Persons, count(activity.counts.persons))
        .col_expr(Column::Errors, count(activity.counts.errors))
        .col_expr(Column::Correctable, count(activity.counts.correctable))
        .col_expr(
            Column::CannotAddToList,
            count(activity.counts.cannot_add_to_list),
        )
        .col_expr(Column::VendorWords, Expr::value(words))
        .col_expr(Column::FinishedAt, Expr::value(finished_at))
}

/// Activity errors kept of a part.
const QUOTED_ERRORS: usize = 10;

/// The first few of an activity's complaints (`Line 2: Invalid birthday`) and how many more there are.
fn quote(errors: &[String]) -> String {
    let mut text = errors[..errors.len().min(QUOTED_ERRORS)].join("; ");
    if errors.len() > QUOTED_ERRORS {
        text.push_str(&format!("; … (+{})", errors.len() - QUOTED_ERRORS));
    }
    text
}
