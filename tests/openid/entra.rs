//! Microsoft Entra ID: tenants, and people as `oid` and `tid`.

use serde_json::{Value, json};

use crate::stage::{Stage, stage_with};
use crate::support::openid::{CLIENT_ID, CLIENT_SECRET, Fault};

const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const OTHER: &str = "99999999-2222-3333-4444-555555555555";
const START: &str = "/sign-in/entra";
const ADMINS: &str = "aaaaaaaa-0000-4000-8000-000000000001";

async fn entra(tenant: &str) -> Stage {
    stage_with(|settings, url| {
        settings.openid_issuer_url = None;
        settings.entra_authority_url = url.parse().unwrap();
        settings.entra_tenant = tenant.to_owned();
        settings.entra_client_id = Some(CLIENT_ID.into());
        settings.entra_client_secret = Some(CLIENT_SECRET.into());
        settings.openid_administrator_groups = ADMINS.into();
    })
    .await
}

fn claims(stage: &Stage, tenant: &str, oid: &str) -> Value {
    json!({
        "iss": format!("{}/{tenant}/v2.0", stage.provider.url), "tid": tenant, "oid": oid,
        "sub": "pairwise-and-different-for-each-application", "name": "Dora Diaz",
        "preferred_username": "dora@contoso.example", "groups": [ADMINS], "ver": "2.0",
    })
}

async fn try_in(stage: &Stage) -> Result<crate::support::Browser, String> {
    let browser = stage.app.browser();
    let answer = stage.sign_in(&browser, START).await;
    match answer.location.as_deref() {
        Some("/") => Ok(browser),
        _ => Err(stage.told(&browser, &answer).await),
    }
}

#[tokio::test]
async fn people_of_many_tenants_are_told_apart_by_tenant_and_object_id() {
    let stage = entra("organizations").await;
    let page = stage.app.browser().get("/sign-in").await;
    assert!(page.says("Sign in with Microsoft"), "{}", page.body);
    stage.provider.be(claims(&stage, TENANT, "oid-1"));
    let browser = try_in(&stage).await.unwrap();
    assert!(browser.get("/account").await.says("dora@contoso.example"));
    let sent = stage.provider.state().authorized[0].clone();
    assert_eq!(
        sent["redirect_uri"],
        "http://localhost:8080/oauth/entra/callback"
    );

    // The same object id in another tenant is another person.
    let mut other = claims(&stage, OTHER, "oid-1");
    other["preferred_username"] = "dora@fabrikam.example".into();
    stage.provider.be(other);
    let browser = try_in(&stage).await.unwrap();
    assert!(browser.get("/account").await.says("dora@fabrikam.example"));
    assert_eq!(stage.count("SELECT COUNT(*) FROM user_identities").await, 2);
}

#[tokio::test]
async fn an_issuer_that_is_not_the_tenants_own_is_not_believed() {
    let stage = entra("organizations").await;
    let of = |iss: String, tid: Value| {
        let mut claims = claims(&stage, TENANT, "oid-1");
        claims["iss"] = iss.into();
        claims["tid"] = tid;
        claims
    };
    let url = stage.provider.url.clone();
    for claims in [
        of(format!("{url}/{OTHER}/v2.0"), TENANT.into()),
        of(format!("{url}/{TENANT}/v2.0"), Value::Null),
        of(format!("{url}/{TENANT}/v2.0"), "not-a-tenant".into()),
        of(format!("https://evil.example/{TENANT}/v2.0"), TENANT.into()),
        of(format!("{url}/{{tenantid}}/v2.0"), "{tenantid}".into()),
    ] {
        stage.provider.be(claims.clone());
        let told = try_in(&stage).await.err().unwrap();
        assert!(
            told.contains("comes from somebody else than Microsoft"),
            "{claims}: {told}"
        );
    }
    let mut nobody = claims(&stage, TENANT, "");
    nobody["oid"] = Value::Null;
    stage.provider.be(nobody);
    let told = try_in(&stage).await.err().unwrap();
    assert!(told.contains("does not say who you are"), "{told}");
}

#[tokio::test]
async fn one_tenant_lets_in_its_own_people_only() {
    let stage = entra(TENANT).await;
    stage.provider.be(claims(&stage, OTHER, "oid-1"));
    let told = try_in(&stage).await.err().unwrap();
    assert!(
        told.contains("comes from somebody else than Microsoft"),
        "{told}"
    );
    stage.provider.be(claims(&stage, TENANT, "oid-1"));
    try_in(&stage).await.unwrap();
}

#[tokio::test]
async fn the_number_that_comes_with_the_browser_says_what_is_wrong() {
    let stage = entra(TENANT).await;
    let description = "AADSTS50105: Your administrator has not assigned eve@contoso.example.";
    stage
        .provider
        .fail(Fault::Authorize("access_denied", description));
    let numbered = try_in(&stage).await.err().unwrap();
    stage
        .provider
        .fail(Fault::Authorize("access_denied", "No."));
    let plain = try_in(&stage).await.err().unwrap();
    assert!(
        numbered.contains("AADSTS50105") && !numbered.contains("eve@"),
        "{numbered}"
    );
    assert!(numbered.contains("assigned to"), "{numbered}");
    assert!(!plain.contains("assigned to"), "{plain}");
}

#[tokio::test]
async fn an_answer_names_the_tenant_it_comes_from_or_nobody() {
    let stage = entra("organizations").await;
    stage.provider.be(claims(&stage, TENANT, "oid-1"));
    let url = stage.provider.url.clone();
    for sender in [
        "https://evil.example/x/v2.0".to_owned(),
        format!("{url}/{{tenantid}}/v2.0"),
    ] {
        stage.provider.state().sender = Some(sender.clone());
        let told = try_in(&stage).await.err().unwrap();
        assert!(
            told.contains("comes from somebody else than Microsoft"),
            "{sender}: {told}"
        );
    }
    stage.provider.state().sender = Some(format!("{url}/{TENANT}/v2.0"));
    try_in(&stage).await.unwrap();
}
