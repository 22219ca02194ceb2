//! The exclusion list: what can be put on it, and that every export respects it.

use std::time::Duration;

use listbridge::exclusions::Keys;
use listbridge::sandbox::{Endpoint, Fault, FaultKind, When};
use listbridge::storage::entities::exclusion;
use sea_orm::EntityTrait;

use crate::pages::browse;
use crate::stage::{assert_nobody_in_log, ended_run, events, excluded, is_member, stages, upload};
use crate::support::{Stage, ending, people, until, wide_people};

const PAGE: &str = "/settings/privacy/exclusions";
const REMOVE: &str = "/settings/privacy/exclusions/remove";

const PEOPLE: &str = "CustomerId,FirstName,EMail,Birthday\n\
    1,Ann,ann@example.com,\n\
    2,Ann again, ANN@Example.com ,\n\
    3,Bob,bob@example.com,\n\
    4,Cid,cid@Example.ORG,\n\
    5,Dan,dan@mail.example.org,\n\
    6,Nobody,nobody,\n\
    7,Eve,eve@example.com,\n\
    8,Eve again,eve@example.com,\n";

#[tokio::test]
async fn whoever_is_excluded_is_not_sent_and_is_accounted_for() {
    let (stages, _postgres) = stages(PEOPLE).await;
    for stage in stages {
        let browser = browse(&stage).await;
        for entry in [" Ann@EXAMPLE.com ", "@example.org"] {
            let answer = browser.submit(PAGE, PAGE, &[("entry", entry)]).await;
            assert_eq!(
                (answer.status, answer.location.as_deref()),
                (303, Some(PAGE))
            );
        }
        let page = browser.get(PAGE).await;
        assert!(page.says("It is on the exclusion list."), "{}", page.body);
        assert!(page.says("@example.org") && !page.texts("table").concat().contains("ann"));
        assert_eq!(page.texts(".figures dd"), ["1", "1", "0"]);
        let again = browser
            .submit(PAGE, PAGE, &[("entry", "ann@example.com")])
            .await;
        assert_eq!(again.status, 303);
        assert!(browser.get(PAGE).await.says("already"));

        let (run, account) = ended_run(&stage).await;
        assert_eq!(ending(&run), "delivered");
        // Both of Ann's rows are hers; a domain is not those below it.
        assert_eq!(
            (excluded(&run), account.duplicates, account.rejected.total()),
            (3, 1, 4)
        );
        assert_eq!(account.planned, 3);
        assert!(!is_member(&stage, "ann@example.com") && is_member(&stage, "dan@mail.example.org"));
        let page = browser.get(&format!("/runs/{}", run.id)).await;
        assert!(
            page.says("Left out: on the exclusion list"),
            "{}",
            page.body
        );
        let file = browser.get(&format!("/runs/{}/rejected.csv", run.id)).await;
        let reasons = file.body.matches("Left out: on the exclusion list").count();
        assert_eq!((file.status, reasons), (200, 3), "{}", file.body);

        // What was excluded later is not what this run left out.
        browser
            .submit(PAGE, PAGE, &[("entry", "bob@example.com")])
            .await;
        let file = browser.get(&format!("/runs/{}/rejected.csv", run.id)).await;
        assert!(!file.body.contains("bob@example.com"), "{}", file.body);
        let (run, _) = ended_run(&stage).await;
        assert_eq!(excluded(&run), 4);

        // Nothing that is kept says whose address it is.
        let keys = Keys::new(&stage.services.key);
        let rows = exclusion::Entity::find()
            .all(&**stage.services.db)
            .await
            .unwrap();
        let mut values: Vec<_> = rows.into_iter().map(|row| row.value).collect();
        values.sort();
        let mut expected = [
            keys.hash("ann@example.com"),
            keys.hash("bob@example.com"),
            "example.org".to_owned(),
        ];
        expected.sort();
        assert_eq!(values, expected);
        assert_nobody_in_log(&stage, "ann@example.com").await;
        let added = events(&stage).await;
        let added = added
            .iter()
            .filter(|event| event.action == "exclusion.added");
        assert_eq!(added.count(), 3);
    }
}

#[tokio::test]
async fn an_entry_is_removed_by_typing_it() {
    let (stages, _postgres) = stages(PEOPLE).await;
    for stage in stages {
        let browser = browse(&stage).await;
        for entry in ["ann@example.com", "@example.org"] {
            browser.submit(PAGE, PAGE, &[("entry", entry)]).await;
        }
        for (typed, says) in [
            ("", "Type an address or a domain."),
            ("nobody", "neither an email address"),
            ("else@example.com", "It is not on the exclusion list."),
        ] {
            let answer = browser.submit(PAGE, REMOVE, &[("removed", typed)]).await;
            assert_eq!(answer.status, 422);
            assert!(answer.says(says), "{}", answer.body);
            assert_eq!(
                answer.attribute("#removed", "value").as_deref(),
                Some(typed)
            );
        }
        for typed in ["ANN@example.com", "@example.org"] {
            let answer = browser.submit(PAGE, REMOVE, &[("removed", typed)]).await;
            assert_eq!(answer.status, 303, "{}", answer.body);
        }
        let (run, _) = ended_run(&stage).await;
        assert_eq!(excluded(&run), 0);
        assert!(is_member(&stage, "ann@example.com"));
        // It can be put back.
        browser
            .submit(PAGE, PAGE, &[("entry", "ann@example.com")])
            .await;
        let (run, _) = ended_run(&stage).await;
        assert_eq!(excluded(&run), 2);
        let wrong = browser.submit(PAGE, PAGE, &[("entry", "<b>\"ann")]).await;
        assert_eq!(wrong.status, 422);
        assert_eq!(
            wrong.attribute("#entry", "value").as_deref(),
            Some("<b>\"ann")
        );
    }
}

#[tokio::test]
async fn a_file_is_taken_line_by_line_and_its_dirt_is_reported() {
    let (stages, _postgres) = stages(PEOPLE).await;
    for stage in stages {
        let browser = browse(&stage).await;
        let mut file =
            "\u{feff}Name;E-Mail\r\nAnn; ANN@example.com\r\nBob;\r\n;@example.org\r\nCid;cid@\r\n"
                .to_owned();
        file.push_str(
            "Ann;ann@example.com\r\n\r\n\"Open;dan@example.com\r\nEve;eve@example.com\r\n",
        );
        for row in 0..2_500 {
            file.push_str(&format!("N;new{row}@example.net\r\n"));
        }
        let answer = upload(&browser, "C:\\lists\\=cmd.csv", file.clone()).await;
        let report = answer.location.clone().unwrap_or_default();
        assert!(
            report.starts_with("/settings/privacy/exclusions/uploads/"),
            "{}",
            answer.body
        );
        let page = browser.get(&report).await;
        assert_eq!(
            page.texts(".figures dd"),
            ["2,503", "1", "3"],
            "{}",
            page.body
        );
        let lines: Vec<_> = page.texts("tbody tr").into_iter().collect();
        assert_eq!(lines.len(), 3);
        assert!(lines[0].starts_with('3') && lines[0].ends_with("No address"));
        assert!(
            lines[1].starts_with('5') && lines[2].starts_with('8'),
            "{lines:?}"
        );
        assert!(!page.body.contains("cid@") && page.says("=cmd.csv"));
        // Again: nothing is new, and the first report stays.
        let again = upload(&browser, "again.csv", file).await;
        let page = browser.get(&again.location.unwrap()).await;
        assert_eq!(page.texts(".figures dd"), ["0", "2,504", "3"]);
        let (run, _) = ended_run(&stage).await;
        assert_eq!(excluded(&run), 5);

        let list = browser.get("/settings/privacy/exclusions/download").await;
        assert_eq!(list.headers["content-type"], "text/csv; charset=utf-8");
        assert_eq!(list.body.lines().count(), 2_504);
        assert!(list.body.starts_with('\u{feff}') && list.body.contains("example.org"));
        assert!(!list.body.contains("ann@example.com"));

        for (name, bytes, says) in [
            ("", Vec::new(), "Choose a file."),
            ("a.csv", Vec::new(), "The file is empty."),
            ("a.xlsx", b"PK\x03\x04\0\0".to_vec(), "not a text file"),
            ("a.csv", b"one\ntwo\n".to_vec(), "nothing was added"),
        ] {
            let answer = upload(&browser, name, bytes).await;
            assert_eq!(answer.status, 422);
            assert!(answer.says(says), "{}", answer.body);
        }
        let missing = browser
            .get(&report.replace(|c: char| c.is_ascii_digit(), "0"))
            .await;
        assert_eq!(missing.status, 404);
    }
}

#[tokio::test]
async fn a_run_keeps_the_list_it_began_with() {
    let (stages, _postgres) = stages(&wide_people(20_000)).await;
    for stage in stages {
        let services = stage.services.clone();
        let id = stage.request().await;
        stage.sandbox.set_fault(Fault {
            endpoint: Endpoint::ImportFile,
            when: When::Nth(2),
            kind: FaultKind::Slow(Duration::from_secs(30)),
        });
        let engine = stage.engine().start();
        stage.until(id, |_, parts| parts.len() == 2).await;
        engine.kill();
        stage.sandbox.lift_faults();
        let keys = Keys::new(&services.key);
        let author = crate::support::source_author(&services);
        for address in ["ann3@example.com", "ann19999@example.com"] {
            let entry = listbridge::exclusions::Entry::parse(address).unwrap();
            let added = listbridge::privacy::add_entry(&services.db, &keys, &entry, &author).await;
            assert!(added.unwrap());
        }
        stage.outlive_lease();
        let (run, parts) = stage.finish(id).await;
        assert_eq!(ending(&run), "delivered", "the parts came out as recorded");
        assert_eq!(run.claims, 2);
        stage.assert_delivered(&parts, 20_000);
        let (run, account) = ended_run(&stage).await;
        assert_eq!((excluded(&run), account.planned), (2, 19_998));
    }
}

#[tokio::test]
async fn a_check_counts_whoever_is_excluded() {
    let stage = Stage::new(&people(20)).await;
    let browser = browse(&stage).await;
    browser
        .submit(PAGE, PAGE, &[("entry", "ann7@example.com")])
        .await;
    let path = format!("/exports/{}/check", stage.export.id);
    let started = browser.submit(PAGE, &path, &[]).await;
    let check = started.location.unwrap();
    until("what the check found", async || {
        let page = browser.get(&check).await;
        page.says("Left out: on the exclusion list")
    })
    .await;
}
