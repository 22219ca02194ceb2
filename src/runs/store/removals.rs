//! Who runs take off their lists. What the engine writes succeeds only while the lease on the run is held.

use jiff::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, Set, TransactionTrait,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::leases::{Lease, Progress};
use super::{StoreError, to_i64};
use crate::constant_contact::limits::CONTACTS_PER_REMOVAL;
use crate::deliveries;
use crate::storage::UtcMillis;
use crate::storage::audit::{self, AuditEvent};
use crate::storage::entities::{run_removal, run_removal_batch};

/// Bytes of one contact in a removal: its id and the keyed hash of its address.
pub(in crate::runs) const CONTACT_BYTES: usize = 16 + 8;

/// Where a removal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::runs) enum RemovalState {
    /// To be sent, perhaps once more: a repeat is harmless.
    Recorded,
    /// Constant Contact works on it.
    Accepted,
    /// Its activity completed.
    Completed,
    /// Its activity did not complete.
    Failed,
}

impl RemovalState {
    pub(in crate::runs) fn name(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Accepted => "accepted",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }
}

/// Whom a run takes off its list, and how far that is. Units: people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removals {
    /// To be taken off.
    pub people: u64,
    /// Taken off.
    pub removed: u64,
    /// In removals that did not complete.
    pub failed: u64,
    /// Whether an administrator is asked first, and until when.
    pub until: Option<Timestamp>,
    /// When that was approved, and by whom.
    pub approved: Option<(Timestamp, Option<Uuid>)>,
    /// What Constant Contact said of one that failed.
    pub vendor_words: Option<String>,
}

/// Keyed hashes of addresses that a run has taken off its list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::runs) struct TakenOff {
    /// In removals that completed.
    pub(in crate::runs) surely: Vec<[u8; 8]>,
    /// In removals of which that is not known.
    pub(in crate::runs) perhaps: Vec<[u8; 8]>,
}

impl Removals {
    /// As the audit log and JSON answers have it.
    pub fn summary(&self) -> Value {
        json!({ "people": self.people, "removed": self.removed, "failed": self.failed })
    }

    /// Whether an administrator has yet to answer.
    pub fn asks(&self) -> bool {
        self.until.is_some() && self.approved.is_none()
    }
}

/// What a run takes off its list; `None` while that has not been found out.
///
/// # Errors
/// Reading failed.
pub async fn find(db: &impl ConnectionTrait, run_id: Uuid) -> Result<Option<Removals>, DbErr> {
    use run_removal_batch::Column as C;
    let Some(plan) = run_removal::Entity::find_by_id(run_id).one(db).await? else {
        return Ok(None);
    };
    let batches: Vec<(String, i32, Option<String>)> = run_removal_batch::Entity::find()
        .select_only()
        .columns([C::State, C::People, C::VendorWords])
        .filter(C::RunId.eq(run_id))
        .into_tuple()
        .all(db)
        .await?;
    let mut removals = Removals {
        people: plan.people.unsigned_abs(),
        until: plan.until.map(Into::into),
        approved: plan.approved_at.map(|at| (at.into(), plan.approved_by)),
        ..Removals::default()
    };
    for (state, people, words) in batches {
        let people = u64::from(people.unsigned_abs());
        if state == RemovalState::Completed.name() {
            removals.removed += people;
        } else if state == RemovalState::Failed.name() {
            removals.failed += people;
            removals.vendor_words = removals.vendor_words.or(words);
        }
    }
    Ok(Some(removals))
}

/// Numbers and activities of the removals of a run in a state, in order.
pub(in crate::runs) async fn in_state(
    db: &impl ConnectionTrait,
    run_id: Uuid,
    state: RemovalState,
) -> Result<Vec<(i32, Option<String>)>, DbErr> {
    use run_removal_batch::Column as C;
    run_removal_batch::Entity::find()
        .select_only()
        .columns([C::Number, C::ActivityId])
        .filter(C::RunId.eq(run_id))
        .filter(C::State.eq(state.name()))
        .order_by_asc(C::Number)
        .into_tuple()
        .all(db)
        .await
}

/// Whom a removal is about.
pub(in crate::runs) async fn contacts(
    db: &impl ConnectionTrait,
    run_id: Uuid,
    number: i32,
) -> Result<Vec<u8>, DbErr> {
    let found = run_removal_batch::Entity::find_by_id((run_id, number))
        .one(db)
        .await?;
    Ok(found.map(|batch| batch.contacts).unwrap_or_default())
}

/// Ids and keyed hashes of the contacts of a removal.
pub(in crate::runs) fn people(contacts: &[u8]) -> impl Iterator<Item = (Uuid, [u8; 8])> + '_ {
    let (each, _) = contacts.as_chunks::<CONTACT_BYTES>();
    each.iter().map(|bytes| {
        let (id, address) = bytes.split_at(16);
        (
            Uuid::from_slice(id).expect("16 bytes"),
            address.try_into().expect("8 bytes"),
        )
    })
}

/// Keyed hashes of the addresses that a run has taken off its list, and of those that it may have; empty when it has
/// taken off nobody.
pub(in crate::runs) async fn taken_off(
    db: &impl ConnectionTrait,
    run_id: Uuid,
) -> Result<TakenOff, DbErr> {
    use run_removal_batch::Column as C;
    let mut taken = TakenOff::default();
    let Some(plan) = find(db, run_id).await?.filter(|plan| !plan.asks()) else {
        return Ok(taken);
    };
    if plan.people == 0 {
        return Ok(taken);
    }
    let batches: Vec<(i32, String)> = run_removal_batch::Entity::find()
        .select_only()
        .columns([C::Number, C::State])
        .filter(C::RunId.eq(run_id))
        .order_by_asc(C::Number)
        .into_tuple()
        .all(db)
        .await?;
    // They are sent in order: of those recorded only the first may have left without an answer.
    let is_recorded = |(_, state): &&(i32, String)| state == RemovalState::Recorded.name();
    let begun = batches.iter().find(is_recorded).map(|(number, _)| *number);
    for (number, state) in &batches {
        let addresses = if *state == RemovalState::Completed.name() {
            &mut taken.surely
        } else if *state != RemovalState::Recorded.name() || Some(*number) == begun {
            &mut taken.perhaps
        } else {
            continue;
        };
        let contacts = contacts(db, run_id, *number).await?;
        addresses.extend(people(&contacts).map(|(_, address)| address));
    }
    Ok(taken)
}

/// Forgets whom removals were about that have completed.
pub(in crate::runs) async fn forget_completed(
    db: &impl ConnectionTrait,
    run_id: Uuid,
) -> Result<(), DbErr> {
    use run_removal_batch::Column as C;
    run_removal_batch::Entity::update_many()
        .col_expr(C::Contacts, Expr::value(Vec::<u8>::new()))
        .filter(C::RunId.eq(run_id))
        .filter(C::State.eq(RemovalState::Completed.name()))
        .exec(db)
        .await?;
    Ok(())
}

/// Takes an address out of every removal that still names somebody, whoever's it is; how many named it.
///
/// Who is in a removal that Constant Contact works on is still taken off the list.
///
/// # Errors
/// The database's.
pub async fn forget_address(db: &DatabaseConnection, address: [u8; 8]) -> Result<u64, DbErr> {
    use run_removal_batch::Column as C;
    let batches: Vec<(Uuid, i32)> = run_removal_batch::Entity::find()
        .select_only()
        .columns([C::RunId, C::Number])
        .filter(C::Contacts.ne(Vec::<u8>::new()))
        .into_tuple()
        .all(db)
        .await?;
    let mut forgotten = 0;
    for batch in batches {
        while let Some((before, after)) = without(db, batch, address).await? {
            if replace(db, batch, before, after).await? {
                forgotten += 1;
                break;
            }
        }
    }
    Ok(forgotten)
}

/// The contacts of a removal, and the same without an address; `None` when they do not have it.
async fn without(
    db: &impl ConnectionTrait,
    (run_id, number): (Uuid, i32),
    address: [u8; 8],
) -> Result<Option<(Vec<u8>, Vec<u8>)>, DbErr> {
    let before = contacts(db, run_id, number).await?;
    let (each, _) = before.as_chunks::<CONTACT_BYTES>();
    let others = each.iter().filter(|contact| contact[16..] != address);
    let after: Vec<u8> = others.flatten().copied().collect();
    Ok((after.len() != before.len()).then_some((before, after)))
}

/// Replaces the contacts of a removal; false when they are not the same any more. They are forgotten when it is done, and
/// must not be written back.
async fn replace(
    db: &impl ConnectionTrait,
    (run_id, number): (Uuid, i32),
    before: Vec<u8>,
    after: Vec<u8>,
) -> Result<bool, DbErr> {
    use run_removal_batch::Column as C;
    let replaced = run_removal_batch::Entity::update_many()
        .col_expr(C::Contacts, Expr::value(after))
        .filter(C::RunId.eq(run_id))
        .filter(C::Number.eq(number))
        .filter(C::Contacts.eq(before))
        .exec(db)
        .await?;
    Ok(replaced.rows_affected == 1)
}

/// Makes what is missing of a run's removals to be done again, when the run is resumed. Where none had been sent, they
/// are found out anew.
pub(in crate::runs) async fn reopen(
    transaction: &impl ConnectionTrait,
    run_id: Uuid,
) -> Result<(), DbErr> {
    use run_removal_batch::Column as C;
    let sent = run_removal_batch::Entity::find()
        .select_only()
        .column(C::Number)
        .filter(C::RunId.eq(run_id))
        .filter(C::State.ne(RemovalState::Recorded.name()))
        .limit(1)
        .into_tuple::<i32>()
        .one(transaction)
        .await?;
    if sent.is_none() {
        run_removal_batch::Entity::delete_many()
            .filter(C::RunId.eq(run_id))
            .exec(transaction)
            .await?;
        run_removal::Entity::delete_by_id(run_id)
            .exec(transaction)
            .await?;
        return Ok(());
    }
    run_removal_batch::Entity::update_many()
        .col_expr(C::State, Expr::value(RemovalState::Recorded.name()))
        .col_expr(C::VendorWords, Expr::value(None::<String>))
        .filter(C::RunId.eq(run_id))
        .filter(C::State.eq(RemovalState::Failed.name()))
        .exec(transaction)
        .await?;
    Ok(())
}

/// Approves the removals of a run; false when it does not ask for that.
pub(super) async fn approve(
    transaction: &impl ConnectionTrait,
    run_id: Uuid,
    at: Timestamp,
    by: Option<Uuid>,
) -> Result<bool, DbErr> {
    use run_removal::Column as C;
    let approved = run_removal::Entity::update_many()
        .col_expr(C::ApprovedAt, Expr::value(UtcMillis::from(at)))
        .col_expr(C::ApprovedBy, Expr::value(by))
        .filter(C::RunId.eq(run_id))
        .filter(C::Until.is_not_null())
        .filter(C::ApprovedAt.is_null())
        .exec(transaction)
        .await?;
    Ok(approved.rows_affected == 1)
}

impl Lease {
    /// Records whom the run takes off its list, before the first of them is; `until` when an administrator is asked first.
    /// False when what is remembered is not at `version` any more: somebody was erased meanwhile, and would be among them.
    pub(in crate::runs) async fn record_removals(
        self,
        db: &DatabaseConnection,
        (export_id, version): (Uuid, Option<i64>),
        contacts: &[u8],
        until: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let people = contacts.len() / CONTACT_BYTES;
        let transaction = db.begin().await?;
        self.look(&transaction).await?;
        if deliveries::store::lock_latest(&transaction, export_id).await? != version {
            return Ok(false);
        }
        let plan = run_removal::ActiveModel {
            run_id: Set(self.run_id),
            people: Set(to_i64(people as u64)),
            until: Set(until.map(Into::into)),
            approved_at: Set(None),
            approved_by: Set(None),
        };
        run_removal::Entity::insert(plan)
            .exec_without_returning(&transaction)
            .await?;
        for (number, some) in (1..).zip(contacts.chunks(CONTACTS_PER_REMOVAL * CONTACT_BYTES)) {
            let batch = run_removal_batch::ActiveModel {
                run_id: Set(self.run_id),
                number: Set(number),
                people: Set(i32::try_from(some.len() / CONTACT_BYTES).unwrap_or(i32::MAX)),
                contacts: Set(some.to_vec()),
                state: Set(RemovalState::Recorded.name().to_owned()),
                activity_id: Set(None),
                vendor_words: Set(None),
            };
            run_removal_batch::Entity::insert(batch)
                .exec_without_returning(&transaction)
                .await?;
        }
        let event = AuditEvent {
            at: now,
            user_id: None,
            ip: None,
            action: "run.removals-recorded",
            object_id: self.run_id.to_string(),
            detail: json!({ "people": people, "asks": until.is_some() }),
        };
        audit::record(&transaction, event).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Records where removals stand, with the activity of each and the vendor's words.
    pub(in crate::runs) async fn change_removals(
        self,
        db: &DatabaseConnection,
        changes: &[(i32, RemovalState, Option<String>, Option<String>)],
        requests: u64,
    ) -> Result<(), StoreError> {
        use run_removal_batch::Column as C;
        let transaction = db.begin().await?;
        let progress = Progress {
            requests,
            ..Progress::default()
        };
        self.progress(&transaction, progress).await?;
        for (number, state, activity_id, words) in changes {
            run_removal_batch::Entity::update_many()
                .col_expr(C::State, Expr::value(state.name()))
                .col_expr(C::ActivityId, Expr::value(activity_id.clone()))
                .col_expr(C::VendorWords, Expr::value(words.clone()))
                .filter(C::RunId.eq(self.run_id))
                .filter(C::Number.eq(*number))
                .exec(&transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use migrations::{Migrator, MigratorTrait};

    use super::*;
    use crate::storage;

    const ANN: [u8; 8] = [1; 8];
    const BOB: [u8; 8] = [2; 8];

    fn named(addresses: &[[u8; 8]]) -> Vec<u8> {
        let contact = |address: &[u8; 8]| [&[7; 16][..], address].concat();
        addresses.iter().flat_map(contact).collect()
    }

    #[tokio::test]
    async fn an_erased_address_is_forgotten_and_ids_that_are_done_with_are_not_written_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.sqlite");
        let url = format!("sqlite://{}?mode=rwc", path.display());
        let db = storage::connect(&url.into()).await.unwrap();
        Migrator::up(&db, None).await.unwrap();
        let batch = (Uuid::from_u128(1), 1);
        let model = run_removal_batch::ActiveModel {
            run_id: Set(batch.0),
            number: Set(batch.1),
            people: Set(2),
            contacts: Set(named(&[ANN, BOB])),
            state: Set(RemovalState::Completed.name().to_owned()),
            activity_id: Set(None),
            vendor_words: Set(None),
        };
        run_removal_batch::Entity::insert(model)
            .exec_without_returning(&db)
            .await
            .unwrap();
        assert_eq!(forget_address(&db, ANN).await.unwrap(), 1);
        assert_eq!(forget_address(&db, ANN).await.unwrap(), 0);
        let (before, after) = without(&db, batch, BOB).await.unwrap().unwrap();
        assert_eq!((&before, &after), (&named(&[BOB]), &Vec::new()));
        // The run ends while the address is taken out.
        forget_completed(&db, batch.0).await.unwrap();
        assert!(!replace(&db, batch, before, named(&[ANN])).await.unwrap());
        assert!(contacts(&db, batch.0, batch.1).await.unwrap().is_empty());
    }
}
