//! Siglent's newer dialect (EN11): SDS2000X Plus and HD, SDS800X HD, SDS5000X, 6000A.

use async_trait::async_trait;

use crate::instrument::InstrumentFault;

use super::dialect::{Coding, DataSheet, Dialect, Edge, Layout, Span, State, deep_enough, one_two_five};
use super::talk::{Errors, Talk};

const DIVISIONS: f64 = 10.0;
/// Bytes of the binary preamble.
const DESCRIPTOR: usize = 346;

pub(super) struct Siglent;

#[async_trait]
impl Dialect for Siglent {
    fn name(&self) -> &'static str {
        "Siglent, EN11"
    }

    fn errors(&self) -> Errors {
        Errors::Status
    }

    fn data_sheet(&self) -> DataSheet {
        DataSheet { gain: 0.03, offset: (0.03, 1e-3), clock: 25e-6 }
    }

    fn inputs(&self) -> &'static [&'static str] {
        &["C1", "C2", "C3", "C4"]
    }

    fn stop(&self) -> &'static str {
        ":TRIGGER:STOP"
    }

    fn channel(&self, input: &str, full: f64) -> Vec<String> {
        let number = input.trim_start_matches('C');
        vec![
            format!(":CHANNEL{number}:SWITCH ON"),
            format!(":CHANNEL{number}:COUPLING DC"),
            format!(":CHANNEL{number}:PROBE VALUE,1"),
            format!(":CHANNEL{number}:SCALE {:E}", full / 4.0),
            format!(":CHANNEL{number}:OFFSET 0"),
        ]
    }

    fn off(&self, input: &str) -> String {
        format!(":CHANNEL{}:SWITCH OFF", input.trim_start_matches('C'))
    }

    fn time(&self, span: &Span) -> Vec<String> {
        let division = one_two_five(span.length() / DIVISIONS);
        let shown = division * DIVISIONS;
        let depth = match deep_enough(&[10_000, 100_000, 1_000_000, 10_000_000], span.sample_rate * shown) {
            10_000 => "10k",
            100_000 => "100k",
            1_000_000 => "1M",
            _ => "10M",
        };
        vec![
            format!(":ACQUIRE:MDEPTH {depth}"),
            format!(":TIMEBASE:SCALE {division:E}"),
            format!(":TIMEBASE:DELAY {:E}", span.before - 0.5 * shown),
        ]
    }

    fn trigger(&self, edge: &Edge) -> Vec<String> {
        vec![
            ":TRIGGER:TYPE EDGE".to_owned(),
            format!(":TRIGGER:EDGE:SOURCE {}", edge.input),
            format!(":TRIGGER:EDGE:SLOPE {}", if edge.rising { "RISING" } else { "FALLING" }),
            format!(":TRIGGER:EDGE:LEVEL {:E}", edge.level),
        ]
    }

    fn arm(&self) -> Vec<&'static str> {
        vec![":TRIGGER:MODE SINGLE", ":TRIGGER:RUN"]
    }

    fn force(&self) -> &'static str {
        ":TRIGGER:MODE FTRIG"
    }

    async fn state(&self, talk: &mut Talk) -> Result<State, InstrumentFault> {
        let answer = talk.ask(":TRIGGER:STATUS?").await?.to_ascii_lowercase();
        match answer.as_str() {
            "stop" | "fstop" => Ok(State::Stopped),
            "arm" | "ready" => Ok(State::Waiting),
            "trig'd" | "auto" | "roll" => Ok(State::Running),
            other => Err(InstrumentFault::Protocol(format!("`{other}` is no state of a trigger"))),
        }
    }

    async fn layout(&self, talk: &mut Talk, input: &str) -> Result<Layout, InstrumentFault> {
        talk.send(&format!(":WAVEFORM:SOURCE {input}")).await?;
        talk.send(":WAVEFORM:WIDTH WORD").await?;
        talk.send(":WAVEFORM:START 0").await?;
        talk.done().await?;
        let points = talk.number(":ACQUIRE:POINTS?").await?;
        let block = talk.block(":WAVEFORM:PREAMBLE?").await?;
        if block.len() < DESCRIPTOR {
            let what = format!("a preamble of {} bytes, not {DESCRIPTOR}", block.len());
            return Err(InstrumentFault::Protocol(what));
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

    fn chunk(&self) -> u64 {
        500_000
    }

    async fn fetch(
        &self,
        talk: &mut Talk,
        input: &str,
        from: u64,
        count: u64,
    ) -> Result<Vec<u8>, InstrumentFault> {
        talk.send(&format!(":WAVEFORM:SOURCE {input}")).await?;
        talk.send(&format!(":WAVEFORM:START {from}")).await?;
        talk.send(&format!(":WAVEFORM:POINT {count}")).await?;
        talk.block(":WAVEFORM:DATA?").await
    }
}
