//! How often something happens.

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

#[cfg(test)]
mod tests {
    use super::*;

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
