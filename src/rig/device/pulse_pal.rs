//! What a Pulse Pal 2 can emit: a voltage of 16 bits over 20 V, on a grid of 50 us.
//!
//! It is a source of voltage. A rig file states how many volts an ampere through the load takes: the scale of a
//! voltage-controlled current source behind it, or of a resistor in series with an ohmic load. Facts: sanworks/PulsePal,
//! firmware 21.
//!
//! Its bursts gate a train: each begins with a pulse, a pulse begins only where its first phase ends within the burst, and what is in
//! progress at the burst's end is cut. So a burst is programmed as whole periods of its pulses, as a train is.

use crate::quantity::{Dimension, engineering};
use crate::signal::{Burst, Program, Recovery, Waveform};

use super::{Features, Impossible, Pairs, unbalanced};

/// One cycle of its timer, s.
pub const CYCLE: f64 = 50e-6;
/// One step of its converter, V.
pub const VOLTS_PER_CODE: f64 = 20.0 / 65536.0;
/// The code of 0 V.
pub const ZERO: u16 = 32768;
/// Steps to either side of zero that both signs have.
pub const MOST: i64 = 32767;
/// Its vendor's software allows no shorter phase and no shorter pause between pulses or bursts, cycles: 100 us.
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
    /// Length of a burst, which is whole periods of its pulses, and from its end to the next; `None` for a train without pauses.
    pub burst: Option<(u64, u64)>,
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
    let features = Features { ratio: true, monophasic: true, burst: true, ..Features::default() };
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
    let (width, gap) = (cycles(program.width), cycles(program.gap));
    let second = (width as f64 * ratio).round() as u64;
    let times = Times {
        phases: [width, second],
        gap,
        pulse: if biphasic { width + gap + second } else { width },
        slot: cycles(program.burst.map_or(program.period(), |burst| 1.0 / burst.rate)),
        pulses: program.burst.map_or(1, |burst| u64::from(burst.pulses)),
        period: cycles(program.period()),
    };
    let exact = |asked: f64, cycles: u64| {
        let made = cycles as f64 * CYCLE;
        if (made - asked).abs() < 1e-12 { asked } else { made }
    };
    // A rate that its period makes exactly is kept as it was written.
    let rate = |asked: f64, cycles: u64| {
        let made = cycles.max(1) as f64 * CYCLE;
        if (made - 1.0 / asked).abs() < 1e-12 { asked } else { 1.0 / made }
    };
    let applied = Program {
        amplitude: lead as f64 * VOLTS_PER_CODE / volts_per_ampere / factor.abs(),
        width: exact(program.width, width),
        gap: exact(program.gap, gap),
        rate: rate(program.rate, times.period),
        burst: program.burst.map(|burst| Burst { rate: rate(burst.rate, times.slot), ..burst }),
        ..program.clone()
    };
    let length = times.length(&applied);
    check(program, [lead, small], &times, &mut problems);
    let charges = [(lead, width), (small, second)].map(|(steps, cycles)| steps as f64 * cycles as f64);
    if matches!(program.recovery, Recovery::Ratio(_)) && charges[0] != charges[1] {
        problems.push(unbalanced("a Pulse Pal", 1.0 - charges[1] / charges[0].max(1.0)));
    }
    if length > LONGEST {
        problems.push(Impossible::new("duration", "a Pulse Pal ends a train after an hour"));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let sign = (program.leading.sign() * factor.signum()) as i64;
    let train = Train {
        channel,
        biphasic,
        steps: [sign * lead, -sign * small],
        phases: times.phases,
        gap,
        rest: times.slot - times.pulse,
        burst: program.burst.map(|_| (times.burst(), times.period - times.burst())),
        length,
    };
    Ok((train, applied))
}

/// What a program takes, cycles.
struct Times {
    phases: [u64; 2],
    gap: u64,
    /// From the beginning to the end of a pulse.
    pulse: u64,
    /// From one pulse to the next, of a burst within it.
    slot: u64,
    /// Pulses of a burst; one without bursts.
    pulses: u64,
    /// From one pulse, or burst, to the next.
    period: u64,
}

impl Times {
    /// The length of a burst.
    fn burst(&self) -> u64 {
        self.pulses * self.slot
    }

    /// The length of the train: up to where the pulse behind its last one would begin.
    fn length(&self, program: &Program) -> u64 {
        match program.pulse_limit() {
            None => LONGEST / self.period.max(1) * self.period,
            Some(pulses) => {
                let (whole, rest) = (pulses / self.pulses.max(1), pulses % self.pulses.max(1));
                whole.saturating_mul(self.period).saturating_add(rest * self.slot)
            }
        }
    }
}

fn check(program: &Program, steps: [i64; 2], times: &Times, problems: &mut Vec<Impossible>) {
    let time = |cycles: u64| engineering(cycles as f64 * CYCLE, Dimension::Time, 4);
    if steps.iter().any(|steps| *steps > MOST) {
        problems.push(Impossible::new("amplitude", "this takes more than the 10 V of a Pulse Pal"));
    }
    if steps.contains(&0) {
        problems.push(Impossible::new("amplitude", "this rounds to nothing on a Pulse Pal's converter"));
    }
    if times.phases.iter().any(|cycles| *cycles < SHORTEST) {
        let what = format!(
            "a phase of {} is shorter than the {} of a Pulse Pal",
            engineering(program.width, Dimension::Time, 4),
            time(SHORTEST)
        );
        problems.push(Impossible::new("width", what));
    }
    if program.gap > 0.0 && times.gap == 0 {
        problems.push(Impossible::new("gap", "this gap is less than half a cycle of 50 us of a Pulse Pal"));
    }
    let key = if program.burst.is_some() { "burst" } else { "rate" };
    if times.pulse + SHORTEST > times.slot {
        let (pulse, slot) = (time(times.pulse), time(times.slot));
        let what = format!("a pulse of {pulse} does not fit a period of {slot} on a Pulse Pal");
        problems.push(Impossible::new(key, what));
    } else if program.burst.is_some() && times.burst() + SHORTEST > times.period {
        let what = format!(
            "a burst is whole periods of its pulses on a Pulse Pal, {} here, and does not fit a period of {}",
            time(times.burst()),
            time(times.period)
        );
        problems.push(Impossible::new(key, what));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Run;

    /// Five pulses of 500 us in all, every 2 ms, 40 times a second.
    fn bursts() -> Program {
        let burst = Some(Burst { pulses: 5, rate: 500.0 });
        let run = Run::Pulses(15);
        Program { burst, run, ..Program::biphasic(["e1", "case"], 1e-3, 200e-6, 100e-6, 40.0) }
    }

    fn made(program: &Program) -> Result<(Train, Program), Vec<Impossible>> {
        let (path, text) = crate::rig::builtin_phantom("r1k").unwrap();
        let phantom = crate::rig::read_phantom(&crate::source::Source::new(path, text)).unwrap();
        train(program, &Pairs::of(&[], &phantom), 1e3)
    }

    #[test]
    fn a_burst_is_whole_periods_of_its_pulses_and_a_train_of_its_bursts() {
        let (train, applied) = made(&bursts()).unwrap();
        assert_eq!((train.pulse(), train.period(), train.burst), (10, 40, Some((200, 300))));
        assert_eq!(train.length, 3 * 500);
        assert_eq!((applied.rate, applied.burst), (40.0, bursts().burst));
        // Seventeen pulses: three bursts and the first two of a fourth.
        let (train, _) = made(&Program { run: Run::Pulses(17), ..bursts() }).unwrap();
        assert_eq!(train.length, 3 * 500 + 2 * 40);
        let (train, _) = made(&Program { run: Run::UntilStopped, ..bursts() }).unwrap();
        assert_eq!((train.length, train.length % 500), (LONGEST, 0));
        // Without bursts nothing of this.
        let (train, _) = made(&Program { burst: None, ..bursts() }).unwrap();
        assert_eq!((train.burst, train.period(), train.length), (None, 500, 15 * 500));
    }

    #[test]
    fn both_rates_are_those_of_its_grid() {
        // 1/330 s are 60.6 cycles, 1/37 s are 540.5.
        let burst = Some(Burst { pulses: 5, rate: 330.0 });
        let (train, applied) = made(&Program { burst, rate: 37.0, ..bursts() }).unwrap();
        assert_eq!((train.period(), train.burst), (61, Some((305, 236))));
        assert!((applied.burst.unwrap().rate - 1.0 / 3.05e-3).abs() < 1e-9);
        assert!((applied.rate - 1.0 / 27.05e-3).abs() < 1e-9);
    }

    #[test]
    fn a_ratio_whose_charges_do_not_cancel_on_the_grid_is_refused() {
        let plain = Program { burst: None, rate: 20.0, run: Run::UntilStopped, ..bursts() };
        let ratio = |ratio, width| Program { recovery: Recovery::Ratio(ratio), width, ..plain.clone() };
        // 1311 steps of recovery: 2.5 of them are no whole number.
        let problems = made(&ratio(2.5, 200e-6)).unwrap_err();
        assert!(problems.iter().any(|problem| problem.key == "recovery"), "{problems:?}");
        // 1.5 times five cycles are no whole number either.
        let problems = made(&Program { amplitude: 0.9e-3, ..ratio(1.5, 250e-6) }).unwrap_err();
        assert!(problems.iter().any(|problem| problem.key == "recovery"), "{problems:?}");
        for balanced in [ratio(3.0, 250e-6), Program { amplitude: 0.9155e-3, ..ratio(1.5, 200e-6) }] {
            let (train, _) = made(&balanced).unwrap();
            let charge: i64 =
                train.steps.iter().zip(train.phases).map(|(steps, cycles)| steps * cycles as i64).sum();
            assert_eq!(charge, 0, "{train:?}");
        }
    }

    #[test]
    fn what_it_cannot_gate_is_refused_at_the_burst() {
        let refused = |program: Program, words: &str| {
            let problems = made(&program).unwrap_err();
            let found = problems.iter().any(|problem| problem.key == "burst" && problem.what.contains(words));
            assert!(found, "{problems:?}");
        };
        let inner = |rate| Some(Burst { pulses: 5, rate });
        refused(Program { burst: inner(1800.0), ..bursts() }, "does not fit a period of 550 µs");
        // Four of 550 us and the fifth's pulse fit 2.75 ms and no pause behind them.
        let dense = Program { burst: inner(1.0 / 600e-6), rate: 1.0 / 3.05e-3, ..bursts() };
        refused(dense, "3 ms here, and does not fit a period of 3.05 ms");
        let after = Recovery::Passive { duration: 10e-3, per_burst: true };
        let problems = made(&Program { recovery: after, ..bursts() }).unwrap_err();
        assert!(problems.iter().any(|problem| problem.key == "recovery"), "{problems:?}");
        let hour = Program { run: Run::Duration(3601.0), ..bursts() };
        assert_eq!(made(&hour).unwrap_err()[0].key, "duration");
    }
}
