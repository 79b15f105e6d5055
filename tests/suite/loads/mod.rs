//! Loads of third parties: recordings, oscilloscopes, sigrok.

mod clients;
mod gone;
mod misbehaving;
mod recorded;
mod scopes;
mod scripted;
mod served;
mod sigrok;
mod simulated;
