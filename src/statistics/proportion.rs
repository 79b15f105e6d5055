//! How often something happens.

use statrs::function::gamma::gamma_ur;

use super::Z;

/// Wilson's 95 % interval of a proportion (E. B. Wilson, J. Am. Stat. Assoc. 22, 1927). It stays within 0 and 1, and says something
/// where nothing was counted: 0 of 10 may still be 28 %.
pub fn wilson(counted: u64, of: u64) -> (f64, f64) {
    if of == 0 {
        return (0.0, 1.0);
    }
    let (n, p) = (of as f64, counted as f64 / of as f64);
    let middle = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

/// Upper bound, at 95 % confidence, on the mean of a Poisson count of which `counted` were seen: λ with P(N ≤ counted | λ) = 5 %, which is
/// χ²(0.95; 2·counted + 2)/2 (F. Garwood, Biometrika 28, 1936). Where none was seen it is 3.
pub fn poisson_bound(counted: u64) -> f64 {
    let seen = counted as f64;
    let at_most = |mean: f64| gamma_ur(seen + 1.0, mean);
    // Three of the count's own deviations, and what a small count needs besides.
    let (mut low, mut high) = (seen, seen + 3.0 * seen.sqrt() + 4.0);
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if at_most(middle) > 0.05 { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_of_a_count_is_that_of_the_tables() {
        // χ²(0.95; 2k + 2)/2; a normal approximation of it is a fifth too small where one was seen.
        for (counted, bound) in [
            (0, 2.995_732),
            (1, 4.743_865),
            (2, 6.295_794),
            (5, 10.513_035),
            (10, 16.962_219),
            (100, 118.079_273),
        ] {
            let found = poisson_bound(counted);
            assert!((found / bound - 1.0).abs() < 5e-5, "{counted}: {found}");
        }
        assert!((poisson_bound(0) - 20_f64.ln()).abs() < 1e-9);
        // What was seen is no more than 5 % probable at the bound: P(N ≤ 1 | λ) = (1 + λ) exp(−λ).
        let mean = poisson_bound(1);
        assert!(((1.0 + mean) * (-mean).exp() - 0.05).abs() < 1e-9, "{mean}");
    }

    #[test]
    fn the_interval_is_the_published_one() {
        // Newcombe, Statistics in Medicine 17 (1998), table I, method 3: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
        for (counted, of, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let (from, to) = wilson(counted, of);
            assert!((from - low).abs() < 5e-5 && (to - high).abs() < 5e-5, "{counted} of {of}: {from} {to}");
        }
        assert_eq!(wilson(0, 0), (0.0, 1.0));
        // 1 of 1: 1/(1 + z²) to 1.
        let (from, to) = wilson(1, 1);
        assert!(
            (from - 1.0 / (1.0 + 1.959_963_984_54_f64.powi(2))).abs() < 1e-12 && to == 1.0,
            "{from} {to}"
        );
    }
}
