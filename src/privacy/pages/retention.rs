//! Settings > Privacy > Retention: what is kept how long.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form};
use askama::Template;
use sea_orm::{DatabaseConnection, TransactionTrait};
use serde::Deserialize;
use serde_json::json;

use super::administrator;
use crate::auth;
use crate::config::Settings;
use crate::runs::retention::{self, MAX_DAYS};
use crate::web::{self, FieldErrors, Page, PageError, SignedIn, paths};

#[derive(Template)]
#[template(path = "privacy/retention.html")]
struct RetentionPage {
    page: Page,
    rows: String,
    details: String,
    errors: FieldErrors,
    /// Who set it last, in one sentence.
    changed: String,
}

/// `GET /settings/privacy/retention`.
pub(super) async fn show(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    settings: Data<Settings>,
) -> Result<HttpResponse, PageError> {
    administrator(&visit)?;
    let kept = retention::load(&**db, settings.rows_kept_days).await?;
    let details = kept.details_kept_days.map(|days| days.to_string());
    let changed = changed(&visit, &db, &kept).await?;
    web::render(&RetentionPage {
        page: visit.page("privacy"),
        rows: kept.rows_kept_days.to_string(),
        details: details.unwrap_or_default(),
        errors: FieldErrors::default(),
        changed,
    })
}

async fn changed(
    visit: &SignedIn,
    db: &DatabaseConnection,
    kept: &retention::Retention,
) -> Result<String, PageError> {
    let Some((who, at)) = kept.changed else {
        return Ok(visit.t("privacy-retention-default"));
    };
    let name = match who {
        Some(id) => auth::store::find_name(db, id).await?,
        None => None,
    };
    let message = visit
        .msg("privacy-retention-changed")
        .text("who", name.unwrap_or_else(|| "–".to_owned()))
        .text("when", visit.date_time(at));
    Ok(message.to_string())
}

#[derive(Deserialize)]
pub(super) struct RetentionForm {
    #[serde(default)]
    rows: String,
    #[serde(default)]
    details: String,
}

/// `POST /settings/privacy/retention`.
pub(super) async fn save(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    settings: Data<Settings>,
    form: Form<RetentionForm>,
) -> Result<HttpResponse, PageError> {
    let author = administrator(&visit)?;
    let before = retention::load(&**db, settings.rows_kept_days).await?;
    let mut errors = FieldErrors::default();
    let number = |typed: &str| {
        let days = typed.trim().parse().ok();
        days.filter(|days: &u32| *days <= MAX_DAYS)
    };
    let wrong = || visit.msg("privacy-retention-wrong").num("most", MAX_DAYS);
    let rows = number(&form.rows);
    if rows.is_none() {
        errors.add("rows", wrong().to_string());
    }
    let details = number(&form.details);
    let is_for_ever = form.details.trim().is_empty();
    if details.is_none() && !is_for_ever {
        errors.add("details", wrong().to_string());
    }
    if details.is_some_and(|details| rows.is_some_and(|rows| details < rows)) {
        errors.add("details", visit.t("privacy-retention-order"));
    }
    let (Some(rows), true) = (rows, errors.is_empty()) else {
        let changed = changed(&visit, &db, &before).await?;
        let page = RetentionPage {
            page: visit.page("privacy"),
            rows: form.rows.clone(),
            details: form.details.clone(),
            errors,
            changed,
        };
        return web::render_with(StatusCode::UNPROCESSABLE_ENTITY, &page);
    };
    let transaction = db.begin().await?;
    retention::save(&transaction, rows, details, (author.user_id, author.at)).await?;
    let detail = json!({
        "before": { "rows_days": before.rows_kept_days, "details_days": before.details_kept_days },
        "after": { "rows_days": rows, "details_days": details },
    });
    author
        .record(&transaction, "retention.changed", String::new(), detail)
        .await?;
    transaction.commit().await?;
    visit.flash_success(visit.t("privacy-retention-saved"));
    Ok(web::see_other(&paths::retention()))
}
