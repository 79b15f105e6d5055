//! Keysight InfiniiVision 2000X, 3000X, 1200X and EDUX.

use async_trait::async_trait;

use crate::instrument::InstrumentFault;

use super::dialect::{Coding, DataSheet, Dialect, Edge, Layout, Span, State, fields};
use super::talk::{Errors, Talk};

pub(super) struct InfiniiVision;

#[async_trait]
impl Dialect for InfiniiVision {
    fn name(&self) -> &'static str {
        "Keysight InfiniiVision"
    }

    fn errors(&self) -> Errors {
        Errors::Queue
    }

    fn data_sheet(&self) -> DataSheet {
        // 3 % of full scale; 0.1 div + 2 mV + 1 % of the offset.
        DataSheet { gain: 0.03, offset: (0.025, 2e-3), clock: 50e-6 }
    }

    fn inputs(&self) -> &'static [&'static str] {
        &["CHAN1", "CHAN2", "CHAN3", "CHAN4"]
    }

    fn stop(&self) -> &'static str {
        ":STOP"
    }

    fn channel(&self, input: &str, full: f64) -> Vec<String> {
        vec![
            format!(":{input}:DISP 1"),
            format!(":{input}:COUP DC"),
            format!(":{input}:PROB 1"),
            format!(":{input}:RANG {:E}", 2.0 * full),
            format!(":{input}:OFFS 0"),
        ]
    }

    fn off(&self, input: &str) -> String {
        format!(":{input}:DISP 0")
    }

    fn time(&self, span: &Span) -> Vec<String> {
        let length = span.length();
        vec![
            // Else the event registers tell of the record before.
            "*CLS".to_owned(),
            ":ACQ:TYPE NORM".to_owned(),
            ":TIM:MODE MAIN".to_owned(),
            ":TIM:REF CENT".to_owned(),
            format!(":TIM:RANG {length:E}"),
            format!(":TIM:POS {:E}", 0.5 * length - span.before),
        ]
    }

    fn trigger(&self, edge: &Edge) -> Vec<String> {
        vec![
            ":TRIG:MODE EDGE".to_owned(),
            format!(":TRIG:SOUR {}", edge.input),
            format!(":TRIG:SLOP {}", if edge.rising { "POS" } else { "NEG" }),
            format!(":TRIG:LEV {:E}", edge.level),
            ":TRIG:SWE NORM".to_owned(),
        ]
    }

    fn arm(&self) -> Vec<&'static str> {
        vec![":SING"]
    }

    fn force(&self) -> &'static str {
        ":TRIG:FORC"
    }

    async fn state(&self, talk: &mut Talk) -> Result<State, InstrumentFault> {
        let running = talk.number(":OPER:COND?").await? as u32 & 8 != 0;
        if !running {
            return Ok(State::Stopped);
        }
        // Reading clears it: it says so once.
        Ok(if talk.number(":TER?").await? == 1.0 { State::Running } else { State::Waiting })
    }

    async fn layout(&self, talk: &mut Talk, input: &str) -> Result<Layout, InstrumentFault> {
        for command in [":WAV:FORM WORD", ":WAV:BYT LSBF", ":WAV:UNS 1", ":WAV:POIN:MODE RAW"] {
            talk.send(command).await?;
        }
        talk.send(&format!(":WAV:SOUR {input}")).await?;
        talk.send(":WAV:POIN MAX").await?;
        talk.done().await?;
        let mut answer = talk.ask(":WAV:PRE?").await?;
        // The first one after a record is sometimes not ready.
        if answer == "+0" {
            answer = talk.ask(":WAV:PRE?").await?;
        }
        let preamble = fields(&answer, 10)?;
        let at = |k: usize| preamble.get(k).copied().unwrap_or(0.0);
        let (xinc, xorig, xref, yinc, yorig, yref) = (at(4), at(5), at(6), at(7), at(8), at(9));
        Ok(Layout {
            points: at(2) as u64,
            period: xinc,
            start: xorig - xref * xinc,
            lsb: yinc,
            zero: yref - yorig / yinc - 32_768.0,
            coding: Coding::U16,
            // 0 is a hole, 1 and the largest are clipped; an eight-bit converter fills the high byte.
            rails: (-32_512, 32_512),
            step: 256.0,
        })
    }

    fn chunk(&self) -> u64 {
        u64::MAX
    }

    async fn fetch(&self, talk: &mut Talk, input: &str, _: u64, _: u64) -> Result<Vec<u8>, InstrumentFault> {
        talk.send(&format!(":WAV:SOUR {input}")).await?;
        talk.block(":WAV:DATA?").await
    }
}
