//! The decision rule.

/// What is allowed; a missing bound does not bound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Smallest allowed value.
    pub lower: Option<f64>,
    /// Largest allowed value.
    pub upper: Option<f64>,
}

/// How uncertainty enters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Guard band w = U on both sides of a limit.
    Guarded,
    /// The value alone.
    Simple,
}

/// What the rule says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Decision {
    /// Inside with its uncertainty.
    Pass,
    /// Outside with its uncertainty.
    Fail,
    /// A limit lies inside the interval. The largest expanded uncertainty with which the same value would have
    /// been decided.
    Inconclusive {
        /// In the unit of the value; NaN for what is no number.
        needed: f64,
    },
}

impl Bounds {
    /// |x| ≤ `limit`: both tails.
    pub fn magnitude(limit: f64) -> Self {
        Self { lower: Some(-limit), upper: Some(limit) }
    }

    /// Distance to the nearest bound, positive inside; infinite without bounds, NaN where the value or a bound is none.
    pub fn margin(&self, value: f64) -> f64 {
        let above = self.lower.map_or(f64::INFINITY, |lower| value - lower);
        let below = self.upper.map_or(f64::INFINITY, |upper| upper - value);
        // `min` passes over a NaN, and what is no number would have all the room of a side without a bound.
        if value.is_nan() || above.is_nan() || below.is_nan() { f64::NAN } else { above.min(below) }
    }
}

/// Decides one value. `pass` is the expanded uncertainty that acceptance must clear (U₁), `fail` the one that
/// rejection must (U_N for the worst of N, else the same). A value without uncertainty passes on the limit. What is no
/// number is inconclusive, by either rule.
pub fn decide(value: f64, pass: f64, fail: f64, bounds: Bounds, rule: Rule) -> Decision {
    let margin = bounds.margin(value);
    let (pass, fail) = if rule == Rule::Simple { (0.0, 0.0) } else { (pass, fail) };
    if margin >= pass {
        Decision::Pass
    } else if -margin >= fail {
        Decision::Fail
    } else {
        Decision::Inconclusive { needed: margin.abs() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_interval_decides() {
        let upper = Bounds { lower: None, upper: Some(1.0) };
        let guarded = |value| decide(value, 0.1, 0.2, upper, Rule::Guarded);
        assert_eq!(guarded(0.89), Decision::Pass);
        assert!(matches!(guarded(0.95), Decision::Inconclusive { needed } if (needed - 0.05).abs() < 1e-12));
        // Beyond the limit, what is needed is how far.
        assert!(matches!(guarded(1.15), Decision::Inconclusive { needed } if (needed - 0.15).abs() < 1e-12));
        // A value that clears its band exactly is decided, on either side.
        assert_eq!(decide(1.25, 0.25, 0.25, upper, Rule::Guarded), Decision::Fail);
        assert_eq!(decide(0.75, 0.25, 0.25, upper, Rule::Guarded), Decision::Pass);
        assert_eq!(guarded(1.21), Decision::Fail);
        assert_eq!(decide(0.999, 0.1, 0.2, upper, Rule::Simple), Decision::Pass);
        assert_eq!(decide(1.001, 0.1, 0.2, upper, Rule::Simple), Decision::Fail);
    }

    #[test]
    fn a_magnitude_has_two_tails_and_an_exact_value_passes_on_its_limit() {
        let both = Bounds::magnitude(1.0);
        assert_eq!(decide(-1.5, 0.1, 0.1, both, Rule::Guarded), Decision::Fail);
        assert_eq!(decide(-0.5, 0.1, 0.1, both, Rule::Guarded), Decision::Pass);
        let exact = Bounds { lower: Some(25.0), upper: Some(25.0) };
        assert_eq!(decide(25.0, 0.0, 0.0, exact, Rule::Guarded), Decision::Pass);
        assert_eq!(decide(24.0, 0.0, 0.0, exact, Rule::Guarded), Decision::Fail);
    }

    #[test]
    fn what_is_no_number_never_passes() {
        let undecided = |value, u, bounds, rule| {
            let decision = decide(value, u, u, bounds, rule);
            matches!(decision, Decision::Inconclusive { needed } if needed.is_nan() || u.is_nan())
        };
        for (lower, upper) in [(None, Some(1.0)), (Some(1.0), None), (Some(0.0), Some(1.0)), (None, None)] {
            let bounds = Bounds { lower, upper };
            assert!(bounds.margin(f64::NAN).is_nan(), "{bounds:?}");
            for rule in [Rule::Guarded, Rule::Simple] {
                assert!(undecided(f64::NAN, 0.1, bounds, rule), "{bounds:?} {rule:?}");
            }
        }
        let between = Bounds { lower: Some(f64::NAN), upper: Some(1.0) };
        assert!(undecided(0.5, 0.1, between, Rule::Guarded));
        assert!(undecided(0.5, f64::NAN, Bounds::magnitude(1.0), Rule::Guarded));
        // Without bounds everything else has room.
        assert_eq!(Bounds { lower: None, upper: None }.margin(3.0), f64::INFINITY);
    }
}
