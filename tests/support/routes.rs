//! What the application answers to, read from its sources, so that no test about every route forgets one.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Method and path of every `.route("path", web::method()...)`, the simulated services left out.
pub(crate) fn all() -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    let sources = rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let own = sources
        .iter()
        .filter(|path| !path.components().any(|part| part.as_os_str() == "sandbox"));
    for path in own {
        let text = fs::read_to_string(path).unwrap();
        for call in text.split(".route(").skip(1) {
            let Some((path, rest)) = call
                .trim_start()
                .strip_prefix('"')
                .and_then(|call| call.split_once('"'))
            else {
                continue;
            };
            let method = rest
                .split("web::")
                .nth(1)
                .or_else(|| rest.split("routes::").nth(1));
            let method = method
                .and_then(|rest| rest.split('(').next())
                .unwrap_or_default();
            found.insert((method.to_owned(), path.to_owned()));
        }
    }
    found
}

/// Every file of Rust under a folder.
pub(crate) fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
    {
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
