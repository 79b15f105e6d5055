//! Noise read off the samples themselves, where nobody states it.

/// Standard deviation of what scatters from sample to sample, codes, without the rounding to whole codes: from the differences
/// of neighbours that see no edge.
pub(super) fn scatter(codes: &[i16]) -> f64 {
    let pairs = codes.iter().zip(codes.iter().skip(1));
    let mut steps: Vec<i32> = pairs.map(|(a, b)| (i32::from(*b) - i32::from(*a)).abs()).collect();
    if steps.is_empty() {
        return 0.0;
    }
    let middle = steps.len() / 2;
    let (_, median, _) = steps.select_nth_unstable(middle);
    let most = 6 * (*median).max(1);
    let (sum, count) = steps
        .iter()
        .filter(|step| **step <= most)
        .fold((0.0, 0.0), |(sum, count), step| (sum + f64::from(*step).powi(2), count + 1.0));
    (sum / f64::max(count, 1.0) / 2.0 - 1.0 / 12.0).max(0.0).sqrt()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_distr::{Distribution, StandardNormal};

    use super::*;

    #[test]
    fn edges_do_not_count_and_rounding_is_taken_off() {
        let mut dice = rand_chacha::ChaCha8Rng::seed_from_u64(5);
        for sigma in [0.4, 1.0, 7.0] {
            let codes: Vec<i16> = (0..100_000)
                .map(|k| {
                    let level = if k % 1000 < 200 { 90.0 } else { 3.3 };
                    let z: f64 = StandardNormal.sample(&mut dice);
                    (level + sigma * z).round() as i16
                })
                .collect();
            let found = scatter(&codes);
            assert!((found / sigma - 1.0).abs() < 0.06, "{sigma}: {found}");
        }
        assert_eq!(scatter(&[5; 100]), 0.0);
    }
}
