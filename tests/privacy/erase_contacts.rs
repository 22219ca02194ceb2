//! The contact of an erased person at Constant Contact.

use std::time::Duration;

use listbridge::privacy::erase::{DeletionState, ErasureState};
use listbridge::sandbox::{Endpoint, FaultKind};

use crate::erase::{ask, fault, keeps_address, read};
use crate::pages::browse;
use crate::stage::{ended_run, is_member, stages};
use crate::support::{people, until};

#[tokio::test]
async fn a_contact_that_cannot_be_deleted_is_tried_again_and_shown() {
    let (stages, _postgres) = stages(&people(5)).await;
    for stage in stages {
        ended_run(&stage).await;
        fault(&stage, Endpoint::ListContacts, FaultKind::Status(503));
        let id = ask(&stage, "ann2@example.com", true).await;
        let erasures = &stage.services.erasures;
        erasures.tick().await.unwrap();
        let erased = read(&stage, id).await;
        let deletion = &erased.deletions[0];
        assert_eq!(
            (erased.state, deletion.state),
            (ErasureState::Deleting, DeletionState::Pending)
        );
        assert_eq!((erased.rows, deletion.tries), (1, 1));
        assert!(deletion.problem.is_some() && keeps_address(&stage, id).await);
        erasures.tick().await.unwrap();
        assert_eq!(
            read(&stage, id).await.deletions[0].tries,
            1,
            "not before its time"
        );

        // Refused: somebody must look.
        stage.sandbox.lift_faults();
        fault(&stage, Endpoint::DeleteContact, FaultKind::Status(403));
        stage.time.forward(Duration::from_secs(120));
        erasures.tick().await.unwrap();
        assert_eq!(read(&stage, id).await.state, ErasureState::Failed);
        assert!(keeps_address(&stage, id).await);
        let browser = browse(&stage).await;
        let path = format!("/settings/privacy/erasures/{id}");
        let page = browser.get(&path).await;
        assert!(page.says("A contact could not be deleted"), "{}", page.body);
        assert!(!page.body.contains("ann2@"));
        stage.sandbox.lift_faults();
        let answer = browser.submit(&path, &format!("{path}/retry"), &[]).await;
        assert_eq!(answer.location.as_deref(), Some(path.as_str()));
        until("the end of the erasure", async || {
            read(&stage, id).await.state == ErasureState::Done
        })
        .await;
        assert_eq!(
            read(&stage, id).await.deletions[0].state,
            DeletionState::Deleted
        );
        assert!(!is_member(&stage, "ann2@example.com") && !keeps_address(&stage, id).await);

        // Left as it is; and whom the account does not have.
        fault(&stage, Endpoint::DeleteContact, FaultKind::Status(403));
        let left = ask(&stage, "ann3@example.com", true).await;
        let unknown = ask(&stage, "else@example.com", true).await;
        erasures.tick().await.unwrap();
        assert_eq!(
            read(&stage, unknown).await.deletions[0].state,
            DeletionState::NotFound
        );
        let path = format!("/settings/privacy/erasures/{left}");
        browser.submit(&path, &format!("{path}/give-up"), &[]).await;
        let found = read(&stage, left).await;
        assert_eq!(
            (found.state, found.deletions[0].state),
            (ErasureState::Done, DeletionState::GivenUp)
        );
        assert!(!keeps_address(&stage, left).await && is_member(&stage, "ann3@example.com"));
    }
}
