//! Supervision of the output: open leads and shorts.

use stimrig_protocol::stimulator::FaultCode;

use crate::{Reading, Spec};

/// Codes below this are too small for a voltage worth dividing.
const SMALLEST_CODE: u32 = 16;

/// Whether a fault lies in the lead or the load: what is still driven then does not reach the tissue.
pub fn is_of_the_lead(fault: FaultCode) -> bool {
    matches!(
        fault,
        FaultCode::OpenLead | FaultCode::ShortLead | FaultCode::OverCurrent | FaultCode::Compliance
    )
}

/// What was seen of the output during the pulse in progress, and in the pulses before it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Supervision {
    before: Reading,
    pulses_at_compliance: u32,
    this_pulse: bool,
}

impl Supervision {
    /// Just before the leading edge.
    pub(crate) fn rest(&mut self, reading: Reading) {
        self.before = reading;
        self.this_pulse = false;
    }

    /// Shortly behind the leading edge: the step of the voltage over the step of the current is the access resistance,
    /// whatever charge a series capacitor has kept.
    pub(crate) fn edge(&self, spec: &Spec, reading: Reading, code: u32) -> Option<FaultCode> {
        if code < SMALLEST_CODE || reading.at_compliance {
            return None;
        }
        let step = u64::from(reading.microvolts.abs_diff(self.before.microvolts));
        let current = spec.current_of(code.into()).max(1);
        // µV / pA = MΩ = 10⁹ mΩ.
        let milliohms = u128::from(step) * 1_000_000_000 / u128::from(current);
        (milliohms < u128::from(spec.short_detect)).then_some(FaultCode::ShortLead)
    }

    /// At the end of a driven phase. An output at compliance carries less than it was told to; the phase is not made
    /// longer for that. So many pulses in succession are an open lead.
    pub(crate) fn phase_end(&mut self, spec: &Spec, reading: Reading) -> Option<FaultCode> {
        if !reading.at_compliance || self.this_pulse {
            return None;
        }
        self.this_pulse = true;
        self.pulses_at_compliance = self.pulses_at_compliance.saturating_add(1);
        (self.pulses_at_compliance >= spec.open_detect.max(1)).then_some(FaultCode::OpenLead)
    }

    /// The pulse is over.
    pub(crate) fn pulse_end(&mut self) {
        if !self.this_pulse {
            self.pulses_at_compliance = 0;
        }
    }
}
