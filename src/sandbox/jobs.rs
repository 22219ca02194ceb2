//! Does the work of activities, one after the other in order of creation, on a thread of its own.
//!
//! A thread, because parsing 40,000 rows must not hold up requests. A job begins when its activity leaves
//! `initialized` by the sandbox's clock, which a test may move by hand: hence the short re-check while one waits.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use tokio::sync::Notify;
use uuid::Uuid;

use super::{activities::Report, server::Core};

/// How often a waiting job's due time is compared with the clock.
const RECHECK: Duration = Duration::from_millis(5);

pub(super) type Work = Box<dyn FnOnce(&Core) -> Report + Send>;

struct Job {
    activity: Uuid,
    due: Timestamp,
    work: Work,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Job>,
    is_busy: bool,
    is_closed: bool,
}

/// The queue between requests and the working thread.
#[derive(Default)]
pub(super) struct Jobs {
    queue: Mutex<Queue>,
    changed: Condvar,
    done: Notify,
}

impl Jobs {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, activity: Uuid, due: Timestamp, work: Work) {
        self.queue().waiting.push_back(Job {
            activity,
            due,
            work,
        });
        self.changed.notify_all();
    }

    /// Lets the working thread end; waiting jobs are dropped.
    pub(super) fn close(&self) {
        self.queue().is_closed = true;
        self.changed.notify_all();
        self.done.notify_waiters();
    }

    /// Waits until no job that is due at `now` is left.
    pub(super) async fn settled(&self, now: Timestamp) {
        loop {
            let done = self.done.notified();
            tokio::pin!(done);
            done.as_mut().enable();
            let is_settled = {
                let queue = self.queue();
                queue.is_closed
                    || (!queue.is_busy && queue.waiting.front().is_none_or(|job| job.due > now))
            };
            if is_settled {
                return;
            }
            done.await;
        }
    }

    /// The working thread: takes jobs until the queue is closed.
    pub(super) fn work(&self, core: &Core) {
        while let Some(job) = self.next(core) {
            let report = (job.work)(core);
            let now = core.options.clock.now();
            core.state().activities.finish(job.activity, report, now);
            self.queue().is_busy = false;
            self.done.notify_waiters();
        }
    }

    fn next(&self, core: &Core) -> Option<Job> {
        let mut queue = self.queue();
        loop {
            if queue.is_closed {
                queue.waiting.clear();
                return None;
            }
            match queue.waiting.front() {
                Some(job) if job.due <= core.options.clock.now() => {
                    queue.is_busy = true;
                    return queue.waiting.pop_front();
                }
                Some(_) => {
                    let waited = self.changed.wait_timeout(queue, RECHECK);
                    queue = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
                None => {
                    queue = self
                        .changed
                        .wait(queue)
                        .unwrap_or_else(PoisonError::into_inner)
                }
            }
        }
    }
}
