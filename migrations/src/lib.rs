//! Schema of the application database, one file per step, each up and down on SQLite and PostgreSQL.
//!
//! Instants are 64-bit integers (milliseconds since 1970, UTC); ids are UUIDs; free-form values are JSON.
//! Expand first, contract later: an older process must be able to run beside the newer schema.

pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::prelude::*;

mod m20261123_000001_create_audit_events;
mod m20261123_000002_create_users;
mod m20261123_000101_create_connections;
mod m20261123_000101_create_sources;
mod m20261123_000102_create_request_ledger;
mod m20261123_000102_create_segments;
mod m20261123_000201_create_exports;
mod m20261123_000301_create_runs;
mod m20261125_020001_index_lists;
mod m20261125_030001_create_checks;
mod m20261125_030002_create_run_approvals;
mod m20261125_030003_create_sweeps;
mod m20261125_040001_chain_audit_events;
mod m20261125_040001_create_snapshot_schema;
mod m20261125_040002_extend_people;
mod m20261126_010001_resume_runs;
mod m20261126_040001_create_notices;
mod m20261126_040002_create_notice_deliveries;
mod m20261126_050001_create_exclusions;
mod m20261126_050002_create_erasures;
mod m20261126_050003_create_retention;
mod m20261126_110001_create_deliveries;
mod m20261126_110002_create_removals;
mod m20261126_120001_ask_again;
mod m20261126_130001_create_export_schedules;
mod m20261126_130002_create_refresh_jobs;
mod m20261126_130003_create_installation_settings;
mod m20261126_140001_count_delivered;
mod m20261126_140002_choose_time_zone;
mod m20261126_140003_deliver_notices;
mod m20261126_160001_point_to_last_run;
mod m20261126_180001_version_schedules;
mod m20261127_010001_tell_contents_apart;
mod m20261127_020001_fold_names_of_people;

/// Applies the steps in order.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261123_000001_create_audit_events::Migration),
            Box::new(m20261123_000002_create_users::Migration),
            Box::new(m20261123_000101_create_sources::Migration),
            Box::new(m20261123_000102_create_segments::Migration),
            Box::new(m20261123_000101_create_connections::Migration),
            Box::new(m20261123_000102_create_request_ledger::Migration),
            Box::new(m20261123_000201_create_exports::Migration),
            Box::new(m20261123_000301_create_runs::Migration),
            Box::new(m20261125_020001_index_lists::Migration),
            Box::new(m20261125_030001_create_checks::Migration),
            Box::new(m20261125_040001_create_snapshot_schema::Migration),
            Box::new(m20261125_030002_create_run_approvals::Migration),
            Box::new(m20261125_030003_create_sweeps::Migration),
            Box::new(m20261125_040001_chain_audit_events::Migration),
            Box::new(m20261125_040002_extend_people::Migration),
            Box::new(m20261126_010001_resume_runs::Migration),
            Box::new(m20261126_040001_create_notices::Migration),
            Box::new(m20261126_040002_create_notice_deliveries::Migration),
            Box::new(m20261126_050001_create_exclusions::Migration),
            Box::new(m20261126_050002_create_erasures::Migration),
            Box::new(m20261126_050003_create_retention::Migration),
            Box::new(m20261126_140001_count_delivered::Migration),
            Box::new(m20261126_140002_choose_time_zone::Migration),
            Box::new(m20261126_140003_deliver_notices::Migration),
            Box::new(m20261126_160001_point_to_last_run::Migration),
            Box::new(m20261126_130001_create_export_schedules::Migration),
            Box::new(m20261126_110001_create_deliveries::Migration),
            Box::new(m20261126_130002_create_refresh_jobs::Migration),
            Box::new(m20261126_130003_create_installation_settings::Migration),
            Box::new(m20261126_120001_ask_again::Migration),
            Box::new(m20261126_110002_create_removals::Migration),
            Box::new(m20261126_180001_version_schedules::Migration),
            Box::new(m20261127_010001_tell_contents_apart::Migration),
            Box::new(m20261127_020001_fold_names_of_people::Migration),
        ]
    }
}
