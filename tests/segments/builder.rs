//! The builder of conditions: operators, counts, what is typed wrong.

use jiff::ToSpan;
use listbridge::clock::Clock;

use super::*;
use crate::support::spawn_app_with_clock;

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
    let noon = "2027-03-10T12:00:00Z".parse().unwrap();
    let app = spawn_app_with_clock(Clock::from_fn(move || noon), |_| ()).await;
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
    let text = audit.texts("body").concat();
    assert!(text.contains("Rule: ") && text.contains(" → "), "{text}");
}

#[tokio::test]
async fn choosing_a_source_offers_a_condition_and_everybody_is_chosen_by_removing_it() {
    let app = spawn_app().await;
    let source_id = app.import("People", PEOPLE).await.to_string();
    app.import("Others", PEOPLE).await;
    let bob = app.sign_in(BOB).await;
    let page = bob.get("/segments/new").await;
    assert_eq!(page.texts("fieldset.condition").len(), 0);
    let fields = page.form_fields("main form.card");
    let fields = typed_over(&fields, "source", &source_id);
    let page = bob.submit("/segments/new", "/segments/new", &fields).await;
    assert_eq!(page.texts("fieldset.condition").len(), 1);
    let fields = page.form_fields("main form.card");
    let named = typed_over(&fields, "name", "All");
    let refused = press(&bob, "/segments/new", "save", &named).await;
    assert_eq!(refused.status, 422, "not everybody by accident");
    let page = press(&bob, "/segments/new", "remove-0", &named).await;
    assert_eq!(page.texts("fieldset.condition").len(), 0);
    let fields = page.form_fields("main form.card");
    let fields = typed_over(&fields, "source", &source_id);
    let saved = press(&bob, "/segments/new", "save", &fields).await;
    assert_eq!(saved.status, 303, "{}", saved.body);
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
async fn thousands_of_chinese_values_are_taken_and_more_are_refused_with_the_typing_kept() {
    let app = spawn_app().await;
    app.import("People", PEOPLE).await;
    for (lang, words) in [
        ("en", "more than 500,000 characters together"),
        ("zh-HK", "所有條件合計超過 500,000 個字元"),
    ] {
        let bob = app.sign_in(BOB).await.speaking(lang);
        let lines = |count: usize| {
            let line = |number| format!("{number:05}{}", "香".repeat(44));
            (0..count).map(line).collect::<Vec<_>>().join("\r\n")
        };
        let values = lines(9_800);
        let mut fields = condition("City", "any_of");
        fields[0] = ("name", lang);
        fields.push(("c0-values", &values));
        let saved = press(&bob, "/segments/new", "save", &fields).await;
        assert_eq!(saved.status, 303);

        let values = lines(9_990);
        fields.pop();
        fields.push(("c0-values", &values));
        let refused = press(&bob, "/segments/new", "save", &fields).await;
        assert_eq!(refused.status, 422);
        let said = refused.texts("#c0-values-error").concat();
        assert!(said.contains(words), "{said}");
        let hint = refused.texts("#c0-values-hint").concat();
        assert!(
            hint.contains("10,000") && hint.contains("500,000"),
            "{hint}"
        );
        let kept = refused.form_fields("main form.card");
        let kept = kept.into_iter().find(|(name, _)| name == "c0-values");
        assert_eq!(kept.unwrap().1.lines().count(), 9_990);
    }
    let somebody = app.browser();
    let large = "x".repeat(2 * 1024 * 1024);
    let fields = [("c0-values", large.as_str())];
    let answer = somebody.post("/segments/new", &fields).await;
    assert_eq!(answer.status, 413, "for people who have signed in only");
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
