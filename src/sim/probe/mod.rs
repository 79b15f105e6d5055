//! A simulated debug probe on the simulated stimulator's core.
//!
//! It answers the reads and writes of debug port and access port registers, and nothing above them: probe-rs's own code for
//! the ADI, the core, the log channel and the flash runs on top, as it does over a real probe. The target comes into being
//! when the first of these registers is touched; a bench whose probe nobody uses pays nothing for it.
//!
//! Not modelled: the execution of instructions (the firmware is the board of `hardware/board`), wait states and parity on the
//! wire, and trace.

mod adi;
mod core;
mod firmware;
mod image;
mod memory;
mod port;
mod target;

pub use image::{BOOT_TEXT, elf};
pub use memory::FLASH_START;
pub use port::SimulatedProbe;

pub(in crate::sim) use target::{Around, Target};

/// Name of the simulated chip.
pub const CHIP: &str = "SIM-M4";

/// Its description for probe-rs's registry.
pub const CHIP_YAML: &str = include_str!("chip.yaml");

/// Unique id of the simulated probe.
pub const SERIAL: &str = "SIM-PROBE-001";
