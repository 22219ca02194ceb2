//! A run as its page and its event stream show it.

use sea_orm::DatabaseConnection;
use uuid::Uuid;

use crate::runs::{Account, Ending, Part, Rejection, Run, RunState, store};
use crate::web::{Page, PageError, Tone};

/// A run with its parts and its account.
pub(super) struct RunView {
    pub(super) run: Run,
    pub(super) parts: Vec<Part>,
    pub(super) account: Account,
}

impl RunView {
    pub(super) async fn load(db: &DatabaseConnection, id: Uuid) -> Result<Self, PageError> {
        let run = store::get(db, id).await?;
        let parts = store::parts(db, id).await?;
        let account = Account::of(&run, &parts);
        Ok(Self {
            run,
            parts,
            account,
        })
    }

    /// What is happening, or how it ended, in one sentence with what to do next.
    pub(super) fn sentence(&self, page: &Page) -> String {
        let run = &self.run;
        if let Some(ended) = &run.outcome {
            let key = ended
                .ending()
                .map_or("runs-outcome-other", Ending::message_key);
            return page
                .msg(key)
                .text("names", ended.names.join(", "))
                .to_string();
        }
        if run.cancel_requested_at.is_some() {
            return page.t("runs-canceling");
        }
        if let Some(waiting) = run.waiting {
            let until = page.date_time(waiting.until);
            return page
                .msg(waiting.reason.label_key())
                .text("until", until)
                .to_string();
        }
        page.t(run
            .phase
            .map_or("runs-waiting-for-engine", |phase| phase.label_key()))
    }

    /// The vendor's own words, if it said something.
    pub(super) fn vendor_words(&self) -> Option<&str> {
        self.run.outcome.as_ref()?.vendor_words.as_deref()
    }

    /// Rows sent that Constant Contact did not count, unless there are none.
    pub(super) fn difference(&self) -> Option<i64> {
        self.account
            .difference()
            .filter(|difference| *difference != 0)
    }

    /// Colour of the sentence.
    pub(super) fn tone(&self) -> Tone {
        let has_differences =
            self.run.state == RunState::Successful && self.account.has_differences();
        if has_differences {
            Tone::Warning
        } else {
            self.run.state.tone()
        }
    }

    /// Reasons that occurred, with their counts.
    pub(super) fn rejections(&self) -> Vec<(Rejection, u64)> {
        let counts = &self.account.rejected;
        let all = Rejection::ALL
            .into_iter()
            .map(|reason| (reason, counts.of(reason)));
        all.filter(|(_, count)| *count > 0).collect()
    }

    /// Members still to be read are part of the bar; 0 when not counted yet.
    pub(super) fn members(&self) -> u64 {
        self.run.members.unwrap_or(0).max(self.account.read)
    }

    /// Profiles whose fate is known.
    pub(super) fn settled(&self) -> u64 {
        let account = &self.account;
        account.delivered + account.lost + account.duplicates + account.rejected.total()
    }

    /// Name and ID of the list.
    pub(super) fn list_text(&self) -> String {
        let definition = &self.run.definition;
        match &definition.list_name {
            Some(name) => format!("{name} ({})", definition.list_id),
            None => definition.list_id.to_string(),
        }
    }

    pub(super) fn is_finished(&self) -> bool {
        self.run.state.is_finished()
    }

    /// How long it has taken, in words.
    pub(super) fn duration(&self, page: &Page) -> Option<String> {
        let started = self.run.started_at?;
        let seconds = self
            .run
            .finished_at
            .unwrap_or(page.now)
            .duration_since(started)
            .as_secs()
            .max(0);
        let key = if seconds < 60 {
            "runs-seconds"
        } else {
            "runs-minutes"
        };
        Some(
            page.msg(key)
                .num("seconds", seconds % 60)
                .num("minutes", seconds / 60)
                .to_string(),
        )
    }
}
