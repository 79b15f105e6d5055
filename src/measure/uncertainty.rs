//! Values with their uncertainty budgets (JCGM 100).

use statrs::distribution::{ContinuousCDF, StudentsT};

/// How an uncertainty was evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evaluation {
    /// From repeated observations.
    A,
    /// From anything else: a certificate, a resolution, a bound.
    B,
}

/// One line of a budget.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Input {
    /// What it is: `gain`, `noise`, ….
    pub name: &'static str,
    /// Standard uncertainty it contributes, in the unit of the measurand.
    pub u: f64,
    /// Statistical or not.
    pub evaluation: Evaluation,
    /// Whether all units of a check share the same unknown error (gain, non-linearity), or each has its own (noise).
    pub common: bool,
    /// Σ u⁴ over the rectangular parts that make up this line; 0 where it is normal.
    pub bounded: f64,
}

impl Input {
    /// Normal, shared by all units.
    pub fn common(name: &'static str, u: f64) -> Self {
        Self { name, u: u.abs(), evaluation: Evaluation::B, common: true, bounded: 0.0 }
    }

    /// Normal noise of this unit alone.
    pub fn noise(name: &'static str, u: f64) -> Self {
        Self { name, u: u.abs(), evaluation: Evaluation::A, common: false, bounded: 0.0 }
    }

    /// One rectangular distribution of half-width `half`, shared by all units: u = a/√3.
    pub fn rectangular(name: &'static str, half: f64) -> Self {
        let u = half.abs() / 3_f64.sqrt();
        Self { bounded: u.powi(4), ..Self::common(name, u) }
    }

    /// Own to each unit instead of shared.
    pub fn independent(self) -> Self {
        Self { common: false, ..self }
    }

    /// The line as it enters a quantity that depends on it with `sensitivity`.
    pub fn scaled(self, sensitivity: f64) -> Self {
        let c = sensitivity.abs();
        Self { u: self.u * c, bounded: self.bounded * c.powi(4), ..self }
    }
}

/// A value and what its uncertainty is made of.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measured {
    /// In the SI base unit of the measurand.
    pub value: f64,
    /// Lines that contribute.
    pub budget: Vec<Input>,
    /// Effective degrees of freedom, where they are few.
    pub freedom: Option<f64>,
}

impl Measured {
    /// A value without uncertainty: counts and properties.
    pub fn exact(value: f64) -> Self {
        Self { value, ..Self::default() }
    }

    /// A value with its budget.
    pub fn new(value: f64, budget: Vec<Input>) -> Self {
        Self { value, budget, freedom: None }
    }

    /// Combined standard uncertainty.
    pub fn standard(&self) -> f64 {
        self.budget.iter().map(|input| input.u * input.u).sum::<f64>().sqrt()
    }

    /// Standard uncertainties (shared by all units, own to this one): u_s and u_r.
    pub fn parts(&self) -> (f64, f64) {
        let sum = |common: bool| {
            self.budget
                .iter()
                .filter(|input| input.common == common)
                .map(|input| input.u * input.u)
                .sum::<f64>()
                .sqrt()
        };
        (sum(true), sum(false))
    }

    /// Coverage factor for 95 %.
    ///
    /// Bounded lines make the sum shorter-tailed than a normal one. By how much depends on their share of the variance
    /// and on how many of them there are: two equal rectangles already are a triangle, whose tails are nearly normal.
    /// Their number is (Σ u²)²/Σ u⁴, that of equal ones with the same variance and fourth cumulant.
    pub fn coverage(&self) -> f64 {
        if let Some(freedom) = self.freedom.filter(|freedom| *freedom < 200.0) {
            return student(freedom);
        }
        let bounded = || self.budget.iter().filter(|input| input.bounded > 0.0);
        let variance: f64 = bounded().map(|input| input.u * input.u).sum();
        let fourth: f64 = bounded().map(|input| input.bounded).sum();
        if fourth <= 0.0 {
            return NORMAL;
        }
        bounded_factor(variance / self.standard().powi(2), variance * variance / fourth)
    }

    /// Expanded uncertainty at 95 %.
    pub fn expanded(&self) -> f64 {
        self.coverage() * self.standard()
    }

    /// Name of the largest line.
    pub fn dominant(&self) -> Option<&'static str> {
        self.budget.iter().max_by(|a, b| a.u.total_cmp(&b.u)).map(|input| input.name)
    }
}

const NORMAL: f64 = 1.960;

/// t(0.975, ν).
fn student(freedom: f64) -> f64 {
    StudentsT::new(0.0, 1.0, freedom.max(1.0)).map_or(NORMAL, |t| t.inverse_cdf(0.975))
}

/// Coverage factor for 95 % of a normal contribution and `number` equal rectangular ones (at least one, fractions
/// allowed) that make up `share` of the variance.
///
/// The table holds exact quantiles: the distribution of the sum of m rectangles (Irwin–Hall) convolved with a normal
/// one. Between its entries it is linear in the share and in 1/m.
pub fn bounded_factor(share: f64, number: f64) -> f64 {
    const SHARES: [f64; 10] = [0.0, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0];
    const FACTORS: [(f64, [f64; 10]); 5] = [
        (0.0, [NORMAL; 10]),
        (0.25, [NORMAL, 1.959, 1.956, 1.954, 1.951, 1.948, 1.945, 1.942, 1.941, 1.940]),
        (1.0 / 3.0, [NORMAL, 1.959, 1.955, 1.952, 1.948, 1.944, 1.940, 1.937, 1.937, 1.937]),
        (0.5, [NORMAL, 1.958, 1.951, 1.946, 1.938, 1.930, 1.919, 1.907, 1.903, 1.902]),
        (1.0, [NORMAL, 1.955, 1.936, 1.917, 1.892, 1.857, 1.810, 1.744, 1.698, 1.645]),
    ];
    let along = |row: &[f64; 10]| {
        let points: [(f64, f64); 10] = std::array::from_fn(|k| {
            (SHARES.get(k).copied().unwrap_or(1.0), row.get(k).copied().unwrap_or(NORMAL))
        });
        straight(&points, share)
    };
    let rows = FACTORS.each_ref().map(|(inverse, row)| (*inverse, along(row)));
    straight(&rows, number.max(1.0).recip())
}

/// Linear interpolation between ascending points; the ends hold beyond them.
fn straight(points: &[(f64, f64)], x: f64) -> f64 {
    let above = points.iter().position(|(at, _)| *at >= x).unwrap_or(points.len().saturating_sub(1));
    let pair = (points.get(above.saturating_sub(1)), points.get(above));
    let (Some((x0, y0)), Some((x1, y1))) = pair else { return NORMAL };
    if x1 > x0 { y0 + (y1 - y0) * ((x - x0) / (x1 - x0)).clamp(0.0, 1.0) } else { *y1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, RngExt, SeedableRng};
    use rand_distr::{Distribution, StandardNormal};

    fn draws(normal: f64, halves: &[f64], k: f64) -> f64 {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(11);
        fn uniform(rng: &mut impl Rng) -> f64 {
            2.0 * rng.random::<f64>() - 1.0
        }
        let n = 60_000;
        let inside = (0..n)
            .filter(|_| {
                let z: f64 = StandardNormal.sample(&mut rng);
                let sum = normal * z + halves.iter().map(|a| a * uniform(&mut rng)).sum::<f64>();
                sum.abs() <= k
            })
            .count();
        inside as f64 / f64::from(n)
    }

    #[test]
    fn the_interval_covers_ninety_five_percent_of_any_mixture() {
        for (normal, halves) in [
            (1.0, vec![]),
            (1.0, vec![3.0]),
            (0.2, vec![1.7]),
            (0.3, vec![1.0, 1.0]),
            (0.1, vec![1.0, 0.9]),
            (0.1, vec![1.0, 0.5, 0.5]),
            (0.1, vec![2.0, 0.5, 1.0, 1.0]),
        ] {
            let mut budget = vec![Input::noise("noise", normal)];
            budget.extend(halves.iter().map(|half| Input::rectangular("bound", *half)));
            let measured = Measured::new(0.0, budget);
            let covered = draws(normal, &halves, measured.expanded());
            // Standard error of the share: 0.1 %.
            assert!((covered - 0.95).abs() < 0.004, "{normal} {halves:?}: {covered}");
        }
    }

    #[test]
    fn the_sum_of_two_sines_is_covered_too() {
        // Two edges, each interpolated with an error that is a sine of its phase: |sin a + sin b| is below 1.84 in 95 %.
        let line = Input { bounded: 1.25 * 2.0 * 0.25, ..Input::common("edge interpolation", 1.0) };
        let factor = Measured::new(0.0, vec![line]).coverage();
        assert!((factor - 1.84).abs() < 0.01, "{factor}");
    }

    #[test]
    fn the_factors_are_the_tabulated_ones() {
        let one = |r: f64| bounded_factor(r * r / (1.0 + r * r), 1.0);
        for (r, k) in [(0.0, 1.96), (1.0, 1.92), (2.0, 1.81), (3.0, 1.74), (5.0, 1.69), (1e6, 1.645)] {
            assert!((one(r) - k).abs() < 0.006, "{r}: {}", one(r));
        }
        // A triangle: 2 − √0.05·2 half-widths of √(2/3).
        let triangle = 2.0 * (1.0 - 0.05_f64.sqrt()) / (2.0_f64 / 3.0).sqrt();
        assert!((bounded_factor(1.0, 2.0) - triangle).abs() < 1e-3);
        assert!((student(5.0) - 2.571).abs() < 1e-3);
    }

    #[test]
    fn a_budget_is_the_root_of_its_squares_in_two_parts() {
        let half = 3.0 * 3_f64.sqrt();
        let budget = vec![
            Input::common("gain", -4.0),
            Input::rectangular("resolution", half).independent(),
            Input::noise("noise", 12.0),
            Input::rectangular("bound", half),
        ];
        let measured = Measured::new(7.0, budget);
        assert!((measured.standard() - f64::sqrt(16.0 + 9.0 + 144.0 + 9.0)).abs() < 1e-12);
        let (common, own) = measured.parts();
        assert!((common - 5.0).abs() < 1e-12 && (own - 153_f64.sqrt()).abs() < 1e-12, "{common} {own}");
        assert_eq!(measured.dominant(), Some("noise"));
        let exact = Measured::exact(7.0);
        assert_eq!((exact.value, exact.standard(), exact.dominant()), (7.0, 0.0, None));
        assert!((exact.coverage() - 1.96).abs() < 1e-12);
    }

    #[test]
    fn a_line_goes_into_another_quantity_by_its_sensitivity() {
        // 0.5 of a rectangle is a rectangle of half the width, whatever the sign.
        let line = Input::rectangular("bound", 2.0).scaled(-0.5);
        let half = Input::rectangular("bound", 1.0);
        assert!((line.u - half.u).abs() < 1e-12 && (line.bounded - half.bounded).abs() < 1e-12);
    }

    #[test]
    fn few_degrees_of_freedom_take_students_factor() {
        let with =
            |freedom| Measured { freedom: Some(freedom), ..Measured::new(0.0, vec![Input::noise("n", 1.0)]) };
        // t(0.975): 12.706, 2.228, 1.984.
        for (freedom, t) in [(1.0, 12.706), (10.0, 2.228), (100.0, 1.984), (0.3, 12.706)] {
            assert!((with(freedom).coverage() - t).abs() < 1e-3, "{freedom}");
        }
        assert_eq!((with(200.0).coverage(), with(1e6).coverage()), (NORMAL, NORMAL));
    }
}
