//! Calibration of a load: written by `stimrig calibrate`, named by a rig file, applied where samples become amperes.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rstest::rstest;
use serde_json::Value;
use stimrig::rig::{Certificate, read_certificate};
use stimrig::source::Source;

use crate::bench_on_ports::{SimBench, eventually};
use crate::command::{checks, run, stimrig, text};

/// One step of the simulated board's converter, A.
const STEP: f64 = 25e-3 / 32767.0;

fn calibrated(folder: &Path, seed: u32) -> (PathBuf, Certificate) {
    let path = folder.join("cal.yaml");
    let set = format!("sim.seed={seed}");
    let output = stimrig()
        .arg("calibrate")
        .arg(&path)
        .args(["--source-u", "0.01 %", "--force", "--set", &set])
        .output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let written = std::fs::read_to_string(&path).unwrap();
    let certificate = read_certificate(&Source::new("cal.yaml", written.as_str())).unwrap();
    (path, certificate)
}

fn rig(folder: &Path, seed: u32, calibration: &str) -> String {
    let path = folder.join("rig.yaml");
    let line = if calibration.is_empty() { String::new() } else { format!("calibration: {calibration}\n") };
    std::fs::write(
        &path,
        format!(
            "version: 1\nname: calibrated\nstimulator: {{ driver: simulated }}\nload: {{ driver: simulated }}\n{line}sim: {{ seed: {seed} }}\n"
        ),
    )
    .unwrap();
    path.display().to_string()
}

/// 3 mA through 1 kohm for 0.5 s: value and U of its mean amplitude, and the record.
fn amplitude(folder: &Path, rig: &str) -> (i32, Value) {
    let path = folder.join("case.yaml");
    std::fs::write(
        &path,
        "version: 1\nname: amplitude\nphantom: r1k\nprogram: { amplitude: 3 mA, width: 200 us, gap: 50 us, rate: 50 Hz }\n\
         duration: 500 ms\nexpect:\n  - amplitude: { of: programmed, within: 3 %, statistic: mean }\n",
    )
    .unwrap();
    run(&[path.to_str().unwrap(), "--rig", rig])
}

fn value(record: &Value) -> (f64, f64) {
    let all = checks(record);
    let check = all[0].1;
    (check["value"].as_f64().unwrap(), check["uncertainty"].as_f64().unwrap())
}

#[rstest]
fn a_calibration_finds_the_gain_and_brings_readings_to_the_truth(#[values(1, 2, 3, 4)] seed: u32) {
    let folder = tempfile::tempdir().unwrap();
    // The board's converter is exact: what flows is its code.
    let truth = (3e-3 / STEP).round() * STEP;
    let (_, plain) = amplitude(folder.path(), &rig(folder.path(), seed, ""));
    let (before, before_u) = value(&plain);
    let (_, certificate) = calibrated(folder.path(), seed);
    let (exit, record) = amplitude(folder.path(), &rig(folder.path(), seed, "cal.yaml"));
    assert_eq!(exit, 0, "{record:#}");
    let (after, after_u) = value(&record);
    assert!(
        (after - truth).abs() <= after_u && after_u < 0.5 * before_u,
        "{after} ± {after_u}, {truth}, ± {before_u}"
    );
    // The gain against an independent one: the stimulator's own exact current, read without calibration.
    let found = certificate.channels.iter().find(|one| one.channel == "e1" && one.range == 4e-3).unwrap();
    let room = 2.0 * found.gain.1 + after_u / truth;
    assert!((found.gain.0 - before / truth).abs() <= room, "{} {} ± {room}", found.gain.0, before / truth);
    let load = record["instruments"].as_array().unwrap().iter().find(|one| one["role"] == "load").unwrap();
    assert_eq!(load["calibration"], certificate.stated());
}

#[test]
fn every_range_of_both_quantities_is_calibrated_against_the_resistor() {
    let folder = tempfile::tempdir().unwrap();
    let (_, certificate) = calibrated(folder.path(), 1);
    let names: Vec<String> =
        certificate.channels.iter().map(|one| format!("{} {}", one.channel, one.range)).collect();
    assert_eq!(names, ["e1 0.004", "e1 0.032", "case 0.004", "case 0.032", "v1 2", "v1 20"]);
    for one in &certificate.channels {
        // Drawn with 0.05 % and 2 lsb.
        assert!((one.gain.0 - 1.0).abs() < 2.5e-3 && one.gain.1 < 2e-3, "{one:?}");
        assert!(one.offset.0.abs() < 10.0 * one.range / 32768.0, "{one:?}");
        // Whose offset it is, nobody says.
        assert!(one.offset.1 >= 0.57 * one.offset.0.abs(), "{one:?}");
    }
}

/// Levels and times of a calibration of the default bench, as its documentation has them: nine levels over 80 % of each range
/// of `e1`, `case` (4 mA, 32 mA) and `v1` (2 V, 20 V across 1 kohm), and no more than `limit` (A), each read for `dwell` after 5 ms.
fn staircase(dwell: f64, limit: f64) -> Vec<(f64, f64)> {
    let mut levels = Vec::new();
    let mut t = 0.0;
    for (range, sign) in [(4e-3, 1.0), (32e-3, 1.0), (4e-3, -1.0), (32e-3, -1.0), (2e-3, 1.0), (20e-3, 1.0)] {
        for step in -4..=4 {
            levels.push((t, sign * limit.min(0.8 * range) * f64::from(step) / 4.0));
            t += 0.005 + dwell;
        }
    }
    levels.push((t, 0.0));
    levels
}

/// What an instrument shows of a current that is `gain` times what the source was told: a sample each millisecond, from
/// 200 ms before the first level on.
fn instrument(path: &Path, dwell: f64, gain: f64) {
    // The default bench allows 25 mA, and 80 % of 32 mA are 25.6.
    instrument_within(path, dwell, gain, 25e-3);
}

fn instrument_within(path: &Path, dwell: f64, gain: f64, limit: f64) {
    let levels = staircase(dwell, limit);
    let end = levels.last().unwrap().0;
    let mut text = String::from("time (s),reference (A)\n");
    for sample in 0..((end + 0.4) / 1e-3) as usize {
        let t = sample as f64 * 1e-3 - 0.2;
        let now = levels.iter().rev().find(|(from, _)| *from <= t).map_or(0.0, |(_, current)| *current);
        let noise = if sample % 2 == 0 { 2e-7 } else { -2e-7 };
        text += &format!("{:.3},{:.9}\n", sample as f64 * 1e-3, gain * now + noise);
    }
    std::fs::write(path, text).unwrap();
}

fn against(folder: &Path, more: &[&str]) -> (Option<i32>, String) {
    let mut command = stimrig();
    command.arg("calibrate").arg(folder.join("cal.yaml")).args(["--reference-u", "0.01 %", "--force"]);
    command.arg("--reference").arg(folder.join("reference.csv")).args(more);
    let output = command.output().unwrap();
    (output.status.code(), text(&output))
}

#[rstest]
fn a_recorded_reference_counts_instead_of_the_source(#[values(1.0, 1.004)] gain: f64) {
    let folder = tempfile::tempdir().unwrap();
    let (_, by_source) = calibrated(folder.path(), 1);
    instrument(&folder.path().join("reference.csv"), 0.05, gain);
    let (exit, said) = against(folder.path(), &["--set", "sim.seed=1"]);
    assert_eq!(exit, Some(0), "{said}");
    let written = std::fs::read_to_string(folder.path().join("cal.yaml")).unwrap();
    let recorded = read_certificate(&Source::new("cal.yaml", written.as_str())).unwrap();
    assert_eq!(recorded.channels.len(), 6);
    assert!(recorded.reference.as_deref().unwrap().contains("sha256"), "{recorded:?}");
    // The source of the simulated load is exact: a gain is what it is told over what the instrument says.
    for (one, plain) in recorded.channels.iter().zip(&by_source.channels) {
        assert_eq!((&one.channel, one.range), (&plain.channel, plain.range));
        let room = 2.0 * one.gain.1 + 2.0 * plain.gain.1;
        assert!((one.gain.0 - plain.gain.0 / gain).abs() < room, "{one:?} {plain:?}");
        assert!(
            one.gain.1 < 1e-3 && (one.offset.0 - plain.offset.0).abs() < 3e-4 * one.range,
            "{one:?} {plain:?}"
        );
    }
}

/// The record follows the levels only if they end where the rig's limit does.
#[test]
fn a_calibration_stays_within_the_amplitude_that_the_rig_allows() {
    let folder = tempfile::tempdir().unwrap();
    instrument_within(&folder.path().join("reference.csv"), 0.05, 1.0, 2e-3);
    let (exit, said) = against(folder.path(), &["--set", "sim.seed=1", "--set", "limits.amplitude=2 mA"]);
    assert_eq!(exit, Some(0), "{said}");
    let written = std::fs::read_to_string(folder.path().join("cal.yaml")).unwrap();
    let certificate = read_certificate(&Source::new("cal.yaml", written.as_str())).unwrap();
    assert_eq!(certificate.channels.len(), 6);
    for one in &certificate.channels {
        // Drawn with 0.05 %; what a sixteenth of a scale shows of it is less certain, and says so.
        assert!((one.gain.0 - 1.0).abs() < 2.5e-3 + 2.0 * one.gain.1 && one.gain.1 < 5e-3, "{one:?}");
    }
}

#[test]
fn a_reference_that_does_not_cohere_is_refused_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("reference.csv");
    let refused = |more: &[&str], exit, why: &str| {
        let (found, said) = against(folder.path(), more);
        assert!(found == Some(exit) && said.contains(why), "{why}: {found:?} {said}");
        assert!(!folder.path().join("cal.yaml").exists());
    };
    instrument(&file, 0.05, 0.8);
    refused(&[], 3, "shows 0.8000 of what was driven");
    instrument(&file, 0.05, -1.0);
    refused(&[], 3, "opposite sign");
    // Another staircase.
    instrument(&file, 0.1, 1.0);
    refused(&[], 3, "does not follow the levels");
    instrument(&file, 0.02, 1.0);
    refused(&[], 3, "s long, and the levels took");
    instrument(&file, 0.05, 1.0);
    refused(&["--channel", "nothing"], 3, "there is no column `nothing`");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("(A)", "(V)")).unwrap();
    refused(&[], 3, "no column is in ampere");
    std::fs::write(&file, "no capture").unwrap();
    refused(&[], 3, "reference");
}

#[test]
fn an_expired_calibration_makes_every_check_invalid() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = calibrated(folder.path(), 1);
    let text = std::fs::read_to_string(&path).unwrap();
    let lines = text.lines().map(|line| match line.split_once(": ") {
        Some(("date", _)) => "date: 2020-01-01".to_owned(),
        Some(("due", _)) => "due: 2021-01-01".to_owned(),
        _ => line.to_owned(),
    });
    std::fs::write(&path, lines.collect::<Vec<_>>().join("\n")).unwrap();
    let (exit, record) = amplitude(folder.path(), &rig(folder.path(), 1, "cal.yaml"));
    assert_eq!(exit, 3, "{record:#}");
    let all = checks(&record);
    assert_eq!(all[0].1["verdict"], "invalid");
    let reason = all[0].1["reason"].as_str().unwrap();
    assert!(reason.contains("2021-01-01") && reason.contains("stimrig calibrate"), "{reason}");
}

#[test]
fn a_calibration_of_another_unit_is_a_rig_error() {
    let folder = tempfile::tempdir().unwrap();
    let (path, certificate) = calibrated(folder.path(), 1);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace(&format!("unit: {:?}", certificate.unit), "unit: \"LOAD-0007\""))
        .unwrap();
    let (exit, record) = amplitude(folder.path(), &rig(folder.path(), 1, "cal.yaml"));
    let reason = record["cases"][0]["reason"].as_str().unwrap();
    assert_eq!((exit, &record["cases"][0]["outcome"]), (3, &"rig-error".into()), "{record:#}");
    assert!(reason.contains("LOAD-0007") && reason.contains(&certificate.unit), "{reason}");
}

#[test]
fn a_calibration_at_fault_is_met_at_its_line_and_nothing_runs() {
    let folder = tempfile::tempdir().unwrap();
    let rig = rig(folder.path(), 1, "cal.yaml");
    let check = || {
        let output = stimrig().args(["check", "scenarios/timing/rate.yaml", "--rig", &rig]).output().unwrap();
        (output.status.code(), text(&output))
    };
    let (exit, said) = check();
    assert!(exit == Some(2) && said.contains("rig.yaml:5:") && said.contains("stimrig calibrate"), "{said}");
    let file = "version: 1\ncertificate: C\nunit: U\ndate: yesterday\ndue: 2027-01-01\nchannels: []\n";
    std::fs::write(folder.path().join("cal.yaml"), file).unwrap();
    let (exit, said) = check();
    assert!(exit == Some(2) && said.contains("cal.yaml:4:7") && said.contains("not a date"), "{said}");
}

#[test]
fn what_is_no_reference_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cal.yaml");
    for (arguments, exit, what) in [
        (["--source-u", "0.01 %", "--phantom", "rc-1k-1u"], 3, "is no reference"),
        (["--source-u", "0.01 %", "--phantom", "nothing"], 2, "there is no phantom `nothing`"),
        (["--source-u", "0.01", "--phantom", "r1k"], 2, "such as '0.02 %'"),
        // The resistor that is plugged in is another one.
        (["--source-u", "0.01 %", "--phantom", "r500"], 3, "check the reference resistor"),
    ] {
        let mut command = stimrig();
        command.arg("calibrate").arg(&file).args(arguments);
        if arguments[3] == "r500" {
            command.args(["--set", "sim.phantom=r1k"]);
        }
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {}", text(&output));
        assert!(text(&output).contains(what), "{arguments:?}: {}", text(&output));
        assert!(!file.exists());
    }
}

/// A served bench with one resistor plugged in for good: no selector switches its boards off and on between two commands.
struct Served {
    bench: SimBench,
    rig: PathBuf,
}

impl Served {
    fn new() -> Self {
        let bench = SimBench::serve(&["--phantom", "r1k"]);
        let text = bench.rig_text();
        let lines = text.lines().filter(|line| !line.starts_with("selector:"));
        let rig = bench.path("plain.yaml");
        std::fs::write(&rig, lines.map(|line| format!("{line}\n")).collect::<String>()).unwrap();
        Self { bench, rig }
    }

    fn command(&self, name: &str) -> Command {
        let mut command = stimrig();
        command.arg(name).env("STIMRIG_LOCK_DIR", self.bench.path("locks"));
        command
    }

    fn calibrate(&self, dwell: &str) -> Command {
        let mut command = self.command("calibrate");
        command.arg(self.bench.path("cal.yaml")).args(["--force", "--source-u", "0.1 %", "--dwell", dwell]);
        command.arg("--rig").arg(&self.rig).arg("--runs").arg(self.bench.path("runs"));
        command
    }

    /// Under way, with a level of the source on for longer than anybody waits.
    fn calibrating(&self) -> Child {
        let child = self.calibrate("20s").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        eventually("it never took the bench", || {
            let locks = std::fs::read_dir(self.bench.path("locks")).into_iter().flatten().flatten();
            locks
                .into_iter()
                .any(|file| std::fs::read_to_string(file.path()).is_ok_and(|text| text.contains("calibrate")))
        });
        std::thread::sleep(Duration::from_secs(2));
        child
    }

    /// What `stimrig safe` prints: once more where this computer was too busy to see the output.
    fn safe(&self) -> String {
        let mut said = String::new();
        for _ in 0..5 {
            let mut command = self.command("safe");
            command.arg("--rig").arg(&self.rig).arg("--runs").arg(self.bench.path("runs"));
            let output = command.output().unwrap();
            said += &String::from_utf8_lossy(&output.stdout);
            said += &text(&output);
            if output.status.code() == Some(0) {
                break;
            }
        }
        said
    }
}

/// Boards count requests, and answer a number once: what a scan has asked first is not what comes first now.
#[test]
fn a_bench_that_was_scanned_can_be_calibrated() {
    let served = Served::new();
    let mut scan = served.command("scan");
    let ports = ["stimulator", "load"].map(|name| served.bench.path(name));
    let output = scan.arg("--only").args(ports).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    // Where this computer is too busy for it, once more: what was scanned stays so.
    let calibrated = || served.calibrate("10ms").output().unwrap();
    let output =
        (0..5).map(|_| calibrated()).find(|output| output.status.success()).unwrap_or_else(calibrated);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}

/// The source of the load drives the phantom: it is off behind whatever ends a calibration, and where nothing could switch it off,
/// whoever comes next sees that nothing was to be seen.
#[test]
fn a_test_source_is_not_left_on_and_not_taken_for_a_quiet_output() {
    const BLIND: &str = "its samples showed nothing";
    let served = Served::new();
    let child = served.calibrating();
    let pid = rustix::process::Pid::from_raw(child.id() as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", text(&output));
    assert!(text(&output).contains("ended by SIGINT") && !served.bench.path("cal.yaml").exists());
    let said = served.safe();
    assert!(said.contains("output measured off") && !said.contains(BLIND), "{said}");
    let mut child = served.calibrating();
    child.kill().unwrap();
    child.wait().unwrap();
    let said = served.safe();
    assert!(said.contains("output measured off") && said.contains(BLIND), "{said}");
    let said = served.safe();
    assert!(said.contains("output measured off") && !said.contains(BLIND), "{said}");
}
