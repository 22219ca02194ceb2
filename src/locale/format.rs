//! Numbers, dates and times as a language writes them.

use icu::datetime::input::{Date, DateTime, Time};
use icu::datetime::{DateTimeFormatter, fieldsets};
use icu::decimal::DecimalFormatter;
use icu::locale::{Locale, locale};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, civil};

use super::Lang;

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
    static FORMATTERS: [Formatters; 2] = Lang::ALL.map(Formatters::new);
}

struct Formatters {
    decimal: DecimalFormatter,
    date: DateTimeFormatter<fieldsets::YMD>,
    date_time: DateTimeFormatter<fieldsets::YMDT>,
}

impl Formatters {
    fn new(lang: Lang) -> Self {
        let locale = icu_locale(lang);
        Self {
            decimal: DecimalFormatter::try_new(locale.clone().into(), Default::default())
                .expect("compiled data covers our languages"),
            date: DateTimeFormatter::try_new(locale.clone().into(), fieldsets::YMD::medium())
                .expect("compiled data covers our languages"),
            date_time: DateTimeFormatter::try_new(
                locale.into(),
                fieldsets::YMD::medium().with_time_hm(),
            )
            .expect("compiled data covers our languages"),
        }
    }
}

/// English dates are written the international way (23 Nov 2026, 21:45): the product serves many countries.
fn icu_locale(lang: Lang) -> Locale {
    match lang {
        Lang::En => locale!("en-GB"),
        Lang::ZhHk => locale!("zh-Hant-HK"),
    }
}

fn with_formatters<T>(lang: Lang, use_them: impl FnOnce(&Formatters) -> T) -> T {
    FORMATTERS.with(|all| use_them(&all[lang as usize]))
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
        with_formatters(self, |f| f.decimal.format_to_string(&value.into()))
    }

    /// A calendar date.
    pub fn date(self, date: civil::Date) -> String {
        with_formatters(self, |f| f.date.format(&icu_date(date)).to_string())
    }

    /// Date, hour and minute of an instant in a time zone, with the zone's abbreviation.
    pub fn date_time(self, at: Timestamp, zone: &TimeZone) -> String {
        let local = at.to_zoned_datetime(zone.clone());
        let input = DateTime {
            date: icu_date(local.date()),
            time: icu_time(local.time()),
        };
        let text = with_formatters(self, |f| f.date_time.format(&input).to_string());
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
