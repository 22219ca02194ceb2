//! Everything that can go wrong, at every place where it can: each cell of the table is carried out.

mod page;
mod stand;
mod table;

use std::time::Instant;

use futures_util::{StreamExt, stream};

use stand::Stand;
use table::{At, Cell, Given, Size, table};

/// Cells carried out at once.
const AT_ONCE: usize = 6;

/// Carries cells out; what differs from the table, a line each.
async fn carry_out(cells: Vec<Cell>) -> Vec<String> {
    stream::iter(cells)
        .map(|cell| async move {
            let began = Instant::now();
            let seen = Stand::carry_out(&cell).await;
            eprintln!("{:?}, {}: {:?}", cell.at, cell.name, began.elapsed());
            seen.differences(&cell)
        })
        .buffer_unordered(AT_ONCE)
        .concat()
        .await
}

async fn hold(at: At) {
    let cells: Vec<Cell> = table().into_iter().filter(|cell| cell.at == at).collect();
    assert!(!cells.is_empty());
    let differences = carry_out(cells).await;
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}

#[tokio::test]
async fn token() {
    hold(At::Token).await;
}

#[tokio::test]
async fn account_summary() {
    hold(At::AccountSummary).await;
}

#[tokio::test]
async fn lists() {
    hold(At::Lists).await;
}

#[tokio::test]
async fn upload() {
    hold(At::Upload).await;
}

#[tokio::test]
async fn activities() {
    hold(At::Activities).await;
}

#[tokio::test]
async fn activity() {
    hold(At::Activity).await;
}

#[tokio::test]
async fn contact_exports() {
    hold(At::ContactExports).await;
}

#[tokio::test]
async fn download() {
    hold(At::Download).await;
}

#[tokio::test]
async fn removals() {
    hold(At::Removals).await;
}

#[tokio::test]
async fn on_this_side() {
    hold(At::Here).await;
}

/// A cell that passes, with one thing after the other made wrong in it or in the world.
#[tokio::test]
async fn a_cell_that_is_wrong_is_reported() {
    let name = "reset after it was accepted";
    let cells = table().into_iter();
    let mut cells = cells.filter(|cell| cell.at == At::Upload && cell.name == name);
    let cell = cells.next().unwrap();
    let seen = Stand::carry_out(&cell).await;
    assert!(seen.differences(&cell).is_empty());

    let wrong = |change: fn(&mut Cell)| {
        let mut cell = cell.clone();
        change(&mut cell);
        seen.differences(&cell)
    };
    for change in [
        |cell: &mut Cell| cell.must.ends = "outcome_unknown".to_owned(),
        |cell: &mut Cell| cell.must.pauses.push("quota".to_owned()),
        |cell: &mut Cell| cell.must.members = 39,
        |cell: &mut Cell| cell.must.uploads = 2,
        |cell: &mut Cell| cell.must.says = "runs-outcome-refused".to_owned(),
    ] {
        let differences = wrong(change);
        assert_eq!(differences.len(), 1, "{differences:?}");
        assert!(differences[0].contains(name), "{differences:?}");
    }

    // As many members, but another person; and a fault that strikes nobody.
    let stranger = Stand::carry_out_and(&cell, |stage| {
        stage.sandbox.leave_list(stage.list, "ann7@example.com");
        stage.sandbox.add_member(stage.list, "eve@example.com");
    });
    let differences = stranger.await.differences(&cell);
    assert!(differences[0].contains("wrong people"), "{differences:?}");
    let harmless = Cell {
        at: At::ContactExports,
        size: Size::One,
        given: Given::Http(
            listbridge::sandbox::FaultKind::Throttled,
            listbridge::sandbox::When::Nth(50),
        ),
        ..cell.clone()
    };
    let differences = Stand::carry_out(&harmless).await.differences(&harmless);
    assert!(
        differences.iter().any(|line| line.contains("never struck")),
        "{differences:?}"
    );
}
