//! Our own containers.

use std::io::{Read, Seek};

use super::super::Dialect;
use super::super::container::{Damage, Decoder, End, Head, Planes};
use super::super::error::CaptureFault;
use super::super::format::{Meta, MetaChannel, unreadable};
use super::{Blocks, Coded, CodedChannel};

/// The channels of one stream, as far as they can be read.
pub fn kept<'a, R: Read + Seek + Send + 'a>(file: &str, channels: Vec<Decoder<R>>) -> Coded<'a> {
    let planes = Planes::new(channels);
    let meta = Meta::of(planes.heads());
    let channel = |(meta, head): (&MetaChannel, &Head)| {
        let rails = head.calibration.rails;
        CodedChannel { rails, ..meta.into() }
    };
    let channels: Vec<_> = meta.channels.iter().zip(planes.heads()).map(channel).collect();
    Coded {
        file: file.to_owned(),
        dialect: Dialect::Stimrig,
        sample_rate: meta.sample_rate,
        channels,
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
            return Ok(Some(stretch.missing));
        }
        match self.end() {
            // What stands before a cut is good, and what follows the end is none of it.
            None | Some(End::Whole | End::Damaged { damage: Damage::Cut(_) | Damage::Trailing(_), .. }) => {
                Ok(None)
            }
            Some(
                end @ (End::Apart(_)
                | End::Behind(_)
                | End::Damaged { damage: Damage::Changed(_) | Damage::Hash, .. }),
            ) => Err(unreadable("container", end)),
        }
    }

    fn is_cut(&self) -> bool {
        matches!(self.end(), Some(End::Damaged { damage: Damage::Cut(_), .. }))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::capture::container::{Cutter, LONGEST};
    use crate::capture::{Capture, CaptureError};
    use crate::signal::{Calibration, Sensed, StreamKind};

    /// The blocks of a container: what it begins with, then its head, one of data for each stretch (first sample, samples
    /// lost before it), and its end.
    fn blocks(stretches: &[(u64, u64)]) -> Vec<Vec<u8>> {
        let calibration = Calibration { lsb: 1e-6, rails: (-32_768, 32_767), ..Calibration::default() };
        let head = Head {
            version: Head::VERSION,
            run: "run".into(),
            case: 0,
            name: "case".into(),
            channel: "e1".into(),
            sensed: Sensed::Current,
            unit: "A".into(),
            stream: StreamKind::Fast,
            sample_rate: 1e6,
            clock_u: 20e-6,
            filter_poles: 4,
            filter_cutoff: 1e5,
            calibration,
        };
        let mut cutter = Cutter::default();
        let codes: Vec<i16> = (0..LONGEST).map(|at| (at % 100) as i16).collect();
        for (first, lost) in stretches {
            cutter.samples(*first, *lost, &codes);
        }
        let bytes = cutter.contained(&head);
        let (magic, mut rest) = bytes.split_at(8);
        let mut parts = vec![magic.to_vec()];
        while !rest.is_empty() {
            let length = u32::from_le_bytes(*rest[4..].first_chunk().unwrap()) as usize + 12;
            let (block, behind) = rest.split_at(length);
            parts.push(block.to_vec());
            rest = behind;
        }
        assert_eq!(parts.len(), 3 + stretches.len());
        parts
    }

    /// What is read of these blocks, twice.
    fn read(blocks: &[Vec<u8>], order: &[usize]) -> Result<Capture, CaptureError> {
        let bytes: Vec<u8> = order.iter().flat_map(|at| blocks[*at].iter().copied()).collect();
        let mut coded = kept("e1_A.trace", vec![Decoder::new(Cursor::new(&bytes[..])).unwrap()]);
        let (mut planes, mut lost) = (Vec::new(), None);
        while let Ok(Some(missing)) = coded.pull(&[0], &mut planes) {
            lost = lost.max(Some(missing));
        }
        let capture = coded.capture();
        if let Ok(capture) = &capture {
            let found = capture.time.worst_deviation.map_or(0, |(_, off)| (off * 1e6).round() as u64);
            assert_eq!(lost, Some(found), "behind a rewind the same is missing");
        }
        capture
    }

    const ALL: u64 = LONGEST as u64;

    #[test]
    fn a_container_from_which_a_block_was_taken_is_refused() {
        let blocks = blocks(&[(0, 0), (ALL, 0), (2 * ALL, 0)]);
        let whole = read(&blocks, &[0, 1, 2, 3, 4, 5]).unwrap();
        assert!(whole.samples() == 3 * LONGEST && whole.time.is_uniform());
        for order in [&[0, 1, 2, 4, 5][..], &[0, 1, 3, 4, 5], &[0, 1, 2, 3, 5]] {
            let fault = read(&blocks, order).unwrap_err().to_string();
            assert!(fault.contains("blocks were exchanged or removed"), "{order:?}: {fault}");
        }
    }

    #[test]
    fn without_an_end_a_block_that_is_gone_leaves_a_gap() {
        let blocks = blocks(&[(0, 0), (ALL, 0), (2 * ALL, 0)]);
        let gap = |order: &[usize]| read(&blocks, order).unwrap().time.worst_deviation;
        let long = LONGEST as f64 / 1e6;
        assert_eq!(gap(&[0, 1, 2, 3, 4]), None, "a run that was killed");
        assert_eq!(gap(&[0, 1, 2, 4]), Some((ALL, long)));
        assert_eq!(gap(&[0, 1, 4]), Some((0, 2.0 * long)));
        let fault = read(&blocks, &[0, 1, 2, 4, 3]).unwrap_err().to_string();
        assert!(fault.contains("stands behind later ones"), "{fault}");
    }

    #[test]
    fn a_recording_without_its_end_is_cut_off() {
        let blocks = blocks(&[(0, 0), (ALL, 0)]);
        let cut = |order: &[usize]| {
            let bytes: Vec<u8> = order.iter().flat_map(|at| blocks[*at].iter().copied()).collect();
            let mut coded = kept("e1_A.trace", vec![Decoder::new(Cursor::new(&bytes[..])).unwrap()]);
            let mut planes = Vec::new();
            while coded.pull(&[0], &mut planes).unwrap().is_some() {}
            coded.is_cut()
        };
        assert!(cut(&[0, 1, 2, 3]) && !cut(&[0, 1, 2, 3, 4]));
    }

    #[test]
    fn samples_that_the_load_lost_count_once() {
        let blocks = blocks(&[(0, 0), (ALL + 500, 500)]);
        let read = read(&blocks, &[0, 1, 2, 3]).unwrap();
        let (at, gap) = read.time.worst_deviation.unwrap();
        assert!(at == ALL && (gap - 500e-6).abs() < 1e-12 && read.samples() == 2 * LONGEST, "{at} {gap}");
    }
}
