//! Why a try to deliver did not succeed, without any word of the other side: servers repeat addresses.

use std::fmt;

use crate::locale::Lang;

/// What stood in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// No connection.
    Unreachable,
    /// No answer in time.
    TimedOut,
    /// No protected connection.
    Tls,
    /// The mail server's certificate is not trusted, out of date or for another name.
    Certificate,
    /// The mail server offers neither the protection nor the sign-in that is set.
    NotOffered,
    /// The mail server said no, with this code.
    MailRefused(u16),
    /// The webhook answered with this status.
    Answered(u16),
    /// A secret was sealed with another master key.
    Secret,
    /// The address of the recipient is not one.
    Address,
    /// No mail server is set.
    NotSetUp,
}

impl Problem {
    /// Message key of a sentence that says what to do; may have the argument `$code`.
    pub fn message_key(self) -> &'static str {
        match self {
            Self::Unreachable => "notices-problem-unreachable",
            Self::TimedOut => "notices-problem-timed-out",
            Self::Tls => "notices-problem-tls",
            Self::Certificate => "notices-problem-certificate",
            Self::NotOffered => "notices-problem-not-offered",
            Self::MailRefused(530 | 534 | 535 | 538) => "notices-problem-sign-in",
            Self::MailRefused(_) => "notices-problem-refused",
            Self::Answered(300..400) => "notices-problem-redirected",
            Self::Answered(_) => "notices-problem-answered",
            Self::Secret => "notices-problem-secret",
            Self::Address => "notices-problem-address",
            Self::NotSetUp => "notices-problem-not-set-up",
        }
    }

    /// The sentence.
    pub fn words(self, lang: Lang) -> String {
        let code = match self {
            Self::MailRefused(code) | Self::Answered(code) => code,
            _ => 0,
        };
        // As it is, without grouping.
        lang.msg(self.message_key())
            .text("code", code.to_string())
            .to_string()
    }

    /// The problem with a name as [`fmt::Display`] writes it.
    pub fn from_name(name: &str) -> Option<Self> {
        let (kind, code) = name.split_once(':').unwrap_or((name, "0"));
        let code = code.parse().ok()?;
        Some(match kind {
            "unreachable" => Self::Unreachable,
            "timed_out" => Self::TimedOut,
            "tls" => Self::Tls,
            "certificate" => Self::Certificate,
            "not_offered" => Self::NotOffered,
            "refused" => Self::MailRefused(code),
            "answered" => Self::Answered(code),
            "secret" => Self::Secret,
            "address" => Self::Address,
            "not_set_up" => Self::NotSetUp,
            _ => return None,
        })
    }
}

/// Name in the database and in logs.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable => f.write_str("unreachable"),
            Self::TimedOut => f.write_str("timed_out"),
            Self::Tls => f.write_str("tls"),
            Self::Certificate => f.write_str("certificate"),
            Self::NotOffered => f.write_str("not_offered"),
            Self::MailRefused(code) => write!(f, "refused:{code}"),
            Self::Answered(code) => write!(f, "answered:{code}"),
            Self::Secret => f.write_str("secret"),
            Self::Address => f.write_str("address"),
            Self::NotSetUp => f.write_str("not_set_up"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_problem() {
        for problem in [
            Problem::Unreachable,
            Problem::TimedOut,
            Problem::Tls,
            Problem::Certificate,
            Problem::NotOffered,
            Problem::MailRefused(550),
            Problem::Answered(302),
            Problem::Secret,
            Problem::Address,
            Problem::NotSetUp,
        ] {
            assert_eq!(Problem::from_name(&problem.to_string()), Some(problem));
        }
        assert_eq!(Problem::from_name("of a newer version"), None);
    }
}
