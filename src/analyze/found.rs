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
/// The last phase of a record is the recovery of the one before if the gap is no longer than this many times that of the pulse before.
const AS_LONG: f64 = 1.25;
/// Transitions of an edge beside which a part of a phase is too short to have a top.
const EDGE_ALONE: f64 = 4.0;
/// Phases of one pulse carry the same charge but for this factor: if one is a phase, so is the other.
const PARTNER: f64 = 1.5;
/// Pulses whose rest is shorter, in samples, touch: it does not bound their windows.
const TOUCH: f64 = 2.0;

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
    /// Fewer samples than a phase has are missing in it: it has no edges to be measured by.
    pub broken: bool,
}

impl Segment {
    /// Level times width, in samples of them.
    pub(super) fn charge(&self) -> f64 {
        self.level.abs() * self.edges.width()
    }
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
    /// Those spikes that have a top, lower than phases.
    pub low: Vec<Segment>,
    /// Phases much longer or richer than those of the train: not of it.
    pub others: Vec<Segment>,
    /// Phases too low to be found beside the largest excursion, which stand out of the rest all the same.
    pub faint: Vec<Segment>,
    /// A phase begins at least so far from the rest level.
    pub enter: f64,
}

/// Phases as pulses: (leading, recovery). A phase belongs to the next one of opposite sign unless that lies
/// nearer to the one after it, so that a record that begins in the middle of a pulse is paired right. Where phases follow each
/// other without a rest, noise does not decide.
#[derive(Debug, Clone)]
pub(super) struct Pairs<'a> {
    rest: &'a [Segment],
    /// Between the phases of the pulse before, samples.
    gap: Option<f64>,
}

/// A leading phase with its recovery.
pub(super) type Pair = (Segment, Option<Segment>);

/// The same and the instants between which nothing of another pulse flows, samples.
pub(super) type Bounded = (Pair, (f64, f64));

impl Iterator for Pairs<'_> {
    type Item = Pair;

    fn next(&mut self) -> Option<Pair> {
        let (leading, after) = self.rest.split_first()?;
        let second = after.first().filter(|second| {
            let gap = second.edges.start - leading.edges.end;
            let next = after.get(1).map(|third| third.edges.start - second.edges.end);
            // Alone in the record, a recovery may wait for some widths; in a train, for less than the rest after it, and the last
            // one as long as the one before.
            let alone = || {
                let widths = 10.0 * leading.edges.width().max(second.edges.width());
                gap <= self.gap.map_or(widths, |before| widths.max(AS_LONG * before))
            };
            let near = next.map_or_else(alone, |next| gap <= next + 1.0);
            second.level.signum() != leading.level.signum() && near
        });
        self.gap = second.map(|second| second.edges.start - leading.edges.end).or(self.gap);
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
        self.low.clone_from(&spikes);
        self.spikes.extend(spikes);
        // Of phases that are as long as a few samples some have one less than others: those must not be missed without a word.
        let as_high = |segment: &Segment| !segment.truncated && segment.level.abs() >= AS_HIGH * highest;
        self.short.extend(slivers.into_iter().filter(as_high));
        self.short.sort_by(|a, b| a.edges.start.total_cmp(&b.edges.start));
        self.tell_of_stuck();
    }

    /// An output that got stuck and is still on when the record ends is no phase that was merely cut off: it is told of.
    fn tell_of_stuck(&mut self) {
        let longest = self.longest();
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
        // Fewer samples than a phase has, or an edge that is no top, may be left of what is missing.
        let room = median(&mut gaps) + FEWEST as f64 + EDGE_ALONE * self.transition();
        let begin = self.phases.first_mut().filter(|phase| first && phase.edges.start <= room);
        if let Some(phase) = begin.filter(|phase| phase.level.signum() == recovery.signum()) {
            phase.truncated = true;
        }
        let end = self.phases.last_mut().filter(|phase| last && phase.edges.end + room >= samples as f64);
        if let Some(phase) = end.filter(|phase| phase.level.signum() == leading.signum()) {
            phase.truncated = true;
        }
    }

    /// Leaves out of what is no phase what is part of something else.
    pub(super) fn forget(&mut self, is_part: impl Fn(&Segment) -> bool) {
        for segments in [&mut self.spikes, &mut self.short, &mut self.low] {
            segments.retain(|segment| !is_part(segment));
        }
    }

    /// Phases of which some lie no further than `enter` from the rest level join the others of a record of so many samples.
    pub(super) fn join(&mut self, phases: Vec<Segment>, enter: f64, samples: usize) {
        self.phases.extend(phases);
        self.phases.sort_by(|a, b| a.edges.start.total_cmp(&b.edges.start));
        self.enter = self.enter.min(enter);
        self.mark_cut(samples);
    }

    /// The phases as pulses, in order of time.
    pub(super) fn pairs(&self) -> Pairs<'_> {
        Pairs { rest: &self.phases, gap: None }
    }

    /// Those of which no end of the record cuts anything off.
    pub(super) fn whole(&self) -> impl Iterator<Item = Pair> + '_ {
        self.pairs().filter(is_whole)
    }

    /// The same, each with the instants half way to the pulses beside it, samples.
    pub(super) fn bounded(&self) -> impl Iterator<Item = Bounded> + '_ {
        let mut before = f64::NEG_INFINITY;
        let mut pairs = self.pairs().peekable();
        let next = move || {
            let pair = pairs.next()?;
            let end = pair.1.unwrap_or(pair.0).edges.end;
            let after = pairs.peek().map_or(f64::INFINITY, |(next, _)| (end + next.edges.start) / 2.0);
            let from = (before + pair.0.edges.start) / 2.0;
            before = end;
            Some((pair, (from, after)))
        };
        std::iter::from_fn(next).filter(|(pair, _)| is_whole(pair))
    }

    /// How many are cut off.
    pub(super) fn cut(&self) -> usize {
        self.pairs().filter(|pair| !is_whole(pair) && !is_broken(pair)).count()
    }

    /// Those in which samples are missing.
    pub(super) fn broken(&self) -> impl Iterator<Item = Pair> + '_ {
        self.pairs().filter(is_broken)
    }

    /// Width of the longest phase that no end of the record cuts off, samples; 0 without one.
    pub(super) fn longest(&self) -> f64 {
        let whole = self.phases.iter().filter(|phase| !phase.truncated);
        whole.map(|phase| phase.edges.width()).fold(0.0, f64::max)
    }

    /// 10–90 % of the slowest leading edge of the first pulses, samples.
    pub(super) fn transition(&self) -> f64 {
        self.whole().take(16).map(|(leading, _)| leading.transition).fold(0.0, f64::max)
    }

    /// Samples between a 50 % instant and the ends of the charge window: three transitions, so that ringing is inside, at
    /// least five samples, and at most half the shortest rest between pulses.
    pub(super) fn guard(&self, transition: f64) -> f64 {
        (3.0 * transition).max(5.0).min(0.5 * self.rest())
    }

    /// The shortest rest between pulses, samples.
    pub(super) fn rest(&self) -> f64 {
        let mut before = f64::NEG_INFINITY;
        let rests = self.pairs().map(|(leading, recovery)| {
            let rest = leading.edges.start - before;
            before = recovery.unwrap_or(leading).edges.end;
            rest
        });
        rests.filter(|rest| *rest > TOUCH).fold(f64::INFINITY, f64::min)
    }

    /// Pulses with a guard on either side, in order of time, whole or cut.
    pub(super) fn pulse_windows(&self, guard: f64) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.pairs().map(move |(leading, recovery)| {
            let end = recovery.map_or(leading.edges.end, |recovery| recovery.edges.end);
            (leading.edges.start - guard, end + guard)
        })
    }

    /// The samples that are no baseline, in order of time: pulses with their guards, whole or cut, with the gaps in them.
    pub(super) fn windows(&self, guard: f64) -> Vec<(f64, f64)> {
        let other = |segment: &Segment| (segment.edges.start - guard, segment.edges.end + guard);
        let mut windows: Vec<(f64, f64)> = self.pulse_windows(guard).collect();
        windows
            .extend(self.spikes.iter().chain(&self.short).chain(&self.others).chain(&self.faint).map(other));
        windows.sort_by(|a, b| a.0.total_cmp(&b.0));
        windows
    }
}

fn is_whole((leading, recovery): &Pair) -> bool {
    !leading.truncated
        && recovery.is_none_or(|recovery| !recovery.truncated)
        && !is_broken(&(*leading, *recovery))
}

/// Whether bounds have an instant in common with any of these, which are in order of time.
pub(super) fn within(windows: &[(f64, f64)], (start, end): (f64, f64)) -> bool {
    let at = windows.partition_point(|(_, last)| *last < start);
    windows.get(at).is_some_and(|(first, _)| *first <= end)
}

fn is_broken((leading, recovery): &Pair) -> bool {
    leading.broken || recovery.is_some_and(|recovery| recovery.broken)
}

/// Spikes, and phases: what is short beside the longest and carries little beside the richest is no phase, unless its partner is one.
fn partition(segments: Vec<Segment>) -> (Vec<Segment>, Vec<Segment>) {
    let longest = segments.iter().map(|segment| segment.edges.width()).fold(0.0, f64::max);
    let richest = segments.iter().map(Segment::charge).fold(0.0, f64::max);
    let is_spike = |segment: &Segment| {
        !segment.truncated
            && segment.edges.width() < SPIKE_WIDTH * longest
            && segment.charge() < SPIKE_CHARGE * richest
    };
    let (mut spikes, mut rest) = (Vec::new(), Vec::with_capacity(segments.len()));
    for (leading, recovery) in (Pairs { rest: &segments, gap: None }) {
        let partners = recovery.is_some_and(|recovery| {
            let (a, b) = (leading.charge(), recovery.charge());
            a.max(b) <= PARTNER * a.min(b) && is_spike(&leading) != is_spike(&recovery)
        });
        for segment in [Some(leading), recovery].into_iter().flatten() {
            let of = if is_spike(&segment) && !partners { &mut spikes } else { &mut rest };
            of.push(segment);
        }
    }
    (spikes, rest)
}

/// Whether there are many of them and most carry the same charge, as the phases of a balanced train do.
fn alike(segments: &[Segment]) -> bool {
    let mut charges: Vec<f64> = segments.iter().map(Segment::charge).collect();
    let median = median(&mut charges);
    let near = charges.iter().filter(|charge| (*charge - median).abs() <= 0.25 * median).count();
    segments.len() >= TRAIN && near as f64 >= ALIKE * segments.len() as f64
}
