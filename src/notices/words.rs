//! What a notice says, in a language.

use jiff::tz::TimeZone;

use super::store::Notice;
use crate::locale::Lang;

impl Notice {
    /// What happened, whether it is over or not.
    pub fn what(&self, lang: Lang) -> String {
        say(lang, self.kind.title_key(), &self.details.name)
    }

    /// That it is over.
    pub fn over(&self, lang: Lang) -> String {
        say(lang, self.kind.recovered_key(), &self.details.name)
    }

    /// Why, and how much; empty when there is nothing more to say.
    pub fn reason(&self, lang: Lang, zone: &TimeZone) -> String {
        let details = &self.details;
        let mut sentences = Vec::new();
        if let Some(key) = &details.reason {
            let text = lang
                .msg(key)
                .text("names", details.names.join(", "))
                .to_string();
            // A key of another version shows itself; better nothing.
            if text != *key {
                sentences.push(text);
            }
        }
        if let Some((rejected, of)) = details.rejected.zip(details.of) {
            let text = lang.msg("notices-rejected-of");
            sentences.push(text.num("rejected", rejected).num("of", of).to_string());
        }
        if let Some(at) = details.at {
            let text = lang.msg(match self.kind {
                super::Kind::DidNotRun => "notices-was-due",
                super::Kind::QuotaUsedUp => "notices-starts-again",
                _ => "notices-ends",
            });
            sentences.push(text.text("date", lang.date_time(at, zone)).to_string());
        }
        sentences.join(" ")
    }

    /// "3 times", when it is worth saying.
    pub fn times(&self, lang: Lang) -> String {
        match self.count {
            count if count > 1 && self.kind.is_counted() => {
                lang.msg("notices-times").num("count", count).to_string()
            }
            _ => String::new(),
        }
    }

    /// Page of what it is about.
    pub fn path(&self) -> String {
        self.kind.path(&self.subject, &self.details)
    }
}

fn say(lang: Lang, key: &str, name: &str) -> String {
    lang.msg(key).text("name", name).to_string()
}
