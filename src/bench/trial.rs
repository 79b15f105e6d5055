//! One bench of the coverage experiment: everything systematic drawn anew, one train, its claims.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::instrument::StreamChannel;
use crate::judge::{Facts, Instant, Segment, units};
use crate::measure::{ChannelSetup, Recorder, Recording, Setup, Wanted};
use crate::phantom::{Drive, Element, ElementKind, Phantom};
use crate::rig::SimBench;
use crate::scenario::{Action, Case, Check, Criterion, Decision, Fidelity, Measurand, Step};
use crate::signal::{BlockSink, Polarity, Program, Recovery, Run, Sensed, Share, StreamKind, Waveform};
use crate::sim::analog::Analog;
use crate::source::Places;

/// Measurands whose claim is tested.
pub(super) const MEASURANDS: [Measurand; 6] = [
    Measurand::Amplitude,
    Measurand::Width,
    Measurand::ChargePerPhase,
    Measurand::NetCharge,
    Measurand::ChargeImbalance,
    Measurand::MeanDcCurrent,
];

/// What is driven; times in nanoseconds, so that the truth is exact.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stimulus {
    /// Leading amplitude, A.
    pub amplitude: f64,
    /// Recovery's amplitude, A; 0 for none.
    pub recovery: f64,
    /// Leading width, ns.
    pub width: u64,
    /// Interphase interval, ns.
    pub gap: u64,
    /// Width of the recovery, ns.
    pub recovery_width: u64,
    /// Period, ns.
    pub period: u64,
    /// First leading edge, ns.
    pub delay: u64,
    /// Pulses.
    pub pulses: u64,
    /// ± full scale of the current channel, A.
    pub range: f64,
    /// Passive recharge from the end of the gap, ns; 0 for none.
    pub recharge: u64,
    /// What recovers: `mirrored`, `ratio`, `passive` or `none`.
    pub kind: &'static str,
}

/// One claim of one bench.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// Which measurand.
    pub measurand: Measurand,
    /// Whether value ± U holds the truth; `None` when it was not measured.
    pub covered: Option<bool>,
}

/// One bench and what it claimed.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// What was driven.
    pub stimulus: Stimulus,
    /// One outcome per measurand.
    pub outcomes: Vec<Outcome>,
}

const MILLISECOND: u64 = 1_000_000;
/// Series capacitor of a passive recharge, F, and how long it lasts, ns: thirteen times (200 Ω + 10 Ω)·2.2 µF.
const CAPACITOR: f64 = 2.2e-6;
const RECHARGE: u64 = 6 * MILLISECOND;

impl Stimulus {
    /// Draws one: amplitude over three decades, recovery, widths, gap and rate, the recovery wrong by up to 1 %.
    fn drawn(rng: &mut ChaCha8Rng) -> Self {
        let mut uniform = |from: f64, to: f64| from + (to - from) * rng.random::<f64>();
        let (low, high) = match uniform(0.0, 3.0) as u32 {
            0 => (0.1e-3, 1e-3),
            1 => (1e-3, 10e-3),
            _ => (10e-3, 25e-3),
        };
        let amplitude = f64::exp(uniform(f64::ln(low), f64::ln(high)));
        let width = uniform(50e3, 300e3) as u64;
        let gap = if uniform(0.0, 1.0) < 0.25 { 0 } else { uniform(20e3, 100e3) as u64 };
        let wrong = 1.0 + uniform(-0.01, 0.01);
        let (kind, ratio) = match uniform(0.0, 4.0) as u32 {
            0 => ("mirrored", 1.0),
            1 => ("ratio", uniform(2.0, 4.0)),
            2 => ("passive", 0.0),
            _ => ("none", 0.0),
        };
        let recharge = if kind == "passive" { RECHARGE } else { 0 };
        let recovery_width = if ratio > 0.0 { (width as f64 * ratio) as u64 } else { 0 };
        // What the plan would pick: the smallest range with 1.25 times the largest amplitude.
        let range = if 1.25 * amplitude <= 4e-3 { 4e-3 } else { 32e-3 };
        let shortest = if recharge > 0 { 8.0 } else { 4.0 };
        let period = uniform(shortest, 20.0) * MILLISECOND as f64;
        let pulses = (1.03e9 / period).ceil() as u64 + 1;
        Self {
            amplitude,
            recovery: if ratio > 0.0 { amplitude / ratio * wrong } else { 0.0 },
            width,
            gap,
            recovery_width,
            period: period as u64,
            delay: 20 * MILLISECOND + uniform(0.0, 1e6) as u64,
            pulses,
            range,
            recharge,
            kind,
        }
    }

    /// Amplitude decade, recovery and range, by which coverage is broken down.
    pub fn stratum(&self) -> String {
        let decade = match self.amplitude {
            a if a < 1e-3 => "0.1-1 mA",
            a if a < 10e-3 => "1-10 mA",
            _ => "10-25 mA",
        };
        format!("{decade}, {}, {:.0} mA range", self.kind, self.range * 1e3)
    }

    /// The definition applied to the exact current.
    fn truth(&self, measurand: Measurand) -> f64 {
        let seconds = |ns: u64| ns as f64 * 1e-9;
        let leading = self.amplitude * seconds(self.width);
        // The recharge takes back what the phase left on the capacitor but for exp(−13).
        let recovered =
            if self.recharge > 0 { leading } else { self.recovery * seconds(self.recovery_width) };
        let net = recovered - leading;
        match measurand {
            Measurand::Amplitude => self.amplitude,
            Measurand::Width => seconds(self.width),
            Measurand::ChargePerPhase => leading,
            Measurand::NetCharge => net,
            Measurand::ChargeImbalance => net / leading,
            _ => net / seconds(self.period),
        }
    }

    fn program(&self) -> Program {
        let seconds = |ns: u64| ns as f64 * 1e-9;
        let (waveform, recovery) = match self.kind {
            "mirrored" => (Waveform::Biphasic, Recovery::Mirrored),
            "ratio" => (Waveform::Biphasic, Recovery::Ratio(self.recovery_width as f64 / self.width as f64)),
            "passive" => {
                let duration = seconds(self.recharge);
                (Waveform::Monophasic, Recovery::Passive { duration, per_burst: false })
            }
            _ => (Waveform::Monophasic, Recovery::None),
        };
        Program {
            waveform,
            leading: Polarity::Cathodic,
            amplitude: self.amplitude,
            width: seconds(self.width),
            gap: seconds(self.gap),
            recovery,
            recharge: None,
            rate: 1.0 / seconds(self.period),
            ramp: None,
            burst: None,
            cycle: None,
            contacts: vec![share("e1", -1.0), share("case", 1.0)],
            run: Run::UntilStopped,
        }
    }
}

fn share(contact: &str, share: f64) -> Share {
    Share { contact: contact.to_owned(), share }
}

/// Runs bench number `index` of the experiment with this seed.
pub fn trial(seed: u64, index: u64) -> Trial {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(index);
    let stimulus = Stimulus::drawn(&mut rng);
    let program = stimulus.program();
    let recording = record(&stimulus, &program, rng.random(), rng.random());
    let judged = |recording: &Recording| -> Vec<Outcome> {
        let case = case(&program);
        let facts = facts(&stimulus, &program, recording);
        let outcome = |measurand| Outcome {
            measurand,
            covered: covered(&stimulus, &case, &facts, recording, measurand),
        };
        MEASURANDS.into_iter().map(outcome).collect()
    };
    let unmeasured = || MEASURANDS.map(|measurand| Outcome { measurand, covered: None }).to_vec();
    let outcomes = recording.as_ref().map_or_else(unmeasured, judged);
    Trial { stimulus, outcomes }
}

/// Whether one unit of the check (the middle one) holds the truth.
fn covered(
    stimulus: &Stimulus,
    case: &Case,
    facts: &Facts,
    recording: &Recording,
    measurand: Measurand,
) -> Option<bool> {
    let units = units(case, facts, recording, &check(measurand)).ok()?;
    let unit = units.get(units.len() / 2).filter(|unit| !unit.clipped)?;
    Some((unit.measured.value - stimulus.truth(measurand)).abs() <= unit.measured.expanded())
}

/// A load small enough to take nothing from the current.
fn resistor() -> Element {
    Element { kind: ElementKind::Resistor, value: 10.0, tolerance: 0.0, measured_u: None, from: 0, to: 1 }
}

/// The stream of one drawn bench across a resistor small enough to take nothing from the current.
fn record(stimulus: &Stimulus, program: &Program, bench_seed: u64, noise_seed: u64) -> Option<Recording> {
    let mut bench = SimBench::default();
    bench.stimulator.blocking_capacitor = if stimulus.recharge > 0 { CAPACITOR } else { 0.0 };
    let mut analog = Analog::new(&bench, &phantom(resistor()), bench_seed, noise_seed).ok()?;
    let channel = StreamChannel { name: "e1".to_owned(), quantity: Sensed::Current, range: stimulus.range };
    let calibrations = analog.start_stream(std::slice::from_ref(&channel), false).ok()?;
    let calibration = calibrations.first().copied()?;
    let filter = bench.adc.filter;
    let mut recorder = Recorder::new(Setup {
        sample_rate: bench.adc.sample_rate,
        clock_u: bench.adc.clock_error,
        filter: (filter.poles, filter.cutoff),
        channels: vec![ChannelSetup { name: channel.name, sensed: Sensed::Current, calibration }],
        main: 0,
        vout: None,
        slow: None,
        wanted: Wanted::default(),
        program: program.clone(),
    });
    let drain = |analog: &mut Analog, recorder: &mut Recorder| {
        while let Some(block) = analog.take_block(StreamKind::Fast, 1 << 16) {
            recorder.block(&block);
        }
    };
    analog.interlock(true);
    analog.zero(true);
    analog.advance(15 * MILLISECOND);
    analog.zero(false);
    for pulse in 0..stimulus.pulses {
        let start = stimulus.delay + pulse * stimulus.period;
        let phase = |analog: &mut Analog, from: u64, width: u64, current: f64| {
            analog.advance(from);
            analog.set_drive(&Drive::Currents(vec![current, -current]));
            analog.advance(from + width);
            analog.set_drive(&Drive::Off);
        };
        phase(&mut analog, start, stimulus.width, -stimulus.amplitude);
        if stimulus.recovery > 0.0 {
            let from = start + stimulus.width + stimulus.gap;
            phase(&mut analog, from, stimulus.recovery_width, stimulus.recovery);
        }
        if stimulus.recharge > 0 {
            analog.advance(start + stimulus.width + stimulus.gap);
            analog.set_drive(&Drive::Recharge);
            analog.advance(start + stimulus.width + stimulus.gap + stimulus.recharge);
            analog.set_drive(&Drive::Off);
        }
        drain(&mut analog, &mut recorder);
    }
    analog.advance(stimulus.delay + stimulus.pulses * stimulus.period);
    drain(&mut analog, &mut recorder);
    Some(recorder.finish())
}

fn phantom(resistor: Element) -> Phantom {
    Phantom {
        name: "10 ohm".to_owned(),
        hash: String::new(),
        nodes: vec!["a".to_owned(), "gnd".to_owned()],
        contacts: vec![("e1".to_owned(), 0), ("case".to_owned(), 1)],
        elements: vec![resistor],
        senses: Vec::new(),
        areas: Vec::new(),
        source: None,
    }
}

fn case(program: &Program) -> Case {
    let steps = [Action::Start, Action::Stop].map(|action| Step { action, name: None, line: 0 });
    Case {
        file: String::new(),
        hash: String::new(),
        number: 1,
        scenario: "coverage".to_owned(),
        name: "coverage".to_owned(),
        about: None,
        matrix: Vec::new(),
        verifies: Vec::new(),
        min_fidelity: Fidelity::Sim,
        tags: Vec::new(),
        phantom: phantom(resistor()),
        program: program.clone(),
        steps: steps.to_vec(),
        checks: Vec::new(),
        limits: Vec::new(),
        decision: Decision::Guarded,
        places: Places::default(),
    }
}

fn facts(stimulus: &Stimulus, program: &Program, recording: &Recording) -> Facts {
    let start = (stimulus.delay - MILLISECOND / 2) / 1000;
    let instant = |step, sample| Instant { step, sample, marked: true };
    let segment = Segment { requested: 0, from: 0, programmed: program.clone(), applied: program.clone() };
    Facts {
        instants: vec![instant(0, start), instant(1, recording.samples)],
        segments: vec![segment],
        statuses: Vec::new(),
        ended: recording.samples,
        restarts: Vec::new(),
        link_errors: 0,
        cap: 25e-3,
        poll_period: 0.01,
        round_trip: 0.0,
        relaxed: true,
        time_constant: Some(0.0),
        output: None,
    }
}

fn check(measurand: Measurand) -> Check {
    Check::new(measurand, Criterion::AtMost(f64::INFINITY))
}
