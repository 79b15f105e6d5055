//! What to prove: scenarios, their matrix, and the plan of one case on one rig.

mod case;
mod check;

pub use case::{Action, Case, Decision, Fault, FaultCode, Fidelity, Step};
pub use check::{Check, Criterion, Measurand, Nominal, PhaseChoice, Statistic, Tolerance, WindowKind};
