//! People as administrators manage them: list, add, invite, change, remove.
//!
//! Somebody who was removed keeps a name, for the audit log and "updated by", and nothing else. Whatever takes
//! administrator rights away asks first whether somebody is left who has them ([`changes`]).

pub mod changes;
pub mod invitations;
mod list;
pub mod own;

pub use changes::{Access, ChangeProblem, NewPerson};
pub use list::{PeopleQuery, PeopleSort, count, find, list};

use jiff::Timestamp;
use uuid::Uuid;

use super::Role;
use crate::storage::entities::user;
use crate::web::Tone;

/// A person in the list.
#[derive(Clone, Debug)]
pub struct Person {
    /// Id.
    pub id: Uuid,
    /// Name people read.
    pub name: String,
    /// Address used to sign in.
    pub email: String,
    /// Role.
    pub role: Role,
    /// Whether they can come in.
    pub state: PersonState,
    /// Whether they are told of notices by mail, as long as they are an administrator.
    pub notices_by_mail: bool,
    /// Whether they have a password.
    pub has_password: bool,
    /// Last sign-in, if ever.
    pub last_signed_in_at: Option<Timestamp>,
    /// When the link that sets a password ends, while there is one.
    pub link_expires_at: Option<Timestamp>,
}

/// Whether a person can come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PersonState {
    /// Can sign in.
    Active,
    /// Has not answered the invitation yet.
    Invited,
    /// May not sign in.
    Disabled,
}

impl PersonState {
    /// Message key of the label.
    pub fn label_key(self) -> &'static str {
        match self {
            Self::Active => "auth-state-active",
            Self::Invited => "auth-state-invited",
            Self::Disabled => "auth-state-disabled",
        }
    }

    /// How it looks.
    pub fn tone(self) -> Tone {
        match self {
            Self::Active => Tone::Success,
            Self::Invited => Tone::Waiting,
            Self::Disabled => Tone::Neutral,
        }
    }

    fn of(model: &user::Model) -> Self {
        if model.disabled_at.is_some() {
            Self::Disabled
        } else if model.invited_at.is_some() {
            Self::Invited
        } else {
            Self::Active
        }
    }
}

impl From<user::Model> for Person {
    fn from(model: user::Model) -> Self {
        Self {
            id: model.id,
            state: PersonState::of(&model),
            role: model.role.parse().unwrap_or(Role::Viewer),
            notices_by_mail: model.notices_by_mail,
            has_password: model.password_hash.is_some(),
            last_signed_in_at: model.last_signed_in_at.map(Into::into),
            link_expires_at: model
                .invitation_hash
                .and(model.invitation_expires_at)
                .map(Into::into),
            name: model.name,
            email: model.email,
        }
    }
}
