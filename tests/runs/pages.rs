//! The pages of runs and checks, on the data of a stage.

use listbridge::startup::Application;

use crate::support::Stage;
use crate::web::{Browser, PASSWORD};

/// The whole application on the same data, as another process, and Alice, an administrator, signed in to it. Its clock
/// is the test's.
pub(crate) async fn browse(stage: &Stage) -> Browser {
    let mut settings = (**stage.services.settings).clone();
    settings.listen = "127.0.0.1:0".parse().unwrap();
    let application = Application::build(settings, stage.time.clock()).await;
    let application = application.unwrap();
    let browser = Browser {
        client: reqwest::Client::builder()
            .cookie_store(true)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap(),
        base_url: format!("http://{}", application.address()),
        lang: "en",
    };
    tokio::spawn(application.run());
    sign_in(browser, "alice@example.com").await
}

pub(crate) async fn sign_in(browser: Browser, email: &str) -> Browser {
    let fields = [("email", email), ("password", PASSWORD)];
    let answer = browser.submit("/sign-in", "/sign-in", &fields).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    browser
}
