//! Single contacts: found by e-mail address, and deleted.

use serde::Deserialize;
use uuid::Uuid;

use super::client::{ApiClient, Call};
use super::error::ClientError;
use super::lenient::null_is_default;
use super::memberships::ContactId;
use super::secrets::AccessToken;

/// Contacts read of one answer. An address belongs to one contact; the rest would be a surprise.
const MOST: &str = "50";

#[derive(Deserialize)]
struct Found {
    // Without it nobody knows whether there is such a contact.
    #[serde(deserialize_with = "null_is_default")]
    contacts: Vec<FoundContact>,
}

#[derive(Deserialize)]
struct FoundContact {
    contact_id: Uuid,
    email_address: Option<FoundAddress>,
}

#[derive(Deserialize)]
struct FoundAddress {
    address: Option<String>,
}

impl ApiClient {
    /// The contact with an address, compared without case (`getContacts`); those that are deleted are not found.
    ///
    /// # Errors
    /// Any [`ClientError`].
    pub async fn find_contact(
        &self,
        token: &AccessToken,
        email: &str,
    ) -> Result<Option<ContactId>, ClientError> {
        let url = self.url(&["contacts"], &[("email", email), ("limit", MOST)]);
        let found: Found = self.call(token, Call::get("/contacts", url)).await?;
        let wanted = email.to_lowercase();
        // Whoever answers with somebody else must not have that person deleted.
        let is_wanted = |contact: &FoundContact| {
            let address = contact.email_address.as_ref();
            let address = address.and_then(|found| found.address.as_ref());
            address.is_some_and(|found| found.to_lowercase() == wanted)
        };
        let contact = found.contacts.into_iter().find(is_wanted);
        Ok(contact.map(|contact| contact.contact_id.into()))
    }

    /// Deletes a contact (`deleteContact`). Deleting one twice is harmless: the second time it is not found.
    ///
    /// # Errors
    /// [`ClientError::NotFound`] when there is none, and any other.
    pub async fn delete_contact(
        &self,
        token: &AccessToken,
        id: ContactId,
    ) -> Result<(), ClientError> {
        let url = self.url(&["contacts", &id.to_string()], &[]);
        let call = Call::delete("/contacts/{contact_id}", url);
        self.call_reading(token, call, |_| Ok(())).await
    }
}
