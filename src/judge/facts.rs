//! What a runner knows besides the samples.

use serde::{Deserialize, Serialize};

use crate::phantom::Output;
use crate::scenario::{Action, Case, FaultCode};
use crate::signal::Program;

/// A step's instant on the sample clock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Instant {
    /// Index of the step in [`crate::scenario::Case::steps`].
    pub step: usize,
    /// First sample at which the step is in effect: the marker's sample where the load marks it (start and stop
    /// taken, relays), else the last sample seen when the request was sent.
    pub sample: u64,
    /// By how many samples it lay before the first, where the load's record began later; its `sample` is 0 then.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub ahead: u64,
    /// Whether a marker bit gave the sample. Without one, latencies carry the link's round trip.
    pub marked: bool,
}

impl Instant {
    /// On the sample clock; negative before the first sample.
    pub fn at(&self) -> f64 {
        self.sample as f64 - self.ahead as f64
    }
}

fn is_zero(samples: &u64) -> bool {
    *samples == 0
}

/// A stretch of the recording with one program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// When it was requested (last sample seen); pulses between this and `from` are left out of `of: programmed`.
    pub requested: u64,
    /// First sample at which it is in force (the taken marker).
    pub from: u64,
    /// As the scenario programs it.
    pub programmed: Program,
    /// As the stimulator said it applies it.
    pub applied: Program,
}

/// One status read from the board.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// Last sample seen when the answer arrived.
    pub sample: u64,
    /// Declared fault.
    pub fault: FaultCode,
}

/// A start that was sent after a fault, to see it refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restart {
    /// Index of the fault's step.
    pub step: usize,
    /// Last sample seen when it was sent.
    pub sample: u64,
    /// Whether the stimulator refused it.
    pub refused: bool,
}

/// Everything besides the samples that a judgement needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Steps that were reached, in order.
    pub instants: Vec<Instant>,
    /// Programs in order of time; the first from sample 0.
    pub segments: Vec<Segment>,
    /// Status reports in order of time.
    pub statuses: Vec<Observation>,
    /// Starts sent after faults, in order of time.
    pub restarts: Vec<Restart>,
    /// Last sample seen when the end of the case began, which stops whatever no step has stopped; `None` where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ending: Option<u64>,
    /// First sample after teardown was complete.
    pub ended: u64,
    /// Total of the link counters of stimulator and load over the case.
    pub link_errors: u64,
    /// The stimulator's stated maximum, A.
    pub cap: f64,
    /// Interval at which status is polled, s.
    pub poll_period: f64,
    /// Link round trip, s: the uncertainty of an unmarked instant.
    pub round_trip: f64,
    /// Whether the phantom was relaxed for 5 τ before the first start.
    pub relaxed: bool,
    /// Why the load's calibration does not hold any more, if it does not: nothing is then measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expired: Option<String>,
    /// Largest time constant of the closed network with the recharge switch closed for its share of the cycle, s;
    /// `None` if it never settles.
    pub time_constant: Option<f64>,
    /// Compliance, series capacitor and recharge switch of the stimulator; `None` where they are not known.
    pub output: Option<Output>,
}

impl Facts {
    /// Instants of the steps of a case whose action is `wanted`, as far as they were reached, in order.
    pub fn instants_of<'f, F>(
        &'f self,
        case: &'f Case,
        wanted: F,
    ) -> impl Iterator<Item = &'f Instant> + use<'f, F>
    where
        F: Fn(&Action) -> bool,
    {
        let steps = &case.steps;
        self.instants.iter().filter(move |at| steps.get(at.step).is_some_and(|step| wanted(&step.action)))
    }

    /// Instants of the starts that were to begin a train. Where others are marked, one without a marker is one that was sent while a
    /// train ran and changed nothing; at rest it is one that the stimulator did not act upon.
    pub fn begins<'f>(&'f self, case: &'f Case) -> impl Iterator<Item = &'f Instant> + use<'f> {
        let starts = || self.instants_of(case, |action| *action == Action::Start);
        let unmarked = !starts().any(|start| start.marked);
        let at_rest = |start: &Instant| {
            let mut before = case.steps.iter().take(start.step).rev().map(|step| &step.action);
            before.find(|action| matches!(action, Action::Start | Action::Stop)) != Some(&Action::Start)
        };
        starts().filter(move |start| unmarked || start.marked || at_rest(start))
    }

    /// Moves every instant that was noted so far to another sample: once it is known where a record lies.
    pub fn moved(&mut self, to: impl Fn(u64) -> u64) {
        for instant in &mut self.instants {
            instant.sample = to(instant.sample);
        }
        for segment in &mut self.segments {
            (segment.requested, segment.from) = (to(segment.requested), to(segment.from));
        }
        for status in &mut self.statuses {
            status.sample = to(status.sample);
        }
        for restart in &mut self.restarts {
            restart.sample = to(restart.sample);
        }
    }
}
