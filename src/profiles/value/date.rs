//! Calendar days in the ways files write them.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// In which order a field writes year, month and day.
///
/// Parts may be set apart by `-`, `/`, `.`, spaces or 年月日; months may be English names where the day or month
/// comes first; years of two digits mean 1969 to 2068 (POSIX `%y`). A time of day and an offset may follow and are
/// ignored: the day is the one written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateOrder {
    /// `2024-05-31`, `2024/5/31`, `2024年5月31日`.
    YearMonthDay,
    /// `31/05/2024`, `31.5.2024`, `31 May 2024`.
    DayMonthYear,
    /// `05/31/2024`, `May 31, 2024`.
    MonthDayYear,
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

impl DateOrder {
    /// All orders, the one preferred when several fit first.
    pub const ALL: [Self; 3] = [Self::YearMonthDay, Self::MonthDayYear, Self::DayMonthYear];

    /// Reads a day; surrounding white space is ignored. `None` when `text` is not a day that exists in this order.
    pub fn parse(self, text: &str) -> Option<Date> {
        let text = text.trim();
        if self == Self::YearMonthDay
            && let Some(date) = parse_iso(text.as_bytes())
        {
            return Some(date);
        }
        let mut rest = text;
        let first = take_part(&mut rest)?;
        take_separator(&mut rest)?;
        let second = take_part(&mut rest)?;
        take_separator(&mut rest)?;
        let third = take_part(&mut rest)?;
        let rest = rest.strip_prefix('日').unwrap_or(rest);
        if !rest.is_empty() && !is_time_of_day(rest) {
            return None;
        }
        match self {
            Self::YearMonthDay => date(first.year_of_four()?, second.number()?, third.number()?),
            Self::DayMonthYear => date(third.year()?, second.month()?, first.number()?),
            Self::MonthDayYear => date(third.year()?, first.month()?, second.number()?),
        }
    }
}

/// `YYYY-MM-DD` alone: nearly every date, so worth a path of its own.
fn parse_iso(text: &[u8]) -> Option<Date> {
    let &[y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = text else {
        return None;
    };
    let digit = |b: u8| b.is_ascii_digit().then(|| i16::from(b - b'0'));
    let year = digit(y0)? * 1000 + digit(y1)? * 100 + digit(y2)? * 10 + digit(y3)?;
    date(
        year,
        digit(m0)? * 10 + digit(m1)?,
        digit(d0)? * 10 + digit(d1)?,
    )
}

fn date(year: i16, month: i16, day: i16) -> Option<Date> {
    if year == 0 {
        return None;
    }
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

enum Part<'a> {
    Digits { value: i16, len: usize },
    Letters(&'a str),
}

impl Part<'_> {
    fn number(&self) -> Option<i16> {
        match self {
            Self::Digits { value, len: 1..=2 } => Some(*value),
            _ => None,
        }
    }

    fn year_of_four(&self) -> Option<i16> {
        match self {
            Self::Digits { value, len: 4 } => Some(*value),
            _ => None,
        }
    }

    fn year(&self) -> Option<i16> {
        match self {
            Self::Digits { value, len: 4 } => Some(*value),
            Self::Digits { value, len: 2 } => Some(value + if *value < 69 { 2000 } else { 1900 }),
            _ => None,
        }
    }

    fn month(&self) -> Option<i16> {
        match self {
            Self::Digits { .. } => self.number(),
            Self::Letters(name) => {
                let matches = |month: &str| {
                    name.len() >= 3
                        && name.len() <= month.len()
                        && month[..name.len()].eq_ignore_ascii_case(name)
                };
                let index = MONTHS.iter().position(|month| matches(month))?;
                i16::try_from(index + 1).ok()
            }
        }
    }
}

fn take_part<'a>(rest: &mut &'a str) -> Option<Part<'a>> {
    let starts_with_digit = rest.as_bytes().first()?.is_ascii_digit();
    let end = rest
        .bytes()
        .position(|b| !b.is_ascii_alphanumeric() || b.is_ascii_digit() != starts_with_digit)
        .unwrap_or(rest.len());
    let (part, after) = rest.split_at(end);
    *rest = after;
    if !starts_with_digit {
        return (!part.is_empty()).then_some(Part::Letters(part));
    }
    let value = part.parse().ok()?;
    Some(Part::Digits {
        value,
        len: part.len(),
    })
}

/// One separator: a mark, spaces, or a mark followed by spaces (`May 31, 2024`).
fn take_separator(rest: &mut &str) -> Option<()> {
    let marked = rest
        .strip_prefix(['-', '/', '.', ',', '年', '月'])
        .unwrap_or(rest);
    let after = marked.trim_start_matches(' ');
    let found = after.len() < rest.len();
    *rest = after;
    found.then_some(())
}

/// Whether `text` is ` 13:45`, `T13:45:00.000Z`, ` 1:45 PM +08:00`...
fn is_time_of_day(text: &str) -> bool {
    let Some(time) = text.strip_prefix(['T', 't', ' ']) else {
        return false;
    };
    let time = time.trim_start();
    let digits = time.bytes().take_while(u8::is_ascii_digit).count();
    (1..=2).contains(&digits)
        && time[digits..].starts_with(':')
        && time.bytes().all(|b| {
            b.is_ascii_digit() || b" :.+-".contains(&b) || b"apmtzutcgAPMTZUTCG".contains(&b)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use DateOrder::{DayMonthYear, MonthDayYear, YearMonthDay};

    #[test]
    fn the_usual_ways_to_write_a_day_are_read() {
        let day = jiff::civil::date(2024, 5, 31);
        for (order, text) in [
            (YearMonthDay, "2024-05-31"),
            (YearMonthDay, " 2024/5/31 "),
            (YearMonthDay, "2024.05.31"),
            (YearMonthDay, "2024年5月31日"),
            (YearMonthDay, "2024-05-31T23:59:59.123+08:00"),
            (YearMonthDay, "2024-05-31 00:00:00"),
            (DayMonthYear, "31/05/2024"),
            (DayMonthYear, "31.5.24"),
            (DayMonthYear, "31 May 2024"),
            (DayMonthYear, "31-MAY-2024"),
            (MonthDayYear, "5/31/2024 1:45 PM"),
            (MonthDayYear, "May 31, 2024"),
        ] {
            assert_eq!(order.parse(text), Some(day), "{text}");
        }
        assert_eq!(
            DayMonthYear.parse("1/2/69"),
            Some(jiff::civil::date(1969, 2, 1))
        );
    }

    #[test]
    fn other_texts_are_not_days() {
        for text in [
            "",
            "2024",
            "2024-02-30",
            "2024-13-01",
            "2024-05",
            "0000-01-01",
            "1.5",
            "20240531",
            "2024-05-31x",
            "2024-05-31 late",
            "2024--05-31",
            "１２",
            "日",
            "May",
            "2024-May-31 x",
        ] {
            for order in DateOrder::ALL {
                assert_eq!(order.parse(text), None, "{text:?} {order:?}");
            }
        }
        assert_eq!(MonthDayYear.parse("31/05/2024"), None);
        assert_eq!(YearMonthDay.parse("24-05-31"), None);
    }
}
