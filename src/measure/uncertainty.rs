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
    /// Σ u⁴ over the bounded (rectangular) parts of this line; 0 where it is normal.
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
    /// Bounded lines make the sum shorter-tailed than a normal one. Their share is what one rectangular line of the
    /// same fourth cumulant would have: u_rect² = √(Σ uᵢ⁴).
    pub fn coverage(&self) -> f64 {
        if let Some(freedom) = self.freedom.filter(|freedom| *freedom < 200.0) {
            return student(freedom);
        }
        let total = self.standard().powi(2);
        if total <= 0.0 {
            return NORMAL;
        }
        let bounded = self.budget.iter().map(|input| input.bounded).sum::<f64>().sqrt().min(total);
        rectangular_factor((bounded / (total - bounded).max(0.0)).sqrt())
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

/// Coverage factor of a normal and a rectangular contribution by r = u_rect/u_gauss.
pub fn rectangular_factor(ratio: f64) -> f64 {
    const TABLE: [(f64, f64); 8] = [
        (0.0, 1.960),
        (0.5, 1.955),
        (1.0, 1.92),
        (2.0, 1.81),
        (3.0, 1.74),
        (5.0, 1.69),
        (10.0, 1.66),
        (30.0, 1.645),
    ];
    for pair in TABLE.windows(2) {
        if let [(r0, k0), (r1, k1)] = pair
            && ratio <= *r1
        {
            return k0 + (k1 - k0) * ((ratio - r0) / (r1 - r0)).max(0.0);
        }
    }
    1.645
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
        let n = 40_000;
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
            (0.1, vec![2.0, 0.5, 1.0, 1.0]),
        ] {
            let mut budget = vec![Input::noise("noise", normal)];
            budget.extend(halves.iter().map(|half| Input::rectangular("bound", *half)));
            let measured = Measured::new(0.0, budget);
            let covered = draws(normal, &halves, measured.expanded());
            assert!((covered - 0.95).abs() < 0.01, "{normal} {halves:?}: {covered}");
        }
    }

    #[test]
    fn the_factors_are_the_tabulated_ones() {
        for (r, k) in
            [(0.0, 1.96), (1.0, 1.92), (2.0, 1.81), (3.0, 1.74), (5.0, 1.69), (f64::INFINITY, 1.645)]
        {
            assert!((rectangular_factor(r) - k).abs() < 1e-9);
        }
        assert!((student(5.0) - 2.571).abs() < 1e-3);
    }
}
