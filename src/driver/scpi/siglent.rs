//! Siglent's older dialect: SDS1000X-E, SDS1000X, SDS2000X.

use async_trait::async_trait;

use super::dialect::{Coding, Dialect, Layout, Span, State, deep_enough, one_two_five};
use super::talk::{Errors, Talk};
use super::trouble::Trouble;
use super::words::{DataSheet, Words};

/// Divisions of the time axis.
const GRIDS: f64 = 14.0;

pub(super) struct Siglent;

pub(super) static WORDS: Words = Words {
    name: "Siglent, legacy",
    errors: Errors::Status,
    // Else every answer carries its header and its unit.
    hello: &["CHDR OFF"],
    // 3 % of full scale; 1.5 % of eight divisions + 1 mV.
    data_sheet: DataSheet { gain: 0.03, offset: (0.03, 1e-3), clock: 25e-6 },
    inputs: ["C1", "C2", "C3", "C4"],
    channel: &[
        "{input}:TRA ON",
        "{input}:CPL D1M",
        "{input}:ATTN 1",
        "{input}:VDIV {division}V",
        "{input}:OFST 0V",
    ],
    off: "{input}:TRA OFF",
    plain: &["{input}:INVS OFF"],
    trigger: &["TRSE EDGE,SR,{input},HT,OFF", "{input}:TRLV {level}V", "{input}:TRSL {slope}"],
    slopes: ["POS", "NEG"],
    arm: &["TRMD SINGLE", "ARM"],
    force: "FRTR",
    stop: "TRMD STOP",
    select: &["WFSU SP,1,NP,{count},FP,{from}"],
    data: "{input}:WF? DAT2",
    chunk: 500_000,
};

/// States as both of Siglent's dialects name them.
pub(super) const STATES: [(&str, State); 7] = [
    ("arm", State::Filling),
    ("ready", State::Ready),
    ("trig'd", State::Triggered),
    ("auto", State::Triggered),
    ("roll", State::Triggered),
    ("stop", State::Stopped),
    ("fstop", State::Stopped),
];

#[async_trait]
impl Dialect for Siglent {
    fn words(&self) -> &'static Words {
        &WORDS
    }

    fn time(&self, span: &Span) -> Vec<String> {
        let division = one_two_five(span.length() / GRIDS);
        let shown = division * GRIDS;
        let depths = [(7_000, "7K"), (70_000, "70K"), (700_000, "700K"), (7_000_000, "7M")];
        vec![
            // An average would hide the one pulse that strayed.
            "ACQW SAMPLING".to_owned(),
            format!("MSIZ {}", deep_enough(&depths, span.sample_rate * shown)),
            format!("TDIV {division:E}S"),
            format!("TRDL {:E}S", 0.5 * shown - span.before),
        ]
    }

    async fn state(&self, talk: &mut Talk) -> Result<State, Trouble> {
        // `INR?` clears what it tells; the state of the acquisition does not.
        let answer = talk.ask("SAST?").await?.to_ascii_lowercase();
        State::named(answer.trim_start_matches("sast "), &STATES)
    }

    async fn layout(&self, talk: &mut Talk, input: &str) -> Result<Layout, Trouble> {
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
}
