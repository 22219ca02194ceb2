//! When the whole system is refreshed: days, up to four times a day, zone; and what was typed about it.

use jiff::Timestamp;
use jiff::civil::Time;
use serde::{Deserialize, Serialize};

use crate::locale::{Lang, find_offered_zone, server_zone_name};
use crate::schedules::form::{clock_time, read_time};
use crate::schedules::{Recurrence, words};

/// Times a day at most, as in the reference product.
pub(super) const MAX_TIMES: usize = 4;

/// When the whole system is refreshed while the schedule is on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshPlan {
    /// Days of the week, 1 is Monday; `None` for every day.
    pub days: Option<Vec<i8>>,
    /// Times of a day, in order, at least one and at most [`MAX_TIMES`].
    pub times: Vec<Time>,
    /// Name of the zone the times are in.
    pub zone: String,
}

impl RefreshPlan {
    /// The first moment after `after`; `None` when the zone is not known any more.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let zone = find_offered_zone(&self.zone)?;
        let each = self.times.iter().map(|at| match &self.days {
            None => Recurrence::Daily { at: *at },
            Some(days) => Recurrence::Weekly {
                days: days.clone(),
                at: *at,
            },
        });
        each.filter_map(|time| time.next_after(after, &zone)).min()
    }

    /// One line, without the zone.
    pub fn words(&self, lang: Lang) -> String {
        let list = |all: Vec<String>| all.join(&lang.t("schedules-list-separator"));
        let times = list(self.times.iter().map(|at| clock_time(*at)).collect());
        match &self.days {
            None => lang
                .msg("schedules-words-daily")
                .text("time", times)
                .to_string(),
            Some(days) => {
                let days = days.iter().map(|day| words::weekday(lang, *day)).collect();
                let text = lang.msg("schedules-words-weekly").text("days", list(days));
                text.text("time", times).to_string()
            }
        }
    }

    /// The next moments after `after`, at most `count`.
    pub fn upcoming(&self, after: Timestamp, count: usize) -> Vec<Timestamp> {
        std::iter::successors(self.next_after(after), |last| self.next_after(*last))
            .take(count)
            .collect()
    }
}

/// The form as it was filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RefreshForm {
    /// `on` or `off`.
    pub(super) run: String,
    /// `weekly` or `daily`.
    pub(super) repeat: String,
    pub(super) weekdays: Vec<String>,
    pub(super) times: Vec<String>,
    pub(super) zone: String,
    /// Version of the saved schedule it was made from.
    pub(super) version: i32,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    Run,
    Repeat,
    Weekdays,
    /// The time with this index does not exist.
    Time(usize),
    /// The time with this index is there twice.
    Twice(usize),
    Zone,
}

impl Problem {
    /// Id of the field it is about.
    pub(super) fn field(self) -> String {
        match self {
            Self::Run => "run".to_owned(),
            Self::Repeat => "repeat".to_owned(),
            Self::Weekdays => "weekday".to_owned(),
            Self::Time(index) | Self::Twice(index) => time_id(index),
            Self::Zone => "zone".to_owned(),
        }
    }

    pub(super) fn message_key(self) -> &'static str {
        match self {
            Self::Run => "refresh-problem-run",
            Self::Repeat => "refresh-problem-repeat",
            Self::Weekdays => "schedules-problem-weekdays",
            Self::Time(_) => "schedules-problem-time",
            Self::Twice(_) => "refresh-problem-twice",
            Self::Zone => "schedules-problem-zone",
        }
    }
}

/// Id of the field of a time.
pub(super) fn time_id(index: usize) -> String {
    format!("time-{}", index + 1)
}

impl RefreshForm {
    pub(super) fn read(pairs: &[(String, String)]) -> Self {
        let all = |wanted: &'static str| {
            let found = pairs.iter().filter(move |(name, _)| name == wanted);
            found.map(|(_, value)| value.trim().to_owned())
        };
        Self {
            run: all("run").next().unwrap_or_default(),
            repeat: all("repeat").next().unwrap_or_default(),
            weekdays: all("weekday").take(7).collect(),
            times: all("time").take(MAX_TIMES).collect(),
            zone: all("zone").next().unwrap_or_default(),
            version: all("version")
                .next()
                .and_then(|version| version.parse().ok())
                .unwrap_or_default(),
        }
    }

    /// The form that shows what is saved, or something usual.
    pub(super) fn of(is_on: bool, plan: Option<&RefreshPlan>) -> Self {
        let usual = RefreshPlan {
            days: Some(vec![1]),
            times: vec![Time::midnight()],
            zone: server_zone_name(),
        };
        let plan = plan.unwrap_or(&usual);
        let days = plan.days.as_deref().unwrap_or_default();
        Self {
            run: if is_on { "on" } else { "off" }.to_owned(),
            repeat: if plan.days.is_some() {
                "weekly"
            } else {
                "daily"
            }
            .to_owned(),
            weekdays: days.iter().map(ToString::to_string).collect(),
            times: plan.times.iter().map(|at| clock_time(*at)).collect(),
            zone: plan.zone.clone(),
            version: 0,
        }
    }

    /// Whether a day of the week is ticked.
    pub(super) fn has_weekday(&self, day: &i8) -> bool {
        self.weekdays.contains(&day.to_string())
    }

    /// Whether it is on, and when.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub(super) fn check(&self) -> Result<(bool, RefreshPlan), Vec<Problem>> {
        let mut problems = Vec::new();
        let is_on = match self.run.as_str() {
            "on" => true,
            "off" => false,
            _ => {
                problems.push(Problem::Run);
                false
            }
        };
        let days = match self.repeat.as_str() {
            "daily" => None,
            "weekly" => {
                let all = words::all_weekdays(crate::locale::Lang::En);
                let numbers = all.into_iter().map(|(number, _)| number);
                let days: Vec<i8> = numbers.filter(|day| self.has_weekday(day)).collect();
                if days.is_empty() {
                    problems.push(Problem::Weekdays);
                }
                Some(days)
            }
            _ => {
                problems.push(Problem::Repeat);
                None
            }
        };
        let mut times = Vec::new();
        for (index, text) in self.times.iter().enumerate() {
            match read_time(text) {
                None => problems.push(Problem::Time(index)),
                Some(at) if times.contains(&at) => problems.push(Problem::Twice(index)),
                Some(at) => times.push(at),
            }
        }
        if self.times.is_empty() {
            problems.push(Problem::Time(0));
        }
        if find_offered_zone(&self.zone).is_none() {
            problems.push(Problem::Zone);
        }
        times.sort();
        if problems.is_empty() {
            let zone = self.zone.clone();
            Ok((is_on, RefreshPlan { days, times, zone }))
        } else {
            Err(problems)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(times: &[&str]) -> RefreshForm {
        let mut pairs = vec![
            ("run", "on"),
            ("repeat", "weekly"),
            ("weekday", "7"),
            ("zone", "America/New_York"),
        ];
        pairs.extend(times.iter().map(|time| ("time", *time)));
        let owned = pairs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        RefreshForm::read(&owned.collect::<Vec<_>>())
    }

    #[test]
    fn times_of_a_day_come_in_order_across_a_clock_change() {
        let (is_on, plan) = form(&["23:00", "02:30"]).check().unwrap();
        assert!(is_on);
        let after = "2027-03-13T12:00:00Z".parse().unwrap();
        let texts: Vec<String> = plan
            .upcoming(after, 3)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            texts,
            [
                "2027-03-14T07:00:00Z",
                "2027-03-15T03:00:00Z",
                "2027-03-21T06:30:00Z"
            ]
        );
        assert_eq!(RefreshForm::of(true, Some(&plan)).check().unwrap().1, plan);
    }

    #[test]
    fn what_is_wrong_is_told() {
        let told = |change: &dyn Fn(&mut RefreshForm)| {
            let mut form = form(&["06:00"]);
            change(&mut form);
            form.check().unwrap_err()
        };
        assert_eq!(told(&|form| form.weekdays.clear()), [Problem::Weekdays]);
        assert_eq!(
            told(&|form| form.times.push("25:00".into())),
            [Problem::Time(1)]
        );
        assert_eq!(
            told(&|form| form.times.push("6:00".into())),
            [Problem::Twice(1)]
        );
        assert_eq!(told(&|form| form.times.clear()), [Problem::Time(0)]);
        assert_eq!(told(&|form| form.zone = "Nowhere".into()), [Problem::Zone]);
        assert_eq!(
            told(&|form| form.repeat = "yearly".into()),
            [Problem::Repeat]
        );
        assert_eq!(told(&|form| form.run = String::new()), [Problem::Run]);
        assert_eq!(
            form(&["1:00", "2:00", "3:00", "4:00", "5:00"]).times.len(),
            MAX_TIMES
        );
    }
}
