//! The first thing on a rig whose last run was killed: make it safe, then close that run's record.

use std::path::Path;
use std::sync::Arc;

use crate::instrument::Operator;
use crate::record::{EXIT_INTERNAL, EXIT_RIG, EXIT_UNSAFE, SafeState};
use crate::report::junit;
use crate::rig::Rig;
use crate::run::{Held, Interrupt, LockError, RigLock, Safe, Waiting, make_safe};
use crate::store::{OpenRun, Recovery, Signer, open_run, open_runs};

/// Longest pause between pulses that a rig is watched for, if nobody says otherwise, s.
pub(super) const SILENCE: f64 = 2.0;

/// Takes the rig, waiting as long as one may; says who has it. The error is the exit code.
pub(super) fn take(rig: &Rig, waiting: Waiting, interrupt: &Interrupt) -> Result<RigLock, u8> {
    let mut told = |held: &Held| eprintln!("stimrig: waiting: {held}");
    RigLock::take(rig, waiting, interrupt, &mut told).map_err(|error| {
        eprintln!("stimrig: {error}; nothing was run, nothing was energised");
        match (&error, interrupt.cause()) {
            (LockError::Ended(_), Some(cause)) => {
                crate::record::exit_code(Some(crate::record::Outcome::Aborted), Some(cause.name()))
            }
            _ => EXIT_RIG,
        }
    })
}

/// The runs of this rig that were killed, in the folder of all runs and wherever its lock names one.
pub(super) fn left_open(rig: &Rig, runs: &Path, lock: &RigLock) -> Vec<OpenRun> {
    let mut open = open_runs(runs);
    // Those above are held by now, so that none is found twice.
    open.extend(lock.left_behind().iter().filter_map(|folder| open_run(folder)));
    open.retain(|run| run.record().rig == rig.name);
    open
}

/// Makes the rig safe if a run of it was killed, and closes that run. Returns what was measured.
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
    let open = left_open(rig, runs, lock);
    if open.is_empty() {
        return Ok(());
    }
    for run in &open {
        eprintln!("stimrig: {}", found(run));
    }
    let safe = match rig.is_in_process() {
        // Its boards were part of the process that is gone.
        true => Safe {
            safe_state: SafeState::Confirmed,
            found: vec!["the bench was simulated in the process that is gone".to_owned()],
        },
        false => {
            eprintln!("stimrig: making rig `{}` safe first", rig.name);
            let safe = make_safe(rig, lock, SILENCE, interrupt, person);
            eprintln!("stimrig: rig `{}`: {}", rig.name, safe.found.join(", "));
            safe
        }
    };
    if safe.safe_state == SafeState::Confirmed {
        close(open, &safe, signer);
        return Ok(());
    }
    // The record stays open, so that the next start looks again.
    eprintln!("{}", alarm(rig, safe.safe_state));
    Err(EXIT_UNSAFE)
}

/// Closes runs that were killed; says what became of each.
pub(super) fn close(open: Vec<OpenRun>, safe: &Safe, signer: Option<&Signer>) -> u8 {
    let recovery =
        Recovery { tool: super::run::tool_version(), safe_state: safe.safe_state, found: safe.found.clone() };
    let mut code = 0;
    for run in open {
        let folder = run.folder.clone();
        match run.close(&recovery, |record| junit(record, None), signer) {
            Ok(record) => {
                let outcome = record.outcome.map_or("nothing ran", crate::record::Outcome::name);
                eprintln!("stimrig: {}: closed, {outcome}", folder.display());
            }
            Err(error) => {
                code = EXIT_INTERNAL;
                eprintln!("stimrig: {}: cannot be closed: {error}", folder.display());
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
