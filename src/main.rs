//! The `listbridge` command. Everything is in the library; see its page for the map.

use std::process::ExitCode;

fn main() -> ExitCode {
    listbridge::cli::run()
}
