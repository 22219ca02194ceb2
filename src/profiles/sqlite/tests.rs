use std::ops::ControlFlow;

use super::*;
use crate::profiles::value::{DateOrder, NumberStyle};
use crate::profiles::{NumberRange, RowBatch, Test, TextOp};

fn store() -> (tempfile::TempDir, SqliteSnapshots) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteSnapshots::open(folder.path()).unwrap();
    (folder, store)
}

fn write(store: &SqliteSnapshots, columns: usize, rows: &[Vec<String>]) -> SnapshotId {
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

fn rows(store: &SqliteSnapshots, id: SnapshotId, scan: &Scan<'_>) -> Vec<(u64, Vec<String>)> {
    let mut rows = Vec::new();
    store
        .scan(id, scan, &mut |row| {
            rows.push((row.number, row.values().map(str::to_owned).collect()));
            ControlFlow::Continue(())
        })
        .unwrap();
    rows
}

fn sample() -> Vec<Vec<String>> {
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

#[test]
fn rows_come_back_in_order_with_the_columns_asked_for() {
    let (_folder, store) = store();
    let id = write(&store, 3, &sample());
    let everyone = Filter::EVERYONE;
    let all = rows(&store, id, &Scan::new(&everyone, &[2, 0, 0]));
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
    assert_eq!(rows(&store, id, &page), [(19, vec!["id19".to_owned()])]);
    assert_eq!(rows(&store, id, &Scan::new(&everyone, &[])).len(), 20);
    assert_eq!(store.count(id, &everyone).unwrap(), 20);
}

#[test]
fn a_scan_stops_when_told() {
    let (_folder, store) = store();
    let id = write(&store, 3, &sample());
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

#[test]
fn an_unfinished_snapshot_cannot_be_read_and_leaves_nothing_behind() {
    let (_folder, store) = store();
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
    assert_eq!(store.list().unwrap(), [id]);
    drop(writer);
    assert!(!store.is_being_written(id).unwrap());
    assert_eq!(store.list().unwrap(), []);
}

#[test]
fn the_writer_counts_as_alive_until_it_lets_go() {
    let (_folder, store) = store();
    let id = SnapshotId::new();
    let alive = store.begin(id, 1).unwrap().finish().unwrap();
    assert!(store.is_being_written(id).unwrap());
    assert_eq!(store.count(id, &Filter::EVERYONE).unwrap(), 0);
    drop(alive);
    assert!(!store.is_being_written(id).unwrap());
}

#[test]
fn what_a_killed_writer_left_is_seen_and_can_be_removed() {
    let (_folder, store) = store();
    let id = SnapshotId::new();
    fs::write(store.path(id, LOADING), b"half").unwrap();
    assert_eq!(store.list().unwrap(), [id]);
    assert!(!store.is_being_written(id).unwrap());
    store.delete(id).unwrap();
    store.delete(id).unwrap();
    assert_eq!(store.list().unwrap(), []);
}

#[test]
fn folders_with_odd_names_work() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteSnapshots::open(&folder.path().join("a ?b#c%41 資料")).unwrap();
    let id = write(&store, 3, &sample());
    assert_eq!(store.count(id, &Filter::EVERYONE).unwrap(), 20);
}

#[test]
fn five_hundred_columns_and_two_thousand_conditions_fit() {
    let (_folder, store) = store();
    let row: Vec<String> = (0..500).map(|column| column.to_string()).collect();
    let id = write(&store, 500, &[row]);
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

#[test]
fn sql_agrees_with_the_definition_on_random_rules_and_rows() {
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
    let (_folder, store) = store();
    let data: Vec<Vec<String>> = (0..300)
        .map(|_| {
            (0..3)
                .map(|_| values[random.usize(0..values.len())].to_owned())
                .collect()
        })
        .collect();
    let id = write(&store, 3, &data);
    for _ in 0..300 {
        let filter = random_filter(&mut random, &values, 3);
        let expected: Vec<u64> = data
            .iter()
            .enumerate()
            .filter(|(_, row)| filter.matches(&|column| row[column].as_str()))
            .map(|(index, _)| index as u64 + 1)
            .collect();
        let found: Vec<u64> = rows(&store, id, &Scan::new(&filter, &[0]))
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
