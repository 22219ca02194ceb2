//! Which type the values of a column fit, decided over a sample and checked over the whole file.

use super::report::FieldNote;
use super::{FieldType, PlannedField};
use crate::profiles::value::{DateOrder, NumberStyle};

/// Values that may differ from a guessed type before the column becomes text: one in this many. Real columns hold the
/// odd "n/a".
const TOLERATED_ONE_IN: u64 = 100;

/// Counts, for one column, the values that do not fit each type it may still have.
pub(super) struct TypeCheck {
    candidates: Vec<Candidate>,
    /// Values that are not empty.
    values: u64,
}

struct Candidate {
    field_type: FieldType,
    misfits: u64,
    /// Line of the first misfit.
    first_line: u64,
}

impl TypeCheck {
    /// A check of the types in `candidates`, the preferred one first.
    fn new(candidates: impl IntoIterator<Item = FieldType>) -> Self {
        let candidates = candidates.into_iter().map(|field_type| Candidate {
            field_type,
            misfits: 0,
            first_line: 0,
        });
        Self {
            candidates: candidates.collect(),
            values: 0,
        }
    }

    /// A check of every type, for guessing.
    pub(super) fn of_anything(prefer_comma: bool) -> Self {
        let styles = match prefer_comma {
            true => [NumberStyle::Comma, NumberStyle::Point],
            false => [NumberStyle::Point, NumberStyle::Comma],
        };
        let numbers = styles.map(|style| FieldType::Number { style });
        let dates = DateOrder::ALL.map(|order| FieldType::Date { order });
        Self::new(numbers.into_iter().chain(dates).chain([FieldType::Boolean]))
    }

    /// A check of a planned field while it is loaded: of its type, or of the guess and what is like it.
    pub(super) fn of_planned(field: &PlannedField) -> Self {
        match field.field_type {
            FieldType::Text => Self::new([]),
            decided if field.is_type_decided => Self::new([decided]),
            FieldType::Boolean => Self::new([FieldType::Boolean]),
            // A sample of 3/4/2024 says little about the order; later values may say more.
            FieldType::Date { order } => {
                let others = DateOrder::ALL.into_iter().filter(|other| *other != order);
                Self::new(
                    [order]
                        .into_iter()
                        .chain(others)
                        .map(|order| FieldType::Date { order }),
                )
            }
            FieldType::Number { style } => {
                let other = match style {
                    NumberStyle::Point => NumberStyle::Comma,
                    NumberStyle::Comma => NumberStyle::Point,
                };
                Self::new([style, other].map(|style| FieldType::Number { style }))
            }
        }
    }

    /// Whether the column is text whatever its values are.
    pub(super) fn is_settled(&self) -> bool {
        self.candidates.is_empty()
    }

    pub(super) fn add(&mut self, value: &str, line: u64) {
        let value = value.trim();
        if value.is_empty() {
            return;
        }
        self.values += 1;
        // Mostly the first candidate fits; then nothing else is asked while the others have failed before it.
        for candidate in &mut self.candidates {
            if !candidate.field_type.accepts(value) {
                candidate.misfits += 1;
                if candidate.misfits == 1 {
                    candidate.first_line = line;
                }
            }
        }
    }

    /// Gives up candidates that are beyond hope; called now and then to save time.
    pub(super) fn prune(&mut self) {
        let Some(best) = self
            .candidates
            .iter()
            .map(|candidate| candidate.misfits)
            .min()
        else {
            return;
        };
        self.candidates
            .retain(|candidate| candidate.misfits <= best + TOLERATED_ONE_IN);
    }

    /// The type most values fit; text when a column has no values or too many fit nothing else.
    pub(super) fn guess(&self) -> FieldType {
        match self.best() {
            Some(best) if self.values > 0 && self.is_tolerable(best) => best.field_type,
            _ => FieldType::Text,
        }
    }

    /// The type a planned field gets in the end, and what there is to say about it.
    pub(super) fn settle(&self, field: &PlannedField) -> (FieldType, Option<FieldNote>) {
        let Some(best) = self.best() else {
            return (FieldType::Text, None);
        };
        let stays = field.is_type_decided || self.is_tolerable(best);
        let note = (best.misfits > 0).then(|| FieldNote {
            field: field.name.clone(),
            expected: best.field_type,
            became_text: !stays,
            values: best.misfits,
            first_line: best.first_line,
        });
        (
            if stays {
                best.field_type
            } else {
                FieldType::Text
            },
            note,
        )
    }

    /// `min_by_key` returns the first of equals, so that the preferred type wins.
    fn best(&self) -> Option<&Candidate> {
        self.candidates
            .iter()
            .min_by_key(|candidate| candidate.misfits)
    }

    fn is_tolerable(&self, candidate: &Candidate) -> bool {
        candidate.misfits * TOLERATED_ONE_IN <= self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(values: &[&str]) -> FieldType {
        let mut check = TypeCheck::of_anything(false);
        values.iter().for_each(|value| check.add(value, 1));
        check.guess()
    }

    #[test]
    fn columns_get_the_type_their_values_fit() {
        let date = |order| FieldType::Date { order };
        let number = |style| FieldType::Number { style };
        assert_eq!(
            guess(&["1", "-2.50", "", "1,000"]),
            number(NumberStyle::Point)
        );
        assert_eq!(guess(&["1", "2,5"]), number(NumberStyle::Comma));
        assert_eq!(guess(&["1", "2024-01-01"]), FieldType::Text);
        assert_eq!(
            guess(&["2024-01-01", "2024-1-2 10:00"]),
            date(DateOrder::YearMonthDay)
        );
        assert_eq!(
            guess(&["1/2/2024", "13/2/2024"]),
            date(DateOrder::DayMonthYear)
        );
        assert_eq!(guess(&["1/2/2024"]), date(DateOrder::MonthDayYear));
        assert_eq!(guess(&["true", "FALSE"]), FieldType::Boolean);
        assert_eq!(guess(&["", " "]), FieldType::Text);
        let mut mostly = vec!["1"; 99];
        mostly.push("n/a");
        assert_eq!(guess(&mostly), number(NumberStyle::Point));
        mostly.push("n/a");
        assert_eq!(guess(&mostly), FieldType::Text);
    }

    #[test]
    fn a_decided_type_stays_and_a_guessed_one_gives_way() {
        let mut field = PlannedField {
            name: "Spend".into(),
            field_type: FieldType::Boolean,
            is_type_decided: true,
            semantic: None,
        };
        let settle = |field: &PlannedField| {
            let mut check = TypeCheck::of_planned(field);
            check.add("perhaps", 7);
            check.settle(field)
        };
        let (field_type, note) = settle(&field);
        assert_eq!(field_type, FieldType::Boolean);
        assert_eq!(
            note.map(|note| (note.became_text, note.values, note.first_line)),
            Some((false, 1, 7))
        );
        field.is_type_decided = false;
        let (field_type, note) = settle(&field);
        assert_eq!(field_type, FieldType::Text);
        assert!(note.is_some_and(|note| note.became_text));
    }
}
