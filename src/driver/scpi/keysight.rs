//! Keysight InfiniiVision 2000X, 3000X, 1200X and EDUX.

use async_trait::async_trait;

use super::dialect::{Coding, Dialect, Layout, Span, State, fields};
use super::talk::{Errors, Talk};
use super::trouble::Trouble;
use super::words::{DataSheet, Words};

pub(super) struct InfiniiVision;

pub(super) static WORDS: Words = Words {
    name: "Keysight InfiniiVision",
    errors: Errors::Queue,
    hello: &[],
    // 3 % of full scale; 0.1 div + 2 mV + 1 % of the offset.
    data_sheet: DataSheet { gain: 0.03, offset: (0.025, 2e-3), clock: 50e-6 },
    inputs: ["CHAN1", "CHAN2", "CHAN3", "CHAN4"],
    channel: &[
        ":{input}:DISP 1",
        ":{input}:COUP DC",
        ":{input}:PROB 1",
        ":{input}:RANG {range}",
        ":{input}:OFFS 0",
    ],
    off: ":{input}:DISP 0",
    plain: &[":{input}:INV 0", ":{input}:IMP ONEM"],
    trigger: &[
        ":TRIG:MODE EDGE",
        ":TRIG:SOUR {input}",
        ":TRIG:SLOP {slope}",
        ":TRIG:LEV {level}",
        ":TRIG:SWE NORM",
    ],
    slopes: ["POS", "NEG"],
    arm: &[":SING"],
    force: ":TRIG:FORC",
    stop: ":STOP",
    select: &[":WAV:SOUR {input}"],
    data: ":WAV:DATA?",
    chunk: u64::MAX,
};

impl InfiniiVision {
    /// Whether it acquires.
    async fn runs(talk: &mut Talk) -> Result<bool, Trouble> {
        Ok(talk.number(":OPER:COND?").await? as u32 & 8 != 0)
    }
}

#[async_trait]
impl Dialect for InfiniiVision {
    fn words(&self) -> &'static Words {
        &WORDS
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

    async fn state(&self, talk: &mut Talk) -> Result<State, Trouble> {
        if !Self::runs(talk).await? {
            return Ok(State::Stopped);
        }
        // Reading clears it: it says so once.
        Ok(if talk.number(":TER?").await? == 1.0 { State::Triggered } else { State::Ready })
    }

    async fn armed(&self, talk: &mut Talk) -> Result<State, Trouble> {
        if !Self::runs(talk).await? {
            return Ok(State::Stopped);
        }
        // It says once that the samples before the trigger are held, and the trigger heeded.
        Ok(if talk.number(":AER?").await? == 1.0 { State::Ready } else { State::Filling })
    }

    async fn layout(&self, talk: &mut Talk, input: &str) -> Result<Layout, Trouble> {
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
}
