//! Sample customer profiles with the dirt real files have, the same every time.
//!
//! Of all rows about 0.5 % have no e-mail, 1 % a malformed one, 1 % repeat an earlier one in other case or with spaces
//! around; 0.2 % have a first name longer than the target accepts, 5 % names in Chinese, 2 % commas, quotes or line
//! breaks inside values. The generator remembers which addresses an export of each loyalty tier must deliver.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use fastrand::Rng;

/// Seed of the sample, so that every demo shows the same people.
const SEED: u64 = 7;

const FIRST_NAMES: [&str; 16] = [
    "James", "Mary", "Robert", "Patricia", "John", "Jennifer", "Michael", "Linda", "Mei", "Wing",
    "Kwok", "Sofia", "Olu", "Aisha", "Igor", "Lars",
];
const LAST_NAMES: [&str; 14] = [
    "Smith", "Johnson", "Williams", "Brown", "Jones", "Garcia", "Miller", "Davis", "Chan", "Wong",
    "Ng", "Okafor", "Petrov", "Svensson",
];
const CHINESE_FIRST_NAMES: [&str; 8] = [
    "小明", "淑芬", "志強", "美玲", "家豪", "詠詩", "俊傑", "嘉欣",
];
const CHINESE_LAST_NAMES: [&str; 8] = ["陳", "黃", "張", "李", "林", "何", "梁", "歐陽"];
const DOMAINS: [&str; 5] = [
    "example.com",
    "mail.example.org",
    "contoso.example",
    "northwind.example",
    "fabrikam.example",
];
const CITIES: [&str; 8] = [
    "Hong Kong",
    "Boston",
    "São Paulo",
    "Zürich",
    "London",
    "Kowloon City",
    "New York, NY",
    "Austin \"TX\"",
];
const COUNTRIES: [&str; 5] = ["HK", "US", "BR", "CH", "GB"];
/// Loyalty tiers and how many of 100 rows have each.
const TIERS: [(&str, u32); 4] = [("Gold", 10), ("Silver", 25), ("Bronze", 40), ("", 25)];
const HEADINGS: [&str; 12] = [
    "CustomerId",
    "FirstName",
    "LastName",
    "EMail",
    "City",
    "Country",
    "LoyaltyTier",
    "TotalSpend",
    "LastPurchase",
    "OptIn",
    "BirthDate",
    "Phone",
];

/// What an export of the sample must arrive at.
#[derive(Debug, Default)]
pub(super) struct Expected {
    /// Rows of each tier.
    pub(super) rows: BTreeMap<&'static str, u64>,
    /// Lower-case addresses to be delivered for each tier.
    pub(super) deliverable: BTreeMap<&'static str, BTreeSet<String>>,
}

/// Writes `rows` sample profiles as CSV and tells what to expect of them.
///
/// # Errors
/// The file cannot be written.
pub(super) fn write(path: &Path, rows: usize) -> io::Result<Expected> {
    let mut rng = Rng::with_seed(SEED);
    let mut expected = Expected::default();
    let mut earlier: Vec<String> = Vec::new();
    let mut writer = csv::Writer::from_path(path)?;
    writer.write_record(HEADINGS)?;
    for number in 0..rows {
        let dirt = rng.f64();
        let (mut first, mut last) = name(&mut rng);
        if rng.f64() < 0.002 {
            first = first.repeat(30).chars().take(80).collect();
        }
        if rng.f64() < 0.02 {
            last += one_of(&mut rng, &[", Jr.", " \"Bud\"", "\nII"]);
        }
        let (email, is_valid) = email(&mut rng, dirt, number, &mut earlier);
        let tier = tier(&mut rng);
        *expected.rows.entry(tier).or_default() += 1;
        if is_valid {
            expected
                .deliverable
                .entry(tier)
                .or_default()
                .insert(email.trim().to_lowercase());
        }
        let spend = (rng.f64() * 8.0).exp();
        writer.write_record([
            format!("C{number:09}"),
            first,
            last,
            email,
            one_of(&mut rng, &CITIES).to_owned(),
            one_of(&mut rng, &COUNTRIES).to_owned(),
            tier.to_owned(),
            format!("{spend:.2}"),
            format!(
                "20{}-{:02}-{:02}",
                rng.u32(19..=26),
                rng.u32(1..=12),
                rng.u32(1..=28)
            ),
            one_of(&mut rng, &["true", "false", "true"]).to_owned(),
            format!(
                "{}-{:02}-{:02}",
                rng.u32(1940..=2007),
                rng.u32(1..=12),
                rng.u32(1..=28)
            ),
            format!("+1-555-{:04}", rng.u32(0..10_000)),
        ])?;
    }
    writer.flush()?;
    Ok(expected)
}

fn name(rng: &mut Rng) -> (String, String) {
    if rng.f64() < 0.05 {
        (
            one_of(rng, &CHINESE_FIRST_NAMES).into(),
            one_of(rng, &CHINESE_LAST_NAMES).into(),
        )
    } else {
        (
            one_of(rng, &FIRST_NAMES).into(),
            one_of(rng, &LAST_NAMES).into(),
        )
    }
}

/// An address as a file might hold it, and whether it can be delivered.
fn email(rng: &mut Rng, dirt: f64, number: usize, earlier: &mut Vec<String>) -> (String, bool) {
    if dirt < 0.005 {
        return (String::new(), false);
    }
    if dirt < 0.015 {
        let malformed = [
            format!("user{number}"),
            format!("user{number}@"),
            "@example.com".to_owned(),
            format!("us er{number}@example.com"),
            format!("user{number}@@example.com"),
            format!("user{number}@example..com"),
        ];
        return (
            one_of(rng, &malformed.each_ref().map(String::as_str)).to_owned(),
            false,
        );
    }
    if dirt < 0.025 && !earlier.is_empty() {
        let again = earlier[rng.usize(..earlier.len())].clone();
        let spelling = if rng.bool() {
            again.to_uppercase()
        } else {
            format!(" {again} ")
        };
        return (spelling, true);
    }
    let first = one_of(rng, &FIRST_NAMES).to_lowercase();
    let last = one_of(rng, &LAST_NAMES).to_lowercase();
    let fresh = format!("{first}.{last}.{number}@{}", one_of(rng, &DOMAINS));
    earlier.push(fresh.clone());
    (fresh, true)
}

fn tier(rng: &mut Rng) -> &'static str {
    let mut point = rng.u32(0..100);
    for (name, share) in TIERS {
        if point < share {
            return name;
        }
        point -= share;
    }
    ""
}

fn one_of<'a>(rng: &mut Rng, choices: &[&'a str]) -> &'a str {
    choices[rng.usize(..choices.len())]
}
