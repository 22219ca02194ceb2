//! The list, the tabs, and editing a connection.

use crate::stage::{LIST, fresh_id, id_literal, id_of, run_sql, with_pending};
use crate::support::connections::{add_connection, connect};
use crate::support::{ALICE, PASSWORD};

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
    assert!(
        late.texts("[role=alert] dd")
            .contains(&"Renamed".to_owned()),
        "{}",
        late.body
    );
    assert_eq!(
        late.attribute("#name", "value").as_deref(),
        Some("Too late"),
        "nothing typed is lost"
    );
    let version = late.attribute("input[name=version]", "value").unwrap();
    assert_eq!(
        change(&version, "Too late").await.status,
        303,
        "saving again replaces it"
    );
    assert_eq!(alice.get(&connection).await.texts("h1"), ["Too late"]);
}

#[tokio::test]
async fn who_saves_a_connection_that_was_removed_is_told_with_what_was_typed() {
    let (_sandbox, app, alice, connection) = with_pending().await;
    let edit = format!("{connection}/edit");
    let other_browser = app.sign_in(ALICE).await;
    other_browser.get(&edit).await;
    let remove = format!("{connection}/remove");
    alice.submit(&remove, &remove, &[]).await;
    let fields = [
        ("version", "1"),
        ("name", "Renamed"),
        ("sharing", "administrators"),
    ];
    let told = other_browser.submit(LIST, &edit, &fields).await;
    assert_eq!(told.status, 409);
    assert!(
        told.says("removed while you were editing it"),
        "{}",
        told.body
    );
    assert!(
        told.texts("dd").contains(&"Renamed".to_owned()),
        "{}",
        told.body
    );
}

#[tokio::test]
async fn the_list_has_the_documented_columns_and_sorts_by_each() {
    let (sandbox, app, alice, _draft) = with_pending().await;
    let shared = connect(&alice, "Älter", "administrators_and_contributors").await;
    let whole = add_connection(&alice, &sandbox, "books").await;
    let dead = add_connection(&alice, &sandbox, "Club").await;
    let of = |path: &str| id_literal(&app, id_of(path));
    let set = async |sql: String| run_sql(&app, &sql).await;
    set(format!(
        "UPDATE connections SET \"authorization\" = 'sign_in_again', created_at = 1 WHERE id = {}",
        of(&dead)
    ))
    .await;
    set(format!(
        "UPDATE connections SET last_used_at = 1790000000000 WHERE id = {}",
        of(&whole)
    ))
    .await;
    set(format!(
        "UPDATE connections SET created_at = 2 WHERE id = {}",
        of(&shared)
    ))
    .await;

    let page = alice.get(LIST).await;
    assert_eq!(
        page.texts("thead th")[..7],
        [
            "Display name",
            "Type",
            "Created",
            "Who has access",
            "Health",
            "Export user",
            "Last used"
        ]
    );
    let names = async |query: &str| {
        let page = alice.get(&format!("{LIST}?{query}")).await;
        assert_eq!(page.status, 200, "{query}");
        page.texts("tbody th").join(" ")
    };
    for (query, expected) in [
        ("", "books Club Newsletter Älter"),
        ("sort=name&dir=desc", "Älter Newsletter Club books"),
        ("sort=type", "books Club Newsletter Älter"),
        ("sort=created", "Club Älter Newsletter books"),
        ("sort=access&dir=desc", "Älter books Club Newsletter"),
        ("sort=health", "Club Newsletter Älter books"),
        ("sort=export_user", "books Club Newsletter Älter"),
        ("sort=last_used", "books Club Newsletter Älter"),
        ("sort=last_used&dir=desc", "books Club Newsletter Älter"),
        ("q=LUB", "Club"),
        ("q=%C3%A4LT", "Älter"),
        ("q=alice", "books Club"),
        ("q=constant", "books Club Newsletter Älter"),
        ("q='+OR+1%3D1+--", ""),
        ("q=%25", ""),
    ] {
        assert_eq!(names(query).await, expected, "{query}");
    }
    let odd = alice.get(&format!("{LIST}?sort=client_id")).await;
    assert_eq!(odd.status, 400);
    assert!(
        odd.texts("[role=alert]")
            .concat()
            .contains("There is no column"),
        "{}",
        odd.body
    );
    let health = alice
        .get(&format!("{LIST}?sort=health"))
        .await
        .texts("td:nth-child(5)");
    assert_eq!(
        health,
        ["Sign in again", "Incomplete", "Incomplete", "Connected"]
    );
}

#[tokio::test]
async fn discover_offers_what_can_be_connected() {
    let (_sandbox, _app, alice, _) = with_pending().await;
    let list = alice.get(LIST).await;
    assert_eq!(list.texts(".nav-tabs a"), ["Exports", "Discover"]);
    assert_eq!(list.texts(".nav-tabs [aria-current]"), ["Exports"]);
    let discover = alice.get("/settings/connections/discover").await;
    assert_eq!(discover.texts(".nav-tabs [aria-current]"), ["Discover"]);
    assert!(
        discover.says("Up to 1,000,000 customer profiles per export"),
        "{}",
        discover.body
    );
    let set_up = discover.attribute(".tile a", "href").unwrap();
    assert_eq!(
        alice.get(&set_up).await.texts("h1"),
        ["Set up Constant Contact connection"]
    );
    let chinese = alice.speaking("zh-HK").get(LIST).await;
    assert_eq!(chinese.texts(".nav-tabs a"), ["匯出", "探索"]);
}

#[tokio::test]
async fn a_long_list_of_connections_is_shown_in_pages() {
    let (_sandbox, app, alice, _) = with_pending().await;
    let fresh_id = fresh_id(&app);
    for number in 0..55 {
        let sql = format!(
            "INSERT INTO connections (id, kind, name, name_key, sharing, version, created_at, created_by, \
             \"authorization\", token_version) SELECT {fresh_id}, kind, 'C{number:02}', 'c{number:02}', sharing, 1, \
             1, created_by, 'none', 0 FROM connections WHERE name_key = 'newsletter'"
        );
        run_sql(&app, &sql).await;
    }
    let first = alice.get(LIST).await;
    assert_eq!(first.texts("tbody tr").len(), 50);
    let next = first.attribute("a[rel=next]", "href").unwrap();
    let second = alice.get(&next).await;
    assert!(second.says("51–56 of 56"), "{}", second.body);
}

#[tokio::test]
async fn editing_offers_to_authenticate_again_and_to_replace_the_export_user() {
    let (sandbox, _app, alice, _) = with_pending().await;
    let connection = add_connection(&alice, &sandbox, "Books").await;
    let row = alice.get(LIST).await;
    let edit = format!("{connection}/edit");
    assert_eq!(
        row.attribute("[aria-label='Edit Books']", "href"),
        Some(edit.clone())
    );
    let page = alice.get(&edit).await;
    assert!(
        page.says("Connected to Constant Contact – Harbour Books"),
        "{}",
        page.body
    );
    let actions: Vec<_> = ["edit", "authenticate", "export-user"]
        .iter()
        .map(|action| page.attribute(&format!("form[action='{connection}/{action}']"), "method"))
        .collect();
    assert!(actions.iter().all(Option::is_some), "{}", page.body);
    let again = alice
        .submit(&edit, &format!("{connection}/authenticate"), &[])
        .await;
    assert!(again.location.unwrap().starts_with(&sandbox.base_url()));
    let user = [("password", PASSWORD)];
    let replaced = alice
        .submit(&edit, &format!("{connection}/export-user"), &user)
        .await;
    assert_eq!(replaced.status, 303, "{}", replaced.body);
}
