//! The first steps, until an export has succeeded: each ticks itself off, and the next one has a way there for whoever
//! may take it.

use sea_orm::{DatabaseConnection, DbErr};

use super::store::{self, Beginnings};
use crate::auth::{CurrentUser, Permission};
use crate::connections;
use crate::web::{Page, SignedIn, Step, paths};

/// The steps in order.
pub(super) struct FirstSteps {
    pub(super) steps: Vec<FirstStep>,
}

/// One of them.
pub(super) struct FirstStep {
    pub(super) step: Step,
    pub(super) title: String,
    pub(super) text: String,
    /// Where it is taken; empty for those who may not, or while it is not its turn.
    pub(super) href: String,
    /// Words of the link.
    pub(super) action: String,
}

/// Keys of a step and who takes it where.
struct Plan {
    is_done: bool,
    title: &'static str,
    text: &'static str,
    /// Said to those who may not take it.
    others: &'static str,
    permission: Permission,
    href: String,
    action: &'static str,
}

/// The steps that lie ahead; `None` once an export has succeeded.
pub(super) async fn load(
    db: &DatabaseConnection,
    visit: &SignedIn,
    page: &Page,
) -> Result<Option<FirstSteps>, DbErr> {
    let mut found = store::beginnings(db).await?;
    if found.has_delivered {
        return Ok(None);
    }
    if visit.user.role == crate::auth::Role::Contributor {
        // A connection nobody has shared is of no use to them.
        found.has_connection = connections::store::may_use_any(db, &visit.user).await?;
    }
    let mut is_anybodys_turn = true;
    let steps = plans(&found).into_iter().map(|plan| {
        let step = match (plan.is_done, is_anybodys_turn) {
            (true, _) => Step::Done { by: String::new() },
            (false, true) => Step::Current,
            (false, false) => Step::ToDo,
        };
        is_anybodys_turn &= plan.is_done;
        first_step(page, &visit.user, plan, step)
    });
    Ok(Some(FirstSteps {
        steps: steps.collect(),
    }))
}

fn first_step(page: &Page, user: &CurrentUser, plan: Plan, step: Step) -> FirstStep {
    let may = user.role.may(plan.permission);
    let is_mine = may && step.is_current();
    FirstStep {
        title: page.t(plan.title),
        text: page.t(if may { plan.text } else { plan.others }),
        href: if is_mine { plan.href } else { String::new() },
        action: page.t(plan.action),
        step,
    }
}

fn plans(found: &Beginnings) -> [Plan; 5] {
    [
        Plan {
            is_done: found.has_profiles,
            title: "home-step-source",
            text: "home-step-source-text",
            others: "home-step-source-others",
            permission: Permission::ManageSources,
            href: paths::new_source(),
            action: "home-step-source-action",
        },
        Plan {
            is_done: found.has_segment,
            title: "home-step-segment",
            text: "home-step-segment-text",
            others: "home-step-segment-others",
            permission: Permission::EditSegments,
            href: paths::new_segment(),
            action: "home-step-segment-action",
        },
        Plan {
            is_done: found.has_connection,
            title: "home-step-connection",
            text: "home-step-connection-text",
            others: "home-step-connection-others",
            permission: Permission::ManageConnections,
            href: paths::new_connection(),
            action: "home-step-connection-action",
        },
        Plan {
            is_done: found.has_export,
            title: "home-step-export",
            text: "home-step-export-text",
            others: "home-step-export-others",
            permission: Permission::EditExports,
            href: paths::new_export(),
            action: "home-step-export-action",
        },
        Plan {
            is_done: found.has_delivered,
            title: "home-step-run",
            text: "home-step-run-text",
            others: "home-step-run-others",
            permission: Permission::EditExports,
            href: paths::exports(),
            action: "home-step-run-action",
        },
    ]
}
