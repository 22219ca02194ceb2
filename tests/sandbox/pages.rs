use reqwest::header;
use scraper::{Html, Selector};
use url::Url;
use uuid::Uuid;

use crate::support::{REDIRECT_URI, Visitor, quick};

impl Visitor {
    async fn page(&self, path: &str) -> (u16, String) {
        let response = self
            .http
            .get(format!("{}{path}", self.sandbox.base_url()))
            .send()
            .await
            .unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }
}

fn texts(html: &str, selector: &str) -> Vec<String> {
    let page = Html::parse_document(html);
    let selector = Selector::parse(selector).unwrap();
    page.select(&selector)
        .map(|element| element.text().collect::<String>().trim().to_owned())
        .collect()
}

#[tokio::test]
async fn every_page_says_it_is_simulated_and_has_one_heading() {
    let visitor = Visitor::quick().await;
    let list = visitor.list("Newsletter");
    let authorize = Url::parse_with_params(
        &visitor.sandbox.authorize_url(),
        [
            ("client_id", visitor.sandbox.client_id().as_str()),
            ("redirect_uri", REDIRECT_URI),
            ("response_type", "code"),
            ("scope", "contact_data"),
        ],
    )
    .unwrap();
    let authorize = format!("{}?{}", authorize.path(), authorize.query().unwrap());
    for (path, status) in [
        ("/", 200),
        ("/activities", 200),
        (&format!("/lists/{list}"), 200),
        (&format!("/lists/{}", Uuid::new_v4()), 404),
        (&authorize, 200),
        ("/oauth2/default/v1/authorize", 400),
    ] {
        let (found, html) = visitor.page(path).await;
        assert_eq!(found, status, "{path}");
        assert_eq!(texts(&html, "h1").len(), 1, "{path}");
        assert!(
            texts(&html, ".banner")[0].starts_with("Simulated Constant Contact."),
            "{path}"
        );
        assert!(
            html.contains("<html lang=\"en\">") && html.contains("width=device-width"),
            "{path}"
        );
        let labels = texts(&html, "label").len();
        assert_eq!(
            labels,
            texts(&html, "input:not([type=hidden])").len(),
            "{path}: a label on every input"
        );
    }
}

#[tokio::test]
async fn pages_load_nothing_from_elsewhere_and_escape_names() {
    let visitor = Visitor::quick().await;
    let id = visitor.sandbox.create_list("<script>alert(1)</script>");
    let response = visitor
        .http
        .get(visitor.sandbox.base_url())
        .send()
        .await
        .unwrap();
    let policy = response.headers()[header::CONTENT_SECURITY_POLICY]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'self';"),
        "{policy}"
    );
    let html = response.text().await.unwrap();
    assert!(!html.contains("<script") && !html.contains("style="));
    assert!(texts(&html, "a").contains(&"<script>alert(1)</script>".to_owned()));
    assert!(
        !visitor
            .page(&format!("/lists/{id}"))
            .await
            .1
            .contains("<script")
    );
    assert_eq!(visitor.page("/sandbox.css").await.0, 200);
}

#[tokio::test]
async fn members_are_shown_by_the_hundred() {
    let visitor = Visitor::new(quick()).await;
    let list = visitor.sandbox.create_list("Long");
    for number in 0..250 {
        visitor
            .sandbox
            .add_member(list, &format!("p{number:03}@x.example"));
    }
    for (page, first, rows, links) in [
        ("", "p000@x.example", 100, vec!["Next"]),
        ("?page=2", "p100@x.example", 100, vec!["Previous", "Next"]),
        ("?page=3", "p200@x.example", 50, vec!["Previous"]),
        ("?page=99", "p200@x.example", 50, vec!["Previous"]),
    ] {
        let (_, html) = visitor.page(&format!("/lists/{list}{page}")).await;
        let members = texts(&html, "tbody th");
        assert_eq!(
            (members[0].as_str(), members.len()),
            (first, rows),
            "{page}"
        );
        assert_eq!(texts(&html, ".paging a"), links, "{page}");
    }
    assert!(
        visitor
            .page(&format!("/lists/{list}"))
            .await
            .1
            .contains("250 members")
    );
}

#[tokio::test]
async fn activities_show_their_file_and_state() {
    let visitor = Visitor::quick().await;
    visitor
        .imported("email\nann@x.example\n", &[visitor.list("Events")])
        .await;
    let (_, html) = visitor.page("/activities").await;
    assert_eq!(texts(&html, "tbody td"), ["completed", "part.csv"]);
}
