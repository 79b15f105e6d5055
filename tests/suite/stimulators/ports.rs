//! Stimulators of other makers behind ports, in real time: within one process, and served by another one.

use rstest::rstest;

use super::runs::{PLAIN, scenario};
use crate::bench_on_ports::SimBench;
use crate::command::{run_in_real_time, stimrig, text};

#[rstest]
#[case("rig/stimjim.yaml")]
#[case("rig/template-text.yaml")]
#[case("rig/exec.yaml")]
#[case("rig/pulse-pal.yaml")]
#[case("rig/science-mode.yaml")]
fn the_same_scenario_passes_over_a_pseudo_terminal(#[case] rig: &str) {
    let file = scenario(PLAIN);
    let (code, record) =
        run_in_real_time(&["--rig", rig, "--set", "sim.transport=pty", file.path().to_str().unwrap()]);
    assert_eq!((code, record["outcome"].as_str()), (0, Some("passed")), "{rig}: {record:#}");
    assert_eq!((&record["safe_state"], &record["fidelity"]), (&"confirmed".into(), &"sim".into()));
}

#[rstest]
#[case("rig/stimjim.yaml")]
#[case("rig/template-text.yaml")]
#[case("rig/pulse-pal.yaml")]
#[case("rig/science-mode.yaml")]
fn a_served_bench_speaks_the_protocol_of_its_rig(#[case] rig: &str) {
    let bench = SimBench::serve(&["--rig", rig, "--phantom", "r1k"]);
    let file = scenario(PLAIN);
    let served = bench.rig();
    let arguments = ["--rig", served.to_str().unwrap(), file.path().to_str().unwrap()];
    let (code, record) = run_in_real_time(&arguments);
    assert_eq!((code, record["outcome"].as_str()), (0, Some("passed")), "{rig}: {record:#}");
    let stimulator = record["instruments"].as_array().unwrap().iter().find(|one| one["role"] == "stimulator");
    let driver = stimulator.unwrap()["driver"].as_str().unwrap().to_owned();
    assert!(rig.contains(&driver), "{rig}: {driver}");
    assert_eq!((&record["safe_state"], &record["fidelity"]), (&"confirmed".into(), &"sim".into()));
}

#[test]
fn a_binary_template_is_served_with_its_description() {
    let bench = SimBench::serve(&["--rig", "rig/opennerve-uart.yaml", "--phantom", "r1k"]);
    let written = std::fs::read_to_string(bench.rig()).unwrap();
    assert!(written.contains("driver: template") && written.contains("CRC-16/IBM-3740"), "{written}");
    let file = scenario(
        "version: 1\nname: OpenNerve\nphantom: r1k\nprogram: { waveform: alternating, amplitude: 0.4 mA, width: 500 us, rate: 20 Hz }\n\
         steps:\n  - start: {}\n  - wait: 0.5 s\n  - stop: {}\n\
         expect:\n  - amplitude: { of: programmed, within: 2 % }\n  - rate: { of: programmed, within: 0.5 % }\n",
    );
    let served = bench.rig();
    let (code, record) =
        run_in_real_time(&["--rig", served.to_str().unwrap(), file.path().to_str().unwrap()]);
    assert_eq!((code, record["outcome"].as_str()), (0, Some("passed")), "{record:#}");
}

#[test]
fn a_stimulator_without_a_port_cannot_be_served() {
    let folder = tempfile::tempdir().unwrap();
    for rig in ["rig/exec.yaml", "rig/manual.yaml"] {
        let output = stimrig().args(["sim", "--rig", rig, "--dir"]).arg(folder.path()).output().unwrap();
        let said = text(&output);
        assert!(
            output.status.code() == Some(2) && said.contains("has no port that could be served"),
            "{said}"
        );
    }
}

/// A halted core behind a port: the probe stands on the bench in this process, whatever the wires are.
#[cfg(feature = "probe")]
#[test]
fn a_simulated_probe_stands_beside_pseudo_terminals() {
    let (code, record) =
        run_in_real_time(&["scenarios/fault-shutdown/core-halt.yaml#1", "--set", "sim.transport=pty"]);
    assert_eq!((code, record["outcome"].as_str()), (0, Some("passed")), "{record:#}");
    let probe = record["instruments"].as_array().unwrap().iter().any(|one| one["role"] == "probe");
    assert!(probe, "{record:#}");
}
