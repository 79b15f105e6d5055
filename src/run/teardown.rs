//! The end every case takes: stop, see that the output is off, open the interlock, see it again.

use crate::record::SafeState;

use super::faults;
use super::session::{Halt, SECOND, Session};

/// A stop may complete the pulse in progress and its recharge; output after this is an ignored stop, s.
const STOP_ALLOWANCE: f64 = 0.1;

/// The output must be seen quiet for at least this long, s.
const QUIET: f64 = 0.1;

/// An output that is still active with the interlock open is told to stop so many times more.
const AGAIN: usize = 3;

/// What the end of a case found.
pub(super) struct Ending {
    /// Whether the output was measured to be off.
    pub safe_state: SafeState,
    /// The stimulator went on after the stop was sent.
    pub stop_ignored: bool,
    /// What an instrument refused or lost on the way.
    pub trouble: Option<String>,
}

/// Brings the bench to its safe state and measures it. Every step is tried, whatever failed before.
///
/// `silence` is how long a stimulator that goes on may be silent, s.
/// The output is watched before the interlock opens, because only then can an ignored stop be seen, and again after.
pub(super) async fn teardown(session: &mut Session<'_>, silence: f64) -> Ending {
    session.guarded = false;
    session.silent = false;
    let mut trouble = None;
    let heard = faults::let_it_hear(session).await;
    note(&mut trouble, heard);
    let stopped = session.instruments.stimulator.stop().await;
    note(&mut trouble, stopped.map_err(Halt::from));
    let watched = watch(session, STOP_ALLOWANCE, QUIET.max(silence)).await;
    let stop_ignored = matches!(watched, Ok(false));
    note(&mut trouble, watched.map(|_| ()));
    let opened = session.instruments.load.interlock(false).await;
    note(&mut trouble, opened.map_err(Halt::from));
    let cleared = session.instruments.load.clear("all").await;
    note(&mut trouble, cleared.map_err(Halt::from));
    let logged = session.read_log().await;
    note(&mut trouble, logged);
    let mut safe_state = seen(session, &mut trouble, 2e-3, QUIET).await;
    // Its own supervision notices the open interlock in its next pulse only, and one that does not latch comes back.
    for _ in 0..AGAIN {
        if safe_state != SafeState::Unconfirmed {
            break;
        }
        let stopped = session.instruments.stimulator.stop().await;
        note(&mut trouble, stopped.map_err(Halt::from));
        let acknowledged = session.instruments.stimulator.acknowledge().await;
        note(&mut trouble, acknowledged.map_err(Halt::from));
        safe_state = seen(session, &mut trouble, 2e-3, QUIET.max(silence)).await;
    }
    Ending { safe_state, stop_ignored, trouble }
}

/// What watching the output says about it.
async fn seen(
    session: &mut Session<'_>,
    trouble: &mut Option<String>,
    allowance: f64,
    seconds: f64,
) -> SafeState {
    match watch(session, allowance, seconds).await {
        Ok(true) => SafeState::Confirmed,
        Ok(false) => SafeState::Unconfirmed,
        Err(halt) => {
            note(trouble, Err(halt));
            SafeState::Impossible
        }
    }
}

/// Lets `allowance` pass, then says whether the output stayed quiet for `seconds`.
async fn watch(session: &mut Session<'_>, allowance: f64, seconds: f64) -> Result<bool, Halt> {
    drain_for(session, allowance).await?;
    let from = session.sample();
    drain_for(session, seconds).await?;
    Ok(!session.recorder.active_since(from))
}

/// Passes time without asking anything but the load, so that neither a signal nor a silent stimulator cuts it short.
async fn drain_for(session: &mut Session<'_>, seconds: f64) -> Result<(), Halt> {
    let end = session.instruments.clock.now() + (seconds * SECOND) as u64;
    loop {
        let now = session.instruments.clock.now();
        if now >= end {
            return Ok(());
        }
        session.instruments.clock.sleep((end - now).min(super::session::POLL)).await;
        session.drain().await?;
    }
}

fn note(trouble: &mut Option<String>, result: Result<(), Halt>) {
    if let Err(halt) = result
        && trouble.is_none()
    {
        *trouble = Some(match halt {
            Halt::Instrument(error) => error.to_string(),
            Halt::Bench(reason) | Halt::Guard(reason) => reason,
            Halt::Interrupted(signal) => signal.name().to_owned(),
        });
    }
}
