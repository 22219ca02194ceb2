//! What happens to the sign-in of a connection, as notices.

use jiff::Timestamp;
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use crate::connections::problem::Problem;
use crate::notices::{self, Details, Kind};

/// Somebody must sign in again.
pub(in crate::connections) async fn sign_in_lost(
    db: &impl ConnectionTrait,
    id: Uuid,
    problem: Problem,
    at: Timestamp,
) -> Result<(), DbErr> {
    let name = super::names(db, &[id]).await?.remove(&id);
    let details = Details {
        reason: Some(problem.message_key().to_owned()),
        ..Details::named(name.unwrap_or_default())
    };
    notices::raise(db, Kind::SignInNeeded, id, details, at).await
}

/// Somebody has signed in, or the tokens work after all.
pub(in crate::connections) async fn sign_in_found(
    db: &impl ConnectionTrait,
    id: Uuid,
    at: Timestamp,
) -> Result<(), DbErr> {
    notices::resolve(db, Kind::SignInNeeded, id, at).await?;
    notices::resolve(db, Kind::SignInEnds, id, at).await?;
    Ok(())
}

/// Opens notices of sign-ins that end soon, and closes those of sign-ins that do not any more.
pub(in crate::connections) async fn warn_of_endings(
    db: &impl ConnectionTrait,
    now: Timestamp,
) -> Result<(), DbErr> {
    for connection in super::list(db).await? {
        match connection.ends_soon(now) {
            Some(ends) => {
                let details = Details {
                    at: Some(ends),
                    ..Details::named(&connection.name)
                };
                notices::raise(db, Kind::SignInEnds, connection.id, details, now).await?;
            }
            None => {
                notices::resolve(db, Kind::SignInEnds, connection.id, now).await?;
            }
        }
    }
    Ok(())
}
