//! Ends of cases on simulated benches: who is waited for, and for how long.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::super::loading;
use super::super::session::Sight;
use super::super::trial::{SIMULATED, count_sleep, now, on};
use super::*;
use crate::driver::{none, port::RealClock};
use crate::instrument::{
    Applied, Clock, InstrumentError, InstrumentFault, Load, LoadIdentity, Sampling, Stimulator,
    StimulatorIdentity, Switches,
};
use crate::rig::{Capabilities, Limits};
use crate::scenario::Fault;
use crate::signal::{Program, Run};

const BY_HAND: &str =
    "version: 1\nname: hand\nstimulator: { driver: manual, cap: 10 mA }\nload: { driver: simulated }\n";

/// What is wrong with the stops of a stimulator.
enum Flaw {
    /// So many are acknowledged and not obeyed.
    Ignored(usize),
    /// They are obeyed, and the answers are lost.
    Unanswered,
    /// They are obeyed, and that is said a second later, as on a slow link or by a helper program.
    Late,
}

/// A stimulator with stops that are not as they should be.
struct Flawed(Box<dyn Stimulator>, Flaw);

impl Flawed {
    /// Takes the place of a session's own.
    fn take_over(session: &mut Session<'_>, flaw: Flaw) {
        let own = std::mem::replace(&mut session.instruments.stimulator, Box::new(none::Stimulator));
        session.instruments.stimulator = Box::new(Self(own, flaw));
    }
}

#[async_trait]
impl Stimulator for Flawed {
    async fn identify(&mut self) -> Result<StimulatorIdentity, InstrumentError> {
        self.0.identify().await
    }

    async fn load(&mut self, program: &Program) -> Result<Applied, InstrumentError> {
        self.0.load(program).await
    }

    async fn start(&mut self) -> Result<(), InstrumentError> {
        self.0.start().await
    }

    async fn stop(&mut self) -> Result<(), InstrumentError> {
        match &mut self.1 {
            Flaw::Ignored(left @ 1..) => {
                *left -= 1;
                return Ok(());
            }
            Flaw::Late => tokio::time::sleep(std::time::Duration::from_secs(1)).await,
            _ => {}
        }
        self.0.stop().await?;
        match self.1 {
            Flaw::Unanswered => Err(InstrumentError {
                device: "stimulator".to_owned(),
                doing: "stop".to_owned(),
                fault: InstrumentFault::Timeout,
                next: "see its cable".to_owned(),
            }),
            _ => Ok(()),
        }
    }
}

/// A clock at which a signal comes.
struct Signalled {
    clock: Box<dyn Clock>,
    at: u64,
    interrupt: Interrupt,
}

#[async_trait]
impl Clock for Signalled {
    fn now(&self) -> u64 {
        self.clock.now()
    }

    async fn sleep(&mut self, nanoseconds: u64) {
        self.clock.sleep(nanoseconds).await;
        if self.now() >= self.at && self.interrupt.cause().is_none() {
            self.interrupt.raise(Cause::Terminate);
        }
    }
}

/// Lets a program run through the closed interlock until it stops, and sees that it does.
async fn drive(session: &mut Session<'_>, program: &Program) {
    let program = Program { run: Run::UntilStopped, ..program.clone() };
    loading::load(session, &program, false).await.unwrap();
    session.instruments.switches().unwrap().interlock(true).await.unwrap();
    session.instruments.stimulator.start().await.unwrap();
    session.pass_seconds(0.2).await.unwrap();
    assert!(session.intake.recorder.active_since(1), "it never drove");
}

/// Whoever did not switch it off in all that time is not given as much again with the interlock closed.
#[test]
fn a_hand_is_waited_for_once_and_then_the_interlock_opens() {
    let (took, ending) = on(BY_HAND, async |session, program| {
        session.bench.patience = 3.0;
        // The step's stop and the teardown's first.
        Flawed::take_over(session, Flaw::Ignored(2));
        session.output.started = Some(session.sample());
        drive(session, program).await;
        session.instruments.stimulator.stop().await.unwrap();
        let halt = by_hand::await_stop(session).await.unwrap_err();
        assert!(halt.to_string().contains("still on 3 s after asking"), "{halt}");
        let began = now(session);
        let ending = teardown(session, 0.02).await;
        (now(session) - began, ending)
    });
    assert!(took < 1.5, "{took} s: {ending:?}");
    assert_eq!(ending.steps, ["asked to switch off", "interlock open", "output measured off"], "{ending:?}");
    assert!(ending.safe_state == SafeState::Confirmed && !ending.stop_ignored, "{ending:?}");
}

/// A hand that takes its time may turn the wrong knob meanwhile: nothing beyond a limit is waited for.
#[test]
fn the_output_guard_watches_while_a_hand_is_waited_for() {
    let (took, ending) = on(BY_HAND, async |session, program| {
        session.bench.patience = 3.0;
        Flawed::take_over(session, Flaw::Ignored(1));
        drive(session, program).await;
        let tight = Limits { amplitude: 1e-6, ..session.bench.limits.clone() };
        session.bench.limits = Box::leak(Box::new(tight));
        let began = now(session);
        let ending = teardown(session, 0.02).await;
        (now(session) - began, ending)
    });
    assert!(took < 1.5, "{took} s: {ending:?}");
    assert!(
        ending.tripped.as_deref().is_some_and(|why| why.starts_with("output guard: amplitude")),
        "{ending:?}"
    );
    assert_eq!(ending.safe_state, SafeState::Confirmed, "{ending:?}");
}

#[test]
fn of_a_hand_that_was_never_asked_to_start_no_stop_is_claimed() {
    let ending = on(BY_HAND, async |session, _| teardown(session, 0.02).await);
    assert_eq!(ending.steps, [NEVER_ON, "interlock open", "output measured off"], "{ending:?}");
}

/// As long as the off-time of a cycle: a signal in the middle of it leaves no time for that.
#[test]
fn a_signal_cuts_short_the_record_in_which_the_output_is_looked_at() {
    let text = include_str!("../../../rig/scope-sim.yaml");
    let (took, seen) = on(text, async |session, _| {
        // Any other clock, until the bench's own is back.
        let other = Box::new(RealClock::new());
        let clock = std::mem::replace(&mut session.instruments.clock, other);
        let (at, interrupt) = (clock.now() + SECOND as u64, session.interrupt.clone());
        session.instruments.clock = Box::new(Signalled { clock, at, interrupt });
        let began = now(session);
        let span = Span { calm: 12.0, hurried: 0.5, urgent: 0.1 };
        let seen = watch(session, 0.0, span, Until::Over).await;
        assert_eq!(session.interrupt.cause(), Some(Cause::Terminate), "the signal never came");
        (now(session) - began, seen)
    });
    assert!(matches!(seen, Ok(Seen::Quiet(_))), "{seen:?}");
    assert!((1.0..5.0).contains(&took), "{took} s");
}

/// What nothing but the look itself shows is looked at for as long as a train may be silent, or not claimed.
#[test]
fn a_look_that_a_signal_cuts_short_confirms_nothing_without_an_interlock() {
    // Few samples: nothing of this is about pulses.
    let text =
        include_str!("../../../rig/scope-sim.yaml").replace("sample_rate: 400 kHz", "sample_rate: 20 kHz");
    for (silence, state) in [(1.5, SafeState::Confirmed), (12.0, SafeState::Impossible)] {
        let (took, ending) = on(&text, async |session, _| {
            session.interrupt.raise(Cause::Interrupt);
            session.interrupt.raise(Cause::Interrupt);
            let began = now(session);
            let ending = teardown(session, silence).await;
            (now(session) - began, ending)
        });
        assert_eq!(ending.safe_state, state, "{ending:?}");
        let said = ending.steps.join(", ");
        let short = said.contains("output seen off for 2 s only, and the train may be silent for 12 s");
        assert_eq!(short, state == SafeState::Impossible, "{said}");
        // All of it within what is left of a run that is cancelled.
        assert!((silence.min(2.0)..6.0).contains(&took), "{took} s");
    }
}

/// A train that may be silent for 5 s is not left on the phantom for as long where nobody knows whether it heard the stop.
#[test]
fn the_interlock_does_not_wait_for_a_stimulator_that_does_not_answer() {
    let (answered, deaf) = (opening(false), opening(true));
    // What can be seen of an ignored stop is looked for with the interlock closed: the allowance, and a silence.
    assert!((5.0..6.0).contains(&answered.0), "{answered:?}");
    assert!(deaf.0 < 0.2, "{deaf:?}");
    assert_eq!(deaf.1.steps, ["stop not acknowledged", "interlock open", "output measured off"], "{deaf:?}");
    assert!(deaf.1.safe_state == SafeState::Confirmed && !deaf.1.stop_ignored, "{deaf:?}");
    assert!(deaf.1.trouble.is_some(), "{deaf:?}");
}

/// When the interlock opened, s after the end began, and how it ended.
fn opening(deaf: bool) -> (f64, Ending) {
    on(SIMULATED, async |session, _| {
        let opened = interlock_watched(session);
        if deaf {
            Flawed::take_over(session, Flaw::Unanswered);
        }
        session.instruments.switches().unwrap().interlock(true).await.unwrap();
        let ending = teardown(session, 5.0).await;
        (opened(), ending)
    })
}

/// Watches an interlock from now on: when it was first told to open, s of sleep from now.
fn interlock_watched(session: &mut Session<'_>) -> impl Fn() -> f64 + use<> {
    let slept = count_sleep(session);
    let opened = interlock_noted(session, move || slept.load(Ordering::SeqCst));
    move || opened() as f64 / SECOND
}

/// Watches an interlock from now on: what a clock said when it was first told to open.
fn interlock_noted<T: Copy + Send + 'static, C: Fn() -> T + Send + Sync + 'static>(
    session: &mut Session<'_>,
    clock: C,
) -> impl Fn() -> T + use<T, C> {
    let load = std::mem::replace(&mut session.instruments.load, Box::new(Stuck::placeholder()));
    let opened = Arc::new(Mutex::new(None));
    let noted = Arc::clone(&opened);
    session.instruments.load = Box::new(Stuck {
        load: Some(load),
        shorted: false,
        opening: Box::new(move || {
            noted.lock().unwrap().get_or_insert(clock());
        }),
    });
    move || opened.lock().unwrap().unwrap()
}

/// What goes on behind a stop that was acknowledged stays on the phantom no longer than it takes to see that it does.
#[test]
fn the_interlock_opens_as_soon_as_an_ignored_stop_is_seen() {
    let (opened, ending) = on(SIMULATED, async |session, program| {
        drive(session, program).await;
        Flawed::take_over(session, Flaw::Ignored(usize::MAX));
        let opened = interlock_watched(session);
        // A train that may be silent for 5 s would be looked at for as long.
        let ending = teardown(session, 5.0).await;
        (opened(), ending)
    });
    // The allowance, a period of 20 ms, and a slice of time.
    assert!((STOP_ALLOWANCE..0.2).contains(&opened), "{opened} s: {ending:?}");
    assert!(ending.stop_ignored && ending.safe_state == SafeState::Confirmed, "{ending:?}");
}

/// A source that runs by itself: whoever reads the record is told what was seen of it, and that nobody has stopped it.
#[test]
fn of_what_runs_by_itself_is_said_what_was_last_seen() {
    let (on_then, off_then) = on(SIMULATED, async |session, program| {
        let undriven = Capabilities { drives: false, ..session.bench.capabilities.clone() };
        drive(session, program).await;
        session.bench.capabilities = Box::leak(Box::new(undriven));
        let first = teardown(session, 0.02).await;
        session.instruments.stimulator.stop().await.unwrap();
        // And up to a period of 20 ms before it.
        session.pass_seconds(0.45).await.unwrap();
        (first, teardown(session, 0.02).await)
    });
    let (on_then, off_then) = (on_then.steps.join(", "), off_then.steps.join(", "));
    for said in [&on_then, &off_then] {
        assert!(said.contains("was not told to stop"), "{said}");
    }
    assert!(on_then.ends_with("it was on when it was last seen"), "{on_then}");
    assert!(
        off_then.contains("nothing flowed in the last 4") && !off_then.contains("it was on"),
        "{off_then}"
    );
}

/// Shorted inputs, or the load's own source, as a host leaves them that is killed in the middle of a setup.
#[test]
fn what_keeps_the_load_from_seeing_the_output_is_ended_before_it_is_called_off() {
    for shorted in [true, false] {
        let (before, after, notes, ending) = on(SIMULATED, async |session, _| {
            let switches = session.instruments.switches().unwrap();
            if shorted {
                switches.zero(true).await.unwrap();
            } else {
                switches.test_source("e1", 1e-4).await.unwrap();
            }
            session.pass_seconds(0.02).await.unwrap();
            let before = session.intake.sight.is_clear();
            let ending = teardown(session, 0.02).await;
            (before, session.intake.sight.is_clear(), session.account.notes.join("\n"), ending)
        });
        assert!(!before && after, "{shorted}: {ending:?}");
        assert_eq!(ending.safe_state, SafeState::Confirmed, "{shorted}: {ending:?}");
        assert!(notes.contains("its samples showed nothing"), "{shorted}: {notes}");
    }
}

/// A block of samples that was lost took the word with it that the inputs are back: the load says so once more.
#[test]
fn what_only_seems_to_keep_the_load_from_seeing_is_told_from_what_does() {
    let clear = on(SIMULATED, async |session, _| {
        session.pass_seconds(0.02).await.unwrap();
        session.intake.sight = Sight::BLIND;
        session.see().await.unwrap();
        session.intake.sight.is_clear()
    });
    assert!(clear);
}

/// A load that tells when its interlock is opened, and whose inputs may stay shorted; none while it is being put in the other's
/// place.
struct Stuck {
    load: Option<Box<dyn Load>>,
    shorted: bool,
    opening: Box<dyn Fn() + Send + Sync>,
}

impl Stuck {
    fn placeholder() -> Self {
        Self { load: None, shorted: false, opening: Box::new(|| ()) }
    }

    fn own(&mut self) -> &mut dyn Switches {
        self.load.as_mut().unwrap().switches().unwrap()
    }
}

#[async_trait]
impl Load for Stuck {
    async fn identify(&mut self) -> Result<LoadIdentity, InstrumentError> {
        self.load.as_mut().unwrap().identify().await
    }

    fn sampling(&mut self) -> Sampling<'_> {
        self.load.as_mut().unwrap().sampling()
    }

    fn switches(&mut self) -> Option<&mut dyn Switches> {
        Some(self)
    }

    async fn keepalive(&mut self) -> Result<(), InstrumentError> {
        self.load.as_mut().unwrap().keepalive().await
    }
}

#[async_trait]
impl Switches for Stuck {
    async fn interlock(&mut self, closed: bool) -> Result<(), InstrumentError> {
        if !closed {
            (self.opening)();
        }
        self.own().interlock(closed).await
    }

    async fn inject(&mut self, fault: &Fault) -> Result<(), InstrumentError> {
        self.own().inject(fault).await
    }

    async fn clear(&mut self, fault: &str) -> Result<(), InstrumentError> {
        self.own().clear(fault).await
    }

    async fn zero(&mut self, on: bool) -> Result<(), InstrumentError> {
        if on || !self.shorted { self.own().zero(on).await } else { Ok(()) }
    }

    async fn test_source(&mut self, contact: &str, amplitude: f64) -> Result<(), InstrumentError> {
        self.own().test_source(contact, amplitude).await
    }
}

#[test]
fn a_load_whose_inputs_stay_shorted_does_not_say_that_the_output_is_off() {
    let ending = on(SIMULATED, async |session, _| {
        let load = std::mem::replace(&mut session.instruments.load, Box::new(Stuck::placeholder()));
        session.instruments.load =
            Box::new(Stuck { load: Some(load), shorted: true, ..Stuck::placeholder() });
        session.instruments.switches().unwrap().zero(true).await.unwrap();
        session.pass_seconds(0.02).await.unwrap();
        teardown(session, 0.02).await
    });
    assert_eq!(ending.safe_state, SafeState::Impossible, "{ending:?}");
    assert_eq!(ending.steps, ["stop acknowledged", "interlock open", "output not measured"], "{ending:?}");
    assert!(ending.trouble.as_deref().is_some_and(|why| why.contains("stay shorted")), "{ending:?}");
}

/// The interlock does not wait for a stop that takes its time; that it was obeyed nobody has seen then.
#[test]
fn the_interlock_opens_beside_a_stop_that_takes_its_time() {
    let (opened, ending) = on(SIMULATED, async |session, program| {
        drive(session, program).await;
        Flawed::take_over(session, Flaw::Late);
        let begun = std::time::Instant::now();
        let opened = interlock_noted(session, move || begun.elapsed());
        let ending = teardown(session, 0.02).await;
        (opened().as_secs_f64(), ending)
    });
    // Less than the second that the stop takes.
    assert!((0.4..0.9).contains(&opened), "{opened} s: {ending:?}");
    assert_eq!(ending.steps, ["stop acknowledged", "interlock open", "output measured off"], "{ending:?}");
    assert!(ending.safe_state == SafeState::Confirmed && !ending.stop_ignored, "{ending:?}");
    assert_eq!(ending.trouble.as_deref(), Some(stopping::LATE), "{ending:?}");
}
