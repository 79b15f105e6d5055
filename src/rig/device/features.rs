//! Which parts of the program's language a device knows at all.

use crate::signal::{Program, Recovery, Waveform};

use super::Impossible;

/// What a device can do beyond a plain biphasic train.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Features {
    /// Three phases.
    pub triphasic: bool,
    /// Phases of either sign in turn.
    pub alternating: bool,
    /// A recovery of a k-th of the amplitude.
    pub ratio: bool,
    /// A phase without active recovery.
    pub monophasic: bool,
    /// The recharge switch is its program's to use.
    pub recharge: bool,
    /// Ramps.
    pub ramp: bool,
    /// Bursts.
    pub burst: bool,
    /// On and off times.
    pub cycle: bool,
}

impl Features {
    /// What `program` asks for and `device` (such as `a Stimjim`) lacks.
    pub fn lacking(self, program: &Program, device: &str) -> Vec<Impossible> {
        let mut lacking = Vec::new();
        let mut lack = |asked: bool, has: bool, key: &'static str, what: &str| {
            if asked && !has {
                lacking.push(Impossible::new(key, format!("{device} has no {what}")));
            }
        };
        let triphasic = program.waveform == Waveform::Triphasic;
        lack(triphasic, self.triphasic, "waveform", "triphasic pulses");
        lack(
            program.waveform == Waveform::Alternating,
            self.alternating,
            "waveform",
            "pulses of alternating sign",
        );
        lack(
            program.waveform == Waveform::Monophasic,
            self.monophasic,
            "waveform",
            "pulses without active recovery",
        );
        lack(
            matches!(program.recovery, Recovery::Ratio(_)),
            self.ratio,
            "recovery",
            "recovery of another amplitude",
        );
        lack(
            matches!(program.recovery, Recovery::Passive { .. }),
            self.recharge,
            "recovery",
            "recharge switch that a program could close",
        );
        lack(
            program.recharge.is_some(),
            self.recharge,
            "recharge",
            "recharge switch that a program could close",
        );
        lack(program.ramp.is_some(), self.ramp, "ramp", "ramps");
        lack(program.burst.is_some(), self.burst, "burst", "bursts");
        lack(program.cycle.is_some(), self.cycle, "cycle", "on and off times");
        lacking
    }
}
