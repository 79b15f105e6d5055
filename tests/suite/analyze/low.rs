//! What is low beside the largest excursion of a record: measured where it belongs to a pulse, told of where it does not.

use stimrig::analyze::{Analysis, FindingCode};
use stimrig::record::Verdict::Invalid;

use super::judged::normal;
use super::shapes::{holds, mean, measured, train};
use super::{judged, near, noisy};

/// What is said of phases that are not measured.
fn told(analysis: &Analysis) -> String {
    let unlike = analysis.findings.iter().filter(|finding| finding.code == FindingCode::UnlikeTheTrain);
    unlike.map(|finding| finding.message.clone()).collect()
}

#[test]
fn a_ramp_from_next_to_nothing_is_no_restless_baseline() {
    // From 50 µA to 1 mA in 20 pulses: the first one is below 8 % of the largest.
    let mut parts = vec![(0.0, 1000)];
    for at in 1..=30 {
        let level = 50e-6 * f64::from(at.min(20));
        parts.extend([(-level, 200), (0.0, 50), (level, 200), (0.0, 3000)]);
    }
    let analysis = measured(noisy(&parts).into_iter());
    assert_eq!(analysis.pulses.len(), 29);
    assert!(told(&analysis).contains("2 small phases"), "{:?}", analysis.findings);
    assert!(!analysis.has(FindingCode::BaselineNotQuiet), "{:?}", analysis.findings);
    let amplitude = mean(&analysis, "amplitude");
    holds("amplitude", &amplitude, (1.0e-3 * 11.0 + 50e-6 * (2..20).map(f64::from).sum::<f64>()) / 29.0);
    assert!(amplitude.expanded() < 2e-6, "{amplitude:?}");
}

#[test]
fn a_long_and_low_recovery_is_one() {
    for times in [16_usize, 32] {
        let low = 1e-3 / times as f64;
        let pulse = [(-1e-3, 60.0), (0.0, 100.0), (low, 60.0 * times as f64), (0.0, 100.0)];
        let samples = train(&pulse, 5000.0, 10, 1.0, 2e-6);
        let analysis = measured(samples.into_iter());
        assert_eq!(analysis.pulses.len(), 10);
        assert!(analysis.findings.is_empty(), "{times}: {:?}", analysis.findings);
        holds("recovery", &mean(&analysis, "recovery_amplitude"), low);
        holds("recovery width", &mean(&analysis, "recovery_width"), 60e-6 * times as f64);
        let net = mean(&analysis, "net_charge");
        holds("net charge", &net, 0.0);
        assert!(net.expanded() < 1e-9, "{net:?}");
    }
}

#[test]
fn a_recovery_of_six_times_the_noise_is_not_torn() {
    // 125 µA on noise of 8 to 25 µA, for 1.6 ms: single samples of it are at any level.
    for noise in [8e-6, 15e-6, 20e-6] {
        let pulse = [(-1e-3, 200.0), (0.0, 100.0), (0.125e-3, 1600.0)];
        let analysis = measured(train(&pulse, 8000.0, 10, 1.0, noise).into_iter());
        assert_eq!((analysis.pulses.len(), told(&analysis).as_str()), (10, ""), "{noise}");
        holds("recovery", &mean(&analysis, "recovery_amplitude"), 0.125e-3);
        let net = mean(&analysis, "net_charge");
        holds("net charge", &net, 0.0);
        assert!(net.expanded() < 4e-9, "{noise}: {net:?}");
        near("width", mean(&analysis, "recovery_width").value, 1.6e-3, 5e-6);
    }
}

#[test]
fn a_train_of_a_few_percent_is_told_of_and_is_none_of_the_baseline() {
    let program = "amplitude: 1 mA, width: 200 us, gap: 50 us, rate: 200 Hz";
    let checks = ["amplitude: { of: programmed, within: 5 % }", "net_charge: { at_most: 10 nC }"];
    // A baseline is looked at 32 samples at a time: what is shorter leaves no trace there.
    for width in [200, 12] {
        let large = [(-1e-3, 200), (0.0, 50), (1e-3, 200), (0.0, 2000)];
        let small = [(-30e-6, width), (0.0, 50), (30e-6, width), (0.0, 2500 - 2 * width)];
        let parts = [&[(0.0, 500)][..], &[&large[..], &small].concat().repeat(8)].concat();
        let (analysis, said) = judged(&noisy(&parts), program, &checks);
        assert!(told(&analysis).contains("16 small phases"), "{width}: {:?}", analysis.findings);
        assert!(said.iter().all(|(verdict, _)| *verdict == Invalid), "{width}: {said:?}");
        let amplitude = mean(&analysis, "amplitude");
        near("amplitude", amplitude.value, 1e-3, 1e-6);
        assert!(amplitude.expanded() < 2e-6, "{width}: {amplitude:?}");
    }
}

#[test]
fn neither_hum_nor_slow_noise_nor_a_recharge_is_a_low_phase() {
    let pulse = [(-1e-3, 200.0), (0.0, 50.0), (1e-3, 200.0)];
    let still = || train(&pulse, 9700.0, 12, 2.0, 2e-6);
    let hum = still()
        .into_iter()
        .enumerate()
        .map(|(at, value)| value + 30e-6 * (std::f64::consts::TAU * at as f64 / 20_000.0).sin());
    let (mut normal, mut slow) = (normal(), 0.0);
    let wandering: Vec<f64> = still()
        .into_iter()
        .map(|value| {
            slow += (normal() - slow) / 30.0;
            value + 40e-6 * slow
        })
        .collect();
    // The charge of the phase comes back from 60 µA on, with 3.3 ms.
    let recharged =
        train(&[(-1e-3, 200.0)], 9700.0, 12, 1.0, 1e-6).into_iter().enumerate().map(|(at, value)| {
            let since = (at as f64 - 0.4 * 9700.0 - 230.0).rem_euclid(9700.0);
            let begun = at as f64 > 0.4 * 9700.0 + 230.0;
            value + if begun { 60e-6 * (-since / 3300.0).exp() } else { 0.0 }
        });
    let kinds: [(&str, Vec<f64>); 3] =
        [("hum", hum.collect()), ("slow noise", wandering), ("recharge", recharged.collect())];
    for (what, samples) in kinds {
        let analysis = measured(samples.into_iter());
        assert_eq!((analysis.pulses.len(), told(&analysis).as_str()), (12, ""), "{what}");
    }
}

#[test]
fn a_noisy_recharge_has_no_glitches() {
    // 0.4 mA that decay with 0.5 ms: their middle is crossed many times.
    let mut noise = normal();
    let samples =
        train(&[(-1e-3, 200.0)], 5000.0, 20, 1.0, 0.0).into_iter().enumerate().map(|(at, value)| {
            let since = (at as f64 - 2230.0).rem_euclid(5000.0);
            value + if at > 2230 { 0.4e-3 * (-since / 500.0).exp() } else { 0.0 } + 4e-6 * noise()
        });
    let analysis = measured(samples.collect::<Vec<_>>().into_iter());
    assert_eq!((analysis.pulses.len(), told(&analysis).as_str()), (20, ""), "{:?}", analysis.findings);
}

#[test]
fn two_excursions_of_the_noise_are_no_phase() {
    // Of a converter whose step is a fifth of the amplitude, at a rest between two codes that flickers.
    let mut noise = normal();
    let step = 40e-6;
    let pulse = [(-0.2e-3, 200.0), (0.0, 50.0), (0.2e-3, 200.0)];
    let samples = train(&pulse, 5000.0, 40, 1.0, 0.0);
    let samples: Vec<f64> =
        samples.into_iter().map(|value| step * ((value + 8e-6 * noise()) / step).round()).collect();
    let analysis = measured(samples.into_iter());
    assert_eq!((analysis.pulses.len(), told(&analysis).as_str()), (40, ""));
}
