//! The byte stream to one instrument before a driver has it: in this process, or a port still to be opened.

use std::borrow::Cow;
use std::sync::Arc;

use crate::driver::port::{self, Line};
use crate::instrument::{Disturbance, DisturbedPort, Port};
use crate::rig;

/// Where an instrument is reached. A driver opens it with the line settings it needs, or leaves it.
pub(super) struct Wire<'a> {
    end: End<'a>,
    disturbance: Option<(Arc<Disturbance>, u64)>,
}

enum End<'a> {
    /// The device end, in this process.
    Simulated(Box<dyn Port>),
    /// A port named in the rig file, if one is; and which instrument is there.
    Real(&'static str, Option<Cow<'a, rig::Port>>),
}

impl<'a> Wire<'a> {
    /// The device end in this process.
    pub(super) fn simulated(port: Box<dyn Port>) -> Self {
        Self { end: End::Simulated(port), disturbance: None }
    }

    /// A port of the rig file.
    pub(super) fn real(device: &'static str, port: Option<&'a rig::Port>) -> Self {
        Self { end: End::Real(device, port.map(Cow::Borrowed)), disturbance: None }
    }

    /// A pseudo-terminal that this process serves.
    pub(super) fn terminal(device: &'static str, port: rig::Port) -> Self {
        Self { end: End::Real(device, Some(Cow::Owned(port))), disturbance: None }
    }

    /// Its bytes can be damaged on purpose.
    pub(super) fn disturbed(self, disturbance: Arc<Disturbance>, seed: u64) -> Self {
        Self { disturbance: Some((disturbance, seed)), ..self }
    }

    /// Opens it. `line` matters on a serial line only.
    ///
    /// # Errors
    /// The device, why its port cannot be opened, and what to do.
    pub(super) fn open(self, line: Line) -> Result<Box<dyn Port>, String> {
        let port = match self.end {
            End::Simulated(port) => port,
            End::Real(device, Some(port)) => {
                port::open(&port, device, line).map_err(|error| error.to_string())?
            }
            End::Real(device, None) => {
                return Err(format!("the {device} has no port: name its `port` in the rig file"));
            }
        };
        Ok(match self.disturbance {
            Some((disturbance, seed)) => Box::new(DisturbedPort::new(port, disturbance, seed)),
            None => port,
        })
    }
}
