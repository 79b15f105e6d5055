//! A drawn bench that a trial drives by hand: the simulated front end without stimulator or link.

use crate::instrument::StreamChannel;
use crate::judge::{Facts, Instant, Segment};
use crate::measure::{ChannelSetup, Recorder, Recording, Setup, Wanted};
use crate::phantom::{Drive, Element, ElementKind, Phantom};
use crate::rig::SimBench;
use crate::scenario::{Action, Case, Check, Decision, Fidelity, Step};
use crate::signal::{BlockSink, MarkerBit, Program, Sensed, StreamKind};
use crate::sim::analog::Analog;
use crate::source::Places;

use super::stimulus::{MILLISECOND, Stimulus};

/// Series capacitor of a passive recharge, F.
const CAPACITOR: f64 = 2.2e-6;

/// One bench and what it has recorded.
pub(super) struct Rig {
    pub(super) analog: Analog,
    recorder: Recorder,
    /// Stated front end: sample period, s.
    pub(super) period: f64,
}

impl Rig {
    /// A bench drawn by its seed, its load zeroed, streaming the current of `e1` and the voltages named.
    pub(super) fn drawn(
        phantom: &Phantom,
        program: &Program,
        stimulus: &Stimulus,
        voltages: &[(&str, f64)],
        (bench_seed, noise_seed): (u64, u64),
    ) -> Option<Self> {
        let mut bench = SimBench::default();
        bench.stimulator.blocking_capacitor = if stimulus.recharge > 0 { CAPACITOR } else { 0.0 };
        let mut analog = Analog::new(&bench, phantom, bench_seed, noise_seed).ok()?;
        let current =
            StreamChannel { name: "e1".to_owned(), quantity: Sensed::Current, range: stimulus.range };
        let voltage = |(name, range): &(&str, f64)| StreamChannel {
            name: (*name).to_owned(),
            quantity: Sensed::Voltage,
            range: *range,
        };
        let channels: Vec<StreamChannel> =
            std::iter::once(current).chain(voltages.iter().map(voltage)).collect();
        let calibrations = analog.start_stream(&channels, false).ok()?;
        let filter = bench.adc.filter;
        let vout = channels.iter().position(|channel| channel.name == "vout");
        let recorder = Recorder::new(Setup {
            sample_rate: bench.adc.sample_rate,
            clock_u: bench.adc.clock_error,
            filter: (filter.poles, filter.cutoff),
            channels: channels
                .into_iter()
                .zip(calibrations)
                .map(|(channel, calibration)| ChannelSetup {
                    name: channel.name,
                    sensed: channel.quantity,
                    calibration,
                })
                .collect(),
            main: 0,
            vout,
            slow: None,
            wanted: Wanted::default(),
            program: program.clone(),
        });
        let mut rig = Self { analog, recorder, period: 1.0 / bench.adc.sample_rate };
        rig.analog.interlock(true);
        rig.analog.zero(true);
        rig.analog.advance(15 * MILLISECOND);
        rig.analog.zero(false);
        Some(rig)
    }

    /// Marks that the start was taken, half a millisecond before the first pulse.
    pub(super) fn start(&mut self, stimulus: &Stimulus) {
        self.analog.advance(stimulus.delay - MILLISECOND / 2);
        self.analog.toggle_marker(MarkerBit::StartTaken);
    }

    /// Drives pulse number `pulse` and measures what was sampled until its end.
    pub(super) fn pulse(&mut self, stimulus: &Stimulus, pulse: u64) {
        let start = stimulus.delay + pulse * stimulus.period;
        self.phase(start, stimulus.width, -stimulus.amplitude);
        let second = start + stimulus.width + stimulus.gap;
        if stimulus.recovery > 0.0 {
            self.phase(second, stimulus.recovery_width, stimulus.recovery);
        }
        if stimulus.recharge > 0 {
            self.analog.advance(second);
            self.analog.set_drive(&Drive::Recharge);
            self.analog.advance(second + stimulus.recharge);
            self.analog.set_drive(&Drive::Off);
        }
        self.drain();
    }

    fn phase(&mut self, from: u64, width: u64, current: f64) {
        self.analog.advance(from);
        self.analog.set_drive(&Drive::Currents(vec![current, -current]));
        self.analog.advance(from + width);
        self.analog.set_drive(&Drive::Off);
    }

    fn drain(&mut self) {
        while let Some(block) = self.analog.take_block(StreamKind::Fast, 1 << 16) {
            self.recorder.block(&block);
        }
    }

    /// Lets the rest pass and ends the recording.
    pub(super) fn finish(mut self, until: u64) -> Recording {
        self.analog.advance(until);
        self.drain();
        self.recorder.finish()
    }
}

/// A phantom of resistors and capacitors between nodes by number, contacts on nodes 0 and 1.
pub(super) fn phantom(elements: &[(ElementKind, f64, usize, usize)], nodes: usize, sense: bool) -> Phantom {
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
        contacts: vec![("e1".to_owned(), 0), ("case".to_owned(), 1)],
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
    let instant = |(step, sample): (usize, &u64)| Instant { step, sample: *sample, marked: true };
    let segment = Segment { requested: 0, from: 0, programmed: program.clone(), applied: program.clone() };
    Facts {
        instants: samples.iter().enumerate().map(instant).collect(),
        segments: vec![segment],
        statuses: Vec::new(),
        restarts: Vec::new(),
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
