//! How runs end: one row per ending, with its state and the sentence that says what to do next.

use super::run::{Ended, RunState};

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Which ending.
    pub ending: Ending,
    /// Names the sentence speaks of: fields, segments.
    pub names: Vec<String>,
    /// The vendor's own words, made safe.
    pub vendor_words: Option<String>,
}

impl Outcome {
    /// Adds what the sentence speaks of.
    pub(super) fn naming(ending: Ending, names: Vec<String>) -> Self {
        Self {
            names,
            ..ending.into()
        }
    }

    /// Adds the vendor's own words.
    pub(super) fn quoting(ending: Ending, words: impl ToString) -> Self {
        Self {
            vendor_words: Some(words.to_string()),
            ..ending.into()
        }
    }
}

impl From<Ending> for Outcome {
    fn from(ending: Ending) -> Self {
        Self {
            ending,
            names: Vec::new(),
            vendor_words: None,
        }
    }
}

macro_rules! endings {
    ($($(#[$doc:meta])* $name:ident, $state:ident, $code:literal, $key:literal;)*) => {
        /// Every way in which a run can end.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Ending {
            $($(#[$doc])* $name,)*
        }

        impl Ending {
            /// Every ending.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// State the run is left in.
            pub fn state(self) -> RunState {
                match self { $(Self::$name => RunState::$state,)* }
            }

            /// Name in the database and in JSON answers.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// Message key of the sentence; may have the argument `$names`.
            pub fn message_key(self) -> &'static str {
                match self { $(Self::$name => $key,)* }
            }
        }
    };
}

// States follow the reference product: exceeding the target's limit *skips* the export, a missing field *fails* it,
// "permanent" is what timed out, used up its retries or needs somebody to act, and *skipped* is what was not run
// because something it depends on was not there.
endings! {
    /// Every part arrived and every activity completed.
    Delivered, Successful, "delivered", "runs-outcome-delivered";
    /// Delivered, but the vendor counted other than what was sent.
    DeliveredWithDifferences, Successful, "delivered_with_differences", "runs-outcome-delivered-with-differences";
    /// Every activity completed, but at least one did not say what became of its rows.
    DeliveredUncounted, Successful, "delivered_uncounted", "runs-outcome-delivered-uncounted";
    /// Every activity completed, and the vendor took none of the rows.
    NobodyTaken, Failure, "nobody_taken", "runs-outcome-nobody-taken";
    /// Everything was delivered, but not everybody who has left the segments was taken off the list.
    RemovalsFailed, Failure, "removals_failed", "runs-outcome-removals-failed";
    /// Everything was delivered; nobody approved taking so many people off the list.
    RemovalsNotApproved, Failure, "removals_not_approved", "runs-outcome-removals-not-approved";
    /// Everybody had been delivered as they are; there was nothing to send.
    NothingChanged, Successful, "nothing_changed", "runs-outcome-nothing-changed";
    /// Nobody is a member of the segments.
    NoMembers, Skipped, "no_members", "runs-outcome-no-members";
    /// The source has never been loaded.
    NoProfiles, Skipped, "no_profiles", "runs-outcome-no-profiles";
    /// More members than an export may send.
    TooManyProfiles, Skipped, "too_many_profiles", "runs-outcome-too-many-profiles";
    /// It would have sent far fewer or far more rows than the last one, and nobody approved that.
    NotApproved, Skipped, "not_approved", "runs-outcome-not-approved";
    /// Every profile was rejected.
    AllRejected, Failure, "all_rejected", "runs-outcome-all-rejected";
    /// The export has no connection.
    NoConnection, FailedPermanent, "no_connection", "runs-outcome-no-connection";
    /// The connection was removed.
    ConnectionGone, FailedPermanent, "connection_gone", "runs-outcome-connection-gone";
    /// The connection's wizard was not finished.
    ConnectionNotSaved, FailedPermanent, "connection_not_saved", "runs-outcome-connection-not-saved";
    /// The compliance text has changed and nobody has agreed to it.
    ConsentNeeded, FailedPermanent, "consent_needed", "runs-outcome-consent-needed";
    /// Constant Contact does not accept the connection's sign-in any more.
    SignInAgain, FailedPermanent, "sign_in_again", "runs-outcome-sign-in-again";
    /// The export user was disabled or may not export any more.
    ExportUserGone, FailedPermanent, "export_user_gone", "runs-outcome-export-user-gone";
    /// Client ID or secret is missing or wrong.
    ApplicationRefused, FailedPermanent, "application_refused", "runs-outcome-application-refused";
    /// The list does not exist, or has been deleted.
    ListNotFound, FailedPermanent, "list_not_found", "runs-outcome-list-not-found";
    /// Mapped fields are not in the source's present snapshot.
    FieldsMissing, FailedPermanent, "fields_missing", "runs-outcome-fields-missing";
    /// Mapped custom fields are not in the account.
    CustomFieldsMissing, FailedPermanent, "custom_fields_missing", "runs-outcome-custom-fields-missing";
    /// A segment was removed.
    SegmentMissing, FailedPermanent, "segment_missing", "runs-outcome-segment-missing";
    /// A segment's rule does not fit the source's present fields.
    SegmentBroken, FailedPermanent, "segment_broken", "runs-outcome-segment-broken";
    /// The account or application may not do it.
    NotAllowed, FailedPermanent, "not_allowed", "runs-outcome-not-allowed";
    /// Constant Contact refused a request; the same would be refused again.
    Refused, FailedPermanent, "refused", "runs-outcome-refused";
    /// Constant Contact could not be used for too long.
    VendorUnavailable, Failure, "vendor_unavailable", "runs-outcome-vendor-unavailable";
    /// It could not be found out whether a part arrived.
    OutcomeUnknown, FailedPermanent, "outcome_unknown", "runs-outcome-outcome-unknown";
    /// At least one activity did not complete.
    ActivityFailed, Failure, "activity_failed", "runs-outcome-activity-failed";
    /// Activities did not end in the time allowed.
    ActivitiesTooSlow, FailedPermanent, "activities_too_slow", "runs-outcome-activities-too-slow";
    /// Somebody canceled it.
    Canceled, Canceled, "canceled", "runs-outcome-canceled";
    /// The profiles could not be read.
    SnapshotUnreadable, Failure, "snapshot_unreadable", "runs-outcome-snapshot-unreadable";
    /// What had been delivered when the run started is not remembered any more.
    DeliveriesForgotten, FailedPermanent, "deliveries_forgotten", "runs-outcome-deliveries-forgotten";
    /// A part recorded earlier could not be made again byte for byte, so nothing more is sent.
    PlanChanged, FailedPermanent, "plan_changed", "runs-outcome-plan-changed";
}

impl Ended {
    /// The ending; `None` for one of a newer version.
    pub fn ending(&self) -> Option<Ending> {
        Ending::ALL
            .iter()
            .copied()
            .find(|ending| ending.code() == self.code)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_ending_has_its_own_code_and_finishes_the_run() {
        let codes: HashSet<&str> = Ending::ALL.iter().map(|ending| ending.code()).collect();
        assert_eq!(codes.len(), Ending::ALL.len());
        for ending in Ending::ALL {
            assert!(ending.state().is_finished());
            let ended = Ended {
                code: ending.code().to_owned(),
                names: Vec::new(),
                vendor_words: None,
            };
            assert_eq!(ended.ending(), Some(*ending));
        }
    }
}
