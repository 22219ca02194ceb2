//! Removing a connection: refused while exports use it, then wiped here, then revoked there.

use std::time::Duration;

use sea_orm::{DbErr, TransactionTrait};

use super::connection::Connection;
use super::store::{self, ChangeProblem};
use super::{Author, Connections, Uses, tokens};
use crate::constant_contact::{AppCredentials, RefreshToken};

/// A person waits for the revocation no longer than this; it is not documented and may not exist.
const REVOCATION_TIMEOUT: Duration = Duration::from_secs(10);

/// How a removal ended.
pub(super) enum Removal {
    /// Wiped here; `is_revoked` tells whether Constant Contact confirmed, or there was nothing to revoke.
    Done { is_revoked: bool },
    /// These exports use it; nothing was changed.
    InUse(Uses),
}

impl Connections {
    /// Exports that use a connection.
    pub(super) async fn exports_using(&self, connection: &Connection) -> Result<Uses, DbErr> {
        let transaction = self.db.begin().await?;
        let uses = self.dependents.using(&transaction, connection.id).await?;
        transaction.rollback().await?;
        Ok(uses)
    }

    /// Removes a connection. The tokens are wiped first, so that it ends even if Constant Contact never answers.
    pub(super) async fn remove(
        &self,
        connection: &Connection,
        author: Author<'_>,
    ) -> Result<Removal, ChangeProblem> {
        let transaction = self.db.begin().await?;
        let secrets = store::take_snapshot_of_secrets(&transaction, connection.id).await?;
        // Removed before asking: from here on no export can begin to use it (they lock its row when they are saved).
        store::remove(&transaction, connection, author).await?;
        let uses = self.dependents.using(&transaction, connection.id).await?;
        if uses.total > 0 {
            transaction.rollback().await?;
            return Ok(Removal::InUse(uses));
        }
        transaction.commit().await?;
        let Some((client_id, sealed)) = secrets else {
            return Ok(Removal::Done { is_revoked: true });
        };
        let app = self.applications.find(&client_id).await.ok().flatten();
        let refresh_token = tokens::open_refresh_token(&self.key, connection.id, &sealed).ok();
        let is_revoked = match app.zip(refresh_token) {
            Some((app, refresh_token)) => self.revoke(&app, &refresh_token).await,
            None => false,
        };
        Ok(Removal::Done { is_revoked })
    }

    /// Asks Constant Contact to revoke a refresh token; best effort.
    pub(super) async fn revoke(&self, app: &AppCredentials, refresh_token: &RefreshToken) -> bool {
        let oauth = self.oauth(&app.client_id);
        let answer =
            tokio::time::timeout(REVOCATION_TIMEOUT, oauth.revoke(app, refresh_token)).await;
        match answer {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::warn!(%error, "tokens not revoked");
                false
            }
            Err(_) => {
                tracing::warn!("tokens not revoked in time");
                false
            }
        }
    }
}
