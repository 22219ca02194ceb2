//! A schedule in words.

use super::form::clock_time;
use super::recurrence::{Recurrence, Schedule, weekdays};
use crate::locale::Lang;

/// Names of the days of the week, Monday first.
const WEEKDAYS: [&str; 7] = [
    "schedules-monday",
    "schedules-tuesday",
    "schedules-wednesday",
    "schedules-thursday",
    "schedules-friday",
    "schedules-saturday",
    "schedules-sunday",
];

impl Schedule {
    /// One line, without the zone.
    pub fn words(&self, lang: Lang) -> String {
        if !self.is_on {
            return lang.t("schedules-off");
        }
        let list = |days: Vec<String>| days.join(&lang.t("schedules-list-separator"));
        match &self.recurrence {
            Recurrence::SystemRefresh => lang.t("schedules-kind-system-refresh"),
            Recurrence::Hourly { minute } => {
                let text = lang.msg("schedules-words-hourly");
                text.text("minute", format!("{minute:02}")).to_string()
            }
            Recurrence::Daily { at } => {
                let text = lang.msg("schedules-words-daily");
                text.text("time", clock_time(*at)).to_string()
            }
            Recurrence::Weekly { days, at } => {
                let days = days.iter().map(|day| weekday(lang, *day)).collect();
                let text = lang.msg("schedules-words-weekly").text("days", list(days));
                text.text("time", clock_time(*at)).to_string()
            }
            Recurrence::Monthly { days, is_last, at } => {
                let number = |day: &i8| {
                    let text = lang.msg("schedules-words-day");
                    text.text("day", day.to_string()).to_string()
                };
                let mut days: Vec<String> = days.iter().map(number).collect();
                days.extend(is_last.then(|| lang.t("schedules-words-last-day")));
                let text = lang.msg("schedules-words-monthly").text("days", list(days));
                text.text("time", clock_time(*at)).to_string()
            }
            Recurrence::Cron { expression } => {
                let text = lang.msg("schedules-words-cron");
                text.text("expression", expression.as_str()).to_string()
            }
        }
    }
}

/// Name of a day of the week, 1 to 7.
pub(crate) fn weekday(lang: Lang, day: i8) -> String {
    let key = weekdays().zip(WEEKDAYS).find(|(number, _)| *number == day);
    key.map_or_else(String::new, |(_, key)| lang.t(key))
}

/// Number and name of every day of the week, Monday first.
pub(crate) fn all_weekdays(lang: Lang) -> Vec<(i8, String)> {
    weekdays().map(|day| (day, weekday(lang, day))).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;

    use super::*;

    #[test]
    fn days_of_the_month_read_as_in_each_language() {
        let words = |days: &[i8], is_last, lang| {
            let schedule = Schedule {
                is_on: true,
                recurrence: Recurrence::Monthly {
                    days: days.to_vec(),
                    is_last,
                    at: time(6, 0, 0, 0),
                },
                zone: "UTC".to_owned(),
            };
            schedule.words(lang)
        };
        for (days, is_last, english, chinese) in [
            (
                &[] as &[i8],
                true,
                "Monthly on the last day at 06:00",
                "每月最後一天 06:00",
            ),
            (
                &[1, 15],
                true,
                "Monthly on 1, 15, the last day at 06:00",
                "每月1日、15日、最後一天 06:00",
            ),
            (&[31], false, "Monthly on 31 at 06:00", "每月31日 06:00"),
        ] {
            assert_eq!(words(days, is_last, Lang::En), english);
            assert_eq!(words(days, is_last, Lang::ZhHk), chinese);
        }
    }
}
