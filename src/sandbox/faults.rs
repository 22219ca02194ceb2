//! Planned misbehaviour: which requests go wrong, and how.
//!
//! Resets are real closed connections: the response body fails before its first byte is flushed, so the client sees
//! the connection end without an answer. What is approximated: the connection ends with an ordinary close, unless
//! unread request bytes make the operating system send a reset; a "connection refused" is had by
//! [`Sandbox::disconnect`](super::Sandbox::disconnect), or from a request on by [`FaultKind::StopsListening`].

use std::time::Duration;

use tokio::sync::watch;

use super::endpoint::Endpoint;

/// A rule: requests to `endpoint` go wrong in the way of `kind`, as often as `when` says.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Which operation is hit.
    pub endpoint: Endpoint,
    /// Which of its requests, counted from the moment the rule is set.
    pub when: When,
    /// What happens to them.
    pub kind: FaultKind,
}

/// Which of an endpoint's requests a fault hits, counted from 1 at the moment the rule is set.
#[derive(Clone, Copy, Debug)]
pub enum When {
    /// Every one.
    Always,
    /// Only this one.
    Nth(u64),
    /// This many, from the first.
    First(u64),
    /// This one and all after it.
    From(u64),
}

impl When {
    fn hits(self, number: u64) -> bool {
        match self {
            Self::Always => true,
            Self::Nth(n) => number == n,
            Self::First(n) => number <= n,
            Self::From(n) => number >= n,
        }
    }
}

/// What goes wrong. "Accepted" means: the request had its full effect first.
#[derive(Clone, Debug)]
pub enum FaultKind {
    /// This status with the body it has at the vendor; the request has no effect.
    Status(u16),
    /// This status although the request was accepted.
    StatusAfterAccepted(u16),
    /// An HTML error page with this status, as from a proxy; the request has no effect.
    HtmlErrorPage(u16),
    /// 429 `throttled`.
    Throttled,
    /// 429 `quota_exceeded`.
    QuotaExceeded,
    /// 429 for a full activity queue.
    QueueFull,
    /// Accepted, but the JSON of the complete answer ends in the middle.
    MalformedJson,
    /// Accepted, but the connection closes in the middle of the answer's body.
    TruncatedJson,
    /// The connection closes without an answer; the request has no effect.
    ResetBeforeRequest,
    /// The connection closes without an answer although the request was accepted.
    ResetAfterAccepted,
    /// Accepted, and answered after this long (real time).
    Slow(Duration),
    /// Accepted, and answered when the rule is lifted.
    Held,
    /// Accepted, but the answer's body never ends.
    NeverEnds,
    /// Accepted after it was answered: the activity this request creates is absent from the list the first times it is
    /// read.
    AcceptedLate {
        /// What is answered; without it no answer ever comes.
        status: Option<u16>,
        /// How many times the list is read without it.
        listings: u64,
    },
    /// The activity created by this request ends so, without any effect on contacts.
    ActivityOutcome(ImposedOutcome),
    /// The activity created by this request does its work but cannot be found afterwards (404, absent from the list).
    ActivityGone,
    /// The activity created by this request is absent from the list, but found by its id.
    ActivityUnlisted,
    /// The connection closes without an answer, and from then on nobody listens, until
    /// [`Sandbox::reconnect`](super::Sandbox::reconnect).
    StopsListening,
    /// The file that this export makes has no `contact_id`.
    FileWithoutIds,
    /// The lists named by this bulk request are deleted right after it was accepted.
    ListDeleted,
}

/// How an activity ends against its nature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImposedOutcome {
    /// Ends `failed`.
    Failed,
    /// Ends `cancelled`.
    Cancelled,
    /// Ends `timed_out`.
    TimedOut,
    /// Ends `completed`, with nothing done and an error that says so.
    Idle,
    /// Stays in `processing` for ever.
    Stuck,
}

/// Names one rule, to lift it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultId(u64);

/// The rules in force. The first that hits decides.
#[derive(Default)]
pub(super) struct Faults {
    rules: Vec<Rule>,
    last_id: u64,
}

struct Rule {
    id: FaultId,
    seen: u64,
    fault: Fault,
    in_force: watch::Sender<()>,
}

/// What goes wrong with one request.
pub(super) struct Struck {
    pub(super) kind: FaultKind,
    in_force: watch::Receiver<()>,
}

impl Struck {
    /// Returns when the rule is lifted.
    pub(super) async fn lifted(mut self) {
        // Nothing is ever sent: the wait fails when the rule is gone.
        let _ = self.in_force.changed().await;
    }
}

impl Faults {
    pub(super) fn set(&mut self, fault: Fault) -> FaultId {
        self.last_id += 1;
        let id = FaultId(self.last_id);
        self.rules.push(Rule {
            id,
            seen: 0,
            fault,
            in_force: watch::Sender::new(()),
        });
        id
    }

    pub(super) fn lift(&mut self, id: FaultId) {
        self.rules.retain(|rule| rule.id != id);
    }

    pub(super) fn lift_all(&mut self) {
        self.rules.clear();
    }

    /// Counts a request to `endpoint` in every rule about it and tells what goes wrong with it, if anything.
    pub(super) fn strike(&mut self, endpoint: Endpoint) -> Option<Struck> {
        let mut struck = None;
        for rule in self
            .rules
            .iter_mut()
            .filter(|rule| rule.fault.endpoint == endpoint)
        {
            rule.seen += 1;
            if struck.is_none() && rule.fault.when.hits(rule.seen) {
                struck = Some(Struck {
                    kind: rule.fault.kind.clone(),
                    in_force: rule.in_force.subscribe(),
                });
            }
        }
        struck
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_hit_the_requests_they_name() {
        for (when, expected) in [
            (When::Always, [true, true, true, true]),
            (When::Nth(2), [false, true, false, false]),
            (When::First(2), [true, true, false, false]),
            (When::From(3), [false, false, true, true]),
        ] {
            let mut faults = Faults::default();
            let id = faults.set(Fault {
                endpoint: Endpoint::ImportFile,
                when,
                kind: FaultKind::Throttled,
            });
            let struck = [0; 4].map(|_| {
                assert!(
                    faults.strike(Endpoint::GetList).is_none(),
                    "another endpoint"
                );
                faults.strike(Endpoint::ImportFile).is_some()
            });
            assert_eq!(struck, expected, "{when:?}");
            faults.lift(id);
            assert!(faults.strike(Endpoint::ImportFile).is_none());
        }
    }
}
