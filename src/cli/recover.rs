//! The first thing on a rig whose last run was killed: make it safe, then close that run's record.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::instrument::Operator;
use crate::machine::host_name;
use crate::record::{EXIT_INTERNAL, EXIT_RIG, EXIT_UNSAFE, RunRecord, SafeState};
use crate::report::junit;
use crate::rig::{Port, Rig};
use crate::run::{Held, Interrupt, LockError, RigLock, Safe, Waiting, devices, make_safe};
use crate::store::{NotOpen, OpenRun, Recovery, Signer, killed_run, open_runs};

use super::operator;
use super::signals::ended;

/// Longest pause between pulses that a rig is watched for, if nobody says otherwise, s.
pub(super) const SILENCE: f64 = 2.0;

/// Takes the rig, waiting as long as one may; says who has it. The error is the exit code.
pub(super) fn take(rig: &Rig, waiting: Waiting, interrupt: &Interrupt) -> Result<RigLock, u8> {
    let mut told = |held: &Held| say!("stimrig: waiting: {held}");
    RigLock::take(rig, waiting, interrupt, &mut told).map_err(|error| {
        say!("stimrig: {error}; nothing was run, nothing was energised");
        match (&error, interrupt.cause()) {
            (LockError::Ended(_), Some(cause)) => ended(cause),
            _ => EXIT_RIG,
        }
    })
}

/// What killed runs left on a bench, as far as it is to be closed.
pub(super) struct Left {
    /// Their records, each held so that it is closed once.
    open: Vec<OpenRun>,
    /// Folders that the lock names and that hold nothing to close; the bench has to be measured for them all the same.
    without_record: Vec<PathBuf>,
    /// A run on a bench that is called like this one was killed on a computer of another name: it may have been this bench, and what is
    /// measured here does not close it.
    doubtful: bool,
}

/// The runs of this bench that were killed, in the folder of all runs and wherever its lock names one. What was left open on
/// another bench of that name, or on one that shares a device with it, is said and stays open: what is measured here says
/// nothing about it.
pub(super) fn left_open(rig: &Rig, runs: &Path, lock: &RigLock) -> Left {
    let (mut open, mut without_record) = (Vec::new(), Vec::new());
    for folder in lock.left_behind() {
        match killed_run(folder) {
            Ok(run) => open.push(run),
            Err(why) => {
                say!(
                    "stimrig: {}: left this bench without its output being seen to be off; {why}",
                    folder.display()
                );
                if !matches!(why, NotOpen::OutOfReach(_)) {
                    without_record.push(folder.clone());
                }
            }
        }
    }
    // Those above are held by now, so that none is found twice.
    open.extend(open_runs(runs));
    let (here, host) = (devices(rig), host_name());
    // Whatever this computer was called then, it is the one whose lock names the run.
    let locked =
        |run: &OpenRun| lock.left_behind().contains(&run.folder) && is_like(run.record(), rig, &here);
    let (own, others): (Vec<_>, Vec<_>) =
        open.into_iter().partition(|run| locked(run) || is_of(run.record(), rig, &here, &host));
    let doubtful = others.iter().any(|run| is_like(run.record(), rig, &here));
    for run in others {
        let record = run.record();
        if record.rig == rig.name || lock.left_behind().contains(&run.folder) {
            say!("{}", elsewhere(&run, rig, &here));
        }
    }
    Left { open: own, without_record, doubtful }
}

/// Whether a run was on this bench, seen from the computer `host`: on devices that are called the same, and that are these.
fn is_of(run: &RunRecord, rig: &Rig, here: &[String], host: &str) -> bool {
    let same_file = run.rig == rig.name && run.rig_hash == rig.hash;
    is_like(run, rig, here) && (run.host == host || here.is_empty() || (same_file && names_devices(rig)))
}

/// Whether a run was on devices that are called like those of this bench, or by the same rig file, which names the same. A name alone is
/// also that of a copy for another bench, or of its simulation.
fn is_like(run: &RunRecord, rig: &Rig, here: &[String]) -> bool {
    let same_file = run.rig == rig.name && run.rig_hash == rig.hash;
    match &run.devices {
        // Simulated in the process that is gone.
        Some(devices) if devices.is_empty() => here.is_empty() && run.rig == rig.name,
        // Whatever it is called; a device may have another node since it was plugged in again.
        Some(devices) => !here.is_empty() && (devices == here || same_file),
        None => same_file,
    }
}

/// Whether a rig file names devices wherever they are plugged in. Every computer has a first port, and where several keep their runs in
/// one folder what is measured on one bench must not close the run of another.
fn names_devices(rig: &Rig) -> bool {
    let local = devices(rig).iter().any(|device| device.starts_with("localhost:"));
    [&rig.wiring.stimulator, &rig.wiring.load].into_iter().all(|port| match port {
        Some(Port::SerialNumber(_)) => true,
        Some(Port::Path(path)) => path.contains("/by-id/"),
        Some(Port::Tcp(_)) => !local,
        Some(Port::Pty(_)) | None => false,
    })
}

/// What a person must know about a run that was killed on another bench.
fn elsewhere(run: &OpenRun, rig: &Rig, here: &[String]) -> String {
    let record = run.record();
    let named = |devices: &[String]| match devices {
        [] => "simulated within stimrig".to_owned(),
        devices => devices.join(", "),
    };
    let there = record.devices.as_deref().map_or_else(|| "it does not say which".to_owned(), named);
    let computer = match record.host == host_name() {
        true => String::new(),
        false => format!(" on computer `{}`", record.host),
    };
    format!(
        "stimrig: {}\n  on another bench than this one: rig `{}` of {} ({there}){computer}, and this is `{}` of {} ({}).\n  \
         THAT OUTPUT MAY STILL BE ON, and the run stays open: `stimrig safe --rig {}` makes that bench safe and closes it.",
        found(run),
        record.rig,
        record.rig_file,
        rig.name,
        rig.file,
        named(here),
        record.rig_file
    )
}

/// Makes the rig safe if a run was killed on it, and closes that run.
///
/// # Errors
/// The exit code, if the rig did not confirm: nothing may be energised then.
pub(super) fn recover(
    rig: &Rig,
    runs: &Path,
    lock: &RigLock,
    signer: Option<&Signer>,
    interrupt: &Interrupt,
    person: Option<&Arc<dyn Operator>>,
) -> Result<(), u8> {
    match anything_left(rig, runs, lock) {
        Some(left) => see_to(rig, left, lock, signer, interrupt, person),
        None => Ok(()),
    }
}

/// As [`recover`], ahead of what is no run: whoever sits at the terminal is asked.
///
/// # Errors
/// The exit code, if the rig did not confirm.
pub(super) fn recover_ahead(rig: &Rig, runs: &Path, lock: &RigLock, interrupt: &Interrupt) -> Result<(), u8> {
    let Some(left) = anything_left(rig, runs, lock) else { return Ok(()) };
    let person = operator::person(rig, Some(&operator::whoever(None)), interrupt).map_err(|error| {
        say!("stimrig: cannot listen to the terminal: {error}");
        EXIT_INTERNAL
    })?;
    see_to(rig, left, lock, None, interrupt, person.as_ref())
}

/// What was left, if the bench has to be made safe for it. That a folder is gone says nothing about an output.
fn anything_left(rig: &Rig, runs: &Path, lock: &RigLock) -> Option<Left> {
    let left = left_open(rig, runs, lock);
    (!left.open.is_empty() || left.doubtful || !lock.left_behind().is_empty()).then_some(left)
}

fn see_to(
    rig: &Rig,
    left: Left,
    lock: &RigLock,
    signer: Option<&Signer>,
    interrupt: &Interrupt,
    person: Option<&Arc<dyn Operator>>,
) -> Result<(), u8> {
    for run in &left.open {
        say!("stimrig: {}", found(run));
    }
    let safe = match rig.is_in_process() {
        // Its boards were part of the process that is gone.
        true => Safe {
            safe_state: SafeState::Confirmed,
            found: vec!["the bench was simulated in the process that is gone".to_owned()],
        },
        false => {
            say!("stimrig: making rig `{}` safe first", rig.name);
            let safe = make_safe(rig, lock, SILENCE, interrupt, person);
            say!("stimrig: rig `{}`: {}", rig.name, safe.found.join(", "));
            safe
        }
    };
    if safe.safe_state == SafeState::Confirmed {
        close(left, &safe, lock, signer);
        return Ok(());
    }
    // The record stays open and the lock goes on naming it, so that the next start looks again.
    say!("{}", alarm(rig, safe.safe_state));
    Err(EXIT_UNSAFE)
}

/// Closes runs that were killed, now that their bench was measured to be off; says what became of each.
pub(super) fn close(left: Left, safe: &Safe, lock: &RigLock, signer: Option<&Signer>) -> u8 {
    left.without_record.iter().for_each(|folder| lock.settle(folder));
    let recovery = Recovery {
        tool: super::version::tool_version(),
        safe_state: safe.safe_state,
        found: safe.found.clone(),
    };
    let mut code = 0;
    for run in left.open {
        let folder = run.folder.clone();
        match run.close(&recovery, |record| junit(record, None), signer) {
            Ok(record) => {
                lock.settle(&folder);
                let outcome = record.outcome.map_or("nothing ran", crate::record::Outcome::name);
                say!("stimrig: {}: closed, {outcome}", folder.display());
            }
            Err(error) => {
                code = EXIT_INTERNAL;
                say!("stimrig: {}: cannot be closed: {error}", folder.display());
            }
        }
    }
    code
}

/// What a person must do when a rig cannot be shown to be safe.
pub(super) fn alarm(rig: &Rig, state: SafeState) -> String {
    format!(
        "stimrig: SAFE STATE {} on rig `{}`: the output may be on. Switch the stimulator off by hand or pull its lead, then \
         `stimrig safe --rig {}`; nothing runs on this rig before that.",
        state.name().to_uppercase(),
        rig.name,
        rig.file
    )
}

fn found(run: &OpenRun) -> String {
    let (folder, heard) = (run.folder.display(), run.last_heard());
    if run.has_ended() {
        return format!(
            "{folder}: ended, but was killed before its manifest was written (last heard of at {heard})"
        );
    }
    let cases = run.record().cases.iter().filter(|case| case.safe_state == SafeState::Impossible);
    let cases: Vec<&str> = cases.map(|case| case.name.as_str()).collect();
    let during = if cases.is_empty() { String::new() } else { format!(" during {}", cases.join(" and ")) };
    format!("{folder}: was killed{during}, last heard of at {heard}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::samples::head;
    use crate::rig::DEFAULT_RIG;
    use crate::source::Source;

    fn ports(stimulator: u16) -> Rig {
        let text = format!(
            "version: 1\nname: sim\nstimulator: {{ driver: native, port: {{ tcp: 'bench:{stimulator}' }}, cap: 10 mA }}\n\
             load: {{ driver: native, port: {{ tcp: 'bench:10' }}, channels: {{ e1: {{ quantity: current, shunt: 100 ohm, ranges: [4 mA] }} }} }}\n\
             limits: {{ amplitude: 10 mA, charge_per_phase: 10 uC, mean_dc: 100 uA }}\n"
        );
        Rig::read(&Source::new("bench.yaml", text.as_str())).unwrap()
    }

    #[test]
    fn a_run_is_of_a_bench_by_its_devices_or_its_file_and_not_by_its_name() {
        let simulated = Rig::read(&Source::new(DEFAULT_RIG.0, DEFAULT_RIG.1)).unwrap();
        let (bench, other) = (ports(9), ports(8));
        let is = |run: &RunRecord, rig: &Rig| is_of(run, rig, &devices(rig), "lab");
        let run = |rig: &Rig| RunRecord {
            host: "lab".to_owned(),
            rig: rig.name.clone(),
            rig_hash: rig.hash.clone(),
            devices: Some(devices(rig)),
            ..head()
        };
        assert!(bench.name == other.name && bench.name == simulated.name);
        for (index, of) in [&bench, &other, &simulated].into_iter().enumerate() {
            for (at, on) in [&bench, &other, &simulated].into_iter().enumerate() {
                assert_eq!(is(&run(of), on), index == at, "{index} {at}");
                // A record of before the devices were kept: by its file.
                assert_eq!(is(&RunRecord { devices: None, ..run(of) }, on), index == at, "{index} {at}");
            }
        }
        // A limit was changed in its file since, or the bench was given another name.
        assert!(is(&RunRecord { rig_hash: "other".into(), ..run(&bench) }, &bench));
        assert!(is(&RunRecord { rig: "old name".into(), rig_hash: "other".into(), ..run(&bench) }, &bench));
        // The same file, and a board that has another node since it was plugged in again.
        assert!(is(&RunRecord { devices: Some(vec!["/dev/ttyACM7".into()]), ..run(&bench) }, &bench));
    }

    /// Two computers, each with a bench of its own on the first of its ports, and one folder for the runs of both.
    #[test]
    fn a_run_of_another_computer_is_not_closed_by_what_is_measured_on_this_one() {
        let at = |port: &str| {
            let text = format!(
                "version: 1\nname: a\nstimulator: {{ driver: native, port: {{ {port} }}, cap: 10 mA }}\n\
                 load: {{ driver: native, port: {{ serial_number: L1 }}, channels: {{ e1: {{ quantity: current, shunt: 100 ohm, ranges: [4 mA] }} }} }}\n\
                 limits: {{ amplitude: 10 mA, charge_per_phase: 10 uC, mean_dc: 100 uA }}\n"
            );
            Rig::read(&Source::new("bench.yaml", text.as_str())).unwrap()
        };
        for (port, follows) in [
            ("path: /dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0", false),
            ("path: /dev/serial/by-id/usb-STIM-0042-if00", true),
            ("tcp: 'localhost:9'", false),
            ("serial_number: S1", true),
            ("tcp: 'bench:9'", true),
        ] {
            let rig = at(port);
            let here = devices(&rig);
            let run = RunRecord {
                host: "lab-1".to_owned(),
                rig: rig.name.clone(),
                rig_hash: rig.hash.clone(),
                devices: Some(here.clone()),
                ..head()
            };
            assert!(is_of(&run, &rig, &here, "lab-1"), "{port}");
            assert_eq!(is_of(&run, &rig, &here, "lab-2"), follows, "{port}");
            // By another file the same node is another device there.
            let other = RunRecord { rig_hash: "other".into(), ..run.clone() };
            assert!(is_of(&other, &rig, &here, "lab-1") && !is_of(&other, &rig, &here, "lab-2"), "{port}");
            // It may be this bench under another name of its computer: it is made safe.
            assert!(is_like(&run, &rig, &here), "{port}");
        }
    }
}
