//! What a Stimjim can emit: whole microamperes through a 16-bit converter, whole microseconds, ten stages a pulse.
//!
//! Facts: github.com/open-ephys/stimjim, `stimjimPulser` firmware of 2025-04.

use crate::quantity::{Dimension, engineering};
use crate::signal::{Kind, Program, Recovery, Run, Waveform};

use super::{Features, Impossible, Pairs, unbalanced};

/// One step of the converter in current mode, uA. The firmware cuts fractions of a step off.
pub const MICROAMPS_PER_CODE: f64 = 0.1017;
/// Above this the code no longer fits 16 bits, and the firmware turns the sign over without a word, uA.
pub const MOST_MICROAMPS: i64 = 3320;
/// Stages of a pulse that the firmware has room for; it does not check.
pub const STAGES: usize = 10;
/// By how much the charges of a leading phase and of a recovery of another amplitude may differ, as a part of either: its
/// converter is no more exact.
const BALANCE: f64 = 1e-3;
/// Bytes of a line that the firmware has room for; it does not check.
pub const LINE: usize = 1000;
/// The longest train, and the duration of one that is to run until it is stopped, us: 33 min 20 s, well within the 32 bits that the
/// firmware counts in.
pub const LONGEST: u64 = 2_000_000_000;
/// The longest period of its hardware timer, us.
pub const LONGEST_PERIOD: u64 = 71_000_000;
/// The shortest stage that its busy waits can meet, us.
pub const SHORTEST: u64 = 20;

/// One stage of a pulse, of both outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stage {
    /// Currents, uA.
    pub microamps: [i64; 2],
    /// How long, us.
    pub microseconds: u64,
}

/// What is sent for a train.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Train {
    /// 1 is current, 3 grounded.
    pub modes: [u8; 2],
    /// us.
    pub period: u64,
    /// us.
    pub duration: u64,
    /// In order of time.
    pub stages: Vec<Stage>,
}

impl Train {
    /// The line that defines it in a slot, with its terminator.
    pub fn line(&self, slot: u32) -> String {
        let [one, two] = self.modes;
        let mut line = format!("S{slot},{one},{two},{},{}", self.period, self.duration);
        for stage in &self.stages {
            line.push_str(&format!(";{},{},{}", stage.microamps[0], stage.microamps[1], stage.microseconds));
        }
        line.push('\n');
        line
    }
}

/// The converter's code of a current, uA.
pub fn code(microamps: i64) -> i64 {
    (microamps as f64 / MICROAMPS_PER_CODE) as i64
}

/// The current that is meant, uA, whose code comes nearest to a current in uA.
fn nearest(microamps: f64) -> i64 {
    let below = microamps.floor() as i64;
    let off = |whole: i64| (code(whole) as f64 * MICROAMPS_PER_CODE - microamps).abs();
    if off(below + 1) < off(below) { below + 1 } else { below }
}

/// Currents of one output for a phase that leads and for one that recovers, uA.
fn levels(program: &Program, microamps: f64) -> (i64, i64) {
    let times = |whole: i64, factor: f64| nearest(code(whole) as f64 * MICROAMPS_PER_CODE * factor);
    match (program.waveform, program.recovery) {
        (Waveform::Triphasic, _) => {
            let outer = nearest(0.5 * microamps);
            (outer, times(outer, 2.0))
        }
        (_, Recovery::Ratio(ratio)) => {
            let recovery = nearest(microamps / ratio);
            (times(recovery, ratio), recovery)
        }
        _ => (nearest(microamps), nearest(microamps)),
    }
}

/// The train nearest to a program, and the program as this train emits it: between pulses both outputs are grounded,
/// which is a recharge until the next one.
///
/// # Errors
/// Everything about the program that a Stimjim cannot do.
pub fn train(program: &Program, pairs: &Pairs) -> Result<(Train, Program), Vec<Impossible>> {
    let features =
        Features { triphasic: true, ratio: true, monophasic: true, recharge: true, ..Features::default() };
    let mut problems = features.lacking(program, "a Stimjim");
    let outputs = pairs.split(program).unwrap_or_else(|problem| {
        problems.push(problem);
        Vec::new()
    });
    if outputs.iter().any(|(index, _)| *index > 1) {
        problems.push(Impossible::new("contacts", "a Stimjim has two outputs"));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let whole = |seconds: f64| (seconds * 1e6).round() as u64;
    let (width, gap, period) = (whole(program.width), whole(program.gap), whole(program.period()));
    let carried: Vec<(usize, f64, (i64, i64))> = outputs
        .iter()
        .map(|(index, factor)| {
            (*index, factor.signum(), levels(program, program.amplitude * 1e6 * factor.abs()))
        })
        .collect();
    let on_grid = Program {
        width: width as f64 * 1e-6,
        gap: gap as f64 * 1e-6,
        rate: if (program.period() * 1e6 - period as f64).abs() < 1e-6 {
            program.rate
        } else {
            1e6 / period.max(1) as f64
        },
        ..program.clone()
    };
    let mut stages: Vec<Stage> = Vec::new();
    let pulse = on_grid.pulse(0);
    let mut at = 0;
    for phase in pulse.phases() {
        let (start, end) = (whole(phase.start), whole(phase.end()));
        if start > at {
            stages.push(Stage { microamps: [0; 2], microseconds: start - at });
        }
        let mut microamps = [0; 2];
        for (index, sign, (lead, recovery)) in &carried {
            let level = if phase.kind == Kind::Leading { lead } else { recovery };
            if let Some(output) = microamps.get_mut(*index) {
                *output = level * (sign * phase.current.signum()) as i64;
            }
        }
        stages.push(Stage { microamps, microseconds: end - start });
        at = end;
    }
    check(program, &stages, at, period, &mut problems);
    if matches!(program.recovery, Recovery::Ratio(_)) {
        let left = (0..2).map(|output| imbalance(&stages, output)).fold(0.0, f64::max);
        if left > BALANCE {
            problems.push(unbalanced("a Stimjim", left));
        }
    }
    let mut modes = [3; 2];
    for (index, ..) in &carried {
        if let Some(mode) = modes.get_mut(*index) {
            *mode = 1;
        }
    }
    let duration = match program.run {
        Run::UntilStopped => LONGEST,
        // The pulse that is not to be is due just after: the train's time begins before its timer does.
        _ => program.pulse_limit().unwrap_or(0).saturating_mul(period),
    };
    if duration > LONGEST {
        problems.push(Impossible::new("duration", "a Stimjim ends a train after 33 min 20 s"));
    }
    let train = Train { modes, period, duration, stages };
    if train.line(0).len() >= LINE {
        problems.push(Impossible::new("waveform", "a Stimjim has no room for a line of 1000 bytes"));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let rest = (period - at) as f64 * 1e-6;
    Ok((train, applied(on_grid, program, &carried, rest)))
}

/// The charge that the stages of a pulse leave at an output, as a part of one of its phases.
fn imbalance(stages: &[Stage], output: usize) -> f64 {
    let charges = stages.iter().filter_map(|stage| {
        stage.microamps.get(output).map(|level| code(*level) as f64 * stage.microseconds as f64)
    });
    let (sum, largest) = charges
        .fold((0.0, 0.0), |(sum, largest): (f64, f64), charge| (sum + charge, largest.max(charge.abs())));
    if largest > 0.0 { (sum / largest).abs() } else { 0.0 }
}

/// The program as it is emitted.
fn applied(on_grid: Program, asked: &Program, carried: &[(usize, f64, (i64, i64))], rest: f64) -> Program {
    let recovery = match asked.recovery {
        Recovery::Passive { per_burst, .. } => Recovery::Passive { duration: rest, per_burst },
        other => other,
    };
    let recharge = (!matches!(recovery, Recovery::Passive { .. })).then_some(rest);
    // Of several outputs each is rounded by itself, to a tenth of a microampere: the whole stays what was asked.
    let amplitude = match carried {
        [(_, _, (lead, middle))] => {
            let largest = if asked.waveform == Waveform::Triphasic { middle } else { lead };
            code(*largest) as f64 * MICROAMPS_PER_CODE * 1e-6
        }
        _ => asked.amplitude,
    };
    Program { amplitude, recovery, recharge, ..on_grid }
}

fn check(program: &Program, stages: &[Stage], end: u64, period: u64, problems: &mut Vec<Impossible>) {
    let microseconds = |value: u64| engineering(value as f64 * 1e-6, Dimension::Time, 4);
    if stages.iter().flat_map(|stage| stage.microamps).any(|level| level.abs() > MOST_MICROAMPS) {
        let what = "a Stimjim turns the sign of a current above 3.32 mA over, and says nothing";
        problems.push(Impossible::new("amplitude", what).but("at most 3.32 mA"));
    }
    if stages.iter().all(|stage| stage.microamps == [0; 2]) {
        problems.push(Impossible::new("amplitude", "this rounds to nothing on a Stimjim's converter"));
    }
    if stages.len() > STAGES {
        problems.push(Impossible::new("waveform", "a Stimjim has room for ten stages a pulse"));
    }
    for (key, stage) in stages
        .iter()
        .map(|stage| (if stage.microamps == [0; 2] { "gap" } else { "width" }, stage.microseconds))
    {
        if stage < SHORTEST {
            let what = format!(
                "a Stimjim cannot time {}: its stages take at least {}",
                microseconds(stage),
                microseconds(SHORTEST)
            );
            problems.push(Impossible::new(key, what));
        }
    }
    if end + SHORTEST > period {
        let what = format!(
            "a pulse of {} does not fit a period of {} on a Stimjim",
            microseconds(end),
            microseconds(period)
        );
        problems.push(Impossible::new("rate", what));
        return;
    }
    if period > LONGEST_PERIOD {
        problems.push(Impossible::new("rate", "the timer of a Stimjim has no period above 71 s"));
    }
    let rest = (period - end) as f64 * 1e-6;
    let grounded = |asked: f64| (asked - rest).abs() > 1e-6;
    let what = format!(
        "a Stimjim grounds its outputs from the end of a pulse to the next, here for {}",
        engineering(rest, Dimension::Time, 6)
    );
    match program.recovery {
        Recovery::Passive { duration, .. } if program.gap != 0.0 || grounded(duration) => problems.push(
            Impossible::new("recovery", what)
                .but("state that duration as `passive`, with `gap: 0 us`, or use an active recovery"),
        ),
        Recovery::None if program.waveform == Waveform::Monophasic => problems
            .push(Impossible::new("recovery", what).but("state that duration as `recovery: { passive: … }`")),
        _ if program.recharge.is_some_and(grounded) => {
            problems.push(Impossible::new("recharge", what).but("leave `recharge` out"));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::{builtin_phantom, read_phantom};
    use crate::source::Source;

    fn pairs() -> Pairs {
        let (path, text) = builtin_phantom("r1k").unwrap();
        Pairs::of(&[], &read_phantom(&Source::new(path, text)).unwrap())
    }

    fn program(amplitude: f64) -> Program {
        Program::biphasic(["e1", "case"], amplitude, 2e-4, 1e-4, 50.0)
    }

    #[test]
    fn a_program_becomes_stages_of_whole_microamperes() {
        let (train, applied) = train(&program(1e-3), &pairs()).unwrap();
        assert_eq!(train.line(0), "S0,1,3,20000,2000000000;-1000,0,200;0,0,100;1000,0,200\n");
        // 1000 uA are 9832.8 codes, cut to 9832; 1001 uA would be 9842.
        assert!((applied.amplitude - 9832.0 * 0.1017e-6).abs() < 1e-15);
        assert!((applied.recharge.unwrap() - 19.5e-3).abs() < 1e-12);
    }

    #[test]
    fn charges_cancel_as_nearly_as_the_steps_allow() {
        let quarter = Program { recovery: Recovery::Ratio(4.0), ..program(1e-3) };
        let (train, _) = train(&quarter, &pairs()).unwrap();
        let charge: i64 =
            train.stages.iter().map(|stage| code(stage.microamps[0]) * stage.microseconds as i64).sum();
        // A step of the converter for the length of the leading phase.
        assert!(charge.abs() <= 5 * 200, "{charge}");
        assert_eq!(train.stages.len(), 3);
    }

    #[test]
    fn a_ratio_that_its_steps_do_not_balance_is_refused() {
        let ratio = |ratio, amplitude| Program { recovery: Recovery::Ratio(ratio), ..program(amplitude) };
        // 2 uA are 19 codes; five times 19 are 95, and 9 uA are 88 codes, 10 uA 98.
        let problems = train(&ratio(5.0, 10e-6), &pairs()).unwrap_err();
        assert!(problems[0].key == "recovery" && problems[0].what.contains("3.06 %"), "{problems:?}");
        assert!(train(&Program { rate: 20.0, ..ratio(3.3, 2e-3) }, &pairs()).is_ok());
    }

    #[test]
    fn what_a_stimjim_cannot_do_is_named_at_its_key() {
        let key = |program: &Program| {
            train(program, &pairs()).unwrap_err().first().map(|problem| problem.key).unwrap()
        };
        assert_eq!(key(&program(3.33e-3)), "amplitude");
        assert_eq!(key(&Program { width: 10e-6, ..program(1e-3) }), "width");
        assert_eq!(key(&Program { gap: 5e-6, ..program(1e-3) }), "gap");
        assert_eq!(key(&Program { rate: 2000.0, ..program(1e-3) }), "rate");
        let ramp = crate::signal::Ramp { up: 1.0, law: crate::signal::Law::Linear };
        assert_eq!(key(&Program { ramp: Some(ramp), ..program(1e-3) }), "ramp");
        let mono = Program { waveform: Waveform::Monophasic, recovery: Recovery::None, ..program(1e-3) };
        assert_eq!(key(&mono), "recovery");
        let for_seconds = |seconds| Program { run: Run::Duration(seconds), ..program(1e-3) };
        assert_eq!(key(&for_seconds(7200.0)), "duration");
        assert_eq!(key(&Program { run: Run::Pulses(u64::MAX / 2), ..program(1e-3) }), "duration");
        assert_eq!(train(&for_seconds(2000.0), &pairs()).unwrap().0.duration, LONGEST);
        assert!(train(&program(3.31e-3), &pairs()).is_ok());
    }
}
