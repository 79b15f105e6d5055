//! What a start owes: pulses of a window that were due behind it and did not come, because its train began late or never.

use crate::measure::PulseRow;
use crate::signal::Program;

use super::super::train::{REACH, slot};
use super::super::view::{View, Window};
use super::super::{Instant, Segment};

/// A train that begins no later than this behind its start, s, or than three periods, has a latency and lacks no pulse.
pub(super) const LATENCY: f64 = 0.1;

/// The train of a contact that a start was to begin, at once or when a later program drives the contact.
struct Owed<'a> {
    segment: &'a Segment,
    /// When, samples.
    begun: f64,
    rate: f64,
}

impl<'a> Owed<'a> {
    /// `None` where no program gives the contact anything.
    fn of(view: &View<'a>, start: &Instant) -> Option<Self> {
        let drives = |segment: &Segment| segment.programmed.share_of(&view.contact.name) != 0.0;
        let (first, _) = view.segment_at(start.sample)?;
        let mut later = view.facts.segments.iter().filter(|segment| segment.from > start.sample);
        let segment = if drives(first) { first } else { later.find(|segment| drives(segment))? };
        Some(Self { segment, begun: segment.from.max(start.sample) as f64, rate: view.rate() })
    }

    fn program(&self) -> &'a Program {
        &self.segment.programmed
    }

    /// Pulses due before a sample of a train whose first comes at sample `begun`, but for what one that runs freely may come late by.
    fn due(&self, begun: f64, to: f64) -> u64 {
        let program = self.program();
        let limit = program.pulse_limit().unwrap_or(u64::MAX);
        program.pulses_before((to - begun) / self.rate - REACH * slot(program)).min(limit)
    }
}

/// What was due in a window, up to sample `closes`, behind a start of which nothing came.
pub(super) fn undelivered(view: &View<'_>, window: Window, start: &Instant, closes: f64) -> u64 {
    let Some(owed) = Owed::of(view, start) else { return 0 };
    let g = view.settling() as f64;
    let due = |to: f64| owed.due(owed.begun, to - g);
    due(closes).saturating_sub(due(window.from.max(start.sample) as f64))
}

/// What a window lacks, up to sample `closes`, because the `first` pulse behind a start came late: by how many pulses fewer were
/// due by then than if it had come at once. A train that ends by itself may make up for it.
///
/// Where the load does not mark when the start was taken, that was before the stimulator told its status for the first time after
/// it; how old the samples were by then is in the round trip.
///
/// A window of its own that begins behind the first pulse says nothing of the start. The usual one begins with it, or as long behind
/// the first pulse as a ramp takes.
pub(super) fn late(view: &View<'_>, window: Window, start: &Instant, first: &PulseRow, closes: f64) -> u64 {
    let Some(owed) = Owed::of(view, start) else { return 0 };
    let (begun, g) = (owed.begun, view.settling() as f64);
    let came = first.start() - view.recording.front_end.delay * view.rate();
    let allowed = (3.0 * owed.program().period()).max(LATENCY);
    // Of what was lost, or came before the record, nobody knows that it was not the first; nor does anybody know when a stimulator
    // was started that answers nothing, on a load that marks nothing: what is judged may have been recorded long ago.
    let unknown = start.ahead > 0 || view.recording.lost_within(start.sample, first.at) > 0;
    let Some(taken) = taken(view, start).filter(|_| !unknown) else { return 0 };
    let opens = window.from as f64 - g;
    let usual = view.check.window.is_none();
    if came - begun.max(taken) <= allowed * view.rate() || (came < opens && !usual) {
        return 0;
    }
    let closes = closes - g;
    if view.placed(first).is_none_or(|placed| !std::ptr::eq(placed.segment, owed.segment)) {
        // Another program took over meanwhile: its pulses are counted from the first one on.
        return owed.due(begun, came.min(closes)).saturating_sub(owed.due(begun, opens));
    }
    let from = if usual { begun } else { begun.max(opens) };
    let on_time = owed.due(begun, closes).saturating_sub(owed.due(begun, from));
    on_time.saturating_sub(owed.due(came, closes))
}

/// The sample by which a start had been taken; `None` where nothing tells.
fn taken(view: &View<'_>, start: &Instant) -> Option<f64> {
    if start.marked {
        return Some(start.sample as f64);
    }
    let answered = view.facts.statuses.iter().find(|status| status.sample > start.sample);
    answered.map(|status| status.sample as f64 + view.facts.round_trip * view.rate())
}
