//! What is done on the probe's own thread.

use std::io::Cursor;
use std::time::Duration;

use probe_rs::config::Registry;
use probe_rs::flashing::{DownloadOptions, FlashLoader, FlashProgress, image_format};
use probe_rs::probe::list::Lister;
use probe_rs::probe::{DebugProbeSelector, Probe};
use probe_rs::{CoreType, InstructionSet, MemoryInterface, Permissions, Session};

use crate::instrument::{Flashed, Image, ProbeIdentity};

use super::error::Trouble;
use super::image::{self, Format};
use super::log::Log;

/// How the probe is reached.
pub enum Link {
    /// Over USB, by vendor, product and serial number.
    Selector(String),
    /// One that is already open, and the description of its target (YAML of probe-rs).
    Given {
        /// The probe.
        probe: Box<dyn probe_rs::probe::DebugProbe>,
        /// Its unique id.
        uid: String,
        /// The chip's description.
        chip: &'static str,
    },
}

/// How long a core may take to stop.
const STOP: Duration = Duration::from_millis(500);
/// The part number of a core, and which parts implement which architecture (Arm, CPUID).
const CPUID: u64 = 0xe000_ed00;

/// A target that is attached to.
pub(super) struct Attached {
    session: Session,
    identity: ProbeIdentity,
    image: Option<Image>,
    log: Log,
}

impl Attached {
    /// Attaches, which stops the core for a moment.
    pub(super) fn new(link: Link, chip: &str, image: Option<&Image>) -> Result<Self, Trouble> {
        let (probe, uid, registry) = match link {
            Link::Selector(selector) => {
                let (probe, uid) = plugged_in(&selector)?;
                (probe, uid, registry(chip, None)?)
            }
            Link::Given { probe, uid, chip: description } => {
                (Probe::from_specific_probe(probe), uid, registry(chip, Some(description))?)
            }
        };
        let model = probe.get_name();
        let mut session = probe.attach_with_registry(chip, Permissions::default(), &registry)?;
        check_core(&mut session, chip)?;
        let identity = ProbeIdentity { model, uid, chip: chip.to_owned(), firmware: None, image: None };
        let mut attached = Self { session, identity, image: image.cloned(), log: Log::default() };
        if let Some(image) = image {
            let loader = attached.loader(image)?;
            let stated = image::hash(loader.data().map(|(_, bytes)| bytes));
            attached.identity.image = Some((image.name.clone(), stated));
            attached.identity.firmware = Some(attached.read_back(&loader)?);
        }
        Ok(attached)
    }

    pub(super) fn identity(&self) -> ProbeIdentity {
        self.identity.clone()
    }

    /// Writes, verifies, reads back, and starts.
    pub(super) fn flash(&mut self, image: &Image) -> Result<Flashed, Trouble> {
        let loader = self.loader(image)?;
        let mut options = DownloadOptions::new();
        options.verify = true;
        options.keep_unwritten_bytes = true;
        loader.commit(&mut self.session, options)?;
        let flashed = self.compared(&loader)?;
        self.image = Some(image.clone());
        self.identity.firmware = Some(flashed.read_back.clone());
        self.identity.image = Some((image.name.clone(), flashed.image.clone()));
        self.reset()?;
        Ok(flashed)
    }

    /// Compares the flash with an image.
    pub(super) fn verify(&mut self, image: &Image) -> Result<Flashed, Trouble> {
        let loader = self.loader(image)?;
        loader.verify(&mut self.session, &mut FlashProgress::empty())?;
        self.compared(&loader)
    }

    fn compared(&mut self, loader: &FlashLoader) -> Result<Flashed, Trouble> {
        let flashed = Flashed {
            bytes: loader.data().map(|(_, bytes)| bytes.len() as u64).sum(),
            pieces: loader.data().count(),
            image: image::hash(loader.data().map(|(_, bytes)| bytes)),
            read_back: self.read_back(loader)?,
        };
        if flashed.image != flashed.read_back {
            return Err(Trouble::refused(
                "what is read back from the flash is not the image",
                "flash again; if it stays so, the flash is worn or the supply weak",
            ));
        }
        Ok(flashed)
    }

    /// The pieces of an image where they belong on this target.
    fn loader(&mut self, image: &Image) -> Result<FlashLoader, Trouble> {
        image::check(image, &self.identity.chip)?;
        let format = Format::of(image)?;
        let reader = image_format(format.name()).ok_or_else(|| {
            Trouble::refused(
                format!("this build reads no {} images", format.name()),
                "name an image of another format",
            )
        })?;
        let set = (format == Format::Elf).then_some(InstructionSet::Thumb2);
        let mut loader = self.session.target().flash_loader();
        loader.load_image(
            &mut self.session,
            &mut Cursor::new(&image.bytes),
            reader.create_loader(None),
            set,
        )?;
        Ok(loader)
    }

    fn read_back(&mut self, loader: &FlashLoader) -> Result<String, Trouble> {
        let mut core = self.session.core(0)?;
        let mut pieces = Vec::new();
        for (address, bytes) in loader.data() {
            let mut read = vec![0; bytes.len()];
            core.read(address, &mut read)?;
            pieces.push(read);
        }
        Ok(image::hash(pieces.iter().map(Vec::as_slice)))
    }

    /// Stops the core.
    pub(super) fn halt(&mut self) -> Result<(), Trouble> {
        self.session.core(0)?.halt(STOP)?;
        Ok(())
    }

    /// Lets the core go on.
    pub(super) fn resume(&mut self) -> Result<(), Trouble> {
        let mut core = self.session.core(0)?;
        if core.core_halted()? {
            core.run()?;
        }
        Ok(())
    }

    /// Resets the target and lets it run.
    pub(super) fn reset(&mut self) -> Result<(), Trouble> {
        self.log.forget();
        self.session.core(0)?.reset()?;
        Ok(())
    }

    pub(super) fn read(&mut self, address: u64, length: usize) -> Result<Vec<u8>, Trouble> {
        let mut bytes = vec![0; length];
        self.session.core(0)?.read(address, &mut bytes)?;
        Ok(bytes)
    }

    /// A word in one access where it is one, so that the firmware never sees half of it.
    pub(super) fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), Trouble> {
        let mut core = self.session.core(0)?;
        match bytes.first_chunk::<4>().filter(|_| bytes.len() == 4 && address.is_multiple_of(4)) {
            Some(word) => core.write_word_32(address, u32::from_le_bytes(*word))?,
            None => core.write(address, bytes)?,
        }
        Ok(core.flush()?)
    }

    pub(super) fn symbol(&self, name: &str) -> Result<(u64, u64), Trouble> {
        let Some(image) = &self.image else {
            let next = "name the ELF image as `probe.elf` in the rig file";
            return Err(Trouble::refused("no image with symbols is known", next));
        };
        image::symbol(image, name)
    }

    /// What the firmware has logged; nothing where the image has no control block.
    pub(super) fn log(&mut self) -> Result<Vec<String>, Trouble> {
        let Ok((address, _)) = self.symbol("_SEGGER_RTT") else { return Ok(Vec::new()) };
        Ok(self.log.lines(&mut self.session.core(0)?, address)?)
    }

    /// Leaves without touching the core: the session's own end would stop it for a moment.
    pub(super) fn abandon(self) {
        std::mem::forget(self.session);
    }
}

/// The descriptions among which a chip is looked up.
pub(super) fn registry(chip: &str, description: Option<&str>) -> Result<Registry, Trouble> {
    if let Some(description) = description {
        let mut registry = Registry::new();
        registry.add_target_family_from_yaml(description)?;
        // To read all of the chips that are built in takes longer than all the rest.
        if registry.get_target_by_name(chip).is_ok() {
            return Ok(registry);
        }
    }
    Ok(Registry::from_builtin_families())
}

/// The one probe that is meant.
fn plugged_in(selector: &str) -> Result<(Probe, String), Trouble> {
    let parsed: DebugProbeSelector = selector.parse()?;
    let lister = Lister::new();
    let found = lister.list(Some(&parsed));
    let name = |info: &probe_rs::probe::DebugProbeInfo| {
        info.serial_number.clone().unwrap_or_else(|| selector.to_owned())
    };
    if let [one, other, ..] = found.as_slice() {
        let why = format!("two probes answer to `{selector}`: {} and {}", name(one), name(other));
        return Err(Trouble::refused(why, "add the serial number to `probe.selector`"));
    }
    let uid = found.first().map_or_else(|| selector.to_owned(), name);
    Ok((lister.open(parsed)?, uid))
}

/// The core that answers is of the chip's kind.
fn check_core(session: &mut Session, chip: &str) -> Result<(), Trouble> {
    let expected = session.target().default_core().core_type;
    let id = session.core(0)?.read_word_32(CPUID)?;
    let part = id >> 4 & 0xfff;
    let name = match part {
        0xc20 => "Cortex-M0",
        0xc60 => "Cortex-M0+",
        0xc21 => "Cortex-M1",
        0xc23 => "Cortex-M3",
        0xc24 => "Cortex-M4",
        0xc27 => "Cortex-M7",
        0xd20 => "Cortex-M23",
        0xd21 => "Cortex-M33",
        _ => return Ok(()),
    };
    let fits = match expected {
        CoreType::Armv6m => matches!(part, 0xc20 | 0xc60 | 0xc21),
        CoreType::Armv7m => part == 0xc23,
        CoreType::Armv7em => matches!(part, 0xc23 | 0xc24 | 0xc27),
        CoreType::Armv8m => matches!(part, 0xd20 | 0xd21),
        _ => true,
    };
    if fits {
        return Ok(());
    }
    let why = format!("wrong chip: {chip} has an {expected:?} core, and a {name} answers");
    Err(Trouble::refused(
        why,
        "correct `probe.chip` in the rig file, or connect the probe to the board it names",
    ))
}
