//! A real Chromium, driven the way a person uses it: by visible labels.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};

use super::PASSWORD;

const AXE: &str = include_str!("../vendor/axe-core/axe.min.js");
/// How long a page may take to show what is expected, on a machine that is busy compiling.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long the browsers may take to close.
const CLOSING: Duration = Duration::from_secs(10);

/// The running ChromeDriver; stops when dropped, and its browsers with it.
pub(crate) struct ChromeDriver {
    child: Child,
    port: u16,
}

impl Drop for ChromeDriver {
    /// Asks first: a driver that is killed leaves its browsers running and their profiles on the disk.
    fn drop(&mut self) {
        let _ = self.ask_to_shut_down();
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill")
            .args(["-KILL", "--", &group])
            .stderr(Stdio::null())
            .status();
        let _ = self.child.wait();
    }
}

impl ChromeDriver {
    fn ask_to_shut_down(&self) -> std::io::Result<usize> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(CLOSING))?;
        let host = format!("127.0.0.1:{}", self.port);
        write!(
            stream,
            "GET /shutdown HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        )?;
        stream.read_to_end(&mut Vec::new())
    }

    /// Starts ChromeDriver, or answers `None` where it is not installed.
    ///
    /// With `TEST_BROWSER=required` a missing browser fails the test instead.
    pub(crate) fn start() -> Option<Self> {
        Self::start_in_zone("UTC")
    }

    /// The same with browsers that are in a time zone.
    #[expect(
        clippy::disallowed_methods,
        reason = "the variable steers tests, not the program"
    )]
    pub(crate) fn start_in_zone(zone: &str) -> Option<Self> {
        let spawned = Command::new("chromedriver")
            .env("TZ", zone)
            .arg("--port=0")
            .process_group(0)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut child) = spawned else {
            let is_required = std::env::var("TEST_BROWSER").is_ok_and(|value| value == "required");
            assert!(!is_required, "chromedriver is required but not installed");
            eprintln!("ChromeDriver is not installed: this test did not look at anything");
            return None;
        };
        let output = BufReader::new(child.stdout.take().unwrap());
        let port = output.lines().map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        });
        Some(Self {
            child,
            port: port.expect("ChromeDriver says its port"),
        })
    }

    /// A fresh browser window in a language, 1280 pixels wide.
    pub(crate) async fn open(&self, base_url: &str, lang: &str) -> Tab {
        let options = json!({
            "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
                "--disable-sync", "--force-prefers-reduced-motion", "--window-size=1280,900", format!("--lang={lang}"),
            ],
            "prefs": { "intl.accept_languages": lang, "intl.selected_languages": lang },
        });
        let capabilities = serde_json::Map::from_iter([("goog:chromeOptions".to_owned(), options)]);
        let url = format!("http://127.0.0.1:{}", self.port);
        let connector = hyper_util::client::legacy::connect::HttpConnector::new();
        let client = ClientBuilder::new(connector)
            .capabilities(capabilities)
            .connect(&url)
            .await
            .unwrap();
        Tab {
            client,
            base_url: base_url.to_owned(),
            lang: lang.to_owned(),
        }
    }
}

/// One window.
pub(crate) struct Tab {
    pub(crate) client: Client,
    base_url: String,
    /// What its pages are read in.
    lang: String,
}

impl Tab {
    pub(crate) async fn goto(&self, path: &str) {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.base_url)
        };
        self.client.goto(&url).await.unwrap();
    }

    /// Signs a person in on the page shown, by its labels, and waits until it is left.
    pub(crate) async fn sign_in(&self, email: &str) {
        let [address, password, button] = match &*self.lang {
            "zh-HK" => ["電子郵件地址", "密碼", "登入"],
            _ => ["Email address", "Password", "Sign in"],
        };
        self.fill(address, email).await;
        self.fill(password, PASSWORD).await;
        self.click(button).await;
        self.leave("/sign-in").await;
    }

    /// Path of the page shown.
    pub(crate) async fn path(&self) -> String {
        self.client.current_url().await.unwrap().path().to_owned()
    }

    /// Waits until the page shown has this path; one that ends in a slash stands for all below it.
    pub(crate) async fn arrive(&self, path: &str) {
        let start = Instant::now();
        loop {
            let shown = self.path().await;
            if shown == path || path.ends_with('/') && shown.starts_with(path) {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "{shown} instead of {path}");
            tokio::task::yield_now().await;
        }
    }

    /// Waits until another page than this is shown.
    async fn leave(&self, path: &str) {
        let start = Instant::now();
        while self.path().await == path {
            assert!(start.elapsed() < PATIENCE, "still on {path}");
            tokio::task::yield_now().await;
        }
    }

    /// Presses the button or follows the link with this text.
    pub(crate) async fn click(&self, text: &str) {
        self.click_any_of("self::button or self::a or self::summary", text)
            .await;
    }

    /// Presses the button with this text, where a link has the same.
    pub(crate) async fn press(&self, text: &str) {
        self.click_any_of("self::button", text).await;
    }

    async fn click_any_of(&self, kinds: &str, text: &str) {
        let wanted = literal(text);
        let xpath = format!("//*[{kinds}][normalize-space(.)={wanted} or @aria-label={wanted}]");
        self.patiently(text, async || {
            let element = self.element(&xpath).await;
            self.bring_into_view(&element).await?;
            element.click().await
        })
        .await;
    }

    /// Types into the field with this label, replacing what is there.
    pub(crate) async fn fill(&self, label: &str, text: &str) {
        self.patiently(label, async || {
            let field = self.field(label).await;
            self.bring_into_view(&field).await?;
            field.clear().await?;
            field.send_keys(text).await
        })
        .await;
    }

    /// Chooses a file for the field with this label.
    pub(crate) async fn attach(&self, label: &str, path: &str) {
        self.field(label).await.send_keys(path).await.unwrap();
    }

    /// Chooses an option by its text (or the beginning of it) in the list with this label.
    pub(crate) async fn select(&self, label: &str, option: &str) {
        let wanted = literal(option);
        let xpath = format!(".//option[starts-with(normalize-space(.), {wanted})]");
        self.patiently(label, async || {
            let field = self.field(label).await;
            self.bring_into_view(&field).await?;
            field.find(Locator::XPath(&xpath)).await?.click().await
        })
        .await;
    }

    /// Ticks the box or radio button with this label.
    pub(crate) async fn tick(&self, label: &str) {
        self.patiently(label, async || {
            let field = self.field(label).await;
            self.bring_into_view(&field).await?;
            if field.is_selected().await? {
                Ok(())
            } else {
                field.click().await
            }
        })
        .await;
    }

    /// Does something again while the page is being redrawn under it.
    async fn patiently(&self, what: &str, mut act: impl AsyncFnMut() -> Result<(), CmdError>) {
        let start = Instant::now();
        while let Err(error) = act().await {
            assert!(
                start.elapsed() < PATIENCE,
                "{what:?} on {}: {error}",
                self.path().await
            );
            tokio::task::yield_now().await;
        }
    }

    /// Pages may scroll smoothly, and a press would come while they do.
    async fn bring_into_view(&self, element: &Element) -> Result<(), CmdError> {
        let script = "arguments[0].scrollIntoView({ behavior: 'instant', block: 'center' })";
        let argument = serde_json::to_value(element).expect("an element has an id");
        self.client
            .execute(script, vec![argument])
            .await
            .map(|_| ())
    }

    /// Waits until something that a selector finds is there.
    pub(crate) async fn wait_for(&self, css: &str) {
        self.patiently(css, async || {
            self.client.find(Locator::Css(css)).await.map(|_| ())
        })
        .await;
    }

    /// Waits until the page says something.
    pub(crate) async fn see(&self, text: &str) {
        let start = Instant::now();
        loop {
            let body = self.text().await;
            if body.contains(text) {
                return;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "never saw {text:?} on {}:\n{body}",
                self.path().await
            );
            tokio::task::yield_now().await;
        }
    }

    /// Everything the page says.
    pub(crate) async fn text(&self) -> String {
        let script = "return document.body ? document.body.innerText : ''";
        let text = self.client.execute(script, vec![]).await;
        text.ok()
            .and_then(|value| value.as_str().map(str::to_owned))
            .unwrap_or_default()
    }

    /// Fails on any violation of WCAG A or AA on the page shown, in light and dark and at phone width, and when the
    /// page is wider than the window.
    pub(crate) async fn check_accessibility(&self) {
        for (theme, width) in [("light", 1280), ("dark", 1280), ("light", 390)] {
            self.client.set_window_size(width, 900).await.unwrap();
            let script = "document.documentElement.setAttribute('data-bs-theme', arguments[0]);";
            self.client
                .execute(script, vec![json!(theme)])
                .await
                .unwrap();
            let violations = self.violations().await;
            let path = self.path().await;
            assert!(
                violations.is_empty(),
                "{path} ({theme}, {width} px): {violations:#?}"
            );
            let is_wider = "return document.documentElement.scrollWidth > window.innerWidth + 1";
            let overflows = self.client.execute(is_wider, vec![]).await.unwrap();
            assert_eq!(
                overflows,
                Value::Bool(false),
                "{path} is wider than {width} px"
            );
        }
        self.client.set_window_size(1280, 900).await.unwrap();
    }

    async fn violations(&self) -> Vec<String> {
        self.client
            .execute(&format!("{AXE};return 0"), vec![])
            .await
            .unwrap();
        let run = "const done = arguments[arguments.length - 1];
            const settle = () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => {
                document.getAnimations().forEach(animation => animation.finish());
                requestAnimationFrame(done);
            })));
            settle().then(() => axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }))
               .then(r => done(r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.target.join(' ') + ' ' +
                   (n.failureSummary || '')).join(' | '))))
               .catch(e => done(['axe failed: ' + e]));";
        let found = self.client.execute_async(run, vec![]).await.unwrap();
        serde_json::from_value(found).unwrap()
    }

    async fn field(&self, label: &str) -> Element {
        let wanted = literal(label);
        let labelled = format!(
            "//*[self::input or self::select or self::textarea][@aria-label={wanted} or \
             @id=//label[normalize-space(.)={wanted} or normalize-space(./*[1])={wanted} or \
             starts-with(normalize-space(.), concat({wanted}, ' '))]/@for or \
             ancestor::label[starts-with(normalize-space(.), {wanted})]]"
        );
        self.element(&labelled).await
    }

    /// The first visible element, once there is one.
    async fn element(&self, xpath: &str) -> Element {
        let start = Instant::now();
        loop {
            for element in self
                .client
                .find_all(Locator::XPath(xpath))
                .await
                .unwrap_or_default()
            {
                if element.is_displayed().await.unwrap_or(false) {
                    return element;
                }
            }
            if start.elapsed() > PATIENCE {
                panic!(
                    "nothing matches {xpath} on {}:\n{}",
                    self.path().await,
                    self.text().await
                );
            }
            tokio::task::yield_now().await;
        }
    }
}

/// A text as an XPath literal.
fn literal(text: &str) -> String {
    if text.contains('\'') {
        format!("\"{text}\"")
    } else {
        format!("'{text}'")
    }
}
