//! The firmware of the simulated board as an image: what a debugger finds in its flash, and the symbols of its variables.

use object::elf::{self, FileHeader32, Ident, ProgramHeader32, SectionHeader32, Sym32};
use object::endian::{LittleEndian, U16, U32};
use object::pod::bytes_of;

use super::firmware::SYMBOLS;
use super::memory::{FLASH, RAM};

/// What the flash begins with behind the vectors; a board whose flash holds anything else does not start.
pub const BOOT_TEXT: &[u8] = b"stimrig simulated stimulator 1 for SIM-M4\0";

/// The vector table: initial stack pointer, reset vector.
const VECTORS: [u32; 16] = {
    let mut vectors = [FLASH.start + 0x101; 16];
    vectors[0] = RAM.end;
    vectors
};

const VECTOR_BYTES: usize = 4 * VECTORS.len();
/// Where the text lies.
pub(super) const BOOT: u32 = FLASH.start + VECTOR_BYTES as u32;
/// Length of the image in flash.
const LENGTH: usize = 0x1400;

/// Bytes of the flash from its start.
pub(super) fn flash() -> Vec<u8> {
    let mut bytes: Vec<u8> = VECTORS.iter().flat_map(|vector| vector.to_le_bytes()).collect();
    bytes.extend_from_slice(BOOT_TEXT);
    // In place of code: reproducible, and no run of equal bytes that a wrong page could hide in.
    let mut state: u32 = 0x2545_f491;
    while bytes.len() < LENGTH {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(LENGTH);
    bytes
}

/// The image as an ELF file, for `chip`, based at `base`: another base or chip makes the image of another board.
pub fn elf(chip: &str, base: u32) -> Vec<u8> {
    const ENDIAN: LittleEndian = LittleEndian;
    let word = |value: usize| U32::new(ENDIAN, value as u32);
    let half = |value: u16| U16::new(ENDIAN, value);
    let text = flash();
    // Names of sections, then of symbols.
    let sections = ["", ".text", ".symtab", ".strtab", ".stimrig.chip"];
    let mut names = Vec::new();
    let mut name = |text: &str| {
        let at = names.len();
        names.extend_from_slice(text.as_bytes());
        names.push(0);
        at
    };
    let section_names = sections.map(&mut name);
    let mut symbols = vec![0_u8; size_of::<Sym32<LittleEndian>>()];
    for (symbol, address, size) in SYMBOLS {
        let symbol = Sym32::<LittleEndian> {
            st_name: word(name(symbol)),
            st_value: word(*address as usize),
            st_size: word(*size as usize),
            st_info: (elf::STB_GLOBAL << 4) | elf::STT_OBJECT,
            st_other: 0,
            st_shndx: half(elf::SHN_ABS),
        };
        symbols.extend_from_slice(bytes_of(&symbol));
    }
    let (head, program) =
        (size_of::<FileHeader32<LittleEndian>>(), size_of::<ProgramHeader32<LittleEndian>>());
    let text_at = head + program;
    let symbols_at = (text_at + text.len()).next_multiple_of(4);
    let names_at = symbols_at + symbols.len();
    let chip_at = names_at + names.len();
    let table_at = (chip_at + chip.len()).next_multiple_of(4);
    let header = FileHeader32::<LittleEndian> {
        e_ident: Ident {
            magic: elf::ELFMAG,
            class: elf::ELFCLASS32,
            data: elf::ELFDATA2LSB,
            version: elf::EV_CURRENT,
            os_abi: elf::ELFOSABI_NONE,
            abi_version: 0,
            padding: [0; 7],
        },
        e_type: half(elf::ET_EXEC),
        e_machine: half(elf::EM_ARM),
        e_version: word(usize::from(elf::EV_CURRENT)),
        e_entry: U32::new(ENDIAN, base + 0x101),
        e_phoff: word(head),
        e_shoff: word(table_at),
        e_flags: U32::new(ENDIAN, elf::EF_ARM_EABI_VER5),
        e_ehsize: half(head as u16),
        e_phentsize: half(program as u16),
        e_phnum: half(1),
        e_shentsize: half(size_of::<SectionHeader32<LittleEndian>>() as u16),
        e_shnum: half(sections.len() as u16),
        e_shstrndx: half(3),
    };
    let load = ProgramHeader32::<LittleEndian> {
        p_type: U32::new(ENDIAN, elf::PT_LOAD),
        p_offset: word(text_at),
        p_vaddr: U32::new(ENDIAN, base),
        p_paddr: U32::new(ENDIAN, base),
        p_filesz: word(text.len()),
        p_memsz: word(text.len()),
        p_flags: U32::new(ENDIAN, elf::PF_R | elf::PF_X),
        p_align: word(4),
    };
    let section = |index: usize, kind: u32, flags: u32, address: u32, place: (usize, usize)| {
        let symbols = kind == elf::SHT_SYMTAB;
        SectionHeader32::<LittleEndian> {
            sh_name: word(section_names.get(index).copied().unwrap_or(0)),
            sh_type: U32::new(ENDIAN, kind),
            sh_flags: U32::new(ENDIAN, flags),
            sh_addr: U32::new(ENDIAN, address),
            sh_offset: word(place.0),
            sh_size: word(place.1),
            // The symbols' names, and the first symbol that is not local.
            sh_link: word(if symbols { 3 } else { 0 }),
            sh_info: word(usize::from(symbols)),
            sh_addralign: word(4),
            sh_entsize: word(if symbols { size_of::<Sym32<LittleEndian>>() } else { 0 }),
        }
    };
    let table = [
        section(0, elf::SHT_NULL, 0, 0, (0, 0)),
        section(1, elf::SHT_PROGBITS, elf::SHF_ALLOC | elf::SHF_EXECINSTR, base, (text_at, text.len())),
        section(2, elf::SHT_SYMTAB, 0, 0, (symbols_at, symbols.len())),
        section(3, elf::SHT_STRTAB, 0, 0, (names_at, names.len())),
        section(4, elf::SHT_PROGBITS, 0, 0, (chip_at, chip.len())),
    ];
    let mut file = Vec::with_capacity(table_at + 5 * size_of::<SectionHeader32<LittleEndian>>());
    file.extend_from_slice(bytes_of(&header));
    file.extend_from_slice(bytes_of(&load));
    file.extend_from_slice(&text);
    file.resize(symbols_at, 0);
    file.extend_from_slice(&symbols);
    file.extend_from_slice(&names);
    file.extend_from_slice(chip.as_bytes());
    file.resize(table_at, 0);
    table.iter().for_each(|section| file.extend_from_slice(bytes_of(section)));
    file
}
