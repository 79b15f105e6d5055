//! Resistor-capacitor phantoms and their exact solution for piecewise-constant drive.
//!
//! A [`Phantom`] is data. A [`Circuit`] puts it between a stimulator's output stage and a load's relays; between two
//! changes of drive or switches every signal is a [`Waveform`] in closed form, so stepping is exact for any step.

mod circuit;
mod circuits;
mod cpe;
mod modes;
mod network;
mod output;
mod period;
mod probe;
mod sampled;
mod stepping;
mod switches;
mod tails;
mod topology;
pub mod train;
mod waveform;
mod wiring;

#[cfg(test)]
mod contacts;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod limiters;
#[cfg(test)]
mod properties;

pub use circuit::{Circuit, Drive, Shape, Tail};
pub use circuits::Circuits;
pub use cpe::{Cpe, CpeError, Ladder};
pub use network::{Element, ElementKind, Phantom};
pub use output::{NetworkError, Output};
pub use probe::Probe;
pub use sampled::Sampled;
pub use waveform::Waveform;
