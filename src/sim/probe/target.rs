//! The target behind the probe: its debug port, its core, its memory, and the firmware that is the simulated board.

use probe_rs::architecture::arm::{DapError, RegisterAddress};

use crate::sim::analog::Analog;
use crate::sim::stimulator::StimulatorDevice;

use super::adi::{Bus, DebugPort, low, read_memory};
use super::core::{Core, Effect};
use super::memory::Memory;
use super::{firmware, image};

/// System control space, breakpoints and trace: reads of what is not modelled give zero.
const PRIVATE: std::ops::Range<u32> = 0xe000_0000..0xe010_0000;

/// A target.
pub(in crate::sim) struct Target {
    port: DebugPort,
    rest: Rest,
    /// The level of the reset pin.
    reset_pin: bool,
}

struct Rest {
    core: Core,
    memory: Memory,
}

/// What stands around the target for the length of one access.
pub(in crate::sim) struct Around<'a> {
    pub(in crate::sim) stimulator: &'a mut StimulatorDevice,
    pub(in crate::sim) analog: &'a mut Analog,
    pub(in crate::sim) now: u64,
}

impl Target {
    /// A target whose firmware runs; `locked` keeps a debugger out of its memory.
    pub(in crate::sim) fn new(locked: bool, around: &mut Around<'_>) -> Self {
        let mut memory = Memory::new(&[(super::memory::FLASH.start, image::flash())]);
        firmware::boot(&mut memory);
        around.stimulator.begin_log();
        let mut port = DebugPort::new();
        port.locked = locked;
        Self { port, rest: Rest { core: Core::new(&memory), memory }, reset_pin: true }
    }

    /// Reads a register of the debug or access port.
    ///
    /// # Errors
    /// The response on the wire.
    pub(in crate::sim) fn read(
        &mut self,
        address: RegisterAddress,
        around: &mut Around<'_>,
    ) -> Result<u32, DapError> {
        if !around.stimulator.has_power() {
            return Err(DapError::NoAcknowledge);
        }
        if !address.is_ap() {
            return Ok(self.port.read_dp(address.lsb()));
        }
        self.port.read_ap(address.lsb(), &mut Wires { rest: &mut self.rest, around })
    }

    /// Writes one.
    ///
    /// # Errors
    /// As [`Target::read`].
    pub(in crate::sim) fn write(
        &mut self,
        address: RegisterAddress,
        value: u32,
        around: &mut Around<'_>,
    ) -> Result<(), DapError> {
        if !around.stimulator.has_power() {
            return Err(DapError::NoAcknowledge);
        }
        if !address.is_ap() {
            self.port.write_dp(address.lsb(), value);
            return Ok(());
        }
        self.port.write_ap(address.lsb(), value, &mut Wires { rest: &mut self.rest, around })
    }

    /// Drives the reset pin: while it is low the output is off, and its rise resets.
    pub(in crate::sim) fn reset_pin(&mut self, high: bool, around: &mut Around<'_>) {
        if high != std::mem::replace(&mut self.reset_pin, high) {
            let effect = self.rest.core.reset(&self.rest.memory);
            self.rest.apply(if high { effect } else { Effect::Reset { halted: true } }, around);
        }
    }
}

impl Rest {
    fn apply(&mut self, effect: Effect, around: &mut Around<'_>) {
        match effect {
            Effect::Halt => around.stimulator.halt(around.now),
            Effect::Resume => around.stimulator.resume(around.now),
            Effect::Reset { halted } => {
                firmware::boot(&mut self.memory);
                let ours = self.memory.at(image::BOOT, image::BOOT_TEXT.len()) == Some(image::BOOT_TEXT);
                around.stimulator.reset(halted, ours, around.now, around.analog);
            }
        }
    }
}

struct Wires<'a, 'b> {
    rest: &'a mut Rest,
    around: &'a mut Around<'b>,
}

impl Bus for Wires<'_, '_> {
    fn read(&mut self, address: u32, size: u32) -> Option<u32> {
        if PRIVATE.contains(&address) {
            return Some(low(self.rest.core.read(address & !3) >> (8 * (address & 3)), size));
        }
        firmware::show(&mut self.rest.memory, address, self.around.stimulator);
        read_memory(&self.rest.memory, address, size)
    }

    fn write(&mut self, address: u32, size: u32, value: u32) -> Option<()> {
        if PRIVATE.contains(&address) {
            if let Some(effect) = self.rest.core.write(address & !3, value, &mut self.rest.memory) {
                self.rest.apply(effect, self.around);
            }
            return Some(());
        }
        firmware::show(&mut self.rest.memory, address, self.around.stimulator);
        let bytes = value.to_le_bytes();
        let written = self.rest.memory.write(address, bytes.get(..size as usize)?);
        firmware::take(&self.rest.memory, address, self.around.stimulator);
        written.then_some(())
    }
}
