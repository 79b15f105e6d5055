//! Ends of cases on simulated benches: who is waited for, and for how long.

use std::sync::Arc;

use async_trait::async_trait;

use super::super::case::open_load;
use super::super::look::look;
use super::super::{open, steps};
use super::*;
use crate::driver::{none, port::RealClock};
use crate::instrument::{Applied, Clock, InstrumentError, Operator, Stimulator, StimulatorIdentity};
use crate::measure::Recorder;
use crate::rig::Rig;
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
    assert_eq!(seen, Ok(Seen::Quiet));
    assert!((1.0..5.0).contains(&took), "{took} s");
}
