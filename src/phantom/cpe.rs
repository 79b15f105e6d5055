//! A constant-phase element as a ladder of resistors and capacitors.
//!
//! The impedance of a metal electrode's interface is not a capacitor's but Z = 1/(Q·(jω)ⁿ), 0 < n < 1, whose phase is −90°·n
//! at every frequency. No network of finite size has it; one whose time constants lie on a geometric series has it
//! within a ripple (about Δφ: up to a fifth more at n = ½) over as many decades as there are branches (Valsa, Dvořák and Friedl, *Network model of the CPE*,
//! Radioengineering 20(3), 2011; Valsa and Vlach, *RC models of a constant phase element*, Int. J. Circ. Theor. Appl. 41,
//! 2013). With α = 90°·n and a ripple of Δφ degrees:
//!
//! a·b = 0.24/(1 + Δφ), a = (a·b)ⁿ, b = a·b/a; R₁C₁ = 1/ω_min; R_k = R₁·aᵏ⁻¹, C_k = C₁·bᵏ⁻¹ for k = 1 … m with
//! m ≥ 1 − ln(ω_max/ω_min)/ln(a·b); what the series would go on to beyond both ends is R_p = R₁·(1 − a)/a and
//! C_p = C₁·bᵐ/(1 − b). All m series branches, R_p and C_p lie in parallel.

use std::f64::consts::TAU;

use nalgebra::Complex;

/// Most branches of a ladder: fifteen decades at a ripple of one degree.
const MOST_BRANCHES: f64 = 32.0;
/// Frequencies per decade at which a ladder is compared with its element.
const PER_DECADE: f64 = 40.0;

/// Z = 1/(Q·(jω)ⁿ).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cpe {
    /// Q, S·sⁿ.
    pub q: f64,
    /// n, between 0 (a resistor) and 1 (a capacitor).
    pub n: f64,
}

impl Cpe {
    /// Impedance at a frequency (Hz), ohm.
    pub fn impedance(&self, frequency: f64) -> Complex<f64> {
        let size = 1.0 / (self.q * (TAU * frequency).powf(self.n));
        Complex::from_polar(size, -0.5 * std::f64::consts::PI * self.n)
    }
}

/// Why there is no such ladder.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CpeError {
    /// Q is not positive.
    #[error("Q must be above zero, not {0}")]
    Q(f64),
    /// n is not between a resistor and a capacitor.
    #[error("the exponent n must lie between 0 (a resistor) and 1 (a capacitor), both excluded, not {0}")]
    Exponent(f64),
    /// The band is empty or not positive.
    #[error("the band must rise from above zero, not from {0} Hz to {1} Hz")]
    Band(f64, f64),
    /// The ripple is not positive.
    #[error("the phase ripple must be above 0 degrees and at most 10, not {0}")]
    Ripple(f64),
    /// Too many branches.
    #[error("that takes {0:.0} branches, more than 32: narrow the band, or allow more ripple")]
    Branches(f64),
}

/// A ladder: series branches of a resistor and a capacitor, and one of each alone, all in parallel.
#[derive(Debug, Clone, PartialEq)]
pub struct Ladder {
    /// (ohm, farad) of each series branch, slowest first.
    pub branches: Vec<(f64, f64)>,
    /// The resistor alone, ohm.
    pub resistor: f64,
    /// The capacitor alone, F.
    pub capacitor: f64,
}

impl Ladder {
    /// The ladder of a constant-phase element over a band (lowest and highest frequency, Hz) with a phase ripple in degrees.
    ///
    /// # Errors
    /// [`CpeError`] names what cannot be built.
    pub fn new(cpe: &Cpe, band: (f64, f64), ripple: f64) -> Result<Self, CpeError> {
        let (lowest, highest) = band;
        let positive = |value: f64| value.is_finite() && value > 0.0;
        if !positive(cpe.q) {
            return Err(CpeError::Q(cpe.q));
        }
        if !positive(cpe.n) || cpe.n >= 1.0 {
            return Err(CpeError::Exponent(cpe.n));
        }
        if !positive(lowest) || !positive(highest) || highest <= lowest {
            return Err(CpeError::Band(lowest, highest));
        }
        if !positive(ripple) || ripple > 10.0 {
            return Err(CpeError::Ripple(ripple));
        }
        let product = 0.24 / (1.0 + ripple);
        let a = product.powf(cpe.n);
        let b = product / a;
        let count = (1.0 - (highest / lowest).ln() / product.ln()).ceil().max(1.0);
        if count > MOST_BRANCHES {
            return Err(CpeError::Branches(count));
        }
        // R₁ = 1 Ω first; the impedance scales with it.
        let (r1, c1) = (1.0, 1.0 / (TAU * lowest));
        let branches = (0..count as i32).map(|k| (r1 * a.powi(k), c1 * b.powi(k))).collect();
        let unit =
            Self { branches, resistor: r1 * (1.0 - a) / a, capacitor: c1 * b.powi(count as i32) / (1.0 - b) };
        let frequencies = frequencies(band);
        let logarithms =
            frequencies.iter().map(|f| (cpe.impedance(*f).norm() / unit.impedance(*f).norm()).ln());
        let scale = (logarithms.sum::<f64>() / frequencies.len() as f64).exp();
        Ok(Self {
            branches: unit.branches.iter().map(|(r, c)| (r * scale, c / scale)).collect(),
            resistor: unit.resistor * scale,
            capacitor: unit.capacitor / scale,
        })
    }

    /// Impedance at a frequency (Hz), ohm.
    pub fn impedance(&self, frequency: f64) -> Complex<f64> {
        let w = TAU * frequency;
        let branch = |&(r, c): &(f64, f64)| Complex::new(r, -1.0 / (w * c)).inv();
        let series: Complex<f64> = self.branches.iter().map(branch).sum();
        (Complex::new(1.0 / self.resistor, w * self.capacitor) + series).inv()
    }

    /// Largest deviation from the element over a band: of the magnitude as a fraction, of the phase in degrees.
    pub fn error(&self, cpe: &Cpe, band: (f64, f64)) -> (f64, f64) {
        frequencies(band).iter().fold((0.0_f64, 0.0_f64), |(size, phase), f| {
            let ratio = self.impedance(*f) / cpe.impedance(*f);
            (size.max((ratio.norm() - 1.0).abs()), phase.max(ratio.arg().to_degrees().abs()))
        })
    }
}

/// Frequencies over a band, ends included, evenly spaced by their logarithm.
fn frequencies((lowest, highest): (f64, f64)) -> Vec<f64> {
    let steps = ((highest / lowest).log10() * PER_DECADE).ceil().max(1.0);
    (0..=steps as u32).map(|k| lowest * (highest / lowest).powf(f64::from(k) / steps)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_design_is_reproduced() {
        // domain.md 4.5: α 72°, Δφ 1°, 1 Hz to 100 kHz, R₁ 10 kΩ: m = 7, a = 0.183, b = 0.654, R_p 44.5 kΩ, C_p 2.37 µF.
        let cpe = Cpe { q: 5.75e-5, n: 0.8 };
        let ladder = Ladder::new(&cpe, (1.0, 1e5), 1.0).unwrap();
        let scale = 1e4 / ladder.branches[0].0;
        assert_eq!(ladder.branches.len(), 7);
        assert!((ladder.resistor * scale / 44.53e3 - 1.0).abs() < 1e-3, "{}", ladder.resistor * scale);
        assert!((ladder.capacitor / scale / 2.366e-6 - 1.0).abs() < 1e-3);
        assert!((ladder.branches[1].0 / ladder.branches[0].0 - 0.183_38).abs() < 1e-4);
        assert!((ladder.branches[1].1 / ladder.branches[0].1 - 0.654_39).abs() < 1e-4);
        // Q of the scale taken, from an independent evaluation at 30 Hz … 30 kHz: 5.73 to 5.86·10⁻⁵.
        assert!((scale - 1.0).abs() < 0.01, "{scale}");
        // Phase −71.3° to −72.8° over five decades.
        let (size, phase) = ladder.error(&cpe, (1.0, 1e5));
        assert!(phase < 1.0 && size < 0.02, "{size} {phase}");
    }

    #[test]
    fn any_element_is_held_within_its_ripple_over_its_band() {
        for n in [0.5, 0.65, 0.8, 0.9, 0.95] {
            for ripple in [0.5, 1.0, 2.0] {
                let cpe = Cpe { q: 1e-6, n };
                let ladder = Ladder::new(&cpe, (1.0, 1e5), ripple).unwrap();
                // Inside the band; at its very ends half a branch is missing.
                let (size, phase) = ladder.error(&cpe, (3.0, 3e4));
                assert!(phase <= 1.2 * ripple + 0.1, "n {n}, ripple {ripple}: {phase}");
                assert!(size < 0.025 * ripple + 0.01, "n {n}, ripple {ripple}: {size}");
            }
        }
    }

    #[test]
    fn what_cannot_be_built_is_said() {
        let make = |q, n, band, ripple| Ladder::new(&Cpe { q, n }, band, ripple).unwrap_err();
        assert_eq!(make(0.0, 0.8, (1.0, 1e5), 1.0), CpeError::Q(0.0));
        assert_eq!(make(1e-6, 1.0, (1.0, 1e5), 1.0), CpeError::Exponent(1.0));
        assert_eq!(make(1e-6, 1.5, (1.0, 1e5), 1.0), CpeError::Exponent(1.5));
        assert_eq!(make(1e-6, 0.8, (1e5, 1.0), 1.0), CpeError::Band(1e5, 1.0));
        assert_eq!(make(1e-6, 0.8, (1.0, 1e5), 0.0), CpeError::Ripple(0.0));
        assert_eq!(make(1e-6, 0.8, (2.0, 2.0), 1.0), CpeError::Band(2.0, 2.0));
        assert_eq!(make(1e-6, 0.8, (1.0, 1e5), 10.5), CpeError::Ripple(10.5));
        assert_eq!(make(1e-6, 0.8, (0.0, 1e5), 1.0), CpeError::Band(0.0, 1e5));
        assert_eq!(make(1e-6, 0.8, (1.0, f64::INFINITY), 1.0), CpeError::Band(1.0, f64::INFINITY));
        assert!(matches!(make(1e-6, 0.8, (1e-30, 1e30), 1.0), CpeError::Branches(_)));
    }

    #[test]
    fn branches_are_counted_from_the_lowest_frequency() {
        let ladder = |band, ripple| Ladder::new(&Cpe { q: 1e-6, n: 0.5 }, band, ripple).unwrap();
        // 1 − ln(520)/ln(0.12) = 3.95.
        assert_eq!(ladder((20.0, 20.0 * 520.0), 1.0).branches.len(), 4);
        // 28 decades are 31.4: the most there may be.
        assert_eq!(ladder((1e-10, 1e18), 1.0).branches.len(), 32);
        let (r, c) = ladder((20.0, 2e4), 10.0).branches[0];
        assert!((r * c * TAU * 20.0 - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_ladder_of_another_element_is_off_by_the_difference() {
        let cpe = Cpe { q: 1e-6, n: 0.8 };
        let ladder = Ladder::new(&cpe, (1.0, 1e5), 1.0).unwrap();
        let (size, _) = ladder.error(&Cpe { q: 0.5e-6, ..cpe }, (3.0, 3e4));
        assert!((size - 0.5).abs() < 0.02, "half the impedance: {size}");
        let (_, phase) = ladder.error(&Cpe { n: 0.9, ..cpe }, (3.0, 3e4));
        assert!((phase - 9.0).abs() < 1.3, "a tenth of 90 degrees: {phase}");
        // The worst of all, not the last: 1/(jω·Q)ⁿ and a ladder far below its band part at the lowest frequency.
        let (size, phase) = ladder.error(&cpe, (1e-3, 3e4));
        assert!(size > 0.5 && phase > 10.0, "{size} {phase}");
    }

    #[test]
    fn forty_frequencies_a_decade_and_both_ends() {
        let all = frequencies((2.0, 2e3));
        assert_eq!(all.len(), 121);
        assert_eq!(all[0], 2.0);
        assert!((all[120] - 2e3).abs() < 1e-9);
        assert!(all.windows(2).all(|pair| (pair[1] / pair[0] - 10_f64.powf(0.025)).abs() < 1e-12));
    }
}
