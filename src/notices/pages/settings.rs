//! Settings > System > Notices: the page, and its form with the threshold and the mail server. What else the page holds
//! is beside: `webhooks` and `deliveries`.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form};
use askama::Template;
use sea_orm::{DatabaseConnection, TransactionTrait};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::deliveries::{self, Row};
use crate::auth::Permission;
use crate::notices::deliver::{Courier, Problem, outbox};
use crate::notices::settings::{self, NewPassword, NoticeSettings, Security, Typed};
use crate::notices::webhooks::{self, Webhook};
use crate::storage::MasterKey;
use crate::storage::audit::Author;
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

/// What the page shows beside what is stored.
#[derive(Default)]
pub(super) struct Shown {
    pub(super) typed: Option<Typed>,
    pub(super) errors: FieldErrors,
    pub(super) hook_url: String,
    pub(super) hook_errors: FieldErrors,
    pub(super) secret: Option<SecretString>,
}

/// `GET /settings/system/notices`.
pub(super) async fn show(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::Administer)?;
    draw(&visit, &db, StatusCode::OK, Shown::default()).await
}

/// The page as it is now.
pub(super) async fn draw(
    visit: &SignedIn,
    db: &DatabaseConnection,
    status: StatusCode,
    shown: Shown,
) -> Result<HttpResponse, PageError> {
    let page = visit.page("system");
    let kept = settings::load(db).await?;
    let told = outbox::recipients(db).await?;
    let hooks = webhooks::list(db).await?;
    let deliveries = deliveries::rows(db, &page, &hooks).await?;
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
    let is_password_new = matches!(password, NewPassword::Set(_));
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
    let detail = json!({
        "before": before.told(),
        "after": after.told(),
        "is_password_new": is_password_new,
    });
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
    db: Data<DatabaseConnection>,
    courier: Data<Courier>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::Administer)?;
    let tried = courier.test_mail(&visit.user).await?;
    let (action, detail) = ("notice.mail-tested", outcome(&tried));
    record(&**db, &visit, action, String::new(), detail).await?;
    match tried {
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

/// How a test went, for the audit log.
pub(super) fn outcome(tried: &Result<(), Problem>) -> serde_json::Value {
    json!({ "problem": tried.err().map(|problem| problem.to_string()) })
}

pub(super) async fn record(
    db: &impl sea_orm::ConnectionTrait,
    visit: &SignedIn,
    action: &str,
    object_id: String,
    detail: serde_json::Value,
) -> Result<(), sea_orm::DbErr> {
    let author = Author {
        user_id: Some(visit.user.id),
        ip: Some(&visit.ip),
        at: visit.now,
    };
    author.record(db, action, object_id, detail).await
}
