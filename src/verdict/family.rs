//! The uncertainty that the worst of N readings must clear to be a failure.

use statrs::function::erf::{erf, erfc_inv};

fn cumulative(z: f64) -> f64 {
    0.5 * (1.0 + erf(z / std::f64::consts::SQRT_2))
}

/// k_N = Φ⁻¹[(1 + p^(1/N))/2]: N independent readings all lie within k_N standard deviations with probability p = 0.95.
pub fn family_factor(n: u64) -> f64 {
    // (1 + p^(1/N))/2 = 1 − q/2 with q = −expm1(ln p/N), exact for any N.
    let q = -(0.95_f64.ln() / n.max(1) as f64).exp_m1();
    std::f64::consts::SQRT_2 * erfc_inv(q)
}

/// U_N: the half-width that contains all of N readings with a common error (standard uncertainty `common`) and
/// independent ones (`random`) with probability 0.95, from
/// ∫ φ(z) [Φ((U − u_s z)/u_r) − Φ((−U − u_s z)/u_r)]ᴺ dz = 0.95.
pub fn family_expanded(common: f64, random: f64, n: u64) -> f64 {
    let combined = common.hypot(random);
    if combined == 0.0 {
        return 0.0;
    }
    if n <= 1 || random <= 1e-9 * combined {
        return family_factor(1) * combined;
    }
    let coverage = |half: f64| {
        const STEPS: i32 = 400;
        const REACH: f64 = 8.0;
        let width = 2.0 * REACH / f64::from(STEPS);
        // The trapezoidal rule is exact to rounding for a function that vanishes with all derivatives at both ends, if no
        // part of it is steeper than its steps: where the readings' own errors are a few hundredths of the common one,
        // the bound errs by a thousandth of it.
        (0..=STEPS)
            .map(|k| {
                let z = f64::from(k) * width - REACH;
                let inside =
                    cumulative((half - common * z) / random) - cumulative((-half - common * z) / random);
                let density = (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt();
                density * inside.max(0.0).powf(n as f64) * width
            })
            .sum::<f64>()
    };
    let (mut low, mut high) = (0.0, 2.0 * combined + family_factor(n) * combined);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if coverage(middle) < 0.95 { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// The expanded uncertainties of one value that decides for others too.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Guards {
    /// U₁: what it must lie inside its limits by to pass.
    pub accept: f64,
    /// U_N: what it must lie beyond one of them by to fail.
    pub reject: f64,
}

impl Guards {
    /// Of the worst of `n` values: its own expanded uncertainty `single`, and of its standard uncertainty the parts that it
    /// shares with the others and that are its own.
    pub fn of_worst(single: f64, (common, random): (f64, f64), n: u64) -> Self {
        // A value that stands alone has a factor of its own, which is none of a normal distribution.
        let reject = if n > 1 { family_expanded(common, random, n).max(single) } else { single };
        Self { accept: single, reject }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_factors_are_the_published_ones() {
        for (n, k) in [(1, 1.96), (10, 2.80), (100, 3.47), (1000, 4.05), (100_000, 5.02)] {
            assert!((family_factor(n) - k).abs() < 0.005, "{n}: {}", family_factor(n));
        }
    }

    #[test]
    fn without_a_common_error_it_is_the_factor_and_with_it_stays_below_the_bound() {
        for n in [10, 1000, 100_000] {
            assert!((family_expanded(0.0, 2.0, n) / (2.0 * family_factor(n)) - 1.0).abs() < 2e-3, "{n}");
            let both = family_expanded(1.0, 0.5, n);
            assert!(both < 1.960 * 1.0 + family_factor(n) * 0.5, "{n}");
            assert!(both > family_expanded(1.0, 0.5, 1), "{n}");
        }
        // Without noise of its own no unit strays, however many there are.
        assert!((family_expanded(3.0, 0.0, 1000) - 3.0 * family_factor(1)).abs() < 1e-12);
        assert_eq!(family_expanded(0.0, 0.0, 10), 0.0);
    }

    #[test]
    fn one_value_is_guarded_by_its_own_uncertainty_and_the_worst_of_many_by_more_to_fail() {
        let guards = |n| Guards::of_worst(1.7, (0.6, 0.8), n);
        assert_eq!(guards(1), Guards { accept: 1.7, reject: 1.7 });
        assert_eq!(guards(50), Guards { accept: 1.7, reject: family_expanded(0.6, 0.8, 50) });
        // Few degrees of freedom ask for more than the worst of two does.
        assert_eq!(Guards::of_worst(12.7, (0.6, 0.8), 2).reject, 12.7);
        assert_eq!(Guards::of_worst(0.0, (0.0, 0.0), 50), Guards { accept: 0.0, reject: 0.0 });
    }

    #[test]
    fn the_unit_of_the_reading_does_not_matter() {
        for scale in [1e-12, 1e-3, 1e6] {
            let (here, there) = (family_expanded(1.0, 0.5, 50), family_expanded(scale, 0.5 * scale, 50));
            assert!((there / scale / here - 1.0).abs() < 1e-9, "{scale}: {there}");
        }
    }

    #[test]
    fn the_bound_is_what_another_integration_gives() {
        // Riemann sum of 16 000 steps with the C library's erfc, bisected.
        for (common, random, n, bound, within) in [
            (1.0, 0.5, 2, 2.406_496, 2e-6),
            (1.0, 0.5, 50, 3.140_103, 2e-6),
            (1.0, 1.0, 10, 3.841_412, 2e-6),
            (1.0, 0.1, 1000, 2.285_333, 2e-5),
            (1.0, 0.03, 1000, 2.057_32, 1.5e-3),
            (0.2, 1.0, 7, 2.735_575, 2e-6),
            (3.0, 1.0, 2, 6.666_534, 2e-6),
        ] {
            let found = family_expanded(common, random, n);
            assert!((found - bound).abs() < within, "{common} {random} {n}: {found}");
        }
        assert_eq!(
            (family_factor(0), family_expanded(1.0, 0.5, 0)),
            (family_factor(1), family_expanded(1.0, 0.5, 1))
        );
    }

    #[test]
    fn the_integral_holds_against_draws() {
        use rand::SeedableRng;
        use rand_distr::{Distribution, StandardNormal};
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
        let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
        let (common, random, n, trials) = (1.0, 0.7, 50, 20_000);
        let half = family_expanded(common, random, n);
        let inside = (0..trials)
            .filter(|_| {
                let s = common * normal();
                (0..n).map(|_| s + random * normal()).fold(0.0_f64, |a, y| a.max(y.abs())) <= half
            })
            .count();
        // Standard error of the frequency: 0.0015.
        assert!((inside as f64 / f64::from(trials) - 0.95).abs() < 0.006, "{inside}");
    }
}
