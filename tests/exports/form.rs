//! The form "Set up export": what it offers, what it refuses, what it keeps.

use uuid::Uuid;

use crate::stage::{Fields, Stage, problem};
use crate::support::{ALICE, BOB};

#[tokio::test]
async fn the_form_has_the_documented_labels_in_the_documented_order_in_both_languages() {
    let stage = Stage::set().await;
    for (lang, expected) in [
        (
            "en",
            [
                "Connection for export",
                "Export name",
                "Constant Contact List ID",
                "Data matching",
                "Email",
                "Add attribute",
                "Select segments",
                "Save",
                "Cancel",
                "Saving does not run the export.",
            ],
        ),
        (
            "zh-HK",
            [
                "匯出的連結",
                "匯出的名稱",
                "Constant Contact 清單識別碼",
                "資料相符",
                "電子郵件",
                "新增屬性",
                "選取客戶細分",
                "儲存",
                "取消",
                "儲存匯出並不會立即執行匯出。",
            ],
        ),
    ] {
        let browser = stage.app.sign_in(ALICE).await.speaking(lang);
        let page = browser.get("/exports/new").await;
        assert_eq!(page.status, 200, "{}", page.body);
        let controls = "form[data-export-form] :is(label, legend, h2, button, a, .form-actions p)";
        let mut words = page.texts(controls).into_iter();
        for label in expected {
            assert!(
                words.any(|word| word.starts_with(label)),
                "{label} in its place"
            );
        }
    }
}

#[tokio::test]
async fn the_only_connection_the_email_field_and_the_source_are_chosen_already() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let page = alice.get("/exports/new").await;
    let shown = Fields::of(&page);
    assert_eq!(
        shown.get("connection"),
        Some(stage.connection.to_string().as_str())
    );
    assert_eq!(shown.get("email_field"), Some("Mail"));
    assert_eq!(shown.get("source"), Some(stage.source.to_string().as_str()));
    assert_eq!(
        page.texts("optgroup[label='Constant Contact'] option"),
        ["Harbour newsletter"]
    );
    let lists = page.texts("#list_choice option");
    assert_eq!(
        lists,
        [
            "Choose a list",
            "Events (2 members)",
            "Newsletter (5 members)"
        ]
    );
    assert!(page.says("7 members"), "{}", page.body);
}

#[tokio::test]
async fn an_export_is_saved_as_it_was_typed_and_nothing_runs() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let form = stage
        .complete("  Weekly\u{202e} e\u{301}dition ")
        .set(
            "list",
            format!(
                "https://app.constantcontact.com/pages/contacts/ui#contacts/{}",
                stage.list
            ),
        )
        .with("attribute.cf:Loyalty_tier", "Town");
    let answer = form.create(&alice).await;
    assert_eq!(
        (answer.status, answer.location.as_deref()),
        (303, Some("/exports")),
        "{}",
        answer.body
    );
    let listed = alice.get("/exports").await;
    assert!(
        listed.says("Saving does not run the export"),
        "{}",
        listed.body
    );
    assert!(listed.says("Not started"));
    let export = stage.exports().await.pop().unwrap();
    let definition = export.definition.clone();
    assert_eq!(definition.name, "Weekly e\u{301}dition");
    assert_eq!(definition.list_name.as_deref(), Some("Newsletter"));
    let attributes = serde_json::to_value(&definition.attributes).unwrap();
    let expected = serde_json::json!([
        { "target": "first_name", "field": "Given" },
        { "target": "cf:Loyalty_tier", "label": "Loyalty tier", "field": "Town" },
    ]);
    assert_eq!(attributes, expected);
    assert_eq!(stage.sandbox.activities().len(), 0);

    let page = alice.get(&format!("/exports/{}", export.id)).await;
    let again = Fields::of(&page);
    for (name, value) in [
        ("name", definition.name.as_str()),
        ("version", "1"),
        ("attribute.cf:Loyalty_tier", "Town"),
    ] {
        assert_eq!(again.get(name), Some(value), "{name}");
    }
    let saved = again.save(&alice, &export).await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    let unchanged = stage.exports().await.pop().unwrap();
    assert_eq!((unchanged.definition, unchanged.version), (definition, 2));
    let audit = stage.audit().await;
    let actions: Vec<_> = audit.iter().map(|(action, _)| action.as_str()).collect();
    assert_eq!(actions, ["export.created", "export.changed"]);
    assert_eq!(audit[1].1["before"], audit[1].1["after"]);
}

#[tokio::test]
async fn what_is_missing_is_said_beside_each_field_and_what_was_typed_is_kept() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let typed = Fields::default()
        .with("name", "x".repeat(1000))
        .with("list", "1234567890")
        .with("new_list", "Summer <b>")
        .with("source", stage.source)
        .with("email_field", "")
        .with("attribute.city", "");
    let answer = typed.create(&alice).await;
    assert_eq!(answer.status, 422);
    for (field, message) in [
        ("connection", "Choose the connection"),
        ("name", "at most 200 characters"),
        ("list", "older V2 API"),
        ("email_field", "Email field is required"),
        ("attribute.city", "Choose the profile field for City"),
        ("segments", "Select at least one segment"),
    ] {
        assert!(
            problem(&answer, field).contains(message),
            "{field}: {}",
            problem(&answer, field)
        );
    }
    assert!(answer.texts("[role=alert]")[0].contains("There are 6 problems"));
    let kept = Fields::of(&answer);
    for (name, value) in [
        ("list", "1234567890"),
        ("new_list", "Summer <b>"),
        ("attribute.city", ""),
    ] {
        assert_eq!(kept.get(name), Some(value), "{name}");
    }
    assert_eq!(kept.get("name").unwrap().len(), 1000);
    assert!(stage.exports().await.is_empty());
}

#[tokio::test]
async fn names_are_unique_without_case() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    stage.add_export(&alice, "E\u{301}te\u{301} 客戶").await;
    let answer = stage.complete("ÉTÉ 客戶").create(&alice).await;
    assert_eq!(answer.status, 422);
    assert!(problem(&answer, "name").contains("Another export has this name"));
}

#[tokio::test]
async fn attributes_are_added_with_the_field_that_fits_and_removed_again() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let typed = stage.complete("Typed name").without("attribute.first_name");
    let added = typed
        .set("add_target", "first_name")
        .press(&alice, "add-attribute")
        .await;
    assert_eq!(added.status, 200, "{}", added.body);
    let shown = Fields::of(&added);
    assert_eq!(shown.get("attribute.first_name"), Some("Given"));
    assert_eq!(shown.get("name"), Some("Typed name"));
    let offered = added.texts("#add_target option");
    assert!(
        !offered.contains(&"First name".into()) && offered.contains(&"Last name".into()),
        "{offered:?}"
    );
    assert!(
        offered.contains(&"Loyalty tier".into()),
        "custom fields of the account: {offered:?}"
    );
    let labels = added.texts("label[for='attribute.first_name']");
    assert!(labels[0].starts_with("First name"), "{labels:?}");
    let removed = shown.press(&alice, "remove-attribute first_name").await;
    assert_eq!(Fields::of(&removed).get("attribute.first_name"), None);
    assert!(
        removed
            .texts("#add_target option")
            .contains(&"First name".into())
    );
}

#[tokio::test]
async fn segments_of_another_source_are_neither_offered_nor_taken() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let shop = stage.add_source("Shop", &["Address", "Name"]).await;
    let buyers = stage.add_segment(shop, "Buyers", None).await;
    let page = alice.get("/exports/new").await;
    assert!(
        page.says("Regulars") && !page.says("Buyers"),
        "{}",
        page.body
    );
    let both = stage
        .complete("Both")
        .with("segment", buyers)
        .create(&alice)
        .await;
    assert!(
        problem(&both, "segments").contains("another source"),
        "{}",
        both.body
    );

    let shown = stage
        .complete("Shop")
        .set("source", shop)
        .press(&alice, "show-source")
        .await;
    let fields = Fields::of(&shown);
    assert_eq!(
        (
            fields.get("email_field"),
            fields.get("attribute.first_name")
        ),
        (Some("Address"), Some("Name"))
    );
    assert!(shown.says("Buyers") && shown.says("Not counted yet") && !shown.says("Regulars"));
}

#[tokio::test]
async fn more_than_a_million_profiles_are_a_warning_and_not_a_refusal() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let many = stage.add_segment(stage.source, "Many", Some(999_994)).await;
    let form = stage.complete("Big").with("segment", many);
    let shown = form.press(&alice, "show").await;
    assert!(shown.says("up to 1,000,001 profiles"), "{}", shown.body);
    assert_eq!(shown.attribute("#segments-warning", "hidden"), None);
    let small = stage.complete("Small").press(&alice, "show").await;
    assert!(small.attribute("#segments-warning", "hidden").is_some());
    assert_eq!(form.create(&alice).await.status, 303);
    assert!(
        alice
            .get("/exports")
            .await
            .says("more than 1,000,000 profiles in one export")
    );
}

#[tokio::test]
async fn a_field_that_newer_profiles_lack_stays_visible_and_is_refused() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let export = stage.add_export(&alice, "Weekly").await;
    stage
        .replace_profiles(stage.source, &["Mail", "Forename"])
        .await;
    let page = alice.get(&format!("/exports/{}", export.id)).await;
    assert!(
        page.says("Given (not in the current profiles)"),
        "{}",
        page.body
    );
    let answer = Fields::of(&page).save(&alice, &export).await;
    assert_eq!(answer.status, 422);
    let message = problem(&answer, "attribute.first_name");
    assert!(
        message.contains("The current profiles have no field Given"),
        "{message}"
    );
}

#[tokio::test]
async fn the_second_of_two_browsers_is_told_what_the_first_saved_and_keeps_its_values() {
    let stage = Stage::set().await;
    let (alice, bob) = (stage.app.sign_in(ALICE).await, stage.app.sign_in(BOB).await);
    let export = stage.add_export(&alice, "Weekly").await;
    let path = format!("/exports/{}", export.id);
    let hers = Fields::of(&alice.get(&path).await);
    let his = Fields::of(&bob.get(&path).await);
    let first = his.set("name", "Bob's").save(&bob, &export).await;
    assert_eq!(first.status, 303, "{}", first.body);

    let second = hers
        .set("name", "Alice's")
        .set("email_field", "Town")
        .save(&alice, &export)
        .await;
    assert_eq!(second.status, 409);
    assert!(
        second.says("Bob Contributor saved this export while you were editing"),
        "{}",
        second.body
    );
    let lines = second.texts("[role=alert] li");
    assert_eq!(lines, ["Export name: Bob's", "Email: Mail"]);
    let kept = Fields::of(&second);
    assert_eq!(
        (kept.get("name"), kept.get("email_field")),
        (Some("Alice's"), Some("Town"))
    );
    assert_eq!(stage.exports().await[0].definition.name, "Bob's");

    let knowingly = kept.save(&alice, &export).await;
    assert_eq!(knowingly.status, 303, "{}", knowingly.body);
    assert_eq!(stage.exports().await[0].definition.name, "Alice's");
}

#[tokio::test]
async fn nonsense_is_answered_like_nothing_chosen() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let nonsense = Fields::default()
        .with("connection", "'; DROP TABLE exports; --")
        .with("segment", Uuid::nil())
        .with("segment", "nonsense")
        .with("attribute.<script>", "x")
        .with("version", "99999999999999")
        .with("unknown", "\0");
    let answer = nonsense.create(&alice).await;
    assert_eq!(answer.status, 422);
    assert!(!answer.body.contains("<script>\""), "escaped");
    for path in [
        "/exports/nonsense",
        "/exports/00000000-0000-0000-0000-000000000000",
    ] {
        assert_eq!(alice.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_saved_export_runs_from_its_own_page() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let new = alice.get("/exports/new").await;
    assert_eq!(new.attribute(".page-actions form", "action"), None);
    let export = stage.add_export(&alice, "Weekly").await;
    let path = format!("/exports/{}", export.id);
    let page = alice.get(&path).await;
    let run = page.attribute(".page-actions form", "action").unwrap();
    assert_eq!(
        page.attribute(".page-actions a[href$=runs]", "href"),
        Some(format!("{path}/runs"))
    );
    let started = alice.submit(&path, &run, &[]).await;
    assert_eq!(started.status, 303);
    assert!(started.location.unwrap().starts_with("/runs/"));
}
