//! The bytes of protocol version 1.
//!
//! THE FILES IN `fixtures/wire/v1` MAY NEVER BE EDITED. Boards in the field speak these bytes. A test that fails here
//! has found a change of the protocol: undo it, or give the protocol a new version with a folder of its own.

use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use stimrig_protocol::block::{self, Change, Head, Stream, encode_block};
use stimrig_protocol::{
    Decoder, Kind, MAX_CONTACTS, MESSAGE_FRAME, Text, VERSION, decode_message, encode_message, load,
    stimulator,
};

/// Named frames, in the order of their file.
struct Frames(String);

impl Frames {
    fn add<M: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(
        &mut self,
        name: &str,
        kind: Kind,
        sequence: u16,
        message: &M,
    ) {
        let mut buffer = [0; MESSAGE_FRAME];
        let length = encode_message(&mut buffer, kind, sequence, message).unwrap();
        let mut decoder = Decoder::new([0; MESSAGE_FRAME]);
        decoder.push(&buffer[..length]);
        let frame = decoder.pull().unwrap();
        assert_eq!((frame.kind, frame.sequence), (kind, sequence), "{name}");
        assert_eq!(&decode_message::<M>(frame.payload).unwrap(), message, "{name}");
        self.bytes(name, &buffer[..length]);
    }

    fn bytes(&mut self, name: &str, bytes: &[u8]) {
        write!(self.0, "{name}:").unwrap();
        for (index, byte) in bytes.iter().enumerate() {
            write!(self.0, "{}{byte:02x}", if index % 32 == 0 { "\n  " } else { " " }).unwrap();
        }
        self.0.push('\n');
    }

    fn are_those_of(&self, file: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/wire/v1").join(file);
        let frozen = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            frozen == self.0,
            "the bytes of protocol version 1 have changed, which they may not (see the head of this file).\n\
             {} holds:\n{frozen}\nnow:\n{}",
            path.display(),
            self.0
        );
    }
}

fn shares() -> [i32; MAX_CONTACTS] {
    let mut shares = [0; MAX_CONTACTS];
    shares[..3].copy_from_slice(&[-600_000, -400_000, 1_000_000]);
    shares
}

fn plain() -> stimulator::Program {
    stimulator::Program {
        waveform: stimulator::Waveform::Biphasic,
        anodic: false,
        amplitude: 2_000_000_000,
        width: 200_000,
        gap: 50_000,
        recovery: stimulator::Recovery::Mirrored,
        recharge: None,
        period: 20_000_000_000,
        ramp: None,
        burst: None,
        cycle: None,
        shares: shares(),
        run: stimulator::Run::UntilStopped,
    }
}

/// Programs that together use every variant.
fn programs() -> Vec<stimulator::Program> {
    use stimulator::*;
    vec![
        plain(),
        Program {
            recovery: Recovery::Ratio(4000),
            ramp: Some(Ramp { up: 200_000_000, law: Law::Linear }),
            run: Run::Duration(2_000_000_000),
            ..plain()
        },
        Program {
            waveform: Waveform::Monophasic,
            anodic: true,
            recovery: Recovery::Passive { duration: 5_000_000, per_burst: true },
            burst: Some(Burst { pulses: 5, period: 2_000_000_000 }),
            ramp: Some(Ramp { up: 1_000_000_000, law: Law::QuarterSine }),
            run: Run::Pulses(100),
            ..plain()
        },
        Program {
            waveform: Waveform::Triphasic,
            recovery: Recovery::None,
            recharge: Some(5_000_000),
            ramp: Some(Ramp { up: 1, law: Law::Width }),
            ..plain()
        },
        Program {
            waveform: Waveform::Alternating,
            cycle: Some(Cycle { on: 30_000_000_000, off: 90_000_000_000 }),
            ..plain()
        },
    ]
}

#[test]
fn the_stimulators_bytes_are_frozen() {
    use stimulator::*;
    let mut frames = Frames(String::new());
    let request = Kind::StimulatorRequest;
    frames.add("request hello", request, 1, &Request::Hello { protocol: VERSION });
    for (program, sequence) in programs().into_iter().zip(2..) {
        frames.add("request load", request, sequence, &Request::Load(program));
    }
    let rest = [Request::Start, Request::Stop, Request::Status, Request::Acknowledge, Request::Keepalive];
    for (message, sequence) in rest.iter().zip(0xFFFD_u16..=0xFFFF).chain(rest.iter().skip(3).zip(0..)) {
        frames.add(&format!("request {message:?}").to_lowercase(), request, sequence, message);
    }
    let reply = Kind::StimulatorReply;
    let hello = Hello {
        protocol: VERSION,
        model: Text::new("reference board"),
        uid: *b"0123456789ab",
        firmware: [0xA5; 16],
        outputs: 8,
        cap: 12_700_000_000,
        full_scale: 25_000_000_000,
        dac_bits: 16,
        compliance: 15_000_000,
        tick: 1000,
        watchdog: 500_000_000,
    };
    frames.add("reply hello", reply, 1, &Reply::Hello(hello));
    frames.add("reply applied", reply, 2, &Reply::Applied(plain()));
    frames.add("reply done", reply, 3, &Reply::Done);
    let codes = [
        FaultCode::None,
        FaultCode::OpenLead,
        FaultCode::ShortLead,
        FaultCode::OverCurrent,
        FaultCode::Compliance,
        FaultCode::OverAmplitude,
        FaultCode::Watchdog,
        FaultCode::BrownOut,
        FaultCode::Link,
    ];
    let states = [State::Idle, State::Running, State::Latched].into_iter().cycle();
    for (fault, state) in codes.into_iter().zip(states) {
        let status = Status { state, fault, pulses: 1 << 40 };
        frames.add(
            &format!("reply status {state:?} {fault:?}").to_lowercase(),
            reply,
            4,
            &Reply::Status(status),
        );
    }
    let refusals = [
        Refusal::Malformed,
        Refusal::Version,
        Refusal::Latched,
        Refusal::NoProgram,
        Refusal::OverAmplitude,
        Refusal::Amplitude,
        Refusal::Timing,
        Refusal::Shares,
        Refusal::Unsupported,
    ];
    for refusal in refusals {
        frames.add(&format!("reply refused {refusal:?}").to_lowercase(), reply, 5, &Reply::Refused(refusal));
    }
    frames.are_those_of("stimulator.hex");
}

#[test]
fn the_loads_bytes_are_frozen() {
    use load::*;
    let mut frames = Frames(String::new());
    let requests = [
        Request::Hello { protocol: VERSION },
        Request::Channel { index: 0, channel: Channel::Contact(3), range: 4_000_000 },
        Request::Channel { index: 1, channel: Channel::Sense(0), range: 2_000_000_000 },
        Request::Channel { index: 2, channel: Channel::Vout, range: 20_000_000_000 },
        Request::Stream { slow: true },
        Request::Calibration { slow: false, index: 2 },
        Request::EndStream,
        Request::Interlock { closed: true },
        Request::Inject(Fault::OpenLead { contact: 0 }),
        Request::Inject(Fault::ShortLead { between: (0, 7) }),
        Request::Inject(Fault::Leakage { contact: 1, resistance: 10_000_000 }),
        Request::Inject(Fault::ImpedanceStep { to: 5_000_000 }),
        Request::Inject(Fault::BrownOut { duration: 10_000_000 }),
        Request::Clear(FaultKind::All),
        Request::Clear(FaultKind::OpenLead),
        Request::Clear(FaultKind::ShortLead),
        Request::Clear(FaultKind::Leakage),
        Request::Clear(FaultKind::ImpedanceStep),
        Request::Clear(FaultKind::BrownOut),
        Request::Zero { on: true },
        Request::TestSource { contact: 0, amplitude: -100_000_000 },
        Request::Keepalive,
    ];
    for (request, sequence) in requests.iter().zip(1..) {
        frames.add(&format!("request {request:?}"), Kind::LoadRequest, sequence, request);
    }
    let hello = Hello {
        protocol: VERSION,
        model: Text::new("reference load"),
        uid: *b"ab0123456789",
        firmware: [0x5A; 16],
        calibration: Text::new("CAL-7 2026-01-01..2027-01-01"),
        sample_rate: 1_000_000_000,
        clock_u: 20_000,
        filter_poles: 4,
        filter_cutoff: 100_000_000,
        slow_rate: 1_000_000,
        slow_poles: 2,
        slow_cutoff: 2000,
        contacts: 8,
        senses: 2,
        watchdog: 500_000_000,
    };
    let calibration = Calibration {
        lsb: 1.25e-7,
        offset: 0.5,
        offset_u: 2.0,
        gain_u: 5e-4,
        inl: 1.0,
        noise: 0.75,
        low: i16::MIN,
        high: i16::MAX,
    };
    let mut replies = vec![Reply::Hello(hello), Reply::Calibration(calibration), Reply::Done];
    let refusals = [
        Refusal::Malformed,
        Refusal::Version,
        Refusal::Channel,
        Refusal::Range,
        Refusal::Streaming,
        Refusal::NotStreaming,
        Refusal::Fault,
        Refusal::Interlock,
    ];
    replies.extend(refusals.map(Reply::Refused));
    for (reply, sequence) in replies.iter().zip(1..) {
        let name = match reply {
            Reply::Hello(_) => "reply Hello".to_owned(),
            Reply::Calibration(_) => "reply Calibration".to_owned(),
            other => format!("reply {other:?}"),
        };
        frames.add(&name, Kind::LoadReply, sequence, reply);
    }
    frames.are_those_of("load.hex");
}

#[test]
fn the_samples_bytes_are_frozen() {
    let mut frames = Frames(String::new());
    let changes = [Change { after: 0, bit: 8, value: true }, Change { after: 2, bit: 0, value: false }];
    let fast = Head { stream: Stream::Fast, planes: 2, count: 3, first: 0x0102_0304_0506, lost: 7 };
    let slow = Head { stream: Stream::Slow, planes: 1, count: 1, first: 0, lost: 0 };
    let mut buffer = [0; 256];
    let length = encode_block(&mut buffer, 9, &fast, &changes, &[1, -1, 256, i16::MAX, i16::MIN, 0]).unwrap();
    frames.bytes("fast block", &buffer[..length]);
    let length = encode_block(&mut buffer, 10, &slow, &[], &[-2]).unwrap();
    frames.bytes("slow block", &buffer[..length]);
    frames.are_those_of("samples.hex");
    assert_eq!((block::HEAD, block::CHANGE), (22, 4));
}
