//! Opens a rig, runs plans on it, and keeps it safe.
//!
//! Order of a case, whatever happens in between: identify, zero, identify the phantom, load the program, close the
//! interlock, steps, stop, see the output off, open the interlock, see it again, judge. Only events leave this module.

mod acquisition;
mod arrival;
mod at_rest;
mod by_hand;
mod calibrate;
mod case;
mod caught;
mod channels;
mod discharge;
mod early;
mod faults;
mod flash;
mod guard;
mod halt;
mod identify;
mod identity;
mod injected;
mod instruments;
mod interrupt;
mod keep;
mod loading;
mod lock;
mod look;
mod measuring;
mod message;
mod open;
mod pace;
mod probe;
mod record;
mod safe;
mod seeing;
mod session;
mod setup;
mod steps;
mod stopping;
mod suite;
mod teardown;
#[cfg(test)]
mod trial;
mod zero;

pub use crate::driver::recorded::bytes as recording;
pub use crate::sim::{Truth, Witness};
pub use acquisition::{Acquisition, acquisition};
pub use calibrate::{Calibrated, Calibration, Recorded, Reference, calibrate};
pub use flash::{FlashError, FlashReport, Flashing, flash};
pub use interrupt::{Cause, Interrupt};
pub use keep::Keep;
pub use lock::{Held, Holder, LockError, RigLock, Waiting, devices};
pub use open::Tamper;
pub use safe::{Safe, make_safe};
pub use suite::{Options, Origin, Person, suite};
