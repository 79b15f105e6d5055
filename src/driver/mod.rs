//! Adapters to instruments: each speaks one instrument's protocol and implements a port of [`crate::instrument`].

pub mod native;
pub mod port;
#[cfg(feature = "probe")]
pub mod probe;
