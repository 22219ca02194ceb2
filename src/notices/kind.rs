//! What notices there are.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::auth::Role;
use crate::web::{Tone, paths};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A run of an export failed for good. Subject: the export.
    RunFailed,
    /// A run rejected more rows than the threshold allows. Subject: the export.
    RowsRejected,
    /// An export did not run when it was due. Subject: the export.
    DidNotRun,
    /// A connection needs somebody to sign in again. Subject: the connection.
    SignInNeeded,
    /// A connection's sign-in ends soon. Subject: the connection.
    SignInEnds,
    /// The day's requests of an API key are used up. Subject: the key.
    QuotaUsedUp,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::RunFailed,
        Self::RowsRejected,
        Self::DidNotRun,
        Self::SignInNeeded,
        Self::SignInEnds,
        Self::QuotaUsedUp,
    ];

    /// Name in the database and in webhooks.
    pub fn name(self) -> &'static str {
        match self {
            Self::RunFailed => "run_failed",
            Self::RowsRejected => "rows_rejected",
            Self::DidNotRun => "did_not_run",
            Self::SignInNeeded => "sign_in_needed",
            Self::SignInEnds => "sign_in_ends",
            Self::QuotaUsedUp => "quota_used_up",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The least powerful role that is told.
    pub fn audience(self) -> Role {
        match self {
            Self::RunFailed | Self::RowsRejected | Self::DidNotRun => Role::Viewer,
            // Only administrators see connections and can do something about them.
            Self::SignInNeeded | Self::SignInEnds | Self::QuotaUsedUp => Role::Administrator,
        }
    }

    /// The kinds a role is told of.
    pub fn told_to(role: Role) -> impl Iterator<Item = Self> {
        Self::ALL
            .into_iter()
            .filter(move |kind| role >= kind.audience())
    }

    /// Whether it is worth saying how often it happened.
    pub(super) fn is_counted(self) -> bool {
        matches!(self, Self::RunFailed | Self::RowsRejected | Self::DidNotRun)
    }

    /// Message key of the sentence that says it; has the argument `$name`.
    pub fn title_key(self) -> &'static str {
        match self {
            Self::RunFailed => "notices-run-failed",
            Self::RowsRejected => "notices-rows-rejected",
            Self::DidNotRun => "notices-did-not-run",
            Self::SignInNeeded => "notices-sign-in-needed",
            Self::SignInEnds => "notices-sign-in-ends",
            Self::QuotaUsedUp => "notices-quota-used-up",
        }
    }

    /// Message key of the sentence that says it is over; has the argument `$name`.
    pub fn recovered_key(self) -> &'static str {
        match self {
            Self::RunFailed => "notices-run-failed-over",
            Self::RowsRejected => "notices-rows-rejected-over",
            Self::DidNotRun => "notices-did-not-run-over",
            Self::SignInNeeded => "notices-sign-in-needed-over",
            Self::SignInEnds => "notices-sign-in-ends-over",
            Self::QuotaUsedUp => "notices-quota-used-up-over",
        }
    }

    /// Colour and icon while it is open.
    pub fn tone(self) -> Tone {
        match self {
            Self::RunFailed | Self::DidNotRun | Self::SignInNeeded => Tone::Danger,
            Self::RowsRejected | Self::SignInEnds | Self::QuotaUsedUp => Tone::Warning,
        }
    }

    /// Page of what it is about.
    pub(super) fn path(self, subject: &str, details: &Details) -> String {
        let id = subject.parse::<Uuid>().ok();
        match (self, details.run, id) {
            (Self::QuotaUsedUp, ..) => paths::api_usage(),
            (Self::SignInNeeded | Self::SignInEnds, _, Some(id)) => paths::connection(id),
            (_, Some(run), _) => paths::run(run),
            (_, None, Some(id)) => paths::export(id),
            (_, None, None) => paths::notices(),
        }
    }
}

/// What a notice says beside its kind. No personal data of profiles.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// What it is about, in the words of whoever named it: an export, a connection.
    pub name: String,
    /// The run it happened in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<Uuid>,
    /// Message key of a sentence that says why; may have the argument `$names`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Names that sentence speaks of: fields, segments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// When it was due or ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Rows rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected: Option<u64>,
    /// Of so many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<u64>,
}

impl Details {
    /// About something with a name.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_kind_and_roles_see_their_own() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_name(kind.name()), Some(kind));
        }
        assert_eq!(Kind::told_to(Role::Administrator).count(), Kind::ALL.len());
        assert_eq!(Kind::told_to(Role::Viewer).count(), 3);
    }
}
