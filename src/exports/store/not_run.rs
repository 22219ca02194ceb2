//! Why an export did not run when it was due, and the sentence every page says it with.

use jiff::Timestamp;

use crate::locale::Lang;
use crate::storage::UtcMillis;

/// Why an export did not run when it was due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotRun {
    /// It has no connection.
    NoConnection,
    /// Its run before was still in progress.
    Running,
    /// Its source is being loaded, or a system refresh is in progress: that is finished first.
    Upstream,
    /// It would need more requests to Constant Contact than the day has left.
    Quota,
}

impl NotRun {
    const ALL: [Self; 4] = [
        Self::NoConnection,
        Self::Running,
        Self::Upstream,
        Self::Quota,
    ];

    /// The reason with a name in the database.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.name() == name)
    }

    /// Name in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoConnection => "no_connection",
            Self::Running => "running",
            Self::Upstream => "upstream",
            Self::Quota => "quota",
        }
    }

    /// Message key of the sentence people read; has the argument `$due`.
    pub fn message_key(self) -> &'static str {
        match self {
            Self::NoConnection => "schedules-note-no-connection",
            Self::Running => "schedules-note-running",
            Self::Upstream => "schedules-note-upstream",
            Self::Quota => "schedules-note-quota",
        }
    }

    /// Message key of the reason alone, for notices.
    pub fn reason_key(self) -> &'static str {
        match self {
            Self::NoConnection => "schedules-reason-no-connection",
            Self::Running => "schedules-reason-running",
            Self::Upstream => "schedules-reason-upstream",
            Self::Quota => "schedules-reason-quota",
        }
    }
}

/// A moment at which an export did not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deferral {
    /// Why.
    pub why: NotRun,
    /// The moment.
    pub due: Timestamp,
    /// When it is looked at next.
    pub until: Option<Timestamp>,
}

impl Deferral {
    /// As the database has it; `None` when it ran.
    pub(super) fn read(
        note: Option<&str>,
        due: Option<UtcMillis>,
        until: Option<UtcMillis>,
    ) -> Option<Self> {
        Some(Self {
            why: NotRun::from_name(note?)?,
            due: due?.into(),
            until: until.map(Into::into),
        })
    }

    /// The sentence people read; `say` words a moment.
    pub fn words(&self, lang: Lang, say: impl Fn(Timestamp) -> String) -> String {
        let until = self.until.map(&say).unwrap_or_default();
        let words = lang.msg(self.why.message_key());
        words
            .text("due", say(self.due))
            .text("until", until)
            .to_string()
    }
}
