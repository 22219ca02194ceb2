//! Insights > Segments over real HTTP: the builder without a script, counts, conflicts, permissions, removal.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod support;

use jiff::ToSpan;
use listbridge::exports::{self, ExportDefinition};
use listbridge::names::Name;
use listbridge::segments::store::SegmentDefinition;
use listbridge::segments::{Rule, store};
use listbridge::sources::{Author, plan_import};
use support::{ALICE, Answer, BOB, Browser, CHARLIE, TestApp, spawn_app};
use uuid::Uuid;

const PEOPLE: &str = "\
Id,City,Spend,Born,OptIn
1,Zürich,1234.50,1990-02-28,true
2,ZÜRICH,10,1990-03-01,false
3,Boston,10.0,2001-12-31,true
4,,,,
5,Kowloon City,-5,1985-07-04,false
6,香港,99999,1970-01-01,true
";

impl TestApp {
    /// Loads a file into a source of a name, replacing what it has; answers with the source's id.
    async fn import(&self, name: &str, text: &str) -> Uuid {
        let path = self.data_dir.path().join("upload.csv");
        std::fs::write(&path, text).unwrap();
        let name = Name::parse(name).unwrap();
        let request = plan_import(&self.services.db, &path, name, None, self.author())
            .await
            .unwrap();
        let started = self.services.loads.start(request).await.unwrap();
        let source_id = started.source_id;
        started.finished.await.unwrap().unwrap();
        source_id
    }

    fn author(&self) -> Author {
        Author {
            user_id: None,
            ip: None,
            at: self.services.clock.now(),
        }
    }

    /// Saves a segment past the pages, with any rule.
    async fn add_segment(&self, name: &str, source_id: Uuid, rule: &str) -> Uuid {
        let definition = SegmentDefinition {
            name: Name::parse(name).unwrap(),
            source_id,
            rule: serde_json::from_str(rule).unwrap(),
        };
        let segment = store::create(&**self.services.db, &definition, &self.author()).await;
        segment.unwrap().id
    }

    async fn rule(&self, id: Uuid) -> Rule {
        store::get(&**self.services.db, id).await.unwrap().rule
    }
}

/// Fields of a form with one condition.
fn condition<'a>(field: &'a str, operator: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("name", "Everybody I like"),
        ("c0-field", field),
        ("c0-operator", operator),
    ]
}

async fn press(browser: &Browser, path: &str, button: &str, fields: &[(&str, &str)]) -> Answer {
    let mut all = fields.to_vec();
    all.push(("do", button));
    browser.submit(path, path, &all).await
}

/// The form as it stands, with one field typed over.
fn typed_over<'a>(
    fields: &'a [(String, String)],
    name: &'a str,
    value: &'a str,
) -> Vec<(&'a str, &'a str)> {
    let mut fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    fields.retain(|(other, _)| *other != name && *other != "_csrf");
    fields.push((name, value));
    fields
}

async fn first_segment(browser: &Browser) -> String {
    let list = browser.get("/segments").await;
    list.attribute("tbody th a", "href").unwrap()
}

#[tokio::test]
async fn every_operator_counts_its_members_before_anything_is_saved() {
    let app = spawn_app().await;
    app.import("People", PEOPLE).await;
    let bob = app.sign_in(BOB).await;
    type Case = (
        &'static str,
        &'static str,
        &'static [(&'static str, &'static str)],
        u32,
    );
    let cases: &[Case] = &[
        ("City", "is", &[("c0-value", "Zürich")], 1),
        (
            "City",
            "is",
            &[("c0-value", " zürich "), ("c0-case", "true")],
            2,
        ),
        (
            "City",
            "is",
            &[("c0-value", "Zu\u{308}RICH"), ("c0-case", "true")],
            2,
        ),
        (
            "City",
            "is_not",
            &[("c0-value", "ZÜRICH"), ("c0-case", "true")],
            4,
        ),
        ("City", "contains", &[("c0-value", "o")], 2),
        ("City", "starts_with", &[("c0-value", "香")], 1),
        (
            "City",
            "ends_with",
            &[("c0-value", "CITY"), ("c0-case", "true")],
            1,
        ),
        (
            "City",
            "any_of",
            &[("c0-values", "Boston\r\n\r\n 香港 ")],
            2,
        ),
        ("City", "is_empty", &[], 1),
        ("City", "is_not_empty", &[], 5),
        ("Spend", "equals", &[("c0-value", "10.00")], 2),
        ("Spend", "not_equals", &[("c0-value", "10")], 4),
        ("Spend", "less_than", &[("c0-value", "10")], 1),
        ("Spend", "at_most", &[("c0-value", "10")], 3),
        ("Spend", "more_than", &[("c0-value", "1234.5")], 1),
        ("Spend", "at_least", &[("c0-value", "1234.5")], 2),
        (
            "Spend",
            "between",
            &[("c0-value", "-5"), ("c0-to", "10")],
            3,
        ),
        ("Spend", "any_of", &[("c0-values", "10\n-5")], 3),
        ("Spend", "is_empty", &[], 1),
        ("Born", "equals", &[("c0-value", "1990-03-01")], 1),
        ("Born", "not_equals", &[("c0-value", "1990-03-01")], 5),
        ("Born", "less_than", &[("c0-value", "1985-07-04")], 1),
        ("Born", "at_most", &[("c0-value", "1985-07-04")], 2),
        ("Born", "more_than", &[("c0-value", "1990-02-28")], 2),
        ("Born", "at_least", &[("c0-value", "1990-02-28")], 3),
        (
            "Born",
            "between",
            &[("c0-value", "1990-01-01"), ("c0-to", "1990-12-31")],
            2,
        ),
        ("Born", "is_not_empty", &[], 5),
        ("OptIn", "is_true", &[], 3),
        ("OptIn", "is_false", &[], 2),
        ("OptIn", "is_empty", &[], 1),
    ];
    for (field, operator, values, members) in cases {
        let mut fields = condition(field, operator);
        fields.extend_from_slice(values);
        let answer = press(&bob, "/segments/new", "count", &fields).await;
        let noun = if *members == 1 { "member" } else { "members" };
        let expected = format!("{members} {noun} out of 6 profiles. Nothing has been saved.");
        assert_eq!(
            (answer.status, answer.texts("[role=status].counted")),
            (200, vec![expected]),
            "{field} {operator} {values:?}: {:?}",
            answer.texts("[role=alert]")
        );
    }
    assert!(
        store::list(&**app.services.db).await.unwrap().is_empty(),
        "counting saves nothing"
    );
}

#[tokio::test]
async fn the_last_n_days_end_today() {
    let app = spawn_app().await;
    let today = app.services.members.today();
    let day = |days: i64| today.checked_add(days.days()).unwrap();
    let file = format!(
        "Id,Bought\n1,{}\n2,{}\n3,{}\n4,{}\n",
        day(1),
        day(0),
        day(-30),
        day(-31)
    );
    app.import("Orders", &file).await;
    let bob = app.sign_in(BOB).await;
    let mut fields = condition("Bought", "within_last_days");
    fields.push(("c0-days", "30"));
    let answer = press(&bob, "/segments/new", "count", &fields).await;
    assert!(
        answer.says("2 members out of 4 profiles"),
        "{}",
        answer.body
    );
    for days in ["0", "-1", "soon", "36526", ""] {
        fields.pop();
        fields.push(("c0-days", days));
        let answer = press(&bob, "/segments/new", "count", &fields).await;
        assert_eq!(answer.status, 422);
        assert_eq!(
            answer.texts("#c0-days-error"),
            ["Condition 1: enter a number of days from 1 to 36,525."]
        );
    }
}

#[tokio::test]
async fn a_segment_is_built_saved_and_changed_without_a_script() {
    let app = spawn_app().await;
    app.import("People", PEOPLE).await;
    let bob = app.sign_in(BOB).await;
    let empty = bob.get("/segments").await;
    assert!(empty.says("No segments yet"));
    let page = bob.get("/segments/new").await;
    assert_eq!(page.selected("#source"), "People");
    assert_eq!(page.texts("fieldset.condition").len(), 1);

    // Typed values stay while conditions come and go.
    let fields = page.form_fields("main form.card");
    let fields = typed_over(&fields, "c0-field", "City");
    let fields: Vec<_> = fields.into_iter().chain([("combine", "or")]).collect();
    let page = press(&bob, "/segments/new", "add", &fields).await;
    assert_eq!(page.status, 200);
    assert_eq!(
        page.texts("fieldset.condition legend"),
        ["Condition 1", "Condition 2"]
    );
    assert_eq!(
        page.attribute("[autofocus]", "id").as_deref(),
        Some("c1-field")
    );
    assert_eq!(page.selected("#c0-field"), "City (text)");
    let fields = page.form_fields("main form.card");
    let page = press(
        &bob,
        "/segments/new",
        "remove-0",
        &typed_over(&fields, "c1-field", "Spend"),
    )
    .await;
    assert_eq!(page.texts("fieldset.condition").len(), 1);
    assert_eq!(page.selected("#c0-field"), "Spend (number)");
    assert!(page.attribute("input[value=or]", "checked").is_some());

    let name = "לקוחות e\u{301} 香港";
    let fields = [
        ("name", "  לקוחות e\u{301} 香港 "),
        ("combine", "or"),
        ("c0-field", "City"),
        ("c0-operator", "is"),
        ("c0-value", "zürich"),
        ("c0-case", "true"),
        ("c1-field", "Spend"),
        ("c1-operator", "more_than"),
        ("c1-value", "5000"),
    ];
    let saved = press(&bob, "/segments/new", "save", &fields).await;
    assert_eq!(
        (saved.status, saved.location.as_deref()),
        (303, Some("/segments"))
    );
    let list = bob.get("/segments").await;
    assert!(
        list.says(&format!("“{name}” is saved. It has 3 members.")),
        "{}",
        list.body
    );
    assert_eq!(list.texts("tbody th a"), [name]);
    assert_eq!(list.texts("tbody td.num"), ["3"]);
    assert!(list.texts("tbody td").concat().contains(BOB.name));

    // "Or" becomes "and".
    let path = first_segment(&bob).await;
    let page = bob.get(&path).await;
    let fields = page.form_fields("main form.card");
    let saved = press(&bob, &path, "save", &typed_over(&fields, "combine", "and")).await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    assert_eq!(bob.get("/segments").await.texts("tbody td.num"), ["0"]);
    let audit = app.sign_in(ALICE).await.get("/settings/audit").await;
    assert!(audit.says("segment.created") && audit.says("segment.changed"));
}

#[tokio::test]
async fn what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost() {
    let app = spawn_app().await;
    app.import("People", PEOPLE).await;
    let bob = app.sign_in(BOB).await;
    let long = "x".repeat(201);
    let fields = [
        ("name", long.as_str()),
        ("c0-field", "City"),
        ("c0-operator", "at_least"),
        ("c0-value", "<b>7</b>"),
        ("c1-field", "Spend"),
        ("c1-operator", "equals"),
        ("c1-value", "ten"),
        ("c2-field", "Born"),
        ("c2-operator", "between"),
        ("c2-value", "2024-05-31"),
        ("c2-to", "31/05/2024"),
        ("c3-field", "Nope"),
        ("c3-operator", "is_empty"),
        ("c4-field", ""),
        ("c4-operator", ""),
    ];
    let answer = press(&bob, "/segments/new", "save", &fields).await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.texts("[role=alert] li").len(), 7, "{}", answer.body);
    for (input, message) in [
        ("name", "The display name is longer than 200 characters."),
        (
            "c0-operator",
            "Condition 1: this operator does not go with “City”, which is a text field.",
        ),
        (
            "c1-value",
            "Condition 2: enter a number such as 1234.5 for “Spend”.",
        ),
        (
            "c2-to",
            "Condition 3: enter a date such as 2024-05-31 for “Born”.",
        ),
        (
            "c3-field",
            "Condition 4: the source has no field “Nope” any more. Choose another field, or import a file that has it.",
        ),
        (
            "c4-field",
            "Condition 5: choose a field, or remove the condition.",
        ),
        ("c4-operator", "Condition 5: choose an operator."),
    ] {
        assert_eq!(answer.texts(&format!("#{input}-error")), [message]);
        let invalid = answer.attribute(&format!("#{input}"), "aria-invalid");
        assert_eq!(invalid.as_deref(), Some("true"), "{input}");
    }
    assert_eq!(answer.attribute("#name", "value"), Some(long.clone()));
    assert_eq!(
        answer.attribute("#c0-value", "value").as_deref(),
        Some("<b>7</b>")
    );
    assert_eq!(answer.selected("#c0-operator"), "≥ at least, on or after");
    assert_eq!(
        answer.attribute("#c2-to", "value").as_deref(),
        Some("31/05/2024")
    );

    let zh = app.sign_in(BOB).await.speaking("zh-HK");
    let answer = press(&zh, "/segments/new", "save", &fields).await;
    assert!(
        answer.says("條件 2：請為「Spend」輸入數字"),
        "{}",
        answer.body
    );
}

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

#[tokio::test]
async fn a_rule_the_form_cannot_show_is_renamed_without_being_touched() {
    let app = spawn_app().await;
    let source_id = app.import("People", PEOPLE).await;
    let rule = r#"{"kind":"sets",
        "first":{"kind":"group","combine":"or","rules":[
            {"kind":"condition","field":"City","operator":"is_not_empty"},
            {"kind":"group","combine":"and","rules":[{"kind":"condition","field":"OptIn","operator":"is_true"}]}]},
        "then":[{"operation":"except","rule":{"kind":"condition","field":"Spend","operator":"less_than","value":"0"}}]}"#;
    let id = app.add_segment("Nested", source_id, rule).await;
    let before = app.rule(id).await;
    let bob = app.sign_in(BOB).await;
    let path = format!("/segments/{id}");
    let page = bob.get(&path).await;
    assert!(page.says("This rule is kept as it is"), "{}", page.body);
    assert!(
        page.texts(".rule-lines")
            .concat()
            .contains("Without the members of:")
    );
    let counted = press(
        &bob,
        &path,
        "count",
        &[("name", "Nested"), ("version", "1")],
    )
    .await;
    assert!(
        counted.says("4 members out of 6 profiles"),
        "{}",
        counted.body
    );
    let fields = [
        ("name", "Renamed"),
        ("version", "1"),
        ("c0-field", "City"),
        ("c0-operator", "is_empty"),
    ];
    assert_eq!(press(&bob, &path, "save", &fields).await.status, 303);
    assert_eq!(app.rule(id).await, before);
    assert_eq!(bob.get("/segments").await.texts("tbody th a"), ["Renamed"]);
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
