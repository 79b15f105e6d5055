//! `record.json`: the fields of `stimrig schema record`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Verdict of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The whole interval value ± U is inside the limit.
    Pass,
    /// The whole interval is outside.
    Fail,
    /// The limit lies inside the interval.
    Inconclusive,
    /// It could not be measured.
    Invalid,
}

impl Verdict {
    /// Its name in the record.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
            Self::Invalid => "invalid",
        }
    }

    /// Its rank for people, the worst highest: what fails, then what could not be judged.
    pub fn badness(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Inconclusive => 1,
            Self::Invalid => 2,
            Self::Fail => 3,
        }
    }
}

/// Outcome of a case or run, in ascending rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// At least one check was judged and all passed.
    Passed,
    /// A capability is missing.
    Skipped,
    /// A limit lies inside an uncertainty.
    Inconclusive,
    /// A check could not be measured.
    Invalid,
    /// Instrument lost, busy, wrong identity, wrong phantom.
    RigError,
    /// A check failed, or the output guard tripped.
    Failed,
    /// Ended by a signal, safe state confirmed.
    Aborted,
    /// Safe state not confirmed.
    Unsafe,
}

impl Outcome {
    /// All of them, in ascending rank.
    pub const ALL: [Self; 8] = [
        Self::Passed,
        Self::Skipped,
        Self::Inconclusive,
        Self::Invalid,
        Self::RigError,
        Self::Failed,
        Self::Aborted,
        Self::Unsafe,
    ];

    /// The outcome of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }

    /// Its name in the record.
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Skipped => "skipped",
            Self::Inconclusive => "inconclusive",
            Self::Invalid => "invalid",
            Self::RigError => "rig-error",
            Self::Failed => "failed",
            Self::Aborted => "aborted",
            Self::Unsafe => "unsafe",
        }
    }
}

/// Whether the output was measured to be off at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SafeState {
    /// Measured.
    Confirmed,
    /// Measured, and it was not.
    Unconfirmed,
    /// Could not be measured.
    Impossible,
}

impl SafeState {
    /// The worse of two: one output that was not off outweighs everything, then one that could not be seen.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unconfirmed, _) | (_, Self::Unconfirmed) => Self::Unconfirmed,
            (Self::Impossible, _) | (_, Self::Impossible) => Self::Impossible,
            (Self::Confirmed, Self::Confirmed) => Self::Confirmed,
        }
    }

    /// Its name in the record.
    pub fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Unconfirmed => "unconfirmed",
            Self::Impossible => "impossible",
        }
    }
}

/// The limit of a check, in the unit of the measurand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LimitRecord {
    /// `within`, `at_most`, `at_least`, `between`, `equals` or `holds`.
    pub criterion: String,
    /// What a tolerance is about.
    pub nominal: Option<f64>,
    /// Lower bound.
    pub lower: Option<f64>,
    /// Upper bound.
    pub upper: Option<f64>,
}

/// Which unit decided a `worst` check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorstRecord {
    /// Index of the pulse (or cycle) within the recording, from 0.
    pub pulse: Option<u64>,
    /// Seconds since the first sample of the case.
    pub time: Option<f64>,
}

/// One line of an uncertainty budget.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BudgetRecord {
    /// `gain`, `offset`, `noise`, …
    pub input: String,
    /// Standard uncertainty it contributes, in the unit of the measurand.
    pub contribution: f64,
    /// `A` (statistical) or `B`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// One check, judged. Units are SI base units; ratios are plain fractions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CheckRecord {
    /// Name of the measurand.
    pub measurand: String,
    /// Verdict.
    pub verdict: Verdict,
    /// Measured value (the deciding unit's for `worst`); null when invalid.
    pub value: Option<f64>,
    /// SI base unit of value, uncertainty, limit and margin.
    pub unit: String,
    /// Expanded uncertainty at 95 % coverage probability.
    pub uncertainty: Option<f64>,
    /// The family-wise uncertainty U_N, where the verdict used it.
    pub uncertainty_family: Option<f64>,
    /// Coverage factor k of `uncertainty`.
    pub coverage: Option<f64>,
    /// The limit.
    pub limit: LimitRecord,
    /// Distance of the value from the nearest limit, positive inside.
    pub margin: Option<f64>,
    /// `worst`, `mean` or `p99`.
    pub statistic: String,
    /// Units (pulses, cycles, events) judged.
    pub count: u64,
    /// The unit that decided.
    pub worst: Option<WorstRecord>,
    /// Why it is not a pass, or what qualifies it.
    pub reason: Option<String>,
    /// Uncertainty budget of the value, largest line first.
    pub budget: Vec<BudgetRecord>,
    /// The limit profile that states it, among the case's `profiles`; null for the scenario's own.
    #[serde(default)]
    pub profile: Option<String>,
    /// Line in the file that states it: the scenario's, or its profile's.
    pub line: u32,
    /// The check as written.
    pub text: String,
    /// `guarded` or `simple`.
    pub decision: String,
    /// Shutdown: time until the next pulse that was due, s. Transition time: the value where it is only a bound, s.
    pub upper_bound: Option<f64>,
    /// The waveform around the deciding unit, for a picture; null unless the verdict needs a look.
    pub sketch: Option<Sketch>,
}

impl CheckRecord {
    /// Why it came out as it did, beginning with what was measured. The reason of a number beyond its limit does so itself.
    pub fn why(&self) -> String {
        let reason = self.reason.as_deref().unwrap_or(self.verdict.name());
        let named = reason.starts_with(self.measurand.as_str());
        if named { reason.to_owned() } else { format!("{}: {reason}", self.measurand) }
    }
}

/// A short stretch of one channel, evenly spaced, for a picture in a terminal: a few hundred points at most.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sketch {
    /// Name of the channel, and what of it is drawn: of another pulse than the one that decided it says which.
    pub channel: String,
    /// Unit of the values: `A`, `V`, or `C` for the charge measured beyond what was programmed.
    pub unit: String,
    /// Time of the first value, s since the first sample of the case.
    pub start: f64,
    /// Time between values, s.
    pub step: f64,
    /// The values.
    pub values: Vec<f64>,
    /// Limits in the unit of the values, where it has any.
    #[serde(default)]
    pub limits: Vec<f64>,
}

/// A named instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InstantRecord {
    /// `start`, `stop`, `settled`, or a step's `as`.
    pub name: String,
    /// Seconds since the first sample of the case; negative where a load's record began later.
    pub time: Option<f64>,
    /// Sample index; null where it lies before the first.
    pub sample: Option<u64>,
}

/// Where limits that a scenario took from a profile come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProfileRecord {
    /// Its name.
    pub name: String,
    /// Its file.
    pub file: String,
    /// SHA-256 of its bytes.
    pub hash: String,
    /// Document, edition, clause.
    pub citation: String,
    /// Whether somebody compared the limits with the cited document.
    pub verified: bool,
    /// Who did, and when.
    pub verified_by: Option<String>,
}

/// One case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CaseRecord {
    /// Scenario file.
    pub scenario: String,
    /// Its number within the file, from 1: `run FILE#NUMBER` runs it.
    #[serde(default)]
    pub number: usize,
    /// Case name.
    pub name: String,
    /// Which of the repetitions asked for by `--repeat` it is, from 1; 0 where none was asked for.
    #[serde(default)]
    pub attempt: u32,
    /// Matrix values as written.
    pub matrix: BTreeMap<String, String>,
    /// Requirement ids.
    pub verifies: Vec<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Name of the phantom.
    pub phantom: String,
    /// SHA-256 of its file; empty in a record of before it was kept.
    #[serde(default)]
    pub phantom_hash: String,
    /// Limit profiles it was judged by besides its own checks.
    #[serde(default)]
    pub profiles: Vec<ProfileRecord>,
    /// Outcome.
    pub outcome: Outcome,
    /// Passed on a simulated bench although a rig was asked for.
    pub sim_only: bool,
    /// Why it is not passed.
    pub reason: Option<String>,
    /// Whether the output was measured to be off at its end.
    pub safe_state: SafeState,
    /// Monotonic time it took, s.
    pub elapsed: f64,
    /// Checks in the order of the scenario.
    pub checks: Vec<CheckRecord>,
    /// Named instants in order of time.
    pub events: Vec<InstantRecord>,
    /// Remarks a reader should see (setup that was skipped, a retry).
    pub notes: Vec<String>,
    /// What its pulses showed that no check asks for, such as programmed ones that did not come.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unasked: Vec<String>,
    /// Folder of its raw samples within the run's, where they were kept.
    #[serde(default)]
    pub evidence: Option<String>,
    /// What the stimulator's firmware logged, where a debug probe read it; at most 1000 lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<LogRecord>,
}

/// A line of the firmware's log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LogRecord {
    /// Scenario time at which it was read, s.
    pub time: f64,
    /// The line.
    pub line: String,
}

impl CaseRecord {
    /// Its name, and which repetition it is where it was repeated.
    pub fn title(&self) -> String {
        if self.attempt == 0 {
            self.name.clone()
        } else {
            format!("{} (attempt {})", self.name, self.attempt)
        }
    }
}

/// One instrument as it identified itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InstrumentRecord {
    /// `stimulator`, `load` or `probe`.
    pub role: String,
    /// Driver.
    pub driver: String,
    /// Model or product name.
    pub model: String,
    /// Unique id.
    pub uid: String,
    /// Firmware hash read back, hexadecimal.
    pub firmware: String,
    /// Calibration id, date and due date as stated.
    pub calibration: Option<String>,
}

impl InstrumentRecord {
    /// Unique ids that begin like this are reserved for simulators, so that nothing they pass counts for hardware.
    pub const SIMULATED: &'static str = "SIM-";

    /// Whether it says itself that it is simulated, with its unique id as text or in hexadecimal.
    pub fn is_simulated(&self) -> bool {
        let id = self.uid.as_bytes();
        let hexadecimal: String = Self::SIMULATED.bytes().map(|byte| format!("{byte:02x}")).collect();
        let begins = |prefix: &str| {
            id.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
        };
        begins(Self::SIMULATED) || begins(&hexadecimal)
    }
}

/// Everything one run produced.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunRecord {
    /// Version of this format.
    pub version: u32,
    /// UUIDv7.
    pub id: String,
    /// `sim` or `rig`.
    pub fidelity: String,
    /// Highest-ranking outcome of its cases; null if none ran.
    pub outcome: Option<Outcome>,
    /// Lowest safe state of its cases.
    pub safe_state: SafeState,
    /// Exit code of the run.
    pub exit_code: u8,
    /// What ended it early: `SIGINT`, `SIGTERM`, `SIGHUP`, `internal error`, `run not kept` (no room for its files), or `host lost` (killed, or
    /// without power).
    pub interrupted: Option<String>,
    /// Serial of the device under test, if given.
    pub dut: Option<String>,
    /// Operator, if given.
    pub operator: Option<String>,
    /// Seed of the simulated bench; null on a rig.
    pub seed: Option<u64>,
    /// UTC start, RFC 3339.
    pub started: String,
    /// UTC end, RFC 3339.
    pub ended: String,
    /// Monotonic length of the run, s.
    pub elapsed: f64,
    /// Name and version of the tool.
    pub tool: String,
    /// Host it ran on.
    pub host: String,
    /// Rig name.
    pub rig: String,
    /// SHA-256 of the rig file.
    pub rig_hash: String,
    /// What was wrong with the simulated stimulator on purpose, by name: such a run says nothing about a device.
    #[serde(default)]
    pub defects: Vec<String>,
    /// The rig file, as it was named.
    #[serde(default)]
    pub rig_file: String,
    /// What of the bench only one run may have, as its lock names it: ports and probe; none of a bench that was simulated in the
    /// run's own process, null in a record of before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub devices: Option<Vec<String>>,
    /// What the command line laid over the rig file, in order, as `--set KEY=VALUE` and `--defect NAME=VALUE`.
    #[serde(default)]
    pub overrides: Vec<String>,
    /// The part of the selection it ran, as `hash:1/2`; null for the whole.
    #[serde(default)]
    pub partition: Option<String>,
    /// The run whose cases that had not passed were run again.
    #[serde(default)]
    pub rerun_of: Option<String>,
    /// The cases that were to run, in order, as `FILE#NUMBER`; those that never started have no record.
    #[serde(default)]
    pub selected: Vec<String>,
    /// Scenario file → SHA-256.
    pub scenarios: BTreeMap<String, String>,
    /// Instruments.
    pub instruments: Vec<InstrumentRecord>,
    /// Cases in order.
    pub cases: Vec<CaseRecord>,
}

impl RunRecord {
    /// The version written, and the newest that is read.
    pub const VERSION: u32 = 1;
}

#[cfg(test)]
mod tests {
    use super::super::samples::check;
    use super::*;

    #[test]
    fn a_reason_names_its_measurand_once() {
        let why = |reason: Option<&str>| {
            CheckRecord { reason: reason.map(str::to_owned), ..check("amplitude", Verdict::Fail) }.why()
        };
        assert_eq!(why(Some("amplitude 12.6 mA is above 12.36 mA")), "amplitude 12.6 mA is above 12.36 mA");
        assert_eq!(why(Some("clipped")), "amplitude: clipped");
        assert_eq!(why(None), "amplitude: fail");
    }
}
