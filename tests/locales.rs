//! Every message exists in every language with the same arguments, every key used exists, every key is used.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot read its files has failed"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Keys of a language and the `$arguments` of each.
fn catalogue(lang: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in files(&root().join("locales").join(lang), &["ftl"]) {
        let mut current = None;
        for line in fs::read_to_string(&file).unwrap().lines() {
            let is_key = line.starts_with(|c: char| c.is_ascii_lowercase());
            if let (true, Some((key, _))) = (is_key, line.split_once(" =")) {
                current = Some(key.to_owned());
                assert!(
                    keys.insert(key.to_owned(), BTreeSet::new()).is_none(),
                    "{key} twice in {lang}"
                );
            }
            let arguments = line.split('$').skip(1).map(|rest| {
                rest.chars()
                    .take_while(|c| c.is_ascii_alphanumeric() || *c == '_' || *c == '-')
                    .collect::<String>()
            });
            if let Some(key) = &current {
                keys.get_mut(key).unwrap().extend(arguments);
            }
        }
    }
    keys
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(dir: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path, extensions));
        } else if path
            .extension()
            .is_some_and(|ext| extensions.iter().any(|wanted| ext == *wanted))
        {
            found.push(path);
        }
    }
    found
}

/// Every string literal in code and templates.
fn literals() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for dir in ["src", "templates"] {
        for file in files(&root().join(dir), &["rs", "html"]) {
            for piece in fs::read_to_string(file).unwrap().split('"') {
                found.insert(piece.to_owned());
            }
        }
    }
    found
}

#[test]
fn every_language_has_the_same_keys_and_arguments() {
    let (english, chinese) = (catalogue("en"), catalogue("zh-HK"));
    assert!(english.len() > 50, "the catalogue was read");
    let keys = |catalogue: &BTreeMap<String, _>| catalogue.keys().cloned().collect::<BTreeSet<_>>();
    let (en, zh) = (keys(&english), keys(&chinese));
    assert_eq!(
        en.difference(&zh).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "missing in zh-HK"
    );
    assert_eq!(
        zh.difference(&en).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "missing in en"
    );
    for (key, arguments) in &english {
        // A plural may need its number for choosing only in the language that has plurals.
        let extra: Vec<_> = chinese[key].difference(arguments).collect();
        assert!(
            extra.is_empty(),
            "{key} has arguments in zh-HK that en lacks: {extra:?}"
        );
    }
}

#[test]
fn every_key_is_used_and_every_used_key_exists() {
    let (english, literals) = (catalogue("en"), literals());
    let unused: Vec<_> = english
        .keys()
        .filter(|key| !literals.contains(*key))
        .collect();
    assert!(unused.is_empty(), "never used: {unused:?}");
    let mut missing = BTreeSet::new();
    for dir in ["src", "templates"] {
        for file in files(&root().join(dir), &["rs", "html"]) {
            let text = fs::read_to_string(file).unwrap();
            let text: String = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .map(|line| format!("{line}\n"))
                .collect();
            for call in [".t(\"", ".msg(\""] {
                for rest in text.split(call).skip(1) {
                    let key = rest.split('"').next().unwrap_or_default();
                    if !english.contains_key(key) && key.contains('-') {
                        missing.insert(key.to_owned());
                    }
                }
            }
        }
    }
    assert!(missing.is_empty(), "not in the catalogue: {missing:?}");
}

/// Terms of the glossary that were mixed up before: what must not appear, and what does instead.
#[test]
fn the_chinese_terms_are_those_of_the_glossary() {
    for file in files(&root().join("locales/zh-HK"), &["ftl"]) {
        let text = fs::read_to_string(&file).unwrap();
        let rest = text.replace("系統管理員", "");
        for (wrong, right) in [
            ("管理員", "系統管理員"),
            ("處理序", "程序"),
            ("操作人員", "營運人員"),
        ] {
            assert!(!rest.contains(wrong), "{right} in {}", file.display());
        }
    }
}
