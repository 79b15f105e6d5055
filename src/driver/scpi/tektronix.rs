//! Tektronix: TBS1000 and 2000, MSO and DPO 2 to 6.

use async_trait::async_trait;

use crate::instrument::InstrumentFault;

use super::dialect::{Coding, DataSheet, Dialect, Edge, Layout, Span, State, one_two_five};
use super::talk::{Errors, Talk};

pub(super) struct Tektronix {
    /// MSO and DPO: the sample rate and the record length are set themselves, not by the time scale.
    pub deep: bool,
}

/// Divisions of the time axis of a TBS2000.
const DIVISIONS: f64 = 15.0;
/// Record lengths of a TBS2000.
const LENGTHS: [u64; 6] = [2_000, 20_000, 200_000, 2_000_000, 5_000_000, 20_000_000];

#[async_trait]
impl Dialect for Tektronix {
    fn name(&self) -> &'static str {
        "Tektronix"
    }

    fn errors(&self) -> Errors {
        Errors::Status
    }

    fn hello(&self) -> &'static [&'static str] {
        &["HEADER OFF", "VERBOSE OFF"]
    }

    fn data_sheet(&self) -> DataSheet {
        // 3 % of full scale; 0.2 div + 2 mV.
        DataSheet { gain: 0.03, offset: (0.05, 2e-3), clock: 50e-6 }
    }

    fn inputs(&self) -> &'static [&'static str] {
        &["CH1", "CH2", "CH3", "CH4"]
    }

    fn stop(&self) -> &'static str {
        "ACQ:STATE OFF"
    }

    fn channel(&self, input: &str, full: f64) -> Vec<String> {
        vec![
            format!("SEL:{input} ON"),
            format!("{input}:COUP DC"),
            format!("{input}:SCA {:E}", full / 4.0),
            format!("{input}:POS 0"),
            format!("{input}:OFFS 0"),
        ]
    }

    fn off(&self, input: &str) -> String {
        format!("SEL:{input} OFF")
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
            let length = super::dialect::deep_enough(&LENGTHS, span.sample_rate * shown);
            commands.push(format!("HOR:RECO {length}"));
            commands.push(format!("HOR:SCA {division:E}"));
            commands.push(format!("HOR:POS {:.3}", 100.0 * span.before / shown));
        }
        commands
    }

    fn trigger(&self, edge: &Edge) -> Vec<String> {
        vec![
            "TRIG:A:TYP EDGE".to_owned(),
            "TRIG:A:MOD NORM".to_owned(),
            format!("TRIG:A:EDGE:SOU {}", edge.input),
            format!("TRIG:A:EDGE:SLO {}", if edge.rising { "RIS" } else { "FALL" }),
            format!("TRIG:A:LEV:{} {:E}", edge.input, edge.level),
        ]
    }

    fn arm(&self) -> Vec<&'static str> {
        vec!["ACQ:STOPA SEQ", "ACQ:STATE ON"]
    }

    fn force(&self) -> &'static str {
        "TRIG FORC"
    }

    async fn state(&self, talk: &mut Talk) -> Result<State, InstrumentFault> {
        if talk.number("ACQ:STATE?").await? == 0.0 {
            return Ok(State::Stopped);
        }
        let answer = talk.ask("TRIG:STATE?").await?.to_ascii_uppercase();
        Ok(if answer.starts_with("TRIG") || answer.starts_with("SAV") || answer.starts_with("AUTO") {
            State::Running
        } else {
            State::Waiting
        })
    }

    async fn layout(&self, talk: &mut Talk, input: &str) -> Result<Layout, InstrumentFault> {
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
        talk.send(&format!("DAT:SOU {input}")).await?;
        talk.send(&format!("DAT:STAR {}", from + 1)).await?;
        talk.send(&format!("DAT:STOP {}", from + count)).await?;
        talk.block("CURV?").await
    }
}
