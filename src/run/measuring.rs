//! What the recorder is told about the stream it will measure.

use crate::instrument::{LoadIdentity, StreamSetup};
use crate::measure::{ChannelSetup, Setup, SlowSetup, Wanted};
use crate::scenario::{Measurand, Plan};
use crate::signal::{Calibration, Sensed};

/// The recorder's setup for a plan on a load that has stated its calibration.
pub(super) fn setup(
    plan: &Plan,
    identity: &LoadIdentity,
    stream: &StreamSetup,
    calibrations: &[Calibration],
) -> Setup {
    let program = &plan.case.program;
    let mut stated = calibrations.iter().copied();
    let fast = stream.channels.iter().zip(stated.by_ref().take(stream.channels.len()));
    let channels: Vec<_> = fast
        .map(|(channel, calibration)| ChannelSetup {
            name: channel.name.clone(),
            sensed: channel.quantity,
            calibration,
        })
        .collect();
    let contacts = plan.case.phantom.contacts.iter();
    let slow = contacts.zip(stated).map(|((name, _), calibration)| ChannelSetup {
        name: name.clone(),
        sensed: Sensed::Current,
        calibration,
    });
    let slow: Vec<_> = slow.collect();
    let index = |name: &str, sensed: Sensed| {
        channels.iter().position(|channel| channel.name == name && channel.sensed == sensed)
    };
    Setup {
        sample_rate: identity.sample_rate,
        clock_u: identity.clock_u,
        filter: identity.filter,
        main: index(program.main_contact(), Sensed::Current).unwrap_or(0),
        vout: index("vout", Sensed::Voltage),
        slow: stream.slow.then_some(SlowSetup {
            sample_rate: identity.slow_rate,
            filter: identity.slow_filter,
            channels: slow,
        }),
        channels,
        wanted: wanted(plan),
        program: program.clone(),
    }
}

/// What the checks of a plan need beyond the tables of pulses.
fn wanted(plan: &Plan) -> Wanted {
    let asks =
        |measurands: &[Measurand]| plan.case.checks.iter().any(|check| measurands.contains(&check.measurand));
    let shapes = plan.case.checks.iter().filter(|check| {
        matches!(check.measurand, Measurand::Overshoot | Measurand::Droop | Measurand::TransitionTime)
    });
    let main = plan.case.program.main_contact();
    Wanted {
        joint: asks(&[Measurand::CurrentShare, Measurand::KirchhoffResidual]),
        shapes: shapes.map(|check| check.contact.as_deref().unwrap_or(main).to_owned()).collect(),
    }
}
