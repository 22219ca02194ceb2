//! Erasing one person: here, at the vendor, for ever; interrupted, refused, and while a run reads the profile.

use std::ops::ControlFlow;
use std::time::Duration;

use listbridge::exclusions::Entry;
use listbridge::privacy::erase::store;
use listbridge::privacy::erase::{DeletionState, ErasureState, PersonErasure};
use listbridge::profiles::{Filter, Scan, SnapshotId};
use listbridge::sandbox::{Endpoint, Fault, FaultKind, When};
use listbridge::storage::entities::erasure;
use sea_orm::EntityTrait;
use uuid::Uuid;

use crate::pages::browse;
use crate::stage::{
    assert_nobody_in_log, ended_run, events, excluded, is_member, replace_profiles, stages,
};
use crate::support::{Stage, ending, people, source_author, until, wide_people};

const PAGE: &str = "/settings/privacy";
const ERASE: &str = "/settings/privacy/erase";
const CONFIRM: &str = "/settings/privacy/erase/confirm";

/// Addresses of the current snapshot.
pub(crate) async fn addresses(stage: &Stage) -> Vec<String> {
    let db = &**stage.services.db;
    let source = listbridge::sources::store::get(db, stage.source)
        .await
        .unwrap();
    let current = source.current.unwrap();
    let column = current
        .fields
        .iter()
        .position(|field| field.name == "EMail");
    let addresses = column_of(stage, current.id, column.unwrap()).await;
    assert_eq!(current.rows, addresses.len() as u64, "the source says so");
    addresses
}

async fn column_of(stage: &Stage, id: SnapshotId, column: usize) -> Vec<String> {
    let snapshots = stage.services.loads.snapshots().clone();
    let reading = tokio::task::spawn_blocking(move || {
        let (mut values, columns) = (Vec::new(), [column]);
        let everyone = Filter::EVERYONE;
        snapshots
            .scan(id, &Scan::new(&everyone, &columns), &mut |row| {
                values.push(row.value(0).to_owned());
                ControlFlow::Continue(())
            })
            .unwrap();
        values
    });
    reading.await.unwrap()
}

pub(crate) async fn ask(stage: &Stage, address: &str, with_vendor: bool) -> Uuid {
    let connection = stage.export.definition.connection_id.unwrap();
    let connections = [(connection, "Harbour Books".to_owned())];
    let chosen = if with_vendor { &connections[..] } else { &[] };
    let (db, key) = (&stage.services.db, &stage.services.key);
    let address = Entry::parse(address).unwrap();
    store::request(db, key, &address, chosen, &source_author(&stage.services))
        .await
        .unwrap()
}

pub(crate) async fn read(stage: &Stage, id: Uuid) -> PersonErasure {
    let found = store::find(&**stage.services.db, id).await.unwrap();
    found.unwrap()
}

pub(crate) async fn keeps_address(stage: &Stage, id: Uuid) -> bool {
    let found = erasure::Entity::find_by_id(id)
        .one(&**stage.services.db)
        .await;
    found.unwrap().unwrap().address.is_some()
}

pub(crate) fn fault(stage: &Stage, endpoint: Endpoint, kind: FaultKind) {
    let when = When::Always;
    stage.sandbox.set_fault(Fault {
        endpoint,
        when,
        kind,
    });
}

/// Whether a text is anywhere in the files of profiles.
fn is_on_disk(stage: &Stage, text: &str) -> bool {
    let folder = stage.services.settings.data_dir.join("snapshots");
    // With PostgreSQL there is no such folder.
    let Ok(files) = std::fs::read_dir(folder) else {
        return false;
    };
    files.map(|file| file.unwrap().path()).any(|path| {
        // Another process may be removing a snapshot that nobody needs.
        let bytes = std::fs::read(path).unwrap_or_default();
        bytes
            .windows(text.len())
            .any(|window| window.eq_ignore_ascii_case(text.as_bytes()))
    })
}

const PEOPLE: &str = "CustomerId,FirstName,EMail\n\
    1,Bob,bob@example.com\n\
    2,Ann, ANN@Example.com \n\
    3,Ann again,ann@example.com\n\
    4,Nobody,nobody\n\
    5,Cid,cid@example.com\n";

#[tokio::test]
async fn whoever_is_erased_is_gone_everywhere_and_never_comes_back() {
    let (stages, _postgres) = stages(PEOPLE).await;
    for stage in stages {
        let (run, _) = ended_run(&stage).await;
        replace_profiles(&stage, PEOPLE).await;
        assert!(is_member(&stage, "ANN@Example.com"));
        let browser = browse(&stage).await;
        let question = browser
            .submit(PAGE, ERASE, &[("address", "ann@example.com")])
            .await;
        assert!(question.says("4 rows are taken out"), "{}", question.body);
        assert!(question.says("Harbour Books"));
        assert_eq!(addresses(&stage).await.len(), 5, "nothing has changed yet");

        let connection = stage.export.definition.connection_id.unwrap().to_string();
        let fields = [
            ("address", "Ann@example.com"),
            ("connection", connection.as_str()),
        ];
        let answer = browser.submit(PAGE, CONFIRM, &fields).await;
        let path = answer.location.unwrap();
        let id: Uuid = path.rsplit('/').next().unwrap().parse().unwrap();
        until("the end of the erasure", async || {
            read(&stage, id).await.state == ErasureState::Done
        })
        .await;
        let erased = read(&stage, id).await;
        assert_eq!(
            (
                erased.state,
                erased.copies,
                erased.rows,
                erased.deletions[0].state
            ),
            (ErasureState::Done, 2, 4, DeletionState::Deleted)
        );
        assert_eq!(
            addresses(&stage).await,
            ["bob@example.com", "nobody", "cid@example.com"]
        );
        assert!(!is_on_disk(&stage, "ann@example.com"));
        assert!(!is_member(&stage, "ANN@Example.com"));
        assert!(!keeps_address(&stage, id).await);
        let page = browser.get(&path).await;
        assert!(page.says("Erased") && page.says("Deleted"), "{}", page.body);
        assert!(
            browser
                .get("/settings/privacy/erasures")
                .await
                .says(erased.mark())
        );

        // The run it was in can still be looked at.
        let file = browser.get(&format!("/runs/{}/rejected.csv", run.id)).await;
        assert!(file.body.contains("nobody") && !file.body.to_lowercase().contains("ann@"));

        // The next import brings her back; nobody sends her.
        replace_profiles(&stage, PEOPLE).await;
        let (run, account) = ended_run(&stage).await;
        assert_eq!((excluded(&run), account.planned), (2, 2));
        assert!(!is_member(&stage, "ann@example.com"));
        let list = "/settings/privacy/exclusions";
        let remove = "/settings/privacy/exclusions/remove";
        let answer = browser
            .submit(list, remove, &[("removed", "ann@example.com")])
            .await;
        assert_eq!(answer.status, 422);
        assert!(answer.says("This person was erased."), "{}", answer.body);
        assert_eq!(
            browser.get(list).await.texts(".figures dd"),
            ["0", "0", "1"]
        );

        // Again, for what the import brought back.
        let again = ask(&stage, "ann@example.com", false).await;
        assert_ne!(again, id);
        stage.services.erasures.tick().await.unwrap();
        assert_eq!(read(&stage, again).await.state, ErasureState::Done);
        assert_eq!(addresses(&stage).await.len(), 3);
        assert_nobody_in_log(&stage, "ann@example.com").await;
        let log = events(&stage).await;
        for (action, times) in [("person.erasure-requested", 2), ("person.erased", 2)] {
            let found = log.iter().filter(|event| event.action == action);
            assert!(found.clone().all(|event| event.object_id == erased.hash));
            assert_eq!(found.count(), times, "{action}");
        }
    }
}

#[tokio::test]
async fn an_erasure_waits_for_the_run_that_reads_the_profile() {
    let (stages, _postgres) = stages(&wide_people(20_000)).await;
    for stage in stages {
        let run = stage.request().await;
        stage.sandbox.set_fault(Fault {
            endpoint: Endpoint::ImportFile,
            when: When::Nth(2),
            kind: FaultKind::Slow(Duration::from_secs(30)),
        });
        let engine = stage.engine().start();
        stage.until(run, |_, parts| parts.len() == 2).await;
        engine.kill();
        stage.sandbox.lift_faults();
        let id = ask(&stage, "ann3@example.com", true).await;
        assert_eq!(
            ask(&stage, "Ann3@example.com", true).await,
            id,
            "asked for once"
        );
        stage.services.erasures.tick().await.unwrap();
        assert_eq!(read(&stage, id).await.state, ErasureState::Waiting);
        assert_eq!(addresses(&stage).await.len(), 20_000);
        assert_eq!(
            stage.sandbox.requests(Endpoint::DeleteContact),
            0,
            "the run may bring it back"
        );

        stage.outlive_lease();
        let (run, parts) = stage.finish(run).await;
        assert_eq!(ending(&run), "delivered", "the parts came out as recorded");
        stage.assert_delivered(&parts, 20_000);
        stage.services.erasures.tick().await.unwrap();
        let erased = read(&stage, id).await;
        assert_eq!((erased.state, erased.rows), (ErasureState::Done, 1));
        assert_eq!(erased.deletions[0].state, DeletionState::Deleted);
        assert_eq!(addresses(&stage).await.len(), 19_999);
        assert!(!is_member(&stage, "ann3@example.com"));
        // Blocked since it was asked for, although the profile was there until the run had ended.
        replace_profiles(&stage, &wide_people(5)).await;
        let (run, _) = ended_run(&stage).await;
        assert_eq!(excluded(&run), 1);
    }
}

#[tokio::test]
async fn an_interrupted_erasure_goes_on_where_it_was() {
    let (stages, _postgres) = stages(&people(5)).await;
    for stage in stages {
        ended_run(&stage).await;
        let id = ask(&stage, "ann2@example.com", true).await;
        fault(
            &stage,
            Endpoint::DeleteContact,
            FaultKind::Slow(Duration::from_secs(30)),
        );
        let erasures = stage.services.erasures.clone();
        let work = tokio::spawn(async move { erasures.tick().await });
        until("the deletion", async || {
            stage.sandbox.requests(Endpoint::DeleteContact) > 0
        })
        .await;
        work.abort();
        assert!(work.await.is_err(), "killed in the middle");
        stage.sandbox.lift_faults();
        let erasures = &stage.services.erasures;
        assert_eq!(
            erasures.tick().await.unwrap(),
            0,
            "somebody may still be at it"
        );
        stage.time.forward(Duration::from_secs(301));
        assert_eq!(erasures.tick().await.unwrap(), 1);
        let erased = read(&stage, id).await;
        assert_eq!(
            (erased.state, erased.copies, erased.rows),
            (ErasureState::Done, 1, 1)
        );
        assert!(!is_member(&stage, "ann2@example.com"));
        assert_eq!(addresses(&stage).await.len(), 4);
    }
}
