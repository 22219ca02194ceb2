//! What every storage of snapshots must do: the same tests, called by each.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::value::{DateOrder, NumberStyle};
use super::{
    Filter, NumberRange, RowBatch, Scan, SnapshotError, SnapshotId, Snapshots, Test, TextOp,
};

/// The whole contract.
pub(super) fn keeps_the_contract(store: &dyn Snapshots) {
    rows_come_back_in_order_with_the_columns_asked_for(store);
    a_scan_stops_when_told(store);
    an_unfinished_snapshot_cannot_be_read_and_leaves_nothing_behind(store);
    the_writer_counts_as_alive_until_it_lets_go(store);
    what_is_removed_is_gone(store);
    every_text_comes_back_as_it_was(store);
    erased_rows_are_gone_and_the_others_keep_their_numbers(store);
    five_hundred_columns_and_two_thousand_conditions_fit(store);
    filters_agree_with_the_definition_on_random_rules_and_rows(store);
}

pub(super) fn write(store: &dyn Snapshots, columns: usize, rows: &[Vec<String>]) -> SnapshotId {
    let id = SnapshotId::new();
    let mut writer = store.begin(id, columns).unwrap();
    for chunk in rows.chunks(7) {
        let mut batch = RowBatch::new(columns);
        for row in chunk {
            batch.push_cells(row.iter().map(String::as_str));
        }
        writer.write(&batch).unwrap();
    }
    writer.finish().unwrap();
    id
}

fn rows(store: &dyn Snapshots, id: SnapshotId, scan: &Scan<'_>) -> Vec<(u64, Vec<String>)> {
    let mut rows = Vec::new();
    store
        .scan(id, scan, &mut |row| {
            rows.push((row.number, row.values().map(str::to_owned).collect()));
            ControlFlow::Continue(())
        })
        .unwrap();
    rows
}

pub(super) fn sample() -> Vec<Vec<String>> {
    (1..=20)
        .map(|n| {
            vec![
                format!("id{n}"),
                format!("{}.50", n * 10),
                "陳 小明".to_owned(),
            ]
        })
        .collect()
}

fn rows_come_back_in_order_with_the_columns_asked_for(store: &dyn Snapshots) {
    let id = write(store, 3, &sample());
    let everyone = Filter::EVERYONE;
    let all = rows(store, id, &Scan::new(&everyone, &[2, 0, 0]));
    assert_eq!(all.len(), 20);
    assert_eq!(
        all[0],
        (1, vec!["陳 小明".into(), "id1".into(), "id1".into()])
    );
    let page = Scan {
        after_row: 18,
        limit: Some(1),
        ..Scan::new(&everyone, &[0])
    };
    assert_eq!(rows(store, id, &page), [(19, vec!["id19".to_owned()])]);
    assert_eq!(rows(store, id, &Scan::new(&everyone, &[])).len(), 20);
    assert_eq!(store.count(id, &everyone).unwrap(), 20);
}

fn a_scan_stops_when_told(store: &dyn Snapshots) {
    let id = write(store, 3, &sample());
    let mut seen = 0;
    store
        .scan(id, &Scan::new(&Filter::EVERYONE, &[0]), &mut |_| {
            seen += 1;
            if seen == 3 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
        .unwrap();
    assert_eq!(seen, 3);
}

fn five_hundred_columns_and_two_thousand_conditions_fit(store: &dyn Snapshots) {
    let row: Vec<String> = (0..500).map(|column| column.to_string()).collect();
    let id = write(store, 500, &[row]);
    let conditions = (0..2_000).map(|n| {
        let number = (n % 500).to_string();
        Filter::test(n % 500, Test::text(TextOp::Is, &number, false))
    });
    let conditions: Vec<_> = conditions.collect();
    assert_eq!(
        store.count(id, &Filter::All(conditions.clone())).unwrap(),
        1
    );
    assert_eq!(store.count(id, &Filter::Any(conditions)).unwrap(), 1);
}

fn filters_agree_with_the_definition_on_random_rules_and_rows(store: &dyn Snapshots) {
    let values = [
        "",
        " ",
        "Gold",
        "gold ",
        "GOLD",
        "Straße",
        "STRASSE",
        "10",
        "10.0",
        "-3",
        "1e1",
        "2024-05-31",
        "2024-06-01",
        "31/05/2024",
        "true",
        "No",
        "x'; DROP TABLE profiles;--",
        "100%",
        "陳",
    ];
    let mut random = fastrand::Rng::with_seed(11);
    let data: Vec<Vec<String>> = (0..300)
        .map(|_| {
            (0..3)
                .map(|_| values[random.usize(0..values.len())].to_owned())
                .collect()
        })
        .collect();
    let id = write(store, 3, &data);
    for _ in 0..300 {
        let filter = random_filter(&mut random, &values, 3);
        let expected: Vec<u64> = data
            .iter()
            .enumerate()
            .filter(|(_, row)| filter.matches(&|column| row[column].as_str()))
            .map(|(index, _)| index as u64 + 1)
            .collect();
        let found: Vec<u64> = rows(store, id, &Scan::new(&filter, &[0]))
            .iter()
            .map(|row| row.0)
            .collect();
        assert_eq!(found, expected, "{filter:?}");
        assert_eq!(store.count(id, &filter).unwrap(), expected.len() as u64);
    }
}

fn random_filter(random: &mut fastrand::Rng, values: &[&str], depth: usize) -> Filter {
    if depth > 0 && random.bool() {
        let count = random.usize(0..4);
        let filters = (0..count)
            .map(|_| random_filter(random, values, depth - 1))
            .collect();
        return match random.u8(0..3) {
            0 => Filter::All(filters),
            1 => Filter::Any(filters),
            _ => Filter::All(filters).negate(),
        };
    }
    Filter::test(random.usize(0..3), random_test(random, values))
}

fn random_test(random: &mut fastrand::Rng, values: &[&str]) -> Test {
    let ignore_case = random.bool();
    let value = values[random.usize(0..values.len())];
    match random.u8(0..6) {
        0 => Test::Empty,
        1 => {
            let ops = [
                TextOp::Is,
                TextOp::Contains,
                TextOp::StartsWith,
                TextOp::EndsWith,
            ];
            Test::text(ops[random.usize(0..4)], value, ignore_case)
        }
        2 => Test::any_of([value, "Gold"], ignore_case),
        3 => Test::Number {
            style: NumberStyle::Point,
            range: NumberRange {
                from: NumberStyle::Point
                    .parse(value)
                    .map(|number| (number, random.bool())),
                to: None,
            },
        },
        4 => Test::Days {
            order: DateOrder::ALL[random.usize(0..3)],
            first: None,
            last: DateOrder::YearMonthDay.parse(value),
        },
        _ => Test::Boolean(random.bool()),
    }
}

fn an_unfinished_snapshot_cannot_be_read_and_leaves_nothing_behind(store: &dyn Snapshots) {
    let id = SnapshotId::new();
    let mut writer = store.begin(id, 1).unwrap();
    let mut batch = RowBatch::new(1);
    batch.push_cells(["a"]);
    writer.write(&batch).unwrap();
    assert!(matches!(
        store.count(id, &Filter::EVERYONE),
        Err(SnapshotError::NotFound(_))
    ));
    assert!(store.is_being_written(id).unwrap());
    drop(writer);
    until(|| !store.is_being_written(id).unwrap());
    assert!(!store.list().unwrap().contains(&id));
}

fn the_writer_counts_as_alive_until_it_lets_go(store: &dyn Snapshots) {
    let id = SnapshotId::new();
    let alive = store.begin(id, 1).unwrap().finish().unwrap();
    assert!(store.is_being_written(id).unwrap());
    assert_eq!(store.count(id, &Filter::EVERYONE).unwrap(), 0);
    assert!(store.list().unwrap().contains(&id));
    drop(alive);
    until(|| !store.is_being_written(id).unwrap());
}

fn what_is_removed_is_gone(store: &dyn Snapshots) {
    let id = write(store, 3, &sample());
    let other = write(store, 3, &sample());
    store.delete(id).unwrap();
    store.delete(id).unwrap();
    assert!(!store.list().unwrap().contains(&id));
    let scanned = store.scan(id, &Scan::new(&Filter::EVERYONE, &[0]), &mut |_| {
        ControlFlow::Continue(())
    });
    assert!(matches!(scanned, Err(SnapshotError::NotFound(missing)) if missing == id));
    assert_eq!(store.count(other, &Filter::EVERYONE).unwrap(), 20);
}

fn erased_rows_are_gone_and_the_others_keep_their_numbers(store: &dyn Snapshots) {
    let id = write(store, 3, &sample());
    let numbers = |expected: &[u64]| {
        let found = rows(store, id, &Scan::new(&Filter::EVERYONE, &[0]));
        assert!(found.iter().map(|row| row.0).eq(expected.iter().copied()));
        assert!(found.iter().all(|(n, cells)| cells[0] == format!("id{n}")));
    };
    let all: Vec<u64> = (1..=20).collect();
    drop(store.prepare_erasure(id, &[5]).unwrap());
    numbers(&all);
    let (first, second) = ([1, 7], [20]);
    let mut erasure = store.prepare_erasure(id, &first).unwrap();
    numbers(&all);
    // A scan under way sees everything to its end.
    let mut seen = 0;
    let everyone = Filter::EVERYONE;
    store
        .scan(id, &Scan::new(&everyone, &[0]), &mut |_| {
            if seen == 0 {
                erasure.commit().unwrap();
            }
            seen += 1;
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(seen, 20);
    erasure.scrub().unwrap();
    let left: Vec<u64> = (2..=20).filter(|n| *n != 7).collect();
    numbers(&left);
    let mut erasure = store.prepare_erasure(id, &second).unwrap();
    erasure.commit().unwrap();
    erasure.scrub().unwrap();
    numbers(&left[..left.len() - 1]);
    assert_eq!(store.count(id, &everyone).unwrap(), 17);
}

fn every_text_comes_back_as_it_was(store: &dyn Snapshots) {
    let long = "長".repeat(300_000);
    let texts = [
        "",
        " ",
        "\\N",
        "\\",
        "a\tb\nc\r\nd",
        "'\";--",
        "e\u{301}👩\u{200d}👧",
        "\u{feff}x",
        &long,
    ];
    let data: Vec<Vec<String>> = texts.iter().map(|text| vec![(*text).to_owned()]).collect();
    let id = write(store, 1, &data);
    let found = rows(store, id, &Scan::new(&Filter::EVERYONE, &[0]));
    assert!(found.iter().map(|row| &row.1).eq(&data));
}

/// Ends of sessions are noticed a moment later.
fn until(is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(
            began.elapsed() < Duration::from_secs(120),
            "it never happened"
        );
        std::thread::yield_now();
    }
}
