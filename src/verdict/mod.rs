//! From a value with its uncertainty to a verdict.
//!
//! The guarded rule (JCGM 106, ILAC-G8, w = U) accepts only when the whole interval is inside the limits and rejects
//! only when it is wholly outside.

mod decide;
mod family;

pub use decide::{Bounds, Decision, Rule, decide};
pub use family::{family_expanded, family_factor};
