//! How a state looks, on every page the same.

/// How good or bad something is: colour and icon of a status, a notice, a step.
///
/// A concept maps each of its states to one tone and one label; `ui::status` and `ui::notice` of
/// `templates/shared/ui.html` draw it, always with icon and words, never by colour alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Nothing to say about it: not started, switched off, skipped.
    Neutral,
    /// It is happening now.
    Progress,
    /// It waits for its turn or its time.
    Waiting,
    /// It worked.
    Success,
    /// It worked or will work, but look.
    Warning,
    /// It did not work; somebody has to act.
    Danger,
    /// Something worth knowing.
    Info,
}

impl Tone {
    /// CSS suffix.
    pub fn css(self) -> &'static str {
        match self {
            Tone::Neutral => "neutral",
            Tone::Progress => "progress",
            Tone::Waiting => "waiting",
            Tone::Success => "success",
            Tone::Warning => "warning",
            Tone::Danger => "danger",
            Tone::Info => "info",
        }
    }

    /// Name of the icon in `static/icons.svg`.
    pub fn icon(self) -> &'static str {
        match self {
            Tone::Neutral => "circle-dashed",
            Tone::Progress => "loader-2",
            Tone::Waiting => "clock",
            Tone::Success => "circle-check",
            Tone::Warning => "alert-triangle",
            Tone::Danger => "alert-circle",
            Tone::Info => "info-circle",
        }
    }

    /// Whether it stops the visitor and screen readers should say it at once.
    pub fn is_problem(self) -> bool {
        self == Tone::Danger
    }
}

/// Where one step of a documented flow stands; drawn by `ui::step`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Done; says who did it and when, in the visitor's language.
    Done {
        /// For example "Alice Chan, 2 hours ago".
        by: String,
    },
    /// The step to do now.
    Current,
    /// Its turn comes later.
    ToDo,
}

impl Step {
    /// CSS suffix.
    pub fn css(&self) -> &'static str {
        match self {
            Step::Done { .. } => "done",
            Step::Current => "current",
            Step::ToDo => "to-do",
        }
    }

    /// Whether it is done.
    pub fn is_done(&self) -> bool {
        matches!(self, Step::Done { .. })
    }

    /// Whether it is the step to do now.
    pub fn is_current(&self) -> bool {
        *self == Step::Current
    }

    /// Who did it and when, or `""`.
    pub fn done_by(&self) -> &str {
        match self {
            Step::Done { by } => by,
            Step::Current | Step::ToDo => "",
        }
    }
}
