//! The command line: one file per command. The only place that prints.
//!
//! Exit status: 0 done, 1 failed, 2 wrong usage. Data commands take `--json`.
#![allow(
    clippy::print_stdout,
    reason = "answers of a command go to standard output"
)]

mod audit;
mod check;
#[cfg(feature = "sandbox")]
mod demo;
mod doctor;
mod export;
mod migrate;
mod run;
#[cfg(feature = "sandbox")]
mod sandbox;
mod serve;
mod source;
mod user;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::config::Settings;

#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the web application and the export engine.
    Serve,
    /// Look after the audit log.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Look for what would go wrong later.
    Doctor(doctor::Doctor),
    /// List exports.
    #[command(subcommand)]
    Export(export::ExportCommand),
    /// Bring the database to this version's schema.
    Migrate,
    /// Try everything on this machine with sample profiles; nothing is kept.
    #[cfg(feature = "sandbox")]
    Demo(demo::Demo),
    /// Run the simulated Constant Contact on its own.
    #[cfg(feature = "sandbox")]
    Sandbox(sandbox::SandboxArguments),
    /// Load files into sources from the shell.
    #[command(subcommand)]
    Source(source::SourceCommand),
    /// Look at runs.
    #[command(subcommand)]
    Run(run::RunCommand),
    /// Manage people from the shell.
    #[command(subcommand)]
    User(user::UserCommand),
}

/// Parses the command line, runs the command and answers its exit status.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse(); // wrong usage ends here, with status 2
    start_logging();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    match runtime.block_on(tokio::task::LocalSet::new().run_until(execute(arguments.command))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

async fn execute(command: Command) -> anyhow::Result<()> {
    let settings = Settings::load()?;
    match command {
        Command::Serve => serve::run(settings).await,
        Command::Audit(command) => audit::run(settings, command).await,
        Command::Doctor(arguments) => doctor::run(settings, arguments).await,
        Command::Export(command) => export::run(settings, command).await,
        Command::Migrate => migrate::run(settings).await,
        #[cfg(feature = "sandbox")]
        Command::Demo(arguments) => demo::run(settings, arguments).await,
        #[cfg(feature = "sandbox")]
        Command::Sandbox(arguments) => sandbox::run(settings, arguments).await,
        Command::Source(command) => source::run(settings, command).await,
        Command::Run(command) => run::run(settings, command).await,
        Command::User(command) => user::run(settings, command).await,
    }
}

/// Logs go to standard error; `RUST_LOG` chooses how much. The default leaves out the web server's own greetings.
fn start_logging() {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,actix_server=warn,sea_orm_migration=warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}

#[expect(
    clippy::print_stderr,
    reason = "the reason of a failed command goes to standard error"
)]
fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("listbridge: {error:#}");
    ExitCode::FAILURE
}
