//! The languages people read Listbridge in: English and Traditional Chinese (Hong Kong).
//!
//! Messages live in `locales/<language>/<concept>.ftl` (Fluent); keys are `<concept>-<page>-<thing>`. Every key exists in
//! every language and is used somewhere: `tests/locales.rs` fails otherwise, so a key must appear as a whole string
//! literal in `src/` or `templates/`. Numbers and dates follow the language through ICU.
//!
//! What people typed or imported is never translated.

mod catalogue;
mod format;
mod installation;
mod zone;

pub use catalogue::Message;
pub use format::WholeNumber;
pub use installation::{Format, choose, installation_format, installation_lang};
pub use zone::{find_offered_zone, find_zone, server_zone_name, zone_name, zone_names};

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A language of the interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Lang {
    /// English.
    #[default]
    #[serde(rename = "en")]
    En,
    /// Traditional Chinese as written in Hong Kong.
    #[serde(rename = "zh-HK")]
    ZhHk,
}

impl Lang {
    /// Every language, in the order the switch shows them.
    pub const ALL: [Lang; 2] = [Lang::En, Lang::ZhHk];

    /// BCP 47 tag, as in the `lang` attribute and the folder under `locales/`.
    pub fn tag(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::ZhHk => "zh-HK",
        }
    }

    /// The language's own name for itself.
    pub fn own_name(self) -> &'static str {
        match self {
            Lang::En => "English",
            Lang::ZhHk => "繁體中文（香港）",
        }
    }

    /// The best language for an `Accept-Language` header; any Chinese is served zh-HK, anything else English.
    ///
    /// Browsers send the languages in order of preference, so the first one we speak is taken.
    pub fn from_accept_language(header: &str) -> Self {
        header
            .split(',')
            .filter_map(|part| {
                let mut pieces = part.split(';');
                let tag = pieces.next()?.trim().to_ascii_lowercase();
                let refused = pieces
                    .any(|piece| matches!(piece.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
                (!refused).then_some(tag)
            })
            .find_map(|tag| match tag.split('-').next() {
                Some("zh") => Some(Lang::ZhHk),
                Some("en") => Some(Lang::En),
                _ => None,
            })
            .unwrap_or_default()
    }

    /// Text of a message without arguments.
    pub fn t(self, key: &str) -> String {
        self.msg(key).to_string()
    }

    /// A message to which arguments are added: `lang.msg("runs-sent").num("count", 3)`.
    pub fn msg(self, key: &str) -> Message<'_> {
        Message::new(self, key)
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

/// The text is not the tag of a language we speak.
#[derive(Debug, thiserror::Error)]
#[error("unknown language")]
pub struct UnknownLang;

impl FromStr for Lang {
    type Err = UnknownLang;

    fn from_str(tag: &str) -> Result<Self, UnknownLang> {
        Lang::ALL
            .into_iter()
            .find(|lang| lang.tag() == tag)
            .ok_or(UnknownLang)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_language_takes_the_first_language_we_speak() {
        for (header, expected) in [
            ("", Lang::En),
            ("zh-TW,zh;q=0.9,en;q=0.8", Lang::ZhHk),
            ("fr-FR, en-GB;q=0.7, zh;q=0.5", Lang::En),
            ("ZH-hant-hk", Lang::ZhHk),
            ("zh;q=0, en", Lang::En),
            ("de, *;q=0.5", Lang::En),
        ] {
            assert_eq!(Lang::from_accept_language(header), expected, "{header:?}");
        }
    }
}
