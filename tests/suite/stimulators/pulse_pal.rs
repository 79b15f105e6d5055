//! Pulse Pal, in both directions.

use stimrig::driver::pulse_pal::Stimulator as PulsePal;
use stimrig::instrument::{InstrumentFault, Port, Stimulator};
use stimrig::rig::Pairs;
use stimrig::signal::{Burst, Polarity, Program, Run};

use super::scripted::{Scripted, impostors};
use super::*;

pub(super) fn bytes(hex: &str) -> Vec<u8> {
    hex.split_whitespace().map_while(|byte| u8::from_str_radix(byte, 16).ok()).collect()
}

/// What was sent and what came back, in order. The transcript shows the first bytes of the longest command: the rest of
/// that one is zeros here.
fn transcript() -> Vec<(Vec<u8>, Vec<u8>)> {
    exchanges("fixtures/exchanges/pulse-pal.txt")
}

/// What another client sends for bursts of five pulses of a volt, 500 us in all, every 2 ms, 40 times a second.
fn bursts_of_another_client() -> Vec<(Vec<u8>, Vec<u8>)> {
    exchanges("fixtures/exchanges/pulse-pal-bursts.txt")
}

fn exchanges(file: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    let text = text(file);
    let exchange = |line: &str| {
        let (sent, back) = line.split_once("> ")?.1.split_once("< ")?;
        let mut sent_bytes = bytes(sent);
        if sent.contains("...(180B)") {
            sent_bytes.resize(180, 0);
        }
        Some((sent_bytes, bytes(back)))
    };
    text.lines().filter_map(exchange).collect()
}

/// 1 mA through 1 V/mA, 200 us, a gap of 100 us, every 10 ms, five times: the train of the transcript.
pub(super) fn program() -> Program {
    Program {
        leading: Polarity::Anodic,
        run: Run::Pulses(5),
        ..Program::biphasic(["e1", "case"], 1e-3, 200e-6, 100e-6, 100.0)
    }
}

fn pairs() -> Pairs {
    Pairs::of(&[], &phantom("r1k"))
}

pub(super) fn driver(port: impl Port + 'static) -> PulsePal {
    PulsePal::new(Box::new(port), pairs(), 1000.0, 10e-3)
}

#[test]
fn the_device_end_answers_as_the_firmware_did() {
    block_on(async {
        let Bench { stimulator: mut port, mut clock, .. } = bench("rig/pulse-pal.yaml", "r1k");
        let exchanges = transcript();
        assert_eq!(exchanges.len(), 22);
        for (sent, expected) in exchanges {
            port.write_all(&sent).await.unwrap();
            pass(&mut clock, 5).await;
            assert_eq!(hear(&mut port).await, expected, "after {sent:02X?}");
        }
    });
}

#[test]
fn a_command_that_stalls_locks_it_until_somebody_comes() {
    block_on(async {
        let Bench { stimulator: mut port, mut clock, .. } = bench("rig/pulse-pal.yaml", "r1k");
        // A parameter without its value: finished with zeros, and answered.
        port.write_all(&[0xD5, 0x4A, 0x04, 0x01, 0x04]).await.unwrap();
        pass(&mut clock, 400).await;
        assert!(hear(&mut port).await.is_empty());
        pass(&mut clock, 200).await;
        assert_eq!(hear(&mut port).await, [1]);
        port.write_all(&[0xD5, 0x48]).await.unwrap();
        pass(&mut clock, 100).await;
        assert!(hear(&mut port).await.is_empty());
        let error = driver(port).identify().await.unwrap_err();
        assert_eq!(error.fault, InstrumentFault::Timeout);
        assert!(error.to_string().contains("until a person clicks its joystick"), "{error}");
    });
}

#[test]
fn the_driver_understands_the_recorded_device() {
    block_on(async {
        let known = transcript();
        let device = Scripted::new(move |sent| {
            let recorded = known.iter().find(|(own, _)| own == sent).map(|(_, back)| back.clone());
            // Parameters and voltages that the transcript does not hold are acknowledged like those that it does.
            let like = matches!(sent.get(1), Some(0x4A | 0x4F | 0x52)).then(|| vec![1]);
            recorded.or(like)
        });
        let written = device.written();
        let mut stimulator = driver(device);
        assert_eq!(stimulator.identify().await.unwrap().firmware, "21");
        let applied = stimulator.load(&program()).await.unwrap().program;
        // 3277 steps of 20 V / 65536.
        assert!((applied.amplitude - 3277.0 * 20.0 / 65536.0 * 1e-3).abs() < 1e-15);
        stimulator.start().await.unwrap();
        stimulator.stop().await.unwrap();
        let written = written.lock().unwrap();
        for (sent, _) in
            transcript().iter().filter(|(sent, _)| sent.get(1) == Some(&0x4A) || *sent == [0xD5, 0x4D, 1])
        {
            assert!(written.contains(sent), "{sent:02X?} in one write");
        }
        let abort = vec![0xD5, 0x50];
        assert_eq!(written[written.len() - 3..], [abort.clone(), abort, vec![0xD5, 0x4F, 1, 0, 0x80]]);
    });
}

#[test]
fn the_driver_says_bursts_in_the_words_of_another_client() {
    block_on(async {
        let device = Scripted::new(|sent| match sent.get(1) {
            Some(0x48) => Some(vec![0x4B, 21, 0, 0, 0]),
            Some(0x4A | 0x4F | 0x5B) => Some(vec![1]),
            _ => None,
        });
        let written = device.written();
        let mut stimulator = driver(device);
        stimulator.identify().await.unwrap();
        let burst = Burst { pulses: 5, rate: 500.0 };
        let bursts = Program { rate: 40.0, burst: Some(burst), run: Run::Pulses(15), ..program() };
        let applied = stimulator.load(&bursts).await.unwrap().program;
        assert_eq!((applied.burst, applied.rate), (Some(burst), 40.0));
        stimulator.start().await.unwrap();
        stimulator.stop().await.unwrap();
        let written = written.lock().unwrap();
        let known = bursts_of_another_client();
        assert_eq!(known.len(), 14);
        for (sent, _) in known {
            assert!(written.contains(&sent), "{sent:02X?} in one write: {written:02X?}");
        }
    });
}

/// The device end plays what another client programs: three bursts of five pulses of 1 mA, and the train is over with the third.
#[test]
fn the_device_end_plays_the_bursts_of_another_client() {
    block_on(async {
        let Bench { stimulator: mut port, mut clock, witness, .. } = bench("rig/pulse-pal.yaml", "r1k");
        let known = bursts_of_another_client();
        let [programmed @ .., (trigger, _), (abort, _)] = known.as_slice() else { panic!("{known:?}") };
        for (sent, expected) in programmed {
            port.write_all(sent).await.unwrap();
            pass(&mut clock, 5).await;
            assert_eq!(&hear(&mut port).await, expected, "after {sent:02X?}");
        }
        port.write_all(trigger).await.unwrap();
        // When the current begins and ends, looked at every 5 us for 100 ms, in cycles of 50 us from its first beginning.
        let mut edges: Vec<u64> = Vec::new();
        let mut driven = false;
        for look in 0..20_000_u64 {
            if witness.truth().driven != driven {
                driven = !driven;
                edges.push(look);
            }
            clock.sleep(5_000).await;
        }
        let first = *edges.first().expect("it drives");
        let edges: Vec<u64> = edges.iter().map(|look| (look - first + 5) / 10).collect();
        let pulse = |start: u64| [start, start + 4, start + 6, start + 10];
        let starts = (0..3).flat_map(|burst| (0..5).map(move |pulse| 500 * burst + 40 * pulse));
        assert_eq!(edges, starts.flat_map(pulse).collect::<Vec<_>>());
        port.write_all(abort).await.unwrap();
        pass(&mut clock, 5).await;
        assert!(hear(&mut port).await.is_empty() && !witness.truth().driven);
    });
}

/// A channel that was left looping starts nothing when a program is loaded, and the next train ends by itself.
#[test]
fn a_load_ends_what_loops_and_starts_nothing() {
    block_on(async {
        let Bench { stimulator: mut port, mut clock, load, witness, .. } = bench("rig/pulse-pal.yaml", "r1k");
        let _load = close_interlock(load, &phantom("r1k")).await;
        for (hex, answer) in [("d5 52 01 01", vec![1]), ("d5 50", vec![])] {
            port.write_all(&bytes(hex)).await.unwrap();
            pass(&mut clock, 5).await;
            assert_eq!(hear(&mut port).await, answer, "{hex}");
        }
        let mut stimulator = driver(port);
        stimulator.identify().await.unwrap();
        stimulator.load(&program()).await.unwrap();
        for _ in 0..1000 {
            assert!(!witness.truth().driven, "a load starts nothing");
            clock.sleep(50_000).await;
        }
        stimulator.start().await.unwrap();
        let mut last = 0;
        for look in 0..4000 {
            last = if witness.truth().driven { look } else { last };
            clock.sleep(50_000).await;
        }
        // Five pulses, one every 10 ms: the last ends by 41 ms.
        assert!((800..=830).contains(&last), "{last}");
        assert_eq!(stimulator.link().total(), 0);
    });
}

/// An older build passes the command for all channels over. Whatever order it has its channel and state in, what they may start
/// has no voltage by then.
#[test]
fn an_older_build_is_told_not_to_loop_when_nothing_can_come_out() {
    block_on(async {
        let device = Scripted::new(|sent| match sent.get(1) {
            Some(0x48) => Some(vec![0x4B, 21, 0, 0, 0]),
            Some(0x4A | 0x4F | 0x52) => Some(vec![1]),
            _ => None,
        });
        let written = device.written();
        let mut stimulator = driver(device);
        stimulator.identify().await.unwrap();
        stimulator.load(&program()).await.unwrap();
        let written = written.lock().unwrap();
        let at = |command: &str| written.iter().position(|sent| *sent == bytes(command));
        let unlooped = at("d5 52 01 00").expect("told not to loop");
        for before in ["d5 4a 0e 01 00", "d5 4a 02 01 00 80", "d5 4a 03 01 00 80", "d5 5b 12 00 00 00 00"] {
            assert!(at(before).is_some_and(|at| at < unlooped), "{before}");
        }
        // And what it may have started is aborted before it gets voltages.
        assert_eq!(written[unlooped + 1], bytes("d5 50"));
        assert!(at("d5 4a 02 01 cd 8c").unwrap() > unlooped);
        assert_eq!(stimulator.link().total(), 0, "what need not be answered is no trouble");
    });
}

#[test]
fn firmware_that_is_not_known_is_refused_with_what_to_do() {
    let newer = Scripted::new(|sent| (sent.get(1) == Some(&0x48)).then(|| vec![0x4B, 22, 0, 0, 0]));
    let error = block_on(driver(newer).identify()).unwrap_err();
    assert!(matches!(error.fault, InstrumentFault::Refused(_)));
    let said = error.to_string();
    assert!(
        said.contains("firmware 22 is newer than 21") && said.contains("put firmware 21 on it"),
        "{said}"
    );
}

/// One acknowledge too many, and then silence: what was left over is not the answer to what came last.
#[test]
fn an_answer_that_is_left_over_acknowledges_nothing() {
    block_on(async {
        let mut lost = false;
        let device = Scripted::new(move |sent| match (sent.get(1), sent.get(2)) {
            (Some(0x48), _) => Some(vec![0x4B, 21, 0, 0, 0]),
            (Some(0x5B), _) => Some(vec![1, 1]),
            // The length of the train is not taken.
            (Some(0x4A), Some(10)) => {
                lost = true;
                None
            }
            (Some(0x4A), _) if !lost => Some(vec![1]),
            _ => None,
        });
        let mut stimulator = driver(device);
        stimulator.identify().await.unwrap();
        let error = stimulator.load(&program()).await.unwrap_err();
        assert_eq!(error.fault, InstrumentFault::Timeout);
        assert!(stimulator.stop().await.is_err(), "nobody answers");
    });
}

#[test]
fn what_is_rounded_above_the_cap_is_not_sent() {
    block_on(async {
        let device = Scripted::new(|sent| (sent.get(1) == Some(&0x48)).then(|| vec![0x4B, 21, 0, 0, 0]));
        let written = device.written();
        // 3277 steps are 1.00006 mA.
        let mut stimulator = PulsePal::new(Box::new(device), pairs(), 1000.0, 1e-3);
        stimulator.identify().await.unwrap();
        let sent = written.lock().unwrap().len();
        let error = stimulator.load(&program()).await.unwrap_err().to_string();
        assert!(error.contains("above the cap of 1 mA"), "{error}");
        assert_eq!(written.lock().unwrap().len(), sent);
    });
}

#[test]
fn a_train_is_whole_periods() {
    let (train, applied) = stimrig::rig::device::pulse_pal::train(
        &Program { run: Run::Duration(0.033), ..program() },
        &pairs(),
        1e3,
    )
    .unwrap();
    // Pulses at 0, 10, 20 and 30 ms: the last one is not cut at 33.
    assert_eq!((train.length, train.period(), train.pulse()), (800, 200, 10));
    assert_eq!(applied.pulse_limit(), Some(4));
}

#[test]
fn what_is_no_pulse_pal_is_named() {
    for (what, device, _) in impostors() {
        let error = block_on(driver(device).identify()).unwrap_err().to_string();
        assert!(error.starts_with("stimulator: identify a Pulse Pal: "), "{what}: {error}");
    }
    let old = Scripted::new(|sent| (sent[1] == 0x48).then(|| vec![0x4B, 12, 0, 0, 0]));
    let error = block_on(driver(old).identify()).unwrap_err().to_string();
    assert!(error.contains("firmware 12 is that of a Pulse Pal 1"), "{error}");
}
