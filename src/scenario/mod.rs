//! What to prove: scenarios, their matrix, and the plan of one case on one rig.
//!
//! A scenario is lowered once per combination of its matrix: [`read_scenario`] substitutes the `$names` in the
//! positioned tree and lowers that tree to a [`Case`] whose existence proves that it keeps the rules of the language.
//! [`plan`] then binds a case to a rig; a [`Plan`] proves that nothing about running it can be a usage error.

mod case;
mod catalogue;
mod check;
mod expect;
mod lengths;
mod matrix;
mod plan;
mod possible;
mod profile;
mod program;
mod read;
mod requirements;
mod rules;
mod schema;
mod shelf;
mod step;
mod steps;
mod timeline;
mod trains;

pub use case::{Case, Decision, Fidelity};
pub use catalogue::{After, Per, Traits};
pub use check::{Check, Criterion, Measurand, Nominal, PhaseChoice, Statistic, Tolerance, WindowKind};
pub use plan::{Plan, PlannedChannel, RecordPlan, plan, plan_among, quantised, unreached_defects};
pub use profile::{Profile, builtin_profile, builtin_profiles, read_profile};
pub use read::{read_scenario, read_scenario_among};
pub use requirements::{Requirement, read_requirements};
pub use schema::{profile_schema, scenario_schema};
pub use shelf::{Library, Resolve, Unresolved, Wanted, shipped};
pub use step::{Action, Fault, FaultCode, ProbeAction, Step};
pub use timeline::{Timeline, duration as step_duration, interrupts};
pub use trains::{InForce, Train};
