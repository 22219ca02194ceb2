//! The whole job without a browser: the documented flow through the very pages a person uses, sign-in at the simulated
//! Constant Contact included, then a comparison of the list with what the sample must give.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, ensure};
use uuid::Uuid;

use super::visitor::{Seen, Visitor};
use super::{ADMINISTRATOR, GOLD, GOLD_TIER, OWNER, OWNER_PASSWORD, Running};
use crate::runs::{Run, RunState, store};

/// Name of the list the demo makes.
const LIST: &str = "Gold customers (demo)";
/// Display name of the demo's connection.
const CONNECTION: &str = "Newsletter account";
/// How often progress is printed.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Far more than the simulated vendor needs for one part.
const LONGEST_RUN: Duration = Duration::from_secs(120);

/// Walks the flow; fails when the list does not hold exactly the members it should.
pub(super) async fn run(running: &Running) -> anyhow::Result<()> {
    let visitor = Visitor::new()?;
    sign_in(running, &visitor).await.context("signing in")?;
    connect(running, &visitor)
        .await
        .context("adding the connection")?;
    add_export(running, &visitor)
        .await
        .context("adding the export")?;
    let run = run_export(running, &visitor)
        .await
        .context("running the export")?;
    check(running, &run).await
}

async fn sign_in(running: &Running, visitor: &Visitor) -> anyhow::Result<()> {
    let page = visitor.open(running.public_url.join("sign-in")?).await?;
    let form = page
        .form("Sign in")?
        .fill("Email address", ADMINISTRATOR.email)?
        .fill("Password", ADMINISTRATOR.password)?;
    visitor.send(form).await?;
    println!(
        "Signed in to {} as {}.",
        running.public_url, ADMINISTRATOR.email
    );
    Ok(())
}

async fn connect(running: &Running, visitor: &Visitor) -> anyhow::Result<()> {
    let page = visitor
        .open(running.public_url.join("settings/connections")?)
        .await?;
    let page = visitor.follow(&page, "Add connection").await?;
    let page = visitor.follow(&page, "Constant Contact").await?;
    let form = page
        .form("Connect")?
        .fill("Display name", CONNECTION)?
        .tick("Administrators and contributors")?
        .tick("I agree")?;
    let page = visitor.send(form).await?;
    println!("Connection {CONNECTION:?}: consent recorded, connection created.");

    let vendor = visitor
        .send(page.form("Authenticate with Constant Contact")?)
        .await?;
    let form = vendor
        .form("Sign in")?
        .fill("User name", OWNER)?
        .fill("Password", OWNER_PASSWORD)?;
    let consent = visitor.send(form).await?;
    let page = visitor.send(consent.form("Allow")?).await?;
    ensure!(
        page.says("Connected to Constant Contact"),
        "not authenticated: {}",
        page.text("[role=alert]")
    );
    println!("Connection {CONNECTION:?}: authenticated with Constant Contact.");

    let form = page
        .form("Add yourself as export user")?
        .fill("Password", ADMINISTRATOR.password)?;
    let page = visitor.send(form).await?;
    visitor.send(page.form("Save")?).await?;
    println!("Connection {CONNECTION:?}: export user added, saved.");
    Ok(())
}

async fn add_export(running: &Running, visitor: &Visitor) -> anyhow::Result<()> {
    let page = visitor.open(running.public_url.join("exports")?).await?;
    let page = visitor.follow(&page, "Add export").await?;
    let form = page
        .form("Use this connection")?
        .fill("Connection for export", CONNECTION)?;
    let page = visitor.send(form).await?;
    let form = page
        .form("Create list")?
        .fill("Name of the new list", LIST)?;
    let mut page = visitor.send(form).await?;
    for attribute in ["First name", "Last name"] {
        let form = page.form("Add attribute")?.fill("Attribute", attribute)?;
        page = visitor.send(form).await?;
    }
    let form = page.form("Save")?.fill("Export name", GOLD)?.tick(GOLD)?;
    let page = visitor.send(form).await?;
    ensure!(
        page.says("has been saved"),
        "not saved: {}",
        page.text("[role=alert]")
    );
    println!("Export {GOLD:?}: list {LIST:?} created, fields matched, segment selected, saved.");
    Ok(())
}

async fn run_export(running: &Running, visitor: &Visitor) -> anyhow::Result<Run> {
    let page = visitor.open(running.public_url.join("exports")?).await?;
    let page = visitor.send(page.form(&format!("Run {GOLD}"))?).await?;
    let run_id = run_id(&page)?;
    let watched = watch(running, run_id);
    let run = tokio::time::timeout(LONGEST_RUN, watched)
        .await
        .context("the run did not end")??;
    crate::cli::run::print(&running.services, &run, false).await?;
    Ok(run)
}

fn run_id(page: &Seen) -> anyhow::Result<Uuid> {
    let last = page
        .url
        .path_segments()
        .and_then(Iterator::last)
        .unwrap_or_default();
    last.parse()
        .with_context(|| format!("{} is not the page of a run", page.url.path()))
}

/// Prints progress until the run has ended.
async fn watch(running: &Running, run_id: Uuid) -> anyhow::Result<Run> {
    let mut last = String::new();
    loop {
        let run = store::get(&**running.services.db, run_id).await?;
        let phase = run.phase.map_or(run.state.name(), |phase| phase.name());
        let line = format!(
            "Run: {phase}, {} of {} profiles read",
            run.totals.read,
            run.members.unwrap_or(0)
        );
        if line != last {
            println!("{line}");
            last = line;
        }
        if run.state.is_finished() {
            return Ok(run);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Compares run and list with what the sample must give.
async fn check(running: &Running, run: &Run) -> anyhow::Result<()> {
    running.sandbox.settle().await;
    let list = running
        .sandbox
        .find_list(LIST)
        .context("the list is not there")?;
    let members = running.sandbox.members(list);
    let members: BTreeSet<String> = members.iter().map(|email| email.to_lowercase()).collect();
    let expected = running
        .expected
        .deliverable
        .get(GOLD_TIER)
        .context("the sample has no such members")?;
    let missing = expected.difference(&members).count();
    let extra = members.difference(expected).count();
    println!(
        "List {LIST:?}: {} members, {missing} missing, {extra} too many.",
        members.len()
    );
    let rows = running.expected.rows.get(GOLD_TIER).copied().unwrap_or(0);
    ensure!(
        run.state == RunState::Successful,
        "the run ended as {}",
        run.state.name()
    );
    ensure!(
        run.totals.read == rows,
        "{} profiles were read instead of {rows}",
        run.totals.read
    );
    ensure!(
        missing == 0 && extra == 0,
        "the list does not hold exactly the members it should"
    );
    println!("The list holds exactly the members it should.");
    Ok(())
}
