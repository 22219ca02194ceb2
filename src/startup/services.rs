//! What handlers and services share: opened once, in the order in which they need each other.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use anyhow::Context;
use sea_orm::DatabaseConnection;
use secrecy::ExposeSecret;

use super::uses::{ExportsSending, ExportsUsing};
use crate::auth::SetUpState;
use crate::auth::openid::Providers;
use crate::clock::Clock;
use crate::config::Settings;
use crate::connections::{self, Connections};
use crate::notices::{self, Courier};
use crate::privacy::erase::Erasures;
use crate::profiles::{PostgresSnapshots, Snapshots, SqliteSnapshots};
use crate::refresh::{OldJobs, Refresher, Ticker};
use crate::runs::{self, Checks, Desk, Engine, HeldSnapshots, Pace};
use crate::segments::{Members, SegmentUses};
use crate::sources::{Loads, Uploads};
use crate::storage::{self, MasterKey};
use crate::system;
use crate::system::sweeper::Sweeper;
use crate::web::BrowserSessions;

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
    pub(super) async fn sweep(&self) -> anyhow::Result<()> {
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
