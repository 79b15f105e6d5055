//! Physical quantities as text and as SI base units.
//!
//! Scenario and rig files write quantities as text (`200 us`, `0.5 %`); inside the program every value is an `f64`
//! in SI base units whose unit is named in the documentation of its field. The dimension is checked where text
//! becomes a number, because that is where a person can still be shown the line.

mod dimension;
mod format;
mod parse;

pub use dimension::Dimension;
pub use format::{counted, engineering, hex, range, short_hash, telling_digits, with_uncertainty};
pub use parse::{Quantity, QuantityError};
