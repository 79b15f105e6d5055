//! The device end of the stimulator's wire: the reference board on a simulated output stage.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use stimrig_board::{Board, Codes, Endpoint, Hal, Line, Output, Reading, Spec};
use stimrig_protocol::Text;
use stimrig_protocol::stimulator::{FaultCode, Request};

use crate::phantom::{Drive, Phantom};
use crate::rig::SimBench;
use crate::signal::MarkerBit;

use super::analog::Analog;
use super::defects::{Bent, Relapse, StageDefects, StopCut, WireDefects};
use super::end::{DeviceEnd, clock};
use super::outbox::Outbox;

#[cfg(feature = "probe")]
mod debug;

#[cfg(feature = "probe")]
pub(super) use debug::Word;

/// How long the reservoir feeds the board after its supply is cut, ns: enough to end a pulse.
const HOLD_UP: u64 = 5_000_000;
/// Length of the defect `brown_out_glitch`, ns.
const GLITCH: u64 = 50_000;

/// A stimulator as seen from its wire.
pub(super) struct StimulatorDevice {
    endpoint: Endpoint<Bent>,
    stage: Stage,
    wire: WireDefects,
    out: Outbox,
    /// True nanoseconds of one tick of the board's timer: its clock is off by one draw per bench.
    tick: f64,
    supply: Supply,
    glitch_ends: Option<u64>,
    relapse: Relapse,
    /// What the firmware tells a debugger, once there is one.
    #[cfg(feature = "probe")]
    log: Option<debug::Log>,
}

/// What feeds the board.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Supply {
    /// The supply.
    On,
    /// Its reservoir, until this instant (ns).
    Reservoir(u64),
    /// Nothing.
    Off,
}

/// What the output stage keeps between calls.
struct Stage {
    /// A per code, and at the largest code.
    lsb: f64,
    full_scale: f64,
    contacts: usize,
    defects: StageDefects,
    /// Levels of the acknowledge lines: start, stop, program.
    lines: [bool; 3],
    /// A stop has cut the pulse in progress (a defect): nothing more is driven until a start, and whoever supervises the output
    /// knows it.
    cut: Arc<AtomicBool>,
    /// It was started, and not stopped since.
    started: bool,
}

impl StimulatorDevice {
    pub(super) fn new(bench: &SimBench, phantom: &Phantom, noise_seed: u64, analog: &mut Analog) -> Self {
        let board = &bench.stimulator;
        let spec = Spec {
            model: Text::new("simulated stimulator"),
            uid: *b"SIM-STIM-001",
            firmware: *b"simulated-stim-1",
            outputs: phantom.contacts.len() as u8,
            full_scale: pico(board.full_scale),
            dac_bits: board.dac_bits as u8,
            cap: pico(board.cap),
            compliance: (board.compliance * 1e6).round() as u64,
            tick: (board.timer * 1e9).round() as u32,
            watchdog: (board.watchdog * 1e9).round() as u64,
            open_detect: board.open_detect,
            short_detect: (board.short_detect * 1e3).round() as u64,
            shutdown: (board.shutdown * 1e9).round() as u64,
            lead_in: 100_000,
        };
        let contacts: Vec<String> = phantom.contacts.iter().map(|(name, _)| name.clone()).collect();
        let tick = f64::from(spec.tick) * clock(bench);
        let stage = Stage {
            lsb: board.full_scale / spec.max_code() as f64,
            full_scale: board.full_scale,
            contacts: phantom.contacts.len(),
            defects: StageDefects::new(&bench.defects, &contacts),
            lines: [false; 3],
            cut: Arc::default(),
            started: false,
        };
        if let Some(leakage) = stage.defects.leakage {
            analog.set_leakage(0, leakage);
        }
        let policy = Bent::new(&bench.defects, &spec, noise_seed).watching(Arc::clone(&stage.cut));
        let endpoint = Endpoint::new(Board::new(spec, policy));
        Self {
            endpoint,
            stage,
            wire: WireDefects::new(&bench.defects, noise_seed),
            out: Outbox::default(),
            tick,
            supply: Supply::On,
            glitch_ends: None,
            relapse: Relapse::new(&bench.defects),
            #[cfg(feature = "probe")]
            log: None,
        }
    }

    /// When it forgets its fault and starts again by itself: that takes a core, so a stopped one waits. What was stopped meanwhile
    /// has nothing to go on with.
    fn relapse_due(&self) -> Option<u64> {
        self.relapse.due(self.stage.started).filter(|_| !self.endpoint.board().is_halted())
    }

    /// Whether the board still believes in its fault.
    fn look(&mut self, now: u64) {
        let board = self.endpoint.board();
        self.relapse.look(board.status().fault != FaultCode::None, now);
        #[cfg(feature = "probe")]
        if let Some(log) = self.log.as_mut().filter(|_| !board.is_halted()) {
            log.look(board.status(), self.stage.lines);
        }
    }
}

impl DeviceEnd for StimulatorDevice {
    #[cfg(feature = "probe")]
    fn board(&mut self) -> Option<&mut StimulatorDevice> {
        Some(self)
    }

    fn next_deadline(&self) -> Option<u64> {
        let board = self.endpoint.board().next_deadline();
        let due = match self.supply {
            Supply::On => None,
            Supply::Reservoir(empty) => Some(empty),
            Supply::Off => return None,
        };
        let board = board.map(|ticks| (ticks as f64 * self.tick).round() as u64);
        [board, due, self.glitch_ends, self.relapse_due()].into_iter().flatten().min()
    }

    fn on_deadline(&mut self, now: u64, analog: &mut Analog) {
        if matches!(self.supply, Supply::Reservoir(empty) if now >= empty) {
            self.supply = Supply::Off;
            self.glitch_ends = None;
            analog.set_drive(&Drive::Off);
        }
        if self.supply == Supply::Off {
            return;
        }
        if self.glitch_ends.is_some_and(|end| now >= end) {
            self.glitch_ends = None;
            analog.set_drive(&Drive::Off);
        }
        // A deadline rounded to a nanosecond may lie just before its tick: half a nanosecond is less than any tick.
        let ticks = ((now as f64 + 0.75) / self.tick) as u64;
        let relapses = self.relapse_due();
        let mut hal = OutputStage { stage: &mut self.stage, analog };
        self.endpoint.board_mut().on_deadline(ticks, &mut hal);
        if relapses.is_some_and(|due| now >= due) {
            for request in [Request::Acknowledge, Request::Start] {
                // A board that lost its program has nothing to start.
                let _refused = self.endpoint.board_mut().handle(ticks, &request, &mut hal);
            }
        }
        self.look(now);
    }

    fn receive(&mut self, bytes: &[u8], now: u64, analog: &mut Analog) {
        if self.supply == Supply::Off {
            return;
        }
        let ticks = (now as f64 / self.tick) as u64;
        let mut hal = OutputStage { stage: &mut self.stage, analog };
        let (wire, out) = (&mut self.wire, &mut self.out);
        self.endpoint.receive(ticks, bytes, &mut hal, |frame| wire.send(frame, out));
        self.look(now);
    }

    fn supplied(&mut self, on: bool, now: u64, analog: &mut Analog) {
        let ticks = (now as f64 / self.tick) as u64;
        match (self.supply, on) {
            (Supply::On, false) => {
                self.supply = Supply::Reservoir(now + HOLD_UP);
                self.endpoint.board_mut().supply_low(ticks);
                self.look(now);
            }
            (Supply::Reservoir(_), true) => self.supply = Supply::On,
            (Supply::Off, true) => {
                self.supply = Supply::On;
                let mut hal = OutputStage { stage: &mut self.stage, analog };
                self.endpoint.power_on(ticks, &mut hal);
                if self.stage.defects.brown_out_glitch {
                    analog.set_drive(&Drive::Currents(self.stage.full_scale()));
                    self.glitch_ends = Some(now + GLITCH);
                }
            }
            _ => {}
        }
    }

    fn transmit(&mut self, into: &mut [u8]) -> usize {
        self.out.take(into)
    }
}

/// The board's hardware, for the length of one call.
struct OutputStage<'a> {
    stage: &'a mut Stage,
    analog: &'a mut Analog,
}

impl Stage {
    /// Full scale from the first contact to the last, A.
    fn full_scale(&self) -> Vec<f64> {
        let mut currents = vec![0.0; self.contacts];
        if let [first, .., last] = currents.as_mut_slice() {
            (*first, *last) = (self.full_scale, -self.full_scale);
        }
        currents
    }
}

impl OutputStage<'_> {
    fn currents(&self, index: u8, codes: &Codes) -> Vec<f64> {
        let stage = &self.stage;
        let mut currents: Vec<_> =
            codes.iter().take(stage.contacts).map(|code| f64::from(*code) * stage.lsb).collect();
        stage.defects.bend(index, &mut currents);
        currents
    }
}

impl Hal for OutputStage<'_> {
    fn output(&mut self, output: Output) {
        let drive = match output {
            _ if self.stage.cut.load(Ordering::Relaxed) => Drive::Off,
            Output::Off => match self.stage.defects.shape {
                Some(shape) => shape.off(&self.analog.source_currents()),
                None => Drive::Off,
            },
            Output::Phase { index, codes } => {
                let currents = self.currents(index, &codes);
                match self.stage.defects.shape {
                    Some(shape) => shape.phase(&currents, &self.analog.source_currents()),
                    None => Drive::Currents(currents),
                }
            }
            Output::Recharge => Drive::Recharge,
        };
        self.analog.set_drive(&drive);
    }

    fn sense(&mut self, between: [usize; 2]) -> Reading {
        let contacts = between.map(|output| self.stage.defects.wired(output));
        Reading {
            microvolts: (self.analog.voltage_between(contacts) * 1e6) as i32,
            at_compliance: self.analog.at_compliance(),
        }
    }

    fn toggle(&mut self, line: Line) {
        let [start, stop, program] = &mut self.stage.lines;
        let (level, bit) = match line {
            Line::StartTaken => (start, MarkerBit::StartTaken),
            Line::StopTaken => (stop, MarkerBit::StopTaken),
            Line::ProgramTaken => (program, MarkerBit::ProgramTaken),
        };
        *level = !*level;
        let level = *level;
        let cut = |is: bool| self.stage.cut.store(is, Ordering::Relaxed);
        match (line, self.stage.defects.stop_cut) {
            (Line::StopTaken, StopCut::AtOnce) => {
                cut(true);
                self.analog.set_drive(&Drive::Off);
            }
            (Line::StopTaken, StopCut::BehindPhase) => cut(true),
            (Line::StartTaken, _) => cut(false),
            _ => {}
        }
        match line {
            Line::StartTaken => self.stage.started = true,
            Line::StopTaken => self.stage.started = false,
            Line::ProgramTaken => {}
        }
        self.analog.set_marker(bit, level);
    }
}

/// Ampere to whole picoampere.
fn pico(amperes: f64) -> u64 {
    (amperes * 1e12).round() as u64
}

#[cfg(test)]
mod tests;
