//! TLS as all outgoing connections share it.
//!
//! One provider of cryptography, the machine's own list of trusted certificates (`SSL_CERT_FILE` and `SSL_CERT_DIR` take its
//! place), and what went wrong in a handshake.

use std::error::Error;
use std::io;

/// Settles which provider of cryptography serves clients that leave the choice open. Two are linked, and without a choice
/// such a client panics. Harmless when repeated.
pub fn choose_provider() {
    // Whoever was first has chosen, and the choice stands.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// Why no protected connection came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The certificate of the other side is not trusted, out of date or for another name.
    Certificate,
    /// Anything else: the other side speaks no TLS here, or none we accept.
    Handshake,
}

/// The failure of TLS an error was caused by, however deep; `None` for errors of another kind.
pub fn failure(error: &(dyn Error + 'static)) -> Option<Failure> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<rustls::Error>() {
            return Some(match found {
                rustls::Error::InvalidCertificate(_) => Failure::Certificate,
                _ => Failure::Handshake,
            });
        }
        // An `io::Error` passes over what it wraps when asked for its source.
        let wrapped = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        next = match wrapped {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_found_below_other_errors() {
        let unknown = rustls::CertificateError::UnknownIssuer;
        let inner = rustls::Error::InvalidCertificate(unknown);
        let error = io::Error::new(io::ErrorKind::InvalidData, inner);
        assert_eq!(failure(&error), Some(Failure::Certificate));
        let error = io::Error::other(rustls::Error::HandshakeNotComplete);
        let error = anyhow::Error::new(error).context("connecting");
        let error: Box<dyn Error + Send + Sync> = error.into();
        assert_eq!(failure(&*error), Some(Failure::Handshake));
        let error = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert_eq!(failure(&error), None);
    }
}
