use std::fmt::Write as _;
use std::io;
use std::ops::ControlFlow;

use super::*;
use crate::profiles::value::{DateOrder, NumberStyle};
use crate::profiles::{FieldType, Filter, Scan, SnapshotId, Snapshots, SqliteSnapshots};
use crate::sources::file::{Overrides, inspect};

struct Fixture {
    _folder: tempfile::TempDir,
    snapshots: SqliteSnapshots,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let snapshots = SqliteSnapshots::open(folder.path()).unwrap();
        Self {
            _folder: folder,
            snapshots,
        }
    }

    fn load(
        &self,
        bytes: &[u8],
        change: impl FnOnce(&mut LoadPlan),
    ) -> (SnapshotId, Result<Loaded, FileProblem>) {
        let mut file = tempfile::tempfile().unwrap();
        io::Write::write_all(&mut file, bytes).unwrap();
        let mut plan = inspect(&mut file, &Overrides::default()).unwrap().plan(&[]);
        change(&mut plan);
        self.load_planned(bytes, &plan, &FileCounts::default())
    }

    fn load_planned(
        &self,
        input: impl Read,
        plan: &LoadPlan,
        counts: &FileCounts,
    ) -> (SnapshotId, Result<Loaded, FileProblem>) {
        let id = SnapshotId::new();
        let writer = self.snapshots.begin(id, plan.fields.len()).unwrap();
        (id, load(input, plan, writer, counts))
    }

    fn rows(&self, id: SnapshotId, columns: &[usize]) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        self.snapshots
            .scan(id, &Scan::new(&Filter::EVERYONE, columns), &mut |row| {
                rows.push(row.values().map(str::to_owned).collect());
                ControlFlow::Continue(())
            })
            .unwrap();
        rows
    }
}

fn refusals(report: &LoadReport) -> Vec<(u64, RefusalReason)> {
    report
        .refusals
        .iter()
        .map(|refusal| (refusal.line, refusal.detail.reason))
        .collect()
}

#[test]
fn every_row_is_loaded_as_it_was_or_refused_with_its_line() {
    let fixture = Fixture::new();
    let text = b"Id,Name\n1, Zo\xc3\xab \n2\n3,b,c\n4,\"two\nlines\"\n5,\xff\n6,n\0l\n7,=HYPERLINK(\"\"x\"\")\n8,\"open\n9,last";
    let (id, loaded) = fixture.load(text, |_| {});
    let report = loaded.unwrap().report;
    assert_eq!((report.rows, report.refused), (4, 5));
    use RefusalReason::{InvalidText, NulByte, TooFewCells, TooManyCells, UnclosedQuote};
    assert_eq!(
        refusals(&report),
        [
            (3, TooFewCells),
            (4, TooManyCells),
            (7, InvalidText),
            (8, NulByte),
            (10, UnclosedQuote)
        ]
    );
    assert_eq!(report.refusals[0].detail.cells, Some(1));
    assert_eq!(report.refused_by_reason.values().sum::<u64>(), 5);
    assert_eq!(
        fixture.rows(id, &[0, 1]),
        [
            ["1", " Zoë "],
            ["4", "two\nlines"],
            ["7", "=HYPERLINK(\"\"x\"\")"],
            ["9", "last"]
        ]
    );
    assert_eq!(report.bytes, text.len() as u64);
}

#[test]
fn a_key_must_be_there_and_be_unique() {
    let fixture = Fixture::new();
    let (id, loaded) = fixture.load(b"Id,Name\nA,1\n,2\nA ,3\na,4\n", |plan| plan.key = Some(0));
    let report = loaded.unwrap().report;
    use RefusalReason::{KeyDuplicate, KeyMissing};
    assert_eq!(refusals(&report), [(3, KeyMissing), (4, KeyDuplicate)]);
    assert_eq!(fixture.rows(id, &[1]), [["1"], ["4"]]);
}

#[test]
fn types_are_settled_by_the_whole_file() {
    let fixture = Fixture::new();
    // The sample says month first and numbers; far below it a day of 13 and a lot of words follow.
    let mut text = "When,Spend,Sure\n".to_owned();
    for _ in 0..6_000 {
        text.push_str("1/2/2024,10,yes\n");
    }
    for _ in 0..200 {
        text.push_str("13/2/2024,n/a,no\n");
    }
    let (_, loaded) = fixture.load(text.as_bytes(), |_| {});
    let loaded = loaded.unwrap();
    let types: Vec<_> = loaded.fields.iter().map(|field| field.field_type).collect();
    let day_first = FieldType::Date {
        order: DateOrder::DayMonthYear,
    };
    assert_eq!(types, [day_first, FieldType::Text, FieldType::Boolean]);
    assert_eq!(loaded.report.fields.len(), 1);
    let note = &loaded.report.fields[0];
    assert_eq!(
        (
            note.field.as_str(),
            note.became_text,
            note.values,
            note.first_line
        ),
        ("Spend", true, 200, 6_002)
    );
}

#[test]
fn a_file_of_refused_rows_changes_nothing() {
    let fixture = Fixture::new();
    let (id, loaded) = fixture.load(b"Id,Name\n1\n2\n", |_| {});
    match loaded.unwrap_err() {
        FileProblem::NothingLoaded(report) => assert_eq!(report.refused, 2),
        other => panic!("{other}"),
    }
    assert_eq!(fixture.snapshots.list().unwrap(), []);
    assert!(fixture.snapshots.count(id, &Filter::EVERYONE).is_err());
}

#[test]
fn refusals_are_listed_up_to_a_bound_and_all_counted() {
    let fixture = Fixture::new();
    let text = format!("Id,Name\n1,a\n{}", "x\n".repeat(5_000));
    let (_, loaded) = fixture.load(text.as_bytes(), |_| {});
    let report = loaded.unwrap().report;
    assert_eq!((report.rows, report.refused), (1, 5_000));
    assert_eq!(report.refusals.len(), super::super::MAX_LISTED_REFUSALS);
}

#[test]
fn a_canceled_or_broken_load_leaves_nothing() {
    struct Breaks(usize);
    impl Read for Breaks {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0 = self
                .0
                .checked_sub(1)
                .ok_or_else(|| io::Error::other("gone"))?;
            buffer.fill(b'\n');
            buffer[0] = b'1';
            Ok(buffer.len())
        }
    }
    let fixture = Fixture::new();
    let mut file = tempfile::tempfile().unwrap();
    let text = format!("Id\n{}", "1\n".repeat(5_000));
    io::Write::write_all(&mut file, text.as_bytes()).unwrap();
    let plan = inspect(&mut file, &Overrides::default()).unwrap().plan(&[]);

    let counts = FileCounts::default();
    counts.is_canceled.store(true, Ordering::Relaxed);
    let (_, loaded) = fixture.load_planned(text.as_bytes(), &plan, &counts);
    assert!(matches!(loaded, Err(FileProblem::Canceled)));
    let (_, loaded) = fixture.load_planned(
        text.as_bytes().chain(Breaks(3)),
        &plan,
        &FileCounts::default(),
    );
    assert!(matches!(loaded, Err(FileProblem::Io(_))));
    assert_eq!(fixture.snapshots.list().unwrap(), []);
}

#[test]
fn a_hundred_thousand_dirty_rows_are_accounted_for() {
    let fixture = Fixture::new();
    let mut random = fastrand::Rng::with_seed(7);
    let (mut gold, mut spent_more, mut bought_lately) = (0_u64, 0_u64, 0_u64);
    let mut text =
        "CustomerId,FirstName,LastName,EMail,City,LoyaltyTier,TotalSpend,LastPurchase\n".to_owned();
    for row in 0..100_000 {
        let tier = ["Gold", "Silver", "Bronze", ""][random.usize(0..4)];
        let cents = random.u32(0..100_000);
        let (year, month, day) = (random.u16(2019..2027), random.u8(1..13), random.u8(1..29));
        let last = ["Chan", "Smith, Jr.", "O \"\"Bud\"\" Lee", "Jones\nII"][random.usize(0..4)];
        gold += u64::from(tier == "Gold");
        spent_more += u64::from(cents >= 50_050);
        bought_lately += u64::from((year, month) >= (2026, 6));
        writeln!(
            text,
            "C{row:09},Mei,\"{last}\",user{row}@example.com,São Paulo,{tier},{}.{:02},{year}-{month:02}-{day:02}",
            cents / 100,
            cents % 100
        )
        .unwrap();
    }
    let (id, loaded) = fixture.load(text.as_bytes(), |plan| plan.key = Some(0));
    let loaded = loaded.unwrap();
    assert_eq!((loaded.report.rows, loaded.report.refused), (100_000, 0));
    let number = FieldType::Number {
        style: NumberStyle::Point,
    };
    assert_eq!(loaded.fields[6].field_type, number);
    let rule = |json: &str| {
        let rule: crate::segments::Rule = serde_json::from_str(json).unwrap();
        rule.compile(&loaded.fields, jiff::civil::date(2026, 12, 31))
            .unwrap()
    };
    let count = |json: &str| fixture.snapshots.count(id, &rule(json)).unwrap();
    assert_eq!(
        count(
            r#"{"kind":"condition","field":"LoyaltyTier","operator":"is","value":"gold","ignore_case":true}"#
        ),
        gold
    );
    assert_eq!(
        count(r#"{"kind":"condition","field":"TotalSpend","operator":"at_least","value":"500.5"}"#),
        spent_more
    );
    assert_eq!(
        count(
            r#"{"kind":"condition","field":"LastPurchase","operator":"at_least","value":"2026-06-01"}"#
        ),
        bought_lately
    );
}
