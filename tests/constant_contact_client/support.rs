//! A stand for the client: a mock server, permits that only count, short timeouts, and a raw server for bad manners.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use listbridge::config::Settings;
use listbridge::constant_contact::{
    AccessToken, ApiClient, AppCredentials, ClientConfig, ConstantContact, OauthClient,
    PermitRefused, RequestKind, RequestPermits,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;
use wiremock::{Mock, MockServer, ResponseTemplate};

pub(crate) const LIST: &str = "06526938-56dd-11e9-932a-fa163ea075fa";
pub(crate) const TOKEN: &str = "the.access.token";

/// Permits everything and remembers what was asked.
#[derive(Default)]
pub(crate) struct Counted(Mutex<Vec<RequestKind>>);

impl RequestPermits for Counted {
    fn acquire(&self, kind: RequestKind) -> BoxFuture<'_, Result<(), PermitRefused>> {
        self.0.lock().unwrap().push(kind);
        Box::pin(async { Ok(()) })
    }
}

impl Counted {
    pub(crate) fn kinds(&self) -> Vec<RequestKind> {
        self.0.lock().unwrap().clone()
    }
}

/// The client and what it talks to.
pub(crate) struct Stand {
    pub(crate) server: MockServer,
    pub(crate) permits: Arc<Counted>,
    pub(crate) api: ApiClient,
    pub(crate) oauth: OauthClient,
}

impl Stand {
    pub(crate) async fn start() -> Self {
        let server = MockServer::start().await;
        let permits = Arc::new(Counted::default());
        let constant_contact = client_of(&server.uri());
        Self {
            api: constant_contact.api(permits.clone()),
            oauth: constant_contact.oauth(permits.clone()),
            server,
            permits,
        }
    }

    /// Answers every request with this status and body.
    pub(crate) async fn always(&self, status: u16, body: &str) {
        self.answer(ResponseTemplate::new(status).set_body_raw(body, "application/json"))
            .await;
    }

    pub(crate) async fn answer(&self, answer: ResponseTemplate) {
        self.server.reset().await;
        Mock::given(wiremock::matchers::any())
            .respond_with(answer)
            .mount(&self.server)
            .await;
    }

    pub(crate) async fn requests(&self) -> Vec<wiremock::Request> {
        self.server.received_requests().await.unwrap()
    }
}

/// A client of the server at this address, such as `http://127.0.0.1:1`.
pub(crate) fn client_of(base: &str) -> ConstantContact {
    client_with(base, |_| ())
}

/// As [`client_of`], but giving up a call soon.
pub(crate) fn impatient_client_of(base: &str) -> ConstantContact {
    client_with(base, |config| {
        config.json_timeout = Duration::from_secs(1);
        config.upload_timeout = Duration::from_secs(1);
        config.download_timeout = Duration::from_secs(2);
    })
}

/// As [`client_of`], but giving up a connection soon.
pub(crate) fn hasty_client_of(base: &str) -> ConstantContact {
    client_with(base, |config| {
        config.connect_timeout = Duration::from_millis(100);
    })
}

fn client_with(base: &str, change: impl FnOnce(&mut ClientConfig)) -> ConstantContact {
    let mut config = ClientConfig::from_settings(&Settings::defaults());
    config.api_url = format!("{base}/v3").parse().unwrap();
    config.token_url = format!("{base}/oauth2/default/v1/token").parse().unwrap();
    change(&mut config);
    ConstantContact::new(config).unwrap()
}

pub(crate) fn permits() -> Arc<Counted> {
    Arc::default()
}

pub(crate) fn token() -> AccessToken {
    AccessToken::new(TOKEN)
}

pub(crate) fn app() -> AppCredentials {
    AppCredentials {
        client_id: "5b7f1f2e-0000-4000-8000-1c2d3e4f5a6b".to_owned(),
        client_secret: "s3cret_Value-42".into(),
    }
}

pub(crate) fn redirect_uri() -> Url {
    "http://localhost:8080/oauth/constant-contact/callback"
        .parse()
        .unwrap()
}

/// How a raw server ends a connection after it has read the head of a request.
#[derive(Clone, Copy)]
pub(crate) enum Manner {
    /// Says this at once, without listening, and closes.
    Interrupt(&'static str),
    /// Says this to the first request of a connection and hangs up on the second.
    AnswerOnce(&'static str),
    /// Says this and closes.
    Close(&'static str),
    /// Says this and resets the connection.
    Reset(&'static str),
    /// Says this and then nothing, without closing.
    Stall(&'static str),
    /// Says this and then zeros until nobody listens.
    Flood(&'static str),
    /// Says this and then a zero now and then until nobody listens.
    Drip(&'static str),
}

/// A server without HTTP manners; it lives until the test's runtime ends.
pub(crate) struct RawServer {
    /// Such as `http://127.0.0.1:1`.
    pub(crate) base: String,
    /// Requests whose head has arrived.
    received: Arc<AtomicUsize>,
}

impl RawServer {
    pub(crate) fn received(&self) -> usize {
        self.received.load(Ordering::SeqCst)
    }
}

pub(crate) async fn raw_server(manner: Manner) -> RawServer {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let received = Arc::new(AtomicUsize::new(0));
    let counter = received.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, manner, counter.clone()));
        }
    });
    RawServer { base, received }
}

async fn serve(mut stream: TcpStream, manner: Manner, received: Arc<AtomicUsize>) {
    if !matches!(manner, Manner::Interrupt(_)) && !read_head(&mut stream, &received).await {
        return;
    }
    let (Manner::Interrupt(text)
    | Manner::AnswerOnce(text)
    | Manner::Close(text)
    | Manner::Reset(text)
    | Manner::Stall(text)
    | Manner::Flood(text)
    | Manner::Drip(text)) = manner;
    let _ = stream.write_all(text.as_bytes()).await;
    match manner {
        Manner::AnswerOnce(_) => {
            read_head(&mut stream, &received).await;
        }
        Manner::Interrupt(_) | Manner::Close(_) => {
            let _ = stream.shutdown().await;
        }
        // Sent data may be lost with the reset, as in life.
        Manner::Reset(_) => stream.set_zero_linger().unwrap(),
        Manner::Stall(_) => std::future::pending().await,
        Manner::Drip(_) => {
            while stream.write_all(b"0").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Manner::Flood(_) => while stream.write_all(&[b'0'; 65_536]).await.is_ok() {},
    }
}

/// Waits for the head of a request and counts it.
async fn read_head(stream: &mut TcpStream, received: &AtomicUsize) -> bool {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read_buf(&mut head).await {
            Ok(0) | Err(_) => return false,
            Ok(_) => {}
        }
    }
    received.fetch_add(1, Ordering::SeqCst);
    true
}
