//! What an administrator has set about notices.

use sea_orm::{ConnectionTrait, DbErr, EntityTrait};

use crate::storage::entities::notice_setting;

/// The row of the settings.
const ROW: i32 = 1;
/// Unless an administrator says otherwise.
const REJECTED_PERCENT: u64 = 5;

/// More rejected rows of a run than this, in percent of those read, open a notice.
///
/// # Errors
/// The database's.
pub async fn rejected_percent(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    let found = notice_setting::Entity::find_by_id(ROW).one(db).await?;
    Ok(found.map_or(REJECTED_PERCENT, |row| {
        u64::from(row.rejected_percent.unsigned_abs())
    }))
}
