//! Outputs that slew: their edges take longer than the filter's.

use stimrig::judge::units;
use stimrig::scenario::{Action, Criterion, Measurand};

use super::bench::{Bench, steps};
use super::case::{case, check, facts, judged, within};
use super::stream::{markers, program, record, setup};

/// The steps of a program whose every edge is a staircase of `duration` seconds about its instant.
fn slewed(steps: &[(f64, f64)], duration: f64) -> Vec<(f64, f64)> {
    const STAIRS: usize = 40;
    let stairs = |(at, change): &(f64, f64)| {
        let (at, change) = (*at, *change / STAIRS as f64);
        (0..STAIRS).map(move |k| (at + duration * ((k as f64 + 0.5) / STAIRS as f64 - 0.5), change))
    };
    let mut all: Vec<(f64, f64)> = steps.iter().flat_map(stairs).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all
}

/// 50 µA are 410 codes here: noise moves where an edge of 20 µs crosses its half by far more than where the filter's does.
#[test]
fn noise_moves_slow_edges_by_as_much_as_the_budget_says() {
    for (duration, least) in [(0.1e-6, 0.004e-6), (20e-6, 0.03e-6)] {
        let program = program(50e-6, 200e-6, 50e-6, 200.0);
        let mut bench = Bench::ideal(5, 4e-3);
        // The same phase of the samples for every pulse: what scatters is noise alone.
        let codes = bench.sample(&slewed(&steps(&program, 40e-3, 2.0), duration), 2_000_000);
        let recording = record(setup(&bench, &program), &codes, &markers(30_000), &[4096]);
        let check = check(Measurand::Width, within(0.5, 0.0));
        let case = case(&program, vec![Action::Start, Action::Stop], vec![check.clone()]);
        let facts = facts(&program, &[35_000, 1_990_000], recording.samples);
        let units = units(&case, &facts, &recording, &check).unwrap();
        assert!(units.len() > 380, "{}", units.len());
        let count = units.len() as f64;
        let mean = units.iter().map(|unit| unit.measured.value).sum::<f64>() / count;
        let squares = units.iter().map(|unit| (unit.measured.value - mean).powi(2)).sum::<f64>();
        let found = (squares / (count - 1.0)).sqrt();
        let stated = units[0].measured.budget.iter().find(|input| input.name == "noise").unwrap();
        let stated = stated.u;
        assert!((mean - 200e-6).abs() < 0.05e-6, "{mean}");
        assert!(found > least, "{duration}: {found}");
        assert!((0.8..1.6).contains(&(stated / found)), "{duration}: stated {stated}, found {found}");
    }
}

/// One edge leads from the first phase to the second, of however many samples: the width ends in its middle.
#[test]
fn phases_that_share_a_slow_edge_are_as_wide_as_programmed() {
    let program = program(2e-3, 200e-6, 0.0, 200.0);
    let mut bench = Bench::ideal(6, 4e-3);
    let codes = bench.sample(&slewed(&steps(&program, 40e-3, 0.5), 30e-6), 500_000);
    let recording = record(setup(&bench, &program), &codes, &markers(30_000), &[4096]);
    for row in recording.contacts[0].pulses.iter() {
        let [first, second] = row.phases() else { panic!("{row:?}") };
        assert_eq!(first.end, second.start);
        assert!((first.end - first.start - 200.0).abs() < 0.1, "{row:?}");
        assert!((second.end - second.start - 200.0).abs() < 0.1, "{row:?}");
        // Of 3.17 million code·samples: what the noise of 430 samples comes to.
        assert!((first.area + second.area).abs() < 100.0, "{row:?}");
    }
    assert_eq!(recording.contacts[0].pulses.len(), 92);
}

/// 16 µs before the middle of an edge of 60 µs a quarter of the current flows: where the window is of one sample more or less, so does
/// its charge differ, though every pulse is balanced.
#[test]
fn a_cycle_that_begins_on_a_slow_edge_is_as_uncertain_as_a_sample_of_it() {
    // No whole number of samples between two pulses.
    let program = program(2e-3, 200e-6, 200e-6, 103.0);
    for (duration, most) in [(0.1e-6, 5e-4), (60e-6, 2.5e-3)] {
        let mut bench = Bench::ideal(8, 4e-3);
        let codes = bench.sample(&slewed(&steps(&program, 40e-3, 0.5), duration), 500_000);
        let recording = record(setup(&bench, &program), &codes, &markers(30_000), &[4096]);
        let check = check(Measurand::ChargeImbalance, Criterion::AtMost(0.01));
        let record = judged(&program, &recording, (35_000, 490_000), check);
        let (value, u) = (record.value.unwrap(), record.uncertainty.unwrap());
        assert!(value.abs() <= u && u < most, "{duration}: {value} ± {u}");
    }
}

/// A converter ten times as fast sees several samples of the filter's edge.
#[test]
fn a_fast_converter_finds_the_same_widths_without_a_gap() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("case.yaml");
    let text = "version: 1\nname: no gap\nphantom: r1k\n\
        program: { amplitude: 2 mA, width: 100 us, gap: 0 us, rate: 103 Hz }\nduration: 200 ms\n\
        expect:\n  - width: { of: programmed, within: 0.3 %, phase: each }\n  - gap: { of: 0 us, within: { abs: 5 us } }\n  \
        - charge_imbalance: { at_most: 0.5 % }\n";
    std::fs::write(&path, text).unwrap();
    for rate in ["1 MHz", "10 MHz"] {
        let rate = format!("sim.adc.sample_rate={rate}");
        let (exit, record) = crate::command::run(&[path.to_str().unwrap(), "--set", &rate]);
        assert_eq!(exit, 0, "{rate}: {record:#}");
    }
}

/// Between two phases a filter of 100 kHz closes a rest of 3 us: nobody knows that there is none.
#[test]
fn a_rest_that_the_filter_closes_is_not_taken_for_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("case.yaml");
    for (limit, rest, exit) in
        [("5 us", "0 us", 0), ("1 us", "3 us", 5), ("1 us", "0 us", 5), ("5 us", "8 us", 1)]
    {
        let text = format!(
            "version: 1\nname: no gap\nphantom: r1k\nprogram: {{ amplitude: 2 mA, width: 100 us, gap: 0 us, rate: 103 Hz }}\n\
             duration: 200 ms\nexpect:\n  - gap: {{ of: programmed, within: {limit} }}\n"
        );
        std::fs::write(&path, text).unwrap();
        let rest = format!("gap_error={rest}");
        let (found, record) = crate::command::run(&[path.to_str().unwrap(), "--defect", &rest]);
        assert_eq!(found, exit, "{limit} {rest}: {record:#}");
    }
}
