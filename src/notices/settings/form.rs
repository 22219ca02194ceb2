//! The form of the settings: what was typed, what is wrong with it, and the settings it means.
//!
//! Nothing here asks the database. What keeps the mail server's password from leaking is decided here: it goes to no
//! other server than the one it was typed for, and to no other machine unprotected.

use std::net::IpAddr;

use lettre::message::Mailbox;
use secrecy::{ExposeSecret, SecretString};

use super::{NoticeSettings, PASSWORD_PLACE, Security, Smtp};
use crate::storage::MasterKey;

/// Longest host name, user and address, in characters.
pub const MAX_CHARACTERS: usize = 200;

/// Longest password, in characters.
pub const MAX_PASSWORD_CHARACTERS: usize = 500;

/// What the form sends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    /// See [`rejected_percent`](super::rejected_percent).
    pub rejected_percent: String,
    /// Empty: no mail.
    pub host: String,
    /// Empty: the usual one.
    pub port: String,
    /// Name of a [`Security`].
    pub security: String,
    /// Empty: does not sign in.
    pub user: String,
    /// Address mail comes from.
    pub from: String,
}

/// A password as the form sends it.
#[derive(Clone, Debug)]
pub enum NewPassword {
    /// Leave the one there is.
    Keep,
    /// This one.
    Set(SecretString),
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingsProblem {
    /// The threshold is not a number from 0 to 100.
    Percent,
    /// The host is neither a name nor an address.
    Host,
    /// The port is not a number from 1 to 65535.
    Port,
    /// There is no such protection.
    Security,
    /// The address mail comes from is not one.
    From,
    /// A user without a password, or a password without a user.
    Credentials,
    /// The password is too long.
    PasswordTooLong,
    /// The user is too long or holds control characters.
    User,
    /// A password would travel unprotected to another machine.
    Unprotected,
}

impl SettingsProblem {
    /// Name of the field.
    pub fn field(self) -> &'static str {
        match self {
            Self::Percent => "rejected_percent",
            Self::Host => "host",
            Self::Port => "port",
            Self::Security | Self::Unprotected => "security",
            Self::From => "from",
            Self::User => "user",
            Self::Credentials | Self::PasswordTooLong => "password",
        }
    }

    /// Message key of what is wrong and what to do.
    pub fn message_key(self) -> &'static str {
        match self {
            Self::Percent => "notices-problem-percent",
            Self::Host => "notices-problem-host",
            Self::Port => "notices-problem-port",
            Self::Security => "notices-problem-security",
            Self::From => "notices-problem-from",
            Self::Credentials => "notices-problem-credentials",
            Self::PasswordTooLong => "notices-problem-password",
            Self::User => "notices-problem-user",
            Self::Unprotected => "notices-problem-unprotected",
        }
    }
}

/// Reads what was typed.
///
/// # Errors
/// Everything that is wrong.
pub fn read(
    typed: &Typed,
    password: &NewPassword,
    before: &NoticeSettings,
    key: &MasterKey,
) -> Result<NoticeSettings, Vec<SettingsProblem>> {
    let mut problems = Vec::new();
    let percent = typed.rejected_percent.trim().parse().ok();
    let percent = percent.filter(|percent: &u32| *percent <= 100);
    if percent.is_none() {
        problems.push(SettingsProblem::Percent);
    }
    let smtp = match typed.host.trim() {
        "" => None,
        host => read_smtp(typed, host, password, before, key, &mut problems),
    };
    match percent {
        Some(rejected_percent) if problems.is_empty() => Ok(NoticeSettings {
            rejected_percent,
            smtp,
        }),
        _ => Err(problems),
    }
}

fn read_smtp(
    typed: &Typed,
    host: &str,
    password: &NewPassword,
    before: &NoticeSettings,
    key: &MasterKey,
    problems: &mut Vec<SettingsProblem>,
) -> Option<Smtp> {
    if !is_host(host) {
        problems.push(SettingsProblem::Host);
    }
    let security = Security::from_name(&typed.security);
    if security.is_none() {
        problems.push(SettingsProblem::Security);
    }
    let security = security.unwrap_or_default();
    let port = match typed.port.trim() {
        "" => Some(security.usual_port()),
        port => port.parse().ok().filter(|port| *port > 0),
    };
    if port.is_none() {
        problems.push(SettingsProblem::Port);
    }
    let from = typed.from.trim();
    let is_short = from.chars().count() <= MAX_CHARACTERS;
    let from: Option<Mailbox> = from.parse().ok().filter(|_| is_short);
    if from.is_none() {
        problems.push(SettingsProblem::From);
    }
    let user = typed.user.trim();
    if user.chars().count() > MAX_CHARACTERS || user.chars().any(char::is_control) {
        problems.push(SettingsProblem::User);
    }
    let user = (!user.is_empty()).then(|| user.to_owned());
    let sealed = match password {
        // Whoever does not sign in any more needs no password; one typed for another server is not sent to this one.
        NewPassword::Keep => before
            .smtp
            .as_ref()
            .filter(|smtp| smtp.host == host && user.is_some())
            .and_then(|smtp| smtp.password.clone()),
        NewPassword::Set(secret) => {
            if secret.expose_secret().chars().count() > MAX_PASSWORD_CHARACTERS {
                problems.push(SettingsProblem::PasswordTooLong);
            }
            Some(key.seal(PASSWORD_PLACE, secret.expose_secret().as_bytes()))
        }
    };
    if user.is_some() != sealed.is_some() {
        problems.push(SettingsProblem::Credentials);
    }
    if security == Security::Plain && sealed.is_some() && !is_this_machine(host) {
        problems.push(SettingsProblem::Unprotected);
    }
    Some(Smtp {
        host: host.to_owned(),
        port: port?,
        security,
        user,
        from: from?,
        password: sealed,
    })
}

fn is_host(host: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part.len() <= 63
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let is_name =
        host.len() <= MAX_CHARACTERS && host.trim_end_matches('.').split('.').all(is_part);
    is_name || host.parse::<IpAddr>().is_ok()
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed() -> Typed {
        Typed {
            rejected_percent: "5".into(),
            host: "mail.example.com".into(),
            port: String::new(),
            security: "starttls".into(),
            user: String::new(),
            from: "Listbridge <listbridge@example.com>".into(),
        }
    }

    fn none() -> NoticeSettings {
        NoticeSettings {
            rejected_percent: 5,
            smtp: None,
        }
    }

    #[test]
    fn each_mistake_is_told_at_its_field() {
        use SettingsProblem as P;
        let key = MasterKey::random();
        let secret = || NewPassword::Set("s3cret".to_owned().into());
        let tried = |change: &dyn Fn(&mut Typed), password: NewPassword| {
            let mut typed = typed();
            change(&mut typed);
            let read = read(&typed, &password, &none(), &key);
            read.map(|_| ()).unwrap_err()
        };
        let keep = || NewPassword::Keep;
        assert_eq!(
            tried(&|t| t.rejected_percent = "101".into(), keep()),
            [P::Percent]
        );
        assert_eq!(
            tried(&|t| t.rejected_percent = "-1".into(), keep()),
            [P::Percent]
        );
        for host in [
            "https://mail.example.com",
            "mail example",
            "a..b",
            "mail:25",
            "<b>",
        ] {
            assert_eq!(
                tried(&|t| t.host = host.into(), keep()),
                [P::Host],
                "{host}"
            );
        }
        for port in ["0", "65536", "smtp", "-25"] {
            assert_eq!(
                tried(&|t| t.port = port.into(), keep()),
                [P::Port],
                "{port}"
            );
        }
        assert_eq!(tried(&|t| t.security = "ssl".into(), keep()), [P::Security]);
        for from in ["", "nobody", "a@b@c", "x@example.com\r\nBcc: y@example.com"] {
            assert_eq!(
                tried(&|t| t.from = from.into(), keep()),
                [P::From],
                "{from}"
            );
        }
        assert_eq!(tried(&|t| t.user = "me".into(), keep()), [P::Credentials]);
        assert_eq!(tried(&|_| (), secret()), [P::Credentials]);
        let plain = |t: &mut Typed| {
            t.user = "me".into();
            t.security = "none".into();
        };
        assert_eq!(tried(&plain, secret()), [P::Unprotected]);
    }

    #[test]
    fn a_password_is_kept_for_its_server_only() {
        let key = MasterKey::random();
        let mut typed = typed();
        typed.user = "me".into();
        let secret = NewPassword::Set("s3cret".to_owned().into());
        let first = read(&typed, &secret, &none(), &key).unwrap();
        assert_eq!(first.smtp.as_ref().unwrap().port, 587);
        let again = read(&typed, &NewPassword::Keep, &first, &key).unwrap();
        let password = again.smtp.unwrap().password(&key).unwrap();
        assert_eq!(password.expose_secret(), "s3cret");
        typed.host = "mail.attacker.example".into();
        let other = read(&typed, &NewPassword::Keep, &first, &key);
        assert_eq!(other.unwrap_err(), [SettingsProblem::Credentials]);
        assert!(!first.told().to_string().contains("s3cret"));
    }
}
