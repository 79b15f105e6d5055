//! `stimrig bench defects`.

use std::path::{Path, PathBuf};

use crate::bench::defects::{Matrix, Row, row, text};
use crate::bench::html::defects_page;
use crate::cli::Output;
use crate::cli::load::load_rig;
use crate::quantity::engineering;
use crate::record::EXIT_USAGE;
use crate::rig::{Defect, DefectKind, DefectValue};
use crate::source::render;

use super::progress::progress;
use super::suite::{Selection, Suite};
use super::{Format, Show, json, provenance, show};

/// Which check catches which defect, and at which smallest size
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    selection: Selection,
    /// Benches with one defect each, at the size it is tried at
    #[arg(long, value_name = "DIR", default_value = "rig/sim-defects")]
    benches: PathBuf,
    /// Only this defect (repeatable)
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Seed of the bench
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    show: Show,
}

/// Runs it: 0 if every defect is caught, 1 if not; a signal has its own code.
pub(super) fn run(args: &Args, output: &Output) -> u8 {
    match try_all(args, output) {
        Ok(code) | Err(code) => code,
    }
}

fn try_all(args: &Args, output: &Output) -> Result<u8, u8> {
    let mut matrix = Matrix { seed: args.seed, defects: Vec::new(), untried: Vec::new() };
    let written = defects(args, output, &mut matrix)?;
    let suite = Suite::load(&args.selection, output)?;
    let defects = able(written, args, &suite, output, &mut matrix)?;
    for (at, defect) in defects.iter().enumerate() {
        let told = format!("{} of {}: {}", at + 1, defects.len(), defect.kind.name());
        let found = row(defect, shown(defect), |defect, only| {
            progress(&format!("{told} {} {}", shown(defect), only.unwrap_or("")));
            suite.run(args.seed, std::slice::from_ref(defect), only)
        });
        match found {
            Ok(row) => matrix.defects.push(row),
            Err(ended) => return Err(ended.at(defect.kind.name()).told()),
        }
    }
    progress("");
    let shown = match args.show.format {
        Format::Text => Ok(text(&matrix, &sized)),
        Format::Json => json(&matrix),
        Format::Html => Ok(defects_page(&matrix, &provenance(), &sized)),
    };
    Ok(show(&args.show, shown, u8::from(!matrix.holds())))
}

/// The defects of the benches, in the order of the catalogue. One that is asked for by name must have a bench.
fn defects(args: &Args, output: &Output, matrix: &mut Matrix) -> Result<Vec<Defect>, u8> {
    let usage = |what: String| {
        say!("stimrig: {what}");
        EXIT_USAGE
    };
    let known: Vec<&str> = DefectKind::ALL.iter().map(|kind| kind.name()).collect();
    if let Some(name) = args.only.iter().find(|name| !known.contains(&name.as_str())) {
        let near = crate::source::nearest(name, known.iter().copied());
        let help = near.map(|near| format!(": did you mean `{near}`?")).unwrap_or_default();
        return Err(usage(format!("there is no defect `{name}`{help}")));
    }
    let mut found = Vec::new();
    for kind in DefectKind::ALL {
        let path = args.benches.join(format!("{}.yaml", kind.name()));
        if !args.only.is_empty() && !args.only.iter().any(|name| name == kind.name()) {
            continue;
        }
        let defect = if path.is_file() { of_bench(&path, *kind, output)? } else { None };
        match defect {
            Some(defect) => found.push(defect),
            None if args.only.is_empty() => matrix.leave_out(kind.name(), &without(args, &path)),
            None => {
                return Err(usage(format!(
                    "--only {}: {}; write it, or name another folder with --benches",
                    kind.name(),
                    without(args, &path)
                )));
            }
        }
    }
    if found.is_empty() {
        return Err(usage(format!("{} has no bench with such a defect", args.benches.display())));
    }
    Ok(found)
}

/// Why a defect has no bench.
fn without(args: &Args, path: &Path) -> String {
    if path.is_file() {
        format!("{} does not give its stimulator the defect it is named after", path.display())
    } else {
        format!("no bench of that name in {}", args.benches.display())
    }
}

/// Those that can act on the bench. One that is asked for by name must.
fn able(
    written: Vec<Defect>,
    args: &Args,
    suite: &Suite,
    output: &Output,
    matrix: &mut Matrix,
) -> Result<Vec<Defect>, u8> {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for defect in written {
        let inert = suite.inert(&defect);
        let Some(first) = inert.first() else {
            found.push(defect);
            continue;
        };
        let name = defect.kind.name();
        // The reason without the name: many share it.
        let why = first.what.strip_prefix(&format!("`{name}` ")).unwrap_or(&first.what);
        matrix.leave_out(name, why);
        problems.extend(inert);
    }
    if found.is_empty() || !(problems.is_empty() || args.only.is_empty()) {
        say_all!("{}", render(&problems, output.color()));
        return Err(EXIT_USAGE);
    }
    Ok(found)
}

fn of_bench(path: &Path, kind: DefectKind, output: &Output) -> Result<Option<Defect>, u8> {
    let rig = load_rig(Some(path), &[], &[]).map_err(|problems| {
        say_all!("{}", render(&problems, output.color()));
        EXIT_USAGE
    })?;
    Ok(rig.sim.and_then(|sim| sim.defects.into_iter().find(|defect| defect.kind == kind)))
}

/// The size of a defect as its bench states it.
fn shown(defect: &Defect) -> String {
    match &defect.value {
        DefectValue::Flag => String::new(),
        DefectValue::Names(names) => names.join(", "),
        DefectValue::Every(n) => format!("every {n}"),
        DefectValue::Amount(size) => amount(defect.kind, *size),
    }
}

/// A size of a row in the unit of its defect.
fn sized(row: &Row, size: f64) -> String {
    if row.every {
        return format!("every {size}");
    }
    let kind = DefectKind::ALL.iter().copied().find(|kind| kind.name() == row.defect);
    kind.map_or_else(|| size.to_string(), |kind| amount(kind, size))
}

fn amount(kind: DefectKind, size: f64) -> String {
    kind.dimension().map_or_else(|| size.to_string(), |dimension| engineering(size, dimension, 2))
}
