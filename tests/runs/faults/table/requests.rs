//! Requests that go wrong: signing in, setting up, sending, accounting.

use listbridge::sandbox::{FaultKind as Kind, ImposedOutcome as Imposed, When};

use super::{
    At, Cell, Given, Outcome, Size, after, always, delivered, ends, first, is_accepted, passing,
};

pub(super) fn cells() -> Vec<Cell> {
    let mut cells = token();
    cells.extend(account_summary());
    cells.extend(reads());
    cells.extend(upload());
    cells
}

fn token() -> Vec<Cell> {
    let cell = |name: &str, given, must| Cell::new(At::Token, name, given, must);
    let lost = || ends("sign_in_again", 0, 0, "runs-outcome-sign-in-again");
    let mut cells: Vec<Cell> = passing(1)
        .into_iter()
        .map(|(name, kind, times)| {
            // A refresh token works once: where the answer is lost, the new one is.
            let is_lost = is_accepted(&kind) && !matches!(kind, Kind::Slow(_));
            let must = if is_lost { lost() } else { delivered(1) };
            cell(name, first(times, kind), must)
        })
        .collect();
    let refused = || {
        ends(
            "application_refused",
            0,
            0,
            "runs-outcome-application-refused",
        )
    };
    cells.extend([
        cell(
            "429 `quota_exceeded`",
            first(1, Kind::QuotaExceeded),
            delivered(1),
        ),
        cell("401", always(Kind::Status(401)), refused()),
        cell("403", first(1, Kind::Status(403)), delivered(1)),
        cell("connection refused", Given::Refused, delivered(1)),
        cell("refresh token revoked", Given::Revoked, lost()),
    ]);
    cells
}

fn account_summary() -> Vec<Cell> {
    let cell = |name: &str, given, problem: &str| {
        let (authorization, says) = match problem {
            "" => ("authorized", "no problem".to_owned()),
            problem => ("none", problem.to_owned()),
        };
        Cell::new(
            At::AccountSummary,
            name,
            given,
            ends(authorization, 0, 0, &says),
        )
    };
    let mut cells: Vec<Cell> = passing(1)
        .into_iter()
        .map(|(name, kind, times)| {
            // Asked again, except when the queue is full or nobody knows what the answer was.
            let problem = match kind {
                Kind::QueueFull => "throttled",
                Kind::MalformedJson => "unreachable",
                _ => "",
            };
            cell(name, first(times, kind), problem)
        })
        .collect();
    cells.extend([
        cell(
            "429 `quota_exceeded`",
            first(1, Kind::QuotaExceeded),
            "quota_spent",
        ),
        cell("401", first(1, Kind::Status(401)), "refused"),
        cell("403", first(1, Kind::Status(403)), "missing_privilege"),
        cell(
            "500 again and again",
            always(Kind::Status(500)),
            "unreachable",
        ),
        cell(
            "429 `throttled` again and again",
            always(Kind::Throttled),
            "throttled",
        ),
        cell("connection refused", Given::Refused, "unreachable"),
    ]);
    cells
}

/// What asks without changing anything: lists before sending, the activities and one activity after it.
fn reads() -> Vec<Cell> {
    let mut cells = Vec::new();
    for at in [At::Lists, At::Activities, At::Activity] {
        let cell = |name: &str, given, must| Cell::new(at, name, given, must);
        for (name, kind, times) in passing(3) {
            cells.push(cell(name, first(times, kind), delivered(1)));
        }
        // What was sent before stays sent.
        let (members, uploads) = if at == At::Lists { (0, 0) } else { (40, 1) };
        let gone = if at == At::Lists {
            ends("list_not_found", 0, 0, "runs-outcome-list-not-found")
        } else if at == At::Activity {
            ends("activity_failed", 40, 1, "runs-outcome-activity-failed")
        } else {
            ends("refused", 40, 1, "runs-outcome-refused")
        };
        let ends = |code, says| ends(code, members, uploads, says);
        cells.extend([
            cell(
                "429 `quota_exceeded`",
                first(1, Kind::QuotaExceeded),
                after("quota", delivered(1)),
            ),
            cell("401 once", first(1, Kind::Status(401)), delivered(1)),
            cell(
                "401 with every token",
                always(Kind::Status(401)),
                ends("sign_in_again", "runs-outcome-sign-in-again"),
            ),
            cell(
                "403",
                always(Kind::Status(403)),
                ends("not_allowed", "runs-outcome-not-allowed"),
            ),
            cell("404, gone", always(Kind::Status(404)), gone),
            cell("connection refused", Given::Refused, delivered(1)),
            cell(
                "500 for hours",
                always(Kind::Status(500)),
                ends("vendor_unavailable", "runs-outcome-vendor-unavailable"),
            ),
        ]);
    }
    cells.extend([
        Cell::new(
            At::Activities,
            "500 for a while, and the answer to the upload was lost",
            Given::NobodyCanTell(true),
            after("certainty", delivered(1)),
        ),
        Cell::new(
            At::Activities,
            "500 for a day, and the answer to the upload was lost",
            Given::NobodyCanTell(false),
            after(
                "certainty",
                ends("outcome_unknown", 40, 1, "runs-outcome-outcome-unknown"),
            ),
        ),
    ]);
    cells
}

fn upload() -> Vec<Cell> {
    let cell = |name: &str, given, must| Cell::new(At::Upload, name, given, must);
    let mut cells: Vec<Cell> = passing(2)
        .into_iter()
        .map(|(name, kind, times)| {
            let uploads = if is_accepted(&kind) { 1 } else { 1 + times };
            cell(name, first(times, kind), delivered(uploads))
        })
        .collect();
    let failed = |members| {
        ends(
            "activity_failed",
            members,
            1,
            "runs-outcome-activity-failed",
        )
    };
    let imposed = |outcome| first(1, Kind::ActivityOutcome(outcome));
    // It is there when the list is read for the sixth time, 50 seconds after the first answer or the waiting for it.
    let late = |status| {
        let kind = Kind::AcceptedLate {
            status,
            listings: 5,
        };
        (first(1, kind), delivered(1))
    };
    for (name, status) in [
        ("500, and accepted 40 seconds later", Some(500)),
        ("504, and accepted 40 seconds later", Some(504)),
        ("no answer, and accepted 40 seconds later", None),
    ] {
        let (given, must) = late(status);
        cells.push(cell(name, given, must));
    }
    cells.extend([
        cell(
            "429 `quota_exceeded`",
            first(1, Kind::QuotaExceeded),
            after("quota", delivered(2)),
        ),
        cell(
            "429 `quota_exceeded` at part 7 of 26",
            Given::Http(Kind::QuotaExceeded, When::Nth(7)),
            Outcome {
                members: 192_500,
                ..after("quota", delivered(27))
            },
        )
        .of(Size::TwentySix),
        cell(
            "401 in mid-run",
            Given::Http(Kind::Status(401), When::Nth(2)),
            Outcome {
                members: 20_000,
                ..delivered(4)
            },
        )
        .of(Size::Three),
        cell(
            "401 with every token",
            always(Kind::Status(401)),
            ends("sign_in_again", 0, 2, "runs-outcome-sign-in-again"),
        ),
        cell(
            "403",
            always(Kind::Status(403)),
            ends("not_allowed", 0, 1, "runs-outcome-not-allowed"),
        ),
        cell(
            "400",
            always(Kind::Status(400)),
            ends("refused", 0, 1, "runs-outcome-refused"),
        ),
        cell("connection refused", Given::Refused, delivered(2)),
        cell(
            "500 again and again",
            always(Kind::Status(500)),
            ends(
                "vendor_unavailable",
                0,
                5,
                "runs-outcome-vendor-unavailable",
            ),
        ),
        cell("activity `failed`", imposed(Imposed::Failed), failed(0)),
        cell(
            "activity `cancelled`",
            imposed(Imposed::Cancelled),
            failed(0),
        ),
        cell(
            "activity `timed_out`",
            imposed(Imposed::TimedOut),
            failed(0),
        ),
        cell(
            "activity stuck in `processing`",
            imposed(Imposed::Stuck),
            ends(
                "activities_too_slow",
                0,
                1,
                "runs-outcome-activities-too-slow",
            ),
        ),
        cell(
            "activity gone (404)",
            first(1, Kind::ActivityGone),
            failed(40),
        ),
        cell(
            "list deleted in mid-run",
            Given::Http(Kind::ListDeleted, When::Nth(1)),
            ends("list_not_found", 0, 2, "runs-outcome-list-not-found"),
        )
        .of(Size::Three),
    ]);
    cells
}
