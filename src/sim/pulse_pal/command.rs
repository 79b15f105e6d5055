//! What a host sends to a Pulse Pal: the menu byte, an operation, and as many bytes as it has.

use super::Channel;

/// A whole command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    Handshake,
    /// All parameters of all channels.
    Program(Box<[Channel; 4]>),
    /// One parameter; channels from 0.
    Parameter {
        code: u8,
        channel: usize,
        value: u32,
    },
    CustomTrain,
    /// Channels as bits.
    Trigger(u8),
    Fixed {
        channel: usize,
        code: u16,
    },
    Abort,
    Disconnect,
    Loop {
        channel: usize,
        on: bool,
    },
    Settings,
    /// Something that is taken and not answered.
    Silent,
}

/// What has come so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Parsed {
    Incomplete,
    /// An operation that it does not know, and ignores.
    Unknown,
    Whole(Command),
}

/// Bytes of a parameter's value; none of one that it does not know.
fn width(code: u8) -> usize {
    match code {
        1 | 12..=16 | 128 => 1,
        2 | 3 | 17 => 2,
        4..=11 => 4,
        _ => 0,
    }
}

/// Bytes of the whole command whose first these are, as far as they say.
fn length(bytes: &[u8]) -> Option<usize> {
    let at = |index: usize| bytes.get(index).copied();
    let count = |index: usize| Some(at(index)? as usize);
    Some(match at(1)? {
        72 | 80 | 81 | 85 => 2,
        73 => 180,
        74 => 4 + width(at(2)?),
        75 | 76 => {
            let number = bytes.get(2..6).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes)?;
            6 + 6 * number.min(5000) as usize
        }
        77 => 3,
        78 => 3 + count(2)?,
        79 => 5,
        82 => 4,
        89 => 8,
        90 => 4 + count(3)?,
        _ => 0,
    })
}

/// Takes a command apart.
pub(super) fn parse(bytes: &[u8]) -> Parsed {
    match length(bytes) {
        None => Parsed::Incomplete,
        Some(0) => Parsed::Unknown,
        Some(length) if bytes.len() < length => Parsed::Incomplete,
        Some(_) => command(bytes).map_or(Parsed::Unknown, Parsed::Whole),
    }
}

/// A command whose missing bytes are zeros.
pub(super) fn finished(bytes: &[u8]) -> Option<Command> {
    let mut whole = bytes.to_vec();
    // A length that has not come is zero too.
    for _ in 0..8 {
        match length(&whole) {
            Some(length) => whole.resize(length.max(whole.len()), 0),
            None => whole.push(0),
        }
    }
    command(&whole)
}

fn command(bytes: &[u8]) -> Option<Command> {
    let (operation, payload) = (*bytes.get(1)?, bytes.get(2..)?);
    let channel = |index: usize| payload.get(index).map(|number| usize::from(*number).wrapping_sub(1));
    Some(match operation {
        72 => Command::Handshake,
        73 => Command::Program(Box::new(program(payload)?)),
        74 => {
            let value = payload.get(2..)?.iter().rev().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
            Command::Parameter { code: *payload.first()?, channel: channel(1)?, value }
        }
        75 | 76 => Command::CustomTrain,
        77 => Command::Trigger(*payload.first()?),
        79 => {
            let code = u16::from_le_bytes(payload.get(1..3)?.try_into().ok()?);
            Command::Fixed { channel: channel(0)?, code }
        }
        80 => Command::Abort,
        81 => Command::Disconnect,
        // The other build of this number takes the state first, and the channel from 0.
        82 => Command::Loop { channel: channel(0)?, on: *payload.get(1)? != 0 },
        85 => Command::Settings,
        78 | 89 | 90 => Command::Silent,
        _ => return None,
    })
}

/// All parameters at once: times channel by channel, then voltages, then the rest. (The other build reads parameter by
/// parameter.)
fn program(payload: &[u8]) -> Option<[Channel; 4]> {
    let long = |index: usize| {
        payload.get(4 * index..4 * index + 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes)
    };
    let short = |index: usize| {
        let at = 128 + 2 * index;
        payload.get(at..at + 2).and_then(|bytes| bytes.try_into().ok()).map(u16::from_le_bytes)
    };
    let mut channels = [Channel::default(); 4];
    for (index, channel) in channels.iter_mut().enumerate() {
        let flags = payload.get(152 + 4 * index..156 + 4 * index)?;
        *channel = Channel {
            biphasic: *flags.first()? != 0,
            volts: [short(3 * index)?, short(3 * index + 1)?],
            times: [long(8 * index)?, long(8 * index + 1)?, long(8 * index + 2)?, long(8 * index + 3)?],
            burst: [long(8 * index + 4)?, long(8 * index + 5)?],
            train: long(8 * index + 6)?,
            delay: long(8 * index + 7)?,
            custom: *flags.get(1)?,
            rest: short(3 * index + 2)?,
            looping: false,
        };
    }
    Some(channels)
}

impl Channel {
    /// Sets one parameter; links to the trigger inputs are taken and have no effect here.
    pub(super) fn set(&mut self, code: u8, value: u32) {
        let volts = u16::try_from(value & 0xFFFF).unwrap_or(0);
        match code {
            1 => self.biphasic = value != 0,
            2 => self.volts[0] = volts,
            3 => self.volts[1] = volts,
            4..=7 => {
                if let Some(time) = self.times.get_mut(usize::from(code - 4)) {
                    *time = value;
                }
            }
            8 => self.burst[0] = value,
            9 => self.burst[1] = value,
            10 => self.train = value,
            11 => self.delay = value,
            14 => self.custom = u8::try_from(value & 0xFF).unwrap_or(0),
            17 => self.rest = volts,
            _ => {}
        }
    }
}
