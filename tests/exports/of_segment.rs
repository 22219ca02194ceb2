//! A segment and the exports that send it.

use listbridge::exports::Export;

use crate::actions::{present, press, three};
use crate::stage::{Fields, Stage};
use crate::support::{ALICE, CHARLIE};

#[tokio::test]
async fn a_segment_is_added_to_several_exports() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let gold = stage.add_segment(stage.source, "Gold", Some(3)).await;
    let other_source = stage.add_source("Shop", &["Mail"]).await;
    let [a, b, c] = three(&stage).await;
    let shop = stage
        .store_export("Shop", |export| export.source_id = other_source)
        .await;
    let add = async |exports: &[&Export], segment: &str| {
        let path = press(&alice, "add-segment", exports)
            .await
            .location
            .unwrap();
        let page = alice.get(&path).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let ids = page.attribute("input[name=ids]", "value").unwrap();
        let fields = [("ids", ids.as_str()), ("segment", segment)];
        alice.submit(&path, "/exports/add-segment", &fields).await
    };
    let nothing = add(&[&a], "").await;
    assert_eq!(nothing.status, 422);
    assert!(
        nothing.says("Choose the segment to add."),
        "{}",
        nothing.body
    );
    let done = add(&[&a, &b, &shop], &gold.to_string()).await;
    assert_eq!(done.location.as_deref(), Some("/exports"));
    let list = alice.get("/exports").await;
    assert!(
        list.says("Gold has been added to 2 exports."),
        "{}",
        list.body
    );
    assert!(
        list.says("1 export stays as it is: it reads another source."),
        "{}",
        list.body
    );
    assert_eq!(present(&stage, &a).await.segment_ids, [stage.segment, gold]);
    assert_eq!(present(&stage, &c).await.segment_ids, [stage.segment]);
    add(&[&a], &gold.to_string()).await;
    assert!(
        alice
            .get("/exports")
            .await
            .says("1 export had the segment already.")
    );
    assert_eq!(present(&stage, &a).await.segment_ids, [stage.segment, gold]);
}

#[tokio::test]
async fn the_exports_of_a_segment_are_managed_from_the_segment() {
    let stage = Stage::set().await;
    let alice = stage.app.sign_in(ALICE).await;
    let gold = stage.add_segment(stage.source, "Gold", Some(3)).await;
    let other_source = stage.add_source("Shop", &["Mail"]).await;
    let [a, ..] = three(&stage).await;
    stage
        .store_export("Has it", |export| export.segment_ids.push(gold))
        .await;
    stage
        .store_export("Shop", |export| export.source_id = other_source)
        .await;
    let list = alice.get("/segments").await;
    let path = list
        .attribute("[aria-label='Manage exports of Gold']", "href")
        .unwrap();
    let page = alice.get(&path).await;
    assert_eq!(page.texts("h1"), ["Exports for Gold"]);
    assert_eq!(
        page.texts("section h2"),
        ["Exports with this segment", "Exports without this segment"]
    );
    assert_eq!(page.texts("section:first-of-type tbody th"), ["Has it"]);
    assert_eq!(
        page.texts("section:last-of-type tbody th"),
        ["A", "B", "C", "ShopReads another source"]
    );
    assert_eq!(
        page.texts("input[name=export]").len(),
        3,
        "those that can take it"
    );
    assert!(page.texts("a").contains(&"Back".to_owned()));
    let add = page.attribute(".command-bar a", "href").unwrap();
    let form = Fields::of(&alice.get(&add).await);
    assert_eq!(
        form.get("segment"),
        Some(gold.to_string().as_str()),
        "Add export begins with it"
    );
    let ids = a.id.to_string();
    let done = alice.submit(&path, &path, &[("export", &ids)]).await;
    assert_eq!(
        done.location.as_deref(),
        Some(path.as_str()),
        "{}",
        done.body
    );
    let page = alice.get(&path).await;
    assert!(
        page.says("Gold has been added to 1 export."),
        "{}",
        page.body
    );
    assert_eq!(
        page.texts("section:first-of-type tbody th"),
        ["A", "Has it"]
    );
    assert_eq!(present(&stage, &a).await.segment_ids, [stage.segment, gold]);

    let searched = alice.get(&format!("{path}?q=has")).await;
    assert_eq!(searched.texts("tbody th"), ["Has it"]);
    let charlie = stage.app.sign_in(CHARLIE).await;
    let page = charlie.get(&path).await;
    assert!(page.texts("input[name=export]").is_empty() && page.status == 200);
    assert_eq!(
        charlie
            .submit("/exports", &path, &[("export", &ids)])
            .await
            .status,
        403
    );
    let nothing = "/segments/00000000-0000-7000-8000-000000000000/exports";
    assert_eq!(alice.get(nothing).await.status, 404);
}
