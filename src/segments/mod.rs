//! Segments: groups of profiles that an export sends.
//!
//! Owns the rule tree, its meaning over the fields of a source, member counts and the pages under `/segments`. A segment refers to fields by
//! name, so that it survives a new snapshot of its source; a field that is gone is a [`RuleProblem`], never an empty
//! segment in silence.
//!
//! Must never: read profiles other than through [`crate::profiles::Snapshots`].
//!
//! Read next: [`Rule`], [`Rule::compile`], [`Members`], [`store`].

mod compile;
mod form;
mod members;
mod operator;
pub(crate) mod pages;
mod rule;
pub mod store;
mod words;

pub use compile::{
    MAX_CONDITIONS, MAX_DAYS, MAX_DEPTH, MAX_VALUE_CHARACTERS, MAX_VALUES, RuleProblem,
    RuleProblemKind,
};
pub use members::{CountError, Members};
pub use rule::{Combine, Comparison, Condition, Rule, SetOperation, SetStep, TextValue};

use futures_util::future::BoxFuture;
use sea_orm::{DatabaseTransaction, DbErr};
use uuid::Uuid;

use crate::profiles::Filter;

/// An export that sends a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentUse {
    /// Id of the export.
    pub id: Uuid,
    /// Its name.
    pub name: String,
}

/// Who stands in the way of removing a segment. Segments do not know exports; startup introduces them.
pub trait SegmentUses: Send + Sync {
    /// The exports that send a segment, by name; bounded.
    ///
    /// # Errors
    /// The database's.
    fn using<'a>(
        &'a self,
        transaction: &'a DatabaseTransaction,
        segment_id: Uuid,
    ) -> BoxFuture<'a, Result<Vec<SegmentUse>, DbErr>>;
}

/// Members of any of several segments, for an export that reads each profile once.
pub fn union(segments: impl IntoIterator<Item = Filter>) -> Filter {
    Filter::Any(segments.into_iter().collect())
}
