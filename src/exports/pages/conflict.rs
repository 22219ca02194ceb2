//! Two people edit one export, or one removes what the other edits: the second is told, and keeps what was typed.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use uuid::Uuid;

use super::desk::Desk;
use super::page::{Conflict, Present, Remarks};
use super::words::target_label;
use crate::auth;
use crate::connections;
use crate::exports::Export;
use crate::exports::form::ExportForm;
use crate::exports::offers::Offers;
use crate::web::{PageError, paths};

impl Desk<'_> {
    /// The second of two editors: told who saved what, typed values kept. Saving once more replaces what is there.
    pub(super) async fn tell_conflict(
        &self,
        mut form: ExportForm,
        offers: Offers,
        present: Export,
    ) -> Result<HttpResponse, PageError> {
        let people = auth::store::names(&***self.db, present.updated_by).await?;
        let connections = connections::store::names(
            &***self.db,
            &present
                .definition
                .connection_id
                .into_iter()
                .collect::<Vec<_>>(),
        )
        .await?;
        let somebody = || self.visit.t("exports-conflict-somebody");
        let who = present.updated_by.and_then(|id| people.get(&id).cloned());
        let title = self
            .visit
            .msg("exports-conflict-title")
            .text("name", who.unwrap_or_else(somebody))
            .to_string();
        let conflict = Conflict {
            title,
            present: Some(Present {
                lines: self.differences(&form, &present, &connections),
                href: paths::export(present.id),
            }),
        };
        form.version = present.version;
        let remarks = Remarks {
            conflict: Some(conflict),
            ..Remarks::default()
        };
        self.draw(StatusCode::CONFLICT, form, offers, remarks)
    }

    /// Somebody who saves an export that was removed meanwhile: told by whom, typed values kept. Saving once more
    /// creates it again.
    pub(super) async fn tell_removed(
        &self,
        mut form: ExportForm,
        person: Option<String>,
    ) -> Result<HttpResponse, PageError> {
        let who = person.unwrap_or_else(|| self.visit.t("exports-conflict-somebody"));
        let title = self.visit.msg("exports-conflict-removed").text("name", who);
        let remarks = Remarks {
            conflict: Some(Conflict {
                title: title.to_string(),
                present: None,
            }),
            ..Remarks::default()
        };
        form.version = 0;
        let desk = Desk {
            saved: None,
            schedule: None,
            ..*self
        };
        let offers = desk.gather(&mut form).await?;
        desk.draw(StatusCode::CONFLICT, form, offers, remarks)
    }

    /// One line for everything that is saved otherwise than it was typed.
    fn differences(
        &self,
        form: &ExportForm,
        present: &Export,
        connections: &HashMap<Uuid, String>,
    ) -> Vec<String> {
        let visit = self.visit;
        let saved = ExportForm::of(&present.definition, present.version);
        let definition = &present.definition;
        let connection = definition
            .connection_id
            .and_then(|id| connections.get(&id).cloned())
            .unwrap_or_else(|| visit.t("exports-no-connection"));
        let attributes = definition.attributes.iter().map(|attribute| {
            format!(
                "{} = {}",
                target_label(visit.lang, &attribute.target),
                attribute.field
            )
        });
        let segments = visit
            .msg("exports-conflict-segments")
            .num("count", saved.segments.len());
        let list = definition
            .list_name
            .clone()
            .unwrap_or_else(|| saved.list.clone());
        let lines = [
            (
                form.name.trim() != saved.name,
                "exports-name",
                saved.name.clone(),
            ),
            (
                form.connection != saved.connection,
                "exports-connection",
                connection,
            ),
            (form.list.trim() != saved.list, "exports-list", list),
            (
                form.email_field != saved.email_field,
                "exports-email",
                saved.email_field.clone(),
            ),
            (
                form.attributes != saved.attributes,
                "exports-attributes",
                attributes.collect::<Vec<_>>().join(", "),
            ),
            (
                form.segments != saved.segments,
                "exports-segments",
                segments.to_string(),
            ),
            (
                form.brake_below.trim() != saved.brake_below,
                "exports-brake-below",
                saved.brake_below.clone(),
            ),
            (
                form.brake_above.trim() != saved.brake_above,
                "exports-brake-above",
                saved.brake_above.clone(),
            ),
            (
                form.mode != saved.mode,
                "exports-mode",
                visit.t(saved.mode.label_key()),
            ),
            (
                form.removals_ask_above.trim() != saved.removals_ask_above,
                "exports-removals-ask",
                saved.removals_ask_above.clone(),
            ),
            (
                form.removes_others != saved.removes_others,
                "exports-removes-others",
                visit.t(if saved.removes_others {
                    "exports-yes"
                } else {
                    "exports-no"
                }),
            ),
            (
                form.leavers != saved.leavers,
                "exports-leavers",
                visit.t(saved.leavers.label_key()),
            ),
        ];
        lines
            .into_iter()
            .filter(|(differs, ..)| *differs)
            .map(|(_, label, value)| {
                visit
                    .msg("exports-conflict-line")
                    .text("label", visit.t(label))
                    .text("value", value)
                    .to_string()
            })
            .collect()
    }
}
