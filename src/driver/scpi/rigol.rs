//! Rigol: DS1000Z, MSO5000 (8 bits) and DHO (12 bits).

use async_trait::async_trait;

use super::dialect::{Coding, Dialect, Layout, Span, State, deep_enough, fields, one_two_five};
use super::talk::{Errors, Talk};
use super::trouble::Trouble;
use super::words::{DataSheet, Words};

/// A family.
pub(super) struct Rigol {
    pub(super) words: Words,
    divisions: f64,
    /// With one input in use.
    depths: &'static [u64],
    coding: Coding,
    format: &'static str,
    /// Codes between two levels of the converter.
    step: f64,
}

/// Of both families.
const COMMON: Words = Words {
    name: "Rigol DS1000Z",
    errors: Errors::Queue,
    hello: &[],
    // 3 % of full scale; 0.1 div + 2 mV.
    data_sheet: DataSheet { gain: 0.03, offset: (0.025, 2e-3), clock: 25e-6 },
    inputs: ["CHAN1", "CHAN2", "CHAN3", "CHAN4"],
    channel: &[
        ":{input}:DISP ON",
        ":{input}:COUP DC",
        ":{input}:PROB 1",
        ":{input}:SCAL {division}",
        ":{input}:OFFS 0",
    ],
    off: ":{input}:DISP OFF",
    trigger: &[
        ":TRIG:MODE EDGE",
        ":TRIG:EDGE:SOUR {input}",
        ":TRIG:EDGE:SLOP {slope}",
        ":TRIG:EDGE:LEV {level}",
    ],
    slopes: ["POS", "NEG"],
    arm: &[":SING"],
    force: ":TFOR",
    stop: ":STOP",
    select: &[":WAV:SOUR {input}", ":WAV:STAR {first}", ":WAV:STOP {last}"],
    data: ":WAV:DATA?",
    // Larger transfers hang the older firmware over USBTMC.
    chunk: 250_000,
};

pub(super) static DS1000Z: Rigol = Rigol {
    words: COMMON,
    divisions: 12.0,
    depths: &[12_000, 120_000, 1_200_000, 12_000_000, 24_000_000],
    coding: Coding::U8,
    format: "BYTE",
    step: 1.0,
};

pub(super) static DHO: Rigol = Rigol {
    words: Words { name: "Rigol DHO", chunk: 125_000, ..COMMON },
    divisions: 10.0,
    depths: &[1000, 10_000, 100_000, 1_000_000, 10_000_000, 25_000_000],
    coding: Coding::U16,
    format: "WORD",
    step: 16.0,
};

/// It runs before it waits; what it says once it was triggered does not last.
const STATES: [(&str, State); 6] = [
    ("wait", State::Ready),
    ("run", State::Filling),
    ("td", State::Triggered),
    ("t'd", State::Triggered),
    ("auto", State::Triggered),
    ("stop", State::Stopped),
];

#[async_trait]
impl Dialect for &'static Rigol {
    fn words(&self) -> &'static Words {
        &self.words
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
        let depths: Vec<(u64, u64)> =
            self.depths.iter().map(|depth| (depth / share, depth / share)).collect();
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

    async fn state(&self, talk: &mut Talk) -> Result<State, Trouble> {
        State::named(&talk.ask(":TRIG:STAT?").await?, &STATES)
    }

    async fn layout(&self, talk: &mut Talk, input: &str) -> Result<Layout, Trouble> {
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
}
