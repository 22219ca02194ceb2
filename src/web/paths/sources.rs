//! Data > Sources, with uploads and loads, and Data > Profiles.

use std::fmt::Display;

use url::form_urlencoded;

/// Data > Sources.
pub fn sources() -> String {
    "/sources".into()
}

/// Where a file for a new source is chosen.
pub fn new_source() -> String {
    "/sources/new".into()
}

/// What a source holds and how its loads went.
pub fn source(id: impl Display) -> String {
    format!("/sources/{id}")
}

/// Where a file is chosen that replaces a source's profiles.
pub fn source_replace(id: impl Display) -> String {
    format!("/sources/{id}/replace")
}

/// The question before a source is removed; POST removes it.
pub fn source_remove(id: impl Display) -> String {
    format!("/sources/{id}/remove")
}

/// Where a POST sends a file.
pub fn receive_upload() -> String {
    "/sources/upload".into()
}

/// How an uploaded file will be read; a POST reads it in another way or loads it.
pub fn upload(id: impl Display) -> String {
    format!("/sources/uploads/{id}")
}

/// Where a POST forgets an uploaded file.
pub fn upload_discard(id: impl Display) -> String {
    format!("/sources/uploads/{id}/discard")
}

/// A load under way, or its report.
pub fn load(id: impl Display) -> String {
    format!("/sources/loads/{id}")
}

/// Progress of a load as server-sent events.
pub fn load_events(id: impl Display) -> String {
    format!("/sources/loads/{id}/events")
}

/// Where a POST stops a load.
pub fn load_cancel(id: impl Display) -> String {
    format!("/sources/loads/{id}/cancel")
}

/// The profiles of a source.
pub fn profiles_of(source_id: impl Display) -> String {
    format!("/profiles?source={source_id}")
}

/// Profiles of a source that a search finds, after a row number.
pub fn profiles_page(source_id: impl Display, search: &str, after_row: u64) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("source", &source_id.to_string());
    if !search.is_empty() {
        query.append_pair("q", search);
    }
    if after_row > 0 {
        query.append_pair("after", &after_row.to_string());
    }
    format!("/profiles?{}", query.finish())
}

/// Data > Profiles.
pub fn profiles() -> String {
    "/profiles".into()
}
