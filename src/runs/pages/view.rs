//! A run as its page and its event stream show it.

use sea_orm::DatabaseConnection;
use uuid::Uuid;

use crate::auth::{self, Permission};
use crate::connections::Connections;
use crate::runs::store::approvals::{self, Approval};
use crate::runs::store::removals::{self, Removals};
use crate::runs::{
    Account, Budget, Ending, Part, PartState, Rejection, Run, RunState, WaitingFor, store,
};
use crate::web::{Page, PageError, Tone};

/// A run with its parts and its account.
pub(super) struct RunView {
    pub(super) run: Run,
    pub(super) parts: Vec<Part>,
    pub(super) account: Account,
    /// What an administrator was asked before it sent, if that was necessary.
    pub(super) approval: Option<Approval>,
    /// Who approved it.
    pub(super) approved_by: String,
    /// Whom it takes off the list.
    pub(super) removals: Option<Removals>,
    /// What it still needs, while it is unfinished.
    pub(super) budget: Option<Budget>,
}

impl RunView {
    pub(super) async fn load(
        db: &DatabaseConnection,
        connections: &Connections,
        id: Uuid,
    ) -> Result<Self, PageError> {
        let run = store::get(db, id).await?;
        let parts = store::parts(db, id).await?;
        let account = store::summaries::account(db, &run, &parts).await?;
        let approval = approvals::find(db, id).await?;
        let removals = removals::find(db, id).await?;
        let budget = Budget::of(db, connections, &run, &parts).await?;
        let approved_by = match approval.and_then(|approval| approval.approved) {
            Some((_, Some(user))) => auth::store::find_name(db, user).await?,
            _ => None,
        };
        Ok(Self {
            approval,
            removals,
            budget,
            approved_by: approved_by.unwrap_or_default(),
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
                .msg(waiting.reason.label_key(run.phase))
                .text("until", until)
                .num("part", self.unclear_part())
                .to_string();
        }
        page.t(run
            .phase
            .map_or("runs-waiting-for-engine", |phase| phase.label_key()))
    }

    /// Number of the first part of which nobody knows whether it arrived; 0 when there is none.
    fn unclear_part(&self) -> u32 {
        let is_unclear = |part: &&Part| part.state == PartState::Unclear;
        let unclear = self.parts.iter().find(is_unclear);
        unclear.map_or(0, |part| part.number)
    }

    /// Whether anything was left out, cut or sent.
    pub(super) fn has_rows(&self) -> bool {
        let totals = &self.run.totals;
        totals.rejected.total() + totals.adjusted + totals.sent > 0
    }

    /// Whether an administrator is asked now.
    pub(super) fn waits_for_approval(&self) -> bool {
        let reason = self.run.waiting.map(|waiting| waiting.reason);
        reason == Some(WaitingFor::Approval) && self.run.cancel_requested_at.is_none()
    }

    /// Whether whoever looks at the page may answer.
    pub(super) fn may_approve(&self, page: &Page) -> bool {
        let role = page.user.as_ref().map(|user| user.role);
        role.is_some_and(|role| role.may(Permission::Administer))
    }

    /// The vendor's own words, if it said something.
    pub(super) fn vendor_words(&self) -> Option<&str> {
        self.run.outcome.as_ref()?.vendor_words.as_deref()
    }

    /// Rows that made no contact of their own, unless there are none.
    pub(super) fn merged(&self) -> Option<u64> {
        self.account.merged().filter(|merged| *merged > 0)
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
        account.delivered
            + account.lost
            + account.duplicates
            + account.unchanged
            + account.rejected.total()
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
        let ended = self.run.finished_at.unwrap_or(page.now);
        Some(page.time_between(started, ended))
    }
}
