//! Time zones readers and schedules can be in, by their IANA names. The data is built into the program; what the machine has is newer
//! and wins.

use std::sync::LazyLock;

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

static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let is_for_people = |name: &String| {
        let is_place = name.contains('/');
        let area = name.split('/').next().unwrap_or_default();
        name == "UTC" || is_place && !matches!(area, "Etc" | "SystemV" | "posix" | "right")
    };
    let known = tz::db().available().map(|name| name.to_string());
    let mut names: Vec<String> = known.filter(is_for_people).collect();
    // The server's own may be one without a place.
    let system = TimeZone::system();
    let own = system.iana_name().filter(|name| *name != "Etc/UTC");
    let own = own.filter(|name| find_zone(name).is_some());
    names.extend(own.map(str::to_owned));
    names.sort_unstable();
    names.dedup();
    names
});

/// Names of the zones to choose from, sorted. Names for machines (`posixrules`, `Etc/GMT+8`) are left out.
pub fn zone_names() -> &'static [String] {
    &NAMES
}

/// The zone with one of [`zone_names`].
pub fn find_offered_zone(name: &str) -> Option<TimeZone> {
    let is_offered = NAMES
        .binary_search_by(|known| known.as_str().cmp(name))
        .is_ok();
    is_offered.then(|| find_zone(name)).flatten()
}

/// Name of a zone, UTC when it is none of [`zone_names`].
pub fn zone_name(zone: &TimeZone) -> String {
    let name = zone.iana_name();
    let name = name.filter(|name| find_offered_zone(name).is_some());
    name.unwrap_or("UTC").to_owned()
}

/// Name of the zone the server is in, UTC when it is none of [`zone_names`].
pub fn server_zone_name() -> String {
    zone_name(&TimeZone::system())
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
        for name in names {
            assert!(find_offered_zone(name).is_some(), "{name}");
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
        assert!(find_zone("Etc/GMT+8").is_some());
        assert!(find_offered_zone("Etc/GMT+8").is_none());
        assert_eq!(zone_name(&find_zone("Etc/GMT+8").unwrap()), "UTC");
        assert_eq!(
            zone_name(&find_zone("Asia/Hong_Kong").unwrap()),
            "Asia/Hong_Kong"
        );
    }
}
