//! Everything a stimulator or a load can do to a circuit from one instant on.

use super::NetworkError;
use super::circuit::{Circuit, Drive};
use super::output::positive;

impl Circuit {
    /// Changes the drive from this instant on. A limiting source stops limiting.
    pub fn set_drive(&mut self, drive: &Drive) {
        self.recharging = *drive == Drive::Recharge;
        self.tails = None;
        match drive {
            Drive::Currents(currents) => {
                for (k, value) in self.drive.iter_mut().enumerate() {
                    *value = currents.get(k).copied().unwrap_or(0.0);
                }
                if self.drive.iter().any(|current| *current != 0.0) {
                    self.refer();
                }
            }
            Drive::Shaped(shape) => self.set_shape(shape),
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
}
