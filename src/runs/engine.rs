//! The engine: takes runs one after the other, several at a time, works on each until it ends or pauses, and gives back
//! what it cannot finish.
//!
//! A run that is interrupted anywhere is taken again by this or another engine and goes on from its recorded parts: see
//! [`super`] for why that is safe at every instant.

use std::sync::Arc;

use jiff::SignedDuration;
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, JoinSet};
use uuid::Uuid;

use super::account::Account;
use super::brake;
use super::control::{Control, Interrupt};
use super::deliver::Delivery;
use super::desk::Desk;
use super::follow;
use super::leavers;
use super::mirror;
use super::outcome::{Ending, Outcome};
use super::preflight;
use super::remembered;
use super::retry::Backoff;
use super::run::{Phase, Run, RunState};
use super::store::{self, Lease, Progress, StoreError};
use super::vendor::{Patience, Vendor};
use super::waiting::{Waiting, WaitingFor};
use crate::exports::Mode;

/// How long a run is left alone after the database failed under it.
const DATABASE_PAUSE: SignedDuration = SignedDuration::from_secs(5);
/// How often a run looks whether somebody has signed in again, in another process; in this one it is told.
const SIGN_IN_LOOK: SignedDuration = SignedDuration::from_secs(60);

/// Works on runs. Cheap to clone; clones are one engine.
#[derive(Clone)]
pub struct Engine {
    desk: Arc<Desk>,
    wake: Arc<Notify>,
    stop: watch::Sender<bool>,
}

/// What one step of the engine did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tick {
    /// There was nothing to do.
    Idle,
    /// A run was worked on until it ended.
    Ended(Uuid, Ending),
    /// A run was worked on and given back, or taken away, unfinished.
    Interrupted(Uuid),
}

/// A started engine.
pub struct RunningEngine {
    engine: Engine,
    task: JoinHandle<()>,
}

impl Engine {
    /// An engine that does nothing yet.
    pub fn new(desk: Desk) -> Self {
        Self {
            desk: Arc::new(desk),
            wake: Arc::default(),
            stop: watch::channel(false).0,
        }
    }

    /// Makes the engine look at once for a run that was asked for or canceled in this process.
    pub fn wake(&self) {
        self.wake.notify_waiters();
        self.wake.notify_one();
    }

    /// Takes no more runs, and lets those in progress come to a safe point; [`RunningEngine::stop`] waits for that.
    pub fn stop_taking(&self) {
        self.stop.send_replace(true);
    }

    /// Takes one run, if there is one, and works on it until it ends or is interrupted.
    ///
    /// # Errors
    /// The database's.
    pub async fn tick(&self) -> Result<Tick, StoreError> {
        match self.claim(None).await? {
            Some((lease, run)) => Ok(self.work(lease, run).await),
            None => Ok(Tick::Idle),
        }
    }

    /// Works on one run, if nobody else does; for a command that waits for its run.
    ///
    /// # Errors
    /// The database's.
    pub async fn tick_run(&self, run_id: Uuid) -> Result<Tick, StoreError> {
        match self.claim(Some(run_id)).await? {
            Some((lease, run)) => Ok(self.work(lease, run).await),
            None => Ok(Tick::Idle),
        }
    }

    /// Starts working in the background.
    pub fn start(&self) -> RunningEngine {
        RunningEngine {
            engine: self.clone(),
            task: tokio::spawn(self.clone().serve()),
        }
    }

    async fn serve(self) {
        let mut stop = self.stop.subscribe();
        let mut runs = JoinSet::new();
        while !*stop.borrow() {
            while runs.len() < self.desk.pace.runs_at_once {
                match self.claim(None).await {
                    Ok(Some((lease, run))) => {
                        let engine = self.clone();
                        runs.spawn(async move {
                            engine.work(lease, run).await;
                        });
                    }
                    Ok(None) => break,
                    Err(error) => {
                        tracing::error!(%error, "no run could be taken");
                        break;
                    }
                }
            }
            tokio::select! {
                () = tokio::time::sleep(self.desk.pace.idle) => {}
                () = self.wake.notified() => {}
                Some(ended) = runs.join_next() => {
                    if let Err(error) = ended {
                        tracing::error!(%error, "a run stopped unexpectedly");
                    }
                }
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
        let all_ended = async { while runs.join_next().await.is_some() {} };
        if tokio::time::timeout(self.desk.pace.stop_grace, all_ended)
            .await
            .is_err()
        {
            tracing::warn!(
                runs = runs.len(),
                "runs left in the middle; they go on after the next start"
            );
        }
    }

    async fn claim(&self, only: Option<Uuid>) -> Result<Option<(Lease, Run)>, StoreError> {
        let lease = SignedDuration::try_from(self.desk.pace.lease).unwrap_or_default();
        // An owner of its own for each claim: an engine that lost a run and takes it again is somebody else.
        let owner = Uuid::now_v7();
        let now = self.desk.clock.now();
        store::claim_next(&self.desk.db, owner, now, lease, only).await
    }

    /// Works on a run and records how that ended.
    async fn work(&self, lease: Lease, run: Run) -> Tick {
        let desk = &self.desk;
        tracing::info!(run = %run.id, claims = run.claims, "run taken");
        let control = Arc::new(Control::new(
            lease,
            desk.pace,
            desk.clock.clone(),
            desk.db.clone(),
        ));
        // Boxed: the whole run would make every future that holds it as large.
        let work = Box::pin(async {
            let worked = self.run(&control, &run).await;
            let worked = self.wait_for_sign_in(&run, worked).await;
            self.conclude(&control, &run, worked).await
        });
        // Boxed: it holds the whole run, and callers keep it in futures of their own.
        let work = Box::pin(work);
        match control.guard(work, self.stop.subscribe(), &self.wake).await {
            Ok(tick) => {
                if let Tick::Ended(..) = tick {
                    // Not under the lease, which the run's end has given back.
                    desk.tidy().await;
                }
                tick
            }
            Err(interrupt) => {
                tracing::warn!(run = %run.id, ?interrupt, "run left as it is recorded");
                Tick::Interrupted(run.id)
            }
        }
    }

    /// A run whose connection has lost its sign-in does not fail at once: it gives its place to others and looks again
    /// until somebody has signed in, or too long has passed.
    async fn wait_for_sign_in(
        &self,
        run: &Run,
        worked: Result<Outcome, Interrupt>,
    ) -> Result<Outcome, Interrupt> {
        let is_sign_in_lost = matches!(
            &worked,
            Err(Interrupt::End(outcome)) if outcome.ending == Ending::SignInAgain
        );
        let Some(id) = run.definition.connection_id.filter(|_| is_sign_in_lost) else {
            return worked;
        };
        let now = self.desk.clock.now();
        match self.desk.connections.sign_in_awaited_until(id, now).await? {
            Some(until) => Err(Interrupt::Pause(Waiting {
                reason: WaitingFor::SignIn,
                until: until.min(now + SIGN_IN_LOOK),
            })),
            None => worked,
        }
    }

    /// Everything from the first check to the last activity.
    async fn run(&self, control: &Arc<Control>, run: &Run) -> Result<Outcome, Interrupt> {
        let desk = &self.desk;
        let go_on = control.check_now().await;
        let connection_id = match preflight::connection(desk, &run.definition).await {
            Ok(id) => id,
            Err(interrupt) => return go_on.and(Err(interrupt)),
        };
        let mut vendor = Vendor::new(control.clone(), desk.connections.clone(), connection_id);
        let worked = match go_on {
            Ok(()) => self.deliver_patiently(control, run, &mut vendor).await,
            Err(interrupt) => Err(interrupt),
        };
        control.close();
        if let Err(Interrupt::Cancel | Interrupt::End(_) | Interrupt::Profiles) = worked {
            follow::last_looks(desk, &mut vendor, run).await;
            mirror::last_looks(desk, control, &mut vendor, run).await;
        }
        worked
    }

    /// While the profiles cannot be read, they are read again from the start: the parts that have arrived come out the
    /// same and are not sent again.
    async fn deliver_patiently(
        &self,
        control: &Arc<Control>,
        run: &Run,
        vendor: &mut Vendor,
    ) -> Result<Outcome, Interrupt> {
        let db = &self.desk.db;
        // Boxed: the whole run would make every future that holds it as large.
        let mut worked = Box::pin(self.deliver_and_follow(control, run, vendor)).await;
        let (mut patience, mut sent) = (Patience::new(), None);
        while let Err(Interrupt::Profiles) = worked {
            let parts = store::parts(db, run.id).await?.len();
            if sent.replace(parts) != Some(parts) {
                patience = Patience::new();
            }
            let Some(wait) = patience.wait(Backoff::UNAVAILABLE, control.pace) else {
                break;
            };
            control.wait(wait, Some(WaitingFor::Profiles)).await?;
            control.stop_showing_wait().await?;
            let run = store::get(db, run.id).await?;
            worked = Box::pin(self.deliver_and_follow(control, &run, vendor)).await;
        }
        worked
    }

    async fn deliver_and_follow(
        &self,
        control: &Arc<Control>,
        run: &Run,
        vendor: &mut Vendor,
    ) -> Result<Outcome, Interrupt> {
        let desk = &self.desk;
        if !run.is_planned {
            let recorded = store::parts(&desk.db, run.id).await?;
            let is_begun = !recorded.is_empty();
            self.enter(
                control,
                if is_begun {
                    Phase::Sending
                } else {
                    Phase::Checking
                },
            )
            .await?;
            let inputs = match &run.inputs {
                Some(inputs) => inputs.clone(),
                None => self.freeze(control, run).await?,
            };
            let ready = preflight::prepare(desk, &run.definition, &inputs).await?;
            if !is_begun
                && let Some(last) = remembered::same_as_last(desk, run, &inputs, &ready).await?
            {
                preflight::target(vendor, &run.definition).await?;
                remembered::nothing_changed(desk, control, &last).await?;
                return self.account(control, run, vendor).await;
            }
            let inputs = leavers::look(desk, control, vendor, run, inputs).await?;
            let (export_id, definition) = (run.export_id, &run.definition);
            let ready = remembered::onto(desk, export_id, definition, &inputs, ready).await?;
            let members = match run.members {
                Some(members) => members,
                None => preflight::count(desk, &ready).await?,
            };
            if !is_begun {
                preflight::target(vendor, &run.definition).await?;
                brake::hold(desk, control, run, &inputs, &ready, members).await?;
                let progress = Progress {
                    phase: Some(Phase::Sending),
                    members: Some(members),
                    requests: control.take_requests(),
                    ..Progress::default()
                };
                control.lease.progress(&desk.db, progress).await?;
            }
            let mut delivery = Delivery {
                desk,
                control,
                vendor,
                run,
            };
            delivery.deliver(ready, members, recorded).await?;
        }
        self.account(control, run, vendor).await
    }

    /// Waits for the activities and accounts for every row.
    async fn account(
        &self,
        control: &Arc<Control>,
        run: &Run,
        vendor: &mut Vendor,
    ) -> Result<Outcome, Interrupt> {
        let parts = follow::follow(&self.desk, control, vendor, run).await?;
        let run = store::get(&self.desk.db, run.id).await?;
        let outcome = Account::of(&run, &parts).outcome(&parts);
        if outcome.ending.state() == RunState::Successful
            && run.definition.delivery.mode == Mode::Mirror
        {
            mirror::mirror(&self.desk, control, vendor, &run).await?;
        }
        Ok(outcome)
    }

    async fn freeze(&self, control: &Control, run: &Run) -> Result<super::run::Inputs, Interrupt> {
        let mut inputs = self.desk.freeze(run.id, &run.definition).await?;
        inputs.delivered = remembered::begin(&self.desk, run).await?;
        let progress = Progress {
            inputs: Some(inputs.clone()),
            ..Progress::default()
        };
        control.lease.progress(&self.desk.db, progress).await?;
        Ok(inputs)
    }

    async fn enter(&self, control: &Control, phase: Phase) -> Result<(), Interrupt> {
        let progress = Progress {
            phase: Some(phase),
            ..Progress::default()
        };
        Ok(control.lease.progress(&self.desk.db, progress).await?)
    }

    /// Records how the work on a run ended.
    async fn conclude(
        &self,
        control: &Control,
        run: &Run,
        worked: Result<Outcome, Interrupt>,
    ) -> Result<Tick, Interrupt> {
        let (lease, db) = (control.lease, &self.desk.db);
        let now = self.desk.clock.now();
        let outcome = match worked {
            Ok(outcome) | Err(Interrupt::End(outcome)) => outcome,
            Err(Interrupt::Cancel) => Ending::Canceled.into(),
            Err(Interrupt::Profiles) => Ending::SnapshotUnreadable.into(),
            Err(Interrupt::Stop) => {
                lease.release(db, None, control.take_requests()).await?;
                return Ok(Tick::Interrupted(run.id));
            }
            Err(Interrupt::Pause(waiting)) => {
                tracing::info!(run = %run.id, until = %waiting.until, "run pauses");
                lease
                    .release(db, Some(waiting), control.take_requests())
                    .await?;
                return Ok(Tick::Interrupted(run.id));
            }
            Err(Interrupt::Database(error)) => {
                tracing::error!(run = %run.id, %error, "the database failed under a run");
                let waiting = Waiting {
                    reason: WaitingFor::Storage,
                    until: now + DATABASE_PAUSE,
                };
                lease
                    .release(db, Some(waiting), control.take_requests())
                    .await?;
                return Ok(Tick::Interrupted(run.id));
            }
            Err(Interrupt::Lost) => return Err(Interrupt::Lost),
        };
        let ending = outcome.ending;
        lease
            .finish(db, &outcome, control.take_requests(), now)
            .await?;
        tracing::info!(run = %run.id, outcome = ending.code(), "run ended");
        Ok(Tick::Ended(run.id, ending))
    }
}

impl RunningEngine {
    /// The engine that runs.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Stops taking runs, lets those in progress come to a safe point and be given back, in at most
    /// [`super::Pace::stop_grace`]; what takes longer is left as it is recorded.
    pub async fn stop(self) {
        self.engine.stop_taking();
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the engine stopped unexpectedly");
        }
    }

    /// Ends the engine where it stands, as a killed process would.
    pub fn kill(self) {
        self.task.abort();
    }
}
