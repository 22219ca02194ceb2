use jiff::ToSpan;

use super::*;

fn scopes() -> Vec<String> {
    vec!["contact_data".to_owned(), "offline_access".to_owned()]
}

fn start() -> (TokenStore, TokenRules, Timestamp) {
    (
        TokenStore::default(),
        TokenRules::default(),
        "2026-03-01T10:00:00Z".parse().unwrap(),
    )
}

fn code(store: &mut TokenStore, now: Timestamp, challenge: Option<String>) -> String {
    let request = AuthorizationRequest {
        redirect_uri: "http://localhost/cb".to_owned(),
        scopes: scopes(),
        state: None,
        code_challenge: challenge,
    };
    store.issue_code(request, 0, now)
}

#[test]
fn a_code_works_once_within_300_seconds_for_its_redirect_uri() {
    let (mut store, rules, now) = start();
    let uri = "http://localhost/cb";
    let good = code(&mut store, now, None);
    assert!(
        store
            .redeem_code(
                (&good, None),
                uri,
                Proof::Secret,
                &rules,
                now + 299.seconds()
            )
            .is_ok()
    );
    assert!(
        store
            .redeem_code((&good, None), uri, Proof::Secret, &rules, now)
            .is_err(),
        "used"
    );
    let old = code(&mut store, now, None);
    assert!(
        store
            .redeem_code(
                (&old, None),
                uri,
                Proof::Secret,
                &rules,
                now + 300.seconds()
            )
            .is_err()
    );
    let elsewhere = code(&mut store, now, None);
    assert!(
        store
            .redeem_code(
                (&elsewhere, None),
                "http://localhost/other",
                Proof::Secret,
                &rules,
                now
            )
            .is_err()
    );
    let proved = code(&mut store, now, Some(challenge_of("verifier")));
    assert!(
        store
            .redeem_code((&proved, Some("verifier")), uri, Proof::Secret, &rules, now)
            .is_ok()
    );
    let unproved = code(&mut store, now, Some(challenge_of("verifier")));
    assert!(
        store
            .redeem_code((&unproved, None), uri, Proof::Secret, &rules, now)
            .is_err()
    );
}

#[test]
fn rotating_tokens_are_single_use_and_long_lived_ones_are_not() {
    let (mut store, rules, now) = start();
    let first = store
        .start_family(0, scopes(), Proof::Secret, &rules, now)
        .refresh_token
        .unwrap();
    let second = store
        .refresh(&first, Proof::Secret, RefreshTokens::Rotating, &rules, now)
        .unwrap()
        .refresh_token
        .unwrap();
    assert_ne!(first, second);
    assert!(
        store
            .refresh(&first, Proof::Secret, RefreshTokens::Rotating, &rules, now)
            .is_err()
    );
    assert!(
        store
            .refresh(&second, Proof::Secret, RefreshTokens::Rotating, &rules, now)
            .is_ok(),
        "no family kill by default"
    );

    let lasting = store
        .start_family(0, scopes(), Proof::Secret, &rules, now)
        .refresh_token
        .unwrap();
    for _ in 0..2 {
        let again = store
            .refresh(
                &lasting,
                Proof::Secret,
                RefreshTokens::LongLived,
                &rules,
                now,
            )
            .unwrap();
        assert_eq!(again.refresh_token.as_ref(), Some(&lasting));
    }
}

#[test]
fn refresh_tokens_die_after_180_unused_days() {
    let (mut store, rules, now) = start();
    let token = store
        .start_family(0, scopes(), Proof::Secret, &rules, now)
        .refresh_token
        .unwrap();
    let day_179 = now + (179 * 24).hours();
    assert!(
        store
            .refresh(
                &token,
                Proof::Secret,
                RefreshTokens::LongLived,
                &rules,
                day_179
            )
            .is_ok()
    );
    let unused_180 = day_179 + (180 * 24).hours();
    assert!(
        store
            .refresh(
                &token,
                Proof::Secret,
                RefreshTokens::LongLived,
                &rules,
                unused_180
            )
            .is_err()
    );
}

#[test]
fn grace_and_family_kill_are_switches() {
    let (mut store, mut rules, now) = start();
    rules.rotation_grace = Duration::from_secs(30);
    rules.reuse_kills_family = true;
    let first = store
        .start_family(0, scopes(), Proof::Secret, &rules, now)
        .refresh_token
        .unwrap();
    let second = store
        .refresh(&first, Proof::Secret, RefreshTokens::Rotating, &rules, now)
        .unwrap();
    let repeated = store
        .refresh(
            &first,
            Proof::Secret,
            RefreshTokens::Rotating,
            &rules,
            now + 29.seconds(),
        )
        .unwrap();
    assert_eq!(repeated.refresh_token, second.refresh_token);
    assert!(
        store
            .refresh(
                &first,
                Proof::Secret,
                RefreshTokens::Rotating,
                &rules,
                now + 31.seconds()
            )
            .is_err()
    );
    assert!(
        store.bearer(&second.access_token, now).is_none(),
        "access tokens die with the family"
    );
    let newest = second.refresh_token.unwrap();
    assert!(
        store
            .refresh(&newest, Proof::Secret, RefreshTokens::Rotating, &rules, now)
            .is_err()
    );
}

#[test]
fn access_tokens_look_like_the_vendors_and_live_a_day() {
    let (mut store, rules, now) = start();
    let without_offline = vec!["contact_data".to_owned()];
    let issued = store.start_family(1, without_offline, Proof::Secret, &rules, now);
    assert_eq!(issued.refresh_token, None);
    assert!(
        (1_000..=1_300).contains(&issued.access_token.len()),
        "{}",
        issued.access_token.len()
    );
    assert_eq!(
        store
            .bearer(&issued.access_token, now + 86_399.seconds())
            .unwrap()
            .user,
        1
    );
    assert!(
        store
            .bearer(&issued.access_token, now + 86_400.seconds())
            .is_none()
    );
    assert!(store.revoke(&issued.access_token, Proof::IdAlone).is_err());
    store.revoke(&issued.access_token, Proof::Secret).unwrap();
    assert!(store.bearer(&issued.access_token, now).is_none());
}
