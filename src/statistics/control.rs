//! Individuals and moving range: is a value among those the process makes by itself?
//!
//! NIST/SEMATECH e-Handbook 6.3.2.2: centre x̄, limits x̄ ± 3 MR̄ / 1.128 = x̄ ± 2.66 MR̄, where MR̄ is the mean of the differences
//! between neighbours. Neighbours tell the spread of the process apart from its drift, which a standard deviation would not.

/// An individuals chart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chart {
    /// Mean of the values.
    pub mean: f64,
    /// Mean difference between neighbours.
    pub moving_range: f64,
    /// Lower control limit.
    pub lower: f64,
    /// Upper control limit.
    pub upper: f64,
}

/// Something a stable process does not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// This value lies outside the control limits.
    Outside(usize),
    /// From the first to the last of these, at least eight in a row, all lie on one side of the mean (a shift).
    OneSide(usize, usize),
}

/// 3 / d2(2).
const FACTOR: f64 = 2.66;
/// A run on one side of the mean that long has a probability of 1 in 128 (Western Electric rule 4).
const RUN: usize = 8;
/// Below this many values limits say little (they wander by a third of themselves).
const LEAST: usize = 5;

/// The chart of values in order; nothing for fewer than five.
pub fn chart(values: &[f64]) -> Option<Chart> {
    if values.len() < LEAST {
        return None;
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let ranges = values.iter().zip(values.iter().skip(1)).map(|(a, b)| (a - b).abs());
    let moving_range = ranges.sum::<f64>() / (values.len() - 1) as f64;
    let half = FACTOR * moving_range;
    Some(Chart { mean, moving_range, lower: mean - half, upper: mean + half })
}

/// What in these values a stable process does not do.
pub fn signals(values: &[f64], chart: &Chart) -> Vec<Signal> {
    // Equal values add up to a mean that may differ from them in the last bit.
    let hair = 1e-12 * chart.mean.abs();
    let outside = values.iter().enumerate();
    let outside = outside.filter(|(_, value)| **value < chart.lower - hair || **value > chart.upper + hair);
    let mut found: Vec<Signal> = outside.map(|(at, _)| Signal::Outside(at)).collect();
    let side = |value: &f64| {
        if (value - chart.mean).abs() <= hair { 0 } else { (value - chart.mean).signum() as i8 }
    };
    let mut first = 0;
    for run in values.chunk_by(|a, b| side(a) == side(b)) {
        if run.len() >= RUN && run.first().is_some_and(|value| side(value) != 0) {
            found.push(Signal::OneSide(first, first + run.len() - 1));
        }
        first += run.len();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_handbook_example_comes_out() {
        // NIST/SEMATECH e-Handbook 6.3.2.2, flow rates of ten batches.
        let flow = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1];
        let chart = chart(&flow).unwrap();
        assert!((chart.mean - 50.81).abs() < 1e-9 && (chart.moving_range - 1.8778).abs() < 5e-5, "{chart:?}");
        assert!((chart.upper - 55.8041).abs() < 2e-3 && (chart.lower - 45.8159).abs() < 2e-3, "{chart:?}");
        assert!(signals(&flow, &chart).is_empty());
    }

    #[test]
    fn a_jump_and_a_shift_are_told_and_a_constant_is_quiet() {
        let mut values: Vec<f64> = (0..20).map(|at| f64::from(at % 2)).collect();
        values[10] = 9.0;
        assert_eq!(signals(&values, &chart(&values).unwrap()), [Signal::Outside(10)]);
        let shifted: Vec<f64> =
            (0..20).map(|at| f64::from(at % 2) + if at < 10 { 0.0 } else { 1.5 }).collect();
        assert_eq!(
            signals(&shifted, &chart(&shifted).unwrap()),
            [Signal::OneSide(0, 9), Signal::OneSide(10, 19)]
        );
        values[10] = -9.0;
        assert_eq!(signals(&values, &chart(&values).unwrap()), [Signal::Outside(10)]);
        // A run of eight is a signal, one of seven is not, wherever it lies.
        let chart_of = |values: &[f64]| signals(values, &chart(values).unwrap());
        let runs = |of: usize| [vec![1.0, -1.0], vec![1.0; of], vec![-1.0; of], vec![1.0, -1.0]].concat();
        assert_eq!(chart_of(&runs(8)), [Signal::OneSide(2, 9), Signal::OneSide(10, 17)]);
        assert!(chart_of(&runs(7)).is_empty());
        let constant = [0.1; 12];
        assert!(signals(&constant, &chart(&constant).unwrap()).is_empty());
        assert!(chart(&[1.0; 5]).is_some());
        assert_eq!(chart(&[1.0; 4]), None);
    }
}
