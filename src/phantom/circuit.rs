//! A phantom between a stimulator's output stage and a load's relays, solved exactly.

use std::sync::{Arc, Mutex, PoisonError};

use super::output::check;
use super::tails::Tails;
use super::topology::{Topology, return_index};
use super::wiring::Wiring;
use super::{ElementKind, NetworkError, Output, Phantom};

/// Decompositions kept. A bench uses a handful of switch positions.
const CACHED: usize = 64;

/// A source that limits goes on limiting until it is this part below its compliance: without it, rounding would have one
/// that stays at its compliance begin and cease to limit for ever in no time.
pub(super) const RELEASE: f64 = 1e-11;

pub(super) type Cache = Vec<(Wiring, Arc<Topology>)>;

/// What the stimulator's output does.
#[derive(Debug, Clone, PartialEq)]
pub enum Drive {
    /// No current.
    Off,
    /// Current out of the stimulator into each contact, A, in the phantom's order of contacts. The reference contact
    /// takes what the others make it.
    Currents(Vec<f64>),
    /// Currents that change: a constant part and parts that decay.
    Shaped(Shape),
    /// The recharge switch of every contact driven last is closed.
    Recharge,
}

/// Currents into each contact, A, in the phantom's order of contacts: settled + Σ tails.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shape {
    /// What is left when every tail has decayed.
    pub settled: Vec<f64>,
    /// The parts that decay.
    pub tails: Vec<Tail>,
}

/// Currents that decay as exp(−rate·t) from the change of drive on.
#[derive(Debug, Clone, PartialEq)]
pub struct Tail {
    /// 1/s, positive.
    pub rate: f64,
    /// At the change, A.
    pub currents: Vec<f64>,
}

/// A phantom with everything around it. Time is relative: the caller keeps it.
#[derive(Debug, Clone)]
pub struct Circuit {
    pub(super) phantom: Arc<Phantom>,
    pub(super) output: Output,
    /// The phantom's return contact.
    pub(super) home: usize,
    pub(super) wiring: Wiring,
    pub(super) topology: Arc<Topology>,
    /// Decompositions so far; clones share them.
    pub(super) cache: Arc<Mutex<Cache>>,
    /// Voltage of every capacitor: the phantom's, then the series capacitors, then the `vout` inputs.
    pub(super) capacitors: Vec<f64>,
    pub(super) modes: Vec<f64>,
    /// input·u of the present drive.
    pub(super) push: Vec<f64>,
    pub(super) injected: Vec<f64>,
    /// Nominal currents: they decide which contacts are driven and which way their sources limit.
    pub(super) drive: Vec<f64>,
    /// What the sources' currents are besides, while they change.
    pub(super) tails: Option<Box<Tails>>,
    pub(super) leakage: Vec<f64>,
    pub(super) test: Vec<f64>,
    pub(super) driven: Vec<bool>,
    pub(super) recharging: bool,
    pub(super) recharge_stuck: bool,
    pub(super) interlock: bool,
    pub(super) leads: Vec<bool>,
    /// −1, 0 or +1: the rail a source limits at.
    pub(super) rails: Vec<f64>,
    /// Instant (from now) and contact at which a limiter changes, found by [`span`](Self::span).
    pub(super) pending: Option<(f64, usize)>,
    /// The part of its compliance below which a source ceases to limit.
    pub(super) release: f64,
    /// Since a limiter changed, s.
    pub(super) unchanged: f64,
}

impl Circuit {
    /// A relaxed circuit: capacitors empty, interlock and leads closed, drive off.
    ///
    /// # Errors
    /// [`NetworkError`] when a value is not positive or a node does not exist.
    pub fn new(phantom: &Phantom, output: Output) -> Result<Self, NetworkError> {
        check(phantom, &output)?;
        let contacts = phantom.contacts.len();
        let home = return_index(phantom);
        let sensed = usize::from(home == 0);
        let wiring = Wiring {
            closed: vec![true; contacts],
            reference: home,
            sensed,
            recharged: vec![false; contacts],
            limited: vec![false; contacts],
            shorts: Vec::new(),
            leaks: Vec::new(),
            series: None,
        };
        let own = phantom.elements.iter().filter(|element| element.kind == ElementKind::Capacitor).count();
        let topology = Arc::new(Topology::new(phantom, &output, &wiring));
        let mut circuit = Self {
            phantom: Arc::new(phantom.clone()),
            output,
            home,
            cache: Arc::new(Mutex::new(vec![(wiring.clone(), Arc::clone(&topology))])),
            capacitors: vec![0.0; own + 2 * contacts],
            modes: vec![0.0; topology.modes.rates.len()],
            push: Vec::new(),
            injected: Vec::new(),
            topology,
            wiring,
            drive: vec![0.0; contacts],
            tails: None,
            leakage: vec![0.0; contacts],
            test: vec![0.0; contacts],
            driven: (0..contacts).map(|k| k == sensed).collect(),
            recharging: false,
            recharge_stuck: false,
            interlock: true,
            leads: vec![true; contacts],
            rails: vec![0.0; contacts],
            pending: None,
            release: RELEASE,
            unchanged: f64::INFINITY,
        };
        circuit.inject();
        Ok(circuit)
    }

    /// The phantom inside.
    pub fn phantom(&self) -> &Phantom {
        &self.phantom
    }

    /// Index of the contact at the stimulator's ground.
    pub fn reference(&self) -> usize {
        self.wiring.reference
    }

    /// Contacts driven last, without the reference.
    pub fn driven(&self) -> impl Iterator<Item = usize> + '_ {
        self.driven.iter().enumerate().filter(|(_, driven)| **driven).map(|(contact, _)| contact)
    }

    /// Voltage of every capacitor, V: the phantom's in file order, then each contact's series capacitor, then each
    /// contact's `vout` input. Together with the drive and the switches this is the whole state.
    pub fn capacitor_voltages(&self) -> Vec<f64> {
        let mut voltages = self.capacitors.clone();
        self.refresh(&mut voltages);
        voltages
    }

    /// Puts the present voltages over those that capacitors had when the wiring changed last.
    fn refresh(&self, voltages: &mut [f64]) {
        let first_input = voltages.len().saturating_sub(self.drive.len());
        // An input that the guard holds has its lead's voltage.
        for (slot, contact) in voltages.iter_mut().skip(first_input).zip(&self.topology.voltages) {
            *slot = self.evaluate(&contact.lead);
        }
        for (id, of_modes) in self.topology.capacitors.iter().zip(self.topology.modes.capacitors.row_iter()) {
            if let Some(slot) = voltages.get_mut(*id) {
                *slot = of_modes.iter().zip(&self.modes).map(|(weight, mode)| weight * mode).sum();
            }
        }
    }

    /// Puts the state back that [`capacitor_voltages`](Self::capacitor_voltages) gave.
    pub fn set_capacitor_voltages(&mut self, voltages: &[f64]) {
        for (slot, voltage) in self.capacitors.iter_mut().zip(voltages) {
            *slot = *voltage;
        }
        self.restore();
        self.settle();
    }

    /// Chooses the contact at the stimulator's ground for the present currents, and the driven contacts.
    pub(super) fn refer(&mut self) {
        let home = self.home;
        let total: f64 = self.drive.iter().sum();
        let largest = self.drive.iter().map(|current| current.abs()).fold(0.0, f64::max);
        let balanced = total.abs() <= 1e-9 * largest;
        let at_home = self.drive.get(home).copied().unwrap_or(0.0);
        let reference = if at_home == 0.0 && balanced {
            // A program that leaves the return contact out: its largest current returns (the last among equals).
            self.drive.iter().rposition(|current| current.abs() >= largest).unwrap_or(home)
        } else {
            home
        };
        for (k, (driven, current)) in self.driven.iter_mut().zip(&self.drive).enumerate() {
            *driven = *current != 0.0 && k != reference;
        }
        let sensed = self.driven.iter().position(|driven| *driven).unwrap_or(self.wiring.sensed);
        if (reference, sensed) != (self.wiring.reference, self.wiring.sensed) {
            self.rewire(|wiring| {
                wiring.reference = reference;
                wiring.sensed = sensed;
            });
        }
    }

    /// Brings the wiring in line with relays, switches and limiters, then the injected currents.
    pub(super) fn apply(&mut self) {
        let recharging = self.recharging || self.recharge_stuck;
        let closed = self.leads.iter().map(|lead| *lead && self.interlock);
        let recharged = self.driven.iter().map(|driven| *driven && recharging);
        let limited = self.rails.iter().map(|rail| *rail != 0.0);
        let same = closed.clone().eq(self.wiring.closed.iter().copied())
            && recharged.clone().eq(self.wiring.recharged.iter().copied())
            && limited.clone().eq(self.wiring.limited.iter().copied());
        if !same {
            // What the new wiring is given includes what is injected into it.
            let (closed, recharged, limited) = (closed.collect(), recharged.collect(), limited.collect());
            self.rewire(|wiring| {
                wiring.closed = closed;
                wiring.recharged = recharged;
                wiring.limited = limited;
            });
        } else {
            self.inject();
        }
    }

    pub(super) fn inject(&mut self) {
        let modes = &self.topology.modes;
        let mut injected = std::mem::take(&mut self.injected);
        injected.clear();
        injected.resize(modes.direct.nrows(), 0.0);
        let mut add = |node: usize, amperes: f64| {
            if let Some(sum) = injected.get_mut(node) {
                *sum += amperes;
            }
        };
        let contact = |k: usize| self.phantom.contacts.get(k).map_or(0, |(_, node)| *node);
        let home = self.topology.phantom_node(contact(self.home));
        for (k, test) in self.test.iter().enumerate() {
            if k != self.wiring.reference {
                add(self.topology.terminal(k), self.source(k));
                add(self.topology.lead(k), self.leaked(k));
            }
            if *test != 0.0 {
                add(self.topology.phantom_node(contact(k)), *test);
                add(home, -test);
            }
        }
        // Current enters at a node or two.
        self.push.clear();
        self.push.resize(modes.rates.len(), 0.0);
        for (column, amperes) in modes.input.as_slice().chunks(modes.rates.len().max(1)).zip(&injected) {
            if *amperes != 0.0 {
                self.push.iter_mut().zip(column).for_each(|(push, weight)| *push += weight * amperes);
            }
        }
        self.injected = injected;
        self.inject_tails();
    }

    /// Changes the wiring; capacitors keep their voltages (or share their charge where they come to lie in parallel).
    pub(super) fn rewire(&mut self, change: impl FnOnce(&mut Wiring)) {
        let mut voltages = std::mem::take(&mut self.capacitors);
        self.refresh(&mut voltages);
        self.capacitors = voltages;
        change(&mut self.wiring);
        self.topology = self.decomposed();
        self.restore();
    }

    /// The present wiring's decomposition.
    fn decomposed(&self) -> Arc<Topology> {
        // Entries are put in whole, so what a panic left behind is sound.
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = cache.iter().find(|(wiring, _)| *wiring == self.wiring) {
            return Arc::clone(known);
        }
        let topology = Arc::new(Topology::new(&self.phantom, &self.output, &self.wiring));
        if cache.len() >= CACHED {
            cache.clear();
        }
        cache.push((self.wiring.clone(), Arc::clone(&topology)));
        topology
    }

    /// Modes from the capacitors' voltages.
    fn restore(&mut self) {
        let modes = &self.topology.modes;
        self.modes.clear();
        self.modes.resize(modes.rates.len(), 0.0);
        for (id, to_modes) in self.topology.capacitors.iter().zip(modes.from_capacitors.column_iter()) {
            let voltage = self.capacitors.get(*id).copied().unwrap_or(0.0);
            self.modes.iter_mut().zip(&to_modes).for_each(|(mode, weight)| *mode += weight * voltage);
        }
        self.inject();
    }
}
