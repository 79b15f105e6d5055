//! What the recorder is told about the stream it will measure.

use crate::instrument::{LoadIdentity, StreamSetup};
use crate::measure::{ChannelSetup, Setup, SlowSetup, Wanted};
use crate::rig::Certificate;
use crate::scenario::{Check, Measurand, Plan};
use crate::signal::{Calibration, Sensed};

/// The recorder's setup for a plan on a load that has stated its calibration.
pub(super) fn setup(
    plan: &Plan,
    identity: &LoadIdentity,
    stream: &StreamSetup,
    calibrations: &[Calibration],
    certificate: Option<&Certificate>,
) -> Setup {
    let program = &plan.case.program;
    let mut stated = calibrations.iter().copied();
    let fast = stream.channels.iter().zip(stated.by_ref().take(stream.channels.len()));
    let channels: Vec<_> = fast
        .map(|(channel, calibration)| ChannelSetup {
            name: channel.name.clone(),
            sensed: channel.quantity,
            calibration: certificate.map_or(calibration, |certificate| {
                certificate.applied(&channel.name, channel.quantity, channel.range, calibration)
            }),
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
    let wanted = wanted(plan, index);
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
        wanted,
        program: program.clone(),
    }
}

/// What the checks of a plan need beyond the tables of pulses. `index` finds a channel.
fn wanted(plan: &Plan, index: impl Fn(&str, Sensed) -> Option<usize>) -> Wanted {
    use Measurand as M;
    let case = &plan.case;
    let asks = |measurand: M| case.checks.iter().any(|check| check.measurand == measurand);
    let edges = [M::AccessResistance, M::Polarization, M::PhantomIdentity];
    let mut pairs = Vec::new();
    for check in case.checks.iter().filter(|check| edges.contains(&check.measurand)) {
        let contact = check.contact.as_deref().unwrap_or(case.program.main_contact());
        let sense = case.phantom.sense_of(contact).and_then(|sense| index(sense, Sensed::Voltage));
        pairs.extend(index(contact, Sensed::Current).zip(sense).filter(|pair| !pairs.contains(pair)));
    }
    let mut outputs = Vec::new();
    if asks(M::ComplianceHeadroom) {
        outputs.extend(index("vout", Sensed::Voltage));
        let back = case.phantom.return_contact();
        // Against another return than the phantom's own, the senses are not the outputs' voltages.
        let driven = case.program.contacts.iter().filter(|share| {
            case.program.share_of(back) != 0.0 && share.share != 0.0 && share.contact != back
        });
        let senses = driven.filter_map(|share| case.phantom.sense_of(&share.contact));
        outputs.extend(senses.filter_map(|sense| index(sense, Sensed::Voltage)));
    }
    let joint =
        asks(M::CurrentShare) || asks(M::KirchhoffResidual) || !pairs.is_empty() || !outputs.is_empty();
    let main = case.program.main_contact();
    let of = |check: &Check| check.contact.as_deref().unwrap_or(main).to_owned();
    let shapes = case.checks.iter().filter(|check| {
        matches!(check.measurand, M::Overshoot | M::Droop | M::TransitionTime)
            || matches!(check.definition.as_deref(), Some("state-level" | "third-of-peak"))
    });
    // The filter's own overshoot can be told from the stimulator's only where the edges are known, on any contact.
    let capped = asks(M::CapNeverExceeded);
    let currents = plan.channels.iter().filter(|channel| capped && channel.quantity == Sensed::Current);
    let shapes = shapes.map(of).chain(currents.map(|channel| channel.name.clone())).collect();
    // Faults are judged on every contact; what several show together is read off none of their tables, but when they were.
    let read = || case.checks.iter().filter(|check| !check.measurand.is_of_all_contacts());
    let idle = |check: &Check| check.contact.as_deref() == Some("idle");
    let every = capped
        || [M::ChargeAfterFault, M::NoTruncatedPulse].into_iter().any(asks)
        || case.checks.iter().any(|check| check.after.is_some())
        || read().any(idle);
    let tables = (!every).then(|| read().map(of).chain([main.to_owned()]).collect());
    let left = [M::ResidualVoltage, M::ResidualVoltageError, M::PhantomIdentity];
    let left = case.checks.iter().filter(|check| left.contains(&check.measurand));
    let rests = left.filter_map(|check| index(case.phantom.sense_of(&of(check))?, Sensed::Voltage));
    let rests = Some(rests.collect());
    Wanted { joint, pairs, outputs, shapes, tables, rests }
}
