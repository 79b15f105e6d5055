//! Finding phases in a record about which nothing is known.
//!
//! A biphasic stimulus has three states, so global state levels of the record are wrong: it is first cut into segments
//! away from the rest level, then each segment is held against its own 50 % level. Thresholds come from the record:
//! its noise and its largest excursion. What is left out, and why, is as important as what is found: electrodes at
//! compliance ring with half the stimulus amplitude for a few microseconds, and that is no phase.

use crate::measure::edge::PhaseEdges;
use crate::measure::level::central_mean;
use crate::measure::sample::{Sample, Side};

use super::found::{Found, Segment};
use super::passes::{Stage, View};
use super::row::transition;
use super::runs::{Run, Runs};
use super::stay::Watch;
use super::survey::Survey;

/// A segment enters above this part of the largest excursion, and ends below half of it.
pub(super) const ENTER: f64 = 0.08;
/// … and above this many standard deviations of the noise …
const SIGMAS: f64 = 6.0;
/// … and steps of a file that has noise: a rest between two codes is at either.
const STEPS: f64 = 1.5;
/// A phase has a top: over its central 60 % it spreads (10th to 90th percentile) by no more than this part of its level.
const FLAT: f64 = 0.3;
/// Fewest samples of a phase.
pub(super) const FEWEST: usize = 3;
/// Most samples of a phase. What is longer is told of, but not measured: it would have to be held in memory.
pub(super) const LONGEST: usize = 1 << 22;
/// Samples on each side of a phase among which its edges are looked for.
pub(super) const AROUND: usize = 1024;
/// Samples in which an excursion is searched for at a time: those of a quiet stretch have none by their extremes.
const PIECE: usize = 512;

/// The second stage: finds the phases.
pub(super) struct Finder<'a> {
    rest: f64,
    noise: f64,
    excursion: f64,
    enter: f64,
    /// Nearer to the rest level is no phase.
    floor: f64,
    samples: usize,
    /// Samples before this are looked at.
    at: usize,
    open: Option<Open>,
    /// Runs that wait for the samples after them.
    runs: Runs,
    found: Found,
    /// Runs of fewer samples than a phase has.
    slivers: Vec<Segment>,
    /// What current and voltage are watched for besides.
    watches: [Option<&'a mut Watch>; 2],
    top: Vec<f64>,
}

/// A run on one side of the rest level that has not ended yet.
#[derive(Debug, Clone, Copy)]
struct Open {
    first: usize,
    above: bool,
    /// Sum of its samples and one past the last of them, once it is too long to be held.
    long: Option<(f64, usize)>,
}

impl<'a> Finder<'a> {
    /// Nothing that stays nearer to the rest level than `floor` is a phase.
    pub(super) fn new(survey: &Survey, floor: f64, watches: [Option<&'a mut Watch>; 2]) -> Self {
        let (rest, noise, excursion) = (survey.rest, survey.noise, survey.excursion(survey.rest));
        let flickers = if noise > 0.0 { (STEPS * survey.step).min(0.5 * excursion) } else { 0.0 };
        Self {
            rest,
            noise,
            excursion,
            enter: (ENTER * excursion).max(SIGMAS * noise).max(flickers).max(floor),
            floor,
            samples: survey.count,
            at: 0,
            open: None,
            runs: Runs::default(),
            found: Found::default(),
            slivers: Vec::new(),
            watches,
            top: Vec::new(),
        }
    }

    /// Whatever reaches that far from the rest level is looked at, however far the largest excursion is from it.
    pub(super) fn beyond(survey: &Survey, enter: f64) -> Self {
        Self { enter, ..Self::new(survey, 0.0, [None, None]) }
    }

    /// The segments that have a top, once the stage is through.
    pub(super) fn tops(self) -> Vec<Segment> {
        self.found.phases
    }

    /// What was found, once the stage is through.
    pub(super) fn finish(mut self) -> Found {
        self.found.enter = self.enter;
        self.found.separate(self.excursion, self.slivers);
        self.found.mark_cut(self.samples);
        self.found
    }

    /// Runs of samples on one side of the rest level.
    fn cut<S: Sample>(&mut self, view: &View<'_, S>) {
        let leave = self.enter / 2.0;
        while self.at < view.end() {
            match self.open {
                None => {
                    let piece = view.current(self.at, self.at + PIECE);
                    let (low, high) = S::extremes(piece);
                    if low >= self.rest - self.enter && high <= self.rest + self.enter {
                        self.at += piece.len();
                        continue;
                    }
                    let above = S::first(piece, Side::Above, self.rest + self.enter);
                    let below = S::first(piece, Side::Below, self.rest - self.enter);
                    let Some(first) = [above, below].into_iter().flatten().min() else {
                        self.at += piece.len();
                        continue;
                    };
                    self.at += first;
                    self.open = Some(Open { first: self.at, above: above == Some(first), long: None });
                }
                Some(open) => {
                    let rest = view.current(self.at, view.end());
                    let end = match open.above {
                        true => S::first(rest, Side::Below, self.rest + leave),
                        false => S::first(rest, Side::Above, self.rest - leave),
                    };
                    self.at += end.unwrap_or(rest.len());
                    self.open = Some(open.grown(view, self.at));
                    if end.is_some() {
                        self.close(view);
                    }
                }
            }
        }
        if view.last {
            self.close(view);
        }
    }

    /// The run that is open ends before sample `at`.
    fn close<S: Sample>(&mut self, view: &View<'_, S>) {
        let Some(open) = self.open.take() else { return };
        let last = self.at - 1;
        match open.long {
            None => {
                let (low, high) = S::extremes(view.current(open.first, last + 1));
                let peak = (high - self.rest).max(self.rest - low);
                self.runs.push(Run { first: open.first, last, above: open.above, peak, broken: false });
            }
            Some((sum, end)) => {
                let edges = PhaseEdges { start: open.first as f64, end: last as f64 };
                let level = sum / (end - open.first) as f64 - self.rest;
                let truncated = open.first == 0 || self.at == self.samples;
                self.found.others.push(Segment { edges, level, transition: 0.0, truncated, broken: false });
            }
        }
    }

    /// A run of too few samples to be held against its own level.
    fn sliver<S: Sample>(&self, view: &View<'_, S>, first: usize, last: usize) -> Option<Segment> {
        let samples = view.current(first, last + 1);
        if samples.is_empty() || samples.len() >= FEWEST {
            return None;
        }
        let level = S::sum(samples) / samples.len() as f64 - self.rest;
        let edges = PhaseEdges { start: first as f64 - 0.5, end: last as f64 + 0.5 };
        let truncated = first == 0 || last + 1 == self.samples;
        Some(Segment { edges, level, transition: 0.0, truncated, broken: false })
    }

    /// The segment with its own level and 50 % instants, and whether it has a top.
    fn held<S: Sample>(&mut self, view: &View<'_, S>, run: &Run) -> Option<(Segment, bool)> {
        let Run { first, last, .. } = *run;
        if last + 1 < first + FEWEST {
            return None;
        }
        let origin = first.saturating_sub(AROUND);
        let samples = view.current(origin, last + 1 + AROUND);
        let inside = (first - origin + (last - first) / 2, (first - origin) as f64, (last - origin) as f64);
        let (level, _) = central_mean(samples, inside.1, inside.2, 0.0)?;
        let level = level - self.rest;
        // Two excursions of the noise with the rest between them.
        if level.abs() < self.enter / 2.0 {
            return None;
        }
        let truncated = first == 0 || last + 1 == self.samples;
        let whole = PhaseEdges { start: inside.1, end: inside.2 };
        let edges = match truncated {
            true => whole,
            false => PhaseEdges::at(samples, inside.0, self.rest, self.rest + level, 0.5).unwrap_or(whole),
        };
        let trim = 0.2 * edges.width();
        let (from, to) = ((edges.start + trim).ceil() as usize, (edges.end - trim).floor() as usize);
        self.top.clear();
        self.top.extend(samples.get(from..=to.max(from))?.iter().map(|sample| sample.value()));
        let spread = rank(&mut self.top, 0.9)? - rank(&mut self.top, 0.1)?;
        let flat = spread <= FLAT * level.abs() + SIGMAS * self.noise;
        let (rest, top) = (self.rest, self.rest + level);
        let (transition, trailing) = match truncated {
            true => (0.0, 0.0),
            false => (
                transition(samples, self.samples, edges.start, rest, top),
                transition(samples, self.samples, edges.end, top, rest),
            ),
        };
        // Another part of it at the level, beyond what noise on its own edges makes of them: the last one may be a slow decay.
        let [before, behind] =
            [transition, trailing].map(|transition| transition.max(1.0).ceil() + FEWEST as f64);
        let side = if level < 0.0 { Side::Below } else { Side::Above };
        let at_level = |from: f64, to: f64| {
            let part = samples.get(from.max(0.0) as usize..(to.max(0.0) as usize).min(samples.len()));
            S::count(part.unwrap_or(&[]), side, self.rest + 0.5 * level) >= FEWEST
        };
        // A top with one or two samples that are none of it.
        let odd =
            self.top.iter().filter(|value| (**value - self.rest - level).abs() > 0.5 * level.abs()).count();
        let broken = run.broken
            || (1..FEWEST).contains(&odd)
            || !truncated
                && (at_level(inside.1, edges.start - before) || at_level(edges.end + behind, inside.2 + 1.0));
        let moved = |instant: f64| instant + origin as f64;
        let edges = PhaseEdges { start: moved(edges.start), end: moved(edges.end) };
        Some((Segment { edges, level, transition, truncated, broken }, flat))
    }
}

impl Open {
    /// What there is of the run before sample `at`.
    fn grown<S: Sample>(mut self, view: &View<'_, S>, at: usize) -> Self {
        if at - self.first > LONGEST {
            let (sum, end) = self.long.unwrap_or((0.0, self.first));
            self.long = Some((sum + S::sum(view.current(end, at)), at));
        }
        self
    }
}

impl<S: Sample + PartialOrd> Stage<S> for Finder<'_> {
    fn take(&mut self, view: &View<'_, S>) -> usize {
        let fresh = [view.current(view.fresh, view.end()), view.voltage(view.fresh, view.end())];
        for (watch, samples) in self.watches.iter_mut().zip(fresh) {
            if let Some(watch) = watch {
                watch.add(samples);
            }
        }
        self.cut(view);
        let waits = |run: &Run, open: Option<Open>, view: &View<'_, S>| {
            !view.last
                && (run.last + AROUND >= view.end()
                    || open.is_some_and(|open| open.first <= run.last + FEWEST))
        };
        while let Some(run) = self.runs.first().filter(|run| !waits(run, self.open, view)) {
            self.runs.take();
            match self.held(view, &run) {
                // What reaches beyond it in its noise alone is of the baseline.
                Some((segment, _)) if segment.level.abs() < self.floor => {}
                Some((segment, true)) => self.found.phases.push(segment),
                Some((segment, false)) if segment.broken => self.found.phases.push(segment),
                Some((segment, false)) => self.found.spikes.push(segment),
                None => self.slivers.extend(self.sliver(view, run.first, run.last)),
            }
        }
        let open = self.open.filter(|open| open.long.is_none()).map(|open| open.first);
        let waiting = self.runs.first().map(|run| run.first);
        [open, waiting].into_iter().flatten().fold(self.at, usize::min).saturating_sub(AROUND)
    }
}

/// The value below which this part of the values lies; reorders them.
fn rank(values: &mut [f64], part: f64) -> Option<f64> {
    let at = (part * values.len().checked_sub(1)? as f64).round() as usize;
    Some(*values.select_nth_unstable_by(at, f64::total_cmp).1)
}

#[cfg(test)]
mod tests {
    use super::super::found::Pair;
    use super::*;

    /// The phases of values in memory, given their rest level and noise.
    fn find(samples: &[f64], rest: f64, noise: f64) -> Found {
        let bounds = |(low, high): (f64, f64), y: &f64| (low.min(*y), high.max(*y));
        let (low, high) = samples.iter().fold((f64::INFINITY, f64::NEG_INFINITY), bounds);
        let survey = Survey { count: samples.len(), rest, noise, step: 0.0, low, high, changes: 0 };
        let mut finder = Finder::new(&survey, 0.0, [None, None]);
        finder.take(&View { first: 0, fresh: 0, current: samples, voltage: &[], last: true });
        finder.finish()
    }

    fn pair(found: &Found) -> Vec<Pair> {
        found.pairs().collect()
    }

    /// Levels with their lengths in samples.
    fn record(parts: &[(f64, usize)]) -> Vec<f64> {
        parts.iter().flat_map(|(level, length)| std::iter::repeat_n(*level, *length)).collect()
    }

    #[test]
    fn a_biphasic_pulse_is_two_phases() {
        let samples = record(&[(0.0, 100), (-1.0, 50), (0.0, 20), (0.25, 200), (0.0, 100)]);
        let found = find(&samples, 0.0, 1e-3);
        let levels: Vec<f64> = found.phases.iter().map(|phase| phase.level).collect();
        assert_eq!(levels, [-1.0, 0.25]);
        assert!((found.phases[0].edges.width() - 50.0).abs() < 1e-9);
        assert_eq!(pair(&found).len(), 1);
    }

    #[test]
    fn neither_a_spike_nor_a_leak_dwarfed_by_it_is_a_phase() {
        let samples = record(&[(0.0, 100), (-26.0, 150), (0.0, 100), (176.0, 7), (0.0, 100)]);
        let found = find(&samples, 0.0, 0.01);
        assert!(found.phases.is_empty(), "{found:?}");
        assert_eq!(found.spikes.len(), 2);
    }

    #[test]
    fn a_train_is_found_beside_a_long_pulse_and_the_long_one_is_named() {
        let mut parts = vec![(0.0, 200), (-0.8, 2000), (0.0, 500)];
        for _ in 0..15 {
            parts.extend([(-1.0, 200), (0.0, 50), (1.0, 200), (0.0, 700)]);
        }
        let found = find(&record(&parts), 0.0, 1e-3);
        assert_eq!((found.phases.len(), found.spikes.len(), found.others.len()), (30, 0, 1), "{found:?}");
        assert!((found.others[0].edges.width() - 2000.0).abs() < 1.0);
        // Spikes of all sizes beside a pulse stay spikes, however many there are.
        let mut parts = vec![(0.0, 200), (-0.8, 2000), (0.0, 500)];
        for at in 0..40 {
            parts.extend([(0.9, 5 + at), (0.0, 200)]);
        }
        let found = find(&record(&parts), 0.0, 1e-3);
        assert_eq!((found.phases.len(), found.others.len()), (1, 0), "{found:?}");
    }

    #[test]
    fn short_phases_as_high_as_those_of_the_train_are_told_of() {
        let mut parts = vec![(0.0, 500)];
        for at in 0..8 {
            parts.extend([(-1.0, 200), (0.0, 50), (1.0, 200), (0.0, 800)]);
            if at % 3 == 1 {
                parts.extend([(-1.0, 40), (0.0, 50), (1.0, 40), (0.0, 800), (0.3, 10), (0.0, 300)]);
            }
        }
        let found = find(&record(&parts), 0.0, 1e-3);
        let lengths = (found.phases.len(), found.short.len(), found.spikes.len(), found.others.len());
        assert_eq!(lengths, (16, 6, 3, 0), "{found:?}");
        assert!((found.short[0].edges.start - 2999.5).abs() < 1.0, "{:?}", found.short[0]);
        // What decays is no phase, however high and short.
        let mut samples = record(&parts[..9]);
        samples.extend((0..200).map(|k| 3.0 * (-f64::from(k) / 8.0).exp()));
        let found = find(&samples, 0.0, 1e-3);
        assert!(found.short.is_empty() && !found.spikes.is_empty(), "{found:?}");
    }

    #[test]
    fn phases_of_too_few_samples_are_told_of_beside_those_that_have_enough() {
        // As a slow sampling makes of equal phases.
        let mut parts = vec![(0.0, 50)];
        for at in 0..12 {
            parts.extend([(-1.0, 2 + usize::from(at % 3 > 0)), (0.0, 4), (1.0, 3), (0.0, 90)]);
        }
        let found = find(&record(&parts), 0.0, 1e-3);
        assert_eq!((found.phases.len(), found.short.len()), (20, 4), "{found:?}");
        assert_eq!(found.short[0].edges, PhaseEdges { start: 49.5, end: 51.5 });
        // Ringing of less than half the height is none, nor is the sample that the record begins with.
        let ringing = [(-1.0, 1), (0.0, 60), (-1.0, 30), (0.3, 2), (0.0, 90)];
        let found = find(&record(&ringing), 0.0, 1e-3);
        assert_eq!((found.phases.len(), found.short.len()), (1, 0), "{found:?}");
    }

    #[test]
    fn an_output_that_is_still_on_after_its_width_is_not_merely_cut_off() {
        let pulse = [(-1.0, 200), (0.0, 50), (1.0, 200), (0.0, 800)];
        let ends = |last: &[(f64, usize)]| {
            let found = find(&record(&[&[(0.0, 300)][..], &pulse.repeat(5), last].concat()), 0.0, 1e-3);
            (found.whole().count(), found.cut(), found.others.len())
        };
        assert_eq!(ends(&[(-1.0, 150)]), (5, 1, 0));
        assert_eq!(ends(&[(-1.0, 230)]), (5, 1, 0), "it may have ended with the next sample");
        assert_eq!(ends(&[(-1.0, 300)]), (5, 1, 1));
        assert_eq!(ends(&[(-1.0, 200), (0.0, 50), (1.0, 300)]), (5, 1, 1));
        let begins = find(&record(&[&[(1.0, 400), (0.0, 300)][..], &pulse.repeat(5)].concat()), 0.0, 1e-3);
        assert_eq!((begins.whole().count(), begins.cut(), begins.others.len()), (5, 1, 1));
    }

    #[test]
    fn phases_without_a_rest_between_them_are_paired_in_their_order() {
        // One edge or the other may be caught by a sample.
        let mut parts = vec![(0.0, 300)];
        for at in 0..40 {
            parts.extend([(1.0, 50), (0.0, at % 2), (-1.0, 50), (0.0, at / 2 % 2)]);
        }
        parts.push((0.0, 300));
        let found = find(&record(&parts), 0.0, 1e-3);
        let pulses = pair(&found);
        assert_eq!(pulses.len(), 40);
        assert!(pulses.iter().all(|(lead, recovery)| lead.level > 0.0 && recovery.is_some()));
    }

    #[test]
    fn a_decaying_recharge_is_no_phase() {
        let mut samples = record(&[(0.0, 100), (-1.0, 50), (0.0, 5)]);
        samples.extend((0..300).map(|k| 0.9 * (-f64::from(k) / 40.0).exp()));
        let found = find(&samples, 0.0, 1e-3);
        assert_eq!(found.phases.len(), 1);
        assert_eq!(found.spikes.len(), 1);
    }

    #[test]
    fn a_record_that_begins_within_a_pulse_is_paired_from_the_next() {
        let pulse = [(-1.0, 20), (0.0, 5), (1.0, 20), (0.0, 60)];
        let mut parts = vec![(0.0, 3), (1.0, 20), (0.0, 60)];
        parts.extend(pulse);
        parts.extend(pulse);
        let found = find(&record(&parts), 0.0, 1e-3);
        let pulses = pair(&found);
        assert_eq!(pulses.len(), 3);
        assert!(pulses[0].1.is_none() && pulses[1].0.level < 0.0 && pulses[1].1.is_some());
        assert_eq!((found.cut(), found.whole().count()), (1, 2));
    }

    #[test]
    fn what_a_gap_at_an_end_of_the_record_leaves_of_a_pulse_is_cut_off() {
        let pulse = [(-1.0, 20), (0.0, 30), (1.0, 20), (0.0, 160)];
        let train = |before: &[(f64, usize)], after: &[(f64, usize)]| {
            let found = find(&record(&[before, &pulse.repeat(3), after].concat()), 0.0, 1e-3);
            (found.cut(), found.whole().count())
        };
        assert_eq!(train(&[(0.0, 50)], &[]), (0, 3));
        // Within the gap, and with one sample of the phase before it.
        assert_eq!(train(&[(0.0, 12), (1.0, 20), (0.0, 160)], &[]), (1, 3));
        assert_eq!(train(&[(-1.0, 1), (0.0, 30), (1.0, 20), (0.0, 160)], &[]), (1, 3));
        assert_eq!(train(&[(0.0, 50)], &[(-1.0, 20), (0.0, 12)]), (1, 3));
        // A phase whose partner would lie in the record has none: that is no fault of the record's.
        assert_eq!(train(&[(0.0, 80), (1.0, 20), (0.0, 160)], &[]), (0, 4));
        assert_eq!(train(&[(0.0, 50)], &[(-1.0, 20), (0.0, 80)]), (0, 4));
        // Nor is a leading phase at the beginning, of which nothing is missing before it.
        assert_eq!(train(&[(0.0, 12), (-1.0, 20), (0.0, 160)], &[]), (0, 4));
        // Without recoveries nothing is missing at all.
        let alone = find(&record(&[(0.0, 12), (1.0, 20), (0.0, 160)].repeat(4)), 0.0, 1e-3);
        assert_eq!((alone.cut(), alone.whole().count()), (0, 4));
    }

    #[test]
    fn what_is_longer_than_memory_is_told_of_whatever_the_blocks() {
        let mut codes = vec![0_i16; 5000];
        for _ in 0..25 {
            codes.extend([vec![-1000; 200], vec![0; 50], vec![1000; 200], vec![0; 700]].concat());
        }
        let begin = codes.len();
        codes.extend(vec![-800; LONGEST + 50_000]);
        codes.extend(vec![0; 3000]);
        let (low, high) = (-1000.0, 1000.0);
        let survey = Survey { count: codes.len(), rest: 0.0, noise: 0.5, step: 1.0, low, high, changes: 100 };
        let mut found = Vec::new();
        for piece in [77_777, codes.len()] {
            let mut finder = Finder::new(&survey, 0.0, [None, None]);
            let (mut first, mut end, mut most) = (0, 0, 0);
            while end < codes.len() {
                let fresh = end;
                end = (end + piece).min(codes.len());
                most = most.max(end - first);
                let last = end == codes.len();
                let view = View { first, fresh, current: &codes[first..end], voltage: &[], last };
                first = finder.take(&view);
            }
            assert!(piece > LONGEST || most <= LONGEST + 2 * piece + AROUND, "{most} samples in reach");
            found.push(finder.finish());
        }
        assert_eq!(found[0], found[1]);
        assert_eq!((found[0].phases.len(), found[0].others.len()), (50, 1));
        let stuck = found[0].others[0];
        assert_eq!((stuck.level, stuck.edges.start), (-800.0, begin as f64));
        assert_eq!(stuck.edges.width(), (LONGEST + 50_000 - 1) as f64);
    }

    #[test]
    fn noise_alone_has_no_phase() {
        // A deterministic stand-in for noise of standard deviation 0.29.
        let samples: Vec<f64> =
            (0..5000_u64).map(|k| (k.wrapping_mul(2_654_435_761) % 1000) as f64 / 1000.0 - 0.5).collect();
        let found = find(&samples, 0.0, 0.29);
        assert_eq!(found, Found { enter: found.enter, ..Found::default() });
    }
}
