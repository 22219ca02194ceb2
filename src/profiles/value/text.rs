//! Text compared without case, beyond ASCII too.
//!
//! Folding is Unicode full case folding followed by composition (NFC), so `STRASSE` equals `straße` and a letter with
//! a combining accent equals its one-character form. ASCII on both sides takes a path that allocates nothing.

use std::borrow::Cow;

use icu::casemap::CaseMapper;
use icu::normalizer::ComposingNormalizer;

/// The form in which two texts that differ only in case or composition are the same.
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Cow::Owned(text.to_ascii_lowercase());
        }
        return Cow::Borrowed(text);
    }
    let folded = CaseMapper::new().fold_string(text);
    Cow::Owned(
        ComposingNormalizer::new_nfc()
            .normalize(&folded)
            .into_owned(),
    )
}

/// Whether `text` folds to `needle`, which must be folded already.
pub fn folded_eq(text: &str, needle: &str) -> bool {
    if text.is_ascii() {
        return text.eq_ignore_ascii_case(needle);
    }
    fold(text) == needle
}

/// Whether `text` contains `needle` (folded already) without case.
pub fn folded_contains(text: &str, needle: &str) -> bool {
    if !text.is_ascii() {
        return fold(text).contains(needle);
    }
    let needle = needle.as_bytes();
    needle.is_empty()
        || text
            .as_bytes()
            .windows(needle.len())
            .any(|window| window.eq_ignore_ascii_case(needle))
}

/// Whether `text` starts with `needle` (folded already) without case.
pub fn folded_starts_with(text: &str, needle: &str) -> bool {
    if !text.is_ascii() {
        return fold(text).starts_with(needle);
    }
    let start = text.as_bytes().get(..needle.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(needle.as_bytes()))
}

/// Whether `text` ends with `needle` (folded already) without case.
pub fn folded_ends_with(text: &str, needle: &str) -> bool {
    if !text.is_ascii() {
        return fold(text).ends_with(needle);
    }
    let start = text.len().checked_sub(needle.len());
    start.is_some_and(|start| text.as_bytes()[start..].eq_ignore_ascii_case(needle.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_reaches_beyond_ascii() {
        for (a, b) in [
            ("ZÜRICH", "zürich"),
            ("STRASSE", "straße"),
            ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
            ("Cafe\u{301}", "CAFÉ"),
            ("Kelvin", "\u{212a}ELVIN"),
            ("陳小明", "陳小明"),
        ] {
            assert_eq!(fold(a), fold(b), "{a} {b}");
            assert!(folded_eq(a, &fold(b)) && folded_eq(b, &fold(a)), "{a} {b}");
        }
        assert_ne!(fold("resume"), fold("résumé"));
    }

    #[test]
    fn every_comparison_agrees_with_comparing_folded_text() {
        let alphabet: Vec<char> = "aAbBßSséÉe\u{301}\u{212a}kK ıİi".chars().collect();
        let mut random = fastrand::Rng::with_seed(5);
        let mut word = |most: usize| -> String {
            let length = random.usize(0..=most);
            (0..length)
                .map(|_| alphabet[random.usize(0..alphabet.len())])
                .collect()
        };
        for _ in 0..20_000 {
            let (text, needle) = (word(6), fold(&word(2)).into_owned());
            let folded = fold(&text).into_owned();
            assert_eq!(folded_eq(&text, &needle), folded == needle);
            assert_eq!(folded_contains(&text, &needle), folded.contains(&needle));
            assert_eq!(
                folded_starts_with(&text, &needle),
                folded.starts_with(&needle)
            );
            assert_eq!(folded_ends_with(&text, &needle), folded.ends_with(&needle));
        }
    }
}
