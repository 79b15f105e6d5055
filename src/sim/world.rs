//! Both devices and the continuous world between them, on one event queue in integer nanoseconds.

use crate::phantom::Phantom;
use crate::rig::{Rig, SimBench};

use super::analog::{Analog, Spare};
use super::end::DeviceEnd;
use super::load_end::LoadEnd;
#[cfg(feature = "probe")]
use super::stimulator::StimulatorDevice;
use super::{SimError, Truth, devices};

/// Longest time between two looks at the samples that wait, ns.
const SLICE: u64 = 10_000_000;

/// Which device's wire is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Stimulator,
    Load,
}

/// A simulated bench. It is lazy: nothing happens until somebody moves its clock.
pub(super) struct SimWorld {
    analog: Analog,
    stimulator: Box<dyn DeviceEnd>,
    load: Box<dyn LoadEnd>,
    /// What a debug probe sees of the stimulator, once there is one.
    #[cfg(feature = "probe")]
    target: Option<Box<super::probe::Target>>,
    /// A board without wire, for a probe on a bench whose stimulator is another maker's: its core does nothing.
    #[cfg(feature = "probe")]
    bare: StimulatorDevice,
}

impl SimWorld {
    /// A bench at rest at time 0. What is systematic is drawn from the bench's seed alone, noise from both.
    /// The wires are those of the rig's drivers; without a rig they are native.
    pub(super) fn new(
        bench: &SimBench,
        rig: Option<&Rig>,
        phantom: &Phantom,
        case_seed: u64,
    ) -> Result<Self, SimError> {
        let noise_seed = bench.seed.rotate_left(32) ^ case_seed;
        let mut analog = Analog::new(bench, phantom, bench.seed, noise_seed)
            .map_err(|error| SimError::Network(error.to_string()))?;
        let stimulator = devices::stimulator(rig, bench, phantom, noise_seed, &mut analog);
        let load = devices::load(rig, bench, phantom, &mut analog);
        Ok(Self {
            #[cfg(feature = "probe")]
            bare: StimulatorDevice::new(bench, phantom, noise_seed, &mut analog),
            analog,
            stimulator,
            load,
            #[cfg(feature = "probe")]
            target: None,
        })
    }

    /// One access of a debug probe to the stimulator's core; `locked` keeps it out of its memory.
    #[cfg(feature = "probe")]
    pub(super) fn debug<T>(
        &mut self,
        locked: bool,
        access: impl FnOnce(&mut super::probe::Target, &mut super::probe::Around<'_>) -> T,
    ) -> T {
        let now = self.now();
        let stimulator = match self.stimulator.board() {
            Some(board) => board,
            None => &mut self.bare,
        };
        let mut around = super::probe::Around { stimulator, analog: &mut self.analog, now };
        let target =
            self.target.get_or_insert_with(|| Box::new(super::probe::Target::new(locked, &mut around)));
        access(target, &mut around)
    }

    /// Samples are rendered on cores that are spare, too.
    pub(super) fn share(&mut self, spare: &Spare) {
        self.analog.share(spare);
    }

    /// Now, ns.
    pub(super) fn now(&self) -> u64 {
        self.analog.now()
    }

    /// Whether the interlock connects stimulator and phantom.
    pub(super) fn is_interlocked(&self) -> bool {
        self.load.is_interlocked()
    }

    /// Runs the event queue forward to `to`.
    pub(super) fn advance(&mut self, to: u64) {
        loop {
            let due =
                [self.stimulator.next_deadline(), self.load.next_deadline()].into_iter().flatten().min();
            let Some(due) = due.filter(|due| *due <= to) else { break };
            let due = due.max(self.analog.now());
            self.pass(due);
            self.stimulator.on_deadline(due, &mut self.analog);
            self.load.on_deadline(due, &mut self.analog);
            self.supply(due);
        }
        self.pass(to);
    }

    /// Lets time pass without events. The load sends its blocks as they fill, so a long wait holds no more samples than a
    /// short one.
    fn pass(&mut self, to: u64) {
        loop {
            self.analog.advance(to.min(self.analog.now() + SLICE));
            self.load.stream(false, &mut self.analog);
            if self.analog.now() >= to {
                return;
            }
        }
    }

    /// The output as it is.
    pub(super) fn truth(&self) -> Truth {
        self.analog.truth()
    }

    /// Nobody takes samples any more.
    pub(super) fn abandon(&mut self) {
        self.analog.end_stream();
    }

    /// The stimulator's supply is away for a while, and nobody says so.
    pub(super) fn cut_supply(&mut self, nanoseconds: u64) {
        let now = self.now();
        self.load.cut_supply(now.saturating_add(nanoseconds));
        self.supply(now);
    }

    #[cfg(test)]
    pub(super) fn analog_mut(&mut self) -> &mut Analog {
        &mut self.analog
    }

    /// Bytes from the host arrive at once.
    pub(super) fn write(&mut self, end: End, bytes: &[u8]) {
        let now = self.now();
        match end {
            End::Stimulator => self.stimulator.receive(bytes, now, &mut self.analog),
            End::Load => {
                self.load.receive(bytes, now, &mut self.analog);
                self.supply(now);
            }
        }
    }

    /// The stimulator is fed through the load.
    fn supply(&mut self, now: u64) {
        self.stimulator.supplied(self.load.supplies(), now, &mut self.analog);
    }

    /// What a device has sent so far; the load flushes the samples it has taken when it is asked.
    pub(super) fn read(&mut self, end: End, into: &mut [u8]) -> usize {
        match end {
            End::Stimulator => self.stimulator.transmit(into),
            End::Load => {
                self.load.stream(true, &mut self.analog);
                self.load.transmit(into)
            }
        }
    }
}
