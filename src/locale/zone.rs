//! Time zones a reader can choose, by their IANA names. The data is built into the program; what the machine has is newer
//! and wins.

use jiff::tz::{self, TimeZone};

/// Longer names there are not.
const MAX_NAME_BYTES: usize = 64;

/// The zone with an IANA name, such as `Asia/Hong_Kong`; `None` for everything else.
pub fn find_zone(name: &str) -> Option<TimeZone> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+-".contains(&byte);
    if name.is_empty() || name.len() > MAX_NAME_BYTES || !name.bytes().all(is_name) {
        return None;
    }
    TimeZone::get(name).ok()
}

/// Names of the zones to choose from, sorted. Names for machines (`posixrules`, `Etc/GMT+8`) are left out.
pub fn zone_names() -> Vec<String> {
    let is_for_people = |name: &String| {
        let is_place = name.contains('/');
        let area = name.split('/').next().unwrap_or_default();
        name == "UTC" || is_place && !matches!(area, "Etc" | "SystemV" | "posix" | "right")
    };
    let mut names: Vec<String> = tz::db()
        .available()
        .map(|name| name.to_string())
        .filter(is_for_people)
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_zone_offered_can_be_found_and_nothing_else() {
        let names = zone_names();
        for expected in [
            "UTC",
            "Asia/Hong_Kong",
            "Europe/Berlin",
            "America/Argentina/Ushuaia",
        ] {
            assert!(names.iter().any(|name| name == expected), "{expected}");
        }
        for name in &names {
            assert!(find_zone(name).is_some(), "{name}");
        }
        for odd in [
            "",
            "Mars/Base",
            "../../etc/passwd",
            "Asia/Hong Kong",
            "<b>",
            &"A".repeat(65),
        ] {
            assert!(find_zone(odd).is_none(), "{odd}");
        }
    }
}
