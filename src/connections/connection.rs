//! A connection as the rest of Listbridge sees it, and the rules about it: steps, health, who may use it.

use std::borrow::Borrow;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::consent;
use super::problem::Problem;
use crate::auth::{CurrentUser, Permission, Role};

/// Somebody did something at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Who.
    pub by: Uuid,
    /// When.
    pub at: Timestamp,
}

/// What is at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConnectionKind {
    /// A Constant Contact account.
    ConstantContact,
}

impl ConnectionKind {
    /// Name in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::ConstantContact => "constant_contact",
        }
    }

    /// The product's own name, the same in every language.
    pub fn product_name(self) -> &'static str {
        match self {
            Self::ConstantContact => "Constant Contact",
        }
    }
}

/// Who may use a connection for exports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sharing {
    /// Administrators.
    #[default]
    Administrators,
    /// Administrators and contributors.
    AdministratorsAndContributors,
}

impl Sharing {
    /// Both, in the order of the form.
    pub const ALL: [Sharing; 2] = [Self::Administrators, Self::AdministratorsAndContributors];

    /// Name in the database and in forms.
    pub fn name(self) -> &'static str {
        match self {
            Self::Administrators => "administrators",
            Self::AdministratorsAndContributors => "administrators_and_contributors",
        }
    }

    /// The sharing with a name; `None` for anything else.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sharing| sharing.name() == name)
    }

    /// Whether a person may choose a connection shared like this for an export; nobody may before it is complete.
    pub fn lets_use(self, user: &CurrentUser, is_complete: bool) -> bool {
        let is_shared = self == Self::AdministratorsAndContributors;
        is_complete
            && user.role.may(Permission::EditExports)
            && (is_shared || user.role.may(Permission::ManageConnections))
    }

    /// Message key of the label.
    pub fn label_key(self) -> &'static str {
        match self {
            Self::Administrators => "connections-sharing-administrators",
            Self::AdministratorsAndContributors => "connections-sharing-contributors",
        }
    }
}

/// Whether Constant Contact lets us in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authorization {
    /// Never authenticated.
    None,
    /// Tokens are there and, as far as known, valid.
    Authorized,
    /// The tokens are dead; a person must authenticate again.
    SignInAgain,
}

impl Authorization {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Authorized => "authorized",
            Self::SignInAgain => "sign_in_again",
        }
    }

    pub(super) fn from_name(name: &str) -> Self {
        match name {
            "none" => Self::None,
            "authorized" => Self::Authorized,
            // A word of a newer version is not trusted with data.
            _ => Self::SignInAgain,
        }
    }
}

/// The latest agreement to "Data privacy and compliance".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Who and when.
    pub stamp: Stamp,
    /// Language of the text agreed to.
    pub lang: String,
    /// Version of the text.
    pub text_version: i32,
    /// SHA-256 of the text.
    pub text_sha256: String,
}

impl Consent {
    /// Whether the text agreed to is still today's.
    pub fn is_current(&self) -> bool {
        consent::is_current(&self.lang, self.text_version, &self.text_sha256)
    }
}

/// The person in whose name profiles are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportUser {
    /// Who.
    pub id: Uuid,
    /// Name people read; empty when the account is gone.
    pub name: String,
    /// When they added themselves.
    pub at: Timestamp,
    /// Whether they are active and their role may export.
    pub may_export: bool,
}

/// Something that went wrong with the authorisation, until it works again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedProblem {
    /// What.
    pub problem: Problem,
    /// The vendor's own words, made safe; empty when it said nothing.
    pub words: String,
    /// When.
    pub at: Timestamp,
}

/// A connection. Holds no secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Id.
    pub id: Uuid,
    /// What is at the other end.
    pub kind: ConnectionKind,
    /// Display name.
    pub name: String,
    /// Who may use it.
    pub sharing: Sharing,
    /// Goes up by one when name or sharing change.
    pub version: i32,
    /// Creation.
    pub created: Stamp,
    /// Latest agreement.
    pub consent: Option<Consent>,
    /// Application (API key) that request limits count for.
    pub client_id: Option<String>,
    /// Whether Constant Contact lets us in.
    pub authorization: Authorization,
    /// Latest successful authentication.
    pub authenticated: Option<Stamp>,
    /// Name of the account's organisation.
    pub organization_name: Option<String>,
    /// The vendor's id of the account.
    pub account_id: Option<String>,
    /// What went wrong last.
    pub problem: Option<RecordedProblem>,
    /// Who reads.
    pub export_user: Option<ExportUser>,
    /// Completion.
    pub saved: Option<Stamp>,
    /// When a run last used it.
    pub last_used: Option<Timestamp>,
    /// When the sign-in at Constant Contact ends unless it is renewed before.
    pub sign_in_ends: Option<Timestamp>,
}

/// A token is renewed after this long without use; 180 days would kill it (vendor staff, "Refresh token expiry").
pub(super) const RENEW_IDLE_AFTER: SignedDuration = SignedDuration::from_hours(30 * 24);
/// A refresh token dies this long after the access token that came with it has expired: 180 days after its own issue,
/// less the longest life of an access token that is documented (24 hours).
pub(super) const SIGN_IN_LIFE: SignedDuration = SignedDuration::from_hours(179 * 24);
/// People are warned this long before.
const WARN_BEFORE: SignedDuration = SignedDuration::from_hours(14 * 24);

/// The steps of the wizard in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Display name.
    Name,
    /// Choose who can use this connection.
    Sharing,
    /// Data privacy and compliance.
    Consent,
    /// Connect.
    Connect,
    /// Authenticate with Constant Contact.
    Authenticate,
    /// Add yourself as export user.
    ExportUser,
    /// Save.
    Save,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Step; 7] = [
        Step::Name,
        Step::Sharing,
        Step::Consent,
        Step::Connect,
        Step::Authenticate,
        Step::ExportUser,
        Step::Save,
    ];
}

/// How a connection is, in the word the list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Everything is in place.
    Connected,
    /// Steps of the wizard are missing.
    Incomplete,
    /// Somebody must sign in again.
    SignInAgain,
}

impl Health {
    /// Message key of the word.
    pub fn label_key(self) -> &'static str {
        match self {
            Self::Connected => "connections-health-connected",
            Self::Incomplete => "connections-health-incomplete",
            Self::SignInAgain => "connections-health-sign-in-again",
        }
    }
}

/// Why a run may not use a connection. Each needs a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotReady {
    /// It was removed or never existed.
    #[error("the connection does not exist")]
    NotFound,
    /// The wizard was not finished.
    #[error("the connection has not been saved")]
    NotSaved,
    /// Nobody has agreed to today's text.
    #[error("the data privacy and compliance text needs a new agreement")]
    ConsentNeeded,
    /// Constant Contact does not let us in any more.
    #[error("somebody must authenticate with Constant Contact again")]
    AuthenticateAgain,
    /// The export user was disabled or may not export any more.
    #[error("the export user may not export any more")]
    ExportUserGone,
}

impl NotReady {
    /// Name kept with a run.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotFound => "connection_not_found",
            Self::NotSaved => "connection_not_saved",
            Self::ConsentNeeded => "connection_consent_needed",
            Self::AuthenticateAgain => "connection_authenticate_again",
            Self::ExportUserGone => "connection_export_user_gone",
        }
    }

    /// Message key of a sentence that says what to do.
    pub fn message_key(&self) -> &'static str {
        match self {
            Self::NotFound => "connections-not-ready-not-found",
            Self::NotSaved => "connections-not-ready-not-saved",
            Self::ConsentNeeded => "connections-not-ready-consent",
            Self::AuthenticateAgain => "connections-not-ready-authenticate",
            Self::ExportUserGone => "connections-not-ready-export-user",
        }
    }
}

impl Connection {
    /// Whether a step is done.
    pub fn is_done(&self, step: Step) -> bool {
        match step {
            Step::Name | Step::Sharing => true,
            Step::Consent => self.consent.as_ref().is_some_and(Consent::is_current),
            Step::Connect => self.client_id.is_some(),
            Step::Authenticate => self.authorization == Authorization::Authorized,
            Step::ExportUser => self
                .export_user
                .as_ref()
                .is_some_and(|user| user.may_export),
            Step::Save => self.saved.is_some(),
        }
    }

    /// The first step before `step` that is not done; `step` may be taken when there is none.
    pub fn first_missing_before(&self, step: Step) -> Option<Step> {
        Step::ALL
            .into_iter()
            .take_while(|earlier| *earlier < step)
            .find(|earlier| !self.is_done(*earlier))
    }

    /// The step a person takes next; `None` when all are done.
    pub fn next_step(&self) -> Option<Step> {
        Step::ALL.into_iter().find(|step| !self.is_done(*step))
    }

    /// Whether a run may use it now.
    ///
    /// # Errors
    /// [`NotReady`].
    pub fn check_ready(&self) -> Result<(), NotReady> {
        match self.next_step() {
            None => Ok(()),
            Some(_) if self.saved.is_none() => Err(NotReady::NotSaved),
            Some(Step::Consent) => Err(NotReady::ConsentNeeded),
            Some(Step::ExportUser) => Err(NotReady::ExportUserGone),
            Some(_) => Err(NotReady::AuthenticateAgain),
        }
    }

    /// When its sign-in ends, if that is so soon that somebody should look after it: renewals have failed for months.
    pub fn ends_soon(&self, now: impl Borrow<Timestamp>) -> Option<Timestamp> {
        self.sign_in_ends
            .filter(|ends| *now.borrow() > *ends - WARN_BEFORE)
    }

    /// How it is.
    pub fn health(&self) -> Health {
        match self.check_ready() {
            Ok(()) => Health::Connected,
            Err(NotReady::NotSaved | NotReady::ConsentNeeded) => Health::Incomplete,
            Err(_) => Health::SignInAgain,
        }
    }

    /// Whether a person may choose it for an export. Contributors see name and type of those shared with them, no more.
    pub fn may_be_used_by(&self, user: &CurrentUser) -> bool {
        self.sharing.lets_use(user, self.saved.is_some())
    }
}

/// Whether a role is enough for an export user.
pub(super) fn may_be_export_user(role: Role) -> bool {
    role.may(Permission::EditExports)
}
