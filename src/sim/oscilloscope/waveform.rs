//! The waveform that the simulated oscilloscope sends, and how it describes it.

use super::{Oscilloscope, Stage};

/// Levels of the converter in a division.
const LEVELS: f64 = 25.0;
/// Level of the middle of the screen.
pub(super) const MIDDLE: f64 = 127.0;
/// The most that one transfer holds, samples.
const TRANSFER: u64 = 250_000;
/// Samples of the screen, which are read in the mode NORMal.
pub(super) const SCREEN: u64 = 1200;

impl Oscilloscope {
    /// Volts of a level, and levels by which the offset moves 0 V, of the source.
    pub(super) fn level(&self) -> (f64, f64) {
        let vertical = self.vertical.get(self.source).copied();
        vertical.map_or((1.0, 0.0), |vertical| {
            let level = vertical.scale / LEVELS;
            (level, (vertical.offset / level).round())
        })
    }

    /// Samples between those of the screen.
    fn stride(&self) -> u64 {
        if self.raw { 1 } else { (self.taken.1 / SCREEN).max(1) }
    }

    pub(super) fn period(&self) -> f64 {
        self.stride() as f64 / self.taken.0
    }

    /// First sample, s after the trigger.
    pub(super) fn origin(&self) -> f64 {
        -(self.before(self.taken.0) as f64) / self.taken.0
    }

    pub(super) fn preamble(&self) -> String {
        let (level, offset) = self.level();
        let points = if self.raw { self.taken.1 } else { SCREEN };
        let (mode, period, origin) = (if self.raw { 2 } else { 0 }, self.period(), self.origin());
        format!("0,{mode},{points},1,{period:.6e},{origin:.6e},0,{level:.6e},{offset:.0},{MIDDLE:.0}")
    }

    pub(super) fn data(&mut self) {
        let (first, last) = self.range;
        let points = if self.raw { self.taken.1 } else { SCREEN };
        // While an acquisition runs its memory cannot be read, and there is only so much of it.
        let ready = self.stage == Stage::Stopped || !self.raw;
        let count =
            if ready && first >= 1 { (last.min(points) + 1).saturating_sub(first).min(TRANSFER) } else { 0 };
        let (level, offset) = self.level();
        // What the converter is off by is off at the socket, behind the probe.
        let level = level / self.probe(self.source);
        let (stride, begin) = (self.stride(), self.taken.2.saturating_sub(self.before(self.taken.0)));
        self.out.put(format!("#9{count:09}").as_bytes());
        let Some(socket) = self.sockets.get(self.source) else { return };
        let codes: Vec<u8> = (0..count)
            .map(|k| {
                let sample = begin + (first - 1 + k) * stride;
                socket.code(self.memory.volts(self.source, sample), sample, level, MIDDLE + offset)
            })
            .collect();
        self.out.put(&codes);
        self.out.put(b"\n");
    }
}
