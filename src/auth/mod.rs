//! Who may come in and what they may do: accounts, sign-in, sessions, roles.
//!
//! The browser's cookie holds nothing but the session's secret; the session itself is a row, so that signing out,
//! disabling an account or changing its role ends it at once, everywhere. Permissions are asked in handlers through
//! [`crate::web::SignedIn::require`].

pub(crate) mod device;
pub mod openid;
pub(crate) mod pages;
mod password;
pub mod people;
mod session;
mod set_up;
pub mod store;
mod throttle;

pub use password::{
    MAX_CHARACTERS as MAX_PASSWORD_CHARACTERS, MIN_CHARACTERS as MIN_PASSWORD_CHARACTERS, Password,
    PasswordProblem,
};
pub use session::{end_session, record_failed_sign_in, resume_session, start_session};
pub use set_up::SetUpState;
pub use store::{NewUser, UserProblem};

use std::fmt;
use std::str::FromStr;

use jiff::tz::TimeZone;
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use serde_json::json;

use crate::locale::Lang;
use crate::storage::audit::{self, AuditEvent};
use crate::web::SignedIn;

/// What a person is here for. Each role may do everything the one before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Looks.
    Viewer,
    /// Builds segments and exports through shared connections.
    Contributor,
    /// Connects accounts, imports sources, manages people.
    Administrator,
}

/// Something a handler asks before it acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Create, change, run and remove exports (which connections may be used is a further question).
    EditExports,
    /// Create, change, refresh and remove segments.
    EditSegments,
    /// See pages with profiles of people.
    ViewProfiles,
    /// Import, replace and remove sources.
    ManageSources,
    /// See, add, change and remove connections.
    ManageConnections,
    /// People, audit log and system settings.
    Administer,
}

impl Role {
    /// Every role, most powerful first.
    pub const ALL: [Role; 3] = [Role::Administrator, Role::Contributor, Role::Viewer];

    /// Whether people with this role may do something.
    pub fn may(self, permission: Permission) -> bool {
        let least = match permission {
            Permission::ViewProfiles => Role::Viewer,
            Permission::EditExports | Permission::EditSegments => Role::Contributor,
            Permission::ManageSources | Permission::ManageConnections | Permission::Administer => {
                Role::Administrator
            }
        };
        self >= least
    }

    /// Name in the database and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Contributor => "contributor",
            Role::Administrator => "administrator",
        }
    }

    /// Message key of the name people read.
    pub fn label_key(self) -> &'static str {
        match self {
            Role::Viewer => "auth-role-viewer",
            Role::Contributor => "auth-role-contributor",
            Role::Administrator => "auth-role-administrator",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text is not the name of a role.
#[derive(Debug, thiserror::Error)]
#[error("unknown role; use administrator, contributor or viewer")]
pub struct UnknownRole;

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(name: &str) -> Result<Self, UnknownRole> {
        Role::ALL
            .into_iter()
            .find(|role| role.name() == name)
            .ok_or(UnknownRole)
    }
}

/// The signed-in person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentUser {
    /// Id.
    pub id: Uuid,
    /// Name people read.
    pub name: String,
    /// Address used to sign in.
    pub email: String,
    /// Role.
    pub role: Role,
    /// Language chosen; `None` follows the browser.
    pub lang: Option<Lang>,
    /// Time zone chosen; `None` follows the browser.
    pub time_zone: Option<TimeZone>,
}

impl CurrentUser {
    /// Whether this person is an administrator.
    pub fn is_administrator(&self) -> bool {
        self.role == Role::Administrator
    }

    /// Whether this person may build segments and exports.
    pub fn is_contributor_or_above(&self) -> bool {
        self.role >= Role::Contributor
    }
}

/// Whether a person proves to be who they are by their password; counts failures and slows them down.
///
/// # Errors
/// [`SignInProblem`].
pub async fn verify_password(
    db: &impl ConnectionTrait,
    attempt: &SignInAttempt<'_>,
) -> Result<CurrentUser, SignInProblem> {
    if let Some(seconds) = throttle::wait_seconds(db, attempt).await? {
        return Err(SignInProblem::Wait { seconds });
    }
    let account = store::find_account(db, attempt.email).await?;
    let hash = account
        .as_ref()
        .and_then(|account| account.password_hash.clone());
    let is_right = password::verify(hash, attempt.password.clone()).await;
    match account.filter(|account| is_right && !account.is_disabled) {
        Some(account) => {
            throttle::forget(db, attempt).await?;
            Ok(account.user)
        }
        None => {
            throttle::record_failure(db, attempt).await?;
            Err(SignInProblem::Wrong)
        }
    }
}

/// Whether the signed-in person proves again by their password that they are who they are; a failure is recorded,
/// nothing typed is none.
///
/// # Errors
/// [`SignInProblem`].
pub async fn prove_by_password(
    db: &impl ConnectionTrait,
    visit: &SignedIn,
    password: &Password,
    what_for: &str,
) -> Result<CurrentUser, SignInProblem> {
    if password.is_empty() {
        return Err(SignInProblem::Wrong);
    }
    let attempt = SignInAttempt {
        email: &visit.user.email,
        password,
        ip: &visit.ip,
        now: visit.now,
    };
    let proved = match verify_password(db, &attempt).await {
        Ok(user) if user.id != visit.user.id => Err(SignInProblem::Wrong),
        proved => proved,
    };
    if matches!(
        proved,
        Err(SignInProblem::Wrong | SignInProblem::Wait { .. })
    ) {
        let event = AuditEvent {
            at: visit.now,
            user_id: Some(visit.user.id),
            ip: Some(&visit.ip),
            action: "user.proof-failed",
            object_id: visit.user.id.to_string(),
            detail: json!({ "for": what_for }),
        };
        audit::record(db, event).await?;
    }
    proved
}

/// Whose address was typed by somebody who did not get in, for the audit log; a mistyped one is nobody's, and may hold a
/// password, so it is not kept.
///
/// # Errors
/// The database's.
pub async fn owner_of(db: &impl ConnectionTrait, email: &str) -> Result<Option<Uuid>, DbErr> {
    let account = store::find_account(db, email).await?;
    Ok(account.map(|account| account.user.id))
}

/// One try to sign in.
pub struct SignInAttempt<'a> {
    /// Address typed.
    pub email: &'a str,
    /// Password typed.
    pub password: &'a Password,
    /// Where it came from.
    pub ip: &'a str,
    /// When.
    pub now: jiff::Timestamp,
}

/// Why a sign-in did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum SignInProblem {
    /// Unknown address, wrong password or disabled account; deliberately one answer.
    #[error("wrong e-mail or password")]
    Wrong,
    /// Too many failures; the next try counts after this many seconds.
    #[error("wait {seconds} s")]
    Wait {
        /// Seconds until then.
        seconds: i64,
    },
    /// The database's.
    #[error(transparent)]
    Database(#[from] DbErr),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_do_what_the_one_below_may() {
        use Permission::*;
        let all = [
            EditExports,
            EditSegments,
            ViewProfiles,
            ManageSources,
            ManageConnections,
            Administer,
        ];
        let count = |role: Role| {
            all.iter()
                .filter(|permission| role.may(**permission))
                .count()
        };
        assert_eq!(
            (
                count(Role::Viewer),
                count(Role::Contributor),
                count(Role::Administrator)
            ),
            (1, 3, 6)
        );
    }
}
