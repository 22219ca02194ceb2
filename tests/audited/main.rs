//! The audit log over every route: whatever changes something or hands out personal data is done once over HTTP, and
//! leaves who it was, from where, and what was changed; and never a secret or the address of a profile.
//!
//! A route that is missing in the table fails the test, so a new one cannot forget to say what it leaves.

#![cfg(feature = "sandbox")]
#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod accounts;
mod book;
mod connections;
mod exports;
mod notices;
mod people;
mod privacy;
mod providers;
#[path = "../notices/receivers.rs"]
#[allow(dead_code, reason = "made for the tests of notices")]
mod receivers;
mod runs;
mod scene;
mod sources;
#[path = "../support/mod.rs"]
mod support;
mod system;
mod table;
#[path = "../support/waiting.rs"]
mod waiting;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use book::Book;
use listbridge::system::audit_labels::LABELS;
use scene::Scene;
use support::routes;
use table::{BEHIND, ELSEWHERE, Entry, PAGES, ROWS};

#[tokio::test(flavor = "multi_thread")]
async fn whatever_changes_something_or_hands_out_personal_data_is_recorded() {
    let mut book = Book::default();
    accounts::set_up(&mut book).await;
    accounts::own(&mut book).await;
    people::manage(&mut book).await;
    providers::sign_in(&mut book).await;
    connections::wizard(&mut book).await;
    let scene = Scene::set(&mut book).await;
    sources::load(&mut book, &scene).await;
    let stock = exports::make(&mut book, &scene).await;
    runs::run(&mut book, &scene, &stock).await;
    privacy::erase(&mut book, &scene).await;
    privacy::keep_lists(&mut book, &scene).await;
    exports::unmake(&mut book, &scene, &stock).await;
    book.close(&scene.app).await;
    system::change(&mut book).await;
    notices::tell(&mut book).await;
    book.is_complete();
    reads_in_chinese(&scene).await;
}

/// Every detail of everything that was done has words: neither names of the code nor JSON.
async fn reads_in_chinese(scene: &Scene) {
    let browser = scene.alice.browser.clone().speaking("zh-HK");
    browser
        .submit("/account", "/language", &[("lang", "zh-HK")])
        .await;
    let mut path = "/settings/audit".to_owned();
    let mut told = 0;
    loop {
        let page = browser.get(&path).await;
        for line in page.texts("td ul li") {
            told += 1;
            let (name, value) = line.split_once('：').unwrap_or_else(|| panic!("{line}"));
            let is_raw = name.chars().any(|c| c.is_ascii_lowercase());
            let is_json = value.contains(['{', '[']) || value == "true" || value == "false";
            assert!(!is_raw && !is_json, "{line}");
        }
        match page.attribute("nav.pager a[rel=next]", "href") {
            Some(next) => path = next,
            None => break,
        }
    }
    assert!(told > 40, "only {told} details");
}

#[test]
fn the_table_names_every_route_once() {
    let recorded: BTreeSet<_> = ROWS.iter().map(|row| (row.key().0, row.key().1)).collect();
    let pages: BTreeSet<_> = PAGES.iter().map(|path| ("get", *path)).collect();
    assert_eq!(pages.len(), PAGES.len());
    let both: Vec<_> = recorded.intersection(&pages).collect();
    assert!(both.is_empty(), "recorded and not recorded: {both:#?}");
    let written = routes::all();
    assert!(written.len() > 100, "the sources were read");
    let written: BTreeSet<_> = written
        .iter()
        .map(|(method, path)| (&**method, &**path))
        .collect();
    let table: BTreeSet<_> = recorded.union(&pages).copied().collect();
    let missing: Vec<_> = written.difference(&table).collect();
    assert!(missing.is_empty(), "not in the table: {missing:#?}");
    let gone: Vec<_> = table.difference(&written).collect();
    assert!(gone.is_empty(), "in the table, but no route: {gone:#?}");
}

#[test]
fn every_action_is_proven() {
    let mut proven: BTreeSet<&str> = BEHIND.iter().copied().collect();
    for row in ROWS {
        match row.entry {
            Entry::Adds(marks) => proven.extend(marks.iter().map(|mark| mark.action)),
            Entry::Nothing(why) => assert!(!why.is_empty(), "{:?} needs a reason", row.key()),
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tests: String = ["src", "tests"]
        .into_iter()
        .flat_map(|folder| routes::rust_files(&root.join(folder)))
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    for (action, test) in ELSEWHERE {
        assert!(tests.contains(&format!("async fn {test}()")), "{test}");
        proven.insert(action);
    }
    let known: BTreeSet<&str> = LABELS.iter().map(|(action, _)| *action).collect();
    assert_eq!(proven, known);
}
