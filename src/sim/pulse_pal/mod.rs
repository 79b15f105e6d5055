//! The device end of a Pulse Pal 2: its firmware's binary protocol, its voltages driving the load through the scale that the
//! rig file states.
//!
//! It behaves as the device does, faults included: a train is cut where its time ends and a burst where its own does, a soft
//! trigger and an abort are not answered, a trigger during a train is kept for when that one ends or is aborted, and a command
//! that stalls for 500 ms is finished with zeros, after which the device is deaf until a person clicks its joystick (here: until
//! its supply has been cut). Custom trains are taken and not played.
//!
//! Two builds of its firmware state the same number. This is the one that the recorded exchanges are of: it has that stall, takes
//! a channel first where it is told to loop, and passes the command for a parameter of all channels over.

mod command;

use crate::phantom::Phantom;
use crate::rig::device::pulse_pal::{VOLTS_PER_CODE, ZERO};
use crate::rig::{Pairs, SimBench};

use super::analog::Analog;
use super::defects::WireDefects;
use super::end::{DeviceEnd, clock};
use super::outbox::Outbox;
use super::player::{Due, Player};
use super::terminals::Terminals;

use command::Command;

/// One cycle of its timer, ns.
const CYCLE: u64 = 50_000;
/// A byte of a command must follow the one before within this, ns.
const STALL: u64 = 500_000_000;
/// Version of the firmware.
const FIRMWARE: u32 = 21;
/// The parameter that is a channel's voltage between pulses.
const RESTING: u8 = 17;
/// What begins a command.
const MENU: u8 = 213;

/// Parameters of a channel; times in cycles, voltages as codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Channel {
    biphasic: bool,
    volts: [u16; 2],
    /// Phase 1, gap, phase 2, from the end of a pulse to the next.
    times: [u32; 4],
    /// Length of a burst, and from its end to the next; without either there are none.
    burst: [u32; 2],
    train: u32,
    delay: u32,
    custom: u8,
    rest: u16,
    looping: bool,
}

impl Default for Channel {
    fn default() -> Self {
        Self {
            biphasic: false,
            // What it has after it was switched on, or clicked.
            volts: [49152, 16384],
            times: [20, 20, 20, 200],
            burst: [0, 0],
            train: 20_000,
            delay: 0,
            custom: 0,
            rest: ZERO,
            looping: false,
        }
    }
}

/// A Pulse Pal as seen from its wire.
pub(super) struct PulsePalEnd {
    terminals: Terminals,
    volts_per_ampere: f64,
    clock: f64,
    wire: WireDefects,
    out: Outbox,
    received: Vec<u8>,
    /// When the last byte of an unfinished command came, ns.
    heard: u64,
    /// It waits for a click on its joystick.
    locked: bool,
    powered: bool,
    channels: [Channel; 4],
    playing: [Option<Player>; 4],
    /// Triggers that came while a train was played.
    pending: [bool; 4],
    /// Voltages now, codes.
    levels: [u16; 4],
}

impl PulsePalEnd {
    pub(super) fn new(
        bench: &SimBench,
        phantom: &Phantom,
        pairs: &Pairs,
        volts_per_ampere: f64,
        noise_seed: u64,
        analog: &mut Analog,
    ) -> Self {
        Self {
            terminals: Terminals::new(bench, phantom, pairs, analog),
            volts_per_ampere,
            clock: clock(bench),
            wire: WireDefects::new(&bench.defects, noise_seed),
            out: Outbox::default(),
            received: Vec::new(),
            heard: 0,
            locked: false,
            powered: true,
            channels: [Channel::default(); 4],
            playing: [None, None, None, None],
            pending: [false; 4],
            levels: [ZERO; 4],
        }
    }

    /// Drives what the channels' voltages are now, as phase `index` of a pulse.
    fn apply(&self, index: u8, analog: &mut Analog) {
        let currents = self.levels.map(|code| {
            f64::from(i32::from(code) - i32::from(ZERO)) * VOLTS_PER_CODE / self.volts_per_ampere
        });
        self.terminals.drive(index, &currents, analog);
    }

    fn set_level(&mut self, channel: usize, code: u16) {
        if let Some(level) = self.levels.get_mut(channel) {
            *level = code;
        }
    }

    /// A channel's voltage becomes that between pulses.
    fn rest(&mut self, channel: usize) {
        let rest = self.channels.get(channel).map_or(ZERO, |own| own.rest);
        self.set_level(channel, rest);
    }

    fn start(&mut self, channel: usize, now: u64) {
        let Some(own) = self.channels.get(channel).copied() else { return };
        if own.custom != 0 {
            return;
        }
        if self.playing.get(channel).is_some_and(Option::is_some) {
            if let Some(pending) = self.pending.get_mut(channel) {
                *pending = true;
            }
            return;
        }
        let [first, gap, second, rest] = own.times.map(u64::from);
        let lengths = if own.biphasic { vec![first, gap, second] } else { vec![first] };
        let pulse: u64 = lengths.iter().sum();
        let until = if own.looping { u64::MAX } else { u64::from(own.train) * CYCLE };
        let origin = now + u64::from(own.delay) * CYCLE;
        let lengths = lengths.into_iter().map(|cycles| cycles * CYCLE).collect();
        let period = ((pulse + rest) * CYCLE).max(CYCLE);
        if let Some(place) = self.playing.get_mut(channel) {
            let player = Player::new(self.clock, lengths, period, until, origin).cut();
            let [burst, pause] = own.burst.map(|cycles| u64::from(cycles) * CYCLE);
            let player = if burst > 0 && pause > 0 { player.gated(burst, pause) } else { player };
            *place = Some(player.bent(&self.terminals.trains, &[true, false, true]));
        }
    }

    /// Ends the train of a channel. A trigger that came meanwhile starts the next in the cycle behind.
    fn end(&mut self, channel: usize, now: u64) {
        if let Some(place) = self.playing.get_mut(channel) {
            *place = None;
        }
        self.rest(channel);
        if self.pending.get_mut(channel).is_some_and(std::mem::take) {
            self.start(channel, now + CYCLE);
        }
    }

    /// Everything to its resting voltage, at once.
    fn abort(&mut self, now: u64, analog: &mut Analog) {
        for channel in 0..4 {
            self.end(channel, now);
        }
        self.apply(0, analog);
    }

    fn set(&mut self, code: u8, channel: usize, value: u32, analog: &mut Analog) {
        if let Some(own) = self.channels.get_mut(channel) {
            own.set(code, value);
        }
        // Whatever plays.
        if code == RESTING {
            self.rest(channel);
            self.apply(0, analog);
        }
    }

    /// Programs all channels, each of which rests at once; one that loops goes on doing so.
    fn program(&mut self, channels: &[Channel; 4], analog: &mut Analog) {
        for (own, new) in self.channels.iter_mut().zip(channels) {
            *own = Channel { looping: own.looping, ..*new };
        }
        for channel in 0..4 {
            self.rest(channel);
        }
        self.apply(0, analog);
    }

    /// A channel that is to loop begins at once, and one that is not to ends at once.
    fn set_looping(&mut self, channel: usize, on: bool, now: u64, analog: &mut Analog) {
        if let Some(own) = self.channels.get_mut(channel) {
            own.looping = on;
        }
        if on {
            self.start(channel, now);
        } else {
            self.end(channel, now);
            self.apply(0, analog);
        }
    }

    fn execute(&mut self, command: &Command, now: u64, analog: &mut Analog) {
        let mut answer = vec![1];
        match command {
            Command::Handshake => {
                answer = vec![0x4B];
                answer.extend(FIRMWARE.to_le_bytes());
            }
            Command::Program(channels) => self.program(channels, analog),
            Command::Parameter { code, channel, value } => self.set(*code, *channel, *value, analog),
            Command::CustomTrain => {}
            Command::Trigger(mask) => {
                for channel in (0..4).filter(|channel| mask & (1 << channel) != 0) {
                    self.start(channel, now);
                }
                return;
            }
            Command::Fixed { channel, code } => {
                self.set_level(*channel, *code);
                self.apply(0, analog);
            }
            Command::Abort if self.terminals.trains.ignores_stop => return,
            Command::Abort | Command::Disconnect => return self.abort(now, analog),
            Command::Loop { channel, on } => self.set_looping(*channel, *on, now, analog),
            Command::Settings => answer = vec![0; 178],
            Command::Silent => return,
        }
        self.wire.send(&answer, &mut self.out);
    }

    /// Takes what is due in the train of a channel.
    fn advance(&mut self, channel: usize, analog: &mut Analog) {
        let Some(player) = self.playing.get_mut(channel).and_then(Option::as_mut) else { return };
        let (at, due) = (player.next(), player.step());
        let own = self.channels.get(channel).copied().unwrap_or_default();
        let (level, index) = match due {
            Due::Stage(0) => (own.volts[0], 0),
            Due::Stage(2) => (own.volts[1], 1),
            Due::Stage(_) | Due::Rest => (own.rest, 0),
            Due::Ended(_) => {
                self.end(channel, at);
                return self.apply(0, analog);
            }
        };
        self.set_level(channel, level);
        self.apply(index, analog);
    }
}

impl DeviceEnd for PulsePalEnd {
    fn next_deadline(&self) -> Option<u64> {
        let stall = (!self.received.is_empty()).then_some(self.heard + STALL);
        self.playing.iter().flatten().map(Player::next).chain(stall).min()
    }

    fn on_deadline(&mut self, now: u64, analog: &mut Analog) {
        if !self.received.is_empty() && now >= self.heard + STALL {
            // The rest of the command is taken as zeros, and answered as if it had come.
            let command = command::finished(&std::mem::take(&mut self.received));
            if let Some(command) = command {
                self.execute(&command, now, analog);
            }
            self.locked = true;
        }
        for channel in 0..4 {
            while self
                .playing
                .get(channel)
                .is_some_and(|playing| playing.as_ref().is_some_and(|player| player.next() <= now))
            {
                self.advance(channel, analog);
            }
        }
    }

    fn receive(&mut self, bytes: &[u8], now: u64, analog: &mut Analog) {
        for &byte in bytes {
            if self.locked || !self.powered {
                return;
            }
            // Bytes that no menu byte precedes are dropped.
            if self.received.is_empty() && byte != MENU {
                continue;
            }
            self.heard = now;
            self.received.push(byte);
            match command::parse(&self.received) {
                command::Parsed::Incomplete => {}
                command::Parsed::Unknown => self.received.clear(),
                command::Parsed::Whole(command) => {
                    self.received.clear();
                    self.execute(&command, now, analog);
                    self.on_deadline(now, analog);
                }
            }
        }
    }

    fn supplied(&mut self, on: bool, now: u64, analog: &mut Analog) {
        if self.powered != on {
            self.powered = on;
            self.locked = false;
            self.received.clear();
            self.channels = [Channel::default(); 4];
            self.pending = [false; 4];
            self.abort(now, analog);
        }
    }

    fn transmit(&mut self, into: &mut [u8]) -> usize {
        self.out.take(into)
    }
}
