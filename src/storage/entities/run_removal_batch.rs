//! `run_removal_batches`: see [`crate::runs`].

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "run_removal_batches")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub run_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i32,
    pub people: i32,
    /// Ids of contacts with keyed hashes of their addresses, of fixed size; empty when it is done.
    pub contacts: Vec<u8>,
    pub state: String,
    pub activity_id: Option<String>,
    pub vendor_words: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
