//! `GET /account/summary` and `GET /account/user/privileges`.

use actix_web::{HttpResponse, web};
use serde_json::{Value, json};

use super::{gate::Caller, options::Role, server::Core};

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/v3/account/summary", web::get().to(summary))
        .route("/v3/account/user/privileges", web::get().to(privileges));
}

async fn summary(core: web::Data<Core>, query: web::Query<Vec<(String, String)>>) -> HttpResponse {
    let account = &core.options.account;
    let mut body = json!({
        "contact_email": account.contact_email,
        "contact_phone": "85225550100",
        "country_code": "US",
        "encoded_account_id": "p07e1l8cdif9dl",
        "first_name": account.first_name,
        "last_name": account.last_name,
        "organization_name": account.organization_name,
        "organization_phone": "555-555-0100",
        "state_code": "MA",
        "time_zone_id": "US/Eastern",
        "website": "https://harbourbooks.example",
    });
    let extra = query.iter().filter(|(name, _)| name == "extra_fields");
    if extra
        .flat_map(|(_, value)| value.split(','))
        .any(|field| field.trim() == "physical_address")
    {
        body["physical_address"] = json!({
            "address_line1": "1 Harbour Road", "city": "Boston", "state_code": "MA",
            "postal_code": "02110", "country_code": "US",
        });
    }
    HttpResponse::Ok().json(body)
}

async fn privileges(core: web::Data<Core>, caller: web::ReqData<Caller>) -> HttpResponse {
    let role = core.options.users[caller.user].role;
    let granted: Vec<Value> = PRIVILEGES
        .iter()
        .filter(|privilege| role.may(privilege.1))
        .map(|(id, name)| json!({ "privilege_id": id, "privilege_name": name }))
        .collect();
    HttpResponse::Ok().json(granted)
}

/// Ids are invented but for `campaign:create`; the vendor publishes no list of them.
const PRIVILEGES: [(u32, &str); 9] = [
    (10, "account:read"),
    (11, "account:write"),
    (20, "contacts:read"),
    (21, "contacts:write"),
    (22, "contacts:lists:read"),
    (23, "contacts:lists:write"),
    (30, "campaign:create"),
    (31, "campaign:read"),
    (32, "campaign:write"),
];

impl Role {
    /// Whether the role has a privilege (API guide "User privileges": a campaign creator has no business with
    /// contacts and may not change lists).
    pub(super) fn may(self, privilege: &str) -> bool {
        match self {
            Self::Owner => true,
            Self::CampaignCreator => {
                privilege.starts_with("campaign:")
                    || ["account:read", "contacts:lists:read"].contains(&privilege)
            }
        }
    }
}
