//! SMS columns, phones and addresses of imports.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Visitor, counters, import_form, read};

/// Imports a file with a word about SMS consent and gives the finished activity.
async fn imported(visitor: &Visitor, csv: &str, permission: Option<&'static str>) -> Value {
    let mut form = import_form(csv, &[visitor.list("Newsletter")], "part.csv");
    if let Some(permission) = permission {
        form = form.text("sms_permission_to_send", permission);
    }
    let request = visitor.request(Method::POST, "/v3/activities/contacts_file_import");
    let (status, accepted) = read(request.multipart(form).send().await.unwrap()).await;
    assert_eq!(status, 201, "{accepted}");
    visitor.finished(&accepted).await
}

#[tokio::test]
async fn an_sms_column_needs_a_word_about_consent() {
    let csv = "email,sms_number\na@x.example,1231231234\n";
    let dated = "email,sms_number,sms_consent_date\na@x.example,1231231234,07-03-2024\n";
    for (csv, permission, state) in [
        (csv, None, "failed"),
        (csv, Some("not_set"), "completed"),
        (csv, Some("explicit"), "failed"),
        (dated, Some("explicit"), "completed"),
        (dated, None, "failed"),
        ("email\na@x.example\n", Some("explicit"), "completed"),
    ] {
        let visitor = Visitor::quick().await;
        let activity = imported(&visitor, csv, permission).await;
        assert_eq!(activity["state"], state, "{csv} {permission:?}: {activity}");
        let is_there = visitor.sandbox.contact("a@x.example").is_some();
        assert_eq!(is_there, state == "completed", "{csv} {permission:?}");
    }
}

#[tokio::test]
async fn sms_numbers_and_consent_dates_must_be_well_formed() {
    let visitor = Visitor::quick().await;
    let csv = "email,sms_number,sms_consent_date\n\
               a@x.example,123-123-1234,2024/7/3\n\
               b@x.example,1231231235,\n\
               c@x.example,+85212345678,\n\
               d@x.example,12-3123-1234,\n\
               e@x.example,1231231236,yesterday\n\
               ,123-123-1234,\n\
               ,,\n";
    let activity = imported(&visitor, csv, Some("explicit")).await;
    assert_eq!(counters(&activity), [8, 2, 3, 1, 0], "{activity}");
    assert_eq!(
        activity["activity_errors"],
        json!([
            "Line 4: Invalid SMS number",
            "Line 5: Invalid SMS number",
            "Line 6: Invalid SMS consent date",
            "Line 8: No email address or SMS number",
        ])
    );
    let a = visitor.sandbox.contact("a@x.example").unwrap();
    assert_eq!(
        a.values["sms_number"], "1231231234",
        "hyphens are taken out"
    );
    assert_eq!(visitor.sandbox.contact("c@x.example"), None);
}

#[tokio::test]
async fn a_person_may_be_known_by_an_sms_number_alone_however_it_is_written() {
    let visitor = Visitor::quick().await;
    let before = visitor.sandbox.contact_count();
    let csv = "sms_number,first_name\n123-123-1234,Ann\n1231231234,Anna\n";
    let activity = imported(&visitor, csv, Some("not_set")).await;
    assert_eq!(counters(&activity), [3, 1, 0, 0, 0]);
    assert_eq!(visitor.sandbox.contact_count(), before + 1);
}

#[tokio::test]
async fn a_contact_of_a_json_import_has_three_phones_and_addresses_at_most() {
    let visitor = Visitor::quick().await;
    let list = visitor.sandbox.create_list("Places");
    let contacts = json!([
        { "email": "three@x.example", "phone": "1", "home_phone": "2", "work_phone": "3",
          "mobile_phone": " ", "home_street": "1 Road", "home_city": "A", "work_zip": "1",
          "country": "Peru" },
        { "email": "phones@x.example", "mobile_phone": "1", "home_phone": "2", "work_phone": "3",
          "other_phone": "4" },
        { "email": "addresses@x.example", "street": "1 Road", "home country": "Peru",
          "work_zip": "1", "other_city": "A" },
        { "email": "sms@x.example", "sms_number": "123-123-1234" },
    ]);
    let body = json!({ "import_data": contacts, "list_ids": [list] });
    let (status, accepted) = visitor
        .post("/v3/activities/contacts_json_import", body)
        .await;
    assert_eq!(status, 201, "{accepted}");
    let activity = visitor.finished(&accepted).await;
    assert_eq!(counters(&activity), [4, 2, 2, 0, 0], "{activity}");
    assert_eq!(
        activity["activity_errors"],
        json!([
            "Line 2: More than three phone numbers",
            "Line 3: More than three addresses",
        ])
    );
    assert_eq!(
        visitor.sandbox.members(list),
        ["sms@x.example", "three@x.example"]
    );
}
