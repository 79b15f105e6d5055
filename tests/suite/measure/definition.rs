//! The recorder's rows against a plain reading of the same samples: the definitions sample by sample, in floating point,
//! with nothing of the measurement's own code.

use proptest::prelude::*;
use stimrig::measure::PulseRow;
use stimrig::signal::{Polarity, Program};

use super::bench::{Bench, steps};
use super::stream::{record, setup};

/// Settling of the front end to 1e-4 on the default bench, samples.
const SETTLING: f64 = 16.0;
/// First leading edge, s.
const DELAY: f64 = 200.4e-6;

/// A phase as the definitions read it: 50 % instants, level, and the samples in it (0 where they are fewer than eight).
#[derive(Debug, Clone, Copy)]
struct Phase {
    start: f64,
    end: f64,
    level: f64,
    count: usize,
}

/// Where the straight line through two neighbouring samples meets `level`, outwards from `middle`.
fn crossing(y: &[f64], middle: usize, level: f64, forward: bool) -> f64 {
    let side = (y[middle] - level).signum();
    let mut k = middle;
    loop {
        let next = if forward { k + 1 } else { k - 1 };
        if (y[next] - level) * side <= 0.0 {
            let part = (y[k] - level) / (y[k] - y[next]);
            return if forward { k as f64 + part } else { k as f64 - part };
        }
        k = next;
    }
}

fn mean(y: &[f64], from: f64, to: f64) -> (f64, usize) {
    let inside: Vec<f64> =
        y.iter().enumerate().filter(|(k, _)| (from..=to).contains(&(*k as f64))).map(|(_, y)| *y).collect();
    (inside.iter().sum::<f64>() / inside.len() as f64, inside.len())
}

/// The phase that is driven between two instants, in samples: from its middle outwards.
fn phase(y: &[f64], (from, to): (f64, f64), base: f64) -> Phase {
    let middle = (0.5 * (from + to)) as usize;
    let trim = 0.2 * (to - from);
    let (mut level, mut count) = (mean(y, from + trim, to - trim).0, 0);
    let mut edges = (from, to);
    for _ in 0..3 {
        let half = base + 0.5 * (level - base);
        edges = (crossing(y, middle, half, false), crossing(y, middle, half, true));
        let trim = 0.2 * (edges.1 - edges.0);
        let (top, n) = mean(y, (edges.0 + trim).max(edges.0 + SETTLING), edges.1 - trim);
        if n >= 8 {
            (level, count) = (top, n);
        }
    }
    Phase { start: edges.0, end: edges.1, level, count }
}

/// Σ of what lies between two instants: each sample stands for the interval of one sample about it, a cut one follows the
/// line through its neighbours.
fn integral(y: &[f64], from: f64, to: f64) -> f64 {
    (1..y.len() - 1)
        .map(|k| {
            let (left, right) = (k as f64 - 0.5, k as f64 + 0.5);
            if from <= left && right <= to {
                return y[k];
            }
            let (a, b) = (left.max(from), right.min(to));
            let slope = 0.5 * (y[k + 1] - y[k - 1]);
            if b > a { (b - a) * (y[k] + slope * (0.5 * (a + b) - k as f64)) } else { 0.0 }
        })
        .sum()
}

/// What is wrong with a row, if anything: `drawn` are the phases of its pulse in samples, `rests` those before and behind it.
fn differs(
    y: &[f64],
    row: &PulseRow,
    drawn: &[(f64, f64)],
    rests: (f64, f64),
    noise: f64,
) -> Result<(), String> {
    let close = |what: &str, found: f64, expected: f64, within: f64| {
        let fine = (found - expected).abs() <= within;
        if fine { Ok(()) } else { Err(format!("{what}: {found}, read {expected} ± {within}; {row:?}")) }
    };
    let base = row.base;
    let mut read: Vec<Phase> = drawn.iter().map(|drawn| phase(y, *drawn, base)).collect();
    for k in 1..read.len() {
        // Without a gap the phases share the crossing of the midpoint between them.
        if drawn[k].0 - drawn[k - 1].1 < 1.0 {
            let middle = (0.5 * (read[k - 1].start + read[k - 1].end)) as usize;
            let shared = crossing(y, middle, 0.5 * (read[k - 1].level + read[k].level), true);
            (read[k - 1].end, read[k].start) = (shared, shared);
        }
    }
    if row.phases().len() != read.len() {
        return Err(format!("{} phases, read {}", row.phases().len(), read.len()));
    }
    // The quiet samples beside a pulse: until the filter has settled, at most half of the rest before it. Of the rest behind
    // it no more is known, when it is over, than that it lasts until then.
    let behind = if rests.1 > 20.0 { SETTLING } else { 0.5 * rests.1 };
    let quiet = (SETTLING.min(0.5 * rests.0), behind);
    // Where half a rest is found by samples, it is so to a few of them, and the filter has not settled there yet.
    let unsettled = if rests.1 < 2.0 * SETTLING { 0.05 } else { 0.0 };
    for (k, (found, read_phase)) in row.phases().iter().zip(&read).enumerate() {
        let size = (read_phase.level - base).abs();
        // A sample more or less in the level, where a bound of its range falls on one.
        let short = read_phase.count == 0;
        // What a short top's edges are read at is the mean of its middle, which has not settled.
        let level = 6.0 * noise / read_phase.count.max(4) as f64 + if short { 3e-3 } else { 2e-6 } * size;
        if !short {
            close("settled", f64::from(found.settled), read_phase.count as f64, 1.0)?;
            close("level", f64::from(found.level), read_phase.level, level)?;
        }
        let edge = 2.0 * level / size + 1e-4;
        close("start", row.at as f64 + f64::from(found.start), read_phase.start, edge)?;
        close("end", row.at as f64 + f64::from(found.end), read_phase.end, edge)?;
        let from =
            if k == 0 { read_phase.start - quiet.0 } else { 0.5 * (read[k - 1].end + read_phase.start) };
        let to = read.get(k + 1).map_or(read_phase.end + quiet.1, |next| 0.5 * (read_phase.end + next.start));
        // What the filter shows early of a shared edge is put back by a constant of the filter, not of the samples.
        let shares = |k: usize| k > 0 && k < read.len() && read[k - 1].end == read[k].start;
        let early = f64::from(u8::from(shares(k)) + u8::from(shares(k + 1)));
        let area = integral(y, from, to) - base * (to - from);
        let within = 6.0 * noise + (2.0 * edge + unsettled + 2.2 * early) * size;
        close("area", f64::from(found.area), area, within)?;
        close("span", f64::from(found.span), to - from, 2.0 * edge + 3.0)?;
        if short {
            let width = read_phase.end - read_phase.start;
            close("level of a short phase", f64::from(found.level), base + area / width, within / width)?;
        }
    }
    let sum = |from: u64, n: u64| -> f64 { y[from as usize..(from + n) as usize].iter().sum() };
    let span = u64::from(row.pulse_span);
    close("pulse area", row.pulse_area, sum(row.from, span) - base * span as f64, 1e-3)?;
    if row.cycle_span > 0 {
        let cycle = sum(row.from, row.cycle_span) - base * row.cycle_span as f64;
        close("cycle area", row.cycle_area, cycle, 1e-3)?;
    }
    close("from", row.from as f64, read[0].start - quiet.0, 3.0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn rows_are_what_a_plain_reading_of_the_samples_gives(
        seed in 0_u64..1_000_000,
        rate in prop::sample::select(vec![130.0, 1000.0, 4000.0, 10_000.0]),
        width in prop::sample::select(vec![22e-6, 25.4e-6, 32e-6, 33.3e-6, 60e-6, 200e-6, 400e-6]),
        gap in prop::sample::select(vec![0.0, 10e-6, 21.3e-6]),
        amplitude in 0.2_f64..3.5,
        anodic: bool,
        blocks in prop::collection::vec(1_usize..900, 1..4),
    ) {
        // Some are too short for a level, and all leave a rest.
        let width = f64::min(width, 0.34 / rate);
        let polarity = if anodic { Polarity::Anodic } else { Polarity::Cathodic };
        let program = Program {
            leading: polarity,
            ..Program::biphasic(["e1", "case"], amplitude * 1e-3, width, gap, rate)
        };
        let mut bench = Bench::ideal(seed, 4e-3);
        let pulses = 8.0;
        let samples = ((DELAY + pulses / rate) * 1e6) as usize;
        let codes = bench.sample(&steps(&program, DELAY, 1.0), samples);
        let y: Vec<f64> = codes.iter().map(|code| f64::from(*code)).collect();
        let recording = record(setup(&bench, &program), &codes, &[], &blocks);
        let rows = &recording.main().ok_or_else(|| TestCaseError::fail("no contact"))?.pulses;
        prop_assert!(rows.len() >= 7, "{} rows", rows.len());
        let noise = bench.calibration.noise.hypot(0.3);
        let rest = (1.0 / rate - 2.0 * width - gap) * 1e6;
        for (row, pulse) in rows.iter().zip(program.pulses()).take(7) {
            // Behind the filter everything comes a delay later, which the middle of a phase does not feel.
            let instant = |t: f64| (DELAY + t) * 1e6 + 3.4;
            let drawn: Vec<(f64, f64)> =
                pulse.phases().iter().map(|phase| (instant(phase.start), instant(phase.end()))).collect();
            prop_assert!(row.base.abs() < 1.5, "{row:?}");
            let first = rows.get(0).is_some_and(|first| row.at == first.at);
            let before = if first { f64::INFINITY } else { rest };
            let plain = differs(&y, &row, &drawn, (before, rest), noise);
            prop_assert!(plain.is_ok(), "{:?} of {program:?}", plain);
        }
    }
}
