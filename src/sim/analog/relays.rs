//! The load's relays and its own source.

use crate::phantom::NetworkError;
use crate::signal::MarkerBit;

use super::Analog;

/// Positions the load remembers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Relays {
    /// Access resistance of each contact of the plain phantom, ohm.
    access: Vec<f64>,
    open: Vec<usize>,
    shorts: Vec<(usize, usize)>,
    leaks: Vec<(usize, usize)>,
    /// Between which contacts the parallel resistor of an impedance step lies.
    stepped: Option<(usize, usize)>,
    /// Inputs shorted for a zero.
    pub zero: bool,
}

impl Relays {
    pub(super) fn new(access: Vec<f64>) -> Self {
        Self { access, open: Vec::new(), shorts: Vec::new(), leaks: Vec::new(), stepped: None, zero: false }
    }
}

impl Analog {
    /// Closes (connects stimulator and phantom) or opens the interlock.
    pub fn interlock(&mut self, closed: bool) {
        self.remember();
        self.connected = closed;
        self.change(|analog| analog.circuit.set_interlock(closed));
        self.set_marker(MarkerBit::Interlock, closed);
    }

    /// Opens or closes the lead relay of a contact.
    pub fn open_lead(&mut self, contact: usize, open: bool) {
        self.change(|analog| {
            analog.circuit.open_lead(contact, open);
            analog.relays.open.retain(|other| *other != contact);
            if open {
                analog.relays.open.push(contact);
            }
        });
        let any = !self.relays.open.is_empty();
        self.set_marker(MarkerBit::Lead, any);
    }

    /// Shorts two contacts together, or ends it.
    pub fn short(&mut self, a: usize, b: usize, closed: bool) {
        self.change(|analog| {
            analog.circuit.short(a, b, closed);
            analog.relays.shorts.retain(|other| *other != (a, b) && *other != (b, a));
            if closed {
                analog.relays.shorts.push((a, b));
            }
        });
        let any = !self.relays.shorts.is_empty();
        self.set_marker(MarkerBit::Short, any);
    }

    /// Connects a leakage resistor from contact `a` to contact `b`, or (`None`) takes it away.
    ///
    /// # Errors
    /// [`NetworkError::Part`] when the resistance is not positive.
    pub fn leakage_resistor(&mut self, a: usize, b: usize, ohm: Option<f64>) -> Result<(), NetworkError> {
        let pair = (a.min(b), a.max(b));
        let mut applied = Ok(());
        self.change(|analog| applied = analog.circuit.leak(pair.0, pair.1, ohm));
        applied?;
        self.relays.leaks.retain(|other| *other != pair);
        self.relays.leaks.extend(ohm.map(|_| pair));
        let any = !self.relays.leaks.is_empty();
        self.set_marker(MarkerBit::Leakage, any);
        Ok(())
    }

    /// Makes the access resistance of the driven contact `to` ohm by a resistor in series, or (below the phantom's own)
    /// in parallel; `None` ends it.
    ///
    /// # Errors
    /// [`NetworkError::Part`] when `to` is not positive.
    pub fn impedance_step(&mut self, to: Option<f64>) -> Result<(), NetworkError> {
        let Some(contact) = self.circuit.driven().next() else { return Ok(()) };
        let access = self.relays.access.get(contact).copied().unwrap_or(0.0);
        let reference = self.circuit.reference();
        // The parallel resistor is kept apart from a leakage between the same contacts by its direction.
        let (far, near) = (contact.max(reference), contact.min(reference));
        let series = to.filter(|to| *to > access).map(|to| (contact, to - access));
        let parallel = to.filter(|to| *to < access).map(|to| (1.0 / to - 1.0 / access).recip());
        let before = self.relays.stepped.take();
        let mut applied = Ok(());
        self.change(|analog| {
            let circuit = &mut analog.circuit;
            // Another contact may be driven by now than when that one was put there.
            let removed = before.map_or(Ok(()), |(far, near)| circuit.leak(far, near, None));
            let inserted = removed.and_then(|()| circuit.insert(series));
            applied = inserted.and_then(|()| circuit.leak(far, near, parallel));
        });
        applied?;
        self.relays.stepped = parallel.map(|_| (far, near));
        self.set_marker(MarkerBit::Impedance, to.is_some());
        Ok(())
    }

    /// Closes every lead relay that is open.
    pub fn mend_leads(&mut self) {
        for contact in self.relays.open.clone() {
            self.open_lead(contact, false);
        }
    }

    /// Opens every short relay that is closed.
    pub fn end_shorts(&mut self) {
        for (a, b) in self.relays.shorts.clone() {
            self.short(a, b, false);
        }
    }

    /// Takes every leakage resistor away, which cannot fail: there is no value to refuse.
    pub fn end_leakage(&mut self) {
        for (a, b) in self.relays.leaks.clone() {
            let _removed = self.leakage_resistor(a, b, None);
        }
    }

    /// Shorts the inputs of every channel (they read offset and noise alone), or ends it.
    pub fn zero(&mut self, on: bool) {
        self.change(|analog| analog.relays.zero = on);
        self.set_marker(MarkerBit::Zero, on);
    }

    /// Drives the phantom from the load's own source, from a contact to the phantom's return, A; 0 switches it off.
    pub fn test_source(&mut self, contact: usize, amperes: f64) {
        self.change(|analog| analog.circuit.set_test_source(contact, amperes));
        self.set_marker(MarkerBit::TestSource, amperes != 0.0);
    }
}
