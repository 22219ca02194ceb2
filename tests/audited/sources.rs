//! Files of profiles, from the upload to the end of the source.

use std::fmt::Write;

use listbridge::profiles::SnapshotId;
use listbridge::sources::store;
use uuid::Uuid;

use crate::book::{Actor, Book, to};
use crate::scene::{Scene, id_at_end};
use crate::waiting::until;

/// Profiles that are exported.
pub(crate) const ROWS: usize = 30;

/// Address of a profile.
pub(crate) fn address(row: usize) -> String {
    format!("person{row}@profiles.example")
}

fn people(rows: usize) -> String {
    let mut csv = "CustomerId,FirstName,EMail\n".to_owned();
    for row in 0..rows {
        writeln!(csv, "C{row},Ann{row},{}", address(row)).unwrap();
    }
    csv.push_str("X,Nobody,no address\n");
    csv
}

pub(crate) async fn load(book: &mut Book, scene: &Scene) {
    let alice = &scene.alice;
    for row in 0..ROWS {
        book.hide(address(row));
    }
    let preview = upload(book, alice, "people.csv", ROWS).await;
    let step = to("/sources/uploads/{id}").with(preview);
    book.get(alice, step, "").await;
    let loading = confirm(book, alice, preview).await;
    end(scene, loading).await;
    let step = to("/sources/loads/{id}").with(loading);
    book.get(alice, step, "").await;
    book.get(alice, to("/profiles"), "").await;

    let unused = upload(book, alice, "unused.csv", 2).await;
    let step = to("/sources/uploads/{id}/discard").with(unused);
    book.post(alice, step, &[]).await;
    let removed = upload(book, alice, "removed.csv", 2).await;
    let loading = confirm(book, alice, removed).await;
    end(scene, loading).await;
    let step = to("/sources/{id}/remove").with(source(scene, "removed").await);
    book.post(alice, step, &[]).await;

    // Large enough to be under way when it is canceled.
    let large = upload(book, alice, "large.csv", 600_000).await;
    let loading = confirm(book, alice, large).await;
    let step = to("/sources/loads/{id}/cancel").with(loading);
    book.post(alice, step, &[]).await;
    end(scene, loading).await;
}

async fn upload(book: &mut Book, alice: &Actor, name: &str, rows: usize) -> Uuid {
    let file = (name, people(rows));
    let sent = book.upload(alice, to("/sources/upload"), file).await;
    id_at_end(&sent.location.unwrap())
}

/// Loads a file as it is proposed; the id of the load.
async fn confirm(book: &mut Book, alice: &Actor, upload: Uuid) -> Uuid {
    let page = format!("/sources/uploads/{upload}");
    let step = to("/sources/uploads/{id}").with(upload);
    let form = (&*page, "form.stack");
    let started = book.fill_in(alice, step, form, &[("do", "load")]).await;
    id_at_end(&started.location.unwrap())
}

async fn end(scene: &Scene, loading: Uuid) {
    until("the end of a load", async || {
        let loads = &scene.app.services.loads;
        loads.progress(SnapshotId(loading)).is_none()
    })
    .await;
}

/// Id of a source.
pub(crate) async fn source(scene: &Scene, name: &str) -> Uuid {
    let sources = store::list(&**scene.app.services.db).await.unwrap();
    let found = sources.into_iter().find(|source| source.name == name);
    found.unwrap().id
}
