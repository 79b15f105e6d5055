//! What the load showed with its inputs shorted, and for how long that kept it from seeing the output.

use crate::measure::Recording;
use crate::scenario::{Check, Measurand};
use crate::signal::MarkerBit;

use super::Reason;

/// What takes a pass away: a latest zero, of a current or of the stimulator's side, that is none. Noise, thresholds of activity and
/// levels without a baseline rest on it. What is not read off samples does not.
///
/// # Errors
/// [`Reason::NoZero`].
pub(super) fn sound(recording: &Recording, check: &Check) -> Result<(), Reason> {
    if matches!(check.measurand, Measurand::LinkErrors | Measurand::FaultReported) {
        return Ok(());
    }
    let setup = &recording.setup;
    let currents = recording.contacts.iter().map(|contact| contact.channel);
    for index in currents.chain(setup.vout) {
        let zero = recording.zeros.get(index).and_then(|zeros| zeros.last());
        if let Some((channel, zero)) = setup.channels.get(index).zip(zero)
            && !zero.is_sound(&channel.calibration)
        {
            let at = zero.from as f64 / setup.sample_rate;
            return Err(Reason::NoZero { channel: channel.name.clone(), at });
        }
    }
    Ok(())
}

/// That the load saw the output all through samples [from, to): plans see to it with the times that were asked for, and what took
/// place may differ.
///
/// # Errors
/// [`Reason::Blind`].
pub(super) fn seen(recording: &Recording, from: u64, to: u64) -> Result<(), Reason> {
    for bit in [MarkerBit::Zero, MarkerBit::TestSource] {
        let mut since = None;
        for marker in recording.markers.iter().filter(|marker| marker.bit == bit) {
            match (marker.value, since) {
                (true, None) => since = Some(marker.sample),
                (false, Some(on)) => {
                    covers(recording, (on, marker.sample), (from, to))?;
                    since = None;
                }
                _ => {}
            }
        }
        if let Some(on) = since {
            covers(recording, (on, u64::MAX), (from, to))?;
        }
    }
    Ok(())
}

/// That a blind stretch and a judged one have no sample in common.
fn covers(recording: &Recording, blind: (u64, u64), judged: (u64, u64)) -> Result<(), Reason> {
    if blind.0 < judged.1 && blind.1 > judged.0 {
        return Err(Reason::Blind { at: blind.0 as f64 / recording.setup.sample_rate });
    }
    Ok(())
}
