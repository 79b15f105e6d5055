//! One bench of the coverage experiment: everything systematic drawn anew, one train, its claims.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::judge::{judge, units};
use crate::phantom::ElementKind;
use crate::record::Verdict;
use crate::scenario::{Action, Check, Criterion, Fault, Measurand};
use crate::signal::MarkerBit;

use super::rig::{Rig, case, facts, phantom};
use super::stimulus::{MILLISECOND, Stimulus, seconds, uniform};

/// Measurands whose claim is tested on a train of current pulses.
const OF_CURRENT: [Measurand; 6] = [
    Measurand::Amplitude,
    Measurand::Width,
    Measurand::ChargePerPhase,
    Measurand::NetCharge,
    Measurand::ChargeImbalance,
    Measurand::MeanDcCurrent,
];
/// Measurands whose worst pulse is judged at the limit itself.
const AT_LIMIT: [Measurand; 4] =
    [Measurand::Amplitude, Measurand::Width, Measurand::ChargePerPhase, Measurand::ChargeImbalance];

/// Every measurand of the experiment whose interval has two sides.
pub(super) const TWO_SIDED: [Measurand; 7] = [
    Measurand::Amplitude,
    Measurand::Width,
    Measurand::ChargePerPhase,
    Measurand::NetCharge,
    Measurand::ChargeImbalance,
    Measurand::MeanDcCurrent,
    Measurand::ResidualVoltage,
];

/// One claim of one bench.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Whether value ± U holds the truth; `None` when it was not measured.
    Covered(Measurand, Option<bool>),
    /// Verdict on the worst pulse where every pulse is exactly at the limit.
    AtLimit(Measurand, Verdict),
    /// Whether the output was off by value + U, and whether U is no larger than three samples and the filter's tail;
    /// `None` when it was not measured.
    OneSided(Measurand, Option<(bool, bool)>),
}

/// One bench and what it claimed.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// What the counts are broken down by.
    pub stratum: String,
    /// Its claims.
    pub outcomes: Vec<Outcome>,
}

fn generator(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}

fn unbounded(measurand: Measurand) -> Check {
    Check::new(measurand, Criterion::AtMost(f64::INFINITY))
}

/// Bench number `index`: a second of a train across a resistor small enough to take nothing from the current.
pub fn current(seed: u64, index: u64) -> Trial {
    let mut rng = generator(seed, 3 * index);
    let stimulus = Stimulus::drawn(&mut rng, index);
    let program = stimulus.program();
    let phantom = phantom(&[(ElementKind::Resistor, 10.0, 0, 1)], 2, false);
    let stratum = stimulus.stratum();
    let Some(mut rig) = Rig::drawn(&phantom, &program, &stimulus, &[], (rng.random(), rng.random())) else {
        let outcomes = OF_CURRENT.map(|measurand| Outcome::Covered(measurand, None)).to_vec();
        return Trial { stratum, outcomes };
    };
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
    let start = (stimulus.delay - MILLISECOND / 2) / 1000;
    let facts = facts(&program, &[start, recording.samples], recording.samples);
    let covered = |measurand: Measurand| {
        let units = units(&case, &facts, &recording, &unbounded(measurand)).ok()?;
        let unit = units.get(units.len() / 2).filter(|unit| !unit.clipped)?;
        Some((unit.measured.value - stimulus.truth(measurand)).abs() <= unit.measured.expanded())
    };
    let mut outcomes: Vec<Outcome> =
        OF_CURRENT.map(|measurand| Outcome::Covered(measurand, covered(measurand))).to_vec();
    let records = judge(&case, &facts, &recording);
    outcomes.extend(
        case.checks
            .iter()
            .zip(records)
            .map(|(check, record)| Outcome::AtLimit(check.measurand, record.verdict)),
    );
    Trial { stratum, outcomes }
}

/// Pulses of a trial of the residual voltage.
const CYCLES: u64 = 8;

/// Bench number `index` of the residual voltage: a leaky electrode, a few cycles from rest, a recovery that is wrong by up
/// to 1 %. The truth is the exact solution of the network, averaged over the definition's window.
pub fn voltage(seed: u64, index: u64) -> Trial {
    let mut rng = generator(seed, 3 * index + 1);
    let mut stimulus = Stimulus { pulses: CYCLES, ..Stimulus::drawn(&mut rng, index % 8) };
    let access = f64::exp(uniform(&mut rng, f64::ln(300.0), f64::ln(1000.0)));
    let capacitor = uniform(&mut rng, 1e-6, 5e-6);
    let leak = uniform(&mut rng, 5e3, 50e3);
    // Below the compliance of the stimulator, so that the current stays what it is stated to be.
    stimulus.amplitude = stimulus.amplitude.min(8e-3);
    stimulus.recovery = stimulus.recovery.min(8e-3);
    let peak = stimulus.amplitude * (access + seconds(stimulus.width) / capacitor);
    let range = if 1.25 * peak <= 2.0 { 2.0 } else { 20.0 };
    let stratum = format!("residual voltage, {}, {range:.0} V range", stimulus.kind);
    let program = stimulus.program();
    let phantom = phantom(
        &[
            (ElementKind::Resistor, access, 0, 2),
            (ElementKind::Capacitor, capacitor, 2, 1),
            (ElementKind::Resistor, leak, 2, 1),
        ],
        3,
        true,
    );
    let seeds = (rng.random(), rng.random());
    let measured = || {
        let channels = [("v1", range)];
        let mut rig = Rig::drawn(&phantom, &program, &stimulus, &channels, seeds)?;
        let probe = rig.analog.probe("v1", crate::signal::Sensed::Voltage).ok()?;
        rig.start(&stimulus);
        let mut truth = Vec::new();
        for pulse in 0..stimulus.pulses {
            rig.pulse(&stimulus, pulse);
            let next = stimulus.delay + (pulse + 1) * stimulus.period;
            let end = stimulus.width + stimulus.gap + stimulus.recovery_width;
            // Ends 16 µs before the next edge, and is 5 % of the rest long: Simpson's rule over a slow decay.
            let (last, length) = (next - 16_000, ((stimulus.period - end) / 20).max(16_000));
            let mut at = |instant: u64| {
                rig.analog.advance(instant);
                rig.analog.value(probe)
            };
            let (from, middle, to) = (at(last - length), at(last - length / 2), at(last));
            truth.push((from + 4.0 * middle + to) / 6.0);
        }
        // One more edge ends the last cycle.
        rig.pulse(&stimulus, stimulus.pulses);
        let recording = rig.finish(stimulus.delay + (stimulus.pulses + 1) * stimulus.period);
        let case = case(&program, phantom.clone(), vec![Action::Start, Action::Stop], Vec::new());
        let start = (stimulus.delay - MILLISECOND / 2) / 1000;
        let facts = facts(&program, &[start, recording.samples], recording.samples);
        let units = units(&case, &facts, &recording, &unbounded(Measurand::ResidualVoltage)).ok()?;
        let unit = units.get(units.len() / 2).filter(|unit| !unit.clipped)?;
        let truth = truth.get(usize::try_from(unit.pulse?).ok()?)?;
        Some((unit.measured.value - truth).abs() <= unit.measured.expanded())
    };
    Trial { stratum, outcomes: vec![Outcome::Covered(Measurand::ResidualVoltage, measured())] }
}

/// Bench number `index` of the shutdown: a lead opens, or the host falls silent, at any phase of the train; the stimulator
/// goes on for a while and stops. The truth is the end of the last phase it drove.
pub fn shutdown(seed: u64, index: u64) -> Trial {
    let mut rng = generator(seed, 3 * index + 2);
    let mut stimulus = Stimulus::drawn(&mut rng, index % 8);
    stimulus.amplitude = stimulus.amplitude.min(8e-3);
    stimulus.recovery = stimulus.recovery.min(8e-3);
    let opens = (index / 8).is_multiple_of(2);
    let stratum =
        format!("shutdown, {}, {}", stimulus.kind, if opens { "open lead" } else { "host silence" });
    let program = stimulus.program();
    let phantom = phantom(&[(ElementKind::Resistor, 1000.0, 0, 1)], 2, false);
    let (before, after) = (3, uniform(&mut rng, 0.0, 5.0) as u64);
    // At rest, as a relay that opens between two pulses.
    let active = stimulus.width + stimulus.gap + stimulus.recovery_width;
    let rest = (stimulus.period - active) as f64;
    let t0 = stimulus.delay
        + (before - 1) * stimulus.period
        + active
        + uniform(&mut rng, 0.05 * rest, 0.95 * rest) as u64;
    let last = stimulus.delay + (before + after - 1) * stimulus.period + active;
    let truth = if after == 0 { 0.0 } else { seconds(last - t0) };
    let seeds = (rng.random(), rng.random());
    let measured = || {
        let channels = [("vout", 20.0)];
        let mut rig = Rig::drawn(&phantom, &program, &stimulus, &channels, seeds)?;
        rig.start(&stimulus);
        for pulse in 0..before {
            rig.pulse(&stimulus, pulse);
        }
        rig.analog.advance(t0);
        if opens {
            rig.analog.open_lead(0, true);
        }
        rig.analog.set_marker(MarkerBit::Lead, true);
        for pulse in before..before + after {
            rig.pulse(&stimulus, pulse);
        }
        let period = rig.period;
        let recording = rig.finish(last.max(t0) + 160 * MILLISECOND);
        let fault = if opens {
            Action::Inject(Fault::OpenLead { contact: "e1".to_owned() })
        } else {
            Action::HostSilence(1.0)
        };
        let mut check = unbounded(Measurand::ShutdownLatency);
        check.after = Some("1".to_owned());
        let case = case(&program, phantom.clone(), vec![Action::Start, fault, Action::Stop], Vec::new());
        let marked = recording.markers.iter().find(|marker| marker.bit == MarkerBit::Lead)?.sample;
        let start = (stimulus.delay - MILLISECOND / 2) / 1000;
        let facts = facts(&program, &[start, marked, recording.samples], recording.samples);
        let units = units(&case, &facts, &recording, &check).ok()?;
        let unit = &units.first()?.measured;
        let tail = (recording.front_end.settling - recording.front_end.delay).max(0.0);
        let small = unit.expanded() <= 3.0 * period + tail + 1e-12;
        Some((truth <= unit.value + unit.expanded(), small))
    };
    Trial { stratum, outcomes: vec![Outcome::OneSided(Measurand::ShutdownLatency, measured())] }
}
