//! The open instruments of a bench, and the ways to what only some of them can do.
//!
//! Plans are made by what a rig file says its drivers can do; that is compared with the drivers once, when they are opened
//! ([`Instruments::fit`]).

use std::sync::Arc;

use crate::instrument::{
    Clock, DebugProbe, Disturbance, InstrumentError, InstrumentFault, Load, Overdrive, Record, Sampling,
    Stimulator, Stream, Switches,
};
use crate::rig::Capabilities;

/// The two instruments and the clock of a bench.
pub(super) struct Instruments {
    pub stimulator: Box<dyn Stimulator>,
    pub load: Box<dyn Load>,
    pub clock: Box<dyn Clock>,
    /// What can be done to the stimulator's link; `None` where its bytes are not ours to damage.
    pub disturbance: Option<Arc<Disturbance>>,
    /// On the stimulator's core, where a case uses it.
    pub probe: Option<Box<dyn DebugProbe>>,
}

impl Instruments {
    /// Whether the drivers that were opened can do what the rig file says of them, by which plans are made.
    ///
    /// # Errors
    /// What they lack, or have beyond it.
    pub fn fit(&mut self, capabilities: &Capabilities) -> Result<(), String> {
        let load = &mut self.load;
        let streams = matches!(load.sampling(), Sampling::Stream(_));
        let switches = load.switches().is_some();
        let over_cap = capabilities.can("over-amplitude");
        for (ability, has, stated) in [
            ("a stream", streams, capabilities.stream),
            ("an interlock", switches, capabilities.interlock),
            ("a test source", switches, capabilities.test_source),
            ("a status", self.stimulator.reports().is_some(), capabilities.status),
            ("a way past its cap", self.stimulator.overdrive().is_some(), over_cap),
        ] {
            if has != stated {
                return Err(format!(
                    "the drivers of this rig {} {ability}, and the plan was made for a rig {} one: report this defect of stimrig",
                    if has { "have" } else { "lack" },
                    if stated { "with" } else { "without" }
                ));
            }
        }
        Ok(())
    }

    /// The load's relays and its source.
    pub fn switches(&mut self) -> Result<&mut dyn Switches, InstrumentError> {
        self.load.switches().ok_or_else(|| lacks("load", "relays"))
    }

    /// The load's stream.
    pub fn stream(&mut self) -> Result<&mut dyn Stream, InstrumentError> {
        match self.load.sampling() {
            Sampling::Stream(stream) => Ok(stream),
            Sampling::Record(_) => Err(lacks("load", "stream")),
        }
    }

    /// The load's records.
    pub fn record(&mut self) -> Result<&mut dyn Record, InstrumentError> {
        match self.load.sampling() {
            Sampling::Record(record) => Ok(record),
            Sampling::Stream(_) => Err(lacks("load", "records")),
        }
    }

    /// The way past the stimulator's own cap.
    pub fn overdrive(&mut self) -> Result<&mut dyn Overdrive, InstrumentError> {
        self.stimulator.overdrive().ok_or_else(|| lacks("stimulator", "way past its cap"))
    }
}

fn lacks(device: &str, what: &str) -> InstrumentError {
    InstrumentError {
        device: device.to_owned(),
        doing: format!("use its {what}"),
        fault: InstrumentFault::Refused("it has none".to_owned()),
        next: "compare the drivers in the rig file with what is connected".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::{native, none};
    use crate::rig::{DEFAULT_RIG, Rig, SimBench, builtin_phantom, read_phantom};
    use crate::sim;
    use crate::source::Source;

    #[test]
    fn what_a_rig_file_says_is_compared_with_the_drivers_when_they_are_opened() {
        let (path, text) = builtin_phantom("r1k").unwrap();
        let phantom = read_phantom(&Source::new(path, text)).unwrap();
        let bench = sim::open(&SimBench::default(), &phantom, 1).unwrap();
        let mut instruments = Instruments {
            stimulator: Box::new(native::Stimulator::new(Box::new(bench.stimulator), &phantom, 12.7e-3)),
            load: Box::new(native::Load::new(Box::new(bench.load), &phantom)),
            clock: Box::new(bench.clock),
            disturbance: None,
            probe: None,
        };
        let stated = Rig::read(&Source::new(DEFAULT_RIG.0, DEFAULT_RIG.1)).unwrap().capabilities;
        assert_eq!(instruments.fit(&stated), Ok(()));
        let without = Capabilities { interlock: false, ..stated.clone() };
        let said = instruments.fit(&without).unwrap_err();
        assert!(said.contains("have an interlock"), "{said}");
        instruments.stimulator = Box::new(none::Stimulator);
        let said = instruments.fit(&stated).unwrap_err();
        assert!(said.contains("lack a status"), "{said}");
    }
}
