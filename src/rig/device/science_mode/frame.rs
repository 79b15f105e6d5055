//! Frames of the protocol: `F0`, length, checksum, stuffed body, `0F`. A body is a packet's number, its command and payload.

use crate::rig::template::Checksum;

const START: u8 = 0xF0;
const STOP: u8 = 0x0F;
const STUFF: u8 = 0x81;
const KEY: u8 = 0x55;

/// What a host asks; the acknowledge of a command is the number after it.
pub mod command {
    /// Low level: initialise.
    pub const LL_INIT: u16 = 0;
    /// Low level: one pulse.
    pub const LL_CHANNEL_CONFIG: u16 = 2;
    /// Low level: stop.
    pub const LL_STOP: u16 = 4;
    /// Mid level: initialise.
    pub const ML_INIT: u16 = 30;
    /// Mid level: program and start.
    pub const ML_UPDATE: u16 = 32;
    /// Mid level: stop.
    pub const ML_STOP: u16 = 34;
    /// Mid level: state, which is also the keep-alive.
    pub const ML_GET_CURRENT_DATA: u16 = 36;
    /// Version of the main processor.
    pub const VERSION: u16 = 50;
    /// Serial number.
    pub const DEVICE_ID: u16 = 52;
    /// Battery.
    pub const BATTERY: u16 = 54;
    /// State of the stimulation processor.
    pub const STIM_STATUS: u16 = 62;
    /// Something was wrong with what arrived.
    pub const GENERAL_ERROR: u16 = 66;
    /// A command that is not known.
    pub const UNKNOWN: u16 = 67;
}

/// A packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// 0 to 63, echoed in the acknowledge.
    pub number: u8,
    /// Command or acknowledge.
    pub command: u16,
    /// What belongs to it.
    pub payload: Vec<u8>,
}

/// The checksum of a stuffed body, high byte first.
fn checksum(body: &[u8]) -> [u8; 2] {
    match Checksum::Crc("CRC-16/XMODEM").of(body).as_slice() {
        [low, high] => [*high, *low],
        _ => [0, 0],
    }
}

impl Packet {
    /// As it goes over the wire.
    pub fn encode(&self) -> Vec<u8> {
        let [high, low] = self.command.to_be_bytes();
        let mut body = Vec::new();
        for byte in [(self.number << 2) | (high & 3), low].iter().chain(&self.payload) {
            match *byte {
                START | STOP | STUFF => body.extend([STUFF, byte ^ KEY]),
                byte => body.push(byte),
            }
        }
        let length = u16::try_from(body.len() + 10).unwrap_or(u16::MAX).to_be_bytes();
        let mut frame = vec![START];
        // Length and checksum are stuffed whatever they are.
        for byte in length.into_iter().chain(checksum(&body)) {
            frame.extend([STUFF, byte ^ KEY]);
        }
        frame.extend(body);
        frame.push(STOP);
        frame
    }

    /// Takes the first whole frame out of what has been received; bytes before it are thrown away.
    ///
    /// # Errors
    /// A frame that is damaged, with the reason; it is taken out too.
    pub fn take(received: &mut Vec<u8>) -> Option<Result<Self, &'static str>> {
        let start = received.iter().position(|byte| *byte == START).unwrap_or(received.len());
        received.drain(..start);
        let end = received.iter().position(|byte| *byte == STOP)?;
        let frame: Vec<u8> = received.drain(..=end).collect();
        Some(Self::decode(&frame))
    }

    fn decode(frame: &[u8]) -> Result<Self, &'static str> {
        const SHORT: &str = "a frame cut short";
        let (head, rest) = frame.split_at_checked(9).ok_or(SHORT)?;
        let body = rest.split_last().ok_or(SHORT)?.1;
        if head.iter().skip(1).step_by(2).any(|mark| *mark != STUFF) {
            return Err("a frame whose length or checksum is not marked as such");
        }
        let unstuffed: Vec<u8> = head.iter().skip(2).step_by(2).map(|byte| byte ^ KEY).collect();
        let [length_high, length_low, sum_high, sum_low] = *unstuffed.as_slice() else { return Err(SHORT) };
        if usize::from(u16::from_be_bytes([length_high, length_low])) != frame.len() {
            return Err("a frame of another length than it states");
        }
        if checksum(body) != [sum_high, sum_low] {
            return Err("a frame whose checksum is wrong");
        }
        let mut plain = Vec::new();
        let mut bytes = body.iter();
        while let Some(byte) = bytes.next() {
            plain.push(if *byte == STUFF { bytes.next().ok_or(SHORT)? ^ KEY } else { *byte });
        }
        match plain.as_slice() {
            [first, second, payload @ ..] => Ok(Self {
                number: first >> 2,
                command: u16::from_be_bytes([first & 3, *second]),
                payload: payload.to_vec(),
            }),
            _ => Err(SHORT),
        }
    }
}

/// A point as four bytes: 12 bits of microseconds, 10 of current (half milliamperes from -150 mA).
pub fn encode_point(point: &super::Point) -> [u8; 4] {
    let (time, current) = (point.microseconds as u16, (point.steps + 300) as u16);
    [(time >> 4) as u8, ((time & 0xF) << 4) as u8 | (current >> 6) as u8, ((current & 0x3F) << 2) as u8, 0]
}

/// Four bytes as a point.
pub fn decode_point(bytes: [u8; 4]) -> super::Point {
    let [first, second, third, _] = bytes.map(i64::from);
    super::Point {
        microseconds: ((first << 4) | (second >> 4)) as u64,
        steps: (((second & 0xF) << 6) | (third >> 2)) - 300,
    }
}

/// What a result says; `None` is success.
pub fn result(code: u8) -> Option<&'static str> {
    Some(match code {
        0 => return None,
        1 => "a frame arrived damaged (transfer error)",
        2 => "a parameter is out of range",
        3 => "not possible now (protocol error)",
        4 => "its stimulation processor does not answer",
        7 => "it is not initialised",
        8 => "its high voltage fails",
        10 => "electrode error",
        11 => "a command that it does not know",
        16 => "a pulse cannot be finished in time",
        27 => "its battery gauge fails",
        28 => "low current: the load is too high for its voltage",
        _ => "an error that is not documented",
    })
}

#[cfg(test)]
mod tests {
    use super::super::Point;
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        hex.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
    }

    /// Frames exchanged between the vendor's client and the vendor's server code.
    #[test]
    fn frames_are_those_of_the_vendors_library() {
        let points = [(40, 200), (0, 100), (-40, 200)]
            .map(|(steps, microseconds)| encode_point(&Point { steps, microseconds }))
            .concat();
        let packet = |number, command, payload: Vec<u8>| Packet { number, command, payload };
        for (packet, wire) in [
            (packet(0, command::VERSION, vec![]), "F0 81 55 81 59 81 43 81 44 00 32 0F"),
            (
                packet(0, 51, vec![0, 3, 2, 5, 4, 0, 0]),
                "F0 81 55 81 46 81 31 81 1A 00 33 00 03 02 05 04 00 00 0F",
            ),
            (packet(1, command::LL_INIT, vec![0]), "F0 81 55 81 58 81 89 81 95 04 00 00 0F"),
            (packet(3, command::LL_STOP, vec![]), "F0 81 55 81 59 81 50 81 BC 0C 04 0F"),
            (
                packet(2, command::LL_CHANNEL_CONFIG, [vec![0x82], points.clone()].concat()),
                "F0 81 55 81 4C 81 87 81 76 08 02 82 0C 85 50 00 06 44 B0 00 0C 84 10 00 0F",
            ),
            (
                packet(5, command::ML_UPDATE, [vec![1, 0x20, 0, 0x50], points].concat()),
                "F0 81 55 81 49 81 2E 81 99 14 20 01 20 00 50 0C 85 50 00 06 44 B0 00 0C 84 10 00 0F",
            ),
        ] {
            assert_eq!(packet.encode(), bytes(wire), "{wire}");
            let mut received = [vec![0x11, 0x22], bytes(wire), vec![0xF0]].concat();
            assert_eq!(Packet::take(&mut received), Some(Ok(packet)));
            assert_eq!((received.clone(), Packet::take(&mut received)), (vec![0xF0], None));
        }
    }

    #[test]
    fn every_byte_survives_and_damage_is_noticed() {
        let packet = Packet { number: 60, command: 37, payload: (0..=255).collect() };
        let wire = packet.encode();
        assert_eq!(wire.iter().filter(|byte| **byte == 0xF0 || **byte == 0x0F).count(), 2);
        assert_eq!(Packet::take(&mut wire.clone()), Some(Ok(packet)));
        for at in 1..wire.len() - 1 {
            let mut damaged = wire.clone();
            damaged[at] ^= 4;
            if damaged[at] != 0xF0 && damaged[at] != 0x0F {
                assert!(matches!(Packet::take(&mut damaged), Some(Err(_))), "byte {at}");
            }
        }
    }

    #[test]
    fn points_survive() {
        for (steps, microseconds) in [(-260, 10), (260, 4095), (0, 1234), (1, 16)] {
            let point = Point { steps, microseconds };
            assert_eq!(decode_point(encode_point(&point)), point);
        }
    }
}
