//! Addresses that are told of notices, each with a secret that signs what it is sent.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, QueryOrder, QuerySelect, Set, SqlErr};
use secrecy::{ExposeSecret, SecretString};
use url::Url;
use uuid::Uuid;

use crate::storage::entities::notice_webhook;
use crate::storage::{MasterKey, SealError, random_bytes};

/// As many as there can be.
pub const MOST: usize = 5;
/// Longest address, in characters.
const MAX_URL_CHARACTERS: usize = 500;

/// A webhook.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Id.
    pub id: Uuid,
    /// Where to.
    pub url: Url,
    /// Since when.
    pub created_at: Timestamp,
    secret: Vec<u8>,
}

impl Webhook {
    /// What signs its deliveries.
    ///
    /// # Errors
    /// It was sealed with another master key.
    pub fn secret(&self, key: &MasterKey) -> Result<SecretString, SealError> {
        key.open(place(&self.id.to_string()), &self.secret)
    }

    /// The address without its query, which may hold a key.
    pub fn shown(&self) -> String {
        let mut url = self.url.clone();
        let has_query = url.query().is_some();
        url.set_query(None);
        match has_query {
            true => format!("{url}?…"),
            false => url.to_string(),
        }
    }

    /// Where it leads, for the audit log: some services keep their key in the path.
    pub fn recorded(&self) -> String {
        format!("{}/…", self.url.origin().ascii_serialization())
    }
}

fn place(id: &str) -> (&'static str, &'static str, &str) {
    ("notice_webhooks", "secret", id)
}

/// Why a webhook was not added.
#[derive(Debug, thiserror::Error)]
pub enum WebhookProblem {
    /// Not an address, or neither http nor https.
    #[error("the address must begin with http:// or https://")]
    Url,
    /// It holds a user or a password.
    #[error("the address must not hold a user or a password")]
    Credentials,
    /// There is one with this address.
    #[error("there is a webhook with this address already")]
    Taken,
    /// There are [`MOST`] already.
    #[error("there are {MOST} webhooks already")]
    TooMany,
    /// The database's.
    #[error(transparent)]
    Database(#[from] DbErr),
}

/// Every webhook, the oldest first.
///
/// # Errors
/// The database's.
pub async fn list(db: &impl ConnectionTrait) -> Result<Vec<Webhook>, DbErr> {
    let found = notice_webhook::Entity::find()
        .order_by_asc(notice_webhook::Column::Id)
        .limit(MOST as u64)
        .all(db)
        .await?;
    Ok(found.into_iter().filter_map(read).collect())
}

/// The webhook with an id.
///
/// # Errors
/// The database's.
pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Webhook>, DbErr> {
    let found = notice_webhook::Entity::find_by_id(id).one(db).await?;
    Ok(found.and_then(read))
}

/// Adds a webhook; its secret is handed out here and never again.
///
/// # Errors
/// [`WebhookProblem`].
pub async fn add(
    transaction: &impl ConnectionTrait,
    key: &MasterKey,
    typed: &str,
    (by, at): (Uuid, Timestamp),
) -> Result<(Webhook, SecretString), WebhookProblem> {
    let url = check(typed)?;
    if list(transaction).await?.len() >= MOST {
        return Err(WebhookProblem::TooMany);
    }
    let id = Uuid::now_v7();
    let secret: SecretString =
        format!("whsec_{}", URL_SAFE_NO_PAD.encode(random_bytes::<32>())).into();
    let sealed = key.seal(place(&id.to_string()), secret.expose_secret().as_bytes());
    let row = notice_webhook::ActiveModel {
        id: Set(id),
        url: Set(url.to_string()),
        secret: Set(sealed.clone()),
        created_at: Set(at.into()),
        created_by: Set(Some(by)),
    };
    let inserted = notice_webhook::Entity::insert(row)
        .exec_without_returning(transaction)
        .await;
    inserted.map_err(|error| match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => WebhookProblem::Taken,
        _ => error.into(),
    })?;
    let webhook = Webhook {
        id,
        url,
        created_at: at,
        secret: sealed,
    };
    Ok((webhook, secret))
}

/// Removes a webhook; what waits for it is dropped. `false` when there is none.
///
/// # Errors
/// The database's.
pub async fn remove(db: &impl ConnectionTrait, id: Uuid) -> Result<bool, DbErr> {
    let removed = notice_webhook::Entity::delete_by_id(id).exec(db).await?;
    Ok(removed.rows_affected > 0)
}

fn check(typed: &str) -> Result<Url, WebhookProblem> {
    let typed = typed.trim();
    let mut url = Url::parse(typed).map_err(|_| WebhookProblem::Url)?;
    let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
    if !is_web || typed.chars().count() > MAX_URL_CHARACTERS {
        return Err(WebhookProblem::Url);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(WebhookProblem::Credentials);
    }
    url.set_fragment(None);
    Ok(url)
}

fn read(row: notice_webhook::Model) -> Option<Webhook> {
    Some(Webhook {
        id: row.id,
        url: row.url.parse().ok()?,
        created_at: row.created_at.into(),
        secret: row.secret,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_web_are_taken() {
        for good in [
            "https://hooks.example.com/a?b=c",
            " http://10.0.0.1:8080/x ",
        ] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "hooks.example.com",
            "ftp://example.com",
            "file:///etc/passwd",
            "javascript:alert(1)",
        ] {
            assert!(matches!(check(bad), Err(WebhookProblem::Url)), "{bad}");
        }
        let held = check("https://user:secret@example.com/");
        assert!(matches!(held, Err(WebhookProblem::Credentials)));
    }
}
