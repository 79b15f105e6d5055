//! Tektronix: TBS1000 and 2000, MSO and DPO 2 to 6.

use async_trait::async_trait;

use super::dialect::{Coding, Dialect, Layout, Span, State, deep_enough, one_two_five};
use super::talk::{Errors, Talk};
use super::trouble::Trouble;
use super::words::{DataSheet, Words};

pub(super) struct Tektronix {
    /// MSO and DPO: the sample rate and the record length are set themselves, not by the time scale.
    pub deep: bool,
}

pub(super) static WORDS: Words = Words {
    name: "Tektronix",
    errors: Errors::Status,
    hello: &["HEADER OFF", "VERBOSE OFF"],
    // 3 % of full scale; 0.2 div + 2 mV.
    data_sheet: DataSheet { gain: 0.03, offset: (0.05, 2e-3), clock: 50e-6 },
    inputs: ["CH1", "CH2", "CH3", "CH4"],
    channel: &[
        "SEL:{input} ON",
        "{input}:COUP DC",
        // Before the scale, which counts it in.
        "{input}:PRO:GAIN 1",
        "{input}:SCA {division}",
        "{input}:POS 0",
        "{input}:OFFS 0",
    ],
    off: "SEL:{input} OFF",
    plain: &["{input}:INV OFF", "{input}:TER MEG"],
    trigger: &[
        "TRIG:A:TYP EDGE",
        "TRIG:A:MOD NORM",
        "TRIG:A:EDGE:SOU {input}",
        "TRIG:A:EDGE:SLO {slope}",
        "TRIG:A:LEV:{input} {level}",
    ],
    slopes: ["RIS", "FALL"],
    arm: &["ACQ:STOPA SEQ", "ACQ:STATE ON"],
    force: "TRIG FORC",
    stop: "ACQ:STATE OFF",
    select: &["DAT:SOU {input}", "DAT:STAR {first}", "DAT:STOP {last}"],
    data: "CURV?",
    chunk: 500_000,
};

/// Divisions of the time axis of a TBS2000.
const DIVISIONS: f64 = 15.0;
/// Record lengths of a TBS2000.
const LENGTHS: [u64; 6] = [2_000, 20_000, 200_000, 2_000_000, 5_000_000, 20_000_000];

const STATES: [(&str, State); 5] = [
    ("arm", State::Filling),
    ("rea", State::Ready),
    ("trig", State::Triggered),
    ("sav", State::Filling),
    ("auto", State::Triggered),
];

#[async_trait]
impl Dialect for Tektronix {
    fn words(&self) -> &'static Words {
        &WORDS
    }

    fn time(&self, span: &Span) -> Vec<String> {
        let mut commands = vec!["ACQ:MOD SAM".to_owned(), "HOR:DEL:MOD OFF".to_owned()];
        if self.deep {
            commands.push("HOR:MODE MAN".to_owned());
            commands.push(format!("HOR:MODE:SAMPLER {:E}", span.sample_rate));
            commands.push(format!("HOR:MODE:RECO {:.0}", (span.sample_rate * span.length()).ceil()));
            commands.push(format!("HOR:POS {:.3}", 100.0 * span.before / span.length()));
        } else {
            let division = one_two_five(span.length() / DIVISIONS);
            let shown = division * DIVISIONS;
            let length = deep_enough(&LENGTHS.map(|length| (length, length)), span.sample_rate * shown);
            commands.push(format!("HOR:RECO {length}"));
            commands.push(format!("HOR:SCA {division:E}"));
            commands.push(format!("HOR:POS {:.3}", 100.0 * span.before / shown));
        }
        commands
    }

    async fn state(&self, talk: &mut Talk) -> Result<State, Trouble> {
        if talk.number("ACQ:STATE?").await? == 0.0 {
            return Ok(State::Stopped);
        }
        State::named(&talk.ask("TRIG:STATE?").await?, &STATES)
    }

    async fn layout(&self, talk: &mut Talk, input: &str) -> Result<Layout, Trouble> {
        // A probe that says what it is keeps its own, whatever was set: its volts would be those at its tip.
        let gain = talk.number(&format!("{input}:PRO:GAIN?")).await?;
        if (gain - 1.0).abs() > 1e-6 {
            return Err(Trouble::Other(format!(
                "a probe with a gain of {gain} is plugged into {input}: use one without an identity, with its attenuation as `probe` in the rig file, or a cable"
            )));
        }
        for command in [&format!("DAT:SOU {input}"), "DAT:ENC SRI", "DAT:WID 2"] {
            talk.send(command).await?;
        }
        talk.done().await?;
        // One field at a time: the full preamble has 22 or 24 of them, and some firmware drops one.
        let points = talk.number("HOR:RECO?").await?;
        let period = talk.number("WFMO:XIN?").await?;
        let (zero, first) = (talk.number("WFMO:XZE?").await?, talk.number("WFMO:PT_O?").await?);
        let (lsb, offset, base) = (
            talk.number("WFMO:YMU?").await?,
            talk.number("WFMO:YOF?").await?,
            talk.number("WFMO:YZE?").await?,
        );
        Ok(Layout {
            points: points as u64,
            period,
            start: zero - first * period,
            lsb,
            zero: offset - base / lsb,
            coding: Coding::I16,
            // An eight-bit converter fills the high byte.
            rails: (i16::MIN, 0x7f00),
            step: 256.0,
        })
    }
}
