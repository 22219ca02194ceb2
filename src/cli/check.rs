//! `listbridge export check`.

use serde_json::json;

use crate::locale::Lang;
use crate::runs::checks::{Check, CheckKind, ExportReport, store};
use crate::runs::{Ending, RejectedCounts, Rejection};
use crate::startup::Services;

use super::export::{WATCH_INTERVAL, author, find};

/// Checks the export with a name and prints what was found. An export that cannot run is a failure.
pub(super) async fn check(services: &Services, name: &str, as_json: bool) -> anyhow::Result<()> {
    let export = find(services, name).await?;
    let (db, by) = (&services.db, author(services));
    let subject = (export.id, export.id);
    let asked = store::request(db, CheckKind::Export, subject, &export.definition, by).await?;
    let check = loop {
        let check = store::get(&***db, asked.run_id).await?;
        if check.state.is_finished() {
            break check;
        }
        // A server may be faster; then it is watched.
        if !services.checks.tick(Some(check.id)).await? {
            tokio::time::sleep(WATCH_INTERVAL).await;
        }
    };
    if as_json {
        println!(
            "{}",
            json!({
                "id": check.id,
                "export": { "id": check.export_id, "name": check.definition.name },
                "state": check.state.name(),
                "failure": check.failure,
                "report": check.report,
            })
        );
    } else {
        print(&check);
    }
    let report = check.report.as_ref();
    anyhow::ensure!(
        report.is_some_and(ExportReport::may_run),
        "the export cannot run as it is"
    );
    Ok(())
}

fn print(check: &Check) {
    let lang = Lang::En;
    println!("{}", check.definition.name);
    let found = check.report.iter().flat_map(|report| &report.problems);
    for problem in found.chain(&check.failure) {
        let key = problem
            .ending()
            .map_or("runs-outcome-other", Ending::message_key);
        println!(
            "! {}",
            lang.msg(key).text("names", problem.names.join(", "))
        );
        if let Some(words) = &problem.vendor_words {
            println!("  Constant Contact said: {words}");
        }
    }
    let Some(report) = &check.report else { return };
    for segment in &report.segments {
        println!("  segment {}: {}", segment.name, segment.members);
    }
    if let Some(reading) = &report.reading {
        let rejected = RejectedCounts::from_map(&reading.rejected);
        let figures = [
            ("members", reading.members),
            ("to be sent", reading.sent),
            ("duplicates", reading.duplicates),
            ("rejected", rejected.total()),
            ("adjusted", reading.adjusted),
            ("parts", reading.parts),
            ("bytes", reading.bytes),
        ];
        for (name, count) in figures {
            println!("  {name:<14} {count:>12}");
        }
        for reason in Rejection::ALL {
            if rejected.of(reason) > 0 {
                println!("  {}: {}", lang.t(reason.label_key()), rejected.of(reason));
            }
        }
        let seconds = reading.duration.seconds;
        match seconds {
            Some(seconds) => println!("  expected to take about {seconds} s"),
            None => println!("  expected duration not known before the first run"),
        }
    }
    if let Some(target) = &report.target {
        let needed = target
            .requests_needed
            .map_or_else(|| "not known".to_owned(), |needed| needed.to_string());
        println!("  list {}", target.list_name);
        println!(
            "  requests needed at the least {needed}, left today {}",
            target.requests_left
        );
    }
}
