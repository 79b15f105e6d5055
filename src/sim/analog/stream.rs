//! A stream of blocks: its channels, its time base and its markers.
//!
//! What the circuit does is noted segment by segment; samples are rendered from it when they are taken, all channels of a slice
//! together, because only then is there enough to do for several cores.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::phantom::Circuit;
use crate::signal::{Block, Calibration, Marker, MarkerBit, StreamKind};

use super::bessel::Bessel;
use super::lane::Lane;
use super::noise::Gaussian;
use super::segment::{Instants, Segment};
use super::spare::Spare;

/// Segments that may wait: a slice of the fastest train has fewer, and a stream that nobody reads is held in samples.
const WAITING: usize = 4096;
/// What must be rendered for another core to be worth waking, samples: it takes some 10 µs to come.
const WORTH: u64 = 8192;
/// To begin and to end a segment takes a channel as long as so many samples.
const SEGMENT: u64 = 256;

/// Channels sampled together.
#[derive(Debug, Clone)]
pub(super) struct Stream {
    kind: StreamKind,
    filter: Bessel,
    /// Seconds between samples by this converter's own clock.
    period: f64,
    /// Instant of sample 0, ns.
    origin: u64,
    /// Next sample to come.
    next: u64,
    lanes: Vec<Lane>,
    /// What is not rendered, in order; the last of them is the present one.
    segments: Vec<Segment>,
    /// Index of the first sample not yet handed out.
    taken: u64,
    markers: VecDeque<Marker>,
    block_codes: Vec<i16>,
    block_markers: Vec<Marker>,
}

impl Stream {
    pub(super) fn new(kind: StreamKind, filter: Bessel, period: f64, origin: u64, lanes: Vec<Lane>) -> Self {
        Self {
            kind,
            filter,
            period,
            origin,
            next: 0,
            lanes,
            segments: Vec::new(),
            taken: 0,
            markers: VecDeque::new(),
            block_codes: Vec::new(),
            block_markers: Vec::new(),
        }
    }

    pub(super) fn calibrations(&self) -> impl Iterator<Item = Calibration> + '_ {
        self.lanes.iter().map(Lane::calibration)
    }

    /// A marker bit has a new value from the next sample on.
    pub(super) fn mark(&mut self, bit: MarkerBit, value: bool) {
        self.markers.push_back(Marker { sample: self.next, bit, value });
    }

    /// Begins a segment that starts `fraction` ns after `start`.
    pub(super) fn open(&mut self, circuit: &Circuit, shorted: bool, start: u64, fraction: f64) {
        // The origin lies before the segment: subtract integers first, they may be hours.
        let since = start.saturating_sub(self.origin) as f64;
        let first = (self.next as f64 * self.period * 1e9 - since - fraction) * 1e-9;
        let at = Instants { first: first.max(0.0), period: self.period };
        for lane in &mut self.lanes {
            lane.expect(self.segments.len(), circuit, shorted);
        }
        self.segments.push(Segment::new(at, self.next));
    }

    /// Notes the samples that lie before `seconds` into the segment.
    pub(super) fn pass(&mut self, seconds: f64) {
        let Some(segment) = self.segments.last_mut() else { return };
        // An instant on the boundary belongs to what follows, in spite of rounding (a millionth of a period).
        let wanted = ((seconds - segment.at.first) / segment.at.period - 1e-6).ceil().max(0.0) as u64;
        segment.wanted = segment.wanted.max(wanted);
        self.next = segment.first + segment.wanted;
    }

    /// Ends the segment after `seconds`.
    pub(super) fn close(&mut self, seconds: f64, gaussian: &Gaussian) {
        if let Some(segment) = self.segments.last_mut() {
            segment.end = Some(seconds);
        }
        if self.segments.len() >= WAITING {
            self.render(gaussian, &Spare::default());
        }
    }

    /// Renders what waits. Each channel's samples depend on nothing but what it saw, so that it does not matter who renders which.
    fn render(&mut self, gaussian: &Gaussian, spare: &Spare) {
        let (segments, filter) = (self.segments.as_slice(), &self.filter);
        let due = segments.iter().map(|segment| segment.wanted - segment.done + SEGMENT).sum::<u64>();
        let most = if due >= WORTH { self.lanes.len().saturating_sub(1) } else { 0 };
        let lanes = Mutex::new(self.lanes.iter_mut());
        let next = || lanes.lock().unwrap_or_else(PoisonError::into_inner).next();
        spare.share(most, || {
            while let Some(lane) = next() {
                lane.render(segments, filter, gaussian);
            }
        });
        let goes_on = self.segments.pop().filter(|last| last.end.is_none()).map(Segment::rest);
        self.segments.clear();
        self.segments.extend(goes_on);
    }

    /// Samples that have come and are not yet taken.
    pub(super) fn pending(&self) -> u64 {
        self.next - self.taken
    }

    /// Hands out at most `most` samples per channel.
    pub(super) fn take(&mut self, most: usize, gaussian: &Gaussian, spare: &Spare) -> Option<Block<'_>> {
        let count = most.min(self.pending() as usize);
        if count == 0 {
            return None;
        }
        if self.lanes.iter().any(|lane| lane.codes.len() < count) {
            self.render(gaussian, spare);
        }
        self.block_codes.clear();
        for lane in &mut self.lanes {
            self.block_codes.extend(lane.codes.drain(..count));
        }
        let first = self.taken;
        self.taken += count as u64;
        self.block_markers.clear();
        while let Some(marker) = self.markers.pop_front_if(|marker| marker.sample < self.taken) {
            self.block_markers.push(marker);
        }
        Some(Block {
            stream: self.kind,
            first,
            count,
            codes: &self.block_codes,
            markers: &self.block_markers,
            lost: 0,
        })
    }
}
