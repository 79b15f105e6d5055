//! Many runs at once, reduced to what their history is asked for.

use super::{Outcome, Verdict};

/// What can be said of a run's folder without reading all of it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bundle {
    /// Its journal is the one its manifest names.
    Sealed,
    /// It has no manifest: it did not end, or is still under way.
    Unsealed,
    /// Its journal is not the one its manifest names, or the chain of its folder says that it had a manifest.
    Altered,
}

impl Bundle {
    /// Its name in data.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sealed => "sealed",
            Self::Unsealed => "unsealed",
            Self::Altered => "altered",
        }
    }

    /// The state of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::Sealed, Self::Unsealed, Self::Altered].into_iter().find(|state| state.name() == name)
    }
}

/// One run, without its cases.
#[derive(Debug, Clone, PartialEq)]
pub struct PastRun {
    /// Name of its folder.
    pub folder: String,
    /// Its id.
    pub id: String,
    /// UTC start, RFC 3339.
    pub started: String,
    /// `sim` or `rig`.
    pub fidelity: String,
    /// Its outcome; none if nothing ran.
    pub outcome: Option<Outcome>,
    /// Name of the rig.
    pub rig: String,
    /// Serial of the device under test; empty if not given.
    pub dut: String,
    /// Hash of the stimulator's firmware as read back; empty if it never identified itself.
    pub firmware: String,
    /// Version of the tool.
    pub tool: String,
    /// Whether it is what it was.
    pub bundle: Bundle,
    /// What was wrong with a simulated stimulator on purpose.
    pub defects: Vec<String>,
    /// Cases that ended.
    pub cases: usize,
    /// Those of them that passed on the simulator, where a rig was asked for.
    pub sim_only: usize,
    /// The part of the selection it ran, as `hash:1/2`; empty for the whole.
    pub partition: String,
    /// The run whose cases that had not passed were run again; empty if none.
    pub rerun_of: String,
    /// What the command line set on the simulated bench, as `sim.adc.noise=2 lsb`, but for its seed; empty if nothing.
    pub settings: String,
}

/// One value of a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// Its run: a position in [`Past::runs`].
    pub run: usize,
    /// Measured value, SI base unit; none if it could not be measured.
    pub value: Option<f64>,
    /// Expanded uncertainty (95 %).
    pub uncertainty: Option<f64>,
    /// Lower limit.
    pub lower: Option<f64>,
    /// Upper limit.
    pub upper: Option<f64>,
    /// Distance from the nearest limit, positive inside.
    pub margin: Option<f64>,
    /// Verdict.
    pub verdict: Verdict,
    /// Its case passed on the simulator, where a rig was asked for.
    pub sim_only: bool,
}

/// The same check of the same case, over all runs.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckLine {
    /// Scenario file.
    pub scenario: String,
    /// Name of the case.
    pub case: String,
    /// Measurand.
    pub measurand: String,
    /// SI base unit.
    pub unit: String,
    /// `worst`, `mean` or `p99`.
    pub statistic: String,
    /// The check as written.
    pub text: String,
    /// The limit profile that states it; empty for the scenario itself.
    pub profile: String,
    /// Its values in order of the runs.
    pub readings: Vec<Reading>,
}

/// One case of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// Its run: a position in [`Past::runs`].
    pub run: usize,
    /// Scenario file.
    pub scenario: String,
    /// Name of the case.
    pub case: String,
    /// Outcome.
    pub outcome: Outcome,
    /// What it was judged by, as one hash: scenario, limit profiles, phantom.
    pub inputs: String,
}

/// The runs of a folder, in the order in which they ended as their chain has it, else in that of their starts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Past {
    /// The runs.
    pub runs: Vec<PastRun>,
    /// Their checks.
    pub lines: Vec<CheckLine>,
    /// Their cases.
    pub attempts: Vec<Attempt>,
    /// What a reader should know: runs that could not be read, a clock that went backwards.
    pub notes: Vec<String>,
}
