//! Raw samples on disk: `evidence/<case>/<channel>_<unit>.trace` beside `basis.json`.
//!
//! Samples are packed where they are measured and written by a thread of their own, so that a slow disk does not hold up the
//! bench. What is whole on disk stays readable whenever the program is killed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::capture::container::{EXTENSION, Encoder, Head};
use crate::measure::{ChannelSetup, Setup};
use crate::record::{Archive, CaseArchive, CaseFigures, Kept};
use crate::signal::{Block, BlockSink, Sensed, StreamKind};

use super::names::{BASIS, EVIDENCE, FIGURES};
use super::{StoreError, read_figures, write_atomic};

/// Blocks that may wait for the disk: some seconds of a bench with eight channels.
const WAITING: usize = 256;

/// What the writing thread is asked to do.
enum Order {
    /// Append to a file, which is created if it is new.
    Append(PathBuf, Vec<u8>),
    /// Close the files of a folder, remove it if it is not wanted, and say how it went.
    Close(PathBuf, bool, Sender<Result<(), StoreError>>),
}

/// The raw samples of a run's cases.
#[derive(Debug)]
pub struct Evidence {
    folder: PathBuf,
    run: String,
    patient: bool,
    orders: Option<SyncSender<Order>>,
    writer: Option<JoinHandle<()>>,
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
        alarm: impl Fn() + Send + 'static,
    ) -> Self {
        let (orders, inbox) = sync_channel(WAITING);
        let writer = std::thread::spawn(move || write(&inbox, &short, &alarm));
        Self {
            folder: folder.to_owned(),
            run: run.to_owned(),
            patient,
            orders: Some(orders),
            writer: Some(writer),
            trouble: Arc::default(),
        }
    }

    /// Waits until the pictures are on disk, and reads them back. Nothing of the run may be under way any more.
    ///
    /// # Errors
    /// When they could not be written or read.
    pub fn pictures(&self) -> Result<Vec<CaseFigures>, StoreError> {
        let (reply, answer) = channel();
        let close = Order::Close(self.folder.clone(), true, reply);
        // The writer lives as long as this.
        if self.orders.as_ref().is_some_and(|orders| orders.send(close).is_ok()) {
            answer.recv().unwrap_or(Ok(()))?;
        }
        read_figures(&self.folder)
    }

    /// The first thing of which something is missing, if there is one.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Evidence {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(writer) = self.writer.take() {
            // It holds nothing but files; what went wrong with them was said.
            let _ = writer.join();
        }
    }
}

impl Archive for Evidence {
    fn figures(&self, figures: &CaseFigures) {
        let (Some(orders), Ok(mut line)) = (&self.orders, serde_json::to_vec(figures)) else { return };
        line.push(b'\n');
        let _ = orders.send(Order::Append(self.folder.join(FIGURES), line));
    }

    fn begin(&self, case: usize, name: &str, setup: &Setup) -> Box<dyn CaseArchive> {
        // Of a name without a Latin letter nothing is left but its number.
        let inside = format!("{EVIDENCE}/{:03}-{}", case + 1, slug(name, 48));
        let inside = inside.trim_end_matches('-').to_owned();
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
            Lane { path: self.folder.join(&inside).join(file), encoder: Encoder::new(&head) }
        };
        let fast = setup
            .channels
            .iter()
            .map(|channel| lane(channel, StreamKind::Fast, setup.sample_rate, setup.filter));
        let fast: Vec<Lane> = fast.collect();
        let slow =
            setup.slow.iter().flat_map(|slow| slow.channels.iter().map(move |channel| (slow, channel)));
        let slow = slow
            .map(|(slow, channel)| lane(channel, StreamKind::Slow, slow.sample_rate, slow.filter))
            .collect();
        Box::new(CaseEvidence {
            folder: self.folder.join(&inside),
            inside: inside.clone(),
            patient: self.patient,
            orders: self.orders.clone(),
            fast,
            slow,
            seen: 0,
            rate: setup.sample_rate,
            behind: None,
            trouble: Arc::clone(&self.trouble),
        })
    }
}

/// One channel on its way to its file.
struct Lane {
    path: PathBuf,
    encoder: Encoder,
}

/// The raw samples of one case.
struct CaseEvidence {
    folder: PathBuf,
    inside: String,
    patient: bool,
    orders: Option<SyncSender<Order>>,
    fast: Vec<Lane>,
    slow: Vec<Lane>,
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
        let Some(orders) = &self.orders else { return };
        for lane in self.fast.iter_mut().chain(&mut self.slow).filter(|lane| lane.encoder.is_ready()) {
            let order = Order::Append(lane.path.clone(), lane.encoder.take());
            if self.behind.is_some() {
                continue;
            }
            if self.patient {
                // The writer lives as long as the run.
                let _ = orders.send(order);
            } else if let Err(TrySendError::Full(_)) = orders.try_send(order) {
                self.behind = Some(self.seen);
            }
        }
    }

    fn close(&self, keep: bool) -> Option<String> {
        let (reply, answer) = channel();
        let orders = self.orders.as_ref()?;
        orders.send(Order::Close(self.folder.clone(), keep, reply)).ok()?;
        answer.recv().ok()?.err().map(|error| error.to_string())
    }
}

impl BlockSink for CaseEvidence {
    fn block(&mut self, block: &Block<'_>) {
        let lanes = if block.stream == StreamKind::Fast { &mut self.fast } else { &mut self.slow };
        for lane in lanes.iter_mut() {
            lane.encoder.markers(block.markers);
        }
        if block.count > 0 {
            for (lane, codes) in lanes.iter_mut().zip(block.codes.chunks_exact(block.count)) {
                match block.stream {
                    StreamKind::Fast => lane.encoder.samples(block.first, block.lost, codes),
                    StreamKind::Slow => lane.encoder.slow(block.first, block.lost, self.seen, codes),
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
            // Samples nobody wants are not worth a word.
            self.close(false);
            return Kept::default();
        };
        for lane in self.fast.iter_mut().chain(&mut self.slow) {
            lane.encoder.finish();
        }
        self.send();
        let closed = self.close(true);
        let behind = self.behind.map(|at| {
            format!(
                "the disk could not keep up: they end after {:.3} s; use a faster disk for --runs",
                at as f64 / self.rate
            )
        });
        let written = write_atomic(&self.folder.join(BASIS), basis).err().map(|error| error.to_string());
        let trouble = closed.or(behind).or(written);
        if let Some(trouble) = &trouble {
            let mut first = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
            first.get_or_insert_with(|| trouble.clone());
        }
        Kept { folder: self.folder.is_dir().then(|| self.inside.clone()), trouble }
    }
}

/// Files of one folder that are being written, and the first error among them.
#[derive(Default)]
struct Open {
    files: BTreeMap<PathBuf, File>,
    error: Option<StoreError>,
}

/// The writing thread. A folder's first error ends its writing: half a block with whole ones behind it could not be read.
fn write(inbox: &Receiver<Order>, short: &AtomicBool, alarm: &dyn Fn()) {
    let mut folders: BTreeMap<PathBuf, Open> = BTreeMap::new();
    while let Ok(order) = inbox.recv() {
        match order {
            Order::Append(path, bytes) => {
                let Some(folder) = path.parent() else { continue };
                let open = folders.entry(folder.to_owned()).or_default();
                if open.error.is_none() {
                    let short = short.load(Ordering::SeqCst);
                    let full =
                        || StoreError::file(&path, "append samples", io::ErrorKind::StorageFull.into());
                    let written = if short { Err(full()) } else { append(open, folder, &path, &bytes) };
                    open.error = written.err();
                    if open.error.is_some() {
                        alarm();
                    }
                }
            }
            Order::Close(folder, keep, reply) => {
                let open = folders.remove(&folder).unwrap_or_default();
                let result = if keep { close(open) } else { discard(&folder) };
                // Whoever asked may have given up.
                let _ = reply.send(result);
            }
        }
    }
}

fn append(open: &mut Open, folder: &Path, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let failed = |doing: &'static str| move |source| StoreError::file(path, doing, source);
    if !open.files.contains_key(path) {
        fs::create_dir_all(folder).map_err(|source| StoreError::file(folder, "create the folder", source))?;
        let file = File::options().append(true).create_new(true).open(path).map_err(failed("create"))?;
        open.files.insert(path.to_owned(), file);
    }
    let Some(file) = open.files.get_mut(path) else { return Ok(()) };
    let before = file.metadata().map_err(failed("append samples"))?.len();
    file.write_all(bytes).map_err(|source| {
        // What is left of the block is cut off if the disk still can; a reader copes with it otherwise.
        let _ = file.set_len(before);
        StoreError::file(path, "append samples", source)
    })
}

fn close(open: Open) -> Result<(), StoreError> {
    if let Some(error) = open.error {
        return Err(error);
    }
    for (path, file) in &open.files {
        file.sync_data().map_err(|source| StoreError::file(path, "synchronise", source))?;
    }
    Ok(())
}

fn discard(folder: &Path) -> Result<(), StoreError> {
    let removed = match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::file(folder, "remove", error))
        }
        _ => Ok(()),
    };
    // The folder of all cases goes with its last one.
    if let Some(parent) = folder.parent() {
        let _ = fs::remove_dir(parent);
    }
    removed
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
