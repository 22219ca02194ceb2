//! What is kept how long, and the consent record of a connection.

use std::time::Duration;

use listbridge::connections::consent::ConsentText;
use listbridge::locale::Lang;
use listbridge::runs::store::summaries;

use crate::pages::browse;
use crate::stage::{ended_run, events, replace_profiles, stages};
use crate::support::{people, until, wide_people};

const PAGE: &str = "/settings/privacy/retention";
const DAY: u64 = 86_400;

#[tokio::test]
async fn administrators_set_how_long_rows_are_kept() {
    let (stages, _postgres) = stages(&people(5)).await;
    for stage in stages {
        let (run, _) = ended_run(&stage).await;
        replace_profiles(&stage, &people(3)).await;
        let browser = browse(&stage).await;
        let page = browser.get(PAGE).await;
        assert_eq!(page.attribute("#rows", "value").as_deref(), Some("30"));
        assert!(page.says("Nothing has been changed"), "{}", page.body);
        for (rows, details, field) in [
            ("", "", "rows"),
            ("-1", "", "rows"),
            ("3651", "", "rows"),
            ("1e3", "", "rows"),
            ("10", "x", "details"),
            ("10", "9", "details"),
        ] {
            let fields = [("rows", rows), ("details", details)];
            let answer = browser.submit(PAGE, PAGE, &fields).await;
            assert_eq!(answer.status, 422, "{rows} {details}");
            assert_eq!(answer.texts(&format!("#{field}-error")).len(), 1);
            assert_eq!(answer.attribute("#rows", "value").as_deref(), Some(rows));
        }
        let fields = [("rows", "2"), ("details", "")];
        assert_eq!(browser.submit(PAGE, PAGE, &fields).await.status, 303);
        assert!(browser.get(PAGE).await.says("Alice Admin changed this on"));
        let log = events(&stage).await;
        let changed = log.iter().find(|event| event.action == "retention.changed");
        assert_eq!(changed.unwrap().detail["after"]["rows_days"], 2);

        stage.time.forward(Duration::from_secs(2 * DAY + 60));
        let path = format!("/runs/{}/rejected.csv", run.id);
        // Her session has ended meanwhile.
        let browser = browse(&stage).await;
        assert_eq!(browser.get(&path).await.status, 404);
        until("the sweep", async || {
            stage.services.sweeper.sweep_if_due().await.unwrap();
            stage.stored_snapshots().await.len() == 1
        })
        .await;
    }
}

#[tokio::test]
async fn details_of_old_runs_go_and_their_totals_stay() {
    let (stages, _postgres) = stages(&wide_people(20_000)).await;
    for stage in stages {
        let (run, account) = ended_run(&stage).await;
        let browser = browse(&stage).await;
        let fields = [("rows", "1"), ("details", "5")];
        assert_eq!(browser.submit(PAGE, PAGE, &fields).await.status, 303);
        stage.time.forward(Duration::from_secs(4 * DAY));
        stage.services.sweeper.sweep_if_due().await.unwrap();
        assert_eq!(stage.read(run.id).await.1.len(), 3, "not old enough");
        stage.time.forward(Duration::from_secs(DAY + 60));
        until("the sweep", async || {
            stage.services.sweeper.sweep_if_due().await.unwrap();
            stage.read(run.id).await.1.is_empty()
        })
        .await;
        let (run, parts) = stage.read(run.id).await;
        assert!(parts.is_empty());
        let db = &**stage.services.db;
        let kept = summaries::account(db, &run, &parts).await.unwrap();
        assert_eq!(kept, account);
        let browser = browse(&stage).await;
        let page = browser.get(&format!("/runs/{}", run.id)).await;
        assert!(
            page.says("The details of this run are not kept any more."),
            "{}",
            page.body
        );
        assert!(page.texts(".figures dd").contains(&"20,000".to_owned()));
    }
}

#[tokio::test]
async fn the_consent_record_says_who_agreed_to_what() {
    let (stages, _postgres) = stages(&people(1)).await;
    for stage in stages {
        let browser = browse(&stage).await;
        let id = stage.export.definition.connection_id.unwrap();
        let page = browser
            .get(&format!("/settings/connections/{id}/consent-record"))
            .await;
        assert_eq!(page.status, 200, "{}", page.body);
        let text = ConsentText::in_language(Lang::En);
        assert!(page.says(&text.sha256));
        let shown = page.texts("div[lang=en] p");
        assert_eq!(shown.len(), text.paragraphs.len());
        for says in [
            "Alice Admin",
            "Harbour Books",
            "contact_data",
            "127.0.0.1",
            "alice@example.com",
        ] {
            assert!(page.says(says), "{says}: {}", page.body);
        }
        let edit = browser
            .get(&format!("/settings/connections/{id}/edit"))
            .await;
        assert!(edit.body.contains("/consent-record"), "{}", edit.body);
        let nothing = browser
            .get("/settings/connections/00000000-0000-7000-8000-000000000000/consent-record")
            .await;
        assert_eq!(nothing.status, 404);
    }
}
