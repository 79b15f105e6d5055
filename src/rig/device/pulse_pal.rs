//! What a Pulse Pal 2 can emit: a voltage of 16 bits over 20 V, on a grid of 50 us.
//!
//! It is a source of voltage. A rig file states how many volts an ampere through the load takes: the scale of a
//! voltage-controlled current source behind it, or of a resistor in series with an ohmic load. Facts: sanworks/PulsePal,
//! firmware 21.

use crate::quantity::{Dimension, engineering};
use crate::signal::{Program, Recovery, Run, Waveform};

use super::{Features, Impossible, Pairs};

/// One cycle of its timer, s.
pub const CYCLE: f64 = 50e-6;
/// One step of its converter, V.
pub const VOLTS_PER_CODE: f64 = 20.0 / 65536.0;
/// The code of 0 V.
pub const ZERO: u16 = 32768;
/// Steps to either side of zero that both signs have.
pub const MOST: i64 = 32767;
/// Its vendor's software allows no shorter phase, cycles: 100 us.
pub const SHORTEST: u64 = 2;
/// The longest train, cycles: an hour.
pub const LONGEST: u64 = 72_000_000;

/// What is programmed into a channel; times in cycles, voltages as steps from zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Train {
    /// Which of the four channels, from 0.
    pub channel: usize,
    /// Two phases.
    pub biphasic: bool,
    /// Voltages of both phases.
    pub steps: [i64; 2],
    /// Lengths of both phases.
    pub phases: [u64; 2],
    /// Between the phases.
    pub gap: u64,
    /// From the end of a pulse to the next.
    pub rest: u64,
    /// Length of the train: always whole periods, because a train is cut where it ends.
    pub length: u64,
}

impl Train {
    /// From one pulse to the next, cycles.
    pub fn period(&self) -> u64 {
        self.pulse() + self.rest
    }

    /// From the beginning to the end of a pulse, cycles.
    pub fn pulse(&self) -> u64 {
        if self.biphasic { self.phases[0] + self.gap + self.phases[1] } else { self.phases[0] }
    }
}

/// The code of so many steps from zero.
pub fn code(steps: i64) -> u16 {
    u16::try_from(i64::from(ZERO) + steps).unwrap_or(if steps < 0 { 0 } else { u16::MAX })
}

/// The train nearest to a program, and the program as it is emitted.
///
/// # Errors
/// Everything about the program that a Pulse Pal cannot do.
pub fn train(
    program: &Program,
    pairs: &Pairs,
    volts_per_ampere: f64,
) -> Result<(Train, Program), Vec<Impossible>> {
    let features = Features { ratio: true, monophasic: true, ..Features::default() };
    let mut problems = features.lacking(program, "a Pulse Pal");
    let output = match pairs.split(program) {
        Ok(outputs) => match outputs.as_slice() {
            [(index, factor)] if *index < 4 => Some((*index, *factor)),
            _ => {
                problems.push(Impossible::new(
                    "contacts",
                    "one channel of a Pulse Pal is driven at a time, and it has four",
                ));
                None
            }
        },
        Err(problem) => {
            problems.push(problem);
            None
        }
    };
    let Some((channel, factor)) = output.filter(|_| problems.is_empty()) else { return Err(problems) };
    let cycles = |seconds: f64| (seconds / CYCLE).round() as u64;
    let steps = |amperes: f64| (amperes * volts_per_ampere / VOLTS_PER_CODE).round() as i64;
    let (ratio, biphasic) = match program.recovery {
        Recovery::Ratio(ratio) => (ratio, true),
        _ => (1.0, program.waveform == Waveform::Biphasic),
    };
    // The recovery first, so that the charges cancel on the grid.
    let small = steps(program.amplitude * factor.abs() / ratio);
    let lead = (small as f64 * ratio).round() as i64;
    let (width, gap, period) = (cycles(program.width), cycles(program.gap), cycles(program.period()));
    let second = (width as f64 * ratio).round() as u64;
    let pulse = if biphasic { width + gap + second } else { width };
    check(program, [lead, small], [width, second], gap, period, pulse, &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    let sign = (program.leading.sign() * factor.signum()) as i64;
    let pulses = match program.run {
        Run::UntilStopped => LONGEST / period,
        _ => program.pulse_limit().unwrap_or(0),
    };
    let train = Train {
        channel,
        biphasic,
        steps: [sign * lead, -sign * small],
        phases: [width, second],
        gap,
        rest: period - pulse,
        length: pulses * period,
    };
    let exact = |asked: f64, cycles: u64| {
        let made = cycles as f64 * CYCLE;
        if (made - asked).abs() < 1e-12 { asked } else { made }
    };
    let applied = Program {
        amplitude: lead as f64 * VOLTS_PER_CODE / volts_per_ampere / factor.abs(),
        width: exact(program.width, width),
        gap: exact(program.gap, gap),
        rate: if (period as f64 * CYCLE - program.period()).abs() < 1e-12 {
            program.rate
        } else {
            1.0 / (period as f64 * CYCLE)
        },
        ..program.clone()
    };
    Ok((train, applied))
}

fn check(
    program: &Program,
    steps: [i64; 2],
    phases: [u64; 2],
    gap: u64,
    period: u64,
    pulse: u64,
    problems: &mut Vec<Impossible>,
) {
    let time = |cycles: u64| engineering(cycles as f64 * CYCLE, Dimension::Time, 4);
    if steps.iter().any(|steps| *steps > MOST) {
        problems.push(Impossible::new("amplitude", "this takes more than the 10 V of a Pulse Pal"));
    }
    if steps.contains(&0) {
        problems.push(Impossible::new("amplitude", "this rounds to nothing on a Pulse Pal's converter"));
    }
    if phases.iter().any(|cycles| *cycles < SHORTEST) {
        let what = format!(
            "a phase of {} is shorter than the {} of a Pulse Pal",
            engineering(program.width, Dimension::Time, 4),
            time(SHORTEST)
        );
        problems.push(Impossible::new("width", what));
    }
    if program.gap > 0.0 && gap == 0 {
        problems.push(Impossible::new("gap", "this gap is less than half a cycle of 50 us of a Pulse Pal"));
    }
    if pulse + SHORTEST > period {
        let what =
            format!("a pulse of {} does not fit a period of {} on a Pulse Pal", time(pulse), time(period));
        problems.push(Impossible::new("rate", what));
    }
    let pulses = program.pulse_limit().unwrap_or(0);
    if pulses.saturating_mul(period) > LONGEST {
        problems.push(Impossible::new("duration", "a Pulse Pal ends a train after an hour"));
    }
}
