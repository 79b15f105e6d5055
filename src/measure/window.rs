//! Charge over a window of samples.

use super::sample::Sample;

/// Σ yₖ over [from, to] with fractional bounds in samples. Times the sample period it is the charge.
///
/// Each sample stands for the interval (k − ½, k + ½); the one that a bound cuts counts with the part inside, on the
/// straight line of its local slope. On a quiet baseline that is immaterial; on a shared edge it is worth a twelfth of
/// the edge's slope (domain.md 6.5).
pub fn windowed_sum<S: Sample>(samples: &[S], from: f64, to: f64) -> f64 {
    if to <= from {
        return 0.0;
    }
    let first = (from + 0.5).max(0.0) as u32 as usize;
    let last = (to + 0.5).max(0.0) as u32 as usize;
    let whole = S::sum(samples.get(first.min(samples.len())..last.min(samples.len())).unwrap_or(&[]));
    whole + part(samples, last, to) - part(samples, first, from)
}

/// ∫ over sample `k`'s interval from its left end to `bound`.
fn part<S: Sample>(samples: &[S], k: usize, bound: f64) -> f64 {
    let Some(y) = samples.get(k).map(|sample| sample.value()) else { return 0.0 };
    let offset = bound - k as i64 as f64;
    if !(-0.5..=0.5).contains(&offset) {
        return 0.0;
    }
    let beside = |at: Option<usize>| at.and_then(|at| samples.get(at)).map(|sample| sample.value());
    let slope = match (beside(k.checked_sub(1)), beside(k.checked_add(1))) {
        (Some(left), Some(right)) => 0.5 * (right - left),
        _ => 0.0,
    };
    y * (offset + 0.5) + 0.5 * slope * (offset * offset - 0.25)
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
        // A straight line is integrated exactly wherever it is cut.
        let line: Vec<f64> = (0..10).map(f64::from).collect();
        for (from, to) in [(1.2, 6.9), (2.5, 7.5), (3.0, 3.4), (4.6, 4.7)] {
            let exact = 0.5 * (to * to - from * from);
            assert!((windowed_sum(&line, from, to) - exact).abs() < 1e-12, "{from} {to}");
        }
    }
}
