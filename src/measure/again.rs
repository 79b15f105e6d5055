//! A phase of a train lies where that of the pulse before it lay: then nothing is searched for, only that it lies there is seen.

use super::excursion::Top;
use super::flanks::{BESIDE, nearest};
use super::level::TRIM;
use super::phase::middle;
use super::sums::sum_first;
use wide::f64x2;

/// The most samples of a level.
const MOST: usize = 32;

/// Where a phase lay, samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stand {
    /// The last sample before its first edge, from the one before its first on.
    up: usize,
    /// From there to the last [`BESIDE`] samples up to the first behind its second edge.
    tail: usize,
    /// From there to the first sample of its level.
    inside: usize,
    /// Samples of its level.
    count: usize,
    /// From there to the last sample of its top, and to the first and the last of its level, as real numbers.
    end: f64,
    level: (f64, f64),
}

impl Stand {
    /// Nothing is known.
    pub(super) const NOWHERE: Self =
        Self { up: 0, tail: usize::MAX, inside: 0, count: 0, end: 0.0, level: (0.0, 0.0) };

    /// Of a phase with its edges behind samples `up` and `end` and `count` samples of level from sample `from` on; of a long or a short one,
    /// nowhere. `first` is its own outermost sample.
    pub(super) fn of(first: usize, (up, end): (usize, usize), (from, count): (usize, usize)) -> Self {
        let place = || {
            let tail = (end + 2).checked_sub(up + BESIDE)?;
            let inside = from.checked_sub(up)?;
            let is_known = (1..=BESIDE).contains(&tail) && (1..=MOST).contains(&count);
            let real = |place: usize| place as i64 as f64;
            is_known.then_some(Self {
                up: (up + 1).checked_sub(first)?,
                tail,
                inside,
                count,
                end: real(end - up),
                level: (real(inside), real(inside + count - 1)),
            })
        };
        place().unwrap_or(Self::NOWHERE)
    }

    /// [`plain`](super::phase::plain) for a phase with the outermost samples `first` and `last` that lies there again; whether it does.
    #[inline(never)]
    pub(super) fn again(
        &self,
        samples: &[i16],
        ends: (usize, usize),
        base: f64,
        settle: f64,
        top: &mut Top,
    ) -> bool {
        self.found(samples, ends, base, settle).inspect(|found| *top = *found).is_some()
    }

    /// What it finds there.
    #[inline(always)]
    fn found(&self, samples: &[i16], (first, last): (usize, usize), base: f64, settle: f64) -> Option<Top> {
        let up = first.checked_sub(1)?.wrapping_add(self.up);
        let beside = samples.get(up..)?;
        let [before, head @ ..] = beside.first_chunk::<BESIDE>()?;
        let [tail @ .., behind] = beside.get(self.tail..)?.first_chunk::<BESIDE>()?;
        let inside = beside.get(self.inside..)?.first_chunk::<MOST>()?;
        let ([begin, ..], [.., end]) = (head, tail);
        // Its middle lies in the top.
        if ((first + last) / 2).wrapping_sub(up + 1) > self.tail + BESIDE - 3 {
            return None;
        }
        let (from, to) = middle((first, last))?;
        let middle = samples.get(from as usize..)?.first_chunk::<MOST>()?;
        let count = (to - from) as usize;
        if count.wrapping_sub(1) >= MOST {
            return None;
        }
        // What the middle was and what the level is: of both the edges must be these, and the window between them this.
        let pair = |first: i32, second: i32| f64x2::new([f64::from(first), f64::from(second)]);
        let levels = pair(sum_first(middle, count), sum_first(inside, self.count))
            / f64x2::new([count as i64 as f64, self.count as i64 as f64]);
        let base = f64x2::splat(base);
        let halves = base + f64x2::splat(0.5) * (levels - base);
        let splat = |code: i16| f64x2::splat(f64::from(code));
        let codes = (splat(*before), splat(*end));
        let steps = (splat(*begin) - codes.0, splat(*behind) - codes.1);
        let parts = ((halves - codes.0) / steps.0, (halves - codes.1) / steps.1);
        // Positive where all of the top lies beyond the half.
        let rises = steps.0.to_bitmask() == 0;
        let beyond = (splat(nearest(head, tail, rises)) - halves) * steps.0;
        let origin = up as i64 as f64;
        let place = |from_there: f64| f64x2::splat(origin + from_there);
        let (start, end) = (f64x2::splat(origin) + parts.0, place(self.end) + parts.1);
        let trim = f64x2::splat(TRIM) * (end - start);
        let early = place(self.level.0) - (start + trim.fast_max(f64x2::splat(settle)));
        let late = end - trim - place(self.level.1);
        let least = parts.0.fast_min(parts.1).fast_min(beyond).simd_gt(f64x2::splat(0.0));
        let whole = early.fast_min(late).simd_ge(f64x2::splat(0.0));
        let most = parts.0.fast_max(parts.1).fast_max(early).fast_max(late).simd_lt(f64x2::splat(1.0));
        let ([_, level], [_, start], [_, end]) = (levels.to_array(), start.to_array(), end.to_array());
        let found = Top { start, end, level: level as f32, settled: self.count as u32 };
        ((least & whole & most).to_bitmask() == 3).then_some(found)
    }
}
