//! The list of exports by their schedules: filter and order.

use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, SelectStatement};

use crate::schedules::Kind;
use crate::storage::entities::{export, export_schedule};

/// Which schedule the exports shown have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScheduleFilter {
    /// One that is off.
    Off,
    /// An active one of this kind.
    Active(Kind),
}

impl ScheduleFilter {
    /// Whether an export is shown, after [`join_schedule`].
    pub(super) fn condition(self) -> Expr {
        let of = |column| Expr::col((export_schedule::Entity, column));
        match self {
            Self::Off => of(export_schedule::Column::IsOn).eq(false),
            Self::Active(Kind::SystemRefresh) => of(export_schedule::Column::ExportId)
                .is_null()
                .or(schedule_is(Kind::SystemRefresh)),
            Self::Active(kind) => schedule_is(kind),
        }
    }
}

pub(super) fn join_schedule(select: &mut SelectStatement) {
    select.left_join(
        export_schedule::Entity,
        Expr::col((export_schedule::Entity, export_schedule::Column::ExportId))
            .equals((export::Entity, export::Column::Id)),
    );
}

/// Whether the schedule is an active one of a kind.
fn schedule_is(kind: Kind) -> Expr {
    let of = |column| Expr::col((export_schedule::Entity, column));
    of(export_schedule::Column::IsOn)
        .eq(true)
        .and(of(export_schedule::Column::Kind).eq(kind.name()))
}

/// In the order of [`Kind::ALL`], what is off last. Without a schedule an export has the usual one, the first.
pub(super) fn schedule_rank() -> Expr {
    const OFF: i32 = 9;
    let off = Expr::col((export_schedule::Entity, export_schedule::Column::IsOn)).eq(false);
    let case = CaseStatement::new().case(off, OFF);
    (0..)
        .zip(Kind::ALL)
        .fold(case, |case, (rank, kind)| {
            case.case(schedule_is(kind), rank)
        })
        .finally(0)
        .into()
}
