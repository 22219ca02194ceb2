//! Time travel: schedules across the clock changes of three zones, in both directions.

use super::*;

/// Europe/Berlin: 02:00 → 03:00 on 28 March 2027, 03:00 → 02:00 on 31 October 2027.
const BERLIN: &str = "Europe/Berlin";
/// `America/New_York`: 02:00 → 03:00 on 14 March 2027, 02:00 → 01:00 on 7 November 2027.
const NEW_YORK: &str = "America/New_York";
/// `Australia/Lord_Howe`, by half an hour: 02:00 → 01:30 on 4 April 2027, 02:00 → 02:30 on 3 October 2027.
const LORD_HOWE: &str = "Australia/Lord_Howe";

fn time(text: &str) -> Time {
    text.parse().unwrap()
}

fn daily(text: &str) -> Recurrence {
    Recurrence::Daily { at: time(text) }
}

fn cron(expression: &str) -> Recurrence {
    Recurrence::Cron {
        expression: expression.to_owned(),
    }
}

/// The next moments after a moment (UTC), as the wall clock shows them, with their offset.
fn upcoming(recurrence: &Recurrence, zone: &str, after: &str, count: usize) -> Vec<String> {
    let schedule = Schedule {
        is_on: true,
        recurrence: recurrence.clone(),
        zone: zone.to_owned(),
    };
    let zone = find_offered_zone(zone).unwrap();
    let upcoming = schedule.upcoming(after.parse().unwrap(), count);
    assert!(upcoming.is_sorted_by(|a, b| a < b), "{upcoming:?}");
    upcoming
        .into_iter()
        .map(|at| at.to_zoned_datetime(zone.clone()))
        .map(|at| at.strftime("%d %b %H:%M %:z").to_string())
        .collect()
}

#[test]
fn a_skipped_time_runs_at_the_first_moment_after_the_gap() {
    for (zone, after, before, changed, next) in [
        (
            BERLIN,
            "2027-03-27T00:00:00Z",
            "27 Mar 02:15 +01:00",
            "28 Mar 03:00 +02:00",
            "29 Mar 02:15 +02:00",
        ),
        (
            NEW_YORK,
            "2027-03-13T00:00:00Z",
            "13 Mar 02:15 -05:00",
            "14 Mar 03:00 -04:00",
            "15 Mar 02:15 -04:00",
        ),
        (
            LORD_HOWE,
            "2027-10-01T00:00:00Z",
            "02 Oct 02:15 +10:30",
            "03 Oct 02:30 +11:00",
            "04 Oct 02:15 +11:00",
        ),
    ] {
        for recurrence in [daily("02:15"), cron("15 2 * * *")] {
            let found = upcoming(&recurrence, zone, after, 3);
            assert_eq!(found, [before, changed, next], "{zone}");
        }
    }
}

#[test]
fn a_time_that_comes_twice_runs_once_the_first_time() {
    for (zone, after, at, before, changed, next) in [
        (
            BERLIN,
            "2027-10-29T23:00:00Z",
            "02:15",
            "30 Oct 02:15 +02:00",
            "31 Oct 02:15 +02:00",
            "01 Nov 02:15 +01:00",
        ),
        (
            NEW_YORK,
            "2027-11-05T23:00:00Z",
            "01:15",
            "06 Nov 01:15 -04:00",
            "07 Nov 01:15 -04:00",
            "08 Nov 01:15 -05:00",
        ),
        (
            LORD_HOWE,
            "2027-04-02T00:00:00Z",
            "01:45",
            "03 Apr 01:45 +11:00",
            "04 Apr 01:45 +11:00",
            "05 Apr 01:45 +10:30",
        ),
    ] {
        let (hour, minute) = at.split_once(':').unwrap();
        for recurrence in [daily(at), cron(&format!("{minute} {hour} * * *"))] {
            let found = upcoming(&recurrence, zone, after, 3);
            assert_eq!(found, [before, changed, next], "{zone}");
        }
    }
    // Asked between the two, it does not come again.
    let between = upcoming(&daily("02:15"), BERLIN, "2027-10-31T01:00:00Z", 1);
    assert_eq!(between, ["01 Nov 02:15 +01:00"]);
}

#[test]
fn hourly_runs_in_every_hour_that_passes() {
    let hourly = Recurrence::Hourly { minute: 15 };
    assert_eq!(
        upcoming(&hourly, BERLIN, "2027-03-28T00:00:00Z", 3),
        [
            "28 Mar 01:15 +01:00",
            "28 Mar 03:15 +02:00",
            "28 Mar 04:15 +02:00"
        ]
    );
    assert_eq!(
        upcoming(&hourly, NEW_YORK, "2027-11-07T05:00:00Z", 3),
        [
            "07 Nov 01:15 -04:00",
            "07 Nov 01:15 -05:00",
            "07 Nov 02:15 -05:00"
        ]
    );
    // Half an hour: the clock shows the minute again only later.
    assert_eq!(
        upcoming(&hourly, LORD_HOWE, "2027-10-02T14:00:00Z", 3),
        [
            "03 Oct 01:15 +10:30",
            "03 Oct 03:15 +11:00",
            "03 Oct 04:15 +11:00"
        ]
    );
    assert_eq!(
        upcoming(&hourly, "Asia/Kolkata", "2027-01-01T00:00:00Z", 2),
        ["01 Jan 06:15 +05:30", "01 Jan 07:15 +05:30"]
    );
}

#[test]
fn a_cron_expression_for_every_quarter_of_an_hour_loses_nothing_but_the_second_pass() {
    let quarters = cron("*/15 * * * *");
    assert_eq!(
        upcoming(&quarters, BERLIN, "2027-03-28T00:30:00Z", 3),
        [
            "28 Mar 01:45 +01:00",
            "28 Mar 03:00 +02:00",
            "28 Mar 03:15 +02:00"
        ]
    );
    assert_eq!(
        upcoming(&quarters, NEW_YORK, "2027-11-07T05:30:00Z", 3),
        [
            "07 Nov 01:45 -04:00",
            "07 Nov 02:00 -05:00",
            "07 Nov 02:15 -05:00"
        ]
    );
}

#[test]
fn days_of_week_and_month() {
    let weekly = Recurrence::Weekly {
        days: vec![1, 5],
        at: time("23:00"),
    };
    assert_eq!(
        upcoming(&weekly, "Asia/Hong_Kong", "2026-11-27T15:00:00Z", 3),
        [
            "30 Nov 23:00 +08:00",
            "04 Dec 23:00 +08:00",
            "07 Dec 23:00 +08:00"
        ]
    );
    // Days a month does not have are its last one, once.
    let monthly = Recurrence::Monthly {
        days: vec![15, 30, 31],
        is_last: false,
        at: time("00:30"),
    };
    assert_eq!(
        upcoming(&monthly, "UTC", "2027-02-01T00:00:00Z", 6),
        [
            "15 Feb 00:30 +00:00",
            "28 Feb 00:30 +00:00",
            "15 Mar 00:30 +00:00",
            "30 Mar 00:30 +00:00",
            "31 Mar 00:30 +00:00",
            "15 Apr 00:30 +00:00"
        ]
    );
    let last = Recurrence::Monthly {
        days: vec![31],
        is_last: true,
        at: time("06:00"),
    };
    assert_eq!(
        upcoming(&last, "UTC", "2028-01-31T06:00:00Z", 3),
        [
            "29 Feb 06:00 +00:00",
            "31 Mar 06:00 +00:00",
            "30 Apr 06:00 +00:00"
        ]
    );
}

#[test]
fn what_is_off_or_follows_the_refresh_has_no_moment_of_its_own() {
    let now = Timestamp::UNIX_EPOCH;
    assert_eq!(Schedule::usual().next_after(now), None);
    let off = Schedule {
        is_on: false,
        recurrence: daily("06:00"),
        zone: BERLIN.to_owned(),
    };
    assert_eq!(off.next_after(now), None);
    let unknown = Schedule {
        is_on: true,
        zone: "Nowhere/Land".to_owned(),
        ..off
    };
    assert_eq!(unknown.next_after(now), None);
}
