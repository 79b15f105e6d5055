//! The one of many values that decides for all of them.

use super::Decision;

/// Values as they come, of which it holds two at most.
///
/// To pass, every value clears its own guard band, so that the one with the least room behind its band speaks for all. One
/// that is beyond its limit must not be hidden by it, though: that one may be uncertain, and this one sure.
#[derive(Debug)]
pub struct Worst<T> {
    /// Least room to the limit so far, less what is uncertain.
    least: Option<(f64, T)>,
    /// The one that is farthest beyond the limit for all that is uncertain, where there is one.
    beyond: Option<(f64, T)>,
}

impl<T> Default for Worst<T> {
    fn default() -> Self {
        Self { least: None, beyond: None }
    }
}

impl<T: Clone> Worst<T> {
    /// Takes a value that lies `margin` inside its limit (negative beyond it), with its expanded uncertainty; 0 where the
    /// value alone decides.
    pub fn add(&mut self, margin: f64, expanded: f64, value: T) {
        let (room, left) = (margin - expanded, margin + expanded);
        // What is no number compares with nothing, and would be passed over.
        let room = if room.is_nan() { f64::NEG_INFINITY } else { room };
        let less = |held: &Option<(f64, T)>, by: f64| held.as_ref().is_none_or(|(least, _)| by < *least);
        if left < 0.0 && less(&self.beyond, left) {
            self.beyond = Some((left, value.clone()));
        }
        if less(&self.least, room) {
            self.least = Some((room, value));
        }
    }

    /// What `judge` makes of the value that decides; `None` if none came in.
    pub fn finish<J>(self, judge: impl Fn(T) -> (Decision, J)) -> Option<J> {
        let (decision, least) = judge(self.least?.1);
        if decision == Decision::Fail {
            return Some(least);
        }
        let beyond = self.beyond.map(|(_, value)| judge(value));
        Some(match beyond {
            Some((Decision::Fail, beyond)) => beyond,
            _ => least,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Bounds, Rule, decide};
    use super::*;

    /// What decides of values with these uncertainties against at most 10, and the decision.
    fn decided(values: &[(f64, f64)]) -> Option<(f64, Decision)> {
        let bounds = Bounds { lower: None, upper: Some(10.0) };
        let mut worst = Worst::default();
        for (value, expanded) in values {
            worst.add(bounds.margin(*value), *expanded, (*value, *expanded));
        }
        worst.finish(|(value, expanded)| {
            let decision = decide(value, expanded, expanded, bounds, Rule::Guarded);
            (decision, (value, decision))
        })
    }

    #[test]
    fn the_least_room_behind_the_guard_band_decides_not_the_least_margin() {
        // 9.5 ± 0.1 is nearer to the limit and clears its band; 9 ± 4 does not.
        for values in [[(9.5, 0.1), (9.0, 4.0)], [(9.0, 4.0), (9.5, 0.1)]] {
            let (value, decision) = decided(&values).unwrap();
            assert!(value == 9.0 && matches!(decision, Decision::Inconclusive { .. }), "{decision:?}");
        }
        assert_eq!(decided(&[(9.5, 0.1), (9.0, 0.9)]), Some((9.0, Decision::Pass)));
        assert_eq!(decided(&[]), None);
    }

    #[test]
    fn a_value_that_is_uncertain_does_not_hide_one_that_fails() {
        assert_eq!(decided(&[(9.0, 4.0), (12.0, 0.2)]), Some((12.0, Decision::Fail)));
        assert_eq!(decided(&[(12.0, 0.2), (9.0, 4.0), (13.0, 0.2)]), Some((13.0, Decision::Fail)));
    }

    #[test]
    fn what_is_no_number_is_not_passed_over() {
        for values in
            [[(f64::NAN, 0.1), (1.0, 0.1)], [(1.0, 0.1), (f64::NAN, 0.1)], [(1.0, 0.1), (2.0, f64::NAN)]]
        {
            let (_, decision) = decided(&values).unwrap();
            assert!(matches!(decision, Decision::Inconclusive { .. }), "{values:?} {decision:?}");
        }
    }

    #[test]
    fn what_is_least_is_a_difference_and_no_ratio() {
        // 0.5 of room is less than 1, though the uncertainty is a larger part of the margin there.
        for values in [[(9.0, 0.5), (0.0, 9.0)], [(0.0, 9.0), (9.0, 0.5)]] {
            assert_eq!(decided(&values), Some((9.0, Decision::Pass)));
        }
    }

    #[test]
    fn of_what_lies_beyond_the_surest_is_held_behind_one_that_is_uncertain() {
        let hidden = (9.0, 40.0);
        // Half a unit beyond and four uncertain is not surely beyond, and takes no place of one that is.
        assert_eq!(decided(&[hidden, (12.0, 0.2), (10.5, 4.0)]), Some((12.0, Decision::Fail)));
        assert_eq!(decided(&[hidden, (13.0, 0.2), (12.0, 0.2)]), Some((13.0, Decision::Fail)));
    }

    #[test]
    fn of_equals_the_first_decides() {
        let mut worst = Worst::default();
        for name in ["first", "second"] {
            worst.add(-1.0, 0.25, name);
        }
        assert_eq!(worst.finish(|name| (Decision::Fail, name)), Some("first"));
        // So it is with what is hidden by another.
        let mut worst = Worst::default();
        for (margin, expanded, name) in [(1.0, 9.0, "hides"), (-1.0, 0.25, "first"), (-1.0, 0.25, "second")] {
            worst.add(margin, expanded, name);
        }
        let judged = |name| (if name == "hides" { Decision::Pass } else { Decision::Fail }, name);
        assert_eq!(worst.finish(judged), Some("first"));
    }
}
