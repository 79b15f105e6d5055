//! Described protocols: the bytes that leave, what may come back, and what a template may not say.

use stimrig::driver::template::Stimulator as Described;
use stimrig::instrument::{InstrumentFault, Reports, State, Stimulator};
use stimrig::rig::{Pairs, Rig};
use stimrig::scenario::FaultCode;
use stimrig::signal::{Program, Recovery, Waveform};
use stimrig::source::Source;

use super::scripted::{Scripted, impostors};
use super::*;

fn pairs() -> Pairs {
    Pairs::of(&[], &phantom("r1k"))
}

fn described(rig: &Rig, port: Scripted) -> Described {
    Described::new(Box::new(port), rig.protocol.template().unwrap(), pairs(), rig.cap)
}

fn plain(amplitude: f64) -> Program {
    Program::biphasic(["e1", "case"], amplitude, 200e-6, 100e-6, 50.0)
}

/// What the text board of the example answers.
fn board(bytes: &[u8]) -> Option<Vec<u8>> {
    let answer = match std::str::from_utf8(bytes).unwrap().trim_end() {
        "*IDN?" => "ACME,BRD,42,1.2",
        "STAT?" => "FLT 3 17",
        "FREQ 50.0" => "ERR out of memory",
        _ => "OK",
    };
    Some(format!("{answer}\r\n").into_bytes())
}

#[test]
fn text_leaves_as_the_template_says_and_numbers_are_on_its_steps() {
    block_on(async {
        let rig = rig("rig/template-text.yaml");
        let port = Scripted::new(board);
        let written = port.written();
        let mut stimulator = described(&rig, port);
        let identity = stimulator.identify().await.unwrap();
        assert_eq!(
            (identity.model.as_str(), identity.uid.as_str(), identity.firmware.as_str()),
            ("BRD", "42", "1.2")
        );
        // Refused by the device, with its own reason, after what it took.
        let error = stimulator.load(&plain(2.0004e-3)).await.unwrap_err();
        assert_eq!(error.fault, InstrumentFault::Refused("out of memory".into()));
        let applied = stimulator.load(&Program { rate: 20.04, ..plain(2.0004e-3) }).await.unwrap().program;
        assert!((applied.amplitude - 2e-3).abs() < 1e-12 && (applied.rate - 20.0).abs() < 1e-9);
        let status = stimulator.status().await.unwrap();
        assert_eq!((status.state, status.fault, status.pulses), (State::Latched, FaultCode::OpenLead, 17));
        stimulator.stop().await.unwrap();
        let written = written.lock().unwrap();
        let lines: Vec<_> = written.iter().map(|bytes| String::from_utf8_lossy(bytes)).collect();
        assert_eq!(
            lines,
            [
                "*IDN?\r\n",
                "CURR 2000\r\n",
                "PW 200;GAP 100\r\n",
                "FREQ 50.0\r\n",
                "CURR 2000\r\n",
                "PW 200;GAP 100\r\n",
                "FREQ 20.0\r\n",
                "STAT?\r\n",
                "OUTP OFF\r\n"
            ]
        );
    });
}

#[test]
fn opennerve_frames_are_those_of_its_firmware() {
    block_on(async {
        let rig = rig("rig/opennerve-uart.yaml");
        // CRC-16 with polynomial 0x1021 and initial value 0xFFFF, bit by bit, independent of the catalogue.
        fn crc(bytes: &[u8]) -> [u8; 2] {
            let mut crc = 0xFFFF_u16;
            for byte in bytes {
                crc ^= u16::from(*byte) << 8;
                for _ in 0..8 {
                    crc = if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 };
                }
            }
            crc.to_le_bytes()
        }
        let closed = |body: &[u8]| [body, &crc(body)].concat();
        let port = Scripted::new(move |bytes| {
            assert_eq!(bytes, closed(&bytes[..bytes.len() - 2]), "the checksum covers all before it");
            let answer = match bytes[0] {
                0xA8 => vec![0xA8, 4, 0, 0x10, 0x0E, 0x10, 0x0E],
                // The width is refused: user class.
                0xAD if bytes.windows(4).any(|name| name == b"SP03") && bytes[6] == 4 => vec![0xAD, 0, 0xF3],
                opcode => vec![opcode, 0, 0],
            };
            Some(closed(&answer))
        });
        let written = port.written();
        let mut stimulator = described(&rig, port);
        stimulator.identify().await.unwrap();
        let train = Program {
            waveform: Waveform::Alternating,
            recovery: Recovery::None,
            width: 500e-6,
            gap: 0.0,
            rate: 5.0,
            ..plain(0.4e-3)
        };
        let applied = stimulator.load(&train).await.unwrap().program;
        // Half a period of 200 ms, less the phase.
        assert!((applied.recharge.unwrap() - 99.5e-3).abs() < 1e-12);
        stimulator.start().await.unwrap();
        stimulator.stop().await.unwrap();
        {
            let written = written.lock().unwrap();
            let body = |at: usize| &written[at][..written[at].len() - 2];
            assert_eq!(body(0), [0xA8, 0]);
            assert_eq!(body(1), [&[0xAD, 6][..], b"SP02", &[4, 0]].concat());
            assert_eq!(body(2), [&[0xAD, 6][..], b"SP03", &[10, 0]].concat());
            assert_eq!(body(3), [&[0xAD, 6][..], b"SP04", &[5, 0]].concat());
            assert_eq!(body(4), [&[0xAD, 6][..], b"SP05", &[0, 0]].concat());
            assert_eq!((body(6), body(7)), (&[0xA5, 1, 1][..], &[0xA6, 0][..]));
        }
        let refused = stimulator.load(&Program { width: 200e-6, ..train }).await.unwrap_err();
        assert_eq!(refused.fault, InstrumentFault::Refused("user class".into()));
    });
}

#[test]
fn a_damaged_or_foreign_reply_is_named() {
    let rig = rig("rig/opennerve-uart.yaml");
    let error = |answer: Vec<u8>| {
        let mut stimulator = described(&rig, Scripted::new(move |_| Some(answer.clone())));
        block_on(stimulator.identify()).unwrap_err().to_string()
    };
    assert!(error(vec![0xA8, 0, 0, 1, 2]).contains("a frame whose checksum is wrong"));
    // The reply to another operation, rightly closed.
    assert!(
        error(vec![0xA6, 0, 0, 0xEC, 0xB9]).contains("reply")
            || error(vec![0xA6, 0, 0, 0, 0]).contains("checksum")
    );
    for path in ["rig/template-text.yaml", "rig/opennerve-uart.yaml"] {
        for (what, device, _) in impostors() {
            let mut stimulator = described(&super::rig(path), device);
            let error = block_on(stimulator.identify()).unwrap_err().to_string();
            assert!(error.starts_with("stimulator: identify: "), "{path} {what}: {error}");
        }
    }
}

#[test]
fn mistakes_of_a_template_have_their_places() {
    let good = text("rig/template-text.yaml");
    let problems = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        let source = Source::new("t.yaml", &good.replacen(from, to, 1));
        let problems = Rig::read(&source).err().unwrap_or_default();
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let cases = [
        ("{amplitude:uA}", "{amplitde:uA}", "there is no number `amplitde`"),
        ("{amplitude:uA}", "{amplitude:us}", "`{amplitude:us}` has no unit of its kind"),
        ("{rate:Hz.1}", "50", "no command sets `rate`, and `fixed` does not state it"),
        ("\"^OK$\" }        # steps", "\"^(OK$\" }        # steps", "this is no regular expression"),
        ("RUN: running", "RUN: runing", "`runing` is not a state"),
        ("(?<state>[A-Z]+)", "([A-Z]+)", "a status says at least what the output does"),
        ("amplitude: [10 uA, 10 mA]", "amplitude: [10 us, 10 mA]", "10 us"),
        ("    stop: {", "    stp: {", "unknown key `stp`"),
        ("send: \"STAT?\"", "opcode: 0xA5", "`opcode` is not for a text template"),
    ];
    for (from, to, says) in cases {
        let said = problems(from, to);
        assert!(said.contains(says) && said.contains("t.yaml:"), "{to}: {said}");
    }
}
