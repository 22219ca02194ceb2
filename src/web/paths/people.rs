//! Settings > People.

use url::form_urlencoded;
use uuid::Uuid;

/// Settings > People.
pub fn people() -> String {
    "/settings/people".into()
}

/// A page of the people a search finds, counted from 1.
pub fn people_page(search: &str, sort: &str, is_descending: bool, page: u64) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if !search.is_empty() {
        query.append_pair("q", search);
    }
    query.append_pair("sort", sort);
    if is_descending {
        query.append_pair("dir", "desc");
    }
    if page > 1 {
        query.append_pair("page", &page.to_string());
    }
    format!("/settings/people?{}", query.finish())
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
