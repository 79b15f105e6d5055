//! Supervision of the output: open leads and shorts.

use stimrig_protocol::MAX_CONTACTS;
use stimrig_protocol::stimulator::FaultCode;

use crate::{Codes, Reading, Spec};

/// Codes below this are too small for a voltage worth dividing.
pub const SMALLEST_CODE: u32 = 16;

/// Whether a fault lies in the lead or the load: what is still driven then does not reach the tissue.
pub fn is_of_the_lead(fault: FaultCode) -> bool {
    matches!(
        fault,
        FaultCode::OpenLead | FaultCode::ShortLead | FaultCode::OverCurrent | FaultCode::Compliance
    )
}

/// What the outputs show at one instant: one amplifier is switched from one to the next, within microseconds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    /// Between the largest sink and the largest source.
    pub(crate) largest: Reading,
    /// Of every driven output against the largest source, µV.
    pub(crate) microvolts: [i32; MAX_CONTACTS],
}

/// The step of every output at a leading edge.
#[derive(Debug, Clone, Copy)]
pub struct Steps<'a> {
    /// Of the voltage, against any of the outputs, µV.
    pub microvolts: &'a [i32],
    /// Of the current, pA; 0 of an output that is not driven.
    pub picoamperes: &'a [i64],
    /// Which outputs are the largest sink and the largest source.
    pub largest: [usize; 2],
}

impl Steps<'_> {
    /// Whether a load of less than `short_detect`, mΩ, lies between the largest sink and the largest source, or between another
    /// output of at least `smallest`, pA, and all those of the other kind.
    ///
    /// The voltage of an output against one of the other kind may be cancelled by what the others drive through the load. But
    /// nowhere in a passive load is the voltage beyond that of the sinks and sources themselves: of all outputs of the other kind one
    /// is away from it by at least its own current times its own access resistance.
    pub fn is_short(&self, short_detect: u64, smallest: u64) -> bool {
        let outputs = || self.picoamperes.iter().zip(self.microvolts);
        let most = outputs().map(|(current, _)| current.unsigned_abs()).max().unwrap_or(0);
        if most < smallest.max(1) {
            return false;
        }
        let at = |output: usize| self.microvolts.get(output).copied().unwrap_or(0);
        let [sink, source] = self.largest;
        if milliohms(at(sink).abs_diff(at(source)), most) < u128::from(short_detect) {
            return true;
        }
        outputs().filter(|(own, _)| own.unsigned_abs() >= smallest.max(1)).any(|(own, volts)| {
            let others = outputs().filter(|(other, _)| other.signum() * own.signum() < 0);
            let (farthest, largest) = others.fold((0, 0), |(farthest, largest), (other, at)| {
                (volts.abs_diff(*at).max(farthest), other.unsigned_abs().max(largest))
            });
            milliohms(farthest, own.unsigned_abs().min(largest)) < u128::from(short_detect)
        })
    }
}

/// A voltage, µV, over a current, pA, in mΩ; without a current more than any load.
fn milliohms(microvolts: u32, picoamperes: u64) -> u128 {
    // µV / pA = MΩ = 10⁹ mΩ.
    (u128::from(microvolts) * 1_000_000_000).checked_div(picoamperes.into()).unwrap_or(u128::MAX)
}

/// What was seen of the output during the pulse in progress, and in the pulses before it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Supervision {
    before: Seen,
    pulses_at_compliance: u32,
    this_pulse: bool,
}

impl Supervision {
    /// Just before the leading edge.
    pub(crate) fn rest(&mut self, seen: Seen) {
        self.before = seen;
        self.this_pulse = false;
    }

    /// Shortly behind the leading edge: the step of the voltage over the step of the current is the access resistance,
    /// whatever charge a series capacitor has kept.
    pub(crate) fn edge(
        &self,
        spec: &Spec,
        seen: &Seen,
        codes: &Codes,
        largest: [usize; 2],
    ) -> Option<FaultCode> {
        if seen.largest.at_compliance {
            return None;
        }
        let mut microvolts = [0; MAX_CONTACTS];
        for ((step, now), before) in microvolts.iter_mut().zip(&seen.microvolts).zip(&self.before.microvolts)
        {
            *step = now.saturating_sub(*before);
        }
        let current = |code: u32| spec.current_of(code.into());
        let picoamperes = codes.map(|code| {
            i64::try_from(current(code.unsigned_abs())).unwrap_or(i64::MAX) * i64::from(code.signum())
        });
        let steps = Steps { microvolts: &microvolts, picoamperes: &picoamperes, largest };
        steps.is_short(spec.short_detect, current(SMALLEST_CODE)).then_some(FaultCode::ShortLead)
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

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: u64 = 50_000;

    /// 300 Ω and 450 Ω from two outputs to a node that lies 188 Ω from the third.
    fn is_short(microvolts: [i32; 3], microamperes: [i64; 3], largest: [usize; 2], smallest: u64) -> bool {
        let picoamperes = microamperes.map(|current| current * 1_000_000);
        Steps { microvolts: &microvolts, picoamperes: &picoamperes, largest }.is_short(SHORT, smallest)
    }

    #[test]
    fn a_short_of_a_smaller_output_is_one_too() {
        let steered = [-1200, -800, 2000];
        assert!(!is_short([-736_000, -736_000, 0], steered, [0, 2], 12_000_000));
        // The second output at the third: what the first drives divides between 188 ohm and 450 ohm.
        let shorted = [-519_000, 0, 0];
        assert!(is_short(shorted, steered, [0, 2], 12_000_000));
        assert!(!is_short(shorted, steered, [0, 2], 900_000_000), "too small a current to say");
        // 800 uA over 50 ohm are 40 mV.
        assert!(is_short([-519_000, -39_000, 0], steered, [0, 2], 12_000_000));
        assert!(!is_short([-519_000, -41_000, 0], steered, [0, 2], 12_000_000));
        // 2 mA over 50 ohm are 100 mV between the largest.
        assert!(is_short([-99_000, -500_000, 0], steered, [0, 2], 12_000_000));
        assert!(!is_short([-101_000, -500_000, 0], steered, [0, 2], 12_000_000));
    }

    #[test]
    fn a_voltage_that_the_others_cancel_is_no_short() {
        let steered = [770, -2000, 1230];
        assert!(!is_short([0, -1_131_000, 0], steered, [1, 2], 12_000_000));
        assert!(is_short([0, 0, 0], steered, [1, 2], 12_000_000));
        assert!(!is_short([0, 0, 0], [0, 0, 0], [1, 2], 12_000_000), "nothing is driven");
    }
}
