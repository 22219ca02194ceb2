//! Settings > People.

use uuid::Uuid;

/// Settings > People.
pub fn people() -> String {
    "/settings/people".into()
}

/// The form for a new person.
pub fn new_person() -> String {
    "/settings/people/new".into()
}

/// A person.
pub fn person(id: Uuid) -> String {
    format!("/settings/people/{id}")
}

/// Something done to a person: `role`, `disable`, `enable`, `link`, `remove`.
pub fn person_action(id: Uuid, action: &str) -> String {
    format!("/settings/people/{id}/{action}")
}
