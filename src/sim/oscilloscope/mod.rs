//! The device end of a Rigol DS1000Z: good enough for stimrig's own driver, for sigrok and for pyvisa.
//!
//! It has no relays: the stimulator stays connected to the phantom.

mod front;
mod query;
mod record;
mod set;
mod waveform;
mod words;

use crate::phantom::Phantom;
use crate::rig::{Channel, SimBench};

use super::analog::Analog;
use super::load_end::LoadEnd;
use super::outbox::Outbox;
use front::Socket;
use record::Memory;
use waveform::SCREEN;
use words::Words;

/// Divisions of the screen.
const DIVISIONS: f64 = 12.0;
/// The fastest sampling, Hz.
const FASTEST: f64 = 1e9;
/// One vertical channel as it is set.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Vertical {
    shown: bool,
    probe: f64,
    scale: f64,
    offset: f64,
}

/// Where an acquisition stands.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stage {
    Stopped,
    /// Free running; nothing of it is read.
    Free,
    /// Armed for one record.
    Armed,
    /// Triggered at this sample.
    Triggered(u64),
}

/// A simulated oscilloscope.
pub(super) struct Oscilloscope {
    sockets: [Socket; 4],
    vertical: [Vertical; 4],
    line: Vec<u8>,
    out: Outbox,
    errors: Vec<&'static str>,
    scale: f64,
    offset: f64,
    depth: Option<u64>,
    edge: (usize, bool, f64),
    stage: Stage,
    memory: Memory,
    /// Sample rate and samples of the acquisition that runs or ran, and the sample at which it was triggered.
    taken: (f64, u64, u64),
    source: usize,
    raw: bool,
    range: (u64, u64),
}

impl Oscilloscope {
    pub(super) fn new(
        bench: &SimBench,
        channels: &[Channel],
        phantom: &Phantom,
        analog: &mut Analog,
    ) -> Self {
        analog.interlock(true);
        let vertical = |index: usize| Vertical { shown: index == 0, probe: 1.0, scale: 0.1, offset: 0.0 };
        Self {
            sockets: Socket::all(channels, phantom, bench.seed),
            vertical: std::array::from_fn(vertical),
            line: Vec::new(),
            out: Outbox::default(),
            errors: Vec::new(),
            scale: 1e-3,
            offset: 0.0,
            depth: None,
            edge: (0, true, 0.05),
            stage: Stage::Free,
            memory: Memory::default(),
            taken: (1e6, 0, 0),
            source: 0,
            raw: false,
            range: (1, SCREEN),
        }
    }

    /// Samples of a record.
    fn points(&self) -> u64 {
        let shown = self.vertical.iter().filter(|channel| channel.shown).count();
        let most = 24_000_000 / [1, 1, 2, 4, 4].get(shown).copied().unwrap_or(4);
        self.depth.unwrap_or(12_000).min(most)
    }

    /// Samples before the trigger.
    fn before(&self, rate: f64) -> u64 {
        ((0.5 * DIVISIONS * self.scale - self.offset) * rate).round().max(0.0) as u64
    }

    fn arm(&mut self, analog: &mut Analog) {
        let points = self.points();
        let rate = (points as f64 / (DIVISIONS * self.scale)).min(FASTEST);
        self.memory = Memory::begin(&self.sockets, rate, analog);
        self.taken = (rate, points, 0);
        self.stage = Stage::Armed;
    }

    /// Attenuation of the probe that a channel is told of: it shows, and triggers on, what is in front of that.
    fn probe(&self, input: usize) -> f64 {
        self.vertical.get(input).map_or(1.0, |vertical| vertical.probe)
    }

    /// The vertical channel that a header names.
    fn channel(&mut self, words: &Words<'_>) -> Option<&mut Vertical> {
        self.vertical.get_mut(words.number().wrapping_sub(1))
    }

    /// Ends what it acquires.
    fn rest(&mut self, stage: Stage, analog: &mut Analog) {
        analog.end_stream();
        self.stage = stage;
    }

    fn trigger(&mut self, sample: u64) {
        self.taken.2 = sample;
        self.stage = Stage::Triggered(sample);
    }

    /// Looks for the trigger, and for the end of the record.
    fn look(&mut self, from: u64, analog: &mut Analog) {
        let (rate, points, _) = self.taken;
        let before = self.before(rate);
        if self.stage == Stage::Armed {
            let (input, rising, level) = self.edge;
            let beyond = |volts: f64| if rising { volts >= level } else { volts <= level };
            let volts = |sample: u64| self.memory.volts(input, sample) * self.probe(input);
            let start = from.max(before).max(self.memory.first + 1).max(1);
            let found =
                (start..self.memory.end).find(|sample| beyond(volts(*sample)) && !beyond(volts(sample - 1)));
            match found {
                // What lies before the trigger may be the oldest that there is.
                Some(sample) => self.trigger(sample),
                None => self.memory.keep(before + 16),
            }
        }
        if let Stage::Triggered(sample) = self.stage
            && self.memory.end + before >= sample + points
        {
            self.rest(Stage::Stopped, analog);
        }
    }

    fn command(&mut self, line: &str, analog: &mut Analog) {
        let words = Words::of(line);
        let known = if words.query { self.query(&words) } else { self.set(&words, analog) };
        if known.is_none() {
            self.errors.push("-113,\"Undefined header; command cannot be found\"");
        }
    }
}

impl LoadEnd for Oscilloscope {
    fn next_deadline(&self) -> Option<u64> {
        None
    }

    fn on_deadline(&mut self, _now: u64, _analog: &mut Analog) {}

    fn receive(&mut self, bytes: &[u8], _now: u64, analog: &mut Analog) {
        for byte in bytes {
            if *byte != b'\n' {
                // A line nobody ends is no command.
                if self.line.len() < 1024 {
                    self.line.push(*byte);
                }
                continue;
            }
            let line = std::mem::take(&mut self.line);
            self.stream(true, analog);
            for command in String::from_utf8_lossy(&line).split(';').map(str::trim) {
                if !command.is_empty() {
                    self.command(command, analog);
                }
            }
        }
    }

    fn stream(&mut self, _all: bool, analog: &mut Analog) {
        if matches!(self.stage, Stage::Armed | Stage::Triggered(_)) {
            let from = self.memory.end;
            self.memory.take(analog);
            self.look(from, analog);
        }
    }

    fn transmit(&mut self, into: &mut [u8]) -> usize {
        self.out.take(into)
    }

    fn is_interlocked(&self) -> bool {
        false
    }

    // It feeds nobody.
    fn cut_supply(&mut self, _until: u64) {}

    fn supplies(&self) -> bool {
        true
    }
}
