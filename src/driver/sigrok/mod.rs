//! Whatever `sigrok-cli` supports, streamed from its standard output.
//!
//! It has no relays and marks nothing among its samples. How it ends says nothing: 0.7.2 aborts after all data were written.

mod child;
mod trouble;
mod wav;

use async_trait::async_trait;

use crate::instrument::{InstrumentError, LoadIdentity, Sampling, Stream, StreamSetup};
use crate::rig::Channel;
use crate::signal::{Block, BlockSink, Calibration, StreamKind};

use child::Running;
use trouble::Trouble;

/// Codes at the end of a range.
const FULL: f64 = 32_000.0;
/// Nothing says how many bits a device has: eight are the fewest.
const STEP: f64 = 2.0 * FULL / 256.0;
/// Its clock is a crystal: at most 100 ppm off, uniformly.
const CLOCK_U: f64 = 1e-4 / 1.732;
/// Patience with its first sample, and with what it says of a device.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(15);
/// Samples that come without end are read for no longer than this: nobody looks at anything else meanwhile, a signal included.
const LONGEST: std::time::Duration = std::time::Duration::from_secs(1);
/// How long it is asked to sample, ms: it is ended before.
const A_DAY: u64 = 86_400_000;

/// A device behind `sigrok-cli`.
pub struct Load {
    device: String,
    options: Vec<(String, String)>,
    sample_rate: f64,
    stated: Vec<Channel>,
    /// Names of its channels in the order of its samples.
    channels: Vec<String>,
    running: Option<Running>,
    /// Of each plane: which of the channels in a frame, and codes per volt.
    planes: Vec<(usize, f64)>,
    waiting: Vec<u8>,
    frame: usize,
    headed: bool,
    first: u64,
    block: Vec<i16>,
}

impl Load {
    /// A device as `sigrok-cli -d` names it, with settings as its `--config` takes them.
    pub fn new(device: &str, options: &[(String, String)], sample_rate: f64, channels: &[Channel]) -> Self {
        Self {
            device: device.to_owned(),
            options: options.to_vec(),
            sample_rate,
            stated: channels.to_vec(),
            channels: Vec::new(),
            running: None,
            planes: Vec::new(),
            waiting: Vec::new(),
            frame: 4,
            headed: false,
            first: 0,
            block: Vec::new(),
        }
    }

    fn config(&self) -> String {
        let options = self.options.iter().map(|(key, value)| format!(":{key}={value}"));
        format!("samplerate={:.0}{}", self.sample_rate, options.collect::<String>())
    }

    /// Reads the header, once it is whole.
    fn take_head(&mut self) -> Result<bool, Trouble> {
        let Some(bytes) = self.waiting.first_chunk::<{ wav::HEAD }>() else { return Ok(false) };
        let head = wav::head(bytes).map_err(Trouble::Unexpected)?;
        if head.channels * 4 != self.frame {
            let what = format!("it sends {} channels, not {}", head.channels, self.frame / 4);
            return Err(Trouble::Unexpected(what));
        }
        if (f64::from(head.sample_rate) / self.sample_rate - 1.0).abs() > 1e-6 {
            let what = format!("it samples at {} Hz, not at {} Hz", head.sample_rate, self.sample_rate);
            return Err(Trouble::Refused(what));
        }
        self.waiting.drain(..wav::HEAD);
        self.headed = true;
        Ok(true)
    }

    /// Hands over all whole frames.
    fn hand_over(&mut self, sink: &mut dyn BlockSink) -> usize {
        let count = self.waiting.len() / self.frame;
        if count == 0 {
            return 0;
        }
        self.block.clear();
        for (channel, per_volt) in &self.planes {
            self.block.extend(self.waiting.chunks_exact(self.frame).map(|frame| {
                let value = frame.get(4 * channel..).and_then(|rest| rest.first_chunk::<4>());
                let volts = value.map_or(0.0, |bytes| f64::from(f32::from_le_bytes(*bytes)));
                coded(volts * per_volt)
            }));
        }
        let (first, codes) = (self.first, self.block.as_slice());
        sink.block(&Block { stream: StreamKind::Fast, first, count, codes, markers: &[], lost: 0 });
        self.first += count as u64;
        self.waiting.drain(..count * self.frame);
        1
    }
}

/// The unique id of a device: nothing but how it is named. What sigrok simulates itself says so: nothing counts for hardware that
/// passes on it.
fn unit(device: &str) -> String {
    let driver = device.split(':').next().unwrap_or_default();
    if driver == "demo" { format!("SIM-{device}") } else { device.to_owned() }
}

/// A value in steps as a code; what is no number is at its rail, as if clipped: 0 would pass for no current.
fn coded(steps: f64) -> i16 {
    if steps.is_nan() { FULL as i16 } else { steps.round().clamp(-FULL, FULL) as i16 }
}

/// The calibration of a channel on a range: as stated, and eight bits where nothing is.
fn calibration(stated: &Channel, range: f64) -> Calibration {
    let accuracy = &stated.accuracy;
    let uniform = 3_f64.sqrt().recip();
    let lsb = range / FULL;
    let volts = |value: f64| value * stated.factor().abs() / lsb;
    let reading = accuracy.reading.unwrap_or(0.0);
    Calibration {
        lsb,
        offset: 0.0,
        offset_u: uniform * accuracy.offset.map_or(reading * FULL, volts),
        gain_u: uniform * reading.hypot(accuracy.element),
        inl: 1.5 * STEP,
        noise: accuracy.noise.map_or(0.5 * STEP, volts),
        rails: (-(FULL as i16), FULL as i16),
        element_u: uniform * accuracy.element,
        common_mode: 0.0,
    }
}

#[async_trait]
impl crate::instrument::Load for Load {
    async fn identify(&mut self) -> Result<LoadIdentity, InstrumentError> {
        let doing = "find the device";
        let arguments = ["-d".to_owned(), self.device.clone(), "--show".to_owned()];
        let shown = child::output(&arguments, PATIENCE).await;
        let shown = shown.map_err(|trouble| trouble.while_doing(doing))?;
        // `demo - Demo device with 2 channels: A0 A1`
        let found = shown.lines().find_map(|line| {
            let (name, channels) = line.split_once(" channels: ")?;
            let (name, _) = name.rsplit_once(" with ")?;
            Some((name.to_owned(), channels.split_whitespace().map(str::to_owned).collect::<Vec<_>>()))
        });
        let Some((model, channels)) = found else {
            let what = format!("`sigrok-cli --show` names no channels of `{}`", self.device);
            return Err(Trouble::Unexpected(what).while_doing(doing));
        };
        self.channels = channels;
        Ok(LoadIdentity {
            model,
            uid: unit(&self.device),
            firmware: String::new(),
            calibration: "as stated in the rig file".to_owned(),
            sample_rate: self.sample_rate,
            clock_u: CLOCK_U,
            filter: (0, 0.0),
            slow_rate: 0.0,
            slow_filter: (0, 0.0),
            contacts: None,
        })
    }

    fn sampling(&mut self) -> Sampling<'_> {
        Sampling::Stream(self)
    }
}

#[async_trait]
impl Stream for Load {
    async fn start(&mut self, setup: &StreamSetup) -> Result<Vec<Calibration>, InstrumentError> {
        let doing = "start sampling";
        let refused = |what: String| Trouble::Refused(what).while_doing(doing);
        let mut wanted: Vec<(usize, f64, Calibration)> = Vec::new();
        for channel in &setup.channels {
            let stated = self.stated.iter().find(|stated| stated.name == channel.name);
            let named = stated.and_then(|stated| Some((stated, stated.terminal.as_deref()?)));
            let Some((stated, terminal)) = named else {
                return Err(refused(format!("the rig file names no input for {}", channel.name)));
            };
            let Some(index) = self.channels.iter().position(|known| known == terminal) else {
                let known = self.channels.join(", ");
                return Err(refused(format!("it has no channel `{terminal}`; it has {known}")));
            };
            let calibration = calibration(stated, channel.range);
            wanted.push((index, stated.factor() / calibration.lsb, calibration));
        }
        // Frames hold the channels that are on, in the device's own order.
        let mut used: Vec<usize> = wanted.iter().map(|(index, ..)| *index).collect();
        used.sort_unstable();
        used.dedup();
        let place = |index: usize| used.iter().position(|used| *used == index).unwrap_or(0);
        self.planes = wanted.iter().map(|(index, scale, _)| (place(*index), *scale)).collect();
        self.frame = 4 * used.len().max(1);
        (self.headed, self.first) = (false, 0);
        self.waiting.clear();
        let names: Vec<&str> =
            used.iter().filter_map(|index| self.channels.get(*index).map(String::as_str)).collect();
        let (config, names, time) = (self.config(), names.join(","), A_DAY.to_string());
        let arguments =
            ["-d", &self.device, "--config", &config, "--channels", &names, "--time", &time, "-O", "wav"];
        let arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
        self.running = None;
        let mut running = Running::start(&arguments).map_err(|trouble| trouble.while_doing(doing))?;
        // Firmware may have to be loaded first. Once it samples, its samples are the clock of the steps.
        match running.first(PATIENCE).await.map_err(|trouble| trouble.while_doing(doing))? {
            Some(piece) => self.waiting.extend_from_slice(&piece),
            None => return Err(Trouble::Silent.while_doing(doing)),
        }
        self.take_head().map_err(|trouble| trouble.while_doing(doing))?;
        self.running = Some(running);
        Ok(wanted.into_iter().map(|(.., calibration)| calibration).collect())
    }

    async fn drain(&mut self, sink: &mut dyn BlockSink) -> Result<usize, InstrumentError> {
        let doing = "read samples";
        let begun = std::time::Instant::now();
        let mut blocks = 0;
        loop {
            if begun.elapsed() > LONGEST {
                let what = "samples come faster than this computer takes them in: lower `load.sample_rate`";
                return Err(Trouble::Unexpected(what.to_owned()).while_doing(doing));
            }
            let Some(running) = &mut self.running else { return Ok(blocks) };
            let Some(piece) = running.take().await.map_err(|trouble| trouble.while_doing(doing))? else {
                return Ok(blocks);
            };
            self.waiting.extend_from_slice(&piece);
            if self.headed || self.take_head().map_err(|trouble| trouble.while_doing(doing))? {
                blocks += self.hand_over(sink);
            }
        }
    }

    async fn end(&mut self) -> Result<(), InstrumentError> {
        self.running = None;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_device_is_no_hardware() {
        assert_eq!(
            unit("demo:analog_channels=2:logic_channels=0"),
            "SIM-demo:analog_channels=2:logic_channels=0"
        );
        assert_eq!((unit("demo").as_str(), unit("hantek-6xxx").as_str()), ("SIM-demo", "hantek-6xxx"));
    }

    #[test]
    fn what_is_no_number_is_clipped() {
        let rails = (-(FULL as i16), FULL as i16);
        assert_eq!((coded(1.4), coded(-2.6)), (1, -3));
        for beyond in [f64::NAN, f64::INFINITY, 1e9] {
            assert_eq!(coded(beyond), rails.1);
        }
        assert_eq!(coded(f64::NEG_INFINITY), rails.0);
    }
}
