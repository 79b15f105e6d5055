//! Real oscilloscope captures against what was read off them independently (`fixtures/captures/README.md`).

use stimrig::analyze::{Analysis, FindingCode, Options, Scale, analyze};
use stimrig::capture::read;

mod judged;
mod low;
mod quiet;
mod shapes;
mod unclear;

fn capture(name: &str, max_error: Option<f64>) -> Analysis {
    let file = format!("fixtures/captures/{name}.CSV");
    let capture = read(&file, &std::fs::read(&file).unwrap()).unwrap();
    let options = Options {
        current: Some("CH2".into()),
        contact: None,
        voltage: Some("CH1".into()),
        scale: Some(Scale::parse("1 mA/A").unwrap()),
        max_error,
    };
    analyze(&capture, &options).unwrap()
}

fn document(analysis: &Analysis) -> serde_json::Value {
    serde_json::to_value(stimrig::analyze::json(analysis, &[])).unwrap()
}

fn near(what: &str, value: f64, expected: f64, within: f64) {
    assert!((value - expected).abs() <= within, "{what}: {value:e}, expected {expected:e} within {within:e}");
}

#[test]
fn the_good_captures_give_the_numbers_read_off_them() {
    // Amplitudes, widths, gap, charge, net charge, imbalance: README of the captures, with its tolerances.
    let table = [
        (
            "TEK00001",
            [337.3e-6, 342.3e-6, 200.23e-6, 199.52e-6, 100.08e-6, -67.13e-9, 1.55e-9, 0.0231],
            -1.361,
            -0.551,
        ),
        (
            "TEK00003",
            [335.9e-6, 339.7e-6, 200.25e-6, 199.50e-6, 100.08e-6, -66.86e-9, 1.28e-9, 0.0192],
            -1.431,
            -0.544,
        ),
    ];
    for (name, expected, access, polarization) in table {
        let analysis = capture(name, None);
        assert_eq!(analysis.pulses.len(), 1, "{name}");
        let pulse = &analysis.pulses.get(0).unwrap();
        let [lead, recovery] = &pulse.phases[..] else { panic!("{name}: {} phases", pulse.phases.len()) };
        assert_eq!((lead.polarity, recovery.polarity), (-1, 1));
        let found = [
            lead.amplitude.value,
            recovery.amplitude.value,
            lead.width.value,
            recovery.width.value,
            pulse.gap.as_ref().unwrap().value,
            lead.charge.value,
            pulse.net_charge.value,
            pulse.charge_imbalance.value,
        ];
        let within = [1e-6, 1e-6, 0.3e-6, 0.3e-6, 0.3e-6, 0.4e-9, 0.25e-9, 0.004];
        for (at, ((found, expected), within)) in found.iter().zip(expected).zip(within).enumerate() {
            near(&format!("{name} row {at}"), *found, expected, within);
        }
        near("access voltage", pulse.access_voltage.as_ref().unwrap().value, access, 0.03);
        near("polarization", pulse.polarization.as_ref().unwrap().value, polarization, 0.03);
        assert!(analysis.has(FindingCode::BaselineNotQuiet));
        assert_eq!(analysis.findings.len(), 1, "{:?}", analysis.findings);
    }
}

#[test]
fn the_uncertainty_is_that_of_the_record() {
    let analysis = capture("TEK00001", None);
    let pulse = &analysis.pulses.get(0).unwrap();
    let amplitude = &pulse.phases[0].amplitude;
    let relative = amplitude.expanded() / amplitude.value;
    assert!((0.005..=0.016).contains(&relative), "{relative}");
    let imbalance = pulse.charge_imbalance.expanded();
    assert!((0.008..=0.018).contains(&imbalance), "{imbalance}");
    let worse = capture("TEK00003", None);
    near(
        "U(amplitude) of TEK00003",
        worse.pulses.get(0).unwrap().phases[0].amplitude.expanded() / 335.9e-6,
        0.017,
        0.002,
    );
    near("U(imbalance) of TEK00003", worse.pulses.get(0).unwrap().charge_imbalance.expanded(), 0.026, 0.004);
}

#[test]
fn a_failed_electrode_has_no_pulse_and_says_why() {
    let analysis = capture("TEK00006", None);
    assert!(analysis.pulses.is_empty());
    let of = |code| {
        analysis.findings.iter().find(|finding| finding.code == code).map(|finding| finding.message.as_str())
    };
    assert!(of(FindingCode::NoPulses).is_some());
    assert!(of(FindingCode::NoCurrentAtCompliance).unwrap().contains("±2.5 V"), "{:?}", analysis.findings);
}

#[test]
fn the_program_of_the_captures_is_judged_with_their_uncertainty() {
    use stimrig::record::Verdict::{Fail, Inconclusive, Invalid, Pass};
    let loaded = stimrig::cli::load::load_cases(&["fixtures/captures/programmed.yaml".into()]).unwrap();
    let case = &loaded.cases[0];
    let verdicts = |name, max_error| -> Vec<_> {
        stimrig::analyze::judge(&capture(name, max_error), case)
            .into_iter()
            .map(|check| check.verdict)
            .collect()
    };
    // Amplitude within 2 %, within 6 %, width, gap, polarity, imbalance at most 0.5 %, net charge within 5 nC.
    assert_eq!(verdicts("TEK00001", None), [Fail, Pass, Pass, Pass, Pass, Fail, Pass]);
    assert_eq!(verdicts("TEK00001", Some(0.03)), [Inconclusive, Inconclusive, Pass, Pass, Pass, Fail, Pass]);
    assert_eq!(verdicts("TEK00006", None), [Invalid; 7]);
}

/// Levels (A) of these lengths (µs), one a microsecond.
fn levels(parts: &[(f64, usize)]) -> Vec<f64> {
    parts.iter().flat_map(|(level, length)| std::iter::repeat_n(*level, *length)).collect()
}

/// The same with a little noise on them.
fn noisy(parts: &[(f64, usize)]) -> Vec<f64> {
    let mut seed = 7_u32;
    let mut noise = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(seed >> 16) / 65_536.0 - 0.5
    };
    levels(parts).into_iter().map(|level| level + 4e-6 * noise()).collect()
}

/// Judges samples (A), one a microsecond, by the checks of a scenario with this program: their analysis, and each check's
/// verdict and reason.
fn judged(
    samples: &[f64],
    program: &str,
    checks: &[&str],
) -> (Analysis, Vec<(stimrig::record::Verdict, String)>) {
    let rows: String = samples.iter().enumerate().map(|(at, sample)| format!("{at},{sample:e}\n")).collect();
    judged_table(&format!("Time (uS),I (A)\n{rows}"), program, checks)
}

/// The same of a table.
fn judged_table(
    table: &str,
    program: &str,
    checks: &[&str],
) -> (Analysis, Vec<(stimrig::record::Verdict, String)>) {
    judged_on("r1k", table, program, checks)
}

/// The same of a scenario on another phantom.
fn judged_on(
    phantom: &str,
    table: &str,
    program: &str,
    checks: &[&str],
) -> (Analysis, Vec<(stimrig::record::Verdict, String)>) {
    let capture = read("train.csv", table.as_bytes()).unwrap();
    let analysis = analyze(&capture, &Options::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("train.yaml");
    let lines: String = checks.iter().map(|check| format!("  - {check}\n")).collect();
    let text = format!(
        "version: 1\nname: train\nphantom: {phantom}\nprogram: {{ {program} }}\nduration: 1 s\nexpect:\n{lines}"
    );
    std::fs::write(&file, text).unwrap();
    let loaded = stimrig::cli::load::load_cases(&[file]).unwrap();
    let records = stimrig::analyze::judge(&analysis, &loaded.cases[0]);
    let said = records.into_iter().map(|check| (check.verdict, check.reason.unwrap_or_default())).collect();
    (analysis, said)
}

#[test]
fn what_is_unlike_the_train_is_no_pass_of_the_rest() {
    use stimrig::record::Verdict::{Invalid, Pass};
    let program = "amplitude: 1 mA, width: 200 us, gap: 50 us, rate: 400 Hz";
    let checks = [
        "width: { of: programmed, within: 5 % }",
        "width: { of: programmed, within: 5 %, statistic: mean }",
        "amplitude: { of: programmed, within: 5 % }",
        "charge_per_phase: { of: programmed, within: 10 % }",
        "charge_imbalance: { at_most: 10 %, window: pulse }",
        "polarity: { equals: -1 }",
        "rate: { of: programmed, within: 1 % }",
        "pulse_count: { equals: 30 }",
    ];
    let pulse = [(-1e-3, 200), (0.0, 50), (1e-3, 200), (0.0, 2050)];
    let train = |odd: &[(f64, usize)]| {
        let mut parts = vec![(0.0, 500)];
        for at in 0..30 {
            parts.extend(pulse);
            if at == 20 {
                parts.extend(odd);
            }
        }
        parts
    };
    let (analysis, said) = judged(&noisy(&train(&[])), program, &checks);
    assert_eq!(analysis.pulses.len(), 30);
    assert!(said.iter().all(|(verdict, _)| *verdict == Pass), "{said:?}");
    // Stuck for ten widths; and a pulse too many, of a fifth of the width.
    for (odd, named) in [
        (vec![(-1e-3, 2000), (0.0, 700)], "for 2 ms at"),
        (vec![(-1e-3, 40), (0.0, 50), (1e-3, 40), (0.0, 400)], "2 much shorter phases, the first "),
    ] {
        let (analysis, said) = judged(&noisy(&train(&odd)), program, &checks);
        assert_eq!(analysis.pulses.len(), 30);
        assert!(analysis.has(FindingCode::UnlikeTheTrain), "{:?}", analysis.findings);
        for (verdict, reason) in &said {
            let told = reason.contains("beside the train and not measured") && reason.contains(named);
            assert!(*verdict == Invalid && told, "{verdict:?}: {reason}");
        }
    }
}

#[test]
fn the_rate_of_all_pulses_is_not_held_against_that_of_bursts() {
    use stimrig::record::Verdict;
    let program =
        "amplitude: 1 mA, width: 200 us, gap: 50 us, rate: 40 Hz, burst: { pulses: 5, rate: 500 Hz }";
    let mut parts = vec![(0.0, 500)];
    for _ in 0..4 {
        for _ in 0..5 {
            parts.extend([(-1e-3, 200), (0.0, 50), (1e-3, 200), (0.0, 1550)]);
        }
        parts.push((0.0, 15_000));
    }
    let checks = ["rate: { of: programmed, within: 1 % }", "width: { of: programmed, within: 5 % }"];
    let (_, said) = judged(&noisy(&parts), program, &checks);
    let [(rate, reason), (width, _)] = &said[..] else { panic!("{said:?}") };
    assert!(*rate == Verdict::Invalid && reason.contains("bursts"), "{said:?}");
    assert_eq!(*width, Verdict::Pass, "{said:?}");
}

#[test]
fn a_percentile_goes_by_the_room_to_the_limit_not_by_what_is_largest() {
    use stimrig::record::Verdict::{Fail, Pass};
    // 100 Ω and 1 kΩ in turn.
    let (mut currents, mut voltages) = (vec![(0.0, 500)], vec![(0.0, 500)]);
    for at in 0..100 {
        let pulse = [(-1e-3, 100), (0.0, 50), (1e-3, 100), (0.0, 250)];
        let ohms = if at % 2 == 0 { 100.0 } else { 1000.0 };
        currents.extend(pulse);
        voltages.extend(pulse.map(|(level, length)| (ohms * level, length)));
    }
    let samples = noisy(&currents).into_iter().zip(noisy(&voltages)).enumerate();
    let rows: String = samples.map(|(at, (i, v))| format!("{at},{i:e},{v:e}\n")).collect();
    let checks = [
        "access_resistance: { at_least: 500 ohm, statistic: p99 }",
        "access_resistance: { at_most: 500 ohm, statistic: p99 }",
        "access_resistance: { at_least: 50 ohm, statistic: p99 }",
    ];
    let program = "amplitude: 1 mA, width: 100 us, gap: 50 us, rate: 2 kHz";
    let (analysis, said) = judged_table(&format!("Time (uS),I (A),V (V)\n{rows}"), program, &checks);
    assert_eq!(analysis.pulses.len(), 100);
    let verdicts: Vec<_> = said.iter().map(|(verdict, _)| *verdict).collect();
    assert_eq!(verdicts, [Fail, Fail, Pass], "{said:?}");
}

#[test]
fn rounding_that_no_noise_spreads_counts_over_the_whole_phase() {
    use stimrig::record::Verdict::Inconclusive;
    // A balanced 1:8 pulse in steps of 20 µA: the recovery of 0.25 mA is rounded to 0.24 mA in each of its 1600 samples.
    let mut parts = vec![(0.0, 500)];
    for _ in 0..4 {
        parts.extend([(-2e-3, 200), (0.0, 50), (0.24e-3, 1600), (0.0, 4000)]);
    }
    let mut samples = levels(&parts);
    // A code that flickers now and then shows the step.
    samples.iter_mut().step_by(97).filter(|level| **level == 0.0).for_each(|level| *level = 20e-6);
    let checks = [
        "net_charge: { within: 5 nC, window: pulse }",
        "charge_imbalance: { at_most: 2 %, window: pulse }",
        "charge_imbalance: { within: 2 %, window: cycle }",
    ];
    let program = "amplitude: 1 mA, width: 200 us, gap: 50 us, rate: 100 Hz";
    let (analysis, said) = judged(&samples, program, &checks);
    let pulse = analysis.pulses.get(0).unwrap();
    near("net charge", pulse.net_charge.value, -16e-9, 1e-9);
    let u = pulse.net_charge.expanded();
    assert!((16e-9..60e-9).contains(&u), "{u:e}");
    assert!(said.iter().all(|(verdict, _)| *verdict == Inconclusive), "{said:?}");
}

/// Pulses of two phases with edges of six samples, 25 µs apart by samples of 1 µs: at any time, A.
fn ramped(time: f64) -> f64 {
    let edge = |at: f64, time: f64| ((time - at) / 6e-6).clamp(0.0, 1.0);
    let phase = |at: f64, time: f64| edge(at, time) - edge(at + 200e-6, time);
    let time = (time - 40e-6).rem_euclid(1e-3);
    1e-3 * (phase(300e-6, time) - phase(0.0, time))
}

#[test]
fn a_coarse_time_column_widens_u_of_rates_and_durations() {
    // Samples of 0.96 µs, whose times are rounded to 1 µs: up at the first of them and down at the last.
    let (t0, dt) = (0.55e-6, 0.96e-6);
    let record = |samples: usize, decimals: usize| {
        let row = |at: usize| {
            let time = t0 + at as f64 * dt;
            format!("{time:.decimals$},{:e}\n", ramped(time))
        };
        let rows: String = (0..samples).map(row).collect();
        let capture = read("coarse.csv", format!("time_s,i_A\n{rows}").as_bytes()).unwrap();
        analyze(&capture, &Options::default()).unwrap()
    };
    let of = |analysis: &Analysis, name: &str| {
        let row = analysis.summary.iter().find(|row| row.name == name).unwrap();
        let line = row.estimate.budget.iter().find(|line| line.name == "sample interval of the file");
        (row.estimate.value, row.estimate.expanded(), line.map(|line| (line.u, line.common)))
    };
    // 0.55 + 0.96 · 4655 = 4469.35.
    let coarse = record(4656, 6);
    assert_eq!(coarse.pulses.len(), 4);
    let part = 1e-6 / (6_f64.sqrt() * 4468e-6);
    for (name, expected) in
        [("rate", 1000.0), ("width", 200e-6), ("gap", 100e-6), ("charge_per_phase", 200e-9)]
    {
        let (value, u, line) = of(&coarse, name);
        let (own, common) = line.unwrap();
        near(name, own / value, part, 1e-3 * part);
        assert!(common && (value - expected).abs() <= u, "{name}: {value:e} ± {u:e}");
        assert_eq!(of(&record(4656, 12), name).2.map_or(0.0, |(u, _)| (u / expected * 1e6).round()), 0.0);
    }
}

#[test]
fn what_is_left_of_a_pulse_at_an_end_of_the_record_is_told_and_not_measured() {
    let pulse = [(-2e-3, 100), (0.0, 60), (0.5e-3, 400), (0.0, 1440)];
    let mut parts = vec![(0.0, 30), (0.5e-3, 400), (0.0, 1440)];
    (0..5).for_each(|_| parts.extend(pulse));
    parts.extend([(-2e-3, 100), (0.0, 30)]);
    let checks = [
        "amplitude: { of: programmed, within: 2 % }",
        "rate: { of: programmed, within: 1 % }",
        "polarity: { equals: -1 }",
    ];
    let program = "amplitude: 2 mA, width: 100 us, gap: 60 us, rate: 500 Hz";
    let (analysis, said) = judged(&noisy(&parts), program, &checks);
    assert_eq!(analysis.pulses.len(), 5);
    let told: Vec<_> = analysis.findings.iter().map(|finding| (finding.code, &finding.message)).collect();
    let cut = told.iter().find(|(code, _)| *code == FindingCode::TruncatedPulse);
    assert!(cut.is_some_and(|(_, message)| message.starts_with("2 pulses are cut off")), "{told:?}");
    assert!(said.iter().all(|(verdict, _)| *verdict == stimrig::record::Verdict::Pass), "{said:?}");
}

#[test]
fn short_tops_that_a_range_cuts_off_are_told_of() {
    let mut parts = vec![(0.0, 200)];
    (0..10).for_each(|_| parts.extend([(-1e-3, 8), (0.0, 8), (1e-3, 8), (0.0, 176)]));
    let rows = |limit: f64, step: f64| {
        let code = |value: f64| (value.clamp(-limit, limit) / step).round() * step;
        noisy(&parts).into_iter().map(code).collect::<Vec<_>>()
    };
    let clipped = |samples: &[f64]| {
        let rows: String = samples.iter().enumerate().map(|(at, i)| format!("{at},{i:e}\n")).collect();
        let capture = read("tops.csv", format!("Time (uS),I (A)\n{rows}").as_bytes()).unwrap();
        analyze(&capture, &Options::default()).unwrap().has(FindingCode::Clipped)
    };
    assert!(clipped(&rows(0.9e-3, 0.1e-6)));
    assert!(!clipped(&rows(2e-3, 0.1e-6)), "the range is wide enough");
    assert!(!clipped(&rows(2e-3, 10e-6)), "its noise is less than its resolution");
}

#[test]
fn every_field_of_the_json_is_there_and_none_is_nan() {
    for name in ["TEK00001", "TEK00006"] {
        let json = document(&capture(name, None));
        for key in [
            "version",
            "file",
            "dialect",
            "sample_rate",
            "samples",
            "pulses",
            "summary",
            "findings",
            "checks",
        ] {
            assert!(!json[key].is_null(), "{name}: {key}");
        }
        assert_eq!(json["samples"], 2000);
        assert!(!json.to_string().contains("NaN"));
    }
    let json = document(&capture("TEK00001", None));
    let pulse = &json["pulses"][0];
    assert_eq!(pulse["phases"][0]["polarity"], -1);
    for key in ["gap", "net_charge", "charge_imbalance", "access_voltage", "polarization"] {
        assert!(pulse[key]["value"].is_f64() && pulse[key]["uncertainty"].is_f64(), "{key}");
    }
    assert_eq!(json["summary"]["amplitude"]["unit"], "A");
    assert_eq!(json["findings"][0]["code"], "baseline-not-quiet");
}

/// `stimrig analyze` with these arguments, in a shell after `before`.
fn shell(before: &str, arguments: &str) -> std::process::Output {
    let command = format!("{before} exec {} analyze {arguments}", env!("CARGO_BIN_EXE_stimrig"));
    std::process::Command::new("bash").args(["-c", &command]).output().unwrap()
}

#[test]
fn codes_without_a_time_need_a_sample_rate_and_nothing_else_takes_one() {
    let said = |output: &std::process::Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let codes = "fuzz/seeds/npy/codes --current CH1 --scale '122 nA/V'";
    let refused = shell("", codes);
    assert_eq!(refused.status.code(), Some(2));
    assert!(said(&refused).contains("how many samples a second") && said(&refused).contains("--sample-rate"));
    let read = shell("", &format!("{codes} --sample-rate '1 MHz' --format json"));
    assert!(read.status.success(), "{}", said(&read));
    let json: serde_json::Value = serde_json::from_slice(&read.stdout).unwrap();
    // 8200 codes of 122 nA for 30 samples.
    near("amplitude", json["summary"]["amplitude"]["value"].as_f64().unwrap(), 8200.0 * 122e-9, 3e-7);
    near("width", json["summary"]["width"]["value"].as_f64().unwrap(), 30e-6, 1e-7);
    for own in ["fuzz/seeds/wav/two-channels", "fixtures/captures/TEK00001.CSV"] {
        let refused = shell("", &format!("{own} --sample-rate '2 MHz'"));
        assert_eq!(refused.status.code(), Some(2), "{own}");
        assert!(said(&refused).contains("states its own"), "{}", said(&refused));
    }
}

#[test]
fn a_long_recording_of_codes_takes_no_more_memory_than_a_short_one() {
    use std::io::{Seek, SeekFrom, Write};
    const SAMPLES: u64 = 20_000_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.wav");
    let mut file = std::fs::File::create(&path).unwrap();
    let bytes = u32::try_from(2 * SAMPLES).unwrap();
    let mut head = b"RIFF".to_vec();
    head.extend((36 + bytes).to_le_bytes());
    head.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    head.extend([1_000_000_u32, 2_000_000].iter().flat_map(|number| number.to_le_bytes()));
    head.extend(b"\x02\0\x10\0data");
    head.extend(bytes.to_le_bytes());
    file.write_all(&head).unwrap();
    // A pulse each second on a file that is a hole elsewhere: -1000 codes for 200 samples, +500 for 400.
    let pulse: Vec<u8> = [vec![-1000_i16; 200], vec![0; 20], vec![500; 400]]
        .concat()
        .iter()
        .flat_map(|code| code.to_le_bytes())
        .collect();
    for second in 0..20 {
        file.seek(SeekFrom::Start(44 + 2 * (1_000_000 * second + 70_000))).unwrap();
        file.write_all(&pulse).unwrap();
    }
    file.set_len(44 + 2 * SAMPLES).unwrap();
    drop(file);
    // Its values alone take 160 MB, and as much again where they are sorted; a program's own mappings count as well.
    let arguments = format!("{} --current CH1 --scale '32.768 mA/V' --format json", path.display());
    let output = shell("ulimit -v 400000;", &arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["samples"].as_u64(), Some(SAMPLES));
    assert_eq!(json["pulses"].as_array().unwrap().len(), 20);
    let pulse = &json["pulses"][19];
    near("time", pulse["time"].as_f64().unwrap(), 19.07, 1e-6);
    near("amplitude", pulse["phases"][0]["amplitude"]["value"].as_f64().unwrap(), 1e-3, 1e-12);
    near("net charge", pulse["net_charge"]["value"].as_f64().unwrap(), 0.0, 1e-15);
    near("rate", json["summary"]["rate"]["value"].as_f64().unwrap(), 1.0, 1e-9);
}

#[test]
fn a_page_cannot_be_broken_by_a_file_name() {
    let mut analysis = capture("TEK00001", None);
    analysis.file = "<script>alert(1)</script>.csv".into();
    let page = stimrig::analyze::html(&[(analysis, Vec::new())]).unwrap();
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;"));
}
