//! The implicit setup of a case: identity, zero, phantom identification, relaxation.
//!
//! Nothing here uses the stimulator's output: the interlock closes only after the load has seen the phantom it expects.

use crate::record::InstrumentRecord;
use crate::rig::Rig;
use crate::scenario::Plan;

use super::at_rest;
use super::discharge::discharge;
use super::early;
use super::halt::Halt;
use super::identify;
use super::message::Message;
use super::pace::SECOND;
use super::session::Session;
use super::{loading, zero};

/// Runs the setup; afterwards the program is loaded, the interlock closed, and the bench ready for the first step.
///
/// # Errors
/// An instrument that fails, and a stimulator or phantom that is not the expected one.
pub(super) async fn run(session: &mut Session<'_>, plan: &Plan, rig: &Rig) -> Result<(), Halt> {
    identify_stimulator(session, rig).await?;
    check_certificate(session, rig).await?;
    let (interlock, test_source) =
        (session.bench.capabilities.interlock, session.bench.capabilities.test_source);
    if interlock {
        let switches = session.instruments.switches()?;
        // An open lead may be all that keeps a train of somebody else's from the phantom.
        switches.interlock(false).await?;
        switches.clear("all").await?;
    } else if session.bench.capabilities.drives {
        session.leave_out("the load has no interlock: the stimulator stays connected to the phantom");
    }
    if test_source {
        zero::zero(session, plan.slow).await?;
        if session.intake.sight.is_driven() {
            session.see().await?;
        }
        discharge(session, &plan.case.phantom).await?;
        identify::phantom(session, plan, rig).await?;
    } else {
        session
            .leave_out("the load has no test source: no zero was taken and the phantom was not identified");
    }
    session.account.facts.relaxed = discharge(session, &plan.case.phantom).await?;
    // Neither the output guard nor anybody else would see what comes, if the word that the inputs are back was lost.
    session.see().await?;
    session.instruments.stimulator.stop().await?;
    session.instruments.stimulator.acknowledge().await?;
    session.attach_probe(rig).await?;
    if session.bench.capabilities.drives && !session.bench.capabilities.stream {
        at_rest::rehearse(session, plan).await?;
    }
    loading::load(session, &plan.case.program, false).await?;
    session.output.energised = session.bench.capabilities.drives;
    if interlock {
        session.instruments.switches()?.interlock(true).await?;
    }
    if session.bench.capabilities.stream {
        session.pass_seconds(RELAXED).await?;
    }
    session.watch.guarded = true;
    session.watch.polling = true;
    early::rested(session).await
}

/// A calibration counts for the load it was measured on.
async fn check_certificate(session: &mut Session<'_>, rig: &Rig) -> Result<(), Halt> {
    let Some(certificate) = &rig.certificate else { return Ok(()) };
    if !session.bench.capabilities.stream {
        // What a record was taken with is the instrument's own word, range by range.
        return Err(Halt::Bench(format!(
            "calibration {} is not applied to a load that takes records: state `accuracy` and `offset_error` of its channels instead",
            certificate.id
        )));
    }
    let uid = session.instruments.load.identify().await?.uid;
    if certificate.unit == uid {
        return Ok(());
    }
    let (id, unit) = (&certificate.id, &certificate.unit);
    Err(Halt::Bench(format!(
        "calibration {id} is for load {unit}, and this is {uid}: name this load's own in the rig file (stimrig calibrate)"
    )))
}

/// Seconds of recorded rest before the first step: `residual_voltage` refers to the 1–10 ms before the first start.
const RELAXED: f64 = 0.02;

async fn identify_stimulator(session: &mut Session<'_>, rig: &Rig) -> Result<(), Halt> {
    let identity = session.instruments.stimulator.identify().await?;
    let record = InstrumentRecord {
        role: "stimulator".to_owned(),
        driver: rig.stimulator.name().to_owned(),
        model: identity.model.clone(),
        uid: identity.uid.clone(),
        firmware: identity.firmware.clone(),
        calibration: None,
    };
    session.account.simulated |= record.is_simulated();
    session.watch.pace.patience =
        if identity.watchdog > 0.0 { (identity.watchdog * SECOND) as u64 } else { u64::MAX };
    (session.tell)(Message::Identity(record));
    super::identity::check("stimulator", rig.wiring.stimulator_uid.as_deref(), &identity.uid)?;
    if identity.cap > rig.cap * (1.0 + 1e-9) {
        let (says, states) = (identity.cap * 1e3, rig.cap * 1e3);
        return Err(Halt::Bench(format!(
            "the stimulator says its cap is {says} mA, the rig file states {states} mA: correct `stimulator.cap` in the rig file"
        )));
    }
    Ok(())
}
