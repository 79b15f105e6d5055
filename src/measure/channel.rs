//! The channels of a stream as a recorder follows them.

use crate::signal::{Program, Sensed};

use super::contact::Contact;
use super::history::{History, STRETCH};
use super::shape::Shaper;
use super::timing::Timing;
use super::voltage::Voltage;
use super::zero::ZeroCollector;
use super::{ChannelSetup, FrontEnd, Pyramid, Setup, TABLE_BYTES, Table, Zero};

/// Rows of a contact whose table nobody asked for, and which is not measured with all others either.
const FEWEST_ROWS: usize = 4096;

/// What a channel senses, with what follows it.
#[derive(Debug)]
pub(super) enum Kind {
    Contact(Box<Contact>),
    Voltage(Box<Voltage>),
}

/// One channel of a stream.
#[derive(Debug)]
pub(super) struct Channel {
    pub(super) history: History,
    pub(super) overview: Pyramid,
    pub(super) kind: Kind,
    pub(super) zeros: Vec<Zero>,
    pub(super) collector: Option<ZeroCollector>,
}

impl Channel {
    /// The channels of a setup at rest. The tables that are asked for share the memory there is for rows.
    pub(super) fn all(setup: &Setup, front_end: &FrontEnd, timing: &Timing) -> Vec<Self> {
        let asked = |channel: &ChannelSetup| {
            let named = |tables: &Vec<String>| tables.contains(&channel.name);
            channel.sensed == Sensed::Current && setup.wanted.tables.as_ref().is_none_or(named)
        };
        let tables = setup.channels.iter().filter(|channel| asked(channel)).count();
        let of = |(index, channel): (usize, &ChannelSetup)| {
            let rate = setup.sample_rate;
            let kind = match channel.sensed {
                Sensed::Current => {
                    let mut contact = Contact::new(index, &channel.name, channel.calibration, rate);
                    if !asked(channel) && setup.wanted.joint {
                        contact.record.pulses = Table::bare();
                    }
                    let kept = asked(channel) || setup.wanted.joint;
                    let rows = if kept { usize::MAX } else { FEWEST_ROWS };
                    contact.room = (rows, TABLE_BYTES / tables.max(1));
                    contact.expect(share(&setup.program, &channel.name) * timing.smallest);
                    let shaped = setup.wanted.shapes.contains(&channel.name);
                    contact.shaper = shaped.then(|| Shaper::new(rate, front_end.settling));
                    Kind::Contact(Box::new(contact))
                }
                Sensed::Voltage => {
                    let watched = setup.vout == Some(index);
                    let (name, calibration) = (&channel.name, channel.calibration);
                    Kind::Voltage(Box::new(Voltage::new(index, name, calibration, watched, rate)))
                }
            };
            let overview = Pyramid::new(STRETCH, 65_536);
            Self { history: History::new(), overview, kind, zeros: Vec::new(), collector: None }
        };
        setup.channels.iter().enumerate().map(of).collect()
    }

    /// Its samples, and the code at which it rests: that of a current's zero.
    pub(super) fn resting(&self) -> (&History, f64) {
        let zero = match &self.kind {
            Kind::Contact(contact) => contact.zero,
            Kind::Voltage(_) => 0.0,
        };
        (&self.history, zero)
    }
}

/// Magnitude of a contact's share: 1 for the one that carries the programmed amplitude.
pub(super) fn share(program: &Program, contact: &str) -> f64 {
    let share = program.share_of(contact).abs();
    if share > 0.0 { share } else { f64::INFINITY }
}
