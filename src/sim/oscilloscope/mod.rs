//! The device end of a Rigol DS1000Z: good enough for stimrig's own driver, for sigrok and for pyvisa.
//!
//! It has no relays: the stimulator stays connected to the phantom.

mod front;
mod record;
mod words;

use crate::phantom::Phantom;
use crate::rig::{Channel, SimBench};

use super::analog::Analog;
use super::load_end::LoadEnd;
use super::outbox::Outbox;
use front::Socket;
use record::Memory;
use words::{Words, matches};

/// Divisions of the screen, and levels of the converter in one of them.
const DIVISIONS: f64 = 12.0;
const LEVELS: f64 = 25.0;
/// Level of the middle of the screen.
const MIDDLE: f64 = 127.0;
/// The most that one transfer holds, samples.
const TRANSFER: u64 = 250_000;
/// The fastest sampling, Hz.
const FASTEST: f64 = 1e9;
/// Samples of the screen, which are read in the mode NORMal.
const SCREEN: u64 = 1200;

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
            let start = from.max(before).max(self.memory.first + 1).max(1);
            let found = (start..self.memory.end).find(|sample| {
                beyond(self.memory.volts(input, *sample)) && !beyond(self.memory.volts(input, sample - 1))
            });
            if let Some(sample) = found {
                self.trigger(sample);
            }
            self.memory.keep(before + 16);
        }
        if let Stage::Triggered(sample) = self.stage
            && self.memory.end + before >= sample + points
        {
            self.stage = Stage::Stopped;
            analog.end_stream();
        }
    }

    fn answer(&mut self, text: &str) {
        self.out.put(text.as_bytes());
        self.out.put(b"\n");
    }

    fn command(&mut self, line: &str, analog: &mut Analog) {
        let words = Words::of(line);
        let known = if words.query { self.query(&words) } else { self.set(&words, analog) };
        if known.is_none() {
            self.errors.push("-113,\"Undefined header; command cannot be found\"");
        }
    }

    fn query(&mut self, words: &Words<'_>) -> Option<()> {
        let channel = self.vertical.get(words.number().wrapping_sub(1)).copied();
        let number = |value: f64| format!("{value:.6e}");
        let text = if words.is("*IDN") {
            "RIGOL TECHNOLOGIES,DS1104Z,SIM-SCOPE-001,00.04.04.SP4".to_owned()
        } else if words.is("*OPC") {
            "1".to_owned()
        } else if words.is("*ESR") || words.is("*STB") {
            "0".to_owned()
        } else if words.is("SYSTem:ERRor") || words.is("SYSTem:ERRor:NEXT") {
            let first = if self.errors.is_empty() { "0,\"No error\"" } else { self.errors.remove(0) };
            first.to_owned()
        } else if words.is("CHANnel:DISPlay") {
            u8::from(channel?.shown).to_string()
        } else if words.is("CHANnel:SCALe") {
            number(channel?.scale)
        } else if words.is("CHANnel:OFFSet") {
            number(channel?.offset)
        } else if words.is("CHANnel:PROBe") {
            number(channel?.probe)
        } else if words.is("CHANnel:COUPling") {
            "DC".to_owned()
        } else if words.is("TIMebase:SCALe") || words.is("TIMebase:MAIN:SCALe") {
            number(self.scale)
        } else if words.is("TIMebase:OFFSet") || words.is("TIMebase:MAIN:OFFSet") {
            number(self.offset)
        } else if words.is("TIMebase:MODE") {
            "MAIN".to_owned()
        } else if words.is("ACQuire:MDEPth") {
            self.depth.map_or_else(|| "AUTO".to_owned(), |depth| depth.to_string())
        } else if words.is("ACQuire:SRATe") {
            number((self.points() as f64 / (DIVISIONS * self.scale)).min(FASTEST))
        } else if words.is("ACQuire:TYPE") {
            "NORM".to_owned()
        } else if words.is("TRIGger:STATus") {
            let state = match self.stage {
                Stage::Stopped => "STOP",
                Stage::Free => "AUTO",
                Stage::Armed => "WAIT",
                Stage::Triggered(_) => "TD",
            };
            state.to_owned()
        } else if words.is("TRIGger:MODE") {
            "EDGE".to_owned()
        } else if words.is("TRIGger:SWEep") {
            "SING".to_owned()
        } else if words.is("TRIGger:EDGE:SOURce") {
            format!("CHAN{}", self.edge.0 + 1)
        } else if words.is("TRIGger:EDGE:SLOPe") {
            (if self.edge.1 { "POS" } else { "NEG" }).to_owned()
        } else if words.is("TRIGger:EDGE:LEVel") {
            number(self.edge.2)
        } else if words.is("WAVeform:PREamble") {
            self.preamble()
        } else if words.is("WAVeform:XINCrement") {
            number(self.period())
        } else if words.is("WAVeform:XORigin") {
            number(-(self.before(self.taken.0) as f64) / self.taken.0)
        } else if words.is("WAVeform:XREFerence") {
            "0".to_owned()
        } else if words.is("WAVeform:YINCrement") {
            number(self.level().0)
        } else if words.is("WAVeform:YORigin") {
            format!("{:.0}", self.level().1)
        } else if words.is("WAVeform:YREFerence") {
            format!("{MIDDLE:.0}")
        } else if words.is("WAVeform:SOURce") {
            format!("CHAN{}", self.source + 1)
        } else if words.is("WAVeform:MODE") {
            (if self.raw { "RAW" } else { "NORM" }).to_owned()
        } else if words.is("WAVeform:FORMat") {
            "BYTE".to_owned()
        } else if words.is("WAVeform:STARt") {
            self.range.0.to_string()
        } else if words.is("WAVeform:STOP") {
            self.range.1.to_string()
        } else if words.is("WAVeform:DATA") {
            self.data();
            return Some(());
        } else {
            return None;
        };
        self.answer(&text);
        Some(())
    }

    fn set(&mut self, words: &Words<'_>, analog: &mut Analog) -> Option<()> {
        let argument = words.argument;
        let on = matches!(argument.to_ascii_uppercase().as_str(), "ON" | "1");
        let input = |text: &str| {
            let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit());
            digits.parse::<usize>().ok().and_then(|number| number.checked_sub(1)).filter(|index| *index < 4)
        };
        let value = || argument.parse::<f64>().ok().filter(|value| value.is_finite());
        let mut vertical = self.vertical.get_mut(words.number().wrapping_sub(1));
        if words.is("CHANnel:DISPlay") {
            vertical?.shown = on;
        } else if words.is("CHANnel:SCALe") {
            vertical?.scale = value().filter(|value| *value > 0.0)?;
        } else if words.is("CHANnel:OFFSet") {
            vertical?.offset = value()?;
        } else if words.is("CHANnel:PROBe") {
            vertical?.probe = value()?;
        } else if words.is("CHANnel:COUPling") || words.is("CHANnel:BWLimit") {
            vertical.as_mut()?;
        } else if words.is("TIMebase:SCALe") || words.is("TIMebase:MAIN:SCALe") {
            self.scale = value().filter(|value| (5e-9..=50.0).contains(value))?;
        } else if words.is("TIMebase:OFFSet") || words.is("TIMebase:MAIN:OFFSet") {
            self.offset = value()?;
        } else if words.is("ACQuire:MDEPth") {
            // Not while it is stopped.
            if self.stage == Stage::Stopped {
                return None;
            }
            self.depth = if argument.eq_ignore_ascii_case("AUTO") { None } else { Some(value()? as u64) };
        } else if words.is("TRIGger:EDGE:SOURce") {
            self.edge.0 = input(argument)?;
        } else if words.is("TRIGger:EDGE:SLOPe") {
            self.edge.1 = !(matches(argument, "NEGative"));
        } else if words.is("TRIGger:EDGE:LEVel") {
            self.edge.2 = value()?;
        } else if words.is("RUN") {
            analog.end_stream();
            self.stage = Stage::Free;
        } else if words.is("STOP") {
            analog.end_stream();
            self.stage = Stage::Stopped;
        } else if words.is("SINGle") {
            self.arm(analog);
        } else if words.is("TFORce") {
            if self.stage == Stage::Armed {
                self.trigger(self.memory.end.max(self.before(self.taken.0)));
            }
        } else if words.is("WAVeform:SOURce") {
            self.source = input(argument)?;
        } else if words.is("WAVeform:MODE") {
            self.raw = matches(argument, "RAW");
            self.range = (1, if self.raw { self.taken.1 } else { SCREEN });
        } else if words.is("WAVeform:FORMat") {
            if !matches(argument, "BYTE") {
                return None;
            }
        } else if words.is("WAVeform:STARt") {
            self.range.0 = value()? as u64;
        } else if words.is("WAVeform:STOP") {
            self.range.1 = value()? as u64;
        } else if words.is("*CLS") || words.is("*RST") {
            self.errors.clear();
        } else if !["TIMebase:MODE", "TRIGger:MODE", "TRIGger:SWEep", "TRIGger:COUPling", "ACQuire:TYPE"]
            .into_iter()
            .any(|silent| words.is(silent))
        {
            return None;
        }
        Some(())
    }

    /// Volts of a level, and levels by which the offset moves 0 V, of the source.
    fn level(&self) -> (f64, f64) {
        let vertical = self.vertical.get(self.source).copied();
        vertical.map_or((1.0, 0.0), |vertical| {
            let level = vertical.scale / LEVELS;
            (level, (vertical.offset / level).round())
        })
    }

    /// Samples between those of the screen.
    fn stride(&self) -> u64 {
        if self.raw { 1 } else { (self.taken.1 / SCREEN).max(1) }
    }

    fn period(&self) -> f64 {
        self.stride() as f64 / self.taken.0
    }

    fn preamble(&self) -> String {
        let (level, offset) = self.level();
        let points = if self.raw { self.taken.1 } else { SCREEN };
        let origin = -(self.before(self.taken.0) as f64) / self.taken.0;
        let (mode, period) = (if self.raw { 2 } else { 0 }, self.period());
        format!("0,{mode},{points},1,{period:.6e},{origin:.6e},0,{level:.6e},{offset:.0},{MIDDLE:.0}")
    }

    fn data(&mut self) {
        let (first, last) = self.range;
        let points = if self.raw { self.taken.1 } else { SCREEN };
        // While an acquisition runs its memory cannot be read, and there is only so much of it.
        let ready = self.stage == Stage::Stopped || !self.raw;
        let count =
            if ready && first >= 1 { (last.min(points) + 1).saturating_sub(first).min(TRANSFER) } else { 0 };
        let (level, offset) = self.level();
        let (stride, begin) = (self.stride(), self.taken.2.saturating_sub(self.before(self.taken.0)));
        self.out.put(format!("#9{count:09}").as_bytes());
        let Some(socket) = self.sockets.get(self.source) else { return };
        let codes: Vec<u8> = (0..count)
            .map(|k| {
                let sample = begin + (first - 1 + k) * stride;
                socket.code(self.memory.volts(self.source, sample), sample, level, MIDDLE + offset)
            })
            .collect();
        self.out.put(&codes);
        self.out.put(b"\n");
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
