//! What can be wrong with the form. The words are `pages`' business.

use crate::constant_contact::ListIdError;
use crate::exports::account::AccountProblem;
use crate::names::NameProblem;

/// Something that keeps the form from being saved, and the field it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::exports) struct Problem {
    /// Id of the field on the page; empty for the form as a whole.
    pub(in crate::exports) field: String,
    pub(in crate::exports) kind: ProblemKind,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::exports) enum ProblemKind {
    ConnectionMissing,
    ConnectionNotUsable,
    Name(NameProblem),
    NameTaken,
    List(ListIdError),
    NewListNotCreated,
    NewListName,
    SourceMissing,
    EmailMissing,
    /// The profiles have no such field (any more).
    FieldGone(String),
    AttributeFieldMissing,
    TargetUnknown(String),
    TargetTwice,
    /// The account has no such custom field (any more).
    CustomFieldGone(String),
    TooManyCustomFields,
    BirthdayHalf,
    SegmentsMissing,
    SegmentGone,
    TooManySegments,
    BrakeBelow,
    BrakeAbove,
    RemovalsAskAbove,
    /// The account could not be asked, or said no.
    Account(AccountProblem),
}

impl Problem {
    pub(in crate::exports) fn new(field: &str, kind: ProblemKind) -> Self {
        Self {
            field: field.to_owned(),
            kind,
        }
    }
}
