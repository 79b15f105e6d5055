//! One phase: its edges and its level.

use super::again::Stands;
use super::edge::PhaseEdges;
use super::excursion::Top;
use super::flanks::Flanks;
use super::level::{central_mean, central_samples};
use super::sums::short_sum;
use super::whole::integers;
use wide::f64x2;

/// Finds the edges and the level of the phase in samples `first` to `last`; whether both edges are there. `stands` are where those of
/// the pulses before lay.
#[inline(always)]
pub(super) fn phase(
    samples: &[i16],
    ends: (usize, usize),
    (base, settle): (f64, f64),
    stands: &mut Stands,
    top: &mut Top,
) -> bool {
    stands.again(samples, ends, base, settle, top) || searched(samples, ends, (base, settle), stands, top)
}

/// The same of a phase that lies elsewhere.
#[inline(never)]
fn searched(
    samples: &[i16],
    ends: (usize, usize),
    (base, settle): (f64, f64),
    stands: &mut Stands,
    top: &mut Top,
) -> bool {
    standing(samples, ends, base, settle, (stands, top)).is_some() || {
        let (found, truncated) = plain(samples, ends, base, settle);
        *top = found;
        !truncated
    }
}

/// 50 % instants of the phase in samples `first` to `last` if this is its level.
pub(super) fn edges(
    samples: &[i16],
    (first, last): (usize, usize),
    base: f64,
    level: f64,
) -> Option<PhaseEdges> {
    at_once(samples, (first, last), base, level)
        .or_else(|| PhaseEdges::at(samples, (first + last).div_ceil(2), base, level, 0.5))
}

/// [`PhaseEdges::at`] the middle of a phase that stays beyond half of this level from edge to edge; `None` of any other.
#[inline(never)]
fn at_once(samples: &[i16], ends: (usize, usize), base: f64, level: f64) -> Option<PhaseEdges> {
    Flanks::find(samples, ends, base, level)?.edges(level).map(PhaseEdges::from)
}

/// First sample of the middle of a phase whose edges are not known yet, and the one behind its last.
#[inline(always)]
pub(super) fn middle((first, last): (usize, usize)) -> Option<(i64, i64)> {
    let trim = (last + 4).checked_sub(first)? / 5;
    Some(((first + trim) as i64, (last + 1 - trim) as i64))
}

/// Fewest samples that make a level.
pub(super) const FEWEST: i64 = 8;

/// [`plain`] for a phase that rises, stays and falls: its edges are searched for once, from its ends, and only looked at
/// again when its level is known. `None` of any other.
#[inline(always)]
fn standing(
    samples: &[i16],
    ends: (usize, usize),
    base: f64,
    settle: f64,
    (stands, top): (&mut Stands, &mut Top),
) -> Option<()> {
    let (rough, _) = mean_within(samples, middle(ends)?)?;
    let flanks = Flanks::find(samples, ends, base, rough)?;
    let edges = flanks.edges(rough)?;
    let inside = central_samples(edges, settle);
    let [before, last] = integers(inside).map(i64::from);
    let count = last + before + 1;
    stands.keep(ends, flanks.places().map(|place| place as usize).into(), (-before, count));
    if count < FEWEST {
        *top = Top::new(edges.into(), rough, 0);
        return Some(());
    }
    let level = short_sum(samples, -before, count) as f64 / count as f64;
    let Some(edges) = flanks.edges(level) else {
        *top = slow(samples, ends, (base, level), settle, inside)?;
        return Some(());
    };
    if central_samples(edges, settle).simd_eq(inside).to_bitmask() != 3 {
        *top = moved(samples, edges.into(), settle)?;
        return Some(());
    }
    *top = Top::new(edges.into(), level, count as usize);
    Some(())
}

/// The same where edges have codes between the halves of what the middle was and of what the level is, which is the mean of the
/// samples `inside`.
#[cold]
#[inline(never)]
fn slow(
    samples: &[i16],
    ends: (usize, usize),
    (base, level): (f64, f64),
    settle: f64,
    inside: f64x2,
) -> Option<Top> {
    let edges = at_once(samples, ends, base, level)?;
    let again = central_samples(f64x2::new([edges.start, edges.end]), settle);
    if again.simd_eq(inside).all() {
        return Some(Top::new(edges, level, (inside.reduce_add() + 1.0) as usize));
    }
    moved(samples, edges, settle)
}

/// The same where the level has moved the edges so that other samples lie between them.
#[cold]
#[inline(never)]
fn moved(samples: &[i16], edges: PhaseEdges, settle: f64) -> Option<Top> {
    let (level, count) = central_mean(samples, edges.start, edges.end, settle)?;
    (count as i64 >= FEWEST).then(|| Top::new(edges, level, count))
}

/// Mean of the samples `from` to the one before `to`, with their number.
#[inline(always)]
fn mean_within(samples: &[i16], (from, to): (i64, i64)) -> Option<(f64, usize)> {
    let count = to - from;
    (count > 0).then(|| (short_sum(samples, from, count) as f64 / count as f64, count as usize))
}

/// The definition, step by step: the level says where the edges are, the edges say which samples are the level's, twice.
#[cold]
pub(super) fn plain(samples: &[i16], (first, last): (usize, usize), base: f64, settle: f64) -> (Top, bool) {
    let inside = (first + last) / 2;
    let code = || samples.get(inside).map_or(base, |code| f64::from(*code));
    let mut level = middle((first, last))
        .and_then(|middle| mean_within(samples, middle))
        .map_or_else(code, |mean| mean.0);
    let mut edges = PhaseEdges { start: first as i64 as f64, end: last as i64 as f64 };
    let (mut settled, mut truncated) = (0, false);
    for _ in 0..2 {
        let stands = (code() - base) / (level - base) >= 0.5;
        let found = if stands {
            PhaseEdges::at(samples, inside, base, level, 0.5)
        } else {
            PhaseEdges::around(samples, (first, last), base, level, 0.5)
        };
        let Some(found) = found else {
            truncated = true;
            break;
        };
        edges = found;
        let mean = central_mean(samples, edges.start, edges.end, settle).filter(|(_, n)| *n as i64 >= FEWEST);
        settled = mean.map_or(0, |(_, n)| n);
        level = mean.map_or(level, |(level, _)| level);
    }
    (Top::new(edges, level, settled), truncated)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn searching_once_finds_what_the_definition_finds_step_by_step() {
        let (mut state, mut found, mut again, mut short) = (1_u32, 0, 0, 0);
        let mut draw = |n: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % n
        };
        for _ in 0..2000 {
            let (rise, top, fall) = (draw(14) as usize, 1 + draw(90) as usize, draw(14) as usize);
            let size = if draw(2) == 0 { 1000.0 } else { -400.0 };
            let (noise, settle) = ([3, 9, 40][draw(3) as usize], [4.0, 16.0][draw(2) as usize]);
            let mut samples: Vec<i16> = vec![0; 20];
            samples.extend((1..=rise).map(|k| (size * k as f64 / (rise + 1) as f64) as i16));
            samples.extend(vec![size as i16; top]);
            samples.extend((1..=fall).rev().map(|k| (size * k as f64 / (fall + 1) as f64) as i16));
            let last = samples.len() - 1;
            samples.extend([0; 20]);
            for sample in &mut samples {
                *sample += draw(noise) as i16;
            }
            let mut top = Top::default();
            let mut stands = Stands::NOWHERE;
            if standing(&samples, (20, last), 0.3, settle, (&mut stands, &mut top)).is_some() {
                let (plain, truncated) = plain(&samples, (20, last), 0.3, settle);
                assert!(!truncated && (top.start, top.end) == (plain.start, plain.end), "{samples:?}");
                assert_eq!((top.level, top.settled), (plain.level, plain.settled), "{samples:?}");
                found += 1;
                // The next pulse is much like it.
                let ends = (20, last);
                samples.iter_mut().for_each(|sample| *sample += draw(3) as i16 - 1);
                let mut top = Top::default();
                if stands.again(&samples, ends, 0.3, settle, &mut top) {
                    assert_eq!((top, false), super::plain(&samples, ends, 0.3, settle), "{samples:?}");
                    again += 1;
                    short += usize::from(top.settled == 0);
                }
            }
        }
        assert!(again > 150 && short > 20, "{again} {short}");
        assert!(found > 1500, "{found}");
    }
}
