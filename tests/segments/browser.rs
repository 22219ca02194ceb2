//! What only a browser does in the condition builder.

use crate::PEOPLE;
use crate::support::webdriver::ChromeDriver;
use crate::support::{ALICE, spawn_app};

#[tokio::test]
async fn a_date_that_does_not_exist_is_kept_until_it_is_corrected() {
    let Some(driver) = ChromeDriver::start() else {
        return;
    };
    let app = spawn_app().await;
    app.import("People", PEOPLE).await;
    for (lang, [field, operator, equal, value, save, message], typed) in [
        (
            "en",
            [
                "Field",
                "Operator",
                "= equal to",
                "Value",
                "Save",
                "This is incomplete or does not exist. Correct it, or leave the field empty.",
            ],
            "02312026",
        ),
        (
            "zh-HK",
            [
                "欄位",
                "運算子",
                "= 等於",
                "值",
                "儲存",
                "輸入的內容不完整或不存在。請更正，或將欄位留空。",
            ],
            "3",
        ),
    ] {
        let tab = driver.open(&app.base_url, lang).await;
        tab.goto("/segments/new").await;
        tab.sign_in(ALICE.email).await;
        tab.select(field, "Born").await;
        tab.select(operator, equal).await;
        tab.wait_for("#c0-value[type=date][max='9999-12-31']").await;
        tab.fill(value, typed).await;
        tab.press(save).await;
        tab.wait_for("#c0-value:focus:invalid").await;
        let script = "const field = document.getElementById('c0-value');
            return [field.validationMessage, field.validity.badInput];";
        let said = tab.client.execute(script, vec![]).await.unwrap();
        assert_eq!(said, serde_json::json!([message, true]));
        assert_eq!(tab.path().await, "/segments/new");
    }
}
