//! What columns probably mean, by heading (English and Chinese) and content.

use std::cmp::Reverse;
use std::collections::HashSet;

use crate::profiles::{Field, Semantic};

/// Headings without punctuation and in lower case, best first. The last resort of each is a part of a heading.
struct Words {
    semantic: Semantic,
    exact: &'static [&'static str],
    part: &'static [&'static str],
}

const WORDS: [Words; 4] = [
    Words {
        semantic: Semantic::Email,
        exact: &[
            "email",
            "emailaddress",
            "mail",
            "電郵",
            "電子郵件",
            "電郵地址",
            "電子郵件地址",
            "邮箱",
            "电子邮件",
        ],
        part: &["email", "電郵", "電子郵件", "邮箱", "电子邮件"],
    },
    Words {
        semantic: Semantic::FirstName,
        exact: &[
            "firstname",
            "givenname",
            "forename",
            "fname",
            "first",
            "given",
            "名字",
            "名",
        ],
        part: &["firstname", "givenname", "名字"],
    },
    Words {
        semantic: Semantic::LastName,
        exact: &[
            "lastname",
            "surname",
            "familyname",
            "lname",
            "last",
            "family",
            "姓氏",
            "姓",
        ],
        part: &["lastname", "surname", "familyname", "姓氏"],
    },
    Words {
        semantic: Semantic::Key,
        exact: &[
            "customerid",
            "profileid",
            "contactid",
            "id",
            "key",
            "客戶識別碼",
            "客戶編號",
            "識別碼",
            "編號",
            "客户编号",
        ],
        part: &["customerid", "識別碼", "編號"],
    },
];

/// Marks at most one field per meaning, looking at names and at sample `rows`.
pub(super) fn mark_semantics(fields: &mut [Field], rows: &[Vec<String>]) {
    for words in &WORDS {
        let score = |column: usize, field: &Field| -> u32 {
            if field.semantic.is_some() {
                return 0;
            }
            let by_heading = heading_score(words, &field.name);
            let values = rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|value| value.trim());
            match words.semantic {
                Semantic::Email if !rows.is_empty() => match looks_like_addresses(values) {
                    Some(true) => by_heading + 10,
                    Some(false) => 0,
                    None => by_heading,
                },
                Semantic::Key if by_heading > 0 && !is_unique(values) => 0,
                _ => by_heading,
            }
        };
        let scores = fields
            .iter()
            .enumerate()
            .map(|(column, field)| score(column, field));
        if let Some(column) = best(scores) {
            fields[column].semantic = Some(words.semantic);
        }
    }
}

fn heading_score(words: &Words, name: &str) -> u32 {
    let plain: String = name
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    let rank = |list: &[&str], found: &dyn Fn(&str) -> bool| {
        let position = list.iter().position(|word| found(word))?;
        u32::try_from(list.len() - position).ok()
    };
    rank(words.exact, &|word| plain == word)
        .map(|rank| rank + 20)
        .or_else(|| rank(words.part, &|word| plain.contains(word)))
        .unwrap_or(0)
}

/// Whether most values are e-mail addresses; `None` without values.
fn looks_like_addresses<'a>(values: impl Iterator<Item = &'a str>) -> Option<bool> {
    let (mut count, mut addresses) = (0_usize, 0_usize);
    for value in values.filter(|value| !value.is_empty()) {
        count += 1;
        addresses += usize::from(looks_like_address(value));
    }
    (count > 0).then_some(addresses * 2 > count)
}

/// The column of addresses, by its heading alone.
pub(crate) fn address_heading<'a>(headings: impl Iterator<Item = &'a str>) -> Option<usize> {
    let words = WORDS
        .iter()
        .find(|words| words.semantic == Semantic::Email)?;
    best(headings.map(|heading| heading_score(words, heading)))
}

/// The column with the highest score above 0, the first of equals.
fn best(scores: impl Iterator<Item = u32>) -> Option<usize> {
    let scored = scores.enumerate().filter(|(_, score)| *score > 0);
    let best = scored.max_by_key(|(column, score)| (*score, Reverse(*column)));
    best.map(|(column, _)| column)
}

pub(super) fn looks_like_address(value: &str) -> bool {
    let Some((name, domain)) = value.split_once('@') else {
        return false;
    };
    !name.is_empty()
        && domain.contains('.')
        && !domain.contains('@')
        && !value.contains(char::is_whitespace)
}

fn is_unique<'a>(values: impl Iterator<Item = &'a str>) -> bool {
    let mut seen = HashSet::new();
    values
        .into_iter()
        .all(|value| !value.is_empty() && seen.insert(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiles::FieldType;

    fn marks(names: &[&str], rows: &[&[&str]]) -> Vec<Option<Semantic>> {
        let mut fields: Vec<Field> = names
            .iter()
            .map(|name| Field {
                name: (*name).into(),
                field_type: FieldType::Text,
                semantic: None,
            })
            .collect();
        let rows: Vec<Vec<String>> = rows
            .iter()
            .map(|row| row.iter().map(|v| (*v).into()).collect())
            .collect();
        mark_semantics(&mut fields, &rows);
        fields.into_iter().map(|field| field.semantic).collect()
    }

    #[test]
    fn headings_in_both_languages_are_understood() {
        use Semantic::{Email, FirstName, Key, LastName};
        let all = [Some(Key), Some(FirstName), Some(LastName), Some(Email)];
        assert_eq!(
            marks(&["Customer ID", "First name", "Surname", "E-Mail"], &[]),
            all
        );
        assert_eq!(
            marks(&["First", "Last", "Last visit"], &[]),
            [Some(FirstName), Some(LastName), None]
        );
        assert_eq!(
            marks(&["Family", "Given"], &[]),
            [Some(LastName), Some(FirstName)]
        );
        assert_eq!(marks(&["客戶編號", "名字", "姓氏", "電郵地址"], &[]), all);
        assert_eq!(
            marks(
                &["Work email", "Email address", "Email opt-in", "full_name"],
                &[]
            ),
            [None, Some(Email), None, None]
        );
    }

    #[test]
    fn content_decides_where_headings_do_not() {
        use Semantic::{Email, Key};
        assert_eq!(
            marks(
                &["Column 1", "Column 2"],
                &[&["Ann", "ann@example.com"], &["Bob", ""]]
            ),
            [None, Some(Email)]
        );
        assert_eq!(
            marks(&["Email", "Contact"], &[&["yes", "ann@example.com"]]),
            [None, Some(Email)]
        );
        assert_eq!(marks(&["id"], &[&["1"], &["1"]]), [None]);
        assert_eq!(marks(&["id"], &[&["1"], &["2"]]), [Some(Key)]);
    }
}
