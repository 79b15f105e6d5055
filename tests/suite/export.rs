//! Exports, read back by the tools they are made for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{LazyLock, Mutex};

use serde_json::Value;

use crate::command::{folders, python, root, stimrig, text};

/// The evidence of one case, in a folder with room for exports.
static CASE: LazyLock<(tempfile::TempDir, PathBuf)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let output = stimrig()
        .args(["run", "scenarios/timing/rate.yaml#3", "-q", "--keep", "always", "--runs"])
        .arg(folder.path().join("runs"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let run = folders(&folder.path().join("runs")).pop().unwrap();
    (folder, run)
});

fn case_folder() -> PathBuf {
    fs::read_dir(CASE.1.join("evidence")).unwrap().flatten().next().unwrap().path()
}

/// One at a time: several tests want the same file.
fn exported(format: &str) -> PathBuf {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock();
    let path = CASE.0.path().join(format!("case.{format}"));
    if !path.exists() {
        let output = export(format, &path, &[]);
        assert!(output.status.success(), "{}", text(&output));
    }
    path
}

fn export(format: &str, path: &Path, more: &[&str]) -> Output {
    stimrig()
        .arg("export")
        .arg(&CASE.1)
        .args(["--format", format, "-o"])
        .arg(path)
        .args(more)
        .output()
        .unwrap()
}

/// Runs a script and returns what it prints as JSON.
fn script(python: &str, source: &str, arguments: &[&Path]) -> Value {
    let output = Command::new(python).args(["-c", source]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Samples, smallest and largest current of `e1`, as the containers hold them.
fn own() -> (usize, f64, f64) {
    let mut files = stimrig::store::open_traces(&case_folder()).unwrap();
    files.retain(|file| file.head().channel == "e1");
    let capture = stimrig::capture::coded::kept("own", files).capture().unwrap();
    let values = &capture.traces[0].values;
    let (low, high) = values.iter().fold((0.0_f64, 0.0_f64), |(low, high), v| (low.min(*v), high.max(*v)));
    (values.len(), low, high)
}

/// `[samples, smallest, largest]` of e1, and how far it may be off.
fn compare(found: &Value, within: f64) {
    let (samples, low, high) = own();
    assert_eq!(found[0], samples);
    for (found, own) in [(&found[1], low), (&found[2], high)] {
        let found = found.as_f64().unwrap();
        assert!((found / own - 1.0).abs() <= within, "{found:e}, expected {own:e}");
    }
}

#[test]
fn analyze_gets_the_same_numbers_from_every_format() {
    let analysis = |path: &Path| -> Value {
        let output = stimrig()
            .arg("analyze")
            .arg(path)
            .args(["--current", "e1", "--format", "json"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}: {}", path.display(), text(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let own = analysis(&case_folder());
    assert!(!own["pulses"].as_array().unwrap().is_empty(), "{own:#}");
    fn same(a: &Value, b: &Value) -> bool {
        match (a, b) {
            (Value::Number(a), Value::Number(b)) => {
                let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
                // A decimal number in a file is rounded, and what is nearly nothing of a sum is left with the rounding of the whole.
                (a - b).abs() <= 1e-8 * a.abs().max(b.abs()) + 1e-18
            }
            (Value::Array(a), Value::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
            }
            (Value::Object(a), Value::Object(b)) => {
                a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
            }
            (a, b) => a == b,
        }
    }
    for format in ["sr", "csv", "wav", "npy", "parquet", "vcd"] {
        let read = analysis(&exported(format));
        for key in ["samples", "sample_rate", "pulses", "summary"] {
            assert!(same(&own[key], &read[key]), "{format}: {key}\n{}\n{}", own["summary"], read["summary"]);
        }
    }
}

#[test]
fn a_case_whose_samples_are_cut_off_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(case_folder()).unwrap().flatten() {
        let path = folder.path().join(entry.file_name());
        fs::copy(entry.path(), &path).unwrap();
        if path.extension().is_some_and(|extension| extension == "trace") {
            let file = fs::File::options().write(true).open(&path).unwrap();
            file.set_len(file.metadata().unwrap().len() - 20).unwrap();
        }
    }
    let codes = |path: &Path| {
        let output = stimrig().arg("analyze").arg(path).args(["--format", "json"]).output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
        let found: Value = serde_json::from_slice(&output.stdout).unwrap();
        let findings = found["findings"].as_array().unwrap().iter();
        findings.map(|finding| finding["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(codes(folder.path()).contains(&"truncated-record".to_owned()));
    assert!(!codes(&case_folder()).contains(&"truncated-record".to_owned()));
}

/// A kept case knows its own sample rate: another one is refused, and the same one changes nothing.
#[test]
fn a_kept_case_states_its_own_sample_rate() {
    let analyze = |folder: &Path, rate: &str| {
        let mut command = stimrig();
        command.arg("analyze").arg(folder).args(["--sample-rate", rate]).output().unwrap()
    };
    let folder = case_folder();
    let (other, same) = (analyze(&folder, "2 MHz"), analyze(&folder, "1 MHz"));
    let said = text(&other);
    assert!(other.status.code() == Some(2) && other.stdout.is_empty(), "{said}");
    assert!(said.contains(folder.to_str().unwrap()) && said.contains("states its own"), "{said}");
    assert_eq!(same.status.code(), Some(0), "{}", text(&same));
}

#[test]
fn numpy_reads_a_container_in_the_lines_of_the_readme() {
    let Some(python) = python("numpy") else { return };
    let readme = fs::read_to_string(root().join("fixtures/README.md")).unwrap();
    let code = readme.split("```python\n").nth(1).unwrap().split("```").next().unwrap();
    let show = "\nimport sys\nhead, codes = read(sys.argv[1])\nv = (codes - head['offset']) * head['lsb']\nprint([len(v), float(v.min()), float(v.max())])\n";
    compare(&script(&python, &format!("{code}{show}"), &[&case_folder().join("e1_A.trace")]), 0.0);
}

#[test]
fn numpy_reads_npy() {
    let Some(python) = python("numpy") else { return };
    let source = "import sys, numpy as np\na = np.load(sys.argv[1])\ndt = np.diff(a['time_s'])\nassert abs(dt - 1e-6).max() < 1e-12\nv = a['e1_A']\nprint([len(v), float(v.min()), float(v.max())])";
    compare(&script(&python, source, &[&exported("npy")]), 0.0);
}

#[test]
fn pandas_reads_parquet_and_csv() {
    let Some(python) = python("pandas, pyarrow") else { return };
    let source = "import sys, pandas as pd\na, b = pd.read_parquet(sys.argv[1]), pd.read_csv(sys.argv[2], float_precision='round_trip')\npd.testing.assert_frame_equal(a, b, rtol=0, atol=0)\nv = a['e1_A']\nprint([len(v), float(v.min()), float(v.max())])";
    compare(&script(&python, source, &[&exported("parquet"), &exported("csv")]), 0.0);
}

#[test]
fn python_reads_wav() {
    let Some(python) = python("wave") else { return };
    let source = "import sys, wave, array, struct, json\nraw = open(sys.argv[1], 'rb').read()\nw = wave.open(sys.argv[1])\nassert (w.getsampwidth(), w.getframerate()) == (2, 1000000)\nn = w.getnchannels()\na = array.array('h', w.readframes(w.getnframes()))\nat = raw.index(b'stim', 44 + 2 * len(a))\nmeta = json.loads(raw[at + 8:at + 8 + struct.unpack_from('<I', raw, at + 4)[0]])\nk = [c['name'] for c in meta['channels']].index('e1_A')\nc = meta['channels'][k]\nv = a[k::n]\nprint([len(v), (min(v) - c['offset']) * c['lsb'], (max(v) - c['offset']) * c['lsb']])";
    compare(&script(&python, source, &[&exported("wav")]), 1e-15);
}

#[test]
fn sigrok_reads_sr_and_vcd() {
    let sigrok =
        |path: &Path, more: &[&str]| Command::new("sigrok-cli").arg("-i").arg(path).args(more).output();
    let Ok(shown) = sigrok(&exported("sr"), &["--show"]) else {
        assert!(std::env::var_os("CI").is_none(), "CI has sigrok-cli: see .ci/run");
        eprintln!("skipped: there is no sigrok-cli");
        return;
    };
    let said = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(
        shown.status.success()
            && said.contains("e1_A")
            && said.contains(&format!("Analog sample count: {}", own().0)),
        "{said}{}",
        text(&shown)
    );
    let vcd = sigrok(&exported("vcd"), &["-I", "vcd", "--show"]).unwrap();
    let said = String::from_utf8_lossy(&vcd.stdout).into_owned();
    // libsigrok 0.5.2 takes the markers of a VCD and leaves real variables out, those of any file. Nor is `-O csv` of analog channels
    // ours to mend: before its columns it prints lines such as `A0: 1.00 V DC` of every channel, chosen or not, for the files of its
    // own demo driver as well, and `-C` with `-O wav` ends in a segmentation fault there.
    assert!(vcd.status.success() && said.contains("- start_taken: logic"), "{said}{}", text(&vcd));
}

#[test]
fn the_train_of_a_whole_record_is_found_beside_the_test_pulses_of_its_load() {
    let output = stimrig().arg("analyze").arg(case_folder()).args(["--format", "json"]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    // 130 Hz for 1 s.
    let pulses = found["pulses"].as_array().unwrap();
    assert!((129..=131).contains(&pulses.len()), "{} pulses", pulses.len());
    let amplitude = found["summary"]["amplitude"]["value"].as_f64().unwrap();
    assert!((amplitude - 1e-3).abs() < 0.03e-3, "{amplitude}");
    let codes: Vec<_> =
        found["findings"].as_array().unwrap().iter().map(|finding| &finding["code"]).collect();
    assert!(codes.iter().any(|code| *code == "unlike-the-train"), "{codes:?}");
}

#[test]
fn nothing_is_overwritten_and_nothing_is_left_of_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("case.npy");
    fs::write(&path, "mine").unwrap();
    let refused = export("npy", &path, &[]);
    assert!(refused.status.code() == Some(2) && text(&refused).contains("--force"), "{}", text(&refused));
    assert_eq!(fs::read(&path).unwrap(), b"mine");
    assert!(export("npy", &path, &["--force"]).status.success());
    assert!(fs::read(&path).unwrap().starts_with(b"\x93NUMPY"));
    // A disk that fills: files of this process may have no more than 512 KiB.
    let full = folder.path().join("full.npy");
    let command = format!(
        "ulimit -f 512; trap '' XFSZ; exec {} export '{}' --format npy -o '{}'",
        env!("CARGO_BIN_EXE_stimrig"),
        CASE.1.display(),
        full.display()
    );
    let output = Command::new("bash").args(["-c", &command]).output().unwrap();
    assert!(output.status.code() == Some(2) && text(&output).contains("full.npy"), "{}", text(&output));
    let left: Vec<_> =
        fs::read_dir(folder.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left, ["case.npy"], "nothing partial is left");
    let nothing = stimrig().arg("export").arg(folder.path()).args(["--format", "sr"]).output().unwrap();
    assert!(
        nothing.status.code() == Some(2) && text(&nothing).contains("--keep always"),
        "{}",
        text(&nothing)
    );
    let other = export("sr", &folder.path().join("x.sr"), &["--case", "7"]);
    assert!(other.status.code() == Some(2) && text(&other).contains("it has 1"), "{}", text(&other));
    let slow = export("sr", &folder.path().join("x.sr"), &["--slow"]);
    assert!(slow.status.code() == Some(2) && text(&slow).contains("no slow channels"), "{}", text(&slow));
}
