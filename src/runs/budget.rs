//! Requests a run still needs, beside those the day has left.

use sea_orm::DatabaseConnection;

use super::part::Part;
use super::run::Run;
use super::store::StoreError;
use crate::connections::{self, Connections};
use crate::constant_contact::limits::IMPORT_CONTACTS;

/// Units: requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// What an unfinished run still sends at the least: an upload per 39,999 members, and one look at the activities.
    /// Long rows need more uploads, because parts are cut by bytes as well.
    pub needed: u64,
    /// Left until 00:00 UTC for the connection's API key, whoever uses it.
    pub left_today: u32,
}

impl Budget {
    /// The budget of an unfinished run; `None` when it has ended, has not been counted, or has lost its connection.
    ///
    /// # Errors
    /// The database's.
    pub async fn of(
        db: &DatabaseConnection,
        connections: &Connections,
        run: &Run,
        parts: &[Part],
    ) -> Result<Option<Self>, StoreError> {
        let (Some(members), Some(connection_id)) = (run.members, run.definition.connection_id)
        else {
            return Ok(None);
        };
        if run.state.is_finished() {
            return Ok(None);
        }
        let connection = connections::store::find(db, connection_id).await?;
        match connection.and_then(|connection| connection.client_id) {
            Some(key) => Ok(Some(Self {
                needed: needed(members, run, parts),
                left_today: connections.ledger.requests_left_today(&key).await?,
            })),
            None => Ok(None),
        }
    }
}

fn needed(members: u64, run: &Run, parts: &[Part]) -> u64 {
    let unsent = parts
        .iter()
        .filter(|part| !part.state.has_arrived())
        .count() as u64;
    let unread = if run.is_planned {
        0
    } else {
        members.saturating_sub(run.totals.read)
    };
    unsent + unread.div_ceil(IMPORT_CONTACTS as u64) + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::part::PartState;
    use crate::runs::test_support::{part, run};

    #[test]
    fn what_is_read_and_has_arrived_needs_no_more() {
        let mut run = run();
        assert_eq!(needed(1_000_000, &run, &[]), 27);
        run.totals.read = 79_998;
        let parts = [
            part(1, 39_999, PartState::Accepted),
            part(2, 39_999, PartState::Recorded),
        ];
        assert_eq!(needed(100_000, &run, &parts), 3);
        run.is_planned = true;
        assert_eq!(needed(100_000, &run, &parts), 2);
    }
}
