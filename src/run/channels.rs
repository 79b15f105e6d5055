//! The load's channels as a case wants them, and as they came.

use crate::instrument::{RecordHead, StreamChannel, StreamSetup};
use crate::measure::Setup;
use crate::rig::Rig;
use crate::scenario::Plan;

/// What the load is asked to stream for a plan.
pub(super) fn stream_setup(plan: &Plan) -> StreamSetup {
    let channels = plan.channels.iter().map(|channel| StreamChannel {
        name: channel.name.clone(),
        quantity: channel.quantity,
        range: channel.range,
    });
    StreamSetup { channels: channels.collect(), slow: plan.slow }
}

/// The same channels, each on its finest range.
pub(super) fn finest(plan: &Plan, rig: &Rig) -> Vec<StreamChannel> {
    let mut channels = stream_setup(plan).channels;
    for channel in &mut channels {
        let stated = rig.channels.iter().find(|stated| stated.name == channel.name);
        channel.range = stated.and_then(|stated| stated.ranges.first()).copied().unwrap_or(channel.range);
    }
    channels
}

/// The setup of a record.
pub(super) fn as_recorded(setup: &Setup, head: &RecordHead) -> Setup {
    let mut setup = Setup { sample_rate: head.sample_rate, ..setup.clone() };
    for (channel, calibration) in setup.channels.iter_mut().zip(&head.calibrations) {
        channel.calibration = *calibration;
    }
    setup
}
