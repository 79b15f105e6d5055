//! Going through a recording, as often as there are stages: samples in order, those that are needed again kept in reach.

use std::sync::mpsc::{channel, sync_channel};
use std::thread;

use crate::capture::{CaptureError, Coded};

use super::survey::Kind;

/// What a stage sees of a recording.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a, S> {
    /// Index of the first sample in reach.
    pub first: usize,
    /// Index of the first sample that was not shown before.
    pub fresh: usize,
    /// The current, all that is in reach.
    pub current: &'a [S],
    /// The voltage likewise; empty where there is none.
    pub voltage: &'a [S],
    /// Nothing follows.
    pub last: bool,
}

impl<'a, S> View<'a, S> {
    /// One past the last sample.
    pub(super) fn end(&self) -> usize {
        self.first + self.current.len()
    }

    /// Samples [from, to) of the current, as far as they are in reach.
    pub(super) fn current(&self, from: usize, to: usize) -> &'a [S] {
        self.part(self.current, from, to)
    }

    /// Samples [from, to) of the voltage, as far as there are any in reach.
    pub(super) fn voltage(&self, from: usize, to: usize) -> &'a [S] {
        self.part(self.voltage, from, to)
    }

    fn part(&self, samples: &'a [S], from: usize, to: usize) -> &'a [S] {
        let low = from.saturating_sub(self.first).min(samples.len());
        let high = to.saturating_sub(self.first).min(samples.len());
        samples.get(low..high.max(low)).unwrap_or(&[])
    }
}

/// One pass over the samples.
pub(super) trait Stage<S> {
    /// Looks at the next samples; says from which sample on they must stay in reach.
    fn take(&mut self, view: &View<'_, S>) -> usize;
}

/// Samples that can be gone through again and again.
pub(super) trait Recording {
    /// Values or codes.
    type Sample: Kind;

    /// Shows all samples to a stage. At its end the stage is shown a view that is the last.
    ///
    /// # Errors
    /// When the samples cannot be read.
    fn pass(&mut self, stage: &mut impl Stage<Self::Sample>) -> Result<(), CaptureError>;

    /// What a sample of current and voltage stands for.
    fn scales(&self) -> (Scaled, Scaled);

    /// The ends of the converters' ranges of current and voltage, in units of their samples, where they are known.
    fn rails(&self) -> [Option<(f64, f64)>; 2];

    /// Where the samples stray furthest from a uniform grid of interval `dt`, as far as was seen: line or sample, and by how
    /// much, s.
    fn stray(&self, dt: f64) -> Option<(u64, f64)>;

    /// Whether it was cut off behind its last sample, as far as the file tells; known after a pass.
    fn is_cut(&self) -> bool;
}

/// (sample − offset) · gain.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scaled {
    /// A or V per unit of a sample; may be negative.
    pub gain: f64,
    /// The sample of zero.
    pub offset: f64,
}

impl Scaled {
    /// The value of a sample, A or V.
    pub(super) fn value(self, sample: f64) -> f64 {
        (sample - self.offset) * self.gain
    }

    /// A difference of samples as a magnitude, A or V.
    pub(super) fn size(self, difference: f64) -> f64 {
        (difference * self.gain).abs()
    }
}

/// Values that are in memory.
#[derive(Debug)]
pub(super) struct Whole<'a> {
    pub current: &'a [f64],
    pub voltage: &'a [f64],
    /// Ampere per unit of the current's values.
    pub factor: f64,
    /// Where their times stray furthest from a uniform grid, s.
    pub stray: Option<(u64, f64)>,
    /// The ends of the ranges of both, where they are known.
    pub rails: [Option<(f64, f64)>; 2],
}

impl Recording for Whole<'_> {
    type Sample = f64;

    fn pass(&mut self, stage: &mut impl Stage<f64>) -> Result<(), CaptureError> {
        let (current, voltage) = (self.current, self.voltage);
        stage.take(&View { first: 0, fresh: 0, current, voltage, last: true });
        Ok(())
    }

    fn scales(&self) -> (Scaled, Scaled) {
        (Scaled { gain: self.factor, offset: 0.0 }, Scaled { gain: 1.0, offset: 0.0 })
    }

    fn rails(&self) -> [Option<(f64, f64)>; 2] {
        self.rails
    }

    fn stray(&self, _: f64) -> Option<(u64, f64)> {
        self.stray
    }

    fn is_cut(&self) -> bool {
        false
    }
}

/// Codes that are read block by block. A thread reads the next block while this one is looked at.
#[derive(Debug)]
pub(super) struct Blocks<'a, 'f> {
    pub coded: &'a mut Coded<'f>,
    /// Indices of the current and of the voltage, if there is one.
    pub wanted: Vec<usize>,
    /// Ampere per unit of the current's channel.
    pub factor: f64,
    /// Where most samples were lost at once, and how many.
    pub lost: Option<(u64, u64)>,
}

/// Blocks that are read ahead.
const AHEAD: usize = 2;

impl Recording for Blocks<'_, '_> {
    type Sample = i16;

    fn pass(&mut self, stage: &mut impl Stage<i16>) -> Result<(), CaptureError> {
        let (coded, wanted, lost) = (&mut *self.coded, &self.wanted, &mut self.lost);
        coded.rewind()?;
        thread::scope(|scope| {
            let (full, blocks) = sync_channel(AHEAD);
            let (used, empty) = channel::<Vec<Vec<i16>>>();
            scope.spawn(move || {
                loop {
                    let mut planes = empty.try_recv().unwrap_or_default();
                    let missing = coded.pull(wanted, &mut planes);
                    let more = matches!(missing, Ok(Some(_)));
                    // Whoever no longer listens needs no more.
                    if full.send((missing, planes)).is_err() || !more {
                        return;
                    }
                }
            });
            let mut reach = Reach::default();
            for (missing, planes) in blocks {
                let Some(missing) = missing? else { break };
                if missing > lost.map_or(0, |(_, most)| most) {
                    *lost = Some((reach.end() as u64, missing));
                }
                reach.show(&planes, stage);
                // Nobody takes it once everything is read.
                let _ = used.send(planes);
            }
            stage.take(&reach.view(reach.end(), true));
            Ok(())
        })
    }

    fn scales(&self) -> (Scaled, Scaled) {
        let of = |at: usize, factor: f64| {
            let channel = self.wanted.get(at).and_then(|index| self.coded.channels.get(*index));
            channel.map_or(Scaled { gain: 1.0, offset: 0.0 }, |channel| Scaled {
                gain: channel.lsb * factor,
                offset: channel.offset,
            })
        };
        (of(0, self.factor), of(1, 1.0))
    }

    fn rails(&self) -> [Option<(f64, f64)>; 2] {
        [0, 1].map(|at| {
            let (low, high) = self.coded.channels.get(*self.wanted.get(at)?)?.rails;
            Some((f64::from(low), f64::from(high)))
        })
    }

    fn stray(&self, dt: f64) -> Option<(u64, f64)> {
        self.lost.map(|(sample, missing)| (sample, missing as f64 * dt))
    }

    fn is_cut(&self) -> bool {
        self.coded.is_cut()
    }
}

/// Samples in reach of a stage.
#[derive(Debug, Default)]
struct Reach {
    first: usize,
    current: Vec<i16>,
    voltage: Vec<i16>,
    /// From where on they are needed.
    needed: usize,
}

impl Reach {
    fn end(&self) -> usize {
        self.first + self.current.len()
    }

    fn view(&self, fresh: usize, last: bool) -> View<'_, i16> {
        View { first: self.first, fresh, current: &self.current, voltage: &self.voltage, last }
    }

    fn show(&mut self, planes: &[Vec<i16>], stage: &mut impl Stage<i16>) {
        let done = self.needed.clamp(self.first, self.end()) - self.first;
        self.first += done;
        for (samples, plane) in [&mut self.current, &mut self.voltage].into_iter().zip(planes) {
            samples.drain(..done);
            samples.extend_from_slice(plane);
        }
        let fresh = self.end() - planes.first().map_or(0, Vec::len);
        self.needed = stage.take(&self.view(fresh, false));
    }
}
