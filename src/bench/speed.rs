//! How fast the tool measures and simulates, beside one plain look at the same samples.

use std::hint::black_box;
use std::time::Instant;

use serde::Serialize;

use crate::instrument::StreamChannel;
use crate::measure::{ChannelSetup, Recorder, Setup, Wanted};
use crate::phantom::{Drive, ElementKind, Phantom};
use crate::rig::{SimBench, builtin_phantom, read_phantom};
use crate::signal::{Block, BlockSink, Calibration, Program, Sensed, StreamKind};
use crate::sim::analog::Analog;
use crate::source::Source;

/// What a figure should reach.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// At most this many looks.
    Looks(f64),
    /// At least this many samples a second.
    Rate(f64),
}

/// One figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// What was timed.
    pub name: String,
    /// Median of its runs, samples (of a channel) a second.
    pub rate: f64,
    /// Its time as a multiple of one look at as many samples.
    pub looks: f64,
    /// Runs.
    pub runs: usize,
    /// What it should reach.
    pub goal: Goal,
}

impl Figure {
    /// Whether it does.
    pub fn reached(&self) -> bool {
        match self.goal {
            Goal::Looks(most) => self.looks <= most,
            Goal::Rate(least) => self.rate >= least,
        }
    }
}

/// The result of the experiment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Speed {
    /// One look (sum, minimum, maximum, count), samples a second on one thread: what the ratios are to.
    pub look: f64,
    /// Samples it looked at.
    pub samples: usize,
    /// Whether this is a build for speed; the figures of any other say nothing.
    pub optimised: bool,
    /// The figures.
    pub figures: Vec<Figure>,
}

impl Speed {
    /// Whether every figure reaches its goal.
    pub fn holds(&self) -> bool {
        !self.figures.is_empty() && self.figures.iter().all(Figure::reached)
    }
}

/// Times everything: on `samples` samples, each figure the median of `runs`.
pub fn speed(samples: usize, runs: usize) -> Speed {
    let slow = program(50.0, 200e-6);
    let buffer = codes(&slow, samples);
    let look = samples as f64 / median(runs, || look(black_box(&buffer)));
    let mut figures = Vec::new();
    let mut add = |name: &str, rate: f64, goal: Goal| {
        figures.push(Figure { name: name.to_owned(), rate, looks: look / rate, runs, goal });
    };
    let analysed =
        |program: &Program, codes: &[i16]| codes.len() as f64 / median(runs, || analyse(program, codes));
    add("analysis, 50 Hz pulses", analysed(&slow, &buffer), Goal::Looks(2.5));
    let fast = program(10e3, 30e-6);
    add("analysis, 10 kHz pulses", analysed(&fast, &codes(&fast, samples)), Goal::Looks(5.0));
    let one = super::rig::phantom(
        &["e1", "case"],
        &[
            (ElementKind::Resistor, 450.0, 0, 2),
            (ElementKind::Capacitor, 4.7e-6, 2, 1),
            (ElementKind::Resistor, 20e3, 2, 1),
        ],
        3,
        true,
    );
    if let Some(rate) = simulated(&one, runs) {
        add("simulation with front end, one state", rate, Goal::Rate(100e6));
    }
    let star = builtin_phantom("star-8").and_then(|(path, text)| read_phantom(&Source::new(path, text)).ok());
    if let Some(rate) = star.and_then(|star| simulated(&star, runs)) {
        add("simulation with front end, star-8", rate, Goal::Rate(30e6));
    }
    Speed { look, samples, optimised: !cfg!(debug_assertions), figures }
}

/// Median of the seconds that `runs` runs take, after one that warms up.
fn median<T>(runs: usize, mut run: impl FnMut() -> T) -> f64 {
    black_box(run());
    let mut times: Vec<f64> = (0..runs.max(1))
        .map(|_| {
            let clock = Instant::now();
            black_box(run());
            clock.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::INFINITY)
}

fn program(rate: f64, width: f64) -> Program {
    Program::biphasic(["e1", "case"], 2e-3, width, 10e-6, rate)
}

/// Two seconds at 1 MHz, over and over: rectangular pulses through a first-order low-pass, with triangular noise of a
/// code or so. Samples lie half-way between the instants of edges: at those rounding would decide what is driven.
fn codes(program: &Program, samples: usize) -> Vec<i16> {
    let mut state = 0.0;
    let mut seed = 1_u32;
    let mut noise = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(seed >> 16) / 65_536.0 - 0.5
    };
    let first = program.pulse(0);
    let phases = first.phases();
    let period: Vec<i16> = (0..2_000_000.min(samples))
        .map(|k| {
            let t = ((k as f64 + 0.5) * 1e-6 - 1e-3).rem_euclid(program.period());
            let driven = phases.iter().filter(|phase| k >= 1000 && (phase.start..phase.end()).contains(&t));
            let current: f64 = driven.map(|phase| phase.current).sum();
            state += 0.4 * (current / LSB - state);
            (state + 1.7 * (noise() + noise())).round() as i16
        })
        .collect();
    period.iter().copied().cycle().take(samples).collect()
}

const LSB: f64 = 122e-9;

/// One pass, as one writes it.
fn look(codes: &[i16]) -> (i64, i16, i16, usize) {
    codes.iter().fold((0, i16::MAX, i16::MIN, 0), |(sum, low, high, count), code| {
        (sum + i64::from(*code), low.min(*code), high.max(*code), count + usize::from(*code > 100))
    })
}

fn analyse(program: &Program, codes: &[i16]) -> usize {
    let calibration = Calibration {
        lsb: LSB,
        offset: 0.0,
        offset_u: 2.0,
        gain_u: 5e-4,
        inl: 1.0,
        noise: 0.7,
        rails: (i16::MIN, i16::MAX),
        ..Calibration::default()
    };
    let mut recorder = Recorder::new(Setup {
        sample_rate: 1e6,
        clock_u: 20e-6,
        filter: (4, 1e5),
        channels: vec![ChannelSetup { name: "e1".to_owned(), sensed: Sensed::Current, calibration }],
        main: 0,
        vout: None,
        slow: None,
        wanted: Wanted::default(),
        program: program.clone(),
    });
    let mut first = 0;
    for plane in codes.chunks(4096) {
        recorder.block(&Block {
            stream: StreamKind::Fast,
            first,
            count: plane.len(),
            codes: plane,
            markers: &[],
            lost: 0,
        });
        first += plane.len() as u64;
    }
    recorder.finish().contacts.first().map_or(0, |contact| contact.pulses.len())
}

/// Channel-samples a second of the simulated load, driven at 50 Hz: every contact's current, every voltage.
fn simulated(phantom: &Phantom, runs: usize) -> Option<f64> {
    let mut analog = Analog::new(&SimBench::default(), phantom, 1, 1).ok()?;
    analog.interlock(true);
    let channel = |name: &str, quantity, range| StreamChannel { name: name.to_owned(), quantity, range };
    let contacts = phantom.contacts.iter().map(|(name, _)| channel(name, Sensed::Current, 4e-3));
    let senses = phantom.senses.iter().map(|(name, ..)| channel(name, Sensed::Voltage, 2.0));
    let channels: Vec<StreamChannel> =
        contacts.chain(senses).chain([channel("vout", Sensed::Voltage, 20.0)]).collect();
    analog.start_stream(&channels, false).ok()?;
    let rest = phantom.contacts.len().saturating_sub(2);
    let drive = |current: f64| {
        let ends = [current].into_iter().chain(std::iter::repeat_n(0.0, rest)).chain([-current]);
        Drive::Currents(ends.collect())
    };
    let mut second = || {
        let mut sum = 0_i64;
        for _ in 0..50 {
            let from = analog.now();
            for (at, current) in [(0, -2e-3), (200_000, 0.0), (250_000, 2e-3), (450_000, 0.0)] {
                analog.advance(from + 1_000_000 + at);
                analog.set_drive(&drive(current));
            }
            analog.advance(from + 20_000_000);
            while let Some(block) = analog.take_block(StreamKind::Fast, 1 << 16) {
                sum += block.codes.first().map_or(0, |code| i64::from(*code));
            }
        }
        sum
    };
    Some(channels.len() as f64 * 1e6 / median(runs, &mut second))
}

/// A table a person reads.
pub fn text(found: &Speed) -> String {
    let mut out = format!(
        "one look (sum, minimum, maximum, count) at {:.0} M samples: {:.0} M samples/s\n\n",
        found.samples as f64 * 1e-6,
        found.look * 1e-6
    );
    if !found.optimised {
        out.push_str("this is not a build for speed (cargo run --release): the figures say nothing\n\n");
    }
    for figure in &found.figures {
        out.push_str(&format!(
            "{:<40} {:>8.1} M samples/s {:>7.2} looks   {} {}\n",
            figure.name,
            figure.rate * 1e-6,
            figure.looks,
            goal(figure.goal),
            if figure.reached() { "reached" } else { "NOT REACHED" }
        ));
    }
    out
}

/// `≤ 2.5 looks`, `≥ 100 M samples/s`.
pub(super) fn goal(goal: Goal) -> String {
    match goal {
        Goal::Looks(most) => format!("≤ {most} looks"),
        Goal::Rate(least) => format!("≥ {:.0} M samples/s", least * 1e-6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_timed_is_really_done() {
        let program = program(50.0, 200e-6);
        assert_eq!(analyse(&program, &codes(&program, 200_000)), 10);
        let (sum, low, high, _) = look(&[-3, 4, 200]);
        assert_eq!((sum, low, high), (201, -3, 200));
        let found = speed(100_000, 1);
        assert!(found.figures.len() >= 3 && found.figures.iter().all(|figure| figure.rate.is_finite()));
        assert!(text(&found).contains("looks"));
    }
}
