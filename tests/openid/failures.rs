//! Each failure has its own sentence, in both languages, and a way to try again.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::stage::{START, Stage, dora, stage};
use crate::support::ALICE;
use crate::support::openid::Fault;

/// What both languages say; the person is not signed in, and is once the fault is over.
async fn says(stage: &Stage, english: &str, chinese: &str) {
    let told = stage.refused(&stage.app.browser()).await;
    assert!(told.contains(english), "{english}: {told}");
    let told = stage.refused(&stage.app.browser().speaking("zh-HK")).await;
    assert!(told.contains(chinese), "{chinese}: {told}");
}

#[tokio::test]
async fn what_the_provider_refuses_is_said_in_plain_words_beside_its_own() {
    let stage = stage().await;
    stage.provider.be(dora(&["staff"]));
    let entra = |code: u64| {
        let body = json!({ "error": "invalid_grant", "error_codes": [code], "trace_id": "t-1",
            "error_description": format!("AADSTS{code}: for dora@example.com.\r\nTrace ID: t-1") });
        Fault::Token(400, body.to_string())
    };
    let refused = |error: &str| Fault::Token(400, json!({ "error": error }).to_string());
    for (fault, english, chinese) in [
        (
            Fault::Authorize("access_denied", "the user said no"),
            "did not allow the sign-in at Work account",
            "沒有允許在 Work account 登入",
        ),
        (
            Fault::Authorize("login_required", ""),
            "wants you to sign in there first",
            "要求您先在該處登入",
        ),
        (
            Fault::Authorize("temporarily_unavailable", ""),
            "does not answer right now",
            "目前沒有回應",
        ),
        (
            Fault::Authorize("odd_error", "<b>odd</b>"),
            "refused the sign-in",
            "拒絕了登入",
        ),
        (
            refused("invalid_grant"),
            "used or took too long",
            "已使用過或需時過長",
        ),
        (
            refused("invalid_client"),
            "does not accept the secret",
            "不接受 Listbridge 的密碼",
        ),
        (
            entra(50011),
            "must register the redirect URI",
            "重新導向 URI",
        ),
        (
            entra(50034),
            "does not belong to the organization",
            "不屬於使用 Listbridge 的組織",
        ),
        (entra(50053), "has locked this account", "暫時鎖定"),
        (
            entra(50055),
            "has expired. Change it there",
            "已過期。請在該處變更",
        ),
        (
            entra(50057),
            "is disabled at Work account",
            "在 Work account 已停用",
        ),
        (entra(50076), "second factor", "第二重驗證"),
        (entra(50105), "not assigned to Listbridge", "未獲指派"),
        (entra(50126), "did not accept the password", "不接受該密碼"),
        (entra(53003), "from this device or place", "裝置或位置"),
        (entra(54005), "used or took too long", "已使用過或需時過長"),
        (entra(65001), "Nobody has consented", "尚無人在"),
        (entra(65004), "did not allow the sign-in", "沒有允許"),
        (entra(70043), "is too old. Sign in there again", "已過時"),
        (
            entra(70011),
            "does not let Listbridge ask who you are",
            "不允許 Listbridge 查詢",
        ),
        (entra(700_016), "must check the client ID", "用戶端識別碼"),
        (
            entra(700_025),
            "application without a secret",
            "沒有密碼的應用程式",
        ),
        (entra(7_000_222), "wrong or has expired", "密碼錯誤或已過期"),
        (entra(90002), "must check the tenant", "租用戶"),
        (
            Fault::Token(502, "<html>".into()),
            "does not answer right now",
            "目前沒有回應",
        ),
        (
            Fault::Token(200, "<html>".into()),
            "cannot be read",
            "無法讀取",
        ),
        (
            Fault::Token(
                200,
                json!({ "access_token": "a", "token_type": "Bearer" }).to_string(),
            ),
            "cannot be read",
            "無法讀取",
        ),
        (
            Fault::Signature,
            "is not signed by Work account",
            "並非由 Work account 簽署",
        ),
        (
            Fault::Unsigned,
            "is not signed by Work account",
            "並非由 Work account 簽署",
        ),
        (
            Fault::SharedSecret,
            "is not signed by Work account",
            "並非由 Work account 簽署",
        ),
    ] {
        stage.provider.fail(fault.clone());
        says(&stage, english, chinese).await;
        if let Fault::Token(_, body) = &fault
            && body.contains("AADSTS")
        {
            let told = stage.refused(&stage.app.browser()).await;
            assert!(told.contains("Work account says: “AADSTS"), "{told}");
            assert!(!told.contains("dora@example.com"), "{told}");
        }
    }
    stage.provider.fail(Fault::None);
    stage.signed_in().await;
    assert_eq!(
        stage.count("SELECT COUNT(*) FROM user_identities").await,
        1,
        "nobody came in before"
    );
}

#[tokio::test]
async fn a_token_that_is_not_about_this_sign_in_is_not_believed() {
    let stage = stage().await;
    let now = listbridge::clock::Clock::system().now().as_second();
    let with = |name: &str, value: Value| {
        let mut claims = dora(&["staff"]);
        claims[name] = value;
        claims
    };
    for (claims, english, chinese) in [
        (
            with("nonce", json!("another")),
            "belongs to another sign-in",
            "屬於另一次登入",
        ),
        (
            with("nonce", Value::Null),
            "belongs to another sign-in",
            "屬於另一次登入",
        ),
        (
            with("iss", json!("https://evil.example")),
            "comes from somebody else",
            "並非來自",
        ),
        (
            with("aud", json!("another-app")),
            "meant for another application",
            "另一個應用程式",
        ),
        (
            with("aud", json!(["listbridge at work", "another-app"])),
            "meant for another application",
            "另一個應用程式",
        ),
        (
            with("exp", json!(now - 3_600)),
            "too old or from the future",
            "過舊或來自未來",
        ),
        (
            with("iat", json!(now + 3_600)),
            "too old or from the future",
            "過舊或來自未來",
        ),
        (
            with("nbf", json!(now + 3_600)),
            "too old or from the future",
            "過舊或來自未來",
        ),
        (
            with("sub", json!("")),
            "does not say who you are",
            "沒有說明您是誰",
        ),
        (with("sub", Value::Null), "cannot be read", "無法讀取"),
        (
            with("email", Value::Null),
            "does not tell Listbridge your email address",
            "電子郵件地址",
        ),
        (
            with("email", json!("not an address")),
            "does not tell Listbridge your email address",
            "電子郵件地址",
        ),
        (
            with("groups", json!(["nobody"])),
            "None of your groups",
            "均不可使用 Listbridge",
        ),
        (
            with("groups", Value::Null),
            "None of your groups",
            "均不可使用 Listbridge",
        ),
        (
            with("groups", json!({ "staff": true })),
            "None of your groups",
            "均不可使用 Listbridge",
        ),
        (
            with("_claim_names", json!({ "groups": "src1" })),
            "more groups than",
            "超過",
        ),
    ] {
        stage.provider.be(claims);
        says(&stage, english, chinese).await;
    }
    // Within a minute clocks may differ.
    stage.provider.be(with("exp", json!(now - 30)));
    stage.signed_in().await;
}

#[tokio::test]
async fn a_provider_that_is_down_or_describes_itself_wrongly_is_told_apart() {
    let stage = stage().await;
    stage.provider.be(dora(&["staff"]));
    let url = stage.provider.url.clone();
    let document = |change: fn(&mut Value)| {
        let mut value = json!({
            "issuer": url, "authorization_endpoint": format!("{url}/authorize"),
            "token_endpoint": format!("{url}/token"), "jwks_uri": format!("{url}/keys"),
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        });
        change(&mut value);
        Fault::Discovery(value.to_string())
    };
    let untrusted = ("in a way Listbridge cannot trust", "不能為 Listbridge 信任");
    for (fault, (english, chinese)) in [
        (Fault::Down, ("does not answer right now", "目前沒有回應")),
        (Fault::Discovery("<html>".into()), untrusted),
        (Fault::Discovery("{}".into()), untrusted),
        (
            Fault::Discovery("x".repeat(600_000)),
            ("cannot be read", "無法讀取"),
        ),
        (
            document(|value| value["issuer"] = "https://evil.example".into()),
            untrusted,
        ),
        (
            document(|value| value["token_endpoint"] = "http://elsewhere.example/token".into()),
            untrusted,
        ),
        (
            document(|value| value["token_endpoint"] = Value::Null),
            untrusted,
        ),
        (
            document(|value| value["authorization_endpoint"] = "javascript:alert(1)".into()),
            untrusted,
        ),
    ] {
        stage.provider.fail(fault);
        for (lang, text) in [("en", english), ("zh-HK", chinese)] {
            let browser = stage.app.browser().speaking(lang);
            let answer = browser.get(START).await;
            let told = stage.told(&browser, &answer).await;
            assert!(told.contains(text), "{text}: {told}");
        }
    }
    stage.provider.fail(Fault::None);
    stage.signed_in().await;
}

#[tokio::test]
async fn an_answer_counts_once_in_the_browser_it_was_asked_for() {
    let stage = stage().await;
    stage.provider.be(dora(&["staff"]));
    let browser = stage.app.browser();
    let callback = stage.to_provider(&browser, START).await;

    // Somebody else's browser, with the address or with none of it.
    let eve = stage.app.browser();
    for path in [
        callback.as_str(),
        "/oauth/openid/callback",
        "/oauth/openid/callback?state=x&code=y",
    ] {
        let answer = eve.get(path).await;
        let told = stage.told(&eve, &answer).await;
        assert!(
            told.contains("does not belong to a sign-in of this browser"),
            "{told}"
        );
    }
    // The cookie as it is before the answer is used.
    let copy = browser.get(&callback).await;
    assert_eq!(copy.location.as_deref(), Some("/"));
    let again = browser.get(&callback).await;
    assert_eq!(again.location.as_deref(), Some("/sign-in"));
    let told = browser.get("/").await.texts("[role=alert]").concat();
    assert!(told.contains("was used before"), "{told}");
}

#[tokio::test]
async fn a_copied_cookie_does_not_let_an_answer_count_twice() {
    let stage = stage().await;
    stage.provider.be(dora(&["staff"]));
    let plain = || {
        reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap()
    };
    let url = |path: &str| format!("{}{path}", stage.app.base_url);
    let sent = plain().get(url(START)).send().await.unwrap();
    let cookie = sent.headers()["set-cookie"]
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let address = sent.headers()["location"].to_str().unwrap().to_owned();
    let callback = stage.through(&stage.app.browser(), &address).await;
    let mut ends = Vec::new();
    for _ in 0..2 {
        let answer = plain()
            .get(url(&callback))
            .header("cookie", &cookie)
            .send()
            .await
            .unwrap();
        ends.push(answer.headers()["location"].to_str().unwrap().to_owned());
    }
    assert_eq!(ends, ["/", "/sign-in"]);
}

#[tokio::test]
async fn whoever_takes_longer_than_ten_minutes_signs_in_again() {
    let stage = stage().await;
    stage.provider.be(dora(&["staff"]));
    let browser = stage.app.browser();
    let callback = stage.to_provider(&browser, START).await;
    stage.time.pass(SignedDuration::from_secs(601));
    let answer = browser.get(&callback).await;
    let told = stage.told(&browser, &answer).await;
    assert!(told.contains("longer than ten minutes"), "{told}");

    let callback = stage.to_provider(&browser, START).await;
    stage.time.pass(SignedDuration::from_secs(599));
    // The token the code buys is made now, so it is fresh.
    assert_eq!(browser.get(&callback).await.location.as_deref(), Some("/"));
}

#[tokio::test]
async fn a_disabled_or_removed_person_stays_out() {
    let stage = stage().await;
    stage.provider.be(dora(&["staff"]));
    let browser = stage.signed_in().await;
    let alice = stage.app.sign_in(ALICE).await;
    let people = alice.get("/settings/people?q=dora").await;
    let person = people.attribute("tbody th a", "href").unwrap();
    alice
        .submit(&person, &format!("{person}/disable"), &[])
        .await;
    assert_eq!(browser.get("/").await.status, 303, "signed out at once");
    says(&stage, "account is disabled", "帳戶已停用").await;
    alice
        .submit(&person, &format!("{person}/enable"), &[])
        .await;
    stage.signed_in().await;
    // Whoever was removed comes in as somebody new, if their groups still allow it.
    alice
        .submit(&person, &format!("{person}/remove"), &[])
        .await;
    stage.signed_in().await;
    let people = alice.get("/settings/people?q=dora").await;
    assert_ne!(people.attribute("tbody th a", "href").unwrap(), person);
}
