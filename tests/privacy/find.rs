//! Finding one person: in profiles, segments, runs and lists; and what cannot be known any more.

use std::time::Duration;

use listbridge::exclusions::Keys;

use crate::pages::browse;
use crate::stage::{assert_nobody_in_log, ended_run, events, replace_profiles, stages};
use crate::support::{people, until};

const PAGE: &str = "/settings/privacy";
const FIND: &str = "/settings/privacy/find";

const PEOPLE: &str = "CustomerId,FirstName,EMail\n\
    1,Bob,bob@example.com\n\
    2,Ann, ANN@Example.com \n\
    3,Ann again,ann@example.com\n\
    4,Nobody,nobody\n";

#[tokio::test]
async fn a_person_is_found_wherever_they_are_and_only_there() {
    let (stages, _postgres) = stages(PEOPLE).await;
    for stage in stages {
        let (run, _) = ended_run(&stage).await;
        let browser = browse(&stage).await;
        let page = browser
            .submit(PAGE, FIND, &[("address", " Ann@EXAMPLE.com")])
            .await;
        assert_eq!(page.status, 200, "{}", page.body);
        let profiles = page.texts("main table").remove(0);
        assert!(
            profiles.contains("People") && profiles.contains("2, 3"),
            "{profiles}"
        );
        assert!(profiles.contains("The source's profiles now"));
        assert!(profiles.contains("Everyone"), "her segment: {profiles}");
        let runs = page.texts("main table").remove(1);
        for says in [
            "Newsletter",
            "Delivered",
            "Harbour Books",
            "Alice Admin consented on",
        ] {
            assert!(runs.contains(says), "{says}: {runs}");
        }
        assert!(runs.contains(&stage.list.to_string()));
        let link = page.attribute("main a[href^='/runs/']", "href");
        assert_eq!(link, Some(format!("/runs/{}", run.id)));
        assert!(page.says("Not on the exclusion list."));

        let nobody = browser
            .submit(PAGE, FIND, &[("address", "else@example.com")])
            .await;
        assert!(
            nobody.says("1 snapshot was looked through"),
            "{}",
            nobody.body
        );
        for wrong in ["", "ann", "@example.com", "<script>"] {
            let answer = browser.submit(PAGE, FIND, &[("address", wrong)]).await;
            assert_eq!(answer.status, 422);
            assert_eq!(
                answer.attribute("#address", "value").as_deref(),
                Some(wrong)
            );
        }

        // Every look is in the log, and nobody's address.
        let hash = Keys::new(&stage.services.key).hash("ann@example.com");
        let looks = events(&stage).await;
        let mut looks = looks
            .iter()
            .filter(|event| event.action == "person.looked-up");
        assert_eq!(looks.clone().count(), 2);
        assert!(looks.any(|event| event.object_id == hash && event.user_name.is_some()));
        assert_nobody_in_log(&stage, "ann@example.com").await;

        // Replaced, and held for the run; then not held any more.
        replace_profiles(&stage, &people(3)).await;
        let page = browser
            .submit(PAGE, FIND, &[("address", "ann@example.com")])
            .await;
        assert!(
            page.says("A run read it") && page.says("Delivered"),
            "{}",
            page.body
        );
        stage.time.forward(Duration::from_secs(31 * 86_400));
        until("the sweep", async || {
            stage.services.sweeper.sweep_if_due().await.unwrap();
            stage.stored_snapshots().await.len() == 1
        })
        .await;
        let browser = browse(&stage).await;
        let page = browser
            .submit(PAGE, FIND, &[("address", "ann@example.com")])
            .await;
        assert!(
            page.says("Not in the profiles that are kept"),
            "{}",
            page.body
        );
        assert!(
            page.says("1 earlier run has sent something"),
            "{}",
            page.body
        );
    }
}

#[tokio::test]
async fn whoever_is_left_out_is_told_why() {
    let (stages, _postgres) = stages(PEOPLE).await;
    for stage in stages {
        let browser = browse(&stage).await;
        let list = "/settings/privacy/exclusions";
        browser
            .submit(list, list, &[("entry", "@example.com")])
            .await;
        ended_run(&stage).await;
        let page = browser
            .speaking("zh-HK")
            .submit(PAGE, FIND, &[("address", "bob@example.com")])
            .await;
        assert!(page.says("已略過：在排除清單上"), "{}", page.body);
        assert!(page.says("此地址的網域在排除清單上。"), "{}", page.body);
    }
}
