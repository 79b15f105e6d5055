//! Overshoot, droop and transition time against shapes in closed form, behind a filter in closed form.

use stimrig::record::{CheckRecord, Verdict};
use stimrig::scenario::{Criterion, Measurand, PhaseChoice};
use stimrig::signal::Program;

use super::bench::{Bench, decay_response, steps};
use super::case::{check, judged};
use super::stream::{markers, program, record, setup};

const CUTOFF: f64 = 1e5;

/// Decaying currents, each (begins at, rate, A at its beginning).
type Decays = Vec<(f64, f64, f64)>;

/// A check on ten pulses of 2 mA, 200 µs, as changed by decaying currents at the edges of each phase: `shape` gets the
/// phase's first and last instant and its current.
fn seen(
    seed: u64,
    measurand: Measurand,
    limit: f64,
    program: &Program,
    shape: impl Fn(f64, f64, f64) -> Decays,
) -> CheckRecord {
    let mut bench = Bench::drawn(seed, 4e-3);
    let first = 40e-3 + 1e-6 * bench.uniform();
    let pulses = program.pulses().take_while(|pulse| pulse.start + first < 0.235);
    let phases: Vec<_> = pulses.flat_map(|pulse| pulse.phases().to_vec()).collect();
    let decays: Vec<(f64, Decays)> = phases
        .iter()
        .map(|p| (first + p.start, shape(first + p.start, first + p.end(), p.current)))
        .collect();
    let more = |t: f64| {
        let near = decays.iter().filter(|(from, _)| (0.0..1e-3).contains(&(t - from)));
        near.flat_map(|(_, decays)| decays)
            .map(|(at, rate, current)| current * decay_response(t - at, *rate, CUTOFF))
            .sum()
    };
    let codes = bench.sample_with(&steps(program, first, 0.235), more, 240_000);
    let recording = record(setup(&bench, program), &codes, &markers(20_000), &[4096]);
    let mut wanted = check(measurand, Criterion::AtMost(limit));
    if measurand != Measurand::TransitionTime {
        wanted.phase = PhaseChoice::Each;
    }
    // The sketch would fill pages.
    CheckRecord { sketch: None, ..judged(program, &recording, (39_000, 235_000), wanted) }
}

fn covers(record: &CheckRecord, truth: f64) -> bool {
    (record.value.unwrap() - truth).abs() <= record.uncertainty.unwrap()
}

#[test]
fn an_excess_is_found_at_the_edge_however_fast_the_filter_lets_it_be_seen() {
    for (gap, amplitude) in [(50e-6, 2e-3), (0.0, 2e-3), (50e-6, 0.2e-3)] {
        let program = program(amplitude, 200e-6, gap, 50.0);
        for (part, tau) in [(0.2, 10e-6), (0.2, 5e-6), (0.15, 20e-6), (0.12, 10e-6)] {
            let shape = |from: f64, to: f64, current: f64| {
                // What is left at the phase's end ends with it.
                let left = part * current * (-(to - from) / tau).exp();
                vec![(from, tau.recip(), part * current), (to, tau.recip(), -left)]
            };
            let record = seen(7, Measurand::Overshoot, 0.1, &program, shape);
            assert!(covers(&record, part), "{part} {tau:e} {gap:e}: {record:?}");
            assert!(record.uncertainty.unwrap() < 0.4 * part, "{record:?}");
            if part == 0.2 && tau == 10e-6 {
                assert_eq!((record.verdict, record.count), (Verdict::Fail, 20), "{record:?}");
                assert!(record.reason.unwrap().contains("is above 10 %"));
            }
        }
        let clean = seen(7, Measurand::Overshoot, 0.1, &program, |_, _, _| Vec::new());
        assert_eq!(clean.verdict, Verdict::Pass);
        assert!(covers(&clean, 0.0), "{clean:?}");
        // Too fast to be seen whole: what is said is no more than there is.
        let fast =
            seen(7, Measurand::Overshoot, 0.1, &program, |from, _, current| vec![(from, 1e6, 0.2 * current)]);
        assert!(fast.value.unwrap() < 0.2 && fast.verdict != Verdict::Fail, "{fast:?}");
    }
}

/// Through the filter half of the level is crossed early on an edge that leads beyond it, and late on one that falls from less.
#[test]
fn a_width_is_as_uncertain_as_the_filter_makes_the_edges_of_a_top_that_is_not_flat() {
    for (gap, amplitude) in [(50e-6, 2e-3), (0.0, 2e-3), (50e-6, 0.2e-3)] {
        let program = program(amplitude, 200e-6, gap, 50.0);
        for (part, tau) in [(0.2, 10e-6), (0.2, 20e-6), (0.6, 10e-6)] {
            let shape = |from: f64, to: f64, current: f64| {
                let left = part * current * (-(to - from) / tau).exp();
                vec![(from, tau.recip(), part * current), (to, tau.recip(), -left)]
            };
            let record = seen(7, Measurand::Width, 1e-3, &program, shape);
            assert!(covers(&record, 200e-6), "{part} {tau:e} {gap:e}: {record:?}");
            assert!(record.uncertainty.unwrap() < 1.2e-6, "{record:?}");
        }
        let flat = seen(7, Measurand::Width, 1e-3, &program, |_, _, _| Vec::new());
        assert!(flat.uncertainty.unwrap() < 0.04e-6, "{flat:?}");
    }
    // 30 % from 10 to 90 %: the first edge is found 0.4 us early, the last 0.5 us.
    let program = program(2e-3, 200e-6, 50e-6, 50.0);
    let rate = -0.7_f64.ln() / 160e-6;
    let shape = |from: f64, to: f64, current: f64| {
        let left = current * (-rate * (to - from)).exp();
        vec![(from, 0.0, -current), (from, rate, current), (to, 0.0, current), (to, rate, -left)]
    };
    let record = seen(7, Measurand::Width, 1e-3, &program, shape);
    assert!(covers(&record, 200e-6) && record.uncertainty.unwrap() > 0.1e-6, "{record:?}");
}

#[test]
fn a_top_sinks_as_its_exponential_says() {
    // 10 to 90 % of 200 us at 1/T: the straight line through an exponential is its own to second order.
    for (droop, amplitude) in [(0.1_f64, 2e-3), (0.02, 2e-3), (0.1, 0.2e-3), (0.0, 1e-3)] {
        let program = program(amplitude, 200e-6, 50e-6, 50.0);
        let rate = -(1.0 - droop).ln() / 160e-6;
        let shape = |from: f64, to: f64, current: f64| {
            let left = current * (-rate * (to - from)).exp();
            // Step and decay: current·e^{-rt} instead of the constant current.
            vec![(from, 0.0, -current), (from, rate, current), (to, 0.0, current), (to, rate, -left)]
        };
        let record = seen(3, Measurand::Droop, 0.05, &program, shape);
        // A line through the middle 80 % of an exponential misses its ends by less than 1e-3 of the sinking.
        assert!(
            (record.value.unwrap() - droop).abs() <= record.uncertainty.unwrap() + 3e-3 * droop,
            "{droop}: {record:?}"
        );
        let expected = if droop > 0.05 { Verdict::Fail } else { Verdict::Pass };
        assert_eq!(record.verdict, expected, "{record:?}");
    }
}

#[test]
fn an_edge_is_as_long_as_its_lag_makes_it_or_too_fast_to_tell() {
    let program = program(2e-3, 200e-6, 50e-6, 50.0);
    for (micros, verdict) in
        [(3.0, Verdict::Pass), (5.0, Verdict::Pass), (10.0, Verdict::Fail), (20.0, Verdict::Fail)]
    {
        let rate = 9_f64.ln() / (micros * 1e-6);
        let shape = |from: f64, to: f64, current: f64| vec![(from, rate, -current), (to, rate, current)];
        let record = seen(5, Measurand::TransitionTime, 6e-6, &program, shape);
        assert!(covers(&record, micros * 1e-6), "{micros}: {record:?}");
        assert_eq!((record.verdict, record.upper_bound), (verdict, None), "{record:?}");
    }
    let ideal = seen(5, Measurand::TransitionTime, 6e-6, &program, |_, _, _| Vec::new());
    assert_eq!(ideal.verdict, Verdict::Pass);
    // 0.66 of the filter's 3.6 us, and itself for its uncertainty.
    let bound = ideal.value.unwrap();
    assert!((bound - 2.4e-6).abs() < 0.05e-6 && ideal.upper_bound == Some(bound), "{ideal:?}");
    assert!((ideal.uncertainty.unwrap() / bound - 1.0).abs() < 1e-6, "{ideal:?}");
}

#[test]
fn a_phase_too_short_for_a_line_is_invalid_not_flat() {
    let program = program(1e-3, 24e-6, 30e-6, 50.0);
    let record = seen(2, Measurand::Droop, 0.05, &program, |_, _, _| Vec::new());
    assert_eq!(record.verdict, Verdict::Invalid);
    assert!(record.reason.unwrap().contains("too short for its shape"));
}

#[test]
fn an_edge_that_never_arrives_is_invalid_not_fast() {
    // A lag as long as the phase: at its end the current is at 63 % and still rising.
    let program = program(2e-3, 200e-6, 50e-6, 50.0);
    let record = seen(2, Measurand::TransitionTime, 6e-6, &program, |from, to, current| {
        let left = current * -(-1.0_f64).exp_m1();
        vec![(from, 5e3, -current), (to, 5e3, current - left), (to, 1e6, left)]
    });
    assert_ne!(record.verdict, Verdict::Pass, "{record:?}");
    assert!(record.value.is_none_or(|value| value > 6e-6), "{record:?}");
}

/// A phase too short to look for an excess in has none that is known.
#[test]
fn an_overshoot_that_was_not_measured_is_not_none() {
    let program = program(2e-3, 200e-6, 50e-6, 50.0);
    let mut bench = Bench::drawn(3, 4e-3);
    let codes = bench.sample(&steps(&program, 40e-3, 0.235), 240_000);
    let mut recording = record(setup(&bench, &program), &codes, &markers(20_000), &[4096]);
    let overshoot = |recording: &_| {
        judged(&program, recording, (39_000, 235_000), check(Measurand::Overshoot, Criterion::AtMost(0.1)))
    };
    assert_eq!(overshoot(&recording).verdict, Verdict::Pass);
    let shapes = &mut recording.contacts[0].shapes;
    let mut rows: Vec<_> = shapes.iter().collect();
    (rows[4][0].excess, rows[4][0].half) = (f32::NAN, f32::INFINITY);
    *shapes = rows.into_iter().collect();
    let found = overshoot(&recording);
    assert_eq!(found.verdict, Verdict::Invalid, "{found:?}");
    assert!(found.reason.unwrap().starts_with("a phase is too short for its shape"));
}
