//! The device end of a ScienceMode 4 stimulator: packets on a simulated output stage.
//!
//! It supervises as the device does: without a request for its state for two seconds it stops; a channel that limits
//! is an electrode error from 15 mA on and a low current below, and ends the train; a damaged frame is answered with a
//! transfer error.

use crate::phantom::Phantom;
use crate::rig::device::science_mode::{
    KEEPALIVE, LENGTHS, MOST, Packet, Point, STEP, command, decode_point,
};
use crate::rig::{Pairs, SimBench};

use super::analog::Analog;
use super::defects::WireDefects;
use super::end::{DeviceEnd, clock};
use super::outbox::Outbox;
use super::player::{Due, Player};
use super::terminals::Terminals;

/// Currents from which an electrode that is off is told from a load that is too high, half milliamperes.
const ELECTRODE: i64 = 30;
/// What its main processor says it runs: firmware 3.2.5, protocol 4.0.0.
const VERSION: [u8; 6] = [3, 2, 5, 4, 0, 0];

/// What has gone wrong with a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    Electrode = 1,
    LowCurrent = 3,
}

/// A channel's train.
#[derive(Debug)]
struct Running {
    player: Player,
    points: Vec<Point>,
    /// A pulse of the low level, which ends by itself.
    once: bool,
    /// So many pulses below the full current come first, and rise by equal parts of it.
    ramp: u8,
}

impl Running {
    /// The current of a point of the pulse that is in progress, half milliamperes.
    fn level(&self, stage: usize) -> i64 {
        let steps = self.points.get(stage).map_or(0, |point| point.steps);
        let whole = u64::from(self.ramp) + 1;
        let part = self.player.pulses().min(whole);
        (steps as f64 * part as f64 / whole as f64).round() as i64
    }
}

/// A ScienceMode stimulator as seen from its wire.
pub(super) struct ScienceModeEnd {
    terminals: Terminals,
    clock: f64,
    wire: WireDefects,
    out: Outbox,
    received: Vec<u8>,
    powered: bool,
    low_level: bool,
    mid_level: bool,
    stop_all: bool,
    /// When it was asked for its state last, ns.
    heard: u64,
    running: Vec<Option<Running>>,
    troubles: Vec<Option<Trouble>>,
    /// Currents of the channels now, half milliamperes.
    levels: Vec<i64>,
}

impl ScienceModeEnd {
    pub(super) fn new(
        bench: &SimBench,
        phantom: &Phantom,
        pairs: &Pairs,
        noise_seed: u64,
        analog: &mut Analog,
    ) -> Self {
        Self {
            terminals: Terminals::new(bench, phantom, pairs, analog),
            clock: clock(bench),
            wire: WireDefects::new(&bench.defects, noise_seed),
            out: Outbox::default(),
            received: Vec::new(),
            powered: true,
            low_level: false,
            mid_level: false,
            stop_all: false,
            heard: 0,
            running: (0..8).map(|_| None).collect(),
            troubles: vec![None; 8],
            levels: vec![0; 8],
        }
    }

    fn apply(&self, index: u8, analog: &mut Analog) {
        let currents: Vec<f64> = self.levels.iter().map(|steps| *steps as f64 * STEP).collect();
        self.terminals.drive(index, &currents, analog);
    }

    fn stop_channel(&mut self, channel: usize, analog: &mut Analog) {
        if let (Some(running), Some(level)) = (self.running.get_mut(channel), self.levels.get_mut(channel)) {
            *running = None;
            *level = 0;
        }
        self.apply(0, analog);
    }

    fn stop(&mut self, analog: &mut Analog) {
        for channel in 0..self.running.len() {
            self.stop_channel(channel, analog);
        }
    }

    /// The keep-alive is over then, ns.
    fn expires(&self) -> Option<u64> {
        let paced = self.running.iter().flatten().any(|running| !running.once);
        let patience = self.terminals.trains.patience((KEEPALIVE * 1e9) as u64)?;
        paced.then_some(self.heard + patience)
    }

    /// Starts a train of this period (ns), or a single pulse.
    fn start(&mut self, channel: usize, points: Vec<Point>, period: Option<u64>, ramp: u8, now: u64) {
        let lengths: Vec<u64> = points.iter().map(|point| point.microseconds * 1000).collect();
        let pulse: u64 = lengths.iter().sum();
        let (period, until) = period.map_or((pulse + 1, 1), |period| (period, u64::MAX));
        let drives: Vec<bool> = points.iter().map(|point| point.steps != 0).collect();
        let player =
            Player::new(self.clock, lengths, period.max(1), until, now).bent(&self.terminals.trains, &drives);
        if let (Some(place), Some(trouble)) = (self.running.get_mut(channel), self.troubles.get_mut(channel))
        {
            *place = Some(Running { player, points, once: until == 1, ramp });
            *trouble = None;
        }
    }

    /// Takes what is due on a channel.
    fn advance(&mut self, channel: usize, analog: &mut Analog) {
        let Some(running) = self.running.get_mut(channel).and_then(Option::as_mut) else { return };
        // At the end of a point the device looks whether its current flows.
        let driven = self.levels.get(channel).copied().unwrap_or(0);
        let looks = !self.terminals.trains.deaf_to_open_leads;
        let trouble = (looks && driven != 0 && analog.at_compliance())
            .then(|| if driven.abs() >= ELECTRODE { Trouble::Electrode } else { Trouble::LowCurrent });
        let due = running.player.step();
        let level = match due {
            Due::Stage(stage) => running.level(stage),
            Due::Rest | Due::Ended(_) => 0,
        };
        let phases = match due {
            Due::Stage(stage) => running.points.iter().take(stage).filter(|point| point.steps != 0).count(),
            _ => 0,
        };
        let ended = matches!(due, Due::Ended(_)) || (running.once && due == Due::Rest);
        if let Some(trouble) = trouble {
            if let Some(own) = self.troubles.get_mut(channel) {
                *own = Some(trouble);
            }
            if self.stop_all {
                self.stop(analog)
            } else {
                self.stop_channel(channel, analog)
            }
            return;
        }
        if let Some(own) = self.levels.get_mut(channel) {
            *own = level;
        }
        self.apply(u8::try_from(phases).unwrap_or(u8::MAX), analog);
        if ended {
            self.stop_channel(channel, analog);
        }
    }

    /// What is answered to a packet: result and data.
    fn execute(&mut self, packet: &Packet, now: u64, analog: &mut Analog) -> Vec<u8> {
        match packet.command {
            command::VERSION => [&[0], &VERSION[..]].concat(),
            command::DEVICE_ID => b"\0SIM-SMPT-1".to_vec(),
            command::BATTERY => vec![0, 100, 0x10, 0x68],
            command::STIM_STATUS => {
                let running = self.running.iter().any(Option::is_some);
                let state = match (self.mid_level, running, self.low_level) {
                    (true, true, _) => 3,
                    (true, false, _) => 2,
                    (false, _, true) => 1,
                    _ => 0,
                };
                vec![0, state, 0]
            }
            command::LL_INIT => {
                (self.low_level, self.mid_level) = (true, false);
                vec![0]
            }
            command::LL_CHANNEL_CONFIG => self.one_pulse(&packet.payload, now),
            command::LL_STOP => {
                self.low_level = false;
                self.stop(analog);
                vec![0]
            }
            command::ML_INIT => {
                (self.low_level, self.mid_level) = (false, true);
                self.stop_all = packet.payload.first().is_some_and(|flag| flag & 1 == 1);
                self.troubles = vec![None; 8];
                self.heard = now;
                self.stop(analog);
                vec![0]
            }
            command::ML_UPDATE => vec![self.update(&packet.payload, now, analog)],
            command::ML_STOP => {
                // The high voltage goes off with it: nothing starts before the next initialisation.
                if !self.terminals.trains.ignores_stop {
                    self.mid_level = false;
                    self.stop(analog);
                }
                vec![0]
            }
            command::ML_GET_CURRENT_DATA => self.data(packet.payload.first().copied().unwrap_or(0), now),
            _ => Vec::new(),
        }
    }

    fn one_pulse(&mut self, payload: &[u8], now: u64) -> Vec<u8> {
        let Some((head, points)) = payload.split_first() else { return vec![2, 0, 0] };
        let channel = usize::from((head >> 5) & 3);
        let place = head & 0x10 | channel as u8;
        if !self.low_level {
            return vec![7, place, 0];
        }
        match points_of(points, usize::from(head & 0xF) + 1) {
            Some((points, _)) if head & 0x80 != 0 => {
                self.start(channel, points, None, 0, now);
                vec![0, place, 0]
            }
            None if head & 0x80 != 0 => vec![2, place, 0],
            _ => vec![0, place, 0],
        }
    }

    /// Programs and starts the channels of a mask; the others stop.
    fn update(&mut self, payload: &[u8], now: u64, analog: &mut Analog) -> u8 {
        if !self.mid_level {
            return 7;
        }
        let Some((mask, mut rest)) = payload.split_first() else { return 2 };
        let mut trains = Vec::new();
        for channel in (0..8).filter(|channel| mask & (1 << channel) != 0) {
            let [head, high, low, points @ ..] = rest else { return 2 };
            let coded = u16::from_be_bytes([*high, *low]);
            // In half milliseconds, or with the low bit in quarters, to ns.
            let period = u64::from(coded >> 1) * if coded & 1 == 1 { 250_000 } else { 500_000 };
            let Some((points, behind)) = points_of(points, usize::from(head >> 4) + 1) else { return 2 };
            let pulse: u64 = points.iter().map(|point| point.microseconds).sum();
            if period == 0 || pulse * 1000 > period {
                return 2;
            }
            // It belongs to a channel's beginning, not to each change of what it plays.
            let plays = self.running.get(channel).is_some_and(Option::is_some);
            trains.push((channel, points, period, if plays { 0 } else { head & 0xF }));
            rest = behind;
        }
        self.stop(analog);
        self.heard = now;
        for (channel, points, period, ramp) in trains {
            self.start(channel, points, Some(period), ramp, now);
        }
        0
    }

    fn data(&mut self, selection: u8, now: u64) -> Vec<u8> {
        self.heard = now;
        if !self.mid_level {
            return vec![7, selection];
        }
        let running = self
            .running
            .iter()
            .enumerate()
            .fold(0, |bits, (channel, running)| bits | u8::from(running.is_some()) << channel.min(7));
        let of = |channel: usize| self.troubles.get(channel).copied().flatten();
        let electrode = |channel: usize| u8::from(of(channel) == Some(Trouble::Electrode));
        let bits = |first: usize| (0..4).fold(0, |bits, bit| bits | electrode(first + bit) << bit);
        let any = u8::from(running != 0) << 4;
        match selection {
            2 => vec![0, 2, any | bits(0)],
            3 => vec![0, 3, any | bits(0), any | bits(4)],
            4 => {
                let state = |channel: usize| of(channel).map_or(0, |trouble| trouble as u8);
                let pairs = (0..4).map(|pair| state(2 * pair) | state(2 * pair + 1) << 4);
                [0, 4, running].into_iter().chain(pairs).collect()
            }
            other => vec![2, other],
        }
    }
}

/// So many points, if each is possible, and what follows them.
fn points_of(bytes: &[u8], count: usize) -> Option<(Vec<Point>, &[u8])> {
    let (points, rest) = bytes.split_at_checked(4 * count)?;
    let points: Vec<Point> =
        points.chunks_exact(4).filter_map(|bytes| Some(decode_point(bytes.try_into().ok()?))).collect();
    let (least, most) = LENGTHS;
    let possible = |point: &Point| point.steps.abs() <= MOST && (least..=most).contains(&point.microseconds);
    points.iter().all(possible).then_some((points, rest))
}

impl DeviceEnd for ScienceModeEnd {
    fn next_deadline(&self) -> Option<u64> {
        self.running.iter().flatten().map(|running| running.player.next()).chain(self.expires()).min()
    }

    fn on_deadline(&mut self, now: u64, analog: &mut Analog) {
        if self.expires().is_some_and(|due| due <= now) {
            self.stop(analog);
        }
        for channel in 0..self.running.len() {
            while self
                .running
                .get(channel)
                .is_some_and(|running| running.as_ref().is_some_and(|running| running.player.next() <= now))
            {
                self.advance(channel, analog);
            }
        }
    }

    fn receive(&mut self, bytes: &[u8], now: u64, analog: &mut Analog) {
        if !self.powered {
            return;
        }
        self.received.extend_from_slice(bytes);
        while let Some(packet) = Packet::take(&mut self.received) {
            let answer = match packet {
                Err(_) => Packet { number: 0, command: command::GENERAL_ERROR, payload: vec![1] },
                Ok(packet) => {
                    let payload = self.execute(&packet, now, analog);
                    if payload.is_empty() {
                        Packet { number: packet.number, command: command::UNKNOWN, payload: vec![11] }
                    } else {
                        Packet { number: packet.number, command: packet.command + 1, payload }
                    }
                }
            };
            self.wire.send(&answer.encode(), &mut self.out);
            self.on_deadline(now, analog);
        }
    }

    fn supplied(&mut self, on: bool, _now: u64, analog: &mut Analog) {
        if self.powered != on {
            self.powered = on;
            self.received.clear();
            (self.low_level, self.mid_level) = (false, false);
            self.stop(analog);
        }
    }

    fn transmit(&mut self, into: &mut [u8]) -> usize {
        self.out.take(into)
    }
}
