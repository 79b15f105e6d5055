//! The steps of a case.

use crate::judge::{ProgramChange, Segment};
use crate::quantity::{Dimension, engineering};
use crate::rig::Limits;
use crate::scenario::{Action, Fault, Plan, Step};
use crate::signal::{MarkerBit, Program};

use super::by_hand;
use super::faults;
use super::session::{Halt, Session};

/// Runs the steps in order.
///
/// # Errors
/// The first thing that ends the case early; the caller tears down either way.
pub(super) async fn run(session: &mut Session<'_>, plan: &Plan) -> Result<(), Halt> {
    let refused = plan.case.refused_restarts();
    for (index, step) in plan.case.steps.iter().enumerate() {
        session.drain().await?;
        session.due(index, marker_of(&step.action));
        if refused.contains(&index) {
            faults::expect_restart(session, index, &plan.case);
        }
        step_of(session, step, plan.slow).await.map_err(|halt| session.explained(halt))?;
    }
    Ok(())
}

async fn step_of(session: &mut Session<'_>, step: &Step, slow: bool) -> Result<(), Halt> {
    match &step.action {
        Action::Start => {
            session.output.started = Some(session.sample());
            session.instruments.stimulator.start().await?;
            if session.bench.by_hand {
                by_hand::await_output(session).await?;
            }
            session.progress("started");
        }
        Action::Stop => {
            session.instruments.stimulator.stop().await?;
            if session.bench.by_hand {
                by_hand::await_stop(session).await?;
            }
            session.progress("stopped");
        }
        Action::Wait(seconds) => {
            session.pass_seconds(*seconds).await?;
        }
        Action::Set(program) | Action::Program(program) => {
            load(session, program, false).await?;
            session.progress("program changed");
        }
        Action::Inject(fault) => faults::inject(session, fault).await?,
        Action::Clear(fault) => faults::clear(session, fault).await?,
        Action::Acknowledge => {
            session.instruments.stimulator.acknowledge().await?;
            session.progress("fault acknowledged");
        }
        Action::HostSilence(seconds) => {
            session.progress("host falls silent");
            session.watch.silent = true;
            let passed = session.pass_seconds(*seconds).await;
            session.watch.silent = false;
            passed?;
        }
        Action::Probe(action) => session.debug(action).await?,
        Action::Zero => {
            zero(session, slow).await?;
        }
    }
    Ok(())
}

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

/// How long the load's inputs are shorted for a zero: fast channels only, and with the slow channel, s.
const ZERO_SECONDS: (f64, f64) = (0.1, 3.0);

/// After the inputs are connected again nothing is measured until relays and filter have settled, s.
const RELAYS: f64 = 2e-3;

/// Shorts the load's inputs long enough to know its offsets.
pub(super) async fn zero(session: &mut Session<'_>, slow: bool) -> Result<(), Halt> {
    session.instruments.switches()?.zero(true).await?;
    let passed = session.pass_seconds(if slow { ZERO_SECONDS.1 } else { ZERO_SECONDS.0 }).await;
    // Whatever cut it short: with shorted inputs nothing could be seen of the output any more. What cut it short is told; inputs that
    // stay shorted are found by whoever looks at the output next.
    let restored = session.instruments.switches()?.zero(false).await;
    passed?;
    restored?;
    session.pass_seconds(RELAYS).await?;
    session.progress("zero measured");
    Ok(())
}

/// The marker bit that places a step in the sample stream.
fn marker_of(action: &Action) -> Option<MarkerBit> {
    match action {
        Action::Start => Some(MarkerBit::StartTaken),
        Action::Stop => Some(MarkerBit::StopTaken),
        Action::Set(_) | Action::Program(_) => Some(MarkerBit::ProgramTaken),
        Action::Inject(Fault::OpenLead { .. }) => Some(MarkerBit::Lead),
        Action::Inject(Fault::ShortLead { .. }) => Some(MarkerBit::Short),
        Action::Inject(Fault::Leakage { .. }) => Some(MarkerBit::Leakage),
        Action::Inject(Fault::ImpedanceStep { .. }) => Some(MarkerBit::Impedance),
        Action::Inject(Fault::BrownOut { .. }) => Some(MarkerBit::Supply),
        _ => None,
    }
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
