//! Other people's programs read the simulated oscilloscope: sigrok-cli, and pyvisa where the gate has installed it.

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use stimrig::driver::{native, port};
use stimrig::instrument::{Reports, Stimulator};
use stimrig::rig::Port;
use stimrig::scenario::Case;

use super::served::Sim;
use crate::stimulators::{block_on, case};

/// Stimulates through the served board while another program is at the oscilloscope.
fn while_stimulating<T: Send>(sim: &Sim, case: &Case, client: impl FnOnce() -> T + Send) -> T {
    let at = Port::Pty(sim.bench.path("stimulator").display().to_string());
    std::thread::scope(|scope| {
        let client = scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(300));
            client()
        });
        block_on(async {
            let port = port::open(&at, "stimulator", port::Line::default()).unwrap();
            let mut board = native::Stimulator::new(port, &case.phantom, 12.7e-3);
            board.identify().await.unwrap();
            board.load(&case.program).await.unwrap();
            board.start().await.unwrap();
            while !client.is_finished() {
                // Its dead-man is as alive here as in a run.
                board.status().await.unwrap();
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            board.stop().await.unwrap();
        });
        client.join().unwrap()
    })
}

/// 2 mA, 200 us, at 100 Hz.
const TRAIN: &str = "version: 1\nname: n\nphantom: r1k\nprogram: { amplitude: 2 mA, width: 200 us, gap: 50 us, rate: 100 Hz }\nexpect:\n  - rate: { of: programmed, within: 1 % }\n";

/// A millisecond a division: 12 ms of 12 000 samples, in which there is a pulse each way across 100 ohm.
fn is_the_train(volts: &[f64], who: &str) {
    assert_eq!(volts.len(), 12_000, "{who}");
    let mean = |high: bool| {
        let inside: Vec<f64> =
            volts.iter().copied().filter(|v| if high { *v > 0.1 } else { *v < -0.1 }).collect();
        (inside.iter().sum::<f64>() / inside.len() as f64, inside.len())
    };
    // 2 mA in 2621 codes; the scope's gain is within 3 %, its levels are 4 mV, its offset within 12 mV.
    for (level, count) in [mean(true), mean(false)] {
        assert!((level.abs() - 0.2).abs() < 0.02, "{who}: {level}");
        // One or two phases of 200 samples.
        assert!((190..=410).contains(&count), "{who}: {count}");
    }
    let rest = volts.iter().filter(|v| v.abs() < 0.03).count();
    assert!(rest > 11_000, "{who}: {rest}");
}

#[test]
fn sigrok_reads_the_simulated_oscilloscope() {
    let found = Command::new("sigrok-cli").arg("--version").output().is_ok();
    assert!(found || std::env::var_os("STIMRIG_PYTHON").is_none(), "the gate has sigrok-cli");
    if !found {
        return;
    }
    let sim = Sim::serve();
    let device = format!("rigol-ds:conn=tcp-raw/127.0.0.1/{}", sim.address.port());
    let output = while_stimulating(&sim, &case(TRAIN), || {
        let mut command = Command::new("sigrok-cli");
        command.args(["-d", &device, "--config", "data_source=Memory", "--channels", "CH1", "--frames", "1"]);
        command.args(["-O", "analog"]).stdin(Stdio::null()).output().unwrap()
    });
    // `CH1: 3.0902 V DC`, with a prefix of its own on every line.
    let text = String::from_utf8_lossy(&output.stdout);
    let volts: Vec<f64> = text
        .lines()
        .filter_map(|line| {
            let mut words = line.strip_prefix("CH1: ")?.split_whitespace();
            let value: f64 = words.next()?.parse().ok()?;
            let scale = match words.next()? {
                "V" => 1.0,
                "mV" => 1e-3,
                "\u{b5}V" | "uV" => 1e-6,
                _ => return None,
            };
            Some(value * scale)
        })
        .collect();
    is_the_train(&volts, &format!("sigrok: {}", String::from_utf8_lossy(&output.stderr)));
}

/// Arms, waits and reads as a bench script does.
const SCRIPT: &str = r#"
import sys, time, numpy as np, pyvisa
scope = pyvisa.ResourceManager("@py").open_resource(f"TCPIP0::127.0.0.1::{sys.argv[1]}::SOCKET")
scope.read_termination = scope.write_termination = "\n"
scope.timeout = 5000
assert scope.query("*IDN?").startswith("RIGOL TECHNOLOGIES,DS1"), scope.query("*IDN?")
scope.write(":SING")
assert scope.query("*OPC?") == "1"
for _ in range(200):
    if scope.query(":TRIG:STAT?") == "STOP":
        break
    time.sleep(0.02)
else:
    raise SystemExit("it was not triggered")
for command in (":WAV:SOUR CHAN1", ":WAV:MODE RAW", ":WAV:FORM BYTE"):
    scope.write(command)
pre = [float(x) for x in scope.query(":WAV:PRE?").split(",")]
scope.write(":WAV:STAR 1")
scope.write(f":WAV:STOP {int(pre[2])}")
codes = scope.query_binary_values(":WAV:DATA?", datatype="B", container=np.array)
for v in (codes - pre[8] - pre[9]) * pre[7]:
    print(f"{v:.6f}")
assert scope.query(":SYST:ERR?").startswith("0,"), "it complains"
"#;

#[test]
fn pyvisa_reads_the_simulated_oscilloscope() {
    // Where the gate has installed it.
    let Some(python) = std::env::var_os("STIMRIG_PYTHON") else { return };
    let sim = Sim::serve();
    let port = sim.address.port().to_string();
    let output = while_stimulating(&sim, &case(TRAIN), || {
        Command::new(python).args(["-c", SCRIPT, &port]).output().unwrap()
    });
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let volts: Vec<f64> =
        String::from_utf8_lossy(&output.stdout).lines().map(|line| line.parse().unwrap()).collect();
    is_the_train(&volts, "pyvisa");
}

#[test]
fn a_run_drives_the_served_board_and_reads_the_served_oscilloscope() {
    let sim = Sim::serve();
    let (exit, record, stalled) = sim.run("fixtures/loads/oscilloscope.yaml");
    let case = &record["cases"][0];
    assert_eq!((&record["fidelity"], &case["safe_state"]), (&"sim".into(), &"confirmed".into()), "{case:#}");
    // While the bench stood still the host waited for pulses.
    let hosts = |check: &Value| stalled > 0.0 && check["measurand"] == "missing_pulses";
    for check in case["checks"].as_array().unwrap() {
        // The data sheet's 3 % make the amplitude inconclusive, and nothing fails.
        let known = check["verdict"] == "pass" || check["verdict"] == "inconclusive";
        assert!(known || hosts(check), "{stalled}: {check:#}");
    }
    assert!(matches!(exit, 0 | 5) || stalled > 0.0, "{exit}: {case:#}");
}
