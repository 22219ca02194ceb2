//! One import file of a run, and where it stands.

use jiff::Timestamp;
use uuid::Uuid;

use crate::web::Tone;

/// Where a part stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartState {
    /// Recorded; known not to have been sent.
    Recorded,
    /// About to be sent or being sent. After an interruption: not known whether it arrived.
    Sending,
    /// Sent, and the answer did not say whether it arrived.
    Unclear,
    /// Constant Contact has accepted it and works on it.
    Accepted,
    /// Its activity completed.
    Completed,
    /// Its activity failed.
    Failed,
    /// Its activity was cancelled.
    Cancelled,
    /// Its activity took too long for Constant Contact.
    TimedOut,
    /// Its activity cannot be found any more.
    Gone,
    /// Constant Contact refused it; nothing of it was accepted.
    Refused,
}

impl PartState {
    pub(super) const ALL: [Self; 10] = [
        Self::Recorded,
        Self::Sending,
        Self::Unclear,
        Self::Accepted,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
        Self::TimedOut,
        Self::Gone,
        Self::Refused,
    ];

    /// Name in the database and in JSON answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Sending => "sending",
            Self::Unclear => "unclear",
            Self::Accepted => "accepted",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed_out",
            Self::Gone => "gone",
            Self::Refused => "refused",
        }
    }

    /// Message key of the word people read.
    pub fn label_key(self) -> &'static str {
        match self {
            Self::Recorded => "runs-part-recorded",
            Self::Sending => "runs-part-sending",
            Self::Unclear => "runs-part-unclear",
            Self::Accepted => "runs-part-accepted",
            Self::Completed => "runs-part-completed",
            Self::Failed => "runs-part-failed",
            Self::Cancelled => "runs-part-cancelled",
            Self::TimedOut => "runs-part-timed-out",
            Self::Gone => "runs-part-gone",
            Self::Refused => "runs-part-refused",
        }
    }

    /// Colour and icon.
    pub fn tone(self) -> Tone {
        match self {
            Self::Recorded => Tone::Waiting,
            Self::Sending | Self::Accepted => Tone::Progress,
            Self::Completed => Tone::Success,
            Self::Unclear => Tone::Warning,
            Self::Failed | Self::Cancelled | Self::TimedOut | Self::Gone | Self::Refused => {
                Tone::Danger
            }
        }
    }

    /// Whether Constant Contact has taken it in.
    pub fn has_arrived(self) -> bool {
        matches!(
            self,
            Self::Accepted
                | Self::Completed
                | Self::Failed
                | Self::Cancelled
                | Self::TimedOut
                | Self::Gone
        )
    }
}

/// Counters of an activity, as the vendor gives them; absent ones stay unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartCounts {
    /// Lines of the file that were read, heading included.
    pub items_total: Option<u64>,
    /// Contacts in the upload.
    pub persons: Option<u64>,
    /// Errors that cannot be corrected.
    pub errors: Option<u64>,
    /// Errors that can be corrected at Constant Contact: bad address or date.
    pub correctable: Option<u64>,
    /// Unsubscribed people, put on no list.
    pub cannot_add_to_list: Option<u64>,
}

impl PartCounts {
    /// Rows that were not taken, as far as it is counted.
    pub(super) fn refused(&self) -> u64 {
        self.errors.unwrap_or(0) + self.correctable.unwrap_or(0)
    }

    /// Rows that were read and are neither contacts nor among the other counts, as when two became one without a word.
    /// `None` when that is not counted. How the counters relate is not documented, so only what is missing for certain
    /// counts.
    pub(super) fn missing(&self) -> Option<u64> {
        let received = self.items_total?.saturating_sub(1);
        let counted = self.persons? + self.refused() + self.cannot_add_to_list.unwrap_or(0);
        Some(received.saturating_sub(counted))
    }

    /// Whether they say nothing about what became of the rows.
    pub(super) fn are_silent(&self) -> bool {
        let is_read = self.items_total.is_some() && self.persons != Some(0);
        let counted = self.persons.unwrap_or(0) + self.refused();
        !is_read && counted + self.cannot_add_to_list.unwrap_or(0) == 0
    }
}

/// One import file of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Counted from 1.
    pub number: u32,
    /// Name it is sent under; unique for ever.
    pub file_name: String,
    /// Rows, without the heading.
    pub rows: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// First row in the snapshot.
    pub first_row: u64,
    /// Last row in the snapshot.
    pub last_row: u64,
    /// Where it stands.
    pub state: PartState,
    /// Times the file may have left us.
    pub sends: u32,
    /// Searches among the activities since the last unclear answer.
    pub looks: u32,
    /// Its activity.
    pub activity_id: Option<String>,
    /// Percent of the activity's work done.
    pub percent_done: Option<u64>,
    /// What the activity counted.
    pub counts: PartCounts,
    /// The vendor's own words.
    pub vendor_words: Option<String>,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// When it last left us; `None` for parts from before that was kept.
    pub last_sent_at: Option<Timestamp>,
    /// When Constant Contact accepted it.
    pub accepted_at: Option<Timestamp>,
    /// When its activity ended.
    pub finished_at: Option<Timestamp>,
}

impl Part {
    /// When it last left us, or would have.
    pub(super) fn sent_at(&self) -> Timestamp {
        self.last_sent_at.unwrap_or(self.recorded_at)
    }
}

/// Name of a run's file. Unique for ever, of one length for every number, and plain ASCII, since the activities are
/// searched for it.
pub(super) fn file_name(run_id: Uuid, number: u32) -> String {
    format!("listbridge-{run_id}-{number:05}.csv")
}

/// Name for sending a part once more whose activity, under `name`, did not complete. The sign before the number tells the
/// attempts apart: `-`, then `g` to `z`, letters that no UUID has. `None` after those.
pub(super) fn next_file_name(name: &str) -> Option<String> {
    let sign = name.len().checked_sub("-00001.csv".len())?;
    let next = match name.as_bytes()[sign] {
        b'-' => 'g',
        letter @ b'g'..=b'y' => char::from(letter + 1),
        _ => return None,
    };
    let (before, after) = (name.get(..sign)?, name.get(sign + 1..)?);
    Some(format!("{before}{next}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_of_one_length() {
        let id = Uuid::from_u128(1);
        assert_eq!(file_name(id, 1).len(), file_name(id, 99_999).len());
    }

    #[test]
    fn every_attempt_has_its_own_name_of_the_same_length() {
        let first = file_name(Uuid::from_u128(1), 12);
        let names: Vec<String> =
            std::iter::successors(Some(first.clone()), |name| next_file_name(name)).collect();
        assert_eq!(names.len(), 21);
        assert!(names.iter().all(|name| name.len() == first.len()));
        assert!(names[1].ends_with("000000000001g00012.csv"), "{}", names[1]);
        assert!(names[20].ends_with("z00012.csv"));
    }
}
