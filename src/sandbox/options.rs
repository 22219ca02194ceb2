//! What a sandbox is started with: its application, account, users, limits, speed and first contents.
//!
//! Every default that stands for the vendor names its source; every default that fills a gap in the vendor's
//! documentation is listed under "Assumptions" in the module page.

use std::{net::SocketAddr, time::Duration};

use crate::clock::Clock;

/// Where `listbridge sandbox` listens unless told otherwise.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:8089";

/// Everything a sandbox is started with; `Default` is a small account at the vendor's limits.
#[derive(Clone, Debug)]
pub struct SandboxOptions {
    /// Address to listen on; must be loopback. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Decides the sandbox's "now": code and token lives, the quota's day, the progress of activities.
    pub clock: Clock,
    /// The registered API application.
    pub application: Application,
    /// Request limits and the activity queue's length.
    pub limits: Limits,
    /// How long activities stay in each unfinished state.
    pub activity_speed: ActivitySpeed,
    /// Life times and rotation behaviour of tokens.
    pub tokens: TokenRules,
    /// Size limits of bulk imports.
    pub imports: ImportRules,
    /// Keep imported contacts, or only count what arrives.
    pub receiver: Receiver,
    /// What `GET /account/summary` tells.
    pub account: Account,
    /// Who may sign in.
    pub users: Vec<User>,
    /// Lists that exist at start, with their members.
    pub lists: Vec<SeedList>,
    /// Custom fields that exist at start.
    pub custom_fields: Vec<SeedField>,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            clock: Clock::system(),
            application: Application::default(),
            limits: Limits::default(),
            activity_speed: ActivitySpeed::default(),
            tokens: TokenRules::default(),
            imports: ImportRules::default(),
            receiver: Receiver::Import,
            account: Account::default(),
            users: User::examples(),
            lists: SeedList::examples(),
            custom_fields: SeedField::examples(),
        }
    }
}

/// An application registered at the simulated vendor.
#[derive(Clone, Debug)]
pub struct Application {
    /// The API key.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// The only addresses the authorization page sends a browser back to, compared as strings.
    pub redirect_uris: Vec<String>,
    /// The refresh-token type chosen when the application was created.
    pub refresh_tokens: RefreshTokens,
}

impl Default for Application {
    fn default() -> Self {
        Self {
            client_id: "5a4d1b0e-52a7-4f5b-9b55-0f1c6a0c7f11".to_owned(),
            client_secret: "sandbox-client-secret".to_owned(),
            redirect_uris: vec![
                "http://localhost:8080/oauth/constant-contact/callback".to_owned(),
                "http://127.0.0.1:8080/oauth/constant-contact/callback".to_owned(),
            ],
            refresh_tokens: RefreshTokens::Rotating,
        }
    }
}

/// Whether a refresh token may be used once or again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshTokens {
    /// Single use; each refresh hands out a new one.
    Rotating,
    /// The same value comes back each time.
    LongLived,
}

/// Request limits of the API key. `None` means unlimited.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// API requests per second (vendor: 4, API guide "Rate limits").
    pub requests_per_second: Option<u32>,
    /// API requests per UTC day (vendor: 10,000, same page).
    pub requests_per_day: Option<u64>,
    /// Calls of the token endpoint per second (vendor staff: 1).
    pub token_requests_per_second: Option<u32>,
    /// Unfinished activities that may wait at once (vendor: 1,000, every bulk operation's 429).
    pub queued_activities: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_per_second: Some(4),
            requests_per_day: Some(10_000),
            token_requests_per_second: Some(1),
            queued_activities: 1_000,
        }
    }
}

impl Limits {
    /// No request limits, for tests about something else; the activity queue keeps its length.
    pub fn unlimited() -> Self {
        Self {
            requests_per_second: None,
            requests_per_day: None,
            token_requests_per_second: None,
            ..Self::default()
        }
    }
}

/// How long an activity stays `initialized`, then `processing`, by the sandbox's clock.
///
/// The vendor publishes no durations. The defaults are short, but long enough for a poller to see both states.
#[derive(Clone, Copy, Debug)]
pub struct ActivitySpeed {
    /// Time in `initialized`.
    pub initialized_for: Duration,
    /// Time in `processing`, at least; a larger job may take longer.
    pub processing_for: Duration,
}

impl Default for ActivitySpeed {
    fn default() -> Self {
        Self {
            initialized_for: Duration::from_millis(300),
            processing_for: Duration::from_millis(700),
        }
    }
}

impl ActivitySpeed {
    /// Activities complete as soon as their work is done.
    pub fn immediate() -> Self {
        Self {
            initialized_for: Duration::ZERO,
            processing_for: Duration::ZERO,
        }
    }
}

/// Life times and rotation behaviour of codes and tokens.
#[derive(Clone, Copy, Debug)]
pub struct TokenRules {
    /// Life of an authorization code (vendor staff: 5 minutes).
    pub code_life: Duration,
    /// Life of an access token, told as `expires_in` (vendor staff: 24 hours).
    pub access_token_life: Duration,
    /// An unused refresh token dies after this (vendor staff: 180 days).
    pub refresh_token_idle_life: Duration,
    /// A just-replaced refresh token still works for this long (undocumented, default none).
    pub rotation_grace: Duration,
    /// Replaying a replaced refresh token revokes all tokens of its sign-in (undocumented, default off).
    pub reuse_kills_family: bool,
}

impl Default for TokenRules {
    fn default() -> Self {
        Self {
            code_life: Duration::from_secs(300),
            access_token_life: Duration::from_secs(86_400),
            refresh_token_idle_life: Duration::from_secs(180 * 86_400),
            rotation_grace: Duration::ZERO,
            reuse_kills_family: false,
        }
    }
}

/// Size limits of bulk imports; what exceeds them is dropped without a word, as the vendor does.
#[derive(Clone, Copy, Debug)]
pub struct ImportRules {
    /// Bytes of the whole request body that are looked at (vendor: "4 MB"; assumed to be 4,000,000).
    pub max_body_bytes: usize,
    /// Lines of a CSV file including the header, and contacts of a JSON import (vendor: 40,000).
    pub max_lines: usize,
    /// Longest e-mail address, in characters (vendor's import schema: 50).
    pub max_email_chars: usize,
}

impl Default for ImportRules {
    fn default() -> Self {
        Self {
            max_body_bytes: 4_000_000,
            max_lines: 40_000,
            max_email_chars: 50,
        }
    }
}

/// What becomes of imported contacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// Contacts are imported as the vendor would.
    Import,
    /// Bytes, rows and requests are counted, nothing is parsed or kept and activities complete at once, so that a
    /// benchmark does not measure the sandbox.
    CountOnly,
}

/// What `GET /account/summary` tells about the account.
#[derive(Clone, Debug)]
pub struct Account {
    /// Shown by clients after connecting.
    pub organization_name: String,
    /// The owner's address.
    pub contact_email: String,
    /// The owner's first name.
    pub first_name: String,
    /// The owner's last name.
    pub last_name: String,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            organization_name: "Harbour Books".to_owned(),
            contact_email: "owner@harbourbooks.example".to_owned(),
            first_name: "Olivia".to_owned(),
            last_name: "Lam".to_owned(),
        }
    }
}

/// A person who may sign in at the simulated vendor.
#[derive(Clone, Debug)]
pub struct User {
    /// Typed at sign-in.
    pub user_name: String,
    /// Typed at sign-in; not a secret, the sandbox prints it on its own page.
    pub password: String,
    /// What the person may do.
    pub role: Role,
}

impl User {
    /// An owner and a campaign creator.
    fn examples() -> Vec<Self> {
        [
            ("owner", "owner-password", Role::Owner),
            ("creator", "creator-password", Role::CampaignCreator),
        ]
        .into_iter()
        .map(|(user_name, password, role)| Self {
            user_name: user_name.to_owned(),
            password: password.to_owned(),
            role,
        })
        .collect()
    }
}

/// A role at the vendor (API guide "User privileges").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// May do everything.
    Owner,
    /// May neither touch contacts nor change lists: such a token gets 403.
    CampaignCreator,
}

/// A list that exists at start.
#[derive(Clone, Debug)]
pub struct SeedList {
    /// Its name, unique in the account.
    pub name: String,
    /// Addresses of its members.
    pub members: Vec<String>,
    /// Addresses of contacts that have unsubscribed: in the account, on no list.
    pub unsubscribed: Vec<String>,
}

impl SeedList {
    fn examples() -> Vec<Self> {
        let addresses = |names: &[&str]| {
            names
                .iter()
                .map(|name| format!("{name}@readers.example"))
                .collect()
        };
        vec![
            Self {
                name: "Newsletter".to_owned(),
                members: addresses(&["amy.wong", "ben.carter", "chloe.ho", "dev.patel", "emma.li"]),
                unsubscribed: addresses(&["frank.moore", "grace.ng", "henry.adams"]),
            },
            Self {
                name: "Events".to_owned(),
                members: addresses(&["ben.carter", "ivy.cheung"]),
                unsubscribed: Vec::new(),
            },
        ]
    }
}

/// A custom field that exists at start.
#[derive(Clone, Debug)]
pub struct SeedField {
    /// Free text shown to people; the field's name is made from it.
    pub label: String,
    /// `string`, `date`, `number`...
    pub kind: String,
}

impl SeedField {
    fn examples() -> Vec<Self> {
        [
            ("Loyalty tier", "string"),
            ("Member since", "date"),
            ("Lifetime spend", "number"),
        ]
        .into_iter()
        .map(|(label, kind)| Self {
            label: label.to_owned(),
            kind: kind.to_owned(),
        })
        .collect()
    }
}
