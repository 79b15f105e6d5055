//! One position of all switches: the nodes it makes, its modes, and how each contact's current reads off them.

use super::modes::{Branch, Modes};
use super::{ElementKind, Output, Phantom};

/// Position of every switch of stimulator and load. Equal positions share one decomposition.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wiring {
    /// Lead relay of each contact (and the interlock) conducts.
    pub closed: Vec<bool>,
    /// Contact on the stimulator's own ground.
    pub reference: usize,
    /// Contact whose terminal `vout` senses against the reference.
    pub sensed: usize,
    /// Contacts whose recharge switch is closed.
    pub recharged: Vec<bool>,
    /// Contacts whose source limits its voltage.
    pub limited: Vec<bool>,
    /// Contacts shorted together.
    pub shorts: Vec<(usize, usize)>,
    /// Resistors between two contacts, ohm.
    pub leaks: Vec<(usize, usize, f64)>,
    /// Resistor put in series with a contact's lead, ohm.
    pub series: Option<(usize, f64)>,
}

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

/// Sizes that fix the numbering of nodes and capacitors.
#[derive(Debug, Clone, Copy)]
struct Counts {
    nodes: usize,
    contacts: usize,
}

impl Topology {
    pub fn new(phantom: &Phantom, output: &Output, wiring: &Wiring) -> Self {
        let counts = Counts { nodes: phantom.nodes.len(), contacts: phantom.contacts.len() };
        let contact = |k: usize| phantom.contacts.get(k).map_or(0, |(_, node)| *node);
        let terminal = |k: usize| counts.nodes + k;
        let lead = |k: usize| counts.nodes + counts.contacts + k;
        let ground = lead(wiring.reference);
        let is_closed = |k: usize| wiring.closed.get(k).copied().unwrap_or(false);
        let has = |flags: &[bool], k: usize| flags.get(k).copied().unwrap_or(false);

        let mut merges = Vec::new();
        let mut branches: Vec<(Branch, Option<usize>)> = Vec::new();
        let resistor = |value, from, to| (Branch { kind: ElementKind::Resistor, value, from, to }, None);
        let mut capacitor_id = 0;
        for element in &phantom.elements {
            let branch =
                Branch { kind: element.kind, value: element.value, from: element.from, to: element.to };
            let id = (element.kind == ElementKind::Capacitor).then_some(capacitor_id);
            capacitor_id += usize::from(id.is_some());
            branches.push((branch, id));
        }
        let phantom_capacitors = capacitor_id;
        // What hangs on each contact's stimulator side, to be read back as its lead current.
        let mut upstream: Vec<Vec<Branch>> = vec![Vec::new(); counts.contacts];
        for (k, upstream) in upstream.iter_mut().enumerate() {
            if k != wiring.reference && output.blocking_capacitor > 0.0 {
                let branch = Branch {
                    kind: ElementKind::Capacitor,
                    value: output.blocking_capacitor,
                    from: terminal(k),
                    to: lead(k),
                };
                branches.push((branch, Some(phantom_capacitors + k)));
            } else {
                merges.push((terminal(k), lead(k)));
            }
            match (is_closed(k), wiring.series, output.open_lead) {
                (true, Some((stepped, ohm)), _) if stepped == k => {
                    branches.push(resistor(ohm, lead(k), contact(k)));
                }
                (true, ..) => merges.push((lead(k), contact(k))),
                (false, _, Some(ohm)) => branches.push(resistor(ohm, lead(k), contact(k))),
                (false, _, None) => {}
            }
            if k == wiring.reference {
                continue;
            }
            let mut hang = |branch: Branch, id| {
                upstream.push(branch);
                branches.push((branch, id));
            };
            if has(&wiring.recharged, k) {
                hang(resistor(output.recharge, terminal(k), ground).0, None);
            }
            if has(&wiring.limited, k) {
                hang(resistor(output.limiter, terminal(k), ground).0, None);
            }
            // The load's guard supplies the input while the output is connected.
            let floats = !is_closed(k) || (k == wiring.sensed && !is_closed(wiring.reference));
            if let (true, Some((ohm, farad))) = (floats, output.sense_input) {
                hang(resistor(ohm, lead(k), ground).0, None);
                let input = Branch { kind: ElementKind::Capacitor, value: farad, from: lead(k), to: ground };
                hang(input, Some(phantom_capacitors + counts.contacts + k));
            }
        }
        for &(a, b) in &wiring.shorts {
            branches.push(resistor(output.short, contact(a), contact(b)));
        }
        for &(a, b, ohm) in &wiring.leaks {
            branches.push(resistor(ohm, contact(a), contact(b)));
        }

        let nodes = merge(counts.nodes + 2 * counts.contacts, &merges);
        let at = |node: usize| nodes.get(node).copied().unwrap_or(0);
        let place = |branch: &Branch| Branch { from: at(branch.from), to: at(branch.to), ..*branch };
        // A branch whose ends are the same node carries nothing; its capacitor keeps its charge aside.
        let placed: Vec<(Branch, Option<usize>)> = branches
            .iter()
            .map(|(branch, id)| (place(branch), *id))
            .filter(|(branch, _)| branch.from != branch.to)
            .collect();
        let count = nodes.iter().max().map_or(0, |highest| highest + 1);
        let network: Vec<Branch> = placed.iter().map(|(branch, _)| *branch).collect();
        let references = [at(ground), at(contact(return_index(phantom)))];
        let modes = Modes::new(count, &network, &references);
        let capacitors = placed.iter().filter_map(|(_, id)| *id).collect();
        let (leads, voltages) = (Vec::new(), Vec::new());
        let mut topology = Self { modes, capacitors, nodes: nodes.clone(), leads, voltages, counts };
        let voltages = |k: usize| Voltages {
            source: topology.voltage(at(terminal(k)), at(ground)),
            lead: topology.voltage(at(lead(k)), at(ground)),
            contact: topology.voltage(at(contact(k)), at(contact(wiring.reference))),
        };
        topology.voltages = (0..counts.contacts).map(voltages).collect();
        topology.leads = upstream
            .iter()
            .enumerate()
            .map(|(k, hanging)| {
                if is_closed(k) {
                    let mut reading = topology.zero();
                    for branch in hanging {
                        reading.add(-1.0, &topology.branch_current(&place(branch)));
                    }
                    reading
                } else {
                    output.open_lead.map_or_else(
                        || topology.zero(),
                        |ohm| topology.branch_current(&place(&resistor(ohm, lead(k), contact(k)).0)),
                    )
                }
            })
            .collect();
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

/// Numbers the nodes that remain when pairs are made one: node → compact number.
fn merge(nodes: usize, pairs: &[(usize, usize)]) -> Vec<usize> {
    let mut root: Vec<usize> = (0..nodes).collect();
    for &(a, b) in pairs {
        if let (Some(&a), Some(&b)) = (root.get(a), root.get(b)) {
            let (keep, drop) = (a.min(b), a.max(b));
            root.iter_mut().filter(|value| **value == drop).for_each(|value| *value = keep);
        }
    }
    let mut kept: Vec<usize> = root.clone();
    kept.sort_unstable();
    kept.dedup();
    root.iter().map(|value| kept.binary_search(value).unwrap_or(0)).collect()
}
