//! Every URL of the application, as a function. Handlers and templates build links with these only.
//!
//! There is a file for each area of the navigation; a link names the function alone (`paths::export(id)`), so that a page
//! may move to another area without its links.

mod account;
mod connections;
mod exports;
mod notices;
mod people;
mod privacy;
mod runs;
mod segments;
mod sign_in;
mod sources;
mod system;

pub use account::*;
pub use connections::*;
pub use exports::*;
pub use notices::*;
pub use people::*;
pub use privacy::*;
pub use runs::*;
pub use segments::*;
pub use sign_in::*;
pub use sources::*;
pub use system::*;

use url::form_urlencoded;

/// Home.
pub fn home() -> String {
    "/".into()
}

/// Where a POST changes the language.
pub fn language() -> String {
    "/language".into()
}

/// A path of ours that was sent by a browser, or home: never another site.
pub fn own_path_or_home(path: &str) -> String {
    let is_own = path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && !path.chars().any(char::is_control);
    if is_own { path.to_owned() } else { home() }
}

/// A path with a query.
fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    format!("{path}?{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for bad in [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/a\r\nb",
            "javascript:alert(1)",
        ] {
            assert_eq!(own_path_or_home(bad), "/", "{bad:?}");
        }
        assert_eq!(own_path_or_home("/exports?sort=name"), "/exports?sort=name");
    }
}
