//! `stimrig list`: what would run.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::ValueEnum;
use serde::Serialize;

use crate::record::EXIT_USAGE;
use crate::scenario::{Case, Fidelity, Timeline};
use crate::source::render;

use super::Output;
use super::filter::{Filter, Subject};
use super::load::load_cases;
use super::stdout::{done, stream};

/// Exit code when nothing is selected.
const NOTHING: u8 = 4;

/// `stimrig list`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Scenario files or folders; FILE#2 is the second case of a file [default: scenarios]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// List only matching cases, such as 'tag(smoke) & name(~balance)' (repeatable: any may match)
    #[arg(short = 'E', long, value_name = "EXPR", env = "STIMRIG_FILTER")]
    pub filter: Vec<String>,
    /// How to print them
    #[arg(long, value_enum, default_value = "text", value_name = "FORMAT")]
    pub format: Format,
}

/// Output formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people: cases below their file
    Text,
    /// For tools: one object with all cases
    Json,
}

/// One case, as `--format json` prints it.
#[derive(Debug, Serialize)]
struct Listed<'a> {
    file: &'a str,
    /// Counting from 1 within the file: `FILE#number` runs this one alone.
    number: usize,
    scenario: &'a str,
    name: &'a str,
    matrix: serde_json::Map<String, serde_json::Value>,
    tags: &'a [String],
    verifies: &'a [String],
    phantom: &'a str,
    min_fidelity: &'static str,
    /// Scenario time of its steps, s.
    duration: f64,
    measurands: Vec<&'static str>,
}

impl<'a> From<&'a Case> for Listed<'a> {
    fn from(case: &'a Case) -> Self {
        Self {
            file: &case.file,
            number: case.number,
            scenario: &case.scenario,
            name: &case.name,
            matrix: case.matrix.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect(),
            tags: &case.tags,
            verifies: &case.verifies,
            phantom: &case.phantom.name,
            min_fidelity: if case.min_fidelity == Fidelity::Rig { "rig" } else { "sim" },
            duration: Timeline::of(&case.steps).end,
            measurands: case.checks.iter().map(|check| check.measurand.name()).collect(),
        }
    }
}

/// Lists the selected cases: 0, or 2 if a file or the filter is wrong, 4 if nothing is selected.
pub fn run(args: &Args, output: &Output) -> u8 {
    let filter = match Filter::any(&args.filter) {
        Ok(filter) => filter,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            return EXIT_USAGE;
        }
    };
    let loaded = match load_cases(&args.paths) {
        Ok(loaded) => loaded,
        Err(problems) => {
            let _ = write!(io::stderr(), "{}", render(&problems, output.color()));
            return EXIT_USAGE;
        }
    };
    let _ = write!(io::stderr(), "{}", render(&loaded.warnings, output.color()));
    let selected: Vec<&Case> =
        loaded.cases.iter().filter(|case| filter.matches(&Subject::from(*case))).collect();
    let listed = match args.format {
        Format::Text => stream(|out| text(&selected, out)),
        Format::Json => stream(|out| json(&selected, out)),
    };
    if selected.is_empty() {
        let _ = writeln!(io::stderr(), "no case of {} is selected", loaded.cases.len());
    }
    done(listed, if selected.is_empty() { NOTHING } else { 0 })
}

fn text(cases: &[&Case], mut out: impl Write) -> io::Result<()> {
    let mut file = "";
    for case in cases {
        if case.file != file {
            file = &case.file;
            let tags =
                if case.tags.is_empty() { String::new() } else { format!("  ({})", case.tags.join(", ")) };
            writeln!(out, "{file}{tags}")?;
        }
        writeln!(out, "  #{:<3} {}  on {}", case.number, case.name, case.phantom.name)?;
    }
    Ok(())
}

fn json(cases: &[&Case], mut out: impl Write) -> io::Result<()> {
    let listed: Vec<Listed<'_>> = cases.iter().map(|case| Listed::from(*case)).collect();
    serde_json::to_writer_pretty(&mut out, &serde_json::json!({ "version": 1, "cases": listed }))?;
    writeln!(out)
}
