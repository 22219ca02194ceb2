//! The form "Set up export": what was typed, as it was typed, so that it can be shown again; and what is wrong with it.
//!
//! Nothing here asks the database or Constant Contact: [`Offers`] holds what there is to choose from.

mod checks;
mod guess;
mod problem;

pub(super) use problem::{Problem, ProblemKind};

use uuid::Uuid;

use self::guess::{field_meaning, guess_field};
use super::offers::Offers;
use super::{Brake, Delivery, ExportDefinition, Leavers, Mode, Target};
use crate::constant_contact::parse_list_id;
use crate::profiles::{Field, Semantic};

/// What comes before the vendor's heading in the name of a row of "Data matching".
pub(super) const ATTRIBUTE_PREFIX: &str = "attribute.";

/// The values of the form. Empty text is "nothing chosen".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ExportForm {
    pub(super) connection: Option<Uuid>,
    pub(super) name: String,
    /// "Constant Contact List ID", as typed or pasted.
    pub(super) list: String,
    /// What [`ExportForm::list`] was when the page was drawn.
    pub(super) list_shown: String,
    /// Choice in the picker.
    pub(super) list_choice: String,
    /// Name typed for a list to be created.
    pub(super) new_list: String,
    pub(super) source: Option<Uuid>,
    pub(super) email_field: String,
    /// Vendor's heading and profile field of each row, in order.
    pub(super) attributes: Vec<(String, String)>,
    /// Heading chosen beside "Add attribute".
    pub(super) add_target: String,
    pub(super) segments: Vec<Uuid>,
    /// Percentages of the brake, as typed; empty is never.
    pub(super) brake_below: String,
    pub(super) brake_above: String,
    /// Who is sent.
    pub(super) mode: Mode,
    /// What becomes of people who left the list.
    pub(super) leavers: Leavers,
    /// People taken off the list without asking, as typed; empty is any number.
    pub(super) removals_ask_above: String,
    /// Whether others are taken off as well.
    pub(super) removes_others: bool,
    /// Version of the export when the page was drawn; 0 for a new one.
    pub(super) version: i32,
}

/// What the button that was pressed asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Save the export.
    Save,
    /// Draw the page again with what the chosen connection offers.
    Show,
    /// Draw the page again with what the chosen source offers.
    ShowSource,
    /// Add the row chosen.
    AddAttribute,
    /// Remove the row with a heading.
    RemoveAttribute(String),
    /// Create a list at Constant Contact.
    CreateList,
}

impl ExportForm {
    /// Reads posted pairs; unknown ones are ignored, ids that are none count as nothing chosen.
    pub(super) fn read(pairs: &[(String, String)]) -> (Self, Action) {
        let mut form = Self::default();
        let mut action = Action::Save;
        for (name, value) in pairs {
            // PostgreSQL keeps no NUL, and no field of the form has a use for it.
            let value = value.replace('\0', "");
            match name.as_str() {
                "connection" => form.connection = value.parse().ok(),
                "name" => form.name = value,
                "list" => form.list = value,
                "list_shown" => form.list_shown = value,
                "list_choice" => form.list_choice = value,
                "new_list" => form.new_list = value,
                "source" => form.source = value.parse().ok(),
                "email_field" => form.email_field = value,
                "add_target" => form.add_target = value,
                "segment" => form.segments.extend(value.parse::<Uuid>()),
                "brake_below" => form.brake_below = value,
                "brake_above" => form.brake_above = value,
                "removals_ask_above" => form.removals_ask_above = value,
                "removes_others" => form.removes_others = value == "true",
                "leavers" => form.leavers = Leavers::from_name(&value).unwrap_or_default(),
                "mode" => form.mode = Mode::from_name(&value).unwrap_or_default(),
                "version" => form.version = value.parse().unwrap_or_default(),
                "action" => action = Action::read(&value),
                _ => {
                    if let Some(heading) = name.strip_prefix(ATTRIBUTE_PREFIX) {
                        form.attributes.push((heading.to_owned(), value));
                    }
                }
            }
        }
        form.take_choice();
        (form, action)
    }

    /// The form of an export that does not exist yet.
    pub(super) fn empty() -> Self {
        let brake = Brake::default();
        Self {
            brake_below: percent_text(brake.below_percent),
            brake_above: percent_text(brake.above_percent),
            removals_ask_above: count_text(Delivery::default().removals_ask_above),
            ..Self::default()
        }
    }

    /// The form of a saved export.
    pub(super) fn of(definition: &ExportDefinition, version: i32) -> Self {
        let list = definition.list_id.to_string();
        Self {
            connection: definition.connection_id,
            name: definition.name.clone(),
            list_shown: list.clone(),
            list,
            source: Some(definition.source_id),
            email_field: definition.email_field.clone(),
            attributes: definition
                .attributes
                .iter()
                .map(|attribute| (attribute.target.heading(), attribute.field.clone()))
                .collect(),
            segments: definition.segment_ids.clone(),
            brake_below: percent_text(definition.brake.below_percent),
            brake_above: percent_text(definition.brake.above_percent),
            mode: definition.delivery.mode,
            leavers: definition.delivery.leavers,
            removals_ask_above: count_text(definition.delivery.removals_ask_above),
            removes_others: definition.delivery.removes_others,
            version,
            ..Self::default()
        }
    }

    /// A list newly chosen in the picker counts when the ID was left as it was or taken away: without a script the two
    /// fields cannot follow each other.
    fn take_choice(&mut self) {
        let typed = self.list.trim();
        let is_untouched = typed.is_empty() || typed == self.list_shown.trim();
        let chosen = parse_list_id(&self.list_choice).ok();
        let shown = parse_list_id(&self.list_shown).ok();
        if let Some(chosen) = chosen.filter(|chosen| is_untouched && Some(*chosen) != shown) {
            self.list = chosen.to_string();
        }
    }

    /// Adds the row chosen beside "Add attribute", with the field whose name fits.
    pub(super) fn add_attribute(&mut self, fields: &[Field]) {
        let heading = std::mem::take(&mut self.add_target);
        let is_new = self.attributes.iter().all(|(other, _)| *other != heading);
        if let (true, Ok(target)) = (is_new, heading.parse::<Target>()) {
            let field = guess_field(&target, fields).unwrap_or_default();
            self.attributes.push((heading, field));
        }
    }

    /// Removes a row.
    pub(super) fn remove_attribute(&mut self, heading: &str) {
        self.attributes.retain(|(other, _)| other != heading);
    }

    /// Forgets what another source had, after the source was changed.
    pub(super) fn fit_to_source(&mut self, offers: &Offers) {
        let exists = |name: &str| offers.fields.iter().any(|field| field.name == name);
        if !exists(&self.email_field) {
            self.email_field.clear();
        }
        for (heading, field) in &mut self.attributes {
            if !exists(field) {
                let target = heading.parse::<Target>().ok();
                *field = target
                    .and_then(|target| guess_field(&target, &offers.fields))
                    .unwrap_or_default();
            }
        }
        self.segments
            .retain(|id| offers.segments.iter().any(|offer| offer.id == *id));
        self.preselect_email(offers);
    }

    /// Chooses the e-mail field whose meaning is known, when none was chosen.
    pub(super) fn preselect_email(&mut self, offers: &Offers) {
        if self.email_field.is_empty()
            && let Some(field) = field_meaning(&offers.fields, Semantic::Email)
        {
            self.email_field = field.name.clone();
        }
    }
}

fn count_text(count: Option<u64>) -> String {
    count.map(|count| count.to_string()).unwrap_or_default()
}

fn percent_text(percent: Option<u32>) -> String {
    percent
        .map(|percent| percent.to_string())
        .unwrap_or_default()
}

impl Action {
    fn read(value: &str) -> Self {
        match value.split_once(' ') {
            Some(("remove-attribute", heading)) => Self::RemoveAttribute(heading.to_owned()),
            _ => match value {
                "show" => Self::Show,
                "show-source" => Self::ShowSource,
                "add-attribute" => Self::AddAttribute,
                "create-list" => Self::CreateList,
                _ => Self::Save,
            },
        }
    }
}

#[cfg(test)]
mod tests;
