//! Starts, stops and holds the sandbox: the web server, the working thread and the state between them.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
};

use actix_web::{App, HttpServer, dev::ServerHandle, middleware::from_fn, web};
use jiff::Timestamp;

use super::{
    account, activities,
    activities::ActivityLog,
    book::Book,
    contact::Permission,
    contacts, custom_fields,
    custom_fields::CustomField,
    endpoint::Endpoint,
    errors::Refusal,
    exports,
    faults::{Faults, Struck},
    gate, imports,
    jobs::Jobs,
    limits::{Bucket, DayQuota},
    lists,
    lists::List,
    memberships, oauth,
    options::{Application, Limits, SandboxOptions},
    pages,
    tokens::TokenStore,
    wire,
};

/// A running simulated Constant Contact. Dropping it stops it.
pub struct Sandbox {
    pub(super) core: Arc<Core>,
    addr: SocketAddr,
    server: Option<ServerHandle>,
    worker: Option<JoinHandle<()>>,
}

/// What requests and the working thread share.
pub(super) struct Core {
    pub(super) options: SandboxOptions,
    pub(super) jobs: Jobs,
    state: Mutex<State>,
    /// Of the server that listens now.
    listening: Mutex<Option<ServerHandle>>,
}

/// Everything that changes.
pub(super) struct State {
    pub(super) application: Application,
    pub(super) limits: Limits,
    pub(super) tokens: TokenStore,
    pub(super) book: Book,
    pub(super) activities: ActivityLog,
    pub(super) faults: Faults,
    pub(super) received: Received,
    pub(super) requests: BTreeMap<Endpoint, u64>,
    /// Requests refused with 429, whatever for.
    pub(super) refused: u64,
    second: Bucket,
    token_second: Bucket,
    pub(super) day: DayQuota,
}

/// What imports brought in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// Bytes of request bodies.
    pub bytes: u64,
    /// Rows looked at, headers not counted.
    pub rows: u64,
}

impl Core {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses connections from now on.
    pub(super) fn stop_listening(&self) {
        let server = self
            .listening
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = &*server {
            // The stop command is sent before the returned future is first polled.
            drop(server.stop(false));
        }
    }

    pub(super) fn application(&self) -> Application {
        self.state().application.clone()
    }
}

impl State {
    fn new(options: &SandboxOptions) -> Self {
        Self {
            application: options.application.clone(),
            limits: options.limits,
            tokens: TokenStore::default(),
            book: first_contents(options),
            activities: ActivityLog::default(),
            faults: Faults::default(),
            received: Received::default(),
            requests: BTreeMap::new(),
            refused: 0,
            second: Bucket::default(),
            token_second: Bucket::default(),
            day: DayQuota::default(),
        }
    }

    /// Counts a request and tells the fault planned for it.
    pub(super) fn arrive(&mut self, endpoint: Endpoint) -> Option<Struck> {
        *self.requests.entry(endpoint).or_default() += 1;
        self.faults.strike(endpoint)
    }

    /// Counts a request against the API key.
    pub(super) fn take_request(&mut self, now: Timestamp) -> Result<(), Refusal> {
        if self
            .limits
            .requests_per_day
            .is_some_and(|limit| !self.day.take(limit, now))
        {
            return Err(Refusal::quota_exceeded());
        }
        if self
            .limits
            .requests_per_second
            .is_some_and(|rate| !self.second.take(rate, now))
        {
            return Err(Refusal::throttled());
        }
        Ok(())
    }

    /// Counts a call of the token endpoint; `false` when it comes too soon.
    pub(super) fn take_token_request(&mut self, now: Timestamp) -> bool {
        let rate = self.limits.token_requests_per_second;
        rate.is_none_or(|rate| self.token_second.take(rate, now))
    }
}

fn first_contents(options: &SandboxOptions) -> Book {
    let now = options.clock.now();
    let mut book = Book::default();
    for field in &options.custom_fields {
        book.fields
            .push(CustomField::new(&field.label, &field.kind, now));
    }
    for (position, seed) in options.lists.iter().enumerate() {
        book.lists.push(List::new(&seed.name, now));
        let mut contact = |email: &str| {
            let known = book.find_by_email(email);
            known.unwrap_or_else(|| book.add_contact(email, Permission::Implicit, now))
        };
        let members: Vec<u32> = seed.members.iter().map(|email| contact(email)).collect();
        let unsubscribed: Vec<u32> = seed
            .unsubscribed
            .iter()
            .map(|email| contact(email))
            .collect();
        for member in members {
            book.join(member, position, now);
        }
        for gone in unsubscribed {
            book.unsubscribe(gone, now);
        }
    }
    book
}

impl Sandbox {
    /// Starts listening. Needs a tokio runtime; requests are served on a thread of their own.
    ///
    /// # Errors
    ///
    /// The address is taken or is not loopback.
    pub async fn start(options: SandboxOptions) -> io::Result<Self> {
        if !options.listen.ip().is_loopback() {
            let message = "the sandbox listens on loopback addresses only";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let listen = options.listen;
        let core = Arc::new(Core {
            state: Mutex::new(State::new(&options)),
            jobs: Jobs::default(),
            listening: Mutex::default(),
            options,
        });
        let (server, addr) = serve(&core, listen)?;
        let working = core.clone();
        let worker = std::thread::Builder::new()
            .name("sandbox-activities".to_owned())
            .spawn(move || working.jobs.work(&working))?;
        Ok(Self {
            core,
            addr,
            server: Some(server),
            worker: Some(worker),
        })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://` and the address: the sandbox's own pages.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The authorization page.
    pub fn authorize_url(&self) -> String {
        format!("{}/oauth2/default/v1/authorize", self.base_url())
    }

    /// The token endpoint.
    pub fn token_url(&self) -> String {
        format!("{}/oauth2/default/v1/token", self.base_url())
    }

    /// The revocation endpoint.
    pub fn revoke_url(&self) -> String {
        format!("{}/oauth2/default/v1/revoke", self.base_url())
    }

    /// The API's base, without a slash at the end.
    pub fn api_url(&self) -> String {
        format!("{}/v3", self.base_url())
    }

    /// Stops serving and working. The address is free afterwards.
    pub async fn stop(mut self) {
        self.disconnect().await;
        self.core.jobs.close();
        if let Some(worker) = self.worker.take() {
            // The worker ends after the job in hand, which takes well under a second.
            drop(tokio::task::spawn_blocking(move || worker.join()).await);
        }
    }

    /// Refuses connections from now on; contacts, tokens and activities stay. For tests of an unreachable vendor.
    pub async fn disconnect(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop(false).await;
        }
    }

    /// Listens again at the same address after [`Sandbox::disconnect`].
    ///
    /// # Errors
    ///
    /// Another program has taken the address meanwhile.
    pub async fn reconnect(&mut self) -> io::Result<()> {
        self.disconnect().await;
        let (server, _) = serve(&self.core, self.addr)?;
        self.server = Some(server);
        Ok(())
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.core.jobs.close();
        if let Some(server) = self.server.take() {
            // The stop command is sent before the returned future is first polled.
            drop(server.stop(false));
        }
    }
}

fn serve(core: &Arc<Core>, listen: SocketAddr) -> io::Result<(ServerHandle, SocketAddr)> {
    let data = web::Data::from(core.clone());
    let server = HttpServer::new(move || {
        App::new()
            .app_data(data.clone())
            .app_data(web::PayloadConfig::new(wire::MAX_JSON_BYTES))
            .wrap(from_fn(gate::gate))
            .configure(pages::routes)
            .configure(oauth::routes)
            .configure(account::routes)
            .configure(lists::routes)
            .configure(custom_fields::routes)
            .configure(contacts::routes)
            .configure(activities::routes)
            .configure(imports::routes)
            .configure(memberships::routes)
            .configure(exports::routes)
            .default_service(web::to(unknown_path))
    })
    .workers(1)
    .disable_signals()
    .bind(listen)?;
    let addr = server.addrs().first().copied().unwrap_or(listen);
    let server = server.run();
    let handle = server.handle();
    *core
        .listening
        .lock()
        .unwrap_or_else(PoisonError::into_inner) = Some(handle.clone());
    tokio::spawn(server);
    Ok((handle, addr))
}

async fn unknown_path() -> Result<&'static str, Refusal> {
    Err(Refusal::not_found("The requested resource was not found."))
}
