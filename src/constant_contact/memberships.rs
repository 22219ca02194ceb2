//! Bulk removal of contacts from lists.

use serde::Serialize;
use uuid::Uuid;

use super::client::{ApiClient, Call};
use super::error::ClientError;
use super::limits::{CONTACTS_PER_REMOVAL, LISTS_PER_IMPORT};
use super::lists::ListId;
use super::secrets::AccessToken;
use super::wire::Activity;

/// ID of a contact at Constant Contact. Bulk jobs know contacts by it, never by e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct ContactId(Uuid);

impl From<Uuid> for ContactId {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl std::fmt::Display for ContactId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl ApiClient {
    /// Queues the removal of contacts from lists and returns the activity (`postListRemoveContact`). The contacts themselves
    /// and their other memberships stay, so a repeat is harmless.
    ///
    /// # Errors
    /// [`ClientError::InvalidRequest`] unless there are 1 to 500 contacts and 1 to 50 lists; and any other.
    pub async fn remove_from_lists(
        &self,
        token: &AccessToken,
        contact_ids: &[ContactId],
        list_ids: &[ListId],
    ) -> Result<Activity, ClientError> {
        #[derive(Serialize)]
        struct Removal<'a> {
            source: Source<'a>,
            list_ids: &'a [ListId],
        }
        #[derive(Serialize)]
        struct Source<'a> {
            contact_ids: &'a [ContactId],
        }
        let contacts = 1..=CONTACTS_PER_REMOVAL;
        let lists = 1..=LISTS_PER_IMPORT;
        if !contacts.contains(&contact_ids.len()) || !lists.contains(&list_ids.len()) {
            return Err(ClientError::InvalidRequest(
                "a removal needs 1 to 500 contacts and 1 to 50 lists",
            ));
        }
        let url = self.url(&["activities", "remove_list_memberships"], &[]);
        let removal = Removal {
            source: Source { contact_ids },
            list_ids,
        };
        let call = Call::post_json("/activities/remove_list_memberships", url, &removal);
        self.call(token, call).await
    }
}
