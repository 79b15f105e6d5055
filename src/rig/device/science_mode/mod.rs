//! What a ScienceMode 4 stimulator (RehaMove3, P24) can emit in its mid level: points of half a milliampere, sixteen a pulse.
//!
//! Facts: ScienceMode/ScienceMode4_c_library.

mod frame;

pub use frame::{Packet, command, decode_point, encode_point, result};

use crate::quantity::{Dimension, engineering};
use crate::signal::{Kind, Program, Recovery, Run, Waveform};

use super::{Features, Impossible, Pairs, unbalanced};

/// One step of current, A.
pub const STEP: f64 = 0.5e-3;
/// Largest current, steps: 130 mA.
pub const MOST: i64 = 260;
/// Points of a pulse.
pub const POINTS: usize = 16;
/// Shortest and longest point, us.
pub const LENGTHS: (u64, u64) = (10, 4095);
/// Period of a pulse in half milliseconds: least and most.
pub const PERIODS: (u64, u64) = (1, 32_767);
/// It stops unless it is asked for its state within this, s.
pub const KEEPALIVE: f64 = 2.0;

/// A constant current for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// Half milliamperes.
    pub steps: i64,
    /// us.
    pub microseconds: u64,
}

/// What one channel is programmed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// From 0.
    pub number: usize,
    /// The pulse.
    pub points: Vec<Point>,
}

/// What is sent for a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Train {
    /// The channels that carry current.
    pub channels: Vec<Channel>,
    /// Half milliseconds.
    pub period: u64,
}

/// The train nearest to a program, and the program as it is emitted.
///
/// # Errors
/// Everything about the program that the device cannot do.
pub fn train(program: &Program, pairs: &Pairs) -> Result<(Train, Program), Vec<Impossible>> {
    const DEVICE: &str = "a ScienceMode stimulator";
    let features = Features { triphasic: true, ratio: true, monophasic: true, ..Features::default() };
    let mut problems = features.lacking(program, DEVICE);
    if program.run != Run::UntilStopped {
        let key = if matches!(program.run, Run::Pulses(_)) { "pulses" } else { "duration" };
        let what = format!("{DEVICE} runs until it is stopped");
        problems.push(Impossible::new(key, what).but("let the steps stop it: start, wait, stop"));
    }
    let outputs = pairs.split(program).unwrap_or_else(|problem| {
        problems.push(problem);
        Vec::new()
    });
    if outputs.iter().any(|(index, _)| *index > 7) {
        problems.push(Impossible::new("contacts", format!("{DEVICE} has eight channels")));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let whole = |seconds: f64| (seconds * 1e6).round() as u64;
    let (width, gap) = (whole(program.width), whole(program.gap));
    let period = (program.period() / 0.5e-3).round() as u64;
    let on_grid = Program {
        width: width as f64 * 1e-6,
        gap: gap as f64 * 1e-6,
        rate: if (period as f64 * 0.5e-3 - program.period()).abs() < 1e-9 {
            program.rate
        } else {
            2e3 / period.max(1) as f64
        },
        ..program.clone()
    };
    let mut channels = Vec::new();
    let mut levels = Vec::new();
    for (index, factor) in &outputs {
        let steps = |amperes: f64| (amperes * factor.abs() / STEP).round() as i64;
        let (lead, recovery) = match (program.waveform, program.recovery) {
            (Waveform::Triphasic, _) => (steps(0.5 * program.amplitude), 2 * steps(0.5 * program.amplitude)),
            (_, Recovery::Ratio(ratio)) => {
                let recovery = steps(program.amplitude / ratio);
                ((recovery as f64 * ratio).round() as i64, recovery)
            }
            _ => (steps(program.amplitude), steps(program.amplitude)),
        };
        levels.push((*index, lead.max(recovery) as f64 * STEP * factor.signum()));
        let mut points: Vec<Point> = Vec::new();
        let mut at = 0;
        for phase in on_grid.pulse(0).phases() {
            let (start, end) = (whole(phase.start), whole(phase.end()));
            push(&mut points, 0, start - at);
            let level = if phase.kind == Kind::Leading { lead } else { recovery };
            push(&mut points, level * (phase.current.signum() * factor.signum()) as i64, end - start);
            at = end;
        }
        check(&points, at, period, &mut problems);
        let left: i64 = points.iter().map(|point| point.steps * point.microseconds as i64).sum();
        if matches!(program.recovery, Recovery::Ratio(_)) && left != 0 {
            let leading = lead * width as i64;
            problems.push(unbalanced(DEVICE, left as f64 / leading.max(1) as f64));
        }
        channels.push(Channel { number: *index, points });
    }
    if !problems.is_empty() {
        problems.dedup();
        return Err(problems);
    }
    // Each output is rounded by itself: what they make together is another whole, of other shares.
    let (amplitude, contacts) = pairs.emitted(program, &levels);
    Ok((Train { channels, period }, Program { amplitude, contacts, ..on_grid }))
}

/// Adds a current for a while, in as many points as it takes.
fn push(points: &mut Vec<Point>, steps: i64, mut microseconds: u64) {
    let (least, most) = LENGTHS;
    while microseconds > 0 {
        let mut length = microseconds.min(most);
        // What is left must not be too short for a point of its own.
        if microseconds > length && microseconds - length < least {
            length -= least;
        }
        points.push(Point { steps, microseconds: length });
        microseconds -= length;
    }
}

fn check(points: &[Point], end: u64, period: u64, problems: &mut Vec<Impossible>) {
    const DEVICE: &str = "a ScienceMode stimulator";
    if points.iter().any(|point| point.steps.abs() > MOST) {
        problems.push(Impossible::new("amplitude", format!("{DEVICE} gives 130 mA at most")));
    }
    if points.iter().all(|point| point.steps == 0) {
        let what = format!("this is less than half a step of 0.5 mA of {DEVICE}");
        problems.push(Impossible::new("amplitude", what));
    }
    if points.len() > POINTS {
        problems.push(Impossible::new("width", format!("{DEVICE} has room for sixteen points a pulse")));
    }
    for point in points.iter().filter(|point| point.microseconds < LENGTHS.0) {
        let key = if point.steps == 0 { "gap" } else { "width" };
        let what = format!("{DEVICE} cannot time {} us: its points take at least 10 us", point.microseconds);
        problems.push(Impossible::new(key, what));
    }
    if !(PERIODS.0..=PERIODS.1).contains(&period) || end + 100 > period * 500 {
        let what = format!(
            "a pulse of {} does not fit a period of {} on {DEVICE}",
            engineering(end as f64 * 1e-6, Dimension::Time, 4),
            engineering(period as f64 * 0.5e-3, Dimension::Time, 4)
        );
        problems.push(Impossible::new("rate", what));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::device::Pair;
    use crate::signal::Share;

    fn pairs(actives: &[&str]) -> Pairs {
        let pair = |active: &&str| Pair { active: (*active).to_owned(), back: "case".to_owned() };
        Pairs::of(&actives.iter().map(pair).collect::<Vec<_>>(), &phantom())
    }

    fn phantom() -> crate::phantom::Phantom {
        let (path, text) = crate::rig::builtin_phantom("r1k").unwrap();
        crate::rig::read_phantom(&crate::source::Source::new(path, text)).unwrap()
    }

    fn program(amplitude: f64) -> Program {
        Program::biphasic(["e1", "case"], amplitude, 2e-4, 1e-4, 50.0)
    }

    #[test]
    fn what_several_outputs_make_together_is_what_is_applied() {
        let share = |contact: &str, share| Share { contact: contact.to_owned(), share };
        let third = -1.0 / 3.0;
        let shares = vec![share("e1", third), share("e2", third), share("e3", third), share("case", 1.0)];
        let asked = Program { contacts: shares, ..program(1e-3) };
        let (train, applied) = train(&asked, &pairs(&["e1", "e2", "e3"])).unwrap();
        // A third of a milliampere is half of one on this device: together 1.5 mA.
        assert!(train.channels.iter().all(|channel| channel.points[0].steps.abs() == 1));
        assert!((applied.amplitude - 1.5e-3).abs() < 1e-12, "{}", applied.amplitude);
        // 0.6 and 1.4 mA are 0.5 and 1.5 on it: the whole is as asked, the shares are not.
        let shares = vec![share("e1", -0.3), share("e2", -0.7), share("case", 1.0)];
        let asked = Program { contacts: shares, ..program(2e-3) };
        let (_, applied) = super::train(&asked, &pairs(&["e1", "e2"])).unwrap();
        assert!((applied.amplitude - 2e-3).abs() < 1e-12, "{}", applied.amplitude);
        let shares = ["e1", "e2", "case"].map(|contact| applied.share_of(contact));
        assert!(shares.iter().zip([-0.25, -0.75, 1.0]).all(|(a, b)| (a - b).abs() < 1e-12), "{shares:?}");
    }

    #[test]
    fn a_ratio_that_half_milliamperes_do_not_balance_is_refused() {
        let ratio = |ratio, amplitude| Program { recovery: Recovery::Ratio(ratio), ..program(amplitude) };
        // Three steps of recovery would be seven and a half of the leading phase.
        let problem = train(&ratio(2.5, 3.5e-3), &pairs(&["e1"])).unwrap_err().remove(0);
        assert_eq!((problem.key, problem.what.contains("charge differs by 6.25 %")), ("recovery", true));
        let (train, _) = train(&ratio(2.5, 5e-3), &pairs(&["e1"])).unwrap();
        let charge: i64 =
            train.channels[0].points.iter().map(|point| point.steps * point.microseconds as i64).sum();
        assert_eq!(charge, 0);
    }
}
