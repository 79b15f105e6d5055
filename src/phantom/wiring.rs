//! What stimulator, load and phantom connect in one position of all switches.

use super::modes::Branch;
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

/// Sizes that fix the numbering of nodes and capacitors.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counts {
    pub(super) nodes: usize,
    pub(super) contacts: usize,
}

/// What a wiring connects, before nodes that are one are made one.
pub(super) struct Connections<'a> {
    phantom: &'a Phantom,
    output: &'a Output,
    wiring: &'a Wiring,
    pub(super) counts: Counts,
    /// Nodes that are one.
    merges: Vec<(usize, usize)>,
    /// Branches between nodes; of a capacitor also its number.
    pub(super) branches: Vec<(Branch, Option<usize>)>,
    /// What hangs on each contact's stimulator side, to be read back as its lead current.
    pub(super) upstream: Vec<Vec<Branch>>,
}

impl<'a> Connections<'a> {
    pub(super) fn new(phantom: &'a Phantom, output: &'a Output, wiring: &'a Wiring) -> Self {
        let counts = Counts { nodes: phantom.nodes.len(), contacts: phantom.contacts.len() };
        let upstream = vec![Vec::new(); counts.contacts];
        let (merges, branches) = (Vec::new(), Vec::new());
        let mut parts = Self { phantom, output, wiring, counts, merges, branches, upstream };
        let capacitors = parts.elements();
        for k in 0..counts.contacts {
            parts.blocking(k, capacitors);
            parts.relay(k);
            if k != wiring.reference {
                parts.hang(k, capacitors);
            }
        }
        let contact = |k: usize| parts.contact(k);
        let shorts =
            wiring.shorts.iter().map(|&(a, b)| (resistor(output.short, contact(a), contact(b)), None));
        let leaks = wiring.leaks.iter().map(|&(a, b, ohm)| (resistor(ohm, contact(a), contact(b)), None));
        let between: Vec<_> = shorts.chain(leaks).collect();
        parts.branches.extend(between);
        parts
    }

    /// Node of a contact in the phantom.
    pub(super) fn contact(&self, k: usize) -> usize {
        self.phantom.contacts.get(k).map_or(0, |(_, node)| *node)
    }

    pub(super) fn terminal(&self, k: usize) -> usize {
        self.counts.nodes + k
    }

    pub(super) fn lead(&self, k: usize) -> usize {
        self.counts.nodes + self.counts.contacts + k
    }

    /// The stimulator's ground.
    pub(super) fn ground(&self) -> usize {
        self.lead(self.wiring.reference)
    }

    pub(super) fn is_closed(&self, k: usize) -> bool {
        self.wiring.closed.get(k).copied().unwrap_or(false)
    }

    /// Node of the decomposition of each node: those that are one have one number.
    pub(super) fn nodes(&self) -> Vec<usize> {
        merge(self.counts.nodes + 2 * self.counts.contacts, &self.merges)
    }

    /// The phantom itself; returns how many capacitors it has.
    fn elements(&mut self) -> usize {
        let mut capacitors = 0;
        for element in &self.phantom.elements {
            let branch =
                Branch { kind: element.kind, value: element.value, from: element.from, to: element.to };
            let number = (element.kind == ElementKind::Capacitor).then_some(capacitors);
            capacitors += usize::from(number.is_some());
            self.branches.push((branch, number));
        }
        capacitors
    }

    /// The series capacitor of a contact, which is numbered behind those of the phantom; the contact at the stimulator's ground has
    /// none.
    fn blocking(&mut self, k: usize, capacitors: usize) {
        let (terminal, lead) = (self.terminal(k), self.lead(k));
        let farad = self.output.blocking_capacitor;
        if k != self.wiring.reference && farad > 0.0 {
            self.branches.push((capacitor(farad, terminal, lead), Some(capacitors + k)));
        } else {
            self.merges.push((terminal, lead));
        }
    }

    /// The lead relay of a contact: closed, closed with a resistor in series, open with a leakage, or open.
    fn relay(&mut self, k: usize) {
        let (lead, contact) = (self.lead(k), self.contact(k));
        let through = match (self.is_closed(k), self.wiring.series) {
            (true, Some((stepped, ohm))) if stepped == k => Some(ohm),
            (true, _) => return self.merges.push((lead, contact)),
            (false, _) => self.output.open_lead,
        };
        self.branches.extend(through.map(|ohm| (resistor(ohm, lead, contact), None)));
    }

    /// What hangs between a contact's lead and ground: recharge switch, limiter, and `vout` input. The load's guard supplies the input
    /// while the output is connected.
    fn hang(&mut self, k: usize, capacitors: usize) {
        let has = |flags: &[bool]| flags.get(k).copied().unwrap_or(false);
        let (terminal, lead, ground) = (self.terminal(k), self.lead(k), self.ground());
        let recharge = has(&self.wiring.recharged).then(|| resistor(self.output.recharge, terminal, ground));
        let limiter = has(&self.wiring.limited).then(|| resistor(self.output.limiter, terminal, ground));
        let floats =
            !self.is_closed(k) || (k == self.wiring.sensed && !self.is_closed(self.wiring.reference));
        let input = self.output.sense_input.filter(|_| floats);
        let number = capacitors + self.counts.contacts + k;
        let hanging = [
            recharge.map(|branch| (branch, None)),
            limiter.map(|branch| (branch, None)),
            input.map(|(ohm, _)| (resistor(ohm, lead, ground), None)),
            input.map(|(_, farad)| (capacitor(farad, lead, ground), Some(number))),
        ];
        for (branch, number) in hanging.into_iter().flatten() {
            self.branches.push((branch, number));
            if let Some(upstream) = self.upstream.get_mut(k) {
                upstream.push(branch);
            }
        }
    }
}

pub(super) fn resistor(value: f64, from: usize, to: usize) -> Branch {
    Branch { kind: ElementKind::Resistor, value, from, to }
}

fn capacitor(value: f64, from: usize, to: usize) -> Branch {
    Branch { kind: ElementKind::Capacitor, value, from, to }
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
