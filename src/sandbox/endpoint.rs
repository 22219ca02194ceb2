//! Names for everything a client can call, with the scope and the privilege each needs.

use actix_web::http::Method;

/// One operation of the simulated vendor; faults and request counts are kept per endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Endpoint {
    /// `GET /oauth2/default/v1/authorize`
    Authorize,
    /// `POST /oauth2/default/v1/token`
    Token,
    /// `POST /oauth2/default/v1/revoke`
    Revoke,
    /// `GET /account/user/privileges`
    GetUserPrivileges,
    /// `GET /account/summary`
    GetAccountSummary,
    /// `GET /activities`
    ListActivities,
    /// `GET /activities/{activity_id}`
    GetActivity,
    /// `POST /activities/contacts_file_import`
    ImportFile,
    /// `POST /activities/contacts_json_import`
    ImportJson,
    /// `POST /activities/contact_exports`
    ExportContacts,
    /// `GET /contact_exports/{file_export_id}`
    DownloadExport,
    /// `POST /activities/contact_delete`
    DeleteContacts,
    /// `POST /activities/add_list_memberships`
    AddMemberships,
    /// `POST /activities/remove_list_memberships`
    RemoveMemberships,
    /// `POST /activities/list_delete`
    DeleteLists,
    /// `GET /contacts`
    ListContacts,
    /// `POST /contacts`
    CreateContact,
    /// `GET /contacts/counts`
    CountContacts,
    /// `POST /contacts/sign_up_form`
    SignUpForm,
    /// `GET /contacts/{contact_id}`
    GetContact,
    /// `PUT /contacts/{contact_id}`
    PutContact,
    /// `DELETE /contacts/{contact_id}`
    DeleteContact,
    /// `GET /contact_custom_fields`
    ListCustomFields,
    /// `POST /contact_custom_fields`
    CreateCustomField,
    /// `GET /contact_custom_fields/{custom_field_id}`
    GetCustomField,
    /// `PUT /contact_custom_fields/{custom_field_id}`
    PutCustomField,
    /// `DELETE /contact_custom_fields/{custom_field_id}`
    DeleteCustomField,
    /// `GET /contact_lists`
    ListLists,
    /// `POST /contact_lists`
    CreateList,
    /// `GET /contact_lists/{list_id}`
    GetList,
    /// `PUT /contact_lists/{list_id}`
    PutList,
    /// `DELETE /contact_lists/{list_id}`
    DeleteList,
    /// `GET /contact_tags`
    ListTags,
    /// Any other path below `/v3`.
    UnknownApiPath,
    /// The sandbox's own pages and the forms of the authorization page; never subject to faults or limits.
    Page,
    /// A path outside the API, refused by the gateway.
    Outside,
}

impl Endpoint {
    /// The endpoint that `method` and `path` lead to.
    pub(super) fn of(method: &Method, path: &str) -> Self {
        if let Some(rest) = path.strip_prefix("/oauth2/default/v1/") {
            return match (method.as_str(), rest) {
                ("GET", "authorize") => Self::Authorize,
                ("POST", "token") => Self::Token,
                ("POST", "revoke") => Self::Revoke,
                (_, "authorize/sign-in" | "authorize/decision") => Self::Page,
                _ => Self::Outside,
            };
        }
        if path == "/"
            || path == "/sandbox.css"
            || path == "/activities"
            || path.starts_with("/lists/")
        {
            return Self::Page;
        }
        let Some(rest) = path.strip_prefix("/v3/") else {
            return Self::Outside;
        };
        let mut parts = rest.split('/');
        let steps = (parts.next().unwrap_or_default(), parts.next(), parts.next());
        match (method.as_str(), steps) {
            ("GET", ("account", Some("summary"), None)) => Self::GetAccountSummary,
            ("GET", ("account", Some("user"), Some("privileges"))) => Self::GetUserPrivileges,
            ("GET", ("activities", None, None)) => Self::ListActivities,
            ("GET", ("activities", Some(_), None)) => Self::GetActivity,
            ("POST", ("activities", Some(name), None)) => match name {
                "contacts_file_import" => Self::ImportFile,
                "contacts_json_import" => Self::ImportJson,
                "contact_exports" => Self::ExportContacts,
                "contact_delete" => Self::DeleteContacts,
                "add_list_memberships" => Self::AddMemberships,
                "remove_list_memberships" => Self::RemoveMemberships,
                "list_delete" => Self::DeleteLists,
                _ => Self::UnknownApiPath,
            },
            ("GET", ("contact_exports", Some(_), None)) => Self::DownloadExport,
            ("GET", ("contacts", None, None)) => Self::ListContacts,
            ("POST", ("contacts", None, None)) => Self::CreateContact,
            ("GET", ("contacts", Some("counts"), None)) => Self::CountContacts,
            ("POST", ("contacts", Some("sign_up_form"), None)) => Self::SignUpForm,
            ("GET", ("contacts", Some(_), None)) => Self::GetContact,
            ("PUT", ("contacts", Some(_), None)) => Self::PutContact,
            ("DELETE", ("contacts", Some(_), None)) => Self::DeleteContact,
            ("GET", ("contact_custom_fields", None, None)) => Self::ListCustomFields,
            ("POST", ("contact_custom_fields", None, None)) => Self::CreateCustomField,
            ("GET", ("contact_custom_fields", Some(_), None)) => Self::GetCustomField,
            ("PUT", ("contact_custom_fields", Some(_), None)) => Self::PutCustomField,
            ("DELETE", ("contact_custom_fields", Some(_), None)) => Self::DeleteCustomField,
            ("GET", ("contact_lists", None, None)) => Self::ListLists,
            ("POST", ("contact_lists", None, None)) => Self::CreateList,
            ("GET", ("contact_lists", Some(_), None)) => Self::GetList,
            ("PUT", ("contact_lists", Some(_), None)) => Self::PutList,
            ("DELETE", ("contact_lists", Some(_), None)) => Self::DeleteList,
            ("GET", ("contact_tags", None, None)) => Self::ListTags,
            _ => Self::UnknownApiPath,
        }
    }

    /// Whether it is part of the API proper, which needs a token and is limited.
    pub(super) fn is_api(self) -> bool {
        !matches!(
            self,
            Self::Authorize | Self::Token | Self::Revoke | Self::Page | Self::Outside
        )
    }

    /// The scope a token must have (vendor's API description, `security` of each operation).
    pub(super) fn scope(self) -> Option<&'static str> {
        match self {
            Self::GetAccountSummary => Some("account_read"),
            Self::GetUserPrivileges | Self::UnknownApiPath => None,
            _ if self.is_api() => Some("contact_data"),
            _ => None,
        }
    }

    /// The privilege a user must have (same source, `x-authorization-privileges`).
    pub(super) fn privilege(self) -> Option<&'static str> {
        match self {
            Self::GetAccountSummary => Some("account:read"),
            Self::ListLists | Self::GetList => Some("contacts:lists:read"),
            Self::CreateList | Self::PutList | Self::DeleteList => Some("contacts:lists:write"),
            Self::ListContacts
            | Self::CountContacts
            | Self::GetContact
            | Self::ListCustomFields
            | Self::GetCustomField
            | Self::ListTags
            | Self::DownloadExport => Some("contacts:read"),
            Self::GetUserPrivileges | Self::UnknownApiPath => None,
            _ if self.is_api() => Some("contacts:write"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_their_operation() {
        for (method, path, expected) in [
            (Method::GET, "/v3/contact_lists", Endpoint::ListLists),
            (Method::GET, "/v3/contact_lists/x", Endpoint::GetList),
            (Method::DELETE, "/v3/contact_lists/x", Endpoint::DeleteList),
            (
                Method::POST,
                "/v3/activities/contacts_file_import",
                Endpoint::ImportFile,
            ),
            (Method::GET, "/v3/activities/x", Endpoint::GetActivity),
            (Method::GET, "/v3/contacts/counts", Endpoint::CountContacts),
            (
                Method::POST,
                "/v3/contacts/sign_up_form",
                Endpoint::SignUpForm,
            ),
            (Method::POST, "/oauth2/default/v1/token", Endpoint::Token),
            (Method::PATCH, "/v3/contacts", Endpoint::UnknownApiPath),
            (Method::GET, "/v3/nothing", Endpoint::UnknownApiPath),
            (
                Method::GET,
                "/.well-known/oauth-authorization-server",
                Endpoint::Outside,
            ),
            (Method::GET, "/v2/contacts", Endpoint::Outside),
            (Method::GET, "/", Endpoint::Page),
        ] {
            assert_eq!(Endpoint::of(&method, path), expected, "{method} {path}");
        }
    }

    #[test]
    fn only_the_privileges_question_needs_no_scope() {
        assert_eq!(Endpoint::GetUserPrivileges.scope(), None);
        assert_eq!(Endpoint::GetAccountSummary.scope(), Some("account_read"));
        assert_eq!(Endpoint::ListActivities.privilege(), Some("contacts:write"));
        assert_eq!(Endpoint::ListLists.scope(), Some("contact_data"));
    }
}
