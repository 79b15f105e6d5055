//! What a record of others must not pass for: records made by hand, each with one thing wrong, judged against a program.

use stimrig::analyze::{FindingCode, Options, Scale, analyze};
use stimrig::capture::read;

use super::{judged, judged_on, judged_table, levels, near, noisy};

/// Normal noise of standard deviation 1, near enough: twelve uniform numbers less their mean.
pub(super) fn normal() -> impl FnMut() -> f64 {
    let mut seed = 11_u32;
    let mut next = move || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(seed >> 8) / f64::from(1 << 24)
    };
    move || (0..12).map(|_| next()).sum::<f64>() - 6.0
}

#[test]
fn a_baseline_between_two_codes_makes_no_charge() {
    use stimrig::record::Verdict::{Fail, Pass};
    // Eight bits of 25 µA: 40 codes, and 36 back, on a rest of 0.45 codes. A median would be 0, and 0.45 codes of a cycle of
    // 5000 samples are 28 % of the charge of a phase.
    let mut parts = vec![(0.0, 600)];
    (0..9).for_each(|_| parts.extend([(-40.0, 200), (0.0, 50), (36.0, 200), (0.0, 4550)]));
    let mut noise = normal();
    let codes = levels(&parts).into_iter().map(|level| (level + 0.45 + 0.6 * noise()).round());
    let samples: Vec<f64> = codes.map(|code| 25e-6 * code).collect();
    let checks = [
        "charge_imbalance: { at_most: 5 % }",
        "charge_imbalance: { at_most: 5 %, window: pulse }",
        "charge_imbalance: { at_most: 20 % }",
        "net_charge: { within: 10 nC, window: pulse }",
    ];
    let program = "amplitude: 1 mA, width: 200 us, gap: 50 us, rate: 200 Hz";
    let (analysis, said) = judged(&samples, program, &checks);
    assert_eq!(analysis.pulses.len(), 9);
    near("rest", analysis.rest, 0.45 * 25e-6, 0.02 * 25e-6);
    let imbalance = analysis.summary.iter().find(|row| row.name == "charge_imbalance").unwrap();
    let (value, u) = (imbalance.estimate.value, imbalance.estimate.expanded());
    assert!((value + 0.1).abs() <= u && u < 0.02, "{value} ± {u}");
    let verdicts: Vec<_> = said.iter().map(|(verdict, _)| *verdict).collect();
    assert_eq!(verdicts, [Fail, Fail, Pass, Fail], "{said:?}");
}

#[test]
fn a_phase_that_is_not_there_counts_as_none_not_as_one_less() {
    use stimrig::record::Verdict::{Fail, Invalid, Pass};
    let program = "amplitude: 1 mA, width: 200 us, gap: 50 us, rate: 400 Hz";
    let checks = [
        "amplitude: { of: programmed, within: 5 %, phase: recovery }",
        "width: { of: programmed, within: 5 %, phase: each }",
        "charge_per_phase: { of: programmed, within: 5 %, phase: recovery }",
        "gap: { of: programmed, within: 5 us }",
        "amplitude: { of: programmed, within: 5 % }",
    ];
    let pulse = [(-1e-3, 200), (0.0, 50), (1e-3, 200), (0.0, 2050)];
    let verdicts = |odd: &[(f64, usize)]| {
        let parts = [&[(0.0, 500)][..], &pulse.repeat(4), odd, &pulse.repeat(5)].concat();
        let (analysis, said) = judged(&noisy(&parts), program, &checks);
        assert_eq!(analysis.pulses.len(), 10);
        said.into_iter().map(|(verdict, _)| verdict).collect::<Vec<_>>()
    };
    assert_eq!(verdicts(&pulse), [Pass; 5]);
    assert_eq!(verdicts(&[(-1e-3, 200), (0.0, 2300)]), [Fail, Fail, Fail, Invalid, Pass]);
    // The recovery alone is not taken for a leading phase.
    assert_eq!(verdicts(&[(0.0, 250), (1e-3, 200), (0.0, 2050)]), [Pass, Fail, Pass, Invalid, Fail]);
}

#[test]
fn what_a_capture_is_not_measured_by_is_not_judged() {
    use stimrig::record::Verdict::{Invalid, Pass};
    let program = "amplitude: 1 mA, width: 200 us, gap: 50 us, rate: 400 Hz";
    let checks = [
        "width: { of: programmed, within: 5 %, definition: third-of-peak }",
        "amplitude: { of: programmed, within: 5 %, definition: state-level }",
        "charge_imbalance: { at_most: 5 %, definition: mean-phase }",
        "pulse_count: { equals: 10, in: [start, stop] }",
        "width: { of: programmed, within: 5 %, definition: half-level }",
        "pulse_count: { equals: 10 }",
    ];
    let pulse = [(-1e-3, 200), (0.0, 50), (1e-3, 200), (0.0, 2050)];
    let samples = noisy(&[&[(0.0, 500)][..], &pulse.repeat(10)].concat());
    let (_, said) = judged(&samples, program, &checks);
    for ((verdict, reason), named) in said.iter().zip(["third-of-peak", "state-level", "mean-phase", "`in:`"])
    {
        assert!(*verdict == Invalid && reason.contains(named), "{verdict:?}: {reason}");
    }
    assert!(said[4..].iter().all(|(verdict, _)| *verdict == Pass), "{said:?}");
    let (_, said) = judged(&samples, &format!("{program}, waveform: triphasic"), &checks[5..]);
    assert!(said[0].0 == Invalid && said[0].1.contains("triphasic"), "{said:?}");
}

#[test]
fn the_current_of_one_contact_is_held_against_its_share() {
    use stimrig::record::Verdict::{Fail, Invalid, Pass};
    let program = "amplitude: 1 mA, width: 200 us, gap: 50 us, rate: 400 Hz, \
                   contacts: { e1: -60 %, e2: -40 %, case: 100 % }";
    let checks = [
        "amplitude: { of: programmed, within: 2 % }",
        "charge_per_phase: { of: programmed, within: 3 % }",
        "width: { of: programmed, within: 2 % }",
    ];
    let verdicts = |column: &str, level: f64| {
        let pulse = [(-level, 200), (0.0, 50), (level, 200), (0.0, 2050)];
        let samples = noisy(&[&[(0.0, 500)][..], &pulse.repeat(10)].concat());
        let rows: String = samples.iter().enumerate().map(|(at, i)| format!("{at},{i:e}\n")).collect();
        let table = format!("Time (uS),{column} (A)\n{rows}");
        let (_, said) = judged_on("star-8", &table, program, &checks);
        said.into_iter().map(|(verdict, _)| verdict).collect::<Vec<_>>()
    };
    assert_eq!(verdicts("CH2", 0.6e-3), [Pass; 3]);
    assert_eq!(verdicts("e1", 0.6e-3), [Pass; 3]);
    assert_eq!(verdicts("CH2", 1e-3), [Fail, Fail, Pass]);
    // What returns through the case is not the current of the contact that the checks are about.
    assert_eq!(verdicts("case", 1e-3), [Invalid; 3]);
}

#[test]
fn an_output_that_is_stuck_at_the_end_is_no_pass_of_what_came_before() {
    use stimrig::record::Verdict::{Invalid, Pass};
    let program = "amplitude: 1 mA, width: 200 us, gap: 50 us, rate: 400 Hz";
    let checks = [
        "width: { of: programmed, within: 5 % }",
        "amplitude: { of: programmed, within: 5 % }",
        "net_charge: { within: 5 nC, window: pulse }",
        "pulse_count: { equals: 10 }",
    ];
    let pulse = [(-1e-3, 200), (0.0, 50), (1e-3, 200), (0.0, 2050)];
    let ends = |last: usize| {
        let parts = [&[(0.0, 500)][..], &pulse.repeat(10), &[(-1e-3, last)]].concat();
        judged(&noisy(&parts), program, &checks).1
    };
    let stuck = ends(300);
    let told = |(verdict, reason): &(_, String)| *verdict == Invalid && reason.contains("beside the train");
    assert!(stuck.iter().all(told), "{stuck:?}");
    // Cut within its width it may be a good one; but whether it counts, nobody knows.
    let cut = ends(120);
    assert!(cut[..3].iter().all(|(verdict, _)| *verdict == Pass), "{cut:?}");
    assert!(cut[3].0 == Invalid && cut[3].1.contains("cut off"), "{cut:?}");
}

#[test]
fn phases_that_a_slow_sampling_misses_are_told_of() {
    use stimrig::record::Verdict::Invalid;
    // Every third pulse is caught by two samples instead of three, which are not measured.
    let mut parts = vec![(0.0, 60)];
    (0..30).for_each(|at| parts.extend([(-1e-3, if at % 3 == 1 { 2 } else { 3 }), (0.0, 97)]));
    let checks = ["rate: { of: programmed, within: 50 % }", "amplitude: { of: programmed, within: 5 % }"];
    let program = "amplitude: 1 mA, width: 26 us, gap: 10 us, rate: 10 kHz";
    let (analysis, said) = judged(&noisy(&parts), program, &checks);
    assert!(analysis.has(FindingCode::UnlikeTheTrain), "{:?}", analysis.findings);
    let told =
        |(verdict, reason): &(_, String)| *verdict == Invalid && reason.contains("much shorter phases");
    assert!(said.iter().all(told), "{said:?}");
}

#[test]
fn what_is_no_phase_is_not_no_pulse_either() {
    use stimrig::record::Verdict::{Invalid, Pass};
    let count = |parts: &[(f64, usize)]| {
        let program = "amplitude: 1 mA, width: 20 us, gap: 10 us, rate: 100 Hz";
        judged(&noisy(parts), program, &["pulse_count: { equals: 0 }"]).1.remove(0)
    };
    assert_eq!(count(&[(0.0, 4000)]).0, Pass);
    // Of one sample each: too short to be measured, and as high as a pulse.
    let (verdict, reason) = count(&[(0.0, 1000), (-1e-3, 1), (0.0, 1000), (-1e-3, 1), (0.0, 2000)]);
    assert!(verdict == Invalid && reason.contains("although its current reaches"), "{reason}");
}

#[test]
fn the_voltage_before_a_pulse_is_not_read_off_the_pulse_before_it() {
    use stimrig::record::Verdict::Pass;
    // 10 kHz on 1 kΩ: 50 µs of rest, less than the 100 µs that are looked at where there are as many.
    let mut parts = vec![(0.0, 500)];
    (0..50).for_each(|_| parts.extend([(-1e-3, 20), (0.0, 10), (1e-3, 20), (0.0, 50)]));
    let (currents, volts) = (noisy(&parts), levels(&parts));
    let mut noise = normal();
    let rows = currents.iter().zip(volts).enumerate();
    let rows: String =
        rows.map(|(at, (i, v))| format!("{at},{i:e},{:e}\n", 1e3 * v + 1e-3 * noise())).collect();
    let checks = ["access_resistance: { at_most: 1.1 kohm }", "access_resistance: { at_least: 900 ohm }"];
    let program = "amplitude: 1 mA, width: 20 us, gap: 10 us, rate: 10 kHz";
    let (analysis, said) = judged_table(&format!("Time (uS),I (A),V (V)\n{rows}"), program, &checks);
    let row = analysis.summary.iter().find(|row| row.name == "access_resistance").unwrap();
    near("access resistance", row.estimate.value, 1e3, 5.0);
    assert!(said.iter().all(|(verdict, _)| *verdict == Pass), "{said:?}");
}

#[test]
fn a_mean_of_edges_that_keep_step_with_the_samples_is_no_better_than_one() {
    use stimrig::record::Verdict::{Inconclusive, Pass};
    // 200.4 µs at 1 kHz, of which each pulse catches 200 samples.
    let pulse = [(-1e-3, 200), (0.0, 50), (1e-3, 200), (0.0, 550)];
    let samples = noisy(&[&[(0.0, 500)][..], &pulse.repeat(40)].concat());
    let checks = [
        "width: { of: programmed, within: 0.3 us, statistic: mean }",
        "width: { of: programmed, within: 2 us, statistic: mean }",
    ];
    let program = "amplitude: 1 mA, width: 200 us, gap: 50 us, rate: 1 kHz";
    let (analysis, said) = judged(&samples, program, &checks);
    assert_eq!((said[0].0, said[1].0), (Inconclusive, Pass), "{said:?}");
    let u = |name: &str| analysis.summary.iter().find(|row| row.name == name).unwrap().estimate.expanded();
    // Half an interval either way at each edge: 1.96 · 1 µs/√6.
    near("U of the mean width", u("width"), 0.8e-6, 0.01e-6);
    // And as much charge at 1 mA, with what the baseline leaves open.
    near("U of the mean charge", u("charge_per_phase"), 0.85e-9, 0.06e-9);
}

#[test]
fn a_mean_of_edges_that_wander_through_the_samples_is_better_than_one() {
    // Edges of six samples, and a quarter of a sample more from pulse to pulse: after four of them every place came once.
    let record = |period: f64| {
        let ramped = |at: usize| {
            let time = (at as f64 - 40.0).rem_euclid(period);
            let edge = |begin: f64| ((time - begin) / 6.0).clamp(0.0, 1.0);
            1e-3 * (edge(300.0) - edge(500.0) - edge(0.0) + edge(200.0))
        };
        let rows: String = (0..40_000).map(|at| format!("{at},{:e}\n", ramped(at))).collect();
        let capture = read("t.csv", format!("Time (uS),I (A)\n{rows}").as_bytes()).unwrap();
        let analysis = analyze(&capture, &Options::default()).unwrap();
        assert!((38..=40).contains(&analysis.pulses.len()), "{}", analysis.pulses.len());
        let width = analysis.summary.iter().find(|row| row.name == "width").unwrap().estimate.clone();
        let part = |name| width.budget.iter().find(|line| line.name == name).map_or(0.0, |line| line.u);
        (part("edges"), part("edges at a free phase"))
    };
    let (together, apart) = (record(1000.0), record(1000.25));
    // An edge of 4.8 samples from 10 to 90 %: 1 µs/√12/4.8², and √2 of it for both.
    let one = std::f64::consts::SQRT_2 * 1e-6 / 12_f64.sqrt() / 4.8_f64.powi(2);
    near("in step", together.0, one, 0.02 * one);
    assert!(together.1 < 1e-3 * one && apart.0 < 0.1 * one, "{together:?} {apart:?}");
    near("at a free phase", apart.1, one / 39_f64.sqrt(), 0.1 * one);
}

#[test]
fn a_recording_that_reaches_full_scale_is_clipped_whatever_its_width() {
    // 24 bits at 192 kS/s, without noise: tops of five samples at the end of the range, or just below it.
    let clipped = |level: f64| {
        let full = f64::from(1 << 23);
        let mut parts = vec![(0.0, 300)];
        (0..5).for_each(|_| parts.extend([(-level, 5), (0.0, 10), (level, 5), (0.0, 400)]));
        let codes =
            levels(&parts).into_iter().map(|value| (value * full).round().clamp(-full, full - 1.0) as i32);
        let data: Vec<u8> = codes.flat_map(|code| code.to_le_bytes().into_iter().take(3)).collect();
        let mut file = b"RIFF".to_vec();
        file.extend((36 + data.len() as u32).to_le_bytes());
        file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
        file.extend([192_000_u32, 576_000].iter().flat_map(|number| number.to_le_bytes()));
        file.extend(b"\x03\0\x18\0data");
        file.extend((data.len() as u32).to_le_bytes());
        file.extend(data);
        let options = Options {
            current: Some("CH1".into()),
            scale: Some(Scale::parse("1 mA/V").unwrap()),
            ..Options::default()
        };
        analyze(&read("x.wav", &file).unwrap(), &options).unwrap().has(FindingCode::Clipped)
    };
    assert!(clipped(1.2) && !clipped(0.99));
}

#[test]
fn a_monitor_that_inverts_is_scaled_by_a_negative_current() {
    let polarity = |scale: &str| {
        let arguments = "fuzz/seeds/npy/codes --current CH1 --sample-rate '1 MHz' --format json --scale";
        let output = super::shell("", &format!("{arguments} '{scale}'"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        json["pulses"][0]["phases"][0]["polarity"].as_i64().unwrap()
    };
    assert_eq!(polarity("122 nA/V"), -polarity("-122 nA/V"));
}
