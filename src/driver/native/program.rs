//! Programs to and from the wire's integers.

use stimrig_protocol::MAX_CONTACTS;
use stimrig_protocol::stimulator as wire;

use crate::signal::{Law, Polarity, Program, Recovery, Run, Share, Waveform};

const PICO: f64 = 1e12;
const NANO: f64 = 1e9;

/// To integers; a negative or absurd value saturates and is refused by the board.
fn integer(value: f64, per_unit: f64) -> u64 {
    (value * per_unit).round() as u64
}

/// The wire's program. Output k of the stimulator is wired to contact k.
///
/// # Errors
/// The name of a contact that is not wired.
pub(super) fn to_wire(program: &Program, contacts: &[String]) -> Result<wire::Program, String> {
    let mut shares = [0; MAX_CONTACTS];
    for share in &program.contacts {
        let output = contacts.iter().position(|contact| *contact == share.contact);
        let place = output.and_then(|output| shares.get_mut(output)).ok_or_else(|| share.contact.clone())?;
        *place = (share.share * 1e6).round() as i32;
    }
    Ok(wire::Program {
        waveform: match program.waveform {
            Waveform::Biphasic => wire::Waveform::Biphasic,
            Waveform::Monophasic => wire::Waveform::Monophasic,
            Waveform::Triphasic => wire::Waveform::Triphasic,
            Waveform::Alternating => wire::Waveform::Alternating,
        },
        anodic: program.leading == Polarity::Anodic,
        amplitude: integer(program.amplitude, PICO),
        width: integer(program.width, NANO),
        gap: integer(program.gap, NANO),
        recovery: match program.recovery {
            Recovery::Mirrored => wire::Recovery::Mirrored,
            Recovery::Ratio(ratio) => wire::Recovery::Ratio((ratio * 1e3).round() as u32),
            Recovery::Passive { duration, per_burst } => {
                wire::Recovery::Passive { duration: integer(duration, NANO), per_burst }
            }
            Recovery::None => wire::Recovery::None,
        },
        recharge: program.recharge.map(|duration| integer(duration, NANO)),
        period: integer(program.period(), PICO),
        ramp: program.ramp.map(|ramp| wire::Ramp {
            up: integer(ramp.up, NANO),
            law: match ramp.law {
                Law::Linear => wire::Law::Linear,
                Law::QuarterSine => wire::Law::QuarterSine,
                Law::Width => wire::Law::Width,
            },
        }),
        burst: program
            .burst
            .map(|burst| wire::Burst { pulses: burst.pulses, period: integer(1.0 / burst.rate, PICO) }),
        cycle: program.cycle.map(|cycle| wire::Cycle {
            on: integer(cycle.on_time, NANO),
            off: integer(cycle.off_time, NANO),
        }),
        shares,
        run: match program.run {
            Run::UntilStopped => wire::Run::UntilStopped,
            Run::Duration(duration) => wire::Run::Duration(integer(duration, NANO)),
            Run::Pulses(pulses) => wire::Run::Pulses(pulses),
        },
    })
}

/// What the board applied. A value it left as it was sent stays exactly what was asked for.
pub(super) fn applied(
    asked: &Program,
    sent: &wire::Program,
    applied: &wire::Program,
    contacts: &[String],
) -> Program {
    let value = |asked: f64, sent: u64, applied: u64, per_unit: f64| {
        if sent == applied { asked } else { applied as f64 / per_unit }
    };
    let recovery = match (asked.recovery, sent.recovery, applied.recovery) {
        (
            Recovery::Passive { duration, per_burst },
            wire::Recovery::Passive { duration: sent, .. },
            wire::Recovery::Passive { duration: applied, .. },
        ) => Recovery::Passive { duration: value(duration, sent, applied, NANO), per_burst },
        (asked, _, _) => asked,
    };
    let run = match (asked.run, sent.run, applied.run) {
        (Run::Duration(asked), wire::Run::Duration(sent), wire::Run::Duration(applied)) => {
            Run::Duration(value(asked, sent, applied, NANO))
        }
        (asked, _, _) => asked,
    };
    let recharge = match (asked.recharge, sent.recharge, applied.recharge) {
        (Some(asked), Some(sent), Some(applied)) => Some(value(asked, sent, applied, NANO)),
        (asked, _, _) => asked,
    };
    let rate = if sent.period == applied.period { asked.rate } else { PICO / applied.period.max(1) as f64 };
    let share_of = |share: &Share| {
        let output = contacts.iter().position(|contact| *contact == share.contact);
        let both = output.and_then(|k| sent.shares.get(k).zip(applied.shares.get(k)));
        let part =
            both.filter(|(sent, applied)| sent != applied).map(|(_, applied)| f64::from(*applied) * 1e-6);
        Share { share: part.unwrap_or(share.share), ..share.clone() }
    };
    Program {
        contacts: asked.contacts.iter().map(share_of).collect(),
        amplitude: value(asked.amplitude, sent.amplitude, applied.amplitude, PICO),
        width: value(asked.width, sent.width, applied.width, NANO),
        gap: value(asked.gap, sent.gap, applied.gap, NANO),
        recovery,
        recharge,
        rate,
        run,
        ..asked.clone()
    }
}
