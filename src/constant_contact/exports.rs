//! Export of contacts to a results file, and its download.

use bytes::Bytes;
use serde::Serialize;
use tokio::time::timeout;

use super::client::{ApiClient, Call};
use super::error::ClientError;
use super::lists::ListId;
use super::refusal::{Fault, SupportIds};
use super::secrets::AccessToken;
use super::wire::Activity;

/// Which contacts to export; nothing set means the whole account (`postContactsExport`).
#[derive(Clone, Debug, Default, Serialize)]
pub struct ContactExport {
    /// Members of these lists, at most 50.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub list_ids: Vec<ListId>,
    /// Only those of this status: `active`, `unsubscribed` or `removed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Columns of the file; all when empty. Opt-in and opt-out columns need `email_address` too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
}

/// A results file that is being downloaded.
pub struct ExportResults {
    response: reqwest::Response,
    silence_timeout: std::time::Duration,
    bytes_left: u64,
}

impl ApiClient {
    /// Queues an export and returns its activity (`postContactsExport`). Reads only; a repeat is harmless.
    ///
    /// # Errors
    /// Any [`ClientError`].
    pub async fn start_contact_export(
        &self,
        token: &AccessToken,
        export: &ContactExport,
    ) -> Result<Activity, ClientError> {
        let url = self.url(&["activities", "contact_exports"], &[]);
        let call = Call::post_json("/activities/contact_exports", url, export);
        self.call(token, call).await
    }

    /// Opens the results file of a completed export, to be read piece by piece; at most `max_bytes` of it.
    ///
    /// # Errors
    /// [`ClientError::InvalidRequest`] when the activity has no results (yet); [`ClientError::Unreadable`] when its link
    /// leads to another host; and any other.
    pub async fn open_export_results(
        &self,
        token: &AccessToken,
        activity: &Activity,
        max_bytes: u64,
    ) -> Result<ExportResults, ClientError> {
        let href = activity
            .results_href
            .as_deref()
            .ok_or(ClientError::InvalidRequest("the activity has no results"))?;
        let url = self
            .follow(href)
            .map_err(|why| unreadable(why.to_owned()))?;
        let call = Call::download("/contact_exports/{file_export_id}", url);
        let response = self.send(token, call, self.download_timeout()).await?;
        Ok(ExportResults {
            response,
            silence_timeout: self.silence_timeout(),
            bytes_left: max_bytes,
        })
    }
}

impl ExportResults {
    /// The next piece of the file, or nothing at its end.
    ///
    /// # Errors
    /// [`ClientError::Interrupted`] when it breaks off, takes too long or nothing comes for long; [`ClientError::Unreadable`] when it is
    /// longer than allowed.
    pub async fn next_piece(&mut self) -> Result<Option<Bytes>, ClientError> {
        let piece = timeout(self.silence_timeout, self.response.chunk())
            .await
            .map_err(|_| Fault::timed_out())?
            .map_err(|error| Fault::from(&error))?;
        if let Some(piece) = &piece {
            self.bytes_left = self
                .bytes_left
                .checked_sub(piece.len() as u64)
                .ok_or_else(|| unreadable("a results file longer than allowed".to_owned()))?;
        }
        Ok(piece)
    }
}

impl ClientError {
    /// A results file with fewer contacts than its activity has counted (`ActivityExportStatus`): it has been cut.
    pub fn results_too_short(contacts: u64, announced: u64) -> Self {
        unreadable(format!(
            "a results file with {contacts} of {announced} contacts"
        ))
    }
}

fn unreadable(why: String) -> ClientError {
    ClientError::Unreadable {
        status: 200,
        why,
        support: SupportIds::default(),
    }
}
