//! Drills within this process: a simulated bench, its wires behind a trap, and a witness.

use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};

use crate::bench::drills::{Kind, Seen, Trial};
use crate::cli::bench::ended::Ended;
use crate::cli::load::load_rig;
use crate::instrument::{Mishap, Port, Trap, TrappedPort};
use crate::record::{Event, Fold, Sink};
use crate::report::junit;
use crate::rig::Rig;
use crate::run::{Cause, Interrupt, Keep, Options, Origin, RigLock, Tamper, Waiting, Witness, suite};
use crate::scenario::{Case, plan, read_scenario, shipped};
use crate::source::{Source, render};
use crate::store::{JUNIT, RunFolder, verify};

/// Nanoseconds in a second.
const SECOND: f64 = 1e9;
/// How long the world is watched after a run, ns.
const AFTER: u64 = 2_000_000_000;
/// A board that resets itself has no supply for this long, ns: longer than its reservoir feeds it.
const RESET: u64 = 12_000_000;

/// What the drills run on.
pub(super) struct Bench {
    rig: Rig,
    lock: RigLock,
    runs: tempfile::TempDir,
}

impl Bench {
    /// The default bench, and a folder for the runs.
    pub(super) fn new() -> Result<Self, Ended> {
        let rig = load_rig(None, &[], &[]).map_err(|problems| Ended::usage(render(&problems, false)))?;
        if !rig.is_in_process() {
            return Err(Ended::usage("drills need a simulated bench: rig/sim.yaml is none"));
        }
        let lock = RigLock::take(&rig, Waiting::No, &Interrupt::default(), &mut |_| {});
        let lock = lock.map_err(|error| Ended::internal(error.to_string()))?;
        let runs = tempfile::tempdir()
            .map_err(|error| Ended::internal(format!("no folder for the runs: {error}")))?;
        Ok(Self { rig, lock, runs })
    }

    /// Runs a trial.
    ///
    /// # Errors
    /// When it cannot be run at all: that is no finding about the bench.
    pub(super) fn run(&self, trial: &Trial) -> Result<Seen, Ended> {
        let case = case_of(&trial.scenario).map_err(Ended::internal)?;
        // The scenario is the tool's own: the bench is another than it is made for.
        let plan = plan(case, &self.rig, false).map_err(|problems| Ended::usage(render(&problems, false)))?;
        let interrupt = Interrupt::default();
        let hands = Arc::new(Hands::new(trial, &interrupt));
        let options = Options {
            id: uuid::Uuid::now_v7().to_string(),
            jobs: 1,
            max_fail: None,
            dut: None,
            operator: None,
            person: None,
            plugged: None,
            keep: Keep::Failures,
            tool: crate::cli::version::tool_version(),
            origin: Origin::default(),
            tamper: Some(Arc::clone(&hands) as Arc<dyn Tamper>),
        };
        // A folder of runs for each trial: what is of interest is the record, not the chain, which many would wait for.
        let runs = self.runs.path().join(trial.number.to_string());
        let folder =
            RunFolder::create(&runs, &options.id).map_err(|error| Ended::internal(error.to_string()))?;
        let evidence = folder.evidence(&options.id, true, || {});
        let mut sink = Keeping { folder, fold: Fold::default() };
        suite(&[plan], &self.rig, &self.lock, &options, &interrupt, &evidence, &mut sink);
        // Everything must be written before the folder is closed.
        drop(evidence);
        let record = sink.fold.record().ok_or_else(|| Ended::internal("the run left no record"))?;
        let witness = hands.witness().ok_or_else(|| Ended::internal("the bench was never opened"))?;
        let ended = witness.now() as f64 / SECOND;
        witness.pass(AFTER);
        let truth = witness.truth();
        let problem = closed(&mut sink.folder, &record);
        let _ = std::fs::remove_dir_all(&runs);
        let seconds = |at: Option<u64>| at.map(|at| at as f64 / SECOND);
        Ok(Seen {
            happened: seconds(hands.trap.sprung()),
            ended,
            last_driven: seconds(truth.last_driven),
            last_reached: seconds(truth.last_reached),
            record,
            folder: problem,
        })
    }
}

/// The one case of a scenario.
pub(super) fn case_of(text: &str) -> Result<Case, String> {
    let (cases, problems) = read_scenario(&Source::new("drill", text), &mut shipped);
    cases.into_iter().next().ok_or_else(|| render(&problems, false))
}

/// Closes a run's folder as `stimrig run` does and verifies it; says what is wrong.
fn closed(folder: &mut RunFolder, record: &crate::record::RunRecord) -> Option<String> {
    let kept =
        folder.finish(record, &[(JUNIT, &junit(record, None))]).and_then(|()| folder.seal(record, None));
    if let Err(error) = kept {
        return Some(format!("the record could not be closed: {error}"));
    }
    match verify(folder.path(), None, false) {
        Ok(found) if found.is_intact() => None,
        Ok(found) => {
            let findings: Vec<String> = found.findings.iter().map(ToString::to_string).collect();
            Some(format!("the record does not verify: {}", findings.join(", ")))
        }
        Err(error) => Some(format!("the record does not verify: {error}")),
    }
}

/// Follows a run as `stimrig run` does, without a console.
struct Keeping {
    folder: RunFolder,
    fold: Fold,
}

impl Sink for Keeping {
    fn take(&mut self, event: &Event) {
        self.folder.take(event);
        self.fold.take(event);
    }
}

/// Who lays the trap on the wires, and remembers the witness.
#[derive(Debug)]
struct Hands {
    kind: Kind,
    on_load: bool,
    trap: Arc<Trap>,
    witness: Arc<Mutex<Option<Witness>>>,
}

impl Hands {
    fn new(trial: &Trial, interrupt: &Interrupt) -> Self {
        let witness: Arc<Mutex<Option<Witness>>> = Arc::default();
        let raise = |causes: &'static [Cause]| {
            let interrupt = interrupt.clone();
            Mishap::Call(Arc::new(move || causes.iter().for_each(|cause| interrupt.raise(*cause))))
        };
        let mishap = match trial.kind {
            Kind::Sigint => raise(&[Cause::Interrupt]),
            Kind::Sigterm => raise(&[Cause::Terminate]),
            Kind::DoubleSigint => raise(&[Cause::Interrupt, Cause::Interrupt]),
            // Without the hook: a drill is no news on standard error.
            Kind::Panic => Mishap::Call(Arc::new(|| resume_unwind(Box::new("a drill")))),
            Kind::PortClosed => Mishap::Gone,
            Kind::HostSilent
            | Kind::Sigkill
            | Kind::DiskFull
            | Kind::KilledOnPorts
            | Kind::SignalledOnPorts
            | Kind::StimulatorUnplugged
            | Kind::LoadUnplugged => Mishap::Silence,
            Kind::ReplyLost => Mishap::ReplyLost,
            Kind::ReplyDamaged => Mishap::ReplyDamaged,
            Kind::RequestDamaged => Mishap::RequestDamaged,
            Kind::BlockLost => Mishap::BlockLost,
            Kind::BlockTwice => Mishap::BlockTwice,
            Kind::BlocksSwapped => Mishap::BlocksSwapped,
            Kind::BoardReset => {
                let seen = Arc::clone(&witness);
                Mishap::Call(Arc::new(move || {
                    if let Some(witness) = &*seen.lock().unwrap_or_else(PoisonError::into_inner) {
                        witness.reset_stimulator(RESET);
                    }
                }))
            }
        };
        let trap = Arc::new(Trap::new(mishap, (trial.at * SECOND) as u64, trial.times));
        Self { kind: trial.kind, on_load: trial.on_load, trap, witness }
    }

    fn witness(&self) -> Option<Witness> {
        self.witness.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Tamper for Hands {
    fn wires(&self, witness: Witness, [stimulator, load]: [Box<dyn Port>; 2]) -> [Box<dyn Port>; 2] {
        *self.witness.lock().unwrap_or_else(PoisonError::into_inner) = Some(witness);
        let trapped = |port| -> Box<dyn Port> { Box::new(TrappedPort::new(port, Arc::clone(&self.trap))) };
        match self.kind {
            // Of one wire or the other.
            Kind::PortClosed | Kind::ReplyLost | Kind::ReplyDamaged | Kind::RequestDamaged
                if self.on_load =>
            {
                [stimulator, trapped(load)]
            }
            Kind::PortClosed | Kind::ReplyLost | Kind::ReplyDamaged | Kind::RequestDamaged => {
                [trapped(stimulator), load]
            }
            _ => [trapped(stimulator), trapped(load)],
        }
    }
}
