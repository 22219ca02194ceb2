//! How an export delivers: everybody each time, or what is new or changed.

use serde::{Deserialize, Serialize};

/// How an export delivers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Delivery {
    /// Who is sent.
    pub mode: Mode,
    /// What becomes of people who left the list by themselves.
    pub leavers: Leavers,
    /// Mirror: an administrator is asked before more people than this are taken off the list; `None` never.
    pub removals_ask_above: Option<u64>,
    /// Mirror: also takes off whoever was not delivered by this export.
    pub removes_others: bool,
}

impl Default for Delivery {
    fn default() -> Self {
        Self {
            mode: Mode::Full,
            leavers: Leavers::ByMode,
            removals_ask_above: Some(Self::ASK_ABOVE),
            removes_others: false,
        }
    }
}

impl Delivery {
    /// People taken off the list without asking, unless the export says otherwise.
    const ASK_ABOVE: u64 = 500;
    /// What [`Delivery::removals_ask_above`] may be.
    pub const ASK: std::ops::RangeInclusive<u64> = 0..=1_000_000;

    /// Whether deliveries must be remembered for it.
    pub fn remembers(&self) -> bool {
        self.mode != Mode::Full || self.respects_leavers()
    }

    /// Whether people who left the list by themselves are not put back.
    pub fn respects_leavers(&self) -> bool {
        match self.leavers {
            Leavers::ByMode => self.mode != Mode::Full,
            Leavers::Respect => true,
            Leavers::PutBack => false,
        }
    }
}

/// What becomes of people who left the list by themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leavers {
    /// Respected unless everybody is sent every time, which is what the reference product does.
    #[default]
    ByMode,
    /// They are not put back.
    Respect,
    /// They are put back when they are sent.
    PutBack,
}

impl Leavers {
    /// Every choice, in the order of the form.
    pub const ALL: [Self; 3] = [Self::ByMode, Self::Respect, Self::PutBack];

    /// Name in forms.
    pub fn name(self) -> &'static str {
        match self {
            Self::ByMode => "by_mode",
            Self::Respect => "respect",
            Self::PutBack => "put_back",
        }
    }

    /// The choice with a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.name() == name)
    }

    /// Message key of what it means.
    pub fn label_key(self) -> &'static str {
        match self {
            Self::ByMode => "exports-leavers-by-mode",
            Self::Respect => "exports-leavers-respect",
            Self::PutBack => "exports-leavers-put-back",
        }
    }
}

/// Who is sent by a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Every member of the segments.
    #[default]
    Full,
    /// Those who are new or whose values have changed since they were last delivered.
    ChangesOnly,
    /// The same, and whoever has left the segments is taken off the list.
    Mirror,
}

impl Mode {
    /// Every mode, in the order of the form.
    pub const ALL: [Self; 3] = [Self::Full, Self::ChangesOnly, Self::Mirror];

    /// Name in forms and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::ChangesOnly => "changes_only",
            Self::Mirror => "mirror",
        }
    }

    /// The mode with a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }

    /// Message key of its name.
    pub fn label_key(self) -> &'static str {
        match self {
            Self::Full => "exports-mode-full",
            Self::ChangesOnly => "exports-mode-changes",
            Self::Mirror => "exports-mode-mirror",
        }
    }

    /// Message key of what it means.
    pub fn hint_key(self) -> &'static str {
        match self {
            Self::Full => "exports-mode-full-hint",
            Self::ChangesOnly => "exports-mode-changes-hint",
            Self::Mirror => "exports-mode-mirror-hint",
        }
    }

    /// Whether rows that were delivered as they are now are left out.
    pub fn leaves_out_unchanged(self) -> bool {
        self != Self::Full
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_is_written_under_its_name() {
        for mode in Mode::ALL {
            assert_eq!(Mode::from_name(mode.name()), Some(mode));
            let delivery = Delivery {
                mode,
                ..Delivery::default()
            };
            let json = serde_json::to_value(delivery).unwrap();
            assert_eq!(json["mode"], mode.name());
            assert_eq!(serde_json::from_value::<Delivery>(json).unwrap().mode, mode);
        }
        assert_eq!(
            serde_json::from_str::<Delivery>("{}").unwrap(),
            Delivery::default()
        );
    }
}
