//! As many points as a screen shows, and no extreme lost.

/// Points within `window`, and one on each side of it; where a column of the picture holds more than four, its first,
/// lowest, highest and last stay, in order of x.
pub(super) fn thin(points: &[(f64, f64)], window: (f64, f64), columns: usize) -> Vec<(f64, f64)> {
    let first = points.partition_point(|(x, _)| *x < window.0).saturating_sub(1);
    let last = (points.partition_point(|(x, _)| *x <= window.1) + 1).min(points.len());
    let shown = points.get(first..last).unwrap_or(&[]);
    if shown.len() <= 4 * columns {
        return shown.to_vec();
    }
    let wide = (window.1 - window.0) / columns as f64;
    let column = |x: f64| ((x - window.0) / wide).floor();
    let mut kept = Vec::with_capacity(4 * columns);
    for run in shown.chunk_by(|a, b| column(a.0) == column(b.0)) {
        if run.len() <= 4 {
            kept.extend_from_slice(run);
            continue;
        }
        let ends = [run.first(), run.last()];
        let low = run.iter().min_by(|a, b| a.1.total_cmp(&b.1));
        let high = run.iter().max_by(|a, b| a.1.total_cmp(&b.1));
        let mut four: Vec<(f64, f64)> = ends.into_iter().chain([low, high]).flatten().copied().collect();
        four.sort_by(|a, b| a.0.total_cmp(&b.0));
        four.dedup();
        kept.extend(four);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_spike_survives() {
        let mut points: Vec<_> = (0..100_000).map(|k| (f64::from(k), 0.0)).collect();
        points[54_321].1 = 1.0;
        let kept = thin(&points, (0.0, 99_999.0), 500);
        assert!(kept.len() < 2100 && kept.contains(&(54_321.0, 1.0)));
        assert!(kept.is_sorted_by(|a, b| a.0 <= b.0));
    }
}
