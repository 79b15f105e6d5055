//! Described protocols: the bytes that leave, what may come back, and what a template may not say.

use stimrig::driver::template::Stimulator as Described;
use stimrig::instrument::{InstrumentFault, Reports, State, Stimulator};
use stimrig::rig::{Pairs, Rig};
use stimrig::scenario::FaultCode;
use stimrig::signal::{Program, Recovery, Run, Waveform};
use stimrig::source::Source;

use super::scripted::{Scripted, impostors};
use super::*;
use crate::command::stimrig;

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

/// A board whose numbers are binary: the period in microseconds, and how many pulses a train has.
const BINARY: &str = "version: 1
name: frames
stimulator:
  driver: template
  cap: 10 mA
  template:
    binary: { header: \"55\" }
    load:
      - { opcode: 0x01, payload: [{ field: amplitude, as: u16, step: 1 uA }, { field: width, as: u16, step: 1 us }, { field: gap, as: u8, step: 1 us }] }
      - { opcode: 0x02, payload: [{ field: period, as: PERIOD, step: 1 us }, { field: ENDS }] }
    start: { opcode: 0x03, payload: [] }
    stop: { opcode: 0x04, payload: [] }
load: { driver: simulated }
";

fn frames(period: &str, ends: &str) -> Rig {
    let text = BINARY.replace("PERIOD", period).replace("field: ENDS", ends);
    Rig::read(&Source::new("frames.yaml", &text)).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// What a plan says about a program on it.
fn said(rig: &Rig, program: &str, ends: &str) -> Vec<String> {
    let text = format!(
        "version: 1\nname: n\nphantom: r1k\nprogram: {{ amplitude: 1 mA, width: 200 us, {program} }}\n{ends}\nexpect:\n  - amplitude: {{ of: applied, within: 3 % }}\n"
    );
    let problems = stimrig::scenario::plan(case(&text), rig, false).err().unwrap_or_default();
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn a_number_beyond_its_format_is_refused_where_it_is_asked_for() {
    let pulses = "field: pulses, as: u8";
    let rig = frames("u16", pulses);
    assert_eq!(said(&rig, "rate: 20 Hz", "pulses: 255"), Vec::<String>::new());
    // 100000 us would have gone as 34464, and 256 pulses as none, which is without end.
    let period = said(&rig, "rate: 10 Hz", "pulses: 3");
    assert!(period.iter().any(|text| text.contains("hold 0 to 65535") && text.contains(":4:")), "{period:?}");
    assert_eq!(said(&frames("u32", pulses), "rate: 10 Hz", "pulses: 3"), Vec::<String>::new());
    let many = said(&rig, "rate: 20 Hz", "pulses: 256");
    assert!(many.iter().any(|text| text.contains("256") && text.contains("hold 0 to 255")), "{many:?}");
    let gap = said(&rig, "rate: 20 Hz, gap: 300 us", "pulses: 3");
    assert!(gap.iter().any(|text| text.contains("a gap of 300")), "{gap:?}");
}

#[test]
fn the_end_of_a_train_is_told_as_it_is_sent_or_refused() {
    let rig = frames("u32", "field: duration, as: u16, step: 10 ms");
    let ends = |run| rig.nearest(&Program { run, ..plain(1e-3) }, &phantom("r1k"));
    assert_eq!(ends(Run::Duration(1.004)).unwrap().run, Run::Duration(1.0));
    assert_eq!(ends(Run::Pulses(50)).unwrap().run, Run::Pulses(50));
    // 50 pulses a second: 21 take 420 ms, and at 60 Hz 20 take 333.34 ms.
    assert_eq!(ends(Run::Pulses(21)).unwrap().run, Run::Pulses(21));
    let program = Program { rate: 60.0, run: Run::Pulses(20), ..plain(1e-3) };
    let problems = rig.nearest(&program, &phantom("r1k")).unwrap_err();
    assert!(problems[0].key == "pulses" && problems[0].what.contains("end elsewhere"), "{problems:?}");
}

/// The second time in steps of a milliampere: 2.6 mA would be told as 2600 uA and as 3 mA.
#[test]
fn a_number_that_is_sent_twice_is_the_same_both_times() {
    let good = text("rig/template-text.yaml");
    let from = "send: \"CURR {amplitude:uA}\"";
    assert!(good.contains(from));
    let text = good.replace(from, "send: \"CURR {amplitude:uA};LIM {amplitude:mA}\"");
    let rig = Rig::read(&Source::new("t.yaml", &text)).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let nearest = |amplitude| rig.nearest(&plain(amplitude), &phantom("r1k"));
    assert!((nearest(3e-3).unwrap().amplitude - 3e-3).abs() < 1e-12);
    let problems = nearest(2.6e-3).unwrap_err();
    assert!(problems[0].key == "amplitude" && problems[0].what.contains("would be two"), "{problems:?}");
}

/// Its length byte would say less than what follows.
#[test]
fn a_frame_longer_than_its_length_byte_can_say_is_refused() {
    let made = |bytes: usize| {
        let frame = format!("stop: {{ opcode: 0x04, payload: [{{ hex: {:?} }}] }}", "00".repeat(bytes));
        let text = BINARY.replace("stop: { opcode: 0x04, payload: [] }", &frame);
        let text = text.replace("PERIOD", "u32").replace("field: ENDS", "field: pulses, as: u8");
        Rig::read(&Source::new("frames.yaml", &text)).map_err(|problems| format!("{problems:?}"))
    };
    assert!(made(255).is_ok());
    let said = made(256).unwrap_err();
    assert!(said.contains("states its length in one byte, and this one's is 256"), "{said}");
}

/// Of a device that answers nothing nobody can say that it has heard.
#[test]
fn a_stop_that_is_not_answered_is_not_told_as_acknowledged() {
    let good = text("rig/template-text.yaml");
    let from = "stop: { send: \"OUTP OFF\", expect: \"^OK$\" }";
    assert!(good.contains(from));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rig.yaml");
    std::fs::write(&file, good.replace(from, "stop: { send: \"OUTP OFF\" }")).unwrap();
    let output = stimrig().args(["safe", "--rig"]).arg(&file).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("stop sent, which this stimulator does not answer"), "{said}");
}

/// One line too many, and then silence: what was left over is not the answer to what came last.
#[test]
fn a_reply_that_is_left_over_answers_nothing() {
    block_on(async {
        let rig = rig("rig/template-text.yaml");
        let port = Scripted::new(|bytes| match std::str::from_utf8(bytes).unwrap().trim_end() {
            "*IDN?" => Some(b"ACME,BRD,42,1.2\r\n".to_vec()),
            "CURR 2000" => Some(b"OK\r\nOK\r\n".to_vec()),
            _ => None,
        });
        let mut stimulator = described(&rig, port);
        stimulator.identify().await.unwrap();
        assert_eq!(stimulator.load(&plain(2e-3)).await.unwrap_err().fault, InstrumentFault::Timeout);
    });
}

/// The reply to a start comes after its deadline. The stop goes at once, and the late reply is not taken for its own.
#[test]
fn a_stop_does_not_wait_for_a_late_reply_and_is_not_answered_by_it() {
    block_on(async {
        let rig = rig("rig/template-text.yaml");
        let mut stops = 0;
        let port = Scripted::new(move |bytes| match std::str::from_utf8(bytes).unwrap().trim_end() {
            "*IDN?" => Some(b"ACME,BRD,42,1.2\r\n".to_vec()),
            "OUTP OFF" => {
                stops += 1;
                // With the first of them comes what was due before, and no other ever.
                (stops == 1).then(|| b"OK\r\n".to_vec())
            }
            _ => None,
        });
        let written = port.written();
        let mut stimulator = described(&rig, port);
        stimulator.identify().await.unwrap();
        assert_eq!(stimulator.start().await.unwrap_err().fault, InstrumentFault::Timeout);
        let before = written.lock().unwrap().len();
        assert_eq!(stimulator.stop().await.unwrap_err().fault, InstrumentFault::Timeout);
        assert_eq!(written.lock().unwrap()[before], b"OUTP OFF\r\n");
    });
}

/// The driver says of itself what plans are made by, else the rig could not be opened; and who wants to be told that its host is
/// alive is told so, whether it is asked for a status or not.
#[test]
fn a_status_needs_an_acknowledge_and_is_no_keepalive() {
    let good = text("rig/template-text.yaml");
    let acknowledge = "    acknowledge: { send: \"CLR\", expect: \"^OK$\" }\n";
    let made = |to: &str| {
        assert!(good.contains(acknowledge));
        let source = Source::new("t.yaml", &good.replace(acknowledge, to));
        Rig::read(&source).unwrap_or_else(|problems| panic!("{problems:#?}"))
    };
    let without = made("");
    let reports = described(&without, Scripted::new(board)).reports().is_some();
    assert_eq!((reports, without.capabilities.status), (false, false));
    let kept = made(&format!("{acknowledge}    keepalive: {{ send: \"ALIVE\", expect: \"^OK$\" }}\n"));
    let port = Scripted::new(board);
    let written = port.written();
    let mut stimulator = described(&kept, port);
    let status = block_on(stimulator.reports().unwrap().status()).unwrap();
    assert_eq!((status.state, kept.capabilities.status), (State::Latched, true));
    assert_eq!(*written.lock().unwrap(), [&b"ALIVE\r\n"[..], b"STAT?\r\n"]);
}

#[test]
fn an_expected_reply_is_the_whole_reply() {
    let good = text("rig/template-text.yaml");
    let from = "send: \"OUTP OFF\", expect: \"^OK$\"";
    assert!(good.contains(from));
    let source = Source::new("t.yaml", &good.replace(from, "send: \"OUTP OFF\", expect: \"OK|OKAY\""));
    let rig = Rig::read(&source).unwrap_or_else(|problems| panic!("{problems:#?}"));
    for (answer, taken) in [("OK", true), ("OKAY", true), ("NOK", false), ("OK NOT", false)] {
        let port = Scripted::new(move |_| Some(format!("{answer}\r\n").into_bytes()));
        let stopped = block_on(described(&rig, port).stop());
        assert_eq!(stopped.is_ok(), taken, "{answer}: {stopped:?}");
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
        ("stop: { send: \"OUTP OFF\", expect: \"^OK$\" }", "stop: []", "`stop` sends nothing"),
        ("send: \"STAT?\"", "opcode: 0xA5", "`opcode` is not for a text template"),
    ];
    for (from, to, says) in cases {
        let said = problems(from, to);
        assert!(said.contains(says) && said.contains("t.yaml:"), "{to}: {said}");
    }
}

/// A stop of two commands to a device that answers neither: the second goes out before the first is tried again.
#[test]
fn the_commands_of_a_stop_do_not_wait_for_each_other() {
    let text = text("rig/template-text.yaml").replace(
        "stop: { send: \"OUTP OFF\", expect: \"^OK$\" }",
        "stop: [{ send: \"OUTP OFF\", expect: \"^OK$\" }, { send: \"RELAY OPEN\", expect: \"^OK$\" }]",
    );
    let rig = Rig::read(&Source::new("t.yaml", &text)).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let device = Scripted::new(|_| None);
    let written = device.written();
    block_on(described(&rig, device).stop()).unwrap_err();
    let written = written.lock().unwrap();
    let lines: Vec<_> = written.iter().map(|line| String::from_utf8_lossy(line).trim().to_owned()).collect();
    assert_eq!(lines[..3], ["OUTP OFF", "RELAY OPEN", "OUTP OFF"], "{lines:?}");
    assert!(lines.iter().filter(|line| *line == "RELAY OPEN").count() >= 2, "{lines:?}");
}
