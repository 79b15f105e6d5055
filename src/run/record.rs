//! A case on a load that takes one record instead of a stream: armed before the steps, read behind them.
//!
//! What happened meanwhile was noted by the host's clock; once it is known where the record lies, it is moved to its samples,
//! and what is then measured is what a stream would have given.

use crate::instrument::{Reading, RecordHead, RecordRequest, StreamChannel, Trigger};
use crate::measure::Recorder;
use crate::quantity::{Dimension, engineering};
use crate::rig::Rig;
use crate::scenario::{Plan, RecordPlan};
use crate::signal::{MarkerBit, Sensed};

use super::channels::as_recorded;
use super::halt::Halt;
use super::keep::Keeping;
use super::pace::POLL;
use super::session::Session;
use super::teardown::STOP_ALLOWANCE;
use super::{channels, faults, guard, loading, steps};

/// Most records of one case: what clips is taken again on the next coarser range, and then once more.
const RECORDS: usize = 3;
/// A trigger is early when it came so long before the start at least, s: clocks and rounding are finer.
const EARLY: f64 = 1e-3;

/// Runs the steps of a case under a record, on coarser ranges where they clip.
///
/// # Errors
/// As [`steps::run`], and a record that does not hold the case.
pub(super) async fn run(
    session: &mut Session<'_>,
    plan: &Plan,
    rig: &Rig,
    keeping: &Keeping<'_>,
) -> Result<(), Halt> {
    let mut channels = channels::stream_setup(plan).channels;
    for taken in 1..=RECORDS {
        // Reading the record before took its time, with the output off and nobody waiting.
        session.watch.pace.anew();
        arm(session, plan).await?;
        steps::run(session, plan).await?;
        // While a record is read nobody watches the output: it must be off. What the steps left injected must neither swallow
        // the stop nor be there in the next taking.
        faults::let_it_hear(session).await?;
        session.instruments.stimulator.stop().await?;
        session.taking.stopped = Some(session.sample());
        take(session, plan, keeping).await?;
        session.taking.stop_ignored |= session.bench.capabilities.drives && goes_on(session);
        if session.bench.capabilities.drives
            && let Some(reason) =
                guard::tripped(&session.intake.recorder, session.bench.limits, session.bench.phantom)
        {
            return Err(Halt::Guard(reason));
        }
        if taken == RECORDS || !coarser(session, rig, &mut channels) {
            break;
        }
        again(session, plan, &channels).await?;
    }
    for channel in channels {
        let (range, dimension) = (channel.range, dimension(channel.quantity));
        if range > 0.0 {
            session.account.notes.push(format!(
                "{} was taken on a range of {}",
                channel.name,
                engineering(range, dimension, 3)
            ));
        }
    }
    Ok(())
}

async fn arm(session: &mut Session<'_>, plan: &Plan) -> Result<(), Halt> {
    let RecordPlan { before, after, trigger } = RecordPlan::of(&plan.case);
    let trigger = trigger.map(|level| Trigger { channel: session.intake.setup.main, level });
    session.instruments.record()?.arm(&RecordRequest { before, after, trigger }).await?;
    session.taking.armed = Some(session.instruments.clock.now());
    Ok(())
}

/// Waits for the record, places it, and measures it.
async fn take(session: &mut Session<'_>, plan: &Plan, keeping: &Keeping<'_>) -> Result<(), Halt> {
    let mut told = 0;
    let mut total = 1;
    loop {
        if let Some(cause) = session.interrupt.cause() {
            return Err(Halt::Interrupted(cause));
        }
        match session.read_record().await? {
            Reading::Waiting => session.instruments.clock.sleep(POLL).await,
            Reading::Head(head) => {
                total = head.samples.max(1);
                place(session, plan, keeping, head)?;
            }
            Reading::Part(done) => {
                // Deep memory takes its time: every quarter is told.
                let quarter = 4 * done / total;
                if quarter > told && total > 1_000_000 {
                    session.progress(format!("reading the record: {} %", 100 * done / total));
                }
                told = quarter;
            }
            Reading::End => return Ok(()),
        }
    }
}

/// From the host's clock to the samples of a record that is complete.
fn place(
    session: &mut Session<'_>,
    plan: &Plan,
    keeping: &Keeping<'_>,
    head: RecordHead,
) -> Result<(), Halt> {
    let before = session.intake.setup.sample_rate;
    let rate = head.sample_rate;
    let placed = |sample: u64| ((sample as f64 / before - head.began) * rate).round();
    // What happened before the record is in force from its first sample on.
    let to = |sample: u64| placed(sample).max(0.0) as u64;
    session.account.facts.moved(to);
    for pending in &mut session.account.pending {
        // A step is not moved into the record: what came so long after it counts from where it was.
        pending.ahead = (-placed(pending.from)).max(0.0) as u64;
        pending.from = to(pending.from);
    }
    for change in &mut session.account.programs {
        (change.arrived, change.from) = (to(change.arrived), to(change.from));
    }
    session.taking.stopped = session.taking.stopped.map(to);
    session.account.facts.round_trip = session.account.facts.poll_period + head.began_u;
    session.note(&head.notes);
    session.taking.armed = None;
    in_its_place(session, plan, &head)?;
    let needed = session.account.pending.last().map_or(0, |last| last.from);
    if needed > head.samples {
        let seconds = |samples: u64| engineering(samples as f64 / rate, Dimension::Time, 4);
        return Err(Halt::Bench(format!(
            "the record ends after {}, and the case's last step comes after {}: shorten the case, or take a longer record",
            seconds(head.samples),
            seconds(needed)
        )));
    }
    session.intake.setup = as_recorded(&session.intake.setup, &head);
    session.intake.recorder = Recorder::new(session.intake.setup.clone());
    // The first program is the setup's own.
    for change in session.account.programs.iter().skip(1) {
        session.intake.recorder.program_changed(change.from, &change.program);
    }
    session.intake.archive = keeping.begin(plan, &session.intake.setup);
    Ok(())
}

/// A record that was triggered before the first start was sent shows something else.
fn in_its_place(session: &Session<'_>, plan: &Plan, head: &RecordHead) -> Result<(), Halt> {
    let RecordPlan { trigger, .. } = RecordPlan::of(&plan.case);
    let start = session.account.pending.iter().find(|pending| pending.bit == Some(MarkerBit::StartTaken));
    let by_trigger = trigger.is_some() && !head.forced && session.bench.capabilities.drives;
    let Some(start) = start.filter(|_| by_trigger) else { return Ok(()) };
    let at = start.from as f64 / head.sample_rate;
    let early = at - (head.trigger + head.began_u + EARLY);
    if early <= 0.0 {
        return Ok(());
    }
    Err(Halt::Bench(format!(
        "the record was triggered {} before the stimulator was started: see that its output is off, and that the noise stays below half the amplitude on this range",
        engineering(early, Dimension::Time, 3)
    )))
}

/// Whether the record shows output when the stop must have been obeyed. By the time it has been read, the stimulator's own
/// dead-man may have ended what the stop did not.
fn goes_on(session: &Session<'_>) -> bool {
    let allowed = (STOP_ALLOWANCE + session.account.facts.round_trip) * session.intake.setup.sample_rate;
    session
        .taking
        .stopped
        .is_some_and(|stopped| session.intake.recorder.active_since(stopped + allowed as u64))
}

/// Moves every channel that clipped to its next coarser range; false when there is nothing to gain.
fn coarser(session: &mut Session<'_>, rig: &Rig, channels: &mut [StreamChannel]) -> bool {
    let mut moved = false;
    for (index, channel) in channels.iter_mut().enumerate() {
        if !session.intake.recorder.clipped(index) {
            continue;
        }
        let stated = rig.channels.iter().find(|stated| stated.name == channel.name);
        let next =
            stated.and_then(|stated| stated.ranges.iter().find(|range| **range > channel.range * 1.001));
        let Some(next) = next else { continue };
        let dimension = dimension(channel.quantity);
        session.progress(format!(
            "{} clipped on {}: taken again on {}",
            channel.name,
            engineering(channel.range, dimension, 3),
            engineering(*next, dimension, 3)
        ));
        channel.range = *next;
        moved = true;
    }
    moved
}

/// Back to before the steps, with other ranges.
async fn again(session: &mut Session<'_>, plan: &Plan, channels: &[StreamChannel]) -> Result<(), Halt> {
    if let Some(archive) = session.intake.archive.take() {
        archive.end(None);
    }
    // The record has shown how the stop ended it.
    session.output.started = session.output.started.filter(|_| session.taking.stop_ignored);
    session.account.pending.clear();
    session.account.programs.clear();
    session.account.facts.segments.clear();
    session.account.facts.statuses.clear();
    session.account.facts.restarts.clear();
    session.instruments.record()?.set_up(channels).await?;
    session.intake.recorder = Recorder::new(session.intake.setup.clone());
    session.instruments.stimulator.acknowledge().await?;
    loading::load(session, &plan.case.program, false).await
}

fn dimension(quantity: Sensed) -> Dimension {
    match quantity {
        Sensed::Current => Dimension::Current,
        Sensed::Voltage => Dimension::Voltage,
    }
}
