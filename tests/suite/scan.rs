//! Who is on a port: each make is recognised by what it answers, and no question makes a stimulator stimulate.

use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rstest::rstest;
use stimrig::driver::{native, pulse_pal, science_mode, stimjim};
use stimrig::instrument::{Clock, InstrumentFault, Port, Stimulator};
use stimrig::sim::{self, Bench, MemoryPort};

use crate::bench_on_ports::SimBench;
use crate::command::{stimrig, text};
use crate::stimulators::runs::PLAIN;
use crate::stimulators::{block_on, case, phantom, rig};
use crate::wrong_devices::device;

#[rstest]
#[case("rig/stimjim.yaml", "stimulator: Stimjim\n", "driver: stimjim")]
#[case("rig/pulse-pal.yaml", "stimulator: Pulse Pal 2, firmware 21", "driver: pulse-pal")]
#[case("rig/science-mode.yaml", "stimulator: ScienceMode 4", "driver: science-mode")]
fn a_stimulator_of_another_maker_is_recognised_and_its_rig_file_is_sound(
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
    let checked = || {
        let output = stimrig().arg("check").arg(&file).output().unwrap();
        (output.status.code(), text(&output))
    };
    if rig.contains("FILL-IN") {
        // What only the user knows keeps it from being used.
        let (code, said) = checked();
        assert!(code == Some(2) && said.contains("FILL-IN"), "{said}");
    }
    let rig =
        rig.replace("volts_per_ampere: FILL-IN", "volts_per_ampere: 1 V/mA").replace("FILL-IN", "10 mA");
    fs::write(&file, &rig).unwrap();
    let (code, said) = checked();
    assert_eq!(code, Some(0), "{said}\n{rig}");
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
    for file in ["rig/sim.yaml", "rig/stimjim.yaml", "rig/pulse-pal.yaml", "rig/science-mode.yaml"] {
        block_on(async {
            // Fast as they came, and so slowly that a device gives up on half a command.
            for pause in [1, 600] {
                let mut bench = Loaded::bench(file).await;
                for piece in &questions {
                    bench.wire.write_all(piece).await.unwrap();
                    bench.clock.sleep(pause * 1_000_000).await;
                }
                bench.clock.sleep(1_000_000_000).await;
                assert_eq!(bench.witness.truth().last_driven, None, "{file}, {pause} ms apart");
            }
            // The same witness sees it when it does.
            let mut bench = Loaded::bench(file).await;
            bench.driver.start().await.unwrap();
            bench.clock.sleep(200_000_000).await;
            assert!(bench.witness.truth().last_driven.is_some(), "{file}");
        });
    }
}

/// A stimulator that has a program and only waits to be started, and the wire to it.
struct Loaded {
    wire: Shared,
    driver: Box<dyn Stimulator>,
    clock: sim::VirtualClock,
    witness: sim::Witness,
}

impl Loaded {
    async fn bench(file: &str) -> Self {
        let rig = rig(file);
        let phantom = phantom("r1k");
        let Bench { stimulator, mut clock, witness, .. } =
            sim::open_rig(&rig, rig.sim.as_ref().unwrap(), &phantom, 1).unwrap();
        let wire = Shared(Arc::new(tokio::sync::Mutex::new(stimulator)));
        let (port, pairs): (Box<dyn Port>, _) = (Box::new(wire.clone()), rig.pairs(&phantom));
        let mut driver: Box<dyn Stimulator> = match file {
            "rig/stimjim.yaml" => Box::new(stimjim::Stimulator::new(port, pairs, rig.cap)),
            "rig/pulse-pal.yaml" => Box::new(pulse_pal::Stimulator::new(port, pairs, 1e3, rig.cap)),
            "rig/science-mode.yaml" => Box::new(science_mode::Stimulator::new(port, pairs, rig.cap)),
            _ => Box::new(native::Stimulator::new(port, &phantom, rig.cap)),
        };
        driver.identify().await.unwrap();
        driver.load(&case(PLAIN).program).await.unwrap();
        clock.sleep(100_000_000).await;
        assert_eq!(witness.truth().last_driven, None, "{file}");
        Self { wire, driver, clock, witness }
    }
}
