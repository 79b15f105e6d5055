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
    /// instants count from sample `origin` of `samples`, and come as `edges` too where two phases rest; `noise` is the standard
    /// deviation of a sample. The pulse before them `ended` at that place of `samples`: what follows it at once is these.
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
        most = self.pair(samples, (origin, noise), phases.get(2..).unwrap_or(&[]), &mut before, most);
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
mod tests;
