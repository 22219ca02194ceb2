use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::Visitor;

impl Visitor {
    fn id_of(&self, name: &str) -> Uuid {
        self.sandbox
            .contact(&format!("{name}@readers.example"))
            .unwrap()
            .contact_id
    }

    /// Posts a bulk request; gives its status and, when it was accepted, the finished activity.
    async fn bulk(&self, name: &str, body: Value) -> (StatusCode, Value) {
        let (status, answer) = self.post(&format!("/v3/activities/{name}"), body).await;
        if status == 201 {
            (status, self.finished(&answer).await)
        } else {
            (status, answer)
        }
    }

    async fn exported(&self, criteria: Value) -> Vec<Vec<String>> {
        let (status, activity) = self.bulk("contact_exports", criteria).await;
        assert_eq!(status, 201, "{activity}");
        assert_eq!(activity["state"], "completed");
        let results = activity["_links"]["results"]["href"].as_str().unwrap();
        let response = self.request(Method::GET, results).send().await.unwrap();
        assert_eq!(
            response.headers()["content-type"],
            "text/csv; charset=utf-8"
        );
        let text = response.text().await.unwrap();
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(text.as_bytes());
        let rows = reader
            .records()
            .map(|row| row.unwrap().iter().map(str::to_owned).collect());
        rows.collect()
    }
}

#[tokio::test]
async fn memberships_are_added_and_removed_by_contact_id() {
    let visitor = Visitor::quick().await;
    let events = visitor.list("Events");
    let (amy, frank) = (visitor.id_of("amy.wong"), visitor.id_of("frank.moore"));
    let body =
        json!({ "source": { "contact_ids": [amy, frank, Uuid::new_v4()] }, "list_ids": [events] });
    let (status, activity) = visitor.bulk("add_list_memberships", body.clone()).await;
    assert_eq!(status, 201);
    let expected = json!({ "items_total_count": 2, "items_completed_count": 2, "list_count": 1 });
    assert_eq!(activity["status"], expected);
    assert_eq!(
        visitor.sandbox.member_count(events),
        3,
        "the unsubscribed one is left out"
    );
    let (_, activity) = visitor.bulk("remove_list_memberships", body).await;
    assert_eq!(activity["status"], expected);
    assert_eq!(visitor.sandbox.member_count(events), 2);
}

#[tokio::test]
async fn other_sources_work_too_and_may_exclude_people() {
    let visitor = Visitor::quick().await;
    let (newsletter, events) = (visitor.list("Newsletter"), visitor.list("Events"));
    let fresh = visitor.sandbox.create_list("Fresh");
    let amy = visitor.id_of("amy.wong");
    let by_list = json!({
        "source": { "list_ids": [newsletter] }, "exclude": { "contact_ids": [amy] }, "list_ids": [fresh],
    });
    visitor.bulk("add_list_memberships", by_list).await;
    assert_eq!(visitor.sandbox.member_count(fresh), 4);
    let everyone =
        json!({ "source": { "all_active_contacts": true }, "list_ids": [fresh, events] });
    let (_, activity) = visitor.bulk("add_list_memberships", everyone.clone()).await;
    assert_eq!(activity["status"]["items_total_count"], 6);
    assert_eq!(
        (
            visitor.sandbox.member_count(fresh),
            visitor.sandbox.member_count(events)
        ),
        (6, 6)
    );
    visitor.bulk("remove_list_memberships", everyone).await;
    assert_eq!(visitor.sandbox.member_count(fresh), 0);
    let nobody = json!({ "source": { "engagement_level": "high" }, "list_ids": [fresh] });
    assert_eq!(
        visitor.bulk("add_list_memberships", nobody).await.1["status"]["items_total_count"],
        0
    );
}

#[tokio::test]
async fn bulk_requests_are_refused_for_their_form() {
    let visitor = Visitor::quick().await;
    let list = visitor.list("Events");
    let ids = |count| vec![Uuid::new_v4(); count];
    let source = |source: Value| json!({ "source": source, "list_ids": [list] });
    for (name, body, expected) in [
        (
            "add_list_memberships",
            source(json!({ "contact_ids": ids(500) })),
            201,
        ),
        (
            "add_list_memberships",
            source(json!({ "contact_ids": ids(501) })),
            400,
        ),
        (
            "remove_list_memberships",
            source(json!({ "contact_ids": ids(501) })),
            400,
        ),
        (
            "add_list_memberships",
            source(json!({ "emails": ["a@x.example"] })),
            400,
        ),
        ("add_list_memberships", source(json!({})), 400),
        (
            "add_list_memberships",
            source(json!({ "contact_ids": ids(1), "list_ids": ids(1) })),
            400,
        ),
        (
            "add_list_memberships",
            json!({ "source": { "contact_ids": ids(1) } }),
            400,
        ),
        (
            "add_list_memberships",
            json!({ "source": { "contact_ids": ids(1) }, "list_ids": ids(1) }),
            400,
        ),
        (
            "remove_list_memberships",
            json!({ "source": { "contact_ids": ids(1) }, "list_ids": ids(1) }),
            404,
        ),
        (
            "add_list_memberships",
            json!({ "source": { "contact_ids": ids(1) }, "exclude": { "contact_ids": ids(1) }, "list_ids": [list] }),
            400,
        ),
        ("contact_delete", json!({ "contact_ids": ids(501) }), 400),
        ("contact_delete", json!({ "list_ids": ids(51) }), 400),
        (
            "contact_delete",
            json!({ "contact_ids": ids(1), "list_ids": ids(1) }),
            400,
        ),
        ("contact_delete", json!({}), 400),
        ("list_delete", json!({ "list_ids": ids(101) }), 400),
        ("list_delete", json!({ "list_ids": ids(100) }), 201),
        (
            "contact_exports",
            json!({ "contact_ids": ids(1), "list_ids": [list] }),
            400,
        ),
        ("contact_exports", json!({ "list_ids": ids(1) }), 404),
        ("contact_exports", json!({ "status": "gone" }), 400),
        (
            "contact_exports",
            json!({ "fields": ["email_optin_date"] }),
            400,
        ),
        (
            "contact_exports",
            json!({ "exclude": { "contact_ids": ids(51) } }),
            400,
        ),
    ] {
        let (status, answer) = visitor.bulk(name, body.clone()).await;
        assert_eq!(status, expected, "{name} {body}: {answer}");
    }
}

#[tokio::test]
async fn contacts_are_deleted_in_bulk() {
    let visitor = Visitor::quick().await;
    let (newsletter, events) = (visitor.list("Newsletter"), visitor.list("Events"));
    let amy = visitor.id_of("amy.wong");
    let (_, activity) = visitor
        .bulk("contact_delete", json!({ "contact_ids": [amy] }))
        .await;
    assert_eq!(
        activity["status"],
        json!({ "items_total_count": 1, "items_completed_count": 1 })
    );
    assert!(
        visitor
            .sandbox
            .contact("amy.wong@readers.example")
            .unwrap()
            .is_deleted
    );
    let (_, activity) = visitor
        .bulk("contact_delete", json!({ "list_ids": [events] }))
        .await;
    assert_eq!(activity["status"]["list_count"], 1);
    assert_eq!(
        (
            visitor.sandbox.member_count(events),
            visitor.sandbox.member_count(newsletter)
        ),
        (0, 3)
    );
    let back = json!({ "source": { "contact_ids": [amy] }, "list_ids": [events] });
    visitor.bulk("add_list_memberships", back).await;
    assert!(
        !visitor
            .sandbox
            .contact("amy.wong@readers.example")
            .unwrap()
            .is_deleted,
        "revived"
    );
}

#[tokio::test]
async fn lists_are_deleted_in_bulk_and_their_contacts_stay() {
    let visitor = Visitor::quick().await;
    let lists = [visitor.list("Newsletter"), visitor.list("Events")];
    let (_, activity) = visitor
        .bulk("list_delete", json!({ "list_ids": lists }))
        .await;
    assert_eq!(activity["status"], json!({ "list_count": 2 }));
    assert_eq!(visitor.sandbox.find_list("Events"), None);
    assert!(
        !visitor
            .sandbox
            .contact("amy.wong@readers.example")
            .unwrap()
            .is_deleted
    );
}

#[tokio::test]
async fn contacts_are_exported_to_a_file() {
    let visitor = Visitor::quick().await;
    visitor.sandbox.delete_contact("dev.patel@readers.example");
    let events = visitor.list("Events");
    let whole = visitor.exported(json!({})).await;
    assert_eq!(whole.len(), 1 + 8);
    assert_eq!(whole[0][..2], ["contact_id", "email_address"]);
    assert!(whole[0].contains(&"cf:Loyalty_tier".to_owned()));
    let fields = json!(["email_address", "email_permission_status", "email_lists"]);
    let rows = visitor
        .exported(json!({ "list_ids": [events], "fields": fields }))
        .await;
    assert_eq!(
        rows[0],
        ["email_address", "email_permission_status", "email_lists"]
    );
    assert_eq!(
        rows[1],
        [
            "ben.carter@readers.example",
            "implicit",
            "Newsletter,Events"
        ]
    );
    assert_eq!(rows.len(), 3);
    for (criteria, expected) in [
        (json!({ "status": "unsubscribed" }), 3),
        (json!({ "status": "removed" }), 1),
        (json!({ "status": "active" }), 5),
        (json!({ "new_subscriber": true }), 5),
        (json!({ "contact_ids": [visitor.id_of("amy.wong")] }), 1),
        (
            json!({ "exclude": { "contact_ids": [visitor.id_of("amy.wong")] } }),
            7,
        ),
        (json!({ "segment_id": 5 }), 0),
    ] {
        assert_eq!(
            visitor.exported(criteria.clone()).await.len(),
            1 + expected,
            "{criteria}"
        );
    }
    assert_eq!(
        visitor
            .get(&format!("/v3/contact_exports/{}", Uuid::new_v4()))
            .await
            .0,
        404
    );
}
