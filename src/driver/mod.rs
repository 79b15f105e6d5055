//! Adapters to instruments: each speaks one instrument's protocol and implements a port of [`crate::instrument`].

pub mod native;
mod noise;
pub mod none;
pub mod port;
#[cfg(feature = "probe")]
pub mod probe;
pub mod recorded;
pub mod scpi;
pub mod sigrok;
