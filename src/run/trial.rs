//! What tests of the runner share: a session on a rig, and time that is counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;

use super::case::open_load;
use super::interrupt::Interrupt;
use super::look::look;
use super::open::{self, With};
use super::pace::SECOND;
use super::session::Session;
use super::zero;
use crate::driver::port::RealClock;
use crate::instrument::{Clock, Operator};
use crate::measure::Recorder;
use crate::rig::Rig;
use crate::signal::Program;
use crate::source::Source;

/// A bench in this process.
pub(super) const SIMULATED: &str =
    "version: 1\nname: sim\nstimulator: { driver: simulated }\nload: { driver: simulated }\n";

/// Says yes to everything.
struct Willing;

#[async_trait]
impl Operator for Willing {
    fn tell(&self, _: &str) {}

    async fn confirm(&self, _: &str) -> bool {
        true
    }
}

/// Opens a rig, and does something with the session on it.
pub(super) fn on<T>(text: &str, act: impl AsyncFnOnce(&mut Session<'_>, &Program) -> T) -> T {
    let rig = Rig::read(&Source::new("rig.yaml", text)).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let plan = look(&rig).unwrap();
    let (interrupt, tell) = (Interrupt::default(), |_| {});
    let person: Arc<dyn Operator> = Arc::new(Willing);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut instruments =
            open::open(&rig, &plan, &With { person: Some(&person), ..With::default() }).await.unwrap();
        let (setup, _) = open_load(&mut instruments, &plan, &rig, &tell).await.unwrap();
        let recorder = Recorder::new(setup.clone());
        let mut session = Session::new(instruments, (setup, recorder), &plan, &rig, &interrupt, &tell);
        if rig.capabilities.test_source {
            zero::zero(&mut session, false).await.unwrap();
        }
        act(&mut session, &plan.case.program).await
    })
}

/// Scenario time, s.
pub(super) fn now(session: &Session<'_>) -> f64 {
    session.instruments.clock.now() as f64 / SECOND
}

/// A clock that counts how long was slept by it, ns.
struct Counted(Box<dyn Clock>, Arc<AtomicU64>);

#[async_trait]
impl Clock for Counted {
    fn now(&self) -> u64 {
        self.0.now()
    }

    async fn sleep(&mut self, nanoseconds: u64) {
        self.0.sleep(nanoseconds).await;
        self.1.fetch_add(nanoseconds, Ordering::SeqCst);
    }
}

/// Counts how long is slept from now on, ns.
pub(super) fn count_sleep(session: &mut Session<'_>) -> Arc<AtomicU64> {
    let slept = Arc::new(AtomicU64::new(0));
    // Any other clock, until the bench's own is back.
    let clock = std::mem::replace(&mut session.instruments.clock, Box::new(RealClock::new()));
    session.instruments.clock = Box::new(Counted(clock, Arc::clone(&slept)));
    slept
}
