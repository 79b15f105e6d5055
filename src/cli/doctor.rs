//! `stimrig doctor`: what keeps a bench from working, each with its remedy.

use std::path::PathBuf;

use crate::diagnose::{Circumstances, Finding, Severity, examine};
use crate::machine::Machine;
use crate::record::{EXIT_INTERNAL, EXIT_RIG, EXIT_USAGE};
use crate::run::RigLock;
use crate::source::render;

use super::Output;
use super::load::{certificate_of, load_rig};
use super::stdout::print;

/// `stimrig doctor`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Rig file to look at; without one, only this computer
    #[arg(long, value_name = "FILE", env = "STIMRIG_RIG")]
    rig: Option<PathBuf>,
    /// Where runs are kept
    #[arg(long, value_name = "DIR", default_value = "runs", env = "STIMRIG_RUNS")]
    runs: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Looks, and tells: 0 if the bench works as far as can be seen, 3 if it does not. Nothing is opened, nothing is sent.
pub(super) fn run(args: &Args, output: &Output) -> u8 {
    let mut rig = match args.rig.as_deref().map(|file| load_rig(Some(file), &[], &[])).transpose() {
        Ok(rig) => rig,
        Err(problems) => {
            say_all!("{}", render(&problems, output.color()));
            return EXIT_USAGE;
        }
    };
    let mut circumstances = Circumstances { runs: args.runs.clone(), ..Circumstances::default() };
    if let Some(rig) = &mut rig {
        // One that is wrong is a finding.
        rig.certificate = certificate_of(rig).ok().flatten();
        let (held, left) = RigLock::look(rig);
        circumstances.held = held.iter().map(ToString::to_string).collect();
        circumstances.left = left;
    }
    let findings = examine(&Machine::here(), rig.as_ref(), &circumstances);
    let text = if args.json {
        serde_json::to_string_pretty(&findings).map(|text| text + "\n").unwrap_or_default()
    } else {
        findings.iter().map(line).collect()
    };
    if let Err(error) = print(&text) {
        say!("stimrig: {error}");
        return EXIT_INTERNAL;
    }
    if findings.iter().any(|finding| finding.severity == Severity::Error) { EXIT_RIG } else { 0 }
}

fn line(finding: &Finding) -> String {
    let word = match finding.severity {
        Severity::Good => "ok",
        Severity::Warning => "warning",
        Severity::Error => "ERROR",
    };
    let mut text = format!("{word:8} {}: {}\n", finding.subject, finding.found);
    if let Some(remedy) = &finding.remedy {
        text += &format!("         {remedy}\n");
    }
    text
}
