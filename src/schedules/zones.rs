//! Time zones a schedule can be in: those people choose from, and the server's own.

use std::sync::LazyLock;

use jiff::tz::TimeZone;

use crate::locale::{find_zone, zone_names};

static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut names = zone_names();
    // The server's own may be one without a place.
    let system = TimeZone::system();
    let own = system.iana_name().filter(|name| *name != "Etc/UTC");
    names.extend(
        own.filter(|name| find_zone(name).is_some())
            .map(str::to_owned),
    );
    names.sort_unstable();
    names.dedup();
    names
});

/// Every name, in alphabetical order.
pub fn names() -> &'static [String] {
    &NAMES
}

/// The zone with a name that can be chosen.
pub fn find(name: &str) -> Option<TimeZone> {
    let is_offered = NAMES
        .binary_search_by(|known| known.as_str().cmp(name))
        .is_ok();
    is_offered.then(|| find_zone(name)).flatten()
}

/// Name of the zone the server is in, UTC when it has none.
pub fn own() -> String {
    name_of(&TimeZone::system())
}

/// Name of a zone, UTC when it has none that can be chosen.
pub fn name_of(zone: &TimeZone) -> String {
    let name = zone.iana_name().filter(|name| find(name).is_some());
    name.unwrap_or("UTC").to_owned()
}
