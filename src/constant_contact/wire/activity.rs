//! Background jobs as they are sent.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::super::lenient::{lenient_count, lenient_time, null_is_default};
use super::super::provider_words::{MESSAGE_CHARS, safe_text};
use super::Links;

/// Most activity errors that are kept.
const ACTIVITY_ERRORS: usize = 1_000;

/// Name of one of Constant Contact's background jobs. A UUID, but kept as it came.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[serde(transparent)]
pub struct ActivityId(String);

impl ActivityId {
    /// Takes an ID that was stored.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The ID as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for ActivityId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a background job stands (`getActivity`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActivityState {
    /// Received and queued.
    Initialized,
    /// Being worked on.
    Processing,
    /// Done, possibly with errors.
    Completed,
    /// Cancelled by the vendor; the API has no such call.
    Cancelled,
    /// Ended without success.
    Failed,
    /// Ended because it took too long.
    TimedOut,
    /// One this client does not know, as it came; treated as not finished.
    Other(String),
}

impl ActivityState {
    /// The vendor's word for it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Initialized => "initialized",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Other(text) => text,
        }
    }

    /// Whether it will not change any more.
    pub fn is_finished(&self) -> bool {
        matches!(
            self,
            Self::Completed | Self::Cancelled | Self::Failed | Self::TimedOut
        )
    }
}

impl From<&str> for ActivityState {
    fn from(text: &str) -> Self {
        match text {
            "initialized" => Self::Initialized,
            "processing" => Self::Processing,
            "completed" => Self::Completed,
            "cancelled" => Self::Cancelled,
            "failed" => Self::Failed,
            "timed_out" => Self::TimedOut,
            _ => Self::Other(safe_text(text, 50)),
        }
    }
}

impl<'de> Deserialize<'de> for ActivityState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // One strange job of another application must not make the whole list of jobs unreadable.
        let state = Option::<String>::deserialize(deserializer)?;
        Ok(Self::from(state.unwrap_or_default().as_str()))
    }
}

/// A background job of Constant Contact (`getActivity`); the same shape for imports, exports and memberships.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(from = "ActivityAsSent")]
pub struct Activity {
    /// Its ID.
    pub activity_id: ActivityId,
    /// Where it stands.
    pub state: ActivityState,
    /// Name of the imported file, as it was sent.
    pub source_file_name: Option<String>,
    /// When the request was received.
    pub created_at: Option<Timestamp>,
    /// When work began.
    pub started_at: Option<Timestamp>,
    /// When work ended.
    pub completed_at: Option<Timestamp>,
    /// When anything about it last changed.
    pub updated_at: Option<Timestamp>,
    /// Percent of the work done.
    pub percent_done: Option<u64>,
    /// Free texts, one per problem; bounded, e-mail addresses masked. A completed activity may have some.
    pub errors: Vec<String>,
    /// What it counted.
    pub counts: ActivityCounts,
    /// Where the result of an export is; followed, never built.
    pub(in crate::constant_contact) results_href: Option<String>,
}

/// Counters of an activity; which are present depends on its kind and on how far it is (`ActivityStatus`).
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct ActivityCounts {
    /// Rows of an import file, **the header included**; or items of another job.
    #[serde(rename = "items_total_count", deserialize_with = "lenient_count")]
    pub items_total: Option<u64>,
    /// Items handled so far.
    #[serde(rename = "items_completed_count", deserialize_with = "lenient_count")]
    pub items_completed: Option<u64>,
    /// Contacts in the upload.
    #[serde(rename = "person_count", deserialize_with = "lenient_count")]
    pub persons: Option<u64>,
    /// Errors that cannot be corrected.
    #[serde(rename = "error_count", deserialize_with = "lenient_count")]
    pub errors: Option<u64>,
    /// Errors that can be corrected in the vendor's pages: bad address, bad date, nothing to identify the person.
    #[serde(rename = "correctable_count", deserialize_with = "lenient_count")]
    pub correctable: Option<u64>,
    /// Contacts that had unsubscribed, hence on no list.
    #[serde(
        rename = "cannot_add_to_list_count",
        deserialize_with = "lenient_count"
    )]
    pub cannot_add_to_list: Option<u64>,
    /// Lists handled by a membership job.
    #[serde(rename = "list_count", deserialize_with = "lenient_count")]
    pub lists: Option<u64>,
}

#[derive(Deserialize)]
struct ActivityAsSent {
    activity_id: ActivityId,
    state: ActivityState,
    #[serde(default)]
    source_file_name: Option<String>,
    #[serde(default, deserialize_with = "lenient_time")]
    created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient_time")]
    started_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient_time")]
    completed_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient_time")]
    updated_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient_count")]
    percent_done: Option<u64>,
    #[serde(default, deserialize_with = "null_is_default")]
    activity_errors: Vec<Value>,
    #[serde(default, deserialize_with = "null_is_default")]
    status: ActivityCounts,
    #[serde(default, rename = "_links", deserialize_with = "null_is_default")]
    links: Links,
}

impl From<ActivityAsSent> for Activity {
    fn from(sent: ActivityAsSent) -> Self {
        let errors = sent.activity_errors.iter().take(ACTIVITY_ERRORS);
        Self {
            activity_id: sent.activity_id,
            state: sent.state,
            source_file_name: sent.source_file_name,
            created_at: sent.created_at,
            started_at: sent.started_at,
            completed_at: sent.completed_at,
            updated_at: sent.updated_at,
            percent_done: sent.percent_done,
            errors: errors.map(error_text).collect(),
            counts: sent.status,
            results_href: sent.links.results.and_then(|link| link.href),
        }
    }
}

/// Documented as strings "of free form"; anything else is shown as its JSON text.
fn error_text(error: &Value) -> String {
    match error {
        Value::String(text) => safe_text(text, MESSAGE_CHARS),
        other => safe_text(&other.to_string(), MESSAGE_CHARS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn activity(json: &str) -> Activity {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn an_activity_that_has_just_been_queued_is_mostly_absent() {
        let queued = activity(
            r#"{"activity_id":"86b90820-cc52-11ea-9dad-fa163e3d9194","state":"initialized","started_at":null,
                "activity_errors":null,"status":null,"_links":null,"something_new":{"a":1}}"#,
        );
        assert_eq!(queued.state, ActivityState::Initialized);
        assert!(!queued.state.is_finished());
        assert_eq!(queued.counts, ActivityCounts::default());
        assert!(queued.errors.is_empty());
    }

    #[test]
    fn a_finished_import_tells_its_counts_and_masked_errors() {
        let done = activity(
            r#"{"activity_id":"a","state":"completed","source_file_name":"p1.csv","percent_done":100,
                "created_at":"2016-01-23T13:48:40.108Z","completed_at":"2016-03-03T10:53:04-05:00",
                "activity_errors":["Line 2: bad address ann@example.com",{"line":3}],
                "status":{"items_total_count":87,"person_count":"20","error_count":-1,"correctable_count":1,
                "cannot_add_to_list_count":2}}"#,
        );
        assert_eq!(done.counts.items_total, Some(87));
        assert_eq!(done.counts.persons, Some(20));
        assert_eq!(done.counts.errors, None);
        assert_eq!(
            done.completed_at.unwrap().to_string(),
            "2016-03-03T15:53:04Z"
        );
        assert_eq!(done.errors[0], "Line 2: bad address [e-mail address]");
        assert_eq!(done.errors.len(), 2);
    }

    #[test]
    fn an_unknown_state_is_kept_and_not_taken_as_finished() {
        let odd = activity(r#"{"activity_id":"a","state":"paused_for_review"}"#);
        assert_eq!(odd.state.as_str(), "paused_for_review");
        assert!(!odd.state.is_finished());
        let odder = activity(r#"{"activity_id":"a","state":null}"#);
        assert!(!odder.state.is_finished());
    }
}
