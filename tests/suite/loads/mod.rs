//! Loads of third parties: recordings, oscilloscopes, sigrok.

mod clients;
mod recorded;
mod scopes;
mod scripted;
mod sigrok;
mod simulated;
