//! Names people give to things: kept as typed, told apart without case.

use crate::profiles::value::fold;

/// Longest name, in Unicode characters.
pub const MAX_NAME_CHARACTERS: usize = 200;

/// A name that has been checked: trimmed, 1 to [`MAX_NAME_CHARACTERS`] characters, one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

/// Why a text cannot be a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameProblem {
    /// Nothing but blanks.
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
    /// Trims and checks what somebody typed. Text of any script and direction is kept as typed.
    ///
    /// # Errors
    /// [`NameProblem`].
    pub fn parse(text: &str) -> Result<Self, NameProblem> {
        let name = text.trim();
        if name.is_empty() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_bounded() {
        let problem = |text: &str| Name::parse(text).unwrap_err();
        assert_eq!(problem(" \u{3000}\t"), NameProblem::Empty);
        assert_eq!(problem(&"é".repeat(201)), NameProblem::TooLong);
        assert_eq!(problem("two\nlines"), NameProblem::ControlCharacter);
        assert_eq!(Name::parse(" שלום ").unwrap().as_str(), "שלום");
    }

    #[test]
    fn names_that_read_the_same_have_one_key() {
        let key = |text: &str| Name::parse(text).unwrap().key();
        assert_eq!(key("Été Straße"), key("E\u{301}TE\u{301} STRASSE"));
        assert_ne!(key("Summer"), key("Summer 2"));
    }
}
