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
/// tenths of the differences. They are in steps of `step`. Reorders its argument.
pub(super) fn white(differences: &mut [f64], step: f64) -> f64 {
    let middle = median(differences);
    if middle > 0.0 {
        let inside = differences.iter().filter(|d| at_step(**d, middle, step)).count();
        let below = differences.iter().filter(|d| **d < middle && !at_step(**d, middle, step)).count();
        return of_median(between_steps(middle, step, (below, inside, differences.len())));
    }
    let kept = differences.len() * 9 / 10;
    if kept == 0 {
        return 0.0;
    }
    let (small, ..) = differences.select_nth_unstable_by(kept, f64::total_cmp);
    (small.iter().map(|d| d * d).sum::<f64>() / (2.0 * kept as f64)).sqrt()
}

/// Whether a difference is rounded to the same step as the median of all.
pub(super) fn at_step(difference: f64, middle: f64, step: f64) -> bool {
    difference == middle || 2.0 * (difference - middle).abs() < step
}

/// The median of differences before they were rounded to steps: that of the rounded ones is up to half a step off, which is a third
/// of the noise where that is a step and a half. (Smaller than those at the median's step, those at it, all.)
pub(super) fn between_steps(middle: f64, step: f64, (below, inside, all): (usize, usize, usize)) -> f64 {
    let part = (0.5 * all as f64 - below as f64) / inside.max(1) as f64;
    middle + step * (part.clamp(0.0, 1.0) - 0.5)
}

/// |d| of a normal difference has its median at 0.6745 √2 σ.
pub(super) fn of_median(difference: f64) -> f64 {
    difference / (0.6745 * std::f64::consts::SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_of_a_step_or_two_is_told_from_its_rounded_differences() {
        let mut seed = 11_u32;
        let mut next = move || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(seed >> 8) / f64::from(1 << 24)
        };
        // Twelve uniform numbers less their mean are normal enough, of standard deviation 1.
        let mut normal = || (0..12).map(|_| next()).sum::<f64>() - 6.0;
        for sigma in [0.7, 1.0, 1.5, 2.5, 4.0] {
            let codes: Vec<f64> = (0..40_000).map(|_| 2e-6 * (sigma * normal()).round()).collect();
            let mut differences: Vec<f64> =
                codes.iter().zip(codes.iter().skip(1)).map(|(a, b)| (b - a).abs()).collect();
            let found = white(&mut differences, 2e-6) / 2e-6;
            // Rounding adds a twelfth of a squared step.
            let expected = (sigma * sigma + 1.0 / 12.0_f64).sqrt();
            assert!((found / expected - 1.0).abs() < 0.1, "{sigma}: {found} {expected}");
        }
    }
}
