//! ScienceMode, in both directions.

use stimrig::driver::science_mode::Stimulator as ScienceMode;
use stimrig::instrument::{InstrumentFault, Port, Reports, State, Stimulator};
use stimrig::rig::Pairs;
use stimrig::rig::device::science_mode::{Packet, Point, command, encode_point};
use stimrig::scenario::{Fault, FaultCode};
use stimrig::signal::{Polarity, Program};

use super::scripted::{Scripted, impostors};
use super::*;

fn pairs() -> Pairs {
    Pairs::of(&[], &phantom("r1k"))
}

fn driver(port: impl Port + 'static) -> ScienceMode {
    ScienceMode::new(Box::new(port), pairs(), 130e-3)
}

fn program(amplitude: f64) -> Program {
    Program {
        leading: Polarity::Anodic,
        ..Program::biphasic(["e1", "case"], amplitude, 200e-6, 100e-6, 50.0)
    }
}

/// What the vendor's client sent in its order, with the payloads of the notes on it.
pub(super) fn sent() -> Vec<Packet> {
    let points = [(40, 200), (0, 100), (-40, 200)]
        .map(|(steps, microseconds)| encode_point(&Point { steps, microseconds }))
        .concat();
    let payloads = [
        (command::VERSION, vec![]),
        (command::LL_INIT, vec![0]),
        (command::LL_CHANNEL_CONFIG, [vec![0x82], points.clone()].concat()),
        (command::LL_STOP, vec![]),
        (command::ML_INIT, vec![0]),
        (command::ML_UPDATE, [vec![1, 0x20, 0, 0x50], points].concat()),
        (command::ML_GET_CURRENT_DATA, vec![4]),
        (command::ML_STOP, vec![]),
    ];
    let packet = |(number, (command, payload))| Packet { number: number as u8, command, payload };
    payloads.into_iter().enumerate().map(packet).collect()
}

#[test]
fn what_is_rounded_above_the_cap_is_refused_before_it_is_sent_and_in_the_plan() {
    block_on(async {
        let device = Scripted::new(|_| None);
        let written = device.written();
        let mut stimulator = ScienceMode::new(Box::new(device), pairs(), 12.8e-3);
        let error = stimulator.load(&program(12.8e-3)).await.unwrap_err().to_string();
        assert!(error.contains("13 mA is an amplitude above the cap of 12.8 mA"), "{error}");
        assert!(written.lock().unwrap().is_empty());
    });
    let text = text("rig/science-mode.yaml").replace("cap: 25 mA", "cap: 12.8 mA");
    let rig = Rig::read(&Source::new("rig.yaml", &text)).unwrap();
    let said = |amplitude: &str| -> Vec<String> {
        let text = format!(
            "version: 1\nname: n\nphantom: r500\nprogram: {{ amplitude: {amplitude}, width: 100 us, rate: 50 Hz }}\nsteps: [{{ start: {{}} }}, {{ wait: 100 ms }}, {{ stop: {{}} }}]\nexpect:\n  - amplitude: {{ of: applied, within: 3 % }}\n"
        );
        let problems = stimrig::scenario::plan(case(&text), &rig, false).err().unwrap_or_default();
        problems.iter().map(ToString::to_string).collect()
    };
    assert_eq!(said("12.7 mA"), Vec::<String>::new());
    let said = said("12.8 mA").join("\n");
    assert!(said.contains("an amplitude of 12.8 mA becomes 13 mA on this stimulator's steps"), "{said}");
}

#[test]
fn the_device_end_acknowledges_as_the_vendors_server_did() {
    block_on(async {
        let Bench { stimulator: mut port, load, mut clock, .. } = bench("rig/science-mode.yaml", "r500");
        let _load = close_interlock(load, &phantom("r500")).await;
        let mut lines = vec!["open 1".to_owned()];
        for packet in sent() {
            port.write_all(&packet.encode()).await.unwrap();
            pass(&mut clock, 5).await;
            let mut heard = hear(&mut port).await;
            let answer = Packet::take(&mut heard).unwrap().unwrap();
            lines.push(format!(
                "ack cmd={} pn={} result={}",
                answer.command, answer.number, answer.payload[0]
            ));
        }
        assert_eq!(lines.join("\n"), text("fixtures/exchanges/science-mode.txt").trim_end());
    });
}

#[test]
fn the_driver_understands_an_acknowledging_device_and_its_frames_are_the_vendors() {
    block_on(async {
        let device = Scripted::new(|bytes| {
            let packet = Packet::take(&mut bytes.to_vec()).unwrap().unwrap();
            let payload = match packet.command {
                command::VERSION => vec![0, 3, 2, 5, 4, 0, 0],
                command::ML_GET_CURRENT_DATA => vec![0, 4, 1, 0, 0, 0, 0],
                _ => vec![0],
            };
            Some(Packet { number: packet.number, command: packet.command + 1, payload }.encode())
        });
        let written = device.written();
        let mut stimulator = driver(device);
        assert_eq!(stimulator.identify().await.unwrap().firmware, "3.2.5");
        let applied = stimulator.load(&program(20.1e-3)).await.unwrap().program;
        assert!((applied.amplitude - 20e-3).abs() < 1e-12);
        stimulator.start().await.unwrap();
        assert_eq!(stimulator.status().await.unwrap().state, State::Running);
        stimulator.stop().await.unwrap();
        let written = written.lock().unwrap();
        let packets: Vec<Packet> =
            written.iter().map(|bytes| Packet::take(&mut bytes.clone()).unwrap().unwrap()).collect();
        let update = packets.iter().find(|packet| packet.command == command::ML_UPDATE).unwrap();
        let vendors = sent().into_iter().find(|packet| packet.command == command::ML_UPDATE).unwrap();
        assert_eq!(update.payload, vendors.payload);
    });
}

/// A running train on a bench.
pub(super) async fn running(
    phantom_name: &str,
    amplitude: f64,
) -> (ScienceMode, native::Load, sim::VirtualClock) {
    let Bench { stimulator, load, mut clock, .. } = bench("rig/science-mode.yaml", phantom_name);
    let load = close_interlock(load, &phantom(phantom_name)).await;
    let mut stimulator = driver(stimulator);
    stimulator.identify().await.unwrap();
    stimulator.load(&program(amplitude)).await.unwrap();
    stimulator.start().await.unwrap();
    pass(&mut clock, 100).await;
    (stimulator, load, clock)
}

#[test]
fn an_open_lead_is_an_electrode_error_from_15_ma_on() {
    for (amplitude, fault) in [(20e-3, FaultCode::OpenLead), (5e-3, FaultCode::Compliance)] {
        block_on(async {
            let (mut stimulator, mut load, mut clock) = running("r500", amplitude).await;
            assert_eq!(stimulator.status().await.unwrap().fault, FaultCode::None);
            load.inject(&Fault::OpenLead { contact: "e1".into() }).await.unwrap();
            pass(&mut clock, 100).await;
            let status = stimulator.status().await.unwrap();
            assert_eq!((status.state, status.fault), (State::Latched, fault));
            // Its channels cannot be asked behind a stop, and what they said is not forgotten with it.
            stimulator.stop().await.unwrap();
            let status = stimulator.status().await.unwrap();
            assert_eq!((status.state, status.fault), (State::Latched, fault));
            stimulator.acknowledge().await.unwrap();
            assert_eq!(stimulator.status().await.unwrap().state, State::Idle);
        });
    }
}

#[test]
fn it_stops_when_nobody_asks_for_two_seconds() {
    block_on(async {
        let (mut stimulator, mut load, mut clock) = running("r1k", 5e-3).await;
        for _ in 0..18 {
            pass(&mut clock, 100).await;
            load.keepalive().await.unwrap();
        }
        assert_eq!(stimulator.status().await.unwrap().state, State::Running);
        for _ in 0..21 {
            pass(&mut clock, 100).await;
            load.keepalive().await.unwrap();
        }
        let status = stimulator.status().await.unwrap();
        assert_eq!((status.state, status.fault), (State::Latched, FaultCode::Watchdog));
    });
}

/// What programs channels starts them: one that has stopped by itself stays off, and goes on saying so, until it is started.
#[test]
fn a_change_does_not_switch_on_what_has_stopped_by_itself() {
    block_on(async {
        let (mut stimulator, mut load, mut clock) = running("r1k", 5e-3).await;
        stimulator.load(&program(4e-3)).await.unwrap();
        assert_eq!(stimulator.status().await.unwrap().state, State::Running);
        for _ in 0..30 {
            pass(&mut clock, 100).await;
            load.keepalive().await.unwrap();
        }
        stimulator.load(&program(6e-3)).await.unwrap();
        pass(&mut clock, 100).await;
        let status = stimulator.status().await.unwrap();
        assert_eq!((status.state, status.fault), (State::Latched, FaultCode::Watchdog));
        stimulator.start().await.unwrap();
        assert_eq!(stimulator.status().await.unwrap().state, State::Running);
    });
}

#[test]
fn a_damaged_frame_is_a_transfer_error_and_is_sent_again() {
    block_on(async {
        let Bench { stimulator: mut port, mut clock, .. } = bench("rig/science-mode.yaml", "r1k");
        let mut frame = sent()[0].encode();
        frame[4] ^= 1;
        port.write_all(&frame).await.unwrap();
        pass(&mut clock, 5).await;
        let answer = Packet::take(&mut hear(&mut port).await).unwrap().unwrap();
        assert_eq!((answer.command, answer.payload), (command::GENERAL_ERROR, vec![1]));
    });
    // The first answer is damaged on its way, the second is not.
    block_on(async {
        let mut first = true;
        let device = Scripted::new(move |bytes| {
            let packet = Packet::take(&mut bytes.to_vec()).unwrap().unwrap();
            let payload = vec![0, 3, 2, 5, 4, 0, 0];
            let mut answer = Packet { number: packet.number, command: packet.command + 1, payload }.encode();
            if std::mem::take(&mut first) {
                answer[10] ^= 1;
            }
            Some(answer)
        });
        let mut stimulator = driver(device);
        stimulator.identify().await.unwrap();
        assert_eq!((stimulator.link().rejected, stimulator.link().lost), (1, 0));
    });
}

#[test]
fn results_are_refusals_with_their_reason() {
    block_on(async {
        let device = Scripted::new(|bytes| {
            let packet = Packet::take(&mut bytes.to_vec()).unwrap().unwrap();
            let payload =
                if packet.command == command::ML_UPDATE { vec![10] } else { vec![0, 3, 2, 5, 4, 0, 0] };
            Some(Packet { number: packet.number, command: packet.command + 1, payload }.encode())
        });
        let mut stimulator = driver(device);
        stimulator.identify().await.unwrap();
        stimulator.load(&program(20e-3)).await.unwrap();
        let error = stimulator.start().await.unwrap_err();
        assert_eq!(error.fault, InstrumentFault::Refused("electrode error (result 10)".into()));
    });
}

#[test]
fn what_is_no_sciencemode_stimulator_is_named() {
    for (what, device, _) in impostors() {
        let error = block_on(driver(device).identify()).unwrap_err().to_string();
        assert!(error.starts_with("stimulator: identify a ScienceMode stimulator: "), "{what}: {error}");
    }
    let old = Scripted::new(|bytes| {
        let packet = Packet::take(&mut bytes.to_vec()).unwrap().unwrap();
        Some(Packet { number: packet.number, command: 51, payload: vec![0, 1, 0, 0, 2, 0, 0] }.encode())
    });
    let error = block_on(driver(old).identify()).unwrap_err().to_string();
    assert!(error.contains("protocol version 2"), "{error}");
}
