//! The mean of one measured value per pulse.

use crate::measure::{Input, Measured};

/// Inputs that each pulse draws anew shrink with √n; what all pulses share does not. `None` for no values.
pub(super) fn mean<'a>(values: impl Iterator<Item = &'a Measured>) -> Option<(Measured, usize)> {
    let mut sum = 0.0;
    let mut count = 0_usize;
    // Per input: Σ u² and Σ of the bounded parts' u⁴.
    let mut inputs: Vec<(Input, f64, f64)> = Vec::new();
    for measured in values {
        sum += measured.value;
        count += 1;
        for input in &measured.budget {
            let known =
                inputs.iter_mut().find(|(own, ..)| own.name == input.name && own.common == input.common);
            match known {
                Some((_, squares, bounded)) => {
                    *squares += input.u * input.u;
                    *bounded += input.bounded;
                }
                None => inputs.push((*input, input.u * input.u, input.bounded)),
            }
        }
    }
    let n = count as f64;
    let budget = inputs.into_iter().map(|(input, squares, bounded)| {
        let (parts, fourth) = if input.common { (n, n) } else { (n * n, n.powi(4)) };
        Input { u: (squares / parts).sqrt(), bounded: bounded / fourth, ..input }
    });
    (count > 0).then(|| (Measured::new(sum / n, budget.collect()), count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_keeps_what_is_common() {
        let one = Measured::new(1.0, vec![Input::common("gain", 3.0), Input::noise("noise", 4.0)]);
        assert!((one.standard() - 5.0).abs() < 1e-12);
        let four = [one.clone(), one.clone(), one.clone(), one];
        let (mean, count) = mean(four.iter()).unwrap();
        assert_eq!((mean.value, count), (1.0, 4));
        assert!((mean.standard() - (9.0_f64 + 4.0).sqrt()).abs() < 1e-12);
        assert!(super::mean([].iter()).is_none());
    }
}
