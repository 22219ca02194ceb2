//! What a segment's members have in common, as people build it and as it is stored (JSON).
//!
//! The tree is complete from the start: groups nest, and rules combine by union, intersect and except. Pages may offer
//! less of it than it can hold.

use serde::{Deserialize, Serialize};

/// A rule or a part of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Rule {
    /// Conditions and groups joined by *and* or *or*. The outermost group may be empty: then everyone is a member.
    Group {
        /// How the rules are joined.
        combine: Combine,
        /// The rules joined.
        rules: Vec<Rule>,
    },
    /// Rules taken in order: each step changes the set of all steps before it.
    Sets {
        /// The set to start from.
        first: Box<Rule>,
        /// What is done to it.
        then: Vec<SetStep>,
    },
    /// One condition on one field.
    Condition(Condition),
}

/// How the rules of a group are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Combine {
    /// All must hold.
    And,
    /// At least one must hold.
    Or,
}

/// One step of [`Rule::Sets`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetStep {
    /// What is done with the members of `rule`.
    pub operation: SetOperation,
    /// The other set.
    pub rule: Rule,
}

/// How two sets become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SetOperation {
    /// Members of either.
    Union,
    /// Members of both.
    Intersect,
    /// Members of the first that are not in the second.
    Except,
}

/// One condition on one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// Name of the field.
    pub field: String,
    /// What its value must be.
    #[serde(flatten)]
    pub comparison: Comparison,
}

/// What a field's value must be. Numbers are written `1234.5`, days `2024-05-31`.
///
/// *Is not* and *≠* hold for exactly the profiles for which *is* and *=* do not, those without a value included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "operator", rename_all = "snake_case")]
pub enum Comparison {
    /// Text: the same.
    Is(TextValue),
    /// Text: not the same.
    IsNot(TextValue),
    /// Text: somewhere in the value.
    Contains(TextValue),
    /// Text: at the beginning.
    StartsWith(TextValue),
    /// Text: at the end.
    EndsWith(TextValue),
    /// Text, number and date: one of several.
    AnyOf {
        /// The values.
        values: Vec<String>,
        /// Text only.
        #[serde(default)]
        ignore_case: bool,
    },
    /// Number and date.
    Equals {
        /// Number or day.
        value: String,
    },
    /// Number and date.
    NotEquals {
        /// Number or day.
        value: String,
    },
    /// Number and date (before).
    LessThan {
        /// Number or day.
        value: String,
    },
    /// Number and date (on or before).
    AtMost {
        /// Number or day.
        value: String,
    },
    /// Number and date (after).
    MoreThan {
        /// Number or day.
        value: String,
    },
    /// Number and date (on or after).
    AtLeast {
        /// Number or day.
        value: String,
    },
    /// Number and date, both ends included.
    Between {
        /// Lower end.
        from: String,
        /// Upper end.
        to: String,
    },
    /// Date: today or one of the `days` days before. Days to come are not in the past.
    WithinLastDays {
        /// Number of days.
        days: u32,
    },
    /// Boolean.
    IsTrue,
    /// Boolean.
    IsFalse,
    /// Any type: nothing but white space.
    IsEmpty,
    /// Any type: a value.
    IsNotEmpty,
}

/// Text to compare with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextValue {
    /// The text.
    pub value: String,
    /// Whether case and the way accents are encoded do not matter.
    #[serde(default)]
    pub ignore_case: bool,
}

impl Rule {
    /// Everyone: the outermost group without a condition.
    pub const EVERYONE: Self = Self::Group {
        combine: Combine::And,
        rules: Vec::new(),
    };

    /// One group of conditions, the form the first builder edits.
    pub fn flat(combine: Combine, conditions: impl IntoIterator<Item = Condition>) -> Self {
        Self::Group {
            combine,
            rules: conditions.into_iter().map(Self::Condition).collect(),
        }
    }

    /// The group of conditions, when the rule is just that.
    pub fn as_flat(&self) -> Option<(Combine, Vec<&Condition>)> {
        let Self::Group { combine, rules } = self else {
            return None;
        };
        let conditions = rules.iter().map(|rule| match rule {
            Self::Condition(condition) => Some(condition),
            _ => None,
        });
        Some((*combine, conditions.collect::<Option<_>>()?))
    }

    /// Names of the fields used, each once, in order of first use.
    pub fn fields(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.each_condition(&mut |condition| {
            if !names.contains(&condition.field.as_str()) {
                names.push(condition.field.as_str());
            }
        });
        names
    }

    fn each_condition<'a>(&'a self, visit: &mut impl FnMut(&'a Condition)) {
        match self {
            Self::Condition(condition) => visit(condition),
            Self::Group { rules, .. } => rules.iter().for_each(|rule| rule.each_condition(visit)),
            Self::Sets { first, then } => {
                first.each_condition(visit);
                then.iter().for_each(|step| step.rule.each_condition(visit));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_read_back_from_their_json() {
        let json = r#"{"kind":"sets",
            "first":{"kind":"group","combine":"and","rules":[
                {"kind":"condition","field":"City","operator":"is","value":"Zürich","ignore_case":true},
                {"kind":"group","combine":"or","rules":[
                    {"kind":"condition","field":"Spend","operator":"between","from":"1","to":"2.5"},
                    {"kind":"condition","field":"Tier","operator":"any_of","values":["Gold","Silver"],"ignore_case":false},
                    {"kind":"condition","field":"LastPurchase","operator":"within_last_days","days":30}]}]},
            "then":[{"operation":"except","rule":{"kind":"condition","field":"OptIn","operator":"is_false"}}]}"#;
        let rule: Rule = serde_json::from_str(json).unwrap();
        assert_eq!(
            serde_json::to_value(&rule).unwrap(),
            serde_json::from_str::<serde_json::Value>(json).unwrap()
        );
        assert_eq!(
            rule.fields(),
            ["City", "Spend", "Tier", "LastPurchase", "OptIn"]
        );
        assert_eq!(rule.as_flat(), None);
    }

    #[test]
    fn a_flat_rule_is_seen_as_one() {
        let condition = Condition {
            field: "OptIn".into(),
            comparison: Comparison::IsTrue,
        };
        let rule = Rule::flat(Combine::Or, [condition.clone()]);
        assert_eq!(rule.as_flat(), Some((Combine::Or, vec![&condition])));
        assert_eq!(Rule::EVERYONE.as_flat(), Some((Combine::And, vec![])));
    }
}
