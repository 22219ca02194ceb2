//! What a check of an export found. Counts, names of fields and row numbers; no value of a profile.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::runs::run::Ended;

/// What a run would do now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportReport {
    /// What a run would stop at, as endings of runs. Empty: it can run.
    pub problems: Vec<Ended>,
    /// Members of each segment, in the export's order; a profile may be in several.
    pub segments: Vec<SegmentCount>,
    /// What reading every profile showed; `None` when they cannot be read.
    pub reading: Option<Reading>,
    /// What Constant Contact said; `None` when it was not or could not be asked.
    pub target: Option<TargetReport>,
}

/// Members of one segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentCount {
    /// Name.
    pub name: String,
    /// Profiles.
    pub members: u64,
}

/// What reading the profiles showed. Units: profiles, unless said otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Snapshot read.
    pub snapshot_id: Uuid,
    /// Members of any segment, each once.
    pub members: u64,
    /// Rows that would be sent.
    pub sent: u64,
    /// Left out because an earlier row has the same address.
    pub duplicates: u64,
    /// Left out because they were delivered as they are.
    #[serde(default)]
    pub unchanged: u64,
    /// Left out because the target would refuse them, by reason.
    pub rejected: BTreeMap<String, u64>,
    /// With at least one value that would be cut.
    pub adjusted: u64,
    /// The columns sent, and what the target's rules mean for them.
    pub columns: Vec<ColumnReport>,
    /// A few rows of each kind.
    pub samples: Vec<Sample>,
    /// Import files.
    pub parts: u64,
    /// Bytes of all of them.
    pub bytes: u64,
    /// How long a run would take.
    pub duration: Duration,
}

/// One column that is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnReport {
    /// Profile field.
    pub field: String,
    /// The vendor's heading.
    pub heading: String,
    /// Profiles whose value would be cut.
    pub cut: u64,
    /// Profiles rejected because of it.
    pub rejected: u64,
}

/// A row worth a look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// Row number in the snapshot.
    pub row: u64,
    /// Which of [`Reading::columns`].
    pub column: usize,
    /// Code of the rejection; `None` for a value that would be cut.
    pub rejection: Option<String>,
}

/// How long a run is expected to take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duration {
    /// Seconds, from earlier runs; `None` when there are none.
    pub seconds: Option<u64>,
    /// How many runs that is the median of.
    pub runs: u64,
    /// Seconds the uploads take at the least, by the vendor's limit of requests per second.
    pub least_seconds: u64,
}

/// What Constant Contact said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetReport {
    /// Name of the list.
    pub list_name: String,
    /// Contacts on it; `None` when it did not say.
    pub list_members: Option<u64>,
    /// Requests a run needs at the least; `None` when it cannot be planned.
    pub requests_needed: Option<u64>,
    /// Requests left today for the connection's API key.
    pub requests_left: u64,
}

/// What became of a run at Constant Contact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryReport {
    /// Addresses that should be on the list.
    pub sent: u64,
    /// Of these, on it.
    pub on_list: u64,
    /// The others, by reason.
    pub missing: BTreeMap<String, u64>,
    /// Contacts of the whole account.
    pub contacts: u64,
}

impl DeliveryReport {
    /// Of those sent, not on the list.
    pub fn missing_total(&self) -> u64 {
        self.missing.values().sum()
    }
}

impl ExportReport {
    /// Whether nothing stands in a run's way, as far as it can be seen.
    pub fn may_run(&self) -> bool {
        self.problems.is_empty()
    }

    /// Contacts that are new to the list at the least: more rows than it has contacts. `None` when that says nothing.
    pub fn least_new_contacts(&self) -> Option<u64> {
        let (reading, target) = self.reading.as_ref().zip(self.target.as_ref())?;
        let more = (reading.sent + reading.unchanged).checked_sub(target.list_members?)?;
        (more > 0).then_some(more)
    }
}
