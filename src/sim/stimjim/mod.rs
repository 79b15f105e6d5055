//! The device end of a Stimjim: its firmware's text protocol on a simulated output stage.
//!
//! It answers as the device does, faults included: currents above 3.32 mA turn their sign over, an unknown command gets no
//! answer, a forced stop gets no summary, too long a line or too many stages end in silence (the firmware writes past its
//! buffers). Outputs in voltage mode are answered for but not driven: this bench has current sources only.

mod text;

use crate::phantom::{Phantom, Probe};
use crate::rig::device::stimjim::{LINE, MICROAMPS_PER_CODE, STAGES};
use crate::rig::{Pairs, SimBench};

use super::analog::Analog;
use super::defects::WireDefects;
use super::end::{DeviceEnd, clock};
use super::outbox::Outbox;
use super::player::{Due, Player};
use super::terminals::Terminals;

/// Codes at which the converters of both outputs give no current.
const CURRENT_OFFSETS: [i64; 2] = [11, 8];
/// What the analogue-to-digital converters read when there is nothing.
const ADC_OFFSET: f64 = -11.0;
const MICROAMPS_PER_READING: f64 = 0.85;
const MILLIVOLTS_PER_READING: f64 = 2.44;
const MILLIVOLTS_PER_CODE: f64 = 0.4574;

/// What an output is switched to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Mode {
    Voltage,
    Current,
    HighImpedance,
    #[default]
    Grounded,
}

impl Mode {
    fn of(number: i64) -> Self {
        match number {
            0 => Self::Voltage,
            1 => Self::Current,
            2 => Self::HighImpedance,
            _ => Self::Grounded,
        }
    }
}

/// One slot of the device's table of trains.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Slot {
    modes: [Mode; 2],
    period: u64,
    duration: u64,
    /// Amplitudes of both outputs (uA or mV) and microseconds.
    stages: Vec<([i64; 2], u64)>,
}

impl Default for Slot {
    fn default() -> Self {
        Self { modes: [Mode::Grounded; 2], period: 10_000, duration: 500_000, stages: Vec::new() }
    }
}

/// A train on one of the two timers.
#[derive(Debug)]
struct Running {
    player: Player,
    slot: usize,
    /// Readings at the end of each stage of both outputs, summed.
    measured: Vec<[i64; 2]>,
    /// The forced stop that waits for the pulse in progress.
    stopping: bool,
}

/// A Stimjim as seen from its wire.
pub(super) struct StimjimEnd {
    terminals: Terminals,
    clock: f64,
    wire: WireDefects,
    out: Outbox,
    line: Vec<u8>,
    /// It has written past its buffers, or has no supply.
    dead: bool,
    powered: bool,
    slots: Vec<Slot>,
    running: [Option<Running>; 2],
    modes: [Mode; 2],
    /// Codes of both converters.
    codes: [i64; 2],
}

impl StimjimEnd {
    pub(super) fn new(
        bench: &SimBench,
        phantom: &Phantom,
        pairs: &Pairs,
        noise_seed: u64,
        analog: &mut Analog,
    ) -> Self {
        Self {
            terminals: Terminals::new(bench, phantom, pairs, analog),
            clock: clock(bench),
            wire: WireDefects::new(&bench.defects, noise_seed),
            out: Outbox::default(),
            line: Vec::new(),
            dead: false,
            powered: true,
            slots: vec![Slot::default(); 100],
            running: [None, None],
            modes: [Mode::Grounded; 2],
            codes: CURRENT_OFFSETS,
        }
    }

    /// What the outputs do now, as phase `index` of a pulse.
    fn apply(&self, index: u8, analog: &mut Analog) {
        let mut currents = [0.0; 2];
        for ((current, mode), (code, offset)) in
            currents.iter_mut().zip(self.modes).zip(self.codes.iter().zip(CURRENT_OFFSETS))
        {
            if mode == Mode::Current {
                *current = (code - offset) as f64 * MICROAMPS_PER_CODE * 1e-6;
            }
        }
        if currents.iter().any(|current| *current != 0.0) {
            self.terminals.drive(index, &currents, analog);
        } else if self.modes.contains(&Mode::Grounded) && !self.modes.contains(&Mode::Current) {
            self.terminals.ground(analog);
        } else {
            self.terminals.off(analog);
        }
    }

    /// The code of an amplitude, as a 16-bit number: what does not fit turns over.
    fn code(&self, output: usize, mode: Mode, amplitude: i64) -> i64 {
        let offset = CURRENT_OFFSETS.get(output).copied().unwrap_or(0) as f64;
        let code = match mode {
            Mode::Voltage => amplitude as f64 / MILLIVOLTS_PER_CODE,
            _ => amplitude as f64 / MICROAMPS_PER_CODE + offset,
        };
        i64::from(code as i64 as i16)
    }

    /// What the converter of an output reads: its current, or its voltage.
    fn reading(&self, output: usize, current: bool, analog: &mut Analog) -> i64 {
        let active = self.terminals.active(output);
        let raw = if current {
            let currents = analog.source_currents();
            let amperes = active.and_then(|contact| currents.get(contact).copied()).unwrap_or(0.0);
            amperes * 1e6 / MICROAMPS_PER_READING
        } else {
            active.map_or(0.0, |contact| analog.value(Probe::Source(contact))) * 1e3 / MILLIVOLTS_PER_READING
        };
        (raw + ADC_OFFSET).round() as i64
    }

    /// Whether a running train has this output in voltage or current mode.
    fn drives(modes: [Mode; 2], output: usize) -> bool {
        modes.get(output).is_some_and(|mode| matches!(mode, Mode::Voltage | Mode::Current))
    }

    /// Does what is due in the train of a timer.
    fn advance(&mut self, timer: usize, analog: &mut Analog) {
        let Some(mut running) = self.running.get_mut(timer).and_then(Option::take) else { return };
        let slot = self.slots.get(running.slot).cloned().unwrap_or_default();
        let before = running.player.clone();
        let due = running.player.step();
        // At the end of a stage the active line of each output is read.
        if let Some(last) = ended_stage(&before, due, slot.stages.len()) {
            let read = [0, 1].map(|output| self.measure(&slot, output, analog));
            if let Some(sums) = running.measured.get_mut(last) {
                sums[0] += read[0];
                sums[1] += read[1];
            }
        }
        match due {
            Due::Stage(stage) => {
                let amplitudes = slot.stages.get(stage).map_or([0; 2], |(amplitudes, _)| *amplitudes);
                for output in 0..2 {
                    let mode = slot.modes.get(output).copied().unwrap_or_default();
                    let code = self.code(output, mode, amplitudes.get(output).copied().unwrap_or(0));
                    if let (true, Some(own), Some(to)) = (
                        Self::drives(slot.modes, output),
                        self.codes.get_mut(output),
                        self.modes.get_mut(output),
                    ) {
                        (*own, *to) = (code, mode);
                    }
                }
                // Stages without current are no phases.
                let phases = slot.stages.iter().take(stage).filter(|(levels, _)| *levels != [0; 2]).count();
                self.apply(u8::try_from(phases).unwrap_or(u8::MAX), analog);
            }
            Due::Rest => {
                for output in 0..2 {
                    if let (true, Some(own), Some(to)) = (
                        Self::drives(slot.modes, output),
                        self.codes.get_mut(output),
                        self.modes.get_mut(output),
                    ) {
                        (*own, *to) = (CURRENT_OFFSETS.get(output).copied().unwrap_or(0), Mode::Grounded);
                    }
                }
                self.apply(0, analog);
                if running.stopping {
                    return;
                }
            }
            Due::Ended(pulses) => {
                let summary = text::summary(&slot, &running.measured, pulses);
                self.say(&summary);
                return;
            }
        }
        if let Some(place) = self.running.get_mut(timer) {
            *place = Some(running);
        }
    }

    /// What the device's own measurement of an output is, in its unit; 0 where it does not measure.
    fn measure(&self, slot: &Slot, output: usize, analog: &mut Analog) -> i64 {
        let mode = slot.modes.get(output).copied().unwrap_or_default();
        match mode {
            Mode::Current => {
                let read = self.reading(output, true, analog) as f64 - ADC_OFFSET;
                (read * MICROAMPS_PER_READING) as i64
            }
            Mode::Voltage => {
                let read = self.reading(output, false, analog) as f64 - ADC_OFFSET;
                (read * MILLIVOLTS_PER_READING) as i64
            }
            _ => 0,
        }
    }

    fn say(&mut self, text: &str) {
        self.wire.send(text.as_bytes(), &mut self.out);
    }

    /// Starts the train of a slot on a timer. The first pulse begins at once.
    fn start(&mut self, timer: usize, slot: usize, now: u64) -> String {
        let letter = if timer == 0 { 'T' } else { 'U' };
        let train = self.slots.get(slot).cloned().unwrap_or_default();
        let mut answer = String::new();
        if train.period == 0 || train.period > 71_582_788 {
            answer.push_str(&format!("startIT{timer}: failure to initiate IntervalTimer IT{timer}\r\n"));
        }
        answer.push_str(&format!("\r\nStarted {letter} train with parameters of PulseTrain {slot}\r\n"));
        let lengths = train.stages.iter().map(|(_, length)| length * 1000).collect();
        let drives: Vec<bool> = train.stages.iter().map(|(levels, _)| *levels != [0; 2]).collect();
        let player =
            Player::new(self.clock, lengths, (train.period * 1000).max(1), train.duration * 1000, now)
                .bent(&self.terminals.trains, &drives);
        if let Some(place) = self.running.get_mut(timer) {
            let measured = vec![[0; 2]; train.stages.len()];
            *place = Some(Running { player, slot, measured, stopping: false });
        }
        answer
    }

    /// A forced stop: the pulse in progress ends, no summary.
    fn force_stop(&mut self, timer: usize, analog: &mut Analog) -> String {
        let trains = &self.terminals.trains;
        let (obeys, finishes) = (!trains.ignores_stop, !trains.cuts_on_stop);
        if let Some(place) = self.running.get_mut(timer).filter(|_| obeys) {
            match place {
                Some(running) if running.player.in_pulse() && finishes => running.stopping = true,
                _ => *place = None,
            }
        }
        if obeys && !finishes {
            self.terminals.off(analog);
        }
        format!("Forcing {} train to stop\r\n", if timer == 0 { 'T' } else { 'U' })
    }

    fn take_line(&mut self, line: &str, now: u64, analog: &mut Analog) {
        let mut characters = line.chars();
        let Some(operation) = characters.next() else { return };
        let rest = characters.as_str();
        let numbers = text::numbers(rest);
        let number = |index: usize| numbers.get(index).copied().unwrap_or(0);
        let answer = match operation {
            'S' => self.set(rest),
            'T' | 'U' => {
                let timer = usize::from(operation == 'U');
                match usize::try_from(number(0)) {
                    Ok(slot) if slot < self.slots.len() => self.start(timer, slot, now),
                    Ok(_) => "Invalid PulseTrain index.\r\n".to_owned(),
                    Err(_) => self.force_stop(timer, analog),
                }
            }
            'M' => {
                let (output, mode) = (usize::from(number(0) != 0), number(1));
                if let Some(own) = self.modes.get_mut(output) {
                    *own = Mode::of(mode);
                }
                self.apply(0, analog);
                format!("Set channel {output} to mode {mode}\r\n")
            }
            'A' => self.raw(number(0), number(1), &number(1).to_string(), analog),
            'V' => {
                let code = (number(1) as f64 / MILLIVOLTS_PER_CODE) as i64;
                let words = format!("{} mV (dac value {code}).", number(1));
                self.raw(number(0), code, &words, analog)
            }
            'E' => {
                let (output, current) = (usize::from(number(0) != 0), number(1) != 0);
                let read = self.reading(output, current, analog);
                let (scale, unit) =
                    if current { (MICROAMPS_PER_READING, "uA") } else { (MILLIVOLTS_PER_READING, "mV") };
                let value = ((read as f64 - ADC_OFFSET) * scale) as i64;
                format!("Read value: {read} ({value}{unit})\r\n")
            }
            'D' => text::offsets(),
            'R' => match (number(1), number(2)) {
                (slot, _) if slot >= 100 => "Invalid PulseTrain index.\r\n".to_owned(),
                (slot, 0) if slot >= 0 => {
                    format!("Attaching interrupt to IN{0} to run PulseTrain[{slot}]\r\n", number(0))
                }
                _ => format!(
                    "Detaching interrupt to IN{0}\r\nProgramming IN{0} as output that indicates activity on output {0}\r\n",
                    number(0)
                ),
            },
            // Measuring offsets says nothing, and neither does a command that it does not know.
            _ => String::new(),
        };
        if !answer.is_empty() {
            self.say(&answer);
        }
    }

    /// A raw code for a converter, unless it does not fit.
    fn raw(&mut self, output: i64, code: i64, words: &str, analog: &mut Analog) -> String {
        if i16::try_from(code).is_err() {
            return format!("{code} is out of range.\r\n");
        }
        let output = usize::from(output != 0);
        if let Some(own) = self.codes.get_mut(output) {
            *own = code;
        }
        self.apply(0, analog);
        format!("Set channel {output} to amplitude {words}\r\n")
    }

    /// Defines or reads back a slot.
    fn set(&mut self, rest: &str) -> String {
        let mut parts = rest.split(';');
        let head = text::numbers(parts.next().unwrap_or_default());
        let Some(index) = head.first().and_then(|slot| usize::try_from(*slot).ok()) else {
            return "Invalid PulseTrain index.\r\n".to_owned();
        };
        let Some(slot) = self.slots.get_mut(index) else {
            return "Invalid PulseTrain index.\r\n".to_owned();
        };
        if let [_, one, two, period, duration] = *head.as_slice() {
            slot.modes = [Mode::of(one), Mode::of(two)];
            slot.period = u64::try_from(period).unwrap_or(0);
            slot.duration = u64::try_from(duration).unwrap_or(0);
            slot.stages.clear();
            for part in parts {
                // The first stage that cannot be read ends the table, without a word.
                let [one, two, length] = *text::numbers(part).as_slice() else { break };
                slot.stages.push(([one, two], u64::try_from(length).unwrap_or(0)));
            }
            self.dead |= slot.stages.len() > STAGES;
        }
        text::dump(index, slot)
    }
}

/// The stage of a pulse that ends with what is due now.
fn ended_stage(before: &Player, due: Due, stages: usize) -> Option<usize> {
    match due {
        Due::Stage(stage) if before.in_pulse() => stage.checked_sub(1),
        Due::Rest if before.in_pulse() => stages.checked_sub(1),
        _ => None,
    }
}

impl DeviceEnd for StimjimEnd {
    fn next_deadline(&self) -> Option<u64> {
        self.running.iter().flatten().map(|running| running.player.next()).min()
    }

    fn on_deadline(&mut self, now: u64, analog: &mut Analog) {
        for timer in 0..2 {
            let due = |running: &Option<Running>| {
                running.as_ref().is_some_and(|running| running.player.next() <= now)
            };
            while self.running.get(timer).is_some_and(due) {
                self.advance(timer, analog);
            }
        }
    }

    fn receive(&mut self, bytes: &[u8], now: u64, analog: &mut Analog) {
        for &byte in bytes {
            if self.dead || !self.powered {
                return;
            }
            match byte {
                b'\n' => {
                    let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
                    self.take_line(line.trim_end_matches('\r'), now, analog);
                    // A pulse that begins now begins before anything else is heard.
                    self.on_deadline(now, analog);
                }
                byte => {
                    self.line.push(byte);
                    self.dead |= self.line.len() >= LINE;
                }
            }
        }
    }

    fn supplied(&mut self, on: bool, _now: u64, analog: &mut Analog) {
        match (self.powered, on) {
            (true, false) => {
                self.powered = false;
                self.running = [None, None];
                self.modes = [Mode::HighImpedance; 2];
                self.codes = CURRENT_OFFSETS;
                self.apply(0, analog);
            }
            (false, true) => {
                self.powered = true;
                self.dead = false;
                self.line.clear();
                self.slots = vec![Slot::default(); 100];
                self.modes = [Mode::Grounded; 2];
                self.apply(0, analog);
                let banner = text::banner();
                self.say(&banner);
            }
            _ => {}
        }
    }

    fn transmit(&mut self, into: &mut [u8]) -> usize {
        self.out.take(into)
    }
}
