//! Upload of one CSV import file.

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use reqwest::Body;
use reqwest::multipart::{Form, Part};

use super::client::{ApiClient, Call};
use super::error::ClientError;
use super::limits::{IMPORT_BODY_BYTES, LISTS_PER_IMPORT};
use super::lists::ListId;
use super::secrets::AccessToken;
use super::wire::Activity;

impl ApiClient {
    /// Queues an import of `csv` into `list_ids` and returns the activity (`contactsCSVImport`).
    ///
    /// Not idempotent: sent twice, it is two jobs. Use a unique file name; after an error that
    /// [may have taken effect](ClientError::may_have_taken_effect), ask
    /// [`find_activity_by_file_name`](ApiClient::find_activity_by_file_name) before sending again.
    ///
    /// # Errors
    /// [`ClientError::InvalidRequest`] before anything is sent when the file name does not end in `.csv`, there are no
    /// lists or more than 50, or the body would reach 4,000,000 bytes (the vendor would drop the rest silently);
    /// [`ClientError::QueueFull`], and any other.
    pub async fn import_contacts(
        &self,
        token: &AccessToken,
        file_name: &str,
        list_ids: &[ListId],
        csv: Bytes,
    ) -> Result<Activity, ClientError> {
        if !is_plain_csv_name(file_name) {
            return Err(ClientError::InvalidRequest(
                "the file name must be plain and end in .csv",
            ));
        }
        if list_ids.is_empty() || list_ids.len() > LISTS_PER_IMPORT {
            return Err(ClientError::InvalidRequest(
                "an import needs 1 to 50 list IDs",
            ));
        }
        if import_overhead_bytes(file_name, list_ids) + csv.len() > IMPORT_BODY_BYTES {
            return Err(ClientError::InvalidRequest(
                "the import would be larger than Constant Contact reads",
            ));
        }
        let url = self.url(&["activities", "contacts_file_import"], &[]);
        let form = import_form(file_name, list_ids, csv);
        let call = Call::post_multipart("/activities/contacts_file_import", url, form);
        self.call(token, call).await
    }
}

/// Bytes of an import's request body that are not CSV, exactly: what the planner must leave free of
/// [`IMPORT_BODY_BYTES`].
pub fn import_overhead_bytes(file_name: &str, list_ids: &[ListId]) -> usize {
    // The very form that is sent, without a file, is measured, so the figure cannot drift from the library's format.
    import_form(file_name, list_ids, Bytes::new())
        .into_stream()
        .fold(0, |sum, piece| {
            std::future::ready(sum + piece.map_or(0, |bytes| bytes.len()))
        })
        .now_or_never()
        .expect("every piece of the form is in memory")
}

fn import_form(file_name: &str, list_ids: &[ListId], csv: Bytes) -> Form {
    let length = csv.len() as u64;
    let file = Part::stream_with_length(Body::from(csv), length)
        .file_name(file_name.to_owned())
        .mime_str("text/csv")
        .expect("text/csv is a media type");
    let lists: Vec<String> = list_ids.iter().map(ListId::to_string).collect();
    Form::new()
        .part("file", file)
        .text("list_ids", lists.join(","))
}

/// Only characters that no party on the way escapes or changes, since the name is looked for in the activities later.
fn is_plain_csv_name(name: &str) -> bool {
    name.len() > ".csv".len()
        && name.len() <= 255
        && name.ends_with(".csv")
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_plain() {
        for name in ["run-1-part-2.csv", "a.csv", "0190aa_7.csv"] {
            assert!(is_plain_csv_name(name), "{name}");
        }
        for name in [
            "",
            ".csv",
            "a.txt",
            "a.csv.txt",
            "a b.csv",
            "é.csv",
            "a\".csv",
            "../a.csv",
            "a\r\n.csv",
            "A.CSV",
        ] {
            assert!(!is_plain_csv_name(name), "{name}");
        }
    }

    #[test]
    fn overhead_grows_with_names_and_lists_only() {
        let list = ListId::from(uuid::Uuid::nil());
        let one = import_overhead_bytes("a.csv", &[list]);
        assert_eq!(import_overhead_bytes("aa.csv", &[list]), one + 1);
        assert_eq!(import_overhead_bytes("a.csv", &[list, list]), one + 37);
    }
}
