//! Numbers with which Microsoft Entra ID says what is wrong (`error_codes` of a token answer,
//! `AADSTS…` at the beginning of the description that comes with the browser).
//!
//! Source: <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>; 700016, 7000215, 7000222 and 90002
//! from general public use.

use super::Problem;

/// The problem behind the first number that has a meaning of its own.
pub(super) fn problem_of(codes: &[u64]) -> Option<Problem> {
    codes.iter().find_map(|code| {
        Some(match code {
            50011 => Problem::RedirectMismatch,
            50020 | 50034 => Problem::NotInTenant,
            50053 => Problem::Locked,
            50057 => Problem::DisabledThere,
            50055 => Problem::PasswordExpired,
            50074 | 50076 | 50078 | 50079 => Problem::SecondFactor,
            50105 => Problem::NotAssigned,
            50126 => Problem::WrongPassword,
            53003 => Problem::ConditionalAccess,
            65001 => Problem::ConsentMissing,
            65004 => Problem::Denied,
            70043 => Problem::TooOld,
            700_016 | 700_011 => Problem::AppUnknown,
            70002 | 7_000_215 | 7_000_222 => Problem::BadSecret,
            700_025 => Problem::PublicClient,
            70011 | 500_011 | 650_057 => Problem::BadScope,
            90002 => Problem::TenantUnknown,
            50173 | 54005 | 70000 | 70008 | 501_481 | 700_082 => Problem::CodeRefused,
            _ => return None,
        })
    })
}

/// The number a description begins with: `AADSTS50105: Your administrator …`.
pub(super) fn code_in(description: &str) -> Option<u64> {
    let digits = description.trim_start().strip_prefix("AADSTS")?;
    let end = digits.find(|c: char| !c.is_ascii_digit());
    digits[..end.unwrap_or(digits.len())].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_description_is_read() {
        for (description, code) in [
            (
                "AADSTS50105: Your administrator has configured",
                Some(50105),
            ),
            ("AADSTS65004", Some(65004)),
            ("AADSTS", None),
            ("see AADSTS50105", None),
            ("AADSTS99999999999999999999999: too long", None),
            ("", None),
        ] {
            assert_eq!(code_in(description), code, "{description}");
        }
    }
}
