//! The debug probe, where a plan uses one.

use std::path::Path;

use crate::instrument::Image;
use crate::rig::Rig;

/// Reads a firmware image.
///
/// # Errors
/// A lowercase fragment that says what cannot be read and why.
pub(in crate::run) fn read_image(path: &Path) -> Result<Image, String> {
    let name = path.display().to_string();
    match std::fs::read(path) {
        Ok(bytes) => Ok(Image { name, bytes }),
        Err(error) => Err(format!(
            "the firmware image `{name}` cannot be read: {error} (build it, or correct its path)"
        )),
    }
}

/// The image that the rig file names, from beside it; on the simulated bench else that of its own firmware.
///
/// # Errors
/// That it cannot be read.
pub(in crate::run) fn image(rig: &Rig) -> Result<Option<Image>, String> {
    let Some(probe) = &rig.wiring.probe else { return Ok(None) };
    match &probe.elf {
        Some(elf) => {
            let path = Path::new(&rig.file).parent().unwrap_or(Path::new("")).join(elf);
            read_image(&path).map(Some)
        }
        None => Ok(if probe.is_simulated() { simulated_image() } else { None }),
    }
}

#[cfg(feature = "probe")]
fn simulated_image() -> Option<Image> {
    use crate::sim::probe as sim;
    Some(Image { name: "the simulated firmware".to_owned(), bytes: sim::elf(sim::CHIP, sim::FLASH_START) })
}

#[cfg(not(feature = "probe"))]
fn simulated_image() -> Option<Image> {
    None
}

/// Refuses an image that is not for the rig's chip, without opening anything.
///
/// # Errors
/// What is wrong with it, and what to do.
#[cfg(feature = "probe")]
pub(in crate::run) fn check_image(rig: &Rig, image: &Image) -> Result<(), String> {
    let Some(probe) = &rig.wiring.probe else { return Ok(()) };
    let description = probe.is_simulated().then_some(crate::sim::probe::CHIP_YAML);
    crate::driver::probe::check_image(image, &probe.chip, description)
}

/// Nothing is known of chips without the driver, and nothing is opened either.
///
/// # Errors
/// None.
#[cfg(not(feature = "probe"))]
pub(in crate::run) fn check_image(_rig: &Rig, _image: &Image) -> Result<(), String> {
    Ok(())
}

/// The probe of a rig, not attached to anything yet. `simulated` is the one on its simulated bench.
///
/// # Errors
/// A lowercase fragment that says what is missing and what to do.
#[cfg(feature = "probe")]
pub(super) fn open(
    rig: &Rig,
    simulated: Option<crate::sim::probe::SimulatedProbe>,
) -> Result<Box<dyn crate::instrument::DebugProbe>, String> {
    use crate::driver::probe::{Link, Probe};
    use crate::sim::probe as sim;

    let named = rig.wiring.probe.as_ref().ok_or_else(|| {
        format!("rig `{}` has no debug probe: add `probe: {{ selector: …, chip: … }}` to its file", rig.name)
    })?;
    let image = image(rig)?;
    let link = match simulated {
        Some(probe) if named.is_simulated() => {
            Link::Given { probe: Box::new(probe), uid: sim::SERIAL.to_owned(), chip: sim::CHIP_YAML }
        }
        _ if named.is_simulated() => {
            return Err("the simulated probe stands on a bench in this process: name a real probe".to_owned());
        }
        _ => Link::Selector(named.selector.clone()),
    };
    Ok(Box::new(Probe::new(link, &named.chip, image)))
}

/// The probe of a rig whose core somebody may have stopped, without an image, which may be gone by now. None where the core is part of
/// this process: nobody has stopped that before.
#[cfg(feature = "probe")]
pub(in crate::run) fn without_image(rig: &Rig) -> Option<Box<dyn crate::instrument::DebugProbe>> {
    use crate::driver::probe::{Link, Probe};
    let named = rig.wiring.probe.as_ref().filter(|probe| !probe.is_simulated())?;
    Some(Box::new(Probe::new(Link::Selector(named.selector.clone()), &named.chip, None)))
}

/// Nothing is done to a core without the driver.
#[cfg(not(feature = "probe"))]
pub(in crate::run) fn without_image(_rig: &Rig) -> Option<Box<dyn crate::instrument::DebugProbe>> {
    None
}
