//! One case while it runs: the instruments, the recorder, and scenario time passing in slices.
//!
//! A session has parts, each with an owner. What the bench and the case are is known before and does not change ([`Bench`]); what
//! the load sends goes into the [`Intake`]; what happens is written into the [`Account`]; what the host does about the
//! stimulator is its [`Watch`]; what it knows of the output is the [`Output`].

mod account;
mod intake;
mod sight;
mod watch;

use crate::instrument::{Reading, Sampling, StreamChannel};
use crate::judge::Observation;
use crate::measure::{Recorder, Setup};
use crate::phantom::Phantom;
use crate::record::Event;
use crate::rig::template::Template;
use crate::rig::{Capabilities, Limits, Rig};
use crate::scenario::Plan;
use crate::signal::{BlockSink, MarkerBit};

use super::channels::finest;
use super::guard;
use super::halt::Halt;
use super::injected::Injected;
use super::instruments::Instruments;
use super::interrupt::Interrupt;
use super::message::Message;
use super::pace::{POLL, SECOND};

use account::{Account, Pending, facts};
use intake::Intake;
use watch::Watch;

pub(super) use intake::Nowhere;
pub(super) use sight::Sight;

/// How long a person may take, s.
const PATIENCE: f64 = 120.0;

/// A load that has sent nothing for so long sends nothing any more, s, and for so many samples: they come in blocks.
const DRY: f64 = 1.0;
const BLOCK: f64 = 20_000.0;

/// What is known of bench and case before anything runs.
pub(super) struct Bench<'a> {
    /// What the bench can do: what it cannot is left out, and said.
    pub capabilities: &'a Capabilities,
    /// What the output guard holds the samples against.
    pub limits: &'a Limits,
    /// What the scenario says is plugged in.
    pub phantom: &'a Phantom,
    /// The channels on their finest ranges, with which a record of the output at rest is taken.
    pub finest: Vec<StreamChannel>,
    /// How long a train of this case may be silent while it goes on, s.
    pub silence: f64,
    /// A person starts and stops the stimulator, and takes their time.
    pub by_hand: bool,
    /// The stimulator answers a stop, so that its word says that it was heard.
    pub answers_stop: bool,
    /// How long a person may take, s.
    pub patience: f64,
}

impl<'a> Bench<'a> {
    fn new(plan: &'a Plan, rig: &'a Rig) -> Self {
        Self {
            capabilities: &rig.capabilities,
            limits: &rig.limits,
            phantom: &plan.case.phantom,
            finest: finest(plan, rig),
            silence: plan.case.longest_silence(),
            by_hand: !rig.capabilities.commands,
            answers_stop: answers_stop(rig),
            patience: PATIENCE,
        }
    }
}

/// Whether the stimulator of a rig answers a stop.
pub(super) fn answers_stop(rig: &Rig) -> bool {
    rig.protocol.template().is_none_or(Template::answers_stop)
}

/// What the host knows of the output.
#[derive(Default)]
pub(super) struct Output {
    /// The interlock has been told to close: from here on the output may reach the phantom.
    pub energised: bool,
    /// The last sample that had been seen when the setup was over: nothing drives from here to the first start.
    pub rested: Option<u64>,
    /// The last sample that had been seen when stimulation was last started.
    pub started: Option<u64>,
    /// It is on, and no hand is waited for: one was for as long as that, or more flows than may.
    pub left_on: bool,
}

/// A record that is being taken, on a load without a stream.
#[derive(Default)]
pub(super) struct Taking {
    /// When it was armed, ns; `None` where samples come as a stream, and once the record is placed.
    pub armed: Option<u64>,
    /// The stop behind the steps, as a sample.
    pub stopped: Option<u64>,
    /// The record shows that this stop was ignored.
    pub stop_ignored: bool,
}

/// One case while it runs.
pub(super) struct Session<'a> {
    pub instruments: Instruments,
    pub bench: Bench<'a>,
    pub intake: Intake,
    pub account: Account,
    pub taking: Taking,
    pub watch: Watch,
    pub output: Output,
    /// The faults that are injected.
    pub injected: Injected,
    /// What asks the case to end.
    pub interrupt: &'a Interrupt,
    /// Whoever follows the run.
    pub tell: &'a (dyn Fn(Message) + Sync),
}

impl<'a> Session<'a> {
    /// A session on open instruments; the stream that `setup` describes runs.
    pub fn new(
        instruments: Instruments,
        (setup, recorder): (Setup, Recorder),
        plan: &'a Plan,
        rig: &'a Rig,
        interrupt: &'a Interrupt,
        tell: &'a (dyn Fn(Message) + Sync),
    ) -> Self {
        Self {
            instruments,
            bench: Bench::new(plan, rig),
            intake: Intake::new(setup, recorder),
            account: Account::new(facts(plan, rig)),
            taking: Taking::default(),
            watch: Watch::new(),
            output: Output::default(),
            injected: Injected::default(),
            interrupt,
            tell,
        }
    }
}

impl Session<'_> {
    /// Samples the recorder has seen: the sample clock's now. While a record is being taken, by the host's clock.
    pub fn sample(&self) -> u64 {
        self.taking.armed.map_or_else(
            || self.intake.recorder.samples_seen(),
            |armed| {
                let seconds = self.instruments.clock.now().saturating_sub(armed) as f64 / SECOND;
                (seconds * self.intake.setup.sample_rate) as u64
            },
        )
    }

    /// Says what is left out, to whoever follows the run and in its record.
    pub fn leave_out(&mut self, what: &str) {
        self.progress(what);
        self.account.notes.push(what.to_owned());
    }

    /// Keeps what a person should know of a record, each once.
    pub fn note(&mut self, notes: &[String]) {
        for note in notes {
            if !self.account.notes.contains(note) {
                self.account.notes.push(note.clone());
            }
        }
    }

    /// Tells whoever follows the run what happened.
    pub fn progress(&self, what: impl Into<String>) {
        let time = self.instruments.clock.now() as f64 / SECOND;
        (self.tell)(Message::Event(Event::Progress { case: 0, time, what: what.into() }));
    }

    /// Lets scenario time pass, slice by slice: drain, guard, poll.
    ///
    /// # Errors
    /// Ends early when an instrument fails, the guard trips, or a signal arrives.
    pub async fn pass(&mut self, nanoseconds: u64) -> Result<(), Halt> {
        let end = self.instruments.clock.now().saturating_add(nanoseconds);
        loop {
            let now = self.instruments.clock.now();
            if now >= end {
                return Ok(());
            }
            let due = self.injected.next_restart().map_or(POLL, |due| due.saturating_sub(now).max(1));
            self.instruments.clock.sleep((end - now).min(POLL).min(due)).await;
            self.tick().await?;
        }
    }

    /// As [`Session::pass`], in seconds.
    pub async fn pass_seconds(&mut self, seconds: f64) -> Result<(), Halt> {
        self.pass((seconds * SECOND).round() as u64).await
    }

    /// Where this computer was busy elsewhere for longer than the stimulator waits for its host, what the stimulator did is
    /// nothing that could be held against it.
    fn in_time(&mut self) -> Result<(), Halt> {
        let (gap, patience) = (self.watch.pace.look(self.instruments.clock.now()), self.watch.pace.patience);
        if gap < patience {
            return Ok(());
        }
        Err(Halt::Bench(format!(
            "this computer was busy elsewhere for {} ms, and the stimulator waits {} ms for its host: run less beside it",
            gap / 1_000_000,
            patience / 1_000_000
        )))
    }

    /// Samples come as long as the output guard relies on them.
    fn seen(&mut self) -> Result<(), Halt> {
        let dry = self.watch.flow.dry(self.intake.received, self.instruments.clock.now());
        let patience = (DRY * SECOND).max(BLOCK / self.intake.setup.sample_rate * SECOND);
        let watched = self.watch.guarded && self.bench.capabilities.drives && self.bench.capabilities.stream;
        if !watched || dry as f64 <= patience {
            return Ok(());
        }
        Err(Halt::Bench(format!(
            "the load answers and has sent no samples for {} ms: nobody sees what the output does; switch the load off and on",
            dry / 1_000_000
        )))
    }

    /// Takes what has arrived and looks at it.
    async fn tick(&mut self) -> Result<(), Halt> {
        self.drain().await?;
        if let Some(cause) = self.interrupt.cause() {
            return Err(Halt::Interrupted(cause));
        }
        self.seen()?;
        if self.watch.guarded
            && let Some(reason) = guard::tripped(&self.intake.recorder, self.bench.limits, self.bench.phantom)
        {
            // Too much flows: no hand is waited for where an interlock can open.
            self.output.left_on |= self.bench.by_hand && self.bench.capabilities.interlock;
            return Err(Halt::Guard(reason));
        }
        if self.watch.guarded && self.intake.recorder.interlock_fell() {
            return Err(Halt::Bench(
                "the load opened its interlock by itself, as it does when it has not heard of its host for too long, and what ended then was not the stimulator's doing: run less beside it, and see the load's cable"
                    .to_owned(),
            ));
        }
        if self.watch.polling && !self.watch.silent {
            self.in_time()?;
            self.restart_if_due().await?;
            self.poll_if_possible().await?;
        }
        self.watch.pace.done(self.instruments.clock.now());
        self.read_log().await
    }

    /// Drains the stream into the recorder; the request is also the load's keepalive.
    pub async fn drain(&mut self) -> Result<(), Halt> {
        self.instruments.load.keepalive().await?;
        self.drain_into(&mut Nowhere).await
    }

    /// As [`Session::drain`], without the keepalive; what is drained goes to `also` too.
    pub async fn drain_into(&mut self, also: &mut dyn BlockSink) -> Result<(), Halt> {
        // What is recorded is read when it is complete.
        if let Sampling::Stream(stream) = self.instruments.load.sampling() {
            stream.drain(&mut self.intake.and(also)).await?;
            // What marks its samples numbers them too.
            if !self.bench.capabilities.markers {
                let sampled = self.intake.sampled();
                self.intake.arrival.note(self.instruments.clock.now(), sampled);
            }
        }
        Ok(())
    }

    /// One step of reading a record; its samples are measured and kept.
    pub async fn read_record(&mut self) -> Result<Reading, Halt> {
        Ok(self.instruments.record()?.read(&mut self.intake).await?)
    }

    /// Reads the stimulator's status and notes it on the sample clock; of one that has none the link is only kept alive.
    pub async fn poll(&mut self) -> Result<(), Halt> {
        let stimulator = &mut self.instruments.stimulator;
        let Some(reports) = stimulator.reports() else { return Ok(stimulator.keepalive().await?) };
        let status = reports.status().await?;
        let sample = self.sample();
        if self.watch.last_status.is_none_or(|last| last.fault != status.fault) {
            self.progress(format!("stimulator reports {}", status.fault.name()));
        }
        self.watch.last_status = Some(status);
        self.account.facts.statuses.push(Observation { sample, fault: status.fault });
        Ok(())
    }

    /// Notes that a step is due now, to be placed by the next change of a marker bit where the load marks it.
    pub fn due(&mut self, step: usize, bit: Option<MarkerBit>) {
        let from = self.sample();
        self.account.pending.push(Pending { step, bit, from, ahead: 0 });
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;

    use super::super::loading;
    use super::super::trial::{SIMULATED, now, on};
    use super::*;
    use crate::driver::sigrok;
    use crate::instrument::{InstrumentError, Load, LoadIdentity, Stream, StreamSetup, Switches};
    use crate::signal::Calibration;

    /// A load that answers and whose samples do not come any more.
    struct Dry(Box<dyn Load>);

    #[async_trait]
    impl Load for Dry {
        async fn identify(&mut self) -> Result<LoadIdentity, InstrumentError> {
            self.0.identify().await
        }

        fn sampling(&mut self) -> Sampling<'_> {
            Sampling::Stream(self)
        }

        fn switches(&mut self) -> Option<&mut dyn Switches> {
            self.0.switches()
        }

        async fn keepalive(&mut self) -> Result<(), InstrumentError> {
            self.0.keepalive().await
        }
    }

    #[async_trait]
    impl Stream for Dry {
        async fn start(&mut self, _: &StreamSetup) -> Result<Vec<Calibration>, InstrumentError> {
            Ok(Vec::new())
        }

        async fn drain(&mut self, _: &mut dyn BlockSink) -> Result<usize, InstrumentError> {
            Ok(0)
        }

        async fn end(&mut self) -> Result<(), InstrumentError> {
            Ok(())
        }
    }

    /// A guard that is shown nothing trips on nothing: whatever the output does then goes on for as long as the scenario does.
    #[test]
    fn a_load_that_sends_no_samples_any_more_ends_the_case() {
        let (took, halted) = on(SIMULATED, async |session, program| {
            loading::load(session, program, false).await.unwrap();
            session.watch.guarded = true;
            session.pass_seconds(2.0).await.unwrap();
            // Any other load, until the bench's own is back.
            let other = Box::new(sigrok::Load::new("none", &[], 1e3, &[]));
            let load = std::mem::replace(&mut session.instruments.load, other);
            session.instruments.load = Box::new(Dry(load));
            let began = now(session);
            let halted = session.pass_seconds(60.0).await;
            (now(session) - began, halted)
        });
        assert!((1.0..1.1).contains(&took), "{took} s: {halted:?}");
        let Err(Halt::Bench(said)) = halted else { panic!("{halted:?}") };
        assert!(said.contains("has sent no samples for 1"), "{said}");
    }
}
