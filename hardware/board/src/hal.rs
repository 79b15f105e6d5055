//! What a board needs of its hardware.

use stimrig_protocol::MAX_CONTACTS;

/// DAC codes of the outputs; positive is anodic.
pub type Codes = [i32; MAX_CONTACTS];

/// What the output stage is told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// High impedance, DAC at zero.
    Off,
    /// Constant currents.
    Phase {
        /// Which phase of those that balance each other, from 0: the second pulse of a pair begins at 1.
        index: u8,
        /// Codes of the outputs.
        codes: Codes,
    },
    /// The recharge switch connects the driven outputs with their return.
    Recharge,
}

/// What the output stage senses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reading {
    /// Between the two outputs that were asked for, at the terminals, µV.
    pub microvolts: i32,
    /// The stage cannot drive the current it was told to.
    pub at_compliance: bool,
}

/// The acknowledge lines: each toggles when the board has taken what it is named after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// A start.
    StartTaken,
    /// A stop.
    StopTaken,
    /// A program.
    ProgramTaken,
}

/// The hardware under a board.
pub trait Hal {
    /// Sets the output stage, now.
    fn output(&mut self, output: Output);
    /// Reads the output stage, now: the voltage between two outputs. It is asked for several pairs at one instant, which a multiplexer
    /// before one converter answers in some microseconds.
    fn sense(&mut self, between: [usize; 2]) -> Reading;
    /// Toggles an acknowledge line.
    fn toggle(&mut self, line: Line);
}
