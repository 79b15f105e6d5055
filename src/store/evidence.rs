//! Raw samples on disk: `evidence/<case>/<channel>_<unit>.trace` beside `basis.json`.
//!
//! Each case has a thread of its own that packs and writes its samples, so that neither holds up the bench, and no case waits for
//! another's. What is whole on disk stays readable whenever the program is killed.

mod files;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use crate::capture::container::{Cutter, EXTENSION, Head};
use crate::measure::{ChannelSetup, Setup};
use crate::record::{Archive, CaseArchive, CaseFigures, Kept};
use crate::signal::{Block, BlockSink, Sensed, StreamKind};

use super::names::{BASIS, EVIDENCE, FIGURES};
use super::{StoreError, read_figures, write_atomic};

use files::{Disk, Files};
use writer::Writer;

/// The raw samples of a run's cases.
pub struct Evidence {
    folder: PathBuf,
    run: String,
    patient: bool,
    disk: Disk,
    figures: Mutex<Files>,
    trouble: Arc<Mutex<Option<String>>>,
}

impl Evidence {
    /// For the run in `folder`. On a `patient` bench, whose time stands still meanwhile, measuring waits for the disk; on any
    /// other the samples of a case end where the disk could not keep up.
    ///
    /// Nothing more is written once `short` is true: the run ends for want of room, and needs what there is to be closed.
    /// `alarm` is called when a file cannot be written.
    pub fn new(
        folder: &Path,
        run: &str,
        patient: bool,
        short: Arc<AtomicBool>,
        alarm: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let disk = Disk { short, alarm: Arc::new(alarm) };
        Self {
            folder: folder.to_owned(),
            run: run.to_owned(),
            patient,
            figures: Mutex::new(Files::new(folder, &disk)),
            disk,
            trouble: Arc::default(),
        }
    }

    /// Waits until the pictures are on disk, and reads them back. Nothing of the run may be under way any more.
    ///
    /// # Errors
    /// When they could not be written or read.
    pub fn pictures(&self) -> Result<Vec<CaseFigures>, StoreError> {
        self.figures.lock().unwrap_or_else(PoisonError::into_inner).close()?;
        read_figures(&self.folder)
    }

    /// The first thing of which something is missing, if there is one.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Archive for Evidence {
    fn figures(&self, figures: &CaseFigures) {
        let Ok(mut line) = serde_json::to_vec(figures) else { return };
        line.push(b'\n');
        let mut files = self.figures.lock().unwrap_or_else(PoisonError::into_inner);
        files.append(&self.folder.join(FIGURES), &line);
    }

    fn begin(&self, case: usize, name: &str, setup: &Setup) -> Box<dyn CaseArchive> {
        // Of a name without a Latin letter nothing is left but its number.
        let inside = format!("{EVIDENCE}/{:03}-{}", case + 1, slug(name, 48));
        let inside = inside.trim_end_matches('-').to_owned();
        let folder = self.folder.join(&inside);
        let mut taken: Vec<String> = Vec::new();
        let mut lane = |channel: &ChannelSetup, stream: StreamKind, rate: f64, filter: (u32, f64)| {
            let unit = match channel.sensed {
                Sensed::Current => "A",
                Sensed::Voltage => "V",
            };
            let slow = if stream == StreamKind::Slow { "_slow" } else { "" };
            let stem = format!("{}{slow}_{unit}", slug(&channel.name, 32));
            // Two names may look alike once they are part of a path.
            let twins = taken.iter().filter(|other| **other == stem).count();
            let twin = if twins > 0 { format!("-{}", twins + 1) } else { String::new() };
            let file = format!("{stem}{twin}.{EXTENSION}");
            taken.push(stem);
            let head = Head {
                version: Head::VERSION,
                run: self.run.clone(),
                case,
                name: name.to_owned(),
                channel: channel.name.clone(),
                sensed: channel.sensed,
                unit: unit.to_owned(),
                stream,
                sample_rate: rate,
                clock_u: setup.clock_u,
                filter_poles: filter.0,
                filter_cutoff: filter.1,
                calibration: channel.calibration,
            };
            (folder.join(file), head)
        };
        let fast = setup
            .channels
            .iter()
            .map(|channel| lane(channel, StreamKind::Fast, setup.sample_rate, setup.filter));
        let mut lanes: Vec<(PathBuf, Head)> = fast.collect();
        let channels = lanes.len();
        if let Some(slow) = &setup.slow {
            let of = slow.channels.iter();
            lanes.extend(of.map(|channel| lane(channel, StreamKind::Slow, slow.sample_rate, slow.filter)));
        }
        let mut fast: Vec<Cutter> = lanes.iter().map(|_| Cutter::default()).collect();
        let slow = fast.split_off(channels);
        let (writer, trouble) = match Writer::new(lanes, Files::new(&folder, &self.disk), self.patient) {
            Ok(writer) => (Some(writer), None),
            Err(error) => (None, Some(format!("no thread to write them: {error}"))),
        };
        Box::new(CaseEvidence {
            folder,
            inside,
            writer,
            refused: trouble,
            fast,
            slow,
            seen: 0,
            rate: setup.sample_rate,
            behind: None,
            trouble: Arc::clone(&self.trouble),
        })
    }
}

/// The raw samples of one case.
struct CaseEvidence {
    folder: PathBuf,
    inside: String,
    writer: Option<Writer>,
    /// Why there is none.
    refused: Option<String>,
    fast: Vec<Cutter>,
    slow: Vec<Cutter>,
    /// Fast samples so far.
    seen: u64,
    rate: f64,
    /// The fast sample at which the disk fell behind.
    behind: Option<u64>,
    trouble: Arc<Mutex<Option<String>>>,
}

impl CaseEvidence {
    /// Hands over what is ready.
    fn send(&mut self) {
        for (lane, cutter) in self.fast.iter_mut().chain(&mut self.slow).enumerate() {
            for piece in cutter.take() {
                let room = self.behind.is_none()
                    && self.writer.as_ref().is_none_or(|writer| writer.put(lane, piece));
                if !room {
                    self.behind.get_or_insert(self.seen);
                }
            }
        }
    }
}

impl BlockSink for CaseEvidence {
    fn block(&mut self, block: &Block<'_>) {
        let lanes = if block.stream == StreamKind::Fast { &mut self.fast } else { &mut self.slow };
        for lane in lanes.iter_mut() {
            lane.markers(block.markers);
        }
        if block.count > 0 {
            for (lane, codes) in lanes.iter_mut().zip(block.codes.chunks_exact(block.count)) {
                match block.stream {
                    StreamKind::Fast => lane.samples(block.first, block.lost, codes),
                    StreamKind::Slow => lane.slow(block.first, block.lost, self.seen, codes),
                }
            }
            if block.stream == StreamKind::Fast {
                self.seen = block.first + block.count as u64;
            }
        }
        self.send();
    }
}

impl CaseArchive for CaseEvidence {
    fn end(mut self: Box<Self>, basis: Option<&[u8]>) -> Kept {
        let Some(basis) = basis else {
            if let Some(writer) = self.writer.take() {
                writer.discard();
            }
            return Kept::default();
        };
        self.fast.iter_mut().chain(&mut self.slow).for_each(Cutter::flush);
        self.send();
        let closed = self.writer.take().and_then(|writer| writer.keep(self.behind.is_none()).err());
        let behind = self.behind.map(|at| {
            format!(
                "the disk could not keep up: they end after {:.3} s; use a faster disk for --runs",
                at as f64 / self.rate
            )
        });
        let written = write_atomic(&self.folder.join(BASIS), basis).err().map(|error| error.to_string());
        let trouble = self.refused.take().or(closed).or(behind).or(written);
        if let Some(trouble) = &trouble {
            let mut first = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
            first.get_or_insert_with(|| trouble.clone());
        }
        Kept { folder: self.folder.is_dir().then(|| self.inside.clone()), trouble }
    }
}

/// A name as part of a path: letters, digits, `-` and `_`, at most so many.
pub(super) fn slug(name: &str, longest: usize) -> String {
    let mut slug = String::with_capacity(name.len().min(longest));
    for character in name.chars() {
        match character {
            c if c.is_ascii_alphanumeric() || c == '_' => slug.push(c.to_ascii_lowercase()),
            _ if slug.ends_with('-') || slug.is_empty() => {}
            _ => slug.push('-'),
        }
        if slug.len() >= longest {
            break;
        }
    }
    slug.trim_end_matches('-').to_owned()
}
