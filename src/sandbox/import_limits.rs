//! Where an import that is too large is cut off, without a word to the client.

/// The first `max` lines of `content`; a line feed ends a line wherever it stands, quotes or not.
pub(super) fn first_lines(content: &[u8], max: usize) -> &[u8] {
    let end = memchr::memchr_iter(b'\n', content).nth(max.saturating_sub(1));
    end.map_or(content, |end| &content[..=end])
}

/// How many items of the array under `name` lie wholly in `json`, which may be cut off anywhere.
pub(super) fn complete_items(json: &[u8], name: &str) -> usize {
    let key = format!("\"{name}\"");
    let Some(start) = memchr::memmem::find(json, key.as_bytes()) else {
        return 0;
    };
    let (mut depth, mut items, mut in_text, mut escaped) = (0usize, 0, false, false);
    for byte in &json[start + key.len()..] {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => {
                depth = depth.saturating_sub(1);
                match depth {
                    0 => return items,
                    1 => items += 1,
                    _ => {}
                }
            }
            _ => {}
        }
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_without_regard_to_quotes() {
        assert_eq!(first_lines(b"a\nb\nc\n", 2), b"a\nb\n");
        assert_eq!(first_lines(b"a\n\"b\nc\"\n", 2), b"a\n\"b\n");
        assert_eq!(first_lines(b"a\nb", 2), b"a\nb");
    }

    #[test]
    fn only_whole_items_count_in_a_cut_off_body() {
        let json =
            br#"{"list_ids":["x"],"import_data":[{"a":"}]"},{"b":{"c":"\"{"}},{"d":1}],"x":[{}]}"#;
        assert_eq!(complete_items(json, "import_data"), 3);
        assert_eq!(complete_items(&json[..60], "import_data"), 1);
        assert_eq!(complete_items(&json[..20], "import_data"), 0);
    }
}
