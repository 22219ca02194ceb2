use super::*;
use crate::segments::SetStep;

fn fields() -> Vec<Field> {
    let field = |name: &str, field_type| Field {
        name: name.into(),
        field_type,
        semantic: None,
    };
    vec![
        field("City", FieldType::Text),
        field(
            "Spend",
            FieldType::Number {
                style: NumberStyle::Comma,
            },
        ),
        field(
            "Born",
            FieldType::Date {
                order: DateOrder::DayMonthYear,
            },
        ),
        field("OptIn", FieldType::Boolean),
    ]
}

const TODAY: Date = jiff::civil::date(2024, 3, 1);

fn condition(json: &str) -> Rule {
    let (field, rest) = json.split_once(' ').unwrap();
    serde_json::from_str(&format!(
        r#"{{"kind":"condition","field":"{field}",{rest}}}"#
    ))
    .unwrap()
}

fn members(rule: &Rule, rows: &[[&str; 4]]) -> Vec<usize> {
    let filter = rule.compile(&fields(), TODAY).unwrap();
    let is_member = |row: &[&str; 4]| filter.matches(&|column| row[column]);
    (0..rows.len())
        .filter(|index| is_member(&rows[*index]))
        .collect()
}

const ROWS: [[&str; 4]; 4] = [
    ["Zürich", "1.234,50", "29/02/2024", "yes"],
    ["Boston", "10,0", "01.03.2024", "FALSE"],
    ["", "", "", ""],
    ["boston ", "n/a", "2/3/2024", "maybe"],
];

#[test]
fn every_operator_finds_its_members() {
    for (json, expected) in [
        (r#"City "operator":"is","value":"Boston""#, vec![1]),
        (
            r#"City "operator":"is","value":"BOSTON","ignore_case":true"#,
            vec![1, 3],
        ),
        (
            r#"City "operator":"is_not","value":"boston","ignore_case":true"#,
            vec![0, 2],
        ),
        (r#"City "operator":"contains","value":"ost""#, vec![1, 3]),
        (
            r#"City "operator":"starts_with","value":"zÜ","ignore_case":true"#,
            vec![0],
        ),
        (r#"City "operator":"ends_with","value":"on""#, vec![1, 3]),
        (
            r#"City "operator":"any_of","values":["Boston","Zürich"]"#,
            vec![0, 1],
        ),
        (r#"City "operator":"is_empty""#, vec![2]),
        (r#"City "operator":"is_not_empty""#, vec![0, 1, 3]),
        (r#"Spend "operator":"equals","value":"10""#, vec![1]),
        (
            r#"Spend "operator":"not_equals","value":"10""#,
            vec![0, 2, 3],
        ),
        (r#"Spend "operator":"less_than","value":"1234.5""#, vec![1]),
        (
            r#"Spend "operator":"at_most","value":"1,234.50""#,
            vec![0, 1],
        ),
        (r#"Spend "operator":"more_than","value":"10""#, vec![0]),
        (r#"Spend "operator":"at_least","value":"10""#, vec![0, 1]),
        (
            r#"Spend "operator":"between","from":"10","to":"2e3""#,
            vec![0, 1],
        ),
        (
            r#"Spend "operator":"any_of","values":["10.00","11"]"#,
            vec![1],
        ),
        (r#"Born "operator":"equals","value":"2024-02-29""#, vec![0]),
        (
            r#"Born "operator":"less_than","value":"2024-03-01""#,
            vec![0],
        ),
        (
            r#"Born "operator":"at_most","value":"2024-03-01""#,
            vec![0, 1],
        ),
        (
            r#"Born "operator":"more_than","value":"2024-03-01""#,
            vec![3],
        ),
        (
            r#"Born "operator":"at_least","value":"2024-03-01""#,
            vec![1, 3],
        ),
        (
            r#"Born "operator":"more_than","value":"9999-12-31""#,
            vec![],
        ),
        (
            r#"Born "operator":"between","from":"2024-02-29","to":"2024-03-01""#,
            vec![0, 1],
        ),
        (r#"Born "operator":"within_last_days","days":1"#, vec![0, 1]),
        (
            r#"Born "operator":"any_of","values":["2024-03-02"]"#,
            vec![3],
        ),
        (r#"Born "operator":"is_empty""#, vec![2]),
        (r#"OptIn "operator":"is_true""#, vec![0]),
        (r#"OptIn "operator":"is_false""#, vec![1]),
    ] {
        assert_eq!(members(&condition(json), &ROWS), expected, "{json}");
    }
}

#[test]
fn sets_are_taken_in_order() {
    let city = |name: &str| condition(&format!(r#"City "operator":"contains","value":"{name}""#));
    let step = |operation, rule| SetStep { operation, rule };
    let rule = Rule::Sets {
        first: Box::new(city("Z")),
        then: vec![
            step(SetOperation::Union, city("oston")),
            step(
                SetOperation::Except,
                condition(r#"OptIn "operator":"is_false""#),
            ),
            step(
                SetOperation::Intersect,
                condition(r#"Born "operator":"at_least","value":"2024-03-01""#),
            ),
        ],
    };
    assert_eq!(members(&rule, &ROWS), [3]);
    assert_eq!(members(&Rule::EVERYONE, &ROWS), [0, 1, 2, 3]);
}

#[test]
fn problems_say_which_condition_and_what() {
    use RuleProblemKind as P;
    for (json, expected) in [
        (r#"Town "operator":"is","value":"x""#, P::UnknownField),
        (r#"City "operator":"is","value":" ""#, P::ValueMissing),
        (
            r#"City "operator":"equals","value":"1""#,
            P::WrongType(FieldType::Text),
        ),
        (r#"Spend "operator":"equals","value":"ten""#, P::NotANumber),
        (
            r#"Spend "operator":"between","from":"2","to":"1""#,
            P::FromAboveTo,
        ),
        (
            r#"Born "operator":"equals","value":"31/12/2024""#,
            P::NotADate,
        ),
        (r#"Born "operator":"within_last_days","days":0"#, P::Days),
        (
            r#"OptIn "operator":"any_of","values":["x"]"#,
            P::WrongType(FieldType::Boolean),
        ),
        (r#"City "operator":"any_of","values":[]"#, P::ValueMissing),
    ] {
        let fine = condition(r#"City "operator":"is_empty""#);
        let rule = Rule::Group {
            combine: Combine::And,
            rules: vec![fine, condition(json)],
        };
        let problems = rule.compile(&fields(), TODAY).unwrap_err();
        assert_eq!(problems.len(), 1);
        assert_eq!(
            (problems[0].condition, &problems[0].kind),
            (1, &expected),
            "{json}"
        );
    }
}

#[test]
fn rules_that_are_too_large_are_refused() {
    let empty = condition(r#"City "operator":"is_empty""#);
    let group = |rules| Rule::Group {
        combine: Combine::Or,
        rules,
    };
    let kinds = |rule: &Rule| -> Vec<RuleProblemKind> {
        let problems = rule.compile(&fields(), TODAY).unwrap_err();
        problems.into_iter().map(|problem| problem.kind).collect()
    };
    let deep = (0..30).fold(empty.clone(), |rule, _| group(vec![rule]));
    assert_eq!(kinds(&deep), [RuleProblemKind::TooDeep]);
    assert_eq!(
        kinds(&group(vec![empty; 2_000])),
        [RuleProblemKind::TooManyConditions]
    );
    assert_eq!(
        kinds(&group(vec![Rule::EVERYONE])),
        [RuleProblemKind::EmptyGroup]
    );
}
