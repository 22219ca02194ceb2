//! What people change about a connection. Each change and its audit event are one transaction; each asks in the same
//! statement that the connection still is what the caller saw.

use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait,
    ExprTrait, QueryFilter, Set, SqlErr, TransactionTrait,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::connections::Author;
use crate::connections::connection::{Authorization, Connection, ConnectionKind, Sharing};
use crate::connections::consent::{ConsentText, TEXT_VERSION};
use crate::connections::problem::{Problem, safe_words};
use crate::names::Name;
use crate::notices;
use crate::storage::entities::connection::Column;
use crate::storage::entities::{authorization_state, connection, consent};
use crate::storage::{Sealed, UtcMillis, audit};

/// What **Connect** creates.
#[derive(Debug)]
pub struct NewConnection {
    /// Id the form was drawn with; sending the form twice creates one connection.
    pub id: Uuid,
    /// Display name.
    pub name: Name,
    /// Who may use it.
    pub sharing: Sharing,
    /// Text agreed to.
    pub text: &'static ConsentText,
    /// Application, when one is configured.
    pub client_id: Option<String>,
}

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum ChangeProblem {
    /// Another connection has this name, compared without case.
    #[error("another connection has this name")]
    NameTaken,
    /// Somebody changed or removed it since it was read.
    #[error("the connection has changed meanwhile")]
    Changed,
    /// The database's.
    #[error(transparent)]
    Database(#[from] DbErr),
}

/// Creates a pending connection with its first consent. Sending the same form again changes nothing.
pub(in crate::connections) async fn create(
    db: &DatabaseConnection,
    new: NewConnection,
    author: Author<'_>,
) -> Result<(), ChangeProblem> {
    let transaction = db.begin().await?;
    let exists = connection::Entity::find_by_id(new.id)
        .one(&transaction)
        .await?;
    match exists {
        Some(row) if row.created_by == author.user_id && row.removed_at.is_none() => return Ok(()),
        Some(_) => return Err(ChangeProblem::Changed),
        None => {}
    }
    connection::ActiveModel {
        id: Set(new.id),
        kind: Set(ConnectionKind::ConstantContact.name().to_owned()),
        name: Set(new.name.as_str().to_owned()),
        name_key: Set(Some(new.name.key())),
        sharing: Set(new.sharing.name().to_owned()),
        version: Set(1),
        created_at: Set(author.at.into()),
        created_by: Set(author.user_id),
        client_id: Set(new.client_id),
        authorization: Set(Authorization::None.name().to_owned()),
        token_version: Set(0),
        ..Default::default()
    }
    .insert(&transaction)
    .await
    .map_err(name_taken)?;
    let after = json!({ "name": new.name.as_str(), "sharing": new.sharing.name() });
    let detail = json!({ "after": after });
    record(&transaction, author, "connection.created", new.id, detail).await?;
    insert_consent(&transaction, new.id, new.text, author).await?;
    transaction.commit().await?;
    Ok(())
}

/// Records an agreement to today's text.
pub(in crate::connections) async fn record_consent(
    db: &DatabaseConnection,
    id: Uuid,
    text: &ConsentText,
    author: Author<'_>,
) -> Result<(), ChangeProblem> {
    let transaction = db.begin().await?;
    insert_consent(&transaction, id, text, author).await?;
    transaction.commit().await?;
    Ok(())
}

async fn insert_consent(
    transaction: &impl ConnectionTrait,
    id: Uuid,
    text: &ConsentText,
    author: Author<'_>,
) -> Result<(), ChangeProblem> {
    let consent_id = Uuid::now_v7();
    consent::ActiveModel {
        id: Set(consent_id),
        connection_id: Set(id),
        user_id: Set(author.user_id),
        at: Set(author.at.into()),
        ip: Set(author.ip.to_owned()),
        lang: Set(text.lang.tag().to_owned()),
        text_version: Set(TEXT_VERSION),
        text_sha256: Set(text.sha256.clone()),
        text: Set(text.text()),
    }
    .insert(transaction)
    .await?;
    update(transaction, id, [(Column::ConsentId, consent_id.into())]).await?;
    let detail = json!({
        "text_version": TEXT_VERSION, "text_sha256": text.sha256, "lang": text.lang.tag(),
    });
    record(transaction, author, "connection.consented", id, detail).await
}

/// Changes name and sharing of the connection that still has `version`.
pub(in crate::connections) async fn change_details(
    db: &DatabaseConnection,
    before: &Connection,
    version: i32,
    name: &Name,
    sharing: Sharing,
    author: Author<'_>,
) -> Result<(), ChangeProblem> {
    let transaction = db.begin().await?;
    let changed = connection::Entity::update_many()
        .col_expr(Column::Name, Expr::value(name.as_str()))
        .col_expr(Column::NameKey, Expr::value(name.key()))
        .col_expr(Column::Sharing, Expr::value(sharing.name()))
        .col_expr(Column::Version, Expr::value(version + 1))
        .filter(Column::Id.eq(before.id))
        .filter(Column::Version.eq(version))
        .filter(Column::RemovedAt.is_null())
        .exec(&transaction)
        .await
        .map_err(name_taken)?;
    if changed.rows_affected == 0 {
        return Err(ChangeProblem::Changed);
    }
    let detail = json!({
        "before": { "name": before.name, "sharing": before.sharing.name() },
        "after": { "name": name.as_str(), "sharing": sharing.name() },
    });
    record(
        &transaction,
        author,
        "connection.changed",
        before.id,
        detail,
    )
    .await?;
    transaction.commit().await?;
    Ok(())
}

/// Says which application the connection authorises. Tokens of another application are forgotten.
pub(in crate::connections) async fn choose_application(
    transaction: &impl ConnectionTrait,
    before: &Connection,
    client_id: &str,
    author: Author<'_>,
) -> Result<(), ChangeProblem> {
    let mut values = vec![(Column::ClientId, Expr::value(client_id))];
    if before.client_id.as_deref() != Some(client_id) {
        values.extend(forgotten_tokens(Authorization::None));
    }
    update(transaction, before.id, values).await?;
    let detail = json!({
        "before": { "client_id": before.client_id }, "after": { "client_id": client_id },
    });
    record(
        transaction,
        author,
        "connection.secret-typed",
        before.id,
        detail,
    )
    .await
}

/// Remembers what went wrong with an authentication, for the wizard.
pub(in crate::connections) async fn record_failed_authentication(
    db: &DatabaseConnection,
    id: Uuid,
    problem: Problem,
    words: &str,
    author: Author<'_>,
) -> Result<(), ChangeProblem> {
    let transaction = db.begin().await?;
    set_problem(&transaction, id, problem, words, author.at).await?;
    let detail = json!({ "problem": problem.name() });
    let action = "connection.authentication-failed";
    record(&transaction, author, action, id, detail).await?;
    transaction.commit().await?;
    Ok(())
}

/// Remembers a problem without changing whether the connection is authorised.
pub(in crate::connections) async fn set_problem(
    db: &impl ConnectionTrait,
    id: Uuid,
    problem: Problem,
    words: &str,
    at: jiff::Timestamp,
) -> Result<(), ChangeProblem> {
    let values = [
        (Column::Problem, Expr::value(problem.name())),
        (Column::ProblemWords, Expr::value(safe_words(words))),
        (Column::ProblemAt, Expr::value(UtcMillis::from(at))),
    ];
    update(db, id, values).await
}

/// Makes the author the export user. Exports refer to the connection, so nothing about them changes.
pub(in crate::connections) async fn set_export_user(
    db: &DatabaseConnection,
    before: &Connection,
    author: Author<'_>,
) -> Result<(), ChangeProblem> {
    let transaction = db.begin().await?;
    let values = [
        (Column::ExportUserId, Expr::value(author.user_id)),
        (
            Column::ExportUserAt,
            Expr::value(UtcMillis::from(author.at)),
        ),
    ];
    update(&transaction, before.id, values).await?;
    let detail = json!({
        "before": { "export_user": before.export_user.as_ref().map(|user| user.id) },
        "after": { "export_user": author.user_id },
    });
    let action = "connection.export-user-added";
    record(&transaction, author, action, before.id, detail).await?;
    transaction.commit().await?;
    Ok(())
}

/// Completes the connection. Saving twice keeps the first.
pub(in crate::connections) async fn save(
    db: &DatabaseConnection,
    id: Uuid,
    author: Author<'_>,
) -> Result<(), ChangeProblem> {
    let transaction = db.begin().await?;
    let saved = connection::Entity::update_many()
        .col_expr(Column::SavedAt, Expr::value(UtcMillis::from(author.at)))
        .col_expr(Column::SavedBy, Expr::value(author.user_id))
        .filter(Column::Id.eq(id))
        .filter(Column::SavedAt.is_null())
        .filter(Column::RemovedAt.is_null())
        .filter(Column::Authorization.eq(Authorization::Authorized.name()))
        .filter(Column::ExportUserId.is_not_null())
        .exec(&transaction)
        .await?;
    if saved.rows_affected == 0 {
        return Err(ChangeProblem::Changed);
    }
    record(&transaction, author, "connection.saved", id, json!({})).await?;
    transaction.commit().await?;
    Ok(())
}

/// The sealed refresh token and application of a connection about to be removed, to revoke it afterwards.
pub(in crate::connections) async fn take_snapshot_of_secrets(
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<(String, Sealed)>, DbErr> {
    let found = connection::Entity::find_by_id(id).one(db).await?;
    Ok(found.and_then(|row| row.client_id.zip(row.refresh_token)))
}

/// Removes a connection and wipes its tokens. The row stays, because consents and runs refer to it; the name is free.
pub(in crate::connections) async fn remove(
    transaction: &impl ConnectionTrait,
    before: &Connection,
    author: Author<'_>,
) -> Result<(), ChangeProblem> {
    let mut values = forgotten_tokens(Authorization::None);
    values.extend([
        (Column::NameKey, Expr::value(None::<String>)),
        (Column::RemovedAt, Expr::value(UtcMillis::from(author.at))),
        (Column::RemovedBy, Expr::value(author.user_id)),
    ]);
    update(transaction, before.id, values).await?;
    authorization_state::Entity::delete_many()
        .filter(authorization_state::Column::ConnectionId.eq(before.id))
        .exec(transaction)
        .await?;
    notices::forget(transaction, before.id, author.at).await?;
    let detail = json!({ "before": {
        "name": before.name, "sharing": before.sharing.name(), "was_saved": before.saved.is_some(),
    } });
    record(transaction, author, "connection.removed", before.id, detail).await
}

fn forgotten_tokens(authorization: Authorization) -> Vec<(Column, SimpleExpr)> {
    vec![
        (Column::Authorization, Expr::value(authorization.name())),
        (Column::AccessToken, Expr::value(None::<Sealed>)),
        (Column::RefreshToken, Expr::value(None::<Sealed>)),
        (Column::AccessExpiresAt, Expr::value(None::<UtcMillis>)),
        (Column::RefreshDueAt, Expr::value(None::<UtcMillis>)),
        (Column::TokenVersion, Expr::col(Column::TokenVersion).add(1)),
        (Column::RefreshLease, Expr::value(None::<Uuid>)),
        (Column::RefreshLeaseUntil, Expr::value(None::<UtcMillis>)),
    ]
}

/// Changes columns of a connection that is still there.
async fn update(
    db: &impl ConnectionTrait,
    id: Uuid,
    values: impl IntoIterator<Item = (Column, SimpleExpr)>,
) -> Result<(), ChangeProblem> {
    let query = values.into_iter().fold(
        connection::Entity::update_many(),
        |query, (column, value)| query.col_expr(column, value),
    );
    let changed = query
        .filter(Column::Id.eq(id))
        .filter(Column::RemovedAt.is_null())
        .exec(db)
        .await?;
    match changed.rows_affected {
        0 => Err(ChangeProblem::Changed),
        _ => Ok(()),
    }
}

async fn record(
    db: &impl ConnectionTrait,
    author: Author<'_>,
    action: &str,
    id: Uuid,
    detail: Value,
) -> Result<(), ChangeProblem> {
    Ok(audit::record(db, author.event(action, id, detail)).await?)
}

fn name_taken(error: DbErr) -> ChangeProblem {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => ChangeProblem::NameTaken,
        _ => error.into(),
    }
}
