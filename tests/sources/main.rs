//! Files from the browser to profiles: upload, preview, load, report, replace, remove.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod preview;
#[path = "../support/mod.rs"]
mod support;

use std::time::Duration;

use reqwest::multipart::{Form, Part};
use support::{ALICE, Answer, BOB, Browser, CHARLIE, TestApp, spawn_app};

/// How long the server may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

const PEOPLE: &str = "CustomerId,FirstName,EMail,Spend\n\
    1,Ann,ann@example.com,10.50\n\
    2,Bob,bob@example.com,n/a\n\
    3,Cid\n\
    4,=HYPERLINK(1),dee@example.com,7\n";

/// The form that loads a file.
const CONFIRM: &str = "form.stack";

async fn upload(browser: &Browser, page: &str, name: &str, bytes: impl Into<Vec<u8>>) -> Answer {
    let page = browser.get(page).await;
    let csrf = page
        .attribute("form[enctype] input[name=_csrf]", "value")
        .unwrap();
    let mut form = Form::new().text("_csrf", csrf);
    if let Some(source_id) = page.attribute("input[name=source_id]", "value") {
        form = form.text("source_id", source_id);
    }
    let form = form.part("file", Part::bytes(bytes.into()).file_name(name.to_owned()));
    let request = browser
        .client
        .post(browser.url("/sources/upload"))
        .multipart(form);
    Answer::read(request.send().await.unwrap()).await
}

/// Confirms the preview as it is proposed, with some fields changed; answers where the load is.
async fn confirm(browser: &Browser, preview: &str, changes: &[(&str, &str)]) -> Answer {
    let page = browser.get(preview).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let changes = [changes, &[("do", "load")]].concat();
    send(browser, preview, &page.form_fields(CONFIRM), &changes).await
}

/// Sends fields of a preview with some changed.
async fn send(
    browser: &Browser,
    preview: &str,
    fields: &[(String, String)],
    changes: &[(&str, &str)],
) -> Answer {
    let is_kept = |name: &str| changes.iter().all(|(changed, _)| *changed != name);
    let kept = fields.iter().filter(|(name, _)| is_kept(name));
    let mut all: Vec<(&str, &str)> = kept.map(|(name, value)| (&**name, &**value)).collect();
    all.extend_from_slice(changes);
    browser.post(preview, &all).await
}

/// Uploads and loads a file as proposed; answers the report's page.
async fn load(
    app: &TestApp,
    browser: &Browser,
    page: &str,
    name: &str,
    text: &str,
) -> (String, Answer) {
    let preview = upload(browser, page, name, text).await.location.unwrap();
    let mut published = app.services.loads.published();
    let started = confirm(browser, &preview, &[]).await;
    let location = started
        .location
        .unwrap_or_else(|| panic!("{}", started.body));
    published.recv().await.unwrap();
    (location.clone(), browser.get(&location).await)
}

#[tokio::test]
async fn a_file_is_previewed_loaded_reported_replaced_and_removed() {
    let app = spawn_app().await;
    let alice = app.sign_in(ALICE).await;
    assert!(alice.get("/sources").await.says("No sources yet"));

    let answer = upload(&alice, "/sources/new", "C:\\data\\people.csv", PEOPLE).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let preview = answer.location.unwrap();
    let page = alice.get(&preview).await;
    assert_eq!(
        page.attribute("input[name=name]", "value").as_deref(),
        Some("people")
    );
    assert_eq!(page.selected("select[name=email]"), "EMail");
    assert_eq!(page.selected("select[name=first_name]"), "FirstName");
    assert_eq!(page.selected("select[name=key]"), "CustomerId");
    assert_eq!(page.selected("select[name=type-3]"), "Text");
    assert!(page.says("=HYPERLINK(1)"));

    let mut published = app.services.loads.published();
    let changes = [("name", "People"), ("type-3", "number-point")];
    let report = confirm(&alice, &preview, &changes).await.location.unwrap();
    published.recv().await.unwrap();
    let page = alice.get(&report).await;
    assert_eq!(page.texts("dl.figures dd"), ["4", "3", "1", "4"]);
    assert!(page.says("2 values where 4 are expected"), "{}", page.body);
    assert!(
        page.says("1 value is no Number (1,234.50), on line 3"),
        "{}",
        page.body
    );
    let list = alice.get("/sources").await;
    let csrf = list.attribute("input[name=_csrf]", "value").unwrap();
    assert_eq!(
        alice.get(&preview).await.location.as_ref(),
        Some(&report),
        "the back button leads to the load"
    );
    for again in [preview.clone(), format!("{preview}/discard")] {
        let again = alice.post(&again, &[("_csrf", &csrf)]).await;
        assert_eq!(again.location.as_ref(), Some(&report), "a second click");
    }

    let list = alice.get("/sources").await;
    assert_eq!(list.texts("tbody td.num"), ["3"]);
    let source = list.attribute("tbody th a", "href").unwrap();
    let (_, page) = load(
        &app,
        &alice,
        &format!("{source}/replace"),
        "more.csv",
        "CustomerId,FirstName,EMail,Spend\n9,Zoë,z@example.com,1\n",
    )
    .await;
    assert!(page.says("more.csv"));
    // The old profiles are put away after the new ones have come into use.
    let put_away = async {
        loop {
            let page = alice.get(&source).await;
            if page.says("Replaced") {
                return page;
            }
        }
    };
    let page = tokio::time::timeout(PATIENCE, put_away).await.unwrap();
    assert_eq!(page.texts("dl.figures dd")[..2], ["1", "4"]);
    assert!(page.says("Number (1,234.50)"), "the decided type is kept");

    let answer = alice
        .submit(
            &format!("{source}/remove"),
            &format!("{source}/remove"),
            &[],
        )
        .await;
    assert_eq!(answer.location.as_deref(), Some("/sources"));
    assert!(alice.get("/sources").await.says("People was removed."));
    assert_eq!(alice.get(&source).await.status, 404);
    let snapshots = app.services.loads.snapshots().clone();
    let stored = tokio::task::spawn_blocking(move || snapshots.list());
    assert_eq!(stored.await.unwrap().unwrap(), []);
    assert_eq!(
        std::fs::read_dir(app.data_dir.path().join("data/uploads"))
            .unwrap()
            .count(),
        0
    );
}

#[tokio::test]
async fn a_load_without_a_single_good_row_changes_nothing_and_lists_the_reasons() {
    let app = spawn_app().await;
    let alice = app.sign_in(ALICE).await;
    let text = format!("Id,Email\n{}", "1\n".repeat(30));
    let preview = upload(&alice, "/sources/new", "bad.csv", text)
        .await
        .location
        .unwrap();
    let report = confirm(&alice, &preview, &[]).await.location.unwrap();
    while app
        .services
        .loads
        .progress(report.rsplit('/').next().unwrap().parse().unwrap())
        .is_some()
    {
        tokio::task::yield_now().await;
    }
    let page = alice.get(&report).await;
    assert!(
        page.says("Every row of the file was refused"),
        "{}",
        page.body
    );
    assert!(page.says("fewer values than columns"));
    let list = alice.get("/sources").await;
    assert!(list.says("Load failed"));
}

#[tokio::test]
async fn everybody_looks_and_administrators_change() {
    let app = spawn_app().await;
    let alice = app.sign_in(ALICE).await;
    let (report, _) = load(&app, &alice, "/sources/new", "people.csv", PEOPLE).await;
    let source = alice
        .get("/sources")
        .await
        .attribute("tbody th a", "href")
        .unwrap();
    let preview = upload(&alice, "/sources/new", "x.csv", PEOPLE)
        .await
        .location
        .unwrap();
    for person in [BOB, CHARLIE] {
        let browser = app.sign_in(person).await;
        for path in ["/sources", "/profiles", &source, &report] {
            assert_eq!(browser.get(path).await.status, 200, "{path}");
        }
        assert!(!browser.get(&source).await.says("Replace profiles"));
        for path in [
            "/sources/new",
            &format!("{source}/replace"),
            &format!("{source}/remove"),
            &preview,
        ] {
            assert_eq!(browser.get(path).await.status, 403, "{path}");
        }
        let csrf = browser.csrf("/sources").await;
        for path in [
            format!("{source}/remove"),
            preview.clone(),
            format!("{preview}/discard"),
            format!("{report}/cancel"),
        ] {
            assert_eq!(
                browser.post(&path, &[("_csrf", &csrf)]).await.status,
                403,
                "{path}"
            );
        }
        let form = Form::new()
            .text("_csrf", csrf)
            .part("file", Part::text("a\n1\n").file_name("a.csv"));
        let request = browser
            .client
            .post(browser.url("/sources/upload"))
            .multipart(form);
        assert_eq!(request.send().await.unwrap().status(), 403);
    }
    let form = Form::new()
        .text("_csrf", "forged")
        .part("file", Part::text("a\n1\n").file_name("a.csv"));
    let request = alice
        .client
        .post(alice.url("/sources/upload"))
        .multipart(form);
    assert_eq!(request.send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn profiles_are_browsed_and_searched() {
    let app = spawn_app().await;
    let alice = app.sign_in(ALICE).await;
    assert!(alice.get("/profiles").await.says("No profiles yet"));
    let mut text = "Name,City\n".to_owned();
    for number in 1..=120 {
        let city = if number % 40 == 0 {
            "Zürich"
        } else {
            "Boston"
        };
        text.push_str(&format!("Person {number},{city}\n"));
    }
    load(&app, &alice, "/sources/new", "people.csv", &text).await;
    let first = alice.get("/profiles").await;
    assert!(first.says("120 profiles"));
    assert_eq!(first.texts("tbody tr").len(), 50);
    let second = alice
        .get(&first.attribute("a[rel=next]", "href").unwrap())
        .await;
    assert_eq!(second.texts("tbody td.num")[0], "51");
    assert_eq!(
        second.attribute("a[rel=prev]", "href"),
        first
            .attribute("option[selected]", "value")
            .map(|id| format!("/profiles?source={id}"))
    );
    let found = alice.get("/profiles?q=Z%C3%9CRICH").await;
    assert_eq!(found.texts("tbody td.num"), ["40", "80", "120"]);
    assert!(
        alice
            .get("/profiles?q=nowhere")
            .await
            .says("No profiles found")
    );
    assert_eq!(
        alice
            .get("/profiles?source=0198a0de-0000-7000-8000-000000000000")
            .await
            .status,
        404
    );
    let chinese = alice.speaking("zh-HK").get("/profiles").await;
    assert!(chinese.says("120 個設定檔"));
}

#[tokio::test]
async fn progress_is_sent_as_events() {
    let app = spawn_app().await;
    let alice = app.sign_in(ALICE).await;
    let (report, _) = load(&app, &alice, "/sources/new", "people.csv", PEOPLE).await;
    let answer = alice.get(&format!("{report}/events")).await;
    assert_eq!(answer.headers["content-type"], "text/event-stream");
    assert_eq!(answer.body, "event: done\ndata: done\n\n");
    let answer = alice
        .submit("/sources", &format!("{report}/cancel"), &[])
        .await;
    assert_eq!(answer.location, Some(report));
}
