//! The wire between host and instruments, end to end: native drivers, framed links, simulated devices.

mod agreement;
mod damage;
mod exchange;
mod frozen;

use stimrig::driver::native;
use stimrig::instrument::{
    Clock, Load as _, Overdrive as _, Port, Reports as _, Stimulator as _, Stream as _, StreamChannel,
    StreamSetup, Switches as _,
};
use stimrig::phantom::{Element, ElementKind, Phantom};
use stimrig::rig::{Defect, DefectKind, DefectValue, SimBench};
use stimrig::signal::{Block, BlockSink, Marker, MarkerBit, Program, Recovery, Run, Sensed, StreamKind};

const MS: u64 = 1_000_000;

/// 1 kΩ between `e1` and `case`.
fn phantom() -> Phantom {
    Phantom {
        name: "r1k".into(),
        hash: String::new(),
        nodes: vec!["a".into(), "gnd".into()],
        contacts: vec![("e1".into(), 0), ("case".into(), 1)],
        elements: vec![Element {
            kind: ElementKind::Resistor,
            value: 1000.0,
            tolerance: 0.0,
            measured_u: None,
            from: 0,
            to: 1,
        }],
        senses: vec![("v1".into(), 0, 1)],
        areas: Vec::new(),
        source: None,
    }
}

/// 2 mA, 200 µs, 50 µs, mirrored, 100 Hz.
fn program() -> Program {
    Program::biphasic(["e1", "case"], 2e-3, 200e-6, 50e-6, 100.0)
}

/// Everything the load streamed of its first channel.
#[derive(Default)]
struct Recording {
    codes: Vec<i16>,
    markers: Vec<Marker>,
    lost: u64,
    gaps: usize,
}

impl BlockSink for Recording {
    fn block(&mut self, block: &Block<'_>) {
        if block.stream == StreamKind::Fast {
            assert_eq!(block.first, self.codes.len() as u64 + self.lost + block.lost);
            self.codes.extend(&block.codes[..block.count]);
            self.markers.extend(block.markers);
            self.lost += block.lost;
            self.gaps += usize::from(block.lost > 0);
        }
    }
}

impl Recording {
    /// First samples at which the first channel's magnitude rises above a quarter of 2 mA on the 4 mA range, with the
    /// leading (negative) sign.
    fn leads(&self) -> Vec<usize> {
        let leads = |code: i16| code < -4096;
        let rises = |pair: &[i16]| !leads(pair[0]) && leads(pair[1]);
        (1..self.codes.len()).filter(|n| rises(&self.codes[n - 1..=*n])).collect()
    }

    fn changes(&self, bit: MarkerBit) -> Vec<u64> {
        self.markers.iter().filter(|marker| marker.bit == bit).map(|marker| marker.sample).collect()
    }
}

/// A bench with the drivers on it.
struct Rig {
    stimulator: native::Stimulator,
    load: native::Load,
    clock: Box<dyn Clock>,
    recording: Recording,
}

type Wrap = fn(Box<dyn Port>) -> Box<dyn Port>;

impl Rig {
    fn open(defects: &[(DefectKind, DefectValue)], case_seed: u64) -> Self {
        Self::behind(defects, case_seed, |port| port, |port| port)
    }

    /// A bench whose wires pass through something.
    fn behind(defects: &[(DefectKind, DefectValue)], case_seed: u64, stimulator: Wrap, load: Wrap) -> Self {
        let defects = defects.iter().cloned().map(|(kind, value)| Defect { kind, value }).collect();
        let spec = SimBench { defects, ..SimBench::default() };
        let bench = stimrig::sim::open(&spec, &phantom(), case_seed).unwrap();
        Self {
            stimulator: native::Stimulator::new(stimulator(Box::new(bench.stimulator)), &phantom(), 12.7e-3),
            load: native::Load::new(load(Box::new(bench.load)), &phantom()),
            clock: Box::new(bench.clock),
            recording: Recording::default(),
        }
    }

    /// Streams, connects, loads and starts.
    async fn start(&mut self, program: &Program) {
        self.stream().await;
        self.load.interlock(true).await.unwrap();
        self.stimulator.load(program).await.unwrap();
        self.stimulator.start().await.unwrap();
    }

    async fn stream(&mut self) {
        let channels = vec![
            StreamChannel { name: "e1".into(), quantity: Sensed::Current, range: 4e-3 },
            StreamChannel { name: "vout".into(), quantity: Sensed::Voltage, range: 20.0 },
        ];
        let stated = self.load.start(&StreamSetup { channels, slow: true }).await.unwrap();
        assert_eq!(stated.len(), 4);
    }

    /// Lets time pass as a runner does: in slices, draining, with the load kept alive and the stimulator if wanted.
    async fn wait(&mut self, milliseconds: u64, keep_stimulator_alive: bool) {
        for slice in 0..milliseconds.div_ceil(20) {
            self.clock.sleep(20 * MS).await;
            self.load.drain(&mut self.recording).await.unwrap();
            if slice % 5 == 4 {
                self.load.keepalive().await.unwrap();
                if keep_stimulator_alive {
                    self.stimulator.keepalive().await.unwrap();
                }
            }
        }
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}
