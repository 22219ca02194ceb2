//! The authorization page: sign in, then allow or deny.
//!
//! A wrong client or an unregistered redirect URI is told on the page itself and never redirected; everything else,
//! denial included, goes back to the redirect URI with the `state` that came (RFC 6749, section 4.1).

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use askama::Template;
use serde::Deserialize;
use url::Url;

use super::{
    pages::{self, MaybePage},
    server::Core,
    tokens::AuthorizationRequest,
};

/// Scopes the vendor knows (vendor's API description, plus `offline_access`).
const KNOWN_SCOPES: [&str; 6] = [
    "contact_data",
    "campaign_data",
    "account_read",
    "account_update",
    "billing_data",
    "offline_access",
];

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/oauth2/default/v1/authorize", web::get().to(authorize))
        .route(
            "/oauth2/default/v1/authorize/sign-in",
            web::post().to(sign_in),
        )
        .route(
            "/oauth2/default/v1/authorize/decision",
            web::post().to(decide),
        )
        .configure(super::token_endpoint::routes);
}

#[derive(Template)]
#[template(path = "sandbox/sign_in.html")]
struct SignInPage<'a> {
    sign_in_id: &'a str,
    user_name: &'a str,
    failed: bool,
    users: &'a [super::options::User],
}

#[derive(Template)]
#[template(path = "sandbox/allow.html")]
struct AllowPage<'a> {
    sign_in_id: &'a str,
    user_name: &'a str,
    organization_name: &'a str,
    scopes: &'a [String],
}

#[derive(Template)]
#[template(path = "sandbox/refused.html")]
struct RefusedPage<'a> {
    reason: &'a str,
}

/// Why an authorization request does not get as far as a sign-in.
#[derive(Debug)]
pub(super) enum NotAuthorizable {
    /// Shown to the person; no redirect, because the address cannot be trusted.
    Page(&'static str),
    /// Sent back to the client.
    Redirect(String),
}

async fn authorize(core: web::Data<Core>, request: HttpRequest) -> MaybePage {
    let query = request.query_string();
    match understand(&core, query) {
        Ok(asked) => {
            let id = core.state().tokens.begin_sign_in(asked);
            sign_in_page(&core, &id, "", false)
        }
        Err(NotAuthorizable::Page(reason)) => {
            pages::render(&RefusedPage { reason }, StatusCode::BAD_REQUEST)
        }
        Err(NotAuthorizable::Redirect(location)) => Ok(redirect(&location)),
    }
}

#[derive(Deserialize)]
struct SignInForm {
    sign_in_id: String,
    user_name: String,
    password: String,
}

async fn sign_in(core: web::Data<Core>, form: web::Form<SignInForm>) -> MaybePage {
    let Some(asked) = core.state().tokens.find_sign_in(&form.sign_in_id).cloned() else {
        return lost_sign_in();
    };
    let users = &core.options.users;
    let found = users
        .iter()
        .position(|user| user.user_name == form.user_name.trim() && user.password == form.password);
    let Some(user) = found else {
        return sign_in_page(&core, &form.sign_in_id, &form.user_name, true);
    };
    core.state().tokens.identify(&form.sign_in_id, user);
    let page = AllowPage {
        sign_in_id: &form.sign_in_id,
        user_name: &users[user].user_name,
        organization_name: &core.options.account.organization_name,
        scopes: &asked.scopes,
    };
    let response = pages::render(&page, StatusCode::OK)?;
    Ok(pages::allow_form_target(response, &asked.redirect_uri))
}

#[derive(Deserialize)]
struct DecisionForm {
    sign_in_id: String,
    decision: String,
}

async fn decide(core: web::Data<Core>, form: web::Form<DecisionForm>) -> MaybePage {
    let now = core.options.clock.now();
    let mut state = core.state();
    let Some((asked, user)) = state.tokens.end_sign_in(&form.sign_in_id) else {
        drop(state);
        return lost_sign_in();
    };
    let location = if form.decision == "allow" {
        let code = state.tokens.issue_code(asked.clone(), user, now);
        answer_url(
            &asked.redirect_uri,
            &[("code", &code)],
            asked.state.as_deref(),
        )
    } else {
        denial_url(&asked)
    };
    Ok(redirect(&location))
}

/// Checks the query of an authorization request.
pub(super) fn understand(
    core: &Core,
    query: &str,
) -> Result<AuthorizationRequest, NotAuthorizable> {
    // `+` and `%20` both separate scopes; an encoded plus (`%2B`) does not.
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let value = |name: &str| {
        pairs
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
    };
    let application = core.application();
    if value("client_id").as_deref() != Some(application.client_id.as_str()) {
        return Err(NotAuthorizable::Page("No application has this client_id."));
    }
    let redirect_uri = value("redirect_uri").unwrap_or_default();
    if !application.redirect_uris.contains(&redirect_uri) {
        return Err(NotAuthorizable::Page(
            "The 'redirect_uri' parameter must be a Login redirect URI in the client app settings.",
        ));
    }
    let state = value("state");
    let refuse = |error: &str, description: &str| {
        let parameters = [("error", error), ("error_description", description)];
        Err(NotAuthorizable::Redirect(answer_url(
            &redirect_uri,
            &parameters,
            state.as_deref(),
        )))
    };
    if value("response_type").as_deref() != Some("code") {
        return refuse(
            "unsupported_response_type",
            "The response type is not supported by the authorization server.",
        );
    }
    let scopes: Vec<String> = value("scope")
        .unwrap_or_default()
        .split(' ')
        .filter(|scope| !scope.is_empty())
        .map(str::to_owned)
        .collect();
    if scopes.is_empty()
        || scopes
            .iter()
            .any(|scope| !KNOWN_SCOPES.contains(&scope.as_str()))
    {
        return refuse(
            "invalid_scope",
            "One or more scopes are not configured for the authorization server resource.",
        );
    }
    let code_challenge = value("code_challenge");
    if code_challenge.is_some() && value("code_challenge_method").as_deref() != Some("S256") {
        return refuse("invalid_request", "The code challenge method must be S256.");
    }
    Ok(AuthorizationRequest {
        redirect_uri,
        scopes,
        state,
        code_challenge,
    })
}

/// Where a denial leads.
fn denial_url(asked: &AuthorizationRequest) -> String {
    let parameters = [
        ("error", "access_denied"),
        (
            "error_description",
            "The resource owner denied the request.",
        ),
    ];
    answer_url(&asked.redirect_uri, &parameters, asked.state.as_deref())
}

/// `redirect_uri` with `parameters` and `state` added to its query.
pub(super) fn answer_url(
    redirect_uri: &str,
    parameters: &[(&str, &str)],
    state: Option<&str>,
) -> String {
    let Ok(mut url) = Url::parse(redirect_uri) else {
        return redirect_uri.to_owned();
    };
    url.query_pairs_mut()
        .extend_pairs(parameters)
        .extend_pairs(state.map(|state| ("state", state)));
    url.into()
}

fn sign_in_page(core: &Core, sign_in_id: &str, user_name: &str, failed: bool) -> MaybePage {
    let page = SignInPage {
        sign_in_id,
        user_name,
        failed,
        users: &core.options.users,
    };
    let status = if failed {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    pages::render(&page, status)
}

fn lost_sign_in() -> MaybePage {
    let reason =
        "This sign-in is over or was never begun. Go back to the application and start again.";
    pages::render(&RefusedPage { reason }, StatusCode::BAD_REQUEST)
}

fn redirect(location: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, location))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish()
}
