//! What the installation has chosen, as it is stored.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter,
    TransactionTrait,
};
use serde_json::json;
use uuid::Uuid;

use crate::locale::{Format, Lang};
use crate::storage::UtcMillis;
use crate::storage::audit::{self, AuditEvent};
use crate::storage::entities::installation_setting;
use crate::web::SignedIn;

/// The only row.
const ROW: i32 = 1;

/// Language and format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Chosen {
    /// Of whoever has not chosen one; `None`: the browser's.
    pub(super) lang: Option<Lang>,
    /// How numbers and dates are written.
    pub(super) format: Format,
}

impl Chosen {
    fn names(self) -> (Option<&'static str>, &'static str) {
        (self.lang.map(Lang::tag), self.format.name())
    }
}

pub(super) async fn get(db: &impl ConnectionTrait) -> Result<Chosen, DbErr> {
    let found = installation_setting::Entity::find_by_id(ROW)
        .one(db)
        .await?;
    Ok(found.map_or_else(Chosen::default, |row| Chosen {
        lang: row.lang.and_then(|tag| tag.parse().ok()),
        format: row
            .format
            .and_then(|name| Format::from_name(&name))
            .unwrap_or_default(),
    }))
}

pub(super) async fn set(
    db: &DatabaseConnection,
    chosen: Chosen,
    visit: &SignedIn,
) -> Result<(), DbErr> {
    use installation_setting::Column;
    let transaction = db.begin().await?;
    let before = get(&transaction).await?.names();
    let (lang, format) = chosen.names();
    installation_setting::Entity::update_many()
        .col_expr(Column::Lang, Expr::value(lang))
        .col_expr(Column::Format, Expr::value(format))
        .col_expr(Column::ChangedAt, Expr::value(UtcMillis::from(visit.now)))
        .col_expr(Column::ChangedBy, Expr::value(visit.user.id))
        .filter(Column::Id.eq(ROW))
        .exec(&transaction)
        .await?;
    let event = AuditEvent {
        at: visit.now,
        user_id: Some(visit.user.id),
        ip: Some(&visit.ip),
        action: "installation.changed",
        object_id: Uuid::nil().to_string(),
        detail: json!({
            "before": { "lang": before.0, "format": before.1 },
            "after": { "lang": lang, "format": format },
        }),
    };
    audit::record(&transaction, event).await?;
    transaction.commit().await
}
