//! A value with the inputs of its uncertainty.

/// What a budget line is drawn from, which decides the coverage factor of the sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Normal, or many small parts.
    Normal,
    /// Limits with nothing known between them.
    Rectangular,
}

/// One input of an uncertainty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// `baseline`, `top step`, `noise`, `quantisation`, `edges`, `gain`, …
    pub input: &'static str,
    /// Standard uncertainty it contributes, in the unit of the value.
    pub u: f64,
    /// Distribution.
    pub shape: Shape,
    /// Whether it is drawn anew for each pulse, and so shrinks in a mean.
    pub random: bool,
}

impl Line {
    /// Limits ± `half`, the same for every pulse of the record.
    pub fn limits(input: &'static str, half: f64) -> Self {
        Self { input, u: half.abs() / 3_f64.sqrt(), shape: Shape::Rectangular, random: false }
    }

    /// A standard uncertainty drawn anew for each pulse.
    pub fn random(input: &'static str, u: f64) -> Self {
        Self { input, u: u.abs(), shape: Shape::Normal, random: true }
    }

    /// A standard uncertainty common to every pulse of the record.
    pub fn common(input: &'static str, u: f64) -> Self {
        Self { input, u: u.abs(), shape: Shape::Normal, random: false }
    }
}

/// A measured value and its budget.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// SI base unit.
    pub value: f64,
    /// Inputs, each zero or more.
    pub lines: Vec<Line>,
}

impl Estimate {
    /// Combined standard uncertainty.
    pub fn u(&self) -> f64 {
        self.lines.iter().fold(0.0, |sum, line| sum + line.u * line.u).sqrt()
    }

    /// Standard uncertainty of the part common to all pulses, and of the part drawn for each.
    pub fn parts(&self) -> (f64, f64) {
        let part = |random| {
            let lines = self.lines.iter().filter(|line| line.random == random);
            lines.map(|line| line.u * line.u).sum::<f64>().sqrt()
        };
        (part(false), part(true))
    }

    /// Coverage factor for 95 %: 1.96 for a normal sum, less where one rectangular input rules it.
    pub fn coverage(&self) -> f64 {
        let rectangular = self.lines.iter().filter(|line| line.shape == Shape::Rectangular);
        let largest = rectangular.map(|line| line.u).fold(0.0, f64::max);
        let rest = (self.u().powi(2) - largest * largest).max(0.0).sqrt();
        coverage(largest, rest)
    }

    /// Expanded uncertainty at 95 % coverage probability.
    pub fn expanded(&self) -> f64 {
        self.coverage() * self.u()
    }

    /// The line that contributes most.
    pub fn dominant(&self) -> Option<&Line> {
        self.lines.iter().max_by(|a, b| a.u.total_cmp(&b.u))
    }

    /// The mean of one estimate per pulse: random inputs shrink with √n, common ones do not.
    pub fn mean<'a>(estimates: impl Iterator<Item = &'a Self>) -> Option<(Self, usize)> {
        let mut sum = 0.0;
        let mut count = 0_usize;
        let mut lines: Vec<(Line, f64)> = Vec::new();
        for estimate in estimates {
            sum += estimate.value;
            count += 1;
            for line in &estimate.lines {
                match lines
                    .iter_mut()
                    .find(|(other, _)| other.input == line.input && other.random == line.random)
                {
                    Some((_, squares)) => *squares += line.u * line.u,
                    None => lines.push((*line, line.u * line.u)),
                }
            }
        }
        let n = count as f64;
        let lines = lines
            .into_iter()
            .map(|(line, squares)| Line {
                u: (squares / n).sqrt() / if line.random { n.sqrt() } else { 1.0 },
                ..line
            })
            .collect();
        (count > 0).then(|| (Self { value: sum / n, lines }, count))
    }
}

/// Coverage factor of a rectangular input `rectangular` and a normal rest `normal` (standard uncertainties), for 95 %:
/// measurands.md's table over their ratio, linear between its rows.
fn coverage(rectangular: f64, normal: f64) -> f64 {
    const TABLE: [(f64, f64); 6] =
        [(0.0, 1.96), (1.0, 1.92), (2.0, 1.81), (3.0, 1.74), (5.0, 1.69), (20.0, 1.645)];
    let ratio = if normal > 0.0 { rectangular / normal } else { f64::INFINITY };
    if rectangular == 0.0 {
        return 1.96;
    }
    TABLE
        .windows(2)
        .find_map(|pair| match pair {
            [(low, k_low), (high, k_high)] if ratio <= *high => {
                Some(k_low + (k_high - k_low) * (ratio - low) / (high - low))
            }
            _ => None,
        })
        .unwrap_or(1.645)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_keeps_what_is_common() {
        let one = Estimate { value: 1.0, lines: vec![Line::common("gain", 3.0), Line::random("noise", 4.0)] };
        assert!((one.u() - 5.0).abs() < 1e-12);
        let (mean, count) = Estimate::mean([one.clone(), one.clone(), one.clone(), one].iter()).unwrap();
        assert_eq!((mean.value, count), (1.0, 4));
        assert!((mean.u() - (9.0_f64 + 4.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn a_ruling_rectangle_needs_a_smaller_factor() {
        let of = |rect: f64, normal: f64| Estimate {
            value: 0.0,
            lines: vec![Line::limits("a", rect * 3_f64.sqrt()), Line::common("b", normal)],
        };
        assert!((of(0.0, 1.0).coverage() - 1.96).abs() < 1e-9);
        assert!((of(2.0, 1.0).coverage() - 1.81).abs() < 1e-9);
        assert!((of(1.0, 0.0).coverage() - 1.645).abs() < 1e-9);
    }
}
