//! Who is on a port: each make is recognised by what it answers, and no question makes a stimulator stimulate.

use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rstest::rstest;
use stimrig::driver::{native, pulse_pal, science_mode, stimjim};
use stimrig::instrument::{Clock, InstrumentFault, Port, Stimulator};
use stimrig::rig::Rig;
use stimrig::signal::Program;
use stimrig::sim::{self, Bench, MemoryPort};
use stimrig::source::Source;

use crate::bench_on_ports::SimBench;
use crate::command::{run, stimrig, text};
use crate::stimulators::phantom;
use crate::stimulators::runs::PLAIN;
use crate::wrong_devices::device;

#[rstest]
#[case("rig/stimjim.yaml", "stimulator: Stimjim\n", "driver: stimjim")]
#[case("rig/pulse-pal.yaml", "stimulator: Pulse Pal 2, firmware 21", "driver: pulse-pal")]
#[case("rig/science-mode.yaml", "stimulator: ScienceMode 4", "driver: science-mode")]
fn a_stimulator_of_another_maker_is_recognised_and_its_rig_file_runs(
    #[case] served: &str,
    #[case] line: &str,
    #[case] driver: &str,
) {
    let bench = SimBench::serve(&["--rig", served, "--phantom", "r1k"]);
    let file = bench.path("scanned.yaml");
    let ports = ["load", "stimulator"].map(|name| bench.path(name));
    let output = stimrig().args(["scan", "--only", "-o"]).arg(&file).args(ports).output().unwrap();
    let said = text(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains(line) && said.contains("load: simulated load"), "{said}");
    let rig = fs::read_to_string(&file).unwrap();
    assert!(rig.contains(driver), "{rig}");
    let scenario = bench.path("plain.yaml");
    fs::write(&scenario, PLAIN).unwrap();
    let case = scenario.display().to_string();
    let path = file.to_str().unwrap();
    if rig.contains("FILL-IN") {
        // What only the user knows keeps it from being used.
        let checked = stimrig().args(["check", path]).output().unwrap();
        assert_eq!(checked.status.code(), Some(2), "{}", text(&checked));
        assert!(text(&checked).contains("FILL-IN"), "{}", text(&checked));
    }
    let rig =
        rig.replace("volts_per_ampere: FILL-IN", "volts_per_ampere: 1 V/mA").replace("FILL-IN", "10 mA");
    fs::write(&file, &rig).unwrap();
    let (exit, record) = run(&["--rig", path, &case]);
    assert_eq!((exit, &record["safe_state"]), (0, &"confirmed".into()), "{rig}\n{record:#}");
}

/// Everything that a scan says to a port on which nobody answers, piece by piece as it was sent.
fn questions() -> Vec<Vec<u8>> {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ear = Arc::clone(&heard);
    let silent = device(move |said| {
        if !said.is_empty() {
            ear.lock().unwrap().push(said.to_vec());
        }
        Vec::new()
    });
    let output = stimrig().args(["scan", "--only"]).arg(silent).output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", text(&output));
    assert!(text(&output).contains("silent"), "{}", text(&output));
    std::thread::sleep(Duration::from_millis(50));
    std::mem::take(&mut *heard.lock().unwrap())
}

/// A wire that a driver has and the test too.
#[derive(Clone)]
struct Shared(Arc<tokio::sync::Mutex<MemoryPort>>);

#[async_trait::async_trait]
impl Port for Shared {
    fn now(&self) -> u64 {
        self.0.try_lock().unwrap().now()
    }

    async fn read(&mut self, buffer: &mut [u8], deadline: u64) -> Result<usize, InstrumentFault> {
        self.0.lock().await.read(buffer, deadline).await
    }

    async fn write_all(&mut self, bytes: &[u8]) -> Result<(), InstrumentFault> {
        self.0.lock().await.write_all(bytes).await
    }
}

#[test]
fn no_question_of_a_scan_makes_a_stimulator_stimulate() {
    let questions = questions();
    let all: Vec<u8> = questions.concat();
    for words in [&b"\xD5\x48"[..], b"\nS0\n", b"\xF0\x81\x55", b"*IDN?\n"] {
        assert!(all.windows(words.len()).any(|part| part == words), "{words:02X?}: {all:02X?}");
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for file in ["rig/sim.yaml", "rig/stimjim.yaml", "rig/pulse-pal.yaml", "rig/science-mode.yaml"] {
        // Fast as they came, and so slowly that a device gives up on half a command.
        for pause in [1, 600] {
            runtime.block_on(said_to(file, &questions, pause));
        }
    }
}

/// Says all of it to a stimulator that has a program and only waits to be started, and looks at its output.
async fn said_to(file: &str, questions: &[Vec<u8>], pause: u64) {
    let rig = Rig::read(&Source::new(file, &fs::read_to_string(file).unwrap())).unwrap();
    let phantom = phantom("r1k");
    let Bench { stimulator, mut clock, witness, .. } =
        sim::open_rig(&rig, rig.sim.as_ref().unwrap(), &phantom, 1).unwrap();
    let mut wire = Shared(Arc::new(tokio::sync::Mutex::new(stimulator)));
    let (port, pairs): (Box<dyn Port>, _) = (Box::new(wire.clone()), rig.pairs(&phantom));
    let mut driver: Box<dyn Stimulator> = match file {
        "rig/stimjim.yaml" => Box::new(stimjim::Stimulator::new(port, pairs, rig.cap)),
        "rig/pulse-pal.yaml" => Box::new(pulse_pal::Stimulator::new(port, pairs, 1e3, rig.cap)),
        "rig/science-mode.yaml" => Box::new(science_mode::Stimulator::new(port, pairs, rig.cap)),
        _ => Box::new(native::Stimulator::new(port, &phantom, rig.cap)),
    };
    driver.identify().await.unwrap();
    driver.load(&program()).await.unwrap();
    clock.sleep(100_000_000).await;
    assert_eq!(witness.truth().last_driven, None, "{file}");
    for piece in questions {
        wire.write_all(piece).await.unwrap();
        clock.sleep(pause * 1_000_000).await;
    }
    clock.sleep(1_000_000_000).await;
    assert_eq!(witness.truth().last_driven, None, "{file}, {pause} ms apart");
    // The same witness sees it when it does.
    if pause == 1 {
        let mut buffer = [0; 4096];
        let now = wire.now();
        while wire.read(&mut buffer, now).await.is_ok() {}
        driver.identify().await.unwrap();
        driver.load(&program()).await.unwrap();
        driver.start().await.unwrap();
        clock.sleep(200_000_000).await;
        assert!(witness.truth().last_driven.is_some(), "{file}: it cannot be started any more");
    }
}

fn program() -> Program {
    let (cases, problems) =
        stimrig::scenario::read_scenario(&Source::new("plain.yaml", PLAIN), &mut stimrig::scenario::shipped);
    assert!(problems.is_empty(), "{problems:#?}");
    cases.into_iter().next().unwrap().program
}
