//! What the signed-in person's own account page says about notices.

use actix_web::HttpResponse;
use actix_web::web::{Data, Form};
use sea_orm::{DatabaseConnection, TransactionTrait};
use serde::Deserialize;
use serde_json::json;

use super::settings::record;
use crate::auth;
use crate::web::{self, PageError, SignedIn, paths};

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
    let transaction = db.begin().await?;
    let person = auth::people::find(&transaction, visit.user.id).await?;
    let before = person.ok_or(PageError::SignInNeeded)?.notices_by_mail;
    auth::store::set_notices_by_mail(&transaction, visit.user.id, form.by_mail).await?;
    let detail = json!({
        "before": { "notices_by_mail": before }, "after": { "notices_by_mail": form.by_mail },
    });
    let (action, id) = ("user.notices-changed", visit.user.id.to_string());
    record(&transaction, &visit, action, id, detail).await?;
    transaction.commit().await?;
    visit.flash_success(visit.t(match form.by_mail {
        true => "notices-own-on",
        false => "notices-own-off",
    }));
    Ok(web::see_other(&paths::account()))
}
