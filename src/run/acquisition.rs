//! How much of a processor it takes to receive a load's samples: an experiment on the host's end of a real port.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::driver::{native, port};
use crate::instrument::{Clock as _, InstrumentError, Load as _, Stream as _, StreamChannel, StreamSetup};
use crate::phantom::Phantom;
use crate::rig;
use crate::signal::{Block, BlockSink, Sensed};

use super::pace::POLL;

/// What was received, and what it took.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Acquisition {
    /// Length of the reception, s.
    pub seconds: f64,
    /// Channels.
    pub channels: usize,
    /// Samples per second and channel, as the load states it, Hz.
    pub sample_rate: f64,
    /// Samples of each channel that arrived.
    pub samples: u64,
    /// Samples of each channel that are missing.
    pub lost: u64,
    /// Bytes of samples a second.
    pub bytes_per_second: f64,
    /// Processor time of this process, in cores.
    pub cores: f64,
}

impl Acquisition {
    /// Nothing lost, at no more than `cores`, and as fast as the load samples.
    pub fn holds(&self, cores: f64) -> bool {
        let expected = self.sample_rate * self.seconds;
        // A poll's worth may still be on its way, and a load's clock may be a little slow.
        let arrived = self.samples as f64 >= expected * 0.999 - self.sample_rate * 0.1;
        self.lost == 0 && arrived && self.cores <= cores
    }
}

/// Streams two current channels of the load at a port for so long, and counts.
///
/// # Errors
/// What the load or its port says.
pub fn acquisition(
    port: &rig::Port,
    phantom: &Phantom,
    range: f64,
    length: Duration,
) -> Result<Acquisition, InstrumentError> {
    let failed = |error: std::io::Error| InstrumentError {
        device: "host".to_owned(),
        doing: "start a runtime".to_owned(),
        fault: crate::instrument::InstrumentFault::Protocol(error.to_string()),
        next: "close some programs".to_owned(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    runtime.block_on(receive(port, phantom, range, length))
}

async fn receive(
    port: &rig::Port,
    phantom: &Phantom,
    range: f64,
    length: Duration,
) -> Result<Acquisition, InstrumentError> {
    let mut load = native::Load::new(port::open(port, "load", port::Line::default())?, phantom);
    let mut clock = port::RealClock::new();
    let identity = load.identify().await?;
    let contacts = phantom.contacts.iter().take(2).map(|(name, _)| StreamChannel {
        name: name.clone(),
        quantity: Sensed::Current,
        range,
    });
    let setup = StreamSetup { channels: contacts.collect(), slow: false };
    load.start(&setup).await?;
    let (started, used) = (Instant::now(), processor_time());
    let mut count = Count::default();
    while started.elapsed() < length {
        clock.sleep(POLL).await;
        load.keepalive().await?;
        load.drain(&mut count).await?;
    }
    let (seconds, used) = (started.elapsed().as_secs_f64(), processor_time() - used);
    load.end().await?;
    let channels = setup.channels.len();
    Ok(Acquisition {
        seconds,
        channels,
        sample_rate: identity.sample_rate,
        samples: count.samples,
        lost: count.lost,
        bytes_per_second: count.samples as f64 * channels as f64 * 2.0 / seconds,
        cores: used / seconds,
    })
}

/// Counts, and looks at every sample once, as measuring does at least.
#[derive(Default)]
struct Count {
    samples: u64,
    lost: u64,
    sum: i64,
}

impl BlockSink for Count {
    fn block(&mut self, block: &Block<'_>) {
        self.samples += block.count as u64;
        self.lost += block.lost;
        self.sum = self.sum.wrapping_add(block.codes.iter().map(|code| i64::from(*code)).sum());
    }
}

/// Processor time of this process so far, s: fields 14 and 15 of proc(5)'s stat, in hundredths of a second on Linux.
fn processor_time() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program, in brackets, may hold anything.
    let fields = stat.rsplit_once(") ").map(|(_, fields)| fields).unwrap_or_default();
    let ticks: u64 = fields.split(' ').skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    ticks as f64 / 100.0
}
