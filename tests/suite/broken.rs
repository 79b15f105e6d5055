//! Bad files are refused with the right words, quickly, in little memory, and with exit code 2.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

use crate::command::stimrig;

/// Runs `stimrig check --strict` in the folder of broken files.
fn check(path: &Path) -> Output {
    let mut command = stimrig();
    command.current_dir("fixtures/broken").args(["check", "--strict"]).arg(path).env("NO_COLOR", "1");
    for name in ["STIMRIG_RIG", "STIMRIG_COLOR"] {
        command.env_remove(name);
    }
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Every file beside its message; `STIMRIG_REFRESH=1` rewrites the messages.
#[test]
fn every_broken_file_is_refused_in_the_right_words() {
    let refresh = std::env::var_os("STIMRIG_REFRESH").is_some();
    let mut wrong = Vec::new();
    let mut files: Vec<PathBuf> =
        std::fs::read_dir("fixtures/broken").unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    assert!(files.len() > 30, "{}", files.len());
    for path in files {
        let output = check(Path::new(path.file_name().unwrap()));
        let text = said(&output);
        assert_eq!(output.status.code(), Some(2), "{}\n{text}", path.display());
        assert!(output.stdout.is_empty(), "{}", path.display());
        let expected = path.with_extension("txt");
        if refresh {
            std::fs::write(&expected, &text).unwrap();
        } else if std::fs::read_to_string(&expected).unwrap_or_default() != text {
            wrong.push(format!("{}:\n{text}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is too large or too odd to keep in the repository: bytes, and what must be said of them.
#[test]
fn hostile_files_are_refused_in_a_second() {
    let folder = tempfile::tempdir().unwrap();
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..30 {
        let items = vec![format!("*a{}", level - 1); 10].join(",");
        bomb.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    let utf16: Vec<u8> = "version: 1\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [&[0xff, 0xfe], utf16.as_slice()].concat();
    let keys: String = (0..20_000).map(|n| format!("k{n}: 1\n")).collect();
    let cases: [(&str, Vec<u8>, &str); 11] = [
        ("bomb", bomb.into_bytes(), "aliases unfold to more than 50000 values"),
        ("flow", "[".repeat(100_000).into_bytes(), "nested deeper than 32 levels"),
        ("maps", "{a: ".repeat(100_000).into_bytes(), "nested deeper than 32 levels"),
        ("block", "- ".repeat(100_000).into_bytes(), "nested deeper than 32 levels"),
        ("keys", keys.into_bytes(), "unknown key `k0`"),
        ("utf16", utf16, "the file is UTF-16 text"),
        ("utf16-marked", marked, "the file is UTF-16 text"),
        ("binary", b"\x7fELF\x02\x01\x01\0\0\0\0\0\x03\0>\0".to_vec(), "the file is binary, not YAML text"),
        ("latin1", b"version: 1\nname: \xb5\n".to_vec(), "the file is not UTF-8 text"),
        ("empty", Vec::new(), "the file is empty"),
        ("million", vec![b'x'; (1 << 20) + 1], "more than the 1048576 allowed"),
    ];
    for (name, bytes, expected) in cases {
        let path = folder.path().join(format!("{name}.yaml"));
        std::fs::write(&path, bytes).unwrap();
        let started = Instant::now();
        let output = check(&path);
        let text = said(&output);
        assert_eq!(output.status.code(), Some(2), "{name}\n{text}");
        assert!(text.contains(expected), "{name}\n{text}");
        assert!(text.len() < 100_000, "{name}: {} bytes of message", text.len());
        assert!(started.elapsed() < Duration::from_secs(1), "{name}: {:?}", started.elapsed());
    }
}

/// The size is known before anything is read: a sparse file of 100 MB costs nothing.
#[test]
fn a_file_of_100_mb_is_refused_unread() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huge.yaml");
    std::fs::File::create(&path).unwrap().set_len(100 << 20).unwrap();
    let started = Instant::now();
    let output = check(&path);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said(&output).contains("the file has 104857600 bytes, more than the 1048576 allowed"),
        "{}",
        said(&output)
    );
    assert!(started.elapsed() < Duration::from_millis(500), "{:?}", started.elapsed());
}

/// One bad file among good ones: nothing would run.
#[test]
fn one_bad_file_among_many_stops_everything() {
    let folder = tempfile::tempdir().unwrap();
    let good = std::fs::read_to_string("scenarios/charge-balance/symmetric-biphasic.yaml").unwrap();
    std::fs::write(folder.path().join("good.yaml"), &good).unwrap();
    assert_eq!(check(folder.path()).status.code(), Some(0), "{}", said(&check(folder.path())));
    std::fs::write(folder.path().join("bad.yaml"), good.replace("rate:", "rat:")).unwrap();
    let output = check(folder.path());
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("did you mean `rate`?"), "{}", said(&output));
}

#[test]
fn a_folder_without_scenarios_is_checked_as_what_it_holds() {
    for (folder, what) in [
        ("../phantoms", " phantoms"),
        ("../../rig", " rigs"),
        ("../../scenarios/profiles", " limit profiles"),
    ] {
        let output = check(Path::new(folder));
        assert_eq!(output.status.code(), Some(0), "{folder}: {}", said(&output));
        let counted = said(&output);
        assert!(!counted.contains("scenario") && counted.contains(what), "{counted}");
        assert!(counted.ends_with(": all right\n"), "{counted}");
    }
    let folder = tempfile::tempdir().unwrap();
    let bench = "version: 1\nname: b\nstimulator: { driver: simulated }\nload: { driver: simulated }\ncalibration: mine.yaml\n";
    std::fs::write(folder.path().join("bench.yaml"), bench).unwrap();
    let missing = check(folder.path());
    assert!(
        missing.status.code() == Some(2) && said(&missing).contains("bench.yaml:5:"),
        "{}",
        said(&missing)
    );
    // A calibration of a range that the load does not have would be applied to nothing.
    let with = |range: &str| {
        let text = format!(
            "version: 1\ncertificate: C\nunit: U\ndate: 2026-01-01\ndue: 2027-01-01\nchannels:\n  - {{ channel: e1, quantity: current, range: {range}, gain: 1.001 ± 0.0001, offset: 0 A ± 1 nA }}\n"
        );
        std::fs::write(folder.path().join("mine.yaml"), text).unwrap();
        let output = check(folder.path());
        (output.status.code(), said(&output))
    };
    assert_eq!(with("4 mA").0, Some(0), "{}", with("4 mA").1);
    let (exit, text) = with("5 mA");
    assert!(exit == Some(2) && text.contains("has a line for `e1` at 5 mA"), "{text}");
}

/// Overrides are read with the same care.
#[test]
fn overrides_name_what_is_wrong() {
    let output = stimrig()
        .args([
            "check",
            "--set",
            "sim.adc.niose=2 lsb",
            "--set",
            "sim.stimulator.timer=1 ps",
            "--defect",
            "gain_error=5 mA",
            "--defect",
            "clock_error=-150 %",
        ])
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let text = said(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("unknown key `niose`") && text.contains("did you mean `noise`?"), "{text}");
    assert!(text.contains("`5 mA` is a current, expected a ratio"), "{text}");
    assert!(text.contains("a timer ticks between once in 1 ns"), "{text}");
    assert!(text.contains("nothing is left of it at -100 %"), "{text}");
}

#[test]
fn what_cannot_be_written_is_said_before_anything_is_energised() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    for flag in ["--junit", "--json"] {
        for (target, reason) in [("no/such/out", "there is no folder"), ("", "it is a folder")] {
            let output = stimrig()
                .args(["run", "scenarios/timing/pulse-train.yaml", "--runs"])
                .arg(&runs)
                .arg(flag)
                .arg(folder.path().join(target))
                .output()
                .unwrap();
            assert_eq!(output.status.code(), Some(2), "{flag} {target}");
            assert!(said(&output).contains(reason), "{flag} {target}: {}", said(&output));
            assert!(!runs.exists(), "{flag} {target}: no run folder is left");
        }
    }
}
