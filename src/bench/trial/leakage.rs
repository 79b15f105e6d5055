//! Direct current on the slow channels.

use rand::RngExt;

use crate::phantom::ElementKind;
use crate::scenario::{Action, Measurand};

use super::super::rig::{Rig, Setting, case, facts, phantom};
use super::super::stimulus::{MILLISECOND, Stimulus, seconds, uniform};
use super::{Experiment, Judged, Outcome, Trial, generator, start_sample, unbounded, unmeasured};

/// Length of the zero and of the train, ns: the slow filter settles in two seconds.
const ZERO: u64 = 3000 * MILLISECOND;
const TRAIN: u64 = 5000 * MILLISECOND;

/// Bench number `index`: pulses that are not quite balanced, and a leakage past the series capacitor. The fast channels are slow
/// ones here: nothing is asked of them but markers.
pub fn leakage(seed: u64, index: u64) -> Trial {
    let mut rng = generator(seed, Experiment::Leakage, index);
    // The first eight draws are recovered actively.
    let mut stimulus = Stimulus::drawn(&mut rng, index % 8);
    stimulus.limit(8e-3);
    stimulus.delay = ZERO + 100 * MILLISECOND;
    stimulus.pulses = TRAIN / stimulus.period;
    let leaks = uniform(&mut rng, -2e-6, 2e-6);
    let net =
        stimulus.recovery * seconds(stimulus.recovery_width) - stimulus.amplitude * seconds(stimulus.width);
    let truth = leaks + net / seconds(stimulus.period);
    let program = stimulus.program();
    let phantom = phantom(&["e1", "case"], &[(ElementKind::Resistor, 1000.0, 0, 1)], 2, false);
    let mut setting = Setting::of(&phantom, &program, &stimulus);
    setting.bench.adc.sample_rate = 50e3;
    setting.bench.adc.filter.cutoff = 5e3;
    setting.slow = true;
    setting.zeroed = ZERO;
    let stratum = format!("leakage, {}", stimulus.decade);
    let Some(mut rig) = Rig::drawn(setting, (rng.random(), rng.random())) else {
        return unmeasured(stratum, &[Measurand::DcLeakageCurrent]);
    };
    rig.analog.set_leakage(0, leaks);
    rig.start(&stimulus);
    for pulse in 0..stimulus.pulses {
        rig.pulse(&stimulus, pulse);
    }
    let start = start_sample(&stimulus, rig.period);
    let recording = rig.finish(stimulus.delay + stimulus.pulses * stimulus.period);
    let case = case(&program, phantom, vec![Action::Start, Action::Stop], Vec::new());
    let facts = facts(&program, &[start, recording.samples], recording.samples);
    let judged = Judged { case, facts, recording };
    let covered = judged.covers(&unbounded(Measurand::DcLeakageCurrent), |_| Some(truth));
    Trial { stratum, outcomes: vec![Outcome::Covered(Measurand::DcLeakageCurrent, covered)] }
}
