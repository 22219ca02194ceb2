//! The API client. Every call, each page of a listing included, goes through [`ApiClient::send`]: it waits for a permit,
//! adds the token, sends once, reads a bounded answer and classifies it.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::multipart::Form;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::ClientConfig;
use super::error::ClientError;
use super::permits::{RequestKind, RequestPermits};
use super::refusal::{Fault, Refusal};
use super::secrets::AccessToken;
use super::transport::{self, Answer, Incomplete, JSON_BYTES, JsonFlaw, Pool};

/// Calls the V3 API for one API key. Cheap to clone. Never repeats a request by itself.
#[derive(Clone)]
pub struct ApiClient {
    config: Arc<ClientConfig>,
    pool: Pool,
    permits: Arc<dyn RequestPermits>,
}

/// One request to be sent.
pub(super) struct Call {
    kind: RequestKind,
    method: Method,
    /// Path with placeholders, for the log.
    template: &'static str,
    url: Url,
    accept: &'static str,
    payload: Payload,
}

const JSON: &str = "application/json";

enum Payload {
    Nothing,
    Json(Vec<u8>),
    Multipart(Form),
}

impl Call {
    pub(super) fn get(template: &'static str, url: Url) -> Self {
        Self {
            kind: RequestKind::Read,
            method: Method::GET,
            template,
            url,
            accept: JSON,
            payload: Payload::Nothing,
        }
    }

    pub(super) fn download(template: &'static str, url: Url) -> Self {
        Self {
            accept: "text/csv",
            ..Self::get(template, url)
        }
    }

    pub(super) fn delete(template: &'static str, url: Url) -> Self {
        Self {
            kind: RequestKind::Write,
            method: Method::DELETE,
            ..Self::get(template, url)
        }
    }

    pub(super) fn post_json(template: &'static str, url: Url, body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body).expect("request bodies have string keys only");
        Self {
            kind: RequestKind::Write,
            method: Method::POST,
            template,
            url,
            accept: JSON,
            payload: Payload::Json(body),
        }
    }

    pub(super) fn post_multipart(template: &'static str, url: Url, form: Form) -> Self {
        Self {
            kind: RequestKind::Upload,
            method: Method::POST,
            template,
            url,
            accept: JSON,
            payload: Payload::Multipart(form),
        }
    }
}

impl ApiClient {
    pub(super) fn new(
        config: Arc<ClientConfig>,
        pool: Pool,
        permits: Arc<dyn RequestPermits>,
    ) -> Self {
        Self {
            config,
            pool,
            permits,
        }
    }

    /// Address of a resource under the API's base.
    pub(super) fn url(&self, segments: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.config.api_url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// Address of a link that the API gave, on the API's own host.
    ///
    /// Links are paths with an opaque cursor (`/v3/contacts?limit=50&cursor=…`): "put the host in front and follow". A link
    /// that leads to another host would hand it the token.
    pub(super) fn follow(&self, href: &str) -> Result<Url, &'static str> {
        let url = self
            .config
            .api_url
            .join(href)
            .map_err(|_| "a link that is not an address")?;
        let is_ours = url.origin() == self.config.api_url.origin();
        let is_plain = url.username().is_empty() && url.password().is_none();
        if is_ours && is_plain {
            Ok(url)
        } else {
            Err("a link that leads to another host")
        }
    }

    /// Sends a call and reads the JSON it answers with.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        token: &AccessToken,
        call: Call,
    ) -> Result<T, ClientError> {
        self.call_reading(token, call, |body| serde_json::from_slice(body))
            .await
    }

    /// Sends a call and reads its answer with `read`.
    pub(super) async fn call_reading<T>(
        &self,
        token: &AccessToken,
        call: Call,
        read: impl Fn(&[u8]) -> serde_json::Result<T>,
    ) -> Result<T, ClientError> {
        let timeout = self.answer_timeout(call.kind);
        let response = self.send(token, call, timeout).await?;
        let until = Instant::now() + timeout;
        let answer = whole(transport::read(response, JSON_BYTES, until).await)?;
        read(&answer.body).map_err(|error| unreadable(&answer, JsonFlaw(&error).to_string()))
    }

    /// Sends a call and returns the answer of a success with its body still to be read, which must have come within
    /// `timeout`.
    pub(super) async fn send(
        &self,
        token: &AccessToken,
        call: Call,
        timeout: Duration,
    ) -> Result<reqwest::Response, ClientError> {
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose()))
            .map_err(|_| ClientError::InvalidRequest("the access token is not a token"))?;
        bearer.set_sensitive(true);
        let mut request = self
            .pool
            .client()
            .request(call.method, call.url)
            .header(AUTHORIZATION, bearer)
            .header(ACCEPT, call.accept)
            .timeout(timeout);
        request = match call.payload {
            Payload::Nothing => request,
            Payload::Json(body) => request.header(CONTENT_TYPE, JSON).body(body),
            // The boundary must come from the library; a type set by hand is answered with 415.
            Payload::Multipart(form) => request.multipart(form),
        };
        let request = request
            .build()
            .map_err(|_| ClientError::InvalidRequest("the address of the API is not usable"))?;
        self.permits.acquire(call.kind).await?;
        // The head, and what is not a success, come as soon as any answer, however long a file takes.
        let until = Instant::now() + self.answer_timeout(call.kind);
        let response = timeout_at(until, transport::send(&self.pool, request, call.template))
            .await
            .map_err(|_| Fault::timed_out())??;
        if response.status().is_success() {
            return Ok(response);
        }
        let answer = transport::read(response, 0, until).await;
        Err(ClientError::from_refusal(Refusal::read(
            answer.status,
            answer.support,
            &answer.body,
            &[token.expose()],
        )))
    }

    /// Longest time for an answer other than a file.
    fn answer_timeout(&self, kind: RequestKind) -> Duration {
        match kind {
            RequestKind::Upload => self.config.upload_timeout,
            RequestKind::Read | RequestKind::Write | RequestKind::Token => self.config.json_timeout,
        }
    }

    /// Longest silence while a file is downloaded.
    pub(super) fn silence_timeout(&self) -> Duration {
        self.config.json_timeout
    }

    /// Longest time for a whole file.
    pub(super) fn download_timeout(&self) -> Duration {
        self.config.download_timeout
    }
}

fn whole(mut answer: Answer) -> Result<Answer, ClientError> {
    match answer.incomplete.take() {
        None => Ok(answer),
        Some(Incomplete::Fault(fault)) => Err(fault.into()),
        Some(Incomplete::TooLong) => Err(unreadable(
            &answer,
            format!("longer than {JSON_BYTES} bytes"),
        )),
    }
}

fn unreadable(answer: &Answer, why: String) -> ClientError {
    ClientError::Unreadable {
        status: answer.status.as_u16(),
        why,
        support: answer.support.clone(),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::BoxFuture;

    use super::*;
    use crate::config::Settings;
    use crate::constant_contact::{ConstantContact, PermitRefused};

    struct Refuse;
    impl RequestPermits for Refuse {
        fn acquire(&self, _: RequestKind) -> BoxFuture<'_, Result<(), PermitRefused>> {
            Box::pin(async { Err(PermitRefused::Stopped) })
        }
    }

    fn client(api_url: &str) -> ApiClient {
        let mut config = ClientConfig::from_settings(&Settings::defaults());
        config.api_url = api_url.parse().unwrap();
        ConstantContact::new(config).unwrap().api(Arc::new(Refuse))
    }

    #[tokio::test]
    async fn addresses_are_built_under_the_base() {
        for base in ["https://api.cc.email/v3", "https://api.cc.email/v3/"] {
            let url = client(base).url(&["activities", "a/b?c"], &[("limit", "500"), ("q", "a b")]);
            assert_eq!(
                url.as_str(),
                "https://api.cc.email/v3/activities/a%2Fb%3Fc?limit=500&q=a+b"
            );
        }
    }

    #[tokio::test]
    async fn links_stay_on_the_host_and_keep_their_cursor() {
        let api = client("https://api.cc.email/v3");
        let followed = |href| api.follow(href).map(String::from);
        assert_eq!(
            followed("/v3/contacts?limit=50&cursor=bGltaXQ%3D%3D+x").unwrap(),
            "https://api.cc.email/v3/contacts?limit=50&cursor=bGltaXQ%3D%3D+x"
        );
        assert!(followed("https://api.cc.email/v3/contacts?cursor=1").is_ok());
        for href in [
            "https://evil.example/v3/contacts",
            "//evil.example/v3/contacts",
            "\\\\evil.example\\v3",
            "http://api.cc.email/v3/contacts",
            "https://api.cc.email:8443/v3/contacts",
            "https://api.cc.email@evil.example/",
            "https://user:pass@api.cc.email/v3/contacts",
            "https://",
            "file:///etc/passwd",
            "data:application/json,{}",
        ] {
            assert!(followed(href).is_err(), "{href}");
        }
    }
}
