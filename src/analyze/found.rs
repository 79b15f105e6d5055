//! What of the segments of a record is a phase, a spike, or another pulse, and which phases are one pulse.

use crate::measure::edge::PhaseEdges;

use super::finder::FEWEST;
use super::noise::median;

/// Shorter than this part of the longest segment and with less than that part of the richest charge makes a segment a
/// spike; the leading phase of a 1:8 pulse is as short, but carries all the charge.
const SPIKE_WIDTH: f64 = 0.25;
const SPIKE_CHARGE: f64 = 0.5;
/// Where even the largest level is below this part of the largest excursion, the excursions are not its edges.
const DWARFED: f64 = 0.25;
/// A segment as short and poor as a spike that has a top, at least at this part of the highest phase, may be a pulse that was
/// cut short or one too many: it is told of.
const AS_HIGH: f64 = 0.5;
/// A phase that an end of the record cuts off, and that is longer by this factor than any whole one by then, is none of the train.
const STUCK: f64 = 1.25;
/// A train outnumbers what else is in its record (a test pulse, a stimulus that got stuck) by this much …
const TRAIN: usize = 20;
/// … and this part of it carries alike charges: within a quarter of their median.
const ALIKE: f64 = 0.8;

/// A phase in the samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Segment {
    /// 50 % instants, samples.
    pub edges: PhaseEdges,
    /// Mean of the central 60 % about the rest level, signed.
    pub level: f64,
    /// 10–90 % of its leading edge, samples; 0 if cut off.
    pub transition: f64,
    /// Cut off by an end of the record, itself or its pulse.
    pub truncated: bool,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Found {
    /// Phases in order of time.
    pub phases: Vec<Segment>,
    /// Segments that are no phases.
    pub spikes: Vec<Segment>,
    /// Segments as high as phases and too short to be any of the train, with a top or of too few samples to have one: not measured.
    pub short: Vec<Segment>,
    /// Phases much longer or richer than those of the train: not of it.
    pub others: Vec<Segment>,
}

/// Phases as pulses: (leading, recovery). A phase belongs to the next one of opposite sign unless that lies
/// nearer to the one after it, so that a record that begins in the middle of a pulse is paired right. Where phases follow each
/// other without a rest, noise does not decide.
#[derive(Debug, Clone)]
pub(super) struct Pairs<'a> {
    rest: &'a [Segment],
}

/// A leading phase with its recovery.
pub(super) type Pair = (Segment, Option<Segment>);

impl Iterator for Pairs<'_> {
    type Item = Pair;

    fn next(&mut self) -> Option<Pair> {
        let (leading, after) = self.rest.split_first()?;
        let second = after.first().filter(|second| {
            let gap = second.edges.start - leading.edges.end;
            let next = after.get(1).map(|third| third.edges.start - second.edges.end);
            // Alone in the record, a recovery may wait for some widths; in a train, for less than the rest after it.
            let near = next.map_or(gap <= 10.0 * leading.edges.width().max(second.edges.width()), |next| {
                gap <= next + 1.0
            });
            second.level.signum() != leading.level.signum() && near
        });
        self.rest = after.get(usize::from(second.is_some())..).unwrap_or(&[]);
        Some((*leading, second.copied()))
    }
}

impl Found {
    /// Moves the spikes out of the phases, and what is not of the train; `excursion` is the largest of the record from its rest,
    /// `slivers` are the segments of too few samples to be held against their own levels.
    pub(super) fn separate(&mut self, excursion: f64, slivers: Vec<Segment>) {
        let mut phases = std::mem::take(&mut self.phases);
        let spikes = loop {
            let (spikes, rest) = partition(phases);
            // Beside one long pulse every phase of a train looks like a spike, but spikes do not come by the hundred and alike.
            if spikes.len() >= TRAIN * rest.len() && alike(&spikes) {
                self.others.extend(rest);
                phases = spikes;
                continue;
            }
            self.phases = rest;
            break spikes;
        };
        let highest = self.phases.iter().map(|segment| segment.level.abs()).fold(0.0, f64::max);
        if highest < DWARFED * excursion {
            self.spikes.extend(spikes);
            self.spikes.extend(slivers);
            self.spikes.append(&mut self.phases);
            return;
        }
        // Those the finder left out have no top, as the current of a recharge switch: they stay spikes however high.
        let (short, spikes): (Vec<Segment>, Vec<Segment>) =
            spikes.into_iter().partition(|segment| segment.level.abs() >= AS_HIGH * highest);
        self.short = short;
        self.spikes.extend(spikes);
        // Of phases that are as long as a few samples some have one less than others: those must not be missed without a word.
        let as_high = |segment: &Segment| !segment.truncated && segment.level.abs() >= AS_HIGH * highest;
        self.short.extend(slivers.into_iter().filter(as_high));
        self.short.sort_by(|a, b| a.edges.start.total_cmp(&b.edges.start));
        self.tell_of_stuck();
    }

    /// An output that got stuck and is still on when the record ends is no phase that was merely cut off: it is told of.
    fn tell_of_stuck(&mut self) {
        let widths = self.phases.iter().filter(|phase| !phase.truncated).map(|phase| phase.edges.width());
        let longest = widths.fold(0.0, f64::max);
        if longest > 0.0 {
            let most = STUCK * longest + FEWEST as f64;
            let stuck = self.phases.iter().filter(|phase| phase.truncated && phase.edges.width() > most);
            self.others.extend(stuck);
        }
    }

    /// A record of so many samples that begins or ends in the gap of a pulse holds one phase of it, which is no pulse of its
    /// own: marks it as cut off. It is one where most pulses have two phases and this one lacks that which would lie beyond the
    /// record.
    pub(super) fn mark_cut(&mut self, samples: usize) {
        let mut gaps = Vec::new();
        // Level of the first recovery and of the last leading phase that has one.
        let mut levels: Option<(f64, f64)> = None;
        // Pulses of one phase: whether the first and the last are, and how many in all.
        let (mut first, mut last, mut alone) = (None, false, 0_usize);
        for (leading, recovery) in self.pairs() {
            last = recovery.is_none();
            first = first.or(Some(last));
            alone += usize::from(last);
            if let Some(recovery) = recovery {
                gaps.push(recovery.edges.start - leading.edges.end);
                levels = Some((levels.map_or(recovery.level, |(level, _)| level), leading.level));
            }
        }
        let first = first.unwrap_or(false);
        let Some((recovery, leading)) = levels else { return };
        if gaps.len() + usize::from(first) + usize::from(last) <= alone {
            return;
        }
        // Fewer samples than a phase has, or an edge alone, may be left of what is missing.
        let room = median(&mut gaps) + FEWEST as f64 + self.transition();
        let begin = self.phases.first_mut().filter(|phase| first && phase.edges.start <= room);
        if let Some(phase) = begin.filter(|phase| phase.level.signum() == recovery.signum()) {
            phase.truncated = true;
        }
        let end = self.phases.last_mut().filter(|phase| last && phase.edges.end + room >= samples as f64);
        if let Some(phase) = end.filter(|phase| phase.level.signum() == leading.signum()) {
            phase.truncated = true;
        }
    }

    /// The phases as pulses, in order of time.
    pub(super) fn pairs(&self) -> Pairs<'_> {
        Pairs { rest: &self.phases }
    }

    /// Those of which no end of the record cuts anything off.
    pub(super) fn whole(&self) -> impl Iterator<Item = Pair> + '_ {
        self.pairs().filter(is_whole)
    }

    /// How many are cut off.
    pub(super) fn cut(&self) -> usize {
        self.pairs().filter(|pair| !is_whole(pair)).count()
    }

    /// 10–90 % of the slowest leading edge of the first pulses, samples.
    pub(super) fn transition(&self) -> f64 {
        self.whole().take(16).map(|(leading, _)| leading.transition).fold(0.0, f64::max)
    }

    /// Samples between a 50 % instant and the ends of the charge window: three transitions, so that ringing is inside, at
    /// least five samples, and at most half the shortest rest between phases.
    pub(super) fn guard(&self, transition: f64) -> f64 {
        let phases = &self.phases;
        let rests = phases.iter().zip(phases.iter().skip(1)).map(|(a, b)| b.edges.start - a.edges.end);
        let shortest = rests.filter(|rest| *rest > 10.0).fold(f64::INFINITY, f64::min);
        (3.0 * transition).max(5.0).min(0.5 * shortest)
    }

    /// The samples that are no baseline, in order of time: pulses with their guards, whole or cut, with the gaps in them.
    pub(super) fn windows(&self, guard: f64) -> Vec<(f64, f64)> {
        let pulse = |(leading, recovery): Pair| {
            let end = recovery.map_or(leading.edges.end, |recovery| recovery.edges.end);
            (leading.edges.start - guard, end + guard)
        };
        let other = |segment: &Segment| (segment.edges.start - guard, segment.edges.end + guard);
        let mut windows: Vec<(f64, f64)> = self.pairs().map(pulse).collect();
        windows.extend(self.spikes.iter().chain(&self.short).chain(&self.others).map(other));
        windows.sort_by(|a, b| a.0.total_cmp(&b.0));
        windows
    }
}

fn is_whole((leading, recovery): &Pair) -> bool {
    !leading.truncated && recovery.is_none_or(|recovery| !recovery.truncated)
}

fn charge(segment: &Segment) -> f64 {
    segment.level.abs() * segment.edges.width()
}

/// Spikes, and phases: what is short beside the longest and carries little beside the richest is no phase.
fn partition(segments: Vec<Segment>) -> (Vec<Segment>, Vec<Segment>) {
    let longest = segments.iter().map(|segment| segment.edges.width()).fold(0.0, f64::max);
    let richest = segments.iter().map(charge).fold(0.0, f64::max);
    segments.into_iter().partition(|segment| {
        !segment.truncated
            && segment.edges.width() < SPIKE_WIDTH * longest
            && charge(segment) < SPIKE_CHARGE * richest
    })
}

/// Whether there are many of them and most carry the same charge, as the phases of a balanced train do.
fn alike(segments: &[Segment]) -> bool {
    let mut charges: Vec<f64> = segments.iter().map(charge).collect();
    let median = median(&mut charges);
    let near = charges.iter().filter(|charge| (*charge - median).abs() <= 0.25 * median).count();
    segments.len() >= TRAIN && near as f64 >= ALIKE * segments.len() as f64
}
