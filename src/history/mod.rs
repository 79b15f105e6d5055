//! Many runs looked at together: how each measurand goes over the runs, how well it fits between its limits, what does not repeat,
//! and which margin is being used up before anything fails.
//!
//! Pure: the past is handed in. Simulator and rig are never in one trend, nor are two rigs, nor a simulated bench with other settings.

mod chart;
mod csv;
mod flakes;
mod json;
mod page;
mod text;
mod trend;
mod words;

use serde::Serialize;

use crate::record::Past;

pub use csv::csv;
pub use flakes::Flake;
pub use json::json;
pub use page::page;
pub use text::text;
pub use trend::{Erosion, Point, Trend};

/// What else tells one trend from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Split {
    /// A trend for each device.
    pub dut: bool,
    /// A trend for each firmware.
    pub firmware: bool,
}

/// A history, ready to be shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct History {
    /// Measurand asked for; none for all of them.
    pub measurand: Option<String>,
    /// Runs it is of, oldest first.
    pub runs: Vec<Run>,
    /// The trends, those that need a look first.
    pub trends: Vec<Trend>,
    /// Cases that did not repeat, worst first; not looked for when a measurand was asked for.
    pub flakes: Vec<Flake>,
    /// Cases that were looked at for that.
    pub repeated: usize,
    /// What a reader should know.
    pub notes: Vec<String>,
}

/// A run as a history names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Run {
    /// Its id.
    pub id: String,
    /// UTC start, RFC 3339.
    pub started: String,
    /// `sim` or `rig`.
    pub fidelity: String,
    /// Its outcome; none if nothing ran.
    pub outcome: Option<&'static str>,
    /// Rig.
    pub rig: String,
    /// Device under test; empty if not given.
    pub dut: String,
    /// Firmware hash; empty if unknown.
    pub firmware: String,
    /// Cases.
    pub cases: usize,
    /// Those of them that passed on the simulator, where a rig was asked for: of hardware they say nothing.
    pub sim_only: usize,
    /// The part of the suite it ran, as `hash:1/2`; empty for the whole.
    pub partition: String,
    /// The run of which it ran again what had not passed; empty if none.
    pub rerun_of: String,
    /// What the command line set on the simulated bench; empty if nothing.
    pub settings: String,
    /// What was wrong with the simulated stimulator on purpose.
    pub defects: Vec<String>,
    /// `sealed`, or `unsealed` where it goes on or was never closed: what it passed so far is not all that it is to pass.
    pub bundle: &'static str,
}

/// Looks at the past.
pub fn history(past: &Past, measurand: Option<&str>, split: Split) -> History {
    let runs = past.runs.iter().map(|run| Run {
        id: run.id.clone(),
        started: run.started.clone(),
        fidelity: run.fidelity.clone(),
        outcome: run.outcome.map(crate::record::Outcome::name),
        rig: run.rig.clone(),
        dut: run.dut.clone(),
        firmware: run.firmware.clone(),
        cases: run.cases,
        sim_only: run.sim_only,
        partition: run.partition.clone(),
        rerun_of: run.rerun_of.clone(),
        settings: run.settings.clone(),
        defects: run.defects.clone(),
        bundle: run.bundle.name(),
    });
    let (flakes, repeated) = flakes::flakes(past);
    History {
        measurand: measurand.map(str::to_owned),
        runs: runs.collect(),
        trends: trend::trends(past, split),
        flakes,
        repeated,
        notes: past.notes.clone(),
    }
}

#[cfg(test)]
mod tests;
