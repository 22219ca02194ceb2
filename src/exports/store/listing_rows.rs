//! One page of the list of exports: everything a row shows, in one query over the ids that [`super::listing`] found.

use jiff::Timestamp;
use sea_orm::FromQueryResult;
use sea_orm::prelude::Json;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement};
use uuid::Uuid;

use super::not_run::Deferral;
use super::schedule_filter::join_schedule;
use crate::auth::CurrentUser;
use crate::connections::Sharing;
use crate::exports::Access;
use crate::schedules::Schedule;
use crate::storage::UtcMillis;
use crate::storage::entities::{connection, export, export_schedule, export_segment, run, user};

/// An export in a list.
#[derive(Clone, Debug)]
pub struct ListedExport {
    /// Id.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// Source it reads.
    pub source_id: Uuid,
    /// Name of the connection it uses, also of a removed one; `None` when detached.
    pub connection: Option<String>,
    /// What the person who asked may do with it.
    pub access: Access,
    /// When it runs by itself; `None` for the usual schedule.
    pub schedule: Option<Schedule>,
    /// Why it did not run when it was last due; `None` when it did.
    pub deferral: Option<Deferral>,
    /// Its latest run.
    pub last_run: Option<ListedRun>,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// By whom; `None` for the command line.
    pub updated_by: Option<String>,
    /// Whether it sends [`super::ExportQuery::segment_first`].
    pub has_segment: bool,
}

/// The latest run of an export in a list.
#[derive(Clone, Debug)]
pub struct ListedRun {
    /// Id.
    pub id: Uuid,
    /// State, by name.
    pub state: String,
    /// When it ended; when it was asked for while it is unfinished.
    pub at: Timestamp,
}

/// Everything shown of some exports.
pub(super) fn details(ids: &[Uuid], segment: Option<Uuid>) -> SelectStatement {
    let mut select = Query::select();
    let of_export = |column| (export::Entity, column);
    select
        .columns([
            of_export(export::Column::Id),
            of_export(export::Column::Name),
            of_export(export::Column::SourceId),
            of_export(export::Column::UpdatedAt),
        ])
        .expr_as(
            Expr::col((connection::Entity, connection::Column::Name)),
            Alias::new("connection"),
        )
        .columns([
            (connection::Entity, connection::Column::Sharing),
            (connection::Entity, connection::Column::SavedAt),
            (connection::Entity, connection::Column::RemovedAt),
        ])
        .expr_as(
            Expr::col((user::Entity, user::Column::Name)),
            Alias::new("updated_by"),
        )
        .expr_as(
            Expr::col((run::Entity, run::Column::Id)),
            Alias::new("run_id"),
        )
        .columns([
            (run::Entity, run::Column::State),
            (run::Entity, run::Column::QueuedAt),
            (run::Entity, run::Column::FinishedAt),
        ])
        .expr_as(
            segment.map_or(Expr::value(false), sends),
            Alias::new("has_segment"),
        )
        .columns([
            (export_schedule::Entity, export_schedule::Column::IsOn),
            (export_schedule::Entity, export_schedule::Column::Recurrence),
            (export_schedule::Entity, export_schedule::Column::Zone),
            (export_schedule::Entity, export_schedule::Column::Note),
            (export_schedule::Entity, export_schedule::Column::NoteDueAt),
            (export_schedule::Entity, export_schedule::Column::NextRunAt),
        ])
        .from(export::Entity)
        .and_where(Expr::col(of_export(export::Column::Id)).is_in(ids.iter().copied()));
    join_connection(&mut select);
    join_editor(&mut select);
    join_last_run(&mut select);
    join_schedule(&mut select);
    select
}

#[derive(FromQueryResult)]
pub(super) struct Row {
    pub(super) id: Uuid,
    name: String,
    source_id: Uuid,
    updated_at: UtcMillis,
    connection: Option<String>,
    sharing: Option<String>,
    saved_at: Option<UtcMillis>,
    removed_at: Option<UtcMillis>,
    updated_by: Option<String>,
    run_id: Option<Uuid>,
    state: Option<String>,
    queued_at: Option<UtcMillis>,
    finished_at: Option<UtcMillis>,
    has_segment: bool,
    is_on: Option<bool>,
    recurrence: Option<Json>,
    zone: Option<String>,
    note: Option<String>,
    note_due_at: Option<UtcMillis>,
    next_run_at: Option<UtcMillis>,
}

impl Row {
    pub(super) fn listed(self, user: &CurrentUser) -> ListedExport {
        let sharing = self.sharing.as_deref().and_then(Sharing::from_name);
        let is_complete = self.saved_at.is_some() && self.removed_at.is_none();
        let may_use = sharing.is_some_and(|sharing| sharing.lets_use(user, is_complete));
        let ended = self.finished_at.or(self.queued_at);
        let run = self.run_id.zip(self.state).zip(ended);
        // A recurrence of another version cannot be shown; the export's page says what is wrong.
        let recurrence = self
            .recurrence
            .and_then(|json| serde_json::from_value(json).ok());
        let schedule = self.is_on.zip(recurrence).zip(self.zone);
        ListedExport {
            deferral: Deferral::read(self.note.as_deref(), self.note_due_at, self.next_run_at),
            schedule: schedule.map(|((is_on, recurrence), zone)| Schedule {
                is_on,
                recurrence,
                zone,
            }),
            id: self.id,
            name: self.name,
            source_id: self.source_id,
            connection: self.connection,
            access: Access::with(user, may_use),
            last_run: run.map(|((id, state), at)| ListedRun {
                id,
                state,
                at: at.into(),
            }),
            updated_at: self.updated_at.into(),
            updated_by: self.updated_by,
            has_segment: self.has_segment,
        }
    }
}

pub(super) fn join_connection(select: &mut SelectStatement) {
    select.left_join(
        connection::Entity,
        Expr::col((connection::Entity, connection::Column::Id))
            .equals((export::Entity, export::Column::ConnectionId)),
    );
}

pub(super) fn join_editor(select: &mut SelectStatement) {
    select.left_join(
        user::Entity,
        Expr::col((user::Entity, user::Column::Id))
            .equals((export::Entity, export::Column::UpdatedBy)),
    );
}

pub(super) fn join_last_run(select: &mut SelectStatement) {
    select.left_join(
        run::Entity,
        Expr::col((run::Entity, run::Column::Id))
            .equals((export::Entity, export::Column::LastRunId)),
    );
}

/// Whether the export sends a segment.
pub(super) fn sends(segment_id: Uuid) -> Expr {
    let select = Query::select()
        .expr(Expr::value(1))
        .from(export_segment::Entity)
        .and_where(
            Expr::col((export_segment::Entity, export_segment::Column::ExportId))
                .equals((export::Entity, export::Column::Id)),
        )
        .and_where(
            Expr::col((export_segment::Entity, export_segment::Column::SegmentId)).eq(segment_id),
        )
        .take();
    Expr::exists(select)
}
