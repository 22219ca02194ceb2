use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Visitor;

#[tokio::test]
async fn custom_fields_get_a_name_from_their_label() {
    let visitor = Visitor::quick().await;
    let (_, body) = visitor.get("/v3/contact_custom_fields?limit=2").await;
    assert_eq!(body["custom_fields"][0]["name"], "Loyalty_tier");
    assert_eq!(body["custom_fields"][0]["type"], "string");
    let next = body["_links"]["next"]["href"].as_str().unwrap();
    assert_eq!(
        visitor.get(next).await.1["custom_fields"]
            .as_array()
            .unwrap()
            .len(),
        1
    );

    let new = json!({ "label": "Shoe size", "type": "number" });
    let (status, field) = visitor.post("/v3/contact_custom_fields", new.clone()).await;
    assert_eq!(status, 201);
    assert_eq!(field["name"], "Shoe_size");
    assert_eq!(visitor.post("/v3/contact_custom_fields", new).await.0, 409);
    assert_eq!(
        visitor
            .post(
                "/v3/contact_custom_fields",
                json!({ "label": "x", "type": "colour" })
            )
            .await
            .0,
        400
    );
    let path = format!(
        "/v3/contact_custom_fields/{}",
        field["custom_field_id"].as_str().unwrap()
    );
    let (status, field) = visitor
        .send(Method::PUT, &path, json!({ "label": "Foot length" }))
        .await;
    assert_eq!(
        (status.as_u16(), &field["name"]),
        (200, &json!("Shoe_size")),
        "the name never changes"
    );
    assert_eq!(
        visitor.send(Method::DELETE, &path, Value::Null).await.0,
        204
    );
    assert_eq!(visitor.get(&path).await.0, 404);
    let plain = visitor
        .request(Method::POST, "/v3/contact_custom_fields")
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(plain.status(), 415);
}

#[tokio::test]
async fn a_custom_field_takes_20_radio_or_100_dropdown_choices() {
    let visitor = Visitor::quick().await;
    let choices = |count: usize| vec![json!({ "choice_label": "x" }); count];
    for (kind, count, expected) in [
        ("radio", 20, 201),
        ("radio", 21, 400),
        ("dropdown", 100, 201),
        ("dropdown", 101, 400),
    ] {
        let body = json!({
            "label": format!("{kind} {count}"), "type": "single_select",
            "metadata": { "display_type": kind }, "choices": choices(count),
        });
        assert_eq!(
            visitor.post("/v3/contact_custom_fields", body).await.0,
            expected,
            "{kind} {count}"
        );
    }
}

#[tokio::test]
async fn every_blank_of_a_label_becomes_an_underscore() {
    let visitor = Visitor::quick().await;
    let new = json!({ "label": " Shoe  size (EU) ", "type": "string" });
    let (status, field) = visitor.post("/v3/contact_custom_fields", new).await;
    assert_eq!(status, 201, "{field}");
    assert_eq!(field["label"], "Shoe  size (EU)");
    assert_eq!(field["name"], "Shoe__size_(EU)");
}

#[tokio::test]
async fn dates_have_the_version_they_were_created_with() {
    let visitor = Visitor::quick().await;
    for (number, (kind, asked, shown)) in [
        ("date", json!(1), json!(1)),
        ("date", json!(2), json!(2)),
        ("date", Value::Null, json!(1)),
        ("datetime", json!(2), json!(2)),
        ("string", json!(2), Value::Null),
    ]
    .into_iter()
    .enumerate()
    {
        let new = json!({ "label": format!("Field {number}"), "type": kind, "version": asked });
        let (status, created) = visitor.post("/v3/contact_custom_fields", new).await;
        assert_eq!(status, 201, "{kind} {asked}: {created}");
        assert_eq!(created["version"], shown, "{kind} {asked}");
        let path = format!(
            "/v3/contact_custom_fields/{}",
            created["custom_field_id"].as_str().unwrap()
        );
        let put = json!({ "label": format!("Changed {number}") });
        let (_, changed) = visitor.send(Method::PUT, &path, put).await;
        assert_eq!(changed["version"], shown, "a change leaves it alone");
    }
    for version in [json!(0), json!(3), json!("2"), json!(1.5)] {
        let new = json!({ "label": "Refused", "type": "date", "version": version });
        let (status, _) = visitor.post("/v3/contact_custom_fields", new).await;
        assert_eq!(status, 400, "{version}");
    }
}

#[tokio::test]
async fn what_a_change_of_a_custom_field_leaves_out_becomes_null() {
    let visitor = Visitor::quick().await;
    let new = json!({
        "label": "Shirt size", "type": "single_select", "choices": [{ "choice_label": "S" }],
    });
    let (_, field) = visitor.post("/v3/contact_custom_fields", new.clone()).await;
    let path = format!(
        "/v3/contact_custom_fields/{}",
        field["custom_field_id"].as_str().unwrap()
    );
    let (status, field) = visitor.send(Method::PUT, &path, json!({})).await;
    assert_eq!(status, 200, "{field}");
    assert_eq!(field["label"], Value::Null);
    assert_eq!(field["choices"], Value::Null);
    assert_eq!(field["name"], "Shirt_size");
    assert_eq!(visitor.get(&path).await.1["label"], Value::Null);
    assert_eq!(
        visitor.post("/v3/contact_custom_fields", new).await.0,
        409,
        "the name is still taken"
    );
}
