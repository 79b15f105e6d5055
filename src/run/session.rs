//! One case while it runs: the instruments, the recorder, and scenario time passing in slices.

use crate::instrument::{Clock, InstrumentError, Load, Status, Stimulator};
use crate::judge::{Facts, Instant, Observation, ProgramChange};
use crate::measure::{Recorder, Setup};
use crate::record::{CaseArchive, Event};
use crate::rig::Limits;
use crate::signal::{Block, BlockSink, Marker, MarkerBit};

use super::guard;
use super::interrupt::{Interrupt, Signal};
use super::message::Message;

/// The host polls the stimulator's status this often while it may be stimulating, and drains the stream with it.
pub(super) const POLL: u64 = 10_000_000;

/// Nanoseconds in a second.
pub(super) const SECOND: f64 = 1e9;

/// The two instruments and the clock of a bench.
pub(super) struct Instruments {
    pub stimulator: Box<dyn Stimulator>,
    pub load: Box<dyn Load>,
    pub clock: Box<dyn Clock>,
}

/// Why a case did not run to its end.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Halt {
    /// An instrument failed.
    Instrument(InstrumentError),
    /// The bench is not what the scenario asks for.
    Bench(String),
    /// The output guard tripped.
    Guard(String),
    /// A signal arrived.
    Interrupted(Signal),
}

impl From<InstrumentError> for Halt {
    fn from(error: InstrumentError) -> Self {
        Self::Instrument(error)
    }
}

/// A step whose instant a marker bit will place: the first change of `bit` at or after `from`.
pub(super) struct Pending {
    /// Index of the step.
    pub step: usize,
    /// The bit, where the load marks such a step.
    pub bit: Option<MarkerBit>,
    /// Last sample seen when the request was sent.
    pub from: u64,
}

/// One case while it runs.
pub(super) struct Session<'a> {
    pub instruments: Instruments,
    pub recorder: Recorder,
    /// Keeps the raw samples, where they are kept.
    pub archive: Option<Box<dyn CaseArchive>>,
    /// What the recorder was told while it measured.
    pub programs: Vec<ProgramChange>,
    /// What the recorder was told about the stream.
    pub setup: Setup,
    pub facts: Facts,
    pub limits: &'a Limits,
    pub interrupt: &'a Interrupt,
    pub tell: &'a (dyn Fn(Message) + Sync),
    pub pending: Vec<Pending>,
    /// The stimulator may be stimulating, so its status is polled.
    pub polling: bool,
    /// No frame may go to the stimulator.
    pub silent: bool,
    /// What a trip would be judged against is only armed once the scenario runs.
    pub guarded: bool,
    pub last_status: Option<Status>,
}

impl Session<'_> {
    /// Samples the recorder has seen: the sample clock's now.
    pub fn sample(&self) -> u64 {
        self.recorder.samples_seen()
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
            self.instruments.clock.sleep((end - now).min(POLL)).await;
            self.tick().await?;
        }
    }

    /// As [`Session::pass`], in seconds.
    pub async fn pass_seconds(&mut self, seconds: f64) -> Result<(), Halt> {
        self.pass((seconds * SECOND).round() as u64).await
    }

    /// Takes what has arrived and looks at it.
    async fn tick(&mut self) -> Result<(), Halt> {
        self.drain().await?;
        if let Some(signal) = self.interrupt.signal() {
            return Err(Halt::Interrupted(signal));
        }
        if self.guarded
            && let Some(reason) = guard::tripped(&self.recorder, self.limits)
        {
            return Err(Halt::Guard(reason));
        }
        if self.polling && !self.silent {
            self.poll().await?;
        }
        Ok(())
    }

    /// Drains the stream into the recorder; the request is also the load's keepalive.
    pub async fn drain(&mut self) -> Result<(), Halt> {
        self.instruments.load.keepalive().await?;
        self.drain_into(&mut Nowhere).await
    }

    /// As [`Session::drain`], without the keepalive; what is drained goes to `also` too.
    pub async fn drain_into(&mut self, also: &mut dyn BlockSink) -> Result<(), Halt> {
        let mut sink = Drained { recorder: &mut self.recorder, archive: &mut self.archive, also };
        self.instruments.load.drain(&mut sink).await?;
        Ok(())
    }

    /// Reads the stimulator's status and notes it on the sample clock.
    pub async fn poll(&mut self) -> Result<(), Halt> {
        let status = self.instruments.stimulator.status().await?;
        let sample = self.sample();
        if self.last_status.is_none_or(|last| last.fault != status.fault) {
            self.progress(format!("stimulator reports {}", status.fault.name()));
        }
        self.last_status = Some(status);
        self.facts.statuses.push(Observation { sample, fault: status.fault });
        Ok(())
    }

    /// Notes that a step is due now, to be placed by the next change of a marker bit where the load marks it.
    pub fn due(&mut self, step: usize, bit: Option<MarkerBit>) {
        let from = self.sample();
        self.pending.push(Pending { step, bit, from });
    }
}

/// Where drained blocks go: they are measured, kept, and looked at by whoever asked for them.
struct Drained<'a> {
    recorder: &'a mut Recorder,
    archive: &'a mut Option<Box<dyn CaseArchive>>,
    also: &'a mut dyn BlockSink,
}

impl BlockSink for Drained<'_> {
    fn block(&mut self, block: &Block<'_>) {
        if let Some(archive) = self.archive {
            archive.block(block);
        }
        self.recorder.block(block);
        self.also.block(block);
    }
}

/// Nobody else looks.
struct Nowhere;

impl BlockSink for Nowhere {
    fn block(&mut self, _: &Block<'_>) {}
}

/// Where the steps that were reached lie in the sample stream.
pub(super) fn instants(pending: &[Pending], markers: &[Marker]) -> Vec<Instant> {
    let place = |one: &Pending| {
        let marker = one.bit.and_then(|bit| first_change(markers, bit, one.from));
        Instant { step: one.step, sample: marker.unwrap_or(one.from), marked: marker.is_some() }
    };
    pending.iter().map(place).collect()
}

/// The first change of a bit at or after a sample.
pub(super) fn first_change(markers: &[Marker], bit: MarkerBit, from: u64) -> Option<u64> {
    markers.iter().find(|marker| marker.bit == bit && marker.sample >= from).map(|marker| marker.sample)
}
