//! Insights > Segments.

use uuid::Uuid;

/// Insights > Segments.
pub fn segments() -> String {
    "/segments".into()
}

/// The form for a new segment.
pub fn new_segment() -> String {
    "/segments/new".into()
}

/// A segment: the form, or the read-only view.
pub fn segment(id: Uuid) -> String {
    format!("/segments/{id}")
}

/// Where a POST counts a segment's members.
pub fn refresh_segment(id: Uuid) -> String {
    format!("/segments/{id}/refresh")
}

/// Every export, those that send a segment first; POST adds the segment to some.
pub fn segment_exports(id: Uuid) -> String {
    format!("/segments/{id}/exports")
}

/// The question before a segment is removed.
pub fn remove_segment(id: Uuid) -> String {
    format!("/segments/{id}/remove")
}
