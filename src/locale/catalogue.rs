//! Fluent catalogues, built into the program, and messages with arguments.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use rust_embed::RustEmbed;

use super::{Lang, WholeNumber};

#[derive(RustEmbed)]
#[folder = "locales"]
struct CatalogueFiles;

static CATALOGUES: LazyLock<HashMap<Lang, FluentBundle<FluentResource>>> = LazyLock::new(|| {
    Lang::ALL
        .into_iter()
        .map(|lang| (lang, load(lang)))
        .collect()
});

fn load(lang: Lang) -> FluentBundle<FluentResource> {
    let id = lang
        .tag()
        .parse()
        .expect("our language tags are well-formed");
    let mut bundle = FluentBundle::new_concurrent(vec![id]);
    // Isolation marks would end up in attribute values, mails and CSV headings.
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(match lang {
        Lang::En => |value, _| format_number(Lang::En, value),
        Lang::ZhHk => |value, _| format_number(Lang::ZhHk, value),
    }));
    let folder = format!("{}/", lang.tag());
    for path in CatalogueFiles::iter().filter(|path| path.starts_with(&folder)) {
        let file = CatalogueFiles::get(&path).expect("the path was just listed");
        let text = String::from_utf8(file.data.into_owned()).expect("catalogues are UTF-8");
        let resource = FluentResource::try_new(text)
            .unwrap_or_else(|(_, errors)| panic!("{path} is not well-formed Fluent: {errors:?}"));
        if let Err(errors) = bundle.add_resource(resource) {
            panic!("{path} repeats a key: {errors:?}");
        }
    }
    bundle
}

fn format_number(lang: Lang, value: &FluentValue<'_>) -> Option<String> {
    match value {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "counts stay far below 2^53"
        )]
        FluentValue::Number(number) if number.value.fract() == 0.0 => {
            Some(lang.number(number.value as i64))
        }
        _ => None,
    }
}

/// A message of the catalogue with its arguments; shows itself through `Display`.
pub struct Message<'a> {
    lang: Lang,
    key: &'a str,
    args: FluentArgs<'a>,
}

impl<'a> Message<'a> {
    pub(super) fn new(lang: Lang, key: &'a str) -> Self {
        Self {
            lang,
            key,
            args: FluentArgs::new(),
        }
    }

    /// Adds a whole number; plural rules and grouping follow the language.
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    #[must_use]
    pub fn num(mut self, name: &'a str, value: impl WholeNumber) -> Self {
        self.args.set(name, value.whole() as f64);
        self
    }

    /// Adds a text, used as it is.
    #[must_use]
    pub fn text(mut self, name: &'a str, value: impl Into<Cow<'a, str>>) -> Self {
        self.args.set(name, FluentValue::String(value.into()));
        self
    }
}

impl fmt::Display for Message<'_> {
    /// Writes the text; a key that is not in the catalogue shows as itself, so that it is found.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bundle = &CATALOGUES[&self.lang];
        let Some(pattern) = bundle.get_message(self.key).and_then(|m| m.value()) else {
            tracing::error!(key = self.key, lang = self.lang.tag(), "message missing");
            return f.write_str(self.key);
        };
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, Some(&self.args), &mut errors);
        if !errors.is_empty() {
            tracing::error!(
                key = self.key,
                lang = self.lang.tag(),
                "message lacks an argument"
            );
        }
        f.write_str(&text)
    }
}
