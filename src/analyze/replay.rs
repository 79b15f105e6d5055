//! A case measured again, from what was kept of it.

use std::io::Read;

use crate::capture::container::{Decoder, End, Fault, Planes, Stretch};
use crate::judge::Basis;
use crate::measure::{Recorder, Recording};
use crate::signal::{Block, BlockSink, Marker, StreamKind};

/// Why kept samples cannot be measured again.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A channel of the setup has no samples.
    #[error("there are no samples of `{0}`")]
    Missing(String),
    /// The samples are damaged.
    #[error("{0}")]
    Damaged(End),
    /// A file cannot be read.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Feeds kept samples to a recorder as they came: each slow block, and each word about a program, between the same fast
/// samples as in the run.
///
/// # Errors
/// When a channel is missing or damaged.
pub fn replay<R: Read>(basis: &Basis, channels: Vec<Decoder<R>>) -> Result<Recording, ReplayError> {
    let setup = &basis.setup;
    let mut channels = channels;
    let mut take = |name: &str, stream: StreamKind, sensed| {
        let at = channels.iter().position(|decoder| {
            let head = decoder.head();
            (head.channel.as_str(), head.stream, head.sensed) == (name, stream, sensed)
        });
        at.map(|at| channels.swap_remove(at)).ok_or_else(|| ReplayError::Missing(name.to_owned()))
    };
    let fast: Result<Vec<_>, _> =
        setup.channels.iter().map(|channel| take(&channel.name, StreamKind::Fast, channel.sensed)).collect();
    let slow = setup.slow.iter().flat_map(|slow| &slow.channels);
    let slow: Result<Vec<_>, _> =
        slow.map(|channel| take(&channel.name, StreamKind::Slow, channel.sensed)).collect();
    let (mut fast, mut slow) = (Planes::new(fast?), Slow { planes: Planes::new(slow?), waiting: None });
    let mut feed = Feed { recorder: Recorder::new(setup.clone()), part: Vec::new() };
    let mut programs = basis.programs.iter().peekable();
    while let Some(stretch) = fast.pull()? {
        let (mut lost, mut markers, mut done) = (stretch.lost, stretch.markers, 0);
        // Whatever came while these samples did cuts them in two.
        loop {
            let due = programs.peek().map(|change| change.arrived);
            let due = [slow.due()?, due].into_iter().flatten().min();
            let end = stretch.first + stretch.count as u64;
            let to = due.map_or(end, |due| due.clamp(stretch.first, end));
            let upto = (to - stretch.first) as usize;
            if upto > done || stretch.count == 0 {
                feed.fast(&stretch, done..upto, lost, markers);
                (lost, markers, done) = (0, &[], upto);
            }
            if due.is_none_or(|due| due > end) {
                break;
            }
            while let Some(change) = programs.next_if(|change| change.arrived <= to) {
                feed.recorder.program_changed(change.from, &change.program);
            }
            slow.feed(to, &mut feed.recorder)?;
        }
    }
    whole(fast.end())?;
    slow.feed(u64::MAX, &mut feed.recorder)?;
    whole(slow.planes.end())?;
    Ok(feed.recorder.finish())
}

fn whole(end: Option<&End>) -> Result<(), ReplayError> {
    match end {
        None | Some(End::Whole) => Ok(()),
        Some(other) => Err(ReplayError::Damaged(other.clone())),
    }
}

/// The recorder, and the part of a stretch that is handed to it.
struct Feed {
    recorder: Recorder,
    part: Vec<i16>,
}

impl Feed {
    fn fast(&mut self, stretch: &Stretch<'_>, part: std::ops::Range<usize>, lost: u64, markers: &[Marker]) {
        let count = part.len();
        self.part.clear();
        if stretch.count > 0 {
            for plane in stretch.codes.chunks_exact(stretch.count) {
                self.part.extend_from_slice(plane.get(part.clone()).unwrap_or(&[]));
            }
        }
        let first = stretch.first + part.start as u64;
        let stream = StreamKind::Fast;
        self.recorder.block(&Block { stream, first, count, codes: &self.part, markers, lost });
    }
}

/// The slow stream, one block ahead.
struct Slow<R> {
    planes: Planes<R>,
    waiting: Option<Waiting>,
}

/// A slow block: first sample, samples lost before it, fast samples that had come, samples, codes.
struct Waiting {
    first: u64,
    lost: u64,
    arrived: u64,
    count: usize,
    codes: Vec<i16>,
}

impl<R: Read> Slow<R> {
    /// When the next block came.
    fn due(&mut self) -> Result<Option<u64>, Fault> {
        if self.waiting.is_none() {
            self.waiting = self.planes.pull()?.map(|next| Waiting {
                first: next.first,
                lost: next.lost,
                arrived: next.arrived,
                count: next.count,
                codes: next.codes.to_vec(),
            });
        }
        Ok(self.waiting.as_ref().map(|waiting| waiting.arrived))
    }

    /// Hands over every block that had come when `seen` fast samples had.
    fn feed(&mut self, seen: u64, recorder: &mut Recorder) -> Result<(), Fault> {
        while self.due()?.is_some_and(|arrived| arrived <= seen) {
            let Some(Waiting { first, lost, count, codes, .. }) = self.waiting.take() else { break };
            let stream = StreamKind::Slow;
            recorder.block(&Block { stream, first, count, codes: &codes, markers: &[], lost });
        }
        Ok(())
    }
}
