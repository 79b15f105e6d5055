//! What a program leads one to expect of the stream, in samples.

use crate::signal::{Kind, Program, Recovery, Waveform};

/// Lengths that decide what belongs to a pulse.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Timing {
    /// Driven phases of a pulse.
    pub(super) phases: u8,
    /// A phase that begins later than this after the one before it is a new pulse.
    pub(super) allowance: u64,
    /// From the leading edge: the recharge switch closes and opens again, if it does.
    pub(super) recharge: Option<Switch>,
    /// Smallest leading amplitude that is expected, A at a share of 100 %.
    pub(super) smallest: f64,
}

/// When the recharge switch is closed, in samples from the leading edge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Switch {
    /// It closes.
    pub(super) from: u64,
    /// It opens.
    pub(super) to: u64,
    /// Only behind the last pulse of a burst; which that is shows when no other follows.
    pub(super) last_only: bool,
}

impl Timing {
    /// For a program at `rate` samples per second behind a front end that settles in `settling` samples.
    pub(super) fn of(program: &Program, rate: f64, settling: u64) -> Self {
        // On the plateau, where phases are longest; behind the last pulse of a burst, where a recharge is sure to be.
        let plateau = Program { ramp: None, ..program.clone() };
        let pulse = plateau.pulse(program.pulses_per_period() - 1);
        let length = pulse.end() - pulse.start;
        let closed = pulse.recharge.map(|(start, duration)| (start - pulse.start, duration));
        let last_only = matches!(program.recovery, Recovery::Passive { per_burst: true, .. });
        let slot = match (program.waveform, program.burst) {
            (Waveform::Alternating, _) => 0.5 * program.period(),
            (_, Some(burst)) => 1.0 / burst.rate,
            _ => program.period(),
        };
        let busy = closed.filter(|_| !last_only).map_or(length, |(start, duration)| start + duration);
        let longest = pulse.phases().iter().map(|phase| phase.width).fold(0.0, f64::max);
        let allowance = program.gap + longest.max(2.0 * settling as f64 / rate);
        let first = program.pulse(0);
        let leading = first.phases().iter().filter(|phase| phase.kind == Kind::Leading);
        Self {
            phases: pulse.phases().len() as u8,
            allowance: (allowance.min(program.gap + 0.5 * (slot - busy).max(0.0)) * rate).ceil() as u64,
            recharge: closed.map(|(start, duration)| Switch {
                from: (start * rate) as u64,
                to: ((start + duration) * rate).ceil() as u64,
                last_only,
            }),
            smallest: leading.map(|phase| phase.current.abs()).fold(f64::INFINITY, f64::min),
        }
    }
}
