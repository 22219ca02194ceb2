//! Signing in through a provider, and what else people do there.

use listbridge::clock::Clock;
use listbridge::config::Settings;
use serde_json::{Value, json};
use url::Url;

use crate::book::{Actor, Book, to};
use crate::people::invite;
use crate::support::openid::{CLIENT_ID, CLIENT_SECRET, Fault, TestProvider};
use crate::support::{ALICE, Answer, BOB, PASSWORD, spawn_app_with};

const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const ELSE: &str = "else@example.com";

/// A provider that knows what time it is.
pub(crate) fn start() -> TestProvider {
    TestProvider::start(|| Clock::system().now().as_second())
}

/// Settings that lead to a provider, which plays Entra ID, too.
pub(crate) fn point_at(settings: &mut Settings, provider: &TestProvider) {
    settings.openid_issuer_url = Some(provider.url.clone());
    settings.openid_client_id = Some(CLIENT_ID.into());
    settings.openid_client_secret = Some(CLIENT_SECRET.into());
    settings.openid_display_name = "Work account".into();
    settings.openid_administrator_groups = "admins".into();
    settings.openid_contributor_groups = "marketing".into();
    settings.entra_authority_url = provider.url.parse().unwrap();
    settings.entra_tenant = TENANT.to_owned();
    settings.entra_client_id = Some(CLIENT_ID.into());
    settings.entra_client_secret = Some(CLIENT_SECRET.into());
}

/// A person of a group, as the provider knows them.
pub(crate) fn person(name: &str, group: &str) -> Value {
    let email = format!("{name}@example.com");
    json!({ "sub": format!("{name}-1"), "name": name, "email": email, "groups": [group] })
}

/// Goes to the provider and back to the callback, which is not asked yet; what is added to its path.
pub(crate) async fn go(book: &mut Book, actor: &Actor, address: &str) -> String {
    let sent = actor.browser.client.get(address).send().await.unwrap();
    let back = Answer::read(sent).await.location.unwrap();
    let url = Url::parse(&back).unwrap();
    for (name, value) in url.query_pairs() {
        if name == "code" || name == "state" {
            book.hide(value);
        }
    }
    format!("?{}", url.query().unwrap())
}

pub(crate) async fn sign_in(book: &mut Book) {
    let provider = start();
    let app = spawn_app_with(|settings| point_at(settings, &provider)).await;
    book.hide(CLIENT_SECRET);
    let alice = Actor::signed_in(&app, ALICE).await;
    let token = invite(book, &alice, ELSE).await;

    provider.fail(Fault::Down);
    let nobody = Actor::nobody(&app);
    let begin = || to("/sign-in/{provider}").with("openid");
    let down = "the provider is down";
    book.get(&nobody, begin().when(down), "").await;
    let accept = || {
        to("/invitation/{token}/{provider}")
            .with(&token)
            .with("openid")
    };
    book.get(&nobody, accept().when(down), "").await;
    provider.fail(Fault::Authorize("access_denied", "No."));
    let sent = book.get(&nobody, begin(), "").await;
    let query = go(book, &nobody, &sent.location.unwrap()).await;
    let callback = || to("/oauth/openid/callback");
    let step = callback().when("the provider said no");
    book.get(&nobody, step, &query).await;
    provider.fail(Fault::None);

    provider.be(person("dora", "marketing"));
    let dora = Actor::nobody(&app).who_is("dora@example.com");
    let sent = book.get(&dora, begin(), "").await;
    let query = go(book, &dora, &sent.location.unwrap()).await;
    book.get(&dora, callback(), &query).await;

    provider.be(person("else", "marketing"));
    let invited = Actor::nobody(&app).who_is(ELSE);
    let sent = book.get(&invited, accept(), "").await;
    let query = go(book, &invited, &sent.location.unwrap()).await;
    let step = callback().when("to accept an invitation");
    book.get(&invited, step, &query).await;

    provider.be(person("bob", "marketing"));
    let bob = Actor::signed_in(&app, BOB).await;
    let link = || to("/account/link/{provider}").with("openid");
    let wrong = [("link_password", "not the password at all")];
    book.post(&bob, link().when("the password is wrong"), &wrong)
        .await;
    let leaving = book
        .post(&bob, link(), &[("link_password", PASSWORD)])
        .await;
    let address = leaving.attribute("main a", "href").unwrap();
    let query = go(book, &bob, &address).await;
    let step = callback().when("to link an account");
    book.get(&bob, step, &query).await;

    provider.be(json!({
        "iss": format!("{}/{TENANT}/v2.0", provider.url), "tid": TENANT, "oid": "oid-1", "sub": "pairwise",
        "name": "Eve", "preferred_username": "eve@example.com", "groups": ["marketing"], "ver": "2.0",
    }));
    let eve = Actor::nobody(&app).who_is("eve@example.com");
    let step = to("/sign-in/{provider}").with("entra");
    let sent = book.get(&eve, step, "").await;
    let query = go(book, &eve, &sent.location.unwrap()).await;
    book.get(&eve, to("/oauth/entra/callback"), &query).await;
    book.close(&app).await;
}
