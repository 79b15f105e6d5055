//! What is fixed when a board is built.

use stimrig_protocol::Text;
use stimrig_protocol::stimulator::Hello;

/// The parameters of one board.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spec {
    /// Product name.
    pub model: Text,
    /// Unique id.
    pub uid: [u8; 12],
    /// First bytes of the SHA-256 of the firmware image.
    pub firmware: [u8; 16],
    /// Number of outputs.
    pub outputs: u8,
    /// Full scale of the DAC, either sign, pA.
    pub full_scale: u64,
    /// Bits of the DAC. It is of sign and magnitude, so that both signs of a code are the same current.
    pub dac_bits: u8,
    /// Largest amplitude, pA.
    pub cap: u64,
    /// Compliance, either sign, µV.
    pub compliance: u64,
    /// Timer tick, ns.
    pub tick: u32,
    /// Patience without a frame while running, ns.
    pub watchdog: u64,
    /// Successive pulses at compliance that are an open lead.
    pub open_detect: u32,
    /// Apparent loads below this are a short, mΩ.
    pub short_detect: u64,
    /// From declaring a fault to output off, ns.
    pub shutdown: u64,
    /// From taking a start to the first pulse, ns; at least 100 µs, so that the marker of the start and the quiet
    /// baseline behind it can be told from the pulse.
    pub lead_in: u64,
}

impl Spec {
    /// Largest code of the DAC.
    pub fn max_code(&self) -> u64 {
        (1 << self.dac_bits.clamp(2, 24).saturating_sub(1)) - 1
    }

    /// The code nearest to a current in pA.
    pub fn code_of(&self, current: u64) -> u64 {
        let scaled = u128::from(current) * u128::from(self.max_code()) + u128::from(self.full_scale / 2);
        u64::try_from(scaled / u128::from(self.full_scale.max(1))).unwrap_or(u64::MAX)
    }

    /// The current of a code, pA (to the nearest).
    pub fn current_of(&self, code: u64) -> u64 {
        let max = u128::from(self.max_code());
        let scaled = u128::from(code) * u128::from(self.full_scale) + max / 2;
        u64::try_from(scaled / max).unwrap_or(u64::MAX)
    }

    /// Timer ticks nearest to a time in ns.
    pub fn ticks(&self, nanoseconds: u64) -> u64 {
        let tick = u64::from(self.tick.max(1));
        nanoseconds.saturating_add(tick / 2) / tick
    }

    /// The time of so many ticks, ns.
    pub fn nanoseconds(&self, ticks: u64) -> u64 {
        ticks.saturating_mul(u64::from(self.tick.max(1)))
    }

    pub(crate) fn hello(&self) -> Hello {
        Hello {
            protocol: stimrig_protocol::VERSION,
            model: self.model,
            uid: self.uid,
            firmware: self.firmware,
            outputs: self.outputs,
            cap: self.cap,
            full_scale: self.full_scale,
            dac_bits: self.dac_bits,
            compliance: self.compliance,
            tick: self.tick,
            watchdog: self.watchdog,
        }
    }
}
