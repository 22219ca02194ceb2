//! From what was typed to a definition, under the rules that can be checked without asking anybody.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use uuid::Uuid;

use super::{ATTRIBUTE_PREFIX, ExportForm, Problem, ProblemKind};
use crate::constant_contact::limits::StandardField;
use crate::constant_contact::{ListId, ListIdError, parse_list_id};
use crate::exports::offers::Offers;
use crate::exports::{
    Attribute, Brake, Delivery, ExportDefinition, MAX_CUSTOM_ATTRIBUTES, MAX_SEGMENTS, Target,
};
use crate::names::Name;

/// A form without problems, to be checked against the account and saved.
#[derive(Debug)]
pub(in crate::exports) struct CheckedForm {
    pub(in crate::exports) connection_id: Uuid,
    /// Without the list's name, which only the account knows.
    pub(in crate::exports) definition: ExportDefinition,
}

impl ExportForm {
    /// The definition, or everything that is wrong, in the order of the page.
    pub(in crate::exports) fn check(&self, offers: &Offers) -> Result<CheckedForm, Vec<Problem>> {
        let mut problems = Problems::default();
        let connection = self.check_connection(offers, &mut problems);
        let name = problems.take("name", Name::parse(&self.name).map_err(ProblemKind::Name));
        let list = problems.take("list", self.check_list());
        if self.source.is_none() {
            problems.add("source", ProblemKind::SourceMissing);
        }
        if self.email_field.is_empty() {
            problems.add("email_field", ProblemKind::EmailMissing);
        } else {
            problems.check_field("email_field", &self.email_field, offers);
        }
        let attributes = self.check_attributes(offers, &mut problems);
        self.check_segments(offers, &mut problems);
        let brake = self.check_brake(&mut problems);
        let delivery = self.check_delivery(&mut problems);
        match (connection, name, list, self.source, problems.0.is_empty()) {
            (Some(connection_id), Some(name), Some(list_id), Some(source_id), true) => {
                Ok(CheckedForm {
                    connection_id,
                    definition: ExportDefinition {
                        name: name.as_str().to_owned(),
                        connection_id: Some(connection_id),
                        list_id,
                        list_name: None,
                        source_id,
                        email_field: self.email_field.clone(),
                        attributes,
                        segment_ids: self.segments.clone(),
                        brake,
                        delivery,
                    },
                })
            }
            _ => Err(problems.0),
        }
    }

    fn check_connection(&self, offers: &Offers, problems: &mut Problems) -> Option<Uuid> {
        let Some(chosen) = self.connection else {
            problems.add("connection", ProblemKind::ConnectionMissing);
            return None;
        };
        if offers.may_use(chosen) {
            return Some(chosen);
        }
        problems.add("connection", ProblemKind::ConnectionNotUsable);
        None
    }

    fn check_list(&self) -> Result<ListId, ProblemKind> {
        parse_list_id(&self.list).map_err(|problem| match problem {
            ListIdError::Empty if !self.new_list.trim().is_empty() => {
                ProblemKind::NewListNotCreated
            }
            problem => ProblemKind::List(problem),
        })
    }

    fn check_attributes(&self, offers: &Offers, problems: &mut Problems) -> Vec<Attribute> {
        let mut checked = Vec::new();
        let mut seen = HashSet::new();
        for (heading, field) in &self.attributes {
            let id = format!("{ATTRIBUTE_PREFIX}{heading}");
            let Ok(mut target) = heading.parse::<Target>() else {
                problems.add(&id, ProblemKind::TargetUnknown(heading.clone()));
                continue;
            };
            if !seen.insert(heading) {
                problems.add(&id, ProblemKind::TargetTwice);
                continue;
            }
            if let Target::Custom(custom) = &mut target {
                match offers.custom_field(&custom.name) {
                    Some(known) => *custom = known,
                    None => problems.add(&id, ProblemKind::CustomFieldGone(custom.name.clone())),
                }
            }
            if field.is_empty() {
                problems.add(&id, ProblemKind::AttributeFieldMissing);
            } else {
                problems.check_field(&id, field, offers);
            }
            checked.push(Attribute {
                target,
                field: field.clone(),
            });
        }
        if checked
            .iter()
            .filter(|attribute| attribute.target.is_custom())
            .count()
            > MAX_CUSTOM_ATTRIBUTES
        {
            problems.add("add_target", ProblemKind::TooManyCustomFields);
        }
        // The vendor refuses one without the other (operation `contactsCSVImport`).
        let has = |field: StandardField| seen.contains(&field.heading().to_owned());
        if has(StandardField::BirthdayDay) != has(StandardField::BirthdayMonth) {
            problems.add("add_target", ProblemKind::BirthdayHalf);
        }
        checked
    }

    fn check_brake(&self, problems: &mut Problems) -> Brake {
        let mut percent = |field, typed: &str, range: RangeInclusive<u32>, kind| {
            let typed = typed.trim();
            let percent = typed.parse().ok().filter(|percent| range.contains(percent));
            if percent.is_none() && !typed.is_empty() {
                problems.add(field, kind);
            }
            percent
        };
        let below = (self.brake_below.as_str(), ProblemKind::BrakeBelow);
        let above = (self.brake_above.as_str(), ProblemKind::BrakeAbove);
        Brake {
            below_percent: percent("brake_below", below.0, Brake::BELOW, below.1),
            above_percent: percent("brake_above", above.0, Brake::ABOVE, above.1),
        }
    }

    fn check_delivery(&self, problems: &mut Problems) -> Delivery {
        let typed = self.removals_ask_above.trim();
        let most = typed
            .parse()
            .ok()
            .filter(|most| Delivery::ASK.contains(most));
        if most.is_none() && !typed.is_empty() {
            problems.add("removals_ask_above", ProblemKind::RemovalsAskAbove);
        }
        Delivery {
            mode: self.mode,
            leavers: self.leavers,
            removals_ask_above: most,
            removes_others: self.removes_others,
        }
    }

    fn check_segments(&self, offers: &Offers, problems: &mut Problems) {
        let is_offered = |id: &Uuid| offers.segments.iter().any(|offer| offer.id == *id);
        if self.segments.is_empty() {
            problems.add("segments", ProblemKind::SegmentsMissing);
        } else if self.segments.len() > MAX_SEGMENTS {
            problems.add("segments", ProblemKind::TooManySegments);
        } else if !self.segments.iter().all(is_offered) {
            problems.add("segments", ProblemKind::SegmentGone);
        }
    }
}

/// What has been found so far, in the order of the page.
#[derive(Default)]
struct Problems(Vec<Problem>);

impl Problems {
    fn add(&mut self, field: &str, kind: ProblemKind) {
        self.0.push(Problem::new(field, kind));
    }

    fn take<T>(&mut self, field: &str, result: Result<T, ProblemKind>) -> Option<T> {
        result.map_err(|kind| self.add(field, kind)).ok()
    }

    fn check_field(&mut self, id: &str, name: &str, offers: &Offers) {
        if offers.fields.iter().all(|field| field.name != name) {
            self.add(id, ProblemKind::FieldGone(name.to_owned()));
        }
    }
}
