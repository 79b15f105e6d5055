//! A stimulator that emits a program of the language exactly: what stands in where only the protocol is rehearsed.

use crate::instrument::Mirror;
use crate::phantom::Phantom;
use crate::rig::{Pairs, SimBench};
use crate::signal::{Phase, Program, Waveform};

use super::analog::Analog;
use super::defects::TrainDefects;
use super::end::{DeviceEnd, clock};
use super::terminals::Terminals;

/// What happens within a pulse.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Act {
    /// A phase of this current (of a contact with a share of −100 %), A.
    Phase(u8, f64),
    Off,
    Recharge,
}

/// A program being emitted on output 0, or on as many outputs as it takes.
pub(super) struct Emitter {
    terminals: Terminals,
    pairs: Pairs,
    clock: f64,
    running: Option<Running>,
    /// Pulses since the last start.
    pulses: u64,
}

struct Running {
    program: Program,
    factors: Vec<(usize, f64)>,
    origin: u64,
    /// What is wrong with it.
    trains: TrainDefects,
    pulse: u64,
    acts: Vec<(f64, Act)>,
    at: usize,
    stopping: bool,
}

impl Emitter {
    pub(super) fn new(bench: &SimBench, phantom: &Phantom, pairs: &Pairs, analog: &mut Analog) -> Self {
        Self {
            terminals: Terminals::new(bench, phantom, pairs, analog),
            pairs: pairs.clone(),
            clock: clock(bench),
            running: None,
            pulses: 0,
        }
    }

    pub(super) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Pulses since the last start.
    pub(super) fn pulses(&self) -> u64 {
        self.pulses
    }

    /// Starts a program; a running one ends where it is.
    pub(super) fn start(&mut self, program: &Program, now: u64, analog: &mut Analog) {
        self.terminals.off(analog);
        self.pulses = 0;
        let factors = self.pairs.split(program).unwrap_or_default();
        let trains = self.terminals.trains.clone();
        let mut running = Running {
            program: Program { rate: program.rate * trains.rate, ..program.clone() },
            factors,
            origin: now + LEAD_IN + trains.start_delay,
            trains,
            pulse: 0,
            acts: Vec::new(),
            at: 0,
            stopping: false,
        };
        running.prepare();
        self.running = Some(running);
        self.end_if_over(analog);
    }

    /// Ends after the pulse in progress.
    pub(super) fn stop(&mut self, analog: &mut Analog) {
        let trains = &self.terminals.trains;
        match &mut self.running {
            _ if trains.ignores_stop => {}
            Some(running) if running.at > 0 && !trains.cuts_on_stop => running.stopping = true,
            _ => self.cut(analog),
        }
    }

    /// Off at once.
    pub(super) fn cut(&mut self, analog: &mut Analog) {
        self.running = None;
        self.terminals.off(analog);
    }

    pub(super) fn next_deadline(&self) -> Option<u64> {
        let running = self.running.as_ref()?;
        let (offset, _) = running.acts.get(running.at)?;
        Some(running.origin + (offset * 1e9 * self.clock).round() as u64)
    }

    pub(super) fn on_deadline(&mut self, now: u64, analog: &mut Analog) {
        while self.next_deadline().is_some_and(|due| due <= now) {
            let Some(running) = &mut self.running else { return };
            let Some((_, act)) = running.acts.get(running.at).copied() else { return };
            if running.at == 0 {
                self.pulses += 1;
            }
            running.at += 1;
            match act {
                Act::Phase(index, current) => {
                    let outputs = running.factors.iter().map(|(output, _)| output + 1).max().unwrap_or(0);
                    let mut levels = vec![0.0; outputs];
                    for (output, factor) in &running.factors {
                        if let Some(level) = levels.get_mut(*output) {
                            *level = current * factor;
                        }
                    }
                    self.terminals.drive(index, &levels, analog);
                }
                Act::Off => self.terminals.off(analog),
                Act::Recharge => self.terminals.ground(analog),
            }
            if running.at >= running.acts.len() {
                running.pulse += 1;
                running.at = 0;
                running.prepare();
                self.end_if_over(analog);
            }
        }
    }

    fn end_if_over(&mut self, analog: &mut Analog) {
        let over = self.running.as_ref().is_some_and(|running| {
            running.stopping || running.program.pulse_limit().is_some_and(|limit| running.pulse >= limit)
        });
        if over {
            self.cut(analog);
        }
    }
}

/// From a start to the first pulse, ns: a quiet baseline.
const LEAD_IN: u64 = 100_000;

impl Running {
    /// Lists what happens in the pulse that is next.
    fn prepare(&mut self) {
        let pulse = self.program.pulse(self.pulse);
        let ended = self.acts.last().map(|(at, _)| *at);
        self.acts.clear();
        // Of a pair the second pulse is the second phase, and pairs are counted.
        let pairs = self.program.waveform == Waveform::Alternating;
        let second = pairs && !self.pulse.is_multiple_of(2);
        let kept = match (pairs, second) {
            (false, _) if self.trains.does_not_recover(self.pulse) => 1,
            (_, true) if self.trains.does_not_recover(self.pulse / 2) => 0,
            _ => usize::MAX,
        };
        if kept == 0 || self.trains.leaves_out(self.pulse) {
            self.acts.push((pulse.start, Act::Off));
            return;
        }
        let mut phases: Vec<Phase> = pulse.phases().iter().take(kept).copied().collect();
        let late = ended.filter(|_| second).map_or(0.0, |ended| self.trains.within_pair(pulse.start, ended));
        let late = self.trains.shape(&mut phases, usize::from(second), late);
        for (index, phase) in (usize::from(second)..).zip(&phases) {
            let end = self.acts.last().map(|(at, _)| *at);
            if end.is_some_and(|end| end >= phase.start) {
                // The phase before ends where this one begins.
                self.acts.pop();
            }
            self.acts.push((phase.start, Act::Phase(u8::try_from(index).unwrap_or(u8::MAX), phase.current)));
            self.acts.push((phase.end(), Act::Off));
        }
        let recharge = pulse.recharge.filter(|_| kept > 1);
        if let Some((start, duration)) = recharge.map(|(start, duration)| (start + late, duration)) {
            if self.acts.last().is_some_and(|(at, _)| *at >= start) {
                self.acts.pop();
            }
            self.acts.push((start, Act::Recharge));
            self.acts.push((start + duration, Act::Off));
        }
    }
}

/// The output stage of a stimulator that no port leads to: it does what the helper program or the operator says.
pub(super) struct ProgramEnd {
    emitter: Emitter,
    program: Option<Program>,
    line: Vec<u8>,
    powered: bool,
}

impl ProgramEnd {
    pub(super) fn new(bench: &SimBench, phantom: &Phantom, pairs: &Pairs, analog: &mut Analog) -> Self {
        Self {
            emitter: Emitter::new(bench, phantom, pairs, analog),
            program: None,
            line: Vec::new(),
            powered: true,
        }
    }
}

impl DeviceEnd for ProgramEnd {
    fn next_deadline(&self) -> Option<u64> {
        self.emitter.next_deadline()
    }

    fn on_deadline(&mut self, now: u64, analog: &mut Analog) {
        self.emitter.on_deadline(now, analog);
    }

    fn receive(&mut self, bytes: &[u8], now: u64, analog: &mut Analog) {
        for &byte in bytes {
            if byte != b'\n' {
                self.line.push(byte);
                continue;
            }
            match serde_json::from_slice(&std::mem::take(&mut self.line)) {
                Ok(Mirror::Load(program)) => {
                    let running = self.emitter.is_running();
                    if running {
                        self.emitter.start(&program, now, analog);
                    }
                    self.program = Some(*program);
                }
                Ok(Mirror::Start) => {
                    if let Some(program) = self.program.clone().filter(|_| self.powered) {
                        self.emitter.start(&program, now, analog);
                    }
                }
                Ok(Mirror::Stop) => self.emitter.stop(analog),
                Err(_) => {}
            }
        }
    }

    fn supplied(&mut self, on: bool, _now: u64, analog: &mut Analog) {
        if self.powered && !on {
            self.emitter.cut(analog);
        }
        self.powered = on;
    }

    fn transmit(&mut self, _into: &mut [u8]) -> usize {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::{Defect, DefectKind, DefectValue};
    use crate::signal::Recovery;

    /// Instants (us) of two pairs of 200 us every 20 ms, and what happens then.
    fn acts(kind: DefectKind, value: DefectValue) -> Vec<(i64, Option<u8>)> {
        let pairs = Program {
            waveform: Waveform::Alternating,
            recovery: Recovery::None,
            ..Program::biphasic(["e1", "case"], 2e-3, 200e-6, 0.0, 50.0)
        };
        let trains = TrainDefects::new(&[Defect { kind, value }]);
        let mut running = Running {
            program: pairs,
            factors: Vec::new(),
            origin: 0,
            trains,
            pulse: 0,
            acts: Vec::new(),
            at: 0,
            stopping: false,
        };
        let mut all = Vec::new();
        for pulse in 0..4 {
            running.pulse = pulse;
            running.prepare();
            all.extend(running.acts.iter().map(|(at, act)| {
                let phase = if let Act::Phase(index, _) = act { Some(*index) } else { None };
                ((at * 1e6).round() as i64, phase)
            }));
        }
        all
    }

    #[test]
    fn a_pair_is_bent_as_the_phases_of_a_pulse_are() {
        let first = [(0, Some(0)), (200, None)];
        let pair = [first[0], first[1], (10_000, Some(1)), (10_200, None)];
        let none = acts(DefectKind::GapError, DefectValue::Amount(0.0));
        assert_eq!(none[..4], pair);
        let wide = acts(DefectKind::SecondPhaseWidthError, DefectValue::Amount(0.1));
        assert_eq!(wide[..4], [pair[0], pair[1], pair[2], (10_220, None)]);
        let early = acts(DefectKind::GapError, DefectValue::Amount(-2e-3));
        assert_eq!(early[..5], [pair[0], pair[1], (8_000, Some(1)), (8_200, None), (20_000, Some(0))]);
        // Pairs are counted: the second one lacks its second pulse.
        let lacks = acts(DefectKind::MissingRecoveryEvery, DefectValue::Every(2));
        assert_eq!(lacks[..4], pair);
        assert_eq!(lacks[4..], [(20_000, Some(0)), (20_200, None), (30_000, None)]);
    }
}
