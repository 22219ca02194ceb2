//! Signing in with OpenID Connect: who may come in on a provider's word, and as what.
//!
//! The rules, simple on purpose:
//!
//! - A person is the provider's issuer and subject, never an e-mail address: whoever gets somebody's old address there
//!   is not taken for them here.
//! - A person has **one way in**: a password, or an account at a provider. Linking ([`accounts::link`]) takes the
//!   password away, choosing a password by a link unlinks, so that nobody who has left the groups still has a back door.
//! - An existing person is linked only by themselves while signed in, with their password, or by the invitation an
//!   administrator made for them. An account with the same e-mail address is never taken over.
//! - Where settings name groups, the role is read from them at every sign-in: the most powerful counts, nobody comes in
//!   without one. The last administrator keeps the role. Where they name none, only people who were invited or linked
//!   come in, with the role they have here.
//!
//! A way there and back is a [`flow`]: bound to the browser's session, good once, for ten minutes.

pub mod accounts;
pub mod flow;
mod refusal;

pub use flow::{Flow, Purpose};
pub use refusal::Refusal;

use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use crate::auth::Role;
use crate::config::Settings;
use crate::openid::{self, Groups, Provider, ProviderKind};

/// The providers of this installation and what their groups mean. Cheap to clone.
#[derive(Clone)]
pub struct Providers {
    list: Vec<(Provider, String)>,
    roles: RoleMapping,
}

/// What people see of a provider.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Which.
    pub kind: ProviderKind,
    /// What it is called.
    pub name: String,
}

/// How somebody proves who they are.
#[derive(Clone, Debug)]
pub enum Proof {
    /// With their password.
    Password,
    /// Through a provider.
    Provider(Offer),
    /// Their provider is not configured any more.
    Impossible,
}

impl Proof {
    /// The provider's name, if it takes one.
    pub fn provider_name(&self) -> Option<&str> {
        match self {
            Self::Provider(offer) => Some(&offer.name),
            _ => None,
        }
    }
}

impl Providers {
    /// Those the settings name; asks none of them anything yet.
    ///
    /// # Errors
    /// TLS cannot be initialised.
    pub fn new(settings: &Settings) -> Result<Self, reqwest::Error> {
        let list = openid::configured(settings).into_iter().map(|config| {
            let name = match config.kind {
                ProviderKind::Entra => "Microsoft".to_owned(),
                ProviderKind::OpenId => settings.openid_display_name.clone(),
            };
            Ok((Provider::new(config)?, name))
        });
        Ok(Self {
            list: list.collect::<Result<_, reqwest::Error>>()?,
            roles: RoleMapping(settings.groups()),
        })
    }

    /// A provider that can be used, and its name.
    pub fn find(&self, kind: ProviderKind) -> Option<(&Provider, &str)> {
        let found = self
            .list
            .iter()
            .find(|(provider, _)| provider.kind() == kind);
        found.map(|(provider, name)| (provider, name.as_str()))
    }

    /// What the sign-in page offers.
    pub fn offers(&self) -> Vec<Offer> {
        let offers = self.list.iter().map(|(provider, name)| Offer {
            kind: provider.kind(),
            name: name.clone(),
        });
        offers.collect()
    }

    /// How a person proves again who they are: the way they sign in.
    ///
    /// # Errors
    /// The database's.
    pub async fn proof_of(&self, db: &impl ConnectionTrait, user_id: Uuid) -> Result<Proof, DbErr> {
        let issuers = accounts::issuers(db, user_id).await?;
        let found = self
            .list
            .iter()
            .find(|(provider, _)| issuers.iter().any(|issuer| provider.speaks_for(issuer)));
        Ok(match (found, issuers.is_empty()) {
            (Some((provider, name)), _) => Proof::Provider(Offer {
                kind: provider.kind(),
                name: name.clone(),
            }),
            (None, true) => Proof::Password,
            (None, false) => Proof::Impossible,
        })
    }

    /// Whether whoever proves so has the role their groups give, so that one given here lasts until they sign in again.
    pub fn has_role_of_groups(&self, proof: &Proof) -> bool {
        matches!(proof, Proof::Provider(_)) && !self.roles.0.is_empty()
    }

    /// What groups mean here.
    pub fn roles(&self) -> &RoleMapping {
        &self.roles
    }
}

/// Groups that give a role, the most powerful role first.
#[derive(Clone, Debug, Default)]
pub struct RoleMapping(Vec<(Role, String)>);

impl RoleMapping {
    /// The role that groups give; `Ok(None)` where roles are not given by groups.
    ///
    /// # Errors
    /// None of the groups gives one, or the provider does not list them.
    pub fn role_of(&self, groups: &Groups) -> Result<Option<Role>, Refusal> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let Groups::Named(groups) = groups else {
            return Err(Refusal::TooManyGroups);
        };
        let found = self.0.iter().find(|(_, group)| groups.contains(group));
        found.map(|(role, _)| Some(*role)).ok_or(Refusal::NoGroup)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_powerful_group_counts() {
        let mapping = RoleMapping(vec![
            (Role::Administrator, "admins".into()),
            (Role::Contributor, "marketing".into()),
            (Role::Viewer, "staff".into()),
        ]);
        let role = |names: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            mapping.role_of(&Groups::Named(names)).ok().flatten()
        };
        assert_eq!(role(&["staff", "admins"]), Some(Role::Administrator));
        assert_eq!(role(&["staff", "marketing"]), Some(Role::Contributor));
        assert_eq!(role(&["Admins", "staff "]), None);
        assert_eq!(role(&[]), None);
        assert!(matches!(
            mapping.role_of(&Groups::TooMany),
            Err(Refusal::TooManyGroups)
        ));
        assert!(matches!(
            RoleMapping::default().role_of(&Groups::TooMany),
            Ok(None)
        ));
    }
}
