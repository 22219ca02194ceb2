//! Style sheets, scripts and icons, built into the program and served under a URL that changes with their content.

use std::sync::LazyLock;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, VARY};
use actix_web::{HttpResponse, web};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use super::PageError;

#[derive(RustEmbed)]
#[folder = "static"]
struct StaticFiles;

/// First bytes of the SHA-256 over all files, in hexadecimal. One version for all, so that a style sheet may name a
/// font beside it by a relative URL.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut names: Vec<_> = StaticFiles::iter().collect();
    names.sort();
    let mut hasher = Sha256::new();
    for name in names {
        let file = StaticFiles::get(&name).expect("the name was just listed");
        hasher.update(name.as_bytes());
        hasher.update(file.metadata.sha256_hash());
    }
    hasher.finalize()[..6]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
});

/// URL of a file under `static/`, with the version; browsers may keep it for ever.
pub fn url(file: &str) -> String {
    debug_assert!(
        StaticFiles::get(file).is_some(),
        "static/{file} does not exist"
    );
    format!("/static/{}/{file}", *VERSION)
}

/// URL of an icon of the sprite.
pub fn icon_url(name: &str) -> String {
    debug_assert!(
        StaticFiles::get("icons.svg").is_some_and(|sprite| {
            String::from_utf8_lossy(&sprite.data).contains(&format!("id=\"{name}\""))
        }),
        "add {name} to static/vendor/icons.txt and run build.mjs"
    );
    format!("{}#{name}", url("icons.svg"))
}

/// `GET /static/{version}/{file}`.
///
/// # Errors
/// [`PageError::NotFound`].
pub async fn serve(path: web::Path<(String, String)>) -> Result<HttpResponse, PageError> {
    let (version, name) = path.into_inner();
    let file = StaticFiles::get(&name).ok_or(PageError::NotFound)?;
    // An older page may ask for an older version: it gets today's file, but must not keep it under that name.
    let cache = if *VERSION == version {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, content_type(&name)))
        .insert_header((CACHE_CONTROL, cache))
        .insert_header((VARY, "Accept-Encoding"))
        .body(file.data.into_owned()))
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        _ => "text/plain; charset=utf-8",
    }
}
