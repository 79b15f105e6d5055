//! A phantom between a stimulator's output stage and a load's relays, solved exactly.

use std::sync::Arc;

use nalgebra::DVector;

use super::output::{check, positive};
use super::topology::{Reading, Topology, Wiring, return_index};
use super::{ElementKind, NetworkError, Output, Phantom, Waveform};

/// Decompositions kept. A bench uses a handful of switch positions.
const CACHED: usize = 64;
/// Changes of the limiters at one instant; each change is monotone, so this is never reached.
const PASSES: usize = 32;

/// What the stimulator's output does.
#[derive(Debug, Clone, PartialEq)]
pub enum Drive {
    /// No current.
    Off,
    /// Current out of the stimulator into each contact, A, in the phantom's order of contacts. The reference contact
    /// takes what the others make it.
    Currents(Vec<f64>),
    /// The recharge switch of every contact driven last is closed.
    Recharge,
}

/// A signal of the circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// Current out of the stimulator (or the load's test source) into a contact, A. Shorts and leakage resistors
    /// lie on the phantom's side of this reading.
    Current(usize),
    /// Voltage between two nodes of the phantom, V.
    Nodes(usize, usize),
    /// Voltage of the driven lead against the stimulator's ground, on the stimulator's side of the lead relays
    /// and downstream of the series capacitor, V.
    Vout,
    /// Voltage of a contact's source, upstream of its series capacitor, V.
    Source(usize),
}

/// A phantom with everything around it. Time is relative: the caller keeps it.
#[derive(Debug, Clone)]
pub struct Circuit {
    phantom: Phantom,
    output: Output,
    wiring: Wiring,
    topology: Arc<Topology>,
    cache: Vec<(Wiring, Arc<Topology>)>,
    /// Voltage of every capacitor: the phantom's, then the series capacitors, then the `vout` inputs.
    capacitors: Vec<f64>,
    modes: Vec<f64>,
    /// input·u of the present drive.
    push: Vec<f64>,
    injected: DVector<f64>,
    drive: Vec<f64>,
    leakage: Vec<f64>,
    test: Vec<f64>,
    driven: Vec<bool>,
    recharging: bool,
    recharge_stuck: bool,
    interlock: bool,
    leads: Vec<bool>,
    /// −1, 0 or +1: the rail a source limits at.
    rails: Vec<f64>,
    /// Instant (from now) and contact at which a limiter changes, found by [`span`](Self::span).
    pending: Option<(f64, usize)>,
}

impl Circuit {
    /// A relaxed circuit: capacitors empty, interlock and leads closed, drive off.
    ///
    /// # Errors
    /// [`NetworkError`] when a value is not positive or a node does not exist.
    pub fn new(phantom: &Phantom, output: Output) -> Result<Self, NetworkError> {
        check(phantom, &output)?;
        let contacts = phantom.contacts.len();
        let reference = return_index(phantom);
        let sensed = usize::from(reference == 0);
        let wiring = Wiring {
            closed: vec![true; contacts],
            reference,
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
            phantom: phantom.clone(),
            output,
            cache: vec![(wiring.clone(), Arc::clone(&topology))],
            capacitors: vec![0.0; own + 2 * contacts],
            modes: vec![0.0; topology.modes.rates.len()],
            push: Vec::new(),
            injected: DVector::zeros(0),
            topology,
            wiring,
            drive: vec![0.0; contacts],
            leakage: vec![0.0; contacts],
            test: vec![0.0; contacts],
            driven: (0..contacts).map(|k| k == sensed).collect(),
            recharging: false,
            recharge_stuck: false,
            interlock: true,
            leads: vec![true; contacts],
            rails: vec![0.0; contacts],
            pending: None,
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

    /// Changes the drive from this instant on. A limiting source stops limiting.
    pub fn set_drive(&mut self, drive: &Drive) {
        self.recharging = *drive == Drive::Recharge;
        match drive {
            Drive::Currents(currents) => {
                for (k, value) in self.drive.iter_mut().enumerate() {
                    *value = currents.get(k).copied().unwrap_or(0.0);
                }
                if self.drive.iter().any(|current| *current != 0.0) {
                    self.refer();
                }
            }
            Drive::Off | Drive::Recharge => self.drive.fill(0.0),
        }
        self.settle();
    }

    /// A constant current into a contact from the stimulator's supply, downstream of the series capacitor, A.
    pub fn set_leakage(&mut self, contact: usize, amperes: f64) {
        if let Some(value) = self.leakage.get_mut(contact) {
            *value = amperes;
        }
        self.settle();
    }

    /// The load's own source between a contact and the return contact, A; 0 switches it off.
    pub fn set_test_source(&mut self, contact: usize, amperes: f64) {
        if let Some(value) = self.test.get_mut(contact) {
            *value = amperes;
        }
        self.settle();
    }

    /// Holds the recharge switch closed whatever the drive is.
    pub fn set_recharge_stuck(&mut self, closed: bool) {
        self.recharge_stuck = closed;
        self.settle();
    }

    /// Closes (connects stimulator and phantom) or opens the interlock.
    pub fn set_interlock(&mut self, closed: bool) {
        self.interlock = closed;
        self.settle();
    }

    /// Opens or closes the lead relay of a contact.
    pub fn open_lead(&mut self, contact: usize, open: bool) {
        if let Some(closed) = self.leads.get_mut(contact) {
            *closed = !open;
        }
        self.settle();
    }

    /// Closes or opens the short relay between two contacts.
    pub fn short(&mut self, a: usize, b: usize, closed: bool) {
        let pair = (a.min(b), a.max(b));
        let mut shorts = self.wiring.shorts.clone();
        shorts.retain(|other| *other != pair);
        if closed {
            shorts.push(pair);
            shorts.sort_unstable();
        }
        self.rewire(|wiring| wiring.shorts = shorts);
        self.settle();
    }

    /// Connects a resistor between two contacts, replacing one that is there, or (`None`) takes it away.
    ///
    /// # Errors
    /// [`NetworkError::Part`] when `ohm` is not positive.
    pub fn leak(&mut self, a: usize, b: usize, ohm: Option<f64>) -> Result<(), NetworkError> {
        ohm.map_or(Ok(()), |ohm| positive("the leakage resistor", ohm))?;
        let mut leaks = self.wiring.leaks.clone();
        leaks.retain(|(from, to, _)| (*from, *to) != (a, b));
        leaks.extend(ohm.map(|ohm| (a, b, ohm)));
        self.rewire(|wiring| wiring.leaks = leaks);
        self.settle();
        Ok(())
    }

    /// Puts a resistor in series with a contact's lead, or (`None`) takes it out.
    ///
    /// # Errors
    /// [`NetworkError::Part`] when the resistance is not positive.
    pub fn insert(&mut self, series: Option<(usize, f64)>) -> Result<(), NetworkError> {
        series.map_or(Ok(()), |(_, ohm)| positive("the series resistor", ohm))?;
        self.rewire(|wiring| wiring.series = series);
        self.settle();
        Ok(())
    }

    /// Access resistance of a contact against the reference, ohm: the voltage step per step of current, capacitors
    /// taken as shorts, of the network as it is wired now.
    pub fn access_resistance(&self, contact: usize) -> f64 {
        let lead = self.topology.lead(contact);
        self.topology.modes.direct.get((lead, lead)).copied().unwrap_or(0.0)
    }

    /// Time constants of the network as it is wired now, s, longest first; a network without a DC path has one that
    /// is infinite.
    pub fn time_constants(&self) -> impl Iterator<Item = f64> + '_ {
        self.topology.modes.rates.iter().map(|rate| rate.recip())
    }

    /// Longest time constant, s, that the sources of the driven contacts excite in the network as it is wired now;
    /// infinite when a current there charges something for ever (a series capacitor without recharge).
    pub fn slowest_time_constant(&self) -> f64 {
        let input = &self.topology.modes.input;
        let reach = |mode: usize| {
            let driven =
                self.driven().filter_map(|contact| input.get((mode, self.topology.terminal(contact))));
            driven.fold(0.0_f64, |largest, weight| largest.max(weight.abs()))
        };
        let strongest = (0..input.nrows()).map(reach).fold(0.0, f64::max);
        // Modes that only rounding excites (series capacitors of contacts that carry nothing) do not count.
        let slowest = (0..input.nrows()).find(|mode| reach(*mode) > 1e-9 * strongest);
        slowest.and_then(|mode| self.topology.modes.rates.get(mode)).map_or(0.0, |rate| rate.recip())
    }

    /// True while a source limits its voltage.
    pub fn at_compliance(&self) -> bool {
        self.rails.iter().any(|rail| *rail != 0.0)
    }

    /// Voltage of a contact's series capacitor (source minus lead), V; 0 without one.
    pub fn series_voltage(&self, contact: usize) -> f64 {
        self.value(Probe::Source(contact))
            - self.evaluate(&self.topology.voltage(self.topology.lead(contact), self.ground()))
    }

    /// Contacts driven last, without the reference.
    pub fn driven(&self) -> impl Iterator<Item = usize> + '_ {
        self.driven.iter().enumerate().filter(|(_, driven)| **driven).map(|(contact, _)| contact)
    }

    /// Voltage of every capacitor, V: the phantom's in file order, then each contact's series capacitor, then each
    /// contact's `vout` input. Together with the drive and the switches this is the whole state.
    pub fn capacitor_voltages(&self) -> Vec<f64> {
        let mut stored = self.clone();
        stored.store();
        stored.capacitors
    }

    /// Puts the state back that [`capacitor_voltages`](Self::capacitor_voltages) gave.
    pub fn set_capacitor_voltages(&mut self, voltages: &[f64]) {
        for (slot, voltage) in self.capacitors.iter_mut().zip(voltages) {
            *slot = *voltage;
        }
        self.restore();
        self.settle();
    }

    /// How long, at most `limit` seconds, the present waveforms hold: until a source begins or ceases to limit.
    pub fn span(&mut self, limit: f64) -> f64 {
        self.pending = None;
        let mut span = limit;
        let mut wave = Waveform::default();
        for (k, (&current, &rail)) in self.drive.iter().zip(&self.rails).enumerate() {
            let level = self.output.compliance;
            if k == self.wiring.reference || current == 0.0 || !level.is_finite() {
                continue;
            }
            self.waveform(Probe::Source(k), &mut wave);
            let wave = if current < 0.0 { wave.negated() } else { wave.clone() };
            let change =
                if rail == 0.0 { wave.first_above(level, span) } else { wave.first_below(level, span) };
            if let Some(instant) = change.filter(|instant| self.pending.is_none() || *instant < span) {
                span = instant;
                self.pending = Some((instant, k));
            }
        }
        span
    }

    /// Steps by `seconds`, at most the last [`span`](Self::span). Exact for any step.
    pub fn step(&mut self, seconds: f64) {
        for ((z, push), rate) in self.modes.iter_mut().zip(&self.push).zip(&self.topology.modes.rates) {
            if *rate > 0.0 {
                let rest = push / rate;
                *z = rest + (*z - rest) * (-rate * seconds).exp();
            } else {
                *z += push * seconds;
            }
        }
        match self.pending.take() {
            Some((instant, contact)) if instant <= seconds => {
                let sign = self.drive.get(contact).map_or(0.0, |current| current.signum());
                if let Some(rail) = self.rails.get_mut(contact) {
                    *rail = if *rail == 0.0 { sign } else { 0.0 };
                }
                self.apply();
            }
            Some((instant, contact)) => self.pending = Some((instant - seconds, contact)),
            None => {}
        }
    }

    /// Lets `seconds` pass, across everything the limiters do meanwhile.
    pub fn advance(&mut self, seconds: f64) {
        let mut left = seconds;
        while left > 0.0 {
            let span = self.span(left);
            self.step(span);
            left -= span;
        }
    }

    /// The closed form of a signal from now until the next change of drive, relays or limiters.
    pub fn waveform(&self, probe: Probe, out: &mut Waveform) {
        let (reading, own) = self.reading(probe);
        out.constant = own + dot(&reading.direct, self.injected.as_slice());
        out.slope = 0.0;
        out.decays.clear();
        let modes =
            reading.modes.iter().zip(&self.modes).zip(self.push.iter().zip(&self.topology.modes.rates));
        for ((h, z), (push, rate)) in modes {
            if *h == 0.0 {
                continue;
            }
            if *rate > 0.0 {
                let rest = push / rate;
                out.constant += h * rest;
                let coefficient = h * (z - rest);
                if coefficient != 0.0 {
                    out.decays.push((*rate, coefficient));
                }
            } else {
                out.constant += h * z;
                out.slope += h * push;
            }
        }
    }

    /// The present value of a signal.
    pub fn value(&self, probe: Probe) -> f64 {
        let (reading, own) = self.reading(probe);
        own + self.evaluate(&reading)
    }

    fn evaluate(&self, reading: &Reading) -> f64 {
        dot(&reading.direct, self.injected.as_slice()) + dot(&reading.modes, &self.modes)
    }

    /// The linear part of a signal, and the part that the sources give it directly.
    fn reading(&self, probe: Probe) -> (Reading, f64) {
        match probe {
            Probe::Current(contact) => self.contact_current(contact),
            Probe::Nodes(plus, minus) => {
                let node = |node| self.topology.phantom_node(node);
                (self.topology.voltage(node(plus), node(minus)), 0.0)
            }
            Probe::Vout => {
                (self.topology.voltage(self.topology.lead(self.wiring.sensed), self.ground()), 0.0)
            }
            Probe::Source(contact) => {
                (self.topology.voltage(self.topology.terminal(contact), self.ground()), 0.0)
            }
        }
    }

    fn contact_current(&self, contact: usize) -> (Reading, f64) {
        let closed = |k: usize| self.wiring.closed.get(k).copied().unwrap_or(false);
        let supplied = |k: usize| {
            let at = |values: &[f64]| values.get(k).copied().unwrap_or(0.0);
            if closed(k) { self.source(k) + at(&self.leakage) } else { 0.0 }
        };
        let mut own = self.test.get(contact).copied().unwrap_or(0.0);
        if contact == return_index(&self.phantom) {
            own -= self.test.iter().sum::<f64>();
        }
        let isolated = !closed(contact) && self.output.open_lead.is_none();
        if contact != self.wiring.reference || isolated {
            let reading = self.topology.leads.get(contact).cloned().unwrap_or_default();
            let supplied = if contact == self.wiring.reference { 0.0 } else { supplied(contact) };
            return (reading, own + supplied);
        }
        // Kirchhoff: the phantom hangs on its leads alone, so the reference returns what the others bring.
        let mut sum = Reading::default();
        for (k, lead) in self.topology.leads.iter().enumerate().filter(|(k, _)| *k != contact) {
            sum.modes.resize(lead.modes.len(), 0.0);
            sum.direct.resize(lead.direct.len(), 0.0);
            sum.modes.iter_mut().zip(&lead.modes).for_each(|(sum, part)| *sum -= part);
            sum.direct.iter_mut().zip(&lead.direct).for_each(|(sum, part)| *sum -= part);
            own -= supplied(k);
        }
        (sum, own)
    }

    /// Current a contact's source injects, with the Norton equivalent of a limiting source.
    fn source(&self, contact: usize) -> f64 {
        let at = |values: &[f64]| values.get(contact).copied().unwrap_or(0.0);
        let rail = at(&self.rails);
        let limiter = if rail == 0.0 { 0.0 } else { rail * self.output.compliance / self.output.limiter };
        at(&self.drive) + limiter
    }

    fn ground(&self) -> usize {
        self.topology.lead(self.wiring.reference)
    }

    /// Chooses the contact at the stimulator's ground for the present currents, and the driven contacts.
    fn refer(&mut self) {
        let home = return_index(&self.phantom);
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

    /// After a change from outside: which sources limit from this instant on.
    fn settle(&mut self) {
        self.pending = None;
        self.rails.fill(0.0);
        self.apply();
        for _ in 0..PASSES {
            let mut changed = false;
            for k in 0..self.drive.len() {
                let current = self.drive.get(k).copied().unwrap_or(0.0);
                let limits = self.rails.get(k).is_none_or(|rail| *rail != 0.0);
                if k == self.wiring.reference || current == 0.0 || limits {
                    continue;
                }
                if self.value(Probe::Source(k)) * current.signum() > self.output.compliance {
                    if let Some(rail) = self.rails.get_mut(k) {
                        *rail = current.signum();
                    }
                    changed = true;
                }
            }
            if !changed {
                return;
            }
            self.apply();
        }
    }

    /// Brings the wiring in line with relays, switches and limiters, then the injected currents.
    fn apply(&mut self) {
        let closed: Vec<bool> = self.leads.iter().map(|lead| *lead && self.interlock).collect();
        let recharging = self.recharging || self.recharge_stuck;
        let recharged: Vec<bool> = self.driven.iter().map(|driven| *driven && recharging).collect();
        let limited: Vec<bool> = self.rails.iter().map(|rail| *rail != 0.0).collect();
        let same = closed == self.wiring.closed
            && recharged == self.wiring.recharged
            && limited == self.wiring.limited;
        if !same {
            self.rewire(|wiring| {
                wiring.closed = closed;
                wiring.recharged = recharged;
                wiring.limited = limited;
            });
        }
        self.inject();
    }

    fn inject(&mut self) {
        let mut injected = DVector::zeros(self.topology.modes.direct.nrows());
        let mut add = |node: usize, amperes: f64| {
            if let Some(sum) = injected.get_mut(node) {
                *sum += amperes;
            }
        };
        let contact = |k: usize| self.phantom.contacts.get(k).map_or(0, |(_, node)| *node);
        let home = self.topology.phantom_node(contact(return_index(&self.phantom)));
        for (k, (leakage, test)) in self.leakage.iter().zip(&self.test).enumerate() {
            if k != self.wiring.reference {
                add(self.topology.terminal(k), self.source(k));
                add(self.topology.lead(k), *leakage);
            }
            add(self.topology.phantom_node(contact(k)), *test);
            add(home, -test);
        }
        self.push = (&self.topology.modes.input * &injected).as_slice().to_vec();
        self.injected = injected;
    }

    /// Changes the wiring; capacitors keep their voltages (or share their charge where they come to lie in parallel).
    fn rewire(&mut self, change: impl FnOnce(&mut Wiring)) {
        self.store();
        change(&mut self.wiring);
        let known = self.cache.iter().find(|(wiring, _)| *wiring == self.wiring);
        self.topology = match known {
            Some((_, topology)) => Arc::clone(topology),
            None => {
                let topology = Arc::new(Topology::new(&self.phantom, &self.output, &self.wiring));
                if self.cache.len() >= CACHED {
                    self.cache.clear();
                }
                self.cache.push((self.wiring.clone(), Arc::clone(&topology)));
                topology
            }
        };
        self.restore();
    }

    /// Modes from the capacitors' voltages.
    fn restore(&mut self) {
        let present = self.topology.capacitors.iter();
        let voltages = present.map(|id| self.capacitors.get(*id).copied().unwrap_or(0.0));
        let voltages = DVector::from_iterator(self.topology.capacitors.len(), voltages);
        self.modes = (&self.topology.modes.from_capacitors * voltages).as_slice().to_vec();
        self.inject();
    }

    /// Writes the capacitors' voltages back.
    fn store(&mut self) {
        let contacts = self.drive.len();
        let first_input = self.capacitors.len() - contacts;
        // An input that the guard holds has its lead's voltage.
        let held: Vec<f64> = (0..contacts)
            .map(|k| self.evaluate(&self.topology.voltage(self.topology.lead(k), self.ground())))
            .collect();
        for (voltage, held) in self.capacitors.iter_mut().skip(first_input).zip(held) {
            *voltage = held;
        }
        let voltages = &self.topology.modes.capacitors * DVector::from_column_slice(&self.modes);
        for (id, voltage) in self.topology.capacitors.iter().zip(voltages.iter()) {
            if let Some(slot) = self.capacitors.get_mut(*id) {
                *slot = *voltage;
            }
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
