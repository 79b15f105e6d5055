//! Stimjim, in both directions.

use stimrig::driver::stimjim::Stimulator as Stimjim;
use stimrig::instrument::{InstrumentFault, Port, Stimulator};
use stimrig::rig::Pairs;
use stimrig::signal::{Polarity, Program, Run};

use super::scripted::{Scripted, impostors};
use super::*;

/// Lines sent and the bytes that came back, in order.
fn transcript() -> Vec<(String, Vec<u8>)> {
    let text = text("fixtures/exchanges/stimjim.txt");
    let mut exchanges: Vec<(String, Vec<u8>)> = Vec::new();
    for line in text.lines() {
        if let Some(sent) = line.strip_prefix("> ") {
            exchanges.push((sent.to_owned(), Vec::new()));
        } else if let (Some(last), Some(bytes)) = (exchanges.last_mut(), line.strip_prefix("b'")) {
            let plain = bytes.trim_end_matches('\'').replace("\\r", "\r").replace("\\n", "\n");
            last.1 = plain.into_bytes();
        }
    }
    exchanges
}

/// 100 uA for 200 us and back, 500 Hz, ten times: the train of the transcript.
fn program() -> Program {
    Program {
        leading: Polarity::Anodic,
        run: Run::Pulses(10),
        ..Program::biphasic(["e1", "case"], 100e-6, 200e-6, 0.0, 500.0)
    }
}

fn pairs() -> Pairs {
    Pairs::of(&[], &phantom("r1k"))
}

#[test]
fn the_device_end_answers_as_the_firmware_did() {
    block_on(async {
        let Bench { stimulator: mut port, load, mut clock, .. } = bench("rig/stimjim.yaml", "r1k");
        let mut load = close_interlock(load, &phantom("r1k")).await;
        let exchanges = transcript();
        assert_eq!(exchanges.len(), 21);
        for (sent, expected) in exchanges {
            port.write_all(format!("{sent}\n").as_bytes()).await.unwrap();
            let long = sent.starts_with("T1");
            pass(&mut clock, if long { 1 } else { 30 }).await;
            load.keepalive().await.unwrap();
            let heard = hear(&mut port).await;
            let both = [&heard, &expected].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
            assert_eq!(both[0], both[1], "after `{sent}`");
        }
    });
}

#[test]
fn a_current_above_3_32_ma_turns_its_sign_over() {
    block_on(async {
        let Bench { stimulator: mut port, load, mut clock, .. } = bench("rig/stimjim.yaml", "r500");
        let _load = close_interlock(load, &phantom("r500")).await;
        port.write_all(b"S0,1,3,2000,20000;4000,0,200\nT0\n").await.unwrap();
        pass(&mut clock, 30).await;
        let heard = String::from_utf8(hear(&mut port).await).unwrap();
        // The real device measured -2663 uA.
        let line = heard.lines().find(|line| line.starts_with("Stage 0")).unwrap();
        let measured: i64 = line[7..].split("uA").next().unwrap().trim().parse().unwrap();
        assert!((-2670..=-2655).contains(&measured), "{line}");
    });
}

/// The transcript's device, with what it would have said to the commands of ours that it does not hold.
fn recorded_device() -> Scripted {
    let known = transcript();
    let once = |line: &str| {
        let own = match line {
            "M0,3" | "M1,3" => format!("Set channel {} to mode 3\r\n", &line[1..2]),
            "U-1" => "Forcing U train to stop\r\n".to_owned(),
            _ => return None,
        };
        Some(own.into_bytes())
    };
    Scripted::new(move |bytes| {
        let line = String::from_utf8(bytes.to_vec()).unwrap();
        let line = line.trim_end();
        // Blanks behind a semicolon make no difference to the device.
        let same = |sent: &str| sent.replace("; ", ";") == line;
        known.iter().find(|(sent, _)| same(sent)).map(|(_, answer)| answer.clone()).or_else(|| once(line))
    })
}

#[test]
fn the_driver_understands_the_recorded_device() {
    block_on(async {
        let device = recorded_device();
        let written = device.written();
        let mut stimulator = Stimjim::new(Box::new(device), pairs(), 3.32e-3);
        let identity = stimulator.identify().await.unwrap();
        assert_eq!(identity.model, "Stimjim");
        let applied = stimulator.load(&program()).await.unwrap().program;
        // 100 uA are 983.3 codes of 0.1017 uA, and fractions are cut off.
        assert!((applied.amplitude - 983.0 * 0.1017e-6).abs() < 1e-15);
        stimulator.start().await.unwrap();
        stimulator.stop().await.unwrap();
        let written = written.lock().unwrap();
        let lines: Vec<_> = written.iter().map(|bytes| String::from_utf8_lossy(bytes)).collect();
        let train = "S0,1,3,2000,20000;100,0,200;-100,0,200\n";
        assert_eq!(
            lines,
            ["M0,3\n", "M1,3\n", train, "T0\n", "T-1\n", "U-1\n", "M0,3\n", "M1,3\n"],
            "one write for each command"
        );
        assert_eq!(stimulator.link().total(), 0);
    });
}

#[test]
fn an_echo_of_another_train_is_no_success() {
    block_on(async {
        // A firmware with one stage less than was sent: a stage that it could not read ends its table, silently.
        let mut device = recorded_device();
        let mut truncating = Stimjim::new(
            Box::new(Scripted::new(move |bytes| {
                let text = String::from_utf8(bytes.to_vec()).unwrap();
                let answer = device.answered(bytes)?;
                if !text.starts_with('S') {
                    return Some(answer);
                }
                let answer = String::from_utf8(answer).unwrap();
                Some(answer.replace("    1      200 usec     -100uA        0uA\r\n", "").into_bytes())
            })),
            pairs(),
            3.32e-3,
        );
        let error = truncating.load(&program()).await.unwrap_err();
        assert!(matches!(error.fault, InstrumentFault::Protocol(_)));
        assert!(error.to_string().contains("the echo of the train differs: stages"), "{error}");
    });
}

#[test]
fn what_is_no_stimjim_is_named() {
    for (what, device, says) in impostors() {
        let mut stimulator = Stimjim::new(Box::new(device), pairs(), 3.32e-3);
        let error = block_on(stimulator.identify()).unwrap_err().to_string();
        assert!(says.iter().any(|words| error.contains(words)), "{what}: {error}");
        assert!(error.starts_with("stimulator: identify a Stimjim: "), "{error}");
    }
}

#[test]
fn a_stop_sends_everything_although_nobody_answers() {
    block_on(async {
        let device = Scripted::new(|_| None);
        let written = device.written();
        let mut stimulator = Stimjim::new(Box::new(device), pairs(), 3.32e-3);
        assert_eq!(stimulator.stop().await.unwrap_err().fault, InstrumentFault::Timeout);
        let written = written.lock().unwrap();
        let lines: Vec<_> = written.iter().map(|bytes| String::from_utf8_lossy(bytes)).collect();
        // Twice where the answer may have been lost; a device that is deaf is not waited for four times as long.
        assert_eq!(lines, ["T-1\n", "T-1\n", "U-1\n", "M0,3\n", "M1,3\n"]);
    });
}

#[test]
fn a_stop_waits_for_the_pulse_and_leaves_nothing_on() {
    block_on(async {
        let Bench { stimulator: port, load, mut clock, .. } = bench("rig/stimjim.yaml", "r1k");
        let mut load = close_interlock(load, &phantom("r1k")).await;
        let mut stimulator = Stimjim::new(Box::new(port), pairs(), 3.32e-3);
        stimulator.identify().await.unwrap();
        let endless = Program { run: Run::UntilStopped, ..program() };
        stimulator.load(&endless).await.unwrap();
        stimulator.start().await.unwrap();
        pass(&mut clock, 50).await;
        load.keepalive().await.unwrap();
        // An answer to the start that came with the first pulse does not confuse the stop.
        stimulator.stop().await.unwrap();
        stimulator.stop().await.unwrap();
        assert_eq!(stimulator.link().total(), 0);
    });
}
