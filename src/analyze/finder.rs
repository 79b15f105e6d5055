//! Finding phases in a record about which nothing is known.
//!
//! A biphasic stimulus has three states, so global state levels of the record are wrong: it is first cut into segments
//! away from the rest level, then each segment is held against its own 50 % level. Thresholds come from the record:
//! its noise and its largest excursion. What is left out, and why, is as important as what is found: electrodes at
//! compliance ring with half the stimulus amplitude for a few microseconds, and that is no phase.

use crate::measure::edge::PhaseEdges;
use crate::measure::level::central_mean;

use super::noise::median;

/// A segment enters above this part of the largest excursion, and ends below half of it.
const ENTER: f64 = 0.08;
/// … and above this many standard deviations of the noise.
const SIGMAS: f64 = 6.0;
/// A phase has a top: over its central 60 % it spreads (10th to 90th percentile) by no more than this part of its level.
const FLAT: f64 = 0.3;
/// Shorter than this part of the longest segment and with less than that part of the richest charge makes a segment a
/// spike; the leading phase of a 1:8 pulse is as short, but carries all the charge.
const SPIKE_WIDTH: f64 = 0.25;
const SPIKE_CHARGE: f64 = 0.5;
/// Where even the largest level is below this part of the largest excursion, the excursions are not its edges.
const DWARFED: f64 = 0.25;
/// A train outnumbers what else is in its record (a test pulse, a stimulus that got stuck) by this much …
const TRAIN: usize = 20;
/// … and this part of it carries alike charges: within a quarter of their median.
const ALIKE: f64 = 0.8;
/// Fewest samples of a phase.
const FEWEST: usize = 3;

/// A phase in the samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Segment {
    /// 50 % instants, samples.
    pub edges: PhaseEdges,
    /// Mean of the central 60 % about the rest level, A, signed.
    pub level: f64,
    /// Cut off by an end of the record.
    pub truncated: bool,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Found {
    /// Phases in order of time.
    pub phases: Vec<Segment>,
    /// Segments that are no phases.
    pub spikes: Vec<Segment>,
    /// Phases much longer or richer than those of the train: not of it.
    pub others: Vec<Segment>,
}

/// Finds the phases of `samples` about the level `rest`, given the noise.
pub(super) fn find(samples: &[f64], rest: f64, noise: f64) -> Found {
    let excursion = samples.iter().fold(0.0_f64, |largest, y| largest.max((y - rest).abs()));
    let enter = (ENTER * excursion).max(SIGMAS * noise);
    if excursion == 0.0 || excursion < enter {
        return Found::default();
    }
    let mut found = Found::default();
    for (first, last) in cut(samples, rest, enter, enter / 2.0) {
        match held(samples, rest, noise, first, last) {
            Some((segment, true)) => found.phases.push(segment),
            Some((segment, false)) => found.spikes.push(segment),
            None => {}
        }
    }
    separate(&mut found, excursion);
    found
}

/// Runs of samples on one side of the rest level, first and last index.
fn cut(samples: &[f64], rest: f64, enter: f64, leave: f64) -> Vec<(usize, usize)> {
    let mut runs = Vec::new();
    let mut open: Option<(usize, f64)> = None;
    for (k, y) in samples.iter().enumerate() {
        let y = y - rest;
        if let Some((first, sign)) = open
            && y * sign < leave
        {
            runs.push((first, k - 1));
            open = None;
        }
        if open.is_none() && y.abs() > enter {
            open = Some((k, y.signum()));
        }
    }
    if let Some((first, _)) = open {
        runs.push((first, samples.len() - 1));
    }
    runs
}

/// The segment with its own level and 50 % instants, and whether it has a top.
fn held(samples: &[f64], rest: f64, noise: f64, first: usize, last: usize) -> Option<(Segment, bool)> {
    if last + 1 < first + FEWEST {
        return None;
    }
    let (level, _) = central_mean(samples, first as f64, last as f64, 0.0)?;
    let level = level - rest;
    let truncated = first == 0 || last + 1 == samples.len();
    let whole = PhaseEdges { start: first as f64, end: last as f64 };
    let edges = if truncated {
        whole
    } else {
        PhaseEdges::at(samples, first + (last - first) / 2, rest, rest + level, 0.5).unwrap_or(whole)
    };
    let trim = 0.2 * edges.width();
    let (from, to) = ((edges.start + trim).ceil() as usize, (edges.end - trim).floor() as usize);
    let mut top: Vec<f64> = samples.get(from..=to.max(from))?.to_vec();
    top.sort_by(f64::total_cmp);
    let rank = |part: f64| top.get((part * (top.len().saturating_sub(1)) as f64).round() as usize).copied();
    let spread = rank(0.9)? - rank(0.1)?;
    let flat = spread <= FLAT * level.abs() + SIGMAS * noise;
    Some((Segment { edges, level, truncated }, flat))
}

/// Moves the spikes out of the phases, and what is not of the train.
fn separate(found: &mut Found, excursion: f64) {
    let mut phases = std::mem::take(&mut found.phases);
    loop {
        let (spikes, rest) = partition(phases);
        // Beside one long pulse every phase of a train looks like a spike, but spikes do not come by the hundred and alike.
        if spikes.len() >= TRAIN * rest.len() && alike(&spikes) {
            found.others.extend(rest);
            phases = spikes;
            continue;
        }
        found.spikes.extend(spikes);
        found.phases = rest;
        break;
    }
    let highest = found.phases.iter().map(|segment| segment.level.abs()).fold(0.0, f64::max);
    if highest < DWARFED * excursion {
        found.spikes.append(&mut found.phases);
    }
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

/// Pairs phases into pulses: (leading, recovery). A phase belongs to the next one of opposite sign unless that lies
/// nearer to the one after it, so that a record that begins in the middle of a pulse is paired right.
pub(super) fn pair(phases: &[Segment]) -> Vec<(Segment, Option<Segment>)> {
    let mut pulses = Vec::new();
    let mut rest = phases;
    while let Some((leading, after)) = rest.split_first() {
        let second = after.first().filter(|second| {
            let gap = second.edges.start - leading.edges.end;
            let next = after.get(1).map(|third| third.edges.start - second.edges.end);
            // Alone in the record, a recovery may wait for some widths; in a train, for less than the rest after it.
            let near = next
                .map_or(gap <= 10.0 * leading.edges.width().max(second.edges.width()), |next| gap <= next);
            second.level.signum() != leading.level.signum() && near
        });
        pulses.push((*leading, second.copied()));
        rest = after.get(usize::from(second.is_some())..).unwrap_or(&[]);
    }
    pulses
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(pair(&found.phases).len(), 1);
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
        let pulses = pair(&find(&record(&parts), 0.0, 1e-3).phases);
        assert_eq!(pulses.len(), 3);
        assert!(pulses[0].1.is_none() && pulses[1].0.level < 0.0 && pulses[1].1.is_some());
    }

    #[test]
    fn noise_alone_has_no_phase() {
        // A deterministic stand-in for noise of standard deviation 0.29.
        let samples: Vec<f64> =
            (0..5000_u64).map(|k| (k.wrapping_mul(2_654_435_761) % 1000) as f64 / 1000.0 - 0.5).collect();
        assert_eq!(find(&samples, 0.0, 0.29), Found::default());
    }
}
