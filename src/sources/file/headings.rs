//! Field names from headings: trimmed, never blank, unique.

use std::collections::HashSet;

use super::report::{HeadingNote, HeadingProblem};

/// Longest field name, in characters.
pub(super) const MAX_NAME_CHARACTERS: usize = 200;

/// One name per heading, and a note for each that had to change beyond white space.
pub(super) fn name_fields<'a>(
    headings: impl IntoIterator<Item = &'a str>,
) -> (Vec<String>, Vec<HeadingNote>) {
    let mut names: Vec<String> = Vec::new();
    let mut taken = HashSet::new();
    let mut notes = Vec::new();
    for (index, heading) in headings.into_iter().enumerate() {
        let column = index + 1;
        let tidy = heading.split_whitespace().collect::<Vec<_>>().join(" ");
        let tidy: String = tidy.chars().filter(|c| !c.is_control()).collect();
        let short: String = tidy.chars().take(MAX_NAME_CHARACTERS).collect();
        let (wanted, mut problem) = if tidy.is_empty() {
            (unnamed(column), Some(HeadingProblem::Blank))
        } else if short.len() < tidy.len() {
            (short, Some(HeadingProblem::TooLong))
        } else {
            (short, None)
        };
        let name = first_free(&wanted, &taken);
        if name != wanted && problem.is_none() {
            problem = Some(HeadingProblem::Duplicate);
        }
        if let Some(problem) = problem {
            notes.push(HeadingNote {
                column,
                name: name.clone(),
                problem,
            });
        }
        taken.insert(name.clone());
        names.push(name);
    }
    (names, notes)
}

/// Names for a file without headings.
pub(super) fn unnamed_fields(columns: usize) -> Vec<String> {
    (1..=columns).map(unnamed).collect()
}

fn unnamed(column: usize) -> String {
    format!("Column {column}")
}

fn first_free(wanted: &str, taken: &HashSet<String>) -> String {
    let numbered = (2..).map(|number| format!("{wanted} ({number})"));
    std::iter::once(wanted.to_owned())
        .chain(numbered)
        .find(|name| !taken.contains(name))
        .expect("there are more numbers than names")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_duplicate_and_endless_headings_become_names() {
        let long = "x".repeat(1_000);
        let headings = [
            " EMail ",
            "",
            "City\r\nof birth",
            "EMail",
            "EMail",
            "EMail (2)",
            long.as_str(),
            "Column 2",
        ];
        let (names, notes) = name_fields(headings);
        assert_eq!(
            names[..6],
            [
                "EMail",
                "Column 2",
                "City of birth",
                "EMail (2)",
                "EMail (3)",
                "EMail (2) (2)"
            ]
        );
        assert_eq!(names[6].len(), MAX_NAME_CHARACTERS);
        assert_eq!(names[7], "Column 2 (2)");
        let problems: Vec<_> = notes
            .iter()
            .map(|note| (note.column, note.problem))
            .collect();
        use HeadingProblem::{Blank, Duplicate, TooLong};
        assert_eq!(
            problems,
            [
                (2, Blank),
                (4, Duplicate),
                (5, Duplicate),
                (6, Duplicate),
                (7, TooLong),
                (8, Duplicate)
            ]
        );
    }
}
