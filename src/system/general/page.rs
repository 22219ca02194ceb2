//! The page: choose, look at the preview, save.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form};
use askama::Template;
use sea_orm::DatabaseConnection;
use serde::Deserialize;

use super::store::{self, Chosen};
use crate::auth::Permission;
use crate::locale::{Format, Lang};
use crate::web::{self, FieldErrors, Page, PageError, SignedIn, paths};

/// Value of the language field for the browser's language.
const BROWSER: &str = "browser";
/// A number that shows how thousands are told apart.
const SAMPLE_NUMBER: i64 = 1_234_567;

#[derive(Template)]
#[template(path = "system/general.html")]
struct GeneralPage {
    page: Page,
    errors: FieldErrors,
    langs: Vec<Choice>,
    formats: Vec<Choice>,
    sample_number: String,
    sample_date: String,
}

struct Choice {
    value: &'static str,
    text: String,
    is_chosen: bool,
}

/// The form.
#[derive(Deserialize)]
pub(in crate::system) struct Typed {
    #[serde(default)]
    lang: String,
    #[serde(default)]
    format: String,
    #[serde(default)]
    action: String,
}

/// `GET /settings/system/general`.
pub(in crate::system) async fn show(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::Administer)?;
    let chosen = store::get(&**db).await?;
    draw(&visit, StatusCode::OK, chosen, FieldErrors::default())
}

/// `POST /settings/system/general`: shows the preview, or saves.
pub(in crate::system) async fn answer(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    typed: Form<Typed>,
) -> Result<HttpResponse, PageError> {
    visit.require(Permission::Administer)?;
    let mut errors = FieldErrors::default();
    let lang = match typed.lang.as_str() {
        BROWSER => None,
        tag => {
            let lang = tag.parse::<Lang>().ok();
            if lang.is_none() {
                errors.add("lang", visit.t("system-general-problem-lang"));
            }
            lang
        }
    };
    let format = Format::from_name(&typed.format);
    if format.is_none() {
        errors.add("format", visit.t("system-general-problem-format"));
    }
    let chosen = Chosen {
        lang,
        format: format.unwrap_or_default(),
    };
    if !errors.is_empty() {
        return draw(&visit, StatusCode::UNPROCESSABLE_ENTITY, chosen, errors);
    }
    if typed.action != "save" {
        return draw(&visit, StatusCode::OK, chosen, errors);
    }
    store::set(&db, chosen, &visit).await?;
    super::take_effect(&db).await?;
    visit.flash_success(visit.t("system-general-saved"));
    Ok(web::see_other(&paths::general()))
}

fn draw(
    visit: &SignedIn,
    status: StatusCode,
    chosen: Chosen,
    errors: FieldErrors,
) -> Result<HttpResponse, PageError> {
    let page = visit.page("system");
    let browser = Choice {
        value: BROWSER,
        text: page.t("system-general-lang-browser"),
        is_chosen: chosen.lang.is_none(),
    };
    let langs = Lang::ALL.into_iter().map(|lang| Choice {
        value: lang.tag(),
        text: lang.own_name().to_owned(),
        is_chosen: chosen.lang == Some(lang),
    });
    let formats = Format::ALL.into_iter().map(|format| Choice {
        value: format.name(),
        text: page.t(format.label_key()),
        is_chosen: chosen.format == format,
    });
    web::render_with(
        status,
        &GeneralPage {
            errors,
            langs: std::iter::once(browser).chain(langs).collect(),
            formats: formats.collect(),
            sample_number: page.lang.number_in(chosen.format, SAMPLE_NUMBER),
            sample_date: page.lang.date_time_in(chosen.format, page.now, &page.zone),
            page,
        },
    )
}
