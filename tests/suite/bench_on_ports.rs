//! The simulated bench served on pseudo-terminals, in real time, as a run in another process sees it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::command::{run, run_in_real_time, stimrig, text};

/// `stimrig sim` in a folder of its own.
pub struct SimBench {
    child: Child,
    folder: tempfile::TempDir,
}

impl SimBench {
    /// Serves it; returns when its rig file is there.
    pub fn serve(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let child = stimrig()
            .args(["sim", "-q", "--dir"])
            .arg(folder.path())
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let bench = Self { child, folder };
        eventually("no rig file appeared", || bench.rig().exists());
        bench
    }

    /// Its rig file.
    pub fn rig(&self) -> PathBuf {
        self.path("rig.yaml")
    }

    /// A file in its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The text of its rig file.
    pub fn rig_text(&self) -> String {
        fs::read_to_string(self.rig()).unwrap()
    }

    /// Its rig file with changes, as another rig file.
    pub fn changed(&self, from: &str, to: &str) -> PathBuf {
        let text = self.rig_text();
        assert!(text.contains(from), "{text}");
        let file = self.path("changed.yaml");
        fs::write(&file, text.replace(from, to)).unwrap();
        file
    }

    /// What the bystander answers to a line.
    pub fn bystander(&self, line: &str) -> String {
        let mut port = fs::File::options().read(true).write(true).open(self.path("bystander")).unwrap();
        port.write_all(format!("{line}\n").as_bytes()).unwrap();
        let mut answer = String::new();
        BufReader::new(port).read_line(&mut answer).unwrap();
        answer.trim_end().to_owned()
    }

    /// What the bystander sees.
    pub fn look(&self) -> Value {
        serde_json::from_str(&self.bystander("look")).unwrap()
    }

    /// Sends a signal to the process that serves it.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(self.child.id() as i32).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }
}

/// Ctrl-Z would leave a bench without its host for as long as nobody thinks of it, Ctrl-\ and a limit of processor time would end one without its
/// safe state. Every command that touches a bench listens as this one does.
#[test]
fn what_suspends_or_ends_a_process_leaves_no_bench_to_itself() {
    use rustix::process::Signal;
    for last in [Signal::QUIT, Signal::XCPU] {
        let mut bench = SimBench::serve(&[]);
        for harmless in [Signal::TSTP, Signal::XFSZ] {
            bench.signal(harmless);
        }
        // It is neither gone nor standing still.
        assert_eq!(bench.look()["driven"], false);
        bench.signal(last);
        assert_eq!(bench.child.wait().unwrap().code(), Some(0), "{last:?}");
    }
}

/// A limit on the length of every file is a disk that is full: the run ends in its safe state.
#[test]
fn a_file_that_may_not_grow_any_more_ends_a_run_as_a_full_disk_does() {
    let folder = tempfile::tempdir().unwrap();
    let command = stimrig();
    let script = "ulimit -f 1200; exec \"$@\"";
    let output = std::process::Command::new("bash")
        .args(["-c", script, "bash"])
        .arg(command.get_program())
        .args(["run", "scenarios/timing", "--keep", "always", "-j", "1", "--runs"])
        .arg(folder.path())
        .current_dir(crate::command::root())
        .output()
        .unwrap();
    let said = text(&output);
    assert_eq!(output.status.code(), Some(70), "{said}");
    assert!(said.contains("safe state confirmed"), "{said}");
}

impl Drop for SimBench {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something holds, a minute at most.
pub fn eventually(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn run_on(rig: &Path, arguments: &[&str]) -> (i32, Value) {
    run_in_real_time(&[&["--rig", rig.to_str().unwrap()], arguments].concat())
}

const RATE: &str = "scenarios/timing/rate.yaml#1";

#[test]
fn scenarios_pass_on_the_served_bench_and_are_marked_as_simulated() {
    let mut bench = SimBench::serve(&[]);
    let (exit, record) = run_on(&bench.rig(), &[RATE]);
    assert_eq!((exit, &record["fidelity"]), (0, &"sim".into()), "{record:#}");
    // The same ports as plain paths: now only the devices themselves say what they are.
    let plain = bench.changed("pty:", "path:");
    // Another phantom, connected by the selector; and the requirement of hardware is not met by it.
    let scenario = bench.path("rig-only.yaml");
    let text = fs::read_to_string("scenarios/charge-balance/symmetric-biphasic.yaml").unwrap();
    fs::write(&scenario, text + "\nmin_fidelity: rig\n").unwrap();
    let (exit, record) = run_on(&plain, &[&format!("{}#1", scenario.display())]);
    assert_eq!((exit, &record["fidelity"]), (0, &"sim".into()), "{record:#}");
    assert_eq!(record["cases"][0]["sim_only"], true);
    // It ends cleanly, and takes its links with it.
    bench.signal(rustix::process::Signal::TERM);
    assert_eq!(bench.child.wait().unwrap().code(), Some(0));
    for name in ["stimulator", "load", "selector", "bystander", "rig.yaml"] {
        assert!(fs::symlink_metadata(bench.path(name)).is_err(), "{name} is left");
    }
}

/// Its rig file names the contacts of every phantom, of which one is connected.
#[test]
fn a_served_bench_can_be_shown_to_be_safe() {
    let bench = SimBench::serve(&[]);
    let runs = tempfile::tempdir().unwrap();
    let safe = || {
        let mut command = stimrig();
        command.args(["safe", "--rig"]).arg(bench.rig()).arg("--runs").arg(runs.path());
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    // Where this computer is too busy for it, once more.
    let (exit, said) = (0..5).map(|_| safe()).find(|(exit, _)| *exit == Some(0)).unwrap_or_else(safe);
    assert_eq!(exit, Some(0), "{said}");
    assert!(said.contains("output measured off") && said.contains("interlock open"), "{said}");
}

#[test]
fn a_phantom_that_is_not_plugged_in_is_named_and_its_case_skipped() {
    let bench = SimBench::serve(&["--phantom", "r500"]);
    let (exit, record) = run_on(&bench.rig(), &["scenarios/charge-balance/symmetric-biphasic.yaml#1"]);
    let reason = record["cases"][0]["reason"].as_str().unwrap();
    assert_eq!(exit, 4);
    assert!(reason.contains("phantom `") && reason.contains("in a slot"), "{reason}");
}

#[test]
fn the_same_in_one_process() {
    let (exit, record) = run(&["--set", "sim.transport=pty", RATE]);
    assert_eq!((exit, &record["fidelity"], &record["safe_state"]), (0, &"sim".into(), &"confirmed".into()));
}

#[test]
fn a_bystander_sees_the_output_and_pulls_plugs() {
    let bench = SimBench::serve(&["--phantom", "r1k"]);
    let before = bench.look();
    assert_eq!((&before["driven"], &before["last_driven"]), (&false.into(), &Value::Null), "{before}");
    let on_it = || run_in_real_time(&["--rig", bench.rig().to_str().unwrap(), RATE]);
    let (exit, record) = on_it();
    assert_eq!(exit, 0, "{record:#}");
    let after = bench.look();
    let (driven, now) = (after["last_driven"].as_f64().unwrap(), after["now"].as_f64().unwrap());
    assert!(after["driven"] == false && after["connected"] == false && driven < now, "{after}");
    assert_eq!(bench.bystander("unplug load"), "ok");
    let (exit, record) = on_it();
    let reason = record["cases"][0]["reason"].as_str().unwrap();
    assert!(exit == 3 && reason.contains("load"), "{record:#}");
    assert_eq!(bench.look()["last_driven"].as_f64(), Some(driven), "nothing was energised");
    assert_eq!(bench.bystander("plug load"), "ok");
    let (exit, record) = on_it();
    assert_eq!(exit, 0, "{record:#}");
    assert!(bench.bystander("unplug the cat").starts_with("error: expected `look`"));
}

#[test]
fn a_scan_asks_who_is_there_and_writes_a_rig_file() {
    let bench = SimBench::serve(&["--phantom", "r1k"]);
    let file = bench.path("scanned.yaml");
    let scan = || {
        let ports = ["load", "stimulator", "selector"].map(|name| bench.path(name));
        stimrig().args(["scan", "--only", "-o"]).arg(&file).args(ports).output().unwrap()
    };
    let output = scan();
    let said = text(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(
        said.contains("stimulator: simulated stimulator, uid 53494d2d")
            && said.contains("load: simulated load"),
        "{said}"
    );
    // The selector answers, in another protocol.
    assert!(
        said.contains("no instrument known here: it answers `error: expected `slot N`` to *IDN?"),
        "{said}"
    );
    let rig = fs::read_to_string(&file).unwrap();
    let port = |name: &str| format!("port: {{ pty: {:?} }}", bench.path(name).display().to_string());
    assert!(rig.contains(&port("stimulator")) && rig.contains(&port("load")), "{rig}");
    // It runs as it is, on the phantom it guesses.
    let (exit, record) = run_on(&file, &[RATE]);
    assert_eq!((exit, &record["fidelity"]), (0, &"sim".into()), "{record:#}");
    // Never over a file that is there.
    assert_eq!(scan().status.code(), Some(2));
}

/// A question in the middle of somebody's run would be one too many.
#[test]
fn a_scan_leaves_a_device_alone_that_somebody_holds() {
    let bench = SimBench::serve(&["--phantom", "r1k"]);
    let stimulator = stimrig::rig::Port::Pty(bench.path("stimulator").display().to_string());
    let _held = stimrig::run::RigLock::take_port(&stimulator).unwrap();
    let ports = ["load", "stimulator"].map(|name| bench.path(name));
    let said = text(&stimrig().args(["scan", "--only"]).args(ports).output().unwrap());
    assert!(said.contains("load: simulated load"), "{said}");
    let held =
        format!("another program holds the port: not asked: it is held by process {}", std::process::id());
    assert!(said.contains(&held) && !said.contains("simulated stimulator"), "{said}");
}
