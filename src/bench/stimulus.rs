//! What a trial drives, drawn stratum by stratum, and its exact truth.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::scenario::Measurand;
use crate::signal::{Polarity, Program, Recovery, Run, Share, Waveform};

/// One millisecond, ns.
pub(super) const MILLISECOND: u64 = 1_000_000;
/// How long a passive recharge lasts, ns: thirteen times (200 Ω + 10 Ω)·2.2 µF.
const RECHARGE: u64 = 6 * MILLISECOND;

/// Amplitudes from and to, A, with the name of their decade. The plan picks 4 mA up to 3.2 mA, beyond it 32 mA.
const BANDS: [(f64, f64, &str); 4] = [
    (0.1e-3, 1e-3, "0.1-1 mA"),
    (1e-3, 3.2e-3, "1-10 mA"),
    (3.2e-3, 10e-3, "1-10 mA"),
    (10e-3, 25e-3, "10-25 mA"),
];
const KINDS: [&str; 4] = ["mirrored", "ratio", "passive", "none"];

/// What is driven; times in nanoseconds, so that the truth is exact.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stimulus {
    /// Leading amplitude, A.
    pub amplitude: f64,
    /// Recovery's amplitude, A; 0 for none.
    pub recovery: f64,
    /// Leading width, ns.
    pub width: u64,
    /// Interphase interval, ns.
    pub gap: u64,
    /// Width of the recovery, ns.
    pub recovery_width: u64,
    /// Period, ns.
    pub period: u64,
    /// First leading edge, ns.
    pub delay: u64,
    /// Pulses.
    pub pulses: u64,
    /// ± full scale of the current channel, A.
    pub range: f64,
    /// Passive recharge from the end of the gap, ns; 0 for none.
    pub recharge: u64,
    /// What recovers: `mirrored`, `ratio`, `passive` or `none`.
    pub kind: &'static str,
    /// Decade of the amplitude.
    pub decade: &'static str,
}

/// A number between two.
pub(super) fn uniform(rng: &mut ChaCha8Rng, from: f64, to: f64) -> f64 {
    from + (to - from) * rng.random::<f64>()
}

impl Stimulus {
    /// Draws number `index`: the strata of amplitude, range and recovery in turn, so that each gets its share; widths,
    /// gap and rate at random, the recovery wrong by up to 1 %.
    pub(super) fn drawn(rng: &mut ChaCha8Rng, index: u64) -> Self {
        let (band, kind) = (index as usize % BANDS.len(), index as usize / BANDS.len() % KINDS.len());
        let (low, high, decade) = BANDS.get(band).copied().unwrap_or((1e-3, 3.2e-3, ""));
        let kind = KINDS.get(kind).copied().unwrap_or("none");
        let mut between = |from: f64, to: f64| uniform(rng, from, to);
        let amplitude = f64::exp(between(f64::ln(low), f64::ln(high)));
        let width = between(50e3, 300e3) as u64;
        let gap = if between(0.0, 1.0) < 0.25 { 0 } else { between(20e3, 100e3) as u64 };
        let wrong = 1.0 + between(-0.01, 0.01);
        let ratio = match kind {
            "mirrored" => 1.0,
            "ratio" => between(2.0, 4.0),
            _ => 0.0,
        };
        let recharge = if kind == "passive" { RECHARGE } else { 0 };
        let recovery_width = if ratio > 0.0 { (width as f64 * ratio) as u64 } else { 0 };
        let shortest = if recharge > 0 { 8.0 } else { 4.0 };
        let period = between(shortest, 20.0) * MILLISECOND as f64;
        Self {
            amplitude,
            recovery: if ratio > 0.0 { amplitude / ratio * wrong } else { 0.0 },
            width,
            gap,
            recovery_width,
            period: period as u64,
            delay: 20 * MILLISECOND + between(0.0, 1e6) as u64,
            pulses: (1.03e9 / period).ceil() as u64 + 1,
            range: if 1.25 * amplitude <= 4e-3 { 4e-3 } else { 32e-3 },
            recharge,
            kind,
            decade,
        }
    }

    /// Makes it smaller where its amplitude is larger than that, A.
    pub(super) fn limit(&mut self, amplitude: f64) {
        let factor = (amplitude / self.amplitude).min(1.0);
        self.amplitude *= factor;
        self.recovery *= factor;
    }

    /// Amplitude decade, recovery and range, by which coverage is broken down.
    pub fn stratum(&self) -> String {
        format!("{}, {}, {:.0} mA range", self.decade, self.kind, self.range * 1e3)
    }

    /// The definition applied to the exact current.
    pub(super) fn truth(&self, measurand: Measurand) -> f64 {
        let leading = self.amplitude * seconds(self.width);
        // The recharge takes back what the phase left on the capacitor but for exp(−13).
        let recovered =
            if self.recharge > 0 { leading } else { self.recovery * seconds(self.recovery_width) };
        let net = recovered - leading;
        match measurand {
            Measurand::Amplitude => self.amplitude,
            Measurand::Width => seconds(self.width),
            Measurand::ChargePerPhase => leading,
            Measurand::NetCharge => net,
            Measurand::ChargeImbalance => net / leading,
            Measurand::AccumulatedCharge => net * self.pulses as f64,
            Measurand::Gap => seconds(self.gap),
            Measurand::Rate => seconds(self.period).recip(),
            _ => net / seconds(self.period),
        }
    }

    /// The program a scenario would have stated for it.
    pub(super) fn program(&self) -> Program {
        let (waveform, recovery) = match self.kind {
            "mirrored" => (Waveform::Biphasic, Recovery::Mirrored),
            "ratio" => (Waveform::Biphasic, Recovery::Ratio(self.recovery_width as f64 / self.width as f64)),
            "passive" => {
                let duration = seconds(self.recharge);
                (Waveform::Monophasic, Recovery::Passive { duration, per_burst: false })
            }
            _ => (Waveform::Monophasic, Recovery::None),
        };
        Program {
            waveform,
            leading: Polarity::Cathodic,
            amplitude: self.amplitude,
            width: seconds(self.width),
            gap: seconds(self.gap),
            recovery,
            recharge: None,
            rate: 1.0 / seconds(self.period),
            ramp: None,
            burst: None,
            cycle: None,
            contacts: shares(&[("e1", -1.0), ("case", 1.0)]),
            run: Run::UntilStopped,
        }
    }
}

/// Nanoseconds as seconds.
pub(super) fn seconds(ns: u64) -> f64 {
    ns as f64 * 1e-9
}

/// How the current is divided among contacts.
pub(super) fn shares(of: &[(&str, f64)]) -> Vec<Share> {
    of.iter().map(|(contact, share)| Share { contact: (*contact).to_owned(), share: *share }).collect()
}
