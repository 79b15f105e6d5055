//! What an output stage makes of a program.

use crate::rig::StimulatorSpec;
use crate::signal::{Program, Recovery, quantised_shares};

/// The program on the stage's current steps and timer grid. The board quantises the recovery of a ratio k first and
/// makes the leading phase exactly k times that code, so that the pulse stays balanced.
pub(super) fn quantised(program: &Program, stage: &StimulatorSpec) -> Program {
    // Sign and magnitude: one bit is the sign.
    let codes = 2_f64.powi(stage.dac_bits.saturating_sub(1).min(62) as i32) - 1.0;
    let step = stage.full_scale / codes;
    let time = |value: f64| (value / stage.timer).round() * stage.timer;
    let ratio = if let Recovery::Ratio(k) = program.recovery { k } else { 1.0 };
    let codes = (program.amplitude / ratio / step).round();
    Program {
        amplitude: ratio * codes * step,
        contacts: quantised_shares(&program.contacts, codes),
        width: time(program.width),
        gap: time(program.gap),
        rate: 1.0 / time(program.period()),
        ..program.clone()
    }
}
