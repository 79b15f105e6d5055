//! A program on its way to the stimulator.

use crate::judge::{ProgramChange, Segment};
use crate::quantity::{Dimension, engineering};
use crate::rig::Limits;
use crate::signal::Program;

use super::halt::Halt;
use super::session::Session;

/// Loads a program and notes from where on it is in force.
pub(super) async fn load(session: &mut Session<'_>, program: &Program, over_cap: bool) -> Result<(), Halt> {
    let requested = session.sample();
    let instruments = &mut session.instruments;
    let applied = if over_cap {
        instruments.overdrive()?.load_over_cap(program).await?
    } else {
        instruments.stimulator.load(program).await?
    };
    if !over_cap {
        allowed(&applied.program, session.bench.limits).map_err(Halt::Bench)?;
    }
    let from = session.sample();
    session.intake.recorder.program_changed(from, program);
    session.account.programs.push(ProgramChange { arrived: from, from, program: program.clone() });
    // `from` is placed by the marker once the stream has shown it.
    session.account.facts.segments.push(Segment {
        requested,
        from: requested,
        programmed: program.clone(),
        applied: applied.program,
    });
    Ok(())
}

/// Whether what a stimulator says it applies is within the bench's limits: only it may know what it makes of a program. A
/// thousandth is for the steps of its converter and its timer.
fn allowed(applied: &Program, limits: &Limits) -> Result<(), String> {
    let largest = applied.contacts.iter().map(|share| share.share.abs()).fold(0.0, f64::max);
    let charge = applied.amplitude * applied.width * largest;
    for (what, value, limit, dimension) in [
        ("an amplitude", applied.largest_current(), limits.amplitude, Dimension::Current),
        ("a charge per phase", charge, limits.charge_per_phase, Dimension::Charge),
    ] {
        if !applied.amplitude.is_finite() || value.is_nan() || value > limit * 1.001 {
            return Err(format!(
                "the stimulator says it applies {what} of {}, above the {} that the rig file allows: ask for less, or see what it rounds to",
                engineering(value, dimension, 4),
                engineering(limit, dimension, 4)
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stimulator_says_it_applies_is_held_against_the_limits() {
        let limits = Limits { amplitude: 10e-3, charge_per_phase: 2e-6, mean_dc: 1e-4, shannon_k: None };
        let applied = |amplitude, width| Program::biphasic(["e1", "case"], amplitude, width, 0.0, 50.0);
        assert_eq!(allowed(&applied(10.004e-3, 100e-6), &limits), Ok(()));
        assert!(allowed(&applied(10.2e-3, 100e-6), &limits).unwrap_err().contains("amplitude of 10.2 mA"));
        assert!(
            allowed(&applied(10e-3, 210e-6), &limits).unwrap_err().contains("charge per phase of 2.1 µC")
        );
        assert!(allowed(&applied(f64::NAN, 100e-6), &limits).is_err());
    }
}
