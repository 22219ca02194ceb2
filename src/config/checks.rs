//! What settings must be like for the application to start with them, each alone and with the others.

use secrecy::ExposeSecret;
use url::Url;

use super::{Settings, SettingsError};

impl Settings {
    pub(super) fn check(self) -> Result<Self, SettingsError> {
        if self.constant_contact_requests_per_second == 0
            || self.constant_contact_requests_per_day == 0
        {
            return Err(SettingsError(
                "Constant Contact request limits must be at least 1".into(),
            ));
        }
        if !(1..=60).contains(&self.constant_contact_timeout_seconds)
            || !(1..=130).contains(&self.constant_contact_upload_timeout_seconds)
        {
            return Err(SettingsError(
                "constant_contact_timeout_seconds must be 1 to 60, constant_contact_upload_timeout_seconds 1 to 130"
                    .into(),
            ));
        }
        let is_simulated = match self.constant_contact_api_url.host() {
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost",
            None => false,
        };
        if self.engine_speed == 0 || self.engine_speed > 1 && !is_simulated {
            return Err(SettingsError(
                "engine_speed must be 1, unless constant_contact_api_url leads to this machine"
                    .into(),
            ));
        }
        if self.constant_contact_client_id.is_some()
            != self.constant_contact_client_secret.is_some()
        {
            return Err(SettingsError(
                "set both constant_contact_client_id and constant_contact_client_secret, or neither".into(),
            ));
        }
        self.check_sign_ins()?;
        if !matches!(self.public_url.scheme(), "http" | "https") {
            return Err(SettingsError(
                "public_url must start with http:// or https://".into(),
            ));
        }
        let store = self.session_store.expose_secret();
        let is_redis = || {
            Url::parse(store)
                .is_ok_and(|url| matches!(url.scheme(), "redis" | "rediss") && url.has_host())
        };
        if store != "cookie" && !is_redis() {
            return Err(SettingsError(
                "session_store must be \"cookie\" or an address such as redis://127.0.0.1:6379 or, over TLS, rediss://redis.example.com:6379"
                    .into(),
            ));
        }
        Ok(self)
    }

    /// What the settings of OpenID Connect providers must have in common with each other.
    fn check_sign_ins(&self) -> Result<(), SettingsError> {
        let refuse = |text: &str| Err(SettingsError(text.into()));
        if self.entra_client_id.is_some() != self.entra_client_secret.is_some() {
            return refuse("set both entra_client_id and entra_client_secret, or neither");
        }
        let named = [
            self.openid_issuer_url.is_some(),
            self.openid_client_id.is_some(),
            self.openid_client_secret.is_some(),
        ];
        if named.contains(&true) && named.contains(&false) {
            return refuse(
                "set openid_issuer_url, openid_client_id and openid_client_secret, or none of them",
            );
        }
        let issuer = self.openid_issuer_url.as_deref().map(Url::parse);
        let issuer = match issuer.transpose() {
            Ok(issuer) => issuer,
            Err(_) => return refuse("openid_issuer_url is not a URL"),
        };
        let entra = self
            .entra_client_id
            .is_some()
            .then_some(&self.entra_authority_url);
        for url in issuer.iter().chain(entra) {
            if !crate::openid::is_safe(url) {
                return refuse(
                    "openid_issuer_url and entra_authority_url must start with https://",
                );
            }
        }
        let is_tenant_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
        if self.entra_tenant.is_empty() || !self.entra_tenant.chars().all(is_tenant_part) {
            return refuse("entra_tenant must be a tenant's id or domain, or organizations");
        }
        // Where every tenant may sign in, each decides about its own group names and application roles; object ids
        // belong to one tenant alone.
        let is_open = matches!(
            self.entra_tenant.as_str(),
            "organizations" | "common" | "consumers"
        );
        let is_id = |group: &String| uuid::Uuid::try_parse(group).is_ok();
        if self.entra_client_id.is_some()
            && is_open
            && (self.openid_groups_claim != "groups"
                || !self.groups().iter().all(|(_, group)| is_id(group)))
        {
            return refuse(
                "with an entra_tenant of many tenants, groups must be object ids in the claim `groups`; \
                 name your own tenant in entra_tenant",
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::config::loading::tests::from_environment;

    #[test]
    fn half_a_client_registration_is_refused() {
        let error =
            from_environment(&[("LISTBRIDGE_CONSTANT_CONTACT_CLIENT_ID", "a")]).unwrap_err();
        assert!(error.to_string().contains("client_secret"), "{error}");
    }

    #[test]
    fn providers_of_sign_ins_are_named_whole_and_over_tls() {
        let entra = [
            ("LISTBRIDGE_ENTRA_CLIENT_ID", "a"),
            ("LISTBRIDGE_ENTRA_CLIENT_SECRET", "b"),
        ];
        let issuer = |url| {
            [
                ("LISTBRIDGE_OPENID_ISSUER_URL", url),
                ("LISTBRIDGE_OPENID_CLIENT_ID", "a"),
                ("LISTBRIDGE_OPENID_CLIENT_SECRET", "b"),
            ]
        };
        let group = ("LISTBRIDGE_OPENID_VIEWER_GROUPS", "Everybody");
        let tenant = ("LISTBRIDGE_ENTRA_TENANT", "contoso.example");
        for (pairs, problem) in [
            (entra[..1].to_vec(), "entra_client_secret"),
            (
                issuer("https://id.example")[..2].to_vec(),
                "openid_client_secret",
            ),
            (issuer("nonsense").to_vec(), "not a URL"),
            (issuer("http://id.example").to_vec(), "https://"),
            ([entra.to_vec(), vec![group]].concat(), "object ids"),
            (
                [
                    entra.to_vec(),
                    vec![("LISTBRIDGE_OPENID_GROUPS_CLAIM", "roles")],
                ]
                .concat(),
                "object ids",
            ),
            (vec![("LISTBRIDGE_ENTRA_TENANT", "a/b")], "entra_tenant"),
        ] {
            let error = from_environment(&pairs).unwrap_err().to_string();
            assert!(error.contains(problem), "{pairs:?}: {error}");
        }
        from_environment(&[entra.to_vec(), vec![group, tenant]].concat()).unwrap();
        let settings = from_environment(&issuer("http://127.0.0.1:9")).unwrap();
        assert!(settings.groups().is_empty());
    }

    #[test]
    fn sessions_are_kept_in_the_cookie_or_in_redis() {
        for (store, is_good) in [
            ("cookie", true),
            ("redis://:secret@127.0.0.1:6379/2", true),
            ("rediss://:secret@redis.example.com:6380", true),
            ("memory", false),
            ("redis:nonsense", false),
        ] {
            let settings = from_environment(&[("LISTBRIDGE_SESSION_STORE", store)]);
            assert_eq!(settings.is_ok(), is_good, "{store}");
            let said = format!("{settings:?}");
            assert!(!said.contains(":secret@"), "{said}");
        }
    }
}
