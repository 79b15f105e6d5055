//! How channels are wired to inputs, and what that makes of their codes and of their uncertainty.

use crate::rig::{Channel, Input};
use crate::signal::Calibration;

use super::dialect::Layout;
use super::words::{DataSheet, Words};

/// A channel on the instrument's inputs.
#[derive(Debug, Clone)]
pub(super) struct Wired {
    pub stated: Channel,
    /// Its input, or the positive one of two.
    pub plus: String,
    pub minus: Option<String>,
    /// ± full scale at each input, V.
    pub full: f64,
}

/// Inputs that several channels share are set to what the largest of them needs, and both inputs of a difference alike: only
/// then is the difference of their codes one of volts.
pub(super) fn share(wired: &mut [Wired]) {
    // As many rounds as there are channels carry a range from one end of a chain of differences to the other.
    for _ in 0..wired.len() {
        let needs: Vec<(Vec<String>, f64)> =
            wired.iter().map(|one| (one.inputs().cloned().collect(), one.full)).collect();
        for one in wired.iter_mut() {
            let shared = needs.iter().filter(|(inputs, _)| one.inputs().any(|input| inputs.contains(input)));
            one.full = shared.map(|(_, full)| *full).fold(one.full, f64::max);
        }
    }
}

impl Wired {
    /// A channel on a range, A or V.
    pub(super) fn new(stated: &Channel, range: f64) -> Option<Self> {
        let (plus, minus) = match &stated.input {
            Input::Differential { plus, minus, .. } => (plus.clone(), Some(minus.clone())),
            _ => (stated.terminal.clone()?, None),
        };
        Some(Self { full: (range / stated.factor()).abs(), stated: stated.clone(), plus, minus })
    }

    /// Whether what is sensed is negative where the input's volts are positive.
    pub(super) fn inverts(&self) -> bool {
        self.stated.factor() < 0.0
    }

    pub(super) fn inputs(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.plus).chain(&self.minus)
    }

    /// Whether it is on an input, by the instrument's `own` name of that.
    pub(super) fn uses(&self, words: &Words, own: &str) -> bool {
        self.inputs().any(|input| words.input(input) == Some(own))
    }

    /// Codes of the channel from those of its inputs, with the sign of what is sensed. A difference of which either input is saturated is saturated.
    pub(super) fn combine(
        &self,
        plus: &[i16],
        minus: Option<(&[i16], (i16, i16))>,
        rails: (i16, i16),
        into: &mut Vec<i16>,
    ) {
        let Some((minus, other)) = minus else {
            match self.inverts() {
                true => into.extend(plus.iter().copied().map(inverted)),
                false => into.extend_from_slice(plus),
            }
            return;
        };
        let out = |code: i16, rails: (i16, i16)| code <= rails.0 || code >= rails.1;
        into.extend(plus.iter().zip(minus).map(|(a, b)| {
            if out(*a, rails) || out(*b, other) {
                return if a >= b { i16::MAX } else { i16::MIN };
            }
            let difference = i32::from(*a) - i32::from(*b);
            difference.clamp(i32::from(i16::MIN) + 1, i32::from(i16::MAX) - 1) as i16
        }));
    }

    /// What the channel's codes stand for and how far they may be off: as the rig file states, else as the data sheet of the
    /// make does; the second part says what was not stated.
    pub(super) fn calibration(
        &self,
        plus: &Layout,
        minus: Option<&Layout>,
        sheet: &DataSheet,
        noise: f64,
    ) -> (Calibration, Option<String>) {
        let accuracy = &self.stated.accuracy;
        // Between two levels of a converter a code may flicker by the whole step.
        let noise = if plus.step > 1.0 { noise.max(0.5 * plus.step) } else { noise };
        let uniform = 3_f64.sqrt().recip();
        let two = if minus.is_some() { 2_f64.sqrt() } else { 1.0 };
        let reading = accuracy.reading.unwrap_or(sheet.gain);
        let offset = accuracy.offset.unwrap_or(sheet.offset.0 * self.full + sheet.offset.1);
        let mismatch = if accuracy.mismatch > 0.0 { accuracy.mismatch } else { 2.0 * reading };
        let common_mode = minus.map_or(0.0, |_| mismatch * self.full / plus.lsb);
        // A quiet converter rounds instead of being dithered: half a step, beside a step of non-linearity.
        let quiet = (-2.0 * (std::f64::consts::PI * noise / plus.step).powi(2)).exp();
        let own = two * plus.step * (1.0 + 0.5 * quiet);
        let (zero, rails) = match self.inverts() {
            true => (-plus.zero, (inverted(plus.rails.1), inverted(plus.rails.0))),
            false => (plus.zero, plus.rails),
        };
        let calibration = Calibration {
            lsb: plus.lsb * self.stated.factor().abs(),
            offset: zero - minus.map_or(0.0, |minus| minus.zero),
            offset_u: two * uniform * offset / plus.lsb,
            gain_u: uniform * reading.hypot(accuracy.element),
            inl: own.hypot(common_mode),
            noise,
            rails: if minus.is_some() { (i16::MIN, i16::MAX) } else { rails },
            element_u: uniform * accuracy.element,
            common_mode,
        };
        let missing = (accuracy.reading.is_none() || accuracy.offset.is_none()).then(|| {
            format!(
                "{}: `accuracy` or `offset_error` is not stated, so the data sheet's {} % of gain and {:.1} mV of offset are used",
                self.stated.name,
                100.0 * reading,
                1e3 * offset
            )
        });
        (calibration, missing)
    }
}

/// A code of the other sign; rails stay rails.
pub(super) fn inverted(code: i16) -> i16 {
    match code {
        i16::MIN => i16::MAX,
        i16::MAX => i16::MIN,
        code => -code,
    }
}
