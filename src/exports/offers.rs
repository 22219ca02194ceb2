//! What there is to choose from on the form "Set up export".

use std::sync::Arc;

use uuid::Uuid;

use super::CustomTarget;
use super::account::{Account, AccountProblem};
use crate::constant_contact::FieldType;
use crate::profiles::Field;

/// Everything the form offers one person, for one connection and one source.
#[derive(Clone, Debug, Default)]
pub(super) struct Offers {
    /// Connections the person may use.
    pub(super) connections: Vec<ConnectionOffer>,
    /// Sources with profiles.
    pub(super) sources: Vec<SourceOffer>,
    /// Fields of the chosen source's current snapshot.
    pub(super) fields: Vec<Field>,
    /// Segments of the chosen source.
    pub(super) segments: Vec<SegmentOffer>,
    /// Lists and custom fields of the chosen connection's account.
    pub(super) account: AccountOffer,
    /// Name and label of the custom fields the saved export uses, for when the account cannot be asked.
    pub(super) known_custom_fields: Vec<CustomTarget>,
}

/// A connection in the drop-down.
#[derive(Clone, Debug)]
pub(super) struct ConnectionOffer {
    pub(super) id: Uuid,
    pub(super) name: String,
}

/// A source in the drop-down.
#[derive(Clone, Debug)]
pub(super) struct SourceOffer {
    pub(super) id: Uuid,
    pub(super) name: String,
}

/// A segment to tick.
#[derive(Clone, Debug)]
pub(super) struct SegmentOffer {
    pub(super) id: Uuid,
    pub(super) name: String,
    /// Members at the last count; `None` when never counted.
    pub(super) member_count: Option<u64>,
}

/// The chosen connection's account.
#[derive(Clone, Debug, Default)]
pub(super) enum AccountOffer {
    /// No connection has been chosen.
    #[default]
    NotChosen,
    /// It answered.
    Loaded(Arc<Account>),
    /// It did not.
    Failed(AccountProblem),
}

impl Offers {
    /// A custom field; `None` when the account, if it could be asked, has no such field.
    pub(super) fn custom_field(&self, name: &str) -> Option<CustomTarget> {
        match &self.account {
            AccountOffer::Loaded(account) => {
                let found = account
                    .custom_fields
                    .iter()
                    .find(|field| field.name == name);
                found.map(|field| CustomTarget {
                    name: field.name.clone(),
                    label: field.label.clone(),
                    is_date: field.field_type == FieldType::Date,
                })
            }
            AccountOffer::NotChosen | AccountOffer::Failed(_) => {
                Some(self.known_custom_field(name))
            }
        }
    }

    /// Whether a connection is among those the person may use.
    pub(super) fn may_use(&self, connection: Uuid) -> bool {
        self.connections.iter().any(|offer| offer.id == connection)
    }

    /// Sum of the members of some segments.
    pub(super) fn total_members(&self, segments: &[Uuid]) -> u64 {
        self.segments
            .iter()
            .filter(|offer| segments.contains(&offer.id))
            .filter_map(|offer| offer.member_count)
            .sum()
    }

    /// A custom field as it was when the export was saved, or what its name says.
    pub(super) fn known_custom_field(&self, name: &str) -> CustomTarget {
        let known = self.known_custom_fields.iter();
        let mut known = known.filter(|field| field.name == name);
        known.next().cloned().unwrap_or_else(|| CustomTarget {
            name: name.to_owned(),
            label: name.to_owned(),
            is_date: false,
        })
    }
}
