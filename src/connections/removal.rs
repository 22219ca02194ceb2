//! Removing a connection: refused while exports use it, then wiped here, then revoked there.

use std::time::Duration;

use sea_orm::DbErr;

use super::connection::Connection;
use super::store::{self, ChangeProblem};
use super::{Author, Connections, Dependent, tokens};
use crate::constant_contact::{AppCredentials, RefreshToken};

/// A person waits for the revocation no longer than this; it is not documented and may not exist.
const REVOCATION_TIMEOUT: Duration = Duration::from_secs(10);

/// How a removal ended.
pub(super) enum Removal {
    /// Wiped here; `is_revoked` tells whether Constant Contact confirmed, or there was nothing to revoke.
    Done { is_revoked: bool },
    /// These exports use it; nothing was changed.
    InUse(Vec<Dependent>),
}

impl Connections {
    /// Exports that use a connection, by name.
    pub(super) async fn exports_using(
        &self,
        connection: &Connection,
    ) -> Result<Vec<Dependent>, DbErr> {
        self.dependents.using(connection.id).await
    }

    /// Removes a connection. The tokens are wiped first, so that it ends even if Constant Contact never answers.
    pub(super) async fn remove(
        &self,
        connection: &Connection,
        author: Author<'_>,
    ) -> Result<Removal, ChangeProblem> {
        let dependents = self.exports_using(connection).await?;
        if !dependents.is_empty() {
            return Ok(Removal::InUse(dependents));
        }
        let secrets = store::take_snapshot_of_secrets(&self.db, connection.id).await?;
        store::remove(&self.db, connection, author).await?;
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
