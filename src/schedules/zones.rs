//! Time zones people may choose.

use std::sync::LazyLock;

use jiff::tz::{TimeZone, db};

/// Names of places and UTC; aliases without a place are left out.
static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let is_place = |name: &String| {
        name == "UTC"
            || name.contains('/')
                && !["Etc/", "posix/", "right/", "SystemV/"]
                    .iter()
                    .any(|folder| name.starts_with(folder))
    };
    let available = db().available().map(|name| name.to_string());
    let mut names: Vec<String> = available.filter(is_place).collect();
    names.push("UTC".to_owned());
    // The server's own may be one without a place.
    names.extend(TimeZone::system().iana_name().and_then(|name| {
        let is_there = name != "Etc/UTC" && db().get(name).is_ok();
        is_there.then(|| name.to_owned())
    }));
    names.sort();
    names.dedup();
    names
});

/// Every name, in alphabetical order.
pub fn names() -> &'static [String] {
    &NAMES
}

/// The zone with a name people may choose.
pub fn find(name: &str) -> Option<TimeZone> {
    NAMES
        .binary_search_by(|known| known.as_str().cmp(name))
        .ok()?;
    db().get(name).ok()
}

/// Name of the zone the server is in, UTC when it has none.
pub fn own() -> String {
    let system = TimeZone::system();
    let name = system.iana_name().filter(|name| find(name).is_some());
    name.unwrap_or("UTC").to_owned()
}
