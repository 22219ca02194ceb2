use super::*;
use crate::profiles::value::NumberStyle;

fn read(pairs: &[(&str, &str)]) -> SegmentForm {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    SegmentForm::read(pairs.iter().map(owned).collect())
}

fn check(form: &SegmentForm) -> (Option<Rule>, Vec<String>) {
    let field = |name: &str, field_type| Field {
        name: name.into(),
        field_type,
        semantic: None,
    };
    let style = NumberStyle::Point;
    let fields = [
        field("City", FieldType::Text),
        field("Spend", FieldType::Number { style }),
    ];
    let mut errors = FieldErrors::default();
    let today = jiff::civil::date(2026, 11, 23);
    let rule = form.check_rule(Lang::En, &fields, today, &mut errors);
    let at = errors.iter().map(|(field, _)| field.to_owned()).collect();
    (rule, at)
}

#[test]
fn conditions_keep_their_order_whatever_their_numbers() {
    let form = read(&[
        ("c7-field", "Spend"),
        ("c7-operator", "is_empty"),
        ("c2-field", "City"),
        ("c2-operator", "any_of"),
        ("c2-values", "Boston\nZürich"),
        ("c2-case", "true"),
        ("combine", "or"),
        ("do", "remove-7"),
    ]);
    assert_eq!(form.action, Action::Remove(1));
    let rule = check(&form).0.unwrap();
    let json = serde_json::to_string(&rule).unwrap();
    assert_eq!(
        json,
        r#"{"kind":"group","combine":"or","rules":[{"kind":"condition","field":"City","operator":"any_of","values":["Boston","Zürich"],"ignore_case":true},{"kind":"condition","field":"Spend","operator":"is_empty"}]}"#
    );
    let mut again = SegmentForm::default();
    again.fill(&rule).unwrap();
    assert_eq!(again.conditions, form.conditions);
}

#[test]
fn problems_stand_beside_their_input() {
    let form = read(&[
        ("c0-field", "City"),
        ("c0-operator", "at_most"),
        ("c1-field", "Spend"),
        ("c1-operator", "between"),
        ("c1-value", "1"),
        ("c1-to", "x"),
        ("c2-field", "Spend"),
        ("c2-operator", "between"),
        ("c2-value", "x"),
        ("c2-to", "1"),
        ("c3-field", "Spend"),
        ("c3-operator", "between"),
        ("c3-value", "2"),
        ("c3-to", "1"),
        ("c4-field", "Tier"),
        ("c4-operator", "is_empty"),
        ("c5-operator", "nonsense"),
        ("c6-field", "City"),
        ("c6-operator", "any_of"),
    ]);
    let (rule, at) = check(&form);
    assert_eq!(rule, None);
    let expected = [
        "c0-operator",
        "c1-to",
        "c2-value",
        "c3-to",
        "c4-field",
        "c5-field",
        "c5-operator",
        "c6-values",
    ];
    assert_eq!(at, expected);
}

#[test]
fn a_form_without_conditions_means_everyone() {
    assert_eq!(check(&read(&[("name", "All")])).0, Some(Rule::EVERYONE));
}

#[test]
fn numbers_no_form_has_are_not_read() {
    let form = read(&[
        ("c99999999-field", "City"),
        ("cx-field", "City"),
        ("c-", ""),
    ]);
    assert!(form.conditions.is_empty());
    assert_eq!(read(&[("do", "remove-5")]).action, Action::Show);
}
