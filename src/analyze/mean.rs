//! The mean of one measured value per pulse.

use crate::measure::{Input, Measured};

/// Values as they come. Inputs that each pulse draws anew shrink with √n; what all pulses share does not.
#[derive(Debug, Clone, Default)]
pub(super) struct Mean {
    sum: f64,
    count: usize,
    /// Per input: Σ u² and Σ of the bounded parts' u⁴.
    inputs: Vec<(Input, f64, f64)>,
}

impl Mean {
    /// Adds a value.
    pub(super) fn add(&mut self, measured: &Measured) {
        self.sum += measured.value;
        self.count += 1;
        for (at, input) in measured.budget.iter().enumerate() {
            let same = |(own, ..): &(Input, f64, f64)| own.name == input.name && own.common == input.common;
            // Pulse for pulse the inputs come in the same order.
            let place = match self.inputs.get(at) {
                Some(known) if same(known) => Some(at),
                _ => self.inputs.iter().position(same),
            };
            match place.and_then(|place| self.inputs.get_mut(place)) {
                Some((_, squares, bounded)) => {
                    *squares += input.u * input.u;
                    *bounded += input.bounded;
                }
                None => self.inputs.push((*input, input.u * input.u, input.bounded)),
            }
        }
    }

    /// The mean and the number of values; `None` for no values.
    pub(super) fn finish(self) -> Option<(Measured, usize)> {
        let n = self.count as f64;
        let budget = self.inputs.into_iter().map(|(input, squares, bounded)| {
            let (parts, fourth) = if input.common { (n, n) } else { (n * n, n.powi(4)) };
            Input { u: (squares / parts).sqrt(), bounded: bounded / fourth, ..input }
        });
        (self.count > 0).then(|| (Measured::new(self.sum / n, budget.collect()), self.count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_keeps_what_is_common() {
        let one = Measured::new(1.0, vec![Input::common("gain", 3.0), Input::noise("noise", 4.0)]);
        assert!((one.standard() - 5.0).abs() < 1e-12);
        let mut four = Mean::default();
        (0..4).for_each(|_| four.add(&one));
        let (mean, count) = four.finish().unwrap();
        assert_eq!((mean.value, count), (1.0, 4));
        assert!((mean.standard() - (9.0_f64 + 4.0).sqrt()).abs() < 1e-12);
        assert!(Mean::default().finish().is_none());
    }
}
