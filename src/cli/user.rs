//! `listbridge user add`.

use std::io::{IsTerminal, Read};

use anyhow::Context;
use clap::Subcommand;
use serde_json::json;

use crate::auth::{NewUser, Password, Role, store};
use crate::clock::Clock;
use crate::config::Settings;
use crate::startup::Services;

#[derive(Subcommand)]
pub(super) enum UserCommand {
    /// Add a person. The password is asked for, or read from standard input.
    Add {
        /// Address used to sign in.
        #[arg(long)]
        email: String,
        /// Name people read.
        #[arg(long)]
        name: String,
        /// administrator, contributor or viewer.
        #[arg(long)]
        role: Role,
        /// Answer as JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Adds the person and says so.
pub(super) async fn run(settings: Settings, command: UserCommand) -> anyhow::Result<()> {
    let UserCommand::Add {
        email,
        name,
        role,
        json,
    } = command;
    let password = read_password()?;
    let services = Services::open(settings, Clock::system()).await?;
    let new = NewUser {
        name,
        email,
        role,
        password,
    };
    let user = store::add_user(&**services.db, new, None, None, services.clock.now()).await?;
    if json {
        println!(
            "{}",
            json!({ "id": user.id, "email": user.email, "name": user.name, "role": user.role.name() })
        );
    } else {
        println!(
            "{} ({}) can sign in as {}.",
            user.name, user.email, user.role
        );
    }
    Ok(())
}

fn read_password() -> anyhow::Result<Password> {
    if std::io::stdin().is_terminal() {
        return Ok(rpassword::prompt_password("Password: ")
            .context("cannot read the password")?
            .into());
    }
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .context("cannot read the password from standard input")?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned().into())
}
