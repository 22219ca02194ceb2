//! Coming in: sign-in, set-up, invitations.

use super::with_query;

/// Where people sign in.
pub fn sign_in() -> String {
    "/sign-in".into()
}

/// Where people sign in, to come back to a path of ours afterwards.
pub fn sign_in_and_return(path: Option<&str>) -> String {
    match path.filter(|path| *path != "/") {
        Some(path) => with_query("/sign-in", &[("return_to", path)]),
        None => sign_in(),
    }
}

/// Where a way to a provider begins, to come back to a path of ours afterwards.
pub fn sign_in_with(provider: &str, return_to: &str) -> String {
    with_query(&format!("/sign-in/{provider}"), &[("return_to", return_to)])
}

/// Where the first administrator is made.
pub fn set_up() -> String {
    "/set-up".into()
}

/// Where a POST signs the visitor out.
pub fn sign_out() -> String {
    "/sign-out".into()
}

/// Where a link that lets somebody choose a password leads.
pub fn invitation(token: &str) -> String {
    format!("/invitation/{token}")
}

/// Where an invitation is answered with an account at a provider.
pub fn accept_invitation(token: &str, provider: &str) -> String {
    format!("/invitation/{token}/{provider}")
}
