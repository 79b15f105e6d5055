//! From the true signals of the bench to the volts at a socket, and to the codes of an eight-bit converter.

use crate::phantom::Phantom;
use crate::rig::{Channel, Input};
use crate::signal::Sensed;

/// Limits of error of a scope that does not state them, of its class: gain, and the offset as a part of full scale and in V.
const GAIN: f64 = 0.03;
const OFFSET: (f64, f64) = (0.025, 2e-3);
/// Noise of a sample, levels of the converter.
const NOISE: f64 = 0.35;
/// A bench that does not say how it is wired: the first contact's current across this, ohm, and the output's voltage.
const SHUNT: f64 = 100.0;

/// A true signal and what a socket sees of it, V per A or V.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Term {
    pub(super) name: String,
    pub(super) quantity: Sensed,
    pub(super) factor: f64,
}

/// What is plugged into a socket, and how far its own channel is off.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Socket {
    pub(super) terms: Vec<Term>,
    /// Limits of error.
    gain: f64,
    offset: Option<f64>,
    seed: u64,
}

impl Socket {
    /// The four sockets as the rig file wires them.
    pub(super) fn all(channels: &[Channel], phantom: &Phantom, seed: u64) -> [Self; 4] {
        let mut sockets: [Self; 4] = Default::default();
        for (index, socket) in sockets.iter_mut().enumerate() {
            (socket.gain, socket.seed) = (GAIN, seed.wrapping_mul(31).wrapping_add(index as u64 + 1));
        }
        let mut plug = |terminal: &str, terms: Vec<Term>, channel: Option<&Channel>| {
            let number = terminal.trim_start_matches(|c: char| !c.is_ascii_digit()).parse::<usize>();
            let index = number.ok().and_then(|number| number.checked_sub(1));
            let Some(socket) = index.and_then(|index| sockets.get_mut(index)) else { return };
            socket.terms = terms;
            if let Some(accuracy) = channel.map(|channel| channel.accuracy) {
                socket.gain = accuracy.reading.unwrap_or(GAIN);
                socket.offset = accuracy.offset;
            }
        };
        if channels.is_empty() {
            if let Some((name, _)) = phantom.contacts.first() {
                plug("CH1", vec![current(name, SHUNT)], None);
            }
            plug("CH2", vec![voltage("vout", 1.0)], None);
        }
        for channel in channels {
            let name = channel.name.as_str();
            let own = channel.factor().recip();
            let terminal = channel.terminal.as_deref().unwrap_or_default();
            match (&channel.input, channel.quantity) {
                // The shunt lies in the lead, so that both ends carry the output's voltage.
                (Input::Differential { plus, minus, .. }, Sensed::Current) => {
                    plug(plus, vec![voltage("vout", channel.probe.recip())], Some(channel));
                    let drop = current(name, -own);
                    plug(minus, vec![voltage("vout", channel.probe.recip()), drop], Some(channel));
                }
                (Input::Differential { plus, minus, .. }, Sensed::Voltage) => {
                    plug(plus, vec![voltage(name, own)], Some(channel));
                    plug(minus, Vec::new(), Some(channel));
                }
                (_, Sensed::Current) => plug(terminal, vec![current(name, own)], Some(channel)),
                (_, Sensed::Voltage) => plug(terminal, vec![voltage(name, own)], Some(channel)),
            }
        }
        sockets
    }

    /// The code of `volts` on a range: `level` volts per level, `zero` the level of 0 V.
    pub(super) fn code(&self, volts: f64, sample: u64, level: f64, zero: f64) -> u8 {
        let full = 100.0 * level;
        let limit = self.offset.unwrap_or(OFFSET.0 * full + OFFSET.1);
        // Drawn once for a bench, well inside what is stated.
        let gain = 0.8 * self.gain * even(self.seed, u64::MAX);
        let offset = 0.8 * limit * even(self.seed, u64::MAX - 1);
        let noise = NOISE * normal(self.seed, sample);
        ((volts * (1.0 + gain) + offset) / level + zero + noise).round().clamp(0.0, 255.0) as u8
    }
}

fn current(name: &str, factor: f64) -> Term {
    Term { name: name.to_owned(), quantity: Sensed::Current, factor }
}

fn voltage(name: &str, factor: f64) -> Term {
    Term { name: name.to_owned(), quantity: Sensed::Voltage, factor }
}

/// A number in 0..1 for each counter (splitmix64).
fn uniform(seed: u64, counter: u64) -> f64 {
    let mut z = seed.wrapping_add(counter.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

fn even(seed: u64, counter: u64) -> f64 {
    2.0 * uniform(seed, counter) - 1.0
}

/// Box and Muller.
fn normal(seed: u64, sample: u64) -> f64 {
    let (a, b) = (uniform(seed, 2 * sample), uniform(seed, 2 * sample + 1));
    (-2.0 * (1.0 - a).ln()).sqrt() * (std::f64::consts::TAU * b).cos()
}
