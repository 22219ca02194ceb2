//! The list of exports in a real Chromium, by visible labels, in both languages, every page checked for accessibility.

use crate::stage::Stage;
use crate::support::ALICE;
use crate::support::webdriver::{ChromeDriver, Tab};

/// What the pages say in a language.
struct Words {
    lang: &'static str,
    select: &'static str,
    selected: &'static str,
    duplicate: &'static str,
    form: &'static str,
    copy: &'static str,
    save: &'static str,
    saved: &'static str,
    more: &'static str,
    detach: &'static str,
    detach_question: &'static str,
    no_connection: &'static str,
    select_all: &'static str,
    both_selected: &'static str,
    remove: &'static str,
    remove_question: &'static str,
    removed: &'static str,
    search: &'static str,
    apply: &'static str,
    nothing: &'static str,
    schedule: &'static str,
    schedule_title: &'static str,
    define: &'static str,
    weekly: &'static str,
    no_day: &'static str,
    friday: &'static str,
    show_next: &'static str,
    next_runs: &'static str,
    scheduled: &'static str,
    shown: &'static str,
}

const WORDS: [Words; 2] = [
    Words {
        lang: "en",
        select: "Select Weekly",
        selected: "1 selected",
        duplicate: "Create duplicate",
        form: "Set up export",
        copy: "Weekly (copy)",
        save: "Save",
        saved: "Weekly (copy) has been saved",
        more: "More actions for Weekly",
        detach: "Detach connection",
        detach_question: "keeps its configuration but is inactive",
        no_connection: "No Connection",
        select_all: "Select all exports on this page",
        both_selected: "2 selected",
        remove: "Remove",
        remove_question: "Remove 2 exports?",
        removed: "2 exports have been removed.",
        search: "Search",
        apply: "Apply",
        nothing: "Nothing found",
        schedule: "Schedule",
        schedule_title: "Schedule multiple exports (2)",
        define: "Define new schedule for all selected exports",
        weekly: "Weekly",
        no_day: "Choose at least one day of the week.",
        friday: "Friday",
        show_next: "Show next runs",
        next_runs: "Next five runs",
        scheduled: "The schedules of 2 exports have been saved.",
        shown: "Weekly on Friday at 06:00",
    },
    Words {
        lang: "zh-HK",
        select: "選取 Weekly",
        selected: "已選取 1 項",
        duplicate: "建立複本",
        form: "設定匯出",
        copy: "Weekly（複本）",
        save: "儲存",
        saved: "已儲存 Weekly（複本）",
        more: "Weekly 的更多動作",
        detach: "中斷連接",
        detach_question: "匯出會保留其設定",
        no_connection: "無連接",
        select_all: "選取此頁的所有匯出",
        both_selected: "已選取 2 項",
        remove: "移除",
        remove_question: "確定要移除 2 個匯出嗎？",
        removed: "已移除 2 個匯出。",
        search: "搜尋",
        apply: "套用",
        nothing: "找不到項目",
        schedule: "排程",
        schedule_title: "排程多個匯出（2 個）",
        define: "為選取的所有匯出定義新排程",
        weekly: "每週",
        no_day: "請至少選擇一個星期幾。",
        friday: "星期五",
        show_next: "顯示未來執行時間",
        next_runs: "未來五次執行",
        scheduled: "已儲存 2 個匯出的排程。",
        shown: "每週星期五 06:00",
    },
];

#[tokio::test]
async fn exports_are_duplicated_detached_and_removed_by_their_labels() {
    let Some(driver) = ChromeDriver::start() else {
        return;
    };
    for words in WORDS {
        let stage = Stage::set().await;
        stage.store_export("Weekly", |_| ()).await;
        let tab = driver.open(&stage.app.base_url, words.lang).await;
        tab.goto("/exports").await;
        tab.sign_in(ALICE.email).await;
        duplicate(&tab, &words).await;
        let mut names: Vec<_> = stage
            .exports()
            .await
            .into_iter()
            .map(|e| e.definition.name)
            .collect();
        names.sort();
        assert_eq!(names, ["Weekly", words.copy]);
        detach(&tab, &words).await;
        remove_all(&tab, &words).await;
        assert!(stage.exports().await.is_empty());
    }
}

#[tokio::test]
async fn several_exports_are_scheduled_by_their_labels() {
    let Some(driver) = ChromeDriver::start() else {
        return;
    };
    for words in WORDS {
        let stage = Stage::set().await;
        let first = stage.store_export("First", |_| ()).await;
        stage.store_export("Second", |_| ()).await;
        let tab = driver.open(&stage.app.base_url, words.lang).await;
        tab.goto("/exports").await;
        tab.sign_in(ALICE.email).await;
        tab.tick(words.select_all).await;
        tab.see(words.both_selected).await;
        tab.press(words.schedule).await;
        tab.see(words.schedule_title).await;
        tab.check_accessibility().await;
        tab.tick(words.define).await;
        tab.tick(words.weekly).await;
        tab.check_accessibility().await;
        tab.press(words.save).await;
        tab.see(words.no_day).await;
        tab.check_accessibility().await;
        tab.tick(words.friday).await;
        tab.press(words.show_next).await;
        tab.see(words.next_runs).await;
        tab.check_accessibility().await;
        tab.press(words.save).await;
        tab.see(words.scheduled).await;
        tab.see(words.shown).await;
        tab.check_accessibility().await;
        tab.goto(&format!("/exports/{}", first.id)).await;
        tab.see(words.shown).await;
        tab.check_accessibility().await;
    }
}

#[tokio::test]
async fn what_was_typed_into_a_field_that_is_hidden_now_does_not_stop_a_schedule() {
    let Some(driver) = ChromeDriver::start() else {
        return;
    };
    for (lang, [hourly, minute, daily, save, saved]) in [
        (
            "en",
            [
                "Hourly",
                "Minute of the hour",
                "Daily",
                "Save",
                "Daily at 06:00",
            ],
        ),
        (
            "zh-HK",
            ["每小時", "每小時的第幾分鐘", "每日", "儲存", "每日 06:00"],
        ),
    ] {
        let stage = Stage::set().await;
        let export = stage.store_export("Weekly", |_| ()).await;
        let tab = driver.open(&stage.app.base_url, lang).await;
        tab.goto(&format!("/exports/schedule?ids={}", export.id))
            .await;
        tab.sign_in(ALICE.email).await;
        tab.tick(hourly).await;
        tab.fill(minute, "75").await;
        tab.tick(daily).await;
        tab.press(save).await;
        tab.arrive("/exports").await;
        tab.see(saved).await;
    }
}

async fn duplicate(tab: &Tab, words: &Words) {
    tab.see("Weekly").await;
    tab.check_accessibility().await;
    tab.tick(words.select).await;
    tab.see(words.selected).await;
    tab.check_accessibility().await;
    tab.press(words.duplicate).await;
    tab.see(words.form).await;
    tab.wait_for("form[data-export-form]").await;
    tab.check_accessibility().await;
    tab.press(words.save).await;
    tab.see(words.saved).await;
}

async fn detach(tab: &Tab, words: &Words) {
    tab.click(words.more).await;
    tab.wait_for(".row-menu[open]").await;
    tab.check_accessibility().await;
    tab.click(words.detach).await;
    tab.wait_for("dialog[open]").await;
    tab.see(words.detach_question).await;
    tab.check_accessibility().await;
    tab.press(words.detach).await;
    tab.see(words.no_connection).await;
}

async fn remove_all(tab: &Tab, words: &Words) {
    tab.fill(words.search, "nothing like it").await;
    tab.press(words.apply).await;
    tab.see(words.nothing).await;
    tab.check_accessibility().await;
    tab.goto("/exports?sort=updated&dir=desc").await;
    tab.check_accessibility().await;
    tab.tick(words.select_all).await;
    tab.see(words.both_selected).await;
    tab.press(words.remove).await;
    tab.see(words.remove_question).await;
    tab.check_accessibility().await;
    tab.press(words.remove).await;
    tab.see(words.removed).await;
}
