//! How alike places on a circle lie.

/// Square of the mean resultant length of places on a circle of circumference 1, such as the fractions of a sample at which edges lie: 1
/// where all are the same, near 0 where they are spread evenly (K. V. Mardia, P. E. Jupp, Directional Statistics, 2000, section 2.3).
/// A sine read at those places has a mean with that part of its variance. `None` of no places.
pub fn resultant(places: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut real, mut imaginary, mut count) = (0.0, 0.0, 0_u64);
    for place in places {
        let (sine, cosine) = (std::f64::consts::TAU * place.fract()).sin_cos();
        (real, imaginary, count) = (real + cosine, imaginary + sine, count + 1);
    }
    let n = count as f64;
    (count > 0).then(|| ((real * real + imaginary * imaginary) / (n * n)).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_as_alike_as_their_mean_phasor_is_long() {
        assert_eq!(resultant([].into_iter()), None);
        assert_eq!(resultant([3.25, 7.25, 0.25].into_iter()), Some(1.0));
        assert!(resultant([0.0, 0.25, 0.5, 0.75].into_iter()).is_some_and(|share| share < 1e-30));
        // Two a quarter of a turn apart: a phasor of 1/√2.
        assert!(resultant([0.1, 0.35].into_iter()).is_some_and(|share| (share - 0.5).abs() < 1e-12));
    }
}
