//! Records whose truth is a closed form: what their shape hides must be in U, or be told of.

use stimrig::analyze::{Analysis, FindingCode, Options, analyze};
use stimrig::capture::read;
use stimrig::measure::Measured;
use stimrig::record::Verdict::{Invalid, Pass};

use super::judged::normal;
use super::{judged, near, noisy};

/// Measures samples (A), one a microsecond.
pub(super) fn measured(samples: impl Iterator<Item = f64>) -> Analysis {
    let rows: String = samples.enumerate().map(|(at, value)| format!("{at},{value:e}\n")).collect();
    let capture = read("t.csv", format!("Time (uS),I (A)\n{rows}").as_bytes()).unwrap();
    analyze(&capture, &Options::default()).unwrap()
}

pub(super) fn mean(analysis: &Analysis, name: &str) -> Measured {
    analysis.summary.iter().find(|row| row.name == name).unwrap().estimate.clone()
}

pub(super) fn holds(what: &str, estimate: &Measured, truth: f64) {
    let (value, u) = (estimate.value, estimate.expanded());
    assert!((value - truth).abs() <= u, "{what}: {value:e} ± {u:e}, in truth {truth:e}");
}

/// Levels (A) from these instants (samples) on, behind a low pass of that time constant (samples), at a sample.
fn filtered(changes: &[(f64, f64)], constant: f64, at: f64) -> f64 {
    let mut before = 0.0;
    let step = |(time, level): &(f64, f64)| {
        let height = level - std::mem::replace(&mut before, *level);
        if at > *time { height * (1.0 - (-(at - time) / constant).exp()) } else { 0.0 }
    };
    changes.iter().map(step).sum()
}

/// A train of pulses of these levels and lengths, one each so many samples, behind a low pass, with noise of that size.
pub(super) fn train(pulse: &[(f64, f64)], period: f64, many: usize, constant: f64, noise: f64) -> Vec<f64> {
    let mut normal = normal();
    let value = |at: usize| {
        let time = (at as f64 - 0.4 * period).rem_euclid(period);
        let mut begin = 0.0;
        let mut changes: Vec<(f64, f64)> = Vec::new();
        for (level, length) in pulse {
            changes.push((begin, *level));
            begin += length;
        }
        changes.push((begin, 0.0));
        let whole = (at as f64) >= 0.4 * period;
        (if whole { filtered(&changes, constant, time) } else { 0.0 }) + noise * normal()
    };
    (0..(period * many as f64) as usize).map(value).collect()
}

#[test]
fn a_step_of_the_baseline_is_in_the_uncertainty_of_the_pulses_on_it() {
    // Three pulses of ten stand on a rest that is 30 µA higher than that of the others, which is the median.
    let pulse = [(-1e-3, 200.0), (0.0, 100.0), (1e-3, 200.0)];
    let step = |at: usize| if at >= 28_000 { 30e-6 } else { 0.0 };
    let samples = train(&pulse, 4000.0, 10, 2.0, 2e-6);
    let analysis = measured(samples.into_iter().enumerate().map(|(at, value)| value + step(at)));
    assert!(analysis.has(FindingCode::BaselineNotQuiet), "{:?}", analysis.findings);
    assert_eq!(analysis.pulses.len(), 10);
    for pulse in analysis.pulses.iter() {
        pulse.phases.iter().for_each(|phase| holds("amplitude", &phase.amplitude, 1e-3));
        holds("net charge", &pulse.net_charge, 0.0);
    }
}

#[test]
fn phases_of_unequal_levels_share_an_exponential_edge() {
    // −1 mA, then 1/8 of it at once: between half of the one level and half of the other lie ln 10 time constants.
    let pulse = [(-1e-3, 200.0), (0.125e-3, 1600.0)];
    let analysis = measured(train(&pulse, 5000.0, 8, 3.0, 1e-6).into_iter());
    assert_eq!(analysis.pulses.len(), 8);
    // The middle between the levels is crossed where e^−x is a half.
    for pulse in analysis.pulses.iter() {
        assert_eq!(pulse.gap.as_ref().unwrap().value, 0.0);
        holds("width", &pulse.phases[0].width, 200e-6);
        near("width", pulse.phases[0].width.value, 200e-6, 0.3e-6);
        holds("recovery width", &pulse.phases[1].width, 1600e-6);
        holds("net charge", &pulse.net_charge, 0.0);
    }
    // With a rest of 12 time constants there is a gap.
    let apart = [(-1e-3, 200.0), (0.0, 36.0), (0.125e-3, 1600.0)];
    let analysis = measured(train(&apart, 5000.0, 8, 3.0, 1e-6).into_iter());
    analysis.pulses.iter().for_each(|pulse| holds("gap", pulse.gap.as_ref().unwrap(), 36e-6));
}

#[test]
fn a_rest_between_edges_within_a_sample_is_known_to_a_sample() {
    // One sample of the rest, and none: it may last nearly two intervals, or one.
    for (rest, longest) in [(1, 1.9e-6), (0, 0.9e-6)] {
        let parts = [(-1e-3, 20), (0.0, rest), (1e-3, 20), (0.0, 960)];
        let samples = noisy(&[&[(0.0, 500)][..], &parts.repeat(12)].concat());
        let analysis = measured(samples.into_iter());
        holds("gap", &mean(&analysis, "gap"), longest);
    }
}

#[test]
fn a_top_of_a_few_samples_that_still_settles_is_not_sure() {
    // Phases of 12 samples on a time constant of 2.5: the central 60 % have a mean that lies some 3 % too low.
    let pulse = [(-1e-3, 12.4), (0.0, 15.0), (1e-3, 12.4)];
    let analysis = measured(train(&pulse, 1000.0, 40, 2.5, 1e-6).into_iter());
    holds("amplitude", &mean(&analysis, "amplitude"), 1e-3);
    // One that has settled is as sure as its noise.
    let pulse = [(-1e-3, 100.4), (0.0, 50.0), (1e-3, 100.4)];
    let analysis = measured(train(&pulse, 1000.0, 40, 0.5, 1e-6).into_iter());
    let amplitude = mean(&analysis, "amplitude");
    holds("amplitude", &amplitude, 1e-3);
    assert!(amplitude.expanded() < 0.3e-6, "{amplitude:?}");
}

#[test]
fn noise_that_crosses_a_slow_edge_many_times_does_not_shorten_a_phase() {
    // Edges of 200 samples: noise of 2 % crosses their middle over some ten samples.
    let mut noise = normal();
    let sample = |at: usize| {
        let time = (at % 8000) as f64 - 2000.0;
        let edge = |begin: f64| ((time - begin) / 200.0).clamp(0.0, 1.0);
        1e-3 * (edge(1600.0) - edge(2600.0) - edge(0.0) + edge(1000.0)) + 20e-6 * noise()
    };
    let samples: Vec<f64> = (0..160_000).map(sample).collect();
    let analysis = measured(samples.into_iter());
    assert_eq!(analysis.pulses.len(), 20);
    holds("width", &mean(&analysis, "width"), 1000e-6);
    holds("recovery width", &mean(&analysis, "recovery_width"), 1000e-6);
    holds("gap", &mean(&analysis, "gap"), 600e-6);
}

#[test]
fn a_short_gap_does_not_cut_the_tail_of_a_recovery() {
    // 12 samples of gap; an edge goes on for e^−12/5 of its height beyond six samples.
    let pulse = [(-1e-3, 60.3), (0.0, 12.0), (1e-3, 60.3)];
    let analysis = measured(train(&pulse, 1000.0, 40, 2.5, 2e-6).into_iter());
    holds("net charge", &mean(&analysis, "net_charge"), 0.0);
}

#[test]
fn the_last_recovery_of_a_record_belongs_to_its_pulse_however_long_the_gap() {
    let pulse = [(-1e-3, 100), (0.0, 2000), (1e-3, 100), (0.0, 6000)];
    let parts = [&[(0.0, 500)][..], &pulse.repeat(4), &pulse[..3], &[(0.0, 300)]].concat();
    let analysis = measured(noisy(&parts).into_iter());
    assert_eq!(analysis.pulses.len(), 5);
    assert!(analysis.pulses.iter().all(|pulse| pulse.phases.len() == 2), "{:?}", analysis.findings);
}

#[test]
fn a_record_that_begins_on_the_edge_of_a_phase_does_not_begin_with_a_pulse() {
    let pulse = [(-1e-3, 200.0), (0.0, 100.0), (1e-3, 200.0)];
    let samples = train(&pulse, 2000.0, 5, 3.0, 2e-6);
    // From five samples before the leading phase ends, which leaves an edge and no top.
    let analysis = measured(samples.into_iter().skip(800 + 195));
    assert_eq!(analysis.pulses.len(), 4);
    assert!(analysis.has(FindingCode::TruncatedPulse), "{:?}", analysis.findings);
    holds("net charge", &mean(&analysis, "net_charge"), 0.0);
}

#[test]
fn hum_is_not_taken_for_pulses_and_is_in_their_uncertainty() {
    // Hum of a fifth of the amplitude, whose tops are flat enough for a phase.
    let pulse = [(-1e-3, 200.0), (0.0, 100.0), (1e-3, 200.0)];
    let hum = |at: usize| 0.2e-3 * (std::f64::consts::TAU * at as f64 / 20_000.0).sin();
    let samples = train(&pulse, 7300.0, 14, 2.0, 2e-6);
    let analysis = measured(samples.into_iter().enumerate().map(|(at, value)| value + hum(at)));
    assert!(analysis.has(FindingCode::BaselineNotQuiet), "{:?}", analysis.findings);
    assert_eq!(analysis.pulses.len(), 14);
    // A crest of the hum lasts long: it is there in more than one of twenty.
    let missed = |estimate: &Measured, truth: f64| (estimate.value - truth).abs() > estimate.expanded();
    let phases: Vec<_> = analysis.pulses.iter().flat_map(|pulse| pulse.phases).collect();
    let many = phases.iter().filter(|phase| missed(&phase.amplitude, 1e-3)).count();
    assert!(phases.len() == 28 && many <= 2, "{many}");
    analysis.pulses.iter().for_each(|pulse| holds("net charge", &pulse.net_charge, 0.0));
}

#[test]
fn a_time_column_in_another_unit_than_seconds_is_noticed() {
    // Milliseconds in a column that is called nothing but `t`.
    let pulse = [(-1e-3, 200), (0.0, 50), (1e-3, 200), (0.0, 2050)];
    let samples = noisy(&[&[(0.0, 500)][..], &pulse.repeat(3)].concat());
    let rows: String =
        samples.iter().enumerate().map(|(at, i)| format!("{},{i:e}\n", at as f64 * 1e-3)).collect();
    let capture = read("t.csv", format!("t,I (A)\n{rows}").as_bytes()).unwrap();
    let analysis = analyze(&capture, &Options::default()).unwrap();
    let told = analysis.findings.iter().find(|finding| finding.code == FindingCode::UnitsSuspect).unwrap();
    assert!(told.message.contains("phases last 200 ms"), "{}", told.message);
}

#[test]
fn a_glitch_in_a_phase_is_no_edge_of_it() {
    let program = "amplitude: 1 mA, width: 200 us, gap: 50 us, rate: 400 Hz";
    let checks = ["width: { of: programmed, within: 5 % }", "net_charge: { within: 5 nC, window: pulse }"];
    let pulse = [(-1e-3, 200), (0.0, 50), (1e-3, 200), (0.0, 2050)];
    for glitch in [(-0.1e-3, 1), (0.8e-3, 2), (-2.5e-3, 1)] {
        let odd = [(-1e-3, 130), glitch, (-1e-3, 70 - glitch.1), (0.0, 50), (1e-3, 200), (0.0, 2050)];
        let parts = [&[(0.0, 500)][..], &pulse.repeat(5), &odd, &pulse.repeat(6)].concat();
        let (analysis, said) = judged(&noisy(&parts), program, &checks);
        assert_eq!(analysis.pulses.len(), 11, "{:?}", analysis.findings);
        assert!(analysis.has(FindingCode::UnlikeTheTrain) && !analysis.has(FindingCode::TruncatedPulse));
        let told = |(verdict, reason): &(_, String)| *verdict == Invalid && reason.contains("with a glitch");
        assert!(said.iter().all(told), "{said:?}");
        near("width", mean(&analysis, "width").value, 200e-6, 0.1e-6);
    }
}

#[test]
fn samples_that_were_held_are_told_of_and_prove_nothing() {
    let program = "amplitude: 1 mA, width: 200 us, gap: 50 us, rate: 400 Hz";
    let checks = ["pulse_count: { equals: 10 }", "amplitude: { of: programmed, within: 5 % }"];
    let pulse = [(-1e-3, 200), (0.0, 50), (1e-3, 200), (0.0, 2050)];
    let mut noise = normal();
    let parts = [&[(0.0, 500)][..], &pulse.repeat(10)].concat();
    let mut samples: Vec<f64> = super::levels(&parts)
        .into_iter()
        .map(|level| 1e-6 * ((level + 4e-6 * noise()) / 1e-6).round())
        .collect();
    let (analysis, said) = judged(&samples, program, &checks);
    assert!(!analysis.has(FindingCode::HeldSamples) && said.iter().all(|(verdict, _)| *verdict == Pass));
    // For 1.5 ms of rest, in which a pulse too many would have gone unseen.
    let held = samples[11_100];
    samples[11_100..12_600].fill(held);
    let (analysis, said) = judged(&samples, program, &checks);
    let told = analysis.findings.iter().find(|finding| finding.code == FindingCode::HeldSamples).unwrap();
    assert!(told.message.contains("1.5 ms from 11.1 ms"), "{}", told.message);
    assert!(said.iter().all(|(verdict, reason)| *verdict == Invalid && reason.contains("held")), "{said:?}");
}

#[test]
fn a_second_train_too_small_to_be_measured_is_told_of_and_torn_to_no_halves() {
    let large = [(-1e-3, 400), (0.0, 50), (1e-3, 400), (0.0, 3000)];
    let small = [(-0.2e-3, 60), (0.0, 50), (0.2e-3, 60), (0.0, 3000)];
    let parts = [&[(0.0, 500)][..], &[&large[..], &small].concat().repeat(8)].concat();
    let program = "amplitude: 1 mA, width: 400 us, gap: 50 us, rate: 142 Hz";
    let (analysis, said) = judged(&noisy(&parts), program, &["amplitude: { of: programmed, within: 5 % }"]);
    assert!(said[0].0 == Invalid && said[0].1.contains("small phases"), "{said:?}");
    assert_eq!(analysis.pulses.len(), 8);
    let told = analysis.findings.iter().find(|finding| finding.code == FindingCode::UnlikeTheTrain).unwrap();
    assert!(told.message.contains("16 small phases"), "{}", told.message);
}

#[test]
fn triphasic_pulses_are_not_passed_off_as_alike() {
    let pulse = [(0.5e-3, 200), (-1e-3, 200), (0.5e-3, 200), (0.0, 2000)];
    let analysis = measured(noisy(&[&[(0.0, 500)][..], &pulse.repeat(8)].concat()).into_iter());
    assert!(analysis.has(FindingCode::UnequalPulses), "{:?}", analysis.findings);
}

#[test]
fn a_gap_longer_than_the_rest_leaves_open_which_phase_leads() {
    let program = "amplitude: 1 mA, width: 200 us, gap: 1.2 ms, rate: 400 Hz";
    let pulse = [(-1e-3, 200), (0.0, 1200), (1e-3, 200), (0.0, 900)];
    let parts = [&[(0.0, 500)][..], &pulse.repeat(10)].concat();
    let (_, said) = judged(&noisy(&parts), program, &["polarity: { equals: -1 }"]);
    assert!(said[0].0 == Invalid && said[0].1.contains("follow each other after"), "{said:?}");
}
