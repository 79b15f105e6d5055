//! What white noise hides: hum, slow edges, one odd pulse among many.

use stimrig::analyze::{Analysis, FindingCode, Options, analyze};
use stimrig::capture::read;
use stimrig::measure::Measured;

use super::judged::normal;
use super::{judged, near, noisy};

/// Levels of two phases of 200 samples on straight edges of `length` samples, their beginnings 300 apart; the second is that part of
/// the first.
fn ramped(time: f64, length: f64, part: f64) -> f64 {
    let edge = |at: f64| ((time - at) / length).clamp(0.0, 1.0);
    1e-3 * (part * (edge(300.0) - edge(500.0)) - edge(0.0) + edge(200.0))
}

fn summary(analysis: &Analysis, name: &str) -> Measured {
    analysis.summary.iter().find(|row| row.name == name).unwrap().estimate.clone()
}

fn line(estimate: &Measured, name: &str) -> f64 {
    estimate.budget.iter().find(|line| line.name == name).map_or(0.0, |line| line.u)
}

#[test]
fn hum_below_the_noise_does_not_let_a_balance_pass() {
    use stimrig::record::Verdict::{Inconclusive, Pass};
    // Mains of 1 µA in step with the pulses, which lie on its crest, below noise of 5 µA in codes of 2 µA. The second phase is 0.4 %
    // too low: -0.8 nC, of which the hum makes -0.27 nC.
    let mut noise = normal();
    let mut sample = |at: usize| {
        let hum = 1e-6 * (std::f64::consts::TAU * at as f64 / 20_000.0).sin();
        let value = ramped((at % 20_000) as f64 - 5000.0, 6.0, 0.996) + hum + 5e-6 * noise();
        2e-6 * (value / 2e-6).round()
    };
    let samples: Vec<f64> = (0..160_000).map(&mut sample).collect();
    let checks = [
        "net_charge: { within: 0.6 nC, window: pulse, statistic: mean }",
        "net_charge: { within: 2 nC, window: pulse, statistic: mean }",
        "charge_imbalance: { at_most: 0.3 %, window: pulse, statistic: mean }",
        "width: { of: programmed, within: 2 % }",
    ];
    let program = "amplitude: 1 mA, width: 200 us, gap: 100 us, rate: 50 Hz";
    let (analysis, said) = judged(&samples, program, &checks);
    assert_eq!(analysis.pulses.len(), 8);
    assert!(!analysis.has(FindingCode::BaselineNotQuiet), "{:?}", analysis.findings);
    let net = summary(&analysis, "net_charge");
    near("net charge", net.value, -0.27e-9, 0.1e-9);
    // 0.7 µA for the 530 µs of a window, and no less in a mean of all.
    near("its wander", line(&net, "baseline wander"), 0.37e-9, 0.05e-9);
    assert!((net.value + 0.8e-9).abs() <= net.expanded(), "{net:?}");
    let verdicts: Vec<_> = said.iter().map(|(verdict, _)| *verdict).collect();
    assert_eq!(verdicts, [Inconclusive, Pass, Inconclusive, Pass], "{said:?}");
    // What an AC coupling would have taken away is said where it matters.
    assert!(said[1].1.contains("an input coupled to DC is assumed"), "{said:?}");
    assert!(!said[3].1.contains("coupled"), "{said:?}");
}

#[test]
fn noise_on_slow_edges_is_in_gaps_and_rates() {
    // Edges of 60 samples, noise of 1 %: an instant is open by √(2/3) · 0.6 samples, and two of them by 0.69.
    let mut noise = normal();
    let row = |at: usize| {
        let value = ramped((at % 2000) as f64 - 500.0, 60.0, 1.0) + 1e-5 * noise();
        format!("{at},{value:e}\n")
    };
    let rows: String = (0..16_000).map(row).collect();
    let capture = read("slow.csv", format!("Time (uS),I (A)\n{rows}").as_bytes()).unwrap();
    let analysis = analyze(&capture, &Options::default()).unwrap();
    assert_eq!(analysis.pulses.len(), 8);
    for pulse in analysis.pulses.iter() {
        let gap = pulse.gap.unwrap();
        near("noise of a gap", line(&gap, "noise"), 0.72e-6, 0.1e-6);
        assert!((gap.value - 100e-6).abs() <= gap.expanded() && gap.expanded() < 2e-6, "{gap:?}");
    }
    let rate = summary(&analysis, "rate");
    // Over seven periods of 2 ms.
    near("noise of the rate", line(&rate, "noise"), 500.0 * 0.72e-6 / 14e-3, 500.0 * 0.1e-6 / 14e-3);
}

#[test]
fn a_rest_that_slow_edges_close_is_in_the_uncertainty_of_a_gap() {
    // 50 % instants 10 samples apart on edges of 20.
    let sample = |at: usize| {
        let time = (at % 2000) as f64 - 500.0;
        let edge = |begin: f64| ((time - begin) / 20.0).clamp(0.0, 1.0);
        1e-3 * (edge(210.0) - edge(410.0) - edge(0.0) + edge(200.0))
    };
    let rows: String = (0..10_000).map(|at| format!("{at},{:e}\n", sample(at))).collect();
    let capture = read("closed.csv", format!("Time (uS),I (A)\n{rows}").as_bytes()).unwrap();
    let analysis = analyze(&capture, &Options::default()).unwrap();
    let gap = analysis.pulses.get(2).unwrap().gap.unwrap();
    assert_eq!(gap.value, 0.0);
    assert!((10e-6..20e-6).contains(&gap.expanded()), "{gap:?}");
    assert!(line(&gap, "rest within the edges") > 5e-6, "{gap:?}");
}

#[test]
fn one_odd_pulse_among_many_is_told_of() {
    let program = "amplitude: 1 mA, width: 200 us, gap: 50 us, rate: 400 Hz";
    let pulse = [(-1e-3, 200), (0.0, 50), (1e-3, 200), (0.0, 2050)];
    let told = |odd: &[(f64, usize)]| {
        let parts = [&[(0.0, 500)][..], &pulse.repeat(10), odd, &pulse.repeat(20)].concat();
        let (analysis, _) = judged(&noisy(&parts), program, &["polarity: { equals: -1 }"]);
        let finding = analysis.findings.into_iter().find(|found| found.code == FindingCode::UnequalPulses);
        finding.map(|finding| finding.message)
    };
    assert_eq!(told(&pulse), None);
    for (odd, words) in [
        (
            &[(-1e-3, 200), (0.0, 2300)][..],
            "not all 31 pulses are alike, which their means do not show: 1 with no second phase at 25.499",
        ),
        (&[(1e-3, 200), (0.0, 50), (-1e-3, 200), (0.0, 2050)][..], "1 with an anodic first phase at 25.499"),
        (
            &[(-0.5e-3, 200), (0.0, 50), (0.5e-3, 200), (0.0, 2050)][..],
            "1 of an amplitude more than 10 % off",
        ),
        (&[(-1e-3, 150), (0.0, 100), (1e-3, 200), (0.0, 2050)][..], "1 of a width more than 10 % off"),
        (
            &[(0.0, 2500)][..],
            "1 period longer than 1.5 times the median of 2.5 ms, behind the pulse at 22.999",
        ),
    ] {
        let message = told(odd).unwrap();
        assert!(message.contains(words), "{message}");
    }
}
