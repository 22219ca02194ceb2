//! Settings > System > Notices: the threshold, the mail server, webhooks, and what became of deliveries.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path};
use askama::Template;
use jiff::Timestamp;
use sea_orm::{DatabaseConnection, TransactionTrait};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::auth::{self, Permission};
use crate::notices::deliver::outbox::{self, Channel, Delivery, Event, State};
use crate::notices::deliver::{Courier, MAX_TRIES};
use crate::notices::settings::{self, NewPassword, NoticeSettings, Security, Typed};
use crate::notices::webhooks::{self, Webhook};
use crate::storage::MasterKey;
use crate::storage::audit::{self, AuditEvent};
use crate::web::{self, FieldErrors, Page, PageError, SignedIn, Tone, paths};

#[derive(Template)]
#[template(path = "notices/settings.html")]
struct NoticeSettingsPage {
    typed: Typed,
    securities: [Security; 3],
    /// What leaving the password empty means.
    password_hint: String,
    /// Whether mail is set up, as saved.
    sends_mail: bool,
    /// Names of who is told by mail.
    told: Vec<String>,
    hooks: Vec<Webhook>,
    hook_url: String,
    may_add: bool,
    /// The secret of a webhook that has just been added, shown this once.
    secret: Option<SecretString>,
    deliveries: Vec<Row>,
    errors: FieldErrors,
    hook_errors: FieldErrors,
    page: Page,
}

/// A delivery in the list.
struct Row {
    id: Uuid,
    title: String,
    href: String,
    to: String,
    tone: Tone,
    state: String,
    /// What stood in the way, and when it is tried next.
    note: String,
    at: Timestamp,
    may_retry: bool,
}

/// What the page shows beside what is stored.
#[derive(Default)]
struct Shown {
    typed: Option<Typed>,
    errors: FieldErrors,
    hook_url: String,
    hook_errors: FieldErrors,
    secret: Option<SecretString>,
}

/// `GET /settings/system/notices`.
pub(super) async fn show(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::Administer)?;
    draw(&visit, &db, StatusCode::OK, Shown::default()).await
}

async fn draw(
    visit: &SignedIn,
    db: &DatabaseConnection,
    status: StatusCode,
    shown: Shown,
) -> Result<HttpResponse, PageError> {
    let page = visit.page("system");
    let kept = settings::load(db).await?;
    let told = outbox::recipients(db).await?;
    let hooks = webhooks::list(db).await?;
    let deliveries = rows(db, &page, &hooks).await?;
    let smtp = kept.smtp.as_ref();
    let page = NoticeSettingsPage {
        typed: shown.typed.unwrap_or_else(|| as_typed(&kept)),
        securities: Security::ALL,
        password_hint: match smtp {
            Some(smtp) if smtp.has_password() => page.t("notices-settings-password-kept"),
            _ => String::new(),
        },
        sends_mail: smtp.is_some(),
        told: told.into_iter().map(|person| person.name).collect(),
        may_add: hooks.len() < webhooks::MOST,
        hooks,
        hook_url: shown.hook_url,
        secret: shown.secret,
        deliveries,
        errors: shown.errors,
        hook_errors: shown.hook_errors,
        page,
    };
    web::render_with(status, &page)
}

fn as_typed(kept: &NoticeSettings) -> Typed {
    let rejected_percent = kept.rejected_percent.to_string();
    match &kept.smtp {
        None => Typed {
            rejected_percent,
            security: Security::default().name().to_owned(),
            ..Typed::default()
        },
        Some(smtp) => Typed {
            rejected_percent,
            host: smtp.host.clone(),
            port: smtp.port.to_string(),
            security: smtp.security.name().to_owned(),
            user: smtp.user.clone().unwrap_or_default(),
            from: smtp.from.to_string(),
        },
    }
}

async fn rows(
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

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct SettingsForm {
    #[serde(default)]
    rejected_percent: String,
    #[serde(default)]
    host: String,
    #[serde(default)]
    port: String,
    #[serde(default)]
    security: String,
    #[serde(default)]
    user: String,
    #[serde(default)]
    password: SecretString,
    #[serde(default)]
    from: String,
}

/// `POST /settings/system/notices`.
pub(super) async fn save(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    key: Data<MasterKey>,
    courier: Data<Courier>,
    form: Form<SettingsForm>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::Administer)?;
    let form = form.into_inner();
    let typed = Typed {
        rejected_percent: form.rejected_percent,
        host: form.host,
        port: form.port,
        security: form.security,
        user: form.user,
        from: form.from,
    };
    let password = match form.password.expose_secret() {
        "" => NewPassword::Keep,
        _ => NewPassword::Set(form.password),
    };
    let before = settings::load(&**db).await?;
    let after = match settings::read(&typed, &password, &before, &key) {
        Ok(after) => after,
        Err(problems) => {
            let mut errors = FieldErrors::default();
            for problem in problems {
                errors.add(problem.field(), visit.t(problem.message_key()));
            }
            let shown = Shown {
                typed: Some(typed),
                errors,
                ..Shown::default()
            };
            return draw(&visit, &db, StatusCode::UNPROCESSABLE_ENTITY, shown).await;
        }
    };
    let transaction = db.begin().await?;
    settings::save(&transaction, &after, (visit.user.id, visit.now)).await?;
    let detail = json!({ "before": before.told(), "after": after.told() });
    record(
        &transaction,
        &visit,
        "notice.settings-changed",
        String::new(),
        detail,
    )
    .await?;
    outbox::hurry_mail(&transaction, visit.now).await?;
    transaction.commit().await?;
    courier.wake();
    visit.flash_success(visit.t("notices-settings-saved"));
    Ok(web::see_other(&paths::notice_settings()))
}

/// `POST /settings/system/notices/test`.
pub(super) async fn test_mail(
    visit: SignedIn,
    courier: Data<Courier>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::Administer)?;
    match courier.test_mail(&visit.user).await? {
        Ok(()) => {
            let text = visit
                .msg("notices-test-sent")
                .text("email", &*visit.user.email);
            visit.flash_success(text.to_string());
        }
        Err(problem) => visit.flash_danger(problem.words(visit.lang)),
    }
    Ok(web::see_other(&paths::notice_settings()))
}

/// What the form for a new webhook sends.
#[derive(Deserialize)]
pub(super) struct NewWebhook {
    #[serde(default)]
    url: String,
}

/// `POST /settings/system/notices/webhooks`.
pub(super) async fn add_webhook(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    key: Data<MasterKey>,
    form: Form<NewWebhook>,
) -> Result<HttpResponse, PageError> {
    use webhooks::WebhookProblem as P;
    visit.require(Permission::Administer)?;
    let transaction = db.begin().await?;
    let added = webhooks::add(&transaction, &key, &form.url, (visit.user.id, visit.now)).await;
    let key = match added {
        Ok((hook, secret)) => {
            let detail = json!({ "url": hook.shown() });
            let id = hook.id.to_string();
            record(&transaction, &visit, "notice.webhook-added", id, detail).await?;
            transaction.commit().await?;
            // Not a redirect: the secret is in this answer and nowhere else.
            let shown = Shown {
                secret: Some(secret),
                ..Shown::default()
            };
            return draw(&visit, &db, StatusCode::OK, shown).await;
        }
        Err(P::Database(error)) => return Err(error.into()),
        Err(P::Url) => "notices-webhook-url",
        Err(P::Credentials) => "notices-webhook-credentials",
        Err(P::Taken) => "notices-webhook-taken",
        Err(P::TooMany) => "notices-webhook-many",
    };
    transaction.rollback().await?;
    let message = visit.msg(key).num("most", webhooks::MOST).to_string();
    let shown = Shown {
        hook_url: form.url.clone(),
        hook_errors: FieldErrors::one("url", message),
        ..Shown::default()
    };
    draw(&visit, &db, StatusCode::UNPROCESSABLE_ENTITY, shown).await
}

/// `POST /settings/system/notices/webhooks/{id}/test`.
pub(super) async fn test_webhook(
    visit: SignedIn,
    courier: Data<Courier>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::Administer)?;
    match courier
        .test_webhook(*id)
        .await?
        .ok_or(PageError::NotFound)?
    {
        Ok(()) => visit.flash_success(visit.t("notices-webhook-tested")),
        Err(problem) => visit.flash_danger(problem.words(visit.lang)),
    }
    Ok(web::see_other(&paths::notice_settings()))
}

/// `POST /settings/system/notices/webhooks/{id}/remove`.
pub(super) async fn remove_webhook(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::Administer)?;
    let transaction = db.begin().await?;
    let hook = webhooks::find(&transaction, *id).await?;
    let hook = hook.ok_or(PageError::NotFound)?;
    webhooks::remove(&transaction, hook.id).await?;
    let detail = json!({ "url": hook.shown() });
    record(
        &transaction,
        &visit,
        "notice.webhook-removed",
        hook.id.to_string(),
        detail,
    )
    .await?;
    transaction.commit().await?;
    visit.flash_success(visit.t("notices-webhook-removed"));
    Ok(web::see_other(&paths::notice_settings()))
}

/// `POST /settings/system/notices/deliveries/{id}/retry`.
pub(super) async fn retry(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    courier: Data<Courier>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::Administer)?;
    if !outbox::try_again(&**db, *id, visit.now).await? {
        return Err(PageError::NotFound);
    }
    courier.wake();
    visit.flash_success(visit.t("notices-delivery-again"));
    Ok(web::see_other(&paths::notice_settings()))
}

/// What the account page sends.
#[derive(Deserialize)]
pub(super) struct OwnChoice {
    #[serde(default)]
    by_mail: bool,
}

/// `POST /account/notices`: whether this person is told by mail.
pub(super) async fn choose(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    form: Form<OwnChoice>,
) -> Result<HttpResponse, PageError> {
    auth::store::set_notices_by_mail(&**db, visit.user.id, form.by_mail).await?;
    visit.flash_success(visit.t(match form.by_mail {
        true => "notices-own-on",
        false => "notices-own-off",
    }));
    Ok(web::see_other(&paths::account()))
}

async fn record(
    db: &impl sea_orm::ConnectionTrait,
    visit: &SignedIn,
    action: &str,
    object_id: String,
    detail: serde_json::Value,
) -> Result<(), sea_orm::DbErr> {
    let event = AuditEvent {
        at: visit.now,
        user_id: Some(visit.user.id),
        ip: Some(&visit.ip),
        action,
        object_id,
        detail,
    };
    audit::record(db, event).await
}
