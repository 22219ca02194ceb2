//! An installation on each database, and what tests of privacy do with it.

use listbridge::runs::{Account, Rejection, Run};
use listbridge::storage::audit;
use listbridge::storage::audit::RecordedEvent;

use crate::postgres::Postgres;
use crate::support::{Stage, import};
use crate::web::{Answer, Browser};

/// One stage on SQLite and, where there is a server, one on PostgreSQL, which lives as long as the second value.
pub(crate) async fn stages(csv: &str) -> (Vec<Stage>, Option<Postgres>) {
    let mut stages = vec![Stage::new(csv).await];
    let postgres = Postgres::start();
    if let Some(postgres) = &postgres {
        let url = postgres.create_database("privacy").await;
        stages.push(Stage::on_database(url, csv).await);
    }
    (stages, postgres)
}

/// Loads a newer file into the source of a stage.
pub(crate) async fn replace_profiles(stage: &Stage, csv: &str) {
    let file = stage.dir.path().join("newer.csv");
    std::fs::write(&file, csv).unwrap();
    import(&stage.services, &file, "People").await;
}

/// A run that has ended, whichever engine worked on it; with its account, which must add up.
pub(crate) async fn ended_run(stage: &Stage) -> (Run, Account) {
    let id = stage.request().await;
    stage.engine().tick().await.unwrap();
    stage.until(id, |run, _| run.state.is_finished()).await;
    let (run, parts) = stage.read(id).await;
    let account = Stage::account(&run, &parts);
    (run, account)
}

pub(crate) fn excluded(run: &Run) -> u64 {
    run.totals.rejected.of(Rejection::Excluded)
}

/// Sends a file as the form of the exclusion list does.
pub(crate) async fn upload(browser: &Browser, name: &str, bytes: impl Into<Vec<u8>>) -> Answer {
    let page = "/settings/privacy/exclusions";
    let part = reqwest::multipart::Part::bytes(bytes.into()).file_name(name.to_owned());
    let form = reqwest::multipart::Form::new()
        .text("_csrf", browser.csrf(page).await)
        .part("file", part);
    let request = browser.client.post(browser.url(&format!("{page}/upload")));
    Answer::read(request.multipart(form).send().await.unwrap()).await
}

/// Events of the audit log, the latest first.
pub(crate) async fn events(stage: &Stage) -> Vec<RecordedEvent> {
    let db = &**stage.services.db;
    audit::list(db, &Default::default(), Default::default(), None, 200)
        .await
        .unwrap()
}

/// Asserts that nothing in the audit log names a person.
pub(crate) async fn assert_nobody_in_log(stage: &Stage, address: &str) {
    for event in events(stage).await {
        let text = format!("{} {}", event.object_id, event.detail).to_lowercase();
        assert!(!text.contains(&address.to_lowercase()), "{text}");
    }
}

/// Whether an address is on the stage's list at the vendor.
pub(crate) fn is_member(stage: &Stage, address: &str) -> bool {
    let members = stage.sandbox.members(stage.list);
    members
        .iter()
        .any(|member| member.eq_ignore_ascii_case(address))
}
