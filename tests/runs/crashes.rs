//! A real process is killed at random instants, or asked to stop, in the middle of a run: what comes out is what an
//! undisturbed run comes to.

use std::time::{Duration, Instant};

use listbridge::runs::{PartState, RunState, Totals};
use listbridge::sandbox::{Endpoint, Fault, FaultKind, When};
use uuid::Uuid;

use crate::process::{Replica, client};
use crate::replicas::{press_run, sign_in};
use crate::support::{Stage, ending, people, until, wide_people};

/// How much faster than real the engine's waits are, so that a killed process is replaced after 2 seconds.
const SPEED: u32 = 100;
/// The same for a process that is told to stop: a busy machine must not make it lose its run.
const SPEED_OF_STOPPED: u32 = 2;
/// Kills, unless `LISTBRIDGE_TEST_KILLS` says otherwise.
const KILLS: u32 = 6;
/// Kills of one run at the most.
const KILLS_A_RUN: u32 = 3;
/// A stopping process gets this long: requests 10 s, checks and runs 8 s each, and some air.
const STOPPED_WITHIN: Duration = Duration::from_secs(30);

/// What is compared.
#[derive(Debug, PartialEq)]
struct Result {
    ending: String,
    members: Vec<String>,
    activities: usize,
    totals: Totals,
    /// Rows and SHA-256.
    parts: Vec<(u64, String)>,
}

fn rows() -> String {
    wide_people(20_000)
}

async fn result(stage: &Stage, id: Uuid) -> Result {
    stage.sandbox.settle().await;
    let (run, parts) = stage.read(id).await;
    let account = Stage::account(&run, &parts);
    assert_eq!(account.delivered, account.planned);
    Result {
        ending: ending(&run),
        members: stage.sandbox.members(stage.list),
        activities: stage.files().len(),
        totals: run.totals,
        parts: parts
            .into_iter()
            .map(|part| (part.rows, part.sha256))
            .collect(),
    }
}

async fn is_finished(stage: &Stage, id: Uuid) -> bool {
    stage.read(id).await.0.state.is_finished()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the variables steer tests, not the program"
)]
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[tokio::test]
async fn a_process_killed_at_any_instant_ends_as_an_undisturbed_one() {
    let kills = number("LISTBRIDGE_TEST_KILLS").map_or(KILLS, |kills| kills.try_into().unwrap());
    let seed = number("LISTBRIDGE_TEST_SEED").unwrap_or_else(|| fastrand::u64(..));
    eprintln!("LISTBRIDGE_TEST_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);

    let stage = Stage::new(&rows()).await;
    let id = stage.request().await;
    let began = Instant::now();
    let undisturbed = Replica::spawn(&stage, "undisturbed", SPEED);
    until("the end", async || is_finished(&stage, id).await).await;
    let lasts = began.elapsed();
    undisturbed.kill();
    let expected = result(&stage, id).await;
    assert_eq!(expected.ending, "delivered");
    assert_eq!(expected.members.len(), 20_000);

    let (mut killed, mut in_the_middle) = (0, 0);
    while killed < kills {
        let stage = Stage::new(&rows()).await;
        let id = stage.request().await;
        for attempt in 0..KILLS_A_RUN.min(kills - killed) {
            let replica = Replica::spawn(&stage, &format!("killed-{attempt}"), SPEED);
            let instant = lasts.mul_f64(0.1 + 0.9 * random.f64());
            // Not a wait for anything: the instant of the kill.
            tokio::time::sleep(instant).await;
            replica.kill();
            killed += 1;
            let (run, _) = stage.read(id).await;
            if run.state.is_finished() {
                break;
            }
            in_the_middle += u32::from(run.claims > 0);
        }
        let last = Replica::spawn(&stage, "last", SPEED);
        until("the end", async || is_finished(&stage, id).await).await;
        last.kill();
        assert_eq!(result(&stage, id).await, expected, "seed {seed}");
    }
    eprintln!("{killed} kills, {in_the_middle} of them while the run was worked on");
}

#[tokio::test]
async fn a_process_told_to_stop_finishes_what_is_in_flight_and_takes_nothing_more() {
    let stage = Stage::new(&rows()).await;
    stage.sandbox.set_fault(Fault {
        endpoint: Endpoint::ImportFile,
        when: When::First(2),
        kind: FaultKind::Held,
    });
    let mut replica = Replica::start(&stage, "stopped", SPEED_OF_STOPPED).await;
    let id = stage.request().await;
    let arrived = async || stage.sandbox.requests(Endpoint::ImportFile) >= 1;
    until("the first upload", arrived).await;
    replica.terminate();
    until("the stopping", async || replica.log().contains("stopping")).await;
    stage.sandbox.lift_faults();
    let (status, _) = replica.ended(STOPPED_WITHIN).await;
    assert_eq!(status.code(), Some(0), "{}", replica.log());
    let (run, parts) = stage.read(id).await;
    assert_eq!(run.state, RunState::Refreshing);
    assert_eq!(parts.len(), 1, "nothing new was begun: {parts:?}");
    assert!(parts[0].state.has_arrived(), "{parts:?}");
    assert_eq!(stage.sandbox.requests(Endpoint::ImportFile), 1);

    // A run that is asked for now is nobody's, and both go on with the next start.
    let next = Replica::spawn(&stage, "next", SPEED);
    until("the end", async || is_finished(&stage, id).await).await;
    next.kill();
    let (run, parts) = stage.read(id).await;
    assert_eq!((ending(&run).as_str(), run.claims), ("delivered", 2));
    stage.assert_delivered(&parts, 20_000);
}

/// Pages and runs ask Constant Contact over the same connections; the end of the pages does not take an upload with it.
#[tokio::test]
async fn an_upload_on_a_connection_that_a_page_has_opened_is_finished() {
    let stage = Stage::new(&rows()).await;
    stage.sandbox.set_fault(Fault {
        endpoint: Endpoint::ImportFile,
        when: When::First(2),
        kind: FaultKind::Held,
    });
    let mut replica = Replica::start(&stage, "stopped", SPEED_OF_STOPPED).await;
    let client = client();
    sign_in(&client, &replica.base_url).await;
    let form = format!("{}/exports/{}", replica.base_url, stage.export.id);
    let form = client.get(form).send().await.unwrap();
    assert_eq!(form.status(), 200);
    assert!(stage.sandbox.requests(Endpoint::ListLists) > 0);
    let id = press_run(&client, &replica.base_url, stage.export.id).await;
    let arrived = async || stage.sandbox.requests(Endpoint::ImportFile) >= 1;
    until("the first upload", arrived).await;
    replica.terminate();
    // What the pages take down with them is gone by then.
    let ended = async || replica.log().contains("no page is answered any more");
    until("the end of the pages", ended).await;
    stage.sandbox.lift_faults();
    let (status, _) = replica.ended(STOPPED_WITHIN).await;
    assert_eq!(status.code(), Some(0), "{}", replica.log());
    let (run, parts) = stage.read(id).await;
    assert_eq!(run.state, RunState::Refreshing);
    assert_eq!(parts.len(), 1, "nothing new was begun: {parts:?}");
    assert!(parts[0].state.has_arrived(), "{parts:?}: {}", replica.log());
}

/// An upload whose answer never comes is not waited for: it is recorded as being sent, and looked for afterwards.
#[tokio::test]
async fn a_process_told_to_stop_leaves_what_never_ends_recorded_and_exits() {
    let stage = Stage::new(&people(30)).await;
    stage.sandbox.set_fault(Fault {
        endpoint: Endpoint::ImportFile,
        when: When::Always,
        kind: FaultKind::NeverEnds,
    });
    let mut replica = Replica::start(&stage, "stopped", SPEED_OF_STOPPED).await;
    let id = stage.request().await;
    let arrived = async || stage.sandbox.requests(Endpoint::ImportFile) >= 1;
    until("the upload", arrived).await;
    replica.terminate();
    let (status, _) = replica.ended(STOPPED_WITHIN).await;
    assert_eq!(status.code(), Some(0), "{}", replica.log());
    let (_, parts) = stage.read(id).await;
    assert_eq!(parts[0].state, PartState::Sending);

    let next = Replica::spawn(&stage, "next", SPEED);
    until("the end", async || is_finished(&stage, id).await).await;
    next.kill();
    let (run, parts) = stage.read(id).await;
    assert_eq!(ending(&run), "delivered");
    stage.assert_delivered(&parts, 30);
    assert_eq!(stage.sandbox.requests(Endpoint::ImportFile), 1);
}
