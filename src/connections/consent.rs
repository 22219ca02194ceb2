//! The text a person agrees to before data may leave, and which agreement is still worth something.
//!
//! Evidence is the exact text, its SHA-256, its language and [`TEXT_VERSION`]. An agreement counts as long as today's
//! text in its language has the same hash, so that any changed word asks again.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};

use crate::locale::Lang;

/// Goes up whenever the text changes in any language; a test holds the hashes that belong to it.
pub const TEXT_VERSION: i32 = 1;

/// Message keys of the paragraphs, in the order they are shown.
const PARAGRAPHS: [&str; 5] = [
    "connections-consent-what",
    "connections-consent-boundary",
    "connections-consent-instruction",
    "connections-consent-third-party",
    "connections-consent-removal",
];

static TEXTS: LazyLock<[ConsentText; 2]> = LazyLock::new(|| Lang::ALL.map(ConsentText::compose));

/// "Data privacy and compliance" in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentText {
    /// Its language.
    pub lang: Lang,
    /// What is shown, paragraph by paragraph.
    pub paragraphs: Vec<String>,
    /// SHA-256 of [`ConsentText::text`], in hexadecimal.
    pub sha256: String,
}

impl ConsentText {
    /// Today's text in a language.
    pub fn in_language(lang: Lang) -> &'static Self {
        TEXTS
            .iter()
            .find(|text| text.lang == lang)
            .expect("every language has its text")
    }

    /// The text of today whose hash a form sent back, whatever language it was shown in.
    pub fn with_hash(sha256: &str) -> Option<&'static Self> {
        TEXTS.iter().find(|text| text.sha256 == sha256)
    }

    /// Everything shown, as one text: the paragraphs with an empty line between.
    pub fn text(&self) -> String {
        self.paragraphs.join("\n\n")
    }

    fn compose(lang: Lang) -> Self {
        let paragraphs = PARAGRAPHS.map(|key| lang.t(key)).to_vec();
        let digest = Sha256::digest(paragraphs.join("\n\n"));
        Self {
            lang,
            paragraphs,
            sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}

/// Whether an agreement to the text with this version and hash still counts.
pub(super) fn is_current(lang: &str, text_version: i32, sha256: &str) -> bool {
    text_version == TEXT_VERSION
        && ConsentText::with_hash(sha256).is_some_and(|text| text.lang.tag() == lang)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails when a word changes: then raise [`TEXT_VERSION`] and put the new hashes here.
    #[test]
    fn the_version_belongs_to_these_exact_texts() {
        let hashes = Lang::ALL.map(|lang| ConsentText::in_language(lang).sha256[..16].to_owned());
        assert_eq!(
            (TEXT_VERSION, hashes.each_ref().map(String::as_str)),
            (1, ["d5b14c9a67387937", "f076c685bcc0aee8"])
        );
    }

    #[test]
    fn only_an_agreement_to_todays_text_counts() {
        let text = ConsentText::in_language(Lang::ZhHk);
        assert!(is_current("zh-HK", TEXT_VERSION, &text.sha256));
        assert!(!is_current("en", TEXT_VERSION, &text.sha256));
        assert!(!is_current("zh-HK", TEXT_VERSION - 1, &text.sha256));
        assert!(!is_current("zh-HK", TEXT_VERSION, &"0".repeat(64)));
    }
}
