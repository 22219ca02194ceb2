//! Who may do what: every route of the application, asked by nobody, a viewer, a contributor and an administrator.
//!
//! A route that is missing in the table fails the test, so a new page cannot forget to say who it is for. Ids in paths
//! belong to nothing: whoever is let in gets "not found", whoever is not is refused all the same.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod support;

use std::collections::BTreeSet;

use support::{ALICE, BOB, Browser, CHARLIE, routes, spawn_app};

/// The least somebody must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Least {
    Anybody,
    Viewer,
    Contributor,
    Administrator,
}
use Least::{Administrator, Anybody, Contributor, Viewer};

const ROUTES: &[(&str, &str, Least)] = &[
    ("get", "/", Viewer),
    ("get", "/notices", Viewer),
    ("post", "/notices/read", Viewer),
    ("post", "/notices/{id}/read", Viewer),
    ("get", "/healthz", Anybody),
    ("get", "/readyz", Anybody),
    ("get", "/metrics", Anybody),
    ("get", "/static/{version}/{file:.*}", Anybody),
    ("get", "/sign-in", Anybody),
    ("post", "/sign-in", Anybody),
    ("post", "/sign-out", Anybody),
    ("get", "/sign-in/{provider}", Anybody),
    ("get", "/oauth/entra/callback", Anybody),
    ("get", "/oauth/openid/callback", Anybody),
    ("get", "/set-up", Anybody),
    ("post", "/set-up", Anybody),
    ("post", "/language", Anybody),
    ("get", "/exports", Viewer),
    ("get", "/exports/new", Contributor),
    ("post", "/exports/new", Contributor),
    ("get", "/exports/selected", Anybody), // leads to the list
    ("get", "/exports/run-all", Anybody),  // leads to the list
    ("get", "/sources/upload", Anybody),   // leads to the list
    ("post", "/exports/selected", Viewer), // leads to pages that ask themselves
    ("get", "/exports/{id}", Viewer),
    ("post", "/exports/{id}", Contributor),
    ("get", "/exports/{id}/remove", Contributor),
    ("post", "/exports/{id}/remove", Contributor),
    ("get", "/profiles", Viewer),
    ("get", "/segments", Viewer),
    ("get", "/segments/new", Contributor),
    ("post", "/segments/new", Contributor),
    ("get", "/segments/{id}", Viewer),
    ("post", "/segments/{id}", Contributor),
    ("post", "/segments/{id}/refresh", Contributor),
    ("get", "/segments/{id}/remove", Contributor),
    ("post", "/segments/{id}/remove", Contributor),
    ("get", "/sources", Viewer),
    ("get", "/sources/new", Administrator),
    ("post", "/sources/upload", Administrator),
    ("get", "/sources/uploads/{id}", Administrator),
    ("post", "/sources/uploads/{id}", Administrator),
    ("post", "/sources/uploads/{id}/discard", Administrator),
    ("get", "/sources/loads/{id}", Viewer),
    ("get", "/sources/loads/{id}/events", Viewer),
    ("post", "/sources/loads/{id}/cancel", Administrator),
    ("get", "/sources/{id}", Viewer),
    ("get", "/sources/{id}/replace", Administrator),
    ("get", "/sources/{id}/remove", Administrator),
    ("post", "/sources/{id}/remove", Administrator),
    ("get", "/settings/connections", Administrator),
    ("get", "/settings/connections/new", Administrator),
    (
        "get",
        "/settings/connections/new/constant-contact",
        Administrator,
    ),
    (
        "post",
        "/settings/connections/new/constant-contact",
        Administrator,
    ),
    ("get", "/settings/connections/{id}", Administrator),
    ("get", "/settings/connections/{id}/edit", Administrator),
    ("post", "/settings/connections/{id}/edit", Administrator),
    ("post", "/settings/connections/{id}/consent", Administrator),
    (
        "post",
        "/settings/connections/{id}/application",
        Administrator,
    ),
    (
        "post",
        "/settings/connections/{id}/authenticate",
        Administrator,
    ),
    (
        "post",
        "/settings/connections/{id}/export-user",
        Administrator,
    ),
    (
        "get",
        "/settings/connections/{id}/export-user",
        Administrator,
    ),
    ("post", "/settings/connections/{id}/save", Administrator),
    ("get", "/settings/connections/{id}/remove", Administrator),
    ("post", "/settings/connections/{id}/remove", Administrator),
    ("get", "/oauth/constant-contact/callback", Anybody),
    ("post", "/exports/{id}/run", Contributor),
    ("get", "/exports/{id}/runs", Viewer),
    ("get", "/runs/{id}", Viewer),
    ("get", "/runs/{id}/events", Viewer),
    ("post", "/runs/{id}/cancel", Contributor),
    ("post", "/runs/{id}/resume", Contributor),
    ("get", "/runs/{id}/rejected.csv", Viewer),
    ("get", "/runs/{id}/adjusted.csv", Viewer),
    ("get", "/runs/{id}/undelivered.csv", Viewer),
    ("post", "/runs/{id}/verify", Contributor),
    ("post", "/runs/{id}/approve", Administrator),
    ("get", "/exports/{id}/check", Viewer),
    ("post", "/exports/{id}/check", Contributor),
    ("get", "/checks/{id}", Viewer),
    ("get", "/checks/{id}/events", Viewer),
    ("post", "/checks/{id}/cancel", Contributor),
    ("get", "/settings/system", Viewer),
    ("post", "/settings/system/refresh", Administrator),
    ("get", "/settings/system/schedule", Administrator),
    ("post", "/settings/system/schedule", Administrator),
    ("get", "/settings/system/jobs/{id}", Viewer),
    ("get", "/settings/system/jobs/{id}/events", Viewer),
    ("post", "/settings/system/jobs/{id}/cancel", Administrator),
    ("get", "/settings/system/tasks/{kind}/{id}", Viewer),
    ("get", "/settings/system/about", Administrator),
    ("get", "/settings/system/general", Administrator),
    ("post", "/settings/system/general", Administrator),
    ("get", "/settings/system/api-usage", Administrator),
    ("get", "/settings/people", Administrator),
    ("get", "/settings/audit", Administrator),
    ("post", "/exports/run-all", Contributor),
    ("get", "/segments/{id}/exports", Viewer),
    ("post", "/segments/{id}/exports", Contributor),
    ("get", "/settings/connections/discover", Administrator),
    ("get", "/exports/remove", Contributor),
    ("post", "/exports/remove", Contributor),
    ("get", "/exports/detach", Contributor),
    ("post", "/exports/detach", Contributor),
    ("get", "/exports/add-segment", Contributor),
    ("post", "/exports/add-segment", Contributor),
    ("get", "/exports/schedule", Contributor),
    ("post", "/exports/schedule", Contributor),
    ("get", "/settings/audit/download", Administrator),
    ("post", "/settings/audit/verify", Administrator),
    ("get", "/settings/people/new", Administrator),
    ("post", "/settings/people/new", Administrator),
    ("get", "/settings/people/{id}", Administrator),
    ("post", "/settings/people/{id}/role", Administrator),
    ("post", "/settings/people/{id}/disable", Administrator),
    ("post", "/settings/people/{id}/enable", Administrator),
    ("post", "/settings/people/{id}/link", Administrator),
    ("get", "/settings/people/{id}/remove", Administrator),
    ("post", "/settings/people/{id}/remove", Administrator),
    ("get", "/settings/privacy", Administrator),
    ("get", "/settings/privacy/retention", Administrator),
    ("post", "/settings/privacy/retention", Administrator),
    (
        "get",
        "/settings/connections/{id}/consent-record",
        Administrator,
    ),
    ("post", "/settings/privacy/find", Administrator),
    ("post", "/settings/privacy/erase", Administrator),
    ("post", "/settings/privacy/erase/confirm", Administrator),
    ("get", "/settings/privacy/erasures", Administrator),
    ("get", "/settings/privacy/erasures/{id}", Administrator),
    (
        "post",
        "/settings/privacy/erasures/{id}/retry",
        Administrator,
    ),
    (
        "post",
        "/settings/privacy/erasures/{id}/give-up",
        Administrator,
    ),
    ("get", "/settings/privacy/exclusions", Administrator),
    ("post", "/settings/privacy/exclusions", Administrator),
    ("post", "/settings/privacy/exclusions/remove", Administrator),
    (
        "get",
        "/settings/privacy/exclusions/download",
        Administrator,
    ),
    ("post", "/settings/privacy/exclusions/upload", Administrator),
    (
        "get",
        "/settings/privacy/exclusions/uploads/{id}",
        Administrator,
    ),
    ("get", "/invitation/{token}", Anybody),
    ("post", "/invitation/{token}", Anybody),
    ("get", "/invitation/{token}/{provider}", Anybody),
    ("post", "/account/link/{provider}", Viewer),
    ("get", "/account", Viewer),
    ("post", "/account/time-zone", Viewer),
    ("post", "/account/notices", Viewer),
    ("get", "/settings/system/notices", Administrator),
    ("post", "/settings/system/notices", Administrator),
    ("post", "/settings/system/notices/test", Administrator),
    ("post", "/settings/system/notices/webhooks", Administrator),
    (
        "post",
        "/settings/system/notices/webhooks/{id}/test",
        Administrator,
    ),
    (
        "post",
        "/settings/system/notices/webhooks/{id}/remove",
        Administrator,
    ),
    (
        "post",
        "/settings/system/notices/deliveries/{id}/retry",
        Administrator,
    ),
    ("post", "/account/password", Viewer),
    ("post", "/account/sessions/end-others", Viewer),
    ("post", "/account/sessions/{id}/end", Viewer),
];

#[test]
fn the_table_names_every_route() {
    let table: BTreeSet<_> = ROUTES
        .iter()
        .map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()))
        .collect();
    let written = routes::all();
    assert!(written.len() > 10, "the sources were read");
    let missing: Vec<_> = written.difference(&table).collect();
    assert!(missing.is_empty(), "not in the table: {missing:#?}");
    let gone: Vec<_> = table.difference(&written).collect();
    assert!(gone.is_empty(), "in the table, but no route: {gone:#?}");
}

#[tokio::test]
async fn every_route_lets_in_whom_it_should_and_nobody_else() {
    let app = spawn_app().await;
    let visitors = [
        (Anybody, app.browser()),
        (Viewer, app.sign_in(CHARLIE).await),
        (Contributor, app.sign_in(BOB).await),
        (Administrator, app.sign_in(ALICE).await),
    ];
    for (method, pattern, least) in ROUTES {
        if *pattern == "/sign-out" {
            continue; // would end the visitors' sessions; tests/sign_in.rs looks at it
        }
        let path = with_ids(pattern);
        for (who, browser) in &visitors {
            let answer = ask(browser, method, &path).await;
            let is_let_in = match answer.status {
                403 => false,
                303 => !answer
                    .location
                    .as_deref()
                    .unwrap_or_default()
                    .starts_with("/sign-in"),
                _ => true,
            };
            assert_ne!(
                answer.status, 500,
                "{method} {path} as {who:?}: {}",
                answer.body
            );
            assert_eq!(
                is_let_in,
                who >= least,
                "{method} {path} as {who:?} was answered {}",
                answer.status
            );
        }
    }
}

#[tokio::test]
async fn the_language_switch_on_the_answer_of_an_action_leads_to_a_page() {
    let app = spawn_app().await;
    let alice = app.sign_in(ALICE).await;
    let csrf = alice.csrf("/").await;
    let pages: BTreeSet<String> = paths_of("get");
    let mut drawn = 0;
    for action in paths_of("post").difference(&pages) {
        let above = alice.get(action).await;
        assert_eq!(above.status, 303, "{action}: {}", above.body);
        let above = above.location.unwrap();
        let is_page = pages.contains(&above) || paths_of("post").contains(&above);
        assert!(
            is_page && action.starts_with(&above),
            "{action} leads to {above}"
        );
        if action == "/sign-out" {
            continue; // would end the session
        }
        for (from, back) in [("/account?x=1", "/account?x=1"), (action, action)] {
            let answer = alice.post_from(from, action, &[("_csrf", &csrf)]).await;
            let switch = "form[action='/language'] input[name=return_to]";
            if let Some(return_to) = answer.attribute(switch, "value") {
                assert_eq!(return_to, back, "{action} from {from}");
                drawn += 1;
            }
        }
    }
    assert!(drawn > 20, "only {drawn} answers were pages");
}

#[tokio::test]
async fn a_page_of_somebody_else_is_no_way_back() {
    let app = spawn_app().await;
    let alice = app.sign_in(ALICE).await;
    let csrf = alice.csrf("/").await;
    for from in [
        "https://evil.example/x",
        "nonsense",
        "https://evil.example//evil.example",
    ] {
        let answer = alice
            .post_from(
                from,
                "/account/time-zone",
                &[("_csrf", &csrf), ("time_zone", "Nowhere")],
            )
            .await;
        let return_to = answer.attribute("form[action='/language'] input[name=return_to]", "value");
        assert_eq!(return_to.as_deref(), Some("/account/time-zone"), "{from}");
    }
}

fn paths_of(method: &str) -> BTreeSet<String> {
    let routes = ROUTES.iter().filter(|(of, _, _)| *of == method);
    routes.map(|(_, pattern, _)| with_ids(pattern)).collect()
}

/// A path of the pattern; its ids belong to nothing.
fn with_ids(pattern: &str) -> String {
    let path = pattern
        .replace("{version}", "0")
        .replace("{file:.*}", "css/app.css");
    let parts = path.split('/').map(|part| match part.starts_with('{') {
        true => "00000000-0000-7000-8000-000000000000",
        false => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

async fn ask(browser: &Browser, method: &str, path: &str) -> support::Answer {
    if method == "get" {
        return browser.get(path).await;
    }
    // The sign-in page has a form for everybody; signed-in people find one at home.
    let page = if browser.get("/").await.status == 200 {
        "/"
    } else {
        "/sign-in"
    };
    if path.ends_with("/upload") {
        return browser.upload(page, path).await;
    }
    browser.submit(page, path, &[]).await
}
