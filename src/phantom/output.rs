//! What the stimulator's output stage and the load's relays add to a phantom.

use serde::{Deserialize, Serialize};

use super::{ElementKind, Phantom};

/// Parts around a phantom. The defaults are those of the default bench.
///
/// Every contact has its own current source, referred to the contact at the stimulator's ground (the phantom's return
/// contact, or, when a program leaves that contact out, the contact with its largest current). Every contact but
/// that one has its own series capacitor and recharge switch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// Largest voltage of a source, V, either sign; infinite for none.
    pub compliance: f64,
    /// Output resistance while the source limits, ohm: the excess current i makes i·limiter on top of `compliance`.
    pub limiter: f64,
    /// Series capacitor, F; 0 for none.
    pub blocking_capacitor: f64,
    /// Resistance of the recharge switch, ohm. It lies upstream of the series capacitor.
    pub recharge: f64,
    /// Resistance of a lead relay that is open, ohm; `None` insulates.
    pub open_lead: Option<f64>,
    /// Resistance of a short relay that is closed, ohm.
    pub short: f64,
    /// The load's `vout` input: ohm, farad. A guard supplies it while the lead is closed, so it loads only a
    /// floating output; `None` leaves it out altogether.
    pub sense_input: Option<(f64, f64)>,
}

impl Default for Output {
    fn default() -> Self {
        Self {
            compliance: 15.0,
            limiter: 1.0,
            blocking_capacitor: 2.2e-6,
            recharge: 200.0,
            open_lead: None,
            short: 1e-3,
            sense_input: Some((1e6, 100e-12)),
        }
    }
}

impl Output {
    /// Sources that nothing limits, without a series capacitor and with no input on them: a phantom by itself.
    pub fn ideal() -> Self {
        Self { compliance: f64::INFINITY, blocking_capacitor: 0.0, sense_input: None, ..Self::default() }
    }
}

/// Why a network cannot be solved.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NetworkError {
    /// A resistor or capacitor of zero, negative or no value.
    #[error(
        "element {index} of phantom {phantom} must be positive and finite, not {value}: correct its value"
    )]
    Element {
        /// The phantom's name.
        phantom: String,
        /// Counting from 1 in file order.
        index: usize,
        /// Ohm or farad.
        value: f64,
    },
    /// An element or contact at a node that does not exist.
    #[error("phantom {phantom} has no node {node}: it has {count}")]
    Node {
        /// The phantom's name.
        phantom: String,
        /// Index asked for.
        node: usize,
        /// Nodes there are.
        count: usize,
    },
    /// Fewer than two contacts.
    #[error("phantom {phantom} needs two contacts to carry a current, it has {count}")]
    Contacts {
        /// The phantom's name.
        phantom: String,
        /// Contacts there are.
        count: usize,
    },
    /// A part around the phantom is not a positive value.
    #[error("{part} must be positive and finite, not {value}")]
    Part {
        /// Which.
        part: &'static str,
        /// Ohm or farad.
        value: f64,
    },
}

/// A value that can be solved with.
pub(super) fn positive(part: &'static str, value: f64) -> Result<(), NetworkError> {
    if value.is_finite() && value > 0.0 { Ok(()) } else { Err(NetworkError::Part { part, value }) }
}

/// Checks everything a decomposition relies on.
pub(super) fn check(phantom: &Phantom, output: &Output) -> Result<(), NetworkError> {
    let name = || phantom.name.clone();
    let count = phantom.nodes.len();
    if phantom.contacts.len() < 2 {
        return Err(NetworkError::Contacts { phantom: name(), count: phantom.contacts.len() });
    }
    let ends = phantom.elements.iter().flat_map(|element| [element.from, element.to]);
    let contacts = phantom.contacts.iter().map(|(_, node)| *node);
    let senses = phantom.senses.iter().flat_map(|(_, plus, minus)| [*plus, *minus]);
    if let Some(node) = ends.chain(contacts).chain(senses).find(|node| *node >= count) {
        return Err(NetworkError::Node { phantom: name(), node, count });
    }
    for (index, element) in phantom.elements.iter().enumerate() {
        let usable = match element.kind {
            ElementKind::Resistor | ElementKind::Capacitor => {
                element.value.is_finite() && element.value > 0.0
            }
        };
        if !usable {
            return Err(NetworkError::Element { phantom: name(), index: index + 1, value: element.value });
        }
    }
    positive("the limiter's resistance", output.limiter)?;
    positive("the recharge switch's resistance", output.recharge)?;
    positive("the short relay's resistance", output.short)?;
    output.open_lead.map_or(Ok(()), |ohm| positive("the open lead's resistance", ohm))?;
    let (ohm, farad) = output.sense_input.unwrap_or((1.0, 1.0));
    positive("the sense input's resistance", ohm)?;
    positive("the sense input's capacitance", farad)
}
