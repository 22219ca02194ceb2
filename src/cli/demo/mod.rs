//! `listbridge demo`: everything on one machine, nothing kept.
//!
//! Starts the simulated Constant Contact and the web application on loopback with a throw-away data directory, sample
//! profiles, segments and people. `--run` then does the whole job without a browser ([`walk`]).

mod profiles;
mod visitor;
mod walk;

use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use anyhow::Context;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use url::Url;

use super::serve::stop_signal;
use crate::auth::{self, NewUser, Role};
use crate::clock::Clock;
use crate::config::Settings;
use crate::names::Name;
use crate::sandbox::{DEFAULT_LISTEN, Sandbox, SandboxOptions};
use crate::segments::store::SegmentDefinition;
use crate::segments::{self, Combine, Comparison, Condition, Rule, TextValue};
use crate::sources::{Author, plan_import};
use crate::startup::{Application, Services};
use crate::web::paths;
use profiles::Expected;

/// Sample profiles.
const PROFILES: usize = 25_000;
/// Name of the sample source.
const SOURCE: &str = "Sample customers";
/// The segment whose members have loyalty tier Gold.
const GOLD: &str = "Gold customers";
/// Loyalty tier of that segment's members.
const GOLD_TIER: &str = "Gold";

#[derive(clap::Args)]
pub(super) struct Demo {
    /// Do the whole job without a browser, check the list and end.
    #[arg(long)]
    run: bool,
}

/// Somebody who can sign in to the demo.
struct Account {
    name: &'static str,
    email: &'static str,
    password: &'static str,
    role: Role,
}

const ADMINISTRATOR: Account = Account {
    name: "Ada Administrator",
    email: "administrator@demo.example",
    password: "demo-administrator",
    role: Role::Administrator,
};
const CONTRIBUTOR: Account = Account {
    name: "Cory Contributor",
    email: "contributor@demo.example",
    password: "demo-contributor",
    role: Role::Contributor,
};

/// What runs.
struct Running {
    public_url: Url,
    services: Services,
    sandbox: Sandbox,
    expected: Expected,
    server: JoinHandle<std::io::Result<()>>,
    stop: actix_web::dev::ServerHandle,
    _data: TempDir,
}

/// Starts everything; then waits to be stopped, or does the whole job.
pub(super) async fn run(settings: Settings, arguments: Demo) -> anyhow::Result<()> {
    let running = start(settings).await?;
    let outcome = if arguments.run {
        walk::run(&running).await
    } else {
        greet(&running);
        stop_signal().await;
        Ok(())
    };
    running.stop.stop(true).await;
    running.server.await??;
    running.sandbox.stop().await;
    outcome
}

fn greet(running: &Running) {
    println!("Listbridge is ready:          {}", running.public_url);
    for account in [ADMINISTRATOR, CONTRIBUTOR] {
        println!(
            "  {:<13}  {:<28} password {}",
            account.role, account.email, account.password
        );
    }
    println!(
        "Simulated Constant Contact:   {}",
        running.sandbox.base_url()
    );
    println!(
        "  sign in there as {OWNER} with password {OWNER_PASSWORD} when Listbridge sends you to it"
    );
    println!(
        "{PROFILES} sample profiles and three segments are loaded. Next: Settings > Connections > Add connection."
    );
    println!("Everything is thrown away when you press Ctrl+C.");
}

/// The simulated account's owner.
const OWNER: &str = "owner";
/// The owner's password at the simulated Constant Contact.
const OWNER_PASSWORD: &str = "owner-password";

async fn start(mut settings: Settings) -> anyhow::Result<Running> {
    let data = tempfile::tempdir().context("cannot create a throw-away data directory")?;
    settings.listen = free_address(settings.listen)?;
    settings.public_url = format!("http://localhost:{}", settings.listen.port()).parse()?;
    settings.data_dir = data.path().to_owned();
    settings.database_url = None;
    settings.master_key_file = None;

    let mut options = SandboxOptions {
        listen: free_address(DEFAULT_LISTEN.parse()?)?,
        ..SandboxOptions::default()
    };
    options.application.redirect_uris = vec![settings.public(&paths::constant_contact_callback())];
    let sandbox = Sandbox::start(options)
        .await
        .context("cannot start the simulated Constant Contact")?;
    settings.constant_contact_authorize_url = sandbox.authorize_url().parse()?;
    settings.constant_contact_token_url = sandbox.token_url().parse()?;
    settings.constant_contact_api_url = sandbox.api_url().parse()?;
    settings.constant_contact_client_id = Some(sandbox.client_id());
    settings.constant_contact_client_secret = Some(sandbox.client_secret().into());

    let public_url = settings.public_url.clone();
    let application = Application::build(settings, Clock::system()).await?;
    let expected = fill(application.services(), data.path()).await?;
    let services = application.services().clone();
    let stop = application.handle();
    let server = tokio::spawn(application.run());
    Ok(Running {
        public_url,
        services,
        sandbox,
        expected,
        server,
        stop,
        _data: data,
    })
}

/// The address, or the same with another port when something else listens there.
fn free_address(wanted: SocketAddr) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind(wanted)
        .or_else(|_| TcpListener::bind((wanted.ip(), 0)))
        .with_context(|| format!("cannot listen on {}", wanted.ip()))?;
    Ok(listener.local_addr()?)
}

/// People, profiles and segments, through the functions the pages use.
async fn fill(services: &Services, dir: &Path) -> anyhow::Result<Expected> {
    let db = &**services.db;
    let now = services.clock.now();
    let mut administrator = None;
    for account in [ADMINISTRATOR, CONTRIBUTOR] {
        let new = NewUser {
            name: account.name.into(),
            email: account.email.into(),
            role: account.role,
            password: account.password.to_owned().into(),
        };
        let user = auth::store::add_user(db, new, None, None, now).await?;
        administrator = administrator.or(Some(user.id));
    }
    let author = Author {
        user_id: administrator,
        ip: None,
        at: now,
    };

    let file = dir.join("sample-customers.csv");
    let expected = profiles::write(&file, PROFILES).context("cannot write the sample file")?;
    let request = plan_import(
        db,
        &file,
        Name::parse(SOURCE)?,
        Some("CustomerId"),
        author.clone(),
    )
    .await?;
    let load = services.loads.start(request).await?;
    let source_id = load.source_id;
    load.finished.await??;

    for (name, condition) in sample_segments() {
        let rule = Rule::flat(Combine::And, [condition]);
        let definition = SegmentDefinition {
            name: Name::parse(name)?,
            source_id,
            rule,
        };
        let segment = segments::store::create(db, &definition, &author).await?;
        services.members.count(&segment).await?;
    }
    Ok(expected)
}

fn sample_segments() -> [(&'static str, Condition); 3] {
    let is = |text: &str| {
        Comparison::Is(TextValue {
            value: text.into(),
            ignore_case: false,
        })
    };
    let condition = |field: &str, comparison| Condition {
        field: field.into(),
        comparison,
    };
    [
        (GOLD, condition("LoyaltyTier", is(GOLD_TIER))),
        ("Customers in Hong Kong", condition("Country", is("HK"))),
        (
            "Big spenders",
            condition(
                "TotalSpend",
                Comparison::AtLeast {
                    value: "500".into(),
                },
            ),
        ),
    ]
}
