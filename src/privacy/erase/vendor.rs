//! Deleting a contact at Constant Contact: looked up by address, then deleted by its id.

use crate::connections::{Connections, TokenError};
use crate::constant_contact::ClientError;
use uuid::Uuid;

/// How a try ended.
#[derive(Debug)]
pub(super) enum Tried {
    /// It is deleted.
    Deleted,
    /// There is no such contact.
    NotFound,
    /// Try again later.
    Later(String),
    /// Somebody must act first.
    Failed(String),
}

/// Tries once; an access token that is refused is renewed once.
pub(super) async fn delete_contact(
    connections: &Connections,
    connection_id: Uuid,
    email: &str,
) -> Tried {
    let mut grant = match connections.tokens.access_token(connection_id).await {
        Ok(grant) => grant,
        Err(error) => return no_token(&error),
    };
    let mut is_renewed = false;
    loop {
        let api = connections.api(&grant.client_id);
        let deleted = async {
            match api.find_contact(&grant.token, email).await? {
                Some(id) => match api.delete_contact(&grant.token, id).await {
                    Ok(()) => Ok(Tried::Deleted),
                    // Somebody else was quicker.
                    Err(ClientError::NotFound(_)) => Ok(Tried::Deleted),
                    Err(error) => Err(error),
                },
                None => Ok(Tried::NotFound),
            }
        };
        let error = match deleted.await {
            Ok(tried) => return tried,
            Err(error) => error,
        };
        if let Err(problem) = connections.ledger.heed(&grant.client_id, &error).await {
            return Tried::Later(problem.to_string());
        }
        match &error {
            ClientError::SignInExpired(_) if !is_renewed => {
                is_renewed = true;
                let renewed = connections
                    .tokens
                    .refresh_after_401(connection_id, grant.version)
                    .await;
                match renewed {
                    Ok(renewed) => grant = renewed,
                    Err(error) => return no_token(&error),
                }
            }
            ClientError::SignInExpired(_)
            | ClientError::Forbidden(_)
            | ClientError::Rejected(_)
            | ClientError::NotFound(_)
            | ClientError::InvalidRequest(_) => return Tried::Failed(error.to_string()),
            _ => return Tried::Later(error.to_string()),
        }
    }
}

fn no_token(error: &TokenError) -> Tried {
    match error {
        TokenError::Temporary(_)
        | TokenError::Refused(_)
        | TokenError::OutcomeUnknown(_)
        | TokenError::Database(_) => Tried::Later(error.to_string()),
        _ => Tried::Failed(error.to_string()),
    }
}
