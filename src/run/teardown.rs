//! The end every case takes: stop, see that the output is off, open the interlock, see it again.

use crate::measure::Recorder;
use crate::quantity::{Dimension, engineering};
use crate::record::SafeState;

use super::at_rest;
use super::by_hand;
use super::caught::caught;
use super::faults;
use super::halt::Halt;
use super::interrupt::{Cause, Interrupt};
use super::pace::SECOND;
use super::session::Session;
use super::stopping::{self, Stopped};

/// A stop may complete the pulse in progress and its recharge; output after this is an ignored stop, s.
pub(super) const STOP_ALLOWANCE: f64 = 0.1;

/// The output must be seen quiet for at least this long, s.
const QUIET: f64 = 0.1;

/// How long a hurried end watches for an ignored stop before it opens the interlock, and how long it watches after, s. With
/// the patience of the links, a signal is followed by a measured safe state within two seconds where there is an interlock.
const HURRIED: (f64, f64) = (0.4, 1.0);

/// Without an interlock nothing but the look itself shows that the output is off: a signal leaves it this long, s, so that even a
/// record that is longer than was asked for ends within what continuous integration leaves a run that it cancels. A train that
/// may be silent for longer is then not claimed to be off.
const UNHELD: f64 = 2.0;

/// Relays and filter settle within this, s.
const RELAYS: f64 = 2e-3;

/// An output that is still active with the interlock open is told to stop so many times more, and an interlock that does
/// not answer asked so often.
const AGAIN: usize = 3;

/// This part of the samples that were due must have arrived before a quiet output counts as seen.
const ENOUGH: f64 = 0.8;

/// What is said of the stop where a hand was not asked to start anything.
pub(super) const NEVER_ON: &str = "never asked to switch on";

/// What the end of a case found.
#[derive(Debug)]
pub(super) struct Ending {
    /// Whether the output was measured to be off.
    pub safe_state: SafeState,
    /// The stimulator went on after the stop was sent.
    pub stop_ignored: bool,
    /// The stimulator acknowledged a stop, or takes one without a word.
    pub stopped: bool,
    /// Why the output guard tripped while a hand was waited for.
    pub tripped: Option<String>,
    /// What an instrument refused or lost on the way.
    pub trouble: Option<String>,
    /// What a person is told about how the bench was left, as fragments.
    pub steps: Vec<String>,
}

/// Brings the bench to its safe state and measures it. Every step is tried, whatever failed before, a panic included.
///
/// `silence` is how long a stimulator that goes on may be silent, s.
/// The output is watched before the interlock opens, because only then can an ignored stop be seen, and again after. A
/// signal, before or meanwhile, cuts the first of the two short, not the second below what it takes to see.
pub(super) async fn teardown(session: &mut Session<'_>, silence: f64) -> Ending {
    session.watch.guarded = false;
    session.watch.silent = false;
    session.taking.armed = None;
    match caught(measured(session, silence)).await {
        Ok(ending) => ending,
        Err(panic) => {
            session.interrupt.raise(Cause::Internal);
            bare(session, panic).await
        }
    }
}

async fn measured(session: &mut Session<'_>, silence: f64) -> Ending {
    if !session.bench.capabilities.drives {
        let left = undriven(session, silence);
        session.account.notes.push(left.clone());
        let steps = vec![left];
        let safe_state = SafeState::Confirmed;
        return Ending {
            safe_state,
            stop_ignored: false,
            stopped: true,
            tripped: None,
            trouble: None,
            steps,
        };
    }
    let (mut trouble, mut tripped) = (None, None);
    let heard = faults::let_it_hear(session).await;
    note(&mut trouble, heard);
    let (mut stopped, beside) = stop_at_once(session, &mut trouble).await;
    let interlock = session.bench.capabilities.interlock;
    // Of a stop that was not acknowledged nobody can say that it was ignored. What goes on then is not left on the phantom for as
    // long as a train may be silent: the interlock opens first, and the same look follows.
    let first_of_all = interlock && (!stopped || beside.is_some());
    let mut opened = !first_of_all || beside == Some(true) || open_interlock(session, &mut trouble).await;
    // A hand takes its time. Whoever interrupts the run is not waited for, nor a second time who did not switch it off: the
    // interlock opens.
    let waits = session.bench.by_hand && !session.output.left_on && session.interrupt.cause().is_none();
    if waits && session.intake.recorder.active_since(1) {
        session.watch.polling = false;
        // A hand that takes its time may also turn the wrong knob.
        session.watch.guarded = true;
        let quiet = by_hand::await_quiet(session, QUIET.max(silence)).await;
        session.watch.guarded = false;
        match quiet {
            Err(Halt::Guard(reason)) => tripped = Some(reason),
            quiet => note(&mut trouble, quiet.map(|_| ())),
        }
    }
    let began = session.instruments.clock.now();
    let calm = QUIET.max(silence);
    // Without an interlock there is no second look.
    let unheld = Span { calm, hurried: calm.min(UNHELD), urgent: calm.min(UNHELD) };
    let first = if interlock { Span { calm, hurried: calm.min(HURRIED.0), urgent: 0.0 } } else { unheld };
    // An output that is known to be on needs no look that could see an ignored stop, and one that is seen to be on no longer one.
    let watched = if session.output.left_on {
        Ok(Seen::Active)
    } else {
        watch(session, STOP_ALLOWANCE, first, Until::Active).await
    };
    // One that was never heard is not ignored.
    let ignored = stopped && !session.bench.by_hand && matches!(watched, Ok(Seen::Active));
    let stop_ignored = session.taking.stop_ignored || ignored;
    let obeyed = matches!(watched, Ok(Seen::Quiet(_)));
    let mut seen = None;
    if interlock {
        note(&mut trouble, watched.map(|_| ()));
        if !first_of_all || !opened {
            opened = open_interlock(session, &mut trouble).await;
        }
        // Behind an interlock that may be closed an open lead is what keeps an output from the phantom.
        if let Some(switches) = session.instruments.load.switches().filter(|_| opened) {
            note(&mut trouble, switches.clear("all").await.map_err(Halt::from));
        }
    } else {
        seen = found(watched, &mut trouble);
    }
    if !stopped {
        stopped = stop(session, &mut trouble).await;
    }
    let logged = session.read_log().await;
    note(&mut trouble, logged);
    if interlock {
        // What the first look left out, the second makes up for: it costs no energised second.
        let looked = (session.instruments.clock.now() - began) as f64 / SECOND;
        let rest = if obeyed { silence + STOP_ALLOWANCE - looked } else { silence };
        let last = Span { calm: QUIET.max(rest), hurried: QUIET.max(rest).min(HURRIED.1), urgent: QUIET };
        seen = look(session, &mut trouble, last).await;
    }
    for _ in 0..AGAIN {
        if matches!(seen, Some(Seen::Quiet(_)) | None) {
            break;
        }
        let again = Span { calm, hurried: calm.min(HURRIED.1), urgent: QUIET };
        stopped |= stop_again(session, &mut trouble).await;
        seen = look(session, &mut trouble, if interlock { again } else { unheld }).await;
    }
    let needed = if interlock { 0.0 } else { calm };
    let (safe_state, output) = concluded(seen, needed, opened);
    let steps = vec![told(session, stopped).to_owned(), way(interlock.then_some(opened)).to_owned(), output];
    Ending { safe_state, stop_ignored, stopped, tripped, trouble, steps }
}

/// Tells an output to stop that is still active. Its own supervision notices the open interlock in its next pulse only, and one that
/// does not latch comes back.
async fn stop_again(session: &mut Session<'_>, trouble: &mut Option<String>) -> bool {
    let stopped = stop(session, trouble).await;
    let acknowledged = session.instruments.stimulator.acknowledge().await;
    note(trouble, acknowledged.map_err(Halt::from));
    stopped
}

/// What the last look says of the bench. Without an interlock the output must have been seen off for `needed` seconds; `opened` is false
/// where an interlock did not confirm that it is open.
fn concluded(seen: Option<Seen>, needed: f64, opened: bool) -> (SafeState, String) {
    let time = |seconds| engineering(seconds, Dimension::Time, 3);
    match seen {
        Some(Seen::Active) => (SafeState::Unconfirmed, "output still active".to_owned()),
        Some(Seen::Quiet(lasted)) if lasted < 0.999 * needed => (
            SafeState::Impossible,
            format!(
                "output seen off for {} only, and the train may be silent for {}",
                time(lasted),
                time(needed)
            ),
        ),
        Some(Seen::Quiet(_)) => {
            let state = if opened { SafeState::Confirmed } else { SafeState::Impossible };
            (state, "output measured off".to_owned())
        }
        Some(Seen::Blind) | None => (SafeState::Impossible, "output not measured".to_owned()),
    }
}

/// How a bench is left on which no stimulator was driven. A recording is over; what runs by itself beside a live load goes on, and
/// nobody is told that it is off: all there is to say is what was last seen of it.
fn undriven(session: &Session<'_>, silence: f64) -> String {
    if !session.bench.capabilities.stream {
        return "no stimulator was driven: nothing was energised that had to be made safe".to_owned();
    }
    let (recorder, rate) = (&session.intake.recorder, session.intake.setup.sample_rate);
    let seen = recorder.samples_seen();
    let quiet =
        recorder.last_activity().map_or(seen, |last| seen.saturating_sub(last.last + 1)) as f64 / rate;
    let last = if seen == 0 {
        "nothing was seen of it".to_owned()
    } else if quiet < QUIET.max(silence) {
        "it was on when it was last seen".to_owned()
    } else {
        format!("nothing flowed in the last {} that were seen", engineering(quiet, Dimension::Time, 3))
    };
    format!(
        "no stimulator was driven: what runs by itself was not told to stop, and nothing here keeps it from the phantom; {last}"
    )
}

/// What is left when measuring itself has gone wrong: the two commands that make the bench safe, and no claim that it is.
async fn bare(session: &mut Session<'_>, panic: String) -> Ending {
    let mut steps = Vec::new();
    let stopped = caught(stopping::stop(&mut session.instruments)).await;
    let stopped = stopped.is_ok_and(|stopped| stopped.stop.is_ok());
    let opened = match session.instruments.load.switches() {
        Some(switches) => Some(matches!(caught(switches.interlock(false)).await, Ok(Ok(())))),
        None => None,
    };
    steps.push(told(session, stopped).to_owned());
    steps.push(way(opened).to_owned());
    steps.push("output not measured".to_owned());
    let safe_state = SafeState::Impossible;
    Ending { safe_state, stop_ignored: false, stopped, tripped: None, trouble: Some(panic), steps }
}

/// What became of the stop. A person acknowledges nothing, and is asked to switch off what they were asked to switch on.
fn told(session: &Session<'_>, stopped: bool) -> &'static str {
    match (session.bench.by_hand, stopped) {
        (true, _) if session.output.started.is_none() => NEVER_ON,
        (true, true) => "asked to switch off",
        (true, false) => "could not be asked to switch off",
        (false, stopped) => of_stop(stopped, session.bench.answers_stop),
    }
}

/// What became of a stop that was sent to a stimulator which `answers` it, or does not.
pub(super) fn of_stop(stopped: bool, answers: bool) -> &'static str {
    match (stopped, answers) {
        (true, true) => "stop acknowledged",
        (true, false) => "stop sent, which this stimulator does not answer",
        (false, _) => "stop not acknowledged",
    }
}

/// How the way to the phantom was left: whether an interlock, where there is one, confirmed that it is open.
fn way(opened: Option<bool>) -> &'static str {
    match opened {
        None => "no interlock",
        Some(true) => "interlock open",
        Some(false) => "interlock did not confirm that it is open",
    }
}

/// As [`stop`], but the interlock does not wait for one that takes its time; also whether it confirmed then that it is open. A person
/// takes theirs.
async fn stop_at_once(session: &mut Session<'_>, trouble: &mut Option<String>) -> (bool, Option<bool>) {
    if session.bench.by_hand {
        return (stop(session, trouble).await, None);
    }
    let Stopped { stop, interlock } = stopping::stop(&mut session.instruments).await;
    let acknowledged = stop.is_ok();
    note(trouble, stop.map_err(Halt::from));
    if acknowledged && interlock.is_some() {
        note(trouble, Err(Halt::Bench(stopping::LATE.to_owned())));
    }
    let opened = interlock.map(|opened| {
        let confirmed = opened.is_ok();
        note(trouble, opened.map_err(Halt::from));
        confirmed
    });
    (acknowledged, opened)
}

/// Sends a stop; whether it was acknowledged, or a person told.
async fn stop(session: &mut Session<'_>, trouble: &mut Option<String>) -> bool {
    let stopped = session.instruments.stimulator.stop().await;
    let acknowledged = stopped.is_ok();
    note(trouble, stopped.map_err(Halt::from));
    acknowledged
}

/// Opens the interlock; whether the load confirmed it.
async fn open_interlock(session: &mut Session<'_>, trouble: &mut Option<String>) -> bool {
    for _ in 0..AGAIN {
        let Some(switches) = session.instruments.load.switches() else { return false };
        match switches.interlock(false).await {
            Ok(()) => return true,
            Err(error) => {
                let gone = error.fault == crate::instrument::InstrumentFault::Disconnected;
                note(trouble, Err(error.into()));
                if gone {
                    return false;
                }
            }
        }
    }
    false
}

/// How long to watch, s: the time nobody waits for, after one signal, and after a second one.
#[derive(Clone, Copy)]
struct Span {
    calm: f64,
    hurried: f64,
    urgent: f64,
}

impl Span {
    fn now(self, interrupt: &Interrupt) -> f64 {
        match interrupt.cause() {
            None => self.calm,
            Some(_) if interrupt.is_urgent() => self.urgent,
            Some(_) => self.hurried,
        }
    }
}

/// What watching the output says about it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Seen {
    /// No activity for so long, s.
    Quiet(f64),
    /// It goes on.
    Active,
    /// Too few samples arrived to tell.
    Blind,
}

/// When a look ends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Until {
    /// Once output is seen: what is on must not stay on while it is looked at.
    Active,
    /// With its time: what was told to stop again may need some of it.
    Over,
}

/// A look behind the stop, with the interlock open where there is one; `None` when the load could not be asked.
async fn look(session: &mut Session<'_>, trouble: &mut Option<String>, span: Span) -> Option<Seen> {
    let watched = watch(session, RELAYS, span, Until::Over).await;
    found(watched, trouble)
}

/// What a look has found; `None` when the load could not be asked.
fn found(watched: Result<Seen, Halt>, trouble: &mut Option<String>) -> Option<Seen> {
    match watched {
        Ok(seen) => {
            if seen == Seen::Blind {
                let reason = "the load sent too few samples to see that the output is off";
                note(trouble, Err(Halt::Bench(reason.to_owned())));
            }
            Some(seen)
        }
        Err(halt) => {
            note(trouble, Err(halt));
            None
        }
    }
}

/// Lets `allowance` pass, then says whether the output stayed quiet.
async fn watch(session: &mut Session<'_>, allowance: f64, span: Span, until: Until) -> Result<Seen, Halt> {
    if !session.bench.capabilities.stream {
        session.instruments.clock.sleep((allowance * SECOND) as u64).await;
        let length = |interrupt: &Interrupt| span.now(interrupt).max(QUIET);
        let Some(off) = at_rest::quiet(session, length).await? else { return Ok(Seen::Active) };
        let within = engineering(off.within, Dimension::Current, 2);
        session.account.notes.push(format!("output seen off to within {within}"));
        return Ok(Seen::Quiet(off.lasted));
    }
    drain_for(session, Span { calm: allowance, hurried: allowance, urgent: allowance }, |_| false).await?;
    // Shorted inputs are quiet, whatever flows.
    session.see().await?;
    let (from, received) = (session.sample(), session.intake.received);
    let seen = |recorder: &Recorder| until == Until::Active && recorder.active_since(from);
    let took = drain_for(session, span, seen).await?;
    if session.intake.recorder.active_since(from) {
        return Ok(Seen::Active);
    }
    let due = took * session.intake.setup.sample_rate;
    if !session.intake.sight.is_clear() {
        return Ok(Seen::Blind);
    }
    let arrived = (session.intake.received - received) as f64;
    Ok(if arrived >= ENOUGH * due { Seen::Quiet(took) } else { Seen::Blind })
}

/// Passes time without asking anything but the load, so that neither a signal nor a silent stimulator cuts it short; `enough` of
/// what was recorded ends it. Returns how long it was, s.
async fn drain_for(
    session: &mut Session<'_>,
    span: Span,
    enough: impl Fn(&Recorder) -> bool,
) -> Result<f64, Halt> {
    let began = session.instruments.clock.now();
    loop {
        let now = session.instruments.clock.now();
        let end = began + (span.now(session.interrupt) * SECOND) as u64;
        if now >= end || enough(&session.intake.recorder) {
            return Ok((now - began) as f64 / SECOND);
        }
        session.instruments.clock.sleep((end - now).min(super::pace::POLL)).await;
        session.drain().await?;
    }
}

fn note(trouble: &mut Option<String>, result: Result<(), Halt>) {
    if let Err(halt) = result
        && trouble.is_none()
    {
        *trouble = Some(halt.to_string());
    }
}

#[cfg(test)]
mod tests;
