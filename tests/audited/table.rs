//! What every route leaves in the audit log.

/// What a request adds.
#[derive(Clone, Copy)]
pub(crate) enum Entry {
    /// These events, in this order.
    Adds(&'static [Mark]),
    /// None, for this reason.
    Nothing(&'static str),
}

/// An event.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    pub(crate) action: &'static str,
    pub(crate) holds: Holds,
    /// Nobody is known yet, or the system decides.
    pub(crate) is_by_nobody: bool,
}

/// What an event says about a configuration that was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    Neither,
    /// How it was.
    Before,
    /// How it is.
    After,
    /// Both, and they differ.
    Both,
}

impl Mark {
    const fn by_nobody(mut self) -> Self {
        self.is_by_nobody = true;
        self
    }
}

const fn mark(action: &'static str, holds: Holds) -> Mark {
    Mark {
        action,
        holds,
        is_by_nobody: false,
    }
}

const fn plain(action: &'static str) -> Mark {
    mark(action, Holds::Neither)
}

const fn before(action: &'static str) -> Mark {
    mark(action, Holds::Before)
}

const fn after(action: &'static str) -> Mark {
    mark(action, Holds::After)
}

const fn both(action: &'static str) -> Mark {
    mark(action, Holds::Both)
}

/// A route in a case, and what it adds.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    method: &'static str,
    pattern: &'static str,
    case: &'static str,
    pub(crate) entry: Entry,
    /// The person is not given what they asked for.
    pub(crate) is_failure: bool,
}

impl Row {
    pub(crate) fn key(&self) -> (&'static str, &'static str, &'static str) {
        (self.method, self.pattern, self.case)
    }

    const fn when(mut self, case: &'static str) -> Self {
        self.case = case;
        self
    }

    const fn adds(mut self, marks: &'static [Mark]) -> Self {
        self.entry = Entry::Adds(marks);
        self
    }

    const fn fails(self, marks: &'static [Mark]) -> Self {
        let mut row = self.adds(marks);
        row.is_failure = true;
        row
    }

    const fn adds_nothing(mut self, why: &'static str) -> Self {
        self.entry = Entry::Nothing(why);
        self
    }
}

const fn row(method: &'static str, pattern: &'static str) -> Row {
    Row {
        method,
        pattern,
        case: "",
        entry: Entry::Nothing(""),
        is_failure: false,
    }
}

const fn post(pattern: &'static str) -> Row {
    row("post", pattern)
}

const fn get(pattern: &'static str) -> Row {
    row("get", pattern)
}

const FAILED: &[Mark] = &[plain("user.sign-in-failed").by_nobody()];
const PROOF_FAILED: &[Mark] = &[plain("user.proof-failed")];
const SIGNED_IN: &[Mark] = &[plain("user.signed-in")];
/// Somebody whom nobody has invited, on the word of their provider.
const ADMITTED: &[Mark] = &[
    after("user.added").by_nobody(),
    plain("user.linked").by_nobody(),
    plain("user.signed-in"),
];
const LEAVES: &str = "leads to the provider; what comes back is recorded";
const SHOWN: &str = "a page for those who may see profiles, a few at a time; files are recorded";

/// Every route that changes something or hands out personal data.
pub(crate) const ROWS: &[Row] = &[
    // Coming in and going out.
    post("/set-up").adds(&[after("user.added").by_nobody(), plain("user.signed-in")]),
    post("/set-up").when("the token is wrong").fails(FAILED),
    post("/sign-in").adds(SIGNED_IN),
    post("/sign-in").when("the password is wrong").fails(FAILED),
    post("/sign-out").adds(&[plain("user.signed-out")]),
    get("/sign-in/{provider}").adds_nothing(LEAVES),
    get("/sign-in/{provider}")
        .when("the provider is down")
        .fails(FAILED),
    get("/oauth/openid/callback").adds(ADMITTED),
    get("/oauth/openid/callback")
        .when("the provider said no")
        .fails(FAILED),
    get("/oauth/openid/callback")
        .when("to link an account")
        .adds(&[plain("user.linked"), plain("user.signed-in")]),
    get("/oauth/openid/callback")
        .when("to accept an invitation")
        .adds(&[
            plain("user.linked"),
            both("user.role-changed"),
            plain("user.signed-in"),
        ]),
    get("/oauth/openid/callback")
        .when("to prove who they are")
        .adds_nothing("what the proof was for is recorded"),
    get("/oauth/entra/callback").adds(ADMITTED),
    get("/invitation/{token}/{provider}").adds_nothing(LEAVES),
    get("/invitation/{token}/{provider}")
        .when("the provider is down")
        .fails(FAILED),
    post("/invitation/{token}").adds(&[plain("user.link-used"), plain("user.signed-in")]),
    post("/invitation/{token}")
        .when("it was used")
        .fails(FAILED),
    // One's own account.
    post("/language").adds_nothing("in which language one person reads"),
    post("/account/time-zone").adds_nothing("in which zone one person reads times"),
    post("/account/notices").adds(&[both("user.notices-changed")]),
    post("/account/password").adds(&[plain("user.password-changed")]),
    post("/account/password")
        .when("the old one is wrong")
        .fails(PROOF_FAILED),
    post("/account/sessions/{id}/end").adds(&[plain("user.sessions-ended")]),
    post("/account/sessions/end-others").adds(&[plain("user.sessions-ended")]),
    post("/account/link/{provider}").adds_nothing(LEAVES),
    post("/account/link/{provider}")
        .when("the password is wrong")
        .fails(PROOF_FAILED),
    post("/notices/read").adds_nothing("what one person has read"),
    post("/notices/{id}/read").adds_nothing("what one person has read"),
    // People.
    post("/settings/people/new").adds(&[after("user.added")]),
    post("/settings/people/new")
        .when("by invitation")
        .adds(&[after("user.added"), plain("user.link-issued")]),
    post("/settings/people/{id}/role").adds(&[both("user.role-changed")]),
    post("/settings/people/{id}/disable").adds(&[plain("user.disabled")]),
    post("/settings/people/{id}/enable").adds(&[plain("user.enabled")]),
    post("/settings/people/{id}/link").adds(&[plain("user.link-issued")]),
    post("/settings/people/{id}/remove").adds(&[before("user.removed")]),
    // Connections.
    post("/settings/connections/new/constant-contact")
        .adds(&[after("connection.created"), plain("connection.consented")]),
    post("/settings/connections/{id}/consent").adds(&[plain("connection.consented")]),
    post("/settings/connections/{id}/application").adds(&[both("connection.secret-typed")]),
    post("/settings/connections/{id}/authenticate").adds_nothing(LEAVES),
    get("/oauth/constant-contact/callback").adds(&[both("connection.authenticated")]),
    get("/oauth/constant-contact/callback")
        .when("the person said no")
        .fails(&[plain("connection.authentication-failed")]),
    get("/oauth/constant-contact/callback")
        .when("it is made up")
        .fails(&[plain("connection.authentication-failed")]),
    get("/oauth/constant-contact/callback")
        .when("a stranger made it up")
        .adds_nothing("anybody could fill the log with it, and the log never shrinks"),
    post("/settings/connections/{id}/export-user").adds(&[both("connection.export-user-added")]),
    post("/settings/connections/{id}/export-user")
        .when("the password is wrong")
        .fails(PROOF_FAILED),
    post("/settings/connections/{id}/export-user")
        .when("they sign in through a provider")
        .adds_nothing(LEAVES),
    get("/settings/connections/{id}/export-user").adds(&[both("connection.export-user-added")]),
    post("/settings/connections/{id}/save").adds(&[plain("connection.saved")]),
    post("/settings/connections/{id}/edit").adds(&[both("connection.changed")]),
    post("/settings/connections/{id}/remove").adds(&[before("connection.removed")]),
    get("/settings/connections/{id}/consent-record")
        .adds_nothing("a page for administrators, of colleagues and not of profiles"),
    // Sources and profiles.
    post("/sources/upload").adds_nothing("the file waits; loading it is recorded with its name"),
    get("/sources/uploads/{id}").adds_nothing(SHOWN),
    post("/sources/uploads/{id}/discard").adds_nothing("nothing of the file was used"),
    post("/sources/uploads/{id}").adds(&[after("source.created"), plain("source.load-started")]),
    post("/sources/loads/{id}/cancel").adds(&[plain("source.load-cancel-requested")]),
    get("/sources/loads/{id}").adds_nothing(SHOWN),
    post("/sources/{id}/remove").adds(&[before("source.removed")]),
    get("/profiles").adds_nothing(SHOWN),
    // Segments.
    post("/segments/new").adds(&[after("segment.created")]),
    post("/segments/{id}").adds(&[both("segment.changed")]),
    post("/segments/{id}/refresh").adds(&[plain("segment.refreshed")]),
    post("/segments/{id}/exports").adds(&[both("export.changed")]),
    post("/segments/{id}/remove").adds(&[before("segment.removed")]),
    // Exports.
    post("/exports/new").adds(&[after("export.created")]),
    post("/exports/new")
        .when("a list is created")
        .adds(&[after("export.list-created")]),
    post("/exports/{id}").adds(&[both("export.changed")]),
    post("/exports/selected").adds_nothing("leads to the page of the action, which records it"),
    post("/exports/selected")
        .when("several are run")
        .adds(&[plain("run.requested"), plain("run.requested")]),
    post("/exports/schedule").adds(&[both("export.scheduled")]),
    post("/exports/add-segment").adds(&[both("export.changed")]),
    post("/exports/detach").adds(&[both("export.changed")]),
    post("/exports/{id}/remove").adds(&[before("export.removed")]),
    post("/exports/remove").adds(&[before("export.removed")]),
    // Runs and checks.
    post("/exports/{id}/run").adds(&[plain("run.requested")]),
    post("/exports/run-all").adds(&[plain("run.requested"), plain("run.requested")]),
    post("/runs/{id}/cancel").adds(&[plain("run.cancel-requested")]),
    post("/runs/{id}/resume").adds(&[plain("run.resumed")]),
    post("/runs/{id}/approve").adds(&[plain("run.approved")]),
    post("/runs/{id}/approve")
        .when("people are taken off the list")
        .adds(&[plain("run.removals-approved")]),
    post("/runs/{id}/verify").adds(&[plain("check.requested")]),
    get("/runs/{id}/rejected.csv").adds(&[plain("run.rows-downloaded")]),
    get("/runs/{id}/adjusted.csv").adds(&[plain("run.rows-downloaded")]),
    get("/runs/{id}/undelivered.csv").adds(&[plain("run.rows-downloaded")]),
    post("/exports/{id}/check").adds(&[plain("check.requested")]),
    post("/checks/{id}/cancel").adds(&[plain("check.cancel-requested")]),
    get("/checks/{id}").adds_nothing(SHOWN),
    // Privacy.
    post("/settings/privacy/find").adds(&[plain("person.looked-up")]),
    post("/settings/privacy/erase").adds(&[plain("person.looked-up")]),
    post("/settings/privacy/erase/confirm").adds(&[plain("person.erasure-requested")]),
    post("/settings/privacy/erasures/{id}/retry").adds(&[plain("person.deletion-retried")]),
    post("/settings/privacy/erasures/{id}/give-up").adds(&[plain("person.deletion-given-up")]),
    post("/settings/privacy/exclusions").adds(&[plain("exclusion.added")]),
    post("/settings/privacy/exclusions/remove").adds(&[plain("exclusion.removed")]),
    post("/settings/privacy/exclusions/upload").adds(&[plain("exclusion.uploaded")]),
    get("/settings/privacy/exclusions/download").adds(&[plain("exclusion.downloaded")]),
    post("/settings/privacy/retention").adds(&[both("retention.changed")]),
    // The system.
    post("/settings/system/refresh").adds(&[plain("refresh.requested")]),
    post("/settings/system/schedule").adds(&[both("refresh.scheduled")]),
    post("/settings/system/jobs/{id}/cancel").adds(&[plain("refresh.cancel-requested")]),
    post("/settings/system/general").adds(&[both("installation.changed")]),
    post("/settings/system/notices").adds(&[both("notice.settings-changed")]),
    post("/settings/system/notices/test").adds(&[plain("notice.mail-tested")]),
    post("/settings/system/notices/webhooks").adds(&[after("notice.webhook-added")]),
    post("/settings/system/notices/webhooks/{id}/test").adds(&[plain("notice.webhook-tested")]),
    post("/settings/system/notices/webhooks/{id}/remove").adds(&[before("notice.webhook-removed")]),
    post("/settings/system/notices/deliveries/{id}/retry")
        .adds(&[plain("notice.delivery-retried")]),
    post("/settings/audit/verify").adds(&[plain("audit.verified")]),
    get("/settings/audit/download").adds(&[plain("audit.downloaded")]),
];

/// What is recorded by whoever works in the background after a request was answered.
pub(crate) const BEHIND: &[&str] = &[
    "person.deletion-failed",
    "person.erased",
    "refresh.finished",
    "run.approval-asked",
    "run.finished",
    "run.removals-recorded",
    "source.load-failed",
    "source.loaded",
];

/// What is recorded without any request, and the test that proves it.
pub(crate) const ELSEWHERE: &[(&str, &str)] = &[
    (
        "connection.sign-in-found",
        "with_the_right_key_again_nobody_has_to_sign_in",
    ),
    (
        "connection.sign-in-lost",
        "dead_tokens_are_marked_with_their_notice_and_event_or_not_at_all",
    ),
];

/// Routes that show something and change nothing; what they show of people is their own, or names of colleagues.
pub(crate) const PAGES: &[&str] = &[
    "/",
    "/exports/run-all",
    "/exports/selected",
    "/sources/upload",
    "/notices",
    "/healthz",
    "/readyz",
    "/metrics",
    "/static/{version}/{file:.*}",
    "/sign-in",
    "/set-up",
    "/invitation/{token}",
    "/account",
    "/exports",
    "/exports/new",
    "/exports/{id}",
    "/exports/{id}/remove",
    "/exports/{id}/runs",
    "/exports/{id}/check",
    "/exports/remove",
    "/exports/detach",
    "/exports/add-segment",
    "/exports/schedule",
    "/runs/{id}",
    "/runs/{id}/events",
    "/checks/{id}/events",
    "/segments",
    "/segments/new",
    "/segments/{id}",
    "/segments/{id}/remove",
    "/segments/{id}/exports",
    "/sources",
    "/sources/new",
    "/sources/loads/{id}/events",
    "/sources/{id}",
    "/sources/{id}/replace",
    "/sources/{id}/remove",
    "/settings/connections",
    "/settings/connections/new",
    "/settings/connections/new/constant-contact",
    "/settings/connections/discover",
    "/settings/connections/{id}",
    "/settings/connections/{id}/edit",
    "/settings/connections/{id}/remove",
    "/settings/system",
    "/settings/system/schedule",
    "/settings/system/jobs/{id}",
    "/settings/system/jobs/{id}/events",
    "/settings/system/tasks/{kind}/{id}",
    "/settings/system/about",
    "/settings/system/general",
    "/settings/system/api-usage",
    "/settings/system/notices",
    "/settings/people",
    "/settings/people/new",
    "/settings/people/{id}",
    "/settings/people/{id}/remove",
    "/settings/audit",
    "/settings/privacy",
    "/settings/privacy/retention",
    "/settings/privacy/erasures",
    "/settings/privacy/erasures/{id}",
    "/settings/privacy/exclusions",
    "/settings/privacy/exclusions/uploads/{id}",
];
