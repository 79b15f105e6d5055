//! Loads of third parties: recordings, oscilloscopes, sigrok.

mod arming;
mod clients;
mod gone;
mod misbehaving;
mod recorded;
mod records;
mod scopes;
mod scripted;
mod served;
mod sigrok;
mod simulated;
