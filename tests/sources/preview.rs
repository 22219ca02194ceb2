//! How a file is read before it is loaded: what may be misread, what is kept, what is wrong where it is typed.

use crate::support::{ALICE, spawn_app};
use crate::{CONFIRM, PEOPLE, confirm, load, send, upload};

#[tokio::test]
async fn reading_a_file_in_another_way_keeps_what_was_typed() {
    let app = spawn_app().await;
    let alice = app.sign_in(ALICE).await;
    for lang in ["en", "zh-HK"] {
        let page = app.sign_in(ALICE).await.speaking(lang);
        assert!(page.get("/sources/new").await.says("Big5"));
    }
    // Big5 for 名字 and 陳.
    let mut text = b"Id,\xa6W\xa6r,Mail,Spend\n".to_vec();
    text.extend_from_slice(b"1,\xb3\xaf,ann@example.com,1.50\n2,\xb3\xaf,bob@example.com,2\n");
    let preview = upload(&alice, "/sources/new", "people.csv", text).await;
    let preview = preview.location.unwrap();
    let fields = alice.get(&preview).await.form_fields(CONFIRM);
    let typed = [("name", "Members"), ("key", "2"), ("type-0", "text")];
    let in_big5 = [&typed[..], &[("encoding", "big5")]].concat();
    let page = send(&alice, &preview, &fields, &in_big5).await;
    assert_eq!(page.status, 200);
    let name = page.attribute("input[name=name]", "value");
    assert_eq!(name.as_deref(), Some("Members"));
    assert_eq!(page.selected("select[name=encoding]"), "Big5");
    assert_eq!(page.selected("select[name=key]"), "Mail");
    assert_eq!(page.selected("select[name=type-0]"), "Text");
    assert_eq!(page.selected("select[name=type-3]"), "Number (1,234.50)");
    assert_eq!(
        page.selected("select[name=first_name]"),
        "名字",
        "what nobody touched is proposed anew"
    );

    // Once more, and to columns that are not the same.
    let fields = page.form_fields(CONFIRM);
    let again = send(&alice, &preview, &fields, &[("has_header", "false")]).await;
    assert_eq!(again.selected("select[name=key]"), "Column 3");
    let fields = again.form_fields(CONFIRM);
    let semicolons = [("delimiter", "semicolon"), ("do", "load")];
    let other = send(&alice, &preview, &fields, &semicolons).await;
    assert_eq!(other.status, 200, "another way is shown before it is used");
    let name = other.attribute("input[name=name]", "value");
    assert_eq!(name.as_deref(), Some("Members"));
    assert_eq!(other.texts("tbody th").len(), 1);
    assert_eq!(other.selected("select[name=key]"), "");
}

#[tokio::test]
async fn two_clicks_at_once_start_one_load() {
    let app = spawn_app().await;
    let alice = app.sign_in(ALICE).await;
    let preview = upload(&alice, "/sources/new", "people.csv", PEOPLE)
        .await
        .location
        .unwrap();
    let fields = alice.get(&preview).await.form_fields(CONFIRM);
    let click = || send(&alice, &preview, &fields, &[("do", "load")]);
    let (one, other) = tokio::join!(click(), click());
    assert_eq!(one.location, other.location);
    let location = one.location.unwrap();
    assert!(location.starts_with("/sources/loads/"), "{location}");
}

#[tokio::test]
async fn files_that_cannot_be_loaded_are_told_apart_in_both_languages() {
    let app = spawn_app().await;
    let alice = app.sign_in(ALICE).await;
    for (bytes, words) in [
        (b"".as_slice(), "The file is empty."),
        (b"PK\x03\x04...", "This looks like an Excel workbook."),
    ] {
        let answer = upload(&alice, "/sources/new", "x.csv", bytes).await;
        assert_eq!(answer.status, 422);
        assert!(
            answer.texts("[role=alert]").concat().contains(words),
            "{words}: {}",
            answer.body
        );
    }
    let wide = vec!["x"; 10_000].join(",");
    let answer = upload(&alice, "/sources/new", "wide.csv", wide).await;
    assert!(answer.says("The file has 10,000 columns; at most 500 are possible."));
    let answer = upload(&alice, "/sources/new", "", "").await;
    assert!(answer.says("Choose a file first."), "{}", answer.body);
    assert_eq!(
        std::fs::read_dir(app.data_dir.path().join("data/uploads"))
            .unwrap()
            .count(),
        0
    );
}

#[tokio::test]
async fn a_file_that_may_only_be_misread_can_be_read_in_another_way() {
    let app = spawn_app().await;
    let alice = app.sign_in(ALICE).await;
    let without_utf16 = [b"\xff\xfe".as_slice(), b"Id;Name\n1;Anna\n"].concat();
    for (bytes, words, delimiter, change, column) in [
        (
            b"Ann;Smith;London\n".as_slice(),
            "The file has headings but no rows.",
            "Semicolon (;)",
            [("has_header", "false")],
            "Column 2",
        ),
        (
            &without_utf16,
            "odd number of bytes",
            "Comma (,)",
            [("encoding", "windows1252")],
            "Name",
        ),
        (
            b"Id,\"Name\n1,Ann\n",
            "a quotation mark is opened here and never closed",
            "Comma (,)",
            [("delimiter", "pipe")],
            "Name",
        ),
    ] {
        let sent = upload(&alice, "/sources/new", "x.csv", bytes).await;
        let preview = sent.location.unwrap_or_else(|| panic!("{}", sent.body));
        let page = alice.get(&preview).await;
        assert_eq!(page.status, 422);
        assert!(page.texts("[role=alert]").concat().contains(words));
        assert!(page.says("Perhaps the file is written in another way."));
        assert_eq!(page.selected("select[name=delimiter]"), delimiter);
        assert_eq!(page.texts("button[value=load]").len(), 0);
        let fields = page.form_fields(CONFIRM);
        let page = send(&alice, &preview, &fields, &change).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let columns = page.texts("tbody th");
        assert!(
            columns.iter().any(|name| name.contains(column)),
            "{columns:?}"
        );
        assert_eq!(
            page.attribute("input[name=name]", "value").as_deref(),
            Some("x")
        );
        let fields = page.form_fields(CONFIRM);
        let started = send(
            &alice,
            &preview,
            &fields,
            &[("name", words), ("do", "load")],
        )
        .await;
        assert_eq!(started.status, 303, "{}", started.body);
    }
}

#[tokio::test]
async fn names_and_meanings_are_checked_where_they_are_typed() {
    let app = spawn_app().await;
    let alice = app.sign_in(ALICE).await;
    load(&app, &alice, "/sources/new", "people.csv", PEOPLE).await;
    let preview = upload(&alice, "/sources/new", "other.csv", PEOPLE)
        .await
        .location
        .unwrap();
    for (changes, words) in [
        (
            [("name", "PEOPLE"), ("email", "2")],
            "Another source has this name.",
        ),
        ([("name", " "), ("email", "2")], "Enter a name."),
        (
            [("name", "Fine"), ("email", "0")],
            "This column already has another meaning.",
        ),
    ] {
        let answer = confirm(&alice, &preview, &changes).await;
        assert_eq!(answer.status, 422, "{words}");
        assert!(
            answer.texts("[role=alert]").concat().contains(words),
            "{}",
            answer.body
        );
        let typed = answer.attribute("input[name=name]", "value");
        assert_eq!(
            typed.as_deref(),
            Some(changes[0].1),
            "what was typed is kept"
        );
    }
    let answer = alice
        .submit(&preview, &format!("{preview}/discard"), &[])
        .await;
    assert_eq!(answer.status, 303);
    assert_eq!(alice.get(&preview).await.status, 404);
}
