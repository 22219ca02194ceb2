//! Strings a client must not look into: codes, tokens, PKCE challenges.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest, Sha256};

/// PKCE `S256`.
pub(super) fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

/// `length` letters and digits. Good enough for a simulation on loopback, not for secrets.
pub(super) fn random_text(length: usize) -> String {
    std::iter::repeat_with(fastrand::alphanumeric)
        .take(length)
        .collect()
}

/// A token with the shape and length of the vendor's: an RS256 JWT whose signature nobody can check.
pub(super) fn json_web_token(scopes: &[String], now: Timestamp, expires_at: Timestamp) -> String {
    let issuer = "https://identity.constantcontact.com/oauth2/aus1lm3ry9mF7x2Ja0h8";
    let header = json!({ "kid": random_text(43), "alg": "RS256" });
    let claims = json!({
        "ver": 1,
        "jti": format!("AT.{}", random_text(43)),
        "iss": issuer,
        "aud": "https://api.cc.email/v3",
        "iat": now.as_second(),
        "exp": expires_at.as_second(),
        "cid": random_text(36),
        "uid": format!("00u{}", random_text(17)),
        "scp": scopes,
        "auth_time": now.as_second(),
        "sub": "owner@harbourbooks.example",
        "platform_user_id": random_text(36),
        "platform_account_id": random_text(36),
        "session": random_text(120),
    });
    let signature: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..))
        .take(256)
        .collect();
    [
        header.to_string().as_bytes(),
        claims.to_string().as_bytes(),
        &signature,
    ]
    .map(|part| URL_SAFE_NO_PAD.encode(part))
    .join(".")
}
