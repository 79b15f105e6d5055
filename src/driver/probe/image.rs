//! Firmware images: ELF with symbols, Intel HEX without.

use object::elf::PT_LOAD;
use object::read::elf::{ElfFile32, ProgramHeader};
use object::{Architecture, Object, ObjectSection, ObjectSymbol};
use probe_rs::config::MemoryRegion;
use sha2::{Digest, Sha256};

use crate::instrument::Image;

use super::error::Trouble;

/// How an image is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Elf,
    Hex,
}

impl Format {
    /// By the first bytes.
    pub(super) fn of(image: &Image) -> Result<Self, Trouble> {
        match image.bytes.as_slice() {
            [0x7f, b'E', b'L', b'F', ..] => Ok(Self::Elf),
            [b':', ..] => Ok(Self::Hex),
            _ => Err(Trouble::refused(
                format!("`{}` is neither an ELF nor an Intel HEX image", image.name),
                "name the file that the linker wrote, or its .hex",
            )),
        }
    }

    /// Its name for probe-rs.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Elf => "elf",
            Self::Hex => "hex",
        }
    }
}

/// An ELF image says which chip it is for in a section of this name, if it says so.
const CHIP_SECTION: &str = ".stimrig.chip";

fn parsed(image: &Image) -> Result<ElfFile32<'_>, Trouble> {
    ElfFile32::parse(image.bytes.as_slice()).map_err(|error| {
        Trouble::refused(
            format!("`{}` is no 32-bit ELF image: {error}", image.name),
            "link it anew for the target",
        )
    })
}

/// Refuses an image that says itself that it is for something else.
///
/// # Errors
/// What it is for.
pub(super) fn check(image: &Image, chip: &str) -> Result<(), Trouble> {
    if Format::of(image)? == Format::Hex {
        return Ok(());
    }
    let elf = parsed(image)?;
    if elf.architecture() != Architecture::Arm {
        let why =
            format!("`{}` is an image for {:?}, and {chip} has an Arm core", image.name, elf.architecture());
        return Err(Trouble::refused(why, "flash the image of this board"));
    }
    let stated = elf.section_by_name(CHIP_SECTION).and_then(|section| section.data().ok());
    match stated.map(String::from_utf8_lossy) {
        Some(stated) if stated.trim_end_matches('\0') != chip => {
            let why = format!(
                "`{}` is an image for {}, and this target is {chip}",
                image.name,
                stated.trim_end_matches('\0')
            );
            Err(Trouble::refused(why, "flash the image of this board, or correct `probe.chip`"))
        }
        _ => Ok(()),
    }
}

/// Refuses an ELF image that lies where the chip has no memory. A HEX image is placed by probe-rs when it is flashed.
///
/// # Errors
/// Where it lies.
pub(super) fn fits(image: &Image, chip: &str, memory: &[MemoryRegion]) -> Result<(), Trouble> {
    if Format::of(image)? == Format::Hex {
        return Ok(());
    }
    let elf = parsed(image)?;
    let endian = elf.endian();
    let headers = elf.elf_program_headers().iter().filter(|header| header.p_type(endian) == PT_LOAD);
    let pieces =
        headers.map(|header| (header.p_paddr(endian), header.p_filesz(endian))).filter(|(_, size)| *size > 0);
    let pieces: Vec<(u64, u64)> = pieces.map(|(at, size)| (at.into(), size.into())).collect();
    if pieces.is_empty() {
        let why = format!("`{}` has nothing to load", image.name);
        return Err(Trouble::refused(why, "link it anew: it has no loadable segment"));
    }
    for (at, size) in pieces {
        if !memory.iter().any(|region| region.contains(at) && region.contains(at + size - 1)) {
            let why = format!("`{}` loads to {at:#010x}, where {chip} has no memory", image.name);
            return Err(Trouble::refused(why, "flash the image of this board, or correct `probe.chip`"));
        }
    }
    Ok(())
}

/// Address and size of a symbol.
///
/// # Errors
/// That there is none, with the nearest; or that the image has no symbols.
pub(super) fn symbol(image: &Image, name: &str) -> Result<(u64, u64), Trouble> {
    if Format::of(image)? == Format::Hex {
        let why = format!("`{}` has no symbols", image.name);
        return Err(Trouble::refused(why, "name the ELF image as `probe.elf` in the rig file"));
    }
    let elf = parsed(image)?;
    if let Some(found) = elf.symbols().find(|symbol| symbol.name() == Ok(name)) {
        return Ok((found.address(), found.size()));
    }
    let names: Vec<&str> =
        elf.symbols().filter_map(|symbol| symbol.name().ok()).filter(|name| !name.is_empty()).collect();
    let near = crate::source::nearest(name, names.iter().copied());
    let next = near
        .map_or_else(|| "`nm` lists those there are".to_owned(), |near| format!("did you mean `{near}`?"));
    Err(Trouble::refused(format!("`{}` has no symbol `{name}`", image.name), next))
}

/// SHA-256 over pieces in order of address, hexadecimal.
pub(super) fn hash<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    pieces.for_each(|piece| hash.update(piece));
    crate::quantity::hex(&hash.finalize())
}
