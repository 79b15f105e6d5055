//! Which device ends a rig's drivers talk to.

use crate::phantom::Phantom;
use crate::rig::{Driver, Protocol, Rig, SimBench};

use super::analog::Analog;
use super::end::DeviceEnd;
use super::load::LoadDevice;
use super::load_end::LoadEnd;
use super::oscilloscope::Oscilloscope;
use super::program::ProgramEnd;
use super::pulse_pal::PulsePalEnd;
use super::science_mode::ScienceModeEnd;
use super::stimjim::StimjimEnd;
use super::stimulator::StimulatorDevice;
use super::template::TemplateEnd;

/// The end that a rig's stimulator driver talks to.
pub(super) fn stimulator(
    rig: Option<&Rig>,
    bench: &SimBench,
    phantom: &Phantom,
    noise_seed: u64,
    analog: &mut Analog,
) -> Box<dyn DeviceEnd> {
    let Some(rig) = rig else {
        return Box::new(StimulatorDevice::new(bench, phantom, noise_seed, analog));
    };
    let pairs = rig.pairs(phantom);
    match (rig.stimulator, &rig.protocol) {
        (Driver::Stimjim, _) => Box::new(StimjimEnd::new(bench, phantom, &pairs, noise_seed, analog)),
        (Driver::Template, Protocol::Template(template)) => {
            Box::new(TemplateEnd::new(template, bench, phantom, &pairs, noise_seed, analog))
        }
        (Driver::PulsePal, Protocol::VoltsPerAmpere(scale)) => {
            Box::new(PulsePalEnd::new(bench, phantom, &pairs, *scale, noise_seed, analog))
        }
        (Driver::ScienceMode, _) => Box::new(ScienceModeEnd::new(bench, phantom, &pairs, noise_seed, analog)),
        (Driver::Exec | Driver::Manual, _) => Box::new(ProgramEnd::new(bench, phantom, &pairs, analog)),
        _ => Box::new(StimulatorDevice::new(bench, phantom, noise_seed, analog)),
    }
}

/// The end that a rig's load driver talks to.
pub(super) fn load(
    rig: Option<&Rig>,
    bench: &SimBench,
    phantom: &Phantom,
    analog: &mut Analog,
) -> Box<dyn LoadEnd> {
    match rig {
        Some(rig) if rig.load == Driver::Scpi => {
            Box::new(Oscilloscope::new(bench, &rig.channels, phantom, analog))
        }
        _ => Box::new(LoadDevice::new(bench, phantom)),
    }
}
