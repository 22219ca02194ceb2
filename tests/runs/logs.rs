//! Nothing in the log, in errors or in the audit log names a person, whatever goes wrong.

use std::io::Write;
use std::sync::{Mutex, PoisonError};

use listbridge::runs::checks::{CheckKind, store as check_store};
use listbridge::runs::store;
use listbridge::sandbox::{Endpoint, Fault, FaultKind, When};
use listbridge::storage::audit;
use tracing_subscriber::EnvFilter;

use crate::checks::worker;
use crate::pages::browse;
use crate::support::{Stage, author};

/// What every thread of this binary has logged.
static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());
/// In no address of any other test.
const DOMAIN: &str = "@only-in-the-log-test.example";

struct Shared;

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
        log.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Good, doubled, malformed and cut ones.
fn sample() -> String {
    let long = "x".repeat(300);
    let mut csv = "CustomerId,FirstName,EMail\n".to_owned();
    for row in 0..200 {
        csv.push_str(&format!("C{row},Ann{row},person{}{DOMAIN}\n", row % 150));
        csv.push_str(&format!("D{row},{long},odd person{row}{DOMAIN}\n"));
    }
    csv.push_str(&format!("E1,Zoë,zoë{DOMAIN}\n"));
    csv
}

#[tokio::test]
async fn no_address_reaches_the_log_an_error_or_the_audit_log() {
    let filter = EnvFilter::new("debug,listbridge=trace");
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(|| Shared)
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let stage = Stage::new(&sample()).await;
    let browser = browse(&stage).await;
    let mut told = String::new();
    for (endpoint, kind) in [
        (Endpoint::ImportFile, FaultKind::Status(500)),
        (Endpoint::ImportFile, FaultKind::ResetAfterAccepted),
        (Endpoint::ImportFile, FaultKind::MalformedJson),
        (Endpoint::ImportFile, FaultKind::HtmlErrorPage(502)),
        (Endpoint::ImportFile, FaultKind::Throttled),
        (Endpoint::ImportFile, FaultKind::Status(400)),
        (Endpoint::ImportFile, FaultKind::Status(403)),
        (Endpoint::ListActivities, FaultKind::TruncatedJson),
        (Endpoint::ImportFile, FaultKind::ActivityGone),
        (Endpoint::DownloadExport, FaultKind::TruncatedJson),
    ] {
        let when = When::First(1);
        stage.sandbox.set_fault(Fault {
            endpoint,
            when,
            kind,
        });
        let id = stage.request().await;
        // The browser's process works on runs as well; whoever takes it.
        stage.engine().tick().await.unwrap();
        stage.until(id, |run, _| run.state.is_finished()).await;
        let (run, parts) = stage.read(id).await;
        told.push_str(&format!("{run:?}{parts:?}"));
        for kind in [CheckKind::Export, CheckKind::Delivery] {
            let subject = match kind {
                CheckKind::Export => (run.export_id, run.export_id),
                CheckKind::Delivery => (run.id, run.export_id),
            };
            let (db, by) = (&stage.services.db, author(&stage.services));
            let asked = check_store::request(db, kind, subject, &run.definition, by);
            let asked = asked.await.unwrap().run_id;
            worker(&stage).tick(Some(asked)).await.unwrap();
            let check = check_store::get(&***db, asked).await.unwrap();
            told.push_str(&format!("{check:?}"));
        }
        for file in ["rejected.csv", "adjusted.csv", "undelivered.csv"] {
            browser.get(&format!("/runs/{id}/{file}")).await;
        }
        stage.sandbox.lift_faults();
    }
    let db = &**stage.services.db;
    assert!(
        store::successful(db, stage.export.id, 100)
            .await
            .unwrap()
            .len()
            > 3
    );
    let events = audit::list(db, &Default::default(), Default::default(), None, 1_000)
        .await
        .unwrap();
    assert!(events.len() > 50);
    told.push_str(&format!("{events:?}"));
    assert!(!told.contains(DOMAIN), "{told}");
    let log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
    let log = String::from_utf8_lossy(&log);
    assert!(
        log.contains("run ended") && log.contains("part not accepted"),
        "{log}"
    );
    let named: Vec<&str> = log.lines().filter(|line| line.contains(DOMAIN)).collect();
    assert!(named.is_empty(), "{named:#?}");
}
