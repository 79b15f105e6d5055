//! A device of which only the steps of its numbers are known.

use crate::rig::Stated;
use crate::rig::template::{Field, value};
use crate::signal::Program;

/// The program on the stated steps; what has none is untouched.
pub fn on_steps(stated: &Stated, program: &Program) -> Program {
    let mut made = program.clone();
    for (field, step) in &stated.steps {
        let asked = value(program, *field);
        let steps = (asked / step).round();
        if (asked / step - steps).abs() < 1e-6 {
            continue;
        }
        let near = steps * step;
        match field {
            Field::Amplitude => made.amplitude = near,
            Field::Width => made.width = near,
            Field::Gap => made.gap = near,
            Field::Rate => made.rate = near,
            Field::Period => made.rate = near.recip(),
            _ => {}
        }
    }
    made
}
