//! The shape of a phase: an edge that shoots over or lags, a top that sinks.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::measure::Wanted;
use crate::phantom::{Drive, ElementKind, Shape, Tail};
use crate::scenario::{Action, Measurand};

use super::super::rig::{Edge, Rig, Setting, case, facts, phantom};
use super::super::stimulus::{Stimulus, seconds, uniform};
use super::{
    Experiment, Judged, Outcome, SETTLING, Trial, generator, line, start_sample, unbounded, unmeasured,
};

/// Pulses of a trial.
const PULSES: u64 = 8;

/// What is not square about a phase: `share`·exp(−rate·t) is added to it.
#[derive(Debug, Clone, Copy)]
struct Flaw {
    measurand: Measurand,
    rate: f64,
    share: f64,
    /// What stays when that has decayed.
    settled: f64,
}

impl Flaw {
    fn drawn(index: u64, width: f64, rng: &mut ChaCha8Rng) -> Self {
        match index % 3 {
            0 => Self {
                measurand: Measurand::Overshoot,
                rate: uniform(rng, 5e-6, 20e-6).recip(),
                share: uniform(rng, 0.05, 0.3),
                settled: 1.0,
            },
            1 => Self {
                measurand: Measurand::Droop,
                rate: uniform(rng, 0.02, 0.15) / (0.8 * width),
                share: 1.0,
                settled: 0.0,
            },
            _ => Self {
                measurand: Measurand::TransitionTime,
                rate: 9_f64.ln() / uniform(rng, 5e-6, 15e-6),
                share: -1.0,
                settled: 1.0,
            },
        }
    }

    fn at(self, t: f64) -> f64 {
        self.settled + self.share * f64::exp(-self.rate * t)
    }

    /// Into the phase of `current`.
    fn drive(self, current: f64) -> Drive {
        let both = |part: f64| vec![current * part, -current * part];
        let tail = Tail { rate: self.rate, currents: both(self.share) };
        Drive::Shaped(Shape { settled: both(self.settled), tails: vec![tail] })
    }

    /// Out of it: an edge that lags on the way in lags on the way out.
    fn off(self, current: f64, width: f64) -> Drive {
        if self.share > 0.0 {
            return Drive::Off;
        }
        let left = current * self.at(width);
        let tail = Tail { rate: self.rate, currents: vec![left, -left] };
        Drive::Shaped(Shape { settled: vec![0.0; 2], tails: vec![tail] })
    }

    /// The definition applied to a phase of this width.
    fn truth(self, width: f64) -> f64 {
        // The level is the mean of the central 60 %, where that has settled.
        let (from, to) = ((0.2 * width).max(SETTLING), 0.8 * width);
        let tail = (f64::exp(-self.rate * from) - f64::exp(-self.rate * to)) / (self.rate * (to - from));
        let level = self.settled + self.share * tail;
        match self.measurand {
            Measurand::Overshoot => (self.at(0.0) - level) / level,
            Measurand::Droop => {
                let top = |part: f64| line(|t| self.at(t), (0.1 * width, 0.9 * width), part * width);
                (top(0.1) - top(0.9)) / top(0.1)
            }
            _ => {
                let reaches = |part: f64| -(1.0 - part * level).ln() / self.rate;
                reaches(0.9) - reaches(0.1)
            }
        }
    }
}

/// Bench number `index`: mirrored pulses, each phase with the same flaw.
pub fn shape(seed: u64, index: u64) -> Trial {
    let mut rng = generator(seed, Experiment::Shape, index);
    // The first four draws are mirrored, one in each band of amplitudes.
    let mut stimulus = Stimulus { pulses: PULSES, ..Stimulus::drawn(&mut rng, index / 3 % 4) };
    stimulus.width = uniform(&mut rng, 150e3, 400e3) as u64;
    stimulus.recovery_width = stimulus.width;
    stimulus.gap = uniform(&mut rng, 100e3, 200e3) as u64;
    // A leading edge that shoots over stays within the range.
    stimulus.amplitude = stimulus.amplitude.min(20e-3);
    stimulus.recovery = stimulus.amplitude;
    let width = seconds(stimulus.width);
    let flaw = Flaw::drawn(index, width, &mut rng);
    let stratum = format!("shape, {}, {:.0} mA range", stimulus.decade, stimulus.range * 1e3);
    let program = stimulus.program();
    let phantom = phantom(&["e1", "case"], &[(ElementKind::Resistor, 10.0, 0, 1)], 2, false);
    let wanted = Wanted { shapes: vec!["e1".to_owned()], ..Wanted::default() };
    let setting = Setting { wanted, ..Setting::of(&phantom, &program, &stimulus) };
    let Some(mut rig) = Rig::drawn(setting, (rng.random(), rng.random())) else {
        return unmeasured(stratum, &[flaw.measurand]);
    };
    rig.start(&stimulus);
    for pulse in 0..stimulus.pulses {
        rig.pulse_of(&stimulus, pulse, |analog, edge| {
            analog.set_drive(&match edge {
                Edge::On(current) => flaw.drive(current),
                Edge::Off(current) => flaw.off(current, width),
            });
        });
    }
    let start = start_sample(&stimulus, rig.period);
    let recording = rig.finish(stimulus.delay + stimulus.pulses * stimulus.period);
    let case = case(&program, phantom, vec![Action::Start, Action::Stop], Vec::new());
    let facts = facts(&program, &[start, recording.samples], recording.samples);
    let judged = Judged { case, facts, recording };
    let covered = judged.covers(&unbounded(flaw.measurand), |_| Some(flaw.truth(width)));
    Trial { stratum, outcomes: vec![Outcome::Covered(flaw.measurand, covered)] }
}
