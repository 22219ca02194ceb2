//! The authorization server's memory: sign-ins under way, codes, access tokens and refresh tokens.
//!
//! A *family* is everything that grew from one sign-in: one refresh token at a time (or one for ever) and any number
//! of access tokens.

use std::{collections::HashMap, time::Duration};

use jiff::Timestamp;

use super::{
    errors::OAuthRefusal,
    opaque::{challenge_of, json_web_token, random_text},
    options::{RefreshTokens, TokenRules},
};

/// What a person was asked to allow.
#[derive(Clone, Debug)]
pub(super) struct AuthorizationRequest {
    pub(super) redirect_uri: String,
    pub(super) scopes: Vec<String>,
    pub(super) state: Option<String>,
    /// PKCE challenge (`S256`), when the client sent one.
    pub(super) code_challenge: Option<String>,
}

/// The tokens of one answer of the token endpoint.
#[derive(Clone, Debug)]
pub struct IssuedTokens {
    /// A JWT of about 1,100 characters.
    pub access_token: String,
    /// Only when `offline_access` was granted.
    pub refresh_token: Option<String>,
    /// Granted scopes, in the order they were asked for.
    pub scopes: Vec<String>,
}

/// What a caller of the token endpoint has shown of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// The application's id and secret.
    Secret,
    /// The id alone, as a PKCE client without a secret does.
    IdAlone,
}

impl Proof {
    /// Whether this is enough for what was given out for `needed`.
    fn covers(self, needed: Self) -> bool {
        self == Self::Secret || needed == Self::IdAlone
    }
}

/// Who stands behind an access token.
#[derive(Clone, Debug)]
pub(super) struct Bearer {
    /// Position among the sandbox's users.
    pub(super) user: usize,
    pub(super) scopes: Vec<String>,
}

struct Code {
    request: AuthorizationRequest,
    user: usize,
    issued_at: Timestamp,
}

struct Family {
    user: usize,
    scopes: Vec<String>,
    current: Option<String>,
    /// What the client proved itself with when it redeemed the code; a refresh takes no less.
    proof: Proof,
}

struct AccessToken {
    family: usize,
    expires_at: Timestamp,
}

struct RefreshToken {
    family: usize,
    last_used_at: Timestamp,
    replaced_at: Option<Timestamp>,
}

/// All codes and tokens. Codes are removed when they are used, tokens when they are revoked.
#[derive(Default)]
pub(super) struct TokenStore {
    sign_ins: HashMap<String, (AuthorizationRequest, Option<usize>)>,
    codes: HashMap<String, Code>,
    families: Vec<Family>,
    access: HashMap<String, AccessToken>,
    refresh: HashMap<String, RefreshToken>,
}

impl TokenStore {
    /// Opens a sign-in for `request`; the returned id travels through the page's forms.
    pub(super) fn begin_sign_in(&mut self, request: AuthorizationRequest) -> String {
        let id = random_text(32);
        self.sign_ins.insert(id.clone(), (request, None));
        id
    }

    /// The request of a sign-in under way.
    pub(super) fn find_sign_in(&self, id: &str) -> Option<&AuthorizationRequest> {
        self.sign_ins.get(id).map(|(request, _)| request)
    }

    /// Remembers who signed in.
    pub(super) fn identify(&mut self, id: &str, user: usize) {
        if let Some((_, signed_in)) = self.sign_ins.get_mut(id) {
            *signed_in = Some(user);
        }
    }

    /// Ends a sign-in: its request and who signed in, or nothing when nobody did.
    pub(super) fn end_sign_in(&mut self, id: &str) -> Option<(AuthorizationRequest, usize)> {
        let (request, user) = self.sign_ins.remove(id)?;
        Some((request, user?))
    }

    /// A new authorization code for what `user` allowed.
    pub(super) fn issue_code(
        &mut self,
        request: AuthorizationRequest,
        user: usize,
        now: Timestamp,
    ) -> String {
        let code = random_text(43);
        let issued_at = now;
        self.codes.insert(
            code.clone(),
            Code {
                request,
                user,
                issued_at,
            },
        );
        code
    }

    /// Exchanges a code. The code is gone afterwards, whatever the outcome, unless a client that has not proved itself
    /// asks: without its secret it gets nowhere but with a code that carries a PKCE challenge.
    pub(super) fn redeem_code(
        &mut self,
        (code, verifier): (&str, Option<&str>),
        redirect_uri: &str,
        proof: Proof,
        rules: &TokenRules,
        now: Timestamp,
    ) -> Result<IssuedTokens, OAuthRefusal> {
        let known = self.codes.get(code).ok_or(OAuthRefusal::DEAD_CODE)?;
        let needed = match known.request.code_challenge {
            Some(_) => Proof::IdAlone,
            None => Proof::Secret,
        };
        if !proof.covers(needed) {
            return Err(OAuthRefusal::InvalidClient);
        }
        let code = self.codes.remove(code).ok_or(OAuthRefusal::DEAD_CODE)?;
        if !is_within(code.issued_at, rules.code_life, now)
            || code.request.redirect_uri != redirect_uri
        {
            return Err(OAuthRefusal::DEAD_CODE);
        }
        if let Some(challenge) = &code.request.code_challenge
            && verifier.map(challenge_of).as_ref() != Some(challenge)
        {
            return Err(OAuthRefusal::InvalidGrant("PKCE verification failed."));
        }
        Ok(self.start_family(code.user, code.request.scopes, proof, rules, now))
    }

    /// Tokens for `user` as after a sign-in.
    pub(super) fn start_family(
        &mut self,
        user: usize,
        scopes: Vec<String>,
        proof: Proof,
        rules: &TokenRules,
        now: Timestamp,
    ) -> IssuedTokens {
        let family = self.families.len();
        let offline = scopes.iter().any(|scope| scope == "offline_access");
        self.families.push(Family {
            user,
            scopes,
            current: None,
            proof,
        });
        if offline {
            self.replace_refresh_token(family, now);
        }
        self.answer(family, rules, now)
    }

    /// Exchanges a refresh token. 401 without a secret, unless its code was redeemed without one.
    pub(super) fn refresh(
        &mut self,
        token: &str,
        proof: Proof,
        kind: RefreshTokens,
        rules: &TokenRules,
        now: Timestamp,
    ) -> Result<IssuedTokens, OAuthRefusal> {
        let known = self
            .refresh
            .get_mut(token)
            .ok_or(OAuthRefusal::DEAD_REFRESH_TOKEN)?;
        if !proof.covers(self.families[known.family].proof) {
            return Err(OAuthRefusal::InvalidClient);
        }
        if !is_within(known.last_used_at, rules.refresh_token_idle_life, now) {
            return Err(OAuthRefusal::DEAD_REFRESH_TOKEN);
        }
        let family = known.family;
        match known.replaced_at {
            Some(replaced_at) if !is_within(replaced_at, rules.rotation_grace, now) => {
                if rules.reuse_kills_family {
                    self.revoke_family(family);
                }
                return Err(OAuthRefusal::DEAD_REFRESH_TOKEN);
            }
            // Within the grace period the newest token is handed out again, so that a lost answer is survived.
            Some(_) => {}
            None => {
                known.last_used_at = now;
                if kind == RefreshTokens::Rotating {
                    known.replaced_at = Some(now);
                    self.replace_refresh_token(family, now);
                }
            }
        }
        Ok(self.answer(family, rules, now))
    }

    /// Who may call the API with `token` at `now`.
    pub(super) fn bearer(&self, token: &str, now: Timestamp) -> Option<Bearer> {
        let access = self
            .access
            .get(token)
            .filter(|access| now < access.expires_at)?;
        let family = &self.families[access.family];
        Some(Bearer {
            user: family.user,
            scopes: family.scopes.clone(),
        })
    }

    /// Revokes one token; revoking a refresh token takes its family's access tokens along. Unknown tokens are fine.
    ///
    /// # Errors
    ///
    /// 401 without a secret, unless the token was given out without one.
    pub(super) fn revoke(&mut self, token: &str, proof: Proof) -> Result<(), OAuthRefusal> {
        let refresh = self.refresh.get(token).map(|refresh| refresh.family);
        let family = refresh.or_else(|| self.access.get(token).map(|access| access.family));
        if family.is_some_and(|family| !proof.covers(self.families[family].proof)) {
            return Err(OAuthRefusal::InvalidClient);
        }
        match refresh {
            Some(family) => self.revoke_family(family),
            None => {
                self.access.remove(token);
            }
        }
        Ok(())
    }

    /// Revokes every token there is, as when the owner disconnects the application.
    pub(super) fn revoke_all(&mut self) {
        self.access.clear();
        self.refresh.clear();
    }

    /// Ends the life of every access token; refresh tokens stay good.
    pub(super) fn expire_access_tokens(&mut self) {
        self.access.clear();
    }

    /// Refresh tokens that would be accepted at `now`.
    pub(super) fn live_refresh_tokens(&self, rules: &TokenRules, now: Timestamp) -> usize {
        self.refresh
            .values()
            .filter(|token| token.replaced_at.is_none())
            .filter(|token| is_within(token.last_used_at, rules.refresh_token_idle_life, now))
            .count()
    }

    fn revoke_family(&mut self, family: usize) {
        self.access.retain(|_, token| token.family != family);
        self.refresh.retain(|_, token| token.family != family);
    }

    fn replace_refresh_token(&mut self, family: usize, now: Timestamp) {
        let token = random_text(43);
        let fresh = RefreshToken {
            family,
            last_used_at: now,
            replaced_at: None,
        };
        self.refresh.insert(token.clone(), fresh);
        self.families[family].current = Some(token);
    }

    fn answer(&mut self, family: usize, rules: &TokenRules, now: Timestamp) -> IssuedTokens {
        let expires_at = now + rules.access_token_life;
        let owner = &self.families[family];
        let access_token = json_web_token(&owner.scopes, now, expires_at);
        let issued = IssuedTokens {
            access_token: access_token.clone(),
            refresh_token: owner.current.clone(),
            scopes: owner.scopes.clone(),
        };
        self.access
            .insert(access_token, AccessToken { family, expires_at });
        issued
    }
}

/// Whether less than `life` has passed since `start`.
fn is_within(start: Timestamp, life: Duration, now: Timestamp) -> bool {
    now < start + life
}

#[cfg(test)]
mod tests;
