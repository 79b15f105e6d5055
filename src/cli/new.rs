//! `stimrig new`: a file to start from, commented, that checks clean as it stands.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::record::EXIT_USAGE;

mod cpe;

use cpe::CpeArgs;

/// Write a commented file to start from
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to start
    pub kind: Kind,
    /// Where to write it; what it describes is named after the file [default: standard output]
    pub path: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long, requires = "path")]
    pub force: bool,
    /// For a phantom: a constant-phase interface instead of the template's
    #[command(flatten)]
    pub cpe: CpeArgs,
}

/// Kinds of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// A scenario
    Scenario,
    /// A bench: simulated as it stands, with what a real one needs beside it
    Rig,
    /// A phantom of resistors and capacitors
    Phantom,
    /// A limit profile
    Profile,
}

impl Kind {
    fn template(self) -> &'static str {
        match self {
            Self::Scenario => include_str!("new/scenario.yaml"),
            Self::Rig => include_str!("new/rig.yaml"),
            Self::Phantom => include_str!("new/phantom.yaml"),
            Self::Profile => include_str!("new/profile.yaml"),
        }
    }

    /// What the template calls itself, to be replaced by the file's name.
    fn placeholder(self) -> &'static str {
        match self {
            Self::Scenario => "Amplitude and balance are right",
            Self::Rig => "my-bench",
            Self::Phantom => "my-phantom",
            Self::Profile => "my-limits",
        }
    }
}

/// The text of a new file of a kind, named after its path.
pub fn text(kind: Kind, path: Option<&Path>) -> String {
    // A scenario's name is a sentence, which a file's name is not.
    match named(path).filter(|_| kind != Kind::Scenario) {
        Some(name) => kind.template().replace(kind.placeholder(), &name),
        None => kind.template().to_owned(),
    }
}

/// The name of a file without its folder and extension, where that is a plain word.
fn named(path: Option<&Path>) -> Option<String> {
    let stem = path.and_then(Path::file_stem).map(|stem| stem.to_string_lossy().into_owned());
    stem.filter(|stem| is_plain(stem))
}

/// A word that needs no quotes in YAML.
fn is_plain(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_alphabetic())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

/// What is asked for.
fn asked(args: &Args) -> Result<String, String> {
    let path = args.path.as_deref();
    let name = named(path).unwrap_or_else(|| Kind::Phantom.placeholder().to_owned());
    match args.cpe.text(&name) {
        None => Ok(text(args.kind, path)),
        Some(_) if args.kind != Kind::Phantom => {
            Err("--cpe is for a phantom: `stimrig new phantom`".to_owned())
        }
        Some(made) => made,
    }
}

/// Writes it: 0, or 2 where an option is wrong, the file is there already or cannot be written.
pub fn run(args: &Args) -> u8 {
    let text = match asked(args) {
        Ok(text) => text,
        Err(error) => {
            say!("stimrig: {error}");
            return EXIT_USAGE;
        }
    };
    let Some(path) = &args.path else {
        return super::stdout::print(&text).map_or_else(
            |error| {
                say!("stimrig: {error}");
                crate::record::EXIT_INTERNAL
            },
            |()| 0,
        );
    };
    // Somebody's file is never replaced by a template unasked, not even one that appears meanwhile.
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(args.force).truncate(args.force).create_new(!args.force);
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    match written {
        Ok(()) => {
            say!("{}: written; `stimrig check {0}` reads it", path.display());
            0
        }
        Err(error) => {
            let help =
                if error.kind() == std::io::ErrorKind::AlreadyExists { "; --force replaces it" } else { "" };
            say!("stimrig: {}: cannot be written: {error}{help}", path.display());
            EXIT_USAGE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_after_its_path_where_that_is_a_name() {
        let named = |path: &str| text(Kind::Phantom, Some(Path::new(path)));
        assert!(named("a/lead-8.yaml").contains("\nname: lead-8"));
        assert!(named("a/8: x.yaml").contains("\nname: my-phantom"));
        for kind in [Kind::Scenario, Kind::Rig, Kind::Phantom, Kind::Profile] {
            assert!(kind.template().contains(kind.placeholder()), "{kind:?}");
        }
    }
}
