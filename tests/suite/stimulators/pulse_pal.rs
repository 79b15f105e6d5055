//! Pulse Pal, in both directions.

use stimrig::driver::pulse_pal::Stimulator as PulsePal;
use stimrig::instrument::{InstrumentFault, Port, Stimulator};
use stimrig::rig::Pairs;
use stimrig::signal::{Polarity, Program, Run};

use super::scripted::{Scripted, impostors};
use super::*;

fn bytes(hex: &str) -> Vec<u8> {
    hex.split_whitespace().map_while(|byte| u8::from_str_radix(byte, 16).ok()).collect()
}

/// What was sent and what came back, in order. The transcript shows the first bytes of the longest command: the rest of
/// that one is zeros here.
fn transcript() -> Vec<(Vec<u8>, Vec<u8>)> {
    let text = text("fixtures/exchanges/pulse-pal.txt");
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
fn program() -> Program {
    Program {
        leading: Polarity::Anodic,
        run: Run::Pulses(5),
        ..Program::biphasic(["e1", "case"], 1e-3, 200e-6, 100e-6, 100.0)
    }
}

fn pairs() -> Pairs {
    Pairs::of(&[], &phantom("r1k"))
}

fn driver(port: impl Port + 'static) -> PulsePal {
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
        assert_eq!(written[written.len() - 2..], [vec![0xD5, 0x50], vec![0xD5, 0x4F, 1, 0, 0x80]]);
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
