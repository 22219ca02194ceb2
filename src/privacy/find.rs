//! Finding one person by e-mail: in which profiles, in which segments now, in which runs.
//!
//! Runs keep no personal data, so what they did is told from the snapshots they read, as long as those are held.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::store::{self, MAX_RUNS};
use crate::auth;
use crate::connections;
use crate::exclusions::store::Listed;
use crate::exclusions::{self, Entry, Keys};
use crate::profiles::{Field, Filter, Scan, Semantic, SnapshotError, SnapshotId, Snapshots};
use crate::runs::person::{PersonFate, WholeRow, fate_of};
use crate::runs::{self, Desk, Run};
use crate::segments;
use crate::sources;

/// Rows of one person that are read in one snapshot; more would not be one person's.
const MAX_ROWS: usize = 100;

/// Why a person could not be looked for.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// The database's.
    #[error(transparent)]
    Database(#[from] sea_orm::DbErr),
    /// Profiles cannot be read.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// A source.
    #[error(transparent)]
    Source(#[from] sources::store::StoreError),
    /// A segment.
    #[error(transparent)]
    Segment(#[from] segments::store::StoreError),
    /// A run.
    #[error(transparent)]
    Run(#[from] runs::store::StoreError),
}

/// Everything that is known of a person.
#[derive(Debug, Default)]
pub struct Found {
    /// The entry of the exclusion list that holds the address itself.
    pub excluded: Option<Listed>,
    /// Whether the address's domain is on the exclusion list.
    pub is_domain_excluded: bool,
    /// Copies of the person's profiles.
    pub copies: Vec<HeldCopy>,
    /// Snapshots looked through.
    pub searched: u64,
    /// Runs that read one of the copies.
    pub sightings: Vec<Sighting>,
    /// Whether there are runs beyond those told about.
    pub has_more_runs: bool,
    /// Runs of which it cannot be told any more whom they sent.
    pub untraceable: u64,
}

/// The profiles of a person in one snapshot.
#[derive(Debug)]
pub struct HeldCopy {
    /// Source.
    pub source_id: Uuid,
    /// Its name.
    pub source_name: String,
    /// Whether it is what the source holds now; otherwise it is held for runs.
    pub is_current: bool,
    /// File it came from.
    pub file_name: String,
    /// When it was loaded.
    pub loaded_at: Timestamp,
    /// Row numbers.
    pub rows: Vec<u64>,
    /// Segments that include the person now; for the current snapshot.
    pub segments: Vec<(Uuid, String)>,
}

/// A run that read a copy.
#[derive(Debug)]
pub struct Sighting {
    /// The run.
    pub run: Run,
    /// What became of the person; `None` when it cannot be told.
    pub fate: Option<PersonFate>,
    /// Name of the connection, if it is still there.
    pub connection: Option<String>,
    /// Who had consented to the connection when the run was asked for, and when.
    pub consent: Option<(String, Timestamp)>,
}

/// Looks a person up everywhere.
///
/// # Errors
/// [`FindError`].
pub async fn find(desk: &Desk, address: &Entry) -> Result<Found, FindError> {
    let db = &desk.db;
    let keys = Keys::new(desk.connections.master_key());
    let domain = Entry::Domain(address.domain().to_owned());
    let mut found = Found {
        excluded: exclusions::store::find(db, &keys, address).await?,
        is_domain_excluded: exclusions::store::find(db, &keys, &domain).await?.is_some(),
        untraceable: store::count_untraceable_runs(db).await?,
        ..Found::default()
    };
    let mut rows_in: HashMap<Uuid, Vec<WholeRow>> = HashMap::new();
    for copy in everywhere(desk, address).await? {
        found.searched += 1;
        if copy.rows.is_empty() {
            continue;
        }
        found.copies.push(describe(desk, &copy).await?);
        rows_in.insert(copy.snapshot.0, copy.rows);
    }
    let snapshots: Vec<Uuid> = rows_in.keys().copied().collect();
    let runs = store::runs_reading(db, &snapshots).await?;
    found.has_more_runs = runs.len() as u64 == MAX_RUNS;
    for id in runs {
        let run = runs::store::get(db, id).await?;
        let inputs = run.inputs.as_ref();
        let rows = inputs.and_then(|inputs| rows_in.get(&inputs.snapshot_id));
        if let Some(rows) = rows {
            found.sightings.push(sight(desk, run, address, rows).await?);
        }
    }
    Ok(found)
}

async fn sight(
    desk: &Desk,
    run: Run,
    address: &Entry,
    rows: &[WholeRow],
) -> Result<Sighting, FindError> {
    let fate = fate_of(desk, &run, address, rows).await?;
    let mut sighting = Sighting {
        run,
        fate,
        connection: None,
        consent: None,
    };
    if let Some(id) = sighting.run.definition.connection_id {
        let connection = connections::store::find(&desk.db, id).await?;
        sighting.connection = connection.map(|connection| connection.name);
        let given = store::consent_before(&desk.db, id, sighting.run.queued_at).await?;
        if let Some((user, at)) = given {
            let name = auth::store::find_name(&desk.db, user).await?;
            sighting.consent = Some((name.unwrap_or_default(), at));
        }
    }
    Ok(sighting)
}

/// A snapshot that was looked through.
pub(super) struct Searched {
    pub(super) snapshot: SnapshotId,
    pub(super) source_id: Uuid,
    /// Every row of the person, whole, at most [`MAX_ROWS`].
    pub(super) rows: Vec<WholeRow>,
    /// Profiles of the snapshot, the person's included.
    pub(super) profiles: u64,
}

/// Looks through every snapshot whose profiles are there. One that is removed meanwhile is passed over.
pub(super) async fn everywhere(desk: &Desk, address: &Entry) -> Result<Vec<Searched>, FindError> {
    let used = store::email_fields(&desk.db).await?;
    let mut all = Vec::new();
    for (id, source_id) in store::stored_snapshots(&desk.db).await? {
        let fields = match sources::store::get_snapshot(&desk.db, SnapshotId(id)).await {
            Ok(snapshot) => snapshot.fields,
            Err(sources::store::StoreError::NotFound) => continue,
            Err(error) => return Err(error.into()),
        };
        let columns = address_columns(&fields, used.get(&source_id));
        let (snapshots, address) = (desk.loads.snapshots().clone(), address.clone());
        let search = tokio::task::spawn_blocking(move || {
            search(&snapshots, SnapshotId(id), &columns, fields.len(), &address)
        });
        let searched = search
            .await
            .expect("searching neither panics nor is canceled");
        let (rows, profiles) = match searched {
            Ok(searched) => searched,
            Err(SnapshotError::NotFound(_)) => continue,
            Err(error) => return Err(error.into()),
        };
        all.push(Searched {
            snapshot: SnapshotId(id),
            source_id,
            rows,
            profiles,
        });
    }
    Ok(all)
}

/// Columns that hold addresses: by their meaning, or because an export sends to them.
fn address_columns(fields: &[Field], used: Option<&Vec<String>>) -> Vec<usize> {
    let is_address = |field: &Field| {
        field.semantic == Some(Semantic::Email)
            || used.is_some_and(|used| used.contains(&field.name))
    };
    let columns = fields.iter().enumerate();
    let columns = columns.filter(|(_, field)| is_address(field));
    columns.map(|(column, _)| column).collect()
}

fn search(
    snapshots: &Arc<dyn Snapshots>,
    id: SnapshotId,
    columns: &[usize],
    width: usize,
    address: &Entry,
) -> Result<(Vec<WholeRow>, u64), SnapshotError> {
    let (mut numbers, mut profiles) = (Vec::new(), 0);
    let everyone = Filter::EVERYONE;
    snapshots.scan(id, &Scan::new(&everyone, columns), &mut |row| {
        profiles += 1;
        if numbers.len() < MAX_ROWS && row.values().any(|value| address.is_address(value)) {
            numbers.push(row.number);
        }
        ControlFlow::Continue(())
    })?;
    let every_column: Vec<usize> = (0..width).collect();
    let mut rows = Vec::new();
    for number in numbers {
        let one = Scan {
            after_row: number - 1,
            limit: Some(1),
            ..Scan::new(&everyone, &every_column)
        };
        snapshots.scan(id, &one, &mut |row| {
            rows.push(WholeRow {
                number: row.number,
                cells: row.values().map(str::to_owned).collect(),
            });
            ControlFlow::Break(())
        })?;
    }
    Ok((rows, profiles))
}

async fn describe(desk: &Desk, copy: &Searched) -> Result<HeldCopy, FindError> {
    let source = sources::store::get(&desk.db, copy.source_id).await?;
    let snapshot = sources::store::get_snapshot(&desk.db, copy.snapshot).await?;
    let current = source.current.as_ref();
    let is_current = current.is_some_and(|current| current.id == copy.snapshot);
    let mut including = Vec::new();
    if is_current {
        let zone = jiff::tz::TimeZone::system();
        let today = zone.to_datetime(desk.clock.now()).date();
        for segment in segments::store::list_of_source(&desk.db, source.id).await? {
            // A rule that does not fit the source includes nobody.
            let Ok(filter) = segment.rule.compile(&snapshot.fields, today) else {
                continue;
            };
            let includes = copy.rows.iter().any(|row| {
                filter.matches(&|column| row.cells.get(column).map_or("", String::as_str))
            });
            if includes {
                including.push((segment.id, segment.name));
            }
        }
    }
    Ok(HeldCopy {
        source_id: source.id,
        source_name: source.name,
        is_current,
        file_name: snapshot.file_name,
        loaded_at: snapshot.finished_at.unwrap_or(snapshot.started_at),
        rows: copy.rows.iter().map(|row| row.number).collect(),
        segments: including,
    })
}
