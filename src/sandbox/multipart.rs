//! Cuts a `multipart/form-data` body that is held in memory into its parts (RFC 7578).
//!
//! By hand, because the vendor's truncation works on the whole body: the sandbox must know at which byte of the body
//! the file's content begins.

use std::ops::Range;

use memchr::memmem;

/// One part of a body.
pub(super) struct Part {
    pub(super) name: String,
    pub(super) file_name: Option<String>,
    /// Where its content lies in the body.
    pub(super) content: Range<usize>,
}

/// The boundary of a content type; `None` when it is not `multipart/form-data` or has none.
pub(super) fn boundary(content_type: &str) -> Option<&str> {
    let mut pieces = content_type.split(';').map(str::trim);
    if !pieces.next()?.eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    pieces
        .find_map(|piece| {
            let (name, value) = piece.split_once('=')?;
            name.eq_ignore_ascii_case("boundary")
                .then(|| value.trim_matches('"'))
        })
        .filter(|boundary| !boundary.is_empty())
}

/// The parts of `body`; `None` when it is not well-formed.
pub(super) fn parts(body: &[u8], boundary: &str) -> Option<Vec<Part>> {
    let opening = format!("--{boundary}");
    let separator = format!("\r\n--{boundary}");
    let finder = memmem::Finder::new(separator.as_bytes());
    let mut position = memmem::find(body, opening.as_bytes())? + opening.len();
    let mut parts = Vec::new();
    loop {
        let rest = &body[position..];
        if rest.starts_with(b"--") {
            return Some(parts);
        }
        let start = position + memmem::find(rest, b"\r\n\r\n")? + 4;
        let end = start + finder.find(&body[start..])?;
        let head = String::from_utf8_lossy(&body[position..start]);
        let (name, file_name) = names(&head)?;
        parts.push(Part {
            name,
            file_name,
            content: start..end,
        });
        position = end + separator.len();
    }
}

/// `name` and `filename` of a part's Content-Disposition.
fn names(head: &str) -> Option<(String, Option<String>)> {
    let line = head.lines().find(|line| {
        line.to_ascii_lowercase()
            .starts_with("content-disposition:")
    })?;
    Some((parameter(line, "name")?, parameter(line, "filename")))
}

fn parameter(line: &str, name: &str) -> Option<String> {
    let quoted = format!("; {name}=\"");
    if let Some(start) = line.find(&quoted) {
        let value = &line[start + quoted.len()..];
        return Some(value[..value.find('"')?].to_owned());
    }
    let bare = format!("; {name}=");
    let value = &line[line.find(&bare)? + bare.len()..];
    Some(
        value
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_with_their_place() {
        let body = b"--B\r\nContent-Disposition: form-data; name=\"list_ids\"\r\n\r\na,b\r\n\
            --B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"p 1.csv\"\r\n\
            Content-Type: text/csv\r\n\r\nemail\r\nx@y.example\r\n\r\n--B--\r\n";
        let parts = parts(body, "B").unwrap();
        let found: Vec<_> = parts
            .iter()
            .map(|part| {
                (
                    part.name.as_str(),
                    part.file_name.as_deref(),
                    &body[part.content.clone()],
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                ("list_ids", None, &b"a,b"[..]),
                ("file", Some("p 1.csv"), &b"email\r\nx@y.example\r\n"[..]),
            ]
        );
    }

    #[test]
    fn what_is_not_multipart_is_told() {
        assert_eq!(
            boundary("multipart/form-data; boundary=\"x y\""),
            Some("x y")
        );
        for content_type in [
            "application/json",
            "multipart/form-data",
            "text/csv; boundary=x",
        ] {
            assert_eq!(boundary(content_type), None, "{content_type}");
        }
        assert!(parts(b"no boundary", "B").is_none());
        assert!(
            parts(
                b"--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nunfinished",
                "B"
            )
            .is_none()
        );
    }
}
