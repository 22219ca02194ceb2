use listbridge::sandbox::Permission;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::Visitor;

fn emails(body: &Value) -> Vec<&str> {
    let contacts = body["contacts"].as_array().unwrap().iter();
    contacts
        .map(|contact| contact["email_address"]["address"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn contacts_are_found_by_what_people_ask_for() {
    let visitor = Visitor::quick().await;
    visitor.sandbox.delete_contact("chloe.ho@readers.example");
    let events = visitor.list("Events");
    for (query, expected) in [
        (String::new(), 8),
        ("?status=all".to_owned(), 9),
        ("?status=deleted".to_owned(), 1),
        ("?status=unsubscribed".to_owned(), 3),
        ("?status=active".to_owned(), 5),
        ("?status=active,deleted".to_owned(), 6),
        (format!("?lists={events}"), 2),
        (format!("?lists={}", Uuid::new_v4()), 0),
        ("?email=AMY.wong@readers.example".to_owned(), 1),
        ("?created_after=2999-01-01T00:00:00Z".to_owned(), 0),
        ("?created_before=2999-01-01T00:00:00Z".to_owned(), 8),
        ("?optout_after=2001-01-01T00:00:00Z".to_owned(), 3),
        (format!("?tags={}", Uuid::new_v4()), 0),
        ("?segment_id=14".to_owned(), 0),
        ("?segment_id=14&limit=5".to_owned(), 0),
    ] {
        let (status, body) = visitor.get(&format!("/v3/contacts{query}")).await;
        assert_eq!(status, 200, "{query}");
        assert_eq!(emails(&body).len(), expected, "{query}");
    }
    for query in [
        "?status=gone",
        "?limit=501",
        "?created_after=soon",
        "?include=everything",
        "?lists=5",
        "?segment_id=14&status=all",
        "?segment_id=14&email=a@x.example",
        "?limit=5&include=custom_fields&segment_id=14",
    ] {
        assert_eq!(
            visitor.get(&format!("/v3/contacts{query}")).await.0,
            400,
            "{query}"
        );
    }
}

#[tokio::test]
async fn contacts_come_in_pages() {
    let visitor = Visitor::quick().await;
    let list = visitor.list("Newsletter");
    let mut path =
        format!("/v3/contacts?lists={list}&limit=2&include_count=true&include=list_memberships");
    let mut found = Vec::new();
    loop {
        let (_, body) = visitor.get(&path).await;
        assert_eq!(body["contacts_count"], 5);
        assert!(
            body["contacts"][0]["list_memberships"]
                .as_array()
                .unwrap()
                .contains(&json!(list))
        );
        found.extend(emails(&body).into_iter().map(str::to_owned));
        match body["_links"]["next"]["href"].as_str() {
            Some(next) => path = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(found, visitor.sandbox.members(list));
}

#[tokio::test]
async fn a_contact_is_created_replaced_and_deleted() {
    let visitor = Visitor::quick().await;
    let list = visitor.list("Newsletter");
    let field =
        visitor.get("/v3/contact_custom_fields").await.1["custom_fields"][0]["custom_field_id"]
            .clone();
    let body = json!({
        "email_address": { "address": "zoe@x.example", "permission_to_send": "explicit" },
        "first_name": "Zoe", "last_name": "Lau", "create_source": "Account",
        "custom_fields": [{ "custom_field_id": field, "value": "gold" }],
        "phone_numbers": [{ "phone_number": "555-0100", "kind": "work" }],
        "street_addresses": [{ "kind": "home", "street": "1 Road", "postal_code": "00852" }],
        "list_memberships": [list],
    });
    let (status, contact) = visitor.post("/v3/contacts", body.clone()).await;
    assert_eq!(status, 201, "{contact}");
    let id = contact["contact_id"].as_str().unwrap();
    let path = format!("/v3/contacts/{id}");
    let parts =
        "?include=custom_fields,list_memberships,phone_numbers,street_addresses,notes,taggings";
    let (_, read) = visitor.get(&format!("{path}{parts}")).await;
    assert_eq!(read["custom_fields"][0]["value"], "gold");
    assert_eq!(read["phone_numbers"][0]["kind"], "work");
    assert_eq!(read["street_addresses"][0]["postal_code"], "00852");
    assert_eq!(read["email_address"]["permission_to_send"], "explicit");
    assert_eq!(read["list_memberships"], json!([list]));
    assert!(visitor.get(&path).await.1.get("custom_fields").is_none());

    let (status, taken) = visitor.post("/v3/contacts", body).await;
    assert_eq!(status, 409);
    assert_eq!(
        taken[0]["error_message"],
        format!("Email already exists for contact {id}")
    );

    let put = json!({ "update_source": "Account", "last_name": "Lam", "list_memberships": [] });
    let (status, contact) = visitor.send(Method::PUT, &path, put).await;
    assert_eq!(status, 200, "{contact}");
    assert!(
        contact.get("first_name").is_none(),
        "what is left out becomes null"
    );
    assert_eq!(
        contact["custom_fields"][0]["value"], "gold",
        "sub-resources left out stay"
    );
    assert_eq!(contact["list_memberships"], json!([]));
    let other = json!({ "update_source": "Account", "email_address": { "address": "amy.wong@readers.example" } });
    assert_eq!(visitor.send(Method::PUT, &path, other).await.0, 409);

    assert_eq!(
        visitor.send(Method::DELETE, &path, Value::Null).await.0,
        204
    );
    let deleted_at = visitor.get(&path).await.1["deleted_at"].clone();
    let deleted_at = deleted_at.as_str().unwrap();
    assert!(
        deleted_at.len() == 10 && deleted_at.parse::<jiff::civil::Date>().is_ok(),
        "a day without a time: {deleted_at}"
    );
    let again =
        json!({ "email_address": { "address": "zoe@x.example" }, "create_source": "Account" });
    assert_eq!(
        visitor.post("/v3/contacts", again).await.0,
        409,
        "the address still exists"
    );
    assert_eq!(
        visitor
            .send(Method::PUT, &path, json!({ "update_source": "Account" }))
            .await
            .0,
        200
    );
    assert!(
        !visitor.sandbox.contact("zoe@x.example").unwrap().is_deleted,
        "revived"
    );
}

#[tokio::test]
async fn bad_contacts_are_refused() {
    let visitor = Visitor::quick().await;
    let with_email =
        |email: &str| json!({ "create_source": "Account", "email_address": { "address": email } });
    let long = format!("{}@{}.example", "x".repeat(60), "y".repeat(20));
    for (what, body) in [
        ("no source", json!({ "first_name": "A" })),
        ("nothing", json!({ "create_source": "Account" })),
        ("bad address", with_email("nobody")),
        ("over 80 characters", with_email(&long)),
        (
            "long name",
            json!({ "create_source": "Account", "first_name": "x".repeat(51) }),
        ),
        (
            "half a birthday",
            json!({ "create_source": "Account", "first_name": "A", "birthday_day": 1 }),
        ),
        (
            "bad date",
            json!({ "create_source": "Account", "first_name": "A", "anniversary": "soon" }),
        ),
        (
            "unknown list",
            json!({ "create_source": "Account", "first_name": "A", "list_memberships": [Uuid::new_v4()] }),
        ),
        (
            "bad kind",
            json!({ "create_source": "Account", "first_name": "A", "phone_numbers": [{ "kind": "fax" }] }),
        ),
    ] {
        let (status, answer) = visitor.post("/v3/contacts", body).await;
        assert_eq!(status, 400, "{what}: {answer}");
        assert_eq!(
            answer[0]["error_key"], "contacts.api.validation.error",
            "{what}"
        );
    }
    assert_eq!(
        visitor
            .get(&format!("/v3/contacts/{}", Uuid::new_v4()))
            .await
            .0,
        404
    );
}

#[tokio::test]
async fn the_sign_up_form_creates_updates_and_resubscribes() {
    let visitor = Visitor::quick().await;
    let (newsletter, events) = (visitor.list("Newsletter"), visitor.list("Events"));
    let form = |email: &str, list: Uuid| json!({ "email_address": email, "first_name": "Neo", "list_memberships": [list] });
    let (status, body) = visitor
        .post(
            "/v3/contacts/sign_up_form",
            form("neo@x.example", newsletter),
        )
        .await;
    assert_eq!((status.as_u16(), &body["action"]), (201, &json!("created")));
    let (status, body) = visitor
        .post("/v3/contacts/sign_up_form", form("neo@x.example", events))
        .await;
    assert_eq!((status.as_u16(), &body["action"]), (200, &json!("updated")));
    let neo = visitor.sandbox.contact("neo@x.example").unwrap();
    assert_eq!((neo.permission, neo.lists.len()), (Permission::Explicit, 2));
    visitor
        .post(
            "/v3/contacts/sign_up_form",
            form("frank.moore@readers.example", events),
        )
        .await;
    let frank = visitor
        .sandbox
        .contact("frank.moore@readers.example")
        .unwrap();
    assert_eq!(
        (frank.permission, frank.lists),
        (Permission::Explicit, vec![events])
    );
    assert_eq!(
        visitor
            .post(
                "/v3/contacts/sign_up_form",
                json!({ "email_address": "a@x.example" })
            )
            .await
            .0,
        400
    );
}

#[tokio::test]
async fn counts_tell_permissions() {
    let visitor = Visitor::quick().await;
    let (_, counts) = visitor
        .get("/v3/contacts/counts?include=new_subscriber")
        .await;
    let expected = json!({
        "total": 9, "explicit": 0, "implicit": 6, "pending": 0, "unsubscribed": 3, "new_subscriber": 6,
    });
    assert_eq!(counts, expected);
    assert_eq!(
        visitor.get("/v3/contact_tags").await.1,
        json!({ "tags": [] })
    );
}
