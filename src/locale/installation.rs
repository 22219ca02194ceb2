//! What the installation has chosen: the language of people who have not, and how numbers and dates are written.
//!
//! One value for the whole process, because every number of every page depends on it. It is kept in the database;
//! `system` puts it here at start, when it is changed, and every few seconds, so that other processes follow.

use std::sync::atomic::{AtomicU8, Ordering};

use super::Lang;

/// How numbers and dates are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// As the language of the page does.
    #[default]
    Language,
    /// 26/11/2026, 18:00; 1,234,567
    UnitedKingdom,
    /// 11/26/26, 6:00 PM; 1,234,567
    UnitedStates,
    /// 26/11/2026 下午6:00; 1,234,567
    HongKong,
    /// 26.11.26, 18:00; 1.234.567
    Germany,
    /// 26/11/2026 18:00; 1 234 567
    France,
    /// 2026/11/26 18:00; 1,234,567
    Japan,
}

impl Format {
    /// Every format, in the order shown.
    pub const ALL: [Self; 7] = [
        Self::Language,
        Self::HongKong,
        Self::UnitedKingdom,
        Self::UnitedStates,
        Self::Germany,
        Self::France,
        Self::Japan,
    ];

    /// Name in the database and in forms.
    pub fn name(self) -> &'static str {
        match self {
            Self::Language => "language",
            Self::UnitedKingdom => "en-GB",
            Self::UnitedStates => "en-US",
            Self::HongKong => "zh-HK",
            Self::Germany => "de-DE",
            Self::France => "fr-FR",
            Self::Japan => "ja-JP",
        }
    }

    /// The format with a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// Message key of its name for people.
    pub fn label_key(self) -> &'static str {
        match self {
            Self::Language => "system-general-format-language",
            Self::UnitedKingdom => "system-general-format-gb",
            Self::UnitedStates => "system-general-format-us",
            Self::HongKong => "system-general-format-hk",
            Self::Germany => "system-general-format-de",
            Self::France => "system-general-format-fr",
            Self::Japan => "system-general-format-jp",
        }
    }
}

/// Positions in [`Lang::ALL`] and [`Format::ALL`]; the first has one more for "the browser's".
static LANG: AtomicU8 = AtomicU8::new(u8::MAX);
static FORMAT: AtomicU8 = AtomicU8::new(0);

/// Language of whoever has not chosen one; `None`: the browser's.
pub fn installation_lang() -> Option<Lang> {
    let index = usize::from(LANG.load(Ordering::Relaxed));
    Lang::ALL.get(index).copied()
}

/// How numbers and dates are written.
pub fn installation_format() -> Format {
    let index = usize::from(FORMAT.load(Ordering::Relaxed));
    Format::ALL.get(index).copied().unwrap_or_default()
}

/// Puts what the installation has chosen into effect in this process.
pub fn choose(lang: Option<Lang>, format: Format) {
    let position = |found: Option<usize>| found.and_then(|index| u8::try_from(index).ok());
    let lang = Lang::ALL.iter().position(|known| Some(*known) == lang);
    LANG.store(position(lang).unwrap_or(u8::MAX), Ordering::Relaxed);
    let format = Format::ALL.iter().position(|known| *known == format);
    FORMAT.store(position(format).unwrap_or_default(), Ordering::Relaxed);
}
