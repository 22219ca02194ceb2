//! What an administrator has set about notices: the threshold of rejected rows, and how mail is sent.

mod form;

pub use form::{
    MAX_CHARACTERS, MAX_PASSWORD_CHARACTERS, NewPassword, SettingsProblem, Typed, read,
};

use lettre::message::Mailbox;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use secrecy::SecretString;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::storage::entities::notice_setting;
use crate::storage::{MasterKey, SealError, UtcMillis};

/// The row of the settings.
const ROW: i32 = 1;
/// Unless an administrator says otherwise.
const REJECTED_PERCENT: u64 = 5;

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
