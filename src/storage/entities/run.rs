//! `runs`: see [`crate::runs`].

use sea_orm::entity::prelude::*;

use crate::storage::UtcMillis;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "runs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub export_id: Uuid,
    pub trigger: String,
    pub requested_by: Option<Uuid>,
    /// The export as it was when the run was asked for.
    pub definition: Json,
    /// What else the plan depends on, frozen at start.
    pub inputs: Option<Json>,
    /// Snapshot being sent; must not be deleted while the run is unfinished.
    pub snapshot_id: Option<Uuid>,
    pub state: String,
    pub phase: Option<String>,
    pub waiting_for: Option<String>,
    pub waiting_until: Option<UtcMillis>,
    pub outcome: Option<String>,
    /// Names the outcome speaks of (fields, segments), an array of texts.
    pub outcome_names: Option<Json>,
    pub vendor_words: Option<String>,
    /// Members of the segments, counted at start.
    pub members: Option<i64>,
    pub read: i64,
    pub sent: i64,
    /// Rows of parts whose activity completed; `None` before it has ended.
    pub delivered: Option<i64>,
    pub duplicates: i64,
    /// Left out because they were delivered as they are.
    pub unchanged: i64,
    /// Reason to count.
    pub rejected: Json,
    pub adjusted: i64,
    /// Whether every part has been recorded.
    pub is_planned: bool,
    /// Requests to Constant Contact made for this run.
    pub requests: i64,
    pub queued_at: UtcMillis,
    pub started_at: Option<UtcMillis>,
    /// `None`: unfinished; at most one such run per export.
    pub finished_at: Option<UtcMillis>,
    pub cancel_requested_at: Option<UtcMillis>,
    pub cancel_requested_by: Option<Uuid>,
    /// When it was last taken up again after it had ended.
    pub resumed_at: Option<UtcMillis>,
    pub resumed_by: Option<Uuid>,
    /// Since when it asks in vain whether a part has arrived.
    pub asking_since: Option<UtcMillis>,
    /// Engine that works on it.
    pub owner: Option<Uuid>,
    pub lease_until: Option<UtcMillis>,
    /// How often an engine has taken it.
    pub claims: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(has_many = "super::run_part::Entity")]
    Part,
    #[sea_orm(
        belongs_to = "super::user::Entity",
        from = "Column::RequestedBy",
        to = "super::user::Column::Id"
    )]
    User,
}

impl Related<super::run_part::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Part.def()
    }
}

impl Related<super::user::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::User.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
