//! Ends of cases on simulated benches: who is waited for, and for how long.

use std::sync::Arc;

use async_trait::async_trait;

use super::super::case::open_load;
use super::super::look::look;
use super::super::sight::Sight;
use super::super::{open, steps};
use super::*;
use crate::driver::{none, port::RealClock};
use crate::instrument::{
    Applied, Clock, InstrumentError, Load, LoadIdentity, Operator, Sampling, Stimulator, StimulatorIdentity,
    Switches,
};
use crate::measure::Recorder;
use crate::rig::Rig;
use crate::scenario::Fault;
use crate::signal::{Program, Run};
use crate::source::Source;

const BY_HAND: &str =
    "version: 1\nname: hand\nstimulator: { driver: manual, cap: 10 mA }\nload: { driver: simulated }\n";

/// Says yes to everything.
struct Willing;

#[async_trait]
impl Operator for Willing {
    fn tell(&self, _: &str) {}

    async fn confirm(&self, _: &str) -> bool {
        true
    }
}

/// A hand that does not hear so many stops.
struct Slow(Box<dyn Stimulator>, usize);

#[async_trait]
impl Stimulator for Slow {
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
        match self.1.checked_sub(1) {
            Some(left) => self.1 = left,
            None => self.0.stop().await?,
        }
        Ok(())
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

/// Opens a rig, and does something with the session on it.
fn on<T>(text: &str, act: impl AsyncFnOnce(&mut Session<'_>, &Program) -> T) -> T {
    let rig = Rig::read(&Source::new("rig.yaml", text)).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let plan = look(&rig).unwrap();
    let (interrupt, tell) = (Interrupt::default(), |_| {});
    let person: Arc<dyn Operator> = Arc::new(Willing);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut instruments = open::open(&rig, &plan, None, None, Some(&person)).await.unwrap();
        let (setup, _) = open_load(&mut instruments, &plan, &rig, &tell).await.unwrap();
        let recorder = Recorder::new(setup.clone());
        let mut session = Session::new(instruments, (setup, recorder), &plan, &rig, &interrupt, &tell);
        if rig.capabilities.test_source {
            steps::zero(&mut session, false).await.unwrap();
        }
        act(&mut session, &plan.case.program).await
    })
}

fn now(session: &Session<'_>) -> f64 {
    session.instruments.clock.now() as f64 / SECOND
}

/// Whoever did not switch it off in all that time is not given as much again with the interlock closed.
#[test]
fn a_hand_is_waited_for_once_and_then_the_interlock_opens() {
    let (took, ending) = on(BY_HAND, async |session, program| {
        session.patience = 3.0;
        // The step's stop and the teardown's first.
        let hand = std::mem::replace(&mut session.instruments.stimulator, Box::new(none::Stimulator));
        session.instruments.stimulator = Box::new(Slow(hand, 2));
        let program = Program { run: Run::UntilStopped, ..program.clone() };
        steps::load(session, &program, false).await.unwrap();
        session.instruments.switches().unwrap().interlock(true).await.unwrap();
        session.started = Some(session.sample());
        session.instruments.stimulator.start().await.unwrap();
        session.pass_seconds(0.2).await.unwrap();
        assert!(session.recorder.active_since(1), "it never drove");
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
        let seen = watch(session, 0.0, span).await;
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

const SIMULATED: &str =
    "version: 1\nname: sim\nstimulator: { driver: simulated }\nload: { driver: simulated }\n";

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
            let before = session.sight.is_clear();
            let ending = teardown(session, 0.02).await;
            (before, session.sight.is_clear(), session.notes.join("\n"), ending)
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
        session.sight = Sight::BLIND;
        session.see().await.unwrap();
        session.sight.is_clear()
    });
    assert!(clear);
}

/// A load whose inputs stay shorted; none while it is being put in the other's place.
struct Stuck(Option<Box<dyn Load>>);

impl Stuck {
    fn own(&mut self) -> &mut dyn Switches {
        self.0.as_mut().unwrap().switches().unwrap()
    }
}

#[async_trait]
impl Load for Stuck {
    async fn identify(&mut self) -> Result<LoadIdentity, InstrumentError> {
        self.0.as_mut().unwrap().identify().await
    }

    fn sampling(&mut self) -> Sampling<'_> {
        self.0.as_mut().unwrap().sampling()
    }

    fn switches(&mut self) -> Option<&mut dyn Switches> {
        Some(self)
    }

    async fn keepalive(&mut self) -> Result<(), InstrumentError> {
        self.0.as_mut().unwrap().keepalive().await
    }
}

#[async_trait]
impl Switches for Stuck {
    async fn interlock(&mut self, closed: bool) -> Result<(), InstrumentError> {
        self.own().interlock(closed).await
    }

    async fn inject(&mut self, fault: &Fault) -> Result<(), InstrumentError> {
        self.own().inject(fault).await
    }

    async fn clear(&mut self, fault: &str) -> Result<(), InstrumentError> {
        self.own().clear(fault).await
    }

    async fn zero(&mut self, on: bool) -> Result<(), InstrumentError> {
        if on { self.own().zero(true).await } else { Ok(()) }
    }

    async fn test_source(&mut self, contact: &str, amplitude: f64) -> Result<(), InstrumentError> {
        self.own().test_source(contact, amplitude).await
    }
}

#[test]
fn a_load_whose_inputs_stay_shorted_does_not_say_that_the_output_is_off() {
    let ending = on(SIMULATED, async |session, _| {
        let load = std::mem::replace(&mut session.instruments.load, Box::new(Stuck(None)));
        session.instruments.load = Box::new(Stuck(Some(load)));
        session.instruments.switches().unwrap().zero(true).await.unwrap();
        session.pass_seconds(0.02).await.unwrap();
        teardown(session, 0.02).await
    });
    assert_eq!(ending.safe_state, SafeState::Impossible, "{ending:?}");
    assert_eq!(ending.steps, ["stop acknowledged", "interlock open", "output not measured"], "{ending:?}");
    assert!(ending.trouble.as_deref().is_some_and(|why| why.contains("stay shorted")), "{ending:?}");
}
