//! Benches as data: rig files, phantom files, calibration, and the parameters of the simulated bench.

mod bench;
mod builtin;
mod certificate;
mod certificate_file;
mod channels;
mod cpe_file;
mod defect;
mod defect_file;
pub mod device;
mod inert;
mod overrides;
mod phantom_file;
mod protocol;
mod rig_file;
mod schema;
mod sim_file;
pub mod template;
mod types;

pub use bench::{AdcSpec, DcSpec, FilterSpec, ProbeTrouble, SimBench, StimulatorSpec, Transport};
pub use builtin::{DEFAULT_RIG, builtin_phantom, builtin_phantoms};
pub use certificate::{Certificate, ChannelCertificate};
pub use certificate_file::{calibration_schema, read_certificate};
pub use cpe_file::CpePhantom;
pub use defect::{Defect, DefectKind, DefectValue};
pub use device::{Impossible, Pair, Pairs};
pub use phantom_file::read_phantom;
pub use protocol::{Protocol, Stated};
pub use schema::{phantom_schema, rig_schema};
pub use types::{
    Accuracy, Capabilities, Channel, Driver, Input, Limits, OutputStage, Port, Probe, RecordSpec, Rig, Wiring,
};
