//! The debug port and its access port for memory, ADIv5.2.

use probe_rs::architecture::arm::DapError;

use super::memory::Memory;

/// What lies behind the memory access port.
pub(super) trait Bus {
    /// Reads `size` bytes at an address, in the low bits; `None` is a bus fault.
    fn read(&mut self, address: u32, size: u32) -> Option<u32>;
    /// Writes `size` bytes at an address; `None` is a bus fault.
    fn write(&mut self, address: u32, size: u32, value: u32) -> Option<()>;
}

/// A version 1 debug port of a Cortex-M4.
const DPIDR: u32 = 0x2ba0_1477;
/// An AHB access port.
const AP_IDR: u32 = 0x2477_0011;
/// Where the table of debug components would lie.
const AP_BASE: u32 = 0xe00f_f003;
/// Power-up requests; their acknowledgements are the next higher bits.
const POWER_REQUESTS: u32 = 1 << 28 | 1 << 30;
const STICKY_ERROR: u32 = 1 << 5;
const DEVICE_ENABLED: u32 = 1 << 6;
/// The address counts up within its low ten bits only.
const INCREMENT: u32 = 0x3ff;

/// Registers of the port.
#[derive(Debug, Clone)]
pub(super) struct DebugPort {
    select: u32,
    control: u32,
    csw: u32,
    tar: u32,
    /// The value of the last read of an access port.
    buffer: u32,
    /// Whether readout protection keeps a debugger out.
    pub(super) locked: bool,
}

impl DebugPort {
    /// After power-up.
    pub(super) fn new() -> Self {
        Self {
            select: 0,
            control: 0,
            csw: 0x2300_0000 | DEVICE_ENABLED | 2,
            tar: 0,
            buffer: 0,
            locked: false,
        }
    }

    /// Reads a register of the debug port; the bank is what was selected.
    pub(super) fn read_dp(&self, address: u8) -> u32 {
        match (address & 0xc, self.select & 0xf) {
            (0x0, _) => DPIDR,
            (0x4, 0) => self.control | (self.control & POWER_REQUESTS) << 1,
            (0xc, _) => self.buffer,
            _ => 0,
        }
    }

    /// Writes a register of the debug port.
    pub(super) fn write_dp(&mut self, address: u8, value: u32) {
        match (address & 0xc, self.select & 0xf) {
            // ABORT: clear what is sticky.
            (0x0, _) if value & 0x1e != 0 => self.control &= !STICKY_ERROR,
            (0x4, 0) => self.control = value & !STICKY_ERROR | self.control & STICKY_ERROR,
            (0x8, _) => self.select = value,
            _ => {}
        }
    }

    /// Reads a register of the selected access port.
    ///
    /// # Errors
    /// The fault response of an access that the bus refuses.
    pub(super) fn read_ap(&mut self, address: u8, bus: &mut impl Bus) -> Result<u32, DapError> {
        let value = match self.register(address) {
            None => 0,
            Some(0x00) => self.csw & !DEVICE_ENABLED | if self.locked { 0 } else { DEVICE_ENABLED },
            Some(0x04) => self.tar,
            Some(0x0c) => {
                let (at, size) = self.next();
                let read = bus.read(at, size).filter(|_| !self.locked);
                // Every byte in its own lane.
                read.map(|value| value << (8 * (at & 3))).ok_or_else(|| self.fault())?
            }
            Some(bank @ 0x10..=0x1c) => {
                let at = self.banked(bank);
                bus.read(at, 4).filter(|_| !self.locked).ok_or_else(|| self.fault())?
            }
            Some(0xf8) => AP_BASE,
            Some(0xfc) => AP_IDR,
            Some(_) => 0,
        };
        self.buffer = value;
        Ok(value)
    }

    /// Writes a register of the selected access port.
    ///
    /// # Errors
    /// As [`DebugPort::read_ap`].
    pub(super) fn write_ap(&mut self, address: u8, value: u32, bus: &mut impl Bus) -> Result<(), DapError> {
        let written = match self.register(address) {
            Some(0x00) => {
                self.csw = value;
                Some(())
            }
            Some(0x04) => {
                self.tar = value;
                Some(())
            }
            Some(0x0c) => {
                let (at, size) = self.next();
                if self.locked { None } else { bus.write(at, size, value >> (8 * (at & 3))) }
            }
            Some(bank @ 0x10..=0x1c) => {
                let at = self.banked(bank);
                if self.locked { None } else { bus.write(at, 4, value) }
            }
            _ => Some(()),
        };
        written.ok_or_else(|| self.fault())
    }

    /// The register of access port 0 that is meant; `None` for a port that does not exist.
    fn register(&self, address: u8) -> Option<u32> {
        (self.select >> 24 == 0).then_some(self.select & 0xf0 | u32::from(address & 0xc))
    }

    fn banked(&self, bank: u32) -> u32 {
        self.tar & !0xf | bank & 0xc
    }

    /// Where the next transfer goes and how many bytes it has; the address counts up behind it.
    fn next(&mut self) -> (u32, u32) {
        let size = 1 << (self.csw & 7).min(2);
        let at = self.tar;
        if self.csw >> 4 & 3 == 1 {
            self.tar = at & !INCREMENT | at.wrapping_add(size) & INCREMENT;
        }
        (at & !(size - 1), size)
    }

    fn fault(&mut self) -> DapError {
        self.control |= STICKY_ERROR;
        DapError::FaultResponse
    }
}

/// The low `size` bytes of a value.
pub(super) fn low(value: u32, size: u32) -> u32 {
    if size >= 4 { value } else { value & ((1 << (8 * size)) - 1) }
}

/// Reads up to four bytes of memory.
pub(super) fn read_memory(memory: &Memory, address: u32, size: u32) -> Option<u32> {
    let bytes = memory.at(address, size as usize)?;
    Some(bytes.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte)))
}
