//! `docs/faults.md` is the table, so that nobody reads there what is not tested.

use std::path::Path;

use super::table::{At, Cell, table};

const HEAD: &str = "\
# What happens when something goes wrong

Each row is a test: a simulated Constant Contact, or this machine, misbehaves in one way, at one place, in the middle of
an export of 40 profiles (20,000 in three parts, or 192,500 in 26, where the fault strikes between parts). Checked is the
whole row: how it ends, what the run waits for on the way without keeping its place, who is on the list (nobody twice,
nobody missing), how many uploads Constant Contact saw (refused ones included), and the message people read, by its key
in `locales/`; a run that fails also opens a notice with that message. Faults that \"pass\" strike the first one to three
requests. What is done about each class of error, how long and how often, is the table in `src/runs/retry.rs`.

Made from `tests/runs/faults/table/`; `LISTBRIDGE_TEST_UPDATE=1 cargo test --test runs faults::page` writes it anew.
";

fn page() -> String {
    let mut page = HEAD.to_owned();
    let cells = table();
    for at in At::ALL {
        page.push_str(&format!("\n## {}\n\n", at.title()));
        page.push_str("| fault | ends | waits for | members | uploads | message |\n|---|---|---|---:|---:|---|\n");
        for cell in cells.iter().filter(|cell| cell.at == at) {
            page.push_str(&row(cell));
        }
    }
    page
}

fn row(cell: &Cell) -> String {
    let must = &cell.must;
    let pauses = match must.pauses.join(", ") {
        none if none.is_empty() => "–".to_owned(),
        pauses => pauses,
    };
    format!(
        "| {} | {} | {pauses} | {} | {} | `{}` |\n",
        cell.name, must.ends, must.members, must.uploads, must.says
    )
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the variable steers tests, not the program"
)]
fn the_page_is_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/faults.md");
    if std::env::var("LISTBRIDGE_TEST_UPDATE").is_ok() {
        std::fs::write(&path, page()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page(),
        "docs/faults.md differs from the table; LISTBRIDGE_TEST_UPDATE=1 writes it anew"
    );
}

#[test]
fn every_cell_has_its_own_name() {
    let mut names: Vec<(String, String)> = table()
        .into_iter()
        .map(|cell| (format!("{:?}", cell.at), cell.name))
        .collect();
    let all = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all);
}
