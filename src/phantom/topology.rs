//! One position of all switches: the nodes it makes, its modes, and how each contact's current reads off them.

use super::modes::{Branch, Modes};
use super::wiring::{Connections, Counts, Wiring, resistor};
use super::{ElementKind, Output, Phantom};

/// A linear reading y = modes·z + direct·u.
#[derive(Debug, Clone, Default)]
pub(super) struct Reading {
    pub modes: Vec<f64>,
    pub direct: Vec<f64>,
}

impl Reading {
    fn add(&mut self, scale: f64, other: &Self) {
        for (mine, theirs) in self.modes.iter_mut().zip(&other.modes) {
            *mine += scale * theirs;
        }
        for (mine, theirs) in self.direct.iter_mut().zip(&other.direct) {
            *mine += scale * theirs;
        }
    }
}

/// Voltages of a contact against the one at the stimulator's ground.
#[derive(Debug)]
pub(super) struct Voltages {
    /// Of its source, upstream of the series capacitor.
    pub source: Reading,
    /// Of its lead, between series capacitor and lead relay.
    pub lead: Reading,
    /// Of its node in the phantom.
    pub contact: Reading,
}

/// A wiring, decomposed.
#[derive(Debug)]
pub(super) struct Topology {
    pub modes: Modes,
    /// Capacitors present, by their number in the circuit.
    pub capacitors: Vec<usize>,
    /// Node (of the decomposition) of each phantom node, then terminal, then lead.
    nodes: Vec<usize>,
    /// What leaves each contact's lead on the stimulator's side again (through recharge switch, limiter, vout input);
    /// for an open lead, the current through its leakage.
    pub leads: Vec<Reading>,
    /// Of each contact.
    pub voltages: Vec<Voltages>,
    counts: Counts,
}

impl Topology {
    pub fn new(phantom: &Phantom, output: &Output, wiring: &Wiring) -> Self {
        let parts = Connections::new(phantom, output, wiring);
        let counts = parts.counts;
        let nodes = parts.nodes();
        let at = |node: usize| nodes.get(node).copied().unwrap_or(0);
        let place = |branch: &Branch| Branch { from: at(branch.from), to: at(branch.to), ..*branch };
        // A branch whose ends are the same node carries nothing; its capacitor keeps its charge aside.
        let placed = parts.branches.iter().map(|(branch, number)| (place(branch), *number));
        let (network, numbers): (Vec<Branch>, Vec<Option<usize>>) =
            placed.filter(|(branch, _)| branch.from != branch.to).unzip();
        let count = nodes.iter().max().map_or(0, |highest| highest + 1);
        let references = [at(parts.ground()), at(parts.contact(return_index(phantom)))];
        let modes = Modes::new(count, &network, &references);
        let capacitors = numbers.into_iter().flatten().collect();
        let (leads, voltages) = (Vec::new(), Vec::new());
        let mut topology = Self { modes, capacitors, nodes: nodes.clone(), leads, voltages, counts };
        let reference = at(parts.contact(wiring.reference));
        let voltages = |k: usize| Voltages {
            source: topology.voltage(at(parts.terminal(k)), at(parts.ground())),
            lead: topology.voltage(at(parts.lead(k)), at(parts.ground())),
            contact: topology.voltage(at(parts.contact(k)), reference),
        };
        topology.voltages = (0..counts.contacts).map(voltages).collect();
        let lead = |(k, hanging): (usize, &Vec<Branch>)| {
            let mut reading = topology.zero();
            if parts.is_closed(k) {
                hanging.iter().for_each(|branch| reading.add(-1.0, &topology.branch_current(&place(branch))));
            } else if let Some(ohm) = output.open_lead {
                reading = topology.branch_current(&place(&resistor(ohm, parts.lead(k), parts.contact(k))));
            }
            reading
        };
        topology.leads = parts.upstream.iter().enumerate().map(lead).collect();
        topology
    }

    /// Node of the decomposition of a phantom node.
    pub fn phantom_node(&self, node: usize) -> usize {
        self.nodes.get(node).copied().unwrap_or(0)
    }

    /// Node of the stimulator's terminal, upstream of the series capacitor.
    pub fn terminal(&self, contact: usize) -> usize {
        self.phantom_node(self.counts.nodes + contact)
    }

    /// Node of the lead, between series capacitor and lead relay.
    pub fn lead(&self, contact: usize) -> usize {
        self.phantom_node(self.counts.nodes + self.counts.contacts + contact)
    }

    /// Voltage between two nodes of the decomposition.
    pub fn voltage(&self, plus: usize, minus: usize) -> Reading {
        let difference = |matrix: &nalgebra::DMatrix<f64>| {
            matrix.row(plus).iter().zip(matrix.row(minus).iter()).map(|(a, b)| a - b).collect()
        };
        Reading { modes: difference(&self.modes.voltage), direct: difference(&self.modes.direct) }
    }

    /// Current from `from` to `to` through a branch.
    fn branch_current(&self, branch: &Branch) -> Reading {
        let voltage = self.voltage(branch.from, branch.to);
        let mut current = self.zero();
        match branch.kind {
            ElementKind::Resistor => current.add(1.0 / branch.value, &voltage),
            ElementKind::Capacitor => {
                // C·dv/dt with z' = −λ z + input·u; the drive itself is constant.
                for ((out, h), rate) in current.modes.iter_mut().zip(&voltage.modes).zip(&self.modes.rates) {
                    *out = -branch.value * rate * h;
                }
                for (out, column) in current.direct.iter_mut().zip(self.modes.input.column_iter()) {
                    *out = branch.value * column.iter().zip(&voltage.modes).map(|(b, h)| b * h).sum::<f64>();
                }
            }
        }
        current
    }

    fn zero(&self) -> Reading {
        Reading { modes: vec![0.0; self.modes.rates.len()], direct: vec![0.0; self.modes.direct.nrows()] }
    }
}

/// Index of the phantom's return contact.
pub(super) fn return_index(phantom: &Phantom) -> usize {
    let name = phantom.return_contact();
    phantom.contacts.iter().position(|(contact, _)| contact == name).unwrap_or(0)
}
