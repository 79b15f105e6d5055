//! Where the current does something: samples at which nothing happens are passed over in groups.

use super::codes::Codes;
use super::lanes::{Upward, first_beyond};
use super::sample::{Side, codes_on};

/// The codes within some distance of a base.
#[derive(Debug, Clone, Copy)]
pub(super) struct Band {
    base: f64,
    reach: f64,
    codes: Codes,
}

impl Band {
    /// Of no distance.
    pub(super) fn new() -> Self {
        Self { base: 0.0, reach: 0.0, codes: Codes { low: 0, high: 0 } }
    }

    /// The codes no farther than `reach` from `base`, which seldom change from call to call.
    pub(super) fn codes(&mut self, base: f64, reach: f64) -> Codes {
        if (base, reach) != (self.base, self.reach) {
            *self = Self { base, reach, codes: within(base, reach) };
        }
        self.codes
    }
}

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

/// What is looked for in a stretch, about one baseline.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) base: f64,
    /// Codes at which nothing begins.
    pub(super) still: Codes,
    /// Codes that may end a phase below the baseline as well as one above it.
    pub(super) near: Codes,
    /// How far from the base the farthest of those is.
    pub(super) reach: f64,
}

impl Bounds {
    /// Index of the first code farther than `reach` from the base; where it is not below `before`, another may come first.
    #[inline]
    pub(super) fn first_beyond(&self, codes: &[i16], reach: f64, before: usize) -> Option<usize> {
        // One look at more than lies within reach passes over almost all of it.
        let within = if reach >= self.reach { self.near } else { self.still };
        let mut from = 0;
        loop {
            let rest = codes.get(from..)?;
            let at = from + first_beyond(rest, within)?;
            let code = codes.get(at).filter(|_| at < before)?;
            if (f64::from(*code) - self.base).abs() > reach {
                return Some(at);
            }
            from = at + 1;
        }
    }
}

/// A phase under way: how far it has gone, and when it is over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Along {
    pub(super) base: f64,
    /// +1 or −1.
    pub(super) side: f64,
    /// It is over below this distance from the base, and below `part` of its peak.
    pub(super) low: f64,
    pub(super) part: f64,
    /// Largest distance so far.
    pub(super) peak: f64,
}

impl Along {
    /// How many codes belong to the phase, none of which beyond `near` ends it. Its peak grows with them.
    #[inline]
    pub(super) fn follow(&mut self, codes: &[i16], near: Codes) -> usize {
        let upward = self.upward();
        let near = if self.side > 0.0 { near.high } else { upward.turned(near.low) };
        let mut rest = codes;
        loop {
            let (passed, most) = upward.above(rest, near);
            if passed > 0 {
                self.peak = larger(self.peak, self.distance(upward.turned(most)));
            }
            let Some((code, after)) = rest.get(passed..).and_then(<[i16]>::split_first) else {
                return codes.len();
            };
            let along = self.distance(*code);
            if along <= self.peak && along < self.end(self.peak) {
                return codes.len() - after.len() - 1;
            }
            self.peak = larger(self.peak, along);
            rest = after;
        }
    }

    #[inline]
    fn upward(&self) -> Upward {
        if self.side > 0.0 { Upward::Same } else { Upward::Flipped }
    }

    #[inline]
    fn distance(&self, code: i16) -> f64 {
        (f64::from(code) - self.base) * self.side
    }

    #[inline]
    fn end(&self, peak: f64) -> f64 {
        larger(self.low, self.part * peak)
    }
}

/// Of numbers that are none of them NaN, for which `f64::max` has to look.
#[inline]
pub(super) fn larger(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

/// The codes that may end a phase: while it is farther from the base than any of them it is not over, however far it has
/// gone by then.
#[derive(Debug, Clone, Copy)]
pub(super) struct Near {
    base: f64,
    low: f64,
    /// Largest distance that a phase may have gone.
    most: f64,
    /// The farthest of them.
    code: i16,
}

impl Near {
    /// Of no phase.
    pub(super) fn new() -> Self {
        Self { base: 0.0, low: 0.0, most: 0.0, code: 0 }
    }

    /// The farthest code that may end a phase whose codes lie between `extremes`. From pulse to pulse that changes little.
    pub(super) fn code(&mut self, along: &Along, extremes: (i16, i16)) -> i16 {
        let furthest = along.distance(if along.side > 0.0 { extremes.1 } else { extremes.0 });
        let furthest = larger(along.peak, furthest);
        let same = along.base == self.base && along.low == self.low;
        if !(same && furthest <= self.most && furthest >= 0.9 * self.most) {
            *self = Self::of(along, 1.05 * furthest);
        }
        self.code
    }

    /// For a phase that goes no farther than `most`.
    fn of(along: &Along, most: f64) -> Self {
        let level = along.base + along.side * along.end(most);
        let code = if along.side > 0.0 {
            codes_on(Side::Below, level).high
        } else {
            codes_on(Side::Above, level).low
        };
        Self { base: along.base, low: along.low, most, code }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_are_those_of_the_distance() {
        for base in [0.0, 0.5, -0.5, 3.25, -7.1, 32_767.0, -32_768.0, 1e-9] {
            for reach in [0.0, 0.5, 4.0, 7.1, 100.0, 40_000.0] {
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
    fn step(along: &mut Along, codes: &[i16]) -> usize {
        for (k, code) in codes.iter().enumerate() {
            let distance = along.distance(*code);
            if distance > along.peak {
                along.peak = distance;
            } else if distance < along.low.max(along.part * along.peak) {
                return k;
            }
        }
        codes.len()
    }

    /// Whatever the side.
    fn both(code: i16) -> Codes {
        Codes { low: code, high: code }
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
            for side in [1.0, -1.0] {
                let mut near = Near::new();
                let codes: Vec<i16> = codes.iter().map(|code| code * side as i16).collect();
                let extremes = crate::measure::codes::extremes(&codes);
                for peak in [0.0, 30.0, 2000.0] {
                    let start = Along { base: 0.3, side, low: 4.0, part: 0.025, peak };
                    let (mut searched, mut stepped) = (start, start);
                    let found = searched.follow(&codes, both(near.code(&start, extremes)));
                    assert_eq!(found, step(&mut stepped, &codes), "{length} {side} {peak}");
                    assert_eq!(searched.peak, stepped.peak);
                    // While it still goes on there is no end to find, and its peak grows all the same.
                    let (mut searched, mut stepped, under_way) = (start, start, &codes[..codes.len() / 2]);
                    let found = searched.follow(under_way, both(Near::new().code(&start, extremes)));
                    assert_eq!((found, searched.peak), (step(&mut stepped, under_way), stepped.peak));
                }
            }
        }
    }
}
