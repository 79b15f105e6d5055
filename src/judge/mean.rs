//! The mean of measured values.

use crate::measure::{Input, Measured};

/// Values as they come. What all of them share stays, what each draws anew shrinks with √N.
#[derive(Debug, Clone, Default)]
pub struct Mean {
    count: usize,
    sum: f64,
    /// Per line: Σ u (common) or Σ u² (independent) in `u`, Σ of the bounded parts.
    budget: Vec<Input>,
}

impl Mean {
    /// Adds a value.
    pub fn add(&mut self, measured: &Measured) {
        self.count += 1;
        self.sum += measured.value;
        for (at, line) in measured.budget.iter().enumerate() {
            let same = |total: &Input| total.name == line.name && total.common == line.common;
            // Value for value the lines come in the same order. Not every value has every line: what no quiet level supports
            // leans on a stated offset.
            let place = match self.budget.get(at) {
                Some(total) if same(total) => at,
                _ => self.budget.iter().position(same).unwrap_or_else(|| {
                    self.budget.push(Input { u: 0.0, bounded: 0.0, ..*line });
                    self.budget.len() - 1
                }),
            };
            let Some(total) = self.budget.get_mut(place) else { continue };
            total.u += if line.common { line.u } else { line.u * line.u };
            total.bounded += line.bounded;
        }
    }

    /// The mean and the number of values; `None` for no values.
    pub fn finish(self) -> Option<(Measured, usize)> {
        let n = self.count as f64;
        let average = |line: Input| {
            let (u, bounded) = if line.common {
                (line.u / n, line.bounded / n)
            } else {
                (line.u.sqrt() / n, line.bounded / n.powi(4))
            };
            Input { u, bounded, ..line }
        };
        let budget = self.budget.into_iter().map(average).collect();
        (self.count > 0).then(|| (Measured::new(self.sum / n, budget), self.count))
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

    #[test]
    fn a_mean_keeps_a_line_that_only_later_values_have() {
        let mut mean = Mean::default();
        mean.add(&Measured::new(1.0, vec![Input::common("gain", 0.1)]));
        mean.add(&Measured::new(3.0, vec![Input::common("offset", 0.8), Input::common("gain", 0.1)]));
        let (found, _) = mean.finish().unwrap();
        let lines: Vec<_> = found.budget.iter().map(|line| (line.name, line.u)).collect();
        assert_eq!((found.value, lines), (2.0, vec![("gain", 0.1), ("offset", 0.4)]));
    }
}
