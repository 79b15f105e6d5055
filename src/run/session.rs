//! One case while it runs: the instruments, the recorder, and scenario time passing in slices.

use crate::instrument::{InstrumentError, Reading, Sampling, Status, StreamChannel};
use crate::judge::{Facts, Instant, Observation, ProgramChange};
use crate::measure::{Recorder, Setup};
use crate::phantom::Phantom;
use crate::record::{CaseArchive, Event};
use crate::rig::{Capabilities, Limits, Rig};
use crate::scenario::Plan;
use crate::signal::{Block, BlockSink, Marker, MarkerBit, StreamKind};

use super::arrival::Arrival;
use super::faults::Injected;
use super::guard;
use super::instruments::Instruments;
use super::interrupt::{Cause, Interrupt};
use super::message::Message;
use super::probe::Log;
use super::sight::Sight;

/// The host polls the stimulator's status this often while it may be stimulating, and drains the stream with it.
pub(super) const POLL: u64 = 10_000_000;

/// Nanoseconds in a second.
pub(super) const SECOND: f64 = 1e9;

/// Why a case did not run to its end.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Halt {
    /// An instrument failed.
    Instrument(InstrumentError),
    /// The bench is not what the scenario asks for.
    Bench(String),
    /// The output guard tripped.
    Guard(String),
    /// The run was asked to end.
    Interrupted(Cause),
    /// stimrig itself went wrong.
    Panicked(String),
}

impl std::fmt::Display for Halt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Instrument(error) => write!(f, "{error}"),
            Self::Bench(reason) | Self::Guard(reason) | Self::Panicked(reason) => f.write_str(reason),
            Self::Interrupted(cause) => write!(f, "ended by {}", cause.name()),
        }
    }
}

impl From<InstrumentError> for Halt {
    fn from(error: InstrumentError) -> Self {
        Self::Instrument(error)
    }
}

/// The host's own pace: on a real bench time goes on while this computer does something else.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// When it was last done with the instruments, ns.
    last: Option<u64>,
    /// The longest it then took to come back, ns.
    pub longest: u64,
    /// How long the stimulator waits for its host, ns.
    pub patience: u64,
}

impl Pace {
    /// Nobody waits yet.
    pub(super) fn new() -> Self {
        Self { last: None, longest: 0, patience: u64::MAX }
    }

    /// How long it took to come back.
    fn look(&mut self, now: u64) -> u64 {
        let gap = self.last.map_or(0, |last| now.saturating_sub(last));
        self.longest = self.longest.max(gap);
        gap
    }

    /// Nobody has waited since.
    pub(super) fn anew(&mut self) {
        self.last = None;
    }

    fn done(&mut self, now: u64) {
        self.last = Some(now);
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
    /// By how many samples that was before the first one of a record, whose `from` is 0 then.
    pub ahead: u64,
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
    /// What the scenario says is plugged in.
    pub phantom: &'a Phantom,
    /// Fast samples per channel that arrived; those that were lost on the way do not count.
    pub received: u64,
    /// Whether the load sees the output.
    pub sight: Sight,
    /// Whether the samples of a load that marks nothing among them keep up with the host's clock.
    pub arrival: Arrival,
    /// The interlock has been told to close: from here on the output may reach the phantom.
    pub energised: bool,
    /// What the bench can do: what it cannot is left out, and said.
    pub capabilities: &'a Capabilities,
    /// When the record that is being taken was armed, ns; `None` where samples come as a stream.
    pub armed: Option<u64>,
    /// The channels on their finest ranges, with which a record of the output at rest is taken.
    pub finest: Vec<StreamChannel>,
    /// The stop behind the steps as a sample, and whether the record shows that it was ignored.
    pub stopped: Option<u64>,
    pub stop_ignored: bool,
    /// What a person should know about this case.
    pub notes: Vec<String>,
    pub interrupt: &'a Interrupt,
    pub tell: &'a (dyn Fn(Message) + Sync),
    pub pending: Vec<Pending>,
    /// The stimulator may be stimulating, so its status is polled.
    pub polling: bool,
    /// A person starts and stops it, and takes their time.
    pub by_hand: bool,
    /// How long a person may take, s.
    pub patience: f64,
    /// The output is on, and no hand is waited for: one was for as long as that, or more flows than may.
    pub left_on: bool,
    /// No frame may go to the stimulator.
    pub silent: bool,
    /// An instrument said that it is simulated.
    pub simulated: bool,
    /// How long this computer left the instruments alone.
    pub pace: Pace,
    /// What a trip would be judged against is only armed once the scenario runs.
    pub guarded: bool,
    pub last_status: Option<Status>,
    /// What is injected.
    pub injected: Injected,
    /// The last sample that had been seen when stimulation was last started.
    pub started: Option<u64>,
    /// How long a train of this case may be silent while it goes on, s.
    pub silence: f64,
    /// What the firmware has logged.
    pub log: Log,
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
            recorder,
            archive: None,
            programs: Vec::new(),
            setup,
            facts: super::case::facts(plan, rig),
            limits: &rig.limits,
            phantom: &plan.case.phantom,
            received: 0,
            sight: Sight::default(),
            arrival: Arrival::default(),
            energised: false,
            capabilities: &rig.capabilities,
            armed: None,
            finest: super::setup::finest(plan, rig),
            stopped: None,
            stop_ignored: false,
            notes: Vec::new(),
            interrupt,
            tell,
            pending: Vec::new(),
            polling: false,
            by_hand: !rig.capabilities.commands,
            patience: super::by_hand::PATIENCE,
            left_on: false,
            silent: false,
            simulated: false,
            pace: Pace::new(),
            guarded: false,
            last_status: None,
            injected: Injected::default(),
            started: None,
            silence: plan.case.longest_silence(),
            log: super::probe::Log::default(),
        }
    }
}

impl Session<'_> {
    /// Samples the recorder has seen: the sample clock's now. While a record is being taken, by the host's clock.
    pub fn sample(&self) -> u64 {
        self.armed.map_or_else(
            || self.recorder.samples_seen(),
            |armed| {
                let seconds = self.instruments.clock.now().saturating_sub(armed) as f64 / SECOND;
                (seconds * self.setup.sample_rate) as u64
            },
        )
    }

    /// Says what is left out, to whoever follows the run and in its record.
    pub fn leave_out(&mut self, what: &str) {
        self.progress(what);
        self.notes.push(what.to_owned());
    }

    /// Keeps what a person should know of a record, each once.
    pub fn note(&mut self, notes: &[String]) {
        for note in notes {
            if !self.notes.contains(note) {
                self.notes.push(note.clone());
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
        let (gap, patience) = (self.pace.look(self.instruments.clock.now()), self.pace.patience);
        if gap < patience {
            return Ok(());
        }
        Err(Halt::Bench(format!(
            "this computer was busy elsewhere for {} ms, and the stimulator waits {} ms for its host: run less beside it",
            gap / 1_000_000,
            patience / 1_000_000
        )))
    }

    /// Takes what has arrived and looks at it.
    async fn tick(&mut self) -> Result<(), Halt> {
        self.drain().await?;
        if let Some(cause) = self.interrupt.cause() {
            return Err(Halt::Interrupted(cause));
        }
        if self.guarded
            && let Some(reason) = guard::tripped(&self.recorder, self.limits, self.phantom)
        {
            // Too much flows: no hand is waited for where an interlock can open.
            self.left_on |= self.by_hand && self.capabilities.interlock;
            return Err(Halt::Guard(reason));
        }
        if self.guarded && self.recorder.interlock_fell() {
            return Err(Halt::Bench(
                "the load opened its interlock by itself, as it does when it has not heard of its host for too long, and what ended then was not the stimulator's doing: run less beside it, and see the load's cable"
                    .to_owned(),
            ));
        }
        if self.polling && !self.silent {
            self.in_time()?;
            self.restart_if_due().await?;
            self.poll_if_possible().await?;
        }
        self.pace.done(self.instruments.clock.now());
        self.read_log().await
    }

    /// Drains the stream into the recorder; the request is also the load's keepalive.
    pub async fn drain(&mut self) -> Result<(), Halt> {
        self.instruments.load.keepalive().await?;
        self.drain_into(&mut Nowhere).await
    }

    /// As [`Session::drain`], without the keepalive; what is drained goes to `also` too.
    pub async fn drain_into(&mut self, also: &mut dyn BlockSink) -> Result<(), Halt> {
        let (recorder, archive) = (&mut self.recorder, &mut self.archive);
        let (received, sight) = (&mut self.received, &mut self.sight);
        let mut sink = Drained { recorder, archive, received, sight, also };
        // What is recorded is read when it is complete.
        if let Sampling::Stream(stream) = self.instruments.load.sampling() {
            stream.drain(&mut sink).await?;
            // What marks its samples numbers them too.
            if !self.capabilities.markers {
                self.arrival
                    .note(self.instruments.clock.now(), self.received as f64 / self.setup.sample_rate);
            }
        }
        Ok(())
    }

    /// One step of reading a record; its samples are measured and kept.
    pub async fn read_record(&mut self) -> Result<Reading, Halt> {
        let (recorder, archive) = (&mut self.recorder, &mut self.archive);
        let (received, sight) = (&mut self.received, &mut self.sight);
        let mut sink = Drained { recorder, archive, received, sight, also: &mut Nowhere };
        Ok(self.instruments.record()?.read(&mut sink).await?)
    }

    /// Reads the stimulator's status and notes it on the sample clock; of one that has none the link is only kept alive.
    pub async fn poll(&mut self) -> Result<(), Halt> {
        let stimulator = &mut self.instruments.stimulator;
        let Some(reports) = stimulator.reports() else { return Ok(stimulator.keepalive().await?) };
        let status = reports.status().await?;
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
        self.pending.push(Pending { step, bit, from, ahead: 0 });
    }
}

/// Where drained blocks go: they are measured, kept, and looked at by whoever asked for them.
struct Drained<'a> {
    recorder: &'a mut Recorder,
    archive: &'a mut Option<Box<dyn CaseArchive>>,
    received: &'a mut u64,
    sight: &'a mut Sight,
    also: &'a mut dyn BlockSink,
}

impl BlockSink for Drained<'_> {
    fn block(&mut self, block: &Block<'_>) {
        if let Some(archive) = self.archive {
            archive.block(block);
        }
        self.recorder.block(block);
        self.sight.heed(block);
        if block.stream == StreamKind::Fast {
            *self.received += block.count as u64;
        }
        self.also.block(block);
    }
}

/// Nobody else looks.
pub(super) struct Nowhere;

impl BlockSink for Nowhere {
    fn block(&mut self, _: &Block<'_>) {}
}

/// Where the steps that were reached lie in the sample stream.
///
/// A step's marker comes before the next step is taken, give or take `slack` samples that are still on their way. A step
/// that changed nothing (a start while running, a second lead opened) has none, and may not take a later one's.
pub(super) fn instants(pending: &[Pending], markers: &[Marker], slack: u64) -> Vec<Instant> {
    let mut taken: Vec<usize> = Vec::new();
    let mut placed = Vec::with_capacity(pending.len());
    for (index, one) in pending.iter().enumerate() {
        let until = pending.get(index + 1).map_or(u64::MAX, |next| next.from.saturating_add(slack));
        let own = |at: usize, marker: &Marker| {
            // A bit that stands for a state changes to true with its fault; the others toggle.
            let toggles =
                matches!(marker.bit, MarkerBit::StartTaken | MarkerBit::StopTaken | MarkerBit::ProgramTaken);
            one.bit == Some(marker.bit)
                && (one.from..=until).contains(&marker.sample)
                && (toggles || marker.value)
                && !taken.contains(&at)
        };
        let found = markers.iter().enumerate().find(|(at, marker)| own(*at, marker));
        let marked = found.map(|(at, marker)| (at, marker.sample));
        taken.extend(marked.map(|(at, _)| at));
        let (sample, ahead) = marked.map_or((one.from, one.ahead), |(_, sample)| (sample, 0));
        placed.push(Instant { step: one.step, sample, ahead, marked: marked.is_some() });
    }
    placed
}

/// The first change of a bit at or after a sample.
pub(super) fn first_change(markers: &[Marker], bit: MarkerBit, from: u64) -> Option<u64> {
    markers.iter().find(|marker| marker.bit == bit && marker.sample >= from).map(|marker| marker.sample)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_changed_nothing_takes_no_later_marker() {
        let marker = |sample, bit, value| Marker { sample, bit, value };
        let markers = [
            marker(100, MarkerBit::StartTaken, true),
            marker(5000, MarkerBit::Lead, true),
            marker(9000, MarkerBit::Lead, false),
            marker(20_000, MarkerBit::StartTaken, false),
        ];
        let pending = |step, bit, from| Pending { step, bit: Some(bit), from, ahead: 0 };
        let steps = [
            pending(0, MarkerBit::StartTaken, 100),
            // While it runs; then a second lead, whose relay does not change the bit.
            pending(1, MarkerBit::StartTaken, 3000),
            pending(2, MarkerBit::Lead, 5000),
            pending(3, MarkerBit::Lead, 6000),
            Pending { step: 4, bit: None, from: 9000, ahead: 0 },
            pending(5, MarkerBit::StartTaken, 19_999),
        ];
        let placed: Vec<_> =
            instants(&steps, &markers, 10).into_iter().map(|at| (at.sample, at.marked)).collect();
        let expected =
            [(100, true), (3000, false), (5000, true), (6000, false), (9000, false), (20_000, true)];
        assert_eq!(placed, expected);
    }
}
