//! `listbridge sandbox`: the simulated Constant Contact on its own.

use std::net::SocketAddr;

use anyhow::Context;

use super::serve::stop_signal;
use crate::config::Settings;
use crate::sandbox::{DEFAULT_LISTEN, Receiver, Sandbox, SandboxOptions};
use crate::web::paths;

#[derive(clap::Args)]
pub(super) struct SandboxArguments {
    /// Loopback address to listen on.
    #[arg(long, default_value = DEFAULT_LISTEN)]
    listen: SocketAddr,
    /// Count what arrives instead of keeping it, without request limits, for benchmarks.
    #[arg(long)]
    count_only: bool,
}

/// Runs until SIGINT or SIGTERM. Everything it holds is gone afterwards.
pub(super) async fn run(settings: Settings, arguments: SandboxArguments) -> anyhow::Result<()> {
    let mut options = SandboxOptions {
        listen: arguments.listen,
        ..SandboxOptions::default()
    };
    options
        .application
        .redirect_uris
        .push(settings.public(&paths::constant_contact_callback()));
    if arguments.count_only {
        options.receiver = Receiver::CountOnly;
        options.limits = crate::sandbox::Limits::unlimited();
    }
    let users = options.users.clone();
    let sandbox = Sandbox::start(options)
        .await
        .with_context(|| format!("cannot listen on {}", arguments.listen))?;
    println!("Simulated Constant Contact: {}", sandbox.base_url());
    println!("Point Listbridge at it with:");
    println!(
        "  LISTBRIDGE_CONSTANT_CONTACT_AUTHORIZE_URL={}",
        sandbox.authorize_url()
    );
    println!(
        "  LISTBRIDGE_CONSTANT_CONTACT_TOKEN_URL={}",
        sandbox.token_url()
    );
    println!(
        "  LISTBRIDGE_CONSTANT_CONTACT_API_URL={}",
        sandbox.api_url()
    );
    println!(
        "  LISTBRIDGE_CONSTANT_CONTACT_CLIENT_ID={}",
        sandbox.client_id()
    );
    println!(
        "  LISTBRIDGE_CONSTANT_CONTACT_CLIENT_SECRET={}",
        sandbox.client_secret()
    );
    for user in users {
        println!(
            "Sign in there as {} with password {}",
            user.user_name, user.password
        );
    }
    stop_signal().await;
    sandbox.stop().await;
    Ok(())
}
