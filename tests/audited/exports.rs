//! Segments and exports: made, changed, and in the end removed.

use listbridge::exports::store;
use listbridge::names::Name;
use uuid::Uuid;

use crate::book::{Book, to};
use crate::scene::Scene;
use crate::sources::{address, source};

/// What the runs are made of.
pub(crate) struct Stock {
    pub(crate) segment: Uuid,
    /// Asks before it sends far fewer.
    pub(crate) weekly: Uuid,
    /// Asks before it takes anybody off its list.
    pub(crate) mirror: Uuid,
}

/// A segment that was made on the way; it names a profile.
const ONE: &str = "One person";

pub(crate) async fn make(book: &mut Book, scene: &Scene) -> Stock {
    let alice = &scene.alice;
    let people = source(scene, "people").await.to_string();
    let everyone = [("name", "Everyone"), ("source", &people), ("do", "save")];
    book.post(alice, to("/segments/new"), &everyone).await;
    let segment = scene.segment("Everyone").await;
    let step = to("/segments/{id}/refresh").with(segment);
    book.post(alice, step, &[]).await;
    let (first, second) = (address(1), address(2));
    let mut one = vec![
        ("name", ONE),
        ("source", &*people),
        ("c0-field", "EMail"),
        ("c0-operator", "is"),
        ("c0-value", &*first),
        ("do", "save"),
    ];
    book.post(alice, to("/segments/new"), &one).await;
    let other = scene.segment(ONE).await;
    one[4] = ("c0-value", &*second);
    one[3] = ("c0-operator", "is_not");
    one.push(("version", "1"));
    let step = to("/segments/{id}").with(other);
    book.post(alice, step, &one).await;

    let connection = scene.connection.to_string();
    let list = scene.sandbox.find_list("Newsletter").unwrap().to_string();
    let chosen = segment.to_string();
    let form = |name, list, more: &[(&'static str, &'static str)]| {
        let mut fields = vec![
            ("connection", &*connection),
            ("name", name),
            ("list", list),
            ("source", &*people),
            ("email_field", "EMail"),
            ("attribute.first_name", "FirstName"),
            ("segment", &*chosen),
        ];
        fields.extend_from_slice(more);
        fields
    };
    let weekly = form(
        "Weekly",
        &*list,
        &[("brake_below", "50"), ("action", "save")],
    );
    book.post(alice, to("/exports/new"), &weekly).await;
    let weekly = export(scene, "Weekly").await;
    let step = to("/exports/new").when("a list is created");
    let fields = form(
        "Mirror",
        "",
        &[("new_list", "Mirrored"), ("action", "create-list")],
    );
    let drawn = book.post(alice, step, &fields).await;
    let created = drawn.attribute("#list", "value").unwrap();
    assert_eq!(
        scene.sandbox.find_list("Mirrored").unwrap().to_string(),
        created
    );
    let modes = [
        ("mode", "mirror"),
        ("removals_ask_above", "0"),
        ("action", "save"),
    ];
    let mirror = form("Mirror", &*created, &modes);
    book.post(alice, to("/exports/new"), &mirror).await;
    let mirror = export(scene, "Mirror").await;

    let page = format!("/exports/{weekly}");
    let shown = (&*page, "form[data-export-form]");
    let changes = [("brake_below", "60"), ("action", "save")];
    let step = to("/exports/{id}").with(weekly);
    book.fill_in(alice, step, shown, &changes).await;
    let page = format!("/exports/schedule?ids={weekly}");
    let daily = [
        ("run", "on"),
        ("recurrence", "daily"),
        ("time", "03:30"),
        ("action", "save"),
    ];
    let shown = (&*page, "form.schedule-form");
    book.fill_in(alice, to("/exports/schedule"), shown, &daily)
        .await;
    let selected = [("export", &*weekly.to_string()), ("action", "open")];
    book.post(alice, to("/exports/selected"), &selected).await;
    Stock {
        segment,
        weekly,
        mirror,
    }
}

pub(crate) async fn unmake(book: &mut Book, scene: &Scene, stock: &Stock) {
    let alice = &scene.alice;
    let one = scene.segment(ONE).await;
    let (weekly, mirror) = (stock.weekly.to_string(), stock.mirror.to_string());
    let segment = one.to_string();
    let step = to("/segments/{id}/exports").with(one);
    book.post(alice, step, &[("export", &weekly)]).await;
    let fields = [("ids", &*mirror), ("segment", &*segment)];
    book.post(alice, to("/exports/add-segment"), &fields).await;
    let fields = [("ids", &*mirror)];
    book.post(alice, to("/exports/detach"), &fields).await;
    book.post(alice, to("/exports/remove"), &fields).await;
    let step = to("/exports/{id}/remove").with(&weekly);
    book.post(alice, step, &[]).await;
    let step = to("/segments/{id}/remove").with(&segment);
    book.post(alice, step, &[]).await;
}

async fn export(scene: &Scene, name: &str) -> Uuid {
    let name = Name::parse(name).unwrap();
    let found = store::find_by_name(&**scene.app.services.db, &name).await;
    found.unwrap().unwrap().id
}
