//! The page of a run: what it says, that it can be made again, and that nobody's name can break it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use stimrig::store::verify;

use crate::command::{folders, stimrig, text};

/// Runs scenarios and returns the run's folder.
fn kept(runs: &Path, arguments: &[&str]) -> PathBuf {
    let before = folders(runs);
    // Tests run side by side, and a rig is held by one run at a time.
    let output =
        stimrig().args(["run", "--wait=5min"]).args(arguments).arg("--runs").arg(runs).output().unwrap();
    assert!(output.status.code().is_some(), "{}", text(&output));
    let new = folders(runs).into_iter().find(|path| !before.contains(path));
    new.unwrap_or_else(|| panic!("{arguments:?}: {}", text(&output)))
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap()
}

fn figures(folder: &Path) -> Vec<Value> {
    read(folder, "figures.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const BALANCE: &str = "scenarios/charge-balance/symmetric-biphasic.yaml";

/// Values of a trace in its unit.
fn values(trace: &Value) -> Vec<f64> {
    let scale = trace["scale"].as_f64().unwrap();
    trace["low"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap() * scale).collect()
}

#[test]
fn a_failure_is_told_with_its_limit_its_line_and_the_charge_that_is_too_much() {
    let runs = tempfile::tempdir().unwrap();
    let folder = kept(runs.path(), &[BALANCE, "--defect", "phase_mismatch=1.5 %"]);
    let page = read(&folder, "report.html");
    for words in [
        "Failed",
        "SIMULATED BENCH",
        "Safe state confirmed",
        "charge_imbalance",
        "beyond by",
        "symmetric-biphasic.yaml",
        "∫ (measured − programmed)",
        "guarded: the whole of value ± U must lie inside the limit",
        "uncertainty from",
        "Provenance",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("<script") && !page.contains("http"), "nothing runs, nothing is fetched");
    // What is drawn is the charge that is too much: 1.5 % of the leading phase, which the mismatch adds.
    let mut seen = 0;
    for case in figures(&folder) {
        let pulse = &case["pulses"][0];
        let leading = &pulse["programmed"][0];
        let phase = leading["current"].as_f64().unwrap() * leading["width"].as_f64().unwrap();
        let left = *values(&pulse["charge_error"]).last().unwrap();
        assert!((left.abs() / phase.abs() - 0.015).abs() < 0.002, "{left} of {phase}");
        seen += 1;
    }
    assert!(seen >= 3, "{seen}");
}

#[test]
fn a_clean_bench_leaves_no_charge_and_shows_the_voltage_that_was_predicted() {
    let runs = tempfile::tempdir().unwrap();
    // Not even the pictures depend on whether the samples are kept.
    let folder = kept(runs.path(), &[&format!("{BALANCE}#2"), "--keep", "never"]);
    assert!(!folder.join("evidence").exists());
    assert!(read(&folder, "report.html").contains("Passed"));
    let case = &figures(&folder)[0];
    let pulse = &case["pulses"][0];
    let leading = &pulse["programmed"][0];
    let phase = leading["current"].as_f64().unwrap() * leading["width"].as_f64().unwrap();
    let left = *values(&pulse["charge_error"]).last().unwrap();
    assert!(left.abs() < 0.003 * phase.abs(), "{left} of {phase}");
    // Predicted through the phantom from what the stimulator applies; measured by an instrument with a gain error of its own.
    let (measured, predicted) = (values(&pulse["voltage"]), values(&pulse["predicted"]));
    assert_eq!(measured.len(), predicted.len());
    let peak = measured.iter().fold(0.0_f64, |peak, volts| peak.max(volts.abs()));
    let mut apart: Vec<f64> = measured.iter().zip(&predicted).map(|(a, b)| (a - b).abs() / peak).collect();
    apart.sort_by(f64::total_cmp);
    assert!(apart[apart.len() * 9 / 10] < 0.01, "but for the edges, which the filter rounds: {apart:?}");
}

#[test]
fn a_page_is_made_again_to_the_byte_and_a_sealed_run_is_not_written_to() {
    let runs = tempfile::tempdir().unwrap();
    let folder = kept(runs.path(), &[&format!("{BALANCE}#1"), "scenarios/fault-shutdown"]);
    let again = stimrig().arg("report").arg(&folder).output().unwrap();
    assert!(again.status.success(), "{}", text(&again));
    assert!(again.stdout == fs::read(folder.join("report.html")).unwrap(), "another page");
    let into = |name: &str, format: &str| {
        let output = stimrig()
            .args(["report", "--format", format, "-o"])
            .arg(folder.join(name))
            .arg(&folder)
            .output()
            .unwrap();
        (output.status.code().unwrap(), text(&output))
    };
    assert_eq!(into("report.html", "html").0, 0, "the same bytes");
    let (code, said) = into("new.tap", "tap");
    assert!(code == 2 && said.contains("sealed"), "{said}");
    // Nor by another run, which says so before it begins.
    let next = stimrig()
        .args(["run", "scenarios/timing/rate.yaml#1", "--runs"])
        .arg(runs.path())
        .arg("--junit")
        .arg(folder.join("junit.xml"))
        .output()
        .unwrap();
    assert!(
        next.status.code() == Some(2) && text(&next).contains("nothing was energised"),
        "{}",
        text(&next)
    );
    assert!(verify(&folder, None, false).unwrap().is_intact());
}

#[test]
fn no_name_leaves_its_element_or_turns_the_page_around() {
    let runs = tempfile::tempdir().unwrap();
    let scenario = runs.path().join("hostile.yaml");
    let long = "x".repeat(10_000);
    let name = format!("<script>alert(1)</script> ]]> &amp; \u{202e}dessap\u{202c} {long}");
    fs::write(
        &scenario,
        format!(
            "version: 1\nname: {}\nphantom: r1k\nprogram: {{ amplitude: 1 mA, width: 200 us, rate: 50 Hz }}\nduration: 0.2 s\nexpect:\n  - amplitude: {{ of: programmed, within: 3 % }}\n",
            Value::from(name.as_str())
        ),
    )
    .unwrap();
    let hostile = "\"><img src=x onerror=alert(1)>\u{202e}";
    let folder = kept(
        runs.path(),
        &[scenario.to_str().unwrap(), "--dut", hostile, "--operator", &"</title><script>".repeat(700)],
    );
    let page = read(&folder, "report.html");
    assert!(!page.contains("<script") && !page.contains("<img") && !page.contains('\u{202e}'), "{page}");
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt; ]]&gt;"));
    assert!(page.len() < 200_000, "{} bytes", page.len());
    // As well-formed as a parser wants it: every element that opens closes.
    for element in ["div", "section", "details", "article", "table", "svg", "bdi", "figure", "header", "main"]
    {
        let (open, close) = (format!("<{element}"), format!("</{element}>"));
        let opened = page.matches(&format!("{open}>")).count() + page.matches(&format!("{open} ")).count();
        assert_eq!(opened, page.matches(&close).count(), "{element}");
    }
}

#[test]
fn a_long_run_has_a_small_page() {
    let runs = tempfile::tempdir().unwrap();
    let scenario = runs.path().join("long.yaml");
    fs::write(
        &scenario,
        "version: 1\nname: ten thousand pulses\nphantom: r1k\nprogram: { amplitude: 1 mA, width: 60 us, rate: 1 kHz }\nduration: 10 s\nexpect:\n  - amplitude: { of: programmed, within: 3 % }\n  - charge_imbalance: { at_most: 0.5 % }\n  - net_charge: { within: 1 nC }\n  - width: { of: programmed, within: 3 % }\n",
    )
    .unwrap();
    let folder = kept(
        runs.path(),
        &[scenario.to_str().unwrap(), "--defect", "phase_mismatch=1.5 %", "--keep", "never"],
    );
    let case = &figures(&folder)[0];
    let pulses = case["overlay"]["pulses"].as_u64().unwrap();
    assert!(pulses >= 9_990, "{pulses} pulses in the overlay");
    let (page, data) = (read(&folder, "report.html").len(), read(&folder, "figures.jsonl").len());
    assert!(page < 1_000_000 && data < 100_000, "{page} and {data} bytes");
}

#[test]
fn parts_of_a_suite_become_one_page_and_what_is_no_part_is_refused() {
    let runs = tempfile::tempdir().unwrap();
    let part = |arguments: &[&str]| kept(runs.path(), arguments);
    let first = part(&[&format!("{BALANCE}#1")]);
    let second = part(&[&format!("{BALANCE}#2"), "--defect", "phase_mismatch=1.5 %"]);
    let other = part(&[&format!("{BALANCE}#3"), "--dut", "SN-7"]);
    let report = |folders: &[&Path], arguments: &[&str]| {
        let output = stimrig().arg("report").args(folders).args(arguments).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout.clone()).unwrap(), text(&output))
    };
    // A defect is part of the rig: such runs are parts of one suite only on request.
    let (code, page, said) = report(&[&first, &second], &["--mixed"]);
    assert!(code == 0 && page.contains("1 failed, 1 passed"), "{said}");
    assert_eq!(page.matches("<article").count(), 1);
    let (code, _, said) = report(&[&first, &other], &[]);
    assert!(
        code == 2 && said.contains("device under test: SN-7, not stated") && said.contains("--mixed"),
        "{said}"
    );
    let (code, page, _) = report(&[&first, &other], &["--mixed"]);
    assert!(code == 0 && page.contains("merged from runs that differ: device under test"));
    // The same cases twice stand side by side.
    let again = part(&[&format!("{BALANCE}#1"), "--defect", "phase_mismatch=1.5 %"]);
    let (code, page, said) = report(&[&first, &again], &[]);
    assert!(code == 0 && page.contains("passed → failed"), "{said}");
    let (code, _, said) = report(&[runs.path()], &[]);
    assert!(code == 2 && said.contains("is no run"), "{said}");
}

#[test]
fn a_run_that_was_killed_still_has_a_page() {
    let runs = tempfile::tempdir().unwrap();
    let folder = kept(runs.path(), &[BALANCE]);
    for name in ["record.json", "manifest.json", "report.html", "junit.xml"] {
        fs::remove_file(folder.join(name)).unwrap();
    }
    let journal = read(&folder, "journal.jsonl");
    let until = journal.lines().position(|line| line.contains("case-ended")).unwrap();
    let cut: String = journal.lines().take(until + 1).flat_map(|line| [line, "\n"]).collect();
    fs::write(folder.join("journal.jsonl"), cut + "{\"cut").unwrap();
    let pictures = read(&folder, "figures.jsonl");
    fs::write(folder.join("figures.jsonl"), &pictures[..pictures.len() - 20]).unwrap();
    let output = stimrig().arg("report").arg(&folder).output().unwrap();
    let page = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(output.status.success() && page.contains("the run did not end"), "{}", text(&output));
    assert!(page.contains("symmetric-biphasic.yaml"));
    assert!(page.contains("Ended early by host lost"), "what had passed is not the run");
    let tap = stimrig().args(["report", "--format", "tap"]).arg(&folder).output().unwrap();
    let tap = String::from_utf8(tap.stdout).unwrap();
    assert!(tap.contains("\nBail out! ended by host lost"), "{tap}");
    let record = stimrig().args(["report", "--format", "json"]).arg(&folder).output().unwrap();
    let record: Value = serde_json::from_slice(&record.stdout).unwrap();
    assert_eq!((&record["outcome"], &record["exit_code"]), (&"aborted".into(), &137.into()));
}

/// A scenario at 50 Hz through a resistor of 1 kΩ, run with a defect; where it is kept.
fn broken(runs: &Path, name: &str, program: &str, expect: &str, defect: &str) -> PathBuf {
    let scenario = runs.join(format!("{name}.yaml"));
    let text = format!(
        "version: 1\nname: {name}\nphantom: r1k\nprogram: {{ width: 200 us, rate: 50 Hz, {program} }}\nduration: 0.6 s\nexpect:\n{expect}"
    );
    fs::write(&scenario, text).unwrap();
    kept(runs, &[scenario.to_str().unwrap(), "--defect", defect, "--keep", "never"])
}

#[test]
fn limits_of_one_pulse_are_not_drawn_over_pulses_that_have_others() {
    let runs = tempfile::tempdir().unwrap();
    let of = |name: &str, ramp: &str| {
        let amplitude = "  - amplitude: { of: programmed, within: 0.5 %, in: [start, stop] }\n";
        let program = format!("amplitude: 2 mA{ramp}");
        let folder = broken(runs.path(), name, &program, amplitude, "offset_current=20 uA");
        (figures(&folder)[0]["checks"][0].clone(), read(&folder, "report.html"))
    };
    let own = "Each has limits of its own, which are not drawn.";
    let (check, page) = of("ramped", ", ramp: { up: 400 ms }");
    assert!(check["units"].is_object() && check["varied"] == true, "{check}");
    assert!(page.contains(own));
    let (check, page) = of("level", "");
    assert!(check["units"].is_object() && check["varied"] == false, "{check}");
    assert!(!page.contains(own) && page.contains(">2.01 mA<"), "the limit at the edge of the panel");
}

#[test]
fn a_count_is_shown_by_the_place_where_a_pulse_is_missing() {
    let runs = tempfile::tempdir().unwrap();
    let counts = "  - missing_pulses: { equals: 0 }\n  - pulse_count: { equals: 30 }\n";
    let folder = broken(runs.path(), "counts", "amplitude: 1 mA", counts, "missing_pulse_every=7");
    let (case, page) = (&figures(&folder)[0], read(&folder, "report.html"));
    let started = case["marks"][0]["time"].as_f64().unwrap();
    for check in case["checks"].as_array().unwrap() {
        assert!(check["pulse"].is_null(), "no good pulse stands for one that is not there: {check}");
        // Three periods on either side of the middle between the sixth and the eighth pulse.
        let from = check["around"]["start"].as_f64().unwrap() - started;
        assert!((from - 0.06).abs() < 0.015, "{from}");
    }
    assert!(
        page.contains("a count over the window") && page.contains("Around the first gap: missing_pulses")
    );
    assert!(!page.contains("<dd>nothing</dd>"));
    // Where no check counts, the remark names the one that would, as code.
    let amplitude = "  - amplitude: { of: programmed, within: 5 % }\n";
    let folder = broken(runs.path(), "remark", "amplitude: 1 mA", amplitude, "missing_pulse_every=7");
    let page = read(&folder, "report.html");
    assert!(page.contains("(<code>missing_pulses: { equals: 0 }</code> would judge it)"), "{page}");
}

#[test]
fn a_figure_in_the_console_says_of_which_pulse_it_is() {
    let runs = tempfile::tempdir().unwrap();
    let balance = "  - charge_imbalance: { at_most: 0.5 % }\n";
    let folder = broken(runs.path(), "sketch", "amplitude: 2 mA", balance, "phase_mismatch=1.5 %");
    let record: Value = serde_json::from_str(&read(&folder, "record.json")).unwrap();
    let check = &record["cases"][0]["checks"][0];
    let (sketch, worst) = (&check["sketch"], &check["worst"]);
    let from = sketch["start"].as_f64().unwrap();
    let to = from + sketch["step"].as_f64().unwrap() * sketch["values"].as_array().unwrap().len() as f64;
    let decided = (from..to).contains(&worst["time"].as_f64().unwrap());
    let channel = sketch["channel"].as_str().unwrap();
    let named = channel.contains(&format!(", most like pulse {}", worst["pulse"]));
    assert!(decided != named, "{channel}: {from} to {to}, {worst}");
}

#[test]
fn the_tutorial_shows_what_its_commands_print() {
    let page = fs::read_to_string("scenarios/README.md").unwrap();
    let (_, tutorial) = page.split_once("## Tutorial").unwrap();
    let (_, example) = tutorial.split_once("```yaml\n").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let scenario = folder.path().join("sacral.yaml");
    fs::write(&scenario, example.split_once("```").unwrap().0).unwrap();
    let runs = folder.path().join("runs");
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut compared = 0;
    for (begins, arguments) in [
        ("$ stimrig predict sacral.yaml --plot", &["predict"][..]),
        ("$ stimrig run sacral.yaml\n", &["run", "--wait=5min"]),
        ("$ stimrig run sacral.yaml --defect", &["run", "--wait=5min", "--defect", "phase_mismatch=1.5 %"]),
    ] {
        let mut command = stimrig();
        command.args(arguments).arg(&scenario);
        if arguments[0] == "run" {
            command.arg("--runs").arg(&runs);
        }
        let output = command.output().unwrap();
        let printed = String::from_utf8_lossy(&output.stdout).into_owned() + &text(&output);
        let printed: Vec<String> = printed.lines().map(words).collect();
        let block = tutorial.split("```console\n").find(|block| block.starts_with(begins)).unwrap();
        let shown = block.split_once("```").unwrap().0.lines().skip(1).filter(|line| line.trim() != "...");
        for line in shown.map(words) {
            assert!(printed.iter().any(|printed| printed.contains(&line)), "{line}\n{printed:#?}");
            compared += 1;
        }
    }
    assert!(compared >= 15, "{compared}");
}
