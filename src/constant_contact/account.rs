//! Who the token speaks for.

use super::client::{ApiClient, Call};
use super::error::ClientError;
use super::secrets::AccessToken;
use super::wire::{AccountSummary, Privilege};

impl ApiClient {
    /// Name and owner of the account (`getAccountById`; needs the scope `account_read`).
    ///
    /// # Errors
    /// [`ClientError::Forbidden`] without the scope, and any other.
    pub async fn account_summary(
        &self,
        token: &AccessToken,
    ) -> Result<AccountSummary, ClientError> {
        let url = self.url(&["account", "summary"], &[]);
        self.call(token, Call::get("/account/summary", url)).await
    }

    /// What the authorising user may do (`getUserPrivileges`). Needs no scope, so it is the safest probe of a connection.
    ///
    /// # Errors
    /// [`ClientError::Forbidden`] when the application is deactivated, and any other.
    pub async fn user_privileges(
        &self,
        token: &AccessToken,
    ) -> Result<Vec<Privilege>, ClientError> {
        let url = self.url(&["account", "user", "privileges"], &[]);
        self.call(token, Call::get("/account/user/privileges", url))
            .await
    }
}
