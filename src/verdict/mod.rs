//! From a value with its uncertainty to a verdict, and from many values to the one that decides.
//!
//! The guarded rule (JCGM 106, ILAC-G8, w = U) accepts only when the whole interval is inside the limits and rejects
//! only when it is wholly outside.

mod decide;
mod family;
mod percentile;
mod worst;

pub use decide::{Bounds, Decision, Rule, decide};
pub use family::{Guards, family_expanded, family_factor};
pub use percentile::{Found, Percentile};
pub use worst::Worst;
