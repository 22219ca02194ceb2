//! A certification authority of the test's own, and a server's certificate for this machine.

use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;

/// The authority, and what it has signed. Nobody trusts it who is not told to.
pub(crate) struct TestCa {
    dir: TempDir,
    config: Arc<rustls::ServerConfig>,
}

impl TestCa {
    /// An authority with a certificate for `localhost` and 127.0.0.1.
    pub(crate) fn new() -> Self {
        Self::signing_for(&["localhost", "127.0.0.1"])
    }

    /// An authority with a certificate for these names.
    pub(crate) fn signing_for(names: &[&str]) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let params = CertificateParams::new(names).unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)
            .unwrap();
        let ca = Self {
            dir: tempfile::tempdir().unwrap(),
            config: Arc::new(config),
        };
        std::fs::write(ca.authority_file(), authority.pem()).unwrap();
        std::fs::write(ca.certificate_file(), certificate.pem()).unwrap();
        std::fs::write(ca.key_file(), key.serialize_pem()).unwrap();
        ca
    }

    /// What `SSL_CERT_FILE` names so that a process trusts the authority.
    pub(crate) fn authority_file(&self) -> PathBuf {
        self.dir.path().join("authority.pem")
    }

    pub(crate) fn certificate_file(&self) -> PathBuf {
        self.dir.path().join("certificate.pem")
    }

    pub(crate) fn key_file(&self) -> PathBuf {
        self.dir.path().join("key.pem")
    }

    /// The server's side of a connection.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.config.clone())
    }
}
