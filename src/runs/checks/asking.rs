//! Questions to Constant Contact outside a run: repeated for a minute, then given up with its own words.

use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use crate::connections::{Connections, Grant, TokenError};
use crate::constant_contact::ClientError;
use crate::runs::outcome::{Ending, Outcome};
use crate::runs::pace::Pace;
use crate::runs::retry::{Backoff, Remedy};
use crate::runs::vendor::{Call, refusal};

/// How long one question is repeated. A person waits for the answer; a run is far more patient.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks one account.
pub(super) struct Asking<'a> {
    pub(super) connections: &'a Connections,
    pub(super) connection_id: Uuid,
    pub(super) pace: Pace,
}

impl Asking<'_> {
    /// Asks, and asks again while that makes sense. Only for calls that do no harm when they are made twice.
    pub(super) async fn ask<T>(&self, call: Call<'_, T>) -> Result<T, Outcome> {
        let (began, mut tries, mut is_renewed) = (Instant::now(), 0, false);
        let mut grant = self.grant().await?;
        loop {
            let api = self.connections.api(&grant.client_id);
            let error = match call(&api, &grant.token).await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            if let Err(problem) = self.connections.ledger.heed(&grant.client_id, &error).await {
                return Err(Outcome::quoting(Ending::VendorUnavailable, problem));
            }
            let backoff = match Remedy::of(&error) {
                Remedy::RenewToken if !is_renewed => {
                    is_renewed = true;
                    let tokens = &self.connections.tokens;
                    grant = tokens
                        .refresh_after_401(self.connection_id, grant.version)
                        .await
                        .map_err(token_problem)?;
                    continue;
                }
                Remedy::Again(backoff, _) => backoff,
                Remedy::FindOut => Backoff::UNAVAILABLE,
                Remedy::PauseUntilMidnight | Remedy::Stop => {
                    return Err(Outcome::quoting(Ending::VendorUnavailable, error));
                }
                Remedy::RenewToken | Remedy::GiveUp => return Err(refused(&error)),
            };
            if began.elapsed() > self.pace.quickened(PATIENCE) {
                return Err(Outcome::quoting(Ending::VendorUnavailable, error));
            }
            tries += 1;
            tokio::time::sleep(self.pace.quickened(backoff.wait(tries))).await;
        }
    }

    /// A token that is good now.
    pub(super) async fn grant(&self) -> Result<Grant, Outcome> {
        let tokens = &self.connections.tokens;
        tokens
            .access_token(self.connection_id)
            .await
            .map_err(token_problem)
    }
}

fn refused(error: &ClientError) -> Outcome {
    match error {
        ClientError::NotFound(_) => Outcome::quoting(Ending::ListNotFound, error),
        error => refusal(error),
    }
}

fn token_problem(error: TokenError) -> Outcome {
    let ending = match &error {
        TokenError::NotFound => Ending::ConnectionGone,
        TokenError::SignInAgain => Ending::SignInAgain,
        TokenError::Application(_) | TokenError::Refused(_) | TokenError::Sealed(_) => {
            Ending::ApplicationRefused
        }
        TokenError::Temporary(_) | TokenError::OutcomeUnknown(_) | TokenError::Database(_) => {
            Ending::VendorUnavailable
        }
    };
    Outcome::quoting(ending, error)
}
