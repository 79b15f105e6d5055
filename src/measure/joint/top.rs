//! Of which samples of a leading phase its level is made, and which level they make.

use crate::signal::Calibration;

use super::super::codes::{extremes, sum};
use super::super::history::History;
use super::super::row::Constants;
use super::super::step::Fitting;
use super::super::window::windowed_sum;

/// Fewest settled samples of a top that are a plateau.
const FEWEST: u64 = 8;

/// The leading phase of a pulse, samples since the stream began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Top {
    /// One past the last sample of the rest before it.
    pub(super) from: u64,
    /// Samples that its level is made of, [from, to).
    pub(super) samples: (u64, u64),
    /// How many of them are settled; 0 where the level is the charge over the width.
    pub(super) settled: u64,
    width: f64,
    /// Where the window of the charge ends.
    until: f64,
    /// Samples that show the level of what follows, where that follows at once.
    next: Option<(u64, u64)>,
}

impl Top {
    /// Of a pulse with these driven phases, which comes `before` samples behind what was there before it, and whose first phase
    /// something else follows `behind` samples later.
    pub(super) fn of(phases: &[(f64, f64); 3], (before, behind): (f64, f64), fitting: &Fitting) -> Self {
        let [(start, end), second, _] = *phases;
        let g = fitting.settling as f64;
        let width = end - start;
        // As for charges: where there is less rest than the settling on either side takes, what lies there is halved.
        let from = (start - g.min(0.5 * before)).floor().max(0.0) as u64;
        let top = ((start + (0.2 * width).max(g)).ceil() as u64, (end - 0.2 * width).floor() as u64 + 1);
        let settled = Some(top.1.saturating_sub(top.0)).filter(|settled| *settled >= FEWEST).unwrap_or(0);
        // A sample stands for half a sample on either side of it: with rest behind the phase the window has whole samples.
        let until = ((end + g).ceil() - 0.5).min(end + 0.5 * behind.max(0.0));
        let window = (from, ((until + 0.5).ceil() as u64).max(from));
        let next = (behind < 1.0).then(|| {
            // The smaller of a number and of no number is the number: a recharge has no end to keep clear of.
            let length = second.1 - second.0;
            let at = |settled: f64, part: f64| (end + settled.min(part * length)).ceil() as u64;
            let first = at(g, 0.5);
            (first, at(2.0 * g, 0.8).max(first + 1))
        });
        let samples = if settled > 0 { top } else { window };
        Self { from, samples, settled, width, until, next }
    }

    /// The level on a channel that rests at `base`, codes.
    pub(super) fn level(&self, history: &History, base: f64, constants: &Constants) -> f64 {
        let (from, to) = self.samples;
        if self.settled > 0 {
            return mean(history.slice(from, to)).unwrap_or(0.0);
        }
        let charge = self.charge(history, base);
        let Some((first, last)) = self.next else { return base + charge / self.width.max(1.0) };
        // Up to the shared edge there is level·(width + late) + (next − level)·early.
        let next = mean(history.slice(first, last)).map_or(0.0, |next| next - base);
        let Constants { early, late_area, .. } = *constants;
        base + (charge - next * early) / (self.width + late_area - early).max(1.0)
    }

    /// Charge from the rest before the phase to the end of its window, codes·samples.
    fn charge(&self, history: &History, base: f64) -> f64 {
        let (from, to) = self.samples;
        // One sample more shows how steep the last one is cut. Of a record that ends before, there is what there is.
        let codes = history.slice(from, to + 1);
        let until = (self.until - from as f64).min(codes.len() as f64 - 0.5);
        windowed_sum(codes, -0.5, until) - base * (until + 0.5)
    }
}

/// Whether some of these codes lie at an end of their channel's range.
pub(super) fn at_a_rail(codes: &[i16], calibration: &Calibration) -> bool {
    let (least, most) = extremes(codes);
    least <= calibration.rails.0 || most >= calibration.rails.1
}

/// Mean of some codes; `None` of none.
fn mean(codes: &[i16]) -> Option<f64> {
    (!codes.is_empty()).then(|| sum(codes) as f64 / codes.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::skew::SharpEdge;

    const FITTING: Fitting = Fitting { settling: 16, late: 0.0, longest: 100 };
    const NONE: (f64, f64) = (f64::NAN, f64::NAN);
    const UNSHARED: Constants =
        Constants { settling: 16, early: 0.0, late_area: 0.0, sharp: SharpEdge::UNFILTERED };

    fn top(width: f64, behind: f64, second: f64) -> Top {
        let end = 999.5 + width;
        let second = if second.is_nan() { NONE } else { (end + behind, end + behind + second) };
        Top::of(&[(999.5, end), second, NONE], (1e9, behind), &FITTING)
    }

    #[test]
    fn the_window_of_a_charge_ends_in_the_middle_of_what_lies_behind() {
        // With rest behind it the settling is over first, and whole samples count.
        for behind in [32.0, 33.0, 1e9] {
            let found = top(20.0, behind, 20.0);
            assert_eq!((found.settled, found.from, found.samples), (0, 983, (983, 1036)), "{behind}");
            assert!(found.until == 1035.5 && found.next.is_none());
        }
        for (behind, until, to) in [(20.0, 1029.5, 1030), (9.0, 1024.0, 1025), (1.0, 1020.0, 1021)] {
            let found = top(20.0, behind, 20.0);
            assert_eq!((found.until, found.samples, found.next), (until, (983, to), None), "{behind}");
        }
        // At once: what follows is read where it has settled, or in the middle of what is short.
        let next = |second: f64| top(20.0, 0.0, second).next;
        assert_eq!((next(20.0), next(200.0)), (Some((1030, 1036)), Some((1036, 1052))));
        assert_eq!((next(f64::NAN), next(1.0)), (Some((1036, 1052)), Some((1020, 1021))));
        // What is over before a sample is read at one all the same.
        assert_eq!(next(0.4), Some((1020, 1021)));
        let found = top(20.0, 0.0, 20.0);
        assert_eq!((found.until, found.samples), (1019.5, (983, 1020)));
        // A plateau is where it was, whatever follows.
        let found = top(200.0, 0.0, 200.0);
        assert_eq!((found.settled, found.samples), (120, (1040, 1160)));
    }

    #[test]
    fn what_lies_between_two_pulses_is_halved_where_there_is_little_of_it() {
        let from = |before: f64| Top::of(&[(999.5, 1019.5), NONE, NONE], (before, 1e9), &FITTING).from;
        assert_eq!((from(1e9), from(32.0), from(31.0), from(20.0), from(0.0)), (983, 983, 984, 989, 999));
    }

    #[test]
    fn what_an_edge_has_let_through_early_is_put_back() {
        // 100 codes for twenty samples and −40 behind them; five samples at the shared edge are part of a step between the two.
        let mut codes = vec![7_i16; 2000];
        codes[1000..1015].fill(107);
        codes[1015..1020].fill(67);
        codes[1020..1040].fill(-33);
        let mut history = History::new();
        history.push(&codes);
        // 100·20 less 5·40 codes·samples lie before it: (−140)·early is −200 where nothing is late.
        let shared = Constants { early: 200.0 / 140.0, ..UNSHARED };
        let level = |found: &Top, shared: &Constants| found.level(&history, 7.0, shared) - 7.0;
        let found = top(20.0, 0.0, 20.0);
        assert!((level(&found, &shared) - 100.0).abs() < 1e-9, "{}", level(&found, &shared));
        assert!((level(&found, &UNSHARED) - 90.0).abs() < 1e-9, "{}", level(&found, &UNSHARED));
        // What is late by a sample is the charge of as much more of the phase.
        let late = level(&found, &Constants { late_area: 1.0, ..shared });
        let (one, other) = (20.0 - shared.early, 21.0 - shared.early);
        assert!((late - 100.0 * one / other).abs() < 1e-9, "{late}");
        // A record that ends within the window has what it has.
        let mut short = History::new();
        short.push(&codes[..1010]);
        assert_eq!(found.level(&short, 7.0, &UNSHARED), 7.0 + 50.0);
    }

    #[test]
    fn a_code_at_a_rail_or_beyond_it_is_at_a_rail() {
        let calibration = Calibration { rails: (-100, 100), ..Calibration::default() };
        for (code, is) in [(-101, true), (-100, true), (-99, false), (99, false), (100, true), (101, true)] {
            assert_eq!(at_a_rail(&[0, code, 3], &calibration), is, "{code}");
        }
    }
}
