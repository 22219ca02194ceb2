//! What pages about one export say about its schedule.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use crate::exports::store;
use crate::locale::find_offered_zone;
use crate::schedules::Recurrence;
use crate::web::{PageError, SignedIn, paths};

/// What an export's own page says about its schedule.
#[derive(Clone)]
pub(super) struct ScheduleView {
    /// In words.
    pub(super) words: String,
    /// Zone its times are in; empty when they are in none.
    pub(super) zone: String,
    /// When it runs next; empty when it does not by itself.
    pub(super) next: String,
    /// Why it does not run by itself although its schedule is on; empty when it does.
    pub(super) hint: String,
    /// Why it last did not run when due; empty when it did.
    pub(super) note: String,
    /// Where it is changed.
    pub(super) href: String,
}

impl ScheduleView {
    pub(super) async fn load(
        visit: &SignedIn,
        db: &DatabaseConnection,
        export_id: Uuid,
    ) -> Result<Self, PageError> {
        let stored = store::schedule_of(db, export_id).await?;
        let schedule = &stored.schedule;
        let zone = find_offered_zone(&schedule.zone).unwrap_or(TimeZone::UTC);
        let say = |at: Timestamp| visit.lang.date_time(at, &zone);
        let note = stored.note.map(|(why, due)| {
            let until = stored.next_run_at;
            store::Deferral { why, due, until }.words(visit.lang, say)
        });
        let follows = schedule.is_on && schedule.recurrence == Recurrence::SystemRefresh;
        let (next, hint) = match stored.next_run_at {
            Some(at) => (say(at), ""),
            None if follows => match store::next_system_refresh(db).await? {
                Some(at) => (visit.date_time(at), ""),
                None => (String::new(), "schedules-refresh-off"),
            },
            None => (String::new(), ""),
        };
        Ok(Self {
            words: schedule.words(visit.lang),
            zone: if stored.next_run_at.is_some() {
                schedule.zone.clone()
            } else {
                String::new()
            },
            next,
            hint: if hint.is_empty() {
                String::new()
            } else {
                visit.t(hint)
            },
            note: note.unwrap_or_default(),
            href: paths::schedule_exports_and_return(export_id, &paths::export(export_id)),
        })
    }
}
