//! Settings > System > Notices: what became of deliveries, and having one tried again.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use jiff::Timestamp;
use sea_orm::{DatabaseConnection, TransactionTrait};
use serde_json::json;
use uuid::Uuid;

use super::settings::record;
use crate::auth::{self, Permission};
use crate::notices::deliver::outbox::{self, Channel, Delivery, Event, State};
use crate::notices::deliver::{Courier, MAX_TRIES};
use crate::notices::webhooks::Webhook;
use crate::web::{self, Page, PageError, SignedIn, Tone, paths};

/// A delivery in the list.
pub(super) struct Row {
    pub(super) id: Uuid,
    pub(super) title: String,
    pub(super) href: String,
    pub(super) to: String,
    pub(super) tone: Tone,
    pub(super) state: String,
    /// What stood in the way, and when it is tried next.
    pub(super) note: String,
    pub(super) at: Timestamp,
    pub(super) may_retry: bool,
}

pub(super) async fn rows(
    db: &DatabaseConnection,
    page: &Page,
    hooks: &[Webhook],
) -> Result<Vec<Row>, PageError> {
    let found = outbox::latest(db).await?;
    let people = found.iter().filter(|one| one.channel == Channel::Mail);
    let names = auth::store::names(db, people.map(|one| one.target_id)).await?;
    let hooks: HashMap<Uuid, String> = hooks.iter().map(|hook| (hook.id, hook.shown())).collect();
    let row = |delivery: Delivery| {
        let to = match delivery.channel {
            Channel::Mail => names.get(&delivery.target_id),
            Channel::Webhook => hooks.get(&delivery.target_id),
        };
        let (tone, state) = match delivery.state {
            State::Waiting => (Tone::Waiting, "notices-delivery-waiting"),
            State::Delivered => (Tone::Success, "notices-delivery-delivered"),
            State::Failed => (Tone::Danger, "notices-delivery-failed"),
            State::Dropped => (Tone::Neutral, "notices-delivery-dropped"),
        };
        Row {
            id: delivery.id,
            title: match delivery.event {
                Event::Opened => delivery.notice.what(page.lang),
                Event::Recovered => delivery.notice.over(page.lang),
            },
            href: delivery.notice.path(),
            to: to.cloned().unwrap_or_else(|| "–".to_owned()),
            tone,
            state: page.t(state),
            note: note(page, &delivery),
            at: delivery.created_at,
            may_retry: delivery.state == State::Failed,
        }
    };
    Ok(found.into_iter().map(row).collect())
}

fn note(page: &Page, delivery: &Delivery) -> String {
    let Some(problem) = delivery.problem else {
        return String::new();
    };
    let words = problem.words(page.lang);
    if delivery.state != State::Waiting {
        return words;
    }
    let next = page
        .msg("notices-delivery-next")
        .num("tries", delivery.tries)
        .num("most", MAX_TRIES)
        .text("date", page.date_time(delivery.next_at));
    format!("{words} {next}")
}

/// `POST /settings/system/notices/deliveries/{id}/retry`.
pub(super) async fn retry(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    courier: Data<Courier>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::Administer)?;
    let transaction = db.begin().await?;
    if !outbox::try_again(&transaction, *id, visit.now).await? {
        return Err(PageError::NotFound);
    }
    let (action, detail) = ("notice.delivery-retried", json!({}));
    record(&transaction, &visit, action, id.to_string(), detail).await?;
    transaction.commit().await?;
    courier.wake();
    visit.flash_success(visit.t("notices-delivery-again"));
    Ok(web::see_other(&paths::notice_settings()))
}
