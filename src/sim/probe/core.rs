//! The debug registers of a Cortex-M4, and what stopping, stepping and running do.

use super::memory::{FLASH, Memory, RAM};

/// Addresses of debug registers (Armv7-M architecture reference manual, C1.6).
mod address {
    pub(super) const CPUID: u32 = 0xe000_ed00;
    pub(super) const AIRCR: u32 = 0xe000_ed0c;
    pub(super) const DFSR: u32 = 0xe000_ed30;
    pub(super) const DHCSR: u32 = 0xe000_edf0;
    pub(super) const DCRSR: u32 = 0xe000_edf4;
    pub(super) const DCRDR: u32 = 0xe000_edf8;
    pub(super) const DEMCR: u32 = 0xe000_edfc;
    pub(super) const MVFR0: u32 = 0xe000_ef40;
    pub(super) const FP_CTRL: u32 = 0xe000_2000;
}

const CPUID: u32 = 0x410f_c241;
const MVFR0: u32 = 0x1011_0021;
/// Six breakpoint comparators, revision 0.
const FP_CTRL: u32 = 0x60;

const DEBUG_KEY: u32 = 0xa05f;
const RESET_KEY: u32 = 0x05fa;
const ENABLE: u32 = 1;
const HALT: u32 = 2;
const STEP: u32 = 4;
const REGISTERS_READY: u32 = 1 << 16;
const HALTED: u32 = 1 << 17;
const RESET_SEEN: u32 = 1 << 25;
/// Causes in the fault status register.
const BY_REQUEST: u32 = 1;
const BY_BREAKPOINT: u32 = 2;
const BY_VECTOR_CATCH: u32 = 8;
/// Stop at the reset vector.
const CATCH_RESET: u32 = 1;

/// Two breakpoint instructions: where probe-rs lets a flash routine return to.
const RETURN: u32 = 0xbe00_be00;
const BREAKPOINT: u16 = 0xbe00;

/// What the firmware notices of the debugger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// The core stops.
    Halt,
    /// The firmware goes on.
    Resume,
    /// The system is reset; the core stops at the reset vector or runs.
    Reset { halted: bool },
}

/// The core.
pub(super) struct Core {
    registers: [u32; 64],
    control: u32,
    halted: bool,
    /// A reset since the status was last read.
    reset_seen: bool,
    fault: u32,
    data: u32,
    catch: u32,
    comparators: [u32; 8],
}

/// Numbers of core registers.
const SP: usize = 13;
const LR: usize = 14;
const PC: usize = 15;

impl Core {
    /// Running the firmware.
    pub(super) fn new(memory: &Memory) -> Self {
        let mut core = Self {
            registers: [0; 64],
            control: 0,
            halted: false,
            reset_seen: false,
            fault: 0,
            data: 0,
            catch: 0,
            comparators: [0; 8],
        };
        core.begin_at_vectors(memory);
        core
    }

    fn register(&self, index: usize) -> u32 {
        self.registers.get(index).copied().unwrap_or(0)
    }

    fn set(&mut self, index: usize, value: u32) {
        if let Some(register) = self.registers.get_mut(index) {
            *register = value;
        }
    }

    /// Where a reset begins.
    fn begin_at_vectors(&mut self, memory: &Memory) {
        self.registers = [0; 64];
        self.set(SP, memory.word(FLASH.start));
        self.set(PC, memory.word(FLASH.start + 4) & !1);
        // xPSR: Thumb.
        self.set(16, 1 << 24);
    }

    /// Reads a register of the system control space.
    pub(super) fn read(&mut self, at: u32) -> u32 {
        match at {
            address::CPUID => CPUID,
            address::MVFR0 => MVFR0,
            address::DFSR => self.fault,
            address::DCRDR => self.data,
            address::DEMCR => self.catch,
            address::FP_CTRL => FP_CTRL,
            address::DHCSR => {
                // A core in debug state shows its halting bit set, however it came there.
                let state = if self.halted { HALTED | HALT } else { 0 };
                let reset = if std::mem::take(&mut self.reset_seen) { RESET_SEEN } else { 0 };
                self.control | state | reset | REGISTERS_READY
            }
            _ => self.comparator(at).map_or(0, |one| *one),
        }
    }

    /// Writes one; what the firmware notices of it.
    pub(super) fn write(&mut self, at: u32, value: u32, memory: &mut Memory) -> Option<Effect> {
        match at {
            address::DFSR => self.fault &= !value,
            address::DCRDR => self.data = value,
            address::DEMCR => self.catch = value,
            address::DCRSR => {
                let index = (value & 0x7f) as usize;
                if value >> 16 & 1 == 1 {
                    self.set(index, self.data)
                } else {
                    self.data = self.register(index)
                }
            }
            address::DHCSR if value >> 16 == DEBUG_KEY => return self.control(value & 0xf, memory),
            address::AIRCR if value >> 16 == RESET_KEY && value & 4 != 0 => return Some(self.reset(memory)),
            _ => {
                if let Some(one) = self.comparator(at) {
                    *one = value;
                }
            }
        }
        None
    }

    fn comparator(&mut self, at: u32) -> Option<&mut u32> {
        let index = at.checked_sub(address::FP_CTRL + 8)? / 4;
        self.comparators.get_mut(index as usize)
    }

    /// The system is reset, by request or by its pin.
    pub(super) fn reset(&mut self, memory: &Memory) -> Effect {
        self.begin_at_vectors(memory);
        self.reset_seen = true;
        self.comparators = [0; 8];
        self.halted = self.catch & CATCH_RESET != 0 && self.control & ENABLE != 0;
        if self.halted {
            self.fault |= BY_VECTOR_CATCH;
        }
        Effect::Reset { halted: self.halted }
    }

    fn control(&mut self, value: u32, memory: &mut Memory) -> Option<Effect> {
        self.control = value;
        let stop = value & ENABLE != 0 && value & HALT != 0;
        match (self.halted, stop) {
            (false, true) => {
                self.halted = true;
                self.fault |= BY_REQUEST;
                Some(Effect::Halt)
            }
            (true, false) if value & ENABLE != 0 && value & STEP != 0 => {
                self.step(memory);
                None
            }
            (true, false) => self.run(memory),
            _ => None,
        }
    }

    /// One instruction; a routine of the flash algorithm is one.
    fn step(&mut self, memory: &mut Memory) {
        let back = self.register(LR) & !1;
        if RAM.contains(&self.register(PC)) && memory.word(back) == RETURN && self.register(PC) != back {
            let result = self.routine(self.register(PC).wrapping_sub(back + 4), memory);
            self.set(0, u32::from(!result));
            self.set(PC, back);
            self.fault |= BY_BREAKPOINT;
            return;
        }
        if FLASH.contains(&self.register(PC)) {
            self.set(PC, self.register(PC).wrapping_add(2));
        }
        self.fault |= BY_REQUEST;
    }

    fn run(&mut self, memory: &Memory) -> Option<Effect> {
        let next = memory.at(self.register(PC), 2).and_then(<[u8]>::first_chunk);
        if next.is_some_and(|bytes| u16::from_le_bytes(*bytes) == BREAKPOINT) && self.control & ENABLE != 0 {
            self.fault |= BY_BREAKPOINT;
            return None;
        }
        self.halted = false;
        Some(Effect::Resume)
    }

    /// A routine of the flash algorithm, by its entry in the chip's description. Whether it worked.
    fn routine(&self, entry: u32, memory: &mut Memory) -> bool {
        let (first, second, third) = (self.register(0), self.register(1), self.register(2));
        match entry {
            0x00 | 0x04 => true,
            0x08 => memory.program(first, third, second),
            0x0c => memory.erase(first),
            0x10 => {
                memory.erase_all();
                true
            }
            _ => false,
        }
    }
}
