//! Groups give roles, at every sign-in.

use crate::stage::{START, dora, stage, stage_with};
use crate::support::{ALICE, BOB};

#[tokio::test]
async fn the_most_powerful_group_gives_the_role_at_every_sign_in() {
    let stage = stage().await;
    for (groups, role) in [
        (["staff", "admins"].as_slice(), "Administrator"),
        (&["staff", "editors", "other"], "Contributor"),
        (&["staff"], "Viewer"),
        (&["staff", "admins"], "Administrator"),
    ] {
        stage.provider.be(dora(groups));
        let browser = stage.signed_in().await;
        assert!(browser.get("/account").await.says(role), "{groups:?}");
    }
}

#[tokio::test]
async fn a_change_of_role_ends_the_other_sessions_and_so_does_leaving_the_groups() {
    let stage = stage().await;
    stage.provider.be(dora(&["admins"]));
    let first = stage.signed_in().await;
    assert_eq!(first.get("/settings/people").await.status, 200);
    stage.provider.be(dora(&["staff"]));
    let second = stage.signed_in().await;
    assert_eq!(first.get("/").await.status, 303, "ended");
    assert_eq!(second.get("/settings/people").await.status, 403);
    // The same role again ends nothing.
    let third = stage.signed_in().await;
    assert_eq!(second.get("/").await.status, 200);
    stage.provider.be(dora(&[]));
    stage.refused(&stage.app.browser()).await;
    for browser in [second, third] {
        assert_eq!(browser.get("/").await.status, 303, "out everywhere");
    }
}

#[tokio::test]
async fn the_last_administrator_keeps_the_role() {
    let stage = stage().await;
    stage.provider.be(dora(&["admins"]));
    let dora_admin = stage.signed_in().await;
    let people = dora_admin.get("/settings/people?q=alice").await;
    let alice = people.attribute("tbody th a", "href").unwrap();
    dora_admin
        .submit(&alice, &format!("{alice}/disable"), &[])
        .await;

    stage.provider.be(dora(&["staff"]));
    let browser = stage.signed_in().await;
    let told = browser.get("/").await.texts("[role=alert]").concat();
    assert!(told.contains("you are the last one"), "{told}");
    assert_eq!(browser.get("/settings/people").await.status, 200);
    assert_eq!(dora_admin.get("/").await.status, 200, "nothing has changed");

    dora_admin
        .submit(&alice, &format!("{alice}/enable"), &[])
        .await;
    let browser = stage.signed_in().await;
    assert_eq!(browser.get("/settings/people").await.status, 403);
}

#[tokio::test]
async fn where_groups_give_no_roles_only_people_known_here_come_in() {
    let stage = stage_with(|settings, _| {
        settings.openid_administrator_groups.clear();
        settings.openid_contributor_groups.clear();
        settings.openid_viewer_groups.clear();
    })
    .await;
    stage.provider.be(dora(&["admins"]));
    let told = stage.refused(&stage.app.browser()).await;
    assert!(
        told.contains("nobody has let you into Listbridge yet"),
        "{told}"
    );

    let alice = stage.app.sign_in(ALICE).await;
    let new = "/settings/people/new";
    let fields = [
        ("name", "Dora"),
        ("email", "dora@example.com"),
        ("role", "contributor"),
        ("access", "invitation"),
    ];
    let person = alice.submit(new, new, &fields).await.location.unwrap();
    let link = alice.get(&person).await.texts("#link").remove(0);
    let link = link[link.find("/invitation/").unwrap()..].to_owned();
    let browser = stage.app.browser();
    let page = browser.get(&link).await;
    let with_provider = page.attribute("main a", "href").unwrap();
    let answer = stage.sign_in(&browser, &with_provider).await;
    assert_eq!(answer.location.as_deref(), Some("/"));
    assert!(
        browser.get("/account").await.says("Contributor"),
        "the role she was invited with"
    );
    assert_eq!(stage.app.browser().get(&link).await.status, 410, "used");
    // And from then on without the invitation, with the role an administrator gives.
    alice
        .submit(&person, &format!("{person}/role"), &[("role", "viewer")])
        .await;
    assert!(stage.signed_in().await.get("/account").await.says("Viewer"));
}

#[tokio::test]
async fn two_first_sign_ins_at_the_same_moment_are_one_person() {
    let stage = stage().await;
    stage.provider.be(dora(&["staff"]));
    let (one, two) = (stage.app.browser(), stage.app.browser());
    let first = stage.to_provider(&one, START).await;
    let second = stage.to_provider(&two, START).await;
    let (a, b) = tokio::join!(one.get(&first), two.get(&second));
    assert_eq!(
        (a.location.as_deref(), b.location.as_deref()),
        (Some("/"), Some("/")),
        "{:?} {:?}",
        one.get("/sign-in").await.texts("[role=alert]"),
        two.get("/sign-in").await.texts("[role=alert]"),
    );
    assert_eq!(stage.count("SELECT COUNT(*) FROM users").await, 4);
    assert_eq!(stage.app.sign_in(BOB).await.get("/").await.status, 200);
}
