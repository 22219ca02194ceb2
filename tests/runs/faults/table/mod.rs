//! The table: every fault, where it strikes, and what must come of it. Faults of requests and faults on this side are files
//! of their own.

mod here;
mod list_jobs;
mod requests;

use std::time::Duration;

use listbridge::sandbox::{Endpoint, FaultKind as Kind, When};

/// Where a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    Token,
    AccountSummary,
    Lists,
    Upload,
    Activities,
    Activity,
    ContactExports,
    Download,
    Removals,
    Here,
}

impl At {
    pub(super) const ALL: [Self; 10] = [
        Self::Token,
        Self::AccountSummary,
        Self::Lists,
        Self::Upload,
        Self::Activities,
        Self::Activity,
        Self::ContactExports,
        Self::Download,
        Self::Removals,
        Self::Here,
    ];

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Token => "Token: `POST …/token`, in the middle of a run",
            Self::AccountSummary => {
                "Account summary: `GET /account/summary`, while a connection is set up"
            }
            Self::Lists => "Lists: `GET /contact_lists/{id}`, before a run sends",
            Self::Upload => "Upload: `POST /activities/contacts_file_import`",
            Self::Activities => "Activities: `GET /activities`, after the upload",
            Self::Activity => {
                "Activity: `GET /activities/{id}`, of one that the list does not show"
            }
            Self::ContactExports => {
                "Contact exports: `POST /activities/contact_exports`, verifying a delivery"
            }
            Self::Download => "Results file: `GET /contact_exports/{id}`, verifying a delivery",
            Self::Removals => {
                "Removals: `POST /activities/remove_list_memberships`, after 10 of 40 have left the segments"
            }
            Self::Here => "On this side",
        }
    }

    /// `None`: no request meets it.
    pub(super) fn endpoint(self) -> Option<Endpoint> {
        Some(match self {
            Self::Token => Endpoint::Token,
            Self::AccountSummary => Endpoint::GetAccountSummary,
            Self::Lists => Endpoint::GetList,
            Self::Upload => Endpoint::ImportFile,
            Self::Activities => Endpoint::ListActivities,
            Self::Activity => Endpoint::GetActivity,
            Self::ContactExports => Endpoint::ExportContacts,
            Self::Download => Endpoint::DownloadExport,
            Self::Removals => Endpoint::RemoveMemberships,
            Self::Here => return None,
        })
    }
}

/// What is done to the world.
#[derive(Clone, Debug)]
pub(super) enum Given {
    /// Requests go wrong.
    Http(Kind, When),
    /// Upload answers are lost, and the activities cannot be read until the run has paused (`true`) or for ever.
    NobodyCanTell(bool),
    /// Nobody listens when the request is made, until the run has noticed.
    Refused,
    /// Every token of the connection is revoked.
    Revoked,
    /// The clock steps between two parts.
    Clock(Step),
    /// The clock steps back two hours while the run waits to ask again what has arrived.
    ClockWhileWaiting,
    /// The database cannot grow.
    DiskFull(Phase),
    /// Another program holds the database.
    Locked(Phase),
}

/// How a clock steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    OverMidnight,
    Hours(i64),
}

/// Where a run is when something happens on this side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing is recorded yet.
    Begins,
    /// The answer to the first part is on its way.
    FirstPart,
    /// Some parts have arrived; the answer to the last one is on its way.
    Middle,
    /// Everything is sent; the answer to what has become of it is on its way.
    Accounting,
}

/// Profiles of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    /// 40 profiles, one part.
    One,
    /// 20,000 profiles, three parts.
    Three,
    /// 192,500 profiles, 26 parts.
    TwentySix,
}

/// What must come of a fault. A test compares all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    /// Code of the end: of the run, of the look at the delivery, or of the connection's authorisation.
    pub(super) ends: String,
    /// What the run waited for on the way, longer than it keeps its place.
    pub(super) pauses: Vec<String>,
    /// Members on the list.
    pub(super) members: usize,
    /// Uploads that Constant Contact saw, refused ones included.
    pub(super) uploads: u64,
    /// Key of the sentence people read: on the page of the run, and in the notice when it failed.
    pub(super) says: String,
}

/// One cell.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub(super) name: String,
    pub(super) at: At,
    pub(super) given: Given,
    pub(super) size: Size,
    pub(super) must: Outcome,
}

impl Cell {
    fn new(at: At, name: &str, given: Given, must: Outcome) -> Self {
        Self {
            name: name.to_owned(),
            at,
            given,
            size: Size::One,
            must,
        }
    }

    fn of(self, size: Size) -> Self {
        Self { size, ..self }
    }
}

/// Everybody arrives.
fn delivered(uploads: u64) -> Outcome {
    ends("delivered", 40, uploads, "runs-outcome-delivered")
}

fn ends(ends: &str, members: usize, uploads: u64, says: &str) -> Outcome {
    Outcome {
        ends: ends.to_owned(),
        pauses: Vec::new(),
        members,
        uploads,
        says: says.to_owned(),
    }
}

fn after(pause: &str, outcome: Outcome) -> Outcome {
    Outcome {
        pauses: vec![pause.to_owned()],
        ..outcome
    }
}

const fn first(times: u64, kind: Kind) -> Given {
    Given::Http(kind, When::First(times))
}

const fn always(kind: Kind) -> Given {
    Given::Http(kind, When::Always)
}

/// Faults of one request that pass, with their names.
fn passing(times: u64) -> Vec<(&'static str, Kind, u64)> {
    vec![
        ("500", Kind::Status(500), times),
        ("503", Kind::Status(503), times),
        (
            "500 although it was accepted",
            Kind::StatusAfterAccepted(500),
            1,
        ),
        ("429 `throttled`", Kind::Throttled, times),
        ("429, queue full", Kind::QueueFull, times),
        ("HTML error page (502)", Kind::HtmlErrorPage(502), times),
        ("malformed JSON", Kind::MalformedJson, 1),
        ("truncated JSON", Kind::TruncatedJson, 1),
        ("reset before the request", Kind::ResetBeforeRequest, times),
        ("reset after it was accepted", Kind::ResetAfterAccepted, 1),
        ("slow answer", Kind::Slow(Duration::from_millis(300)), 1),
        ("answer that never ends", Kind::NeverEnds, 1),
    ]
}

/// Whether a request that met the fault had its effect.
fn is_accepted(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::StatusAfterAccepted(_)
            | Kind::MalformedJson
            | Kind::TruncatedJson
            | Kind::ResetAfterAccepted
            | Kind::Slow(_)
            | Kind::NeverEnds
    )
}

/// All cells.
pub(super) fn table() -> Vec<Cell> {
    let mut cells = Vec::new();
    cells.extend(requests::cells());
    cells.extend(list_jobs::cells());
    cells.extend(here::cells());
    cells
}
