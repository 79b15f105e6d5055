//! What is told of an electrode by its voltage.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::measure::Wanted;
use crate::phantom::{Drive, ElementKind, Output, Phantom};
use crate::scenario::{Action, Measurand};
use crate::signal::Sensed;
use crate::sim::analog::Analog;

use super::super::rig::{CAPACITOR, Edge, Rig, Setting, case, facts, phantom};
use super::super::stimulus::{Stimulus, seconds, uniform};
use super::{
    Experiment, Judged, Outcome, SETTLING, Trial, generator, line, start_sample, unbounded, unmeasured,
};

/// Pulses of a trial.
const CYCLES: u64 = 8;
/// By how much an element may be off what is stated, as a fraction.
const TOLERANCE: f64 = 0.02;
/// Stated compliance of the stimulator, V.
const COMPLIANCE: f64 = 15.0;
/// The longest line of a fit, s.
const LONGEST: f64 = 100e-6;

/// Measurands whose claim is tested.
const OF_VOLTAGE: [Measurand; 4] = [
    Measurand::ResidualVoltage,
    Measurand::AccessResistance,
    Measurand::Polarization,
    Measurand::ComplianceHeadroom,
];

/// A leaky electrode: an access resistance before a capacitor with a resistor across it.
#[derive(Debug, Clone, Copy)]
struct Electrode {
    access: f64,
    capacitor: f64,
    leak: f64,
}

impl Electrode {
    fn phantom(self, tolerance: f64) -> Phantom {
        let elements = [
            (ElementKind::Resistor, self.access, 0, 2),
            (ElementKind::Capacitor, self.capacitor, 2, 1),
            (ElementKind::Resistor, self.leak, 2, 1),
        ];
        let mut phantom = phantom(&["e1", "case"], &elements, 3, true);
        phantom.elements.iter_mut().for_each(|element| element.tolerance = tolerance);
        phantom
    }

    /// One that these may be stated for: each element anywhere within the tolerance.
    fn within(self, tolerance: f64, rng: &mut ChaCha8Rng) -> Self {
        let mut off = |value: f64| value * (1.0 + uniform(rng, -tolerance, tolerance));
        Self { access: off(self.access), capacitor: off(self.capacitor), leak: off(self.leak) }
    }

    /// Voltage `t` seconds after a current sets in, the capacitor at `held` then.
    fn voltage(self, current: f64, held: f64, t: f64) -> f64 {
        let rest = current * self.leak;
        current * self.access + rest + (held - rest) * f64::exp(-t / (self.leak * self.capacitor))
    }
}

/// What is true of one pulse.
#[derive(Debug, Clone, Copy)]
struct Truth {
    residual: f64,
    access: f64,
    polarization: f64,
    headroom: f64,
}

/// Bench number `index`: a leaky electrode, a few cycles from rest, a recovery that is wrong by up to 1 %. The truth is the
/// exact solution of the network, and each definition applied to it.
pub fn electrode(seed: u64, index: u64) -> Trial {
    let mut rng = generator(seed, Experiment::Electrode, index);
    let mut stimulus = Stimulus { pulses: CYCLES, ..Stimulus::drawn(&mut rng, index) };
    let stated = Electrode {
        access: f64::exp(uniform(&mut rng, f64::ln(300.0), f64::ln(1000.0))),
        capacitor: uniform(&mut rng, 1e-6, 5e-6),
        leak: uniform(&mut rng, 5e3, 50e3),
    };
    let electrode = stated.within(TOLERANCE, &mut rng);
    // Below the compliance of the stimulator, so that the current stays what it is stated to be.
    stimulus.limit(8e-3);
    // What nothing recovers adds up.
    let left = if stimulus.kind == "none" { (CYCLES + 1) as f64 } else { 1.0 };
    let peak = stimulus.amplitude * (electrode.access + left * seconds(stimulus.width) / electrode.capacitor);
    let range = if 1.25 * peak <= 2.0 { 2.0 } else { 20.0 };
    let stratum = format!("electrode, {}, {range:.0} V range", stimulus.kind);
    let program = stimulus.program();
    let (real, stated) = (electrode.phantom(TOLERANCE), stated.phantom(TOLERANCE));
    let seeds = (rng.random(), rng.random());
    let wanted = Wanted { joint: true, pairs: vec![(0, 1)], outputs: vec![2], ..Wanted::default() };
    let voltages = [("v1", range), ("vout", range)];
    let setting = Setting { voltages: &voltages, wanted, ..Setting::of(&real, &program, &stimulus) };
    let Some((rig, truths)) = Rig::drawn(setting, seeds).and_then(|rig| driven(rig, &stimulus, electrode))
    else {
        return unmeasured(stratum, &OF_VOLTAGE);
    };
    let start = start_sample(&stimulus, rig.period);
    let recording = rig.finish(stimulus.delay + (stimulus.pulses + 1) * stimulus.period);
    let case = case(&program, stated, vec![Action::Start, Action::Stop], Vec::new());
    let mut facts = facts(&program, &[start, recording.samples], recording.samples);
    facts.output = Some(Output {
        compliance: COMPLIANCE,
        blocking_capacitor: if stimulus.recharge > 0 { CAPACITOR } else { 0.0 },
        ..Output::default()
    });
    let judged = Judged { case, facts, recording };
    let covered = |measurand: Measurand, truth: fn(&Truth) -> f64| {
        let of = |pulse: u64| truths.get(usize::try_from(pulse).ok()?).map(truth);
        Outcome::Covered(measurand, judged.covers(&unbounded(measurand), of))
    };
    let mut outcomes = vec![
        covered(Measurand::ResidualVoltage, |truth| truth.residual),
        covered(Measurand::AccessResistance, |truth| truth.access),
        covered(Measurand::Polarization, |truth| truth.polarization),
        covered(Measurand::ComplianceHeadroom, |truth| truth.headroom),
    ];
    // What was driven is what was programmed: nothing but the electrode is off.
    if stimulus.recovery == 0.0 {
        outcomes.push(covered(Measurand::ResidualVoltageError, |_| 0.0));
    }
    Trial { stratum, outcomes }
}

/// Drives the pulses, and one more that ends the last cycle.
fn driven(mut rig: Rig, stimulus: &Stimulus, electrode: Electrode) -> Option<(Rig, Vec<Truth>)> {
    let probe = rig.analog.probe("v1", Sensed::Voltage).ok()?;
    rig.start(stimulus);
    let mut truths = Vec::new();
    for pulse in 0..=stimulus.pulses {
        let begins = stimulus.delay + pulse * stimulus.period;
        rig.analog.advance(begins);
        let held = rig.analog.value(probe);
        let mut highest = 0.0_f64;
        rig.pulse_of(stimulus, pulse, |analog, edge| {
            let mut look = |analog: &Analog| highest = highest.max(analog.output_voltage().abs());
            match edge {
                Edge::On(current) => {
                    analog.set_drive(&Drive::Currents(vec![current, -current]));
                    look(analog);
                }
                Edge::Off(_) => {
                    look(analog);
                    analog.set_drive(&Drive::Off);
                }
            }
        });
        let end = stimulus.width + stimulus.gap + stimulus.recovery_width.max(stimulus.recharge);
        // Ends 16 µs before the next edge, and is 5 % of the rest long: Simpson's rule over a slow decay.
        let (last, length) = (begins + stimulus.period - 16_000, ((stimulus.period - end) / 20).max(16_000));
        let mut at = |instant: u64| {
            rig.analog.advance(instant);
            rig.analog.value(probe)
        };
        let (from, middle, to) = (at(last - length), at(last - length / 2), at(last));
        let (access, polarization) = edges(stimulus, electrode, held);
        truths.push(Truth {
            residual: (from + 4.0 * middle + to) / 6.0,
            access,
            polarization,
            headroom: COMPLIANCE - highest,
        });
    }
    Some((rig, truths))
}

/// Access resistance and polarization of a pulse that finds the capacitor at `held`: the definitions' lines through the exact
/// voltage. Before it nothing flows, and what is held decays.
fn edges(stimulus: &Stimulus, electrode: Electrode, held: f64) -> (f64, f64) {
    let (width, current) = (seconds(stimulus.width), -stimulus.amplitude);
    let before = line(|t| electrode.voltage(0.0, held, t), (-LONGEST, 0.0), 0.0);
    let fitted = (0.4 * width).min(LONGEST);
    let after = line(|t| electrode.voltage(current, held, t), (SETTLING, SETTLING + fitted), 0.0);
    let access = (after - before) / current;
    let last = electrode.voltage(current, held, width);
    let gap = seconds(stimulus.gap);
    let polarization = if gap >= 2.0 * SETTLING || stimulus.recovery == 0.0 && stimulus.recharge == 0 {
        last - current * electrode.access - before
    } else {
        last - current * access - before
    };
    (access, polarization)
}
