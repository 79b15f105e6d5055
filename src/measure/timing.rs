//! What a program leads one to expect of the stream, in samples.

use crate::signal::{Kind, Program, Recovery};

/// Lengths that decide what belongs to a pulse.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Timing {
    /// Driven phases of a pulse.
    pub(super) phases: u8,
    /// A phase that begins later than this after the one before it is a new pulse.
    pub(super) allowance: u64,
    /// From the leading edge until the recharge switch opens again, if it closes.
    pub(super) recharge_end: Option<u64>,
    /// Between leading edges.
    pub(super) period: f64,
    /// Smallest leading amplitude that is expected, A at a share of 100 %.
    pub(super) smallest: f64,
}

impl Timing {
    /// For a program at `rate` samples per second behind a front end that settles in `settling` samples.
    pub(super) fn of(program: &Program, rate: f64, settling: u64) -> Self {
        // The longest pulses are those of the plateau, the smallest the first of a ramp.
        let pulse = Program { ramp: None, ..program.clone() }.pulse(0);
        let first = program.pulse(0);
        let length = pulse.end() - pulse.start;
        let recharge_end = pulse.recharge.map(|(start, duration)| start + duration - pulse.start);
        let rest =
            program.period() / program.pulses_per_period() as f64 - recharge_end.unwrap_or(0.0).max(length);
        let longest = pulse.phases().iter().map(|phase| phase.width).fold(0.0, f64::max);
        let allowance = program.gap + longest.max(2.0 * settling as f64 / rate);
        let smallest = first
            .phases()
            .iter()
            .filter(|phase| phase.kind == Kind::Leading)
            .map(|phase| phase.current.abs());
        Self {
            phases: match program.recovery {
                Recovery::Passive { .. } | Recovery::None if pulse.phases().len() == 1 => 1,
                _ => pulse.phases().len() as u8,
            },
            allowance: (allowance.min(program.gap + 0.5 * rest.max(0.0)) * rate).ceil() as u64,
            recharge_end: recharge_end.map(|end| (end * rate).ceil() as u64),
            period: program.period() * rate,
            smallest: smallest.fold(f64::INFINITY, f64::min),
        }
    }
}
