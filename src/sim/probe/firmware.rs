//! The variables of the simulated firmware in the core's RAM, and the log it writes there for a debugger.

use crate::sim::stimulator::{StimulatorDevice, Word};

use super::memory::Memory;

/// Where the log's control block lies; the block, its channel's name and its buffer follow each other.
const LOG: u32 = 0x2000_8000;
const CHANNEL: u32 = LOG + 24;
const NAME: u32 = LOG + 0x40;
const BUFFER: u32 = LOG + 0x80;
const BUFFER_SIZE: u32 = 1024;
/// Where the variables lie.
const WORDS: u32 = 0x2000_f000;

/// Symbols of the image: name, address, size.
pub(super) const SYMBOLS: &[(&str, u32, u32)] = &[
    ("_SEGGER_RTT", LOG, 48),
    ("cap_ua", WORDS, 4),
    ("cap_ua_inverse", WORDS + 4, 4),
    ("amplitude_ua", WORDS + 8, 4),
    ("amplitude_ua_inverse", WORDS + 12, 4),
    ("fault", WORDS + 16, 4),
    ("pulses", WORDS + 20, 4),
];

/// The variables in the order of their symbols; whether a write reaches the board.
const VARIABLES: [(Word, bool); 6] = [
    (Word::Cap, true),
    (Word::CapInverse, true),
    (Word::Amplitude, true),
    (Word::AmplitudeInverse, true),
    (Word::Fault, false),
    (Word::Pulses, false),
];

/// What the firmware does first: its log is empty.
pub(super) fn boot(memory: &mut Memory) {
    memory.write(LOG, b"SEGGER RTT\0\0\0\0\0\0");
    memory.write(NAME, b"Terminal\0");
    for (index, word) in
        [1, 0, NAME, BUFFER, BUFFER_SIZE, 0, 0, 0].into_iter().zip(0_u32..).map(|(word, index)| (index, word))
    {
        memory.put_word(LOG + 16 + 4 * index, word);
    }
}

/// Brings what a debugger is about to read up to date.
pub(super) fn show(memory: &mut Memory, address: u32, stimulator: &mut StimulatorDevice) {
    if touches(address) {
        for (index, (word, _)) in (0..).zip(VARIABLES) {
            memory.put_word(WORDS + 4 * index, stimulator.word(word));
        }
    }
    if (LOG..BUFFER).contains(&address) {
        while let Some(line) = stimulator.next_line() {
            if !write_line(memory, line) {
                break;
            }
            stimulator.take_line();
        }
    }
}

/// What a debugger has written takes effect.
pub(super) fn take(memory: &Memory, address: u32, stimulator: &mut StimulatorDevice) {
    if !touches(address) {
        return;
    }
    for (index, (word, writable)) in (0..).zip(VARIABLES) {
        let written = memory.word(WORDS + 4 * index);
        if writable && written != stimulator.word(word) {
            stimulator.overwrite(word, written);
        }
    }
}

fn touches(address: u32) -> bool {
    (WORDS..WORDS + 4 * VARIABLES.len() as u32).contains(&address)
}

/// Writes a line whole, or not at all while the debugger has not made room.
fn write_line(memory: &mut Memory, line: &str) -> bool {
    let (mut at, read) = (memory.word(CHANNEL + 12), memory.word(CHANNEL + 16));
    let free = (read + BUFFER_SIZE - at - 1) % BUFFER_SIZE;
    if line.len() as u32 + 1 > free {
        return false;
    }
    for byte in line.bytes().chain([b'\n']) {
        memory.write(BUFFER + at, &[byte]);
        at = (at + 1) % BUFFER_SIZE;
    }
    memory.put_word(CHANNEL + 12, at);
    true
}
