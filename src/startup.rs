//! The only file that knows everyone: opens the database, starts the services and binds the pages.
//!
//! `serve`, `demo` and the tests start the very same application through [`Application::build`].

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_session::SessionMiddleware;
use actix_session::config::{CookieContentSecurity, PersistentSession, SessionLifecycle};
use actix_web::cookie::time::Duration as CookieDuration;
use actix_web::cookie::{Key, SameSite};
use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{self, Data, FormConfig, PathConfig, QueryConfig, ServiceConfig};
use actix_web::{App, HttpServer};
use anyhow::Context;
use futures_util::future::BoxFuture;
use sea_orm::{DatabaseConnection, DatabaseTransaction, DbErr};
use secrecy::ExposeSecret;
use tokio::sync::broadcast::error::RecvError;
use uuid::Uuid;

use crate::auth::openid::Providers;
use crate::auth::{self, SetUpState};
use crate::clock::Clock;
use crate::config::Settings;
use crate::connections::{self, Connections, Dependent, Dependents, Uses};
use crate::exports;
use crate::notices::{self, Courier};
use crate::privacy;
use crate::privacy::erase::Erasures;
use crate::profiles::{PostgresSnapshots, Snapshots, SqliteSnapshots};
use crate::refresh::{self, OldJobs, Refresher, Ticker};
use crate::runs::{self, Checks, Desk, Engine, HeldSnapshots, Pace};
use crate::segments::{self, Members, SegmentUse, SegmentUses};
use crate::sources::{self, Loads, Uploads};
use crate::storage::{self, MasterKey};
use crate::system;
use crate::system::sweeper::Sweeper;
use crate::web::headers::SecurityHeaders;
use crate::web::{
    BrowserSessions, PageError, assets, csrf, errors, guard_session_store, headers, load_visit,
};

/// Requests in progress get this long to finish after a stop signal.
const SHUTDOWN_SECONDS: u64 = 10;
/// A client has this long to send its request head.
const REQUEST_HEAD_TIMEOUT: Duration = Duration::from_secs(15);

/// What handlers and services share. Cheap to clone.
#[derive(Clone)]
pub struct Services {
    /// Settings.
    pub settings: Data<Settings>,
    /// Application database.
    pub db: Data<DatabaseConnection>,
    /// Master key.
    pub key: Data<MasterKey>,
    /// Clock.
    pub clock: Data<Clock>,
    /// OpenID Connect providers people sign in through.
    pub providers: Data<Providers>,
    /// Where browser sessions keep their content.
    pub sessions: Data<BrowserSessions>,
    /// Whether the first user exists.
    pub set_up: Data<SetUpState>,
    /// Loads of sources, and through it the snapshots.
    pub loads: Data<Loads>,
    /// Files on their way from a browser.
    pub uploads: Data<Uploads>,
    /// Counts members of segments.
    pub members: Data<Members>,
    /// Exports that send a segment.
    pub segment_uses: Data<dyn SegmentUses>,
    /// Connections: tokens, request limits, applications.
    pub connections: Data<Connections>,
    /// Works on runs while the application runs.
    pub engine: Data<Engine>,
    /// Works on checks while the application runs.
    pub checks: Data<Checks>,
    /// Works on erasures while the application runs.
    pub erasures: Data<Erasures>,
    /// Tells people and machines of notices while the application runs.
    pub courier: Data<Courier>,
    /// Removes what has been kept long enough, while the application runs.
    pub sweeper: Sweeper,
    /// Works on refresh jobs while the application runs.
    pub refresher: Data<Refresher>,
    /// Starts what is due, while the application runs.
    pub ticker: Data<Ticker>,
}

impl Services {
    /// Creates the data directory, opens and migrates the database, loads the master key.
    ///
    /// # Errors
    /// Anything that stands in the way, with what was being attempted.
    pub async fn open(settings: Settings, clock: Clock) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&settings.data_dir).with_context(|| {
            format!(
                "cannot create the data directory {}",
                settings.data_dir.display()
            )
        })?;
        let db = storage::connect(&settings.database_url())
            .await
            .context("cannot open the database")?;
        storage::migrate(&db, &settings.database_url())
            .await
            .context("cannot migrate the database")?;
        storage::audit::adopt(&db)
            .await
            .context("cannot chain the audit log")?;
        let key = MasterKey::load_or_create(&settings.master_key_file())
            .context("cannot load the master key")?;
        let snapshots = snapshots(&settings).context("cannot open the snapshots")?;
        let loads = Loads::new(db.clone(), snapshots.clone(), clock.clone());
        let uploads = Uploads::open(&settings.data_dir).context("cannot open the uploads")?;
        let members = Members::new(db.clone(), snapshots, clock.clone());
        let connections = Connections::new(
            db.clone(),
            key.clone(),
            clock.clone(),
            &settings,
            Arc::new(ExportsUsing),
        )?;
        let desk = Desk {
            db: db.clone(),
            clock: clock.clone(),
            loads: loads.clone(),
            connections: connections.clone(),
            pace: Pace {
                outcome_wait: Duration::from_secs(3600 * u64::from(settings.outcome_wait_hours)),
                ..Pace::REAL.sped_up(settings.engine_speed)
            },
        };
        let engine = Engine::new(desk.clone());
        let erasures = Erasures::new(desk.clone(), members.clone());
        let checks = Checks::new(desk);
        let refresher = Refresher::new(
            db.clone(),
            clock.clone(),
            connections.clone(),
            loads.clone(),
            members.clone(),
            engine.clone(),
        );
        let ticker = Ticker::new(
            db.clone(),
            clock.clone(),
            connections.clone(),
            loads.clone(),
            engine.clone(),
            refresher.clone(),
        );
        let held = HeldSnapshots::new(db.clone(), loads.clone(), settings.rows_kept_days);
        let courier = Courier::new(db.clone(), key.clone(), clock.clone(), &settings)?;
        let sweeper = Sweeper::new(
            db.clone(),
            clock.clone(),
            vec![
                Arc::new(held),
                Arc::new(runs::retention::RunDetails(db.clone())),
                Arc::new(notices::deliver::OldDeliveries(db.clone())),
                Arc::new(OldJobs(db.clone())),
            ],
        );
        let providers = Providers::new(&settings).context("cannot set up sign-ins")?;
        let sessions = BrowserSessions::new(&settings.session_store)
            .await
            .context("cannot set up the session store")?;
        Ok(Self {
            sessions: Data::new(sessions),
            providers: Data::new(providers),
            settings: Data::new(settings),
            db: Data::new(db),
            key: Data::new(key),
            clock: Data::new(clock),
            set_up: Data::new(SetUpState::new()),
            loads: Data::new(loads),
            uploads: Data::new(uploads),
            members: Data::new(members),
            segment_uses: Data::from(Arc::new(ExportsSending) as Arc<dyn SegmentUses>),
            connections: Data::new(connections),
            engine: Data::new(engine),
            checks: Data::new(checks),
            erasures: Data::new(erasures),
            courier: Data::new(courier),
            sweeper,
            refresher: Data::new(refresher),
            ticker: Data::new(ticker),
        })
    }

    /// Cleans up after processes that have ended. Before the first request, because it takes files nobody knows for
    /// leftovers.
    async fn sweep(&self) -> anyhow::Result<()> {
        let chosen = system::general::take_effect(&self.db).await;
        chosen.context("cannot read language and format of the installation")?;
        let swept = self.loads.sweep().await;
        swept.context("cannot clean up after earlier loads")?;
        let checked = connections::store::check_seals(&self.db, &self.key, self.clock.now()).await;
        checked.context("cannot check the connections")?;
        let swept = self.uploads.sweep(&self.db, self.clock.now()).await;
        swept.context("cannot clean up after earlier uploads")
    }
}

/// Snapshots lie in PostgreSQL where the application's state does, and in files beside SQLite otherwise.
fn snapshots(settings: &Settings) -> anyhow::Result<Arc<dyn Snapshots>> {
    let url = settings.database_url();
    if storage::is_postgres(&url) {
        let runtime = tokio::runtime::Handle::current();
        let snapshots = PostgresSnapshots::new(url.expose_secret(), runtime)?;
        Ok(Arc::new(snapshots))
    } else {
        Ok(Arc::new(SqliteSnapshots::open(&settings.data_dir)?))
    }
}

/// The running web application.
pub struct Application {
    server: Server,
    address: SocketAddr,
    services: Services,
}

impl Application {
    /// Binds the listening address and starts answering once [`Application::run`] is awaited.
    ///
    /// # Errors
    /// The address is taken, or [`Services::open`]'s.
    pub async fn build(settings: Settings, clock: Clock) -> anyhow::Result<Self> {
        let services = Services::open(settings, clock).await?;
        services.sweep().await?;
        let shared = services.clone();
        let security = Data::new(SecurityHeaders::new(&services.settings));
        let metrics = Data::new(system::Metrics::new());
        let accounts = Data::new(exports::Accounts::new(
            (**services.connections).clone(),
            (**services.clock).clone(),
        ));
        let cookie_key = Arc::new(cookie_key(&services.key));
        let is_https = services.settings.is_public_https();
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.settings.clone())
                .app_data(shared.db.clone())
                .app_data(shared.key.clone())
                .app_data(shared.clock.clone())
                .app_data(shared.set_up.clone())
                .app_data(shared.providers.clone())
                .app_data(shared.sessions.clone())
                .app_data(shared.loads.clone())
                .app_data(shared.uploads.clone())
                .app_data(shared.members.clone())
                .app_data(shared.segment_uses.clone())
                .app_data(shared.connections.clone())
                .app_data(accounts.clone())
                .app_data(shared.engine.clone())
                .app_data(shared.refresher.clone())
                .app_data(shared.checks.clone())
                .app_data(shared.erasures.clone())
                .app_data(shared.courier.clone())
                .app_data(security.clone())
                .app_data(metrics.clone())
                .app_data(
                    FormConfig::default()
                        .limit(1024 * 1024)
                        .error_handler(|_, _| PageError::BadRequest.into()),
                )
                .app_data(QueryConfig::default().error_handler(|_, _| PageError::BadRequest.into()))
                .app_data(PathConfig::default().error_handler(|_, _| PageError::NotFound.into()))
                .wrap(Compress::default())
                .wrap(from_fn(headers::add))
                .wrap(from_fn(system::metrics::measure))
                .configure(system::health::routes)
                .configure(system::metrics::routes)
                .route("/static/{version}/{file:.*}", web::get().to(assets::serve))
                .service(
                    web::scope("")
                        .wrap(from_fn(notices::count_unread))
                        .wrap(from_fn(csrf::guard))
                        .wrap(from_fn(load_visit))
                        .wrap(from_fn(errors::draw))
                        .wrap(sessions(&shared.sessions, &cookie_key, is_https))
                        .wrap(from_fn(guard_session_store))
                        .configure(pages)
                        .default_service(web::to(|| async {
                            Err::<String, _>(PageError::NotFound)
                        })),
                )
        })
        // Without it every answer of more than one segment waits some 40 ms for the browser's delayed acknowledgement.
        .tcp_nodelay(true)
        .client_request_timeout(REQUEST_HEAD_TIMEOUT)
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .disable_signals()
        .bind(services.settings.listen)
        .with_context(|| format!("cannot listen on {}", services.settings.listen))?;
        let address = *server.addrs().first().context("no listening address")?;
        Ok(Self {
            server: server.run(),
            address,
            services,
        })
    }

    /// The address bound, with the port the system chose when the setting says 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What handlers and services share.
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// Stops the server from outside.
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// Answers requests and works on runs until stopped; then runs in progress come to a safe point.
    ///
    /// # Errors
    /// The server's.
    pub async fn run(self) -> std::io::Result<()> {
        let recounting = tokio::spawn(recount_after_loads(self.services.clone()));
        let resuming = tokio::spawn(resume_after_sign_in(self.services.clone()));
        let keeping = tokio::spawn(keep_sign_ins_alive(self.services.clone()));
        let engine = self.services.engine.start();
        let checks = self.services.checks.start();
        let erasing = tokio::spawn((**self.services.erasures).clone().serve());
        let telling = tokio::spawn((**self.services.courier).clone().serve());
        let sweeping = tokio::spawn(self.services.sweeper.clone().serve());
        let following = tokio::spawn(system::general::follow((**self.services.db).clone()));
        let refreshing = tokio::spawn((**self.services.refresher).clone().serve());
        let ticking = tokio::spawn((**self.services.ticker).clone().serve());
        let result = self.server.await;
        ticking.abort();
        refreshing.abort();
        following.abort();
        checks.stop().await;
        engine.stop().await;
        self.services.loads.stop().await;
        recounting.abort();
        sweeping.abort();
        telling.abort();
        erasing.abort();
        resuming.abort();
        keeping.abort();
        result
    }
}

/// Keeps member counts up with the profiles: a load does not know segments, so this is where the two meet.
async fn recount_after_loads(services: Services) {
    let mut published = services.loads.published();
    loop {
        match published.recv().await {
            Ok(source_id) => {
                if let Err(error) = services.members.recount(source_id).await {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "segments not counted"
                    );
                }
            }
            // Members of the sources missed are counted when somebody asks; their pages say how old the count is.
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

/// Runs that wait for a sign-in go on as soon as there is one: connections do not know runs, so the two meet here.
async fn resume_after_sign_in(services: Services) {
    let mut authenticated = services.connections.authenticated();
    // Behind or not, every waiting run looks again.
    while let Ok(_) | Err(RecvError::Lagged(_)) = authenticated.recv().await {
        match runs::store::wake_sign_in_waits(&services.db).await {
            Ok(()) => services.engine.wake(),
            Err(error) => tracing::warn!(%error, "waiting runs were not told of a sign-in"),
        }
    }
}

/// How often idle connections are looked after; a little less or more, so that replicas do not come together.
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(6 * 3600);

/// Renews what would die of not being used.
async fn keep_sign_ins_alive(services: Services) {
    loop {
        if let Err(error) = services.connections.keep_alive(services.clock.now()).await {
            tracing::warn!(%error, "idle connections were not looked after");
        }
        tokio::time::sleep(KEEP_ALIVE_EVERY.mul_f64(0.8 + 0.4 * fastrand::f64())).await;
    }
}

/// Exports stand in the way of removing the connection they use.
struct ExportsUsing;

impl Dependents for ExportsUsing {
    fn using<'a>(
        &'a self,
        transaction: &'a DatabaseTransaction,
        connection_id: Uuid,
    ) -> BoxFuture<'a, Result<Uses, DbErr>> {
        Box::pin(async move {
            let found =
                exports::store::exports_using_connection(transaction, connection_id).await?;
            let total = exports::store::count_using_connection(transaction, connection_id).await?;
            let exports = found.into_iter().map(|export| Dependent {
                id: export.id,
                name: export.name,
            });
            Ok(Uses {
                exports: exports.collect(),
                total,
            })
        })
    }
}

/// Exports stand in the way of removing a segment they send.
struct ExportsSending;

impl SegmentUses for ExportsSending {
    fn using<'a>(
        &'a self,
        transaction: &'a DatabaseTransaction,
        segment_id: Uuid,
    ) -> BoxFuture<'a, Result<Vec<SegmentUse>, DbErr>> {
        Box::pin(async move {
            let uses = exports::store::exports_using_segment(transaction, segment_id).await?;
            let uses = uses.into_iter().map(|export| SegmentUse {
                id: export.id,
                name: export.name,
            });
            Ok(uses.collect())
        })
    }
}

/// Every page; each concept hands over its routes.
fn pages(config: &mut ServiceConfig) {
    auth::pages::routes(config);
    exports::pages::routes(config);
    segments::pages::routes(config);
    connections::pages::routes(config);
    runs::pages::routes(config);
    privacy::pages::routes(config);
    refresh::pages::routes(config);
    system::routes(config);
    notices::pages::routes(config);
    sources::pages::routes(config);
}

fn cookie_key(master: &MasterKey) -> Key {
    Key::from(
        &[
            master.derive("cookie signing"),
            master.derive("cookie encryption"),
        ]
        .concat(),
    )
}

fn sessions(
    store: &BrowserSessions,
    key: &Key,
    is_https: bool,
) -> SessionMiddleware<BrowserSessions> {
    SessionMiddleware::builder(store.clone(), key.clone())
        .cookie_name("listbridge_session".into())
        .cookie_secure(is_https)
        .cookie_http_only(true)
        .cookie_same_site(SameSite::Lax)
        .cookie_content_security(CookieContentSecurity::Private)
        .session_lifecycle(SessionLifecycle::PersistentSession(
            PersistentSession::default().session_ttl(CookieDuration::days(7)),
        ))
        .build()
}
