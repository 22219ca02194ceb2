//! One person found and erased, the exclusion list, and what is kept how long.

use listbridge::privacy::erase::{ErasureState, store};
use listbridge::sandbox::Endpoint;
use uuid::Uuid;

use crate::book::{Book, to};
use crate::scene::{Scene, id_at_end};
use crate::sources::address;
use crate::waiting::until;

pub(crate) async fn erase(book: &mut Book, scene: &Scene) {
    let alice = &scene.alice;
    let person = address(3);
    let typed = [("address", &*person)];
    book.post(alice, to("/settings/privacy/find"), &typed).await;
    book.post(alice, to("/settings/privacy/erase"), &typed)
        .await;
    scene.refuse(Endpoint::DeleteContact);
    let left = confirm(book, scene, &person).await;
    reaches(scene, left, ErasureState::Failed).await;
    let step = to("/settings/privacy/erasures/{id}/give-up").with(left);
    book.post(alice, step, &[]).await;
    let again = confirm(book, scene, &address(4)).await;
    reaches(scene, again, ErasureState::Failed).await;
    scene.sandbox.lift_faults();
    let step = to("/settings/privacy/erasures/{id}/retry").with(again);
    book.post(alice, step, &[]).await;
    reaches(scene, again, ErasureState::Done).await;
}

async fn confirm(book: &mut Book, scene: &Scene, person: &str) -> Uuid {
    let connection = scene.connection.to_string();
    let fields = [("address", person), ("connection", &*connection)];
    let step = to("/settings/privacy/erase/confirm");
    let asked = book.post(&scene.alice, step, &fields).await;
    id_at_end(&asked.location.unwrap())
}

async fn reaches(scene: &Scene, id: Uuid, state: ErasureState) {
    until("the state of an erasure", async || {
        let found = store::find(&**scene.app.services.db, id).await.unwrap();
        found.unwrap().state == state
    })
    .await;
}

pub(crate) async fn keep_lists(book: &mut Book, scene: &Scene) {
    let alice = &scene.alice;
    let entry = address(5);
    let list = || to("/settings/privacy/exclusions");
    book.post(alice, list(), &[("entry", &entry)]).await;
    let step = to("/settings/privacy/exclusions/remove");
    book.post(alice, step, &[("removed", &entry)]).await;
    let step = to("/settings/privacy/exclusions/upload");
    let file = ("left.csv", format!("{}\n{}\n", address(6), address(7)));
    book.upload(alice, step, file).await;
    let step = to("/settings/privacy/exclusions/download");
    book.get(alice, step, "").await;
    let kept = [("rows", "20"), ("details", "400")];
    let step = to("/settings/privacy/retention");
    book.post(alice, step, &kept).await;
}
