//! Insights > Segments over real HTTP, every form without a script.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod browser;
mod builder;
mod list;
mod saving;
#[path = "../support/mod.rs"]
mod support;

use listbridge::exports::{self, ExportDefinition};
use listbridge::names::Name;
use listbridge::segments::store::SegmentDefinition;
use listbridge::segments::{Rule, store};
use listbridge::sources::{Author, plan_import};
use support::{ALICE, Answer, BOB, Browser, CHARLIE, TestApp, spawn_app};
use uuid::Uuid;

const PEOPLE: &str = "\
Id,City,Spend,Born,OptIn
1,Zürich,1234.50,1990-02-28,true
2,ZÜRICH,10,1990-03-01,false
3,Boston,10.0,2001-12-31,true
4,,,,
5,Kowloon City,-5,1985-07-04,false
6,香港,99999,1970-01-01,true
";

impl TestApp {
    /// Loads a file into a source of a name, replacing what it has; answers with the source's id.
    async fn import(&self, name: &str, text: &str) -> Uuid {
        let path = self.data_dir.path().join("upload.csv");
        std::fs::write(&path, text).unwrap();
        let name = Name::parse(name).unwrap();
        let request = plan_import(&self.services.db, &path, name, None, self.author())
            .await
            .unwrap();
        let started = self.services.loads.start(request).await.unwrap();
        let source_id = started.source_id;
        started.finished.await.unwrap().unwrap();
        source_id
    }

    fn author(&self) -> Author {
        Author {
            user_id: None,
            ip: None,
            at: self.services.clock.now(),
        }
    }

    /// Saves a segment past the pages, with any rule.
    async fn add_segment(&self, name: &str, source_id: Uuid, rule: &str) -> Uuid {
        let definition = SegmentDefinition {
            name: Name::parse(name).unwrap(),
            source_id,
            rule: serde_json::from_str(rule).unwrap(),
        };
        let segment = store::create(&**self.services.db, &definition, &self.author()).await;
        segment.unwrap().id
    }

    async fn rule(&self, id: Uuid) -> Rule {
        store::get(&**self.services.db, id).await.unwrap().rule
    }
}

/// Fields of a form with one condition.
fn condition<'a>(field: &'a str, operator: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("name", "Everybody I like"),
        ("c0-field", field),
        ("c0-operator", operator),
    ]
}

async fn press(browser: &Browser, path: &str, button: &str, fields: &[(&str, &str)]) -> Answer {
    let mut all = fields.to_vec();
    all.push(("do", button));
    browser.submit(path, path, &all).await
}

/// The form as it stands, with one field typed over.
fn typed_over<'a>(
    fields: &'a [(String, String)],
    name: &'a str,
    value: &'a str,
) -> Vec<(&'a str, &'a str)> {
    let mut fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    fields.retain(|(other, _)| *other != name && *other != "_csrf");
    fields.push((name, value));
    fields
}

async fn first_segment(browser: &Browser) -> String {
    let list = browser.get("/segments").await;
    list.attribute("tbody th a", "href").unwrap()
}
