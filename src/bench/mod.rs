//! Experiments on the rig itself: does what it claims hold?

mod coverage;
mod table;
mod trial;

pub use coverage::{Coverage, Share, coverage};
pub use table::text;
pub use trial::{Outcome, Stimulus, Trial, trial};
