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
    depths: Depths,
    coding: Coding,
    format: &'static str,
    /// Codes between two levels of the converter.
    step: f64,
}

/// Which depths it has.
enum Depths {
    /// With one input in use; two share it, and so do three or four.
    Shared(&'static [u64]),
    /// These and no others, by name; the most with one input in use, with two, and with more.
    Listed(&'static [(u64, &'static str)], [u64; 3]),
}

impl Depths {
    /// The smallest that holds `samples` of each of `inputs`, else the largest, as it is said.
    fn enough(&self, samples: f64, inputs: usize) -> String {
        let of = |one, two, more| match inputs {
            0 | 1 => one,
            2 => two,
            _ => more,
        };
        match self {
            Self::Shared(depths) => {
                let share = of(1, 2, 4);
                let depths: Vec<(u64, u64)> =
                    depths.iter().map(|depth| (depth / share, depth / share)).collect();
                deep_enough(&depths, samples).to_string()
            }
            Self::Listed(depths, [one, two, more]) => {
                let most = of(*one, *two, *more);
                let depths: Vec<(u64, &str)> =
                    depths.iter().copied().filter(|(depth, _)| *depth <= most).collect();
                deep_enough(&depths, samples).to_owned()
            }
        }
    }
}

/// Of all families.
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
    plain: &[":{input}:INV OFF", ":{input}:IMP OMEG"],
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
    depths: Depths::Shared(&[12_000, 120_000, 1_200_000, 12_000_000, 24_000_000]),
    coding: Coding::U8,
    format: "BYTE",
    step: 1.0,
};

/// The powers of ten that MSO5000 and DHO have, and what the larger of them have beside.
const LISTED: &[(u64, &str)] = &[
    (1_000, "1k"),
    (10_000, "10k"),
    (100_000, "100k"),
    (1_000_000, "1M"),
    (10_000_000, "10M"),
    (25_000_000, "25M"),
    (50_000_000, "50M"),
    (100_000_000, "100M"),
];

pub(super) static MSO5000: Rigol = Rigol {
    words: Words { name: "Rigol MSO5000", ..COMMON },
    divisions: 10.0,
    // Of the model without options.
    depths: Depths::Listed(LISTED, [100_000_000, 50_000_000, 25_000_000]),
    coding: Coding::U8,
    format: "BYTE",
    step: 1.0,
};

pub(super) static DHO: Rigol = Rigol {
    words: Words { name: "Rigol DHO", chunk: 125_000, ..COMMON },
    divisions: 10.0,
    depths: Depths::Listed(LISTED, [25_000_000, 10_000_000, 1_000_000]),
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
        vec![
            // The depth is only taken while it runs.
            ":RUN".to_owned(),
            ":ACQ:TYPE NORM".to_owned(),
            format!(":ACQ:MDEP {}", self.depths.enough(span.sample_rate * shown, span.inputs)),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn depth(family: &'static Rigol, sample_rate: f64, inputs: usize) -> String {
        let said = family.time(&Span { before: 0.02, after: 0.48, sample_rate, inputs });
        said.iter().find_map(|command| command.strip_prefix(":ACQ:MDEP ")).unwrap().to_owned()
    }

    #[test]
    fn each_family_is_told_a_depth_that_it_has() {
        // Half a second is 0.6 s of twelve divisions, and 0.5 s of ten.
        assert_eq!(
            [1, 2, 3, 4].map(|inputs| depth(&DS1000Z, 9e4, inputs)),
            ["120000", "60000", "300000", "300000"]
        );
        assert_eq!([1, 2, 3].map(|inputs| depth(&DHO, 1e5, inputs)), ["100k", "100k", "100k"]);
        assert_eq!([1, 2, 3].map(|inputs| depth(&DHO, 1e8, inputs)), ["25M", "10M", "1M"]);
        assert_eq!([1, 2, 4].map(|inputs| depth(&MSO5000, 1e8, inputs)), ["50M", "50M", "25M"]);
    }
}
