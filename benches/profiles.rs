//! How fast profiles are read back and segments counted: `cargo bench --bench profiles [-- ROWS]`.
//!
//! Loads ROWS (default 1,000,000) made-up profiles of 12 fields into a snapshot in a temporary folder and prints the
//! median of three runs of each reading. `benches/import.sh` measures loading itself.
#![allow(clippy::print_stdout, reason = "the table is the point")]
#![allow(clippy::unwrap_used, reason = "a benchmark that fails stops")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use listbridge::profiles::{Filter, Scan, SnapshotId, Snapshots, SqliteSnapshots};
use listbridge::segments::Rule;
use listbridge::sources::file::{FileCounts, Overrides, inspect, load};

const HEADINGS: &str = "CustomerId,FirstName,LastName,EMail,City,Country,LoyaltyTier,TotalSpend,LastPurchase,OptIn,BirthDate,Phone";

fn main() {
    // Cargo passes --bench; anything that is a number is the count of rows.
    let rows = std::env::args().find_map(|argument| argument.parse().ok());
    let rows: u32 = rows.unwrap_or(1_000_000);
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteSnapshots::open(folder.path()).unwrap();
    let mut file = tempfile::tempfile_in(folder.path()).unwrap();
    write_profiles(&mut file, rows);
    let plan = inspect(&mut file, &Overrides::default()).unwrap().plan(&[]);
    let id = SnapshotId::new();
    let writer = store.begin(id, plan.fields.len()).unwrap();
    let started = Instant::now();
    let loaded = load(file, &plan, writer, &FileCounts::default()).unwrap();
    println!("{rows} profiles");
    print_line("load", started.elapsed(), loaded.report.rows);

    let everyone = Filter::EVERYONE;
    measure("scan of 3 fields", || {
        let (mut found, mut bytes) = (0_u64, 0);
        store
            .scan(id, &Scan::new(&everyone, &[1, 2, 3]), &mut |row| {
                found += 1;
                bytes += row.values().map(str::len).sum::<usize>();
                ControlFlow::Continue(())
            })
            .unwrap();
        black_box(bytes);
        found
    });
    for (name, rule) in [
        (
            "count: text is",
            r#""field":"LoyaltyTier","operator":"is","value":"Gold""#,
        ),
        (
            "count: text is, ignore case",
            r#""field":"LoyaltyTier","operator":"is","value":"gold","ignore_case":true"#,
        ),
        (
            "count: text contains, ignore case",
            r#""field":"EMail","operator":"contains","value":"WING","ignore_case":true"#,
        ),
        (
            "count: any of",
            r#""field":"City","operator":"any_of","values":["Boston","Zürich","London"],"ignore_case":true"#,
        ),
        (
            "count: number at least",
            r#""field":"TotalSpend","operator":"at_least","value":"500""#,
        ),
        (
            "count: date between",
            r#""field":"LastPurchase","operator":"between","from":"2024-01-01","to":"2024-06-30""#,
        ),
    ] {
        let rule: Rule =
            serde_json::from_str(&format!(r#"{{"kind":"condition",{rule}}}"#)).unwrap();
        let filter = rule
            .compile(&loaded.fields, jiff::civil::date(2026, 1, 1))
            .unwrap();
        measure(name, || store.count(id, &filter).unwrap());
    }
}

fn measure(name: &str, mut work: impl FnMut() -> u64) {
    let mut times = [Duration::ZERO; 3];
    let mut found = 0;
    for time in &mut times {
        let started = Instant::now();
        found = work();
        *time = started.elapsed();
    }
    times.sort_unstable();
    print_line(name, times[1], found);
}

fn print_line(name: &str, time: Duration, found: u64) {
    println!(
        "{name:<36} {:>7.3} s  {found:>9} profiles",
        time.as_secs_f64()
    );
}

fn write_profiles(file: &mut std::fs::File, rows: u32) {
    let mut random = fastrand::Rng::with_seed(7);
    let mut text = format!("{HEADINGS}\n");
    for row in 0..rows {
        let first = random
            .choice(["Mei", "Wing", "James", "Olu", "小明"])
            .unwrap();
        let last = random
            .choice(["Chan", "Wong", "Smith", "\"Jones, Jr.\"", "陳"])
            .unwrap();
        let city = random
            .choice(["Hong Kong", "Boston", "Zürich", "London", "São Paulo"])
            .unwrap();
        let tier = random.choice(["Gold", "Silver", "Bronze", ""]).unwrap();
        let (cents, phone) = (random.u32(0..100_000), random.u32(0..10_000));
        let (month, day) = (random.u8(1..13), random.u8(1..29));
        let (year, born) = (random.u16(2019..2027), random.u16(1940..2008));
        writeln!(
            text,
            "C{row:09},{first},{last},{first}.{row}@example.com,{city},HK,{tier},{}.{:02},{year}-{month:02}-{day:02},true,{born}-{month:02}-{day:02},+1-555-{phone:04}",
            cents / 100,
            cents % 100
        )
        .unwrap();
        if text.len() > 1024 * 1024 {
            file.write_all(text.as_bytes()).unwrap();
            text.clear();
        }
    }
    file.write_all(text.as_bytes()).unwrap();
}
