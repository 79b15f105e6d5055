//! A run whose oscilloscope misbehaves, end to end: each fault is named with what to do, nothing is energised on account of it,
//! and what can be put right is, and is said.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rstest::rstest;
use serde_json::Value;

use super::served::Sim;
use crate::command::run;

/// What stands between the host and the oscilloscope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Between {
    /// Garbage as fast as it is taken, 10 MB/s and more, whatever is said.
    Garbage,
    /// What is sent comes back.
    Echo,
    /// A modem.
    Modem,
    /// Nobody.
    Silence,
    /// Another instrument.
    Multimeter,
    /// The rest of somebody else's transfer comes first.
    Transfer,
    /// Somebody else has armed it.
    Armed,
    /// Somebody at its front panel stops whatever is armed.
    FrontPanel,
    /// It never has the samples before its trigger.
    NeverReady,
    /// Blocks without a length.
    Indefinite,
    /// Chunks shorter than what was asked for.
    ShortChunks,
    /// Every block breaks off.
    Cut,
    /// Its records hold more before the trigger than was asked for, and its preamble does not say so.
    MoreBefore,
    /// It hangs up in the middle of the first block.
    HangsUp,
    /// It is gone for good once the case has triggered it.
    GoneArmed,
    /// It is gone for good in the middle of the case's own record.
    GoneReading,
}

/// What a record says whatever the computer is busy with meanwhile: nothing that is placed by the host's clock.
const CASE: &str = "version: 1
name: A train on an oscilloscope
phantom: r1k
program: { amplitude: 2 mA, width: 200 us, gap: 50 us, rate: 50 Hz }
duration: 600 ms
expect:
  - amplitude: { of: programmed, within: 8 % }
  - width: { of: programmed, within: 2 % }
  - charge_imbalance: { at_most: 10 % }
";

/// How much more, s: far longer than it takes to start a stimulator.
const MORE: f64 = 0.15;

/// The simulated bench with somebody in between.
pub struct Bench {
    pub sim: Sim,
    /// How often it has misbehaved.
    times: Arc<AtomicUsize>,
}

impl Bench {
    /// Serves it with this one in between.
    pub fn with(between: Between) -> Self {
        let (sim, times) = (Sim::serve(), Arc::new(AtomicUsize::new(0)));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (scope, here) = (sim.address, listener.local_addr().unwrap());
        let stated = "shunt: 100 ohm, tolerance: 0.1 %, accuracy: 1 %, offset_error: 5 mV,";
        let text = sim
            .bench
            .rig_text()
            .replace(&scope.to_string(), &here.to_string())
            .replace("shunt: 100 ohm,", stated);
        std::fs::write(sim.bench.path("between.yaml"), text).unwrap();
        let counter = Arc::clone(&times);
        std::thread::spawn(move || {
            for host in listener.incoming() {
                let (host, times) = (host.unwrap(), Arc::clone(&counter));
                // One that is gone has hung up.
                std::thread::spawn(move || drop(stand_between(between, host, scope, &times)));
            }
        });
        Self { sim, times }
    }

    /// Exit code and the record of the only case.
    pub fn run(&self) -> (i32, Value) {
        let rig = self.sim.bench.path("between.yaml");
        let scenario = self.sim.bench.path("case.yaml");
        std::fs::write(&scenario, CASE).unwrap();
        let (exit, mut record) = run(&["--rig", rig.to_str().unwrap(), scenario.to_str().unwrap()]);
        assert!(self.times.load(Ordering::SeqCst) > 0, "nothing was wrong: {record:#}");
        (exit, record["cases"][0].take())
    }
}

fn stand_between(
    between: Between,
    host: TcpStream,
    scope: SocketAddr,
    times: &AtomicUsize,
) -> std::io::Result<()> {
    let gone = [Between::GoneArmed, Between::GoneReading].contains(&between);
    if gone && times.load(Ordering::SeqCst) > 0 {
        return Ok(());
    }
    host.set_nodelay(true)?;
    let mut answers = host.try_clone()?;
    let lines =
        BufReader::new(host).split(b'\n').map(|line| Ok(String::from_utf8_lossy(&line?).into_owned()));
    let answer: fn(&str) -> Option<String> = match between {
        Between::Garbage => {
            times.fetch_add(1, Ordering::SeqCst);
            let noise: Vec<u8> =
                (0..65_536_u32).map(|k| (k.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
            loop {
                answers.write_all(&noise)?;
            }
        }
        Between::Echo => |line| Some(format!("{line}\n")),
        Between::Modem => |_| Some("\r\nERROR\r\n".to_owned()),
        Between::Silence => |_| Some(String::new()),
        Between::Multimeter => {
            |line| (line == "*IDN?").then(|| "HEWLETT-PACKARD,34401A,0,11-5-2\n".to_owned())
        }
        _ => return forward(between, lines, answers, TcpStream::connect(scope)?, times),
    };
    for line in lines {
        if let Some(answer) = answer(&line?) {
            times.fetch_add(1, Ordering::SeqCst);
            answers.write_all(answer.as_bytes())?;
        }
    }
    Ok(())
}

/// To the oscilloscope and back, line by line, with something changed on the way.
fn forward(
    between: Between,
    lines: impl Iterator<Item = std::io::Result<String>>,
    mut host: TcpStream,
    mut scope: TcpStream,
    times: &AtomicUsize,
) -> std::io::Result<()> {
    scope.set_nodelay(true)?;
    let mut answers = BufReader::new(scope.try_clone()?);
    let wrong = || times.fetch_add(1, Ordering::SeqCst);
    match between {
        Between::Transfer => {
            wrong();
            host.write_all(&[&b"#9000001000"[..], &[b'\n'; 1001]].concat())?;
        }
        Between::Armed => {
            wrong();
            scope.write_all(b":TRIG:EDGE:LEV 5\n:SING\n")?;
        }
        _ => {}
    }
    // Of the output at rest, then of the case.
    let (mut first, mut armed) = (0, 0);
    for line in lines {
        let mut line = line?;
        armed += u32::from(line == ":SING");
        if let Some(number) = line.strip_prefix(":WAV:STAR ") {
            first = number.parse().unwrap();
        }
        let last: Option<u64> = line.strip_prefix(":WAV:STOP ").map(|number| number.parse().unwrap());
        match (between, last) {
            (Between::ShortChunks, Some(last)) if last > first + 69_999 => {
                wrong();
                line = format!(":WAV:STOP {}", first + 69_999);
            }
            (Between::MoreBefore, _) if line.starts_with(":TIM:OFFS ") => {
                wrong();
                let offset: f64 = line.trim_start_matches(":TIM:OFFS ").parse().unwrap();
                line = format!(":TIM:OFFS {:E}", offset - MORE);
            }
            (Between::FrontPanel, _) if line == ":SING" => {
                wrong();
                line += "\n:STOP";
            }
            _ => {}
        }
        scope.write_all(format!("{line}\n").as_bytes())?;
        if line.ends_with(":DATA?") {
            let mut head = [0; 11];
            answers.read_exact(&mut head)?;
            let count: usize = std::str::from_utf8(&head[2..]).unwrap().parse().unwrap();
            let mut payload = vec![0; count + 1];
            answers.read_exact(&mut payload)?;
            let (head, payload) = match between {
                Between::Indefinite => (&b"#0"[..], &payload[..]),
                Between::Cut => (&head[..], &payload[..count / 2]),
                _ => (&head[..], &payload[..]),
            };
            if matches!(between, Between::Indefinite | Between::Cut) {
                wrong();
            }
            if between == Between::HangsUp && times.load(Ordering::SeqCst) == 0 {
                wrong();
                return host.write_all(&[head, &payload[..count / 2]].concat());
            }
            if between == Between::GoneReading && armed == 2 {
                wrong();
                return host.write_all(&[head, &payload[..count / 2]].concat());
            }
            host.write_all(&[head, payload].concat())?;
        } else if line.ends_with('?') {
            let mut answer = Vec::new();
            answers.read_until(b'\n', &mut answer)?;
            if between == Between::NeverReady && answer == b"WAIT\n" {
                wrong();
                answer = b"RUN\n".to_vec();
            }
            if between == Between::MoreBefore && line == ":WAV:PRE?" {
                let text = String::from_utf8(answer).unwrap();
                let mut fields: Vec<String> = text.trim().split(',').map(str::to_owned).collect();
                fields[5] = format!("{:e}", fields[5].parse::<f64>().unwrap() + MORE);
                answer = format!("{}\n", fields.join(",")).into_bytes();
            }
            if (between, armed) == (Between::GoneArmed, 2) && answer == b"TD\n" {
                wrong();
                return Ok(());
            }
            host.write_all(&answer)?;
        }
    }
    Ok(())
}

#[rstest]
#[case(Between::Garbage, "has not stopped sending", "check that this port leads to the oscilloscope")]
#[case(Between::Echo, "`*IDN?` answered `*IDN?`, which names no instrument", "check that this port leads")]
#[case(Between::Modem, "`*IDN?` answered `ERROR`, which names no instrument", "check that this port leads")]
#[case(Between::Silence, "no answer within the deadline", "stimrig scan")]
#[case(Between::Multimeter, "HEWLETT-PACKARD 34401A, no oscilloscope that is known", "compare the rig file")]
#[case(Between::FrontPanel, "it has stopped", "let nobody else use it")]
#[case(Between::NeverReady, "it does not wait for one yet", "let nobody else use it")]
#[case(Between::Indefinite, "a block of no stated length (#0)", "blocks of definite length")]
#[case(Between::Cut, "and sent", "ask for a shorter record")]
fn what_is_wrong_is_named_with_what_to_do_and_nothing_is_energised(
    #[case] between: Between,
    #[case] named: &str,
    #[case] remedy: &str,
) {
    let (exit, case) = Bench::with(between).run();
    let reason = case["reason"].as_str().unwrap();
    assert_eq!((exit, &case["outcome"]), (3, &"rig-error".into()), "{between:?}: {case:#}");
    assert!(reason.starts_with("oscilloscope: "), "{between:?}: {reason}");
    assert!(reason.contains(named) && reason.contains(remedy), "{between:?}: {reason}");
    // Not one start was sent.
    assert_eq!(case["events"], Value::Array(Vec::new()), "{between:?}: {case:#}");
}

#[rstest]
#[case(Between::Transfer, "1012 bytes of somebody else's transfer were thrown away")]
#[case(Between::Armed, "the oscilloscope was armed: somebody else's acquisition was stopped")]
#[case(Between::ShortChunks, "")]
#[case(Between::MoreBefore, "the record is believed")]
#[case(Between::HangsUp, "")]
fn what_can_be_put_right_is_and_is_said(#[case] between: Between, #[case] note: &str) {
    let (exit, case) = Bench::with(between).run();
    assert_eq!((exit, &case["safe_state"]), (0, &"confirmed".into()), "{between:?}: {case:#}");
    assert!(case["notes"].to_string().contains(note), "{between:?}: {:#}", case["notes"]);
}
