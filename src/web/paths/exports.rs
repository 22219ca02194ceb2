//! Data > Exports.

use uuid::Uuid;

use super::with_query;

/// Data > Exports.
pub fn exports() -> String {
    "/exports".into()
}

/// Data > Exports, those that need a person first.
pub fn most_urgent_exports() -> String {
    "/exports?sort=status".into()
}

/// Data > Exports, those that use a connection.
pub fn exports_of_connection(id: Uuid) -> String {
    format!("/exports?connection={id}")
}

/// The form for a new export.
pub fn new_export() -> String {
    "/exports/new".into()
}

/// An export: the form, or the read-only view.
pub fn export(id: Uuid) -> String {
    format!("/exports/{id}")
}

/// The question before an export is removed.
pub fn remove_export(id: Uuid) -> String {
    format!("/exports/{id}/remove")
}

/// The same, to come back to a path of ours afterwards.
pub fn remove_export_and_return(id: Uuid, path: &str) -> String {
    with_query(&remove_export(id), &[("return_to", path)])
}

/// The question before several exports are removed: ids with commas between. Without ids, where the POST goes.
pub fn remove_exports(ids: &str) -> String {
    with_ids("/exports/remove", ids)
}

/// The question before exports are detached from their connection; as [`remove_exports`].
pub fn detach_exports(ids: &str) -> String {
    with_ids("/exports/detach", ids)
}

/// Where a segment is added to exports; as [`remove_exports`].
pub fn add_segment_to_exports(ids: &str) -> String {
    with_ids("/exports/add-segment", ids)
}

/// The schedule of exports; as [`remove_exports`].
pub fn schedule_exports(ids: &str) -> String {
    with_ids("/exports/schedule", ids)
}

/// The schedule of an export, to come back to a path of ours afterwards.
pub fn schedule_exports_and_return(id: Uuid, path: &str) -> String {
    let pairs = [("ids", &*id.to_string()), ("return_to", path)];
    with_query("/exports/schedule", &pairs)
}

/// The form for a new export, filled in like another one.
pub fn duplicate_export(id: Uuid) -> String {
    format!("/exports/new?duplicate={id}")
}

/// The form for a new export with a segment chosen.
pub fn new_export_with_segment(segment_id: Uuid) -> String {
    format!("/exports/new?segment={segment_id}")
}

/// Where a POST runs every export with an active schedule.
pub fn run_all_exports() -> String {
    "/exports/run-all".into()
}

fn with_ids(path: &str, ids: &str) -> String {
    if ids.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?ids={ids}")
    }
}

/// Where a POST runs an export.
pub fn run_export(id: Uuid) -> String {
    format!("/exports/{id}/run")
}

/// Where a POST acts on the export selected in the list.
pub fn selected_export() -> String {
    "/exports/selected".into()
}

/// Every run of an export.
pub fn export_runs(id: Uuid) -> String {
    format!("/exports/{id}/runs")
}
