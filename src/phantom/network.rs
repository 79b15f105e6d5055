//! A phantom as data.

use serde::{Deserialize, Serialize};

/// Resistor or capacitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ElementKind {
    /// Ohm.
    Resistor,
    /// Farad.
    Capacitor,
}

/// One element between two nodes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Element {
    /// Which kind.
    pub kind: ElementKind,
    /// Value in force (measured if stated, else nominal), ohm or farad.
    pub value: f64,
    /// Stated tolerance of the nominal, as a fraction; 0 if not stated.
    pub tolerance: f64,
    /// Standard uncertainty of `value` where it was measured (same unit), else `None`.
    pub measured_u: Option<f64>,
    /// Index into [`Phantom::nodes`].
    pub from: usize,
    /// Index into [`Phantom::nodes`].
    pub to: usize,
}

/// A phantom: an R-C network with named contacts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Phantom {
    /// Its name.
    pub name: String,
    /// SHA-256 of its file, hexadecimal.
    pub hash: String,
    /// Node names; the node called `gnd`, if there is one, is the reference.
    pub nodes: Vec<String>,
    /// Contact name → node index, in file order. The first is the default electrode; `case` (else the last) the return.
    pub contacts: Vec<(String, usize)>,
    /// Elements.
    pub elements: Vec<Element>,
    /// Voltage channels: name → (plus, minus) node indices.
    pub senses: Vec<(String, usize, usize)>,
    /// Geometric areas: contact → m².
    pub areas: Vec<(String, f64)>,
    /// Where the values come from.
    pub source: Option<String>,
}

impl Phantom {
    /// The default return contact: `case`, else the last.
    pub fn return_contact(&self) -> &str {
        let case = self.contacts.iter().find(|(name, _)| name == "case");
        case.or(self.contacts.last()).map_or("", |(name, _)| name.as_str())
    }

    /// The node of a contact.
    pub fn node_of(&self, contact: &str) -> Option<usize> {
        self.contacts.iter().find(|(name, _)| name == contact).map(|(_, node)| *node)
    }

    /// The voltage channel of a contact: the one against the return contact, else the first at its node.
    pub fn sense_of(&self, contact: &str) -> Option<&str> {
        let (node, back) = (self.node_of(contact)?, self.node_of(self.return_contact()));
        let at = || self.senses.iter().filter(move |(_, plus, _)| *plus == node);
        let found = at().find(|(_, _, minus)| Some(*minus) == back).or_else(|| at().next());
        found.map(|(name, ..)| name.as_str())
    }

    /// Geometric area of a contact, m².
    pub fn area_of(&self, contact: &str) -> Option<f64> {
        self.areas.iter().find(|(name, _)| name == contact).map(|(_, area)| *area)
    }

    /// Shannon's k of a phase of this charge (C) on a contact: log10 of charge in µC times charge density in µC/cm². `None`
    /// where no area is stated.
    pub fn shannon_k(&self, contact: &str, charge: f64) -> Option<f64> {
        let (charge, area) = (charge * 1e6, self.area_of(contact)? * 1e4);
        Some((charge * charge / area).log10())
    }
}

#[cfg(test)]
mod tests {
    use super::super::golden::rc;

    #[test]
    fn contacts_senses_and_areas_are_found_by_name() {
        let mut phantom = rc(1e3, 1e-6, 1e5);
        phantom.areas = vec![("case".into(), 1e-3), ("e1".into(), 6e-6)];
        phantom.senses = vec![("inner".into(), 0, 1), ("v1".into(), 0, 2)];
        assert_eq!(
            (phantom.return_contact(), phantom.node_of("case"), phantom.node_of("e2")),
            ("case", Some(2), None)
        );
        // Not the first at its node, but the one against the return.
        assert_eq!((phantom.sense_of("e1"), phantom.sense_of("case")), (Some("v1"), None));
        phantom.senses.pop();
        assert_eq!(phantom.sense_of("e1"), Some("inner"));
        assert_eq!((phantom.area_of("e1"), phantom.area_of("e2")), (Some(6e-6), None));
    }

    #[test]
    fn shannons_k_is_that_of_microcoulombs_and_square_centimetres() {
        let mut phantom = rc(1e3, 1e-6, 1e5);
        phantom.areas = vec![("e1".into(), 6e-6)];
        // 0.4 µC on 0.06 cm²: log10(0.4 · 6.667).
        let k = phantom.shannon_k("e1", 0.4e-6).unwrap();
        assert!((k - 0.425_969).abs() < 1e-6, "{k}");
        assert_eq!(phantom.shannon_k("case", 0.4e-6), None);
    }
}
