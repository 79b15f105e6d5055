//! What flows before anybody has started anything: a stimulator that ignored the stop of the setup, or that somebody else drives.
//!
//! Behind an open interlock nobody sees it whose load does not sense `vout`, and the closed one lets it reach the phantom.

use crate::quantity::{Dimension, engineering};
use crate::scenario::{Action, Step};

use super::halt::Halt;
use super::session::Session;

/// A load that did not see the output through the open interlock looks at it for so long before the first step, s.
const LOOK: f64 = 0.1;
/// What was active so long ago is over, s.
const OVER: f64 = 2e-3;

/// Notes that relays and phantom have come to rest: what becomes active from now on somebody drives. A load that could not see the
/// output before looks at it for a while.
///
/// # Errors
/// As [`Session::pass`], and [`Halt::Guard`] where something drives.
pub(super) async fn rested(session: &mut Session<'_>) -> Result<(), Halt> {
    let watches = session.bench.capabilities.stream && session.bench.capabilities.drives;
    // A hand is told to leave the output off, and its first pulse is waited for.
    if !watches || session.bench.by_hand {
        return Ok(());
    }
    let rested = session.sample();
    session.output.rested = Some(rested);
    if session.intake.setup.vout.is_some() {
        return Ok(());
    }
    session.pass_seconds(LOOK).await?;
    let over = (OVER * session.intake.setup.sample_rate) as u64;
    // What a charged capacitor drives began as the interlock closed, and is over by now.
    let lasts = session.intake.recorder.active_since(session.sample().saturating_sub(over));
    if lasts { Err(active(session)) } else { none(session) }
}

/// Whether nothing has driven until the first start, behind steps that drive nothing.
///
/// # Errors
/// [`Halt::Guard`] where something did.
pub(super) fn before_start(session: &Session<'_>, before: &[Step]) -> Result<(), Halt> {
    let still = |step: &Step| {
        matches!(step.action, Action::Wait(_) | Action::Set(_) | Action::Program(_) | Action::Acknowledge)
    };
    if before.iter().all(still) { none(session) } else { Ok(()) }
}

fn none(session: &Session<'_>) -> Result<(), Halt> {
    let Some(rested) = session.output.rested else { return Ok(()) };
    match session.intake.recorder.last_activity() {
        Some(seen) if seen.first >= rested => Err(active(session)),
        _ => Ok(()),
    }
}

fn active(session: &Session<'_>) -> Halt {
    let largest = engineering(session.intake.recorder.guard().amplitude.value, Dimension::Current, 2);
    Halt::Guard(format!(
        "the output was active before it was started, with up to {largest}, although the stimulator had been told to stop: see what drives it"
    ))
}

#[cfg(test)]
mod tests {
    use super::super::loading;
    use super::super::trial::{SIMULATED, on};
    use super::*;
    use crate::signal::{Program, Run};

    const WAIT: Step = Step { action: Action::Wait(0.1), name: None, line: 0 };

    /// Lets a train run that nobody stops, at once or later.
    async fn drive(session: &mut Session<'_>, program: &Program) {
        let program = Program { run: Run::UntilStopped, ..program.clone() };
        loading::load(session, &program, false).await.unwrap();
        session.instruments.stimulator.start().await.unwrap();
    }

    /// On a load that does not sense `vout`, as many do not.
    fn found(at: impl AsyncFn(&mut Session<'_>, &Program, bool)) -> (Result<(), Halt>, Result<(), Halt>) {
        on(SIMULATED, async |session, program| {
            session.intake.setup.vout = None;
            session.instruments.switches().unwrap().interlock(true).await.unwrap();
            at(session, program, false).await;
            session.pass_seconds(0.02).await.unwrap();
            let rested = rested(session).await;
            at(session, program, true).await;
            session.pass_seconds(0.1).await.unwrap();
            (rested, before_start(session, &[WAIT]))
        })
    }

    #[test]
    fn what_flows_before_the_first_start_is_no_quiet_bench() {
        assert_eq!(found(async |_, _, _| ()), (Ok(()), Ok(())));
        let said = |result: Result<(), Halt>| match result {
            Err(Halt::Guard(said)) => said,
            other => panic!("{other:?}"),
        };
        let always = found(async |session, program, later| {
            if !later {
                drive(session, program).await;
            }
        });
        assert!(said(always.0).starts_with("the output was active before it was started, with up to 1"));
        let later = found(async |session, program, later| {
            if later {
                drive(session, program).await;
            }
        });
        assert_eq!(later.0, Ok(()));
        assert!(said(later.1).contains("see what drives it"));
    }

    /// A step that moves charge may show; pulses of its own it has none.
    #[test]
    fn behind_a_step_that_switches_something_nothing_is_held_against_the_stimulator() {
        let judged = on(SIMULATED, async |session, program| {
            session.instruments.switches().unwrap().interlock(true).await.unwrap();
            rested(session).await.unwrap();
            drive(session, program).await;
            session.pass_seconds(0.1).await.unwrap();
            before_start(session, &[Step { action: Action::Zero, ..WAIT }])
        });
        assert_eq!(judged, Ok(()));
    }
}
