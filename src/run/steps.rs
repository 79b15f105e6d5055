//! The steps of a case.

use crate::scenario::{Action, Fault, Plan, Step};
use crate::signal::MarkerBit;

use super::by_hand;
use super::early;
use super::faults;
use super::halt::Halt;
use super::loading::load;
use super::session::Session;
use super::zero::zero;

/// Runs the steps in order.
///
/// # Errors
/// The first thing that ends the case early; the caller tears down either way.
pub(super) async fn run(session: &mut Session<'_>, plan: &Plan) -> Result<(), Halt> {
    let refused = plan.case.refused_restarts();
    for (index, step) in plan.case.steps.iter().enumerate() {
        session.drain().await?;
        if step.action == Action::Start && session.output.started.is_none() {
            early::before_start(session, plan.case.steps.get(..index).unwrap_or_default())?;
        }
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
