//! Constant Contact as one run sees it: a client, a token that is renewed once when it is refused, and reads that are
//! repeated as the table in [`super::retry`] says.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::Instant;
use uuid::Uuid;

use super::control::{Control, Interrupt};
use super::outcome::{Ending, Outcome};
use super::pace::Pace;
use super::retry::{Backoff, LONGEST_PATIENCE, Remedy, TOKEN_REFUSALS};
use super::waiting::{Waiting, WaitingFor};
use crate::connections::{Connections, Grant, TokenError};
use crate::constant_contact::{
    AccessToken, ApiClient, ClientError, PermitRefused, RequestKind, RequestPermits,
};

/// The vendor's side of a run.
pub(super) struct Vendor {
    control: Arc<Control>,
    connections: Connections,
    connection_id: Uuid,
    session: Option<Session>,
    /// How long an outage is borne, and what people read meanwhile.
    outage: (Backoff, WaitingFor),
}

struct Session {
    api: ApiClient,
    grant: Grant,
    /// Whether the token was renewed and has not worked since.
    is_renewed: bool,
}

/// A call of the API that can be made again.
pub(super) type Call<'c, T> = &'c (
        dyn for<'a> Fn(&'a ApiClient, &'a AccessToken) -> BoxFuture<'a, Result<T, ClientError>>
            + Send
            + Sync
    );

/// How long one thing has been tried. What fails in another way than before is borne from the start, as long as that way
/// is; all ways together no longer than [`LONGEST_PATIENCE`].
pub(super) struct Patience {
    /// When the first failure of all was.
    first: Option<Instant>,
    /// Of failures in the present way: how they are borne, since when, and how many there were.
    way: Option<(Backoff, Instant)>,
    tries: u32,
}

impl Patience {
    pub(super) fn new() -> Self {
        Self {
            first: None,
            way: None,
            tries: 0,
        }
    }

    /// How long is waited after one more failure; `None` when it is given up.
    pub(super) fn wait(&mut self, backoff: Backoff, pace: Pace) -> Option<Duration> {
        self.wait_at(Instant::now(), backoff, pace)
    }

    fn wait_at(&mut self, now: Instant, backoff: Backoff, pace: Pace) -> Option<Duration> {
        let first = *self.first.get_or_insert(now);
        let began = match self.way {
            Some((way, began)) if way == backoff => began,
            _ => {
                self.tries = 0;
                now
            }
        };
        self.way = Some((backoff, began));
        if now - began > pace.quickened(backoff.give_up_after)
            || now - first > pace.quickened(LONGEST_PATIENCE)
        {
            return None;
        }
        self.tries += 1;
        Some(backoff.wait(self.tries))
    }
}

impl Vendor {
    pub(super) fn new(
        control: Arc<Control>,
        connections: Connections,
        connection_id: Uuid,
    ) -> Self {
        Self {
            control,
            connections,
            connection_id,
            session: None,
            outage: (Backoff::UNAVAILABLE, WaitingFor::Vendor),
        }
    }

    /// Reads what decides whether a part has arrived: an outage is not borne for long, since the run then gives its place
    /// to others. See [`super::reconcile`].
    ///
    /// # Errors
    /// As [`Vendor::read`].
    pub(super) async fn ask<T>(
        &mut self,
        read: Call<'_, T>,
    ) -> Result<Result<T, ClientError>, Interrupt> {
        self.read_with((Backoff::ASKING, WaitingFor::Certainty), read)
            .await
    }

    /// From now on an outage is not borne for long: the run is about to end.
    pub(super) fn hurry(&mut self) {
        self.outage = (Backoff::ASKING, WaitingFor::Vendor);
    }

    /// Begins something that does no harm when it is begun twice, a job for the vendor's queue: less often than a read.
    ///
    /// # Errors
    /// As [`Vendor::read`].
    pub(super) async fn begin<T>(
        &mut self,
        begin: Call<'_, T>,
    ) -> Result<Result<T, ClientError>, Interrupt> {
        self.read_with((Backoff::JOBS, WaitingFor::Vendor), begin)
            .await
    }

    async fn read_with<T>(
        &mut self,
        outage: (Backoff, WaitingFor),
        read: Call<'_, T>,
    ) -> Result<Result<T, ClientError>, Interrupt> {
        let usual = std::mem::replace(&mut self.outage, outage);
        let answer = self.read(read).await;
        self.outage = usual;
        answer
    }

    /// Reads, again and again while that makes sense.
    ///
    /// # Errors
    /// An error that repeating does not cure, inside; [`Interrupt`] outside.
    pub(super) async fn read<T>(
        &mut self,
        read: Call<'_, T>,
    ) -> Result<Result<T, ClientError>, Interrupt> {
        let mut patience = Patience::new();
        loop {
            self.control.check()?;
            let error = match self.try_once(read).await? {
                Ok(value) => {
                    self.control.stop_showing_wait().await?;
                    return Ok(Ok(value));
                }
                Err(error) => error,
            };
            match Remedy::of(&error) {
                Remedy::GiveUp => return Ok(Err(error)),
                Remedy::FindOut | Remedy::Again(Backoff::UNAVAILABLE, _) => {
                    let (backoff, reason) = self.outage;
                    let again = Remedy::Again(backoff, Some(reason));
                    self.cure(again, &mut patience, &error).await?;
                }
                remedy => self.cure(remedy, &mut patience, &error).await?,
            }
        }
    }

    /// Makes a call once; what to do about an error is the caller's business.
    ///
    /// # Errors
    /// The call's, inside; outside [`Interrupt`] when there is no token.
    pub(super) async fn try_once<T>(
        &mut self,
        call: Call<'_, T>,
    ) -> Result<Result<T, ClientError>, Interrupt> {
        let session = self.session().await?;
        let answer = call(&session.api, &session.grant.token).await;
        if answer.is_ok() {
            session.is_renewed = false;
        }
        Ok(answer)
    }

    /// Waits or renews, after a call of which nothing was done; returns when it may be made again.
    ///
    /// # Errors
    /// [`Interrupt`], when it must not be made again or not now.
    pub(super) async fn cure(
        &mut self,
        remedy: Remedy,
        patience: &mut Patience,
        error: &ClientError,
    ) -> Result<(), Interrupt> {
        let key = self.session().await?.grant.client_id.clone();
        let ledger = &self.connections.ledger;
        ledger.heed(&key, error).await?;
        match remedy {
            Remedy::Again(backoff, reason) => self.back_off(backoff, patience, reason, error).await,
            Remedy::PauseUntilMidnight => {
                let until = match error {
                    ClientError::QuotaExceeded(_) => ledger.quota_over_at(),
                    _ => ledger.resets_at(),
                };
                let reason = WaitingFor::Quota;
                Err(Interrupt::Pause(Waiting { reason, until }))
            }
            Remedy::RenewToken => self.renew_token(error).await,
            Remedy::Stop => {
                self.control.check()?;
                Err(Interrupt::Stop)
            }
            Remedy::FindOut | Remedy::GiveUp => Err(refusal(error).into()),
        }
    }

    async fn back_off(
        &self,
        backoff: Backoff,
        patience: &mut Patience,
        reason: Option<WaitingFor>,
        error: &(dyn std::fmt::Display + Sync),
    ) -> Result<(), Interrupt> {
        match patience.wait(backoff, self.control.pace) {
            Some(wait) => self.control.wait(wait, reason).await,
            None => Err(Outcome::quoting(Ending::VendorUnavailable, error).into()),
        }
    }

    async fn renew_token(&mut self, error: &ClientError) -> Result<(), Interrupt> {
        let id = self.connection_id;
        let session = self.session().await?;
        let (used, is_renewed) = (session.grant.version, session.is_renewed);
        let mut patience = Patience::new();
        let grant = loop {
            let tokens = &self.connections.tokens;
            // A renewed token that is refused, too, is dead, unless somebody has stored another since.
            let renewed = match is_renewed {
                true => match tokens.give_up(id, used, &error.to_string()).await {
                    Ok(true) | Err(TokenError::SignInAgain) => {
                        return Err(Outcome::quoting(Ending::SignInAgain, error).into());
                    }
                    Ok(false) => tokens.access_token(id).await,
                    Err(problem) => Err(problem),
                },
                false => tokens.refresh_after_401(id, used).await,
            };
            match renewed {
                Ok(grant) => break grant,
                Err(error) => self.token_error(error, &mut patience).await?,
            }
        };
        self.open(grant);
        if let Some(session) = &mut self.session {
            session.is_renewed = true;
        }
        Ok(())
    }

    async fn session(&mut self) -> Result<&mut Session, Interrupt> {
        let mut patience = Patience::new();
        // A token that is about to expire is replaced by the service; so it is asked each time.
        let grant = loop {
            match self
                .connections
                .tokens
                .access_token(self.connection_id)
                .await
            {
                Ok(grant) => break grant,
                Err(error) => self.token_error(error, &mut patience).await?,
            }
        };
        if self
            .session
            .as_ref()
            .is_none_or(|session| session.grant.version != grant.version)
        {
            self.open(grant);
        }
        Ok(self.session.as_mut().expect("it was just opened"))
    }

    fn open(&mut self, grant: Grant) {
        let permits = CountedPermits {
            permits: self.connections.ledger.permits(&grant.client_id),
            control: self.control.clone(),
        };
        self.session = Some(Session {
            api: self.connections.api_with(Arc::new(permits)),
            grant,
            is_renewed: false,
        });
    }

    /// Waits after a temporary failure to get a token.
    async fn token_error(
        &self,
        error: TokenError,
        patience: &mut Patience,
    ) -> Result<(), Interrupt> {
        let ending = match error {
            TokenError::Refused(_) if patience.tries < TOKEN_REFUSALS => {
                let (backoff, reason) = self.outage;
                return self.back_off(backoff, patience, Some(reason), &error).await;
            }
            TokenError::Refused(_) => Ending::ApplicationRefused,
            TokenError::Temporary(_) | TokenError::OutcomeUnknown(_) => {
                let (backoff, reason) = self.outage;
                return self.back_off(backoff, patience, Some(reason), &error).await;
            }
            TokenError::Database(error) => return Err(error.into()),
            TokenError::NotFound => Ending::ConnectionGone,
            TokenError::SignInAgain | TokenError::Sealed(_) => Ending::SignInAgain,
            TokenError::Application(_) => Ending::ApplicationRefused,
        };
        Err(Outcome::quoting(ending, error).into())
    }

    /// How long something has taken, as the run's clocks tick.
    pub(super) fn is_over(&self, began: Instant, longest: Duration) -> bool {
        began.elapsed() > self.control.pace.quickened(longest)
    }
}

/// How a run ends after an error that repeating does not cure.
pub(super) fn refusal(error: &ClientError) -> Outcome {
    let ending = match error {
        ClientError::Forbidden(_) => Ending::NotAllowed,
        ClientError::SignInExpired(_) => Ending::SignInAgain,
        _ => Ending::Refused,
    };
    Outcome::quoting(ending, error)
}

/// Permits that count the run's requests and refuse them when it is to be interrupted.
struct CountedPermits {
    permits: Arc<dyn RequestPermits>,
    control: Arc<Control>,
}

impl RequestPermits for CountedPermits {
    fn acquire(&self, kind: RequestKind) -> BoxFuture<'_, Result<(), PermitRefused>> {
        async move {
            self.permits.acquire(kind).await?;
            // A permit that is not used is counted all the same; that errs on the safe side.
            if !self.control.may_request() {
                return Err(PermitRefused::Stopped);
            }
            self.control.count_request();
            Ok(())
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn each_way_to_fail_has_its_own_patience() {
        let (mut patience, mut now) = (Patience::new(), Instant::now());
        for _ in 0..90 {
            let wait = patience.wait_at(now, Backoff::QUEUE_FULL, Pace::REAL);
            assert!(wait.is_some());
            now += MINUTE;
        }
        let wait = patience.wait_at(now, Backoff::THROTTLED, Pace::REAL);
        assert_eq!(wait, Some(Duration::from_secs(1)), "as after the first");
        now += MINUTE * 61;
        let wait = patience.wait_at(now, Backoff::THROTTLED, Pace::REAL);
        assert_eq!(wait, None);
    }

    #[test]
    fn ways_that_take_turns_are_given_up_as_well() {
        let (mut patience, began) = (Patience::new(), Instant::now());
        let mut now = began;
        for way in [Backoff::THROTTLED, Backoff::QUEUE_FULL]
            .into_iter()
            .cycle()
        {
            if patience.wait_at(now, way, Pace::REAL).is_none() {
                break;
            }
            now += MINUTE;
        }
        assert_eq!(now - began, LONGEST_PATIENCE + MINUTE);
    }
}
