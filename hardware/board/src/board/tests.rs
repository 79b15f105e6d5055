use std::vec::Vec;

use stimrig_protocol::stimulator::{Burst, Cycle, Law, Ramp, Recovery, Run, Waveform};

use super::*;
use crate::plan::tests::{program, spec};
use crate::{AsDesigned, Place, Reading};

/// A resistor on the output, and a record of what was done to it.
struct Bench {
    board: Board<AsDesigned>,
    hal: Load,
    now: u64,
}

#[derive(Default)]
struct Load {
    now: u64,
    ohms: f64,
    current: f64,
    log: Vec<(u64, Output)>,
    lines: Vec<Line>,
}

impl Hal for Load {
    fn output(&mut self, output: Output) {
        self.log.push((self.now, output));
        let code = if let Output::Phase { codes, .. } = output { codes[0] } else { 0 };
        self.current = f64::from(code) * 25e-3 / 32767.0;
    }

    fn sense(&mut self, _: [usize; 2]) -> Reading {
        let volts = self.current * self.ohms;
        Reading { microvolts: (volts.clamp(-15.0, 15.0) * 1e6) as i32, at_compliance: volts.abs() >= 15.0 }
    }

    fn toggle(&mut self, line: Line) {
        self.lines.push(line);
    }
}

impl Bench {
    fn new() -> Self {
        let hal = Load { ohms: 1000.0, ..Load::default() };
        Self { board: Board::new(spec(), AsDesigned), hal, now: 0 }
    }

    fn ask(&mut self, request: &Request) -> Reply {
        self.hal.now = self.now;
        self.board.handle(self.now, request, &mut self.hal)
    }

    fn run_to(&mut self, tick: u64) {
        while let Some(due) = self.board.next_deadline().filter(|due| *due <= tick) {
            self.hal.now = due;
            self.board.on_deadline(due, &mut self.hal);
        }
        self.now = tick;
    }

    /// Runs with a keepalive every 100 ms.
    fn run_alive_to(&mut self, tick: u64) {
        while self.now < tick {
            self.run_to((self.now + 100_000).min(tick));
            assert_eq!(self.ask(&Request::Keepalive), Reply::Done);
        }
    }

    fn started(program: Program) -> Self {
        let mut bench = Self::new();
        assert!(matches!(bench.ask(&Request::Load(program)), Reply::Applied(_)));
        assert_eq!(bench.ask(&Request::Start), Reply::Done);
        bench
    }

    /// Ticks at which a leading phase began.
    fn leads(&self) -> Vec<u64> {
        let lead = |output: &Output| matches!(output, Output::Phase { index: 0, .. });
        self.hal.log.iter().filter(|(_, output)| lead(output)).map(|(tick, _)| *tick).collect()
    }

    /// Phases that began, and their codes at the second output. Of pairs each is a pulse.
    fn phases(&self) -> Vec<(u64, i32)> {
        let code = |output: &Output| match output {
            Output::Phase { codes, .. } => Some(codes[1]),
            _ => None,
        };
        self.hal.log.iter().filter_map(|(tick, output)| Some((*tick, code(output)?))).collect()
    }

    fn fault(&self) -> (State, FaultCode) {
        (self.board.status().state, self.board.status().fault)
    }
}

/// Tick at which the output went off last.
fn off_at(bench: &Bench) -> u64 {
    bench.hal.log.iter().rev().find(|(_, output)| *output == Output::Off).map_or(0, |(tick, _)| *tick)
}

mod changes;
mod checked;
mod faults;
mod halted;
mod pulses;
