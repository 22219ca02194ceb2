//! Somebody with a browser: keeps cookies, follows redirects, fills in forms by their labels and presses buttons by
//! their words, so that `demo --run` goes through the very pages a person would.

use std::time::Duration;

use anyhow::{Context, ensure};
use scraper::{ElementRef, Html, Selector};
use url::Url;

/// Nothing in the demo takes this long; a page that does is a failure.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The visitor.
pub(super) struct Visitor {
    client: reqwest::Client,
}

/// A page, read.
pub(super) struct Seen {
    /// Where the visitor ended up after redirects.
    pub(super) url: Url,
    html: String,
}

/// A form being filled in.
pub(super) struct Form {
    action: Url,
    controls: Vec<Control>,
    button: Option<(String, String)>,
}

/// One field of a form, with what would be sent for it.
struct Control {
    label: String,
    name: String,
    kind: Kind,
}

enum Kind {
    Text(String),
    Choice {
        value: String,
        options: Vec<(String, String)>,
    },
    Box {
        value: String,
        is_ticked: bool,
        is_radio: bool,
    },
}

impl Visitor {
    pub(super) fn new() -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .cookie_store(true)
            .timeout(TIMEOUT)
            .build()?;
        Ok(Self { client })
    }

    /// Opens a page.
    pub(super) async fn open(&self, url: Url) -> anyhow::Result<Seen> {
        read(self.client.get(url)).await
    }

    /// Follows a link by its words.
    pub(super) async fn follow(&self, page: &Seen, words: &str) -> anyhow::Result<Seen> {
        self.open(page.link(words)?).await
    }

    /// Sends a form.
    pub(super) async fn send(&self, form: Form) -> anyhow::Result<Seen> {
        let fields = form.fields();
        read(self.client.post(form.action).form(&fields)).await
    }
}

async fn read(request: reqwest::RequestBuilder) -> anyhow::Result<Seen> {
    let response = request.send().await.map_err(reqwest::Error::without_url)?;
    let (status, url) = (response.status(), response.url().clone());
    let html = response.text().await.map_err(reqwest::Error::without_url)?;
    let seen = Seen { url, html };
    // Only the path: the query of an authorization redirect is a secret.
    ensure!(
        status.is_success(),
        "{} answered {status}: {}",
        seen.url.path(),
        seen.complaints()
    );
    Ok(seen)
}

impl Seen {
    /// The form that has a button with these words; sending it presses that button.
    pub(super) fn form(&self, button_words: &str) -> anyhow::Result<Form> {
        let document = Html::parse_document(&self.html);
        for form in document.select(&selector("form")) {
            let pressed = form.select(&selector("button")).find(|button| {
                text_of(*button) == button_words || button.attr("aria-label") == Some(button_words)
            });
            let Some(pressed) = pressed else { continue };
            ensure!(
                pressed.attr("disabled").is_none(),
                "{button_words:?} is disabled on {}",
                self.url.path()
            );
            let action = form.attr("action").unwrap_or_default();
            let button = pressed.attr("name").map(|name| {
                (
                    name.to_owned(),
                    pressed.attr("value").unwrap_or_default().to_owned(),
                )
            });
            return Ok(Form {
                action: self.url.join(action)?,
                controls: controls(&document, form),
                button,
            });
        }
        anyhow::bail!(
            "{} has no button {button_words:?}: {}",
            self.url.path(),
            self.complaints()
        )
    }

    /// Whether the page says something.
    pub(super) fn says(&self, words: &str) -> bool {
        self.text("body").contains(words)
    }

    /// Text of everything a selector finds.
    pub(super) fn text(&self, css: &str) -> String {
        let document = Html::parse_document(&self.html);
        document
            .select(&selector(css))
            .map(text_of)
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn link(&self, words: &str) -> anyhow::Result<Url> {
        let document = Html::parse_document(&self.html);
        let found = document
            .select(&selector("a[href]"))
            .find(|link| text_of(*link) == words);
        let href = found.and_then(|link| link.attr("href"));
        let href = href.with_context(|| format!("{} has no link {words:?}", self.url.path()))?;
        Ok(self.url.join(href)?)
    }

    /// What the page complains about, for the error message.
    fn complaints(&self) -> String {
        self.text("[role=alert]")
    }
}

impl Form {
    /// Types into a text field, or chooses an option that contains the words in a list.
    pub(super) fn fill(mut self, label: &str, words: &str) -> anyhow::Result<Self> {
        let control = self.control(label, |kind| !matches!(kind, Kind::Box { .. }))?;
        match &mut control.kind {
            Kind::Text(text) => words.clone_into(text),
            Kind::Choice { value, options } => {
                let chosen = options.iter().find(|(_, text)| text.contains(words));
                chosen
                    .with_context(|| format!("{label:?} offers no {words:?}"))?
                    .0
                    .clone_into(value);
            }
            Kind::Box { .. } => unreachable!("boxes are left out above"),
        }
        Ok(self)
    }

    /// Ticks a box or radio button.
    pub(super) fn tick(mut self, label: &str) -> anyhow::Result<Self> {
        let control = self.control(label, |kind| matches!(kind, Kind::Box { .. }))?;
        let name = control.name.clone();
        if let Kind::Box {
            is_ticked,
            is_radio,
            ..
        } = &mut control.kind
        {
            *is_ticked = true;
            if *is_radio {
                self.untick_others(&name, label);
            }
        }
        Ok(self)
    }

    fn untick_others(&mut self, name: &str, label: &str) {
        for control in self
            .controls
            .iter_mut()
            .filter(|control| control.name == name)
        {
            if let Kind::Box { is_ticked, .. } = &mut control.kind {
                *is_ticked = control.label.starts_with(label);
            }
        }
    }

    fn control(
        &mut self,
        label: &str,
        fits: impl Fn(&Kind) -> bool,
    ) -> anyhow::Result<&mut Control> {
        let path = self.action.path().to_owned();
        self.controls
            .iter_mut()
            .find(|control| control.label.starts_with(label) && fits(&control.kind))
            .with_context(|| format!("the form of {path} has no field {label:?}"))
    }

    /// What a browser would send.
    fn fields(&self) -> Vec<(String, String)> {
        let filled = self.controls.iter().filter_map(|control| {
            let value = match &control.kind {
                Kind::Text(value) | Kind::Choice { value, .. } => value,
                Kind::Box {
                    value,
                    is_ticked: true,
                    ..
                } => value,
                Kind::Box { .. } => return None,
            };
            Some((control.name.clone(), value.clone()))
        });
        filled.chain(self.button.clone()).collect()
    }
}

fn controls(document: &Html, form: ElementRef<'_>) -> Vec<Control> {
    form.select(&selector("input[name], select[name], textarea[name]"))
        .filter(|field| !matches!(field.attr("type"), Some("submit" | "file")))
        .map(|field| Control {
            label: label_of(document, field),
            name: field.attr("name").unwrap_or_default().to_owned(),
            kind: kind_of(field),
        })
        .collect()
}

fn kind_of(field: ElementRef<'_>) -> Kind {
    let value = field.attr("value").unwrap_or_default().to_owned();
    match (field.value().name(), field.attr("type")) {
        ("select", _) => {
            let all = selector("option");
            let options: Vec<_> = field
                .select(&all)
                .map(|option| {
                    (
                        option.attr("value").unwrap_or_default().to_owned(),
                        text_of(option),
                    )
                })
                .collect();
            let selected = field
                .select(&all)
                .find(|option| option.attr("selected").is_some());
            let value = selected
                .and_then(|option| option.attr("value"))
                .map(str::to_owned);
            let first = || options.first().map(|(value, _)| value.clone());
            Kind::Choice {
                value: value.or_else(first).unwrap_or_default(),
                options,
            }
        }
        ("textarea", _) => Kind::Text(field.text().collect()),
        (_, Some(kind @ ("checkbox" | "radio"))) => Kind::Box {
            value: if value.is_empty() { "on".into() } else { value },
            is_ticked: field.attr("checked").is_some(),
            is_radio: kind == "radio",
        },
        _ => Kind::Text(value),
    }
}

/// The words beside a field: those of the label around it, or of the label that names it.
fn label_of(document: &Html, field: ElementRef<'_>) -> String {
    let around = field
        .ancestors()
        .filter_map(ElementRef::wrap)
        .find(|parent| parent.value().name() == "label");
    let by_id = || {
        let id = field.attr("id")?;
        document
            .select(&selector("label[for]"))
            .find(|label| label.attr("for") == Some(id))
    };
    around.or_else(by_id).map(text_of).unwrap_or_default()
}

fn text_of(element: ElementRef<'_>) -> String {
    element
        .text()
        .collect::<String>()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

fn selector(css: &str) -> Selector {
    Selector::parse(css).expect("the selectors of this file are well-formed")
}
