//! The account's custom fields.

use super::client::ApiClient;
use super::error::ClientError;
use super::limits::CUSTOM_FIELDS_PER_PAGE;
use super::paging::Pages;
use super::secrets::AccessToken;
use super::wire::{CustomField, read_custom_fields_page};

/// Far more than 100 fields an account may have fill (guide, `create_custom_fields`).
const MAX_PAGES: usize = 20;

impl ApiClient {
    /// All custom fields of the account (`getCustomFields`).
    ///
    /// # Errors
    /// Any [`ClientError`].
    pub async fn list_custom_fields(
        &self,
        token: &AccessToken,
    ) -> Result<Vec<CustomField>, ClientError> {
        const PATH: &str = "/contact_custom_fields";
        let limit = CUSTOM_FIELDS_PER_PAGE.to_string();
        let first = self.url(&["contact_custom_fields"], &[("limit", &limit)]);
        Pages::new(self, token, PATH, first, MAX_PAGES, read_custom_fields_page)
            .collect()
            .await
    }
}
