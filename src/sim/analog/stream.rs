//! A stream of blocks: its channels, its time base and its markers.

use std::collections::VecDeque;

use crate::phantom::Circuit;
use crate::signal::{Block, Calibration, Marker, MarkerBit, StreamKind};

use super::bessel::Bessel;
use super::lane::{Instants, Lane};
use super::noise::Gaussian;

/// Channels sampled together.
#[derive(Debug, Clone)]
pub(super) struct Stream {
    kind: StreamKind,
    filter: Bessel,
    /// Seconds between samples by this converter's own clock.
    period: f64,
    /// Instant of sample 0, ns.
    origin: u64,
    /// Next sample to render.
    next: u64,
    lanes: Vec<Lane>,
    at: Instants,
    /// First sample of the present segment.
    first: u64,
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
            at: Instants::default(),
            first: 0,
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
        self.at = Instants { first: first.max(0.0), period: self.period };
        self.first = self.next;
        for lane in &mut self.lanes {
            lane.open(circuit, shorted, &self.filter, self.at);
        }
    }

    /// Renders the samples that lie before `seconds` into the segment.
    pub(super) fn render(&mut self, gaussian: &Gaussian, seconds: f64) {
        // An instant on the boundary belongs to what follows, in spite of rounding (a millionth of a period).
        let wanted = ((seconds - self.at.first) / self.at.period - 1e-6).ceil().max(0.0) as u64;
        let skip = self.next - self.first;
        let count = wanted.saturating_sub(skip);
        if count == 0 {
            return;
        }
        for lane in &mut self.lanes {
            lane.render(gaussian, self.next, skip, count as usize);
        }
        self.next += count;
    }

    /// Ends the segment after `seconds`.
    pub(super) fn close(&mut self, seconds: f64) {
        for lane in &mut self.lanes {
            lane.close(&self.filter, seconds);
        }
    }

    /// Samples rendered and not yet taken.
    pub(super) fn pending(&self) -> u64 {
        self.next - self.taken
    }

    /// Hands out at most `most` samples per channel.
    pub(super) fn take(&mut self, most: usize) -> Option<Block<'_>> {
        let count = most.min(self.pending() as usize);
        if count == 0 {
            return None;
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
