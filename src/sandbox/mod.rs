//! A simulated Constant Contact: the authorization server, the V3 API and a few pages to look at, on loopback.
//!
//! For `listbridge demo`, `listbridge sandbox`, tests and benchmarks. Built from the vendor's published API description
//! and guides alone. It shares no code and no types with [`constant_contact`](crate::constant_contact), so that a
//! misunderstanding there is not repeated here. Everything is kept in memory and forgotten at the end; nothing here
//! may ever open a connection to anywhere.
//!
//! [`Sandbox::start`] gives a running one; what tests may ask of it beside HTTP is in `control`.
//!
//! | file | what it owns |
//! |---|---|
//! | `server`, `options`, `control` | start, stop and state; what it is started with; programmatic access |
//! | `gate`, `endpoint`, `faults`, `limits`, `errors` | what every request passes: names, planned faults, token, limits, refusals |
//! | `oauth`, `token_endpoint`, `tokens`, `opaque` | sign-in and consent pages, token and revocation endpoints, their memory |
//! | `book`, `contact`, `members` | contacts, lists and fields, kept small enough for a million contacts |
//! | `account`, `lists`, `custom_fields`, `contacts`, `contact_writes`, `contact_input`, `contact_json` | the single-resource operations |
//! | `activities`, `jobs` | bulk jobs as clients see them, and the thread that does their work |
//! | `imports`, `multipart`, `import_limits`, `import_rows`, `import_cells`, `address` | both imports: what is checked at once, what happens to the rows and their cells |
//! | `memberships`, `exports` | the other bulk jobs |
//! | `wire`, `pages` | parameters, cursors and times; the sandbox's own pages |
//!
//! # Assumptions
//!
//! Where the vendor's documentation is silent, the sandbox does one definite thing, usually the one that is hardest on
//! a client. None of this has been observed at the real service.
//!
//! *Size limits of imports.*
//! - "4 MB" is 4,000,000 bytes of the whole request body ([`ImportRules`]). Content beyond is dropped, other parts of
//!   the body are still read. A row cut in half is imported as it stands. What was dropped shows in no counter.
//! - Lines are counted by line feeds, inside quotes too. Of an oversized JSON import, items that lie wholly within the
//!   limit are imported.
//!
//! *CSV.*
//! - Fields are quoted as in RFC 4180, rows end in LF or CRLF. A byte order mark becomes part of the first heading.
//!   What is not UTF-8 becomes U+FFFD. Headings are compared exactly; unknown ones and unknown `cf:` names are ignored
//!   without a word; of repeated ones the last cell with a value wins. Short rows lack their last values.
//! - A file without `email` and `sms_number` headings, and an empty one, is accepted and the activity ends `failed`; so
//!   does one with `sms_number` but no `sms_permission_to_send`, or with `explicit` and no `sms_consent_date` heading.
//! - Custom values beyond 25 in a row are dropped. A value over its length makes the row an error.
//! - Cells are trimmed. Blank cells change nothing, so an import cannot clear a value.
//!
//! *Rows.*
//! - Addresses are ASCII, compared without case, 50 characters at most as in the import schema ([`ImportRules`]).
//!   Role addresses are taken. Of several rows with one address the later values win; `person_count` counts people,
//!   not rows, and includes those in `cannot_add_to_list_count`. Rows in `error_count` and `correctable_count` make no
//!   contact. Bad SMS numbers and consent dates are errors, not being among the published correctable ones; a blank
//!   consent date is taken. More than three phones or addresses in one row are an error; what the contact had before is
//!   not counted. International phone numbers are taken. `activity_errors` holds texts like
//!   `Line 2: Invalid email address`, 100 at most, without addresses.
//! - An import revives a deleted contact, unless it has unsubscribed. The 51st list of a contact is an error; no plan
//!   limit on contacts is simulated.
//! - Malformed list ids and more than 50 are 400; unknown or deleted ones are 404 for files, 400 for JSON. A list
//!   deleted after acceptance is skipped; when none is left the activity ends `failed`.
//!
//! *Activities.*
//! - Jobs work one at a time in order of creation and none ends for lack of time; `cancelled` and `timed_out` arise from
//!   [`FaultKind::ActivityOutcome`] only. `GET /activities` lists the newest first. Times not yet known are absent,
//!   counters are 0 until the end. After ten days an activity is 404.
//! - Contacts are visible as soon as they are imported, which may be before the activity says `completed`.
//! - The 429 of the full queue is an object with the key `too_many_requests`.
//! - Files of `contact_exports` last as long as the sandbox. Their columns are the field names with `contact_id` in
//!   front; without a status, deleted contacts are left out.
//!
//! *Limits.*
//! - The per-second limit is a bucket of four requests refilled at four a second. Every request with a valid token
//!   counts towards the day's quota, refused ones too; those without one count against nobody. The token endpoint has
//!   its own limit, answers 429 in Okta's envelope and does not count towards the quota.
//!
//! *Authorization.*
//! - Absent, malformed, expired and revoked tokens get the one known 401 body; a missing scope gets the known 403 body.
//! - No grace for a rotated refresh token and no revocation of its family, unless [`TokenRules`] say so. "All earlier
//!   tokens void" is taken to mean those of the same sign-in; several sign-ins of one user live side by side. Access
//!   tokens outlive a refresh.
//! - Statuses and parameters of errors are those of RFC 6749; bad codes and refresh tokens are 400 `invalid_grant`.
//!   Revoking a refresh token takes its access tokens along. An unknown client or redirect URI gets an HTML page with
//!   status 400.
//! - PKCE may be added to a client with a secret. A code that was asked for with a challenge may be redeemed without
//!   the secret, by `client_id` alone; the tokens of such a sign-in are then refreshed and revoked by `client_id`
//!   alone, those of other sign-ins are 401 `invalid_client` without the secret. The same application may do both.
//! - The Basic header may hold id and secret as they are (the guide) or form-encoded (RFC 6749).
//! - There is no implicit flow (`response_type=token` goes back with `unsupported_response_type`), no device flow (its
//!   path is the gateway's 403) and no ID token (the scope `openid` is `invalid_scope`).
//!
//! *Custom fields.*
//! - A date or datetime without a `version` has version 1. Values of version 2 are not checked to be dates. Other types
//!   do not show it.
//! - A PUT without a label makes the label null although every field is said to have one; the name stays.
//!
//! *The rest.*
//! - List names are unique with case, and free again after deletion; changing to a used name is 409. A deleted list is
//!   still shown by its id, with `deleted_at`; changing it, deleting it again or naming it anywhere finds nothing.
//!   `GET /contact_lists/list_id_xrefs`, which translates V2 ids, is not simulated and answers 404.
//! - Contacts may be read right after they are written. `segment_id` is answered at once, never with 202. Days are those
//!   of UTC.
//! - The flat headings `phone` and `street`... appear as kind `other`. SMS consent, tags, notes, segments and engagement
//!   levels are not simulated: criteria naming them match nobody.
//! - An unknown path below `/v3` is 404; the sandbox's pages and the authorization server share the host with the API,
//!   unlike at the vendor, and any other path is the gateway's 403.

mod account;
mod activities;
mod address;
mod book;
mod contact;
mod contact_input;
mod contact_json;
mod contact_writes;
mod contacts;
mod control;
mod custom_fields;
mod endpoint;
mod errors;
mod exports;
mod faults;
mod gate;
mod import_cells;
mod import_limits;
mod import_rows;
mod imports;
mod jobs;
mod limits;
mod lists;
mod members;
mod memberships;
mod multipart;
mod oauth;
mod opaque;
mod options;
mod pages;
mod server;
mod token_endpoint;
mod tokens;
mod wire;

pub use activities::ActivityState;
pub use contact::Permission;
pub use control::{ActivityView, ContactView};
pub use endpoint::Endpoint;
pub use faults::{Fault, FaultId, FaultKind, ImposedOutcome, When};
pub use options::{
    Account, ActivitySpeed, Application, DEFAULT_LISTEN, ImportRules, Limits, Receiver,
    RefreshTokens, Role, SandboxOptions, SeedField, SeedList, TokenRules, User,
};
pub use server::{Received, Sandbox};
pub use tokens::IssuedTokens;
