//! Benches as data: rig files, phantom files, calibration, and the parameters of the simulated bench.

mod bench;
mod defect;
mod types;

pub use bench::{AdcSpec, DcSpec, FilterSpec, SimBench, StimulatorSpec};
pub use defect::{Defect, DefectKind, DefectValue};
pub use types::{Capabilities, Channel, Driver, Limits, Rig};
