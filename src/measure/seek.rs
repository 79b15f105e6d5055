//! Where the current does something: samples at which nothing happens are passed over in groups.

use super::codes::{Codes, extreme};
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
fn within(base: f64, reach: f64) -> Codes {
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
    /// How many codes belong to the phase, all of which lie between `extremes`. Its peak grows with them.
    pub(super) fn follow(&mut self, codes: &[i16], extremes: (i16, i16), near: &mut Near) -> usize {
        let rising = self.side > 0.0;
        let furthest = self.distance(if rising { extremes.1 } else { extremes.0 });
        let near = near.codes(self, larger(self.peak, furthest));
        let mut rest = codes;
        while let Some(at) = near.first(rest, true) {
            let Some((before, [code, after @ ..])) = rest.split_at_checked(at) else { break };
            self.reach(before, rising);
            let along = self.distance(*code);
            if along <= self.peak && along < self.end(self.peak) {
                return codes.len() - after.len() - 1;
            }
            self.peak = larger(self.peak, along);
            rest = after;
        }
        self.reach(rest, rising);
        codes.len()
    }

    fn reach(&mut self, codes: &[i16], rising: bool) {
        if !codes.is_empty() {
            self.peak = larger(self.peak, self.distance(extreme(codes, rising)));
        }
    }

    fn distance(&self, code: i16) -> f64 {
        (f64::from(code) - self.base) * self.side
    }

    fn end(&self, peak: f64) -> f64 {
        larger(self.low, self.part * peak)
    }
}

/// Of numbers that are none of them NaN, for which `f64::max` has to look.
#[inline]
fn larger(a: f64, b: f64) -> f64 {
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
    codes: Codes,
}

impl Near {
    /// Of no phase.
    pub(super) fn new() -> Self {
        Self { base: 0.0, low: 0.0, most: 0.0, codes: Codes::NONE }
    }

    /// For a phase that goes no farther than `furthest`. From pulse to pulse that changes little.
    fn codes(&mut self, along: &Along, furthest: f64) -> Codes {
        let same = along.base == self.base && along.low == self.low;
        if !(same && furthest <= self.most && furthest >= 0.9 * self.most) {
            let most = 1.05 * furthest;
            let side = if along.side > 0.0 { Side::Below } else { Side::Above };
            let codes = codes_on(side, along.base + along.side * along.end(most));
            *self = Self { base: along.base, low: along.low, most, codes };
        }
        self.codes
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
                    let found = searched.follow(&codes, extremes, &mut near);
                    assert_eq!(found, step(&mut stepped, &codes), "{length} {side} {peak}");
                    assert_eq!(searched.peak, stepped.peak);
                    // While it still goes on there is no end to find, and its peak grows all the same.
                    let (mut searched, mut stepped, under_way) = (start, start, &codes[..codes.len() / 2]);
                    let found = searched.follow(under_way, extremes, &mut Near::new());
                    assert_eq!((found, searched.peak), (step(&mut stepped, under_way), stepped.peak));
                }
            }
        }
    }
}
