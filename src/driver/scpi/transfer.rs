//! A complete record on its way to the host, chunk by chunk, all inputs of a chunk together.

use crate::instrument::Reading;
use crate::signal::{Block, BlockSink, StreamKind};

use super::Load;
use super::dialect::Layout;
use super::trouble::Trouble;

/// A chunk is asked for so often before the record is given up.
const ATTEMPTS: u32 = 3;
/// Samples that are handed over at a time.
const PART: u64 = 1 << 16;

/// A record whose samples are being read.
pub(super) struct Taken {
    /// Inputs as the rig file and as the instrument names them.
    inputs: Vec<(String, &'static str, Layout)>,
    pub(super) points: u64,
    pub(super) period: f64,
    pub(super) start: f64,
    /// Samples of a transfer.
    pub(super) chunk: u64,
    /// The first chunk, channel by channel, which was read to describe the record.
    pub(super) kept: Option<Vec<Vec<i16>>>,
    /// Samples handed over.
    done: u64,
}

impl Taken {
    /// Of inputs that were described.
    pub(super) fn of(inputs: Vec<(String, &'static str, Layout)>, chunk: u64) -> Result<Self, Trouble> {
        let Some((.., first)) = inputs.first() else {
            return Err(Trouble::Other("the case uses none of its inputs".to_owned()));
        };
        let (points, period, start) = (first.points, first.period, first.start);
        let sound = points > 1 && period.is_finite() && period > 0.0 && start.is_finite();
        if !sound || inputs.iter().any(|(.., layout)| !layout.lsb.is_finite() || layout.lsb == 0.0) {
            return Err(Trouble::Record(format!(
                "its record has {points} samples every {period:e} s: nothing that could be read"
            )));
        }
        if inputs
            .iter()
            .any(|(.., other)| other.points != points || (other.period / period - 1.0).abs() > 1e-6)
        {
            return Err(Trouble::Record("its inputs were not recorded together".to_owned()));
        }
        Ok(Self { points, period, start, chunk: chunk.min(points), inputs, kept: None, done: 0 })
    }

    /// The description of an input.
    pub(super) fn of_input(&self, name: &str) -> Option<&(String, &'static str, Layout)> {
        self.inputs.iter().find(|(known, ..)| known == name)
    }

    /// The layout of an input of the setup, which all have been described.
    pub(super) fn of_name(&self, name: &str) -> Option<Layout> {
        self.of_input(name).map(|(.., layout)| *layout)
    }
}

impl Load {
    /// The next part of the record.
    pub(super) async fn next_part(&mut self, sink: &mut dyn BlockSink) -> Result<Reading, Trouble> {
        let Some(mut taken) = self.acquisition.as_mut().and_then(|acquisition| acquisition.taken.take())
        else {
            return Ok(Reading::End);
        };
        let left = taken.points - taken.done;
        if left == 0 {
            return Ok(Reading::End);
        }
        let planes = match taken.kept.take() {
            Some(kept) => kept,
            None => self.fetch_all(&taken, taken.done, left.min(taken.chunk)).await?,
        };
        let count = planes.iter().map(Vec::len).min().unwrap_or(0);
        let mut block = Vec::new();
        for from in (0..count).step_by(PART as usize) {
            let to = count.min(from + PART as usize);
            block.clear();
            for plane in &planes {
                block.extend_from_slice(plane.get(from..to).unwrap_or(&[]));
            }
            let first = taken.done + from as u64;
            let stream = StreamKind::Fast;
            sink.block(&Block { stream, first, count: to - from, codes: &block, markers: &[], lost: 0 });
        }
        taken.done += count as u64;
        let done = taken.done;
        if let Some(acquisition) = &mut self.acquisition {
            acquisition.taken = Some(taken);
        }
        Ok(Reading::Part(done))
    }

    /// Samples [from, from + count) of every channel.
    pub(super) async fn fetch_all(
        &mut self,
        taken: &Taken,
        from: u64,
        count: u64,
    ) -> Result<Vec<Vec<i16>>, Trouble> {
        let mut planes = Vec::with_capacity(self.wired.len());
        let mut read: Vec<(&str, Vec<i16>)> = Vec::new();
        for (name, own, layout) in &taken.inputs {
            read.push((name, self.fetch(own, layout, from, count).await?));
        }
        let codes =
            |name: &str| read.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, codes)| codes);
        let rails = |name: &str| taken.of_name(name).map_or((i16::MIN, i16::MAX), |layout| layout.rails);
        for wired in &self.wired {
            let mut plane = Vec::with_capacity(count as usize);
            let minus = wired.minus.as_deref().map(|minus| (codes(minus), rails(minus)));
            wired.combine(codes(&wired.plus), minus, rails(&wired.plus), &mut plane);
            planes.push(plane);
        }
        Ok(planes)
    }

    /// Samples of one input, whatever pieces they come in.
    pub(super) async fn fetch(
        &mut self,
        input: &str,
        layout: &Layout,
        from: u64,
        count: u64,
    ) -> Result<Vec<i16>, Trouble> {
        let mut codes = Vec::with_capacity(count as usize);
        let mut failures = 0;
        while (codes.len() as u64) < count {
            let (at, left) = (from + codes.len() as u64, count - codes.len() as u64);
            match self.transfer(input, layout, at, left).await {
                Ok(payload) => {
                    let samples = (payload.len() / layout.coding.bytes()) as u64;
                    if samples < left {
                        self.talk.short();
                        failures += 1;
                    }
                    layout.coding.read(&payload, &mut codes);
                    if samples == 0 && failures >= ATTEMPTS {
                        let what = format!("it holds {} of {count} samples and sends no more", codes.len());
                        return Err(Trouble::Short(what));
                    }
                }
                Err(trouble) => {
                    failures += 1;
                    let again = trouble.passes() && failures < ATTEMPTS;
                    // It must be able to answer what follows, whatever that is.
                    let recovered = self.talk.recover().await;
                    if !again {
                        return Err(trouble);
                    }
                    recovered?;
                }
            }
        }
        Ok(codes)
    }

    async fn transfer(
        &mut self,
        input: &str,
        layout: &Layout,
        from: u64,
        count: u64,
    ) -> Result<Vec<u8>, Trouble> {
        let words = self.dialect()?.words();
        let (select, data) = words.fetch(input, from, count);
        for command in select {
            self.talk.send(&command).await?;
        }
        let width = layout.coding.bytes();
        let expected = count * width as u64;
        let payload = self.talk.block(&data, expected).await?;
        self.talk.checked("read samples").await?;
        // What comes whole or not at all cannot be gone on with.
        let (sent, whole) = (payload.len() as u64, words.chunk == u64::MAX);
        if payload.len() % width != 0 || (whole && sent < expected) {
            let what = format!("it sends {sent} bytes where {count} samples of {width} were asked for");
            return Err(Trouble::Short(what));
        }
        Ok(payload)
    }
}
