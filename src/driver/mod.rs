//! Adapters to instruments: each speaks one instrument's protocol and implements a port of [`crate::instrument`].

pub mod absent;
mod device;
pub mod exec;
pub mod manual;
pub mod native;
mod noise;
pub mod none;
pub mod port;
#[cfg(feature = "probe")]
pub mod probe;
pub mod pulse_pal;
pub mod recorded;
pub mod science_mode;
pub mod scpi;
pub mod sigrok;
pub mod stimjim;
pub mod template;
mod wire;
