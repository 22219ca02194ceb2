//! What is wrong with a form.

/// Messages per field, in the visitor's language; empty when the form is fine.
///
/// Fed to the macros of `templates/shared/form.html`, which show each message beside its field and all of them over
/// the form. A message of the form as a whole has the field name `""`.
#[derive(Clone, Debug, Default)]
pub struct FieldErrors(Vec<(String, String)>);

impl FieldErrors {
    /// Adds a message for a field (its `name` attribute). The first message of a field is the one shown beside it.
    pub fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push((field.into(), message.into()));
    }

    /// A form with a single thing wrong.
    pub fn one(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self(vec![(field.into(), message.into())])
    }

    /// The message to show beside a field, or `""`.
    pub fn of(&self, field: &str) -> &str {
        self.0
            .iter()
            .find(|(name, _)| name == field)
            .map_or("", |(_, message)| message)
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many things are wrong.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Field and message of each, in the order they were added.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(field, message)| (field.as_str(), message.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_shows_its_first_message() {
        let mut errors = FieldErrors::one("email", "first");
        errors.add("email", "second");
        errors.add("", "of the form");
        assert_eq!(errors.of("email"), "first");
        assert_eq!(errors.of("name"), "");
        assert_eq!(errors.iter().count(), errors.len());
    }
}
