//! Records that leave something open, and must say so: which phases are a pulse, what a range cut off, how late a voltage is.

use stimrig::analyze::{Analysis, FindingCode, Options, analyze, table};
use stimrig::capture::read;
use stimrig::record::Verdict::{Invalid, Pass};

use super::judged::normal;
use super::shapes::{holds, mean, measured, train};
use super::{document, judged, levels, near, noisy};

fn is_ambiguous(parts: &[(f64, usize)]) -> bool {
    measured(noisy(parts).into_iter()).has(FindingCode::AmbiguousPulses)
}

#[test]
fn a_train_that_is_on_for_longer_than_it_is_off_may_be_upside_down() {
    let train = |pulse: &[(f64, usize)]| [&[(0.0, 500)][..], &pulse.repeat(20)].concat();
    assert!(is_ambiguous(&train(&[(-1e-3, 6000), (0.0, 4000)])));
    assert!(!is_ambiguous(&train(&[(-1e-3, 4000), (0.0, 6000)])));
    // An offset of the whole trace is none.
    let shifted = |offset: f64| -> Vec<f64> {
        noisy(&train(&[(-1e-3, 200), (0.0, 50), (1e-3, 200), (0.0, 2000)]))
            .iter()
            .map(|i| i + offset)
            .collect()
    };
    assert!(!measured(shifted(20e-3).into_iter()).has(FindingCode::AmbiguousPulses));
    let program = "amplitude: 1 mA, width: 4 ms, gap: 50 us, rate: 100 Hz";
    let (_, said) = judged(
        &noisy(&train(&[(-1e-3, 6000), (0.0, 4000)])),
        program,
        &["amplitude: { of: programmed, within: 5 % }"],
    );
    assert!(said[0].0 == Invalid && said[0].1.contains("returns to 0"), "{said:?}");
}

#[test]
fn phases_at_equal_distances_may_be_pulses_of_one_phase_that_alternate() {
    let train = |gap: usize, rest: usize| {
        let pulse = [(-1e-3, 200), (0.0, gap), (1e-3, 200), (0.0, rest)];
        [&[(0.0, 500)][..], &pulse.repeat(20)].concat()
    };
    assert!(is_ambiguous(&train(4800, 4800)));
    assert!(!is_ambiguous(&train(50, 70)) && !is_ambiguous(&train(3000, 4000)));
    assert!(!is_ambiguous(&train(0, 3000)));
}

#[test]
fn pulses_that_touch_have_the_charge_of_their_own_phases() {
    // Straight edges of 4 µs from level to level, with no rest at all: ±1 mA for 500 µs between two crossings of zero, less a
    // triangle of half an edge at either end.
    let edge = |time: f64| (time / 2.0).clamp(-1.0, 1.0);
    let wave = |at: usize| {
        let time = (at as f64 - 250.3).rem_euclid(1000.0);
        let near = |instant: f64| edge(time - instant);
        1e-3 * (-near(0.0) * near(500.0) * near(1000.0)).clamp(-1.0, 1.0)
    };
    let mut noise = normal();
    let analysis = measured((0..50_000).map(|at| wave(at) + 2e-6 * noise()).collect::<Vec<_>>().into_iter());
    let charge = mean(&analysis, "charge_per_phase");
    holds("charge", &charge, 1e-3 * (500e-6 - 2.0 * 1e-6));
    assert!(charge.expanded() < 4e-9, "{charge:?}");
}

#[test]
fn what_is_made_of_a_top_that_is_cut_off_has_no_uncertainty() {
    let pulse = [(-1e-3, 200), (0.0, 50), (0.8e-3, 200), (0.0, 2000)];
    let parts = [&[(0.0, 500)][..], &pulse.repeat(10)].concat();
    let of = |low: f64, high: f64| {
        measured(noisy(&parts).into_iter().map(|i| 1e-6 * (i.clamp(low, high) / 1e-6).round()))
    };
    let analysis = of(-0.9e-3, 2e-3);
    let json = document(&analysis);
    for (name, known) in [
        ("amplitude", false),
        ("recovery_amplitude", true),
        ("width", false),
        ("charge_per_phase", false),
        ("net_charge", false),
        ("charge_imbalance", false),
        ("rate", true),
    ] {
        assert_eq!(json["summary"][name]["uncertainty"].is_f64(), known, "{name}: {}", json["summary"]);
        assert!(json["summary"][name]["value"].is_f64());
    }
    let phases = &json["pulses"][0]["phases"];
    assert!(
        phases[0]["amplitude"]["uncertainty"].is_null() && phases[1]["amplitude"]["uncertainty"].is_f64()
    );
    let text = table(&analysis, &[]);
    assert!(text.contains("-900 µA (clipped)") && text.contains("900 µA (clipped)"), "{text}");
    // Both ends of a range.
    let said = |analysis: &Analysis| {
        let found = analysis.findings.iter().find(|finding| finding.code == FindingCode::Clipped);
        found.map(|finding| finding.message.clone()).unwrap_or_default()
    };
    let both = said(&of(-0.9e-3, 0.7e-3));
    assert!(both.contains("-900 µA and that of 700 µA"), "{both}");
}

/// The access resistance of pulses of 1 mA on 1 kΩ and 1 µF whose voltage is later, and follows with a time constant, in samples.
fn access(late: f64, constant: f64) -> stimrig::measure::Measured {
    let pulse = |levels: [f64; 2], late: f64| {
        [(0.0, late.max(1e-9)), (levels[0], 300.0), (0.0, 200.0), (levels[1], 300.0)]
    };
    let current = train(&pulse([-1e-3, 1e-3], 0.0), 4000.0, 10, 0.8, 2e-6);
    let followed = train(&pulse([-1e-3, 1e-3], late), 4000.0, 10, constant, 0.0);
    let (mut noise, mut charge) = (normal(), 0.0);
    let rows = current.iter().zip(&followed).enumerate().map(|(at, (i, followed))| {
        // What flowed up to the middle of this sample.
        charge += 1e-6 * followed;
        let volt = 1e3 * followed + (charge - 0.5e-6 * followed) / 1e-6 + 1e-3 * noise();
        format!("{at},{i:e},{volt:e}\n")
    });
    let text = format!("Time (uS),I (A),V (V)\n{}", rows.collect::<String>());
    let analysis = analyze(&read("t.csv", text.as_bytes()).unwrap(), &Options::default()).unwrap();
    mean(&analysis, "access_resistance")
}

#[test]
fn a_voltage_that_is_late_or_slow_is_waited_for() {
    for (late, constant) in [(0.0, 0.8), (2.0, 0.8), (5.0, 0.8), (0.0, 5.0), (1.0, 8.0)] {
        let found = access(late, constant);
        holds(&format!("late by {late}, slow by {constant}"), &found, 1e3);
        assert!(found.expanded() < 30.0, "{late} {constant}: {found:?}");
    }
}

#[test]
fn a_pulse_too_many_is_told_of() {
    let one = [(-1e-3, 200), (0.0, 50), (1e-3, 200)];
    let mut parts = vec![(0.0, 500)];
    for at in 0..60 {
        parts.extend(one);
        match at {
            40 => parts.extend([&[(0.0, 1000)], &one[..], &[(0.0, 550)]].concat()),
            _ => parts.push((0.0, 2000)),
        }
    }
    let analysis = measured(noisy(&parts).into_iter());
    let said = analysis.findings.iter().find(|finding| finding.code == FindingCode::UnequalPulses).unwrap();
    assert!(said.message.contains("2 periods shorter than two thirds"), "{}", said.message);
}

#[test]
fn samples_that_were_held_for_the_length_of_a_phase_are_told_of() {
    let pulse = [(-1e-3, 200), (0.0, 50), (1e-3, 200), (0.0, 2050)];
    let mut noise = normal();
    let mut samples: Vec<f64> = levels(&[&[(0.0, 500)][..], &pulse.repeat(10)].concat())
        .into_iter()
        .map(|level| 1e-6 * ((level + 4e-6 * noise()) / 1e-6).round())
        .collect();
    let held = samples[11_100];
    samples[11_100..11_140].fill(held);
    let analysis = measured(samples.into_iter());
    let said = analysis.findings.iter().find(|finding| finding.code == FindingCode::HeldSamples).unwrap();
    assert!(said.message.contains("40 µs from 11.1 ms"), "{}", said.message);
}

#[test]
fn a_percentile_of_few_pulses_says_how_sure_it_is() {
    let pulse = [(-1e-3, 200), (0.0, 50), (1e-3, 200), (0.0, 550)];
    let parts = [&[(0.0, 500)][..], &pulse.repeat(120)].concat();
    let program = "amplitude: 1 mA, width: 200 us, gap: 50 us, rate: 1 kHz";
    let (analysis, said) =
        judged(&noisy(&parts), program, &["width: { of: programmed, within: 5 %, statistic: p99 }"]);
    assert!(said[0].0 == Pass && said[0].1.contains("of 120 values"), "{said:?}");
    near("pulses", analysis.pulses.len() as f64, 120.0, 0.0);
}
