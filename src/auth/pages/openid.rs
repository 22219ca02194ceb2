//! To an OpenID Connect provider and back. Answers with a redirect at once, so that the code leaves the address bar.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path, Query};
use askama::Template;
use sea_orm::DatabaseConnection;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;

use super::account;
use super::sign_in::ReturnTo;
use crate::auth::openid::accounts::{self, Admitted, Arrival};
use crate::auth::openid::{Flow, Proof, Providers, Purpose, Refusal, flow};
use crate::auth::people::invitations;
use crate::auth::session::hash;
use crate::auth::{self, Password, SignInProblem};
use crate::openid::{AuthorizeRequest, Failure, ProofNeeded, Provider, ProviderKind, Redeem};
use crate::web::{self, FieldErrors, Page, PageError, SignedIn, Visit, paths};

/// A page that sends the browser on. Not a redirect: browsers apply `form-action` to redirects after a form was sent, and
/// where a provider signs people in is not known before it is asked.
#[derive(Template)]
#[template(path = "auth/leaving.html")]
struct LeavingPage {
    page: Page,
    name: String,
    address: String,
}

fn find<'a>(
    providers: &'a Providers,
    kind: &str,
) -> Result<(ProviderKind, &'a Provider, &'a str), PageError> {
    let kind = ProviderKind::from_name(kind).ok_or(PageError::NotFound)?;
    let (provider, name) = providers.find(kind).ok_or(PageError::NotFound)?;
    Ok((kind, provider, name))
}

/// Begins a way; the address to go to.
async fn begin(
    visit: &Visit,
    provider: &Provider,
    purpose: Purpose,
    proof: ProofNeeded,
) -> Result<String, Failure> {
    let flow = Flow::new(provider.kind(), purpose, visit.now);
    let request = AuthorizeRequest {
        secrets: &flow.secrets(),
        proof,
        lang: visit.lang.tag(),
    };
    let address = provider.authorize_url(request, visit.now).await?;
    flow.keep(visit);
    Ok(address.into())
}

/// `GET /sign-in/{provider}`: a link, since it only leads away.
pub(super) async fn sign_in(
    visit: Visit,
    db: Data<DatabaseConnection>,
    providers: Data<Providers>,
    kind: Path<String>,
    query: Query<ReturnTo>,
) -> Result<HttpResponse, PageError> {
    let (kind, provider, name) = find(&providers, &kind)?;
    let return_to = paths::own_path_or_home(&query.return_to);
    let purpose = Purpose::SignIn {
        return_to: return_to.clone(),
    };
    match begin(&visit, provider, purpose, ProofNeeded::No).await {
        Ok(address) => Ok(web::see_other(&address)),
        Err(failure) => {
            let purpose = Some(Purpose::SignIn { return_to });
            refuse(&visit, &db, kind, name, purpose, failure.into()).await
        }
    }
}

/// `GET /invitation/{token}/{provider}`: an invitation is answered with an account at a provider.
pub(super) async fn accept(
    visit: Visit,
    db: Data<DatabaseConnection>,
    providers: Data<Providers>,
    path: Path<(SecretString, String)>,
) -> Result<HttpResponse, PageError> {
    use secrecy::ExposeSecret;
    let (token, kind) = path.into_inner();
    let token = token.expose_secret();
    let (kind, provider, name) = find(&providers, &kind)?;
    if invitations::find(&**db, token, visit.now).await?.is_none() {
        return Ok(web::see_other(&paths::invitation(token)));
    }
    let purpose = Purpose::Accept {
        invitation: hash(token),
    };
    match begin(&visit, provider, purpose, ProofNeeded::No).await {
        Ok(address) => Ok(web::see_other(&address)),
        Err(failure) => {
            tell(&visit, &db, kind, name, &failure.into()).await?;
            Ok(web::see_other(&paths::invitation(token)))
        }
    }
}

/// What the form for linking sends.
#[derive(Deserialize)]
pub(super) struct Link {
    #[serde(default)]
    link_password: Option<Password>,
}

/// `POST /account/link/{provider}`: the signed-in person wants to sign in through a provider from now on.
pub(super) async fn link(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    providers: Data<Providers>,
    kind: Path<String>,
    form: Form<Link>,
) -> Result<HttpResponse, PageError> {
    let (kind, provider, name) = find(&providers, &kind)?;
    let password = form
        .into_inner()
        .link_password
        .ok_or(PageError::BadRequest)?;
    let refusal = match auth::prove_by_password(&**db, &visit, &password, "linking").await {
        Ok(_) => None,
        Err(SignInProblem::Wrong) => Some((
            StatusCode::UNPROCESSABLE_ENTITY,
            visit.t("auth-account-old-wrong"),
        )),
        Err(SignInProblem::Wait { seconds }) => {
            let text = visit.msg("auth-sign-in-wait").num("seconds", seconds);
            Some((StatusCode::TOO_MANY_REQUESTS, text.to_string()))
        }
        Err(SignInProblem::Database(error)) => return Err(error.into()),
    };
    if let Some((status, problem)) = refusal {
        let errors = FieldErrors::one(account::link_field(kind), problem);
        return account::draw(&visit, &db, &providers, status, errors).await;
    }
    let purpose = Purpose::Link {
        session_id: visit.session_id,
    };
    leave(&visit, &db, kind, provider, name, purpose, ProofNeeded::No).await
}

/// Sends a signed-in person away to prove again who they are, and back to a path of ours, where
/// [`flow::take_proof`] is asked. `None` when they do not sign in through a provider.
pub(crate) async fn prove(
    visit: &SignedIn,
    db: &DatabaseConnection,
    providers: &Providers,
    return_to: String,
) -> Result<Option<HttpResponse>, PageError> {
    let Proof::Provider(offer) = providers.proof_of(db, visit.user.id).await? else {
        return Ok(None);
    };
    let (kind, provider, name) = find(providers, offer.kind.name())?;
    let purpose = Purpose::Prove {
        session_id: visit.session_id,
        return_to,
    };
    let left = leave(visit, db, kind, provider, name, purpose, ProofNeeded::Yes).await;
    left.map(Some)
}

async fn leave(
    visit: &SignedIn,
    db: &DatabaseConnection,
    kind: ProviderKind,
    provider: &Provider,
    name: &str,
    purpose: Purpose,
    proof: ProofNeeded,
) -> Result<HttpResponse, PageError> {
    match begin(visit, provider, purpose.clone(), proof).await {
        Ok(address) => web::render(&LeavingPage {
            page: visit.page(""),
            name: name.to_owned(),
            address,
        }),
        Err(failure) => refuse(visit, db, kind, name, Some(purpose), failure.into()).await,
    }
}

/// What a provider adds to the redirect URI.
#[derive(Deserialize)]
pub(super) struct FromProvider {
    #[serde(default)]
    state: String,
    code: Option<SecretString>,
    error: Option<String>,
    #[serde(default)]
    error_description: String,
    /// Who says all this (RFC 9207).
    iss: Option<String>,
}

/// `GET /oauth/entra/callback`.
pub(super) async fn entra_callback(
    visit: Visit,
    db: Data<DatabaseConnection>,
    providers: Data<Providers>,
    query: Query<FromProvider>,
) -> Result<HttpResponse, PageError> {
    callback(
        &visit,
        &db,
        &providers,
        ProviderKind::Entra,
        query.into_inner(),
    )
    .await
}

/// `GET /oauth/openid/callback`.
pub(super) async fn openid_callback(
    visit: Visit,
    db: Data<DatabaseConnection>,
    providers: Data<Providers>,
    query: Query<FromProvider>,
) -> Result<HttpResponse, PageError> {
    callback(
        &visit,
        &db,
        &providers,
        ProviderKind::OpenId,
        query.into_inner(),
    )
    .await
}

async fn callback(
    visit: &Visit,
    db: &DatabaseConnection,
    providers: &Providers,
    kind: ProviderKind,
    query: FromProvider,
) -> Result<HttpResponse, PageError> {
    let (kind, provider, name) = find(providers, kind.name())?;
    let flow = match flow::take_up(db, visit, kind, &query.state).await {
        Ok(flow) => flow,
        Err((purpose, refusal)) => {
            return refuse(visit, db, kind, name, purpose, refusal).await;
        }
    };
    let purpose = flow.purpose.clone();
    match arrive(visit, db, providers, provider, flow, query).await {
        Ok(path) => Ok(web::see_other(&path)),
        Err(refusal) => refuse(visit, db, kind, name, Some(purpose), refusal).await,
    }
}

/// Everything after the state was found in order; the path to go on to.
async fn arrive(
    visit: &Visit,
    db: &DatabaseConnection,
    providers: &Providers,
    provider: &Provider,
    flow: Flow,
    query: FromProvider,
) -> Result<String, Refusal> {
    // Asked before anything is redeemed, so that nothing is learnt of a person in somebody else's session.
    let signed_in = match &flow.purpose {
        Purpose::Link { session_id } | Purpose::Prove { session_id, .. } => {
            let user = visit
                .user
                .as_ref()
                .filter(|_| visit.session_id == Some(*session_id));
            Some(user.ok_or(Refusal::OtherSession)?)
        }
        Purpose::SignIn { .. } | Purpose::Accept { .. } => None,
    };
    // Before anything else of the answer is believed, errors included.
    provider
        .check_sender(query.iss.as_deref(), visit.now)
        .await?;
    if let Some(error) = &query.error {
        let failure = Failure::of_authorization(flow.kind, error, &query.error_description);
        return Err(failure.into());
    }
    let is_proof = matches!(flow.purpose, Purpose::Prove { .. });
    let redeem = Redeem {
        code: query.code.ok_or(crate::openid::Problem::Unreadable)?,
        secrets: &flow.secrets(),
        fresh_since: is_proof.then(|| flow.started_at()),
        now: visit.now,
    };
    let identity = provider.redeem(redeem).await?;
    let arrival = Arrival {
        kind: flow.kind,
        ip: &visit.ip,
        at: visit.now,
    };
    let roles = providers.roles();
    match (flow.purpose, signed_in) {
        (Purpose::SignIn { return_to }, _) => {
            let admitted = accounts::admit(db, &identity, roles, arrival).await?;
            come_in(visit, db, flow.kind, admitted).await?;
            Ok(return_to)
        }
        (Purpose::Accept { invitation }, _) => {
            let admitted = accounts::accept(db, &invitation, &identity, roles, arrival).await?;
            come_in(visit, db, flow.kind, admitted).await?;
            Ok(paths::home())
        }
        (Purpose::Link { .. }, Some(user)) => {
            let admitted = accounts::link(db, user.id, &identity, roles, arrival).await?;
            come_in(visit, db, flow.kind, admitted).await?;
            visit.flash_success(visit.t("auth-account-linked"));
            Ok(paths::account())
        }
        (Purpose::Prove { return_to, .. }, Some(user)) => {
            if accounts::find_owner(db, &identity).await? != Some(user.id) {
                return Err(Refusal::OtherPerson);
            }
            flow::remember_proof(visit, &return_to);
            Ok(return_to)
        }
        (Purpose::Link { .. } | Purpose::Prove { .. }, None) => Err(Refusal::OtherSession),
    }
}

async fn come_in(
    visit: &Visit,
    db: &DatabaseConnection,
    kind: ProviderKind,
    admitted: Admitted,
) -> Result<(), Refusal> {
    let Admitted {
        user,
        is_last_administrator,
    } = admitted;
    auth::start_session(db, visit, &user, json!({ "with": kind.name() })).await?;
    if is_last_administrator {
        visit.flash_warning(visit.t("openid-last-administrator"));
    }
    Ok(())
}

/// Says what went wrong where the person can try again.
async fn refuse(
    visit: &Visit,
    db: &DatabaseConnection,
    kind: ProviderKind,
    name: &str,
    purpose: Option<Purpose>,
    refusal: Refusal,
) -> Result<HttpResponse, PageError> {
    if let Refusal::Database(error) = refusal {
        return Err(error.into());
    }
    tell(visit, db, kind, name, &refusal).await?;
    let next = match purpose {
        Some(Purpose::SignIn { return_to }) => paths::sign_in_and_return(Some(&return_to)),
        Some(Purpose::Link { .. }) => paths::account(),
        Some(Purpose::Prove { return_to, .. }) => return_to,
        Some(Purpose::Accept { .. }) | None => paths::sign_in(),
    };
    Ok(web::see_other(&next))
}

/// Records a failure and tells the person at the top of the next page.
async fn tell(
    visit: &Visit,
    db: &DatabaseConnection,
    kind: ProviderKind,
    name: &str,
    refusal: &Refusal,
) -> Result<(), PageError> {
    let how = json!({ "with": kind.name(), "problem": refusal.name() });
    auth::record_failed_sign_in(db, visit, None, how).await?;
    let mut text = visit
        .msg(refusal.message_key())
        .text("provider", name)
        .to_string();
    if !refusal.words().is_empty() {
        let said = visit.msg("openid-words").text("provider", name);
        text = format!("{text} {}", said.text("words", refusal.words()));
    }
    visit.flash_danger(text);
    Ok(())
}
