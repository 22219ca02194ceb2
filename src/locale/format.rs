//! Numbers, dates and times as a language writes them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use icu::datetime::input::{Date, DateTime, Time};
use icu::datetime::{DateTimeFormatter, fieldsets};
use icu::decimal::DecimalFormatter;
use icu::locale::{Locale, locale};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, civil};

use super::Lang;
use super::installation::{Format, installation_format};

/// A whole number to be shown. Templates hand over references, code hands over values.
pub trait WholeNumber {
    /// The number; those above `i64::MAX` are shown as that.
    fn whole(&self) -> i64;
}

macro_rules! whole_numbers {
    ($($number:ty),*) => {$(
        impl WholeNumber for $number {
            fn whole(&self) -> i64 {
                i64::try_from(*self).unwrap_or(i64::MAX)
            }
        }
    )*};
}

whole_numbers!(i32, i64, u16, u32, u64, usize);

impl<T: WholeNumber> WholeNumber for &T {
    fn whole(&self) -> i64 {
        T::whole(self)
    }
}

thread_local! {
    // Building a formatter parses its data; pages show hundreds of dates.
    static FORMATTERS: RefCell<HashMap<(Lang, Format), Rc<Formatters>>> = RefCell::default();
}

struct Formatters {
    decimal: DecimalFormatter,
    date: DateTimeFormatter<fieldsets::YMD>,
    date_time: DateTimeFormatter<fieldsets::YMDT>,
}

impl Formatters {
    fn new(lang: Lang, format: Format) -> Self {
        let (locale, is_in_figures) = icu_locale(lang, format);
        let date = if is_in_figures {
            fieldsets::YMD::short()
        } else {
            fieldsets::YMD::medium()
        };
        Self {
            decimal: DecimalFormatter::try_new(locale.clone().into(), Default::default())
                .expect("compiled data covers our languages"),
            date: DateTimeFormatter::try_new(locale.clone().into(), date)
                .expect("compiled data covers our languages"),
            date_time: DateTimeFormatter::try_new(locale.into(), date.with_time_hm())
                .expect("compiled data covers our languages"),
        }
    }
}

/// Whose way it is, and whether dates are in figures alone: names of months would be in another language than the page.
///
/// English dates are written the international way (23 Nov 2026, 21:45): the product serves many countries.
fn icu_locale(lang: Lang, format: Format) -> (Locale, bool) {
    let (locale, speaks) = match (format, lang) {
        (Format::Language, Lang::En) => (locale!("en-GB"), Some(lang)),
        (Format::Language, Lang::ZhHk) => (locale!("zh-Hant-HK"), Some(lang)),
        (Format::UnitedKingdom, _) => (locale!("en-GB"), Some(Lang::En)),
        (Format::UnitedStates, _) => (locale!("en-US"), Some(Lang::En)),
        (Format::HongKong, Lang::En) => (locale!("en-HK"), Some(lang)),
        (Format::HongKong, Lang::ZhHk) => (locale!("zh-Hant-HK"), Some(lang)),
        (Format::Germany, _) => (locale!("de-DE"), None),
        (Format::France, _) => (locale!("fr-FR"), None),
        (Format::Japan, _) => (locale!("ja-JP"), None),
    };
    (locale, speaks != Some(lang))
}

fn with_formatters<T>(lang: Lang, format: Format, use_them: impl FnOnce(&Formatters) -> T) -> T {
    let formatters = FORMATTERS.with(|all| {
        let mut all = all.borrow_mut();
        let found = all.entry((lang, format));
        found
            .or_insert_with(|| Rc::new(Formatters::new(lang, format)))
            .clone()
    });
    use_them(&formatters)
}

fn icu_date(date: civil::Date) -> Date<icu::calendar::Iso> {
    Date::try_new_iso(
        date.year().into(),
        date.month().unsigned_abs(),
        date.day().unsigned_abs(),
    )
    .expect("jiff's dates exist")
}

fn icu_time(time: civil::Time) -> Time {
    Time::try_new(
        time.hour().unsigned_abs(),
        time.minute().unsigned_abs(),
        time.second().unsigned_abs(),
        0,
    )
    .expect("jiff's times exist")
}

/// Zones without letters of their own are named by their distance: `+08` becomes `UTC+08`.
fn abbreviation(letters: &str) -> String {
    match letters.starts_with(['+', '-']) {
        true => format!("UTC{letters}"),
        false => letters.to_owned(),
    }
}

impl Lang {
    /// A whole number with the language's grouping.
    pub fn number(self, value: i64) -> String {
        self.number_in(installation_format(), value)
    }

    /// A whole number in a format.
    pub fn number_in(self, format: Format, value: i64) -> String {
        with_formatters(self, format, |f| f.decimal.format_to_string(&value.into()))
    }

    /// A calendar date.
    pub fn date(self, date: civil::Date) -> String {
        let format = installation_format();
        with_formatters(self, format, |f| f.date.format(&icu_date(date)).to_string())
    }

    /// Date, hour and minute of an instant in a time zone, with the zone's abbreviation.
    pub fn date_time(self, at: Timestamp, zone: &TimeZone) -> String {
        self.date_time_in(installation_format(), at, zone)
    }

    /// The same in a format.
    pub fn date_time_in(self, format: Format, at: Timestamp, zone: &TimeZone) -> String {
        let local = at.to_zoned_datetime(zone.clone());
        let input = DateTime {
            date: icu_date(local.date()),
            time: icu_time(local.time()),
        };
        let text = with_formatters(self, format, |f| f.date_time.format(&input).to_string());
        format!("{text} {}", abbreviation(&local.strftime("%Z").to_string()))
    }

    /// The same with the zone's name and its distance from UTC at that instant, for those who want to be sure.
    pub fn exact_time(self, at: Timestamp, zone: &TimeZone) -> String {
        let local = at.to_zoned_datetime(zone.clone());
        let text = self.date_time(at, zone);
        match zone.iana_name() {
            Some(name) if name != "UTC" => {
                format!("{text} ({name}, UTC{})", local.strftime("%:z"))
            }
            _ => text,
        }
    }

    /// How long ago an instant was, in the largest whole unit; "just now" below a minute and for the future.
    pub fn ago(self, at: Timestamp, now: Timestamp) -> String {
        let elapsed: SignedDuration = now.duration_since(at);
        match (
            elapsed.as_secs() / 60,
            elapsed.as_hours(),
            elapsed.as_hours() / 24,
        ) {
            (minutes, _, _) if minutes < 1 => self.t("locale-just-now"),
            (minutes, 0, _) => self
                .msg("locale-minutes-ago")
                .num("count", minutes)
                .to_string(),
            (_, hours, 0) => self.msg("locale-hours-ago").num("count", hours).to_string(),
            (_, _, days) => self.msg("locale-days-ago").num("count", days).to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_dates_and_ages_follow_the_language() {
        let at: Timestamp = "2026-11-23T13:45:00Z".parse().unwrap();
        let zone = TimeZone::get("Asia/Hong_Kong").unwrap();
        assert_eq!(Lang::En.number(1_000_000), "1,000,000");
        assert_eq!(Lang::En.date_time(at, &zone), "23 Nov 2026, 21:45 HKT");
        assert_eq!(
            Lang::ZhHk.date_time(at, &zone),
            "2026年11月23日 晚上9:45 HKT"
        );
        assert_eq!(
            Lang::En.exact_time(at, &zone),
            "23 Nov 2026, 21:45 HKT (Asia/Hong_Kong, UTC+08:00)"
        );
        assert_eq!(
            Lang::En.exact_time(at, &TimeZone::UTC),
            "23 Nov 2026, 13:45 UTC"
        );
        let singapore = TimeZone::get("Asia/Singapore").unwrap();
        assert_eq!(
            Lang::En.date_time(at, &singapore),
            "23 Nov 2026, 21:45 UTC+08"
        );
        for (format, number, date) in [
            (Format::Germany, "1.000.000", "23.11.26, 21:45 HKT"),
            (Format::Japan, "1,000,000", "2026/11/23 21:45 HKT"),
            (Format::UnitedKingdom, "1,000,000", "23 Nov 2026, 21:45 HKT"),
        ] {
            assert_eq!(Lang::En.number_in(format, 1_000_000), number);
            assert_eq!(Lang::En.date_time_in(format, at, &zone), date);
        }
        assert!(
            !Lang::ZhHk
                .date_time_in(Format::UnitedStates, at, &zone)
                .contains("Nov"),
            "in figures, where the page is in another language"
        );
        let later = at + SignedDuration::from_hours(49);
        assert_eq!(Lang::En.ago(at, later), "2 days ago");
        assert_eq!(Lang::ZhHk.ago(at, later), "2 天前");
        assert_eq!(
            Lang::En.ago(at, at + SignedDuration::from_mins(61)),
            "1 hour ago"
        );
        assert_eq!(Lang::En.ago(later, at), "just now");
    }
}
