//! `stimrig rigs`: the benches of a folder.

use std::path::{Path, PathBuf};

use crate::diagnose::{Bench, Reach, bench};
use crate::machine::Machine;
use crate::record::{EXIT_INTERNAL, EXIT_USAGE};
use crate::rig::Rig;
use crate::run::RigLock;
use crate::source::render;

use super::load::certificate_of;
use super::stdout::print;
use super::text_file::read;

/// `stimrig rigs`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Rig files, or folders of them
    #[arg(value_name = "PATH", default_value = "rig")]
    paths: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Lists them; 0 if each file could be read.
pub(super) fn run(args: &Args, color: bool) -> u8 {
    let machine = Machine::here();
    let (mut benches, mut wrong) = (Vec::new(), 0);
    for file in args.paths.iter().flat_map(|path| files(path)) {
        match read(&file).map_err(|problem| vec![*problem]).and_then(|source| Rig::read(&source)) {
            Ok(mut rig) => {
                rig.certificate = certificate_of(&rig).ok().flatten();
                benches.push(bench(&machine, &rig, holders(&rig)));
            }
            Err(problems) => {
                wrong += 1;
                say_all!("{}", render(&problems, color));
            }
        }
    }
    if benches.is_empty() && wrong == 0 {
        let folders = args.paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
        say!("stimrig: no rig file in {folders}; `stimrig scan -o FILE` writes one for what is plugged in");
    }
    let text = if args.json {
        serde_json::to_string_pretty(&benches).map(|text| text + "\n").unwrap_or_default()
    } else if benches.is_empty() {
        String::new()
    } else {
        table(&benches)
    };
    if let Err(error) = print(&text) {
        say!("stimrig: {error}");
        return EXIT_INTERNAL;
    }
    if wrong > 0 || benches.is_empty() { EXIT_USAGE } else { 0 }
}

/// Who has the rig's lock, each once.
fn holders(rig: &Rig) -> Vec<String> {
    let mut holders = Vec::new();
    for held in RigLock::look(rig).0 {
        let holder = held.holder.map_or_else(
            || "another process".to_owned(),
            |holder| format!("{} (process {}, since {})", holder.user, holder.pid, holder.since),
        );
        if !holders.contains(&holder) {
            holders.push(holder);
        }
    }
    holders
}

/// The rig files of a path: itself, or those that lie directly in it.
fn files(path: &Path) -> Vec<PathBuf> {
    if !path.is_dir() {
        return vec![path.to_owned()];
    }
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "yaml" || end == "yml")).collect();
    files.sort();
    files
}

fn table(benches: &[Bench]) -> String {
    let rows: Vec<[String; 5]> = benches
        .iter()
        .map(|bench| {
            let age = match bench.calibration_days {
                Some(days) if days < 0 => format!("EXPIRED {} d ago", -days),
                Some(days) => format!("for {days} d"),
                None if bench.calibration_unreadable => "UNREADABLE".to_owned(),
                None => "-".to_owned(),
            };
            let holder = if bench.holders.is_empty() { "-".to_owned() } else { bench.holders.join(", ") };
            [bench.file.clone(), side(&bench.stimulator), side(&bench.load), holder, age]
        })
        .collect();
    let head = ["rig", "stimulator", "load", "held by", "calibrated"].map(str::to_owned);
    let all: Vec<_> = std::iter::once(&head).chain(&rows).collect();
    let width = |column: usize| {
        all.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |row: &[String; 5]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    all.into_iter().map(line).collect()
}

fn side((driver, reach): &(String, Reach)) -> String {
    match reach {
        Reach::Simulated => format!("{driver} (this process)"),
        Reach::Connected => format!("{driver}, connected"),
        Reach::Unknown => driver.clone(),
        Reach::Missing(_) => format!("{driver}, not connected"),
    }
}
