//! Notices: read, and told by mail and webhook.

use listbridge::notices::{Details, Kind, raise};
use listbridge::storage::entities::{notice, notice_delivery, notice_webhook};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::book::{Actor, Book, to};
use crate::receivers::MailServer;
use crate::support::{ALICE, spawn_app};

const HOOKS: &str = "/settings/system/notices/webhooks";

pub(crate) async fn tell(book: &mut Book) {
    let app = spawn_app().await;
    let alice = Actor::signed_in(&app, ALICE).await;
    let db = &**app.services.db;
    let server = MailServer::start().await;
    let port = server.port.to_string();
    let settings = [
        ("rejected_percent", "7"),
        ("host", "127.0.0.1"),
        ("port", &*port),
        ("security", "none"),
        ("user", "me"),
        ("password", "s3cret-word"),
        ("from", "listbridge@example.com"),
    ];
    let step = to("/settings/system/notices");
    book.post(&alice, step, &settings).await;
    let step = to("/settings/system/notices/test");
    book.post(&alice, step, &[]).await;

    let receiver = MockServer::start().await;
    let answer = ResponseTemplate::new(200);
    Mock::given(any())
        .respond_with(answer)
        .mount(&receiver)
        .await;
    let url = format!("{}/hidden-path?token=hidden-token", receiver.uri());
    book.hide("hidden-path");
    book.hide("hidden-token");
    let added = book.post(&alice, to(HOOKS), &[("url", &url)]).await;
    book.hide(added.texts("#webhook-secret").concat());
    let hook = notice_webhook::Entity::find().one(db).await;
    let hook = hook.unwrap().unwrap().id;
    let step = to("/settings/system/notices/webhooks/{id}/test").with(hook);
    book.post(&alice, step, &[]).await;

    let (subject, details) = (Uuid::now_v7(), Details::named("Weekly"));
    let now = app.services.clock.now();
    raise(db, Kind::RunFailed, subject, details, now)
        .await
        .unwrap();
    app.services.courier.tick().await.unwrap();
    // As if the webhook had not taken it.
    use notice_delivery::Column;
    notice_delivery::Entity::update_many()
        .col_expr(Column::State, Expr::value("failed"))
        .filter(Column::TargetId.eq(hook))
        .exec(db)
        .await
        .unwrap();
    let failed = notice_delivery::Entity::find().filter(Column::TargetId.eq(hook));
    let failed = failed.one(db).await.unwrap().unwrap().id;
    let step = to("/settings/system/notices/deliveries/{id}/retry").with(failed);
    book.post(&alice, step, &[]).await;
    let notice = notice::Entity::find().one(db).await.unwrap().unwrap().id;
    let step = to("/notices/{id}/read").with(notice);
    book.post(&alice, step, &[]).await;
    book.post(&alice, to("/notices/read"), &[]).await;
    let step = to("/settings/system/notices/webhooks/{id}/remove").with(hook);
    book.post(&alice, step, &[]).await;
    book.close(&app).await;
}
