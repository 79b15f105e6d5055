//! Records of the output at rest: whether it is off, on a load that takes no stream.

use crate::instrument::{Reading, RecordRequest};
use crate::measure::{Recorder, Setup};
use crate::quantity::{Dimension, engineering};
use crate::scenario::Plan;
use crate::signal::BlockSink;

use super::channels;
use super::channels::as_recorded;
use super::halt::Halt;
use super::interrupt::Interrupt;
use super::pace::POLL;
use super::session::{Nowhere, Session};

/// Length of the record that is taken before anything is energised, s.
const REST: f64 = 0.05;

/// Takes a record of the output at rest before anything is energised: what cannot be read is found before it matters, and so is
/// an output that is on already.
///
/// # Errors
/// As [`quiet`], and an output that is active.
pub(super) async fn rehearse(session: &mut Session<'_>, plan: &Plan) -> Result<(), Halt> {
    // Deep memory takes seconds to read, and whoever ends the run does not wait for it.
    let Some(record) = taken(session, REST, |interrupt| interrupt.cause().is_none()).await? else {
        return Err(Halt::Interrupted(session.interrupt.raised().await));
    };
    if off(&record, REST)?.is_none() {
        return Err(Halt::Bench(
            "the output is active although the stimulator was told to stop: see what drives it, and that the noise stays below the smallest pulse"
                .to_owned(),
        ));
    }
    session.instruments.record()?.set_up(&channels::stream_setup(plan).channels).await?;
    session.progress("a record of the output at rest was read");
    Ok(())
}

/// What a record of the output at rest has shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Off {
    /// The largest current that counts as none, A.
    pub(super) within: f64,
    /// For how long the output was seen, s.
    pub(super) lasted: f64,
}

/// Takes a record of its own at once, on the finest ranges; returns how the output was seen off for all of it, `None` if it was
/// active.
///
/// `length` says how long it is to be, s, and is asked anew while it is taken and read: a signal leaves no time for a long one,
/// which is then given up for a shorter one.
///
/// # Errors
/// What the load says, and a record that is shorter than was asked for.
pub(super) async fn quiet(
    session: &mut Session<'_>,
    length: impl Fn(&Interrupt) -> f64,
) -> Result<Option<Off>, Halt> {
    loop {
        let seconds = length(session.interrupt);
        let enough = |interrupt: &Interrupt| length(interrupt) >= seconds;
        if let Some(record) = taken(session, seconds, enough).await? {
            return off(&record, seconds);
        }
    }
}

/// What a record that was to be so many seconds long shows of the output; `None` if it was active.
fn off((recorder, setup): &(Recorder, Setup), seconds: f64) -> Result<Option<Off>, Halt> {
    let held = recorder.samples_seen() as f64 / setup.sample_rate;
    if held < 0.999 * seconds {
        return Err(Halt::Bench(format!(
            "the record of the output at rest holds {} instead of {}",
            engineering(held, Dimension::Time, 3),
            engineering(seconds, Dimension::Time, 3)
        )));
    }
    let off = || Off { within: recorder.safe_current(), lasted: seconds };
    Ok((!recorder.active_since(0)).then(off))
}

/// What a record of so many seconds holds; `None` once it is no longer `wanted`.
async fn taken(
    session: &mut Session<'_>,
    seconds: f64,
    wanted: impl Fn(&Interrupt) -> bool,
) -> Result<Option<(Recorder, Setup)>, Halt> {
    let channels = session.bench.finest.clone();
    session.instruments.record()?.set_up(&channels).await?;
    session.instruments.record()?.arm(&RecordRequest { before: 0.0, after: seconds, trigger: None }).await?;
    let mut recorder: Option<(Recorder, Setup)> = None;
    loop {
        let mut nowhere = Nowhere;
        let sink: &mut dyn BlockSink = match &mut recorder {
            Some((recorder, _)) => recorder,
            None => &mut nowhere,
        };
        match session.instruments.record()?.read(sink).await? {
            Reading::Waiting => session.instruments.clock.sleep(POLL).await,
            Reading::Head(head) => {
                session.note(&head.notes);
                let setup = as_recorded(&session.intake.setup, &head);
                recorder = Some((Recorder::new(setup.clone()), setup));
            }
            Reading::Part(_) => {}
            Reading::End => break,
        }
        if !wanted(session.interrupt) {
            return Ok(None);
        }
    }
    recorder.map(Some).ok_or_else(|| Halt::Bench("no record was taken".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::super::interrupt::Cause;
    use super::super::look::look;
    use super::super::trial::on;
    use super::*;
    use crate::rig::Rig;
    use crate::source::Source;

    #[test]
    fn a_signal_ends_the_record_that_is_taken_before_anything_is_energised() {
        let text = include_str!("../../rig/scope-sim.yaml");
        let plan = look(&Rig::read(&Source::new("rig.yaml", text)).unwrap()).unwrap();
        let rehearsed = on(text, async |session, _| {
            rehearse(session, &plan).await.unwrap();
            session.interrupt.raise(Cause::Interrupt);
            rehearse(session, &plan).await
        });
        assert_eq!(rehearsed, Err(Halt::Interrupted(Cause::Interrupt)));
    }
}
