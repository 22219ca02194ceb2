//! Saving: names, conflicts of two browsers, who may, which source.

use super::*;

#[tokio::test]
async fn names_are_told_apart_without_case() {
    let app = spawn_app().await;
    app.import("People", PEOPLE).await;
    let bob = app.sign_in(BOB).await;
    let everyone = |name| [("name", name)];
    for (name, status) in [("Été", 303), ("E\u{301}TE\u{301}", 422), (" \u{3000}", 422)] {
        let answer = press(&bob, "/segments/new", "save", &everyone(name)).await;
        assert_eq!(answer.status, status, "{name}");
        if name.starts_with('E') {
            assert!(answer.says("Another segment has this display name"));
            assert_eq!(answer.attribute("#name", "value").as_deref(), Some(name));
        }
    }
    let list = bob.get("/segments").await;
    assert_eq!(list.texts("tbody td.num"), ["6"], "no condition: everyone");
}

#[tokio::test]
async fn the_second_of_two_browsers_is_told() {
    let app = spawn_app().await;
    app.import("People", PEOPLE).await;
    let (alice, bob) = (app.sign_in(ALICE).await, app.sign_in(BOB).await);
    press(&bob, "/segments/new", "save", &[("name", "Mine")]).await;
    let path = first_segment(&bob).await;
    let opened = bob.get(&path).await.form_fields("main form.card");
    let saved = press(
        &alice,
        &path,
        "save",
        &typed_over(&opened, "name", "Alice was here"),
    )
    .await;
    assert_eq!(saved.status, 303);

    let mine = typed_over(&opened, "name", "Bob was here");
    let told = press(&bob, &path, "save", &mine).await;
    assert_eq!(told.status, 409);
    assert!(
        told.texts("[role=alert]")
            .concat()
            .contains("Alice Admin saved this segment after you opened it"),
        "{}",
        told.body
    );
    assert_eq!(
        told.attribute("#name", "value").as_deref(),
        Some("Bob was here")
    );
    assert_eq!(
        bob.get("/segments").await.texts("tbody th a"),
        ["Alice was here"]
    );

    let again = told.form_fields("main form.card");
    let again = typed_over(&again, "name", "Bob was here");
    assert_eq!(press(&bob, &path, "save", &again).await.status, 303);
    assert_eq!(
        bob.get("/segments").await.texts("tbody th a"),
        ["Bob was here"]
    );
}

#[tokio::test]
async fn viewers_look_and_change_nothing() {
    let app = spawn_app().await;
    let source_id = app.import("People", PEOPLE).await;
    let rule = r#"{"kind":"group","combine":"and","rules":[{"kind":"condition","field":"City","operator":"is","value":"Boston"}]}"#;
    let id = app.add_segment("Boston", source_id, rule).await;
    let charlie = app.sign_in(CHARLIE).await;
    let list = charlie.get("/segments").await;
    assert_eq!(list.texts("tbody .row-actions"), ["View"]);
    assert!(!list.says("New segment"));
    let view = charlie.get(&format!("/segments/{id}")).await;
    assert_eq!(
        view.texts(".rule-lines li"),
        ["All of these hold:", "City is Boston"]
    );
    assert!(view.attribute("main form", "action").is_none());
    for path in [
        "/segments/new".to_owned(),
        format!("/segments/{id}"),
        format!("/segments/{id}/refresh"),
        format!("/segments/{id}/remove"),
    ] {
        let answer = charlie
            .submit("/", &path, &[("do", "save"), ("name", "Mine")])
            .await;
        assert_eq!(answer.status, 403, "{path}");
    }
}

#[tokio::test]
async fn who_saves_a_segment_that_was_removed_is_told_and_loses_nothing() {
    let app = spawn_app().await;
    app.import("People", PEOPLE).await;
    let bob = app.sign_in(BOB).await;
    let mut fields = condition("City", "is");
    fields.push(("c0-value", "Boston"));
    fields.retain(|(name, _)| *name != "name");
    let mut named = vec![("name", "Bostonians"), ("do", "save")];
    named.extend(&fields);
    bob.submit("/segments/new", "/segments/new", &named).await;
    let db = &**app.services.db;
    let id = store::list(db).await.unwrap()[0].id;
    let remove = format!("/segments/{id}/remove");
    bob.submit(&remove, &remove, &[]).await;
    named[0] = ("name", "Bostonians and more");
    named.push(("version", "1"));
    let told = bob
        .submit("/segments/new", &format!("/segments/{id}"), &named)
        .await;
    assert_eq!(told.status, 409, "{}", told.body);
    assert!(
        told.texts("[role=alert]")
            .concat()
            .contains("was removed after you opened it")
    );
    assert_eq!(
        told.attribute("#name", "value").as_deref(),
        Some("Bostonians and more")
    );
    assert_eq!(
        told.attribute("#c0-value", "value").as_deref(),
        Some("Boston")
    );
    assert_eq!(
        told.attribute("main form[action='/segments/new']", "method")
            .as_deref(),
        Some("post")
    );
}

#[tokio::test]
async fn a_source_comes_first_and_is_chosen_where_there_are_several() {
    let app = spawn_app().await;
    let bob = app.sign_in(BOB).await;
    for path in ["/segments", "/segments/new"] {
        let page = bob.get(path).await;
        assert!(page.says("Import a source first"), "{}", page.body);
        assert_eq!(
            page.attribute("main a.btn-primary", "href").as_deref(),
            Some("/sources")
        );
    }
    app.import("People", PEOPLE).await;
    let shops = app
        .import("Shops", "Street,Size\nHigh Street,7\n")
        .await
        .to_string();
    let page = bob.get("/segments/new").await;
    assert!(page.says("Choose a source first"), "{}", page.body);
    let answer = press(&bob, "/segments/new", "save", &[("name", "X")]).await;
    assert_eq!(
        (answer.status, answer.texts("#source-error")),
        (422, vec!["Choose a source.".to_owned()])
    );
    let fields = [
        ("name", "Kept"),
        ("source", shops.as_str()),
        ("c0-field", "City"),
    ];
    let page = press(&bob, "/segments/new", "show", &fields).await;
    assert_eq!(page.attribute("#name", "value").as_deref(), Some("Kept"));
    assert_eq!(page.selected("#c0-field"), "City (no longer in the source)");
    assert!(
        page.texts("#c0-field option")
            .contains(&"Size (number)".to_owned())
    );
}
