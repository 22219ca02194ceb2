//! The list, removal, and what a newer snapshot does to a segment.

use super::*;

#[tokio::test]
async fn removing_a_segment_in_use_warns_who_sends_it_first() {
    let app = spawn_app().await;
    let source_id = app.import("People", PEOPLE).await;
    let id = app
        .add_segment(
            "Everyone",
            source_id,
            r#"{"kind":"group","combine":"and","rules":[]}"#,
        )
        .await;
    let definition = ExportDefinition {
        name: "Spring & summer".into(),
        connection_id: None,
        list_id: Uuid::from_u128(5).into(),
        list_name: None,
        source_id,
        email_field: "City".into(),
        attributes: Vec::new(),
        segment_ids: vec![id],
        brake: listbridge::exports::Brake::OFF,
        delivery: listbridge::exports::Delivery::default(),
    };
    let author = exports::Author {
        user_id: None,
        ip: None,
        at: app.services.clock.now(),
    };
    let db = &**app.services.db;
    let export = exports::store::create(db, definition, author)
        .await
        .unwrap();
    let bob = app.sign_in(BOB).await;
    let path = format!("/segments/{id}/remove");
    let asked = bob.get(&path).await;
    // Without having been told of the export, nothing happens.
    let untold = bob.submit("/segments", &path, &[]).await;
    assert_eq!((asked.status, untold.status), (200, 409));
    for answer in [&asked, &untold] {
        assert!(
            answer.says("This export sends the segment and cannot run without it:"),
            "{}",
            answer.body
        );
        assert_eq!(answer.texts("main li"), ["Spring & summer"]);
    }
    assert!(store::get(db, id).await.is_ok());

    let told = asked.attribute("input[name=uses]", "value").unwrap();
    let removed = bob.submit(&path, &path, &[("uses", &told)]).await;
    assert_eq!(
        (removed.status, removed.location.as_deref()),
        (303, Some("/segments"))
    );
    assert!(bob.get("/segments").await.says("“Everyone” is removed."));
    assert_eq!(bob.get(&path).await.status, 404);
    let kept = exports::store::get(db, export.id).await.unwrap();
    assert_eq!(kept.definition, export.definition, "the export stays");
}

#[tokio::test]
async fn a_segment_nobody_sends_is_removed_after_a_question() {
    let app = spawn_app().await;
    let source_id = app.import("People", PEOPLE).await;
    let everyone = r#"{"kind":"group","combine":"and","rules":[]}"#;
    let id = app.add_segment("Everyone", source_id, everyone).await;
    let bob = app.sign_in(BOB).await;
    let path = format!("/segments/{id}/remove");
    assert!(
        bob.get(&path)
            .await
            .says("Are you sure you want to remove “Everyone”?")
    );
    assert_eq!(bob.submit(&path, &path, &[]).await.status, 303);
}

#[tokio::test]
async fn segments_are_searched_sorted_and_paged() {
    let app = spawn_app().await;
    let source_id = app.import("People", PEOPLE).await;
    let everyone = r#"{"kind":"group","combine":"and","rules":[]}"#;
    for number in 0..52 {
        app.add_segment(&format!("S{number:02}"), source_id, everyone)
            .await;
    }
    app.add_segment("Älter", source_id, everyone).await;
    let charlie = app.sign_in(CHARLIE).await;
    let first = charlie.get("/segments").await;
    assert_eq!(first.texts("tbody tr").len(), 50);
    let next = first.attribute("a[rel=next]", "href").unwrap();
    assert!(charlie.get(&next).await.says("51–53 of 53"));
    let turned = charlie.get("/segments?sort=name&dir=desc").await;
    assert_eq!(turned.texts("tbody th")[0], "Älter");
    let found = charlie.get("/segments?q=%C3%84LT").await;
    assert_eq!(found.texts("tbody th"), ["Älter"]);
    for column in ["source", "members", "refreshed", "updated"] {
        let page = charlie
            .get(&format!("/segments?sort={column}&dir=desc"))
            .await;
        assert_eq!(
            (page.status, page.texts("tbody tr").len()),
            (200, 50),
            "{column}"
        );
    }
    assert_eq!(charlie.get("/segments?sort=rule").await.status, 400);
    assert!(
        charlie
            .get("/segments?q=%3Cb%3E")
            .await
            .says("Nothing found")
    );
}

#[tokio::test]
async fn a_field_that_is_gone_is_named_and_the_last_count_kept() {
    let app = spawn_app().await;
    app.import("People", PEOPLE).await;
    let bob = app.sign_in(BOB).await;
    let mut fields = condition("City", "is");
    fields.push(("c0-value", "Boston"));
    assert_eq!(
        press(&bob, "/segments/new", "save", &fields).await.status,
        303
    );
    app.import("People", "Id,Town\n1,Boston\n").await;

    let path = first_segment(&bob).await;
    let list = bob.get("/segments").await;
    let gone = "the source has no field “City” any more";
    assert!(
        list.says(gone) && list.says("The source has changed since"),
        "{}",
        list.body
    );
    let refreshed = bob
        .submit("/segments", &format!("{path}/refresh"), &[])
        .await;
    assert_eq!(refreshed.status, 303);
    let list = bob.get("/segments").await;
    assert!(
        list.texts("[role=alert]").concat().contains(gone),
        "{}",
        list.body
    );
    assert_eq!(list.texts("tbody td.num"), ["1"]);
    let page = bob.get(&path).await;
    assert_eq!(
        (page.status, page.selected("#c0-field").as_str()),
        (200, "City (no longer in the source)")
    );
    assert!(page.texts("#c0-field-error").concat().contains(gone));

    // The field is back under another name: choosing it mends the segment.
    let fields = page.form_fields("main form.card");
    assert_eq!(
        press(
            &bob,
            &path,
            "save",
            &typed_over(&fields, "c0-field", "Town")
        )
        .await
        .status,
        303
    );
    let list = bob.get("/segments").await;
    assert!(
        !list.says(gone) && !list.says("The source has changed since"),
        "{}",
        list.body
    );
}
