//! A rule in words, for people who look at it without editing it.

use super::operator::Operator;
use super::{Combine, Condition, Rule, SetOperation};
use crate::locale::Lang;

/// Values of one condition that are shown; the others are counted.
const SHOWN_VALUES: usize = 20;
/// Deepest indentation the style sheet has.
const DEEPEST: usize = 5;

/// One line of a rule in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RuleLine {
    /// How far it is indented, 0 to 5.
    pub(super) depth: usize,
    /// What it says.
    pub(super) words: RuleWords,
}

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RuleWords {
    /// What the lines below it have to do with each other.
    Heading(String),
    /// A condition.
    Condition {
        /// Name of the field, as the source calls it.
        field: String,
        /// Words of the operator.
        operator: String,
        /// Values, as typed.
        values: Vec<String>,
        /// What else there is to say, or empty.
        note: String,
    },
}

/// The rule, line by line.
pub(super) fn lines(lang: Lang, rule: &Rule) -> Vec<RuleLine> {
    let mut lines = Vec::new();
    write(lang, rule, 0, &mut lines);
    lines
}

fn write(lang: Lang, rule: &Rule, depth: usize, lines: &mut Vec<RuleLine>) {
    let heading = |key| RuleLine {
        depth: depth.min(DEEPEST),
        words: RuleWords::Heading(lang.t(key)),
    };
    match rule {
        Rule::Group { rules, .. } if rules.is_empty() => {
            lines.push(heading("segments-rule-everyone"));
        }
        Rule::Group { combine, rules } => {
            lines.push(heading(match combine {
                Combine::And => "segments-rule-all",
                Combine::Or => "segments-rule-any",
            }));
            for rule in rules {
                write(lang, rule, depth + 1, lines);
            }
        }
        Rule::Sets { first, then } => {
            write(lang, first, depth, lines);
            for step in then {
                lines.push(heading(match step.operation {
                    SetOperation::Union => "segments-rule-union",
                    SetOperation::Intersect => "segments-rule-intersect",
                    SetOperation::Except => "segments-rule-except",
                }));
                write(lang, &step.rule, depth + 1, lines);
            }
        }
        Rule::Condition(condition) => lines.push(RuleLine {
            depth: depth.min(DEEPEST),
            words: condition_words(lang, condition),
        }),
    }
}

fn condition_words(lang: Lang, condition: &Condition) -> RuleWords {
    let (operator, typed) = Operator::of(&condition.comparison);
    let inputs = operator.inputs();
    let has = |input| inputs.split(' ').any(|name| name == input);
    let mut values: Vec<String> = Vec::new();
    let mut notes = Vec::new();
    if has("value") {
        values.push(typed.value);
    }
    if has("to") {
        values.push(typed.to);
    }
    if has("values") {
        values.extend(typed.values.lines().take(SHOWN_VALUES).map(str::to_owned));
        let more = typed.values.lines().count().saturating_sub(SHOWN_VALUES);
        if more > 0 {
            notes.push(
                lang.msg("segments-rule-more")
                    .num("count", more)
                    .to_string(),
            );
        }
    }
    if has("days") {
        let days = typed.days.parse::<u32>().unwrap_or_default();
        notes.push(lang.msg("segments-rule-days").num("days", days).to_string());
    }
    if typed.ignore_case {
        notes.push(lang.t("segments-ignore-case"));
    }
    RuleWords::Condition {
        field: condition.field.clone(),
        operator: lang.t(operator.label_key()),
        values,
        note: notes.join(" · "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_rules_are_told_line_by_line() {
        let json = r#"{"kind":"sets",
            "first":{"kind":"group","combine":"or","rules":[
                {"kind":"condition","field":"City","operator":"is","value":"Zürich","ignore_case":true},
                {"kind":"group","combine":"and","rules":[
                    {"kind":"condition","field":"Spend","operator":"between","from":"1","to":"2.5"}]}]},
            "then":[{"operation":"except","rule":{"kind":"condition","field":"Born","operator":"within_last_days","days":30}}]}"#;
        let rule: Rule = serde_json::from_str(json).unwrap();
        let told: Vec<String> = lines(Lang::En, &rule)
            .into_iter()
            .map(|line| {
                let indent = "  ".repeat(line.depth);
                match line.words {
                    RuleWords::Heading(text) => format!("{indent}{text}"),
                    RuleWords::Condition {
                        field,
                        operator,
                        values,
                        note,
                    } => format!("{indent}{field} {operator} {} {note}", values.join("|")),
                }
            })
            .collect();
        let expected = [
            "At least one of these holds:",
            "  City is Zürich Ignore case",
            "  All of these hold:",
            "    Spend between 1|2.5 ",
            "Without the members of:",
            "  Born within the last N days  30 days",
        ];
        assert_eq!(told, expected);
    }
}
