//! Arguments and exit codes.

pub mod check;
pub mod load;
mod plan_text;
pub mod schema;

use clap::Parser;

#[derive(Debug, Parser)]
#[command(name = "stimrig", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Check(check::Args),
    Schema(schema::Args),
}

/// Runs the command line.
pub fn main() -> std::process::ExitCode {
    let code = match Cli::parse().command {
        Command::Check(args) => check::run(&args),
        Command::Schema(args) => schema::run(&args),
    };
    std::process::ExitCode::from(code)
}
