//! Streams without noise whose edges fall between two samples: every number that a recorder makes of them follows by hand.

mod active;
mod changes;
mod contacts;
mod faint;
mod levels;
mod marks;
mod pulses;
mod recharge;
mod returns;
mod small;
mod told;
mod watched;

use super::*;
use crate::measure::{ChannelSetup, Flags, PulseRow, Wanted};
use crate::signal::{Calibration, Recovery, Sensed, Waveform};

/// Codes of 0.1 µA: a milliampere is 10 000 of them.
const LSB: f64 = 1e-7;
/// What the calibration states for no current, what a zero finds, and where the current rests between pulses.
const STATED: f64 = 40.0;
const ZERO: i16 = 37;
const REST: i16 = 39;
/// A zero lasts as long; the relays and the filter's 16 samples are over 66 samples later.
const ZEROED: u64 = 2000;
const SIGHTED: u64 = ZEROED + 66;

fn calibration() -> Calibration {
    Calibration {
        lsb: LSB,
        offset: STATED,
        offset_u: 2.0,
        gain_u: 1e-3,
        inl: 1.0,
        noise: 0.5,
        rails: (-15_000, 15_000),
        ..Calibration::default()
    }
}

/// 1 mA, 200 µs, a gap of 50.5 µs, a hundred a second.
fn biphasic() -> Program {
    Program::biphasic(["e1", "case"], 1e-3, 200e-6, 50.5e-6, 100.0)
}

/// The same, whose charge is taken back from 250 samples behind its leading edge to 2251.
fn passive() -> Program {
    let recovery = Recovery::Passive { duration: 2e-3, per_burst: false };
    Program { waveform: Waveform::Monophasic, recovery, ..biphasic() }
}

/// One contact at a megahertz, behind a filter that settles in 16 samples.
fn setup(program: &Program) -> Setup {
    let channel = |name: &str, sensed, calibration| ChannelSetup { name: name.into(), sensed, calibration };
    Setup {
        sample_rate: 1e6,
        clock_u: 20e-6,
        filter: (4, 1e5),
        channels: vec![
            channel("e1", Sensed::Current, calibration()),
            channel("vout", Sensed::Voltage, Calibration { lsb: 1e-4, noise: 0.5, ..Calibration::default() }),
        ],
        main: 0,
        vout: Some(1),
        slow: None,
        wanted: Wanted::default(),
        program: program.clone(),
    }
}

/// A quiet record that begins with a zero.
fn quiet(count: usize) -> Vec<i16> {
    let mut codes = vec![REST; count];
    codes[..ZEROED as usize].fill(ZERO);
    codes
}

/// `size` codes beyond the rest over [from, to).
fn hold(codes: &mut [i16], from: usize, to: usize, size: i16) {
    codes[from..to].fill(REST + size);
}

/// What a recharge takes back: `size` codes at sample `from`, falling to 1/e every `tau` samples, until the switch opens at `to`.
fn decay(codes: &mut [i16], (from, to): (usize, usize), size: f64, tau: f64) {
    for (k, code) in codes[from..to].iter_mut().enumerate() {
        *code = REST + (size * (-(k as f64) / tau).exp()).round() as i16;
    }
}

fn marker(sample: u64, bit: MarkerBit, value: bool) -> Marker {
    Marker { sample, bit, value }
}

fn zero() -> Vec<Marker> {
    vec![marker(0, MarkerBit::Zero, true), marker(ZEROED, MarkerBit::Zero, false)]
}

/// One plane for each channel, from sample `first` on.
fn push(recorder: &mut Recorder, first: u64, planes: &[&[i16]], markers: &[Marker]) {
    let codes = planes.concat();
    let count = planes[0].len();
    let stream = StreamKind::Fast;
    recorder.block(&Block { stream, first, count, codes: &codes, markers, lost: 0 });
}

/// A recorder that has seen current and voltage in blocks of 1000 samples.
fn seen(setup: Setup, current: &[i16], voltage: &[i16], markers: &[Marker]) -> Recorder {
    let mut recorder = Recorder::new(setup);
    for (k, (current, voltage)) in current.chunks(1000).zip(voltage.chunks(1000)).enumerate() {
        let first = 1000 * k as u64;
        let range = first..first + current.len() as u64;
        let within: Vec<Marker> = markers.iter().filter(|m| range.contains(&m.sample)).copied().collect();
        push(&mut recorder, first, &[current, voltage], &within);
    }
    recorder
}

fn recorded(program: &Program, current: &[i16]) -> Recording {
    seen(setup(program), current, &vec![0; current.len()], &zero()).finish()
}

fn rows(recording: &Recording) -> Vec<PulseRow> {
    recording.contacts[0].pulses.iter().collect()
}

/// Σ(code − rest) over [from, to).
fn area(codes: &[i16], from: u64, to: u64) -> f64 {
    codes[from as usize..to as usize].iter().map(|code| f64::from(code - REST)).sum()
}
