//! `stimrig completions` and `stimrig man`: what shells and man pages know of the command line.

use clap::CommandFactory;

use crate::record::EXIT_INTERNAL;

use super::Cli;
use super::stdout::print;

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(
    after_help = "bash: stimrig completions bash > ~/.local/share/bash-completion/completions/stimrig\n\
                  zsh:  stimrig completions zsh > \"${fpath[1]}/_stimrig\"\n\
                  fish: stimrig completions fish > ~/.config/fish/completions/stimrig.fish"
)]
pub struct Completions {
    /// Which shell
    pub shell: clap_complete::Shell,
}

/// Print a man page
#[derive(Debug, clap::Args)]
#[command(after_help = "stimrig man > stimrig.1; stimrig man run > stimrig-run.1")]
pub struct Man {
    /// Of which command, such as `run` or `bench alarms` [default: stimrig itself]
    pub command: Vec<String>,
}

/// Prints the script.
pub fn completions(args: &Completions) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "stimrig", &mut script);
    shown(String::from_utf8(script).map_err(|error| error.to_string()))
}

/// Prints the page: 2 for a command that is not there.
pub fn man(args: &Man) -> u8 {
    let mut command = Cli::command();
    command.build();
    let mut name = "stimrig".to_owned();
    for word in &args.command {
        let Some(found) = command.find_subcommand(word) else {
            let near = crate::source::nearest(word, command.get_subcommands().map(clap::Command::get_name));
            let help = near.map(|near| format!(": did you mean `{near}`?")).unwrap_or_default();
            say!("stimrig: `{name}` has no command `{word}`{help}");
            return crate::record::EXIT_USAGE;
        };
        name = format!("{name}-{word}");
        command = found.clone();
    }
    let mut page = Vec::new();
    let source = concat!("stimrig ", env!("CARGO_PKG_VERSION"));
    let rendered = clap_mangen::Man::new(command).title(name).source(source).render(&mut page);
    shown(
        rendered
            .map_err(|error| error.to_string())
            .and_then(|()| String::from_utf8(page).map_err(|error| error.to_string())),
    )
}

fn shown(text: Result<String, String>) -> u8 {
    match text.and_then(|text| print(&text).map_err(|error| error.to_string())) {
        Ok(()) => 0,
        Err(error) => {
            say!("stimrig: {error}");
            EXIT_INTERNAL
        }
    }
}
