//! What the frame around every page needs.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::auth::CurrentUser;
use crate::locale::{Lang, Message, WholeNumber};

/// More unread notices than this are not counted.
pub const MOST_UNREAD: u64 = 99;

/// An instant to be shown. Templates hand over references of references, code hands over values.
pub trait Moment {
    /// The instant.
    fn moment(&self) -> Timestamp;
}

impl Moment for Timestamp {
    fn moment(&self) -> Timestamp {
        *self
    }
}

impl<T: Moment> Moment for &T {
    fn moment(&self) -> Timestamp {
        T::moment(self)
    }
}

/// Data of the frame; the field `page` of every page's template.
#[derive(Clone, Debug)]
pub struct Page {
    /// Language of the page.
    pub lang: Lang,
    /// Who is signed in.
    pub user: Option<CurrentUser>,
    /// Token for the hidden field `_csrf` of every form.
    pub csrf: String,
    /// Messages about what just happened.
    pub flash: Vec<Flash>,
    /// Navigation entry to mark, for example `exports`.
    pub nav: &'static str,
    /// Path and query of this page, for the language switch to come back to.
    pub path: String,
    /// Whether this is the answer to a form: what was typed, or is shown this once, is nowhere else.
    pub is_answer: bool,
    /// The moment the page is drawn, for "2 hours ago".
    pub now: Timestamp,
    /// Zone in which times are shown.
    pub zone: TimeZone,
    /// Notices this person has not read.
    pub unread_notices: u64,
}

/// A message shown once, on the next page.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Flash {
    /// How serious.
    pub level: FlashLevel,
    /// What to say, already in the visitor's language.
    pub text: String,
}

/// How serious a [`Flash`] is; also its CSS suffix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FlashLevel {
    /// It worked.
    Success,
    /// It worked, but look.
    Warning,
    /// It did not work.
    Danger,
}

impl FlashLevel {
    /// CSS suffix (`success`, `warning`, `danger`).
    pub fn css(self) -> &'static str {
        match self {
            FlashLevel::Success => "success",
            FlashLevel::Warning => "warning",
            FlashLevel::Danger => "danger",
        }
    }

    /// Name of the icon.
    pub fn icon(self) -> &'static str {
        match self {
            FlashLevel::Success => "circle-check",
            FlashLevel::Warning => "alert-triangle",
            FlashLevel::Danger => "alert-circle",
        }
    }
}

impl Page {
    /// Text of a message without arguments.
    pub fn t(&self, key: &str) -> String {
        self.lang.t(key)
    }

    /// How many notices are unread, short.
    pub fn unread_short(&self) -> String {
        match self.unread_notices {
            count if count > MOST_UNREAD => format!("{MOST_UNREAD}+"),
            count => count.to_string(),
        }
    }

    /// A message with arguments: `page.msg("runs-sent").num("count", 3)`.
    pub fn msg<'a>(&self, key: &'a str) -> Message<'a> {
        self.lang.msg(key)
    }

    /// A whole number in the language's way.
    pub fn number(&self, value: impl WholeNumber) -> String {
        self.lang.number(value.whole())
    }

    /// Date and time with zone.
    pub fn date_time(&self, at: impl Moment) -> String {
        self.lang.date_time(at.moment(), &self.zone)
    }

    /// Date and time with the zone's name and offset, for titles.
    pub fn exact_time(&self, at: impl Moment) -> String {
        self.lang.exact_time(at.moment(), &self.zone)
    }

    /// How long something takes, in minutes and seconds.
    pub fn duration(&self, seconds: u64) -> String {
        let key = if seconds < 60 {
            "runs-seconds"
        } else {
            "runs-minutes"
        };
        self.msg(key)
            .num("seconds", seconds % 60)
            .num("minutes", seconds / 60)
            .to_string()
    }

    /// How long it was from one moment to another, in minutes and seconds; nothing when the clock went back.
    pub fn time_between(&self, from: Timestamp, to: Timestamp) -> String {
        let seconds = to.duration_since(from).as_secs();
        self.duration(u64::try_from(seconds).unwrap_or(0))
    }

    /// "2 hours ago".
    pub fn ago(&self, at: impl Moment) -> String {
        self.lang.ago(at.moment(), self.now)
    }

    /// Machine-readable instant for `<time datetime>`.
    pub fn iso(&self, at: impl Moment) -> String {
        at.moment().to_string()
    }

    /// Versioned URL of a file under `static/`.
    pub fn asset(&self, file: &str) -> String {
        super::assets::url(file)
    }

    /// URL of an icon, for `<use href>`; names are those in `static/vendor/icons.txt`.
    pub fn icon(&self, name: &str) -> String {
        super::assets::icon_url(name)
    }

    /// Version of the program.
    pub fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }
}
