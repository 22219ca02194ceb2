//! What every request passes before its handler: counting, planned faults, token, limits, scope and privilege.
//!
//! Order of checks (an assumption, after how such gateways work): an unknown token is 401 and counts against nobody;
//! a known one counts against the API key; then scope and privilege.

use std::io;

use actix_web::{
    Error, HttpMessage, HttpRequest, HttpResponse, ResponseError,
    body::{self, BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
    middleware::Next,
    web,
};
use futures_util::{StreamExt, stream};

use super::{
    activities::ActivityFault,
    book::new_id,
    endpoint::Endpoint,
    errors::Refusal,
    faults::{FaultKind, Struck},
    opaque::random_text,
    server::Core,
};

/// Who calls, for handlers that care.
#[derive(Clone)]
pub(super) struct Caller {
    /// Position among the sandbox's users.
    pub(super) user: usize,
}

/// Lets a request through to its handler, or answers in its place.
pub(super) async fn gate(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let core = request
        .app_data::<web::Data<Core>>()
        .expect("the application is built with it")
        .clone();
    let endpoint = Endpoint::of(request.method(), request.path());
    if endpoint == Endpoint::Page {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let fault = core.state().arrive(endpoint);
    if let Some(answer) = fault.as_ref().and_then(|fault| instead(&core, &fault.kind)) {
        return Ok(finish(&core, request.into_response(answer), endpoint));
    }
    let admitted = if endpoint.is_api() {
        admit(&core, request.request(), endpoint)
    } else if endpoint == Endpoint::Outside {
        Err(Refusal::gateway())
    } else {
        Ok(())
    };
    if let Err(refusal) = admitted {
        return Ok(finish(
            &core,
            request.into_response(refusal.error_response()),
            endpoint,
        ));
    }
    if let Some(fault) = &fault {
        request
            .extensions_mut()
            .insert(ActivityFault(fault.kind.clone()));
    }
    let response = next.call(request).await?.map_into_boxed_body();
    let response = finish(&core, response, endpoint);
    match fault {
        Some(fault) => afterwards(response, fault).await,
        None => Ok(response),
    }
}

/// Token, limits, scope and privilege of an API request.
fn admit(core: &Core, request: &HttpRequest, endpoint: Endpoint) -> Result<(), Refusal> {
    let now = core.options.clock.now();
    let token = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let token = token
        .and_then(|value| value.strip_prefix("Bearer "))
        .map(str::trim);
    let mut state = core.state();
    let bearer = token
        .and_then(|token| state.tokens.bearer(token, now))
        .ok_or_else(Refusal::unauthorized)?;
    state.take_request(now)?;
    drop(state);
    if endpoint
        .scope()
        .is_some_and(|scope| !bearer.scopes.iter().any(|granted| granted == scope))
    {
        return Err(Refusal::access_denied());
    }
    let role = core.options.users[bearer.user].role;
    if endpoint
        .privilege()
        .is_some_and(|privilege| !role.may(privilege))
    {
        return Err(Refusal::access_denied());
    }
    request
        .extensions_mut()
        .insert(Caller { user: bearer.user });
    Ok(())
}

/// The answer of a fault that keeps a request from having any effect.
fn instead(core: &Core, fault: &FaultKind) -> Option<HttpResponse> {
    Some(match fault {
        FaultKind::Status(status) => Refusal::with_status(*status).error_response(),
        FaultKind::HtmlErrorPage(status) => html_error_page(*status),
        FaultKind::Throttled => Refusal::throttled().error_response(),
        FaultKind::QuotaExceeded => Refusal::quota_exceeded().error_response(),
        FaultKind::QueueFull => {
            Refusal::queue_full(core.state().limits.queued_activities).error_response()
        }
        FaultKind::ResetBeforeRequest => broken_connection(),
        FaultKind::StopsListening => {
            core.stop_listening();
            broken_connection()
        }
        _ => return None,
    })
}

/// What a fault makes of the answer to a request that had its effect.
async fn afterwards(
    response: ServiceResponse<BoxBody>,
    fault: Struck,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match &fault.kind {
        FaultKind::AcceptedLate { status: None, .. } => std::future::pending().await,
        FaultKind::StatusAfterAccepted(status)
        | FaultKind::AcceptedLate {
            status: Some(status),
            ..
        } => Ok(response.into_response(Refusal::with_status(*status).error_response())),
        FaultKind::ResetAfterAccepted => Ok(response.into_response(broken_connection())),
        FaultKind::Slow(delay) => {
            actix_web::rt::time::sleep(*delay).await;
            Ok(response)
        }
        FaultKind::Held => {
            fault.lifted().await;
            Ok(response)
        }
        FaultKind::MalformedJson | FaultKind::TruncatedJson | FaultKind::NeverEnds => {
            let status = response.status();
            let (request, response) = response.into_parts();
            let whole = body::to_bytes(response.into_body())
                .await
                .unwrap_or_default();
            let half = whole.slice(..whole.len() / 2);
            let mut answer = HttpResponse::build(status);
            answer.content_type("application/json");
            let answer = match fault.kind {
                FaultKind::MalformedJson => answer.body(half),
                FaultKind::NeverEnds => {
                    answer.streaming(first_then(half, stream::pending().boxed_local()))
                }
                // The announced length is never reached: the stream fails after the half was sent.
                _ => {
                    let broken = stream::once(async {
                        actix_web::rt::time::sleep(std::time::Duration::from_millis(20)).await;
                        Err(io::Error::from(io::ErrorKind::ConnectionReset))
                    });
                    answer
                        .no_chunking(whole.len() as u64)
                        .streaming(first_then(half, broken.boxed_local()))
                }
            };
            Ok(ServiceResponse::new(request, answer))
        }
        _ => Ok(response),
    }
}

type Chunks = stream::LocalBoxStream<'static, io::Result<web::Bytes>>;

fn first_then(first: web::Bytes, rest: Chunks) -> Chunks {
    stream::once(async move { Ok(first) })
        .chain(rest)
        .boxed_local()
}

/// An answer whose body fails before anything is flushed: the server drops the connection without a byte.
fn broken_connection() -> HttpResponse {
    let broken = stream::once(async {
        Err::<web::Bytes, _>(io::Error::from(io::ErrorKind::ConnectionReset))
    });
    HttpResponse::Ok().streaming(broken)
}

fn html_error_page(status: u16) -> HttpResponse {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let reason = status.canonical_reason().unwrap_or("Error");
    let code = status.as_u16();
    HttpResponse::build(status).content_type("text/html").body(format!(
        "<html>\r\n<head><title>{code} {reason}</title></head>\r\n<body>\r\n<center><h1>{code} {reason}</h1></center>\r\n\
         <hr><center>CloudFront</center>\r\n</body>\r\n</html>\r\n"
    ))
}

/// Adds the headers that the vendor's gateway puts on answers (names from a captured 401). No answer carries
/// Retry-After or a count of what is left.
fn finish(
    core: &Core,
    mut response: ServiceResponse<BoxBody>,
    endpoint: Endpoint,
) -> ServiceResponse<BoxBody> {
    if !endpoint.is_api() && endpoint != Endpoint::Outside {
        return response;
    }
    let status = response.status();
    if status == StatusCode::TOO_MANY_REQUESTS {
        core.state().refused += 1;
    }
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    set("x-amzn-requestid", new_id().to_string());
    set("x-amz-apigw-id", format!("{}=", random_text(15)));
    set("x-eig-tracking-id", new_id().to_string());
    set("via", "1.1 sandbox.cloudfront.net (CloudFront)".to_owned());
    set("x-amz-cf-id", random_text(56));
    if status.is_client_error() || status.is_server_error() {
        set("x-cache", "Error from cloudfront".to_owned());
    } else {
        set("x-cache", "Miss from cloudfront".to_owned());
    }
    if status == StatusCode::UNAUTHORIZED {
        set("www-authenticate", "Bearer realm=api.cc.email".to_owned());
        set("x-amzn-errortype", "UnauthorizedException".to_owned());
    }
    response
}
