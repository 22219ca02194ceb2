//! What Constant Contact says when it refuses, made safe to store, show and log.
//!
//! Error bodies come as an array of objects, a bare object, a gateway's `{"message"}`, OAuth's `{"error"}`, Okta's
//! `{"errorCode"}`, HTML, cut off in the middle, or empty (guide, `glossary_responses`, and observed answers). Messages
//! may quote contacts, so anything that looks like an e-mail address is masked before the text is shortened.

use std::borrow::Cow;

use serde_json::Value;

/// Longest message kept, in characters.
pub(super) const MESSAGE_CHARS: usize = 500;
/// Longest error key kept, in characters.
const KEY_CHARS: usize = 100;

/// The provider's error key and message, already safe.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ProviderWords {
    pub(super) key: Option<String>,
    pub(super) message: Option<String>,
}

impl ProviderWords {
    /// Reads whatever an error body says. `sent` are secrets of the request, in case the answer quotes one.
    pub(super) fn read(body: &[u8], sent: &[&str]) -> Self {
        let text = String::from_utf8_lossy(body);
        let text = text.trim_start_matches('\u{feff}').trim();
        let (key, message) = match serde_json::from_str::<Value>(text) {
            Ok(value) => (find_key(&value), find_message(&value)),
            Err(_) if text.starts_with('<') => (None, Some(html_text(text))),
            Err(_) => (
                cut_off_string(text, "error_key"),
                cut_off_string(text, "error_message").or_else(|| Some(text.to_owned())),
            ),
        };
        let keep = |text: String, chars| {
            Some(shorten(&conceal(&text, sent), chars)).filter(|text| !text.is_empty())
        };
        Self {
            key: key.and_then(|text| keep(text, KEY_CHARS)),
            message: message.and_then(|text| keep(text, MESSAGE_CHARS)),
        }
    }
}

/// Any text of the provider made safe: addresses masked, white space and control characters made single spaces,
/// shortened to `chars`.
pub(super) fn safe_text(text: &str, chars: usize) -> String {
    shorten(&conceal(text, &[]), chars)
}

fn find_key(value: &Value) -> Option<String> {
    match value {
        Value::Array(items) => items.iter().find_map(find_key),
        Value::Object(map) => ["error_key", "error", "errorCode"]
            .iter()
            .find_map(|name| map.get(*name)?.as_str())
            .map(str::to_owned),
        _ => None,
    }
}

fn find_message(value: &Value) -> Option<String> {
    match value {
        Value::Array(items) => {
            let messages: Vec<String> = items.iter().filter_map(find_message).collect();
            (!messages.is_empty()).then(|| messages.join("; "))
        }
        Value::Object(map) => [
            "error_message",
            "error_description",
            "errorSummary",
            "message",
            "Message",
        ]
        .iter()
        .find_map(|name| map.get(*name)?.as_str())
        .map(str::to_owned),
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}

/// The value of `"name":"value"` in JSON that ends too early; the value itself may be cut.
fn cut_off_string(text: &str, name: &str) -> Option<String> {
    let rest = text.split_once(&format!("\"{name}\""))?.1;
    let rest = rest
        .trim_start()
        .strip_prefix(':')?
        .trim_start()
        .strip_prefix('"')?;
    Some(rest.split('"').next().unwrap_or_default().to_owned())
}

/// The title of an HTML page, or else its visible text, roughly.
fn html_text(html: &str) -> String {
    // ASCII lower case keeps byte positions, so they fit the original text.
    let lower = html.to_ascii_lowercase();
    if let (Some(open), Some(close)) = (lower.find("<title"), lower.find("</title"))
        && let Some(start) = lower[open..].find('>')
        && open + start < close
    {
        let title = html[open + start + 1..close].trim();
        if !title.is_empty() {
            return title.to_owned();
        }
    }
    let mut text = String::new();
    let mut in_tag = false;
    for c in html.chars() {
        match c {
            '<' => in_tag = true,
            '>' => {
                in_tag = false;
                text.push(' ');
            }
            c if !in_tag => text.push(c),
            _ => {}
        }
    }
    text
}

fn conceal(text: &str, sent: &[&str]) -> String {
    let mut text = Cow::Borrowed(text);
    for secret in sent.iter().filter(|secret| !secret.is_empty()) {
        if text.contains(secret) {
            text = Cow::Owned(text.replace(secret, "[hidden]"));
        }
    }
    mask_addresses(&text)
}

/// Replaces everything of the form `something@something` by `[e-mail address]`; rather too much than too little.
pub(super) fn mask_addresses(text: &str) -> String {
    const MASK: &str = "[e-mail address]";
    let ends_address = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(
                c,
                '<' | '>' | '(' | ')' | '[' | ']' | '{' | '}' | ',' | ';' | ':' | '"'
            )
    };
    let mut masked = String::with_capacity(text.len());
    for word in text.split_inclusive(ends_address) {
        let end = word
            .char_indices()
            .next_back()
            .filter(|(_, c)| ends_address(*c))
            .map_or(word.len(), |(at, _)| at);
        let (word, delimiter) = word.split_at(end);
        let is_address = word.contains('@')
            || word.contains('\u{ff20}')
            || word.contains("%40")
            || word.contains("\\u0040");
        masked.push_str(if is_address { MASK } else { word });
        masked.push_str(delimiter);
    }
    masked
}

fn shorten(text: &str, chars: usize) -> String {
    let mut short = String::new();
    let words = text.split(|c: char| c.is_whitespace() || c.is_control() || is_bidi_control(c));
    for word in words.filter(|word| !word.is_empty()) {
        if !short.is_empty() {
            short.push(' ');
        }
        short.push_str(word);
        if short.len() > chars * 4 {
            break;
        }
    }
    if let Some((cut, _)) = short.char_indices().nth(chars) {
        short.truncate(cut);
        short.push('…');
    }
    short
}

/// Characters that could make a message read differently from what it says.
fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> (Option<String>, Option<String>) {
        let words = ProviderWords::read(body.as_bytes(), &[]);
        (words.key, words.message)
    }

    fn pair(key: &str, message: &str) -> (Option<String>, Option<String>) {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        (some(key), some(message))
    }

    #[test]
    fn every_shape_of_error_body_is_understood() {
        for (body, key, message) in [
            (
                r#"[{"error_key":"contacts.api.not_found","error_message":"No such list"}]"#,
                "contacts.api.not_found",
                "No such list",
            ),
            (
                r#"[{"error_key":"k","error_message":"a"},{"error_key":"l","error_message":"b"}]"#,
                "k",
                "a; b",
            ),
            (
                r#"{"error_key":"unauthorized","error_message":"Unauthorized"}"#,
                "unauthorized",
                "Unauthorized",
            ),
            (r#"{"message":"Forbidden"}"#, "", "Forbidden"),
            (
                r#"{"error":"invalid_grant","error_description":"Expired."}"#,
                "invalid_grant",
                "Expired.",
            ),
            (
                r#"{"errorCode":"E0000021","errorSummary":"Bad media type","errorCauses":[]}"#,
                "E0000021",
                "Bad media type",
            ),
            (
                "<html><head><TITLE>502 Bad Gateway</TITLE></head><body>x</body></html>",
                "",
                "502 Bad Gateway",
            ),
            (
                "<html><body><h1>Down</h1>for\nrepair</body></html>",
                "",
                "Down for repair",
            ),
            (
                r#"[{"error_key":"quota_exceeded","error_mess"#,
                "quota_exceeded",
                r#"[{"error_key":"quota_exceeded","error_mess"#,
            ),
            ("\u{feff}[]", "", ""),
            ("{}", "", ""),
            ("", "", ""),
            ("  \r\n", "", ""),
            ("null", "", ""),
            ("upstream connect error", "", "upstream connect error"),
        ] {
            assert_eq!(read(body), pair(key, message), "{body}");
        }
    }

    #[test]
    fn addresses_are_masked_wherever_they_stand() {
        for (text, expected) in [
            (
                "Email already exists for ann@example.com",
                "Email already exists for [e-mail address]",
            ),
            ("<o'brien+x@ex.co.uk>, b", "<[e-mail address]>, b"),
            ("email=ann@example.com.", "[e-mail address]"),
            ("email:ann@example.com;", "email:[e-mail address];"),
            ("jürgen@exämple.de", "[e-mail address]"),
            ("ann%40example.com", "[e-mail address]"),
            ("no address here", "no address here"),
            (
                "a@b c@d \"e\"@f",
                "[e-mail address] [e-mail address] \"e\"[e-mail address]",
            ),
        ] {
            assert_eq!(mask_addresses(text), expected);
        }
    }

    #[test]
    fn an_address_at_the_cut_does_not_survive_in_part() {
        let text = format!(
            "{} secret.person@example.com",
            "x".repeat(MESSAGE_CHARS - 8)
        );
        let safe = safe_text(&text, MESSAGE_CHARS);
        assert!(!safe.contains("secret"), "{safe}");
        assert_eq!(safe.chars().count(), MESSAGE_CHARS + 1);
    }

    #[test]
    fn a_secret_that_is_quoted_back_is_hidden() {
        let words = ProviderWords::read(
            br#"{"error":"invalid_grant","error_description":"code abc123 is used"}"#,
            &["abc123", ""],
        );
        assert_eq!(words.message.as_deref(), Some("code [hidden] is used"));
    }

    #[test]
    fn any_bytes_give_bounded_single_line_words() {
        let mut rng = fastrand::Rng::with_seed(1);
        let alphabet: Vec<char> = "{}[]\"<>:,@ \n\r\u{0}\u{202e}aé漢error_key/title"
            .chars()
            .collect();
        for _ in 0..5_000 {
            let text: String = (0..rng.usize(..400))
                .map(|_| alphabet[rng.usize(..alphabet.len())])
                .collect();
            let mut bytes = text.into_bytes();
            bytes.truncate(rng.usize(..=bytes.len()));
            let words = ProviderWords::read(&bytes, &[]);
            for text in [words.key, words.message].into_iter().flatten() {
                assert!(text.chars().count() <= MESSAGE_CHARS + 1);
                assert!(
                    !text.contains('@') && !text.contains(char::is_control),
                    "{text:?}"
                );
            }
        }
    }
}
