//! Names people give to things: kept as typed, told apart without case.

use icu::properties::CodePointSetData;
use icu::properties::props::DefaultIgnorableCodePoint;

use crate::profiles::value::fold;

/// Longest name, in Unicode characters.
pub const MAX_NAME_CHARACTERS: usize = 200;

/// A name that has been checked: trimmed, 1 to [`MAX_NAME_CHARACTERS`] characters, one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

/// Why a text cannot be a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameProblem {
    /// Nothing that can be seen.
    #[error("the name is empty")]
    Empty,
    /// More than [`MAX_NAME_CHARACTERS`] characters.
    #[error("the name has more than {MAX_NAME_CHARACTERS} characters")]
    TooLong,
    /// A line break or another control character.
    #[error("the name has control characters")]
    ControlCharacter,
}

impl Name {
    /// Trims and checks what somebody typed. Text of any script is kept as typed, without the characters that turn the
    /// direction of what stands beside the name.
    ///
    /// # Errors
    /// [`NameProblem`].
    pub fn parse(text: &str) -> Result<Self, NameProblem> {
        let plain: String = text.chars().filter(|c| !turns_direction(*c)).collect();
        let name = plain.trim();
        if !name.chars().any(is_visible) {
            Err(NameProblem::Empty)
        } else if name.chars().count() > MAX_NAME_CHARACTERS {
            Err(NameProblem::TooLong)
        } else if name.chars().any(char::is_control) {
            Err(NameProblem::ControlCharacter)
        } else {
            Ok(Self(name.to_owned()))
        }
    }

    /// The name as typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What two names must differ in: their text without case and with composed accents.
    pub fn key(&self) -> String {
        fold(&self.0).into_owned()
    }
}

/// Embeddings, overrides and isolates; a name needs none, browsers tell the direction of a text by its letters.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn is_visible(c: char) -> bool {
    const BRAILLE_BLANK: char = '\u{2800}';
    let is_ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c);
    !is_ignorable && !c.is_whitespace() && c != BRAILLE_BLANK
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_bounded() {
        let problem = |text: &str| Name::parse(text).unwrap_err();
        for unseen in [
            " \u{3000}\t",
            "\u{200b}",
            "\u{200b} \u{feff}\u{3164}",
            "\u{2800}",
            "\u{202e}",
        ] {
            assert_eq!(problem(unseen), NameProblem::Empty, "{unseen:?}");
        }
        assert_eq!(problem(&"é".repeat(201)), NameProblem::TooLong);
        assert_eq!(problem("two\nlines"), NameProblem::ControlCharacter);
        assert_eq!(Name::parse(" שלום ").unwrap().as_str(), "שלום");
    }

    #[test]
    fn names_do_not_turn_what_stands_beside_them() {
        let name = |text: &str| Name::parse(text).unwrap().as_str().to_owned();
        assert_eq!(name("\u{202e}gnp.exe\u{2066} \u{2069}"), "gnp.exe");
        // Joiners change how letters look, so they stay.
        assert_eq!(name("می\u{200c}خواهم"), "می\u{200c}خواهم");
        assert_eq!(name("👩\u{200d}🚀"), "👩\u{200d}🚀");
    }

    #[test]
    fn names_that_read_the_same_have_one_key() {
        let key = |text: &str| Name::parse(text).unwrap().key();
        assert_eq!(key("Été Straße"), key("E\u{301}TE\u{301} STRASSE"));
        assert_ne!(key("Summer"), key("Summer 2"));
    }
}
