//! What a case keeps for whoever judges it and whoever reads its record.

use crate::judge::{Facts, Instant, ProgramChange};
use crate::machine::today;
use crate::phantom::Output;
use crate::record::LogRecord;
use crate::rig::Rig;
use crate::scenario::Plan;
use crate::signal::{Marker, MarkerBit};

use super::super::pace::{POLL, SECOND};

/// What a device that marks nothing may hold back before its samples arrive, s.
const BUFFERS: f64 = 0.1;

/// What has happened in a case, beside its samples.
pub(in crate::run) struct Account {
    /// What the judge must know that no sample shows.
    pub facts: Facts,
    /// What the recorder was told while it measured.
    pub programs: Vec<ProgramChange>,
    /// The steps that were reached, to be placed by the markers once those have come.
    pub pending: Vec<Pending>,
    /// What a person should know about this case.
    pub notes: Vec<String>,
    /// What the firmware has logged.
    pub log: Log,
    /// An instrument said that it is simulated.
    pub simulated: bool,
}

impl Account {
    /// Nothing has happened yet.
    pub(super) fn new(facts: Facts) -> Self {
        Self {
            facts,
            programs: Vec::new(),
            pending: Vec::new(),
            notes: Vec::new(),
            log: Log::default(),
            simulated: false,
        }
    }
}

/// What is known about a case before it runs.
pub(super) fn facts(plan: &Plan, rig: &Rig) -> Facts {
    Facts {
        instants: Vec::new(),
        segments: Vec::new(),
        statuses: Vec::new(),
        restarts: Vec::new(),
        ending: None,
        ended: 0,
        link_errors: 0,
        cap: rig.cap,
        poll_period: POLL as f64 / SECOND,
        // Without marks a sample is as old as the buffers on its way are long.
        round_trip: POLL as f64 / SECOND + if rig.capabilities.markers { 0.0 } else { BUFFERS },
        relaxed: false,
        expired: rig.certificate.as_ref().and_then(|certificate| certificate.expired(today())),
        output: rig.output_stage().map(|stage| Output {
            compliance: stage.compliance,
            blocking_capacitor: stage.blocking_capacitor,
            recharge: stage.recharge,
            ..Output::default()
        }),
        time_constant: plan.settling.map(|settling| settling / 100_f64.ln()),
    }
}

/// The firmware's log, as far as it is kept.
#[derive(Debug, Default)]
pub(in crate::run) struct Log {
    pub lines: Vec<LogRecord>,
    pub lost: u64,
}

impl Log {
    /// What a reader must know about lines that are not there.
    pub(in crate::run) fn remark(&self) -> Option<String> {
        (self.lost > 0).then(|| format!("{} more lines of the firmware's log are not kept", self.lost))
    }
}

/// A step whose instant a marker bit will place: the first change of `bit` at or after `from`.
pub(in crate::run) struct Pending {
    /// Index of the step.
    pub step: usize,
    /// The bit, where the load marks such a step.
    pub bit: Option<MarkerBit>,
    /// Last sample seen when the request was sent.
    pub from: u64,
    /// By how many samples that was before the first one of a record, whose `from` is 0 then.
    pub ahead: u64,
}

impl Account {
    /// Places each step, the begin of each program and the end among the samples, as the markers tell.
    pub fn place(&mut self, markers: &[Marker], sample_rate: f64) {
        let facts = &mut self.facts;
        // Samples that may still have been on their way when the next step was taken.
        let slack = (facts.round_trip * sample_rate) as u64;
        facts.instants = instants(&self.pending, markers, slack);
        facts.ending = facts.ending.map(|from| {
            // What was seen by then lags behind what flowed: by an exchange that was tried again, and on ports always.
            let taken = first_change(markers, MarkerBit::StopTaken, from).unwrap_or(from);
            facts.instants.iter().map(|at| at.sample).fold(taken, u64::max)
        });
        for segment in &mut facts.segments {
            let taken = first_change(markers, MarkerBit::ProgramTaken, segment.requested);
            segment.from = taken.unwrap_or(segment.requested);
        }
    }
}

/// Where the steps that were reached lie in the sample stream.
///
/// A step's marker comes before the next step is taken, give or take `slack` samples that are still on their way. A step
/// that changed nothing (a start while running, a second lead opened) has none, and may not take a later one's.
fn instants(pending: &[Pending], markers: &[Marker], slack: u64) -> Vec<Instant> {
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
fn first_change(markers: &[Marker], bit: MarkerBit, from: u64) -> Option<u64> {
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
