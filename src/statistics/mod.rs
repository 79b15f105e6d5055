//! Statistics of many runs: a proportion with its interval, individuals control charts, capability, a straight line with the
//! interval of its slope. And of many pulses: how alike their edges lie between samples.
//!
//! Each formula names where it is from. All take plain numbers, in order of the runs where order matters.

mod capability;
mod control;
mod line;
mod proportion;
mod resultant;

pub use capability::{Capability, capability};
pub use control::{Chart, Signal, chart, signals};
pub use line::{Line, fit};
pub use proportion::{poisson_bound, wilson};
pub use resultant::resultant;

/// The normal quantile of a two-sided 95 % interval.
const Z: f64 = 1.959_963_984_540_054;

/// Mean and sample standard deviation (n − 1); nothing for fewer than two numbers.
pub fn mean_deviation(values: &[f64]) -> Option<(f64, f64)> {
    if values.len() < 2 {
        return None;
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
    Some((mean, (squares / (n - 1.0)).sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deviation_needs_two_numbers_and_divides_by_one_less() {
        assert_eq!(mean_deviation(&[3.0]), None);
        assert_eq!(mean_deviation(&[3.0, 5.0]), Some((4.0, 2.0_f64.sqrt())));
        assert_eq!(mean_deviation(&[1.0, 2.0, 3.0]), Some((2.0, 1.0)));
    }
}
