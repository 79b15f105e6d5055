//! Where the current does something: samples at which nothing happens are passed over in groups.

use super::codes::Codes;
use super::lanes::{Above, Below, Direction, first_beyond, run};
use super::order::larger;
use super::sample::{Side, codes_on};
use super::thresholds::Thresholds;

/// The codes no farther than `reach` from `base`.
pub(super) fn within(base: f64, reach: f64) -> Codes {
    let code = |value: f64| value.clamp(f64::from(i16::MIN), f64::from(i16::MAX)) as i16;
    let (mut low, mut high) = (code(base - reach), code(base + reach));
    // The sum was rounded, and truncated towards zero: at most one off.
    let inside = |code: i16| (f64::from(code) - base).abs() <= reach;
    if high < i16::MAX && inside(high + 1) {
        high += 1;
    }
    if high > i16::MIN && !inside(high) {
        high -= 1;
    }
    if low > i16::MIN && inside(low - 1) {
        low -= 1;
    }
    if low < i16::MAX && !inside(low) {
        low += 1;
    }
    Codes { low, high }
}

/// The codes that are looked for about one baseline. From stretch to stretch they seldom change.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) base: f64,
    /// Above this something begins, codes.
    high: f64,
    /// How far a phase below the baseline and one above it may go.
    most: (f64, f64),
    /// Codes at which nothing begins.
    pub(super) still: Codes,
    /// Codes that may end a phase: while it is farther from the base than all of them it is not over, however far it has gone by
    /// then.
    pub(super) near: Codes,
    /// How far from the base the farthest of those is.
    reach: f64,
}

impl Bounds {
    /// Of no baseline yet.
    pub(super) fn new() -> Self {
        Self {
            base: f64::NAN,
            high: 0.0,
            most: (0.0, 0.0),
            still: Codes::NONE,
            near: Codes::NONE,
            reach: 0.0,
        }
    }

    /// About `base`, for phases that go no farther than `below` and `above` it.
    #[inline]
    pub(super) fn aim(&mut self, base: f64, thresholds: &Thresholds, (below, above): (f64, f64)) {
        // Phases no larger than this all end at the same level.
        let least = thresholds.low / Thresholds::PART;
        let (below, above) = (larger(below, least), larger(above, least));
        let serves = |furthest: f64, most: f64| furthest <= most && furthest >= 0.9 * most;
        let same = base == self.base && thresholds.high == self.high;
        if !(same && serves(below, self.most.0) && serves(above, self.most.1)) {
            *self = Self::of(base, thresholds, (1.05 * below, 1.05 * above));
        }
    }

    #[inline(never)]
    fn of(base: f64, thresholds: &Thresholds, most: (f64, f64)) -> Self {
        let near = Codes {
            low: codes_on(Side::Above, base - thresholds.leave(most.0)).low,
            high: codes_on(Side::Below, base + thresholds.leave(most.1)).high,
        };
        let reach = larger(base - f64::from(near.low), f64::from(near.high) - base);
        Self { base, high: thresholds.high, most, still: within(base, thresholds.high), near, reach }
    }

    /// Index of the first code from the one at `from` on that is farther than `reach` from the base.
    #[inline]
    pub(super) fn first_beyond(&self, codes: &[i16], from: usize, reach: f64) -> Option<usize> {
        if reach >= self.reach {
            // One look at somewhat less than lies within reach passes over almost all of it.
            self.search(codes, from, self.near, reach)
        } else {
            self.search_closely(codes, from, reach)
        }
    }

    /// The same among the codes that are not `within`, all of which lie within reach.
    #[inline]
    fn search(&self, codes: &[i16], mut from: usize, within: Codes, reach: f64) -> Option<usize> {
        loop {
            let at = first_beyond(codes, from, within)?;
            if (f64::from(*codes.get(at)?) - self.base).abs() > reach {
                return Some(at);
            }
            from = at + 1;
        }
    }

    /// The same where the phase before was much smaller than others are.
    #[inline(never)]
    fn search_closely(&self, codes: &[i16], from: usize, reach: f64) -> Option<usize> {
        self.search(codes, from, self.still, reach)
    }
}

/// A phase under way: how far it has gone, and when it is over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Along {
    pub(super) base: f64,
    pub(super) thresholds: Thresholds,
    /// Largest distance so far.
    pub(super) peak: f64,
}

impl Along {
    /// Index of the code that ends the phase, to which those from the one at `from` on belong; none beyond `near` ends it. Its peak
    /// grows with them.
    #[inline]
    pub(super) fn follow(
        &mut self,
        codes: &[i16],
        from: usize,
        positive: bool,
        near: Codes,
    ) -> Option<usize> {
        if positive {
            self.run::<Above>(codes, from, near.high)
        } else {
            self.run::<Below>(codes, from, near.low)
        }
    }

    #[inline]
    fn run<D: Direction>(&mut self, codes: &[i16], mut from: usize, near: i16) -> Option<usize> {
        loop {
            let (passed, farthest) = run::<D>(codes.get(from..)?, near);
            if passed > 0 {
                self.peak = larger(self.peak, D::distance(farthest, self.base));
            }
            let at = from + passed;
            let along = D::distance(*codes.get(at)?, self.base);
            if along <= self.peak && along < self.thresholds.leave(self.peak) {
                return Some(at);
            }
            self.peak = larger(self.peak, along);
            from = at + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_are_those_of_the_distance() {
        // Sums that are rounded to less than the code as far from the base; bases beyond all codes.
        let bases = [0.0, 0.5, -0.5, 3.25, -7.1, 32_767.0, -32_768.0, 1e-9, -6.7, 0.34, 32_768.0, -32_769.0];
        for base in bases {
            for reach in [0.0, 0.5, 4.0, 7.1, 100.0, 40_000.0, 14.7, 2.34] {
                let Codes { low, high } = within(base, reach);
                let codes: Vec<i16> = (i16::MIN..=i16::MAX).collect();
                let inside = |code: &i16| (f64::from(*code) - base).abs() <= reach;
                let found = (codes.iter().copied().find(inside), codes.iter().copied().rfind(inside));
                if let (Some(first), Some(last)) = found {
                    assert_eq!((low, high), (first, last), "{base} {reach}");
                } else {
                    assert!(low > high, "{base} {reach}");
                }
            }
        }
    }

    /// The end of a phase, sample by sample.
    fn step(along: &mut Along, codes: &[i16], positive: bool) -> Option<usize> {
        for (k, code) in codes.iter().enumerate() {
            let above = f64::from(*code) - along.base;
            let distance = if positive { above } else { -above };
            if distance > along.peak {
                along.peak = distance;
            } else if distance < 4.0_f64.max(0.025 * along.peak) {
                return Some(k);
            }
        }
        None
    }

    #[test]
    fn a_phase_ends_where_single_steps_end_it() {
        let mut state = 1_u32;
        for length in 1..200 {
            // Shallow edges up and down, on some a taller phase behind: what ends one depends on how far it has gone.
            let mut codes: Vec<i16> = (0..length)
                .map(|k: i16| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let noise = (state >> 27) as i16 - 16;
                    noise + if k < length * 3 / 4 { (k * 90).min(900) } else { (length - k) * 8 - 40 }
                })
                .collect();
            if length % 3 == 0 {
                codes.extend([9000; 5]);
            }
            // A base between two codes, and one at which codes lie just where a phase ends.
            for (positive, base) in [(true, 0.3), (false, 0.3), (true, 0.0), (false, 0.0)] {
                let mut bounds = Bounds::new();
                let codes: Vec<i16> = codes.iter().map(|code| if positive { *code } else { -code }).collect();
                let (low, high) = crate::measure::codes::extremes(&codes);
                for peak in [0.0, 30.0, 2000.0] {
                    let thresholds = Thresholds { high: 8.0, low: 4.0, tall: 0.0 };
                    let start = Along { base, thresholds, peak };
                    let furthest = (peak.max(base - f64::from(low)), peak.max(f64::from(high) - base));
                    bounds.aim(base, &thresholds, furthest);
                    let (mut searched, mut stepped) = (start, start);
                    let found = searched.follow(&codes, 0, positive, bounds.near);
                    assert_eq!(found, step(&mut stepped, &codes, positive), "{length} {positive} {peak}");
                    assert_eq!(searched.peak, stepped.peak);
                    // While it still goes on there is no end to find, and its peak grows all the same.
                    let (mut searched, mut stepped, under_way) = (start, start, &codes[..codes.len() / 2]);
                    let found = searched.follow(under_way, 0, positive, bounds.near);
                    let defined = step(&mut stepped, under_way, positive);
                    assert_eq!((found, searched.peak), (defined, stepped.peak));
                }
            }
        }
    }

    #[test]
    fn what_leaves_the_ringing_is_found_where_single_steps_find_it() {
        let mut state = 1_u32;
        let mut bounds = Bounds::new();
        let mut found = 0;
        for length in 0..3000 {
            let mut draw = |n: u32| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) % n
            };
            let size = [8, 60, 900][draw(3) as usize];
            let mut codes: Vec<i16> = (0..length % 70).map(|_| draw(size) as i16 - size as i16 / 2).collect();
            let thresholds = Thresholds { high: 8.0, low: 4.0, tall: 0.0 };
            // On a baseline that moves now and then, behind phases smaller and larger than those in hand.
            let base = [0.0, 0.4, -300.0, 300.0][draw(4) as usize];
            codes.iter_mut().for_each(|code| *code += base as i16);
            bounds.aim(base, &thresholds, (f64::from(draw(20_000)), f64::from(draw(20_000))));
            let reach = thresholds.enter(f64::from(draw(20_000)));
            let from = draw(codes.len() as u32 + 1) as usize;
            let defined = (from..codes.len()).find(|at| (f64::from(codes[*at]) - base).abs() > reach);
            assert_eq!(bounds.first_beyond(&codes, from, reach), defined, "{codes:?} {reach}");
            found += usize::from(defined.is_some());
        }
        assert!(found > 300, "{found}");
    }

    #[test]
    fn with_other_thresholds_or_another_base_there_are_other_bounds() {
        let mut bounds = Bounds::new();
        for (base, high) in [(0.3, 8.0), (0.3, 4.0), (7.3, 4.0), (7.3, 12.0)] {
            let thresholds = Thresholds { high, low: 0.5 * high, tall: 0.0 };
            bounds.aim(base, &thresholds, (900.0, 900.0));
            assert_eq!(bounds.still, within(base, high), "{base} {high}");
        }
    }
}
