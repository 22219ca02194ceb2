//! The only place that knows everyone: opens the database, starts the services and binds the pages.
//!
//! `serve`, `demo` and the tests start the very same application through [`Application::build`]. What is shared is
//! opened in `services`; what runs beside the pages is in `background`.

mod background;
mod cookie;
mod services;
mod uses;

pub use services::Services;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{self, Data, FormConfig, PathConfig, QueryConfig, ServiceConfig};
use actix_web::{App, HttpServer};
use anyhow::Context;

use crate::auth;
use crate::clock::Clock;
use crate::config::Settings;
use crate::connections;
use crate::exports;
use crate::notices;
use crate::privacy;
use crate::refresh;
use crate::runs;
use crate::segments;
use crate::sources;
use crate::system;
use crate::web::headers::SecurityHeaders;
use crate::web::{
    PageError, assets, csrf, errors, guard_session_store, headers, load_visit, nearest_page,
};

/// Requests in progress get this long to finish after a stop signal.
const SHUTDOWN_SECONDS: u64 = 10;
/// A client has this long to send its request head.
const REQUEST_HEAD_TIMEOUT: Duration = Duration::from_secs(15);

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
        let cookie_key = Arc::new(cookie::key(&services.key));
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
                        .limit(csrf::LARGEST_FORM_BYTES)
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
                        .wrap(cookie::sessions(&shared.sessions, &cookie_key, is_https))
                        .wrap(from_fn(guard_session_store))
                        .configure(pages)
                        .default_service(web::to(nearest_page)),
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
        let recounting = tokio::spawn(background::recount_after_loads(self.services.clone()));
        let resuming = tokio::spawn(background::resume_after_sign_in(self.services.clone()));
        let keeping = tokio::spawn(background::keep_sign_ins_alive(self.services.clone()));
        let engine = self.services.engine.start();
        let checks = self.services.checks.start();
        let erasing = tokio::spawn((**self.services.erasures).clone().serve());
        let telling = tokio::spawn((**self.services.courier).clone().serve());
        let sweeping = tokio::spawn(self.services.sweeper.clone().serve());
        let following = tokio::spawn(system::general::follow((**self.services.db).clone()));
        let refreshing = tokio::spawn((**self.services.refresher).clone().serve());
        let ticking = tokio::spawn((**self.services.ticker).clone().serve());
        let result = self.server.await;
        tracing::info!("no page is answered any more");
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
