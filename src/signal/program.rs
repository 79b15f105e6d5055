//! Stimulation parameters.

use serde::{Deserialize, Serialize};

/// Sign of a phase at its contact: anodic current flows out of the stimulator into the contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Polarity {
    /// Negative at the contact.
    #[default]
    Cathodic,
    /// Positive at the contact.
    Anodic,
}

impl Polarity {
    /// −1 for cathodic, +1 for anodic.
    pub fn sign(self) -> f64 {
        match self {
            Self::Cathodic => -1.0,
            Self::Anodic => 1.0,
        }
    }
}

/// The order and number of phases in a pulse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Waveform {
    /// A leading phase and an active recovery of opposite sign.
    #[default]
    Biphasic,
    /// A leading phase only; recovery passive or absent.
    Monophasic,
    /// ½, −1, ½ of the amplitude, equal widths.
    Triphasic,
    /// One phase per half period, polarity alternating.
    Alternating,
}

/// How the charge of the leading phase is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub enum Recovery {
    /// Same amplitude and width, opposite sign.
    #[default]
    Mirrored,
    /// A k-th of the amplitude for k times the width.
    Ratio(f64),
    /// The recharge switch closed for this long (s), after each pulse or, with `per_burst`, after each burst.
    Passive {
        /// Seconds the switch is closed.
        duration: f64,
        /// After the last pulse of a burst only.
        per_burst: bool,
    },
    /// Not at all.
    None,
}

/// How a ramp grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Law {
    /// Amplitude A·(n+½)·Tp/t.
    #[default]
    Linear,
    /// Amplitude A·sin(π/2·(n+½)·Tp/t).
    QuarterSine,
    /// Width W·(n+½)·Tp/t at constant amplitude.
    Width,
}

/// Growth after each start.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ramp {
    /// Seconds from the first pulse to the plateau.
    pub up: f64,
    /// Its shape.
    pub law: Law,
}

/// Groups of pulses.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Burst {
    /// Pulses in each burst.
    pub pulses: u32,
    /// Pulses per second within the burst, Hz.
    pub rate: f64,
}

/// Stimulation switched on and off by the stimulator itself.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cycle {
    /// Seconds on.
    pub on_time: f64,
    /// Seconds off.
    pub off_time: f64,
}

/// A contact's signed part of the leading phase when cathodic (−1 is all of the cathodic current).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// Contact name, as in the phantom.
    pub contact: String,
    /// Signed fraction.
    pub share: f64,
}

/// How long the stimulator runs by itself once started.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub enum Run {
    /// Until stopped.
    #[default]
    UntilStopped,
    /// Emits the pulses whose start t is below this many seconds.
    Duration(f64),
    /// Emits this many pulses.
    Pulses(u64),
}

/// Everything that is programmed into a stimulator. Times in seconds, currents in ampere, rates in hertz.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// Number and order of phases.
    pub waveform: Waveform,
    /// Sign of the leading phase.
    pub leading: Polarity,
    /// Magnitude of the leading phase, A.
    pub amplitude: f64,
    /// Width of the leading phase, s.
    pub width: f64,
    /// Interphase interval, s.
    pub gap: f64,
    /// How charge is recovered.
    pub recovery: Recovery,
    /// Passive discharge after each pulse (alternating: each phase) besides the recovery, s.
    pub recharge: Option<f64>,
    /// Pulses (alternating: pairs; burst: bursts) per second, Hz.
    pub rate: f64,
    /// Growth after a start.
    pub ramp: Option<Ramp>,
    /// Groups of pulses.
    pub burst: Option<Burst>,
    /// On and off times.
    pub cycle: Option<Cycle>,
    /// Shares of the contacts; never empty once resolved.
    pub contacts: Vec<Share>,
    /// How long it runs by itself.
    pub run: Run,
}

impl Program {
    /// The plainest train there is: cathodic, mirrored, without end, the whole current from the first contact to the second.
    /// `amplitude` in A, `width` and `gap` in s, `rate` in Hz.
    pub fn biphasic([active, back]: [&str; 2], amplitude: f64, width: f64, gap: f64, rate: f64) -> Self {
        let share = |contact: &str, share| Share { contact: contact.to_owned(), share };
        Self {
            waveform: Waveform::Biphasic,
            leading: Polarity::Cathodic,
            amplitude,
            width,
            gap,
            recovery: Recovery::Mirrored,
            recharge: None,
            rate,
            ramp: None,
            burst: None,
            cycle: None,
            contacts: vec![share(active, -1.0), share(back, 1.0)],
            run: Run::UntilStopped,
        }
    }

    /// Seconds between the leading edges of successive pulses, bursts or pairs.
    pub fn period(&self) -> f64 {
        1.0 / self.rate
    }

    /// Whether it closes the recharge switch: behind an active recovery, or as its recovery.
    pub fn is_recharged(&self) -> bool {
        self.recharge.is_some() || matches!(self.recovery, Recovery::Passive { .. })
    }

    /// The default contact of checks: the first with the largest share of the leading polarity.
    ///
    /// Shares are those of a cathodic leading phase, so the contacts that lead are the negative ones; a case that
    /// returns all the current of two half-driven contacts does not lead.
    pub fn main_contact(&self) -> &str {
        let mut best: Option<&Share> = None;
        for share in self.contacts.iter().filter(|share| share.share < 0.0) {
            if best.is_none_or(|so_far| share.share < so_far.share - 1e-12) {
                best = Some(share);
            }
        }
        best.or(self.contacts.first()).map_or("", |share| share.contact.as_str())
    }

    /// Largest current of any phase on the plateau, A at a share of 100 %: a recovery with a ratio below 1 is narrower than the
    /// leading phase and larger.
    pub fn largest_current(&self) -> f64 {
        let plateau = Self { ramp: None, ..self.clone() };
        let pulse = plateau.pulse(0);
        pulse.phases().iter().map(|phase| phase.current.abs()).fold(self.amplitude, f64::max)
    }

    /// Signed share of one contact, 0 where it is idle.
    pub fn share_of(&self, contact: &str) -> f64 {
        self.contacts.iter().find(|share| share.contact == contact).map_or(0.0, |share| share.share)
    }

    /// Factor from a [`crate::signal::Phase`]'s current (given for a contact with a share of −100 %) to a contact's.
    pub fn scale_of(&self, contact: &str) -> f64 {
        -self.share_of(contact)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(contact: &str, share: f64) -> Share {
        Share { contact: contact.to_owned(), share }
    }

    #[test]
    fn the_first_largest_share_is_the_default_contact() {
        let program = Program {
            waveform: Waveform::Biphasic,
            leading: Polarity::Cathodic,
            amplitude: 1e-3,
            width: 2e-4,
            gap: 0.0,
            recovery: Recovery::Mirrored,
            recharge: None,
            rate: 50.0,
            ramp: None,
            burst: None,
            cycle: None,
            contacts: vec![share("e1", -0.5), share("e2", -0.5), share("case", 1.0)],
            run: Run::UntilStopped,
        };
        assert_eq!(program.main_contact(), "e1");
        assert_eq!(program.share_of("e9"), 0.0);
    }
}
