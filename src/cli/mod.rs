//! Arguments and exit codes.

pub mod analyze;
mod output;

use clap::Parser;

#[derive(Debug, Parser)]
#[command(name = "stimrig", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Analyze(analyze::Args),
}

/// Runs the command line.
pub fn main() -> std::process::ExitCode {
    let code = match Cli::parse().command {
        Command::Analyze(args) => analyze::run(&args),
    };
    std::process::ExitCode::from(code)
}
