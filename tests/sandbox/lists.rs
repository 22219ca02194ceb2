use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::Visitor;

fn names(body: &Value) -> Vec<&str> {
    body["lists"]
        .as_array()
        .unwrap()
        .iter()
        .map(|list| list["name"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn lists_are_shown_with_counts_when_asked() {
    let visitor = Visitor::quick().await;
    let (status, body) = visitor.get("/v3/contact_lists").await;
    assert_eq!(status, 200);
    assert_eq!(names(&body), ["Newsletter", "Events"]);
    assert!(body.get("lists_count").is_none() && body.get("_links").is_none());
    assert!(body["lists"][0].get("membership_count").is_none());
    let (_, body) = visitor
        .get("/v3/contact_lists?include_count=true&include_membership_count=all")
        .await;
    assert_eq!(body["lists_count"], 2);
    assert_eq!(body["lists"][0]["membership_count"], 5);
    let id = visitor.list("Events");
    let (_, list) = visitor
        .get(&format!(
            "/v3/contact_lists/{id}?include_membership_count=active"
        ))
        .await;
    assert_eq!(list["list_id"], id.to_string());
    assert_eq!(list["membership_count"], 2);
    assert!(list["created_at"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn pages_follow_an_opaque_cursor() {
    let visitor = Visitor::quick().await;
    for number in 0..5 {
        visitor.sandbox.create_list(&format!("List {number}"));
    }
    let mut path = "/v3/contact_lists?limit=3&include_count=true".to_owned();
    let mut found = Vec::new();
    let mut pages = 0;
    loop {
        let (status, body) = visitor.get(&path).await;
        assert_eq!(status, 200);
        assert_eq!(body["lists_count"], 7);
        found.extend(names(&body).into_iter().map(str::to_owned));
        pages += 1;
        match body["_links"]["next"]["href"].as_str() {
            Some(next) => path = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(pages, 3);
    assert_eq!(found.len(), 7);
    assert_eq!(
        visitor.get("/v3/contact_lists?cursor=nonsense").await.0,
        400
    );
    assert_eq!(visitor.get("/v3/contact_lists?limit=1001").await.0, 400);
}

#[tokio::test]
async fn a_list_lives_from_post_to_delete() {
    let visitor = Visitor::quick().await;
    let (status, list) = visitor
        .post(
            "/v3/contact_lists",
            json!({ "name": "Spring", "favorite": true }),
        )
        .await;
    assert_eq!(status, 201);
    assert_eq!(list["favorite"], true);
    let path = format!("/v3/contact_lists/{}", list["list_id"].as_str().unwrap());
    let (status, taken) = visitor
        .post("/v3/contact_lists", json!({ "name": "Spring" }))
        .await;
    assert_eq!((status.as_u16(), taken.is_array()), (409, true));
    assert_eq!(
        visitor
            .send(Method::PUT, &path, json!({ "name": "Newsletter" }))
            .await
            .0,
        409
    );
    let (status, list) = visitor
        .send(
            Method::PUT,
            &path,
            json!({ "name": "Summer", "description": "Sun" }),
        )
        .await;
    assert_eq!(status, 200);
    assert_eq!(list["description"], "Sun");
    let (_, found) = visitor.get("/v3/contact_lists?name=Summer").await;
    assert_eq!(names(&found), ["Summer"]);

    let response = visitor.request(Method::DELETE, &path).send().await.unwrap();
    assert_eq!(response.status(), 202);
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    visitor.sandbox.settle().await;
    let (_, activity) = visitor.get(&location).await;
    assert_eq!(activity["state"], "completed");
    assert_eq!(activity["status"]["list_count"], 1);
    let (status, gone) = visitor.get(&path).await;
    assert_eq!(
        (status.as_u16(), gone["deleted_at"].is_string()),
        (200, true),
        "a deleted list says that it is one: {gone}"
    );
    for method in [Method::PUT, Method::DELETE] {
        let (status, _) = visitor
            .send(method.clone(), &path, json!({ "name": "Autumn" }))
            .await;
        assert_eq!(status, 404, "{method}");
    }
    let (_, deleted) = visitor.get("/v3/contact_lists?status=deleted").await;
    assert_eq!(names(&deleted), ["Summer"]);
    assert!(deleted["lists"][0]["deleted_at"].is_string());
    assert_eq!(
        visitor
            .post("/v3/contact_lists", json!({ "name": "Summer" }))
            .await
            .0,
        201,
        "the name is free"
    );
}

#[tokio::test]
async fn bad_lists_are_refused() {
    let visitor = Visitor::quick().await;
    for (what, body, expected) in [
        ("no name", json!({}), 400),
        ("blank name", json!({ "name": "  " }), 400),
        ("256 characters", json!({ "name": "x".repeat(256) }), 400),
        ("255 characters", json!({ "name": "é".repeat(255) }), 201),
        ("a number", json!({ "name": 5 }), 400),
    ] {
        let (status, answer) = visitor.post("/v3/contact_lists", body).await;
        assert_eq!(status, expected, "{what}: {answer}");
    }
    for id in [
        Uuid::new_v4().to_string(),
        "1234567890".to_owned(),
        "list_id_xrefs?list_sequence_numbers=1234567890".to_owned(),
    ] {
        let (status, body) = visitor.get(&format!("/v3/contact_lists/{id}")).await;
        assert_eq!(status, 404, "{id}");
        assert_eq!(body[0]["error_key"], "contacts.api.not_found");
    }
}
