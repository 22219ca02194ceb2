//! Carries out one cell of the table and tells what came of it.

mod connect;
mod world;

use listbridge::exports::Mode;
use listbridge::runs::checks::{CheckKind, store as checks};
use listbridge::runs::{Ended, Ending, Pace, RunState, Tick};
use listbridge::sandbox::{Endpoint, FaultKind, ImposedOutcome, When};
use listbridge::startup::Services;
use listbridge::storage::entities::notice;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::table::{At, Cell, Given, Outcome, Size, Step};
use crate::checks::worker_with;
use crate::support::{Stage, author, import, people, until, wide_people};

/// What came of a cell.
pub(super) struct Seen {
    outcome: Outcome,
    are_the_right_people: bool,
    has_struck: bool,
}

impl Seen {
    /// What is not as the table says, a line each.
    pub(super) fn differences(&self, cell: &Cell) -> Vec<String> {
        let (must, is) = (&cell.must, &self.outcome);
        let mut lines = Vec::new();
        let mut compare = |what: &str, must: String, is: String| {
            if must != is {
                lines.push(format!(
                    "{:?}, {}: {what} must be {must}, is {is}",
                    cell.at, cell.name
                ));
            }
        };
        compare("end", must.ends.clone(), is.ends.clone());
        compare("pauses", must.pauses.join(", "), is.pauses.join(", "));
        compare("members", must.members.to_string(), is.members.to_string());
        compare("uploads", must.uploads.to_string(), is.uploads.to_string());
        compare("message", must.says.clone(), is.says.clone());
        if !self.are_the_right_people {
            lines.push(format!(
                "{:?}, {}: the wrong people are on the list",
                cell.at, cell.name
            ));
        }
        if !self.has_struck {
            lines.push(format!(
                "{:?}, {}: the fault has never struck",
                cell.at, cell.name
            ));
        }
        lines
    }
}

/// Where a cell about an export is carried out.
pub(super) struct Stand {
    stage: Stage,
    pace: Pace,
    pauses: Vec<String>,
}

impl Stand {
    pub(super) async fn carry_out(cell: &Cell) -> Seen {
        Self::carry_out_and(cell, |_| ()).await
    }

    /// The same, with the world changed before it is looked at.
    pub(super) async fn carry_out_and(cell: &Cell, change: impl FnOnce(&Stage)) -> Seen {
        if cell.at == At::AccountSummary {
            return connect::connect(cell).await;
        }
        let mut stand = Self::new(cell).await;
        if cell.at == At::Removals {
            stand.deliver_and_shrink().await;
        }
        let (ends, says, has_struck) = match cell.at {
            At::ContactExports | At::Download => stand.verify(cell).await,
            _ => stand.run(cell).await,
        };
        stand.stage.sandbox.settle().await;
        change(&stand.stage);
        stand.seen(cell, ends, says, has_struck)
    }

    async fn new(cell: &Cell) -> Self {
        let csv = match cell.size {
            Size::One => people(40),
            Size::Three => wide_people(20_000),
            Size::TwentySix => wide_people(192_500),
        };
        let mut stage = match cell.given {
            Given::Clock(_) | Given::ClockWhileWaiting => {
                Stage::beside_a_vendor_with_its_own_clock(&csv).await
            }
            // The disk is full because SQLite says so.
            Given::DiskFull(_) => Stage::on_sqlite(&csv).await,
            _ => Stage::new(&csv).await,
        };
        let is_endless = matches!(
            cell.given,
            Given::Http(
                FaultKind::NeverEnds | FaultKind::AcceptedLate { status: None, .. },
                _
            )
        );
        if is_endless {
            let mut settings = (**stage.services.settings).clone();
            settings.constant_contact_timeout_seconds = 2;
            settings.constant_contact_upload_timeout_seconds = 2;
            stage.services = Services::open(settings, stage.time.clock()).await.unwrap();
        }
        let lasts = matches!(
            cell.given,
            Given::Http(_, When::Always)
                | Given::NobodyCanTell(_)
                | Given::Http(FaultKind::ActivityOutcome(ImposedOutcome::Stuck), _)
        );
        let pace = Pace {
            quickening: match cell.at {
                _ if lasts => 50_000,
                // Their patience is a minute; answers, and whoever listens again, take as long as they do.
                At::ContactExports | At::Download => 6,
                _ if matches!(cell.given, Given::Refused) => 6,
                _ => 1_000,
            },
            ..Pace::QUICK
        };
        Self {
            stage,
            pace,
            pauses: Vec::new(),
        }
    }

    /// Delivers everybody to an export that mirrors; then 10 of the 40 leave the segments.
    async fn deliver_and_shrink(&mut self) {
        let stage = &mut self.stage;
        stage
            .save_export(|definition| definition.delivery.mode = Mode::Mirror)
            .await;
        stage.run().await;
        let file = stage.dir.path().join("people.csv");
        std::fs::write(&file, people(30)).unwrap();
        import(&stage.services, &file, "People").await;
    }

    /// Runs the export and makes it meet the fault.
    async fn run(&mut self, cell: &Cell) -> (String, String, bool) {
        let needed = self.prepare(cell).await;
        let id = self.stage.request().await;
        match cell.given {
            Given::Refused => {
                let working = self.work();
                self.listen_again().await;
                working.await.unwrap();
            }
            Given::Clock(step) => {
                let working = self.work();
                let uploads = || self.stage.sandbox.requests(Endpoint::ImportFile);
                until("the first upload", async || uploads() == 1).await;
                self.turn_the_clock(step);
                self.stage.sandbox.lift_faults();
                // For ever, if it waited for the old time.
                until("the end", async || working.is_finished()).await;
                working.await.unwrap();
            }
            Given::ClockWhileWaiting => {
                self.engine_tick().await;
                self.note_pause(id).await;
                self.stage.sandbox.lift_faults();
                self.turn_the_clock(Step::Hours(-2));
                self.engine_tick().await;
                let (run, _) = self.stage.read(id).await;
                assert!(run.state.is_finished(), "it waits for the old time");
            }
            Given::Locked(phase) => {
                self.run_with_the_database_locked(phase).await;
                let (run, _) = self.stage.read(id).await;
                assert!(!run.state.is_finished(), "the lock came too late");
            }
            Given::DiskFull(phase) => {
                self.fill_the_disk(phase).await;
                self.engine_tick().await;
                self.note_pause(id).await;
                self.clear_the_disk().await;
            }
            _ => {}
        }
        self.finish(cell, id).await;
        let struck = cell
            .at
            .endpoint()
            .is_none_or(|endpoint| self.stage.sandbox.requests(endpoint) >= needed);
        let (run, parts) = self.stage.read(id).await;
        Stage::account(&run, &parts);
        if cell.size == Size::TwentySix {
            assert_eq!(parts.len(), 26);
        }
        let ended = run.outcome.expect("it has ended");
        let says = self.told(&ended, run.state, run.export_id).await;
        (ended.code, says, struck)
    }

    /// Runs the export, then verifies its delivery, which meets the fault.
    async fn verify(&mut self, cell: &Cell) -> (String, String, bool) {
        let (run, _) = self.stage.run().await;
        let needed = self.prepare(cell).await;
        let (db, by) = (&self.stage.services.db, author(&self.stage.services));
        let subject = (run.id, run.export_id);
        let asked = checks::request(db, CheckKind::Delivery, subject, &run.definition, by);
        let id = asked.await.unwrap().run_id;
        let worker = worker_with(&self.stage, self.pace);
        let working = tokio::spawn(async move { worker.tick(None).await.unwrap() });
        if matches!(cell.given, Given::Refused) {
            self.listen_again().await;
        }
        assert!(working.await.unwrap());
        let check = checks::get(&**self.stage.services.db, id).await.unwrap();
        let endpoint = cell.at.endpoint().expect("a request is struck");
        let struck = self.stage.sandbox.requests(endpoint) >= needed;
        match check.failure {
            Some(ended) => {
                let says = message_key(&ended);
                (ended.code, says, struck)
            }
            None => {
                assert_eq!(check.delivery.unwrap().on_list, 40);
                ("verified".to_owned(), "nothing to say".to_owned(), struck)
            }
        }
    }

    /// Works on the run in the background until it ends or is given back.
    fn work(&self) -> JoinHandle<()> {
        let engine = self.stage.engine_with(self.pace);
        tokio::spawn(async move {
            // What went wrong is recorded, or the database cannot be written to.
            let _ = engine.tick().await;
        })
    }

    async fn engine_tick(&self) {
        self.work().await.unwrap();
    }

    /// Works on the run until it ends; what it waits for comes, each time it gives its place back.
    async fn finish(&mut self, cell: &Cell, id: Uuid) {
        for _ in 0..300 {
            let engine = self.stage.engine_with(self.pace);
            if let Tick::Ended(..) = engine.tick().await.unwrap() {
                return;
            }
            let (run, _) = self.stage.read(id).await;
            if run.state.is_finished() {
                return;
            }
            match run.waiting {
                Some(waiting) => {
                    self.note_pause(id).await;
                    let left = waiting
                        .until
                        .duration_since(self.stage.services.clock.now());
                    self.stage.time.forward(left.try_into().unwrap_or_default());
                    if matches!(cell.given, Given::NobodyCanTell(true)) {
                        self.stage.sandbox.lift_faults();
                    }
                }
                None => self.stage.outlive_lease(),
            }
        }
        panic!("{:?}, {}: it never ends", cell.at, cell.name);
    }

    async fn note_pause(&mut self, id: Uuid) {
        let waiting = self.stage.read(id).await.0.waiting;
        let reason = waiting.map_or("nothing", |waiting| waiting.reason.name());
        if self.pauses.last().is_none_or(|last| last != reason) {
            self.pauses.push(reason.to_owned());
        }
    }

    /// What people are told on the page of the run; the notice must say the same.
    async fn told(&self, ended: &Ended, state: RunState, export_id: Uuid) -> String {
        let page = message_key(ended);
        let db = &**self.stage.services.db;
        let open = notice::Entity::find()
            .filter(notice::Column::Kind.eq("run_failed"))
            .filter(notice::Column::Subject.eq(export_id.to_string()))
            .filter(notice::Column::OpenKey.is_not_null())
            .one(db)
            .await
            .unwrap();
        let notice = open.map(|open| open.details["reason"].as_str().unwrap_or("").to_owned());
        let has_failed = matches!(state, RunState::Failure | RunState::FailedPermanent);
        match notice {
            Some(reason) if has_failed && reason == page => page,
            None if !has_failed => page,
            other => format!("{page}, and the notice says {other:?}"),
        }
    }

    fn seen(self, cell: &Cell, ends: String, says: String, has_struck: bool) -> Seen {
        let stage = &self.stage;
        let members = stage.sandbox.members(stage.list);
        let mut everybody: Vec<String> = match cell.size {
            // Whoever has left the segments is the last.
            Size::One => (0..members.len())
                .map(|row| format!("ann{row}@example.com"))
                .collect(),
            _ => Vec::new(),
        };
        everybody.sort_unstable();
        let are_the_right_people =
            everybody.is_empty() || members.is_empty() || members == everybody;
        // Fails by itself when a file is there twice.
        stage.files();
        Seen {
            outcome: Outcome {
                ends,
                pauses: self.pauses,
                members: members.len(),
                uploads: stage.sandbox.requests(Endpoint::ImportFile),
                says,
            },
            are_the_right_people,
            has_struck,
        }
    }
}

fn message_key(ended: &Ended) -> String {
    let key = ended.ending().map(Ending::message_key);
    key.unwrap_or("of another version").to_owned()
}
