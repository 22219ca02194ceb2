//! What an administrator has set about notices: the threshold of rejected rows, and how mail is sent.

use std::net::IpAddr;

use lettre::message::Mailbox;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::storage::entities::notice_setting;
use crate::storage::{MasterKey, SealError, UtcMillis};

/// The row of the settings.
const ROW: i32 = 1;
/// Unless an administrator says otherwise.
const REJECTED_PERCENT: u64 = 5;
/// Longest host name, user and address, in characters.
pub const MAX_CHARACTERS: usize = 200;
/// Longest password, in characters.
pub const MAX_PASSWORD_CHARACTERS: usize = 500;

/// More rejected rows of a run than this, in percent of those read, open a notice.
///
/// # Errors
/// The database's.
pub async fn rejected_percent(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    let found = notice_setting::Entity::find_by_id(ROW).one(db).await?;
    Ok(found.map_or(REJECTED_PERCENT, |row| {
        u64::from(row.rejected_percent.unsigned_abs())
    }))
}

/// How the connection to a mail server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Security {
    /// Begins in clear and must switch to TLS.
    #[default]
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// Nothing is protected.
    Plain,
}

impl Security {
    /// All, in the order of the form.
    pub const ALL: [Self; 3] = [Self::StartTls, Self::Tls, Self::Plain];

    /// Name in the database and in forms.
    pub fn name(self) -> &'static str {
        match self {
            Self::StartTls => "starttls",
            Self::Tls => "tls",
            Self::Plain => "none",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// Message key of the label.
    pub fn label_key(self) -> &'static str {
        match self {
            Self::StartTls => "notices-smtp-starttls",
            Self::Tls => "notices-smtp-tls",
            Self::Plain => "notices-smtp-plain",
        }
    }

    /// The port servers usually listen on for it.
    pub fn usual_port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Tls => 465,
            Self::Plain => 25,
        }
    }
}

/// A mail server to send through.
#[derive(Clone, Debug)]
pub struct Smtp {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// Who signs in; `None` does not.
    pub user: Option<String>,
    /// Whose mail it is.
    pub from: Mailbox,
    password: Option<Vec<u8>>,
}

impl Smtp {
    /// Whether a password is kept.
    pub fn has_password(&self) -> bool {
        self.password.is_some()
    }

    /// The password; empty when there is none.
    ///
    /// # Errors
    /// It was sealed with another master key.
    pub fn password(&self, key: &MasterKey) -> Result<SecretString, SealError> {
        match &self.password {
            Some(sealed) => key.open(PASSWORD_PLACE, sealed),
            None => Ok(String::new().into()),
        }
    }
}

const PASSWORD_PLACE: (&str, &str, &str) = ("notice_settings", "smtp_password", "1");

/// The settings.
#[derive(Clone, Debug)]
pub struct NoticeSettings {
    /// See [`rejected_percent`].
    pub rejected_percent: u32,
    /// `None`: no mail is sent.
    pub smtp: Option<Smtp>,
}

/// The settings as they are.
///
/// # Errors
/// The database's.
pub async fn load(db: &impl ConnectionTrait) -> Result<NoticeSettings, DbErr> {
    let found = notice_setting::Entity::find_by_id(ROW).one(db).await?;
    let row = found.ok_or_else(|| DbErr::RecordNotFound("the settings of notices".into()))?;
    let from = row.mail_from.and_then(|from| from.parse().ok());
    let smtp = row.smtp_host.zip(from).map(|(host, from)| {
        let security = row.smtp_security.as_deref().and_then(Security::from_name);
        let security = security.unwrap_or_default();
        let port = row.smtp_port.and_then(|port| u16::try_from(port).ok());
        Smtp {
            host,
            port: port.unwrap_or(security.usual_port()),
            security,
            user: row.smtp_user,
            from,
            password: row.smtp_password,
        }
    });
    Ok(NoticeSettings {
        rejected_percent: row.rejected_percent.unsigned_abs(),
        smtp,
    })
}

/// What the form sends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    /// See [`rejected_percent`].
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

/// Sets everything.
///
/// # Errors
/// The database's.
pub async fn save(
    transaction: &impl ConnectionTrait,
    settings: &NoticeSettings,
    (by, at): (Uuid, jiff::Timestamp),
) -> Result<(), DbErr> {
    use notice_setting::Column as C;
    let smtp = settings.smtp.as_ref();
    notice_setting::Entity::update_many()
        .col_expr(
            C::RejectedPercent,
            Expr::value(settings.rejected_percent.cast_signed()),
        )
        .col_expr(C::SmtpHost, Expr::value(smtp.map(|smtp| smtp.host.clone())))
        .col_expr(
            C::SmtpPort,
            Expr::value(smtp.map(|smtp| i32::from(smtp.port))),
        )
        .col_expr(
            C::SmtpSecurity,
            Expr::value(smtp.map(|smtp| smtp.security.name())),
        )
        .col_expr(
            C::SmtpUser,
            Expr::value(smtp.and_then(|smtp| smtp.user.clone())),
        )
        .col_expr(
            C::SmtpPassword,
            Expr::value(smtp.and_then(|smtp| smtp.password.clone())),
        )
        .col_expr(
            C::MailFrom,
            Expr::value(smtp.map(|smtp| smtp.from.to_string())),
        )
        .col_expr(C::ChangedAt, Expr::value(UtcMillis::from(at)))
        .col_expr(C::ChangedBy, Expr::value(by))
        .filter(C::Id.eq(ROW))
        .exec(transaction)
        .await?;
    Ok(())
}

impl NoticeSettings {
    /// What the audit log says of them: no secret.
    pub(super) fn told(&self) -> Value {
        json!({
            "rejected_percent": self.rejected_percent,
            "smtp": self.smtp.as_ref().map(|smtp| json!({
                "host": smtp.host,
                "port": smtp.port,
                "security": smtp.security.name(),
                "user": smtp.user,
                "from": smtp.from.to_string(),
                "has_password": smtp.has_password(),
            })),
        })
    }
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
