//! The ports: small, object-safe, asynchronous traits with a deadline on each call, and what they exchange.

mod clock;
mod error;
mod load;
mod stimulator;

pub use clock::Clock;
pub use error::{Fault as InstrumentFault, InstrumentError};
pub use load::{Load, LoadIdentity, StreamChannel, StreamSetup};
pub use stimulator::{Applied, LinkCounters, State, Status, Stimulator, StimulatorIdentity};
