//! How well a process fits between its limits.

use super::{Z, mean_deviation};

/// Cpk with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Capability {
    /// min(upper − x̄, x̄ − lower) / 3s.
    pub cpk: f64,
    /// Lower end of its 95 % interval.
    pub lower: f64,
    /// Upper end of its 95 % interval.
    pub upper: f64,
}

/// Cpk of values between limits of which at least one is stated, with s the sample standard deviation of all values, and its
/// 95 % interval Cpk ± 1.96 √(1/(9n) + Cpk²/(2(n − 1))) (A. F. Bissell, Applied Statistics 39, 1990; NIST/SEMATECH e-Handbook 6.1.6).
///
/// Nothing for fewer than five values, without a limit, or where nothing varies. The spread holds that of the measurement
/// too, so the process itself is at least that good.
pub fn capability(values: &[f64], lower: Option<f64>, upper: Option<f64>) -> Option<Capability> {
    let (mean, deviation) = mean_deviation(values).filter(|_| values.len() >= 5)?;
    let room = [upper.map(|upper| upper - mean), lower.map(|lower| mean - lower)];
    let room = room.into_iter().flatten().reduce(f64::min)?;
    // A spread that is nothing but rounding is none.
    if deviation <= 1e-12 * mean.abs() {
        return None;
    }
    let (cpk, n) = (room / (3.0 * deviation), values.len() as f64);
    let half = Z * (1.0 / (9.0 * n) + cpk * cpk / (2.0 * (n - 1.0))).sqrt();
    Some(Capability { cpk, lower: cpk - half, upper: cpk + half })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearer_limit_decides_and_the_interval_covers() {
        let values = [-1.0, 0.0, 1.0, 0.0, -1.0, 1.0];
        let deviation = (4.0_f64 / 5.0).sqrt();
        let found = capability(&values, Some(-3.0), Some(6.0)).unwrap();
        assert!((found.cpk - 3.0 / (3.0 * deviation)).abs() < 1e-12);
        let one_sided = capability(&values, None, Some(6.0)).unwrap();
        assert!((one_sided.cpk - 2.0 * found.cpk).abs() < 1e-12);
        assert_eq!(capability(&values, None, None), None);
        assert_eq!(capability(&[0.1; 9], Some(0.0), None), None);
    }

    #[test]
    fn the_interval_is_bissells_and_four_values_are_too_few() {
        // 25 values with mean 10 and s = 1, the lower limit 3 s away: Cpk 1, 1.959964·√(1/225 + 1/48) = 0.311614.
        let values: Vec<f64> = [11.0, 9.0].repeat(12).into_iter().chain([10.0]).collect();
        let found = capability(&values, Some(7.0), Some(14.0)).unwrap();
        assert!((found.cpk - 1.0).abs() < 1e-12, "{found:?}");
        assert!(
            (found.upper - 1.311_614).abs() < 1e-6 && (found.lower - 0.688_386).abs() < 1e-6,
            "{found:?}"
        );
        assert!((capability(&values, None, Some(13.0)).unwrap().cpk - 1.0).abs() < 1e-12);
        assert!(capability(&values[..5], Some(7.0), None).is_some());
        assert_eq!(capability(&values[..4], Some(7.0), None), None);
    }

    #[test]
    fn the_interval_holds_the_truth_as_often_as_it_says() {
        use rand::SeedableRng;
        use rand_distr::{Distribution, StandardNormal};
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
        let trials = 4000;
        let held = (0..trials).filter(|_| {
            let values: Vec<f64> = (0..30).map(|_| StandardNormal.sample(&mut rng)).collect();
            let found = capability(&values, Some(-4.0), Some(4.5)).unwrap();
            (found.lower..=found.upper).contains(&(4.0 / 3.0))
        });
        let share = held.count() as f64 / f64::from(trials);
        // Bissell's interval is an approximation: within two points of its claim at n = 30.
        assert!((0.93..0.97).contains(&share), "{share}");
    }
}
