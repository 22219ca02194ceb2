//! A page's changing part as server-sent events, whenever it changes.

use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, ContentEncoding};
use actix_web::web::{Bytes, Data};
use actix_web::{Error, HttpResponse};
use futures_util::future::LocalBoxFuture;
use futures_util::stream::{self, Stream};
use sea_orm::DatabaseConnection;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};
use uuid::Uuid;

use super::{Page, SignedIn};
use crate::auth;
use crate::clock::Clock;

/// How often is looked; people do not read faster.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A silent stream sends a comment this often, so that proxies keep it open.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(15);
/// A stream ends after this long; browsers open another one by themselves.
const LIFETIME: Duration = Duration::from_secs(600);

/// What the visitor would see now, and whether it will not change any more.
pub(crate) struct Shown {
    pub(crate) html: String,
    pub(crate) is_over: bool,
}

/// Draws what is followed; `None` ends the stream.
type Draw = Box<dyn Fn(Page) -> LocalBoxFuture<'static, Option<Shown>>>;

/// Follows what `draw` draws for a page of `section`, until it is over, the visitor's session has ended, or ten minutes have passed.
pub(crate) fn follow(
    visit: &SignedIn,
    section: &'static str,
    db: Data<DatabaseConnection>,
    clock: Data<Clock>,
    draw: impl Fn(Page) -> LocalBoxFuture<'static, Option<Shown>> + 'static,
) -> HttpResponse {
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let follower = Follower {
        page: visit.page(section),
        session_id: visit.session_id,
        db,
        clock,
        draw: Box::new(draw),
        ticks,
        opened: Instant::now(),
        spoke: Instant::now(),
        shown: String::new(),
        is_over: false,
    };
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header(ContentEncoding::Identity) // a compressor would hold events back
        .streaming(follower.stream())
}

struct Follower {
    page: Page,
    session_id: Uuid,
    db: Data<DatabaseConnection>,
    clock: Data<Clock>,
    draw: Draw,
    ticks: Interval,
    opened: Instant,
    spoke: Instant,
    shown: String,
    is_over: bool,
}

impl Follower {
    fn stream(self) -> impl Stream<Item = Result<Bytes, Error>> {
        stream::unfold(self, |mut follower| async move {
            let event = follower.next_event().await?;
            Some((Ok(Bytes::from(event)), follower))
        })
    }

    async fn next_event(&mut self) -> Option<String> {
        loop {
            if self.is_over || self.opened.elapsed() > LIFETIME {
                return None;
            }
            self.ticks.tick().await;
            let is_signed_in = auth::store::is_session_active(&**self.db, self.session_id).await;
            if !is_signed_in.unwrap_or(false) {
                return None;
            }
            self.page.now = self.clock.now();
            let shown = (self.draw)(self.page.clone()).await?;
            self.is_over = shown.is_over;
            if shown.html != self.shown {
                self.spoke = Instant::now();
                let lines = shown.html.lines();
                let mut event: String = lines.map(|line| format!("data: {line}\n")).collect();
                event.push('\n');
                if self.is_over {
                    event.push_str("event: done\ndata: done\n\n");
                }
                self.shown = shown.html;
                return Some(event);
            }
            if self.spoke.elapsed() > HEARTBEAT_EVERY {
                self.spoke = Instant::now();
                return Some(": still here\n\n".into());
            }
        }
    }
}
