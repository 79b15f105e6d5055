//! How much is shown, and in which colours: the same flags for every command.

use std::io::IsTerminal;

use clap::{ArgAction, ValueEnum};
use tracing_subscriber::EnvFilter;

use crate::report::{Choice, ConsoleOptions};

/// `--color`, `-q`, `-v`.
#[derive(Debug, Clone, clap::Args)]
pub struct Output {
    /// Colour the output
    #[arg(
        long,
        global = true,
        value_enum,
        default_value = "auto",
        env = "STIMRIG_COLOR",
        value_name = "WHEN",
        help_heading = "Display"
    )]
    pub color: When,
    /// Show only what did not pass (-qq: nothing but failures)
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "verbose", help_heading = "Display")]
    pub quiet: u8,
    /// Show every check (-vv: every step; -vvv: exchanges with the instruments)
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = "Display")]
    pub verbose: u8,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Output {
    /// −2 (`-qq`) to +n (`-vvv…`).
    pub fn verbosity(&self) -> i8 {
        i8::try_from(self.verbose)
            .unwrap_or(i8::MAX)
            .saturating_sub(i8::try_from(self.quiet).unwrap_or(i8::MAX))
    }

    /// Whether to colour standard error.
    pub fn color(&self) -> bool {
        let choice = match self.color {
            When::Auto => Choice::Auto,
            When::Always => Choice::Always,
            When::Never => Choice::Never,
        };
        choice.decide(std::io::stderr().is_terminal(), |name| std::env::var(name).ok())
    }

    /// The console of a run of so many cases.
    pub fn console(&self, cases: usize) -> ConsoleOptions {
        let terminal = std::io::stderr().is_terminal();
        let continuous = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
        let width = terminal_size::terminal_size_of(std::io::stderr()).map(|(width, _)| usize::from(width.0));
        ConsoleOptions {
            color: self.color(),
            width: width.filter(|_| terminal && !continuous),
            verbosity: self.verbosity(),
            progress: terminal && !continuous,
            cases,
        }
    }

    /// Sends diagnostics of the program itself to standard error: `RUST_LOG` if it is set, else by `-v` and `-q`.
    pub(super) fn install_tracing(&self) {
        let level = match self.verbosity() {
            i8::MIN..=-1 => "error",
            // Whoever lists debug probes hears of every kind of USB that this computer lacks; what keeps one from working is told.
            0 => "warn,probe_rs=error",
            1 => "warn",
            2 => "stimrig=info,warn",
            3 => "stimrig=debug,warn",
            _ => "stimrig=trace,info",
        };
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
        // Fails only if one is installed already, and then that one serves.
        let _ = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .with_ansi(self.color())
            .with_target(false)
            .try_init();
    }
}
