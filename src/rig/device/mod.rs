//! What a stimulator's converter and timers can make of a program, or why they cannot.
//!
//! Pure arithmetic on data sheets: a plan asks before anything is energised, the driver sends the same numbers, and the
//! device end in the simulator is built from the same constants.

mod features;
mod pairs;
pub mod pulse_pal;
pub mod science_mode;
pub(super) mod stated;
pub mod stimjim;

use crate::phantom::Phantom;
use crate::signal::Program;

use super::{Driver, Protocol, Rig, template};

pub use features::Features;
pub use pairs::{Pair, Pairs};

/// Something that a device cannot do, with the key of the program that asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impossible {
    /// Key under `program:`.
    pub key: &'static str,
    /// What cannot be done and why, as a fragment.
    pub what: String,
    /// What to do instead.
    pub help: Option<String>,
}

impl Impossible {
    /// What cannot be done.
    pub fn new(key: &'static str, what: impl Into<String>) -> Self {
        Self { key, what: what.into(), help: None }
    }

    /// With what to do instead.
    pub fn but(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// A recovery of a k-th of the amplitude whose charge the steps of `device` (such as `a Stimjim`) do not make that of the
/// leading phase; `left` is what a pulse leaves, as a part of one phase's charge.
fn unbalanced(device: &str, left: f64) -> Impossible {
    let what = format!(
        "on the steps of {device} the recovery's charge differs by {:.2} % from that of the leading phase",
        100.0 * left.abs()
    );
    Impossible::new("recovery", what).but(
        "use a whole ratio, `mirrored`, or an amplitude and a width that the ratio divides into whole steps",
    )
}

impl Rig {
    /// The program nearest to `program` that this rig's stimulator can emit; the program itself where its grid is not
    /// known before it is asked.
    ///
    /// # Errors
    /// Everything that it cannot do.
    pub fn nearest(&self, program: &Program, phantom: &Phantom) -> Result<Program, Vec<Impossible>> {
        match self.stimulator {
            Driver::Stimjim => stimjim::train(program, &self.pairs(phantom)).map(|(_, applied)| applied),
            Driver::PulsePal => match self.protocol {
                Protocol::VoltsPerAmpere(scale) => {
                    pulse_pal::train(program, &self.pairs(phantom), scale).map(|(_, applied)| applied)
                }
                _ => Ok(program.clone()),
            },
            Driver::ScienceMode => {
                science_mode::train(program, &self.pairs(phantom)).map(|(_, applied)| applied)
            }
            Driver::Template => match &self.protocol {
                Protocol::Template(template) => template::nearest(template, program, &self.pairs(phantom)),
                _ => Ok(program.clone()),
            },
            _ => self.protocol.on_steps(program),
        }
    }

    /// Between which contacts its stimulator's outputs are wired.
    pub fn pairs(&self, phantom: &Phantom) -> Pairs {
        Pairs::of(&self.wiring.outputs, phantom)
    }

    /// How long a train may last until the stimulator ends it by itself although nobody asked, s.
    pub fn longest_train(&self) -> f64 {
        match self.stimulator {
            Driver::Stimjim => stimjim::LONGEST as f64 * 1e-6,
            Driver::PulsePal => pulse_pal::LONGEST as f64 * pulse_pal::CYCLE,
            _ => f64::INFINITY,
        }
    }
}
