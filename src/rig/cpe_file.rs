//! A phantom file for an electrode with a constant-phase interface.

use crate::phantom::{Cpe, CpeError, Ladder};
use crate::quantity::{Dimension, engineering};

/// What a phantom with a constant-phase interface is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct CpePhantom {
    /// Its name.
    pub name: String,
    /// Resistance between the contact and its interface, ohm.
    pub access: f64,
    /// The interface.
    pub cpe: Cpe,
    /// Band over which the ladder holds, Hz.
    pub band: (f64, f64),
    /// Phase ripple of the ladder's design, degrees.
    pub ripple: f64,
}

impl CpePhantom {
    /// The phantom's file, with where its values come from.
    ///
    /// # Errors
    /// [`CpeError`] as [`Ladder::new`].
    pub fn to_yaml(&self) -> Result<String, CpeError> {
        use std::fmt::Write;
        let Self { name, access, cpe, band, ripple } = self;
        let ladder = Ladder::new(cpe, *band, *ripple)?;
        let (size, phase) = ladder.error(cpe, *band);
        let text =
            |value: f64, dimension| engineering(value, dimension, 5).replace('Ω', "ohm").replace('µ', "u");
        let ohm = |value| text(value, Dimension::Resistance);
        let farad = |value| text(value, Dimension::Capacitance);
        let hertz = |value| text(value, Dimension::Frequency);
        let (lowest, highest) = (hertz(band.0), hertz(band.1));
        let mut out = String::new();
        let mut element = String::new();
        for (k, (r, c)) in ladder.branches.iter().enumerate() {
            let k = k + 1;
            let _ = writeln!(element, "  - {{ r: {}, from: b, to: c{k}, tolerance: 1 % }}", ohm(*r));
            let _ = writeln!(element, "  - {{ c: {}, from: c{k}, to: gnd, tolerance: 1 % }}", farad(*c));
        }
        let _ = write!(
            out,
            "# A metal electrode whose interface keeps its phase: Z = 1/(Q (jw)^n), Q = {:.4e} S s^n, n = {}, as a ladder of {} branches.\n\
             # From {lowest} to {highest} it is within {:.1} % of the magnitude and {:.1} degrees of the phase.\n\
             version: 1\nname: {name}\ncontacts: {{ e1: a, case: gnd }}\nelements:\n\
             \x20 - {{ r: {}, from: a, to: b, tolerance: 0.1 % }}      # access resistance\n",
            cpe.q,
            cpe.n,
            ladder.branches.len(),
            size * 100.0,
            phase,
            ohm(*access)
        );
        let _ = write!(
            out,
            "{element}  - {{ r: {}, from: b, to: gnd, tolerance: 1 % }}      # what the series would go on to at low frequencies\n\
             \x20 - {{ c: {}, from: b, to: gnd, tolerance: 1 % }}      # and at high ones\n\
             sense: {{ v1: [a, gnd] }}\n\
             source: \"Valsa, Dvorak and Friedl 2011 (Radioengineering 20(3)): alpha {} deg, ripple {} deg, {lowest} to {highest}\"\n",
            ohm(ladder.resistor),
            farad(ladder.capacitor),
            (90e6 * cpe.n).round() / 1e6,
            ripple,
        );
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::{builtin_phantom, read_phantom};
    use crate::source::Source;

    /// What `fixtures/phantoms/cpe-ladder.yaml` was made from.
    fn shipped() -> CpePhantom {
        CpePhantom {
            name: "cpe-ladder".to_owned(),
            access: 450.0,
            cpe: Cpe { q: 2.9e-5, n: 0.8 },
            band: (1.0, 1e5),
            ripple: 1.0,
        }
    }

    #[test]
    fn the_shipped_ladder_is_the_one_this_makes() {
        let (path, text) = builtin_phantom("cpe-ladder").unwrap();
        let made = shipped().to_yaml().unwrap();
        // Its lines about the contact's area and the choice of Q are its own.
        let own = |line: &&str| !line.starts_with("area:") && !line.starts_with("# Q");
        assert_eq!(text.lines().filter(own).collect::<Vec<_>>(), made.lines().collect::<Vec<_>>(), "{path}");
    }

    /// A step of current into Z = 1/(Q·(jω)ⁿ) raises v = I·tⁿ/(Q·Γ(1 + n)): the file, read and solved, against that.
    #[test]
    fn the_shipped_ladder_answers_a_step_like_its_element() {
        use crate::phantom::{Circuit, Drive, Output, Probe};
        let (path, text) = builtin_phantom("cpe-ladder").unwrap();
        let phantom = read_phantom(&Source::new(path, text)).unwrap();
        let output = Output { compliance: f64::INFINITY, blocking_capacitor: 0.0, ..Output::default() };
        let mut circuit = Circuit::new(&phantom, output).unwrap();
        circuit.set_drive(&Drive::Currents(vec![1e-3, -1e-3]));
        let (across, Cpe { q, n }) = (phantom.senses[0].clone(), shipped().cpe);
        let mut now = 0.0;
        for t in [1e-5, 3e-5, 1e-4, 2e-4, 1e-3, 1e-2] {
            circuit.advance(t - now);
            now = t;
            let interface = circuit.value(Probe::Nodes(across.1, across.2)) - 0.45;
            let exact = 1e-3 * t.powf(n) / (q * statrs::function::gamma::gamma(1.0 + n));
            assert!((interface / exact - 1.0).abs() < 0.01, "{t}: {interface} {exact}");
        }
    }

    #[test]
    fn a_file_that_was_made_can_be_read_and_is_the_ladder() {
        let asked = CpePhantom { band: (0.1, 1e6), ripple: 0.7, ..shipped() };
        let text = asked.to_yaml().unwrap();
        let phantom = read_phantom(&Source::new("made.yaml", &text)).unwrap();
        let ladder = Ladder::new(&asked.cpe, asked.band, asked.ripple).unwrap();
        assert_eq!(phantom.elements.len(), 2 * ladder.branches.len() + 3);
        for (k, (r, c)) in ladder.branches.iter().enumerate() {
            assert!((phantom.elements[2 * k + 1].value / r - 1.0).abs() < 1e-4);
            assert!((phantom.elements[2 * k + 2].value / c - 1.0).abs() < 1e-4);
        }
    }
}
