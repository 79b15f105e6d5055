//! Resistor-capacitor phantoms and their exact solution for piecewise-constant drive.

mod network;

pub use network::{Element, ElementKind, Phantom};
