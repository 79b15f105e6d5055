//! What is in the memory of the simulated oscilloscope.

use crate::instrument::StreamChannel;
use crate::rig::{AdcSpec, FilterSpec};
use crate::signal::{Sensed, StreamKind};

use super::front::Socket;
use crate::sim::analog::Analog;

/// Samples taken from the world at a time.
const BLOCK: usize = 4096;
/// Standard deviation of its time base, drawn once for a bench: the data sheet allows 25 ppm, three of these.
const CLOCK: f64 = 8e-6;

/// The true signals, from the arming on.
#[derive(Debug, Default)]
pub(super) struct Memory {
    lanes: Vec<Lane>,
    /// Of each socket: lanes it sees, and V per A or V.
    seen: Vec<Vec<(usize, f64)>>,
    /// Index of the first sample that is kept.
    pub(super) first: u64,
    /// One past the last.
    pub(super) end: u64,
}

#[derive(Debug)]
struct Lane {
    channel: StreamChannel,
    lsb: f64,
    codes: Vec<i16>,
}

impl Memory {
    /// Begins to sample what the sockets see at `rate`.
    pub(super) fn begin(sockets: &[Socket], rate: f64, analog: &mut Analog) -> Self {
        let mut channels: Vec<StreamChannel> = Vec::new();
        for term in sockets.iter().flat_map(|socket| &socket.terms) {
            let range = if term.quantity == Sensed::Current { 40e-3 } else { 20.0 };
            let channel = StreamChannel { name: term.name.clone(), quantity: term.quantity, range };
            if !channels.contains(&channel) {
                channels.push(channel);
            }
        }
        // The input of a scope is far faster than what its memory keeps: it holds what is there at the instant of a sample.
        analog.set_front_end(AdcSpec {
            bits: 16,
            sample_rate: rate,
            current_ranges: Vec::new(),
            voltage_ranges: Vec::new(),
            noise: 0.0,
            offset: 0.0,
            gain_error: 0.0,
            inl: 0.0,
            clock_error: CLOCK,
            filter: FilterSpec { poles: 1, cutoff: 20e6 },
        });
        // A channel that the phantom lacks is a socket with nothing in it.
        channels.retain(|channel| analog.probe(&channel.name, channel.quantity).is_ok());
        let stated = analog.start_stream(&channels, false).unwrap_or_default();
        let lanes = channels.into_iter().zip(stated);
        let lanes = lanes.map(|(channel, stated)| Lane { channel, lsb: stated.lsb, codes: Vec::new() });
        let lanes: Vec<Lane> = lanes.collect();
        let lane = |term: &super::front::Term| {
            lanes
                .iter()
                .position(|lane| lane.channel.name == term.name && lane.channel.quantity == term.quantity)
        };
        let seen = sockets
            .iter()
            .map(|socket| socket.terms.iter().filter_map(|term| Some((lane(term)?, term.factor))).collect());
        Self { seen: seen.collect(), lanes, first: 0, end: 0 }
    }

    /// Takes what the world has sampled.
    pub(super) fn take(&mut self, analog: &mut Analog) {
        while let Some(block) = analog.take_block(StreamKind::Fast, BLOCK) {
            let planes = block.codes.chunks_exact(block.count.max(1));
            for (lane, plane) in self.lanes.iter_mut().zip(planes) {
                lane.codes.extend_from_slice(plane);
            }
            self.end += block.count as u64;
        }
    }

    /// Forgets all but the last `samples`.
    pub(super) fn keep(&mut self, samples: u64) {
        let surplus = (self.end - self.first).saturating_sub(samples);
        // Moving what is kept costs as much as what is kept: not for every block.
        if surplus > samples.max(65_536) {
            for lane in &mut self.lanes {
                lane.codes.drain(..surplus as usize);
            }
            self.first += surplus;
        }
    }

    /// Volts at a socket at a sample; nothing was recorded outside.
    pub(super) fn volts(&self, socket: usize, sample: u64) -> f64 {
        let Some(index) = sample.checked_sub(self.first) else { return 0.0 };
        let terms = self.seen.get(socket).into_iter().flatten().filter_map(|(lane, factor)| {
            let lane = self.lanes.get(*lane)?;
            Some(f64::from(*lane.codes.get(index as usize)?) * lane.lsb * factor)
        });
        terms.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::SimBench;
    use crate::sim::samples::r1k;

    /// A time base without an error would hide who forgets that there is one.
    #[test]
    fn its_time_base_is_off_by_another_draw_on_each_bench() {
        let phantom = r1k();
        // Samples of a second at 1 MHz, beside a million.
        let beyond = |seed: u64| {
            let bench = SimBench { seed, ..SimBench::default() };
            let mut analog = Analog::new(&bench, &phantom, seed, 1).unwrap();
            let sockets = Socket::all(&[], &phantom, seed);
            let mut memory = Memory::begin(&sockets, 1e6, &mut analog);
            analog.advance(1_000_000_000);
            memory.take(&mut analog);
            memory.end as i64 - 1_000_000
        };
        let off: Vec<i64> = (1..=4).map(beyond).collect();
        assert!(off.iter().all(|samples| samples.abs() <= 33), "{off:?}");
        assert!(off.iter().any(|samples| samples.abs() >= 2) && off[1..] != off[..3], "{off:?}");
    }
}
