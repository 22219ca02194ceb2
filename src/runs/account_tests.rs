use super::*;
use crate::runs::part::PartCounts;
use crate::runs::run::RunState;
use crate::runs::test_support::{part, run};

#[test]
fn every_row_is_somewhere() {
    let mut run = run();
    run.totals = Totals {
        read: 120,
        sent: 100,
        duplicates: 20,
        ..Totals::default()
    };
    let states = [
        PartState::Completed,
        PartState::Accepted,
        PartState::Unclear,
        PartState::Failed,
        PartState::Recorded,
    ];
    let parts: Vec<Part> = (1..)
        .zip(states)
        .map(|(number, state)| part(number, 10, state))
        .collect();
    let account = Account::of(&run, &parts);
    assert_eq!(
        account.read,
        account.planned + account.duplicates + account.rejected.total()
    );
    assert_eq!(
        (
            account.delivered,
            account.under_way,
            account.lost,
            account.not_sent
        ),
        (10, 20, 10, 60)
    );
    assert_eq!(account.difference(), None, "no activity has said anything");
}

#[test]
fn what_the_vendor_counts_otherwise_is_said() {
    let mut run = run();
    run.totals.sent = 10;
    let mut completed = part(1, 10, PartState::Completed);
    completed.counts = PartCounts {
        items_total: Some(11),
        persons: Some(10),
        errors: Some(0),
        correctable: Some(0),
        cannot_add_to_list: Some(0),
    };
    let ending = |part: &Part| {
        let parts = [part.clone()];
        Account::of(&run, &parts).outcome(&parts).ending
    };
    assert_eq!(ending(&completed), Ending::Delivered);
    completed.counts.items_total = Some(9);
    assert_eq!(
        Account::of(&run, &[completed.clone()]).difference(),
        Some(2)
    );
    assert_eq!(ending(&completed), Ending::DeliveredWithDifferences);
    completed.counts.items_total = Some(11);
    completed.counts.cannot_add_to_list = Some(1);
    assert_eq!(ending(&completed), Ending::DeliveredWithDifferences);
    assert_eq!(
        ending(&part(1, 10, PartState::TimedOut)),
        Ending::ActivityFailed
    );
    assert_eq!(
        Account::of(&run, &[]).outcome(&[]).ending,
        Ending::AllRejected
    );
}

#[test]
fn a_run_of_which_nobody_was_taken_is_no_success() {
    let counted = |persons, errors, correctable| {
        let mut part = part(1, 30, PartState::Completed);
        part.vendor_words = Some("Line 2: no.".to_owned());
        part.counts = PartCounts {
            items_total: Some(31),
            persons: Some(persons),
            errors: Some(errors),
            correctable: Some(correctable),
            cannot_add_to_list: Some(0),
        };
        [part]
    };
    let outcome = |unchanged, parts: &[Part]| {
        let mut run = run();
        (run.totals.sent, run.totals.unchanged) = (30, unchanged);
        Account::of(&run, parts).outcome(parts)
    };
    let none = outcome(0, &counted(0, 30, 0));
    assert_eq!(none.ending, Ending::NobodyTaken);
    assert_eq!(none.ending.state(), RunState::Failure);
    assert_eq!(none.vendor_words.as_deref(), Some("Line 2: no."));
    let ending = |unchanged, parts: &[Part]| outcome(unchanged, parts).ending;
    assert_eq!(ending(0, &counted(0, 10, 20)), Ending::NobodyTaken);
    assert_eq!(ending(5, &counted(0, 30, 0)), Ending::NobodyTaken);
    let differs = Ending::DeliveredWithDifferences;
    assert_eq!(
        ending(5, &counted(0, 0, 30)),
        differs,
        "bad addresses again"
    );
    assert_eq!(ending(0, &counted(1, 29, 0)), differs);
}

#[test]
fn a_run_of_which_nothing_was_counted_does_not_say_that_everybody_is_on_the_list() {
    let mut part = part(1, 10, PartState::Completed);
    let ending = |part: &Part| {
        let mut run = run();
        run.totals.sent = 10;
        let parts = [part.clone()];
        Account::of(&run, &parts).outcome(&parts).ending
    };
    assert_eq!(ending(&part), Ending::DeliveredUncounted);
    part.counts.items_total = Some(11);
    part.counts.persons = Some(0);
    assert_eq!(ending(&part), Ending::DeliveredUncounted);
    part.counts.persons = Some(10);
    assert_eq!(ending(&part), Ending::Delivered);
    part.counts.persons = Some(9);
    assert_eq!(ending(&part), Ending::DeliveredWithDifferences);
}
