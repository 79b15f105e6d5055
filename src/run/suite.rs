//! Many cases: on several threads where the bench is simulated, one after the other on a real rig.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Instant;

use crate::instrument::Operator;
use crate::phantom::Phantom;
use crate::record::{Archive, CaseRecord, Event, InstrumentRecord, Outcome, RunRecord, SafeState, Sink};
use crate::rig::Rig;
use crate::scenario::Plan;
use crate::sim::Spare;

use super::caught::caught_in;
use super::interrupt::{Cause, Interrupt};
use super::keep::{Keep, Keeping};
use super::lock::RigLock;
use super::message::Message;
use super::open::{Tamper, With};
use super::{case, open};

/// Somebody who can be told what to do.
#[derive(Clone)]
pub struct Person(pub Arc<dyn Operator>);

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Person")
    }
}

/// What the caller decides about a run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Id of the run, a UUIDv7.
    pub id: String,
    /// Cases at once on a simulated bench, and cores that they use together; a real rig always runs one.
    pub jobs: usize,
    /// No further case starts once this many have failed.
    pub max_fail: Option<usize>,
    /// Serial of the device under test.
    pub dut: Option<String>,
    /// Who runs it.
    pub operator: Option<String>,
    /// The person at the bench, where a stimulator is driven by hand.
    pub person: Option<Person>,
    /// A phantom plugged in instead of the one a scenario names (simulated rigs: `sim.phantom`).
    pub plugged: Option<Phantom>,
    /// Of which cases the raw samples are kept.
    pub keep: Keep,
    /// Version of the tool, for provenance.
    pub tool: String,
    /// How the run came about.
    pub origin: Origin,
    /// Lays hands on the wires of a simulated bench; drills alone do.
    pub tamper: Option<Arc<dyn Tamper>>,
}

/// How a run came about, for provenance.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// What was laid over the rig file: `--set KEY=VALUE`, `--defect NAME=VALUE`.
    pub overrides: Vec<String>,
    /// The part of the selection that runs, as `hash:1/2`.
    pub partition: Option<String>,
    /// The run whose cases are run again.
    pub rerun_of: Option<String>,
}

/// Runs the plans on the rig and tells `sink` everything that happens, ending with [`Event::RunEnded`].
///
/// Whatever a case meets, its teardown has measured the safe state before its `CaseEnded` is emitted. But for the
/// time they took, case records do not depend on the number of jobs: each simulated case has its own bench, drawn from the rig's seed, and its own noise,
/// drawn from the seed and the case's name.
///
/// `_lock` is what makes this process the owner of the bench: it outlives every case, and with it every safe state.
pub fn suite(
    plans: &[Plan],
    rig: &Rig,
    _lock: &RigLock,
    options: &Options,
    interrupt: &Interrupt,
    archive: &dyn Archive,
    sink: &mut dyn Sink,
) {
    let clock = Instant::now();
    sink.take(&Event::RunStarted(Box::new(head(plans, rig, options))));
    let next = AtomicUsize::new(0);
    let failed = AtomicUsize::new(0);
    let dangerous = AtomicBool::new(false);
    // Each case has a bench of its own where all of it is in this process.
    let jobs = if rig.is_in_process() && rig.capabilities.commands {
        options.jobs.clamp(1, plans.len().max(1))
    } else {
        1
    };
    let order = order(plans, jobs);
    let spare = &Spare::new(options.jobs, jobs);
    let run = Run { rig, options, interrupt, archive, spare };
    let (events, inbox) = mpsc::channel::<Message>();
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            let events = events.clone();
            let (next, failed, dangerous, order, run) = (&next, &failed, &dangerous, &order, &run);
            scope.spawn(move || {
                while !dangerous.load(Ordering::SeqCst)
                    && let Some((index, plan)) = take_next(plans, order, next, failed, options, interrupt)
                {
                    let clock = Instant::now();
                    let record = caught_in(|| one(index, plan, run, &events));
                    let record = record.unwrap_or_else(|panic| {
                        // Outside of what the case guards itself: nobody knows how the bench was left.
                        interrupt.raise(Cause::Internal);
                        let safe_state = SafeState::Impossible;
                        CaseRecord { safe_state, ..case::untouched(plan, Outcome::Unsafe, panic) }
                    });
                    let record = CaseRecord { elapsed: clock.elapsed().as_secs_f64(), ..record };
                    if record.outcome >= Outcome::Failed {
                        failed.fetch_add(1, Ordering::SeqCst);
                    }
                    // Nobody energises a bench again whose output would not go off. A simulated case has its own.
                    if record.outcome == Outcome::Unsafe && !rig.is_in_process() {
                        dangerous.store(true, Ordering::SeqCst);
                    }
                    // The receiver outlives the workers.
                    let _ = events
                        .send(Message::Event(Event::CaseEnded { case: index, record: Box::new(record) }));
                }
                spare.leave();
            });
        }
        drop(events);
        deliver(&inbox, interrupt, sink);
    });
    let ended = jiff::Timestamp::now().to_string();
    sink.take(&Event::RunEnded { ended, elapsed: clock.elapsed().as_secs_f64() });
}

/// In which order cases begin. Of several at once the longest of a repetition go first, so that none of them is left
/// running alone at the end; one after the other they come as they were named.
fn order(plans: &[Plan], jobs: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..plans.len()).collect();
    if jobs > 1 {
        let samples =
            |index: &usize| plans.get(*index).map_or(0.0, |plan| plan.duration * plan.channels.len() as f64);
        let attempt = |index: &usize| plans.get(*index).map_or(0, |plan| plan.attempt);
        order.sort_by(|a, b| attempt(a).cmp(&attempt(b)).then(samples(b).total_cmp(&samples(a))));
    }
    order
}

fn take_next<'a>(
    plans: &'a [Plan],
    order: &[usize],
    next: &AtomicUsize,
    failed: &AtomicUsize,
    options: &Options,
    interrupt: &Interrupt,
) -> Option<(usize, &'a Plan)> {
    let enough = options.max_fail.is_some_and(|most| failed.load(Ordering::SeqCst) >= most);
    if enough || interrupt.cause().is_some() {
        return None;
    }
    let index = *order.get(next.fetch_add(1, Ordering::SeqCst))?;
    plans.get(index).map(|plan| (index, plan))
}

/// What the cases of a run have in common.
struct Run<'a> {
    rig: &'a Rig,
    options: &'a Options,
    interrupt: &'a Interrupt,
    archive: &'a dyn Archive,
    /// Threads without a case leave their cores to it.
    spare: &'a Spare,
}

fn one(index: usize, plan: &Plan, run: &Run<'_>, events: &mpsc::Sender<Message>) -> CaseRecord {
    let Run { rig, options, interrupt, archive, spare } = *run;
    let name = plan.title();
    let unheard = case::untouched(plan, Outcome::Aborted, "the run did not live to end this case".to_owned());
    let planned = Some(Box::new(CaseRecord { safe_state: SafeState::Impossible, ..unheard }));
    let _ = events.send(Message::Event(Event::CaseStarted { case: index, name, planned }));
    if !plan.missing.is_empty() {
        let reason = format!("the rig cannot do: {}", plan.missing.join(", "));
        return case::untouched(plan, Outcome::Skipped, reason);
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            return unreached(plan, format!("no runtime for the case: {error}"));
        }
    };
    let keeping = Keeping { case: index, policy: options.keep, tool: &options.tool, archive };
    let person = options.person.as_ref().map(|person| &person.0);
    let with = With {
        plugged: options.plugged.as_ref(),
        tamper: options.tamper.as_deref(),
        person,
        spare: spare.clone(),
    };
    match runtime.block_on(open::open(rig, plan, &with)) {
        Ok(instruments) => {
            runtime.block_on(case::run(instruments, plan, rig, interrupt, &keeping, &|message| {
                let message = match message {
                    Message::Event(Event::Progress { time, what, .. }) => {
                        Message::Event(Event::Progress { case: index, time, what })
                    }
                    Message::Event(Event::Logged { time, line, .. }) => {
                        Message::Event(Event::Logged { case: index, time, line })
                    }
                    other => other,
                };
                let _ = events.send(message);
            }))
        }
        Err(reason) => unreached(plan, reason),
    }
}

/// The record of a case whose bench could not be opened. Its safe state stays that of a run that changed nothing, and it does not
/// claim to have seen the output: another program may drive it.
fn unreached(plan: &Plan, reason: String) -> CaseRecord {
    let notes = vec!["nothing was energised by this case; the output was not measured".to_owned()];
    CaseRecord { notes, ..case::untouched(plan, Outcome::RigError, reason) }
}

/// Hands events to the sink as they come; each instrument is reported once, a cause as soon as it is seen.
///
/// A sink that panics ends the run on the way every other cause takes, and the panic goes on once every case is safe.
fn deliver(inbox: &mpsc::Receiver<Message>, interrupt: &Interrupt, sink: &mut dyn Sink) {
    let mut identified: Vec<InstrumentRecord> = Vec::new();
    let mut told = false;
    let mut take = |message: Option<Message>| {
        if let Some(cause) = interrupt.cause().filter(|_| !told) {
            told = true;
            sink.take(&Event::Interrupted { signal: cause.name().to_owned() });
        }
        match message {
            None => {}
            Some(Message::Event(event)) => sink.take(&event),
            Some(Message::Identity(record)) if identified.contains(&record) => {}
            Some(Message::Identity(record)) => {
                sink.take(&Event::Identified(record.clone()));
                identified.push(record);
            }
        }
    };
    let mut panic = None;
    while let Ok(message) = inbox.recv() {
        if panic.is_none()
            && let Err(payload) = catch_unwind(AssertUnwindSafe(|| take(Some(message))))
        {
            interrupt.raise(Cause::Internal);
            panic = Some(payload);
        }
    }
    match panic {
        None => take(None),
        Some(payload) => resume_unwind(payload),
    }
}

/// The record before anything has happened.
fn head(plans: &[Plan], rig: &Rig, options: &Options) -> RunRecord {
    let scenarios: BTreeMap<_, _> =
        plans.iter().map(|plan| (plan.case.file.clone(), plan.case.hash.clone())).collect();
    let started = jiff::Timestamp::now().to_string();
    RunRecord {
        version: RunRecord::VERSION,
        id: options.id.clone(),
        fidelity: rig.fidelity().to_owned(),
        outcome: None,
        safe_state: SafeState::Confirmed,
        exit_code: 0,
        interrupted: None,
        dut: options.dut.clone(),
        operator: options.operator.clone(),
        seed: rig.sim.as_ref().map(|sim| sim.seed),
        ended: started.clone(),
        started,
        elapsed: 0.0,
        tool: options.tool.clone(),
        host: crate::machine::host_name(),
        rig: rig.name.clone(),
        rig_hash: rig.hash.clone(),
        defects: defects(rig),
        rig_file: rig.file.clone(),
        devices: Some(super::lock::devices(rig)),
        overrides: options.origin.overrides.clone(),
        partition: options.origin.partition.clone(),
        rerun_of: options.origin.rerun_of.clone(),
        selected: plans.iter().map(|plan| format!("{}#{}", plan.case.file, plan.case.number)).collect(),
        scenarios,
        instruments: Vec::new(),
        cases: Vec::new(),
    }
}

/// Names of what is wrong with a simulated stimulator on purpose.
fn defects(rig: &Rig) -> Vec<String> {
    let defects = rig.sim.iter().flat_map(|bench| &bench.defects);
    defects.map(|defect| defect.kind.name().to_owned()).collect()
}
