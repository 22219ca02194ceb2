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
                let mut days: Vec<String> = days.iter().map(ToString::to_string).collect();
                days.extend(is_last.then(|| lang.t("schedules-last-day")));
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
