//! What is done to the world: to Constant Contact, the clock, the database, the disk.

use std::net::TcpStream;
use std::time::Duration;

use listbridge::sandbox::{Endpoint, Fault, FaultKind, Sandbox, When};
use listbridge::segments::{Combine, Comparison, Condition, Rule, TextValue};
use listbridge::storage;
use sea_orm::{ConnectionTrait, Statement, TransactionTrait};

use super::super::table::{At, Cell, Given, Phase, Step};
use super::Stand;
use crate::support::until;

/// The request that is on its way in a phase, and its number.
pub(super) fn answered_in(phase: Phase) -> Option<(Endpoint, u64)> {
    match phase {
        Phase::Begins => None,
        Phase::FirstPart => Some((Endpoint::ImportFile, 1)),
        Phase::Middle => Some((Endpoint::ImportFile, 2)),
        Phase::Accounting => Some((Endpoint::ListActivities, 1)),
    }
}

impl Stand {
    pub(super) fn strike(&self, endpoint: Endpoint, when: When, kind: FaultKind) {
        self.stage.sandbox.set_fault(Fault {
            endpoint,
            when,
            kind,
        });
    }

    /// Sets the fault; afterwards, requests that it needs to have struck.
    pub(super) async fn prepare(&mut self, cell: &Cell) -> u64 {
        if cell.at == At::Token {
            self.stage.sandbox.expire_access_tokens();
        }
        if cell.at == At::Activity {
            self.strike(
                Endpoint::ImportFile,
                When::Always,
                FaultKind::ActivityUnlisted,
            );
        }
        match &cell.given {
            Given::Http(kind, when) => {
                let endpoint = cell.at.endpoint().expect("a request is struck");
                self.strike(endpoint, *when, kind.clone());
                match when {
                    When::First(times) | When::Nth(times) | When::From(times) => *times,
                    When::Always => 1,
                }
            }
            Given::NobodyCanTell(_) => {
                self.strike(
                    Endpoint::ImportFile,
                    When::First(1),
                    FaultKind::ResetAfterAccepted,
                );
                let kind = FaultKind::Status(500);
                self.strike(Endpoint::ListActivities, When::Always, kind);
                1
            }
            Given::Refused => {
                let endpoint = cell.at.endpoint().expect("a request is refused");
                self.strike(endpoint, When::First(1), FaultKind::StopsListening);
                1
            }
            Given::Revoked => {
                self.stage.sandbox.revoke_tokens();
                1
            }
            Given::Clock(_) => {
                self.strike(Endpoint::ImportFile, When::First(1), FaultKind::Held);
                0
            }
            Given::ClockWhileWaiting => {
                let lost = FaultKind::ResetAfterAccepted;
                self.strike(Endpoint::ImportFile, When::First(1), lost);
                let kind = FaultKind::Status(500);
                self.strike(Endpoint::ListActivities, When::Always, kind);
                0
            }
            Given::Locked(phase) => {
                if let Some((endpoint, number)) = answered_in(*phase) {
                    self.strike(endpoint, When::Nth(number), FaultKind::Held);
                }
                0
            }
            Given::DiskFull(Phase::Begins) => {
                self.choose_a_long_rule().await;
                0
            }
            Given::DiskFull(_) => 0,
        }
    }

    /// Waits until nobody listens any more, and listens again.
    pub(super) async fn listen_again(&mut self) {
        let address = self.stage.sandbox.addr();
        until("silence", async || TcpStream::connect(address).is_err()).await;
        let sandbox: &mut Sandbox = &mut self.stage.sandbox;
        while sandbox.reconnect().await.is_err() {
            tokio::task::yield_now().await;
        }
    }

    pub(super) fn turn_the_clock(&self, step: Step) {
        match step {
            Step::OverMidnight => {
                let now = self.stage.services.clock.now().as_second();
                let left = 86_400 - now.rem_euclid(86_400) + 5;
                let left = Duration::from_secs(left.unsigned_abs());
                self.stage.time.forward(left);
            }
            Step::Hours(hours) => {
                let by = Duration::from_hours(hours.unsigned_abs());
                match hours < 0 {
                    true => self.stage.time.back(by),
                    false => self.stage.time.forward(by),
                }
            }
        }
    }

    /// Works on the run; another program holds the database in a phase of it, until the engine has given up.
    pub(super) async fn run_with_the_database_locked(&self, phase: Phase) {
        let db = &**self.stage.services.db;
        let url = self.stage.services.settings.database_url();
        let other = storage::connect(&url).await.unwrap();
        let begins = answered_in(phase).is_none();
        let at_once = (!begins).then(|| self.work());
        if let Some((endpoint, number)) = answered_in(phase) {
            let arrived = async || self.stage.sandbox.requests(endpoint) == number;
            until("the request", arrived).await;
        }
        if storage::is_postgres(&url) {
            let locked = other.begin().await.unwrap();
            locked
                .execute_unprepared("LOCK TABLE runs, run_parts IN EXCLUSIVE MODE")
                .await
                .unwrap();
            let working = at_once.unwrap_or_else(|| self.work());
            // It would wait for as long as the lock is held; a process that is killed meanwhile is the worst of it.
            working.abort();
            self.stage.sandbox.lift_faults();
            locked.rollback().await.unwrap();
        } else {
            db.execute_unprepared("PRAGMA busy_timeout = 50")
                .await
                .unwrap();
            other.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();
            let working = at_once.unwrap_or_else(|| self.work());
            self.stage.sandbox.lift_faults();
            working.await.unwrap();
            other.execute_unprepared("ROLLBACK").await.unwrap();
        }
    }

    /// The rule is frozen into the run, and too long for the room that is left.
    async fn choose_a_long_rule(&mut self) {
        let contains = |value: String| {
            Rule::Condition(Condition {
                field: "EMail".to_owned(),
                comparison: Comparison::Contains(TextValue {
                    value,
                    ignore_case: false,
                }),
            })
        };
        let long = (0..200).map(|number| contains(format!("{number}{}", "-".repeat(900))));
        let rule = Rule::Group {
            combine: Combine::Or,
            rules: long.chain([contains("@example.com".to_owned())]).collect(),
        };
        let stage = &mut self.stage;
        let segment = crate::support::segment(&stage.services, stage.source, "Long", rule).await;
        stage
            .save_export(|definition| definition.segment_ids = vec![segment])
            .await;
        let db = &**self.stage.services.db;
        db.execute_unprepared("VACUUM").await.unwrap();
    }

    /// The disk has no room for what is recorded in a phase.
    pub(super) async fn fill_the_disk(&self, phase: Phase) {
        let db = &**self.stage.services.db;
        let recorded = match phase {
            Phase::Begins => None,
            Phase::FirstPart => Some("new.number = 1 AND new.state = 'accepted'"),
            Phase::Middle => Some("new.number = 2 AND new.state = 'accepted'"),
            Phase::Accounting => Some("new.state = 'completed'"),
        };
        // SQLite takes the present size for the least; a phase that comes later needs some room until then.
        let mut pages = 1;
        if let Some(recorded) = recorded {
            let heavy = format!(
                "CREATE TABLE ballast (weight BLOB); \
                 CREATE TRIGGER heavy AFTER UPDATE OF state ON run_parts WHEN {recorded} \
                 BEGIN INSERT INTO ballast VALUES (zeroblob(16000000)); END"
            );
            db.execute_unprepared(&heavy).await.unwrap();
            let size = Statement::from_string(db.get_database_backend(), "PRAGMA page_count");
            let size = db.query_one_raw(size).await.unwrap().unwrap();
            pages = size.try_get_by_index::<i64>(0).unwrap() + 1_000;
        }
        self.limit_pages(pages).await;
    }

    /// Somebody has made room.
    pub(super) async fn clear_the_disk(&self) {
        self.limit_pages(1_073_741_823).await;
        let db = &**self.stage.services.db;
        let light = "DROP TRIGGER IF EXISTS heavy";
        db.execute_unprepared(light).await.unwrap();
    }

    async fn limit_pages(&self, pages: i64) {
        let db = &**self.stage.services.db;
        let limit = format!("PRAGMA max_page_count = {pages}");
        db.execute_unprepared(&limit).await.unwrap();
    }
}
