//! Templates use only classes and static files that exist, and nothing the Content-Security-Policy refuses.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot read its files has failed"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// Name and text of every template of ours, askama comments left out.
fn templates() -> Vec<(String, String)> {
    fn collect(dir: &Path, found: &mut Vec<(String, String)>) {
        for path in fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().path())
        {
            if path.ends_with("sandbox") {
                // Stands for somebody else's site: its own frame, style sheet and rules.
            } else if path.is_dir() {
                collect(&path, found);
            } else {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path.display().to_string(), without(&text, "{#", "#}")));
            }
        }
    }
    let mut found = Vec::new();
    collect(&root().join("templates"), &mut found);
    assert!(found.len() > 5, "templates were read");
    found
}

/// The text without everything between two marks; what is left on both sides stays apart.
fn without(text: &str, open: &str, close: &str) -> String {
    let mut pieces = text.split(open);
    let mut left = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        left.push('\u{1}');
        left.push_str(piece.split_once(close).map_or("", |(_, rest)| rest));
    }
    left
}

/// Values of `class="..."`, as far as they are written out.
fn classes(template: &str) -> BTreeSet<String> {
    // A name glued to an expression is made at run time; `\u{1}` marks such places.
    let text = without(template, "{{", "}}");
    let mut text = text.replace("{%", "\u{2}{%");
    while let Some((before, rest)) = text.split_once("\u{2}{%") {
        text = format!(
            "{before} {}",
            rest.split_once("%}").map_or("", |(_, after)| after)
        );
    }
    text.split("class=\"")
        .skip(1)
        .flat_map(|rest| {
            rest.split('"')
                .next()
                .unwrap_or_default()
                .split_whitespace()
        })
        .filter(|class| !class.contains('\u{1}'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_class_is_in_a_style_sheet() {
    let sheets = [
        "vendor/tabler/tabler.css",
        "css/base.css",
        "css/components.css",
    ]
    .map(|file| read(&format!("static/{file}")))
    .concat();
    let is_styled = |class: &str| {
        sheets.split(&format!(".{class}")).skip(1).any(|rest| {
            !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        })
    };
    for (name, text) in templates() {
        let unknown: Vec<_> = classes(&text)
            .into_iter()
            .filter(|class| !is_styled(class))
            .collect();
        assert!(unknown.is_empty(), "{name}: no style for {unknown:?}");
    }
}

#[test]
fn every_icon_listed_is_in_the_sprite() {
    let icons = read("static/vendor/icons.txt");
    let sprite = read("static/icons.svg");
    for icon in icons.split_whitespace() {
        assert!(
            sprite.contains(&format!("id=\"{icon}\"")),
            "run static/vendor/build.mjs: {icon} is not in the sprite"
        );
    }
}

#[test]
fn every_static_file_named_exists() {
    for (name, text) in templates() {
        for rest in text.split("asset(\"").skip(1) {
            let file = rest.split('"').next().unwrap_or_default();
            assert!(
                root().join("static").join(file).is_file(),
                "{name}: no static/{file}"
            );
        }
    }
}

#[test]
fn nothing_is_inline() {
    for (name, text) in templates() {
        for refused in [
            " style=",
            "<style",
            "<script>",
            " onclick=",
            " onchange=",
            " onsubmit=",
            "javascript:",
        ] {
            assert!(
                !text.contains(refused),
                "{name}: {refused:?} is refused by the Content-Security-Policy"
            );
        }
    }
}

/// Messages of the browser itself would be in its own language, and a hidden field could not be corrected: the server
/// checks everything and says what is wrong beside each field.
#[test]
fn no_form_lets_the_browser_check_what_is_typed() {
    for (name, text) in templates() {
        for form in text.split("<form").skip(1) {
            let (form, _) = form.split_once("</form>").unwrap();
            let is_checked = [
                " required",
                " min=",
                " max=",
                "\"min=",
                "pattern=",
                "form::text",
                "form::select",
                "form::checkbox",
                "form::group",
                "fields::",
                "parts::",
                "type=\"date\"",
                "type=\"time\"",
                "type=\"number\"",
                "type=\"email\"",
                "type=\"url\"",
            ];
            assert!(
                form.contains(" novalidate") || !is_checked.iter().any(|mark| form.contains(mark)),
                "{name}: a form without novalidate: {form}"
            );
        }
    }
}

#[test]
fn every_form_that_posts_carries_the_token() {
    for (name, text) in templates() {
        for form in text.split("method=\"post\"").skip(1) {
            let body = form.split("</form>").next().unwrap_or_default();
            assert!(
                body.contains("_csrf") || body.contains("form::csrf(page)"),
                "{name}: a form without {{{{ form::csrf(page) }}}}"
            );
        }
    }
}
