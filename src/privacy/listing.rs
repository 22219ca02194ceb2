//! Changes of the exclusion list, with their entries in the audit log.

use sea_orm::{DatabaseConnection, DbErr, TransactionTrait};
use serde_json::json;
use uuid::Uuid;

use crate::exclusions::store::{self, ADDED_AT_A_TIME, Removed, Upload};
use crate::exclusions::{Entry, Keys, Origin, ReadFile};
use crate::sources::Author;

/// Adds an entry; false when it was on the list already.
///
/// # Errors
/// The database's.
pub async fn add_entry(
    db: &DatabaseConnection,
    keys: &Keys,
    entry: &Entry,
    author: &Author,
) -> Result<bool, DbErr> {
    let transaction = db.begin().await?;
    let one = std::slice::from_ref(entry);
    let added = store::add(&transaction, keys, one, Origin::Typed, None, author).await?;
    if added > 0 {
        author
            .record(
                &transaction,
                "exclusion.added",
                name(keys, entry),
                json!({}),
            )
            .await?;
    }
    transaction.commit().await?;
    Ok(added > 0)
}

/// Takes an entry off the list, unless the person was erased.
///
/// # Errors
/// The database's.
pub async fn remove_entry(
    db: &DatabaseConnection,
    keys: &Keys,
    entry: &Entry,
    author: &Author,
) -> Result<Removed, DbErr> {
    let transaction = db.begin().await?;
    let removed = store::remove(&transaction, keys, entry, author).await?;
    if removed == Removed::Done {
        author
            .record(
                &transaction,
                "exclusion.removed",
                name(keys, entry),
                json!({}),
            )
            .await?;
        transaction.commit().await?;
    }
    Ok(removed)
}

/// What a file added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Of the upload, for its report.
    pub id: Uuid,
    /// Entries added.
    pub added: u64,
}

/// Adds everything a file holds, some at a time so that nobody waits for it; what was added counts even when the rest is
/// interrupted, and a file may be taken again.
///
/// # Errors
/// The database's.
pub async fn take_file(
    db: &DatabaseConnection,
    keys: &Keys,
    file_name: String,
    file: ReadFile,
    author: &Author,
) -> Result<Taken, DbErr> {
    let upload = Upload {
        id: Uuid::now_v7(),
        file_name,
        added: 0,
        known: 0,
        refused: file.refused,
        bad_lines: file.bad_lines,
        at: author.at,
        created_by: author.user_id,
        is_finished: false,
    };
    store::begin_upload(db, &upload).await?;
    let mut added = 0;
    for entries in file.entries.chunks(ADDED_AT_A_TIME) {
        let transaction = db.begin().await?;
        let (origin, id) = (Origin::Upload, Some(upload.id));
        added += store::add(&transaction, keys, entries, origin, id, author).await?;
        transaction.commit().await?;
    }
    let known = file.entries.len() as u64 - added + file.repeated;
    let transaction = db.begin().await?;
    store::finish_upload(&transaction, upload.id, (added, known), author.at).await?;
    let detail = json!({ "added": added, "known": known, "refused": file.refused });
    let id = upload.id.to_string();
    author
        .record(&transaction, "exclusion.uploaded", id, detail)
        .await?;
    transaction.commit().await?;
    Ok(Taken {
        id: upload.id,
        added,
    })
}

/// What stands for an entry in the audit log.
fn name(keys: &Keys, entry: &Entry) -> String {
    match entry {
        Entry::Address(address) => keys.hash(address),
        Entry::Domain(domain) => format!("@{domain}"),
    }
}
