//! What can go wrong when somebody authenticates with Constant Contact, each with its own sentence.

use crate::constant_contact::TokenError as VendorError;

/// Why an authentication did not succeed, or a later renewal of the tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The person chose not to allow access.
    Denied,
    /// The state is not one of ours.
    StateUnknown,
    /// The state was used before.
    StateReplayed,
    /// The answer took longer than the state lives.
    StateExpired,
    /// The state belongs to another signed-in session.
    OtherSession,
    /// The authorisation code was used, expired or wrong.
    CodeRefused,
    /// Constant Contact gave no refresh token.
    NoRefreshToken,
    /// A permission we need was not granted.
    MissingScope,
    /// The person at Constant Contact may not manage contacts.
    MissingPrivilege,
    /// Another account than the one this saved connection is for.
    OtherAccount,
    /// Constant Contact asked to slow down.
    Throttled,
    /// Today's requests are used up.
    QuotaSpent,
    /// Constant Contact cannot be reached or has a problem.
    Unreachable,
    /// The answer was lost on its way.
    AnswerLost,
    /// Client ID or secret is wrong.
    BadClient,
    /// No secret is known for the connection's client ID.
    ApplicationUnknown,
    /// The tokens were revoked or expired.
    GrantLost,
    /// The answer to a renewal was lost; the token may have been replaced.
    RenewalLost,
    /// The tokens are dead, and the answer to the renewal before was lost: they were most likely replaced by it.
    GrantReplaced,
    /// The tokens were sealed with the master key of another installation.
    SealedElsewhere,
    /// Anything else Constant Contact refused.
    Refused,
}

impl Problem {
    const ALL: [Problem; 21] = [
        Self::Denied,
        Self::StateUnknown,
        Self::StateReplayed,
        Self::StateExpired,
        Self::OtherSession,
        Self::CodeRefused,
        Self::NoRefreshToken,
        Self::MissingScope,
        Self::MissingPrivilege,
        Self::OtherAccount,
        Self::Throttled,
        Self::QuotaSpent,
        Self::Unreachable,
        Self::AnswerLost,
        Self::BadClient,
        Self::ApplicationUnknown,
        Self::GrantLost,
        Self::RenewalLost,
        Self::GrantReplaced,
        Self::SealedElsewhere,
        Self::Refused,
    ];

    /// Name in the database and the audit log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::StateUnknown => "state_unknown",
            Self::StateReplayed => "state_replayed",
            Self::StateExpired => "state_expired",
            Self::OtherSession => "other_session",
            Self::CodeRefused => "code_refused",
            Self::NoRefreshToken => "no_refresh_token",
            Self::MissingScope => "missing_scope",
            Self::MissingPrivilege => "missing_privilege",
            Self::OtherAccount => "other_account",
            Self::Throttled => "throttled",
            Self::QuotaSpent => "quota_spent",
            Self::Unreachable => "unreachable",
            Self::AnswerLost => "answer_lost",
            Self::BadClient => "bad_client",
            Self::ApplicationUnknown => "application_unknown",
            Self::GrantLost => "grant_lost",
            Self::RenewalLost => "renewal_lost",
            Self::GrantReplaced => "grant_replaced",
            Self::SealedElsewhere => "sealed_elsewhere",
            Self::Refused => "refused",
        }
    }

    pub(super) fn from_name(name: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|problem| problem.name() == name)
            .unwrap_or(Self::Refused)
    }

    /// Message key of the sentence, which also says what to do.
    pub fn message_key(self) -> &'static str {
        match self {
            Self::Denied => "connections-problem-denied",
            Self::StateUnknown => "connections-problem-state-unknown",
            Self::StateReplayed => "connections-problem-state-replayed",
            Self::StateExpired => "connections-problem-state-expired",
            Self::OtherSession => "connections-problem-other-session",
            Self::CodeRefused => "connections-problem-code-refused",
            Self::NoRefreshToken => "connections-problem-no-refresh-token",
            Self::MissingScope => "connections-problem-missing-scope",
            Self::MissingPrivilege => "connections-problem-missing-privilege",
            Self::OtherAccount => "connections-problem-other-account",
            Self::Throttled => "connections-problem-throttled",
            Self::QuotaSpent => "connections-problem-quota-spent",
            Self::Unreachable => "connections-problem-unreachable",
            Self::AnswerLost => "connections-problem-answer-lost",
            Self::BadClient => "connections-problem-bad-client",
            Self::ApplicationUnknown => "connections-problem-application-unknown",
            Self::GrantLost => "connections-problem-grant-lost",
            Self::RenewalLost => "connections-problem-renewal-lost",
            Self::GrantReplaced => "connections-problem-grant-replaced",
            Self::SealedElsewhere => "connections-problem-sealed-elsewhere",
            Self::Refused => "connections-problem-refused",
        }
    }

    /// The problem behind a failed token request, and the vendor's words for it.
    pub(super) fn of_token_request(error: &VendorError) -> (Self, String) {
        let words = |refusal: &crate::constant_contact::Refusal| {
            let said = [refusal.key(), refusal.message()];
            said.into_iter().flatten().collect::<Vec<_>>().join(": ")
        };
        match error {
            VendorError::NotPermitted(_) => (Self::Throttled, String::new()),
            VendorError::Unreachable(fault) => (Self::Unreachable, fault.to_string()),
            VendorError::ServerProblem(refusal) => (Self::Unreachable, refusal.to_string()),
            VendorError::OutcomeUnknown(what) => (Self::AnswerLost, what.clone()),
            VendorError::Throttled(refusal) => (Self::Throttled, words(refusal)),
            VendorError::InvalidGrant(refusal) => (Self::CodeRefused, words(refusal)),
            VendorError::InvalidClient(refusal) => (Self::BadClient, words(refusal)),
            VendorError::Rejected(refusal) => (Self::Refused, words(refusal)),
        }
    }
}

/// Longest text of the vendor that is kept, in characters.
const WORDS_CHARACTERS: usize = 300;

/// Words that came from outside, made fit to store and show: one line, bounded.
pub(super) fn safe_words(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(WORDS_CHARACTERS)
        .collect::<String>()
        .trim()
        .to_owned()
}
