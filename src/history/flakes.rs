//! What does not repeat.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::record::{Attempt, Outcome, Past};
use crate::statistics::wilson;

/// A case that came out differently although nothing had changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Flake {
    /// Case.
    pub case: String,
    /// Scenario file.
    pub scenario: String,
    /// `sim` or `rig`.
    pub fidelity: String,
    /// Rig.
    pub rig: String,
    /// Runs in which it came out otherwise than mostly.
    pub strayed: u64,
    /// Runs that repeated one another: same rig and settings of it, device, firmware, scenario, limits and phantom.
    pub of: u64,
    /// `strayed` / `of`.
    pub rate: f64,
    /// Wilson's 95 % interval of the rate.
    pub interval: (f64, f64),
    /// How often each outcome came.
    pub outcomes: BTreeMap<&'static str, u64>,
}

/// Case, scenario, fidelity and rig.
type Case<'a> = (&'a str, &'a str, &'a str, &'a str);
/// Device, firmware, and what it was judged by on which bench.
type Unchanged<'a> = (&'a str, &'a str, &'a str);

/// The cases that strayed, worst first, and how many were repeated at all.
///
/// A run is compared with those of the same device and firmware, judged by the same scenario, limits and phantom on the same rig with
/// the same rig file and settings. What came most often among them is taken for the rule, the rest strayed: a change of any of
/// these is a change, not a flake.
pub(super) fn flakes(past: &Past) -> (Vec<Flake>, usize) {
    let mut groups: BTreeMap<(Case<'_>, Unchanged<'_>), BTreeMap<Outcome, u64>> = BTreeMap::new();
    for Attempt { run, scenario, case, outcome, inputs } in &past.attempts {
        let Some(run) = past.runs.get(*run) else { continue };
        // Nobody expects what a person stopped, or a rig cannot do, to repeat.
        if matches!(outcome, Outcome::Aborted | Outcome::Skipped) {
            continue;
        }
        let key = (
            (case.as_str(), scenario.as_str(), run.fidelity.as_str(), run.rig.as_str()),
            (run.dut.as_str(), run.firmware.as_str(), inputs.as_str()),
        );
        *groups.entry(key).or_default().entry(*outcome).or_default() += 1;
    }
    let mut cases: BTreeMap<Case<'_>, Flake> = BTreeMap::new();
    for ((key, _), outcomes) in &groups {
        let of: u64 = outcomes.values().sum();
        if of < 2 {
            continue;
        }
        let (case, scenario, fidelity, rig) = *key;
        let flake = cases.entry(*key).or_insert_with(|| Flake {
            case: case.to_owned(),
            scenario: scenario.to_owned(),
            fidelity: fidelity.to_owned(),
            rig: rig.to_owned(),
            strayed: 0,
            of: 0,
            rate: 0.0,
            interval: (0.0, 1.0),
            outcomes: BTreeMap::new(),
        });
        flake.strayed += of - outcomes.values().max().copied().unwrap_or(0);
        flake.of += of;
        for (outcome, count) in outcomes {
            *flake.outcomes.entry(outcome.name()).or_default() += count;
        }
    }
    let repeated = cases.len();
    let mut flakes: Vec<Flake> = cases.into_values().filter(|flake| flake.strayed > 0).collect();
    for flake in &mut flakes {
        flake.rate = flake.strayed as f64 / flake.of as f64;
        flake.interval = wilson(flake.strayed, flake.of);
    }
    flakes.sort_by(|a, b| b.interval.0.total_cmp(&a.interval.0));
    (flakes, repeated)
}
