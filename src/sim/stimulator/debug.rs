//! What a debugger does to the simulated board: it stops its core, resets it, looks into its memory, and reads its log.

use std::collections::VecDeque;

use stimrig_board::Guarded;
use stimrig_protocol::stimulator::{FaultCode, State, Status};

use crate::sim::analog::Analog;

use super::{OutputStage, StimulatorDevice, Supply};

/// Lines that wait for a debugger to read them; what comes then is lost, as in a log that never blocks its firmware.
const WAITING: usize = 256;

/// A variable of the firmware.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim) enum Word {
    /// Largest amplitude accepted, uA.
    Cap,
    /// The same, inverted.
    CapInverse,
    /// Amplitude of the program, uA.
    Amplitude,
    /// The same, inverted.
    AmplitudeInverse,
    /// Number of the latched fault.
    Fault,
    /// Pulses since the start.
    Pulses,
}

/// Picoamperes in a microampere.
const MICRO: u64 = 1_000_000;

/// What the firmware has to say.
#[derive(Debug)]
pub(super) struct Log {
    lines: VecDeque<String>,
    status: Status,
    taken: [bool; 3],
}

impl Log {
    fn put(&mut self, line: String) {
        if self.lines.len() < WAITING {
            self.lines.push_back(line);
        }
    }

    /// Notes what has changed.
    pub(super) fn look(&mut self, status: Status, taken: [bool; 3]) {
        let before = std::mem::replace(&mut self.taken, taken);
        let names = ["start", "stop", "program"];
        for (name, _) in
            names.iter().zip(before.iter().zip(taken)).filter(|(_, (before, now))| **before != *now)
        {
            self.put(format!("{name} taken"));
        }
        let before = std::mem::replace(&mut self.status, status);
        if before.fault != status.fault {
            self.put(match status.fault {
                FaultCode::None => "fault acknowledged".to_owned(),
                fault => format!("fault {fault:?} after {} pulses", status.pulses),
            });
        }
    }
}

impl StimulatorDevice {
    /// The core stops.
    pub(in crate::sim) fn halt(&mut self, now: u64) {
        let ticks = self.ticks(now);
        self.endpoint.board_mut().halt(ticks);
    }

    /// Whether the core is stopped.
    pub(in crate::sim) fn is_halted(&self) -> bool {
        self.endpoint.board().is_halted()
    }

    /// Whether it drives a train, as far as it knows itself.
    pub(in crate::sim) fn is_running(&self) -> bool {
        self.endpoint.board().status().state == State::Running
    }

    /// The core goes on.
    pub(in crate::sim) fn resume(&mut self, now: u64) {
        self.endpoint.board_mut().resume();
        self.look(now);
    }

    /// The core and its hardware are reset. It starts its firmware unless it is `halted` there, or the flash does not hold
    /// `ours`.
    pub(in crate::sim) fn reset(&mut self, halted: bool, ours: bool, now: u64, analog: &mut Analog) {
        let ticks = self.ticks(now);
        let mut hal = OutputStage { stage: &mut self.stage, analog };
        self.endpoint.power_on(ticks, &mut hal);
        if halted || !ours {
            self.endpoint.board_mut().halt(ticks);
        }
        if let Some(log) = &mut self.log {
            log.put("boot".to_owned());
        }
        self.look(now);
    }

    /// Whether anything feeds it.
    pub(in crate::sim) fn has_power(&self) -> bool {
        self.supply != Supply::Off
    }

    /// A variable as it stands in memory.
    pub(in crate::sim) fn word(&mut self, word: Word) -> u32 {
        let status = self.endpoint.board().status();
        let board = self.endpoint.board_mut();
        let cap = *board.cap_mut();
        let amplitude = board.amplitude_mut().map_or(Guarded::new(0), |amplitude| *amplitude);
        let micro = |pico: u64| u32::try_from(pico / MICRO).unwrap_or(u32::MAX);
        match word {
            Word::Cap => micro(cap.value()),
            Word::CapInverse => !micro(!cap.inverse()),
            Word::Amplitude => micro(amplitude.value()),
            Word::AmplitudeInverse => !micro(!amplitude.inverse()),
            Word::Fault => status.fault as u32,
            Word::Pulses => u32::try_from(status.pulses).unwrap_or(u32::MAX),
        }
    }

    /// Overwrites a variable in memory.
    pub(in crate::sim) fn overwrite(&mut self, word: Word, value: u32) {
        let board = self.endpoint.board_mut();
        let guarded = match word {
            Word::Cap | Word::CapInverse => Some(board.cap_mut()),
            Word::Amplitude | Word::AmplitudeInverse => board.amplitude_mut(),
            Word::Fault | Word::Pulses => None,
        };
        match (guarded, word) {
            (Some(guarded), Word::Cap | Word::Amplitude) => guarded.overwrite(u64::from(value) * MICRO),
            (Some(guarded), _) => guarded.overwrite_inverse(!(u64::from(!value) * MICRO)),
            (None, _) => {}
        }
    }

    /// From here on the firmware writes its log.
    pub(in crate::sim) fn begin_log(&mut self) {
        let (status, taken) = (self.endpoint.board().status(), self.stage.lines);
        self.log.get_or_insert(Log { lines: VecDeque::new(), status, taken });
    }

    /// The oldest line that nobody has read.
    pub(in crate::sim) fn next_line(&self) -> Option<&str> {
        self.log.as_ref()?.lines.front().map(String::as_str)
    }

    /// That line has been read.
    pub(in crate::sim) fn take_line(&mut self) {
        if let Some(log) = &mut self.log {
            log.lines.pop_front();
        }
    }

    fn ticks(&self, now: u64) -> u64 {
        (now as f64 / self.tick) as u64
    }
}
