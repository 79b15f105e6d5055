//! What can be read off a circuit.

use std::borrow::Cow;

use super::topology::Reading;
use super::{Circuit, Waveform};

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
    /// Voltage across the phantom from a contact to the one at the stimulator's ground, V.
    Contact(usize),
}

impl Circuit {
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
        let voltages = self.topology.voltages.get(contact);
        voltages.map_or(0.0, |at| self.evaluate(&at.source) - self.evaluate(&at.lead))
    }

    /// The closed form of a signal from now until the next change of drive, relays or limiters.
    pub fn waveform(&self, probe: Probe, out: &mut Waveform) {
        let (reading, own) = self.reading(probe);
        out.constant = own + dot(&reading.direct, &self.injected);
        out.slope = 0.0;
        out.decays.clear();
        if let Some(tails) = &self.tails {
            let free = tails.free(&self.modes, &self.push);
            self.unfold(&reading, &free.modes, &free.push, out);
            tails.add(&reading, |currents| self.supplied(probe, currents), out);
        } else {
            self.unfold(&reading, &self.modes, &self.push, out);
        }
    }

    /// Adds the modes' part of a signal: `push` holds from now on.
    fn unfold(&self, reading: &Reading, modes: &[f64], push: &[f64], out: &mut Waveform) {
        let modes = reading.modes.iter().zip(modes).zip(push.iter().zip(&self.topology.modes.rates));
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

    pub(super) fn evaluate(&self, reading: &Reading) -> f64 {
        dot(&reading.direct, &self.injected) + dot(&reading.modes, &self.modes)
    }

    /// The linear part of a signal, and the part that the sources give it directly.
    fn reading(&self, probe: Probe) -> (Cow<'_, Reading>, f64) {
        let of = |contact: usize| self.topology.voltages.get(contact);
        let voltage = match probe {
            Probe::Current(contact) => return self.contact_current(contact),
            Probe::Nodes(plus, minus) => {
                let node = |node| self.topology.phantom_node(node);
                return (Cow::Owned(self.topology.voltage(node(plus), node(minus))), 0.0);
            }
            Probe::Vout => of(self.wiring.sensed).map(|at| &at.lead),
            Probe::Source(contact) => of(contact).map(|at| &at.source),
            Probe::Contact(contact) => of(contact).map(|at| &at.contact),
        };
        (voltage.map(Cow::Borrowed).unwrap_or_default(), 0.0)
    }

    fn contact_current(&self, contact: usize) -> (Cow<'_, Reading>, f64) {
        let closed = |k: usize| self.wiring.closed.get(k).copied().unwrap_or(false);
        let supplied = |k: usize| if closed(k) { self.source(k) + self.leaked(k) } else { 0.0 };
        let mut own = self.test.get(contact).copied().unwrap_or(0.0);
        if contact == self.home {
            own -= self.test.iter().sum::<f64>();
        }
        let isolated = !closed(contact) && self.output.open_lead.is_none();
        if contact != self.wiring.reference || isolated {
            let reading = self.topology.leads.get(contact).map(Cow::Borrowed).unwrap_or_default();
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
        (Cow::Owned(sum), own)
    }

    /// What leaks into the lead of a contact that is not the reference, A. The reference's own leakage comes back through the first
    /// driven lead: through the ground alone it would pass by the phantom.
    pub(super) fn leaked(&self, contact: usize) -> f64 {
        let of = |k: usize| self.leakage.get(k).copied().unwrap_or(0.0);
        let back = if contact == self.wiring.sensed { of(self.wiring.reference) } else { 0.0 };
        of(contact) - back
    }

    /// Current a contact's source injects, with the Norton equivalent of a limiting source.
    pub(super) fn source(&self, contact: usize) -> f64 {
        let at = |values: &[f64]| values.get(contact).copied().unwrap_or(0.0);
        let rail = at(&self.rails);
        let limiter = if rail == 0.0 { 0.0 } else { rail * self.output.compliance / self.output.limiter };
        self.tails.as_ref().map_or(at(&self.drive), |tails| tails.current(contact)) + limiter
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
