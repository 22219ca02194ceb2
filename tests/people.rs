//! Settings > People, invitation links and one's own account, over real HTTP.
#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod support;

use listbridge::auth::people::PeopleQuery;
use listbridge::auth::people::changes::{self, ChangeProblem};
use listbridge::auth::{NewUser, Role, people, store};
use listbridge::storage::audit::Author;
use support::postgres::Postgres;
use support::{ALICE, BOB, CHARLIE, PASSWORD, Person, TestApp, spawn_app, spawn_app_with};
use uuid::Uuid;

const NEW_PASSWORD: &str = "a new and longer password";

async fn id_of(app: &TestApp, person: Person) -> Uuid {
    let everybody = store::list_users(&**app.services.db).await.unwrap();
    let found = everybody.iter().find(|user| user.email == person.email);
    found.unwrap().id
}

fn path(id: Uuid, action: &str) -> String {
    format!("/settings/people/{id}/{action}")
}

#[tokio::test]
async fn the_list_is_searched_and_sorted() {
    let app = spawn_app().await;
    let browser = app.sign_in(ALICE).await;
    let names = |answer: &support::Answer| answer.texts("tbody th");
    for (query, expected) in [
        ("", vec![ALICE.name, BOB.name, CHARLIE.name]),
        ("?dir=desc", vec![CHARLIE.name, BOB.name, ALICE.name]),
        (
            "?sort=last&dir=desc",
            vec![ALICE.name, CHARLIE.name, BOB.name],
        ),
        ("?sort=role", vec![ALICE.name, BOB.name, CHARLIE.name]),
        ("?page=999", vec![ALICE.name, BOB.name, CHARLIE.name]),
        ("?q=BOB%40", vec![BOB.name]),
        ("?q=%25", vec![]),
        ("?q=%27%20OR%201%3D1--", vec![]),
    ] {
        let answer = browser.get(&format!("/settings/people{query}")).await;
        assert_eq!(answer.status, 200, "{query}");
        assert_eq!(names(&answer), expected, "{query}");
    }
    let odd = browser.get("/settings/people?sort=nonsense").await;
    assert_eq!(odd.status, 400);
    assert!(odd.says("There is no column"), "{}", odd.body);
    assert_eq!(names(&odd).len(), 3);
}

#[tokio::test]
async fn a_name_can_be_seen_and_turns_nothing_round() {
    let app = spawn_app().await;
    let alice = app.sign_in(ALICE).await;
    let page = "/settings/people/new";
    let add = async |name: &str| {
        let fields = [
            ("name", name),
            ("email", "dora@example.com"),
            ("role", "viewer"),
            ("access", "invitation"),
        ];
        alice.submit(page, page, &fields).await
    };
    let refused = add("\u{200b}\u{feff}").await;
    assert_eq!(refused.status, 422);
    assert!(!refused.texts("#name-error").is_empty(), "{}", refused.body);
    let added = add("\u{202e}Dora\u{2066}").await;
    let shown = alice.get(&added.location.unwrap()).await;
    assert_eq!(shown.texts("h1"), ["Dora"]);
    let told = shown.texts("[role=status] bdi").concat();
    assert!(
        told.contains("Dora") && !told.contains('\u{202e}'),
        "{told}"
    );
}

/// Adds people whose names begin with capitals outside ASCII.
async fn add_accents(app: &TestApp) {
    for (name, email) in [("Élodie", "elodie@example.com"), ("Zoë", "zoe@example.com")] {
        let new = NewUser {
            name: name.into(),
            email: email.into(),
            role: Role::Viewer,
            password: PASSWORD.to_owned().into(),
        };
        let now = app.services.clock.now();
        store::add_user(&**app.services.db, new, None, None, now)
            .await
            .unwrap();
    }
}

async fn names_are_found_in_any_case(app: TestApp) {
    add_accents(&app).await;
    let alice = app.sign_in(ALICE).await;
    for typed in ["%C3%89lodie", "%C3%A9LODIE", "e%CC%81lod"] {
        let found = alice.get(&format!("/settings/people?q={typed}")).await;
        assert_eq!(found.texts("tbody th"), ["Élodie"], "{typed}");
    }
    let elodie = Person {
        name: "Élodie",
        email: "elodie@example.com",
        role: Role::Viewer,
    };
    app.sign_in(elodie).await;
    for typed in ["%C3%89lodie", "%C3%A9lodie", "ELODIE%40"] {
        let found = alice.get(&format!("/settings/audit?person={typed}")).await;
        let who = found.texts("td[data-label=Who]");
        assert!(
            !who.is_empty() && who.iter().all(|who| who == "Élodie"),
            "{typed}: {who:?}"
        );
    }
    let none = alice.get("/settings/audit?person=nobody").await;
    assert!(none.texts("td[data-label=Who]").is_empty());
}

#[tokio::test]
async fn names_are_found_in_any_case_on_sqlite() {
    names_are_found_in_any_case(spawn_app().await).await;
}

#[tokio::test]
async fn names_are_found_in_any_case_on_postgresql() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let url = postgres.create_database("accents").await;
    let app = spawn_app_with(|settings| settings.database_url = Some(url.into())).await;
    names_are_found_in_any_case(app).await;
}

#[tokio::test]
async fn an_invited_person_chooses_a_password_once() {
    let app = spawn_app().await;
    let alice = app.sign_in(ALICE).await;
    let fields = [
        ("name", "Dora"),
        ("email", "Dora@Example.com"),
        ("role", "contributor"),
        ("access", "invitation"),
    ];
    let page = "/settings/people/new";
    let added = alice.submit(page, page, &fields).await;
    assert_eq!(added.status, 303, "{}", added.body);
    let person = added.location.unwrap();
    let shown = alice.get(&person).await;
    let link = shown.texts("#link").remove(0);
    assert!(shown.says("Invited"), "{}", shown.body);
    assert!(
        alice.get(&person).await.texts("#link").is_empty(),
        "shown once"
    );
    let again = alice.submit(page, page, &fields).await;
    assert_eq!(again.status, 422);
    assert!(again.says("exists already"), "{}", again.body);

    let link = &link[link.find("/invitation/").unwrap()..];
    let dora = app.browser();
    let short = [("name", "Dora D"), ("password", "short")];
    assert_eq!(dora.submit(link, link, &short).await.status, 422);
    let chosen = [("name", "Dora D"), ("password", NEW_PASSWORD)];
    let done = dora.submit(link, link, &chosen).await;
    assert_eq!((done.status, done.location.as_deref()), (303, Some("/")));
    assert_eq!(dora.get("/exports").await.status, 200);
    let signed_in = app.audited("user.signed-in").await;
    let by_invitation = serde_json::json!({ "by": "invitation" });
    assert!(signed_in.contains(&by_invitation), "{signed_in:?}");
    assert_eq!(app.browser().get(link).await.status, 410, "used");
    let unknown = app.browser().get("/invitation/abc").await;
    assert_eq!(unknown.status, 410);
    assert!(alice.get(&person).await.says("Active"));

    // A newer link ends the one before it.
    let csrf = [("_csrf", alice.csrf(&person).await)];
    let csrf = [("_csrf", csrf[0].1.as_str())];
    let make = format!("{person}/link");
    alice.post(&make, &csrf).await;
    let first = alice.get(&person).await.texts("#link").remove(0);
    alice.post(&make, &csrf).await;
    let second = alice.get(&person).await.texts("#link").remove(0);
    let tail = |link: &str| link[link.find("/invitation/").unwrap()..].to_owned();
    assert_eq!(app.browser().get(&tail(&first)).await.status, 410);
    assert_eq!(app.browser().get(&tail(&second)).await.status, 200);
}

#[tokio::test]
async fn changes_end_a_persons_sessions_at_once() {
    let app = spawn_app().await;
    let alice = app.sign_in(ALICE).await;
    let bob_id = id_of(&app, BOB).await;
    let page = format!("/settings/people/{bob_id}");

    let bob = app.sign_in(BOB).await;
    let answer = alice
        .submit(&page, &path(bob_id, "role"), &[("role", "viewer")])
        .await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert_eq!(bob.get("/").await.status, 303, "signed out");
    let bob = app.sign_in(BOB).await;
    assert_eq!(bob.get("/exports/new").await.status, 403);

    alice.submit(&page, &path(bob_id, "disable"), &[]).await;
    assert_eq!(bob.get("/").await.status, 303, "signed out");
    let fields = [("email", BOB.email), ("password", PASSWORD)];
    let refused = app.browser().submit("/sign-in", "/sign-in", &fields).await;
    assert_eq!(refused.status, 422);
    alice.submit(&page, &path(bob_id, "enable"), &[]).await;
    let bob = app.sign_in(BOB).await;

    let removed = alice.submit(&page, &path(bob_id, "remove"), &[]).await;
    assert_eq!(removed.location.as_deref(), Some("/settings/people"));
    assert_eq!(bob.get("/").await.status, 303, "signed out");
    assert_eq!(alice.get(&page).await.status, 404);
    let log = alice.get("/settings/audit?group=user").await;
    assert!(log.says("Role: Contributor → Viewer"), "{}", log.body);
    assert!(
        log.says("Person removed") && log.says(BOB.name),
        "{}",
        log.body
    );
}

#[tokio::test]
async fn the_last_administrator_cannot_lock_everyone_out() {
    let app = spawn_app().await;
    let alice = app.sign_in(ALICE).await;
    let id = id_of(&app, ALICE).await;
    let page = format!("/settings/people/{id}");

    let asked = alice
        .submit(&page, &path(id, "role"), &[("role", "viewer")])
        .await;
    assert_eq!(asked.status, 422);
    assert!(
        asked.says("your own administrator rights"),
        "{}",
        asked.body
    );
    let fields = [("role", "viewer"), ("confirm", "true")];
    let refused = alice.submit(&page, &path(id, "role"), &fields).await;
    assert_eq!(refused.status, 422);
    assert!(refused.says("last administrator"), "{}", refused.body);
    for action in ["disable", "remove"] {
        alice.submit(&page, &path(id, action), &[]).await;
        let after = alice.get(&page).await;
        assert!(after.says("cannot disable or remove yourself"), "{action}");
    }

    // Somebody invited who has never been in does not count.
    let new = "/settings/people/new";
    let dora = [
        ("name", "Dora"),
        ("email", "dora@example.com"),
        ("role", "administrator"),
        ("access", "invitation"),
    ];
    alice.submit(new, new, &dora).await;
    let refused = alice.submit(&page, &path(id, "role"), &fields).await;
    assert_eq!(refused.status, 422);

    let bob = id_of(&app, BOB).await;
    let bobs = format!("/settings/people/{bob}");
    alice
        .submit(&bobs, &path(bob, "role"), &[("role", "administrator")])
        .await;
    let done = alice.submit(&page, &path(id, "role"), &fields).await;
    assert_eq!(
        (done.status, done.location.as_deref()),
        (303, Some("/sign-in"))
    );
    assert_eq!(alice.get("/settings/people").await.status, 303);
}

/// Two administrators take each other's rights away at the same moment, in every way there is, many times.
async fn two_against_each_other(app: TestApp) {
    let db = &**app.services.db;
    let now = app.services.clock.now();
    let alice = id_of(&app, ALICE).await;
    let bob = id_of(&app, BOB).await;
    let by = |id| Author {
        user_id: Some(id),
        ip: None,
        at: now,
    };
    let reset = async || {
        for id in [alice, bob] {
            changes::enable(db, id, by(alice)).await.unwrap();
            let done = changes::set_role(db, id, Role::Administrator, by(alice)).await;
            done.unwrap();
        }
    };
    for round in 0..20 {
        reset().await;
        let (first, second) = match round % 3 {
            0 => tokio::join!(
                changes::set_role(db, alice, Role::Viewer, by(bob)),
                changes::set_role(db, bob, Role::Viewer, by(alice)),
            ),
            1 => tokio::join!(
                changes::disable(db, alice, by(bob)),
                changes::disable(db, bob, by(alice)),
            ),
            _ => tokio::join!(
                changes::disable(db, alice, by(bob)),
                changes::set_role(db, bob, Role::Contributor, by(alice)),
            ),
        };
        let refused = [first, second]
            .into_iter()
            .filter_map(Result::err)
            .collect::<Vec<_>>();
        assert!(
            matches!(refused[..], [ChangeProblem::LastAdministrator]),
            "round {round}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn two_administrators_cannot_demote_each_other_on_sqlite() {
    two_against_each_other(spawn_app().await).await;
}

#[tokio::test]
async fn two_administrators_cannot_demote_each_other_on_postgresql() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let url = postgres.create_database("people").await;
    let app = spawn_app_with(|settings| settings.database_url = Some(url.into())).await;
    let asked = PeopleQuery {
        text: "BOB".into(),
        ..Default::default()
    };
    let found = people::count(&**app.services.db, &asked).await.unwrap();
    assert_eq!(found, 1);
    two_against_each_other(app).await;
}

#[tokio::test]
async fn people_change_their_password_and_end_their_sessions() {
    let app = spawn_app().await;
    let here = app.sign_in(CHARLIE).await;
    let there = app.sign_in(CHARLIE).await;
    let elsewhere = app.sign_in(CHARLIE).await;
    let account = here.get("/account").await;
    assert_eq!(account.texts("tbody tr").len(), 3, "{}", account.body);

    let action = account
        .attribute("tbody form", "action")
        .expect("another session can be ended");
    assert_eq!(here.submit("/account", &action, &[]).await.status, 303);
    assert_eq!(here.get("/account").await.texts("tbody tr").len(), 2);
    let bob = app.sign_in(BOB).await;
    let stolen = bob.submit("/account", &action, &[]).await;
    assert_eq!(stolen.status, 404, "somebody else's session");

    for (old, new, words) in [
        (
            "wrong wrong wrong",
            NEW_PASSWORD,
            "not your present password",
        ),
        (PASSWORD, "short", "at least 12 characters"),
    ] {
        let fields = [("old_password", old), ("password", new)];
        let refused = here.submit("/account", "/account/password", &fields).await;
        assert_eq!(refused.status, 422);
        assert!(refused.says(words), "{}", refused.body);
    }
    let fields = [("old_password", PASSWORD), ("password", NEW_PASSWORD)];
    let changed = here.submit("/account", "/account/password", &fields).await;
    assert_eq!(changed.status, 303, "{}", changed.body);
    assert_eq!(here.get("/account").await.status, 200);
    for other in [&there, &elsewhere] {
        assert_eq!(other.get("/account").await.status, 303, "ended");
    }
    let sign_in = async |password| {
        let fields = [("email", CHARLIE.email), ("password", password)];
        let browser = app.browser();
        browser.submit("/sign-in", "/sign-in", &fields).await.status
    };
    assert_eq!(sign_in(PASSWORD).await, 422);
    assert_eq!(sign_in(NEW_PASSWORD).await, 303);

    let browser = app.sign_in(BOB).await;
    let _second = app.sign_in(BOB).await;
    browser
        .submit("/account", "/account/sessions/end-others", &[])
        .await;
    assert_eq!(browser.get("/account").await.texts("tbody tr").len(), 1);
}

#[tokio::test]
async fn an_administrator_added_from_the_shell_can_come_in() {
    let app = spawn_app().await;
    let new = NewUser {
        name: "Eve".into(),
        email: "eve@example.com".into(),
        role: Role::Administrator,
        password: PASSWORD.to_owned().into(),
    };
    let now = app.services.clock.now();
    store::add_user(&**app.services.db, new, None, None, now)
        .await
        .unwrap();
    let eve = app
        .sign_in(Person {
            name: "Eve",
            email: "eve@example.com",
            role: Role::Administrator,
        })
        .await;
    assert_eq!(eve.get("/settings/people").await.status, 200);
}
