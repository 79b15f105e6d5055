//! Edges whose halves are crossed early or late.

use super::super::draw::draw;
use super::*;

fn skew(samples: &[i16], origin: i64, phases: &[PhaseRow], noise: f64) -> f64 {
    SharpEdge::UNFILTERED.skew(samples, origin, (phases, None), None, noise)
}

fn phase(start: f64, end: f64) -> PhaseRow {
    PhaseRow { start: start as f32, end: end as f32, settled: 8, ..PhaseRow::default() }
}

/// Sixty samples of which [20, 40) are `top`.
fn one(top: i16) -> Vec<i16> {
    let mut samples = vec![0; 60];
    samples[20..40].fill(top);
    samples
}

#[test]
fn a_flat_top_and_an_edge_of_the_outputs_own_tell_nothing() {
    assert_eq!(skew(&one(1000), 0, &[phase(19.5, 39.5)], 1.0), 0.0);
    assert_eq!(skew(&one(-1000), 0, &[phase(19.5, 39.5)], 1.0), 0.0);
    // Up in ten samples, half of it at 25, and a step down: a tenth of it within a sample.
    let slow: Vec<i16> = (0..60).map(|k: i16| ((k - 20).clamp(0, 10)) * 100).collect();
    assert_eq!(skew(&slow, 0, &[phase(25.0, 70.0)], 1.0), 0.0);
    // An exponential is no straight line: half of it lies elsewhere between its neighbours, and is where it is seen.
    let lag: Vec<i16> =
        (0..60).map(|k| (1000.0 * (1.0 - (-0.25 * f64::from(k - 20).max(0.0)).exp())) as i16).collect();
    assert_eq!(skew(&lag, 0, &[phase(22.77, 70.0)], 1.0), 0.0);
    assert_eq!(skew(&[0_i16; 4], 0, &[phase(-3.0, 9.0)], 1.0), 0.0);
    // Of a phase without a level nothing is told.
    let short = PhaseRow { settled: 0, ..phase(19.0 + 5.0 / 12.0, 39.5) };
    let mut over = one(1000);
    over[20] = 1200;
    assert_eq!(skew(&over, 0, &[short], 0.0), 0.0);
}

#[test]
fn half_the_level_is_crossed_early_on_an_edge_that_shoots_over() {
    // From 0 to 1200 half of 1000 is crossed after 5/12 of a sample; a sample later there are 1200 − 200·5/12.
    let mut samples = one(1000);
    samples[20] = 1200;
    let early = 0.5 - 500.0 / (1200.0 - 200.0 * 5.0 / 12.0);
    let at = phase(19.0 + 5.0 / 12.0, 39.5);
    let with = |noise: f64| skew(&samples, 0, &[at], noise);
    assert!((with(0.0) - early).abs() < 1e-5, "{} {early}", with(0.0));
    // 5 % of the step: five deviations of 5 codes are less, of 12 codes more.
    assert!(with(5.0) > 0.0 && with(12.0) == 0.0);
    // The same where instants count from another sample.
    let moved = phase(9.0 + 5.0 / 12.0, 29.5);
    assert!((skew(&samples, 10, &[moved], 0.0) - early).abs() < 1e-5);
}

/// A phase of −1000 at once behind one of 250, which are taken for two pulses: half of 250 is an early tenth of their edge.
#[test]
fn a_phase_that_another_follows_at_once_ends_early() {
    let mut samples = one(250);
    samples[40..50].fill(-1000);
    let at = phase(19.5, 39.0 + 125.0 / 1250.0);
    let ends = skew(&samples, 0, &[at], 0.0);
    assert!((ends - 0.4).abs() < 1e-5, "{ends}");
    // What comes behind it is seen with the next pulse, which is as wide as it looks but for a tenth of its own edge.
    let next = phase(39.0 + 750.0 / 1250.0, 49.5);
    let of = |ended| SharpEdge::UNFILTERED.skew(&samples, 0, (&[next], None), ended, 0.0);
    assert!((of(None) - 0.1).abs() < 1e-5, "{}", of(None));
    assert!((of(Some(39.1)) - 0.4).abs() < 1e-5, "{}", of(Some(39.1)));
}

#[test]
fn of_an_interval_both_edges_count() {
    // The first phase sinks from 1000 to 800 and the second rises back: half of 1000 is crossed an eighth early and late.
    let mut samples = vec![0_i16; 100];
    for (from, top) in [(20, 1000), (30, 800), (60, 800), (70, 1000)] {
        samples[from..from + 10].fill(top);
    }
    let phases = [phase(19.5, 39.0 + 300.0 / 800.0), phase(59.0 + 500.0 / 800.0, 79.5)];
    let [first, second] = phases.map(|phase| skew(&samples, 0, &[phase], 0.0));
    assert!((first - 0.125).abs() < 1e-5 && (second - 0.125).abs() < 1e-5, "{first} {second}");
    let both = skew(&samples, 0, &phases, 0.0);
    assert!((both - 0.25).abs() < 1e-5, "{both}");
}

/// Both edges of the first phase are as early: it is as wide as it looks, and what lies between it and another is not.
#[test]
fn a_phase_without_a_level_parts_those_beside_it() {
    let mut samples = vec![0; 100];
    samples[20..40].fill(1000);
    (samples[20], samples[39]) = (1150, 811);
    samples[60..80].fill(1000);
    let first = phase(19.0 + 500.0 / 1150.0, 39.0 + 311.0 / 811.0);
    let (short, last) = (PhaseRow { settled: 0, ..phase(45.0, 47.0) }, phase(59.5, 79.5));
    let of = |phases: &[PhaseRow]| skew(&samples, 0, phases, 0.0);
    assert!(of(&[first]) < 1e-3 && of(&[last]) == 0.0, "{}", of(&[first]));
    assert!((of(&[first, last]) - 0.039).abs() < 1e-3, "{}", of(&[first, last]));
    assert!(of(&[first, short, last]) < 1e-3);
}

/// Edges of four samples, half-way at `edges`: up to 1000 and back, and down to −1000 and back, in turn.
fn slopes(edges: [f64; 4]) -> Vec<i16> {
    let ramp = |t: f64, at: f64| 1000.0 * ((t - at) / 4.0 + 0.5).clamp(0.0, 1.0);
    let [a, b, c, d] = edges;
    let height = |t: f64| ramp(t, a) - ramp(t, b) - ramp(t, c) + ramp(t, d);
    (0..100).map(|k| height(f64::from(k)) as i16).collect()
}

/// A filter that would look twelve samples far, and less than a quarter of whose edge is within a sample.
const SLOW: SharpEdge = SharpEdge::new(12.0, 1.0, 0.5, 0.15);

#[test]
fn beside_an_edge_it_is_looked_no_farther_than_half_way_to_the_next() {
    // Six samples from edge to edge: three samples beside each it is flat, and twelve samples beside it is another phase.
    let samples = slopes([20.0, 26.0, 32.0, 38.0]);
    for origin in [0_u8, 10] {
        let from = f64::from(origin);
        let phases = [phase(20.0 - from, 26.0 - from), phase(32.0 - from, 38.0 - from)];
        assert_eq!(SLOW.skew(&samples, i64::from(origin), (&phases, None), None, 0.0), 0.0, "{origin}");
    }
    // Phases that share an edge have no rest between them, and each of them is as far as the filter looks.
    let samples = slopes([20.0, 40.0, 40.0, 60.0]);
    let phases = [phase(20.0, 40.0), phase(40.0, 60.0)];
    assert_eq!(SLOW.skew(&samples, 0, (&phases, None), None, 0.0), 0.0);
}

#[test]
fn a_phase_is_as_much_too_wide_as_both_its_edges_say() {
    let mut samples = one(1000);
    samples[20] = 1200;
    samples[39] = 1200;
    let early = 0.5 - 500.0 / (1200.0 - 200.0 * 5.0 / 12.0);
    let at = phase(19.0 + 5.0 / 12.0, 39.0 + 7.0 / 12.0);
    assert!((skew(&samples, 0, &[at], 0.0) - 2.0 * early).abs() < 1e-5);
    // What is early at both is wrong by the difference.
    samples[39] = 900;
    let at = phase(19.0 + 5.0 / 12.0, 39.0 + 4.0 / 9.0);
    let end = 500.0 / (900.0 + 100.0 * 5.0 / 9.0) - 0.5;
    assert!((skew(&samples, 0, &[at], 0.0) - (early - end).abs()).abs() < 1e-5, "{early} {end}");
}

#[test]
fn what_lies_before_the_first_sample_is_not_in_hand() {
    let of = |start: f64, samples: &[i16]| skew(samples, 0, &[phase(start, 300.0)], 0.0);
    // Half of 600 is crossed at 0.6; at 0.1 are 50, at 1.1 are 510.
    assert!((of(1.1, &[0, 500, 600, 600, 600]) - (460.0 / 550.0 - 0.5)).abs() < 1e-5);
    assert_eq!(of(0.9, &[0, 1000, 500, 500, 500]), 0.0);
}

/// `samples` at an instant, on a straight line between two of them.
fn value(samples: &[i16], at: f64) -> Option<f64> {
    let place = usize::try_from(at.floor() as i64).ok()?;
    let [a, b] = samples.get(place..)?.first_chunk()?;
    Some(f64::from(*a) + f64::from(*b - *a) * (at - at.floor()))
}

const HALF: f64 = 0.48;
const STEEP: f64 = 0.2;

/// [`SharpEdge::late`] of one edge of `length`, step by step.
fn late(length: f64, samples: &[i16], at: f64, (before, behind): (f64, f64), noise: f64) -> f64 {
    let read = [-before, behind, 0.0, -0.5, 0.5].map(|offset| value(samples, at + offset));
    let [Some(before), Some(behind), Some(half), Some(low), Some(high)] = read else { return 0.0 };
    let step = behind - before;
    let part = (half - before) / step;
    let off = part - HALF;
    let told = off.abs() > f64::from(FLAT) + 5.0 * noise / step.abs();
    let steep = SHARP * STEEP * 4.0 * part * (1.0 - part);
    if told && (high - low) / step >= steep { off.clamp(-0.5, 0.5) * length } else { 0.0 }
}

#[test]
fn four_edges_at_a_time_are_found_as_late_as_each_of_them() {
    let mut random = 1_u64;
    let mut below = |limit: u64| draw(&mut random, limit);
    let (mut late_ones, mut missing) = (0, 0);
    for _ in 0..10_000 {
        let steepness = 1.0 + below(40) as f64 / 8.0;
        let middle = 10.0 + below(160) as f64 / 16.0;
        let edge = |k: u64| 8000.0 * (0.5 + (k as f64 - middle) / steepness).clamp(0.0, 1.0);
        let length = 8 + below(24);
        let samples: Vec<i16> = (0..length).map(|k| edge(k) as i16 + below(200) as i16).collect();
        let sharp = SharpEdge::new(4.6, 7.0, HALF, STEEP);
        // On half samples too, and beyond what is in hand.
        let at = [(); 4].map(|()| (2 * below(32 * (length + 4)) + 1) as f32 / 64.0 - 2.0);
        let [before, behind] = [(); 2].map(|()| [(); 4].map(|()| 1.0 + below(60) as f32 / 16.5));
        let (noise, origin) = (below(60) as f32, below(12) as i32);
        let from = f32x4::new(at) - f32x4::splat(origin as f32);
        let beside = (f32x4::new(before), f32x4::new(behind));
        let found = sharp.late(&samples, (origin, from), beside, noise);
        let found = found.unwrap_or_else(|| sharp.each(&samples, (origin, from), beside, noise));
        for (k, found) in found.to_array().into_iter().enumerate() {
            let (at, beside) = (f64::from(at[k]), (f64::from(before[k]), f64::from(behind[k])));
            let each = late(7.0, &samples, at, beside, f64::from(noise));
            assert!((f64::from(found) - each).abs() < 1e-4, "{samples:?} {at} {beside:?} {found} {each}");
            late_ones += u32::from(each != 0.0);
            missing += u32::from(at < 1.0 || at > length as f64 - 2.0);
        }
    }
    assert!(late_ones > 1000 && missing > 1000, "{late_ones} {missing}");
}

#[test]
fn two_phases_far_apart_are_as_wrong_as_any_two() {
    let mut random = 1_u64;
    let mut below = |limit: u64| draw(&mut random, limit);
    let (mut apart, mut wrong) = (0, 0);
    for _ in 0..10_000 {
        let mut instants = [12.0; 4];
        for k in 0..4 {
            let before = if k == 0 { 0.0 } else { instants[k - 1] };
            instants[k] = before + [4.6, 9.0, 12.0][below(3) as usize] + below(64) as f64 / 16.0;
        }
        let samples: Vec<i16> = slopes(instants).iter().map(|code| code + below(300) as i16).collect();
        let samples = &samples[..60 + below(40) as usize];
        let [a, b, c, d] = instants;
        let mut phases = [phase(a, b), phase(c, d)];
        phases.iter_mut().for_each(|phase| phase.settled *= u32::from(below(4) != 0));
        let sharp = SharpEdge::new(4.6, 7.0, HALF, STEEP);
        let (origin, noise) = (below(3) as i32, below(9) as f32);
        let [first, second] = &phases;
        let at = f32x4::new(instants.map(|instant| instant as f32));
        let Some(found) = sharp.apart(samples, (origin, noise), [first, second], at) else { continue };
        assert_eq!(found, sharp.any(samples, (origin, noise), &phases, None), "{phases:?}");
        let (phases, of) = ((&phases[..], Some(at)), (i64::from(origin), f64::from(noise)));
        assert_eq!(found, sharp.skew(samples, of.0, phases, None, of.1));
        apart += 1;
        wrong += u32::from(found > 0.0);
    }
    assert!(apart > 1000 && wrong > 500, "{apart} {wrong}");
}

/// From 10 to 90 % a filter takes 0.35 of the period of its cut-off: beside an edge it is looked a sample farther.
#[test]
fn a_sharp_edge_is_over_where_it_is_looked_beside_it() {
    let front_end = FrontEnd::bessel(4, 1e5, 1e-6);
    let sharp = SharpEdge::of(&front_end, 1e6);
    // 0.35/100 kHz are 3.5 samples.
    assert!((3.4..3.7).contains(&(sharp.reach - 1.0)), "{sharp:?}");
}
