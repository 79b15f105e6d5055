//! Drills on processes of their own: killed, signalled, and left without room on their disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rustix::process::{Pid, Signal, kill_process};

use crate::bench::drills::{Drills, Kind, Wrong};
use crate::cli::bench::ended::Ended;
use crate::cli::bench::progress::progress;
use crate::cli::itself::{deafen, itself};
use crate::record::{HOST_LOST, Outcome, RunRecord, STORAGE_LOST, SafeState};
use crate::report::junit;
use crate::run::Interrupt;
use crate::store::{RECORD, Recovery, Verification, open_run, verify};

/// Long enough that nothing ends by itself.
const SCENARIO: &str = "version: 1\nname: drill\nphantom: r1k\n\
     program: { amplitude: 1 mA, width: 200 us, rate: 50 Hz }\nduration: 3600 s\n\
     expect:\n  - amplitude: { of: programmed, within: 5 % }\n";
/// A process that takes longer to end after its signal is a finding.
const LONGEST: Duration = Duration::from_secs(2);
/// A process that does not end at all is killed after this.
const PATIENCE: Duration = Duration::from_secs(60);
/// Room on the disk of a run that runs out of it, bytes.
const ROOM: u64 = 3 << 20;

/// What a process came to: its outcome if it was in time, and what was wrong.
type CameTo = (Option<Outcome>, Option<String>);

/// Runs so many processes, one after the other: they are there to be interrupted in real time.
///
/// # Errors
/// When a process cannot be started at all.
pub(super) fn all(count: u64, seed: u64, interrupt: &Interrupt, found: &mut Drills) -> Result<(), Ended> {
    let mut dice = ChaCha8Rng::seed_from_u64(seed ^ 0x0070_726f_6365_7373);
    let failed = |error: std::io::Error| Ended::internal(format!("a process of its own: {error}"));
    for number in 0..count {
        if interrupt.cause().is_some() {
            return Ok(());
        }
        progress(&format!("seed {seed}: process {} of {count}", number + 1));
        let folder = tempfile::tempdir().map_err(failed)?;
        let kind = [Kind::Sigkill, Kind::Sigint, Kind::Sigkill, Kind::DiskFull, Kind::Sigkill, Kind::Sigterm];
        let kind = kind.get((number % 6) as usize).copied().unwrap_or(Kind::Sigkill);
        let delay = Duration::from_millis(dice.random_range(10..900));
        let (outcome, what) = match kind {
            Kind::DiskFull => full(folder.path()).map_err(failed)?,
            Kind::Sigkill => killed(folder.path(), delay).map_err(failed)?,
            _ => signalled(folder.path(), delay, kind, found).map_err(failed)?,
        };
        let wrong = what.map(|what| Wrong {
            trial: number,
            repeat: format!("--trials 0 --processes {} --ports 0", number + 1),
            mishap: format!("process {number}: {} after {} ms", kind.name(), delay.as_millis()),
            what,
            scenario: SCENARIO.to_owned(),
        });
        found.count(kind, outcome.map(Outcome::name), wrong);
    }
    Ok(())
}

fn command(folder: &Path) -> std::io::Result<Command> {
    let scenario = folder.join("drill.yaml");
    fs::write(&scenario, SCENARIO)?;
    let mut command = itself()?;
    command.arg("run").arg(scenario).args(["-qq", "--keep", "always"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Ok(command)
}

fn started(folder: &Path) -> std::io::Result<Child> {
    command(folder)?.arg("--runs").arg(folder.join("runs")).spawn()
}

/// The folder of the one run, once it has one.
pub(super) fn run_of(runs: &Path) -> Option<PathBuf> {
    fs::read_dir(runs).ok()?.flatten().map(|entry| entry.path()).find(|path| path.is_dir())
}

/// kill -9 at a random instant: what was kept can be read, and whoever comes next closes it.
fn killed(folder: &Path, delay: Duration) -> std::io::Result<CameTo> {
    let mut child = started(folder)?;
    std::thread::sleep(delay);
    child.kill()?;
    child.wait()?;
    let Some(run) = run_of(&folder.join("runs")) else { return Ok((None, None)) };
    let before = match verify(&run, None, false) {
        Ok(found) => found,
        // Killed between making the folder and the journal in it.
        Err(_) => return Ok((None, None)),
    };
    if !before.findings.is_empty() {
        return Ok((
            Some(Outcome::Aborted),
            Some(format!("what was kept cannot be read: {}", findings(&before))),
        ));
    }
    let Some(open) = open_run(&run) else {
        // Nothing can have been energised before the first line of the journal.
        let began = fs::read(run.join(crate::store::JOURNAL)).is_ok_and(|journal| journal.contains(&b'\n'));
        return Ok((None, began.then(|| "the run was not found open".to_owned())));
    };
    let found = vec!["a drill".to_owned()];
    let recovery =
        Recovery { tool: crate::cli::version::tool_version(), safe_state: SafeState::Confirmed, found };
    let record = match open.close(&recovery, |record| junit(record, None), None) {
        Ok(record) => record,
        Err(error) => return Ok((None, Some(format!("it cannot be closed: {error}")))),
    };
    let mut wrong = intact(&run);
    if (record.interrupted.as_deref(), record.exit_code) != (Some(HOST_LOST), 137) {
        wrong = Some(format!("closed as {:?} with {}", record.interrupted, record.exit_code));
    }
    Ok((record.outcome, wrong))
}

/// A signal at a random instant: the process ends by itself, soon, with the code of the signal and a closed record.
fn signalled(folder: &Path, delay: Duration, kind: Kind, found: &mut Drills) -> std::io::Result<CameTo> {
    let mut child = started(folder)?;
    std::thread::sleep(delay);
    let (signal, code) = if kind == Kind::Sigint { (Signal::INT, 130) } else { (Signal::TERM, 143) };
    let sent = Instant::now();
    kill_process(Pid::from_child(&child), signal)?;
    let status = wait(&mut child)?;
    let took = sent.elapsed();
    let Some(run) = run_of(&folder.join("runs")) else {
        // The signal came before anybody listened, or before there was anything to keep: nothing was energised.
        return Ok((None, None));
    };
    let record = record_of(&run);
    let outcome = record.as_ref().and_then(|record| record.outcome);
    let slowest = found.slowest_signal.unwrap_or(0.0).max(took.as_secs_f64());
    found.slowest_signal = Some(slowest);
    let safe = record.as_ref().map(|record| record.safe_state);
    let wrong = if status.code() != Some(code) {
        Some(format!("ended with {status}, expected exit code {code}"))
    } else if safe != Some(SafeState::Confirmed) {
        Some(format!("safe state {safe:?}"))
    } else if took > LONGEST {
        Some(format!("{:.2} s from the signal to the end", took.as_secs_f64()))
    } else {
        intact(&run)
    };
    Ok((outcome, wrong))
}

/// A disk that fills while samples are written: exit code 70, and every byte that was whole can be read.
fn full(folder: &Path) -> std::io::Result<CameTo> {
    let runs = folder.join("runs");
    fs::create_dir_all(&runs)?;
    let small = folder.join("small");
    fs::create_dir_all(&small)?;
    let run = command(folder)?;
    let words: Vec<_> = std::iter::once(run.get_program()).chain(run.get_args()).collect();
    // A file system of its own where the kernel lets a user have one, else a limit on the length of every file.
    let own = Command::new("unshare").args(["-rm", "true"]).stderr(Stdio::null()).status();
    let own = own.is_ok_and(|status| status.success());
    let mut shell = if own {
        let script = "mount -t tmpfs -o size=\"$1\" tmpfs \"$2\" || exit 99; small=$2 runs=$3; shift 3; \
                      \"$@\" --runs \"$small\"; code=$?; cp -R \"$small\"/. \"$runs\"; exit $code";
        let mut shell = Command::new("unshare");
        shell.args(["-rm", "sh", "-c", script, "sh", &ROOM.to_string()]).arg(&small).arg(&runs);
        shell
    } else {
        let script = "ulimit -f \"$1\"; runs=$3; shift 3; exec \"$@\" --runs \"$runs\"";
        let mut shell = Command::new("sh");
        shell.args(["-c", script, "sh", &(ROOM / 4096).to_string()]).arg(&small).arg(&runs);
        shell
    };
    // What is started by a shell does not know what its own command was to be deaf to.
    deafen(&mut shell);
    shell.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = shell.spawn()?;
    let status = wait(&mut child)?;
    let Some(run) = run_of(&runs) else { return Ok((None, Some(format!("no run: {status}")))) };
    if status.code() != Some(70) {
        return Ok((None, Some(format!("ended with {status}, expected exit code 70"))));
    }
    if let Some(record) = record_of(&run) {
        let named = record.interrupted.as_deref() == Some(STORAGE_LOST);
        let wrong = if named { intact(&run) } else { Some(format!("cause {:?}", record.interrupted)) };
        return Ok((record.outcome, wrong));
    }
    // Not even the reserve could be written: whoever comes next closes it.
    let Some(open) = open_run(&run) else { return Ok((None, Some("neither closed nor open".to_owned()))) };
    let found = vec!["a drill".to_owned()];
    let recovery =
        Recovery { tool: crate::cli::version::tool_version(), safe_state: SafeState::Confirmed, found };
    match open.close(&recovery, |record| junit(record, None), None) {
        Ok(record) => Ok((record.outcome, intact(&run))),
        Err(error) => Ok((None, Some(format!("it cannot be closed: {error}")))),
    }
}

/// Waits for a process; one that does not end is killed, which its status shows.
pub(super) fn wait(child: &mut Child) -> std::io::Result<ExitStatus> {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if began.elapsed() > PATIENCE {
            child.kill()?;
            return child.wait();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub(super) fn record_of(run: &Path) -> Option<RunRecord> {
    serde_json::from_slice(&fs::read(run.join(RECORD)).ok()?).ok()
}

/// Why a run's folder does not verify, if it does not.
pub(super) fn intact(run: &Path) -> Option<String> {
    match verify(run, None, false) {
        Ok(found) if found.is_intact() => None,
        Ok(found) => Some(format!("the record does not verify: {}", findings(&found))),
        Err(error) => Some(format!("the record does not verify: {error}")),
    }
}

fn findings(found: &Verification) -> String {
    let none = found.manifest.is_none().then(|| "no manifest".to_owned());
    let all: Vec<String> = found.findings.iter().map(ToString::to_string).chain(none).collect();
    all.join(", ")
}
