//! Why a way to a provider and back did not end in a sign-in.

use sea_orm::DbErr;

use crate::openid::{Failure, Problem};

/// What stands in the way.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The state is not one this browser was sent with.
    #[error("state unknown")]
    StateUnknown,
    /// The answer was used before.
    #[error("state replayed")]
    StateReplayed,
    /// The person took longer than a way may take.
    #[error("too late")]
    TooLate,
    /// Another session than the one that asked.
    #[error("other session")]
    OtherSession,
    /// Groups give roles, and none of this person's does.
    #[error("no group")]
    NoGroup,
    /// The provider does not list the groups because there are too many.
    #[error("too many groups")]
    TooManyGroups,
    /// Groups give no roles, and nobody here knows this person.
    #[error("not invited")]
    NotInvited,
    /// The account here is disabled.
    #[error("disabled")]
    Disabled,
    /// Somebody who signs in another way has this e-mail address.
    #[error("e-mail address taken")]
    EmailTaken,
    /// The provider names no e-mail address.
    #[error("no e-mail address")]
    NoEmail,
    /// The account at the provider belongs to another person here.
    #[error("linked to another person")]
    LinkedElsewhere,
    /// Another person than the one who is signed in.
    #[error("another person")]
    OtherPerson,
    /// The invitation does not work any more.
    #[error("invitation gone")]
    InvitationGone,
    /// The provider's.
    #[error(transparent)]
    Provider(#[from] Failure),
    /// The database's.
    #[error(transparent)]
    Database(#[from] DbErr),
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Provider(problem.into())
    }
}

impl Refusal {
    /// Name in the audit log.
    pub fn name(&self) -> &'static str {
        match self {
            Self::StateUnknown => "state-unknown",
            Self::StateReplayed => "state-replayed",
            Self::TooLate => "too-late",
            Self::OtherSession => "other-session",
            Self::NoGroup => "no-group",
            Self::TooManyGroups => "too-many-groups",
            Self::NotInvited => "not-invited",
            Self::Disabled => "disabled",
            Self::EmailTaken => "email-taken",
            Self::NoEmail => "no-email",
            Self::LinkedElsewhere => "linked-elsewhere",
            Self::OtherPerson => "other-person",
            Self::InvitationGone => "invitation-gone",
            Self::Provider(failure) => failure.problem.name(),
            Self::Database(_) => "database",
        }
    }

    /// Message key of the sentence; its argument is the provider's name.
    pub fn message_key(&self) -> &'static str {
        match self {
            Self::StateUnknown => "openid-refusal-state-unknown",
            Self::StateReplayed => "openid-refusal-state-replayed",
            Self::TooLate => "openid-refusal-too-late",
            Self::OtherSession => "openid-refusal-other-session",
            Self::NoGroup => "openid-refusal-no-group",
            Self::TooManyGroups => "openid-refusal-too-many-groups",
            Self::NotInvited => "openid-refusal-not-invited",
            Self::Disabled => "openid-refusal-disabled",
            Self::EmailTaken => "openid-refusal-email-taken",
            Self::NoEmail => "openid-refusal-no-email",
            Self::LinkedElsewhere => "openid-refusal-linked-elsewhere",
            Self::OtherPerson => "openid-refusal-other-person",
            Self::InvitationGone => "auth-invitation-gone",
            Self::Provider(failure) => failure.problem.message_key(),
            Self::Database(_) => "error-internal-text",
        }
    }

    /// The provider's own words, if it said any.
    pub fn words(&self) -> &str {
        match self {
            Self::Provider(failure) => &failure.words,
            _ => "",
        }
    }
}
