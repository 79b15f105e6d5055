//! Sources whose currents change while they drive: a constant part and parts that decay exponentially.
//!
//! A decaying current is one more state of the network, with a closed form of its own: the mode z' = −λz + p·exp(−rt)
//! has the particular solution p/(λ − r)·exp(−rt), so steps stay exact. Constant currents pay nothing for it.

use nalgebra::DVector;

use super::topology::Reading;
use super::{Circuit, Probe, Shape, Waveform};

/// A tail this small, A, has decayed: less than one electron in a second.
const NOTHING: f64 = 1e-19;

/// Currents of the sources while they change.
#[derive(Debug, Clone)]
pub(super) struct Tails {
    settled: Vec<f64>,
    parts: Vec<Part>,
}

/// One tail as it stands now.
#[derive(Debug, Clone)]
struct Part {
    rate: f64,
    currents: Vec<f64>,
    injected: DVector<f64>,
    /// input·injected.
    push: Vec<f64>,
    /// The particular solution: push/(λ − rate).
    forced: Vec<f64>,
}

/// Modes and their push without the tails' part.
pub(super) struct Free {
    pub(super) modes: Vec<f64>,
    pub(super) push: Vec<f64>,
}

impl Tails {
    /// Present current of a contact's source, A.
    pub(super) fn current(&self, contact: usize) -> f64 {
        let at = |currents: &[f64]| currents.get(contact).copied().unwrap_or(0.0);
        at(&self.settled) + self.parts.iter().map(|part| at(&part.currents)).sum::<f64>()
    }

    /// What is left of the modes without the particular solutions.
    pub(super) fn free(&self, modes: &[f64], push: &[f64]) -> Free {
        let (mut modes, mut push) = (modes.to_vec(), push.to_vec());
        for part in &self.parts {
            modes.iter_mut().zip(&part.forced).for_each(|(z, forced)| *z -= forced);
            push.iter_mut().zip(&part.push).for_each(|(push, tail)| *push -= tail);
        }
        Free { modes, push }
    }

    /// Turns the tails' part of a reading, so far counted as constant, into what it is. `own` is what the reading has of
    /// the sources' currents themselves.
    pub(super) fn add(&self, reading: &Reading, own: impl Fn(&[f64]) -> f64, out: &mut Waveform) {
        for part in &self.parts {
            let direct = own(&part.currents) + dot(&reading.direct, part.injected.as_slice());
            out.constant -= direct;
            out.decays.push((part.rate, direct + dot(&reading.modes, &part.forced)));
        }
    }
}

impl Circuit {
    /// Begins changing currents. What decides about return and limits is a contact's settled current or, if that is zero,
    /// the one it begins with.
    pub(super) fn set_shape(&mut self, shape: &Shape) {
        let contacts = self.drive.len();
        let all = |currents: &[f64]| -> Vec<f64> {
            (0..contacts).map(|k| currents.get(k).copied().unwrap_or(0.0)).collect()
        };
        let part = |tail: &super::Tail| Part {
            rate: tail.rate,
            currents: all(&tail.currents),
            injected: DVector::zeros(0),
            push: Vec::new(),
            forced: Vec::new(),
        };
        let tails = Tails { settled: all(&shape.settled), parts: shape.tails.iter().map(part).collect() };
        for (k, (nominal, settled)) in self.drive.iter_mut().zip(&tails.settled).enumerate() {
            *nominal = if *settled == 0.0 { tails.current(k) } else { *settled };
        }
        self.tails = Some(Box::new(tails));
        if self.drive.iter().any(|current| *current != 0.0) {
            self.refer();
        }
    }

    /// Present current of each contact's source, A, limits aside; the reference takes what the others bring.
    pub fn source_currents(&self) -> Vec<f64> {
        let tails = self.tails.as_ref();
        let current = |(k, nominal): (usize, &f64)| tails.map_or(*nominal, |tails| tails.current(k));
        self.drive.iter().enumerate().map(current).collect()
    }

    /// The tails' part in nodes and modes, after the currents or the wiring have changed.
    pub(super) fn inject_tails(&mut self) {
        let Some(mut tails) = self.tails.take() else { return };
        let modes = &self.topology.modes;
        for part in &mut tails.parts {
            part.injected = DVector::zeros(modes.direct.nrows());
            for (k, current) in part.currents.iter().enumerate().filter(|(k, _)| *k != self.wiring.reference)
            {
                if let Some(node) = part.injected.get_mut(self.topology.terminal(k)) {
                    *node += current;
                }
            }
            part.push = (&modes.input * &part.injected).as_slice().to_vec();
            part.rate = apart(part.rate, &modes.rates);
            let forced = |(push, rate): (&f64, &f64)| push / (rate - part.rate);
            part.forced = part.push.iter().zip(&modes.rates).map(forced).collect();
        }
        self.tails = Some(tails);
    }

    /// Before a step: takes the particular solutions out of modes and push.
    pub(super) fn without_tails(&mut self) {
        if let Some(tails) = &self.tails {
            let free = tails.free(&self.modes, &self.push);
            (self.modes, self.push) = (free.modes, free.push);
        }
    }

    /// After a step: the tails have decayed, and their particular solutions with them.
    pub(super) fn with_tails_after(&mut self, seconds: f64) {
        let Some(mut tails) = self.tails.take() else { return };
        for part in &mut tails.parts {
            let factor = (-part.rate * seconds).exp();
            self.modes.iter_mut().zip(&part.forced).for_each(|(z, forced)| *z += forced * factor);
            part.currents.iter_mut().for_each(|current| *current *= factor);
        }
        tails.parts.retain(|part| part.currents.iter().any(|current| current.abs() > NOTHING));
        self.tails = Some(tails);
        self.inject();
    }

    /// What a contact's current has of currents that the sources supply directly.
    pub(super) fn supplied(&self, probe: Probe, currents: &[f64]) -> f64 {
        let Probe::Current(contact) = probe else { return 0.0 };
        let closed = |k: usize| self.wiring.closed.get(k).copied().unwrap_or(false);
        let at = |k: usize| currents.get(k).copied().filter(|_| closed(k)).unwrap_or(0.0);
        match contact == self.wiring.reference {
            false => at(contact),
            true if !closed(contact) && self.output.open_lead.is_none() => 0.0,
            true => -(0..currents.len()).filter(|k| *k != contact).map(at).sum::<f64>(),
        }
    }
}

/// The rate, moved by parts in 1e7 off any mode it coincides with: at a mode the solution would be t·exp(−rt), which the
/// difference of two near rates is to 1e-7.
fn apart(rate: f64, modes: &[f64]) -> f64 {
    const APART: f64 = 1e-7;
    let meets = |rate: f64| modes.iter().any(|mode| (mode - rate).abs() < APART * rate);
    (0..=modes.len())
        .map(|k| rate * (1.0 + 2.0 * APART * k as f64))
        .find(|rate| !meets(*rate))
        .unwrap_or(rate)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::super::golden::rc;
    use super::super::{Drive, Output, Tail};
    use super::*;

    const INTERFACE: Probe = Probe::Nodes(1, 2);

    fn bare() -> Output {
        Output::ideal()
    }

    /// I·(1 + a·exp(−rt)) for 2 mA, 20 %, τ = 10 µs.
    fn overshoot(rate: f64) -> Drive {
        let (current, part) = (2e-3, 0.2);
        let both = |i: f64| vec![i, -i];
        Drive::Shaped(Shape {
            settled: both(current),
            tails: vec![Tail { rate, currents: both(part * current) }],
        })
    }

    #[test]
    fn a_decaying_current_charges_a_leaky_capacitor_as_its_closed_form_says() {
        // C v' + v/R = I(1 + a e^{-rt}), v(0) = 0:
        // v = IR(1 - e^{-t/τ}) + I a/(C (1/τ - r))·(e^{-rt} - e^{-t/τ}).
        let (ohm, farad, rate) = (2e3, 10e-9, 1e5);
        let tau = ohm * farad;
        for pieces in [1, 7, 400] {
            let mut circuit = Circuit::new(&rc(500.0, farad, ohm), bare()).unwrap();
            circuit.set_drive(&overshoot(rate));
            let mut wave = Waveform::default();
            circuit.waveform(INTERFACE, &mut wave);
            let mut outside = Waveform::default();
            circuit.waveform(Probe::Nodes(0, 2), &mut outside);
            let t = 35e-6;
            for _ in 0..pieces {
                circuit.advance(t / f64::from(pieces));
            }
            let exact = 2e-3 * ohm * -(-t / tau).exp_m1()
                + 2e-3 * 0.2 / (farad * (tau.recip() - rate)) * ((-rate * t).exp() - (-t / tau).exp());
            assert!((circuit.value(INTERFACE) / exact - 1.0).abs() < 1e-12, "{pieces}");
            assert!((wave.at(t) / exact - 1.0).abs() < 1e-12);
            let through = 2e-3 * (1.0 + 0.2 * (-rate * t).exp());
            assert!((circuit.value(Probe::Current(0)) / through - 1.0).abs() < 1e-12);
            assert!((circuit.value(Probe::Current(1)) / through + 1.0).abs() < 1e-12);
            let across = exact + 500.0 * through;
            assert!((circuit.value(Probe::Nodes(0, 2)) / across - 1.0).abs() < 1e-12);
            assert!((outside.at(t) / across - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn a_rate_that_meets_a_mode_is_t_times_the_exponential() {
        // r = 1/τ: v = IR(1 - e^{-t/τ}) + I a t/C e^{-t/τ}.
        let (ohm, farad) = (2e3, 10e-9);
        let tau = ohm * farad;
        let mut circuit = Circuit::new(&rc(500.0, farad, ohm), bare()).unwrap();
        circuit.set_drive(&overshoot(tau.recip()));
        let t = 30e-6;
        circuit.advance(t);
        let decayed = (-t / tau).exp();
        let exact = 2e-3 * ohm * (1.0 - decayed) + 2e-3 * 0.2 * t / farad * decayed;
        assert!((circuit.value(INTERFACE) / exact - 1.0).abs() < 1e-6);
    }

    #[test]
    fn the_charge_of_a_tail_stays_on_a_series_capacitor() {
        // No DC path: a mode of rate zero. 2.2 uF holds I·τ(1 - e^{-t/τ}).
        let mut circuit =
            Circuit::new(&rc(500.0, 1e-6, 2e3), Output { compliance: 1e3, ..Output::default() }).unwrap();
        let both = |i: f64| vec![i, -i];
        let tail = Tail { rate: 1e4, currents: both(2e-3) };
        circuit.set_drive(&Drive::Shaped(Shape { settled: both(0.0), tails: vec![tail] }));
        circuit.advance(300e-6);
        let exact = 2e-3 * 1e-4 * -(-3.0_f64).exp_m1() / 2.2e-6;
        assert!(
            (circuit.series_voltage(0) / exact - 1.0).abs() < 1e-9,
            "{} {exact}",
            circuit.series_voltage(0)
        );
        circuit.set_drive(&Drive::Off);
        assert_eq!(circuit.source_currents(), [0.0, 0.0]);
    }
}
