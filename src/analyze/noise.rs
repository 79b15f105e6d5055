//! Noise and medians.

/// Median; 0 for no values. Reorders its argument.
pub(super) fn median(values: &mut [f64]) -> f64 {
    let middle = values.len() / 2;
    if values.is_empty() {
        return 0.0;
    }
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}

/// White noise of a record (standard deviation), from the differences of neighbours, so that levels and slow drift do
/// not count: the median absolute difference, or where quantisation makes that zero, the root mean square of the
/// smaller nine tenths of the differences.
pub(super) fn white(samples: &[f64]) -> f64 {
    let mut differences: Vec<f64> =
        samples.iter().zip(samples.iter().skip(1)).map(|(a, b)| (b - a).abs()).collect();
    // |d| of a normal difference has its median at 0.6745 √2 σ.
    let spread = median(&mut differences) / (0.6745 * std::f64::consts::SQRT_2);
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
