//! Reading cell text as a number, a day or a boolean, and comparing text without case.
//!
//! Pure functions over `&str`. They allocate only where text outside ASCII must be folded.

mod date;
mod number;
mod text;

pub use date::DateOrder;
pub use number::{Decimal, NumberStyle};
pub use text::{fold, folded_contains, folded_ends_with, folded_eq, folded_starts_with};

/// Words for true and false, in English, Chinese and what spreadsheets and databases write. Case is ignored.
const BOOLEAN_WORDS: [(&str, bool); 14] = [
    ("true", true),
    ("false", false),
    ("yes", true),
    ("no", false),
    ("y", true),
    ("n", false),
    ("t", true),
    ("f", false),
    ("1", true),
    ("0", false),
    ("on", true),
    ("off", false),
    ("是", true),
    ("否", false),
];

/// Reads a boolean word; `None` when `text` is none of them.
pub fn parse_boolean(text: &str) -> Option<bool> {
    let text = text.trim();
    BOOLEAN_WORDS
        .iter()
        .find(|(word, _)| word.eq_ignore_ascii_case(text))
        .map(|(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boolean_words_are_read_without_case() {
        assert_eq!(parse_boolean(" TRUE "), Some(true));
        assert_eq!(parse_boolean("No"), Some(false));
        assert_eq!(parse_boolean("否"), Some(false));
        assert_eq!(parse_boolean("maybe"), None);
        assert_eq!(parse_boolean(""), None);
    }
}
