//! Siglent's newer dialect (EN11): SDS2000X Plus and HD, SDS800X HD, SDS5000X, 6000A.

use async_trait::async_trait;

use super::dialect::{Coding, Dialect, Layout, Span, State, deep_enough, one_two_five};
use super::siglent::STATES;
use super::talk::{Errors, Talk};
use super::trouble::Trouble;
use super::words::{DataSheet, Words};

const DIVISIONS: f64 = 10.0;
/// Bytes of the binary preamble.
const DESCRIPTOR: usize = 346;

pub(super) struct Siglent;

pub(super) static WORDS: Words = Words {
    name: "Siglent, EN11",
    errors: Errors::Status,
    hello: &[],
    data_sheet: DataSheet { gain: 0.03, offset: (0.03, 1e-3), clock: 25e-6 },
    inputs: ["C1", "C2", "C3", "C4"],
    channel: &[
        ":CHANNEL{number}:SWITCH ON",
        ":CHANNEL{number}:COUPLING DC",
        ":CHANNEL{number}:PROBE VALUE,1",
        ":CHANNEL{number}:SCALE {division}",
        ":CHANNEL{number}:OFFSET 0",
    ],
    off: ":CHANNEL{number}:SWITCH OFF",
    trigger: &[
        ":TRIGGER:TYPE EDGE",
        ":TRIGGER:EDGE:SOURCE {input}",
        ":TRIGGER:EDGE:SLOPE {slope}",
        ":TRIGGER:EDGE:LEVEL {level}",
    ],
    slopes: ["RISING", "FALLING"],
    arm: &[":TRIGGER:MODE SINGLE", ":TRIGGER:RUN"],
    force: ":TRIGGER:MODE FTRIG",
    stop: ":TRIGGER:STOP",
    select: &[":WAVEFORM:SOURCE {input}", ":WAVEFORM:START {from}", ":WAVEFORM:POINT {count}"],
    data: ":WAVEFORM:DATA?",
    chunk: 500_000,
};

#[async_trait]
impl Dialect for Siglent {
    fn words(&self) -> &'static Words {
        &WORDS
    }

    fn time(&self, span: &Span) -> Vec<String> {
        let division = one_two_five(span.length() / DIVISIONS);
        let shown = division * DIVISIONS;
        let depths = [(10_000, "10k"), (100_000, "100k"), (1_000_000, "1M"), (10_000_000, "10M")];
        vec![
            format!(":ACQUIRE:MDEPTH {}", deep_enough(&depths, span.sample_rate * shown)),
            format!(":TIMEBASE:SCALE {division:E}"),
            format!(":TIMEBASE:DELAY {:E}", span.before - 0.5 * shown),
        ]
    }

    async fn state(&self, talk: &mut Talk) -> Result<State, Trouble> {
        State::named(&talk.ask(":TRIGGER:STATUS?").await?, &STATES)
    }

    async fn layout(&self, talk: &mut Talk, input: &str) -> Result<Layout, Trouble> {
        talk.send(&format!(":WAVEFORM:SOURCE {input}")).await?;
        talk.send(":WAVEFORM:WIDTH WORD").await?;
        talk.send(":WAVEFORM:START 0").await?;
        talk.done().await?;
        let points = talk.number(":ACQUIRE:POINTS?").await?;
        let block = talk.block(":WAVEFORM:PREAMBLE?", 4096).await?;
        if block.len() < DESCRIPTOR {
            return Err(Trouble::Answer(format!("a preamble of {} bytes, not {DESCRIPTOR}", block.len())));
        }
        let float = |at: usize| {
            let bytes = block.get(at..).and_then(|rest| rest.first_chunk::<4>());
            bytes.map_or(0.0, |bytes| f64::from(f32::from_le_bytes(*bytes)))
        };
        let delay = block.get(180..).and_then(|rest| rest.first_chunk::<8>());
        let (volts, offset, period, probe) = (float(156), float(160), float(176), float(328));
        // 30 codes of a byte in a division, in the high byte of two.
        let lsb = volts * probe / 30.0 / 256.0;
        Ok(Layout {
            points: points as u64,
            period,
            start: delay.map_or(0.0, |bytes| f64::from_le_bytes(*bytes)),
            lsb,
            zero: offset * probe / lsb,
            coding: Coding::I16,
            rails: (i16::MIN, 0x7f00),
            step: 16.0,
        })
    }
}
