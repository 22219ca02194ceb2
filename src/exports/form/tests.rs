use std::sync::Arc;

use super::*;
use crate::constant_contact::{CustomField, ListIdError};
use crate::exports::CustomTarget;
use crate::exports::account::{Account, AccountProblem, AccountProblemKind};
use crate::exports::offers::{AccountOffer, ConnectionOffer, SegmentOffer, SourceOffer};
use crate::names::NameProblem;
use crate::profiles::FieldType;

const LIST: &str = "06526938-56dd-11e9-932a-fa163ea075fa";
const OTHER_LIST: &str = "16526938-56dd-11e9-932a-fa163ea075fa";
const CONNECTION: Uuid = Uuid::from_u128(1);
const SOURCE: Uuid = Uuid::from_u128(2);
const SEGMENT: Uuid = Uuid::from_u128(3);

fn field(name: &str, semantic: Option<Semantic>) -> Field {
    Field {
        name: name.into(),
        field_type: FieldType::Text,
        semantic,
    }
}

fn custom_field(name: &str) -> CustomField {
    let json = serde_json::json!({
        "custom_field_id": name, "name": name, "label": format!("The {name}"), "type": "string",
    });
    serde_json::from_value(json).unwrap()
}

fn offers() -> Offers {
    Offers {
        connections: vec![ConnectionOffer {
            id: CONNECTION,
            name: "Newsletter".into(),
        }],
        sources: vec![SourceOffer {
            id: SOURCE,
            name: "CRM".into(),
        }],
        fields: vec![
            field("Mail", Some(Semantic::Email)),
            field("Given", Some(Semantic::FirstName)),
            field("postal-code", None),
            field("City", None),
        ],
        segments: vec![SegmentOffer {
            id: SEGMENT,
            name: "Everybody".into(),
            member_count: Some(7),
        }],
        account: AccountOffer::Loaded(Arc::new(Account {
            custom_fields: (0..30).map(|n| custom_field(&format!("f{n}"))).collect(),
            ..Account::default()
        })),
        known_custom_fields: vec![CustomTarget {
            name: "old".into(),
            label: "Old label".into(),
            is_date: true,
        }],
    }
}

fn complete() -> ExportForm {
    ExportForm {
        connection: Some(CONNECTION),
        name: " Weekly ".into(),
        list: LIST.into(),
        source: Some(SOURCE),
        email_field: "Mail".into(),
        attributes: vec![("first_name".into(), "Given".into())],
        segments: vec![SEGMENT],
        ..ExportForm::default()
    }
}

/// Field and kind of everything wrong after a change to a complete form.
fn problems(change: impl FnOnce(&mut ExportForm)) -> Vec<(String, ProblemKind)> {
    let mut form = complete();
    change(&mut form);
    match form.check(&offers()) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.into_iter().map(|p| (p.field, p.kind)).collect(),
    }
}

fn one(field: &str, kind: ProblemKind) -> Vec<(String, ProblemKind)> {
    vec![(field.to_owned(), kind)]
}

#[test]
fn a_complete_form_becomes_a_definition() {
    let checked = complete().check(&offers()).unwrap();
    assert_eq!(checked.definition.name, "Weekly");
    assert_eq!(checked.definition.list_id.to_string(), LIST);
    assert_eq!(
        checked.definition.attributes[0].target.heading(),
        "first_name"
    );
    assert_eq!(
        ExportForm::of(&checked.definition, 1).attributes,
        complete().attributes
    );
}

#[test]
fn an_empty_form_names_everything_that_is_missing_in_the_order_of_the_page() {
    let problems = ExportForm::default().check(&Offers::default()).unwrap_err();
    let fields: Vec<_> = problems.iter().map(|p| p.field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "connection",
            "name",
            "list",
            "source",
            "email_field",
            "segments"
        ]
    );
}

#[test]
fn each_wrong_value_has_its_own_problem() {
    use ProblemKind::*;
    type Change = fn(&mut ExportForm);
    let cases: [(Change, &str, ProblemKind); 10] = [
        (
            |f| f.connection = Some(Uuid::nil()),
            "connection",
            ConnectionNotUsable,
        ),
        (
            |f| f.name = "x".repeat(1000),
            "name",
            Name(NameProblem::TooLong),
        ),
        (
            |f| f.list = "1234567890".into(),
            "list",
            List(ListIdError::V2),
        ),
        (
            |f| f.list = "newsletter".into(),
            "list",
            List(ListIdError::Missing),
        ),
        (
            |f| f.email_field = "Gone".into(),
            "email_field",
            FieldGone("Gone".into()),
        ),
        (
            |f| f.attributes[0].1 = String::new(),
            "attribute.first_name",
            AttributeFieldMissing,
        ),
        (
            |f| f.attributes[0].1 = "Gone".into(),
            "attribute.first_name",
            FieldGone("Gone".into()),
        ),
        (
            |f| f.attributes[0].0 = "email".into(),
            "attribute.email",
            TargetUnknown("email".into()),
        ),
        (
            |f| f.attributes[0].0 = "cf:nope".into(),
            "attribute.cf:nope",
            CustomFieldGone("nope".into()),
        ),
        (|f| f.segments = vec![Uuid::nil()], "segments", SegmentGone),
    ];
    for (change, field, kind) in cases {
        assert_eq!(problems(change), one(field, kind.clone()), "{kind:?}");
    }
    let empty_list = |f: &mut ExportForm| {
        f.list = String::new();
        f.new_list = "Summer".into();
    };
    assert_eq!(problems(empty_list), one("list", NewListNotCreated));
}

#[test]
fn a_target_is_filled_once_and_custom_fields_are_limited() {
    let twice = |f: &mut ExportForm| f.attributes.push(("first_name".into(), "City".into()));
    assert_eq!(
        problems(twice),
        one("attribute.first_name", ProblemKind::TargetTwice)
    );
    let customs = |count: usize| {
        move |f: &mut ExportForm| {
            f.attributes = (0..count)
                .map(|n| (format!("cf:f{n}"), "City".into()))
                .collect();
        }
    };
    assert_eq!(problems(customs(25)), []);
    assert_eq!(
        problems(customs(26)),
        one("add_target", ProblemKind::TooManyCustomFields)
    );
}

#[test]
fn a_birthday_needs_day_and_month() {
    let day = |f: &mut ExportForm| f.attributes.push(("birthday_day".into(), "City".into()));
    assert_eq!(problems(day), one("add_target", ProblemKind::BirthdayHalf));
    let both = |f: &mut ExportForm| {
        day(f);
        f.attributes.push(("birthday_month".into(), "City".into()));
    };
    assert_eq!(problems(both), []);
}

#[test]
fn labels_come_from_the_account_or_from_the_saved_export() {
    let mut form = complete();
    form.attributes = vec![("cf:f1".into(), "City".into())];
    let mut offers = offers();
    let label = |offers: &Offers| match &form.check(offers).unwrap().definition.attributes[0].target
    {
        Target::Custom(custom) => custom.label.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(label(&offers), "The f1");
    offers.account = AccountOffer::Failed(AccountProblem {
        kind: AccountProblemKind::Unavailable,
        words: String::new(),
    });
    assert_eq!(label(&offers), "f1");
    let old = offers.custom_field("old").unwrap();
    assert_eq!((old.label.as_str(), old.is_date), ("Old label", true));
}

#[test]
fn an_added_attribute_gets_the_field_that_fits() {
    let fields = offers().fields;
    let mut form = ExportForm::default();
    for (target, expected) in [
        ("first_name", "Given"),
        ("last_name", ""),
        ("city", "City"),
        ("cf:Postal_Code", "postal-code"),
    ] {
        form.add_target = target.into();
        form.add_attribute(&fields);
        let (heading, field) = form.attributes.last().unwrap();
        assert_eq!((heading.as_str(), field.as_str()), (target, expected));
    }
    for refused in ["city", "email", "", "nonsense"] {
        form.add_target = refused.into();
        form.add_attribute(&fields);
        assert_eq!(form.attributes.len(), 4, "{refused:?}");
    }
    form.remove_attribute("city");
    assert_eq!(form.attributes.len(), 3);
}

#[test]
fn another_source_keeps_what_it_has_too() {
    let mut form = complete();
    form.email_field = "E-mail of the other source".into();
    form.attributes.push(("city".into(), "Town".into()));
    form.segments.push(Uuid::nil());
    form.fit_to_source(&offers());
    assert_eq!(form.email_field, "Mail");
    assert_eq!(form.attributes[0].1, "Given");
    assert_eq!(form.attributes[1].1, "City");
    assert_eq!(form.segments, [SEGMENT]);
}

fn read(pairs: &[(&str, &str)]) -> (ExportForm, Action) {
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect();
    ExportForm::read(&pairs)
}

#[test]
fn posted_pairs_are_read_in_order() {
    let segment = SEGMENT.to_string();
    let (form, action) = read(&[
        ("name", "A\0B"),
        ("attribute.last_name", "x"),
        ("attribute.cf:a b", "y"),
        ("segment", &segment),
        ("segment", "nonsense"),
        ("version", "4"),
        ("action", "remove-attribute cf:a b"),
    ]);
    assert_eq!(form.name, "AB");
    assert_eq!(
        form.attributes,
        [
            ("last_name".into(), "x".into()),
            ("cf:a b".into(), "y".into())
        ]
    );
    assert_eq!((form.segments, form.version), (vec![SEGMENT], 4));
    assert_eq!(action, Action::RemoveAttribute("cf:a b".into()));
    assert_eq!(read(&[]).1, Action::Save);
}

#[test]
fn the_picker_counts_when_the_id_was_left_as_it_was() {
    let list = |typed: &str, shown: &str, choice: &str| {
        read(&[
            ("list", typed),
            ("list_shown", shown),
            ("list_choice", choice),
        ])
        .0
        .list
    };
    assert_eq!(list("", "", LIST), LIST);
    assert_eq!(
        list(LIST, LIST, OTHER_LIST),
        OTHER_LIST,
        "another one was picked"
    );
    assert_eq!(
        list(OTHER_LIST, LIST, LIST),
        OTHER_LIST,
        "another ID was typed"
    );
    assert_eq!(list("typed", "", LIST), "typed", "what is typed wins");
    assert_eq!(list("", LIST, LIST), "", "the ID was taken away");
    assert_eq!(
        list("", LIST, OTHER_LIST),
        OTHER_LIST,
        "taken away and another picked"
    );
    assert_eq!(list(LIST, LIST, ""), LIST);
}
