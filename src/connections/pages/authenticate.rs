//! **Authenticate with Constant Contact**: off to the authorisation page.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::{author, find, refuse_out_of_order, see_connection};
use crate::connections::authorize::{AuthorizeError, Visitor};
use crate::connections::{Connections, Problem, Step};
use crate::web::{self, PageError, SignedIn};

/// `POST /settings/connections/{id}/authenticate`.
pub(super) async fn submit(
    visit: SignedIn,
    db: Data<DatabaseConnection>,
    connections: Data<Connections>,
    id: Path<Uuid>,
) -> Result<HttpResponse, PageError> {
    let connection = find(&visit, &db, id).await?;
    if let Some(refusal) = refuse_out_of_order(&visit, &connection, Step::Authenticate) {
        return Ok(refusal);
    }
    let visitor = Visitor {
        session_id: visit.session_id,
        author: author(&visit),
    };
    match connections
        .begin_authorization(&connection, &visitor)
        .await?
    {
        Some(address) => Ok(web::see_other(address.as_str())),
        None => {
            visit.flash_danger(visit.t(Problem::ApplicationUnknown.message_key()));
            Ok(see_connection(&connection))
        }
    }
}

impl From<AuthorizeError> for PageError {
    fn from(error: AuthorizeError) -> Self {
        match error {
            AuthorizeError::Change(problem) => problem.into(),
            AuthorizeError::Database(error) => error.into(),
        }
    }
}
