//! Sign-in, sign-out, set-up, language; people as administrators manage them; one's own account.

mod account;
mod invitation;
mod language;
pub(crate) mod openid;
mod people;
mod person;
mod problem;
mod set_up;
mod sign_in;
mod time_zone;

use actix_web::web::{self, ServiceConfig};

/// Routes of this concept.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/sign-in", web::get().to(sign_in::show))
        .route("/sign-in", web::post().to(sign_in::submit))
        .route("/sign-in/{provider}", web::get().to(openid::sign_in))
        .route(
            "/oauth/entra/callback",
            web::get().to(openid::entra_callback),
        )
        .route(
            "/oauth/openid/callback",
            web::get().to(openid::openid_callback),
        )
        .route("/sign-out", web::post().to(sign_in::sign_out))
        .route("/set-up", web::get().to(set_up::show))
        .route("/set-up", web::post().to(set_up::submit))
        .route("/language", web::post().to(language::choose))
        .route("/invitation/{token}", web::get().to(invitation::show))
        .route("/invitation/{token}", web::post().to(invitation::accept))
        .route(
            "/invitation/{token}/{provider}",
            web::get().to(openid::accept),
        )
        .route("/account/link/{provider}", web::post().to(openid::link))
        .route("/account", web::get().to(account::show))
        .route("/account/time-zone", web::post().to(time_zone::choose))
        .route("/account/password", web::post().to(account::set_password))
        .route(
            "/account/sessions/end-others",
            web::post().to(account::end_other_sessions),
        )
        .route(
            "/account/sessions/{id}/end",
            web::post().to(account::end_session),
        )
        .route("/settings/people", web::get().to(people::list))
        .route("/settings/people/new", web::get().to(people::new))
        .route("/settings/people/new", web::post().to(people::add))
        .route("/settings/people/{id}", web::get().to(person::show))
        .route(
            "/settings/people/{id}/role",
            web::post().to(person::set_role),
        )
        .route(
            "/settings/people/{id}/disable",
            web::post().to(person::disable),
        )
        .route(
            "/settings/people/{id}/enable",
            web::post().to(person::enable),
        )
        .route(
            "/settings/people/{id}/link",
            web::post().to(person::make_link),
        )
        .route(
            "/settings/people/{id}/remove",
            web::get().to(person::ask_remove),
        )
        .route(
            "/settings/people/{id}/remove",
            web::post().to(person::remove),
        );
}
