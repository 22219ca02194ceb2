//! What is wrong with a person's details, in words.

use crate::auth::{PasswordProblem, UserProblem, store};
use crate::web::{FieldErrors, Visit};

/// The message for a person's details, beside the field it is about.
pub(super) fn describe(visit: &Visit, problem: &UserProblem) -> FieldErrors {
    let (field, message) = match problem {
        UserProblem::Name => {
            let message = visit.msg("auth-problem-name");
            ("name", message.num("max", store::MAX_TEXT_CHARACTERS))
        }
        UserProblem::Email => ("email", visit.msg("auth-problem-email")),
        UserProblem::EmailTaken => ("email", visit.msg("auth-problem-email-taken")),
        UserProblem::Password(problem) => {
            return FieldErrors::one("password", describe_password(visit, *problem));
        }
        UserProblem::Database(_) => ("", visit.msg("error-internal-text")),
    };
    FieldErrors::one(field, message.to_string())
}

/// The message for a new password.
pub(super) fn describe_password(visit: &Visit, problem: PasswordProblem) -> String {
    use crate::auth::{MAX_PASSWORD_CHARACTERS as MAX, MIN_PASSWORD_CHARACTERS as MIN};
    let message = match problem {
        PasswordProblem::TooShort => visit.msg("auth-problem-password-short").num("min", MIN),
        PasswordProblem::TooLong => visit.msg("auth-problem-password-long").num("max", MAX),
    };
    message.to_string()
}
