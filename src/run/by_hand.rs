//! What takes a person's time: an output that a hand switches is waited for, on the samples.

use super::halt::Halt;
use super::pace::{POLL, SECOND};
use super::session::Session;

/// An output that a hand switched off is off when it has been quiet for this long, or for three periods, s.
const STOPPED: f64 = 1.0;

/// Waits for the first pulse, and places the step that asked for it there.
///
/// # Errors
/// When nothing comes, and whatever else ends a case.
pub(super) async fn await_output(session: &mut Session<'_>) -> Result<(), Halt> {
    session.progress("waiting for the first pulse");
    let begun = session.instruments.clock.now();
    loop {
        let from = session.sample();
        session.pass(POLL).await?;
        if session.intake.recorder.active_since(from) {
            place(session, from);
            session.progress("first pulse seen");
            return Ok(());
        }
        if (session.instruments.clock.now() - begun) as f64 > session.bench.patience * SECOND {
            return Err(Halt::Bench(format!(
                "no pulse within {} s of asking for it: is the stimulator connected and switched on?",
                session.bench.patience
            )));
        }
    }
}

/// Waits until the output has been quiet for `quiet` seconds; returns the sample of its last activity.
///
/// One that does not become quiet is noted in the session: it is known to be on, and is not waited for again.
///
/// # Errors
/// When it does not become quiet, and whatever else ends a case.
pub(super) async fn await_quiet(session: &mut Session<'_>, quiet: f64) -> Result<u64, Halt> {
    let begun = session.instruments.clock.now();
    let asked = session.sample();
    loop {
        let rate = session.intake.setup.sample_rate;
        let last = session.intake.recorder.last_activity().map_or(0, |interval| interval.last);
        if session.sample().saturating_sub(last.max(asked)) as f64 >= quiet * rate {
            return Ok(last.max(asked));
        }
        session.pass(POLL).await?;
        if (session.instruments.clock.now() - begun) as f64 > session.bench.patience * SECOND {
            session.output.left_on = true;
            return Err(Halt::Bench(format!(
                "the output is still on {} s after asking for it to be off",
                session.bench.patience
            )));
        }
    }
}

/// As [`await_quiet`], and places the step that asked for it at the last activity.
///
/// # Errors
/// As [`await_quiet`].
pub(super) async fn await_stop(session: &mut Session<'_>) -> Result<(), Halt> {
    let period = session.account.facts.segments.last().map_or(0.0, |segment| segment.programmed.period());
    let last = await_quiet(session, STOPPED.max(3.0 * period)).await?;
    place(session, last);
    Ok(())
}

/// The step that is due lies at a sample that only the samples could tell.
fn place(session: &mut Session<'_>, sample: u64) {
    if let Some(pending) = session.account.pending.last_mut() {
        pending.from = sample;
    }
}
