//! Where a simulator may make a board misbehave.

use stimrig_protocol::stimulator::{Burst, Cycle, FaultCode, Program};

use crate::{Guarded, Pulse};

/// What a pulse holds of what is balanced by phases of opposite sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole,
    /// The first phase: the next pulse is the other one.
    First,
    /// The second phase: the pulse before was the other one.
    Second,
}

/// Where a pulse stands in its train.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its number since the start, from 0.
    pub number: u64,
    /// What it holds.
    pub part: Part,
}

impl Place {
    /// Number of the pulse's phase `index` among those that balance each other, from 0.
    pub fn phase(&self, index: usize) -> usize {
        if self.part == Part::Second { index.saturating_add(1) } else { index }
    }
}

/// The decisions of a board that a simulator may bend. Every method as provided is the right behaviour.
pub trait Policy {
    /// The period of the train, ps.
    fn period(&self, period: u64) -> u64 {
        period
    }

    /// Pulses of a burst and the time between them.
    fn burst(&self, burst: Burst) -> Burst {
        burst
    }

    /// On and off times, ns.
    fn cycle(&self, cycle: Cycle) -> Cycle {
        cycle
    }

    /// From taking a start to the first pulse, ticks.
    fn lead_in(&self, ticks: u64) -> u64 {
        ticks
    }

    /// Whether a start follows the program's ramp; `after_fault`: the first start since a fault was acknowledged.
    fn ramps(&self, after_fault: bool) -> bool {
        let _ = after_fault;
        true
    }

    /// When a pulse is emitted that is due at `tick`; never before the pulse ahead of it is over.
    fn instant(&mut self, place: Place, tick: u64) -> u64 {
        let _ = place;
        tick
    }

    /// Whether pulse `n` since the start, from 0, is emitted once more half-way to the next.
    fn repeats(&self, n: u64) -> bool {
        let _ = n;
        false
    }

    /// The pulse about to be emitted and the one behind it (of a pair: the same one of the next pair), both as programmed.
    fn step_ahead(&self, place: Place, pulse: &mut Pulse, next: &Pulse) {
        let _ = (place, pulse, next);
    }

    /// The pulse about to be emitted.
    fn shape(&mut self, place: Place, pulse: &mut Pulse) {
        let _ = (place, pulse);
    }

    /// The code a detected fault is declared as; `None` lets it pass.
    fn declare(&mut self, detected: FaultCode) -> Option<FaultCode> {
        Some(detected)
    }

    /// A word on which safety depends, as it is used; `None` where it must not be used.
    fn checked(&self, word: Guarded) -> Option<u64> {
        word.get()
    }

    /// Whether a pulse may begin whose largest phase would be `largest` under a `cap` (pA), where memory holds another amplitude
    /// than was commanded.
    fn permits(&self, largest: u64, cap: u64) -> bool {
        largest <= cap
    }

    /// Patience without a frame, and of the independent watchdog without its core, ticks; `None` is endless.
    fn watchdog(&self, ticks: u64) -> Option<u64> {
        Some(ticks)
    }

    /// From declaring a fault to output off, ticks.
    fn shutdown(&self, ticks: u64) -> u64 {
        ticks
    }

    /// The cap that commands are held to, pA.
    fn cap(&self, cap: u64) -> u64 {
        cap
    }

    /// A program as received, before it is checked against `cap` (pA) and the rest.
    fn command(&self, cap: u64, program: Program) -> Program {
        let _ = cap;
        program
    }

    /// Whether a stop that was acknowledged ends the train.
    fn obeys_stop(&self) -> bool {
        true
    }
}

/// The only policy of a firmware.
#[derive(Debug, Clone, Copy, Default)]
pub struct AsDesigned;

impl Policy for AsDesigned {}
