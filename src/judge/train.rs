//! Which pulse of which program a row is.

use crate::measure::PulseRow;
use crate::scenario::{Action, Nominal};
use crate::signal::{Part, Program, Pulse};

use super::{Segment, View};

/// How far a row may be from its instant, in intervals between pulses.
const REACH: f64 = 0.25;
/// Two clocks may differ by this much before the count of rows is not believed.
const CLOCKS: f64 = 1e-4;

/// A row's place in the train.
#[derive(Debug, Clone, Copy)]
pub struct Placed<'a> {
    /// The stretch of program in force.
    pub segment: &'a Segment,
    /// Number of the pulse since that program took effect, and how far into an on-time it did, s.
    pub n: u64,
    /// See `n`.
    pub into: f64,
    /// Number of the pulse since the start, as far as each earlier pulse came.
    pub number: u64,
}

impl Placed<'_> {
    /// The pulse that `program` asks for at this place.
    pub fn pulse(&self, program: &Program) -> Pulse {
        program.pulse_from(self.n, self.into)
    }
}

impl<'a> View<'a> {
    /// Indices of the rows of each train, from the first after a start to the last before the next one.
    pub fn trains(&self) -> Vec<std::ops::Range<usize>> {
        let rows = &self.contact.pulses;
        let mut firsts: Vec<usize> =
            self.starts().map(|start| rows.partition_point(|row| row.at < start)).collect();
        firsts.push(rows.len());
        firsts.windows(2).filter_map(|pair| Some(*pair.first()?..*pair.last()?)).collect()
    }

    /// Samples at which the board took a start.
    fn starts(&self) -> impl Iterator<Item = u64> {
        let start = |step: usize| self.case.steps.get(step).is_some_and(|step| step.action == Action::Start);
        self.facts.instants.iter().filter(move |at| start(at.step)).map(|at| at.sample)
    }

    /// Where a row stands in its train.
    ///
    /// A change takes effect at the first pulse (burst, pair) after the board took it; that pulse is looked for among the
    /// rows, so that the grid of a program begins where the stimulator's clock put it.
    pub fn placed(&self, row: &PulseRow) -> Option<Placed<'a>> {
        let rows = &self.contact.pulses;
        let started = self.starts().filter(|start| *start <= row.at).max().unwrap_or(0);
        let first = rows.partition_point(|other| other.at < started);
        let here = rows.partition_point(|other| other.at < row.at);
        let zero = rows.get(first).unwrap_or(row).start();
        let seconds = |index: usize| Some((rows.get(index)?.start() - zero) / self.rate());
        let segments = &self.facts.segments;
        let known = segments.partition_point(|segment| segment.from <= started);
        let mut segment = known.checked_sub(1).and_then(|k| segments.get(k)).or(segments.first())?;
        let mut part = Part::first(&segment.programmed);
        let mut origin = first;
        for next in segments.iter().skip(known.max(1)).filter(|next| next.from <= row.at) {
            let from = rows.partition_point(|other| other.at < next.from);
            let per_group = part.program.pulses_per_period();
            let n = number(&part, from - origin, seconds(from)?);
            let group = n.div_ceil(per_group) * per_group;
            let takes = from + (group - n) as usize;
            if here < takes {
                break;
            }
            let due = part.start_of(group);
            let changed = part.change(group, &next.programmed);
            let near = |at: &f64| (at - due).abs() <= REACH * slot(part.program) + CLOCKS * due;
            part = Part { origin: seconds(takes).filter(near).unwrap_or(due), ..changed };
            (origin, segment) = (takes, next);
        }
        let n = number(&part, here - origin.min(here), (row.start() - zero) / self.rate());
        Some(Placed { segment, n, into: part.into, number: part.base + n })
    }

    /// The stretch of program in force at a pulse, and whether the pulse lies between the request of the next one and its
    /// being taken, where neither is known to rule.
    pub fn segment(&self, row: &PulseRow) -> Option<(&'a Segment, bool)> {
        Some((self.placed(row)?.segment, self.segment_at(row.at)?.1))
    }

    /// The same at a sample, where there is no pulse to say which burst or pair the change waited for.
    pub fn segment_at(&self, at: u64) -> Option<(&'a Segment, bool)> {
        let segments = &self.facts.segments;
        let segment = segments.iter().rfind(|segment| segment.from <= at).or(segments.first())?;
        let pending = |next: &Segment| next.requested <= at && at < next.from && next.requested > 0;
        Some((segment, segments.iter().any(pending)))
    }

    /// The pulse a row was to be, by the nominal of the check: what was programmed or what was applied.
    pub fn asked(&self, row: &PulseRow, of: Nominal) -> Option<Pulse> {
        let placed = self.placed(row)?;
        let program = match of {
            Nominal::Applied => &placed.segment.applied,
            _ if self.segment_at(row.at)?.1 => return None,
            _ => &placed.segment.programmed,
        };
        Some(placed.pulse(program))
    }
}

/// Shortest interval between the pulses of a program, s.
pub fn slot(program: &Program) -> f64 {
    let per_second =
        program.burst.map_or(program.rate * program.pulses_per_period() as f64, |burst| burst.rate);
    1.0 / per_second.max(program.rate)
}

/// Number of a pulse in its part, `rows` rows behind the part's first, at `t` seconds from the first of the train.
///
/// The count of rows is exact for any length of train as long as each pulse came once; where it cannot be, time decides.
fn number(part: &Part<'_>, rows: usize, t: f64) -> u64 {
    let (counted, slot) = (rows as u64, slot(part.program));
    let off = (part.start_of(counted) - t).abs();
    if off <= REACH * slot + CLOCKS * (t - part.origin).abs() {
        return counted;
    }
    part.program.pulses_before_from(t - part.origin + REACH * slot, part.into).saturating_sub(1)
}
