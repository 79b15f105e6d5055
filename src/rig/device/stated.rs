//! A device of which only the steps of its numbers are known.

use crate::quantity::engineering;
use crate::rig::Stated;
use crate::rig::template::{Field, value};
use crate::signal::Program;

use super::Impossible;

/// The program on the stated steps; what has none is untouched.
///
/// # Errors
/// Numbers that are less than half a step: they would be nothing, and a period of nothing no rate.
pub fn on_steps(stated: &Stated, program: &Program) -> Result<Program, Vec<Impossible>> {
    let mut made = program.clone();
    let mut problems = Vec::new();
    for (field, step) in &stated.steps {
        let asked = value(program, *field);
        let steps = (asked / step).round();
        if (asked / step - steps).abs() < 1e-6 {
            continue;
        }
        let near = steps * step;
        let (key, set) = match field {
            Field::Amplitude => ("amplitude", &mut made.amplitude),
            Field::Width => ("width", &mut made.width),
            Field::Gap => ("gap", &mut made.gap),
            Field::Rate | Field::Period => ("rate", &mut made.rate),
            _ => continue,
        };
        if near == 0.0 {
            let what = format!(
                "a {} of {} is less than half a step of {}, as the rig file states it",
                field.name(),
                engineering(asked, field.dimension(), 4),
                engineering(*step, field.dimension(), 4)
            );
            problems.push(Impossible::new(key, what).but("ask for more, or correct `steps` in the rig file"));
        } else {
            *set = if *field == Field::Period { near.recip() } else { near };
        }
    }
    if problems.is_empty() { Ok(made) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_less_than_half_a_step_is_refused_at_its_key() {
        let program = Program::biphasic(["e1", "case"], 1e-3, 200e-6, 100e-6, 50.0);
        let on =
            |field, step| on_steps(&Stated { steps: vec![(field, step)], ..Stated::default() }, &program);
        assert_eq!(on(Field::Amplitude, 0.3e-3).unwrap().amplitude, 3.0 * 0.3e-3);
        assert!((on(Field::Period, 3e-3).unwrap().rate - 1.0 / 21e-3).abs() < 1e-9);
        for (field, step, key) in [
            (Field::Width, 1e-3, "width"),
            (Field::Rate, 200.0, "rate"),
            (Field::Period, 50e-3, "rate"),
            (Field::Amplitude, 10e-3, "amplitude"),
            (Field::Gap, 1e-3, "gap"),
        ] {
            let problems = on(field, step).unwrap_err();
            assert!(problems[0].key == key && problems[0].what.contains("half a step"), "{problems:?}");
        }
    }
}
