//! People who left the list by themselves, or unsubscribed, are not put back.

use std::time::Duration;

use listbridge::exports::{Leavers, Mode};
use listbridge::runs::{Account, Rejection, Run, store};
use listbridge::sandbox::{Endpoint, Fault, FaultKind, ImposedOutcome, When};
use uuid::Uuid;

use crate::pages::browse;
use crate::postgres::Postgres;
use crate::support::{Stage, author, ending, import, people, until};

async fn respecting(csv: &str, mode: Mode) -> Stage {
    let mut stage = Stage::new(csv).await;
    respect(&mut stage, mode).await;
    stage
}

async fn respect(stage: &mut Stage, mode: Mode) {
    stage
        .save_export(|definition| {
            definition.delivery.mode = mode;
            definition.delivery.leavers = Leavers::Respect;
        })
        .await;
}

async fn replace_profiles(stage: &Stage, csv: &str) {
    let file = stage.dir.path().join("people.csv");
    std::fs::write(&file, csv).unwrap();
    import(&stage.services, &file, "People").await;
}

/// Everybody has another first name.
fn all_renamed(rows: usize) -> String {
    people(rows).replace(",Ann", ",Bea")
}

/// A run; afterwards enough time passes for everybody to show on the list.
async fn run(stage: &Stage) -> (Run, Account) {
    let ran = run_at_once(stage).await;
    stage.time.forward(Duration::from_secs(3_601));
    ran
}

async fn run_at_once(stage: &Stage) -> (Run, Account) {
    let (run, parts) = stage.run().await;
    let account = Stage::account(&run, &parts);
    (run, account)
}

fn unsubscribed(account: &Account) -> u64 {
    account.rejected.of(Rejection::Unsubscribed)
}

fn not_seen_yet(account: &Account) -> u64 {
    account.rejected.of(Rejection::NotSeenYet)
}

fn left(account: &Account) -> u64 {
    account.rejected.of(Rejection::LeftList)
}

fn is_on_list(stage: &Stage, email: &str) -> bool {
    stage
        .sandbox
        .members(stage.list)
        .iter()
        .any(|member| member == email)
}

async fn leavers_stay_away(mut stage: Stage, mode: Mode) {
    respect(&mut stage, mode).await;
    let (_, account) = run(&stage).await;
    assert_eq!((account.delivered, left(&account)), (20, 0));
    assert_eq!(
        stage.sandbox.requests(Endpoint::ExportContacts),
        0,
        "nobody had been delivered"
    );
    stage.sandbox.leave_list(stage.list, "ann3@example.com");
    stage.sandbox.unsubscribe("ann4@example.com");
    stage.sandbox.delete_contact("ann5@example.com");
    replace_profiles(&stage, &all_renamed(20)).await;
    let (second, account) = run(&stage).await;
    assert_eq!(ending(&second), "delivered", "{second:?}");
    assert_eq!((account.delivered, left(&account)), (17, 2));
    assert_eq!(unsubscribed(&account), 1, "counted apart");
    assert_eq!(account.unsubscribed, 0, "not even tried");
    assert_eq!(
        stage.sandbox.requests(Endpoint::ExportContacts),
        2,
        "the list, and whoever has unsubscribed"
    );
    assert!(!is_on_list(&stage, "ann3@example.com"));
    assert!(is_on_list(&stage, "ann6@example.com"));

    // Whoever comes back is taken up again.
    stage.sandbox.add_member(stage.list, "ann3@example.com");
    replace_profiles(&stage, &people(20).replace(",Ann", ",Cid")).await;
    let (_, account) = run(&stage).await;
    assert_eq!((account.delivered, left(&account)), (18, 1));
    assert_eq!(unsubscribed(&account), 1);
    assert_eq!(
        stage.sandbox.requests(Endpoint::ExportContacts),
        3,
        "nobody is newly missing"
    );

    // Whoever left and unsubscribes later is counted so when somebody else is missing.
    stage.sandbox.leave_list(stage.list, "ann6@example.com");
    replace_profiles(&stage, &all_renamed(20)).await;
    let (_, account) = run(&stage).await;
    assert_eq!((left(&account), unsubscribed(&account)), (2, 1));
    stage.sandbox.unsubscribe("ann6@example.com");
    stage.sandbox.leave_list(stage.list, "ann7@example.com");
    replace_profiles(&stage, &people(20)).await;
    let (_, account) = run(&stage).await;
    let counted = (account.delivered, left(&account), unsubscribed(&account));
    assert_eq!(counted, (16, 2, 2));
}

#[tokio::test]
async fn whoever_left_is_not_put_back_by_changes_and_is_again_when_they_came_back() {
    leavers_stay_away(Stage::new(&people(20)).await, Mode::ChangesOnly).await;
}

#[tokio::test]
async fn nor_by_full_runs() {
    leavers_stay_away(Stage::new(&people(20)).await, Mode::Full).await;
}

#[tokio::test]
async fn the_same_on_postgresql() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let url = postgres.create_database("leavers").await;
    leavers_stay_away(
        Stage::on_database(url, &people(20)).await,
        Mode::ChangesOnly,
    )
    .await;
}

#[tokio::test]
async fn they_are_put_back_when_the_export_says_so() {
    let mut stage = respecting(&people(10), Mode::Full).await;
    stage
        .save_export(|definition| definition.delivery.leavers = Leavers::PutBack)
        .await;
    run(&stage).await;
    stage.sandbox.leave_list(stage.list, "ann3@example.com");
    let (_, account) = run(&stage).await;
    assert_eq!((account.delivered, left(&account)), (10, 0));
    assert!(is_on_list(&stage, "ann3@example.com"));
    assert_eq!(stage.sandbox.requests(Endpoint::ExportContacts), 0);
}

#[tokio::test]
async fn nothing_to_send_asks_nobody() {
    let stage = respecting(&people(10), Mode::ChangesOnly).await;
    run(&stage).await;
    let (same, _) = run(&stage).await;
    assert_eq!(ending(&same), "nothing_changed");
    assert_eq!(stage.sandbox.requests(Endpoint::ExportContacts), 0);
}

/// Rows the vendor could not take have never been on the list, so they have not left it.
#[tokio::test]
async fn whoever_never_arrived_has_not_left() {
    let stage = respecting(&people(10), Mode::ChangesOnly).await;
    stage.sandbox.set_fault(Fault {
        endpoint: Endpoint::ImportFile,
        when: When::Always,
        kind: FaultKind::ActivityOutcome(ImposedOutcome::Failed),
    });
    let (failed, _) = run(&stage).await;
    assert_eq!(ending(&failed), "activity_failed");
    stage.sandbox.lift_faults();
    let (next, account) = run(&stage).await;
    assert_eq!(ending(&next), "delivered");
    assert_eq!((account.delivered, left(&account)), (10, 0));
}

/// Nobody knows what became of the last rows sent to them; that they were on the list is known from before.
#[tokio::test]
async fn whoever_left_is_not_put_back_after_a_run_of_which_nobody_knows_what_arrived() {
    let stage = respecting(&people(10), Mode::ChangesOnly).await;
    run(&stage).await;
    stage.sandbox.set_fault(Fault {
        endpoint: Endpoint::ImportFile,
        when: When::Always,
        kind: FaultKind::ActivityOutcome(ImposedOutcome::Failed),
    });
    for name in ["Bea", "Cid"] {
        replace_profiles(&stage, &people(10).replace(",Ann", &format!(",{name}"))).await;
        let (failed, _) = run(&stage).await;
        assert_eq!(ending(&failed), "activity_failed");
    }
    stage.sandbox.lift_faults();
    stage.sandbox.leave_list(stage.list, "ann3@example.com");
    stage.sandbox.unsubscribe("ann4@example.com");
    let (_, account) = run(&stage).await;
    let counted = (account.delivered, left(&account), unsubscribed(&account));
    assert_eq!(counted, (8, 1, 1));
    assert!(!is_on_list(&stage, "ann3@example.com"));
}

/// The vendor does not say which rows it left to be corrected.
#[tokio::test]
async fn whoever_was_left_to_be_corrected_and_does_not_show_is_sent_again() {
    let csv = format!("{}Z,Zoë,zoë@example.com\n", people(5));
    let stage = respecting(&csv, Mode::ChangesOnly).await;
    let (first, account) = run_at_once(&stage).await;
    assert_eq!(ending(&first), "delivered_with_differences");
    assert_eq!((account.delivered, account.correctable), (6, 1));
    replace_profiles(&stage, &csv.replace(",Ann0,", ",Bea0,")).await;
    let (_, account) = run(&stage).await;
    assert_eq!(account.delivered, 1, "nobody need show yet");
    replace_profiles(&stage, &csv).await;
    let (_, account) = run(&stage).await;
    let counted = (account.delivered, account.unchanged, left(&account));
    assert_eq!(counted, (2, 4, 0), "with the one who never showed");
}

/// The look at the list and the plan, interrupted: who is left out stays the same.
#[tokio::test]
async fn an_interrupted_run_leaves_out_the_same_people() {
    for (endpoint, waits_for_part) in [
        (Endpoint::ExportContacts, false),
        (Endpoint::DownloadExport, false),
        (Endpoint::ImportFile, true),
    ] {
        let stage = respecting(&people(30), Mode::ChangesOnly).await;
        run(&stage).await;
        stage.sandbox.leave_list(stage.list, "ann3@example.com");
        replace_profiles(&stage, &all_renamed(30)).await;
        let before = stage.sandbox.requests(endpoint);
        stage.sandbox.set_fault(Fault {
            endpoint,
            when: When::Always,
            kind: FaultKind::Slow(Duration::from_secs(30)),
        });
        let id: Uuid = stage.request().await;
        let engine = stage.engine().start();
        until("the request", async || {
            stage.sandbox.requests(endpoint) > before
        })
        .await;
        engine.kill();
        assert_eq!(stage.read(id).await.1.len(), usize::from(waits_for_part));
        stage.sandbox.lift_faults();
        // Too late to count for this run once it is planned.
        stage.sandbox.leave_list(stage.list, "ann4@example.com");
        stage.outlive_lease();
        let (run, parts) = stage.finish(id).await;
        assert_eq!(ending(&run), "delivered", "{endpoint:?} {run:?} {parts:?}");
        let expected = if waits_for_part { 1 } else { 2 };
        assert_eq!(
            left(&Stage::account(&run, &parts)),
            expected,
            "{endpoint:?}"
        );
    }
}

#[tokio::test]
async fn the_page_counts_them_and_names_them_in_the_file() {
    let stage = respecting(&people(10), Mode::ChangesOnly).await;
    run(&stage).await;
    stage.sandbox.leave_list(stage.list, "ann3@example.com");
    stage.sandbox.unsubscribe("ann5@example.com");
    replace_profiles(&stage, &all_renamed(10)).await;
    let (second, _) = run(&stage).await;
    let browser = browse(&stage).await;
    let page = browser.get(&format!("/runs/{}", second.id)).await;
    assert!(
        page.says("Left out: left the list by themselves"),
        "{}",
        page.body
    );
    assert!(page.says("Left out: unsubscribed"), "{}", page.body);
    let chinese = browser.clone().speaking("zh-HK");
    let chinese = chinese.get(&format!("/runs/{}", second.id)).await;
    assert!(chinese.says("已略過：已自行離開清單"), "{}", chinese.body);
    assert!(chinese.says("已略過：已取消訂閱"));
    let file = browser
        .get(&format!("/runs/{}/rejected.csv", second.id))
        .await;
    assert!(file.body.contains("ann3@example.com"), "{}", file.body);
    assert!(!file.body.contains("ann4@example.com"));
    let form = browser.get(&format!("/exports/{}", stage.export.id)).await;
    assert!(form.says("People who left the list"), "{}", form.body);
}

/// Nobody can tell yet whether they left or do not show: they are neither put back nor counted as having left.
#[tokio::test]
async fn whoever_was_delivered_just_now_and_does_not_show_is_left_out_once() {
    for mode in [Mode::ChangesOnly, Mode::Full] {
        let stage = respecting(&people(10), mode).await;
        run_at_once(&stage).await;
        stage.sandbox.leave_list(stage.list, "ann3@example.com");
        stage.sandbox.leave_list(stage.list, "ann4@example.com");
        stage.sandbox.unsubscribe("ann5@example.com");
        replace_profiles(&stage, &all_renamed(10)).await;
        let (second, account) = run_at_once(&stage).await;
        assert_eq!(ending(&second), "delivered");
        let counted = (
            left(&account),
            unsubscribed(&account),
            not_seen_yet(&account),
        );
        assert_eq!(counted, (0, 1, 2), "{mode:?}");
        assert!(!is_on_list(&stage, "ann3@example.com"), "not put back");

        // One of them shows at last; of the other it is known after an hour.
        stage.sandbox.add_member(stage.list, "ann4@example.com");
        stage.time.forward(Duration::from_secs(1_800));
        replace_profiles(&stage, &people(10).replace(",Ann", ",Cid")).await;
        let (_, account) = run_at_once(&stage).await;
        assert_eq!((left(&account), not_seen_yet(&account)), (0, 1), "{mode:?}");
        assert_eq!(account.delivered, 8);
        stage.time.forward(Duration::from_secs(1_802));
        replace_profiles(&stage, &people(10).replace(",Ann", ",Dee")).await;
        let (_, account) = run_at_once(&stage).await;
        assert_eq!((left(&account), not_seen_yet(&account)), (1, 0), "{mode:?}");
        assert_eq!(unsubscribed(&account), 1);
    }
}

/// An earlier delivery must show, however lately there was another one.
#[tokio::test]
async fn frequent_runs_do_not_hide_who_left() {
    let stage = respecting(&people(10), Mode::Full).await;
    run(&stage).await;
    run_at_once(&stage).await;
    stage.sandbox.leave_list(stage.list, "ann3@example.com");
    let (_, account) = run_at_once(&stage).await;
    assert_eq!((left(&account), not_seen_yet(&account)), (1, 0));
    assert!(!is_on_list(&stage, "ann3@example.com"));
}

/// A file that ends early looks like any other; half of the people would seem to have left.
#[tokio::test]
async fn nobody_has_left_because_the_list_was_cut() {
    let stage = respecting(&people(20), Mode::ChangesOnly).await;
    run(&stage).await;
    stage.sandbox.leave_list(stage.list, "ann3@example.com");
    let cut = |when| {
        stage.sandbox.set_fault(Fault {
            endpoint: Endpoint::DownloadExport,
            when,
            kind: FaultKind::MalformedJson,
        })
    };
    cut(When::First(1));
    replace_profiles(&stage, &all_renamed(20)).await;
    let (second, account) = run(&stage).await;
    assert_eq!(ending(&second), "delivered");
    assert_eq!((account.delivered, left(&account)), (19, 1));

    stage.sandbox.lift_faults();
    cut(When::Always);
    replace_profiles(&stage, &people(20)).await;
    let (third, _) = run(&stage).await;
    assert_eq!(ending(&third), "vendor_unavailable");
    let words = third.outcome.unwrap().vendor_words.unwrap();
    assert!(words.contains("of 19 contacts"), "{words}");
    stage.sandbox.lift_faults();
    let (fourth, account) = run(&stage).await;
    assert_eq!(ending(&fourth), "delivered");
    assert_eq!((account.delivered, left(&account)), (19, 1));
}

/// A list that does not come to its end holds nobody up who has had enough of it.
#[tokio::test]
async fn a_cancel_is_obeyed_while_the_list_is_read() {
    let stage = respecting(&people(20), Mode::ChangesOnly).await;
    run(&stage).await;
    stage.sandbox.set_fault(Fault {
        endpoint: Endpoint::DownloadExport,
        when: When::Always,
        kind: FaultKind::NeverEnds,
    });
    replace_profiles(&stage, &all_renamed(20)).await;
    let id = stage.request().await;
    let engine = stage.engine();
    let began = std::time::Instant::now();
    let working = tokio::spawn(async move { engine.tick().await.unwrap() });
    let arrived = async || stage.sandbox.requests(Endpoint::DownloadExport) == 1;
    until("the download", arrived).await;
    let db = &**stage.services.db;
    store::cancel(db, id, author(&stage.services))
        .await
        .unwrap();
    working.await.unwrap();
    // Silence is borne for 30 seconds.
    assert!(began.elapsed() < Duration::from_secs(20));
    let (run, parts) = stage.read(id).await;
    assert_eq!((ending(&run).as_str(), parts.len()), ("canceled", 0));
}
