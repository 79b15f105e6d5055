//! One pulse: from a stretch of samples to a row of the table.

use std::hint::cold_path;

use wide::f32x4;

use super::again::Stands;
use super::charge::{Recharge, Summed, rested, rows};
use super::excursion::{Excursion, Top};
use super::order::{larger, smaller};
use super::phase::phase;
use super::refining::Refining;
use super::rise::Rise;
use super::shared_edge::{join, meeting};
use super::skew::SharpEdge;
use super::thresholds::Thresholds;
use super::{Flags, FrontEnd, PhaseRow};

/// Constants of the front end in samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Constants {
    pub(super) settling: u64,
    /// What of a step has arrived before its 50 % instant.
    pub(super) early: f64,
    /// By how much the 50 % instant of a step comes later than its centre of area.
    pub(super) late_area: f64,
    pub(super) sharp: SharpEdge,
}

impl Constants {
    pub(super) fn of(front_end: &FrontEnd, sample_rate: f64) -> Self {
        Self {
            settling: (front_end.settling * sample_rate).round().max(1.0) as u64,
            early: front_end.early * sample_rate,
            late_area: (front_end.delay - front_end.area_delay) * sample_rate,
            sharp: SharpEdge::of(front_end, sample_rate),
        }
    }
}

/// Where things are in the samples of a pulse.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape<'a> {
    /// Its driven phases.
    pub(super) excursions: &'a [Excursion],
    /// What a passive recharge takes back, if it is seen.
    pub(super) recharge: Option<&'a Excursion>,
    /// Level from which areas are counted.
    pub(super) base: f64,
    /// Quiet samples that belong to the pulse on either side of its outer 50 % instants.
    pub(super) quiet: (f64, f64),
    /// What parts it from the pulse before, and where the one behind it begins, samples from the first in hand; infinitely far where there
    /// is none. What lies between two pulses is parted in the middle between the end of one and the first sample of the other.
    pub(super) beside: (f64, f64),
    /// Between which levels nothing is driven, where the program has one phase follow the other without a rest.
    pub(super) gapless: Option<&'a Thresholds>,
}

/// What a [`Shape`] is made of. As a shape it would be in memory for every pulse because what is measured seldom wants it there; the parts
/// are put into memory only where that is called.
type Parts<'a> = (f64, [(f64, f64); 2], (&'a [Excursion], Option<&'a Excursion>, Option<&'a Thresholds>));

#[cfg(test)]
impl Default for Shape<'_> {
    /// Without phases, and nothing near.
    fn default() -> Self {
        let beside = (f64::NEG_INFINITY, f64::INFINITY);
        Self { excursions: &[], recharge: None, base: 0.0, quiet: (0.0, 0.0), beside, gapless: None }
    }
}

impl<'a> Shape<'a> {
    /// Of its parts.
    fn of((base, [quiet, beside], (excursions, recharge, gapless)): Parts<'a>) -> Self {
        Self { excursions, recharge, base, quiet, beside, gapless }
    }

    /// What it is made of.
    #[inline(always)]
    fn parts(self) -> Parts<'a> {
        (self.base, [self.quiet, self.beside], (self.excursions, self.recharge, self.gapless))
    }

    /// Quiet samples that belong to a pulse which begins there.
    #[inline(always)]
    pub(super) fn before(self, start: f64) -> f64 {
        smaller(larger(0.0, start - self.beside.0), self.quiet.0)
    }

    /// Quiet samples that belong to a pulse which ends there.
    #[inline(always)]
    pub(super) fn behind(self, end: f64) -> f64 {
        smaller(0.5 * (self.beside.1 - end), self.quiet.1)
    }
}

/// What the samples of a pulse tell.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measured {
    pub(super) count: u8,
    pub(super) recharge: f32,
    pub(super) flags: Flags,
    /// How its outer edges rise.
    pub(super) rise: Rise,
    /// The longest edge that two of its phases share ([`Joined::longest`](super::shared_edge::Joined)), samples.
    pub(super) shared: f64,
    /// Σ codes of the charge windows of two phases that rest.
    pub(super) summed: Option<Summed>,
    /// The instants in the rows of those two: from there they cannot be read four at a time as soon as they are written.
    pub(super) edges: Option<f32x4>,
}

/// What the samples of any pulse tell, as in [`Measured`]: in memory, where that need not be for most pulses.
#[derive(Debug, Clone, Copy)]
struct Found {
    count: u8,
    recharge: f32,
    /// Not both edges of each phase are there.
    truncated: bool,
    rise: Rise,
    shared: f64,
}

/// Measures a pulse on `samples` (codes, the first at sample `first`), and its `phases`, with instants relative to `at`. `stands` are where
/// those of the pulses before lay.
#[inline]
pub(super) fn measure(
    samples: &[i16],
    first: u64,
    at: u64,
    pulse: Shape<'_>,
    constants: &Constants,
    (stands, phases): (&mut [Stands; 3], &mut [PhaseRow; 3]),
) -> Measured {
    let origin = (at as i64 - first as i64) as f64;
    match pulse.excursions {
        // Most programs rest between their two phases, and where samples show that no edge is shared.
        [a, b] if pulse.recharge.is_none() && pulse.gapless.is_none() && !b.joined => {
            two(samples, first, [a, b], pulse, (constants, origin), (stands, phases))
        }
        _ => {
            let found = any(samples, first, pulse.parts(), (constants, origin), (stands, phases));
            Measured {
                count: found.count,
                recharge: found.recharge,
                flags: Flags { truncated: found.truncated, ..Flags::default() },
                rise: found.rise,
                shared: found.shared,
                summed: None,
                edges: None,
            }
        }
    }
}

/// [`any`] for two phases that rest between each other and behind the second.
#[inline(always)]
fn two(
    samples: &[i16],
    first: u64,
    [before, behind]: [&Excursion; 2],
    pulse: Shape<'_>,
    (constants, origin): (&Constants, f64),
    ([stand, other, _], phases): (&mut [Stands; 3], &mut [PhaseRow; 3]),
) -> Measured {
    let (base, settle) = (pulse.base, constants.settling as i64 as f64);
    let mut tops = [Top::default(); 2];
    let [a, b] = &mut tops;
    let whole = phase(samples, before.within(first), (base, settle), stand, a)
        & phase(samples, behind.within(first), (base, settle), other, b);
    let (mut summed, mut edges) = rested(samples, &tops, pulse, origin, (None, phases));
    let [a, b] = &tops;
    if whole && smaller(a.settled, b.settled) == 0 {
        cold_path();
        if let Some(refined) = refine(samples, first, pulse.parts(), origin, (&mut tops, phases)) {
            (summed, edges) = refined;
        }
    }
    let [a, b] = &tops;
    let outer = [before.from, behind.to].map(|sample| sample.saturating_sub(first) as usize);
    Measured {
        count: 2,
        recharge: 0.0,
        flags: Flags { truncated: !whole, ..Flags::default() },
        rise: Rise::of(samples, outer, [a.start, b.end], base, [a.level, b.level]),
        shared: 0.0,
        summed: Some(summed),
        edges: Some(edges),
    }
}

/// Refines two phases that rest, and their rows, where one is too short for a level; what [`rested`] tells if a row has changed.
#[inline(never)]
fn refine(
    samples: &[i16],
    first: u64,
    parts: Parts<'_>,
    origin: f64,
    (tops, phases): (&mut [Top; 2], &mut [PhaseRow; 3]),
) -> Option<(Summed, f32x4)> {
    let (pulse, mut found) = (Shape::of(parts), None);
    let mut refining = Refining::default();
    while refining.refine(samples, first, &pulse, tops, phases) {
        let known = found.map(|(summed, _)| summed);
        found = Some(rested(samples, tops, pulse, origin, (known, phases)));
    }
    found
}

/// Measures the phases of a pulse, with instants from `origin`.
#[inline(never)]
fn any(
    samples: &[i16],
    first: u64,
    parts: Parts<'_>,
    (constants, origin): (&Constants, f64),
    (stands, phases): (&mut [Stands; 3], &mut [PhaseRow; 3]),
) -> Found {
    let pulse = Shape::of(parts);
    let Shape { excursions, base, gapless, .. } = pulse;
    let settle = constants.settling as f64;
    let mut tops = [Top::default(); 3];
    let mut truncated = false;
    for ((top, stand), excursion) in tops.iter_mut().zip(stands).zip(excursions) {
        truncated |= !phase(samples, excursion.within(first), (base, settle), stand, top);
    }
    let count = excursions.len().min(3);
    let tops = tops.get_mut(..count).unwrap_or_default();
    let recharge = pulse.recharge.and_then(|recharge| Recharge::of(samples, *recharge, first, base, settle));
    let mut refining = Refining::default();
    let (joined, rows) = loop {
        let joined = join(samples, excursions, tops, base, gapless);
        give_way(samples, tops, recharge, base);
        let phases = rows(samples, (tops, joined.with_last), &pulse, recharge, (constants, origin));
        if truncated || !refining.refine(samples, first, &pulse, tops, &phases) {
            break (joined, phases);
        }
    };
    *phases = rows;
    Found {
        count: count as u8,
        recharge: recharge.map_or(0.0, |recharge| recharge.level as f32),
        truncated,
        rise: outer(samples, first, excursions, tops, base),
        shared: joined.longest,
    }
}

/// The last phase ends where it gives way to a recharge that follows it at once.
fn give_way(samples: &[i16], tops: &mut [Top], recharge: Option<Recharge>, base: f64) {
    let Some(recharge) = recharge.filter(|recharge| recharge.joined) else { return };
    let last = tops.last_mut();
    if let Some((end, top)) = last.and_then(|top| Some((meeting(samples, top, recharge.level + base)?, top)))
    {
        top.end = end;
    }
}

/// How the first edge of a pulse and its last rise.
fn outer(samples: &[i16], first: u64, excursions: &[Excursion], tops: &[Top], base: f64) -> Rise {
    let ends = excursions.first().zip(tops.first()).zip(excursions.last().zip(tops.last()));
    ends.map_or(Rise::default(), |((before, leading), (behind, last))| {
        let outer = [before.from, behind.to].map(|sample| sample.saturating_sub(first) as usize);
        Rise::of(samples, outer, [leading.start, last.end], base, [leading.level, last.level])
    })
}

/// [`measure`] and the phases, from sample 0.
#[cfg(test)]
pub(super) fn measured(
    samples: &[i16],
    at: u64,
    pulse: &Shape<'_>,
    constants: &Constants,
) -> (Measured, [PhaseRow; 3]) {
    let mut phases = [PhaseRow::default(); 3];
    let own = (&mut [Stands::NOWHERE; 3], &mut phases);
    (measure(samples, 0, at, *pulse, constants, own), phases)
}

#[cfg(test)]
mod stands;

#[cfg(test)]
mod tests {
    use super::*;

    const CONSTANTS: Constants =
        Constants { settling: 4, early: 0.0, late_area: 0.0, sharp: SharpEdge::UNFILTERED };

    /// One phase between samples 20 and 20 + length of a record that rests at zero.
    fn one(samples: &[i16], length: u64) -> PhaseRow {
        let excursions = [Excursion { from: 20, to: 20 + length, joined: false }];
        let pulse = Shape { excursions: &excursions, quiet: (4.0, 4.0), ..Shape::default() };
        let (found, phases) = measured(samples, 20, &pulse, &CONSTANTS);
        assert_eq!((found.count, found.flags), (1, Flags::default()));
        phases[0]
    }

    #[test]
    fn the_level_is_that_of_the_settled_top_or_where_there_is_none_charge_over_width() {
        let mut samples = vec![0_i16; 120];
        samples[20..60].fill(1000);
        samples[20] = 1200;
        let long = one(&samples, 40);
        // From 0 to 1200 half the level is crossed after 5/12 of a sample, and half-way down behind the last one.
        assert!((f64::from(long.start) - (-1.0 + 500.0 / 1200.0)).abs() < 1e-6, "{long:?}");
        assert!((f64::from(long.end) - 39.5).abs() < 1e-6, "{long:?}");
        assert_eq!((long.level, long.area), (1000.0, 40_200.0));
        assert!(long.settled >= 8);
        samples[26..].fill(0);
        let short = one(&samples, 6);
        let width = f64::from(short.end) - f64::from(short.start);
        assert_eq!((short.settled, short.area), (0, 6200.0));
        assert!((f64::from(short.level) - 6200.0 / width).abs() < 1e-3, "{short:?}");
    }

    /// Edges that are straight lines of eight samples: of a phase as long as they are apart half-way up, the charge is the product
    /// of height and width, and its middle 60 % reach into the edges.
    #[test]
    fn of_a_short_phase_level_and_width_are_those_whose_product_is_its_charge() {
        let ramp = |t: f64| (t / 8.0 + 0.5).clamp(0.0, 1.0);
        for (start, width) in [(40.3, 9.0), (40.0, 10.5), (40.7, 13.0), (40.5, 20.0)] {
            let top = |t: f64| 10_000.0 * (ramp(t - start) - ramp(t - start - width));
            let samples: Vec<i16> = (0..120).map(|k| top(f64::from(k)).round() as i16).collect();
            let over = |code: &i16| *code > 500;
            let from = samples.iter().position(over).unwrap() as u64;
            let to = samples.iter().rposition(over).unwrap() as u64 + 1;
            let excursions = [Excursion { from, to, joined: false }];
            let pulse = Shape { excursions: &excursions, quiet: (9.0, 9.0), ..Shape::default() };
            let constants = Constants { settling: 16, ..CONSTANTS };
            let row = measured(&samples, 0, &pulse, &constants).1[0];
            let found = f64::from(row.end - row.start);
            assert_eq!(row.settled, 0);
            assert!((found - width).abs() < 1e-3, "{width}: {found}");
            assert!((f64::from(row.level) - 10_000.0).abs() < 2.0, "{width}: {row:?}");
            assert!((f64::from(row.start) - start).abs() < 1e-3, "{start}: {row:?}");
        }
    }

    #[test]
    fn joined_phases_share_their_edge_and_the_charge_on_either_side_of_it() {
        let mut samples = vec![0_i16; 120];
        samples[20..50].fill(-1000);
        samples[50..80].fill(500);
        let excursions =
            [Excursion { from: 20, to: 50, joined: false }, Excursion { from: 50, to: 80, joined: true }];
        let pulse = Shape { excursions: &excursions, quiet: (4.0, 4.0), ..Shape::default() };
        let (_, [first, second, _]) = measured(&samples, 20, &pulse, &CONSTANTS);
        // The middle between −1000 and 500 lies half-way from sample 49 to sample 50.
        assert_eq!((first.end, second.start), (29.5, 29.5));
        assert_eq!((first.level, second.level), (-1000.0, 500.0));
        assert!((first.area + 30_000.0).abs() < 200.0 && (second.area - 15_000.0).abs() < 200.0, "{first:?}");
        assert!((first.area + second.area + 15_000.0).abs() < 1e-2, "{first:?}");
    }

    #[test]
    fn two_phases_that_rest_are_measured_as_any_are() {
        let mut state = 3_u32;
        let mut draw = |n: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % n
        };
        let constants = Constants { settling: 6, early: 0.2, late_area: 0.1, ..CONSTANTS };
        let (mut short, mut sums, mut stands) = (0, 0, [Stands::NOWHERE; 3]);
        for _ in 0..3000 {
            let (before, gap, behind) = (8 + draw(12) as usize, 2 + draw(30) as usize, 8 + draw(12) as usize);
            let lengths = [4 + draw(50) as usize, 4 + draw(90) as usize];
            let (size, noise) = ([900, -700, 60][draw(3) as usize], [1, 5, 30][draw(3) as usize]);
            let level = |height: i16, count: usize| std::iter::repeat_n(height, count);
            let mut samples: Vec<i16> = level(0, before).chain(level(size, lengths[0])).collect();
            samples.extend(level(0, gap).chain(level(-size, lengths[1])).chain(level(0, behind)));
            // Edges of several samples, and noise.
            for _ in 0..draw(3) {
                samples = samples.windows(2).map(|pair| (pair[0] + pair[1]) / 2).collect();
            }
            samples.iter_mut().for_each(|sample| *sample += draw(noise) as i16);
            let second = before + lengths[0] + gap;
            let excursions = [(before, before + lengths[0]), (second, second + lengths[1])]
                .map(|(from, to)| Excursion { from: from as u64 + 9, to: to as u64 + 9, joined: false });
            let parted = if draw(2) == 0 { f64::from(draw(9)) } else { f64::NEG_INFINITY };
            let beside = (parted, if draw(2) == 0 { 240.0 } else { f64::INFINITY });
            let quiet = (f64::from(draw(12)), f64::from(draw(12)));
            let pulse = Shape { excursions: &excursions, base: 1.5, quiet, beside, ..Shape::default() };
            let ([a, b], of) = (excursions, (&constants, 4.0));
            let [mut rows, mut plain] = [[PhaseRow::default(); 3]; 2];
            let found = two(&samples, 9, [&a, &b], pulse, of, (&mut stands, &mut rows));
            let expected = any(&samples, 9, pulse.parts(), of, (&mut [Stands::NOWHERE; 3], &mut plain));
            let Measured { count, recharge, flags, rise, shared, .. } = found;
            let told = Found { count, recharge, truncated: flags.truncated, rise, shared };
            assert_eq!(format!("{told:?} {rows:?}"), format!("{expected:?} {plain:?}"), "{samples:?}");
            let [first, second, _] = rows;
            let edges = [first.start, first.end, second.start, second.end];
            assert_eq!(found.edges.unwrap().to_array(), edges, "{samples:?}");
            // Of windows that are the same but for a sample at either end, the sum is known.
            let (summed, places) = (found.summed.unwrap(), 0..samples.len());
            for (from, to) in places.clone().flat_map(|from| places.clone().map(move |to| (from, to))) {
                if let Some(sum) = summed.about(&samples, from as i64, to as i64) {
                    let plain: i64 = samples[from..to].iter().map(|code| i64::from(*code)).sum();
                    assert_eq!(sum, plain, "{summed:?} {from} {to}");
                    sums += 1;
                }
            }
            short += usize::from(!found.flags.truncated && rows[0].settled == 0);
        }
        assert!(short > 300 && sums > 9000, "{short} {sums}");
    }
}
