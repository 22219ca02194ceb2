//! What this machine alone can tell.

use std::os::unix::fs::PermissionsExt;

use jiff::SignedDuration;

use super::{Finding, Level};
use crate::config::Settings;
use crate::storage;
use crate::web::paths;

/// Another clock this far away is worth a word; certificates and tokens still work.
const CLOCK_WARNING: SignedDuration = SignedDuration::from_secs(60);
/// Further away, sign-ins and schedules go wrong.
const CLOCK_FAILURE: SignedDuration = SignedDuration::from_mins(5);

pub(super) fn data_dir(settings: &Settings) -> Finding {
    let path = settings.data_dir.display();
    if !settings.data_dir.exists() {
        let detail = format!("{path} is not there yet; the first start creates it");
        return Finding::new("data directory", Level::Warning, detail);
    }
    match tempfile::NamedTempFile::new_in(&settings.data_dir) {
        Ok(_) => Finding::new("data directory", Level::Ok, format!("{path} is writable")),
        Err(error) => {
            let detail = format!("{path} is not writable: {}", error.kind());
            Finding::new("data directory", Level::Failed, detail)
        }
    }
}

pub(super) fn public_url(settings: &Settings) -> Finding {
    let url = &settings.public_url;
    let is_local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if settings.is_public_https() || is_local {
        Finding::new("public URL", Level::Ok, url.as_str())
    } else {
        let detail = format!("{url} is not https: sign-ins can be read on the way");
        Finding::new("public URL", Level::Warning, detail)
    }
}

/// Without the key nothing that was sealed opens; where people exist, a new one must not be made in its place.
pub(super) fn master_key(settings: &Settings, has_people: bool) -> Finding {
    let path = settings.master_key_file();
    let (level, detail) = match std::fs::metadata(&path) {
        Err(_) if has_people => (
            Level::Failed,
            format!(
                "{} is missing: stored sign-ins do not open without it; put it back from the backup",
                path.display()
            ),
        ),
        Err(_) => (
            Level::Warning,
            "not there yet; the first start creates it".to_owned(),
        ),
        Ok(metadata) => match storage::MasterKey::load_or_create(&path) {
            Err(error) => (Level::Failed, format!("{}: {error}", path.display())),
            Ok(_) if metadata.permissions().mode() & 0o077 != 0 => (
                Level::Warning,
                format!("{} can be read by others: chmod 600", path.display()),
            ),
            Ok(_) => (Level::Ok, "readable by its owner only".to_owned()),
        },
    };
    Finding::new("master key", level, detail)
}

pub(super) fn client_registration(settings: &Settings) -> Finding {
    let redirect = settings.public(&paths::constant_contact_callback());
    let detail = match &settings.constant_contact_client_id {
        Some(_) => format!("configured; register the redirect URI {redirect}"),
        None => {
            format!("an administrator types it when adding a connection; redirect URI {redirect}")
        }
    };
    Finding::new("Constant Contact application", Level::Ok, detail)
}

/// Whose clock, and how far ahead of ours it is.
pub(super) struct OtherClock {
    pub(super) whose: &'static str,
    pub(super) ahead: SignedDuration,
}

pub(super) fn clock(others: impl Iterator<Item = OtherClock>) -> Finding {
    let Some(furthest) = others.max_by_key(|other| other.ahead.abs()) else {
        let detail = "nobody answered with a time to compare with";
        return Finding::new("clock", Level::Warning, detail);
    };
    let seconds = furthest.ahead.as_secs().abs();
    let level = match furthest.ahead.abs() {
        distance if distance > CLOCK_FAILURE => Level::Failed,
        distance if distance > CLOCK_WARNING => Level::Warning,
        _ => Level::Ok,
    };
    let whose = furthest.whose;
    let detail = match level {
        Level::Ok => format!("agrees with the clock of {whose}"),
        _ if furthest.ahead.is_negative() => {
            format!("{seconds} s ahead of the clock of {whose}: set it, for example through NTP")
        }
        _ => format!("{seconds} s behind the clock of {whose}: set it, for example through NTP"),
    };
    Finding::new("clock", level, detail)
}
