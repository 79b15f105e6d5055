//! Edges beside which the output is not at the level of its phase.
//!
//! The filter makes a slope of a sharp edge. Half of the level of a phase is half of that slope only where the edge leads from rest to
//! the level: beside a top that shoots over or sinks, or where another phase follows at once, it is crossed earlier or later.

use wide::{bytemuck, f32x4, i32x4};

use super::fours::{Slope, value};
use super::order::larger;
use super::{FrontEnd, PhaseRow};

/// What the filter's own overshoot and straight lines between samples may make of the half of an edge, as a fraction of it.
const FLAT: f32 = 0.006;
/// How much less steep than a sharp one an edge may be and still be one: what is slower is the output's own, and its instant is where
/// it is seen.
const SHARP: f64 = 0.8;
/// What decays behind an edge has lost a part until it is seen: behind 100 kHz a third of what has a time constant of 10 µs.
const DECAYED: f64 = 1.6;

/// A sharp edge as the front end shows it; times in samples. What four edges at a time are compared with is there for each.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct SharpEdge {
    /// How far from its 50 % instant it is over, on either side.
    reach: f32,
    /// What it would take at the mean slope of its 10 to 90 %.
    length: f32x4,
    /// Where the 50 % instant lies between what is seen before it and behind it.
    half: f32x4,
    /// Four times the least part of an edge within a sample about that instant: of the least steep one that is still sharp.
    steep: f32x4,
}

/// Where a phase ended, and by how much late that is found, if it tells anything.
struct Before {
    end: f32,
    late: f32,
}

impl Before {
    /// One that tells nothing.
    const NONE: Self = Self { end: f32::NEG_INFINITY, late: f32::NAN };
}

impl SharpEdge {
    /// Without a filter.
    #[cfg(test)]
    pub(super) const UNFILTERED: Self = Self::new(1.0, 1.0, 0.5, 1.0);

    pub(super) fn of(front_end: &FrontEnd, sample_rate: f64) -> Self {
        let transition = front_end.transition * sample_rate;
        let (half, steep) = front_end.edge.half;
        Self::new(transition + 1.0, DECAYED * (transition / 0.8).max(1.0), half, steep)
    }

    /// One with the part `steep` within a sample about its 50 % instant.
    const fn new(reach: f64, length: f64, half: f64, steep: f64) -> Self {
        Self {
            reach: reach as f32,
            length: f32x4::splat(length as f32),
            half: f32x4::splat(half as f32),
            steep: f32x4::splat((SHARP * steep * 4.0) as f32),
        }
    }

    /// By how much the width of one of `phases`, or the interval between two of them, may be wrong, samples: the largest. Their
    /// instants count from sample `origin` of `samples`, and are in `edges` too where two phases rest; `noise` is the standard deviation of a sample. The pulse before them `ended`
    /// at that place of `samples`: what follows it at once is these.
    #[inline(always)]
    pub(super) fn skew(
        &self,
        samples: &[i16],
        origin: i64,
        (phases, edges): (&[PhaseRow], Option<f32x4>),
        ended: Option<f64>,
        noise: f64,
    ) -> f64 {
        let of = (origin as i32, noise as f32);
        // One of which what lies before it is not in hand is not read at all.
        let near = ended.map(|ended| ended as f32).filter(|ended| *ended >= self.reach);
        match (phases, edges, near) {
            ([a, b], Some(at), None) => self.apart(samples, of, [a, b], at),
            _ => None,
        }
        .unwrap_or_else(|| self.any(samples, of, phases, near))
    }

    /// [`Self::any`] for two phases so far apart that what lies beside each edge is read as far away as the filter makes it; `None` of
    /// others.
    #[inline(always)]
    fn apart(
        &self,
        samples: &[i16],
        (origin, noise): (i32, f32),
        [a, b]: [&PhaseRow; 2],
        at: f32x4,
    ) -> Option<f64> {
        let [_, end, start, last] = at.to_array();
        let next = f32x4::new([end, start, last, f32::INFINITY]);
        let reach = f32x4::splat(self.reach);
        if !(f32x4::splat(0.5) * (next - at)).simd_ge(reach).all() {
            return None;
        }
        let late = self.late(samples, (origin, at), (reach, reach), noise)?;
        let [_, second, third, fourth] = late.to_array();
        let wrong = (f32x4::new([second, third, fourth, fourth]) - late).abs();
        // A phase too short for a level tells nothing, and nothing of the rest beside it.
        let told = i32x4::new([a.settled, a.settled.min(b.settled), b.settled, 0].map(u32::cast_signed));
        let told = f32x4::from(bytemuck::cast::<i32x4, [f32; 4]>(told.simd_gt(i32x4::splat(0))));
        let [before, between, behind, _] = (wrong & told).to_array();
        Some(f64::from(larger(larger(before, between), behind)))
    }

    /// [`Self::skew`] of any phases behind a pulse that ended `near` them, if one did.
    #[inline(never)]
    fn any(
        &self,
        samples: &[i16],
        (origin, noise): (i32, f32),
        phases: &[PhaseRow],
        near: Option<f32>,
    ) -> f64 {
        let alone = |ended| self.one(samples, (0, ended), (self.reach, self.reach), noise).abs();
        let mut most = f32x4::splat(near.map_or(0.0, alone));
        let mut before = Before::NONE;
        most = self.pair(samples, (origin, noise), phases, &mut before, most);
        if phases.len() > 2 {
            most = self.pair(samples, (origin, noise), phases.get(2..).unwrap_or(&[]), &mut before, most);
        }
        let [a, b, c, d] = most.to_array();
        f64::from(larger(larger(a, b), larger(c, d)))
    }

    /// What of the largest, so far `most`, is larger at the edges of the first two of `phases`. `before` is the phase before them, and
    /// becomes the second of them.
    #[inline(never)]
    fn pair(
        &self,
        samples: &[i16],
        (origin, noise): (i32, f32),
        phases: &[PhaseRow],
        before: &mut Before,
        most: f32x4,
    ) -> f32x4 {
        let (a, b, told, next) = match phases {
            [] => return most,
            // One alone fills both places, and tells nothing in the second.
            [a] => (a, a, 0, f32::INFINITY),
            [a, b] => (a, b, b.settled, f32::INFINITY),
            [a, b, next, ..] => (a, b, b.settled, next.start),
        };
        // A phase too short for a level, as at the foot of a ramp of widths, is over before the filter shows what is beside an edge.
        if a.settled == 0 && told == 0 {
            *before = Before::NONE;
            return most;
        }
        let read = |settled, end| if settled == 0 { (f32::NEG_INFINITY, f32::NAN) } else { (end, 0.0) };
        let ((end, unread), (last_end, last_unread)) = (read(a.settled, a.end), read(told, b.end));
        let at = f32x4::new([a.start, a.end, b.start, b.end]);
        let gone = at - f32x4::new([before.end, a.start, end, b.start]);
        let beside = (self.beside(gone), self.beside(f32x4::new([a.end, b.start, b.end, next]) - at));
        let late = self.read(samples, (origin, at), beside, noise);
        let late = late.unwrap_or_else(|| self.each(samples, (origin, at), beside, noise))
            + f32x4::new([unread, unread, last_unread, last_unread]);
        let [first, second, third, fourth] = late.to_array();
        let wrong = (late - f32x4::new([before.late, first, second, third])).abs();
        *before = Before { end: last_end, late: fourth };
        // What tells nothing is no number, and not larger than any; phases that share an edge have nothing between them.
        let counts = gone.simd_gt(f32x4::splat(0.0)) & wrong.simd_gt(most);
        counts.bitselect(wrong, most)
    }

    /// [`Self::late`] of each of four edges by itself, where not all of them are in hand.
    #[cold]
    fn each(
        &self,
        samples: &[i16],
        (origin, at): (i32, f32x4),
        (before, behind): (f32x4, f32x4),
        noise: f32,
    ) -> f32x4 {
        let (at, before, behind) = (at.to_array(), before.to_array(), behind.to_array());
        let edges = at.into_iter().zip(before.into_iter().zip(behind));
        let mut late = [0.0; 4];
        for (late, (at, beside)) in late.iter_mut().zip(edges) {
            *late = self.one(samples, (origin, at), beside, noise);
        }
        f32x4::new(late)
    }

    /// [`Self::late`] of one edge; 0 where it is not in hand.
    #[inline(never)]
    fn one(
        &self,
        samples: &[i16],
        (origin, at): (i32, f32),
        (before, behind): (f32, f32),
        noise: f32,
    ) -> f32 {
        let beside = (f32x4::splat(before), f32x4::splat(behind));
        let late = self.read(samples, (origin, f32x4::splat(at)), beside, noise);
        let [late, ..] = late.unwrap_or_default().to_array();
        late
    }

    /// [`Self::late`], for what comes seldom.
    #[inline(never)]
    fn read(&self, samples: &[i16], at: (i32, f32x4), beside: (f32x4, f32x4), noise: f32) -> Option<f32x4> {
        self.late(samples, at, beside, noise)
    }

    /// By how much the edges at four instants, from sample `origin` on, are found later than they were, if they were sharp ones; what lies
    /// beside them is read so far before and behind them. `None` where not all of that is in hand.
    #[inline(always)]
    fn late(
        &self,
        samples: &[i16],
        (origin, at): (i32, f32x4),
        beside: (f32x4, f32x4),
        noise: f32,
    ) -> Option<f32x4> {
        // Whatever is read lies near the sample next to an edge: from there on few digits tell where.
        let nearest = at.fast_round_int();
        let beyond = at - nearest.round_float();
        let nearest = nearest + i32x4::splat(origin);
        let before = value(samples, nearest, beyond - beside.0)?;
        let behind = value(samples, nearest, beyond + beside.1)?;
        let Slope { half, rise } = Slope::about(samples, nearest, beyond)?;
        let step = behind - before;
        let part = (half - before) / step;
        let off = part - self.half;
        // What has no step is no number, and tells nothing.
        let told = off.abs().simd_gt(f32x4::splat(FLAT) + f32x4::splat(5.0 * noise) / step.abs());
        // Away from its middle a sharp edge is less steep, by no more than a parabola is.
        let steep = self.steep * part * (f32x4::splat(1.0) - part);
        let sharp = (rise / step).simd_ge(steep);
        let late = off.fast_clamp(f32x4::splat(-0.5), f32x4::splat(0.5)) * self.length;
        Some(late & told & sharp)
    }

    /// How far from edges what lies beside them is read, where the next one is so far away.
    #[inline]
    fn beside(&self, room: f32x4) -> f32x4 {
        let reach = f32x4::splat(self.reach);
        let near = (f32x4::splat(0.5) * room).fast_max(f32x4::splat(1.0)).fast_min(reach);
        room.simd_gt(f32x4::splat(0.0)).bitselect(near, reach)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skew(samples: &[i16], origin: i64, phases: &[PhaseRow], noise: f64) -> f64 {
        SharpEdge::UNFILTERED.skew(samples, origin, (phases, None), None, noise)
    }

    fn phase(start: f64, end: f64) -> PhaseRow {
        PhaseRow { start: start as f32, end: end as f32, settled: 8, ..PhaseRow::default() }
    }

    /// Sixty samples of which [20, 40) are `top`.
    fn one(top: i16) -> Vec<i16> {
        let mut samples = vec![0; 60];
        samples[20..40].fill(top);
        samples
    }

    #[test]
    fn a_flat_top_and_an_edge_of_the_outputs_own_tell_nothing() {
        assert_eq!(skew(&one(1000), 0, &[phase(19.5, 39.5)], 1.0), 0.0);
        assert_eq!(skew(&one(-1000), 0, &[phase(19.5, 39.5)], 1.0), 0.0);
        // Up in ten samples, half of it at 25, and a step down: a tenth of it within a sample.
        let slow: Vec<i16> = (0..60).map(|k: i16| ((k - 20).clamp(0, 10)) * 100).collect();
        assert_eq!(skew(&slow, 0, &[phase(25.0, 70.0)], 1.0), 0.0);
        // An exponential is no straight line: half of it lies elsewhere between its neighbours, and is where it is seen.
        let lag: Vec<i16> =
            (0..60).map(|k| (1000.0 * (1.0 - (-0.25 * f64::from(k - 20).max(0.0)).exp())) as i16).collect();
        assert_eq!(skew(&lag, 0, &[phase(22.77, 70.0)], 1.0), 0.0);
        assert_eq!(skew(&[0_i16; 4], 0, &[phase(-3.0, 9.0)], 1.0), 0.0);
        // Of a phase without a level nothing is told.
        let short = PhaseRow { settled: 0, ..phase(19.0 + 5.0 / 12.0, 39.5) };
        let mut over = one(1000);
        over[20] = 1200;
        assert_eq!(skew(&over, 0, &[short], 0.0), 0.0);
    }

    #[test]
    fn half_the_level_is_crossed_early_on_an_edge_that_shoots_over() {
        // From 0 to 1200 half of 1000 is crossed after 5/12 of a sample; a sample later there are 1200 − 200·5/12.
        let mut samples = one(1000);
        samples[20] = 1200;
        let early = 0.5 - 500.0 / (1200.0 - 200.0 * 5.0 / 12.0);
        let at = phase(19.0 + 5.0 / 12.0, 39.5);
        let with = |noise: f64| skew(&samples, 0, &[at], noise);
        assert!((with(0.0) - early).abs() < 1e-5, "{} {early}", with(0.0));
        // 5 % of the step: five deviations of 5 codes are less, of 12 codes more.
        assert!(with(5.0) > 0.0 && with(12.0) == 0.0);
        // The same where instants count from another sample.
        let moved = phase(9.0 + 5.0 / 12.0, 29.5);
        assert!((skew(&samples, 10, &[moved], 0.0) - early).abs() < 1e-5);
    }

    /// A phase of −1000 at once behind one of 250, which are taken for two pulses: half of 250 is an early tenth of their edge.
    #[test]
    fn a_phase_that_another_follows_at_once_ends_early() {
        let mut samples = one(250);
        samples[40..50].fill(-1000);
        let at = phase(19.5, 39.0 + 125.0 / 1250.0);
        let ends = skew(&samples, 0, &[at], 0.0);
        assert!((ends - 0.4).abs() < 1e-5, "{ends}");
        // What comes behind it is seen with the next pulse, which is as wide as it looks but for a tenth of its own edge.
        let next = phase(39.0 + 750.0 / 1250.0, 49.5);
        let of = |ended| SharpEdge::UNFILTERED.skew(&samples, 0, (&[next], None), ended, 0.0);
        assert!((of(None) - 0.1).abs() < 1e-5, "{}", of(None));
        assert!((of(Some(39.1)) - 0.4).abs() < 1e-5, "{}", of(Some(39.1)));
    }

    #[test]
    fn of_an_interval_both_edges_count() {
        // The first phase sinks from 1000 to 800 and the second rises back: half of 1000 is crossed an eighth early and late.
        let mut samples = vec![0_i16; 100];
        for (from, top) in [(20, 1000), (30, 800), (60, 800), (70, 1000)] {
            samples[from..from + 10].fill(top);
        }
        let phases = [phase(19.5, 39.0 + 300.0 / 800.0), phase(59.0 + 500.0 / 800.0, 79.5)];
        let [first, second] = phases.map(|phase| skew(&samples, 0, &[phase], 0.0));
        assert!((first - 0.125).abs() < 1e-5 && (second - 0.125).abs() < 1e-5, "{first} {second}");
        let both = skew(&samples, 0, &phases, 0.0);
        assert!((both - 0.25).abs() < 1e-5, "{both}");
    }

    /// Both edges of the first phase are as early: it is as wide as it looks, and what lies between it and another is not.
    #[test]
    fn a_phase_without_a_level_parts_those_beside_it() {
        let mut samples = vec![0; 100];
        samples[20..40].fill(1000);
        (samples[20], samples[39]) = (1150, 811);
        samples[60..80].fill(1000);
        let first = phase(19.0 + 500.0 / 1150.0, 39.0 + 311.0 / 811.0);
        let (short, last) = (PhaseRow { settled: 0, ..phase(45.0, 47.0) }, phase(59.5, 79.5));
        let of = |phases: &[PhaseRow]| skew(&samples, 0, phases, 0.0);
        assert!(of(&[first]) < 1e-3 && of(&[last]) == 0.0, "{}", of(&[first]));
        assert!((of(&[first, last]) - 0.039).abs() < 1e-3, "{}", of(&[first, last]));
        assert!(of(&[first, short, last]) < 1e-3);
    }

    /// Edges of four samples, half-way at `edges`: up to 1000 and back, and down to −1000 and back, in turn.
    fn slopes(edges: [f64; 4]) -> Vec<i16> {
        let ramp = |t: f64, at: f64| 1000.0 * ((t - at) / 4.0 + 0.5).clamp(0.0, 1.0);
        let [a, b, c, d] = edges;
        let height = |t: f64| ramp(t, a) - ramp(t, b) - ramp(t, c) + ramp(t, d);
        (0..100).map(|k| height(f64::from(k)) as i16).collect()
    }

    /// A filter that would look twelve samples far, and less than a quarter of whose edge is within a sample.
    const SLOW: SharpEdge = SharpEdge::new(12.0, 1.0, 0.5, 0.15);

    #[test]
    fn beside_an_edge_it_is_looked_no_farther_than_half_way_to_the_next() {
        // Six samples from edge to edge: three samples beside each it is flat, and twelve samples beside it is another phase.
        let samples = slopes([20.0, 26.0, 32.0, 38.0]);
        for origin in [0_u8, 10] {
            let from = f64::from(origin);
            let phases = [phase(20.0 - from, 26.0 - from), phase(32.0 - from, 38.0 - from)];
            assert_eq!(SLOW.skew(&samples, i64::from(origin), (&phases, None), None, 0.0), 0.0, "{origin}");
        }
        // Phases that share an edge have no rest between them, and each of them is as far as the filter looks.
        let samples = slopes([20.0, 40.0, 40.0, 60.0]);
        let phases = [phase(20.0, 40.0), phase(40.0, 60.0)];
        assert_eq!(SLOW.skew(&samples, 0, (&phases, None), None, 0.0), 0.0);
    }

    #[test]
    fn a_phase_is_as_much_too_wide_as_both_its_edges_say() {
        let mut samples = one(1000);
        samples[20] = 1200;
        samples[39] = 1200;
        let early = 0.5 - 500.0 / (1200.0 - 200.0 * 5.0 / 12.0);
        let at = phase(19.0 + 5.0 / 12.0, 39.0 + 7.0 / 12.0);
        assert!((skew(&samples, 0, &[at], 0.0) - 2.0 * early).abs() < 1e-5);
        // What is early at both is wrong by the difference.
        samples[39] = 900;
        let at = phase(19.0 + 5.0 / 12.0, 39.0 + 4.0 / 9.0);
        let end = 500.0 / (900.0 + 100.0 * 5.0 / 9.0) - 0.5;
        assert!((skew(&samples, 0, &[at], 0.0) - (early - end).abs()).abs() < 1e-5, "{early} {end}");
    }

    #[test]
    fn what_lies_before_the_first_sample_is_not_in_hand() {
        let of = |start: f64, samples: &[i16]| skew(samples, 0, &[phase(start, 300.0)], 0.0);
        // Half of 600 is crossed at 0.6; at 0.1 are 50, at 1.1 are 510.
        assert!((of(1.1, &[0, 500, 600, 600, 600]) - (460.0 / 550.0 - 0.5)).abs() < 1e-5);
        assert_eq!(of(0.9, &[0, 1000, 500, 500, 500]), 0.0);
    }

    /// `samples` at an instant, on a straight line between two of them.
    fn value(samples: &[i16], at: f64) -> Option<f64> {
        let place = usize::try_from(at.floor() as i64).ok()?;
        let [a, b] = samples.get(place..)?.first_chunk()?;
        Some(f64::from(*a) + f64::from(*b - *a) * (at - at.floor()))
    }

    const HALF: f64 = 0.48;
    const STEEP: f64 = 0.2;

    /// [`SharpEdge::late`] of one edge of `length`, step by step.
    fn late(length: f64, samples: &[i16], at: f64, (before, behind): (f64, f64), noise: f64) -> f64 {
        let read = [-before, behind, 0.0, -0.5, 0.5].map(|offset| value(samples, at + offset));
        let [Some(before), Some(behind), Some(half), Some(low), Some(high)] = read else { return 0.0 };
        let step = behind - before;
        let part = (half - before) / step;
        let off = part - HALF;
        let told = off.abs() > f64::from(FLAT) + 5.0 * noise / step.abs();
        let steep = SHARP * STEEP * 4.0 * part * (1.0 - part);
        if told && (high - low) / step >= steep { off.clamp(-0.5, 0.5) * length } else { 0.0 }
    }

    #[test]
    fn four_edges_at_a_time_are_found_as_late_as_each_of_them() {
        let mut random = 1_u64;
        let mut below = |limit: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % limit
        };
        let (mut late_ones, mut missing) = (0, 0);
        for _ in 0..10_000 {
            let steepness = 1.0 + below(40) as f64 / 8.0;
            let middle = 10.0 + below(160) as f64 / 16.0;
            let edge = |k: u64| 8000.0 * (0.5 + (k as f64 - middle) / steepness).clamp(0.0, 1.0);
            let length = 8 + below(24);
            let samples: Vec<i16> = (0..length).map(|k| edge(k) as i16 + below(200) as i16).collect();
            let sharp = SharpEdge::new(4.6, 7.0, HALF, STEEP);
            // On half samples too, and beyond what is in hand.
            let at = [(); 4].map(|()| (2 * below(32 * (length + 4)) + 1) as f32 / 64.0 - 2.0);
            let [before, behind] = [(); 2].map(|()| [(); 4].map(|()| 1.0 + below(60) as f32 / 16.5));
            let (noise, origin) = (below(60) as f32, below(12) as i32);
            let from = f32x4::new(at) - f32x4::splat(origin as f32);
            let beside = (f32x4::new(before), f32x4::new(behind));
            let found = sharp.late(&samples, (origin, from), beside, noise);
            let found = found.unwrap_or_else(|| sharp.each(&samples, (origin, from), beside, noise));
            for (k, found) in found.to_array().into_iter().enumerate() {
                let (at, beside) = (f64::from(at[k]), (f64::from(before[k]), f64::from(behind[k])));
                let each = late(7.0, &samples, at, beside, f64::from(noise));
                assert!((f64::from(found) - each).abs() < 1e-4, "{samples:?} {at} {beside:?} {found} {each}");
                late_ones += u32::from(each != 0.0);
                missing += u32::from(at < 1.0 || at > length as f64 - 2.0);
            }
        }
        assert!(late_ones > 1000 && missing > 1000, "{late_ones} {missing}");
    }

    #[test]
    fn two_phases_far_apart_are_as_wrong_as_any_two() {
        let mut random = 1_u64;
        let mut below = |limit: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % limit
        };
        let (mut apart, mut wrong) = (0, 0);
        for _ in 0..10_000 {
            let mut instants = [12.0; 4];
            for k in 0..4 {
                let before = if k == 0 { 0.0 } else { instants[k - 1] };
                instants[k] = before + [4.6, 9.0, 12.0][below(3) as usize] + below(64) as f64 / 16.0;
            }
            let samples: Vec<i16> = slopes(instants).iter().map(|code| code + below(300) as i16).collect();
            let samples = &samples[..60 + below(40) as usize];
            let [a, b, c, d] = instants;
            let mut phases = [phase(a, b), phase(c, d)];
            phases.iter_mut().for_each(|phase| phase.settled *= u32::from(below(4) != 0));
            let sharp = SharpEdge::new(4.6, 7.0, HALF, STEEP);
            let (origin, noise) = (below(3) as i32, below(9) as f32);
            let [first, second] = &phases;
            let at = f32x4::new(instants.map(|instant| instant as f32));
            let Some(found) = sharp.apart(samples, (origin, noise), [first, second], at) else { continue };
            assert_eq!(found, sharp.any(samples, (origin, noise), &phases, None), "{phases:?}");
            apart += 1;
            wrong += u32::from(found > 0.0);
        }
        assert!(apart > 1000 && wrong > 500, "{apart} {wrong}");
    }

    /// From 10 to 90 % a filter takes 0.35 of the period of its cut-off: beside an edge it is looked a sample farther.
    #[test]
    fn a_sharp_edge_is_over_where_it_is_looked_beside_it() {
        let front_end = FrontEnd::bessel(4, 1e5, 1e-6);
        let sharp = SharpEdge::of(&front_end, 1e6);
        // 0.35/100 kHz are 3.5 samples.
        assert!((3.4..3.7).contains(&(sharp.reach - 1.0)), "{sharp:?}");
    }
}
