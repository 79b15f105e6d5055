//! Siglent's older dialect: SDS1000X-E, SDS1000X, SDS2000X.

use async_trait::async_trait;

use crate::instrument::InstrumentFault;

use super::dialect::{Coding, DataSheet, Dialect, Edge, Layout, Span, State, deep_enough, one_two_five};
use super::talk::{Errors, Talk};

/// Divisions of the time axis.
const GRIDS: f64 = 14.0;

pub(super) struct Siglent;

#[async_trait]
impl Dialect for Siglent {
    fn name(&self) -> &'static str {
        "Siglent, legacy"
    }

    fn errors(&self) -> Errors {
        Errors::Status
    }

    fn hello(&self) -> &'static [&'static str] {
        // Else every answer carries its header and its unit.
        &["CHDR OFF"]
    }

    fn data_sheet(&self) -> DataSheet {
        // 3 % of full scale; 1.5 % of eight divisions + 1 mV.
        DataSheet { gain: 0.03, offset: (0.03, 1e-3), clock: 25e-6 }
    }

    fn inputs(&self) -> &'static [&'static str] {
        &["C1", "C2", "C3", "C4"]
    }

    fn stop(&self) -> &'static str {
        "TRMD STOP"
    }

    fn channel(&self, input: &str, full: f64) -> Vec<String> {
        vec![
            format!("{input}:TRA ON"),
            format!("{input}:CPL D1M"),
            format!("{input}:ATTN 1"),
            format!("{input}:VDIV {:E}V", full / 4.0),
            format!("{input}:OFST 0V"),
        ]
    }

    fn off(&self, input: &str) -> String {
        format!("{input}:TRA OFF")
    }

    fn time(&self, span: &Span) -> Vec<String> {
        let division = one_two_five(span.length() / GRIDS);
        let shown = division * GRIDS;
        let depth = match deep_enough(&[7_000, 70_000, 700_000, 7_000_000], span.sample_rate * shown) {
            7_000 => "7K",
            70_000 => "70K",
            700_000 => "700K",
            _ => "7M",
        };
        vec![
            format!("MSIZ {depth}"),
            format!("TDIV {division:E}S"),
            format!("TRDL {:E}S", 0.5 * shown - span.before),
        ]
    }

    fn trigger(&self, edge: &Edge) -> Vec<String> {
        let input = &edge.input;
        vec![
            format!("TRSE EDGE,SR,{input},HT,OFF"),
            format!("{input}:TRLV {:E}V", edge.level),
            format!("{input}:TRSL {}", if edge.rising { "POS" } else { "NEG" }),
        ]
    }

    fn arm(&self) -> Vec<&'static str> {
        vec!["TRMD SINGLE", "ARM"]
    }

    fn force(&self) -> &'static str {
        "FRTR"
    }

    async fn state(&self, talk: &mut Talk) -> Result<State, InstrumentFault> {
        // `INR?` clears what it tells; the state of the acquisition does not.
        let answer = talk.ask("SAST?").await?.to_ascii_lowercase();
        match answer.trim_start_matches("sast ").trim() {
            "stop" => Ok(State::Stopped),
            "arm" | "ready" => Ok(State::Waiting),
            "trig'd" | "auto" | "roll" => Ok(State::Running),
            other => Err(InstrumentFault::Protocol(format!("`{other}` is no state of an acquisition"))),
        }
    }

    async fn layout(&self, talk: &mut Talk, input: &str) -> Result<Layout, InstrumentFault> {
        let rate = talk.number("SARA?").await?;
        let points = talk.number(&format!("SANU? {input}")).await?;
        let volts = talk.number(&format!("{input}:VDIV?")).await?;
        let offset = talk.number(&format!("{input}:OFST?")).await?;
        let division = talk.number("TDIV?").await?;
        let delay = talk.number("TRDL?").await?;
        let lsb = volts / 25.0;
        Ok(Layout {
            points: points as u64,
            period: rate.recip(),
            // The delay moves the trigger to the left of the middle.
            start: delay - 0.5 * GRIDS * division,
            lsb,
            zero: offset / lsb,
            coding: Coding::I8,
            rails: (-128, 127),
            step: 1.0,
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
        talk.send(&format!("WFSU SP,1,NP,{count},FP,{from}")).await?;
        talk.block(&format!("{input}:WF? DAT2")).await
    }
}
