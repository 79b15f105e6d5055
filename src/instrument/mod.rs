//! The ports: small, object-safe, asynchronous traits with a deadline on each call, and what they exchange.

mod clock;
mod disturbance;
mod error;
mod link;
mod load;
mod marker;
mod mirror;
mod mishap;
mod operator;
mod port;
mod probe;
mod record;
mod stimulator;
mod stream;
mod switches;

pub use clock::Clock;
pub use disturbance::{Disturbance, DisturbedPort};
pub use error::{Fault as InstrumentFault, InstrumentError};
pub use link::{Aside, Link, Reply};
pub use load::{Load, LoadIdentity, Sampling};
pub use marker::{marker_bit, marker_number};
pub use mirror::Mirror;
pub use mishap::{Mishap, Trap, TrappedPort};
pub use operator::Operator;
pub use port::Port;
pub use probe::{DebugProbe, Flashed, Image, OutputState, ProbeIdentity};
pub use record::{Reading, Record, RecordHead, RecordRequest, Trigger};
pub use stimulator::{
    Applied, LinkCounters, Overdrive, Reports, State, Status, Stimulator, StimulatorIdentity,
};
pub use stream::{Stream, StreamChannel, StreamSetup};
pub use switches::Switches;
