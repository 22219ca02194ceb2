//! A way to a provider and back: what it is for and the secrets it was begun with, kept in the browser's own session.
//!
//! The session's content is sealed (or lies in Redis), so nobody but this browser can go the way to its end. That it is
//! gone once only is remembered in the database, because a copy of a sealed cookie could be used again.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, Set};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Refusal;
use crate::auth::session::hash;
use crate::openid::{ProviderKind, Secrets};
use crate::storage::entities::oidc_state;
use crate::storage::{UtcMillis, random_bytes};
use crate::web::Visit;

/// How long a person may take at the provider.
pub const LIFETIME: SignedDuration = SignedDuration::from_mins(10);
/// How long a used state is remembered, so that whoever repeats it is told the right thing.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);
/// Ways begun in one browser at the same time; more would not fit into a cookie.
const MOST_FLOWS: usize = 2;
/// A longer path to come back to is forgotten, for the same reason.
const MOST_RETURN_TO: usize = 300;
const SESSION_KEY: &str = "openid";
const PROVED_KEY: &str = "openid-proved";
/// How long after proving who they are a person may do what it was for.
const PROOF_LIFETIME: SignedDuration = SignedDuration::from_mins(2);

/// What a way is for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Purpose {
    /// To come in, and go on to a path of ours.
    SignIn {
        /// That path.
        return_to: String,
    },
    /// To answer an invitation.
    Accept {
        /// Hash of its token.
        invitation: String,
    },
    /// To link the signed-in person's account.
    Link {
        /// Their session.
        session_id: Uuid,
    },
    /// To prove again who the signed-in person is, and go on to a path of ours.
    Prove {
        /// Their session.
        session_id: Uuid,
        /// That path.
        return_to: String,
    },
}

/// A way that was begun.
#[derive(Clone, Serialize, Deserialize)]
pub struct Flow {
    /// To whom.
    pub kind: ProviderKind,
    /// What for.
    pub purpose: Purpose,
    /// When.
    started_at: Timestamp,
    state: String,
    nonce: String,
    verifier: String,
}

impl Flow {
    /// A new way with fresh secrets.
    pub fn new(kind: ProviderKind, mut purpose: Purpose, now: Timestamp) -> Self {
        if let Purpose::SignIn { return_to } = &mut purpose
            && return_to.len() > MOST_RETURN_TO
        {
            *return_to = "/".into();
        }
        let secret = || URL_SAFE_NO_PAD.encode(random_bytes::<32>());
        Self {
            kind,
            purpose,
            started_at: now,
            state: secret(),
            nonce: secret(),
            verifier: secret(),
        }
    }

    /// What the browser takes with it.
    pub fn secrets(&self) -> Secrets {
        Secrets {
            state: self.state.clone(),
            nonce: self.nonce.clone(),
            verifier: self.verifier.clone().into(),
        }
    }

    /// When it was begun.
    pub fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// Keeps the way in the browser's session.
    pub fn keep(self, visit: &Visit) {
        let mut flows = flows(visit);
        flows.push(self);
        let surplus = flows.len().saturating_sub(MOST_FLOWS);
        store(visit, flows.split_off(surplus));
    }
}

fn flows(visit: &Visit) -> Vec<Flow> {
    visit
        .session()
        .get(SESSION_KEY)
        .ok()
        .flatten()
        .unwrap_or_default()
}

fn store(visit: &Visit, flows: Vec<Flow>) {
    if let Err(error) = visit.session().insert(SESSION_KEY, flows) {
        tracing::error!(%error, "way to a provider not kept in the session");
    }
}

/// Takes up the way a state belongs to. Used up before anything else about it is looked at, so that no answer counts twice.
///
/// # Errors
/// [`Refusal::StateUnknown`], [`Refusal::StateReplayed`], [`Refusal::TooLate`], the database's.
pub async fn take_up(
    db: &impl ConnectionTrait,
    visit: &Visit,
    kind: ProviderKind,
    state: &str,
) -> Result<Flow, (Option<Purpose>, Refusal)> {
    let mut flows = flows(visit);
    let place = flows.iter().position(|flow| flow.state == state);
    let Some(place) = place.filter(|_| !state.is_empty()) else {
        let known = oidc_state::Entity::find_by_id(hash(state)).one(db).await;
        return Err((
            None,
            match known {
                Ok(Some(_)) => Refusal::StateReplayed,
                Ok(None) => Refusal::StateUnknown,
                Err(error) => error.into(),
            },
        ));
    };
    let flow = flows.remove(place);
    store(visit, flows);
    let refuse = |refusal: Refusal| (Some(flow.purpose.clone()), refusal);
    if !use_up(db, state, visit.now)
        .await
        .map_err(|error| refuse(error.into()))?
    {
        return Err(refuse(Refusal::StateReplayed));
    }
    if flow.kind != kind {
        return Err(refuse(Refusal::StateUnknown));
    }
    let started_at = flow.started_at();
    if visit.now < started_at || visit.now.duration_since(started_at) > LIFETIME {
        return Err(refuse(Refusal::TooLate));
    }
    Ok(flow)
}

/// Marks a state as used; `false` when it was before.
async fn use_up(db: &impl ConnectionTrait, state: &str, now: Timestamp) -> Result<bool, DbErr> {
    oidc_state::Entity::delete_many()
        .filter(oidc_state::Column::ExpiresAt.lt(UtcMillis::from(now)))
        .exec(db)
        .await?;
    let row = oidc_state::ActiveModel {
        state_hash: Set(hash(state)),
        expires_at: Set((now + REMEMBERED).into()),
    };
    let unless_used = OnConflict::column(oidc_state::Column::StateHash)
        .do_nothing()
        .to_owned();
    let inserted = oidc_state::Entity::insert(row)
        .on_conflict(unless_used)
        .exec_without_returning(db)
        .await?;
    Ok(inserted == 1)
}

/// Remembers that the signed-in person has just proved who they are, for one path.
pub(crate) fn remember_proof(visit: &Visit, path: &str) {
    let proof = (path, visit.now);
    if let Err(error) = visit.session().insert(PROVED_KEY, proof) {
        tracing::error!(%error, "proof not kept in the session");
    }
}

/// Whether the signed-in person has just proved who they are for this path; good once.
pub(crate) fn take_proof(visit: &Visit, path: &str) -> bool {
    let kept = visit.session().remove_as::<(String, Timestamp)>(PROVED_KEY);
    kept.and_then(Result::ok).is_some_and(|(whose, at)| {
        whose == path && visit.now >= at && visit.now.duration_since(at) <= PROOF_LIFETIME
    })
}
