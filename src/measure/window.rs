//! Charge over a window of samples.

/// Σ yₖ over [from, to] with fractional bounds in samples: each sample stands for the interval (k − ½, k + ½), and a
/// sample cut by a bound counts with the part inside. Times the sample period it is the charge.
///
/// On a quiet baseline the fraction is immaterial; at a phase boundary without a gap it halves the error of a
/// rounded bound (domain.md 6.5).
pub fn windowed_sum(samples: &[f64], from: f64, to: f64) -> f64 {
    let (low, high) = (from + 0.5, to + 0.5);
    let first = low.floor().max(0.0) as usize;
    let last = high.ceil().max(0.0) as usize;
    let Some(inside) = samples.get(first.min(samples.len())..last.min(samples.len())) else { return 0.0 };
    inside
        .iter()
        .enumerate()
        .map(|(k, y)| {
            let left = (first + k) as f64;
            y * ((left + 1.0).min(high) - left.max(low)).max(0.0)
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_sample_counts_with_its_part() {
        let samples = [1.0; 10];
        assert!((windowed_sum(&samples, 2.25, 5.75) - 3.5).abs() < 1e-12);
        assert!((windowed_sum(&samples, 2.0, 2.0)).abs() < 1e-12);
        assert!((windowed_sum(&samples, -5.0, 50.0) - 10.0).abs() < 1e-12);
    }
}
