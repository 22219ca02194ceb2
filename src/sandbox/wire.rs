//! What many answers share: query parameters, page cursors, request bodies and the form of a time.

use actix_web::{HttpRequest, http::header, web};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::errors::Refusal;

/// Largest JSON body taken, in bytes; beyond it 413. Far above the 4 MB the vendor looks at.
pub(super) const MAX_JSON_BYTES: usize = 32 * 1024 * 1024;

/// A time as the vendor writes it: UTC with milliseconds.
pub(super) fn time(at: Timestamp) -> Value {
    json!(at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
}

/// A day as the vendor writes it, in UTC.
pub(super) fn date(at: Timestamp) -> Value {
    json!(at.strftime("%Y-%m-%d").to_string())
}

/// The query of a collection request. A page's cursor carries the whole query of the first page.
pub(super) struct Query {
    pairs: Vec<(String, String)>,
    after: Option<u64>,
}

impl Query {
    /// # Errors
    ///
    /// 400 for a cursor that the sandbox did not hand out.
    pub(super) fn read(request: &HttpRequest) -> Result<Self, Refusal> {
        let parse = |text: &str| -> Vec<(String, String)> {
            url::form_urlencoded::parse(text.as_bytes())
                .into_owned()
                .collect()
        };
        let mut pairs = parse(request.query_string());
        let Some(cursor) = pairs.iter().position(|(name, _)| name == "cursor") else {
            return Ok(Self { pairs, after: None });
        };
        let broken = || Refusal::invalid("The cursor is not valid.");
        let cursor = pairs.swap_remove(cursor).1;
        let decoded = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| broken())?;
        let decoded = String::from_utf8(decoded).map_err(|_| broken())?;
        let (next, query) = decoded.split_once('&').ok_or_else(broken)?;
        let after = next
            .strip_prefix("next=")
            .and_then(|next| next.parse().ok());
        let mut first = parse(query);
        // The page size may be changed between pages, the criteria may not.
        if let Some((_, limit)) = pairs.iter().find(|(name, _)| name == "limit") {
            first.retain(|(name, _)| name != "limit");
            first.push(("limit".to_owned(), limit.clone()));
        }
        Ok(Self {
            pairs: first,
            after: Some(after.ok_or_else(broken)?),
        })
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Comma separated values of a parameter; empty when it is absent.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        self.get(name)
            .map(|value| {
                value
                    .split(',')
                    .map(str::trim)
                    .filter(|item| !item.is_empty())
                    .collect()
            })
            .unwrap_or_default()
    }

    /// Whether anything is asked for beside `names`.
    pub(super) fn asks_beside(&self, names: &[&str]) -> bool {
        self.pairs
            .iter()
            .any(|(name, _)| !names.contains(&name.as_str()))
    }

    /// Whether a boolean parameter is set to `true`.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }

    /// A time parameter (ISO 8601).
    pub(super) fn time(&self, name: &str) -> Result<Option<Timestamp>, Refusal> {
        self.get(name)
            .map(|text| {
                text.parse()
                    .map_err(|_| Refusal::invalid(format!("{name} is not an ISO-8601 date.")))
            })
            .transpose()
    }

    /// Rows wanted on this page.
    ///
    /// # Errors
    ///
    /// 400 unless it is a number from 1 to `max`.
    pub(super) fn limit(&self, default: usize, max: usize) -> Result<usize, Refusal> {
        match self.get("limit").map(str::parse) {
            None => Ok(default),
            Some(Ok(limit)) if (1..=max).contains(&limit) => Ok(limit),
            Some(_) => Err(Refusal::invalid(format!(
                "limit must be between 1 and {max}."
            ))),
        }
    }

    /// The position up to which earlier pages went, as given to [`Query::next_link`].
    pub(super) fn after(&self) -> Option<u64> {
        self.after
    }

    /// `_links` with the next page: a path, to which the client must put the host.
    pub(super) fn next_link(&self, path: &str, limit: usize, after: u64) -> Value {
        let criteria = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(self.pairs.iter())
            .finish();
        let cursor = URL_SAFE_NO_PAD.encode(format!("next={after}&{criteria}"));
        json!({ "next": { "href": format!("{path}?limit={limit}&cursor={cursor}") } })
    }
}

/// The JSON body of a request.
///
/// # Errors
///
/// 415 when the content type is not JSON, 400 when the body is not.
pub(super) fn json_body(request: &HttpRequest, body: &web::Bytes) -> Result<Value, Refusal> {
    require_json(request)?;
    serde_json::from_slice(body).map_err(|_| Refusal::invalid("The JSON is malformed."))
}

/// 415 unless the request says it carries JSON.
pub(super) fn require_json(request: &HttpRequest) -> Result<(), Refusal> {
    let content_type = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    if content_type.is_some_and(|value| value.to_ascii_lowercase().starts_with("application/json"))
    {
        Ok(())
    } else {
        Err(Refusal::unsupported_type(
            "Content-Type must be application/json.",
        ))
    }
}

/// An id in a path; anything that is no UUID is simply not found.
pub(super) fn path_id(text: &str, what: &str) -> Result<Uuid, Refusal> {
    Uuid::parse_str(text).map_err(|_| Refusal::not_found(format!("{what} not found.")))
}

/// An array of ids in a body, `None` when the property is absent or null.
///
/// # Errors
///
/// 400 when it is no array of UUIDs or longer than `max`.
pub(super) fn ids(body: &Value, name: &str, max: usize) -> Result<Option<Vec<Uuid>>, Refusal> {
    let array = match &body[name] {
        Value::Null => return Ok(None),
        Value::Array(array) if array.len() <= max => array,
        Value::Array(_) => {
            return Err(Refusal::invalid(format!(
                "{name} may hold {max} items at most."
            )));
        }
        _ => return Err(Refusal::invalid(format!("{name} must be an array."))),
    };
    let parsed: Option<Vec<Uuid>> = array
        .iter()
        .map(|id| id.as_str().and_then(|id| Uuid::parse_str(id).ok()))
        .collect();
    parsed
        .map(Some)
        .ok_or_else(|| Refusal::invalid(format!("{name} must hold UUIDs.")))
}

/// A text property, trimmed; `None` when absent, null or blank.
///
/// # Errors
///
/// 400 when it is no text or longer than `max_chars`.
pub(super) fn text(body: &Value, name: &str, max_chars: usize) -> Result<Option<String>, Refusal> {
    match &body[name] {
        Value::Null => Ok(None),
        Value::String(text) if text.trim().chars().count() <= max_chars => {
            Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
        }
        Value::String(_) => Err(Refusal::invalid(format!(
            "{name} is longer than {max_chars} characters."
        ))),
        _ => Err(Refusal::invalid(format!("{name} must be a string."))),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_cursor_carries_the_criteria_of_the_first_page() {
        let first = TestRequest::with_uri("/v3/contact_lists?status=all&limit=2&name=a%26b")
            .to_http_request();
        let query = Query::read(&first).unwrap();
        let link = query.next_link("/v3/contact_lists", 2, 41);
        let href = link["next"]["href"].as_str().unwrap();
        assert!(
            href.starts_with("/v3/contact_lists?limit=2&cursor="),
            "{href}"
        );
        let second = Query::read(&TestRequest::with_uri(href).to_http_request()).unwrap();
        assert_eq!(second.after(), Some(41));
        assert_eq!(second.get("name"), Some("a&b"));
        assert_eq!(second.limit(50, 500).unwrap(), 2);
        assert!(Query::read(&TestRequest::with_uri("/x?cursor=%21").to_http_request()).is_err());
    }

    #[test]
    fn limits_outside_the_range_are_refused() {
        for (uri, good) in [
            ("/x", true),
            ("/x?limit=500", true),
            ("/x?limit=0", false),
            ("/x?limit=501", false),
        ] {
            let query = Query::read(&TestRequest::with_uri(uri).to_http_request()).unwrap();
            assert_eq!(query.limit(50, 500).is_ok(), good, "{uri}");
        }
    }

    #[test]
    fn times_have_milliseconds() {
        assert_eq!(
            time("2026-03-01T10:00:00.1Z".parse().unwrap()),
            json!("2026-03-01T10:00:00.100Z")
        );
    }
}
