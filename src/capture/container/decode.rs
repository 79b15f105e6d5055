//! Reading a container.

use std::io::{self, Read, Seek};

use sha2::{Digest, Sha256};

use crate::quantity::hex;
use crate::signal::{Marker, MarkerBit};

use super::{Done, Head, LONGEST, MAGIC, Packed};

/// Why a file is not read as a container.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It begins otherwise.
    #[error("this is no container of raw samples: it does not begin with STIMRAW1")]
    NotOne,
    /// Its head is of a newer version.
    #[error("this container has version {0}, newer than this stimrig reads: use a newer stimrig")]
    Newer(u64),
    /// Its head is cut off or not a head.
    #[error("the container's head is damaged")]
    Head,
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// Where the readable part of a container ends, if not at its end: what is said of a channel, behind its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// It breaks off: the run was killed, or the disk was full.
    #[error("is cut off after byte {0}")]
    Cut(u64),
    /// A block's checksum does not match, or it makes no sense.
    #[error("is changed at byte {0}")]
    Changed(u64),
    /// Its blocks are whole, but not those that were written.
    #[error(
        "is not as it was written: blocks were exchanged or removed, the hash at its end is of other bytes"
    )]
    Hash,
    /// Bytes follow its end.
    #[error("goes on behind its end at byte {0}")]
    Trailing(u64),
}

/// What a container holds after its head.
#[derive(Debug, PartialEq)]
pub enum Item<'a> {
    /// A stretch of samples.
    Data(Packed<'a>),
    /// Changes of marker bits.
    Markers(Vec<Marker>),
    /// The end, its hash checked.
    Done(Done),
}

const DONE: [u8; 4] = *b"DONE";
/// No block is longer: 17 bits a sample and what stands before them.
const LONGEST_BLOCK: u32 = (LONGEST * 4) as u32;
/// No block of a head or of markers is longer, either.
const LONGEST_TEXT: u32 = 1 << 24;

/// Reads block by block, in the memory of one block.
#[derive(Debug)]
pub struct Decoder<R> {
    source: R,
    head: Head,
    block: Vec<u8>,
    /// Bytes of whole blocks read.
    position: u64,
    hash: Sha256,
    ended: bool,
}

/// A whole block that was read into the buffer, or why not.
enum Next {
    Whole([u8; 4]),
    End,
    Damaged(Damage),
}

impl<R: Read> Decoder<R> {
    /// Reads the head.
    ///
    /// # Errors
    /// When it is none that this version reads.
    pub fn new(mut source: R) -> Result<Self, Fault> {
        let Begun { head, block, position, hash } = begin(&mut source)?;
        Ok(Self { source, head, block, position, hash, ended: false })
    }

    /// The head.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The next item; `None` at the end. After a [`Damage`] there is nothing more.
    ///
    /// # Errors
    /// [`Fault::Io`] alone.
    pub fn pull(&mut self) -> Result<Option<Result<Item<'_>, Damage>>, Fault> {
        if self.ended {
            return Ok(None);
        }
        let at = loop {
            let at = self.position;
            let (found, read) = next(&mut self.source, &mut self.block, at)?;
            self.position += read;
            match found {
                Next::Whole(DONE) => return self.done(at).map(Some),
                Next::Whole(tag) => {
                    self.hash.update(&self.block);
                    if tag == *b"DATA" || tag == *b"MARK" {
                        break at;
                    }
                }
                Next::End => return Ok(Some(Err(self.end(Damage::Cut(at))))),
                Next::Damaged(damage) => return Ok(Some(Err(self.end(damage)))),
            }
        };
        let item = match self.block.first() {
            Some(b'D') => Packed::parse(payload(&self.block)).map(Item::Data),
            _ => markers(payload(&self.block)).map(Item::Markers),
        };
        self.ended = item.is_none();
        Ok(Some(item.ok_or(Damage::Changed(at))))
    }

    fn end(&mut self, damage: Damage) -> Damage {
        self.ended = true;
        damage
    }

    fn done(&mut self, at: u64) -> Result<Result<Item<'static>, Damage>, Fault> {
        self.ended = true;
        let Ok(done) = serde_json::from_slice::<Done>(payload(&self.block)) else {
            return Ok(Err(Damage::Changed(at)));
        };
        if done.sha256 != hex(&self.hash.clone().finalize()) {
            return Ok(Err(Damage::Hash));
        }
        match fill(&mut self.source, &mut [0])? {
            0 => Ok(Ok(Item::Done(done))),
            _ => Ok(Err(Damage::Trailing(self.position))),
        }
    }
}

impl<R: Read + Seek> Decoder<R> {
    /// Begins again behind the head.
    ///
    /// # Errors
    /// When it cannot be read any more.
    pub fn rewind(&mut self) -> Result<(), Fault> {
        self.source.rewind()?;
        let begun = begin(&mut self.source)?;
        (self.head, self.block, self.position, self.hash) =
            (begun.head, begun.block, begun.position, begun.hash);
        self.ended = false;
        Ok(())
    }
}

/// What was read with the head.
struct Begun {
    head: Head,
    block: Vec<u8>,
    position: u64,
    hash: Sha256,
}

fn begin(source: &mut impl Read) -> Result<Begun, Fault> {
    let mut magic = [0; 8];
    if fill(source, &mut magic)? < magic.len() || magic != *MAGIC {
        return Err(Fault::NotOne);
    }
    let mut hash = Sha256::new();
    hash.update(magic);
    let mut block = Vec::new();
    let (Next::Whole(tag), read) = next(source, &mut block, 8)? else { return Err(Fault::Head) };
    let payload = payload(&block);
    let value: serde_json::Value = serde_json::from_slice(payload).map_err(|_| Fault::Head)?;
    match value.get("version").and_then(serde_json::Value::as_u64) {
        Some(version) if version > u64::from(Head::VERSION) => return Err(Fault::Newer(version)),
        _ => {}
    }
    let head: Head = serde_json::from_value(value).map_err(|_| Fault::Head)?;
    if tag != *b"HEAD" || !head.sample_rate.is_finite() || head.sample_rate <= 0.0 {
        return Err(Fault::Head);
    }
    hash.update(&block);
    Ok(Begun { head, block, position: 8 + read, hash })
}

fn payload(block: &[u8]) -> &[u8] {
    block.get(8..block.len().saturating_sub(4)).unwrap_or(&[])
}

fn markers(payload: &[u8]) -> Option<Vec<Marker>> {
    let rows: Vec<(u64, MarkerBit, bool)> = serde_json::from_slice(payload).ok()?;
    Some(rows.into_iter().map(|(sample, bit, value)| Marker { sample, bit, value }).collect())
}

/// Reads one block with its frame into `block`; says how many bytes it took.
fn next(source: &mut impl Read, block: &mut Vec<u8>, at: u64) -> Result<(Next, u64), Fault> {
    block.clear();
    block.resize(8, 0);
    match fill(source, block)? {
        0 => return Ok((Next::End, 0)),
        8 => {}
        _ => return Ok((Next::Damaged(Damage::Cut(at)), 0)),
    }
    let tag: [u8; 4] = block.first_chunk().copied().unwrap_or_default();
    let length =
        u32::from_le_bytes(block.get(4..).and_then(<[u8]>::first_chunk).copied().unwrap_or_default());
    let longest = if tag == *b"DATA" { LONGEST_BLOCK } else { LONGEST_TEXT };
    if length > longest {
        return Ok((Next::Damaged(Damage::Changed(at)), 0));
    }
    block.resize(length as usize + 12, 0);
    let body = block.get_mut(8..).unwrap_or(&mut []);
    if fill(source, body)? < body.len() {
        return Ok((Next::Damaged(Damage::Cut(at)), 0));
    }
    let (summed, sum) = block.split_at(block.len() - 4);
    if sum.first_chunk().copied().map(u32::from_le_bytes) != Some(crc32fast::hash(summed)) {
        return Ok((Next::Damaged(Damage::Changed(at)), 0));
    }
    Ok((Next::Whole(tag), block.len() as u64))
}

/// Reads until the buffer is full or the source ends; says how much there was.
fn fill(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match source.read(rest) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
