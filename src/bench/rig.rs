//! A drawn bench that a trial drives by hand: the simulated front end without stimulator or link.

use crate::instrument::StreamChannel;
use crate::judge::{Facts, Instant, Segment};
use crate::measure::{ChannelSetup, Recorder, Recording, Setup, SlowSetup, Wanted};
use crate::phantom::{Drive, Element, ElementKind, Phantom};
use crate::rig::SimBench;
use crate::scenario::{Action, Case, Check, Decision, Fidelity, Step};
use crate::signal::{BlockSink, MarkerBit, Program, Sensed, StreamKind};
use crate::sim::analog::{Analog, SLOW_RATE};
use crate::source::Places;

use super::stimulus::{MILLISECOND, Stimulus};

/// How often what was sampled is taken, ns: the slow channels' zero is told by what came of them until then.
const SLICE: u64 = 20 * MILLISECOND;
/// Series capacitor of a passive recharge, F.
pub(super) const CAPACITOR: f64 = 2.2e-6;

/// What a bench is built for.
pub(super) struct Setting<'a> {
    pub(super) bench: SimBench,
    /// As it is, which need not be as it is stated.
    pub(super) phantom: &'a Phantom,
    pub(super) program: &'a Program,
    /// Contacts whose currents are streamed, the main one first, and ± full scale of their channels, A.
    pub(super) contacts: &'a [&'a str],
    pub(super) range: f64,
    /// Voltages that are streamed, each with ± full scale, V.
    pub(super) voltages: &'a [(&'a str, f64)],
    pub(super) wanted: Wanted,
    /// Whether the slow channels are streamed too.
    pub(super) slow: bool,
    /// How long the load is zeroed, ns.
    pub(super) zeroed: u64,
}

impl<'a> Setting<'a> {
    /// The default bench, streaming the current of `e1`.
    pub(super) fn of(phantom: &'a Phantom, program: &'a Program, stimulus: &Stimulus) -> Self {
        let mut bench = SimBench::default();
        bench.stimulator.blocking_capacitor = if stimulus.recharge > 0 { CAPACITOR } else { 0.0 };
        Self {
            bench,
            phantom,
            program,
            contacts: &["e1"],
            range: stimulus.range,
            voltages: &[],
            wanted: Wanted::default(),
            slow: false,
            zeroed: 15 * MILLISECOND,
        }
    }
}

/// An edge of a phase of so many ampere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Edge {
    On(f64),
    Off(f64),
}

/// One bench and what it has recorded.
pub(super) struct Rig {
    pub(super) analog: Analog,
    recorder: Recorder,
    /// Stated front end: sample period, s.
    pub(super) period: f64,
}

impl Rig {
    /// A bench drawn by its seed, its load zeroed.
    pub(super) fn drawn(setting: Setting<'_>, (bench_seed, noise_seed): (u64, u64)) -> Option<Self> {
        let Setting { bench, phantom, program, contacts, range, voltages, wanted, slow, zeroed } = setting;
        let mut analog = Analog::new(&bench, phantom, bench_seed, noise_seed).ok()?;
        let channel = |name: &str, quantity, range| StreamChannel { name: name.to_owned(), quantity, range };
        let currents = contacts.iter().map(|name| channel(name, Sensed::Current, range));
        let sensed = voltages.iter().map(|(name, range)| channel(name, Sensed::Voltage, *range));
        let channels: Vec<StreamChannel> = currents.chain(sensed).collect();
        let mut calibrations = analog.start_stream(&channels, slow).ok()?.into_iter();
        let setup = |name: String, sensed, calibration| ChannelSetup { name, sensed, calibration };
        let (filter, vout) = (bench.adc.filter, channels.iter().position(|channel| channel.name == "vout"));
        let channels = channels.into_iter().zip(calibrations.by_ref());
        let channels = channels.map(|(channel, stated)| setup(channel.name, channel.quantity, stated));
        let channels = channels.collect();
        let names = phantom.contacts.iter().map(|(name, _)| name.clone());
        let slow = slow.then(|| SlowSetup {
            sample_rate: SLOW_RATE,
            filter: (bench.dc.filter.poles, bench.dc.filter.cutoff),
            channels: names
                .zip(calibrations)
                .map(|(name, stated)| setup(name, Sensed::Current, stated))
                .collect(),
        });
        let recorder = Recorder::new(Setup {
            sample_rate: bench.adc.sample_rate,
            clock_u: bench.adc.clock_error,
            filter: (filter.poles, filter.cutoff),
            channels,
            main: 0,
            vout,
            slow,
            wanted,
            program: program.clone(),
        });
        let mut rig = Self { analog, recorder, period: 1.0 / bench.adc.sample_rate };
        rig.analog.interlock(true);
        rig.analog.zero(true);
        for slice in 1..=zeroed / SLICE {
            rig.analog.advance(slice * SLICE);
            rig.drain();
        }
        rig.analog.advance(zeroed);
        rig.analog.zero(false);
        Some(rig)
    }

    /// Marks that the start was taken, half a millisecond before the first pulse.
    pub(super) fn start(&mut self, stimulus: &Stimulus) {
        self.analog.advance(stimulus.delay - MILLISECOND / 2);
        self.analog.toggle_marker(MarkerBit::StartTaken);
    }

    /// Drives pulse number `pulse` into `e1` and out of the return, and measures what was sampled until its end.
    pub(super) fn pulse(&mut self, stimulus: &Stimulus, pulse: u64) {
        self.pulse_of(stimulus, pulse, |analog, edge| {
            analog.set_drive(&match edge {
                Edge::On(current) => Drive::Currents(vec![current, -current]),
                Edge::Off(_) => Drive::Off,
            });
        });
    }

    /// Drives pulse number `pulse`; what its edges are, `output` decides.
    pub(super) fn pulse_of(
        &mut self,
        stimulus: &Stimulus,
        pulse: u64,
        mut output: impl FnMut(&mut Analog, Edge),
    ) {
        let start = stimulus.delay + pulse * stimulus.period;
        let mut phase = |from: u64, width: u64, current: f64| {
            self.analog.advance(from);
            output(&mut self.analog, Edge::On(current));
            self.analog.advance(from + width);
            output(&mut self.analog, Edge::Off(current));
        };
        phase(start, stimulus.width, -stimulus.amplitude);
        let second = start + stimulus.width + stimulus.gap;
        if stimulus.recovery > 0.0 {
            phase(second, stimulus.recovery_width, stimulus.recovery);
        }
        if stimulus.recharge > 0 {
            self.analog.advance(second);
            self.analog.set_drive(&Drive::Recharge);
            self.analog.advance(second + stimulus.recharge);
            self.analog.set_drive(&Drive::Off);
        }
        self.drain();
    }

    fn drain(&mut self) {
        for kind in [StreamKind::Fast, StreamKind::Slow] {
            while let Some(block) = self.analog.take_block(kind, 1 << 16) {
                self.recorder.block(&block);
            }
        }
    }

    /// Lets the rest pass and ends the recording.
    pub(super) fn finish(mut self, until: u64) -> Recording {
        self.analog.advance(until);
        self.drain();
        self.recorder.finish()
    }
}

/// A phantom of resistors and capacitors between nodes by number; contacts are on the first nodes. `sense` adds a voltage
/// between the first two.
pub(super) fn phantom(
    contacts: &[&str],
    elements: &[(ElementKind, f64, usize, usize)],
    nodes: usize,
    sense: bool,
) -> Phantom {
    let element = |(kind, value, from, to): &(ElementKind, f64, usize, usize)| Element {
        kind: *kind,
        value: *value,
        tolerance: 0.0,
        measured_u: None,
        from: *from,
        to: *to,
    };
    Phantom {
        name: "drawn".to_owned(),
        hash: String::new(),
        nodes: (0..nodes).map(|node| format!("n{node}")).collect(),
        contacts: contacts.iter().enumerate().map(|(node, name)| ((*name).to_owned(), node)).collect(),
        elements: elements.iter().map(element).collect(),
        senses: if sense { vec![("v1".to_owned(), 0, 1)] } else { Vec::new() },
        areas: Vec::new(),
        source: None,
    }
}

/// A case whose steps are these actions, each named by its number.
pub(super) fn case(program: &Program, phantom: Phantom, actions: Vec<Action>, checks: Vec<Check>) -> Case {
    let step = |(at, action): (usize, Action)| Step { action, name: Some(at.to_string()), line: 0 };
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
        phantom,
        program: program.clone(),
        steps: actions.into_iter().enumerate().map(step).collect(),
        checks,
        limits: Vec::new(),
        decision: Decision::Guarded,
        places: Places::default(),
    }
}

/// What a runner would know: the steps' samples, and one program all along.
pub(super) fn facts(program: &Program, samples: &[u64], ended: u64) -> Facts {
    let instant = |(step, sample): (usize, &u64)| Instant { step, sample: *sample, ahead: 0, marked: true };
    let segment = Segment { requested: 0, from: 0, programmed: program.clone(), applied: program.clone() };
    Facts {
        instants: samples.iter().enumerate().map(instant).collect(),
        segments: vec![segment],
        statuses: Vec::new(),
        restarts: Vec::new(),
        ending: None,
        ended,
        link_errors: 0,
        cap: 25e-3,
        poll_period: 0.01,
        round_trip: 0.0,
        expired: None,
        relaxed: true,
        time_constant: Some(0.0),
        output: None,
    }
}
