//! Rigol: DS1000Z, MSO5000 (8 bits) and DHO (12 bits).

use async_trait::async_trait;

use crate::instrument::InstrumentFault;

use super::dialect::{
    Coding, DataSheet, Dialect, Edge, Layout, Span, State, deep_enough, fields, one_two_five,
};
use super::talk::{Errors, Talk};

/// A family.
pub(super) struct Rigol {
    name: &'static str,
    divisions: f64,
    depths: &'static [u64],
    coding: Coding,
    format: &'static str,
    /// Samples of one transfer: larger ones hang the older firmware over USBTMC.
    chunk: u64,
    /// Codes between two levels of the converter.
    step: f64,
    data_sheet: DataSheet,
}

pub(super) const DS1000Z: Rigol = Rigol {
    name: "Rigol DS1000Z",
    divisions: 12.0,
    depths: &[12_000, 120_000, 1_200_000, 12_000_000, 24_000_000],
    coding: Coding::U8,
    format: "BYTE",
    chunk: 250_000,
    step: 1.0,
    // 3 % of full scale; 0.1 div + 2 mV.
    data_sheet: DataSheet { gain: 0.03, offset: (0.025, 2e-3), clock: 25e-6 },
};

pub(super) const DHO: Rigol = Rigol {
    name: "Rigol DHO",
    divisions: 10.0,
    depths: &[1000, 10_000, 100_000, 1_000_000, 10_000_000, 25_000_000],
    coding: Coding::U16,
    format: "WORD",
    chunk: 125_000,
    step: 16.0,
    data_sheet: DataSheet { gain: 0.03, offset: (0.025, 2e-3), clock: 25e-6 },
};

#[async_trait]
impl Dialect for Rigol {
    fn name(&self) -> &'static str {
        self.name
    }

    fn errors(&self) -> Errors {
        Errors::Queue
    }

    fn data_sheet(&self) -> DataSheet {
        self.data_sheet
    }

    fn inputs(&self) -> &'static [&'static str] {
        &["CHAN1", "CHAN2", "CHAN3", "CHAN4"]
    }

    fn stop(&self) -> &'static str {
        ":STOP"
    }

    fn channel(&self, input: &str, full: f64) -> Vec<String> {
        vec![
            format!(":{input}:DISP ON"),
            format!(":{input}:COUP DC"),
            format!(":{input}:PROB 1"),
            format!(":{input}:SCAL {:E}", full / 4.0),
            format!(":{input}:OFFS 0"),
        ]
    }

    fn off(&self, input: &str) -> String {
        format!(":{input}:DISP OFF")
    }

    fn time(&self, span: &Span) -> Vec<String> {
        let division = one_two_five(span.length() / self.divisions);
        let shown = division * self.divisions;
        // What several inputs share.
        let share = match span.inputs {
            0 | 1 => 1,
            2 => 2,
            _ => 4,
        };
        let depths: Vec<u64> = self.depths.iter().map(|depth| depth / share).collect();
        vec![
            // The depth is only taken while it runs.
            ":RUN".to_owned(),
            ":ACQ:TYPE NORM".to_owned(),
            format!(":ACQ:MDEP {}", deep_enough(&depths, span.sample_rate * shown)),
            ":STOP".to_owned(),
            ":TIM:MODE MAIN".to_owned(),
            format!(":TIM:SCAL {division:E}"),
            format!(":TIM:OFFS {:E}", 0.5 * shown - span.before),
        ]
    }

    fn trigger(&self, edge: &Edge) -> Vec<String> {
        vec![
            ":TRIG:MODE EDGE".to_owned(),
            format!(":TRIG:EDGE:SOUR {}", edge.input),
            format!(":TRIG:EDGE:SLOP {}", if edge.rising { "POS" } else { "NEG" }),
            format!(":TRIG:EDGE:LEV {:E}", edge.level),
        ]
    }

    fn arm(&self) -> Vec<&'static str> {
        vec![":SING"]
    }

    fn force(&self) -> &'static str {
        ":TFOR"
    }

    async fn state(&self, talk: &mut Talk) -> Result<State, InstrumentFault> {
        let answer = talk.ask(":TRIG:STAT?").await?;
        match answer.as_str() {
            "WAIT" => Ok(State::Waiting),
            "TD" | "RUN" | "AUTO" => Ok(State::Running),
            "STOP" => Ok(State::Stopped),
            other => Err(InstrumentFault::Protocol(format!("`{other}` is no state of a trigger"))),
        }
    }

    async fn layout(&self, talk: &mut Talk, input: &str) -> Result<Layout, InstrumentFault> {
        talk.send(&format!(":WAV:SOUR {input}")).await?;
        // Some firmware only takes RAW when it comes from another mode.
        for command in [":WAV:MODE NORM", ":WAV:MODE RAW"] {
            talk.send(command).await?;
        }
        talk.send(&format!(":WAV:FORM {}", self.format)).await?;
        talk.done().await?;
        let preamble = fields(&talk.ask(":WAV:PRE?").await?, 10)?;
        let at = |k: usize| preamble.get(k).copied().unwrap_or(0.0);
        // The preamble of a DHO gives the size of a page.
        let points = if self.coding == Coding::U8 { at(2) } else { talk.number(":ACQ:MDEP?").await? };
        let shift = if self.coding == Coding::U16 { 32_768.0 } else { 0.0 };
        let rails = if self.coding == Coding::U8 { (0, 255) } else { (i16::MIN, 32_752) };
        Ok(Layout {
            points: points as u64,
            period: at(4),
            start: at(5) - at(6) * at(4),
            lsb: at(7),
            zero: at(8) + at(9) - shift,
            coding: self.coding,
            rails,
            step: self.step,
        })
    }

    fn chunk(&self) -> u64 {
        self.chunk
    }

    async fn fetch(
        &self,
        talk: &mut Talk,
        input: &str,
        from: u64,
        count: u64,
    ) -> Result<Vec<u8>, InstrumentFault> {
        talk.send(&format!(":WAV:SOUR {input}")).await?;
        talk.send(&format!(":WAV:STAR {}", from + 1)).await?;
        talk.send(&format!(":WAV:STOP {}", from + count)).await?;
        talk.block(":WAV:DATA?").await
    }
}
