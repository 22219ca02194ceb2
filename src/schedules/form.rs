//! What was typed about a schedule, and what is wrong with it.

use jiff::Timestamp;
use jiff::civil::Time;

use super::cron;
use super::recurrence::{Kind, Recurrence, Schedule, weekdays};
use crate::locale::{find_offered_zone, server_zone_name};

/// Value of the field `monthday` for the last day.
pub(super) const LAST_DAY: &str = "last";

/// The form as it was filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleForm {
    /// Whether it runs by itself: `on` or `off`.
    pub run: String,
    /// Name of a [`Kind`].
    pub recurrence: String,
    /// Hours and minutes.
    pub time: String,
    /// Minute of an hourly schedule.
    pub minute: String,
    /// Days of the week, 1 to 7.
    pub weekdays: Vec<String>,
    /// Days of the month, 1 to 31 and `last`.
    pub monthdays: Vec<String>,
    /// Cron expression.
    pub cron: String,
    /// Name of a time zone.
    pub zone: String,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Neither on nor off.
    Run,
    /// No recurrence, or none there is.
    Recurrence,
    /// No time of day.
    Time,
    /// No minute of an hour.
    Minute,
    /// No day of the week.
    Weekdays,
    /// No day of the month.
    Monthdays,
    /// Not a cron expression.
    Cron,
    /// A cron expression that never comes.
    CronNever,
    /// No time zone.
    Zone,
}

impl Problem {
    /// Field it is about.
    pub fn field(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Recurrence => "recurrence",
            Self::Time => "time",
            Self::Minute => "minute",
            Self::Weekdays => "weekday",
            Self::Monthdays => "monthday",
            Self::Cron | Self::CronNever => "cron",
            Self::Zone => "zone",
        }
    }

    /// Message key of the sentence that says it and what to do.
    pub fn message_key(self) -> &'static str {
        match self {
            Self::Run => "schedules-problem-run",
            Self::Recurrence => "schedules-problem-recurrence",
            Self::Time => "schedules-problem-time",
            Self::Minute => "schedules-problem-minute",
            Self::Weekdays => "schedules-problem-weekdays",
            Self::Monthdays => "schedules-problem-monthdays",
            Self::Cron => "schedules-problem-cron",
            Self::CronNever => "schedules-problem-cron-never",
            Self::Zone => "schedules-problem-zone",
        }
    }
}

impl ScheduleForm {
    /// Reads a posted form.
    pub fn read(pairs: &[(String, String)]) -> Self {
        let all = |wanted: &str| {
            let found = pairs.iter().filter(|(name, _)| name == wanted);
            found.map(|(_, value)| value.trim().to_owned()).collect()
        };
        let one = |wanted: &str| {
            let all: Vec<String> = all(wanted);
            all.into_iter().next().unwrap_or_default()
        };
        Self {
            run: one("run"),
            recurrence: one("recurrence"),
            time: one("time"),
            minute: one("minute"),
            weekdays: all("weekday"),
            monthdays: all("monthday"),
            cron: one("cron"),
            zone: one("zone"),
        }
    }

    /// The form that shows a schedule; what it does not use is filled with something usual.
    pub fn of(schedule: &Schedule) -> Self {
        let mut form = Self {
            run: if schedule.is_on { "on" } else { "off" }.to_owned(),
            recurrence: schedule.recurrence.kind().name().to_owned(),
            time: "06:00".to_owned(),
            minute: "0".to_owned(),
            weekdays: Vec::new(),
            monthdays: Vec::new(),
            cron: String::new(),
            zone: schedule.zone.clone(),
        };
        let texts = |days: &[i8]| days.iter().map(ToString::to_string).collect();
        match &schedule.recurrence {
            Recurrence::SystemRefresh => {}
            Recurrence::Hourly { minute } => form.minute = minute.to_string(),
            Recurrence::Daily { at } => form.time = clock_time(*at),
            Recurrence::Weekly { days, at } => {
                form.time = clock_time(*at);
                form.weekdays = texts(days);
            }
            Recurrence::Monthly { days, is_last, at } => {
                form.time = clock_time(*at);
                form.monthdays = texts(days);
                form.monthdays.extend(is_last.then(|| LAST_DAY.to_owned()));
            }
            Recurrence::Cron { expression } => form.cron = expression.clone(),
        }
        form
    }

    /// Whether a day of the week is ticked.
    pub fn has_weekday(&self, day: &i8) -> bool {
        self.weekdays.contains(&day.to_string())
    }

    /// Whether a day of the month is ticked.
    pub fn has_monthday(&self, day: &i8) -> bool {
        self.monthdays.contains(&day.to_string())
    }

    /// Whether the last day of the month is ticked.
    pub fn has_last_day(&self) -> bool {
        self.monthdays.iter().any(|day| day == LAST_DAY)
    }

    /// Whether it is on, if that was said.
    pub fn is_on(&self) -> Result<bool, Problem> {
        match self.run.as_str() {
            "on" => Ok(true),
            "off" => Ok(false),
            _ => Err(Problem::Run),
        }
    }

    /// The schedule that was meant.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn check(&self, now: Timestamp) -> Result<Schedule, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut keep = |problem| problems.push(problem);
        let is_on = self.is_on().map_err(&mut keep).unwrap_or_default();
        let zone = find_offered_zone(&self.zone);
        // What has no times of its own needs no zone.
        if zone.is_none() && self.recurrence != Kind::SystemRefresh.name() {
            keep(Problem::Zone);
        }
        let Some(kind) = Kind::from_name(&self.recurrence) else {
            keep(Problem::Recurrence);
            return Err(problems);
        };
        let at = match kind {
            Kind::Daily | Kind::Weekly | Kind::Monthly => {
                read_time(&self.time).unwrap_or_else(|| {
                    keep(Problem::Time);
                    Time::midnight()
                })
            }
            Kind::SystemRefresh | Kind::Hourly | Kind::Cron => Time::midnight(),
        };
        let recurrence = match kind {
            Kind::SystemRefresh => Recurrence::SystemRefresh,
            Kind::Hourly => {
                let minute = self.minute.parse().ok().filter(|m| (0..60).contains(m));
                if minute.is_none() {
                    keep(Problem::Minute);
                }
                Recurrence::Hourly {
                    minute: minute.unwrap_or_default(),
                }
            }
            Kind::Daily => Recurrence::Daily { at },
            Kind::Weekly => {
                let days: Vec<i8> = weekdays().filter(|day| self.has_weekday(day)).collect();
                if days.is_empty() {
                    keep(Problem::Weekdays);
                }
                Recurrence::Weekly { days, at }
            }
            Kind::Monthly => {
                let days: Vec<i8> = (1..=31).filter(|day| self.has_monthday(day)).collect();
                let is_last = self.has_last_day();
                if days.is_empty() && !is_last {
                    keep(Problem::Monthdays);
                }
                Recurrence::Monthly { days, is_last, at }
            }
            Kind::Cron => {
                if !cron::is_readable(&self.cron) {
                    keep(Problem::Cron);
                } else if let Some(zone) = &zone {
                    let recurrence = Recurrence::Cron {
                        expression: self.cron.clone(),
                    };
                    if recurrence.next_after(now, zone).is_none() {
                        keep(Problem::CronNever);
                    }
                }
                Recurrence::Cron {
                    expression: self.cron.clone(),
                }
            }
        };
        if problems.is_empty() {
            Ok(Schedule {
                is_on,
                recurrence,
                zone: zone.map_or_else(server_zone_name, |_| self.zone.clone()),
            })
        } else {
            Err(problems)
        }
    }
}

/// Hours and minutes that exist: `00:00` to `23:59`.
pub(crate) fn read_time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let part = |digits: &str| {
        let is_number = digits.len() <= 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse::<i8>().ok()).flatten()
    };
    if minute.len() != 2 {
        return None;
    }
    Time::new(part(hour)?, part(minute)?, 0, 0).ok()
}

/// Hours and minutes as people and browsers write them.
pub(crate) fn clock_time(at: Time) -> String {
    format!("{:02}:{:02}", at.hour(), at.minute())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(pairs: &[(&str, &str)]) -> ScheduleForm {
        let pairs: Vec<_> = [("run", "on"), ("zone", "Europe/Berlin"), ("time", "02:30")]
            .iter()
            .chain(pairs)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        ScheduleForm::read(&pairs)
    }

    fn check(pairs: &[(&str, &str)]) -> Result<Schedule, Vec<Problem>> {
        form(pairs).check("2026-11-26T00:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_form_shows_what_it_was_read_from() {
        for pairs in [
            &[("recurrence", "system_refresh")][..],
            &[("recurrence", "hourly"), ("minute", "15")],
            &[("recurrence", "daily")],
            &[("recurrence", "weekly"), ("weekday", "3"), ("weekday", "1")],
            &[
                ("recurrence", "monthly"),
                ("monthday", "31"),
                ("monthday", "last"),
            ],
            &[("recurrence", "cron"), ("cron", "*/5 8-18 * * MON-FRI")],
        ] {
            let schedule = check(pairs).unwrap();
            let shown = ScheduleForm::of(&schedule);
            assert_eq!(shown.check(Timestamp::UNIX_EPOCH).unwrap(), schedule);
        }
    }

    #[test]
    fn what_is_wrong_is_told_by_field() {
        for (pairs, expected) in [
            (&[("recurrence", "weekly")][..], Problem::Weekdays),
            (
                &[("recurrence", "weekly"), ("weekday", "8")],
                Problem::Weekdays,
            ),
            (
                &[("recurrence", "monthly"), ("monthday", "32")],
                Problem::Monthdays,
            ),
            (
                &[("recurrence", "hourly"), ("minute", "60")],
                Problem::Minute,
            ),
            (
                &[("recurrence", "hourly"), ("minute", "-1")],
                Problem::Minute,
            ),
            (&[("recurrence", "fortnightly")], Problem::Recurrence),
            (&[("recurrence", "cron"), ("cron", "")], Problem::Cron),
            (
                &[("recurrence", "cron"), ("cron", "every day")],
                Problem::Cron,
            ),
            (
                &[("recurrence", "cron"), ("cron", "61 * * * *")],
                Problem::Cron,
            ),
            (
                &[("recurrence", "cron"), ("cron", "0 0 0 * * *")],
                Problem::Cron,
            ),
            (
                &[("recurrence", "cron"), ("cron", "0 0 31 2 *")],
                Problem::CronNever,
            ),
        ] {
            assert_eq!(check(pairs).unwrap_err(), [expected], "{pairs:?}");
        }
        for time in [
            "", "24:00", "12:60", "7", "-1:30", "02:3", "02:30:61", "noon",
        ] {
            let mut form = form(&[("recurrence", "daily")]);
            form.time = time.to_owned();
            let problems = form.check(Timestamp::UNIX_EPOCH).unwrap_err();
            assert_eq!(problems, [Problem::Time], "{time:?}");
        }
        for zone in [
            "",
            "Mars/Olympus",
            "Europe/Berlin ",
            "../../etc/passwd",
            "EST5EDT4",
        ] {
            let mut form = form(&[("recurrence", "daily")]);
            form.zone = zone.to_owned();
            let problems = form.check(Timestamp::UNIX_EPOCH).unwrap_err();
            assert_eq!(problems, [Problem::Zone], "{zone:?}");
        }
    }
}
