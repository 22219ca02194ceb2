//! Pages anybody reaches: sign-in, sign-out, set-up, language.

mod language;
mod set_up;
mod sign_in;

use actix_web::web::{self, ServiceConfig};

/// Routes of this concept.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/sign-in", web::get().to(sign_in::show))
        .route("/sign-in", web::post().to(sign_in::submit))
        .route("/sign-out", web::post().to(sign_in::sign_out))
        .route("/set-up", web::get().to(set_up::show))
        .route("/set-up", web::post().to(set_up::submit))
        .route("/language", web::post().to(language::choose));
}
