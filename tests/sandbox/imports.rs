use listbridge::sandbox::{ActivitySpeed, ImportRules, Permission, Receiver, SandboxOptions};
use reqwest::{Method, multipart};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Visitor, counters, import_form, quick, read};

#[tokio::test]
async fn a_file_import_puts_people_on_the_list() {
    let visitor = Visitor::quick().await;
    let list = visitor.sandbox.create_list("Fresh");
    let csv = "email,first_name,cf:Loyalty_tier\nann@example.com,Ann,gold\nbob@example.com,\"Bob, jr\",\n";
    let (status, accepted) = visitor.import(csv, &[list]).await;
    assert_eq!(status, 201);
    assert_eq!(accepted["source_file_name"], "part.csv");
    let activity = visitor.finished(&accepted).await;
    assert_eq!(activity["state"], "completed");
    assert_eq!(activity["percent_done"], 100);
    assert_eq!(counters(&activity), [3, 2, 0, 0, 0]);
    assert_eq!(activity["activity_errors"], json!([]));
    assert_eq!(
        visitor.sandbox.members(list),
        ["ann@example.com", "bob@example.com"]
    );
    let ann = visitor.sandbox.contact("ANN@example.com").unwrap();
    assert_eq!(ann.values["first_name"], "Ann");
    assert_eq!(ann.values["cf:Loyalty_tier"], "gold");
    assert_eq!(ann.permission, Permission::Implicit);
    assert_eq!(
        visitor.sandbox.contact("bob@example.com").unwrap().values["first_name"],
        "Bob, jr"
    );
    assert_eq!(visitor.sandbox.received().rows, 2);
}

/// Rows, and the counters they end in: items, persons, errors, correctable, not added.
#[tokio::test]
async fn rows_end_in_the_counter_they_belong_to() {
    let long = "x".repeat(51);
    let long_email = format!("{}@example.com", "x".repeat(39));
    for (what, csv, expected) in [
        ("header only", "email\n".to_owned(), [1, 0, 0, 0, 0]),
        (
            "CRLF and no line end",
            "email\r\na@x.example\r\nb@x.example".to_owned(),
            [3, 2, 0, 0, 0],
        ),
        (
            "duplicates in any case",
            "email\na@x.example\nA@X.example\n a@x.example \n".to_owned(),
            [4, 1, 0, 0, 0],
        ),
        (
            "bad address",
            "email\nnobody\na@x.example\n".to_owned(),
            [3, 1, 0, 1, 0],
        ),
        (
            "address over 50 characters",
            format!("email\n{long_email}\n"),
            [2, 0, 0, 1, 0],
        ),
        (
            "no address",
            "email,first_name\n,Ann\n".to_owned(),
            [2, 0, 0, 1, 0],
        ),
        (
            "bad anniversary",
            "email,anniversary\na@x.example,31.12.2020\n".to_owned(),
            [2, 0, 0, 1, 0],
        ),
        (
            "half a birthday",
            "email,birthday_month\na@x.example,12\n".to_owned(),
            [2, 0, 0, 1, 0],
        ),
        (
            "a birthday",
            "email,birthday_month,birthday_day\na@x.example,12,31\n".to_owned(),
            [2, 1, 0, 0, 0],
        ),
        (
            "month 13",
            "email,birthday_month,birthday_day\na@x.example,13,31\n".to_owned(),
            [2, 0, 0, 1, 0],
        ),
        (
            "value over its length",
            format!("email,first_name\na@x.example,{long}\n"),
            [2, 0, 1, 0, 0],
        ),
        (
            "unknown headings",
            "email,Shoe size,cf:None\na@x.example,43,x\n".to_owned(),
            [2, 1, 0, 0, 0],
        ),
        (
            "unsubscribed",
            "email\nfrank.moore@readers.example\na@x.example\n".to_owned(),
            [3, 2, 0, 0, 1],
        ),
        (
            "short and long rows",
            "email,city\na@x.example\nb@x.example,Y,Z\n".to_owned(),
            [3, 2, 0, 0, 0],
        ),
    ] {
        let visitor = Visitor::quick().await;
        let activity = visitor.imported(csv, &[visitor.list("Newsletter")]).await;
        assert_eq!(activity["state"], "completed", "{what}");
        assert_eq!(counters(&activity), expected, "{what}: {activity}");
    }
}

#[tokio::test]
async fn a_file_without_a_key_is_accepted_and_fails() {
    for csv in [
        "",
        "first_name\nAnn\n",
        "Email\na@x.example\n",
        "\u{feff}email\na@x.example\n",
    ] {
        let visitor = Visitor::quick().await;
        let activity = visitor.imported(csv, &[visitor.list("Newsletter")]).await;
        assert_eq!(activity["state"], "failed", "{csv:?}");
        assert_eq!(
            activity["activity_errors"].as_array().unwrap().len(),
            1,
            "{csv:?}"
        );
    }
}

#[tokio::test]
async fn an_import_changes_only_what_it_brings() {
    let visitor = Visitor::quick().await;
    let (newsletter, events) = (visitor.list("Newsletter"), visitor.list("Events"));
    let first = "email,first_name,last_name\nivy.cheung@readers.example,Ivy,Cheung\nhenry.adams@readers.example,Henry,\n";
    visitor.imported(first, &[newsletter]).await;
    visitor
        .imported(
            "email,first_name,last_name\nivy.cheung@readers.example,,Chan\n",
            &[newsletter],
        )
        .await;
    let ivy = visitor
        .sandbox
        .contact("ivy.cheung@readers.example")
        .unwrap();
    assert_eq!(
        ivy.values["first_name"], "Ivy",
        "a blank cell changes nothing"
    );
    assert_eq!(ivy.values["last_name"], "Chan");
    assert_eq!(ivy.lists.len(), 2, "other memberships stay");
    assert!(ivy.lists.contains(&events));
    let henry = visitor
        .sandbox
        .contact("henry.adams@readers.example")
        .unwrap();
    assert_eq!(
        henry.permission,
        Permission::Unsubscribed,
        "an import never resubscribes"
    );
    assert_eq!(henry.values["first_name"], "Henry");
    assert!(henry.lists.is_empty());
}

#[tokio::test]
async fn who_left_a_list_is_put_back_and_who_was_deleted_is_revived() {
    let visitor = Visitor::quick().await;
    let list = visitor.list("Newsletter");
    visitor.sandbox.leave_list(list, "amy.wong@readers.example");
    visitor.sandbox.delete_contact("ben.carter@readers.example");
    assert!(
        visitor
            .sandbox
            .contact("ben.carter@readers.example")
            .unwrap()
            .lists
            .is_empty()
    );
    let csv = "email\namy.wong@readers.example\nben.carter@readers.example\n";
    visitor.imported(csv, &[list]).await;
    let members = visitor.sandbox.members(list);
    assert!(members.contains(&"amy.wong@readers.example".to_owned()));
    assert!(members.contains(&"ben.carter@readers.example".to_owned()));
    assert!(
        !visitor
            .sandbox
            .contact("ben.carter@readers.example")
            .unwrap()
            .is_deleted
    );
}

fn rows(count: usize) -> String {
    let rows = (0..count).map(|number| format!("person{number}@x.example\n"));
    std::iter::once("email\n".to_owned()).chain(rows).collect()
}

#[tokio::test]
async fn lines_beyond_40_000_are_dropped_without_a_word() {
    let visitor = Visitor::quick().await;
    let list = visitor.sandbox.create_list("Many");
    let activity = visitor.imported(rows(40_005), &[list]).await;
    assert_eq!(counters(&activity), [40_000, 39_999, 0, 0, 0]);
    assert_eq!(visitor.sandbox.member_count(list), 39_999);
}

#[tokio::test]
async fn bytes_beyond_the_limit_are_dropped_without_a_word() {
    let visitor = Visitor::new(SandboxOptions {
        imports: ImportRules {
            max_body_bytes: 2_000,
            ..ImportRules::default()
        },
        ..quick()
    })
    .await;
    let list = visitor.sandbox.create_list("Cut");
    let activity = visitor.imported(rows(500), &[list]).await;
    assert_eq!(activity["state"], "completed");
    let imported = visitor.sandbox.member_count(list);
    assert!((50..100).contains(&imported), "{imported}");
}

#[tokio::test]
async fn a_file_import_is_refused_at_once_only_for_its_form() {
    let visitor = Visitor::quick().await;
    let list = visitor.list("Newsletter").to_string();
    let file = |name: &str| multipart::Part::bytes(b"email\n".to_vec()).file_name(name.to_owned());
    let form = |name: &str, lists: &str| {
        multipart::Form::new()
            .part("file", file(name))
            .text("list_ids", lists.to_owned())
    };
    let unknown = Uuid::new_v4().to_string();
    let fifty_one = vec![unknown.clone(); 51].join(",");
    for (what, form, expected) in [
        ("good", form("a.CSV", &list), 201),
        (
            "list ids first",
            multipart::Form::new()
                .text("list_ids", list.clone())
                .part("file", file("a.csv")),
            201,
        ),
        ("not .csv", form("a.txt", &list), 415),
        ("unknown list", form("a.csv", &unknown), 404),
        ("V2 list id", form("a.csv", "1234567890"), 400),
        ("no list", form("a.csv", ""), 400),
        ("51 lists", form("a.csv", &fifty_one), 400),
        (
            "no list_ids",
            multipart::Form::new().part("file", file("a.csv")),
            400,
        ),
        (
            "no file",
            multipart::Form::new().text("list_ids", list.clone()),
            400,
        ),
        (
            "bad SMS permission",
            form("a.csv", &list).text("sms_permission_to_send", "maybe"),
            400,
        ),
    ] {
        let request = visitor.request(Method::POST, "/v3/activities/contacts_file_import");
        let (status, body) = read(request.multipart(form).send().await.unwrap()).await;
        assert_eq!(status, expected, "{what}: {body}");
        assert!(expected == 201 || body.is_array(), "{what}: {body}");
    }
    for content_type in ["application/json", "text/csv", "multipart/form-data"] {
        let request = visitor.request(Method::POST, "/v3/activities/contacts_file_import");
        let response = request
            .header("content-type", content_type)
            .body("email\n")
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 415, "{content_type}");
    }
}

fn json_import(contacts: Value, list: Uuid) -> Value {
    json!({ "import_data": contacts, "list_ids": [list] })
}

#[tokio::test]
async fn a_json_import_does_the_same() {
    let visitor = Visitor::quick().await;
    let list = visitor.sandbox.create_list("From JSON");
    let contacts = json!([
        { "email": "ann@x.example", "first_name": "Ann", "birthday_month": 2, "birthday_day": "3",
          "home country": "Peru", "cf:Member_since": "2020-01-01" },
        { "email": "nobody" },
        { "email": "grace.ng@readers.example" },
    ]);
    let (status, accepted) = visitor
        .post(
            "/v3/activities/contacts_json_import",
            json_import(contacts, list),
        )
        .await;
    assert_eq!(status, 201, "{accepted}");
    let activity = visitor.finished(&accepted).await;
    assert_eq!(counters(&activity), [3, 2, 0, 1, 1]);
    assert_eq!(
        activity["activity_errors"],
        json!(["Line 2: Invalid email address"])
    );
    assert_eq!(visitor.sandbox.members(list), ["ann@x.example"]);
    let ann = visitor.sandbox.contact("ann@x.example").unwrap();
    assert_eq!(ann.values["home_country"], "Peru");
    assert_eq!(ann.values["cf:Member_since"], "2020-01-01");
    assert_eq!(ann.values["birthday_day"], "3");
}

#[tokio::test]
async fn a_json_import_is_refused_for_its_form() {
    let visitor = Visitor::quick().await;
    let list = visitor.list("Newsletter");
    for (what, body, expected) in [
        ("no lists", json!({ "import_data": [] }), 400),
        ("unknown list", json_import(json!([]), Uuid::new_v4()), 400),
        ("no data", json!({ "list_ids": [list] }), 400),
        (
            "good",
            json_import(json!([{ "email": "a@x.example" }]), list),
            201,
        ),
    ] {
        let (status, answer) = visitor
            .post("/v3/activities/contacts_json_import", body)
            .await;
        assert_eq!(status, expected, "{what}: {answer}");
    }
    for (content_type, body, expected) in [
        ("text/plain", "{}", 415),
        ("application/json", "{\"a\":1,}", 400),
    ] {
        let request = visitor.request(Method::POST, "/v3/activities/contacts_json_import");
        let response = request
            .header("content-type", content_type)
            .body(body)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), expected, "{content_type}");
    }
}

#[tokio::test]
async fn only_whole_items_within_the_byte_limit_are_imported_from_json() {
    let visitor = Visitor::new(SandboxOptions {
        imports: ImportRules {
            max_body_bytes: 1_000,
            ..ImportRules::default()
        },
        ..quick()
    })
    .await;
    let list = visitor.sandbox.create_list("Cut");
    let contacts: Vec<Value> = (0..100)
        .map(|number| json!({ "email": format!("p{number}@x.example") }))
        .collect();
    let (_, accepted) = visitor
        .post(
            "/v3/activities/contacts_json_import",
            json_import(json!(contacts), list),
        )
        .await;
    let activity = visitor.finished(&accepted).await;
    let [items, persons, ..] = counters(&activity);
    assert_eq!(items, persons);
    assert!((30..40).contains(&items), "{items}");
}

#[tokio::test]
async fn the_counting_receiver_keeps_nothing_and_is_done_at_once() {
    let visitor = Visitor::new(SandboxOptions {
        receiver: Receiver::CountOnly,
        activity_speed: ActivitySpeed::default(),
        ..quick()
    })
    .await;
    let list = visitor.list("Newsletter");
    let before = visitor.sandbox.contact_count();
    let request = visitor.request(Method::POST, "/v3/activities/contacts_file_import");
    let form = import_form(rows(1_000), &[list], "run-1-part-1.csv");
    let (status, activity) = read(request.multipart(form).send().await.unwrap()).await;
    assert_eq!(status, 201);
    assert_eq!(activity["state"], "completed");
    assert_eq!(activity["source_file_name"], "run-1-part-1.csv");
    assert_eq!(counters(&activity), [1_001, 1_000, 0, 0, 0]);
    assert_eq!(visitor.sandbox.received().rows, 1_000);
    assert!(visitor.sandbox.received().bytes > rows(1_000).len() as u64);
    assert_eq!(visitor.sandbox.contact_count(), before);
    assert_eq!(visitor.sandbox.activities().len(), 1);
}

#[tokio::test]
async fn a_list_deleted_before_the_work_begins_fails_the_activity() {
    let visitor = Visitor::quick().await;
    let (kept, gone) = (
        visitor.sandbox.create_list("Kept"),
        visitor.sandbox.create_list("Gone"),
    );
    visitor.sandbox.set_fault(listbridge::sandbox::Fault {
        endpoint: listbridge::sandbox::Endpoint::ImportFile,
        when: listbridge::sandbox::When::Nth(1),
        kind: listbridge::sandbox::FaultKind::ListDeleted,
    });
    let activity = visitor.imported("email\na@x.example\n", &[gone]).await;
    assert_eq!(activity["state"], "failed");
    assert_eq!(visitor.sandbox.contact("a@x.example"), None);
    let activity = visitor.imported("email\na@x.example\n", &[kept]).await;
    assert_eq!(activity["state"], "completed");
}
