//! What is told of the current of a train alone.

use rand::RngExt;

use crate::judge::judge;
use crate::phantom::ElementKind;
use crate::scenario::{Action, Check, Criterion, Measurand};

use super::super::rig::{Rig, Setting, case, facts, phantom};
use super::super::stimulus::Stimulus;
use super::{Experiment, Judged, Outcome, Trial, generator, start_sample, unbounded, unmeasured};

/// Measurands whose claim is tested on a train of current pulses.
const OF_CURRENT: [Measurand; 9] = [
    Measurand::Amplitude,
    Measurand::Width,
    Measurand::ChargePerPhase,
    Measurand::NetCharge,
    Measurand::ChargeImbalance,
    Measurand::MeanDcCurrent,
    Measurand::AccumulatedCharge,
    Measurand::Gap,
    Measurand::Rate,
];
/// Measurands whose worst pulse is judged at the limit itself.
const AT_LIMIT: [Measurand; 4] =
    [Measurand::Amplitude, Measurand::Width, Measurand::ChargePerPhase, Measurand::ChargeImbalance];

/// Bench number `index`: a second of a train across a resistor small enough to take nothing from the current.
pub fn current(seed: u64, index: u64) -> Trial {
    let mut rng = generator(seed, Experiment::Current, index);
    let stimulus = Stimulus::drawn(&mut rng, index);
    let program = stimulus.program();
    let phantom = phantom(&["e1", "case"], &[(ElementKind::Resistor, 10.0, 0, 1)], 2, false);
    let stratum = stimulus.stratum();
    let seeds = (rng.random(), rng.random());
    let Some(mut rig) = Rig::drawn(Setting::of(&phantom, &program, &stimulus), seeds) else {
        return unmeasured(stratum, &OF_CURRENT);
    };
    let start = start_sample(&stimulus, rig.period);
    for pulse in 0..stimulus.pulses {
        rig.pulse(&stimulus, pulse);
    }
    let recording = rig.finish(stimulus.delay + stimulus.pulses * stimulus.period);
    let judged = AT_LIMIT.into_iter().filter(|measurand| stimulus.truth(*measurand) != 0.0);
    // A train that nothing recovers is out of balance by definition, which no uncertainty touches.
    let judged =
        judged.filter(|measurand| *measurand != Measurand::ChargeImbalance || stimulus.recovery > 0.0);
    let checks: Vec<Check> = judged
        .map(|measurand| Check::new(measurand, Criterion::AtMost(stimulus.truth(measurand).abs())))
        .collect();
    let case = case(&program, phantom, vec![Action::Start, Action::Stop], checks);
    let facts = facts(&program, &[start, recording.samples], recording.samples);
    let judged = Judged { case, facts, recording };
    let covered = |measurand: &Measurand| {
        let held = judged.covers(&unbounded(*measurand), |_| Some(stimulus.truth(*measurand)));
        Outcome::Covered(*measurand, held)
    };
    let alone = |measurand: &&Measurand| **measurand != Measurand::Gap || stimulus.recovery > 0.0;
    let mut outcomes: Vec<Outcome> = OF_CURRENT.iter().filter(alone).map(covered).collect();
    let records = judge(&judged.case, &judged.facts, &judged.recording);
    outcomes.extend(
        judged
            .case
            .checks
            .iter()
            .zip(records)
            .map(|(check, record)| Outcome::AtLimit(check.measurand, record.verdict)),
    );
    Trial { stratum, outcomes }
}
