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
/// Divisions that all codes of a converter span, by what is stated of it: from what is shown to a quarter more.
const SPAN: (f64, f64) = (8.0, 11.0);

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
    plain: &[":CHANNEL{number}:INVERT OFF", ":CHANNEL{number}:IMPEDANCE ONEMEG"],
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
            // An average would hide the one pulse that strayed.
            ":ACQUIRE:TYPE NORMAL".to_owned(),
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
        let bits = block
            .get(172..)
            .and_then(|rest| rest.first_chunk::<2>())
            .map_or(0, |two| u16::from_le_bytes(*two));
        let (coding, rails, step) = width(bits, float(164))?;
        // What has more bits than a byte is only whole in two.
        let word = if coding == Coding::I8 { "BYTE" } else { "WORD" };
        talk.send(&format!(":WAVEFORM:WIDTH {word}")).await?;
        talk.done().await?;
        let lsb = volts * probe / float(164);
        Ok(Layout {
            points: points as u64,
            period,
            start: delay.map_or(0.0, |bytes| f64::from_le_bytes(*bytes)),
            lsb,
            zero: offset * probe / lsb,
            coding,
            rails,
            step,
        })
    }
}

/// How codes of so many bits are sent, where they end, and the codes between two levels of the converter; `codes` stand for a
/// division. Models and modes differ in both, so what is stated counts, as long as it is of one piece.
fn width(bits: u16, codes: f64) -> Result<(Coding, (i16, i16), f64), Trouble> {
    let levels = 2_f64.powi(i32::from(bits.min(32)));
    if !(8..=16).contains(&bits) || !codes.is_finite() || !(SPAN.0..=SPAN.1).contains(&(levels / codes)) {
        let what = format!("a preamble of {bits} bits with {codes} codes in a division, which cannot be");
        return Err(Trouble::Record(what));
    }
    let half = (levels / 2.0) as i32;
    let rail = |code: i32| i16::try_from(code).unwrap_or(if code < 0 { i16::MIN } else { i16::MAX });
    Ok(match bits {
        8 => (Coding::I8, (-128, 127), 1.0),
        // Twelve bits or eight in the high part of sixteen.
        16 => (Coding::I16, (i16::MIN, 0x7f00), 16.0),
        _ => (Coding::I16, (rail(-half), rail(half - 1)), 1.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_preamble_states_of_its_codes_counts_and_must_be_of_one_piece() {
        assert_eq!(width(8, 30.0).unwrap(), (Coding::I8, (-128, 127), 1.0));
        assert_eq!(width(16, 6400.0).unwrap().0, Coding::I16);
        assert_eq!(width(12, 480.0).unwrap(), (Coding::I16, (-2048, 2047), 1.0));
        for (bits, codes) in [
            (8, 0.0),
            (8, -30.0),
            (8, f64::NAN),
            (0, 30.0),
            (16, 30.0),
            (8, 7680.0),
            (17, 12_800.0),
            (12, 170.0),
        ] {
            assert!(width(bits, codes).is_err(), "{bits} {codes}");
        }
    }
}
