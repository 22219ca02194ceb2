//! Jobs about whoever is on a list that go wrong: exporting contacts, reading the file, taking people off.

use listbridge::sandbox::{FaultKind as Kind, ImposedOutcome as Imposed};

use super::{At, Cell, Given, Outcome, after, always, ends, first, passing};

pub(super) fn cells() -> Vec<Cell> {
    let mut cells = contact_exports();
    cells.extend(download());
    cells.extend(removals());
    cells
}

fn contact_exports() -> Vec<Cell> {
    let verified = || ends("verified", 40, 1, "nothing to say");
    let failed = |code: &str, says: &str| ends(code, 40, 1, says);
    let cell = |name: &str, given, must| Cell::new(At::ContactExports, name, given, must);
    let mut cells: Vec<Cell> = passing(1)
        .into_iter()
        .map(|(name, kind, times)| cell(name, first(times, kind), verified()))
        .collect();
    let imposed = |outcome| first(1, Kind::ActivityOutcome(outcome));
    let activity_failed = || failed("activity_failed", "runs-outcome-activity-failed");
    cells.extend([
        cell(
            "429 `quota_exceeded`",
            first(1, Kind::QuotaExceeded),
            failed("vendor_unavailable", "runs-outcome-vendor-unavailable"),
        ),
        cell("401 once", first(1, Kind::Status(401)), verified()),
        cell(
            "401 with every token",
            always(Kind::Status(401)),
            failed("sign_in_again", "runs-outcome-sign-in-again"),
        ),
        cell(
            "403",
            always(Kind::Status(403)),
            failed("not_allowed", "runs-outcome-not-allowed"),
        ),
        cell(
            "500 for minutes",
            always(Kind::Status(500)),
            failed("vendor_unavailable", "runs-outcome-vendor-unavailable"),
        ),
        cell("connection refused", Given::Refused, verified()),
        cell(
            "activity `failed`",
            imposed(Imposed::Failed),
            activity_failed(),
        ),
        cell(
            "activity `cancelled`",
            imposed(Imposed::Cancelled),
            activity_failed(),
        ),
        cell(
            "activity `timed_out`",
            imposed(Imposed::TimedOut),
            activity_failed(),
        ),
        cell(
            "activity stuck in `processing`",
            imposed(Imposed::Stuck),
            failed("activities_too_slow", "runs-outcome-activities-too-slow"),
        ),
        cell(
            "activity gone (404)",
            first(1, Kind::ActivityGone),
            activity_failed(),
        ),
    ]);
    cells
}

fn download() -> Vec<Cell> {
    let verified = || ends("verified", 40, 1, "nothing to say");
    let failed = |code: &str, says: &str| ends(code, 40, 1, says);
    let cell = |name: &str, given, must| Cell::new(At::Download, name, given, must);
    let mut cells: Vec<Cell> = passing(1)
        .into_iter()
        .map(|(name, kind, times)| {
            let name = name.replace("truncated JSON", "truncated file");
            // Only the job's own count tells.
            let name = name.replace("malformed JSON", "shorter file that looks whole");
            cell(&name, first(times, kind), verified())
        })
        .collect();
    cells.extend([
        cell(
            "429 `quota_exceeded`",
            first(1, Kind::QuotaExceeded),
            failed("vendor_unavailable", "runs-outcome-vendor-unavailable"),
        ),
        cell("401 once", first(1, Kind::Status(401)), verified()),
        cell(
            "403",
            always(Kind::Status(403)),
            failed("not_allowed", "runs-outcome-not-allowed"),
        ),
        cell(
            "404, gone",
            always(Kind::Status(404)),
            failed("activity_failed", "runs-outcome-activity-failed"),
        ),
        cell(
            "500 for minutes",
            always(Kind::Status(500)),
            failed("vendor_unavailable", "runs-outcome-vendor-unavailable"),
        ),
        cell("connection refused", Given::Refused, verified()),
        cell(
            "shorter file that looks whole, each time",
            always(Kind::MalformedJson),
            failed("activity_failed", "runs-outcome-activity-failed"),
        ),
    ]);
    cells
}

fn removals() -> Vec<Cell> {
    let removed = || ends("nothing_changed", 30, 1, "runs-outcome-nothing-changed");
    let kept = |code: &str, says: &str| ends(code, 40, 1, says);
    let cell = |name: &str, given, must| Cell::new(At::Removals, name, given, must);
    let mut cells: Vec<Cell> = passing(2)
        .into_iter()
        .map(|(name, kind, times)| cell(name, first(times, kind), removed()))
        .collect();
    let imposed = |outcome| first(1, Kind::ActivityOutcome(outcome));
    let failed = || kept("removals_failed", "runs-outcome-removals-failed");
    cells.extend([
        cell(
            "429 `quota_exceeded`",
            first(1, Kind::QuotaExceeded),
            after("quota", removed()),
        ),
        cell("401 once", first(1, Kind::Status(401)), removed()),
        cell(
            "401 with every token",
            always(Kind::Status(401)),
            kept("sign_in_again", "runs-outcome-sign-in-again"),
        ),
        cell(
            "403",
            always(Kind::Status(403)),
            kept("not_allowed", "runs-outcome-not-allowed"),
        ),
        cell("404, gone", always(Kind::Status(404)), failed()),
        cell("connection refused", Given::Refused, removed()),
        cell(
            "500 for hours",
            always(Kind::Status(500)),
            kept("vendor_unavailable", "runs-outcome-vendor-unavailable"),
        ),
        cell("activity `failed`", imposed(Imposed::Failed), failed()),
        cell(
            "activity `cancelled`",
            imposed(Imposed::Cancelled),
            failed(),
        ),
        cell("activity `timed_out`", imposed(Imposed::TimedOut), failed()),
        cell(
            "activity stuck in `processing`",
            imposed(Imposed::Stuck),
            kept("activities_too_slow", "runs-outcome-activities-too-slow"),
        ),
        cell(
            "activity gone (404)",
            first(1, Kind::ActivityGone),
            Outcome {
                members: 30,
                ..failed()
            },
        ),
    ]);
    cells
}
