//! Flash and RAM of the simulated core.

use std::ops::Range;

/// Where the flash begins.
pub const FLASH_START: u32 = 0x0800_0000;
/// Where the flash lies.
pub(super) const FLASH: Range<u32> = FLASH_START..FLASH_START + 0x4_0000;
/// Where the RAM lies.
pub(super) const RAM: Range<u32> = 0x2000_0000..0x2001_0000;
/// An erased byte.
const ERASED: u8 = 0xff;
/// Size of what is erased at once.
const SECTOR: u32 = 0x1000;

/// Contents of the memories.
pub(super) struct Memory {
    flash: Vec<u8>,
    ram: Vec<u8>,
}

impl Memory {
    /// With an image in flash, each part at its address.
    pub(super) fn new(image: &[(u32, Vec<u8>)]) -> Self {
        let size = |range: Range<u32>| range.len();
        let mut memory = Self { flash: vec![ERASED; size(FLASH)], ram: vec![0; size(RAM)] };
        for (address, bytes) in image {
            if let Some(place) = memory.at_mut(*address, bytes.len()) {
                place.copy_from_slice(bytes);
            }
        }
        memory
    }

    /// `length` bytes; `None` where there is no memory.
    pub(super) fn at(&self, address: u32, length: usize) -> Option<&[u8]> {
        let (bytes, from) = match address {
            address if FLASH.contains(&address) => (&self.flash, address - FLASH.start),
            address if RAM.contains(&address) => (&self.ram, address - RAM.start),
            _ => return None,
        };
        bytes.get(from as usize..from as usize + length)
    }

    fn at_mut(&mut self, address: u32, length: usize) -> Option<&mut [u8]> {
        let (bytes, from) = match address {
            address if FLASH.contains(&address) => (&mut self.flash, address - FLASH.start),
            address if RAM.contains(&address) => (&mut self.ram, address - RAM.start),
            _ => return None,
        };
        bytes.get_mut(from as usize..from as usize + length)
    }

    /// A word; zero where there is none.
    pub(super) fn word(&self, address: u32) -> u32 {
        let bytes = self.at(address, 4).and_then(<[u8]>::first_chunk);
        bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes))
    }

    /// Writes RAM. Returns false where there is none: flash is only written by its own controller.
    pub(super) fn write(&mut self, address: u32, bytes: &[u8]) -> bool {
        let place = RAM.contains(&address).then(|| self.at_mut(address, bytes.len())).flatten();
        place.map(|place| place.copy_from_slice(bytes)).is_some()
    }

    /// Writes a word of RAM.
    pub(super) fn put_word(&mut self, address: u32, value: u32) {
        self.write(address, &value.to_le_bytes());
    }

    /// The flash controller programs what lies in RAM: bits can only be cleared. Returns false where there is no flash.
    pub(super) fn program(&mut self, address: u32, from: u32, length: u32) -> bool {
        let Some(data) = self.at(from, length as usize).map(<[u8]>::to_vec) else { return false };
        let place = FLASH.contains(&address).then(|| self.at_mut(address, data.len())).flatten();
        let Some(place) = place else { return false };
        place.iter_mut().zip(data).for_each(|(cell, byte)| *cell &= byte);
        true
    }

    /// The flash controller erases the sector of an address. Returns false where there is none.
    pub(super) fn erase(&mut self, address: u32) -> bool {
        let place =
            FLASH.contains(&address).then(|| self.at_mut(address - address % SECTOR, SECTOR as usize));
        place.flatten().map(|place| place.fill(ERASED)).is_some()
    }

    /// The flash controller erases everything.
    pub(super) fn erase_all(&mut self) {
        self.flash.fill(ERASED);
    }
}
