//! Tokens as types that never show their content.

use oauth2::PkceCodeChallenge;
use secrecy::{ExposeSecret, SecretString};

macro_rules! secret_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(SecretString);

        impl $name {
            /// Wraps the value; it is wiped from memory when dropped.
            pub fn new(value: impl Into<SecretString>) -> Self {
                Self(value.into())
            }

            /// The value, for sealing or sending only.
            pub fn expose(&self) -> &str {
                self.0.expose_secret()
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

secret_type! {
    /// Proves to the API on whose behalf a request is sent. A JWT of 1,000 to 1,200 characters.
    AccessToken
}
secret_type! {
    /// Buys the next access token. With the rotating type it is valid once: store the new one before using anything.
    RefreshToken
}
secret_type! {
    /// The secret half of a PKCE pair; kept with the `state` between the two steps of an authorisation.
    PkceVerifier
}

impl PkceVerifier {
    /// A fresh random verifier.
    pub fn random() -> Self {
        let (_, verifier) = PkceCodeChallenge::new_random_sha256();
        Self::new(verifier.into_secret())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_a_token() {
        let text = format!(
            "{:?} {:?} {:?}",
            AccessToken::new("alpha"),
            RefreshToken::new("beta"),
            PkceVerifier::new("gamma")
        );
        assert_eq!(text, "AccessToken(..) RefreshToken(..) PkceVerifier(..)");
    }

    #[test]
    fn verifiers_are_long_enough_and_differ() {
        let (a, b) = (PkceVerifier::random(), PkceVerifier::random());
        assert!(a.expose().len() >= 43, "RFC 7636, 4.1");
        assert_ne!(a.expose(), b.expose());
    }
}
