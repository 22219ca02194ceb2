//! Decimal numbers compared exactly, digit by digit: no binary floating point, no limit on length.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

/// Which mark separates the fraction; the other one may group thousands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberStyle {
    /// `1,234.50`; thousands may also be grouped by a space or an apostrophe.
    Point,
    /// `1.234,50`; thousands may also be grouped by a space.
    Comma,
}

/// Largest exponent accepted in `1.5e300`; beyond it a text is not a number to us.
const MAX_EXPONENT: i32 = 9_999;

/// A number read from text, ready to be compared. Borrows nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decimal {
    negative: bool,
    /// Significant digits (0-9), without zeros at either end. Empty means zero.
    digits: Vec<u8>,
    /// Digits before the decimal mark, as in 0.`digits` × 10^`magnitude`. 0 for zero.
    magnitude: i32,
}

impl NumberStyle {
    /// Reads a number; surrounding white space is ignored. `None` when it is not one in this style.
    pub fn parse(self, text: &str) -> Option<Decimal> {
        let parts = Parts::split(self, text.trim())?;
        let mut digits: Vec<u8> = parts.significant().collect();
        while digits.last() == Some(&0) {
            digits.pop();
        }
        Some(Decimal {
            negative: parts.negative && !digits.is_empty(),
            magnitude: if digits.is_empty() {
                0
            } else {
                parts.magnitude()
            },
            digits,
        })
    }

    /// Compares `text` with `other` without allocating; `None` when `text` is not a number in this style.
    pub fn compare(self, text: &str, other: &Decimal) -> Option<Ordering> {
        Some(Parts::split(self, text.trim())?.cmp(other))
    }

    /// Whether `text` is a number in this style, without allocating.
    pub fn accepts(self, text: &str) -> bool {
        Parts::split(self, text.trim()).is_some()
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_sign = self.sign().cmp(&other.sign());
        let by_size = || {
            self.magnitude
                .cmp(&other.magnitude)
                .then_with(|| self.digits.cmp(&other.digits))
        };
        by_sign.then_with(|| {
            if self.negative {
                by_size().reverse()
            } else {
                by_size()
            }
        })
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Decimal {
    fn sign(&self) -> i8 {
        match (self.digits.is_empty(), self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }
}

/// A number's text taken apart; the digit runs may still hold grouping marks.
struct Parts<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    exponent: i32,
}

impl<'a> Parts<'a> {
    fn split(style: NumberStyle, text: &'a str) -> Option<Self> {
        let (negative, unsigned) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
            Some(at) => (&unsigned[..at], parse_exponent(&unsigned[at + 1..])?),
            None => (unsigned, 0),
        };
        let mark = match style {
            NumberStyle::Point => '.',
            NumberStyle::Comma => ',',
        };
        let (whole, fraction) = mantissa.split_once(mark).unwrap_or((mantissa, ""));
        let has_digits = !whole.is_empty() || !fraction.is_empty();
        let is_number = has_digits
            && fraction.bytes().all(|b| b.is_ascii_digit())
            && (whole.bytes().all(|b| b.is_ascii_digit()) || is_grouped(style, whole));
        is_number.then_some(Self {
            negative,
            whole,
            fraction,
            exponent,
        })
    }

    /// Digits from the first that is not zero on.
    fn significant(&self) -> impl Iterator<Item = u8> {
        let digits = self.whole.bytes().chain(self.fraction.bytes());
        digits
            .filter(u8::is_ascii_digit)
            .map(|digit| digit - b'0')
            .skip_while(|digit| *digit == 0)
    }

    /// See [`Decimal`]; meaningless for zero.
    fn magnitude(&self) -> i32 {
        let whole = self.whole.bytes().filter(u8::is_ascii_digit);
        let whole_digits = whole.skip_while(|digit| *digit == b'0').count();
        let places = if whole_digits > 0 {
            i32::try_from(whole_digits).unwrap_or(i32::MAX)
        } else {
            let zeros = self.fraction.bytes().take_while(|b| *b == b'0').count();
            -i32::try_from(zeros).unwrap_or(i32::MAX)
        };
        places.saturating_add(self.exponent)
    }

    fn cmp(&self, other: &Decimal) -> Ordering {
        let mut digits = self.significant().peekable();
        let sign = match (digits.peek(), self.negative) {
            (None, _) => 0,
            (_, true) => -1,
            (_, false) => 1,
        };
        let by_sign = sign.cmp(&other.sign());
        if by_sign.is_ne() || sign == 0 {
            return by_sign;
        }
        let by_size = self.magnitude().cmp(&other.magnitude).then_with(|| {
            let mut theirs = other.digits.iter().copied();
            loop {
                match (digits.next(), theirs.next()) {
                    (None, None) => return Ordering::Equal,
                    (mine, their) => match mine.unwrap_or(0).cmp(&their.unwrap_or(0)) {
                        Ordering::Equal => {}
                        unequal => return unequal,
                    },
                }
            }
        });
        if self.negative {
            by_size.reverse()
        } else {
            by_size
        }
    }
}

/// Whether `whole` is one to three digits followed by groups of exactly three, all set apart by the same mark.
fn is_grouped(style: NumberStyle, whole: &str) -> bool {
    let marks: &[char] = match style {
        NumberStyle::Point => &[',', '\'', '’', ' ', '\u{a0}', '\u{202f}'],
        NumberStyle::Comma => &['.', ' ', '\u{a0}', '\u{202f}'],
    };
    let Some(mark) = whole.chars().find(|c| marks.contains(c)) else {
        return false;
    };
    let mut groups = whole.split(mark);
    let first = groups.next().unwrap_or_default();
    let is_digits = |group: &str| group.bytes().all(|b| b.is_ascii_digit());
    (1..=3).contains(&first.len())
        && is_digits(first)
        && groups.all(|group| group.len() == 3 && is_digits(group))
}

fn parse_exponent(text: &str) -> Option<i32> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let exponent: i32 = digits.parse().ok().filter(|e| *e <= MAX_EXPONENT)?;
    Some(if text.starts_with('-') {
        -exponent
    } else {
        exponent
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(text: &str) -> Decimal {
        NumberStyle::Point.parse(text).unwrap()
    }

    #[test]
    fn equal_numbers_are_equal_however_they_are_written() {
        for (a, b) in [
            ("10", "10.0"),
            ("010", "10"),
            ("-0", "0.000"),
            (".5", "0.50"),
            ("1e3", "1,000"),
            ("1.5E-2", "0.015"),
            ("1 234 567.", "1234567"),
            ("12345678901234567890.10", "+12345678901234567890.1"),
        ] {
            assert_eq!(point(a), point(b), "{a} = {b}");
            assert_eq!(
                NumberStyle::Point.compare(a, &point(b)),
                Some(Ordering::Equal),
                "{a} = {b}"
            );
        }
        assert_eq!(NumberStyle::Comma.parse("1.234,50"), Some(point("1234.5")));
    }

    #[test]
    fn other_texts_are_not_numbers() {
        for text in [
            "",
            "-",
            ".",
            "1.2.3",
            "1,23",
            "12,3456",
            "1'234,567",
            "abc",
            "1e",
            "e5",
            "1e99999",
            "0x10",
            "٣",
            "1 2",
            ",100",
            "NaN",
            "inf",
        ] {
            assert_eq!(NumberStyle::Point.parse(text), None, "{text:?}");
        }
        assert_eq!(NumberStyle::Comma.parse("1,234.50"), None);
    }

    #[test]
    fn order_agrees_with_integer_arithmetic() {
        let mut random = fastrand::Rng::with_seed(3);
        for _ in 0..20_000 {
            let (a, b) = (random.i64(-2_000..2_000), random.i64(-2_000..2_000));
            // Hundredths, written with a random number of extra zeros.
            let write = |n: i64, random: &mut fastrand::Rng| {
                let sign = if n < 0 { "-" } else { "" };
                let zeros = "0".repeat(random.usize(0..3));
                format!("{sign}{zeros}{}.{:02}{zeros}", n.abs() / 100, n.abs() % 100)
            };
            let (text_a, text_b) = (write(a, &mut random), write(b, &mut random));
            assert_eq!(
                point(&text_a).cmp(&point(&text_b)),
                a.cmp(&b),
                "{text_a} {text_b}"
            );
            assert_eq!(
                NumberStyle::Point.compare(&text_a, &point(&text_b)),
                Some(a.cmp(&b)),
                "{text_a} {text_b}"
            );
        }
    }
}
