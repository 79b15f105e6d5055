//! Real oscilloscope captures against what was read off them independently (`fixtures/captures/README.md`).

use stimrig::analyze::{Analysis, FindingCode, Options, Scale, analyze};
use stimrig::capture::read;

fn capture(name: &str, max_error: Option<f64>) -> Analysis {
    let file = format!("fixtures/captures/{name}.CSV");
    let capture = read(&file, &std::fs::read(&file).unwrap()).unwrap();
    let options = Options {
        current: Some("CH2".into()),
        voltage: Some("CH1".into()),
        scale: Some(Scale::parse("1 mA/A").unwrap()),
        max_error,
    };
    analyze(&capture, &options).unwrap()
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
        let pulse = &analysis.pulses[0];
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
    let pulse = &analysis.pulses[0];
    let amplitude = &pulse.phases[0].amplitude;
    let relative = amplitude.expanded() / amplitude.value;
    assert!((0.005..=0.016).contains(&relative), "{relative}");
    let imbalance = pulse.charge_imbalance.expanded();
    assert!((0.008..=0.018).contains(&imbalance), "{imbalance}");
    let worse = capture("TEK00003", None);
    near("U(amplitude) of TEK00003", worse.pulses[0].phases[0].amplitude.expanded() / 335.9e-6, 0.017, 0.002);
    near("U(imbalance) of TEK00003", worse.pulses[0].charge_imbalance.expanded(), 0.026, 0.004);
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

#[test]
fn every_field_of_the_json_is_there_and_none_is_nan() {
    for name in ["TEK00001", "TEK00006"] {
        let json = stimrig::analyze::json(&capture(name, None), &[]);
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
    let json = stimrig::analyze::json(&capture("TEK00001", None), &[]);
    let pulse = &json["pulses"][0];
    assert_eq!(pulse["phases"][0]["polarity"], -1);
    for key in ["gap", "net_charge", "charge_imbalance", "access_voltage", "polarization"] {
        assert!(pulse[key]["value"].is_f64() && pulse[key]["uncertainty"].is_f64(), "{key}");
    }
    assert_eq!(json["summary"]["amplitude"]["unit"], "A");
    assert_eq!(json["findings"][0]["code"], "baseline-not-quiet");
}

#[test]
fn a_page_cannot_be_broken_by_a_file_name() {
    let mut analysis = capture("TEK00001", None);
    analysis.file = "<script>alert(1)</script>.csv".into();
    let page = stimrig::analyze::html(&[(analysis, Vec::new())]).unwrap();
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;"));
}
