//! Every URL of the application, as a function. Handlers and templates build links with these only.

use std::fmt::Display;

use url::form_urlencoded;
use uuid::Uuid;

/// Home.
pub fn home() -> String {
    "/".into()
}

/// Where people sign in.
pub fn sign_in() -> String {
    "/sign-in".into()
}

/// Where people sign in, to come back to a path of ours afterwards.
pub fn sign_in_and_return(path: Option<&str>) -> String {
    match path.filter(|path| *path != "/") {
        Some(path) => {
            let query = form_urlencoded::Serializer::new(String::new())
                .append_pair("return_to", path)
                .finish();
            format!("/sign-in?{query}")
        }
        None => sign_in(),
    }
}

/// Where a way to a provider begins, to come back to a path of ours afterwards.
pub fn sign_in_with(provider: &str, return_to: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("return_to", return_to)
        .finish();
    format!("/sign-in/{provider}?{query}")
}

/// Where the first administrator is made.
pub fn set_up() -> String {
    "/set-up".into()
}

/// Where a POST signs the visitor out.
pub fn sign_out() -> String {
    "/sign-out".into()
}

/// Where a POST changes the language.
pub fn language() -> String {
    "/language".into()
}

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

/// How an uploaded file will be read.
pub fn upload(id: impl Display) -> String {
    format!("/sources/uploads/{id}")
}

/// Where a POST loads an uploaded file.
pub fn upload_load(id: impl Display) -> String {
    format!("/sources/uploads/{id}/load")
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
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("return_to", path)
        .finish();
    format!("/exports/{id}/remove?{query}")
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
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("ids", &id.to_string())
        .append_pair("return_to", path)
        .finish();
    format!("/exports/schedule?{query}")
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

/// Live progress of a run.
pub fn run_events(id: Uuid) -> String {
    format!("/runs/{id}/events")
}

/// Where a POST resumes a run that failed or was canceled.
pub fn resume_run(id: Uuid) -> String {
    format!("/runs/{id}/resume")
}

/// Where a POST cancels a run.
pub fn cancel_run(id: Uuid) -> String {
    format!("/runs/{id}/cancel")
}

/// A run.
pub fn run(id: Uuid) -> String {
    format!("/runs/{id}")
}

/// Rows of a run that were rejected, as a file.
pub fn rejected_rows(id: Uuid) -> String {
    format!("/runs/{id}/rejected.csv")
}

/// Rows of a run of which something was cut, as a file.
pub fn adjusted_rows(id: Uuid) -> String {
    format!("/runs/{id}/adjusted.csv")
}

/// Rows of a run that did not arrive, as a file.
pub fn undelivered_rows(id: Uuid) -> String {
    format!("/runs/{id}/undelivered.csv")
}

/// Where a POST asks what became of a run at Constant Contact.
pub fn verify_run(id: Uuid) -> String {
    format!("/runs/{id}/verify")
}

/// Where a POST approves a run that asks.
pub fn approve_run(id: Uuid) -> String {
    format!("/runs/{id}/approve")
}

/// The latest check of an export; POST makes one.
pub fn check_export(id: Uuid) -> String {
    format!("/exports/{id}/check")
}

/// A check under way, or what it found.
pub fn check(id: Uuid) -> String {
    format!("/checks/{id}")
}

/// Live progress of a check.
pub fn check_events(id: Uuid) -> String {
    format!("/checks/{id}/events")
}

/// Where a POST cancels a check.
pub fn cancel_check(id: Uuid) -> String {
    format!("/checks/{id}/cancel")
}

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

/// Settings > Connections.
pub fn connections() -> String {
    "/settings/connections".into()
}

/// Settings > Connections > Discover: the types of connections there are.
pub fn discover_connections() -> String {
    "/settings/connections/discover".into()
}

/// Where the type of a new connection is chosen.
pub fn new_connection() -> String {
    "/settings/connections/new".into()
}

/// Where a connection to Constant Contact is begun.
pub fn new_constant_contact_connection() -> String {
    "/settings/connections/new/constant-contact".into()
}

/// A connection: its wizard while it is incomplete, its state afterwards.
pub fn connection(id: Uuid) -> String {
    format!("/settings/connections/{id}")
}

/// One step or action of a connection: `edit`, `consent`, `application`, `authenticate`, `export-user`, `save`, `remove`.
pub fn connection_action(id: Uuid, action: &str) -> String {
    format!("/settings/connections/{id}/{action}")
}

/// Settings > System > Schedule.
pub fn refresh_schedule() -> String {
    "/settings/system/schedule".into()
}

/// Where a POST refreshes the whole system.
pub fn refresh_all() -> String {
    "/settings/system/refresh".into()
}

/// Progress details of a refresh job.
pub fn refresh_job(id: Uuid) -> String {
    format!("/settings/system/jobs/{id}")
}

/// Live progress of what is shown at a path of [`refresh_job`], with the same query.
pub fn refresh_job_events(id: Uuid, query: &str) -> String {
    format!("/settings/system/jobs/{id}/events?{query}")
}

/// The same for one source, segment or export and what it depends on.
pub fn refresh_job_of(id: Uuid, subject: Uuid) -> String {
    format!("/settings/system/jobs/{id}?task={subject}")
}

/// The same for tasks after a position.
pub fn refresh_job_after(id: Uuid, position: i32) -> String {
    format!("/settings/system/jobs/{id}?after={position}")
}

/// Where a POST cancels a refresh job.
pub fn cancel_refresh_job(id: Uuid) -> String {
    format!("/settings/system/jobs/{id}/cancel")
}

/// The latest refreshes of a `source`, `segment` or `export`.
pub fn refresh_history(kind: &str, id: Uuid) -> String {
    format!("/settings/system/tasks/{kind}/{id}")
}

/// Settings > System > General.
pub fn general() -> String {
    "/settings/system/general".into()
}

/// Settings > System > About.
pub fn about() -> String {
    "/settings/system/about".into()
}

/// Settings > System > Status.
pub fn system() -> String {
    "/settings/system".into()
}

/// Settings > System > API usage.
pub fn api_usage() -> String {
    "/settings/system/api-usage".into()
}

/// Settings > System > Notices.
pub fn notice_settings() -> String {
    "/settings/system/notices".into()
}

/// Where a POST sends a test mail to whoever asks.
pub fn test_notice_mail() -> String {
    "/settings/system/notices/test".into()
}

/// Where a POST adds a webhook.
pub fn webhooks() -> String {
    "/settings/system/notices/webhooks".into()
}

/// Where a POST sends a webhook a test.
pub fn test_webhook(id: Uuid) -> String {
    format!("/settings/system/notices/webhooks/{id}/test")
}

/// Where a POST removes a webhook.
pub fn remove_webhook(id: Uuid) -> String {
    format!("/settings/system/notices/webhooks/{id}/remove")
}

/// Where a POST has a delivery that failed tried again.
pub fn retry_delivery(id: Uuid) -> String {
    format!("/settings/system/notices/deliveries/{id}/retry")
}

/// Where a POST decides whether a person is told of notices by mail.
pub fn own_notices() -> String {
    "/account/notices".into()
}

/// Notices.
pub fn notices() -> String {
    "/notices".into()
}

/// A page of the notices, those that are over included or not, counted from 1.
pub fn notices_page(is_all: bool, page: u64) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if is_all {
        query.append_pair("show", "all");
    }
    if page > 1 {
        query.append_pair("page", &page.to_string());
    }
    match query.finish() {
        query if query.is_empty() => notices(),
        query => format!("/notices?{query}"),
    }
}

/// Where a POST marks every notice as read.
pub fn read_notices() -> String {
    "/notices/read".into()
}

/// Where a POST marks a notice as read.
pub fn read_notice(id: Uuid) -> String {
    format!("/notices/{id}/read")
}

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

/// Where a link that lets somebody choose a password leads.
pub fn invitation(token: &str) -> String {
    format!("/invitation/{token}")
}

/// Where an invitation is answered with an account at a provider.
pub fn accept_invitation(token: &str, provider: &str) -> String {
    format!("/invitation/{token}/{provider}")
}

/// Where a POST begins to link one's own account with one at a provider.
pub fn link_account(provider: &str) -> String {
    format!("/account/link/{provider}")
}

/// The signed-in person's own account.
pub fn account() -> String {
    "/account".into()
}

/// Where a POST chooses the time zone times are shown in.
pub fn account_time_zone() -> String {
    "/account/time-zone".into()
}

/// Where a POST changes one's own password.
pub fn account_password() -> String {
    "/account/password".into()
}

/// Where a POST ends one of one's own sessions.
pub fn end_session(id: Uuid) -> String {
    format!("/account/sessions/{id}/end")
}

/// Where a POST ends all of one's own sessions but this one.
pub fn end_other_sessions() -> String {
    "/account/sessions/end-others".into()
}

/// Settings > Audit.
pub fn audit() -> String {
    "/settings/audit".into()
}

/// The audit log as a file.
pub fn audit_download() -> String {
    "/settings/audit/download".into()
}

/// Where a POST verifies the audit log.
pub fn audit_verify() -> String {
    "/settings/audit/verify".into()
}

/// Settings > Privacy: where one person is found.
pub fn privacy() -> String {
    "/settings/privacy".into()
}

/// Where a POST finds a person; the address must not be in the path.
pub fn find_person() -> String {
    "/settings/privacy/find".into()
}

/// Where a POST asks what erasing a person means.
pub fn erase_person() -> String {
    "/settings/privacy/erase".into()
}

/// Where a POST erases a person.
pub fn confirm_erasure() -> String {
    "/settings/privacy/erase/confirm".into()
}

/// Settings > Privacy > Erasures.
pub fn erasures() -> String {
    "/settings/privacy/erasures".into()
}

/// What became of an erasure.
pub fn erasure(id: Uuid) -> String {
    format!("/settings/privacy/erasures/{id}")
}

/// What is decided about contacts that could not be deleted: `retry`, `give-up`.
pub fn erasure_action(id: Uuid, action: &str) -> String {
    format!("/settings/privacy/erasures/{id}/{action}")
}

/// Settings > Privacy > Retention.
pub fn retention() -> String {
    "/settings/privacy/retention".into()
}

/// Settings > Privacy > Exclusion list.
pub fn exclusions() -> String {
    "/settings/privacy/exclusions".into()
}

/// Where a POST takes an entry off the exclusion list.
pub fn remove_exclusion() -> String {
    "/settings/privacy/exclusions/remove".into()
}

/// The exclusion list as a file.
pub fn exclusions_download() -> String {
    "/settings/privacy/exclusions/download".into()
}

/// Where a POST sends a file of people who must not be sent.
pub fn upload_exclusions() -> String {
    "/settings/privacy/exclusions/upload".into()
}

/// What a file added to the exclusion list.
pub fn exclusion_upload(id: Uuid) -> String {
    format!("/settings/privacy/exclusions/uploads/{id}")
}

/// Where Constant Contact sends the browser back after authorising; registered there as the redirect URI.
pub fn constant_contact_callback() -> String {
    "/oauth/constant-contact/callback".into()
}

/// A path of ours that was sent by a browser, or home: never another site.
pub fn own_path_or_home(path: &str) -> String {
    let is_own = path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && !path.chars().any(char::is_control);
    if is_own { path.to_owned() } else { home() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for bad in [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/a\r\nb",
            "javascript:alert(1)",
        ] {
            assert_eq!(own_path_or_home(bad), "/", "{bad:?}");
        }
        assert_eq!(own_path_or_home("/exports?sort=name"), "/exports?sort=name");
    }
}
