//! Instants as the database keeps them.

use jiff::Timestamp;
use sea_orm::DeriveValueType;

/// A UTC instant in milliseconds since 1970, the same in SQLite and PostgreSQL (a 64-bit integer column).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, DeriveValueType)]
pub struct UtcMillis(pub i64);

impl From<Timestamp> for UtcMillis {
    fn from(at: Timestamp) -> Self {
        Self(at.as_millisecond())
    }
}

impl From<UtcMillis> for Timestamp {
    /// Values outside jiff's range (year 9999) come back as its limits; we never store such.
    fn from(at: UtcMillis) -> Self {
        Timestamp::from_millisecond(at.0).unwrap_or(if at.0 < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        })
    }
}
