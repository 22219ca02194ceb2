//! Settings > System > Notices: adding, testing and removing webhooks.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path};
use sea_orm::{DatabaseConnection, TransactionTrait};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::settings::{Shown, draw, outcome, record};
use crate::auth::Permission;
use crate::notices::deliver::Courier;
use crate::notices::webhooks;
use crate::storage::MasterKey;
use crate::web::{self, FieldErrors, PageError, SignedIn, paths};

/// What the form for a new webhook sends.
#[derive(Deserialize)]
pub(super) struct NewWebhook {
    #[serde(default)]
    url: String,
}

/// `POST /settings/system/notices/webhooks`.
pub(super) async fn add(
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
            let detail = json!({ "after": { "url": hook.recorded() } });
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
pub(super) async fn test(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    courier: Data<Courier>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::Administer)?;
    let tried = courier.test_webhook(*id).await?;
    let tried = tried.ok_or(PageError::NotFound)?;
    let (action, detail) = ("notice.webhook-tested", outcome(&tried));
    record(&**db, &visit, action, id.to_string(), detail).await?;
    match tried {
        Ok(()) => visit.flash_success(visit.t("notices-webhook-tested")),
        Err(problem) => visit.flash_danger(problem.words(visit.lang)),
    }
    Ok(web::see_other(&paths::notice_settings()))
}

/// `POST /settings/system/notices/webhooks/{id}/remove`.
pub(super) async fn remove(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::Administer)?;
    let transaction = db.begin().await?;
    let hook = webhooks::find(&transaction, *id).await?;
    let hook = hook.ok_or(PageError::NotFound)?;
    webhooks::remove(&transaction, hook.id).await?;
    let detail = json!({ "before": { "url": hook.recorded() } });
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
