//! The steps in the documented order, and what each asks for.

use listbridge::connections::{Health, NotReady, store};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::stage::{LIST, done_steps, id_of, is_disabled, run_sql, text_of, with_pending};
use crate::support::connections::{
    Application, NEW, add_export_user, authenticate, begin_authentication, come_back, connect,
    save, spawn_app_at, start_sandbox, try_connect,
};
use crate::support::{ALICE, Answer, PASSWORD};

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
    assert_eq!(
        form.attribute("#i_agree", "autocomplete").as_deref(),
        Some("off"),
        "the back button does not agree"
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
        "SELECT string_agg(action, ' ') FROM (SELECT action FROM audit_events WHERE action LIKE 'connection.%' ORDER BY seq) AS actions",
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
