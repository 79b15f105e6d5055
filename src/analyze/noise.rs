//! Noise and medians.

/// Median; 0 for no values. Reorders its argument.
pub(super) fn median(values: &mut [f64]) -> f64 {
    let middle = values.len() / 2;
    if values.is_empty() {
        return 0.0;
    }
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}

/// White noise (standard deviation) of a record whose neighbours differ by so much, so that levels and slow drift do not
/// count: from the median difference, or where quantisation makes that zero, the root mean square of the smaller nine
/// tenths of the differences. Reorders its argument.
pub(super) fn white(differences: &mut [f64]) -> f64 {
    let spread = of_median(median(differences));
    if spread > 0.0 {
        return spread;
    }
    let kept = differences.len() * 9 / 10;
    if kept == 0 {
        return 0.0;
    }
    let (small, ..) = differences.select_nth_unstable_by(kept, f64::total_cmp);
    (small.iter().map(|d| d * d).sum::<f64>() / (2.0 * kept as f64)).sqrt()
}

/// |d| of a normal difference has its median at 0.6745 √2 σ.
pub(super) fn of_median(difference: f64) -> f64 {
    difference / (0.6745 * std::f64::consts::SQRT_2)
}
