//! Our own containers.

use std::io::{Read, Seek};

use super::super::Dialect;
use super::super::container::{Damage, Decoder, End, Planes};
use super::super::error::CaptureFault;
use super::super::format::{Meta, unreadable};
use super::{Blocks, Coded};

/// The channels of one stream, as far as they can be read.
pub fn kept<'a, R: Read + Seek + Send + 'a>(file: &str, channels: Vec<Decoder<R>>) -> Coded<'a> {
    let planes = Planes::new(channels);
    let meta = Meta::of(planes.heads());
    Coded {
        file: file.to_owned(),
        dialect: Dialect::Stimrig,
        sample_rate: meta.sample_rate,
        channels: meta.channels.iter().map(Into::into).collect(),
        blocks: Box::new(planes),
    }
}

impl<R: Read + Seek + Send> Blocks for Planes<R> {
    fn rewind(&mut self) -> Result<(), CaptureFault> {
        Planes::rewind(self).map_err(|fault| unreadable("container", fault))
    }

    fn pull(&mut self, wanted: &[usize], planes: &mut [Vec<i16>]) -> Result<Option<u64>, CaptureFault> {
        loop {
            let stretch = Planes::pull(self).map_err(|fault| unreadable("container", fault))?;
            let Some(stretch) = stretch else { break };
            // Markers alone.
            if stretch.count == 0 {
                continue;
            }
            for (plane, index) in planes.iter_mut().zip(wanted) {
                plane.extend_from_slice(stretch.codes.chunks_exact(stretch.count).nth(*index).unwrap_or(&[]));
            }
            return Ok(Some(stretch.lost));
        }
        match self.end() {
            // What stands before a cut is good.
            Some(end @ (End::Apart(_) | End::Damaged { damage: Damage::Changed(_), .. })) => {
                Err(unreadable("container", end))
            }
            _ => Ok(None),
        }
    }
}
