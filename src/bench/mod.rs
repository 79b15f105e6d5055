//! Experiments on the tool itself: does what it claims hold?

pub mod alarms;
pub mod coverage;
pub mod defects;
pub mod drills;
pub mod html;
mod rig;
pub mod speed;
mod stimulus;
mod trial;
