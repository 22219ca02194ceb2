//! The exports an action was chosen for, one or several.

use sea_orm::DatabaseConnection;
use uuid::Uuid;

use crate::auth::Permission;
use crate::connections;
use crate::exports::{Access, Export, store};
use crate::web::{PageError, SignedIn, paths};

/// Exports one action takes at most; a page of the list has fewer.
pub(super) const MAX_CHOSEN: usize = 100;

/// Exports chosen, told apart by what the visitor may do with them. Those that are gone are left out.
pub(super) struct Chosen {
    /// May be changed.
    pub(super) editable: Vec<Export>,
    /// May only be viewed; the action leaves them as they are.
    pub(super) view_only: Vec<Export>,
}

impl Chosen {
    /// Looks the exports up.
    ///
    /// # Errors
    /// [`PageError::NotFound`] when none is there, [`PageError::ViewOnly`] when none may be changed.
    pub(super) async fn load(
        visit: &SignedIn,
        db: &DatabaseConnection,
        ids: &[Uuid],
    ) -> Result<Self, PageError> {
        visit.require(Permission::EditExports)?;
        let found = store::list_by_ids(db, ids).await?;
        if found.is_empty() {
            return Err(PageError::NotFound);
        }
        let usable = connections::store::list_usable_by(db, &visit.user).await?;
        let (editable, view_only) = found.into_iter().partition::<Vec<_>, _>(|export| {
            let id = export.definition.connection_id;
            let connection = usable.iter().find(|connection| Some(connection.id) == id);
            Access::of(&visit.user, connection).may_edit()
        });
        if editable.is_empty() {
            return Err(PageError::ViewOnly);
        }
        Ok(Self {
            editable,
            view_only,
        })
    }

    /// Whether an export is there.
    pub(super) fn has(&self, id: Uuid) -> bool {
        let mut all = self.editable.iter().chain(&self.view_only);
        all.any(|export| export.id == id)
    }
}

/// Reads ids separated by commas; what is none is left out, and so is what is more than [`MAX_CHOSEN`].
pub(super) fn read_ids(text: &str) -> Vec<Uuid> {
    let ids = text.split(',').filter_map(|id| id.trim().parse().ok());
    ids.take(MAX_CHOSEN).collect()
}

/// Ids of exports as [`read_ids`] reads them.
pub(super) fn write_ids<'a>(exports: impl IntoIterator<Item = &'a Export>) -> String {
    let ids = exports.into_iter().map(|export| export.id.to_string());
    ids.collect::<Vec<_>>().join(",")
}

/// Where an action leads when it is over: the page it was chosen on, one of ours, or the list when none is named.
pub(super) fn way_back(return_to: &str) -> String {
    if return_to.is_empty() {
        paths::exports()
    } else {
        paths::own_path_or_home(return_to)
    }
}

/// Names of exports, for a list on a page.
pub(super) fn names(exports: &[Export]) -> Vec<String> {
    let names = exports.iter().map(|export| export.definition.name.clone());
    names.collect()
}
