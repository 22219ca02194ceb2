//! Who may do what with an export.

use crate::auth::{CurrentUser, Permission};
use crate::connections::Connection;

/// What a person may do with one export; also the column "Your permissions".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Change, run and remove it.
    Edit,
    /// Look at it.
    View,
}

impl Access {
    /// What a person may do with an export that uses a connection.
    ///
    /// Administrators may do everything, also with an export whose connection is gone or detached. Contributors manage
    /// every export whose connection is shared with them, whoever made it. Everybody else looks.
    pub fn of(user: &CurrentUser, connection: Option<&Connection>) -> Self {
        Self::with(
            user,
            connection.is_some_and(|connection| connection.may_be_used_by(user)),
        )
    }

    /// The same, when whether the person may use the connection is known already.
    pub(super) fn with(user: &CurrentUser, may_use: bool) -> Self {
        let may_edit = user.role.may(Permission::EditExports);
        if may_edit && (may_use || user.is_administrator()) {
            Self::Edit
        } else {
            Self::View
        }
    }

    /// Whether it may be changed, run and removed.
    pub fn may_edit(self) -> bool {
        self == Self::Edit
    }
}
