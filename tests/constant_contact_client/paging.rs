//! Listings of several pages, and links that lie.

use listbridge::constant_contact::{ClientError, FieldType, MembershipCount};
use wiremock::matchers::{method, path, query_param};
use wiremock::{Mock, ResponseTemplate};

use crate::support::{Stand, token};

async fn page(stand: &Stand, at: &str, key: (&str, &str), body: String) {
    Mock::given(method("GET"))
        .and(path(at))
        .and(query_param(key.0, key.1))
        .respond_with(ResponseTemplate::new(200).set_body_raw(body, "application/json"))
        .mount(&stand.server)
        .await;
}

fn activities(names: &[&str], next: &str) -> String {
    let items: Vec<String> = names
        .iter()
        .map(|name| {
            format!(
                r#"{{"activity_id":"id-{name}","state":"processing","source_file_name":"{name}"}}"#
            )
        })
        .collect();
    format!(
        r#"{{"activities":[{}],"_links":{{"next":{{"href":"{next}"}}}}}}"#,
        items.join(",")
    )
}

#[tokio::test]
async fn lists_of_all_pages_are_read_by_following_the_link_exactly() {
    let stand = Stand::start().await;
    let list = |n: u128, name: &str| {
        format!(
            r#"{{"list_id":"{}","name":"{name}","membership_count":{n}}}"#,
            uuid::Uuid::from_u128(n)
        )
    };
    let first = format!(
        r#"{{"lists":[{},{}],"lists_count":3,"_links":{{"next":{{"href":"/v3/contact_lists?limit=2&cursor=YQ%3D%3D%2B"}}}}}}"#,
        list(1, "A"),
        list(2, "B")
    );
    page(&stand, "/v3/contact_lists", ("limit", "500"), first).await;
    let last = format!(r#"{{"lists":[{}],"_links":{{"next":null}}}}"#, list(3, "C"));
    page(&stand, "/v3/contact_lists", ("cursor", "YQ==+"), last).await;

    let lists = stand
        .api
        .list_contact_lists(&token(), Some(MembershipCount::All))
        .await
        .unwrap();
    let seen: Vec<_> = lists
        .iter()
        .map(|l| (l.name.as_str(), l.membership_count))
        .collect();
    assert_eq!(seen, [("A", Some(1)), ("B", Some(2)), ("C", Some(3))]);
    let requests = stand.requests().await;
    assert_eq!(
        requests[0].url.query(),
        Some("limit=500&status=active&include_membership_count=all")
    );
    assert_eq!(requests[1].url.query(), Some("limit=2&cursor=YQ%3D%3D%2B"));
    assert_eq!(stand.permits.kinds().len(), 2, "each page takes a permit");
}

#[tokio::test]
async fn custom_fields_of_all_pages_are_read() {
    let stand = Stand::start().await;
    let field = |name: &str| {
        format!(r#"{{"custom_field_id":"{name}","label":"{name}","name":"{name}","type":"date"}}"#)
    };
    let first = format!(
        r#"{{"custom_fields":[{}],"_links":{{"next":{{"href":"/v3/contact_custom_fields?cursor=2"}}}}}}"#,
        field("a")
    );
    page(&stand, "/v3/contact_custom_fields", ("limit", "100"), first).await;
    let last = format!(r#"{{"custom_fields":[{}]}}"#, field("b"));
    page(&stand, "/v3/contact_custom_fields", ("cursor", "2"), last).await;
    let fields = stand.api.list_custom_fields(&token()).await.unwrap();
    assert_eq!(fields.len(), 2);
    assert_eq!(fields[1].field_type, FieldType::Date);
}

#[tokio::test]
async fn an_activity_is_found_by_its_file_on_a_later_page_and_no_further_page_is_read() {
    let stand = Stand::start().await;
    page(
        &stand,
        "/v3/activities",
        ("limit", "500"),
        activities(&["x.csv"], "/v3/activities?cursor=2"),
    )
    .await;
    page(
        &stand,
        "/v3/activities",
        ("cursor", "2"),
        activities(&["y.csv", "z.csv"], "/v3/activities?cursor=3"),
    )
    .await;
    let found = stand
        .api
        .find_activity_by_file_name(&token(), "z.csv")
        .await
        .unwrap();
    assert_eq!(found.unwrap().activity_id.as_str(), "id-z.csv");
    assert_eq!(stand.requests().await.len(), 2);
}

#[tokio::test]
async fn not_found_is_said_only_after_the_last_page() {
    let stand = Stand::start().await;
    page(
        &stand,
        "/v3/activities",
        ("limit", "500"),
        activities(&["x.csv"], "/v3/activities?cursor=2"),
    )
    .await;
    page(
        &stand,
        "/v3/activities",
        ("cursor", "2"),
        r#"{"activities":[]}"#.to_owned(),
    )
    .await;
    let find = async || {
        stand
            .api
            .find_activity_by_file_name(&token(), "q.csv")
            .await
    };
    assert_eq!(find().await.unwrap(), None);

    // The second page fails: the answer is not "none".
    stand.server.reset().await;
    page(
        &stand,
        "/v3/activities",
        ("limit", "500"),
        activities(&["x.csv"], "/v3/activities?cursor=2"),
    )
    .await;
    assert!(
        matches!(find().await, Err(ClientError::NotFound(_))),
        "wiremock answers 404"
    );
    // A success that is no page is not an empty one.
    stand.always(200, r#"{"error_key":"odd"}"#).await;
    assert!(matches!(find().await, Err(ClientError::Unreadable { .. })));
}

#[tokio::test]
async fn paging_in_a_circle_ends_with_an_error() {
    let stand = Stand::start().await;
    page(
        &stand,
        "/v3/activities",
        ("limit", "500"),
        activities(&["x.csv"], "/v3/activities?cursor=2"),
    )
    .await;
    page(
        &stand,
        "/v3/activities",
        ("cursor", "2"),
        activities(&["y.csv"], "/v3/activities?limit=500"),
    )
    .await;
    let error = stand.api.activities(&token()).collect().await.unwrap_err();
    assert!(error.to_string().contains("links back"), "{error}");
    assert_eq!(stand.requests().await.len(), 2);
}

#[tokio::test]
async fn endless_paging_ends_with_an_error() {
    let stand = Stand::start().await;
    Mock::given(method("GET"))
        .respond_with(|request: &wiremock::Request| {
            let seen: usize = request
                .url
                .query_pairs()
                .find(|(name, _)| name == "cursor")
                .map_or(0, |(_, value)| value.parse().unwrap());
            let next = format!("/v3/activities?cursor={}", seen + 1);
            ResponseTemplate::new(200)
                .set_body_raw(activities(&["x.csv"], &next), "application/json")
        })
        .mount(&stand.server)
        .await;
    let error = stand
        .api
        .find_activity_by_file_name(&token(), "q.csv")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("more than 100 pages"), "{error}");
    assert!(
        error.may_have_taken_effect(),
        "so the caller does not send again"
    );
    assert_eq!(stand.requests().await.len(), 100);
}

#[tokio::test]
async fn a_link_to_another_host_is_refused_and_the_token_stays_here() {
    let (stand, elsewhere) = (Stand::start().await, Stand::start().await);
    elsewhere.always(200, r#"{"activities":[]}"#).await;
    let foreign = format!("{}/v3/activities?cursor=2", elsewhere.server.uri());
    for link in [
        foreign.as_str(),
        "//127.0.0.1:9/v3/activities",
        "https://127.0.0.1/v3",
    ] {
        stand.always(200, &activities(&["x.csv"], link)).await;
        let error = stand.api.activities(&token()).collect().await.unwrap_err();
        assert!(error.to_string().contains("another host"), "{error}");
    }
    assert!(elsewhere.requests().await.is_empty());
}

#[tokio::test]
async fn a_page_can_be_asked_for_again_after_it_failed() {
    let stand = Stand::start().await;
    page(
        &stand,
        "/v3/activities",
        ("limit", "500"),
        activities(&["x.csv"], "/v3/activities?cursor=2"),
    )
    .await;
    Mock::given(query_param("cursor", "2"))
        .respond_with(ResponseTemplate::new(429).set_body_string(r#"{"error_key":"throttled"}"#))
        .up_to_n_times(1)
        .mount(&stand.server)
        .await;
    page(
        &stand,
        "/v3/activities",
        ("cursor", "2"),
        activities(&["y.csv"], ""),
    )
    .await;
    let token = token();
    let mut pages = stand.api.activities(&token);
    assert_eq!(pages.next_page().await.unwrap().unwrap().len(), 1);
    assert!(matches!(
        pages.next_page().await,
        Err(ClientError::Throttled(_))
    ));
    let second = pages.next_page().await.unwrap().unwrap();
    assert_eq!(second[0].source_file_name.as_deref(), Some("y.csv"));
    assert!(pages.next_page().await.unwrap().is_none());
}
