//! Cleaning of single values before they are sent.
//!
//! What a value means is never changed: white space around it goes, line breaks and other control characters become
//! spaces (the vendor counts lines, and drops those past 40,000 silently), and what is longer than the target takes is
//! cut between characters as people see them.

use std::borrow::Cow;

use icu::segmenter::GraphemeClusterSegmenter;

/// Inside an address everything is kept for [`super::reject`] to judge.
pub(super) use crate::exclusions::clean_email;

/// Whether a character must not reach the file: it ends a line for somebody, or is not text at all (NUL).
fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// White space and control characters around a value.
fn is_margin(c: char) -> bool {
    c.is_whitespace() || is_control(c)
}

/// The value without margins and on one line; runs of control characters become one space.
pub(super) fn clean(value: &str) -> Cow<'_, str> {
    let value = trim(value);
    if value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) || !value.contains(is_control) {
        return Cow::Borrowed(value);
    }
    let mut cleaned = String::with_capacity(value.len());
    let mut in_gap = false;
    for c in value.chars() {
        if !is_control(c) {
            cleaned.push(c);
            in_gap = false;
        } else if !in_gap {
            cleaned.push(' ');
            in_gap = true;
        }
    }
    Cow::Owned(cleaned)
}

/// Trims; most values have nothing to trim, and that is seen from two bytes.
fn trim(value: &str) -> &str {
    let is_plain = |byte: Option<&u8>| byte.is_none_or(|byte| (b'!'..=b'~').contains(byte));
    if is_plain(value.as_bytes().first()) && is_plain(value.as_bytes().last()) {
        value
    } else {
        value.trim_matches(is_margin)
    }
}

/// The longest beginning of `value` of at most `max_chars` Unicode characters that does not cut a visible character
/// (a letter with its accents, an emoji) in two; without white space at its end.
///
/// The vendor counts "characters" (`maxLength` of its API description); one visible character longer than all that is
/// allowed is cut inside.
pub(super) fn cut(value: &str, max_chars: usize) -> &str {
    if value.len() <= max_chars {
        return value;
    }
    let Some((end, _)) = value.char_indices().nth(max_chars) else {
        return value;
    };
    let visible_end = if value.is_ascii() {
        end
    } else {
        GraphemeClusterSegmenter::new()
            .segment_str(value)
            .take_while(|boundary| *boundary <= end)
            .last()
            .filter(|boundary| *boundary > 0)
            .unwrap_or(end)
    };
    value[..visible_end].trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_out_on_one_line() {
        for (value, expected) in [
            ("", ""),
            (" \t\u{a0}\u{3000}\n", ""),
            ("  Ann  ", "Ann"),
            ("Ann\nII", "Ann II"),
            ("Ann\r\n\r\nII", "Ann II"),
            (
                "a\u{b}b\u{c}c\u{85}d\u{2028}e\u{2029}f\0g\u{7f}h",
                "a b c d e f g h",
            ),
            ("\0Ann\u{1}", "Ann"),
            ("two  blanks", "two  blanks"),
            ("שלום e\u{301} 👩‍👩‍👧", "שלום e\u{301} 👩‍👩‍👧"),
            ("\u{200f}עברית", "\u{200f}עברית"),
        ] {
            assert_eq!(clean(value), expected, "{value:?}");
        }
    }

    #[test]
    fn addresses_lose_what_nobody_sees() {
        assert_eq!(clean_email("\u{feff}a@b.example\u{200b} "), "a@b.example");
        assert_eq!(clean_email("a @b.example"), "a @b.example");
    }

    #[test]
    fn long_values_are_cut_between_visible_characters() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "abc");
        assert_eq!(cut("ab cd", 3), "ab");
        assert_eq!(cut("小明小明", 3), "小明小");
        assert_eq!(cut("小明", 3), "小明");
        assert_eq!(cut("abe\u{301}", 3), "ab");
        assert_eq!(cut("e\u{301}\u{302}\u{303}", 2), "e\u{301}");
        assert_eq!(cut("a👩‍👩‍👧", 3), "a");
    }

    #[test]
    fn random_text_is_cleaned_and_cut_within_bounds() {
        let alphabet: Vec<char> = "aé 小\n\r\0\u{2028}\u{301}👩\u{200d}\"',\u{feff}\t\u{85}"
            .chars()
            .collect();
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..20_000 {
            let text: String = (0..random.usize(..30))
                .map(|_| alphabet[random.usize(..alphabet.len())])
                .collect();
            let cleaned = clean(&text);
            assert!(!cleaned.contains(is_control), "{text:?}");
            assert_eq!(cleaned.trim(), cleaned, "{text:?}");
            assert_eq!(clean(&cleaned), cleaned, "{text:?}");
            let kept = |text: &str| -> String { text.chars().filter(|c| !is_margin(*c)).collect() };
            assert_eq!(
                kept(&cleaned),
                kept(&text),
                "nothing visible is lost: {text:?}"
            );
            let max = random.usize(1..12);
            let short = cut(&cleaned, max);
            assert!(short.chars().count() <= max && cleaned.starts_with(short));
            if cleaned.chars().count() <= max {
                assert_eq!(short, cleaned);
            }
        }
    }
}
