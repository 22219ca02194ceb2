//! What can go wrong at or with a provider, each with its own sentence.

use openidconnect::{ClaimsVerificationError, SignatureVerificationError};

/// Why a provider's answer does not prove who somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The person, or the provider's administrator for them, said no.
    Denied,
    /// The provider wants more from the person than it asked for this time.
    MoreNeeded,
    /// The account is not one of the tenant's.
    NotInTenant,
    /// The account is locked there.
    Locked,
    /// The account is disabled there.
    DisabledThere,
    /// The password there has expired.
    PasswordExpired,
    /// The second factor is missing or too old.
    SecondFactor,
    /// The person is not assigned to the application there.
    NotAssigned,
    /// The password there is wrong.
    WrongPassword,
    /// Conditional Access refuses.
    ConditionalAccess,
    /// Nobody has consented to the application there.
    ConsentMissing,
    /// The sign-in there is too old.
    TooOld,
    /// The redirect URI is not registered.
    RedirectMismatch,
    /// The application's ID is not known there.
    AppUnknown,
    /// The application's secret is wrong or has expired.
    BadSecret,
    /// The application is registered as one without a secret.
    PublicClient,
    /// The application may not ask for what we ask for.
    BadScope,
    /// There is no such tenant.
    TenantUnknown,
    /// The code was used, expired or wrong.
    CodeRefused,
    /// The provider cannot be reached or has a problem of its own.
    Unreachable,
    /// What it says about itself is not what the standard asks for, or speaks for somebody else.
    BadDiscovery,
    /// Its answer cannot be read.
    Unreadable,
    /// The signature is wrong, or made with a key the provider does not publish.
    BadSignature,
    /// Signed by another issuer than the one we trust.
    WrongIssuer,
    /// Meant for another application.
    WrongAudience,
    /// Too old, or from the future.
    Expired,
    /// Made for another sign-in.
    WrongNonce,
    /// It does not say who the person is.
    NoSubject,
    /// It does not say when the person signed in there.
    NoAuthTime,
    /// The person did not sign in there again.
    NotFresh,
    /// Anything else the provider refused.
    Refused,
}

impl Problem {
    /// Name in the audit log and the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::MoreNeeded => "more-needed",
            Self::NotInTenant => "not-in-tenant",
            Self::Locked => "locked",
            Self::DisabledThere => "disabled-there",
            Self::PasswordExpired => "password-expired",
            Self::SecondFactor => "second-factor",
            Self::NotAssigned => "not-assigned",
            Self::WrongPassword => "wrong-password",
            Self::ConditionalAccess => "conditional-access",
            Self::ConsentMissing => "consent-missing",
            Self::TooOld => "too-old",
            Self::RedirectMismatch => "redirect-mismatch",
            Self::AppUnknown => "app-unknown",
            Self::BadSecret => "bad-secret",
            Self::PublicClient => "public-client",
            Self::BadScope => "bad-scope",
            Self::TenantUnknown => "tenant-unknown",
            Self::CodeRefused => "code-refused",
            Self::Unreachable => "unreachable",
            Self::BadDiscovery => "bad-discovery",
            Self::Unreadable => "unreadable",
            Self::BadSignature => "bad-signature",
            Self::WrongIssuer => "wrong-issuer",
            Self::WrongAudience => "wrong-audience",
            Self::Expired => "expired",
            Self::WrongNonce => "wrong-nonce",
            Self::NoSubject => "no-subject",
            Self::NoAuthTime => "no-auth-time",
            Self::NotFresh => "not-fresh",
            Self::Refused => "refused",
        }
    }

    /// Message key of the sentence; its argument is the provider's name.
    pub fn message_key(self) -> &'static str {
        match self {
            Self::Denied => "openid-problem-denied",
            Self::MoreNeeded => "openid-problem-more-needed",
            Self::NotInTenant => "openid-problem-not-in-tenant",
            Self::Locked => "openid-problem-locked",
            Self::DisabledThere => "openid-problem-disabled-there",
            Self::PasswordExpired => "openid-problem-password-expired",
            Self::SecondFactor => "openid-problem-second-factor",
            Self::NotAssigned => "openid-problem-not-assigned",
            Self::WrongPassword => "openid-problem-wrong-password",
            Self::ConditionalAccess => "openid-problem-conditional-access",
            Self::ConsentMissing => "openid-problem-consent-missing",
            Self::TooOld => "openid-problem-too-old",
            Self::RedirectMismatch => "openid-problem-redirect-mismatch",
            Self::AppUnknown => "openid-problem-app-unknown",
            Self::BadSecret => "openid-problem-bad-secret",
            Self::PublicClient => "openid-problem-public-client",
            Self::BadScope => "openid-problem-bad-scope",
            Self::TenantUnknown => "openid-problem-tenant-unknown",
            Self::CodeRefused => "openid-problem-code-refused",
            Self::Unreachable => "openid-problem-unreachable",
            Self::BadDiscovery => "openid-problem-bad-discovery",
            Self::Unreadable => "openid-problem-unreadable",
            Self::BadSignature => "openid-problem-bad-signature",
            Self::WrongIssuer => "openid-problem-wrong-issuer",
            Self::WrongAudience => "openid-problem-wrong-audience",
            Self::Expired => "openid-problem-expired",
            Self::WrongNonce => "openid-problem-wrong-nonce",
            Self::NoSubject => "openid-problem-no-subject",
            Self::NoAuthTime => "openid-problem-no-auth-time",
            Self::NotFresh => "openid-problem-not-fresh",
            Self::Refused => "openid-problem-refused",
        }
    }

    /// The problem behind the `error` of an answer (RFC 6749, 4.1.2.1 and 5.2; OpenID Connect Core, 3.1.2.6).
    pub(super) fn of_error(error: &str) -> Self {
        match error {
            "access_denied" => Self::Denied,
            "login_required" | "interaction_required" | "account_selection_required" => {
                Self::MoreNeeded
            }
            "consent_required" => Self::ConsentMissing,
            "temporarily_unavailable" | "server_error" => Self::Unreachable,
            "invalid_grant" => Self::CodeRefused,
            "invalid_client" => Self::BadSecret,
            "unauthorized_client" => Self::AppUnknown,
            "invalid_scope" => Self::BadScope,
            _ => Self::Refused,
        }
    }
}

/// A problem, and what the provider says of it, made safe to show; empty when it says nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {words}", problem.name())]
pub struct Failure {
    /// What is wrong.
    pub problem: Problem,
    /// The provider's own words.
    pub words: String,
}

impl Failure {
    /// A problem the provider's words have been found for, whatever they are.
    pub fn new(problem: Problem, words: &str) -> Self {
        Self {
            problem,
            words: safe_words(words),
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::new(problem, "")
    }
}

/// What the crate finds wrong with a token. Its texts quote the token, so they are not kept.
impl From<&ClaimsVerificationError> for Problem {
    fn from(error: &ClaimsVerificationError) -> Self {
        use ClaimsVerificationError as E;
        match error {
            E::Expired(_) => Self::Expired,
            E::InvalidAudience(_) => Self::WrongAudience,
            E::InvalidIssuer(_) => Self::WrongIssuer,
            E::InvalidNonce(_) => Self::WrongNonce,
            E::InvalidSubject(_) => Self::NoSubject,
            E::SignatureVerification(_) => Self::BadSignature,
            _ => Self::Unreadable,
        }
    }
}

/// Whether a newer set of keys might make a signature right.
pub(super) fn may_be_rotation(error: &ClaimsVerificationError) -> bool {
    use SignatureVerificationError as E;
    matches!(
        error,
        ClaimsVerificationError::SignatureVerification(
            E::NoMatchingKey | E::CryptoError(_) | E::AmbiguousKeyId(_)
        )
    )
}

/// Longest text of a provider that is shown, in characters.
const WORDS_CHARACTERS: usize = 300;

/// Words from outside on one line, bounded, without addresses.
fn safe_words(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let words = words.filter(|word| !word.is_empty());
    let masked = words.map(|word| if word.contains('@') { "…" } else { word });
    let line = masked.collect::<Vec<_>>().join(" ");
    line.chars().take(WORDS_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_one_bounded_line_without_addresses() {
        let said = format!(
            "AADSTS50020: User 'eve@example.com'\r\n\u{7}is\tnot {}",
            "x".repeat(900)
        );
        let words = Failure::new(Problem::NotInTenant, &said).words;
        assert!(
            words.starts_with("AADSTS50020: User … is not xxx"),
            "{words}"
        );
        assert_eq!(words.chars().count(), WORDS_CHARACTERS);
    }
}
