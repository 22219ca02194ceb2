//! Connections through the wizard, against the simulated Constant Contact.

use listbridge::clock::Clock;
use listbridge::config::Settings;
use listbridge::sandbox::{Limits, Sandbox, SandboxOptions};
use secrecy::SecretString;

use super::{Answer, Browser, PASSWORD, TestApp, spawn_app_with, spawn_app_with_clock};

/// Where the wizard begins.
pub(crate) const NEW: &str = "/settings/connections/new/constant-contact";

/// A simulated Constant Contact without request limits.
pub(crate) async fn start_sandbox() -> Sandbox {
    let options = SandboxOptions {
        limits: Limits::unlimited(),
        ..SandboxOptions::default()
    };
    Sandbox::start(options).await.unwrap()
}

/// Whether the settings name the application.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Application {
    Configured,
    Typed,
}

/// The application with Alice, Bob and Charlie, connected to a sandbox.
pub(crate) async fn spawn_app_at(sandbox: &Sandbox, application: Application) -> TestApp {
    spawn_app_at_with(sandbox, application, |_| ()).await
}

/// The same, with changed settings.
pub(crate) async fn spawn_app_at_with(
    sandbox: &Sandbox,
    application: Application,
    change: impl FnOnce(&mut Settings),
) -> TestApp {
    spawn_app_with(|settings| {
        point_at(settings, sandbox, application);
        change(settings);
    })
    .await
}

/// The same, at a time the test decides.
pub(crate) async fn spawn_app_at_with_clock(
    sandbox: &Sandbox,
    application: Application,
    clock: Clock,
) -> TestApp {
    spawn_app_with_clock(clock, |settings| point_at(settings, sandbox, application)).await
}

/// Settings that lead to a sandbox.
pub(crate) fn point_at(settings: &mut Settings, sandbox: &Sandbox, application: Application) {
    let base = sandbox.base_url();
    let oauth = format!("{base}/oauth2/default/v1");
    settings.constant_contact_authorize_url = format!("{oauth}/authorize").parse().unwrap();
    settings.constant_contact_token_url = format!("{oauth}/token").parse().unwrap();
    settings.constant_contact_api_url = format!("{base}/v3").parse().unwrap();
    settings.constant_contact_requests_per_second = 1000;
    if application == Application::Configured {
        settings.constant_contact_client_id = Some(sandbox.client_id());
        let secret = SecretString::from(sandbox.client_secret());
        settings.constant_contact_client_secret = Some(secret);
    }
}

/// Sends the form of the first page with everything in place, and gives the path of the pending connection.
pub(crate) async fn connect(browser: &Browser, name: &str, sharing: &str) -> String {
    let answer = try_connect(
        browser,
        &[("name", name), ("sharing", sharing), ("i_agree", "true")],
    )
    .await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    answer.location.unwrap()
}

/// Sends the form of the first page with these fields and the hidden ones of the page.
pub(crate) async fn try_connect(browser: &Browser, fields: &[(&str, &str)]) -> Answer {
    let page = browser.get(NEW).await;
    let hidden = |name: &str| {
        page.attribute(&format!("form[action='{NEW}'] input[name={name}]"), "value")
            .unwrap_or_else(|| panic!("no {name} on {page:?}"))
    };
    let (csrf, id, hash) = (hidden("_csrf"), hidden("id"), hidden("text_sha256"));
    let mut all = vec![
        ("_csrf", csrf.as_str()),
        ("id", id.as_str()),
        ("text_sha256", hash.as_str()),
    ];
    all.extend_from_slice(fields);
    browser.post(NEW, &all).await
}

/// Presses **Authenticate with Constant Contact** and gives the address of the authorisation page.
pub(crate) async fn begin_authentication(browser: &Browser, connection: &str) -> String {
    let action = format!("{connection}/authenticate");
    let answer = browser.submit(connection, &action, &[]).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    answer.location.unwrap()
}

/// Follows the redirect back to the application, wherever its public address claims to be.
pub(crate) async fn come_back(browser: &Browser, redirect: &str) -> Answer {
    let (_, path) = redirect
        .split_once("/oauth/")
        .unwrap_or_else(|| panic!("{redirect}"));
    browser.get(&format!("/oauth/{path}")).await
}

/// Authenticates as somebody of the sandbox who allows everything.
pub(crate) async fn authenticate(browser: &Browser, sandbox: &Sandbox, connection: &str) {
    let address = begin_authentication(browser, connection).await;
    let redirect = sandbox.allow(&address, "owner").unwrap();
    let answer = come_back(browser, &redirect).await;
    assert_eq!(answer.location.as_deref(), Some(connection), "{answer:?}");
}

/// Proves to be oneself and becomes the export user.
pub(crate) async fn add_export_user(browser: &Browser, connection: &str, password: &str) -> Answer {
    let action = format!("{connection}/export-user");
    browser
        .submit(connection, &action, &[("password", password)])
        .await
}

/// Presses **Save**.
pub(crate) async fn save(browser: &Browser, connection: &str) -> Answer {
    browser
        .submit(connection, &format!("{connection}/save"), &[])
        .await
}

/// Walks the whole wizard and gives the path of the saved connection.
pub(crate) async fn add_connection(browser: &Browser, sandbox: &Sandbox, name: &str) -> String {
    let connection = connect(browser, name, "administrators").await;
    authenticate(browser, sandbox, &connection).await;
    let answer = add_export_user(browser, &connection, PASSWORD).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let answer = save(browser, &connection).await;
    assert_eq!(answer.location.as_deref(), Some("/settings/connections"));
    connection
}
