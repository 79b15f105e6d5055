//! The probe itself, as probe-rs drives it.

use std::sync::{Arc, Mutex, PoisonError};

use probe_rs::architecture::arm::sequences::ArmDebugSequence;
use probe_rs::architecture::arm::{
    ArmCommunicationInterface, ArmDebugInterface, ArmError, DapError, DapProbe, RawDapAccess, RegisterAddress,
};
use probe_rs::probe::{DebugProbe, DebugProbeError, WireProtocol};
use probe_rs::{CoreStatus, probe::ProbeCreationError};

use crate::rig::ProbeTrouble;
use crate::sim::world::SimWorld;

/// The reset pin among those of a debug connector.
const RESET_PIN: u32 = 1 << 7;

/// A simulated probe, to be given to `probe_rs::probe::Probe::from_specific_probe`.
pub struct SimulatedProbe {
    world: Arc<Mutex<SimWorld>>,
    trouble: Option<ProbeTrouble>,
    speed_khz: u32,
    /// Accesses since it was opened.
    accesses: u64,
    /// Since when the core has been stopped, ns.
    halted: Option<u64>,
    gone: bool,
}

/// A probe that is lost in the middle goes after so many accesses: attached, and into flashing.
const LOST_AFTER: u64 = 2000;
/// One that is lost while the core is stopped goes after it has been for so long, ns.
const LOST_AFTER_HALT: u64 = 20_000_000;

impl SimulatedProbe {
    pub(in crate::sim) fn new(world: Arc<Mutex<SimWorld>>, trouble: Option<ProbeTrouble>) -> Self {
        Self { world, trouble, speed_khz: 1000, accesses: 0, halted: None, gone: false }
    }

    fn with<T>(&self, access: impl FnOnce(&mut SimWorld, bool) -> T) -> T {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        access(&mut world, self.trouble == Some(ProbeTrouble::Locked))
    }

    fn count(&mut self) -> Result<(), DapError> {
        self.accesses += 1;
        self.gone |= match self.trouble {
            Some(ProbeTrouble::Lost) => self.accesses > LOST_AFTER,
            // Attaching stops the core for a moment too, while nothing runs.
            Some(ProbeTrouble::LostHalting) => self.halted_for().is_some() && self.is_running(),
            Some(ProbeTrouble::LostHalted) => self.halted_for().is_some_and(|time| time > LOST_AFTER_HALT),
            _ => false,
        };
        if self.gone { Err(DapError::NoAcknowledge) } else { Ok(()) }
    }

    fn is_running(&self) -> bool {
        self.with(|world, locked| world.debug(locked, |_, around| around.stimulator.is_running()))
    }

    /// How long the core has been stopped, ns.
    fn halted_for(&mut self) -> Option<u64> {
        let (halted, now) = self.with(|world, locked| {
            world.debug(locked, |_, around| (around.stimulator.is_halted(), around.now))
        });
        self.halted = halted.then(|| self.halted.unwrap_or(now));
        self.halted.map(|since| now - since)
    }
}

impl std::fmt::Debug for SimulatedProbe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SimulatedProbe").field("trouble", &self.trouble).finish_non_exhaustive()
    }
}

impl DebugProbe for SimulatedProbe {
    fn get_name(&self) -> &str {
        "simulated probe"
    }

    fn speed_khz(&self) -> u32 {
        self.speed_khz
    }

    fn set_speed(&mut self, speed_khz: u32) -> Result<u32, DebugProbeError> {
        self.speed_khz = speed_khz;
        Ok(speed_khz)
    }

    fn attach(&mut self) -> Result<(), DebugProbeError> {
        match self.trouble {
            Some(ProbeTrouble::InUse) => {
                let busy = std::io::Error::from(std::io::ErrorKind::ResourceBusy);
                Err(DebugProbeError::ProbeCouldNotBeCreated(ProbeCreationError::Usb(busy)))
            }
            Some(ProbeTrouble::Missing) => {
                Err(DebugProbeError::ProbeCouldNotBeCreated(ProbeCreationError::NotFound))
            }
            _ => Ok(()),
        }
    }

    fn detach(&mut self) -> Result<(), probe_rs::Error> {
        Ok(())
    }

    fn target_reset(&mut self) -> Result<(), DebugProbeError> {
        self.target_reset_assert()?;
        self.target_reset_deassert()
    }

    fn target_reset_assert(&mut self) -> Result<(), DebugProbeError> {
        self.swj_pins(0, RESET_PIN, 0).map(drop)
    }

    fn target_reset_deassert(&mut self) -> Result<(), DebugProbeError> {
        self.swj_pins(RESET_PIN, RESET_PIN, 0).map(drop)
    }

    fn select_protocol(&mut self, protocol: WireProtocol) -> Result<(), DebugProbeError> {
        match protocol {
            WireProtocol::Swd => Ok(()),
            other => Err(DebugProbeError::UnsupportedProtocol(other)),
        }
    }

    fn active_protocol(&self) -> Option<WireProtocol> {
        Some(WireProtocol::Swd)
    }

    fn has_arm_interface(&self) -> bool {
        true
    }

    fn try_get_arm_debug_interface<'probe>(
        self: Box<Self>,
        sequence: Arc<dyn ArmDebugSequence>,
    ) -> Result<Box<dyn ArmDebugInterface + 'probe>, (Box<dyn DebugProbe>, ArmError)> {
        Ok(ArmCommunicationInterface::create(self, sequence, false))
    }

    fn into_probe(self: Box<Self>) -> Box<dyn DebugProbe> {
        self
    }

    fn try_as_dap_probe(&mut self) -> Option<&mut dyn DapProbe> {
        Some(self)
    }
}

impl DapProbe for SimulatedProbe {}

impl RawDapAccess for SimulatedProbe {
    fn raw_read_register(&mut self, address: RegisterAddress) -> Result<u32, ArmError> {
        self.count()?;
        Ok(self.with(|world, locked| world.debug(locked, |target, around| target.read(address, around)))?)
    }

    fn raw_write_register(&mut self, address: RegisterAddress, value: u32) -> Result<(), ArmError> {
        self.count()?;
        Ok(self.with(|world, locked| {
            world.debug(locked, |target, around| target.write(address, value, around))
        })?)
    }

    fn jtag_sequence(&mut self, _cycles: u8, _tms: bool, _tdi: u64) -> Result<(), DebugProbeError> {
        Err(DebugProbeError::UnsupportedProtocol(WireProtocol::Jtag))
    }

    fn swj_sequence(&mut self, _bit_len: u8, _bits: u64) -> Result<(), DebugProbeError> {
        Ok(())
    }

    fn swj_pins(&mut self, out: u32, select: u32, _wait: u32) -> Result<u32, DebugProbeError> {
        if select & RESET_PIN != 0 {
            let high = out & RESET_PIN != 0;
            self.with(|world, locked| world.debug(locked, |target, around| target.reset_pin(high, around)));
        }
        Ok(out)
    }

    fn into_probe(self: Box<Self>) -> Box<dyn DebugProbe> {
        self
    }

    fn core_status_notification(&mut self, _state: CoreStatus) -> Result<(), DebugProbeError> {
        Ok(())
    }
}
