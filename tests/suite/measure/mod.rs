//! Measurement against closed forms: every figure is compared with the definition applied to the exact current.

mod absent;
mod after;
mod bench;
mod bursts;
mod case;
mod checks;
mod coverage;
mod definition;
mod ended;
mod events;
mod fast;
mod grid;
mod joint;
mod lost;
mod sampled;
mod shape;
mod short;
mod slow_edges;
mod stream;
mod varying;
mod waveforms;
