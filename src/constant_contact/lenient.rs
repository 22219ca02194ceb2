//! How single values are read when what is sent may differ from what is documented.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The value, or its default when it is null.
pub(super) fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// A count as a number, or as digits in a string; anything else is as good as absent.
pub(super) fn lenient_count<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<u64>, D::Error> {
    Ok(match Option::<Value>::deserialize(deserializer)? {
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        _ => None,
    })
}

/// A time, or nothing when it cannot be read: it is only shown.
pub(super) fn lenient_time<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Timestamp>, D::Error> {
    Ok(Option::<Value>::deserialize(deserializer)?
        .as_ref()
        .and_then(Value::as_str)
        .and_then(parse_time))
}

/// A time whose presence decides something.
pub(super) fn strict_time<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Timestamp>, D::Error> {
    match Option::<String>::deserialize(deserializer)?.as_deref() {
        None | Some("") => Ok(None),
        Some(text) => parse_time(text)
            .map(Some)
            .ok_or_else(|| D::Error::custom("not a date or time")),
    }
}

/// ISO 8601 with an offset as documented; without one, or a date alone, is taken as UTC.
fn parse_time(text: &str) -> Option<Timestamp> {
    let in_utc = |time: DateTime| TimeZone::UTC.to_timestamp(time).ok();
    text.parse()
        .ok()
        .or_else(|| in_utc(text.parse().ok()?))
        .or_else(|| in_utc(text.parse::<Date>().ok()?.into()))
}
