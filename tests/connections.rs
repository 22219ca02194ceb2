//! Settings > Connections over real HTTP, against the simulated Constant Contact.
#![allow(clippy::unwrap_used, reason = "a step that fails fails its test")]
#![cfg(feature = "sandbox")]

mod support;

use listbridge::auth::{Role, store as people};
use listbridge::connections::{Health, NotReady, store};
use listbridge::sandbox::{Endpoint, Fault, FaultKind, Sandbox, When};
use sea_orm::ConnectionTrait;
use sha2::{Digest, Sha256};
use support::connections::{
    Application, NEW, add_connection, add_export_user, authenticate, begin_authentication,
    come_back, connect, save, spawn_app_at, spawn_app_at_with, start_sandbox, try_connect,
};
use support::postgres::Postgres;
use support::webdriver::{ChromeDriver, Tab};
use support::{ALICE, Answer, BOB, Browser, CHARLIE, PASSWORD, TestApp};
use uuid::Uuid;

const LIST: &str = "/settings/connections";

fn id_of(connection: &str) -> Uuid {
    connection.rsplit('/').next().unwrap().parse().unwrap()
}

async fn run_sql(app: &TestApp, sql: &str) {
    app.services.db.execute_unprepared(sql).await.unwrap();
}

async fn text_of(app: &TestApp, sql: &str) -> String {
    let statement =
        sea_orm::Statement::from_string(app.services.db.get_database_backend(), sql.to_owned());
    let row = app.services.db.query_one_raw(statement).await.unwrap();
    row.unwrap().try_get_by_index(0).unwrap()
}

/// Titles of the steps that carry a tick.
fn done_steps(page: &Answer) -> Vec<String> {
    page.texts("li.step-done h2")
        .iter()
        .map(|title| title.split(" – ").next().unwrap().to_owned())
        .collect()
}

fn is_disabled(page: &Answer, button: &str) -> bool {
    let html = scraper::Html::parse_document(&page.body);
    let selector = scraper::Selector::parse("main button").unwrap();
    html.select(&selector)
        .find(|found| found.text().collect::<String>().trim() == button)
        .unwrap_or_else(|| panic!("no button {button}"))
        .attr("disabled")
        .is_some()
}

async fn with_pending() -> (Sandbox, TestApp, Browser, String) {
    let sandbox = start_sandbox().await;
    let app = spawn_app_at(&sandbox, Application::Configured).await;
    let alice = app.sign_in(ALICE).await;
    let connection = connect(&alice, "Newsletter", "administrators").await;
    (sandbox, app, alice, connection)
}

#[tokio::test]
async fn a_connection_is_set_up_in_the_documented_steps() {
    let sandbox = start_sandbox().await;
    let app = spawn_app_at(&sandbox, Application::Configured).await;
    let alice = app.sign_in(ALICE).await;
    let empty = alice.get(LIST).await;
    assert!(empty.says("No connections yet"), "{}", empty.body);
    let choose = alice.get("/settings/connections/new").await;
    assert!(choose.says("Up to 1,000,000 customer profiles per export"));
    let form = alice.get(NEW).await;
    assert_eq!(
        form.texts("ol.stepper h2"),
        [
            "Display name",
            "Choose who can use this connection",
            "Data privacy and compliance",
            "Connect",
            "Authenticate with Constant Contact",
            "Add yourself as export user",
            "Save",
        ]
    );
    assert_eq!(
        form.attribute("input[name=sharing][checked]", "value")
            .as_deref(),
        Some("administrators"),
        "the default"
    );
    assert!(is_disabled(&form, "Save") && is_disabled(&form, "Authenticate with Constant Contact"));

    let connection = connect(&alice, "Newsletter", "administrators").await;
    let page = alice.get(&connection).await;
    assert_eq!(done_steps(&page).len(), 4);
    assert!(page.texts(".step-done-by")[0].starts_with("Alice Admin · "));
    assert!(is_disabled(&page, "Save") && is_disabled(&page, "Add yourself as export user"));
    assert!(alice.get(LIST).await.says("Incomplete"));

    // Through the authorisation pages, as a person in a browser.
    let address = begin_authentication(&alice, &connection).await;
    let person = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let page = Answer::read(person.get(&address).send().await.unwrap()).await;
    let sign_in_id = page.attribute("input[name=sign_in_id]", "value").unwrap();
    let post = async |path: &str, fields: &[(&str, &str)]| {
        let url = format!("{}/oauth2/default/v1/authorize/{path}", sandbox.base_url());
        Answer::read(person.post(url).form(fields).send().await.unwrap()).await
    };
    let id = ("sign_in_id", sign_in_id.as_str());
    let fields = [id, ("user_name", "owner"), ("password", "owner-password")];
    assert_eq!(post("sign-in", &fields).await.status, 200);
    let allowed = post("decision", &[id, ("decision", "allow")]).await;
    let back = come_back(&alice, &allowed.location.unwrap()).await;
    assert_eq!(
        (back.status, back.location.as_deref(), back.body.as_str()),
        (303, Some(connection.as_str()), ""),
        "the code leaves the address bar at once"
    );
    let page = alice.get(&connection).await;
    assert!(
        page.says("Connected to Constant Contact – Harbour Books"),
        "{}",
        page.body
    );
    assert!(is_disabled(&page, "Save") && !is_disabled(&page, "Add yourself as export user"));

    let answer = add_export_user(&alice, &connection, PASSWORD).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let page = alice.get(&connection).await;
    assert!(page.says("Export user: Alice Admin"), "{}", page.body);
    assert_eq!(done_steps(&page).len(), 6);
    assert!(!is_disabled(&page, "Save"));
    save(&alice, &connection).await;
    let list = alice.get(LIST).await;
    let row = list.texts("tbody tr td");
    assert_eq!(row[0], "Constant Contact");
    assert_eq!(row[2..5], ["Administrators", "Connected", "Alice Admin"]);

    let ready = store::check_ready(&**app.services.db, id_of(&connection))
        .await
        .unwrap();
    assert_eq!(ready.unwrap().health(), Health::Connected);
    let grant = app
        .services
        .connections
        .tokens
        .access_token(id_of(&connection))
        .await
        .unwrap();
    let api = app.services.connections.api(&grant.client_id);
    assert!(
        !api.list_contact_lists(&grant.token, None)
            .await
            .unwrap()
            .is_empty()
    );
    let actions = text_of(
        &app,
        "SELECT group_concat(action, ' ') FROM (SELECT action FROM audit_events WHERE action LIKE 'connection.%' ORDER BY id)",
    )
    .await;
    assert_eq!(
        actions,
        "connection.created connection.consented connection.authenticated connection.export-user-added connection.saved"
    );
}

#[tokio::test]
async fn the_steps_cannot_be_taken_in_another_order() {
    let (sandbox, app, alice, connection) = with_pending().await;
    let says = async |answer: Answer, missing: &str| {
        assert_eq!(
            answer.location.as_deref(),
            Some(connection.as_str()),
            "{answer:?}"
        );
        let page = alice.get(&connection).await;
        assert!(
            page.says(&format!("First finish the step \"{missing}\"")),
            "{}",
            page.body
        );
    };
    says(
        save(&alice, &connection).await,
        "Authenticate with Constant Contact",
    )
    .await;
    let answer = add_export_user(&alice, &connection, PASSWORD).await;
    says(answer, "Authenticate with Constant Contact").await;
    authenticate(&alice, &sandbox, &connection).await;
    alice.get(&connection).await;
    says(
        save(&alice, &connection).await,
        "Add yourself as export user",
    )
    .await;
    // A changed text stands in the way of everything after it.
    run_sql(&app, "UPDATE consents SET text_sha256 = 'other'").await;
    let answer = add_export_user(&alice, &connection, PASSWORD).await;
    says(answer, "Data privacy and compliance").await;
    let answer = alice
        .submit(&connection, &format!("{connection}/authenticate"), &[])
        .await;
    says(answer, "Data privacy and compliance").await;
}

#[tokio::test]
async fn connect_needs_a_good_name_a_choice_and_the_agreement() {
    let sandbox = start_sandbox().await;
    let app = spawn_app_at(&sandbox, Application::Configured).await;
    let alice = app.sign_in(ALICE).await;
    let long = "x".repeat(1000);
    let agreed = ("i_agree", "true");
    let sharing = ("sharing", "administrators");
    for (fields, sentence) in [
        (vec![("name", ""), sharing, agreed], "Enter a display name."),
        (
            vec![("name", long.as_str()), sharing, agreed],
            "at most 200 characters",
        ),
        (
            vec![("name", "a\u{1}b"), sharing, agreed],
            "must be one line",
        ),
        (
            vec![("name", "N"), agreed],
            "Choose who can use this connection.",
        ),
        (vec![("name", "N"), sharing], "select \"I agree\""),
    ] {
        let answer = try_connect(&alice, &fields).await;
        assert_eq!(answer.status, 422);
        assert!(answer.says(sentence), "{sentence}: {}", answer.body);
        assert_eq!(
            answer.attribute("#name", "value").as_deref(),
            Some(fields[0].1)
        );
    }
    let csrf = alice.csrf(NEW).await;
    let (id, hash) = (Uuid::now_v7().to_string(), "0".repeat(64));
    let fields = [
        ("_csrf", csrf.as_str()),
        ("id", &id),
        ("text_sha256", &hash),
        ("name", "N"),
        sharing,
        agreed,
    ];
    let answer = alice.post(NEW, &fields).await;
    assert!(
        answer.status == 422 && answer.says("The text has changed"),
        "{}",
        answer.body
    );
    assert!(alice.get(LIST).await.says("No connections yet"));

    for name in ["שלום e\u{301}", "電郵", &"字".repeat(200)] {
        let connection = connect(&alice, name, "administrators").await;
        assert_eq!(alice.get(&connection).await.texts("h1"), [name]);
    }
    let taken = try_connect(&alice, &[("name", " ŠALOM "), sharing, agreed]).await;
    assert_eq!(taken.status, 303);
    let taken = try_connect(&alice, &[("name", "šalom"), sharing, agreed]).await;
    assert!(taken.status == 422 && taken.says("Another connection has this display name"));
}

#[tokio::test]
async fn consent_is_kept_as_evidence_in_the_language_that_was_read() {
    let sandbox = start_sandbox().await;
    let app = spawn_app_at(&sandbox, Application::Configured).await;
    let alice = app.sign_in(ALICE).await.speaking("zh-HK");
    let shown = alice.get(NEW).await.texts("div[lang=zh-HK] p").join("\n\n");
    assert!(shown.contains("合規性邊界"), "{shown}");
    let connection = connect(&alice, "電郵", "administrators").await;
    let hash: String = Sha256::digest(&shown)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let evidence = text_of(
        &app,
        "SELECT consents.lang || ' ' || text_version || ' ' || text_sha256 || ' ' || ip || ' ' || users.name \
         FROM consents JOIN users ON users.id = user_id",
    )
    .await;
    assert_eq!(evidence, format!("zh-HK 1 {hash} 127.0.0.1 Alice Admin"));
    assert_eq!(text_of(&app, "SELECT text FROM consents").await, shown);

    authenticate(&alice, &sandbox, &connection).await;
    add_export_user(&alice, &connection, PASSWORD).await;
    save(&alice, &connection).await;
    run_sql(&app, "UPDATE consents SET text_version = 0").await;
    let ready = store::check_ready(&**app.services.db, id_of(&connection))
        .await
        .unwrap();
    assert_eq!(ready.unwrap_err(), NotReady::ConsentNeeded);
    let page = alice.get(&connection).await;
    assert!(page.says("自上次同意後，此文字已更改"), "{}", page.body);
    let sha = page.attribute("input[name=text_sha256]", "value").unwrap();
    let action = format!("{connection}/consent");
    let refused = alice
        .submit(&connection, &action, &[("text_sha256", &sha)])
        .await;
    assert_eq!(refused.status, 422);
    let fields = [("text_sha256", sha.as_str()), ("i_agree", "true")];
    assert_eq!(
        alice.submit(&connection, &action, &fields).await.status,
        303
    );
    let ready = store::check_ready(&**app.services.db, id_of(&connection))
        .await
        .unwrap();
    assert!(ready.is_ok());
    let count = text_of(&app, "SELECT CAST(count(*) AS TEXT) FROM consents").await;
    assert_eq!(count, "2", "the first agreement stays");
}

#[tokio::test]
async fn each_way_to_fail_at_constant_contact_has_its_own_sentence_and_a_way_to_try_again() {
    let (sandbox, _app, alice, connection) = with_pending().await;
    let fault = |endpoint, kind| Fault {
        endpoint,
        when: When::First(1),
        kind,
    };
    let fails = async |change: &dyn Fn(String) -> String,
                       redirect: &dyn Fn(String) -> String,
                       says: &str| {
        let address = change(begin_authentication(&alice, &connection).await);
        let back = redirect(sandbox.allow(&address, "owner").unwrap());
        let answer = come_back(&alice, &back).await;
        assert_eq!(
            answer.location.as_deref(),
            Some(connection.as_str()),
            "{says}"
        );
        let page = alice.get(&connection).await;
        assert!(
            page.texts("[role=alert]").concat().contains(says),
            "{says}: {}",
            page.body
        );
        assert!(!is_disabled(&page, "Authenticate with Constant Contact"));
        page
    };
    let same = |text: String| text;
    let code = |text: String| {
        let start = text.find("code=").unwrap();
        format!(
            "{}code=wrong{}",
            &text[..start],
            &text[text.find("&state").unwrap()..]
        )
    };
    let denied = |text: String| {
        let state = text.split("state=").nth(1).unwrap();
        format!(
            "/oauth/constant-contact/callback?error=access_denied&error_description=No+thanks&state={state}"
        )
    };
    let page = fails(&same, &denied, "Access was not allowed").await;
    assert!(page.says("No thanks"), "the vendor's own words");
    let page = fails(&same, &code, "did not accept the sign-in code").await;
    assert!(page.says("invalid_grant"));
    let without = |scope: &'static str| move |text: String| text.replace(scope, "");
    fails(&without("offline_access"), &same, "no refresh token").await;
    let page = fails(
        &without("contact_data%20"),
        &same,
        "did not grant every permission",
    )
    .await;
    assert!(page.says("contact_data"));
    sandbox.set_fault(fault(Endpoint::Token, FaultKind::Throttled));
    fails(&same, &same, "too many requests right now").await;
    sandbox.set_fault(fault(Endpoint::Token, FaultKind::Status(503)));
    fails(&same, &same, "could not be reached or has a problem").await;
    sandbox.set_fault(fault(Endpoint::Token, FaultKind::ResetAfterAccepted));
    fails(&same, &same, "was lost on its way").await;
    sandbox.set_fault(fault(Endpoint::GetAccountSummary, FaultKind::Status(500)));
    fails(&same, &same, "could not be reached or has a problem").await;
    let secret = sandbox.client_secret();
    sandbox.set_client_secret("a new one");
    let page = fails(&same, &same, "does not accept the client ID and secret").await;
    assert!(page.says("invalid_client"), "{}", page.body);
    sandbox.set_client_secret(&secret);

    let address = begin_authentication(&alice, &connection).await;
    let back = sandbox.allow(&address, "creator").unwrap();
    come_back(&alice, &back).await;
    assert!(alice.get(&connection).await.says("may not manage contacts"));

    authenticate(&alice, &sandbox, &connection).await;
    let page = alice.get(&connection).await;
    assert!(
        !page.says("may not manage contacts") && page.says("Harbour Books"),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn an_answer_counts_once_in_time_and_in_the_session_that_asked() {
    let (sandbox, app, alice, connection) = with_pending().await;
    let asked = async || {
        let address = begin_authentication(&alice, &connection).await;
        sandbox.allow(&address, "owner").unwrap()
    };
    let says = async |browser: &Browser, back: &str, page: &str, sentence: &str| {
        let answer = come_back(browser, back).await;
        assert_eq!(
            (answer.status, answer.location.as_deref()),
            (303, Some(page))
        );
        let page = browser.get(page).await;
        assert!(page.says(sentence), "{sentence}: {}", page.body);
    };
    let forged = "/oauth/constant-contact/callback?code=x&state=invented";
    says(&alice, forged, LIST, "does not belong to any sign-in").await;
    says(
        &alice,
        "/oauth/constant-contact/callback",
        LIST,
        "does not belong to any sign-in",
    )
    .await;

    let other = app.sign_in(ALICE).await;
    let back = asked().await;
    says(&other, &back, LIST, "started in another browser").await;
    says(&alice, &back, &connection, "was used before").await;

    let back = asked().await;
    let answer = come_back(&app.browser(), &back).await;
    assert_eq!(
        answer.location.as_deref(),
        Some(LIST),
        "nobody is signed in"
    );

    let back = asked().await;
    run_sql(
        &app,
        "UPDATE authorization_states SET expires_at = 1790000000000",
    )
    .await;
    says(&alice, &back, &connection, "took longer than 10 minutes").await;

    let back = asked().await;
    assert_eq!(
        sandbox.requests(Endpoint::Token),
        0,
        "none of these codes was sent on"
    );
    come_back(&alice, &back).await;
    assert!(alice.get(&connection).await.says("Harbour Books"));
    says(&alice, &back, &connection, "was used before").await;
    assert!(
        alice.get(&connection).await.says("Harbour Books"),
        "and nothing was lost"
    );
    assert_eq!(sandbox.requests(Endpoint::Token), 1);
    let stored = text_of(
        &app,
        "SELECT group_concat(state_hash) FROM authorization_states",
    )
    .await;
    let state = back.split("state=").nth(1).unwrap();
    assert!(!stored.contains(state), "states are stored as hashes");
}

#[tokio::test]
async fn the_export_user_proves_it_and_can_be_replaced() {
    let (sandbox, app, alice, connection) = with_pending().await;
    authenticate(&alice, &sandbox, &connection).await;
    let refused = add_export_user(&alice, &connection, "wrong password").await;
    assert_eq!(refused.status, 422);
    assert!(
        refused.says("This is not your password"),
        "{}",
        refused.body
    );
    for _ in 0..5 {
        add_export_user(&alice, &connection, "wrong password").await;
    }
    let slowed = add_export_user(&alice, &connection, PASSWORD).await;
    assert_eq!(slowed.status, 429);
    run_sql(&app, "DELETE FROM sign_in_failures").await;
    add_export_user(&alice, &connection, PASSWORD).await;
    save(&alice, &connection).await;

    let db = &**app.services.db;
    let bob = people::list_users(db).await.unwrap();
    let bob = bob.iter().find(|user| user.email == BOB.email).unwrap().id;
    let now = app.services.clock.now();
    people::set_role(db, bob, Role::Administrator, now)
        .await
        .unwrap();
    let second = app.sign_in(BOB).await;
    add_export_user(&second, &connection, PASSWORD).await;
    assert!(second.get(LIST).await.says("Bob Contributor"));
    people::set_role(db, bob, Role::Viewer, now).await.unwrap();
    let list = alice.get(LIST).await;
    assert!(list.says("Sign in again"), "{}", list.body);
    let page = alice.get(&connection).await;
    assert!(page.says("may no longer export"), "{}", page.body);
    add_export_user(&alice, &connection, PASSWORD).await;
    assert!(
        !alice.get(LIST).await.says("Sign in again"),
        "it stayed editable"
    );
}

#[tokio::test]
async fn secrets_are_typed_sealed_and_never_shown() {
    let sandbox = start_sandbox().await;
    let app = spawn_app_at(&sandbox, Application::Typed).await;
    let alice = app.sign_in(ALICE).await;
    let connection = connect(&alice, "Newsletter", "administrators").await;
    let page = alice.get(&connection).await;
    assert_eq!(
        page.texts("#redirect-uri"),
        ["http://localhost:8080/oauth/constant-contact/callback"]
    );
    assert!(is_disabled(&page, "Authenticate with Constant Contact"));
    let action = format!("{connection}/application");
    let (client_id, secret) = (sandbox.client_id(), sandbox.client_secret());
    let fields = [
        ("client_id", "two words"),
        ("client_secret", secret.as_str()),
    ];
    let refused = alice.submit(&connection, &action, &fields).await;
    assert_eq!(refused.status, 422);
    assert!(!refused.body.contains(&secret));
    let fields = [
        ("client_id", client_id.as_str()),
        ("client_secret", &secret),
    ];
    assert_eq!(
        alice.submit(&connection, &action, &fields).await.status,
        303
    );
    authenticate(&alice, &sandbox, &connection).await;
    add_export_user(&alice, &connection, PASSWORD).await;
    save(&alice, &connection).await;

    let tokens = &app.services.connections.tokens;
    let access = tokens.access_token(id_of(&connection)).await.unwrap();
    run_sql(&app, "PRAGMA wal_checkpoint(FULL)").await;
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&app.services.settings.data_dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            files.extend(std::fs::read(path).unwrap());
        }
    }
    let holds = |text: &str| {
        files
            .windows(text.len())
            .any(|bytes| bytes == text.as_bytes())
    };
    assert!(holds("Harbour Books"), "the right files were read");
    for hidden in [secret.as_str(), access.token.expose(), PASSWORD] {
        assert!(!holds(hidden));
    }
    let page = alice.get(&connection).await;
    assert!(!page.body.contains(&secret) && !page.body.contains(access.token.expose()));
    // The next connection uses the application that was typed last.
    let second = connect(&alice, "Second", "administrators").await;
    assert!(!is_disabled(
        &alice.get(&second).await,
        "Authenticate with Constant Contact"
    ));
}

#[tokio::test]
async fn removing_wipes_the_tokens_here_and_revokes_them_there() {
    let sandbox = start_sandbox().await;
    let app = spawn_app_at(&sandbox, Application::Configured).await;
    let alice = app.sign_in(ALICE).await;
    let connection = add_connection(&alice, &sandbox, "Newsletter").await;
    assert_eq!(sandbox.live_refresh_tokens(), 1);
    let remove = format!("{connection}/remove");
    assert!(
        alice
            .get(&remove)
            .await
            .says("Are you sure you want to remove Newsletter?")
    );
    let export = "INSERT INTO exports (id, name, name_key, connection_id, list_id, source_id, email_field, \
                  attributes, version, created_at, updated_at) SELECT randomblob(16), 'Weekly', 'weekly', id, \
                  id, id, 'E', '[]', 1, 0, 0 FROM connections";
    run_sql(&app, export).await;
    let page = alice.get(&remove).await;
    assert!(
        page.says("in use by 1 export") && page.says("Weekly"),
        "{}",
        page.body
    );
    let refused = alice.submit(LIST, &remove, &[]).await;
    assert_eq!(refused.status, 409);
    assert_eq!(sandbox.live_refresh_tokens(), 1);

    run_sql(&app, "DELETE FROM exports").await;
    let answer = alice.submit(&remove, &remove, &[]).await;
    assert_eq!(answer.location.as_deref(), Some(LIST), "{}", answer.body);
    assert!(alice.get(LIST).await.says("is removed"));
    assert_eq!(sandbox.live_refresh_tokens(), 0);
    let left = "SELECT CAST(count(access_token) + count(refresh_token) + count(name_key) AS TEXT) FROM connections";
    assert_eq!(text_of(&app, left).await, "0");
    assert_eq!(
        text_of(&app, "SELECT CAST(count(*) AS TEXT) FROM consents").await,
        "1"
    );
    assert_eq!(alice.get(&connection).await.status, 404);
    assert!(
        app.services
            .connections
            .tokens
            .access_token(id_of(&connection))
            .await
            .is_err()
    );

    // The name is free, and a draft is discarded although Constant Contact does not answer.
    let draft = connect(&alice, "Newsletter", "administrators").await;
    authenticate(&alice, &sandbox, &draft).await;
    sandbox.set_fault(Fault {
        endpoint: Endpoint::Revoke,
        when: When::Always,
        kind: FaultKind::Status(500),
    });
    let remove = format!("{draft}/remove");
    assert!(alice.get(&remove).await.says("discard Newsletter"));
    alice.submit(&remove, &remove, &[]).await;
    let list = alice.get(LIST).await;
    assert!(
        list.says("did not confirm") && list.says("No connections yet"),
        "{}",
        list.body
    );
}

#[tokio::test]
async fn another_account_is_not_slipped_under_a_saved_connection() {
    let sandbox = start_sandbox().await;
    let app = spawn_app_at(&sandbox, Application::Configured).await;
    let alice = app.sign_in(ALICE).await;
    let connection = add_connection(&alice, &sandbox, "Newsletter").await;
    run_sql(&app, "UPDATE connections SET account_id = 'another'").await;
    let address = begin_authentication(&alice, &connection).await;
    assert!(address.contains("prompt=login"), "{address}");
    let back = sandbox.allow(&address, "owner").unwrap();
    come_back(&alice, &back).await;
    let page = alice.get(&connection).await;
    assert!(
        page.says("another Constant Contact account"),
        "{}",
        page.body
    );
    let tokens = &app.services.connections.tokens;
    assert!(
        tokens.access_token(id_of(&connection)).await.is_ok(),
        "the old tokens still serve"
    );
    assert_eq!(
        sandbox.live_refresh_tokens(),
        1,
        "the new ones were revoked"
    );
}

#[tokio::test]
async fn name_and_sharing_can_be_changed_and_two_editors_are_told_apart() {
    let (_sandbox, _app, alice, connection) = with_pending().await;
    connect(&alice, "Other", "administrators").await;
    let edit = format!("{connection}/edit");
    let change = async |version: &str, name: &str| {
        let sharing = ("sharing", "administrators_and_contributors");
        let fields = [("version", version), ("name", name), sharing];
        alice.submit(&edit, &edit, &fields).await
    };
    assert_eq!(change("1", "OTHER").await.status, 422);
    assert_eq!(change("1", "Renamed").await.status, 303);
    let page = alice.get(&connection).await;
    assert_eq!(page.texts("h1"), ["Renamed"]);
    assert!(page.says("Administrators and contributors"));
    let late = change("1", "Too late").await;
    assert_eq!(late.status, 409);
    assert!(late.says("Somebody was faster"), "{}", late.body);
}

#[tokio::test]
async fn only_administrators_reach_connections() {
    let (_sandbox, app, alice, connection) = with_pending().await;
    let gets = ["", "/new", "/new/constant-contact"].map(|path| format!("{LIST}{path}"));
    let own_gets = ["", "/edit", "/remove"].map(|path| format!("{connection}{path}"));
    let actions = [
        "edit",
        "consent",
        "application",
        "authenticate",
        "export-user",
        "save",
        "remove",
    ];
    let posts = actions.map(|action| format!("{connection}/{action}"));
    let fields = [
        ("version", "1"),
        ("name", "x"),
        ("sharing", "administrators"),
        ("client_id", "x"),
        ("client_secret", "x"),
        ("password", "x"),
        ("id", "018f0000-0000-7000-8000-000000000000"),
    ];
    for person in [BOB, CHARLIE] {
        let browser = app.sign_in(person).await;
        for path in gets.iter().chain(&own_gets) {
            assert_eq!(browser.get(path).await.status, 403, "{path}");
        }
        for path in posts.iter().map(String::as_str).chain([NEW]) {
            assert_eq!(
                browser.submit("/", path, &fields).await.status,
                403,
                "{path}"
            );
        }
    }
    for path in gets.iter().chain(&own_gets) {
        assert_eq!(app.browser().get(path).await.status, 303, "{path}");
        assert_eq!(alice.get(path).await.status, 200, "{path}");
    }
    let nowhere = format!("{LIST}/{}", Uuid::now_v7());
    assert_eq!(alice.get(&nowhere).await.status, 404);
    assert_eq!(alice.get(&format!("{LIST}/not-an-id")).await.status, 404);
}

#[tokio::test]
async fn postgresql_serves_the_wizard_and_the_ledger_as_well() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let url = postgres.create_database("application").await;
    let sandbox = start_sandbox().await;
    let app = spawn_app_at_with(&sandbox, Application::Typed, |settings| {
        settings.database_url = Some(url.into());
        settings.constant_contact_requests_per_day = 12;
    })
    .await;
    let alice = app.sign_in(ALICE).await;
    let pending = connect(&alice, "Newsletter", "administrators").await;
    let (client_id, secret) = (sandbox.client_id(), sandbox.client_secret());
    let fields = [
        ("client_id", client_id.as_str()),
        ("client_secret", &secret),
    ];
    alice
        .submit(&pending, &format!("{pending}/application"), &fields)
        .await;
    let taken = [
        ("name", "NEWSLETTER"),
        ("sharing", "administrators"),
        ("i_agree", "true"),
    ];
    assert_eq!(try_connect(&alice, &taken).await.status, 422);
    let remove = format!("{pending}/remove");
    alice.submit(&remove, &remove, &[]).await;

    let connection = add_connection(&alice, &sandbox, "Newsletter").await;
    let services = &app.services.connections;
    let tokens = &services.tokens;
    let grant = tokens.access_token(id_of(&connection)).await.unwrap();
    sandbox.expire_access_tokens();
    let renewed = tokens
        .refresh_after_401(id_of(&connection), grant.version)
        .await
        .unwrap();
    assert!(renewed.version > grant.version && renewed.token.expose() != grant.token.expose());

    let left = services
        .ledger
        .requests_left_today(&client_id)
        .await
        .unwrap();
    assert_eq!(left, 10, "account summary and privileges were counted");
    let permits = services.ledger.permits(&client_id);
    let mut asked = Vec::new();
    for _ in 0..15 {
        asked.push(permits.acquire(listbridge::constant_contact::RequestKind::Read));
    }
    let granted = futures_util::future::join_all(asked).await;
    assert_eq!(granted.iter().filter(|answer| answer.is_ok()).count(), 10);
    services.ledger.push_back(&client_id).await.unwrap();
    services.ledger.mark_day_spent(&client_id).await.unwrap();
    assert_eq!(
        services
            .ledger
            .requests_left_today(&client_id)
            .await
            .unwrap(),
        0
    );
    let remove = format!("{connection}/remove");
    alice.submit(&remove, &remove, &[]).await;
    assert_eq!(sandbox.live_refresh_tokens(), 0);
}

/// What the wizard says in a language.
struct Words {
    lang: &'static str,
    sign_in: [&'static str; 3],
    add: &'static str,
    name: &'static str,
    i_agree: &'static str,
    connect: &'static str,
    authenticate: &'static str,
    connected: &'static str,
    export_user: &'static str,
    save: &'static str,
    healthy: &'static str,
}

const WORDS: [Words; 2] = [
    Words {
        lang: "en",
        sign_in: ["Email address", "Password", "Sign in"],
        add: "Add connection",
        name: "Display name",
        i_agree: "I agree",
        connect: "Connect",
        authenticate: "Authenticate with Constant Contact",
        connected: "Connected to Constant Contact – Harbour Books",
        export_user: "Add yourself as export user",
        save: "Save",
        healthy: "Connected",
    },
    Words {
        lang: "zh-HK",
        sign_in: ["電子郵件地址", "密碼", "登入"],
        add: "新增連接",
        name: "顯示名稱",
        i_agree: "我同意",
        connect: "連接",
        authenticate: "驗證 Constant Contact",
        connected: "已連接至 Constant Contact – Harbour Books",
        export_user: "將您自己新增為匯出使用者",
        save: "儲存",
        healthy: "已連接",
    },
];

#[tokio::test]
async fn the_wizard_is_walked_by_its_labels_in_a_real_browser() {
    let Some(driver) = ChromeDriver::start() else {
        return;
    };
    for words in WORDS {
        let sandbox = start_sandbox().await;
        // The redirect URI names the port, so it has to be known before the start.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let app = spawn_app_at_with(&sandbox, Application::Configured, |settings| {
            settings.listen = address;
            settings.public_url = format!("http://{address}").parse().unwrap();
        })
        .await;
        sandbox.register_redirect_uri(&format!("http://{address}/oauth/constant-contact/callback"));
        let tab = driver.open(&app.base_url, words.lang).await;
        walk(&tab, &words).await;
    }
}

async fn walk(tab: &Tab, words: &Words) {
    tab.goto(LIST).await;
    tab.fill(words.sign_in[0], ALICE.email).await;
    tab.fill(words.sign_in[1], PASSWORD).await;
    tab.click(words.sign_in[2]).await;
    tab.see(words.add).await;
    tab.check_accessibility().await;
    tab.click(words.add).await;
    tab.see("1,000,000").await;
    tab.check_accessibility().await;
    tab.click("Constant Contact").await;
    tab.fill(words.name, "Newsletter").await;
    tab.check_accessibility().await;
    // Pages scroll smoothly, and WebDriver would press before the box has arrived.
    let tick = "const label = [...document.querySelectorAll('label')].find(l => l.textContent.trim() === arguments[0]);
        label.scrollIntoView({ behavior: 'instant', block: 'center' }); label.click();";
    tab.client
        .execute(tick, vec![words.i_agree.into()])
        .await
        .unwrap();
    tab.press(words.connect).await;
    tab.see("Newsletter").await;
    tab.see("Alice Admin ·").await;
    tab.check_accessibility().await;
    tab.press(words.authenticate).await;
    tab.see("Known users").await;
    tab.fill("User name", "owner").await;
    tab.fill("Password", "owner-password").await;
    tab.click("Sign in").await;
    tab.click("Allow").await;
    tab.see(words.connected).await;
    assert!(
        !tab.client
            .current_url()
            .await
            .unwrap()
            .as_str()
            .contains("code=")
    );
    tab.fill(words.sign_in[1], PASSWORD).await;
    tab.check_accessibility().await;
    tab.press(words.export_user).await;
    tab.see(words.save).await;
    tab.press(words.save).await;
    tab.see(words.healthy).await;
    assert_eq!(tab.path().await, LIST);
    tab.check_accessibility().await;
}
