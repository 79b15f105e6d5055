//! What the simulated oscilloscope answers.

use super::waveform::MIDDLE;
use super::words::Words;
use super::{DIVISIONS, FASTEST, Oscilloscope, Stage};

type Answer = fn(&mut Oscilloscope, &Words<'_>) -> Option<String>;

/// Queries as the manual writes them.
const ANSWERS: &[(&str, Answer)] = &[
    ("*IDN", |_, _| text("RIGOL TECHNOLOGIES,DS1104Z,SIM-SCOPE-001,00.04.04.SP4")),
    ("*OPC", |_, _| text("1")),
    ("*ESR", |_, _| text("0")),
    ("*STB", |_, _| text("0")),
    ("SYSTem:ERRor", |scope, _| Some(scope.first_error())),
    ("SYSTem:ERRor:NEXT", |scope, _| Some(scope.first_error())),
    ("CHANnel:DISPlay", |scope, words| Some(u8::from(scope.channel(words)?.shown).to_string())),
    ("CHANnel:SCALe", |scope, words| number(scope.channel(words)?.scale)),
    ("CHANnel:OFFSet", |scope, words| number(scope.channel(words)?.offset)),
    ("CHANnel:PROBe", |scope, words| number(scope.channel(words)?.probe)),
    ("CHANnel:COUPling", |_, _| text("DC")),
    ("TIMebase:SCALe", |scope, _| number(scope.scale)),
    ("TIMebase:MAIN:SCALe", |scope, _| number(scope.scale)),
    ("TIMebase:OFFSet", |scope, _| number(scope.offset)),
    ("TIMebase:MAIN:OFFSet", |scope, _| number(scope.offset)),
    ("TIMebase:MODE", |_, _| text("MAIN")),
    ("ACQuire:MDEPth", |scope, _| {
        Some(scope.depth.map_or_else(|| "AUTO".to_owned(), |depth| depth.to_string()))
    }),
    ("ACQuire:SRATe", |scope, _| number((scope.points() as f64 / (DIVISIONS * scope.scale)).min(FASTEST))),
    ("ACQuire:TYPE", |_, _| text("NORM")),
    ("TRIGger:STATus", |scope, _| text(scope.status())),
    ("TRIGger:MODE", |_, _| text("EDGE")),
    ("TRIGger:SWEep", |_, _| text("SING")),
    ("TRIGger:EDGE:SOURce", |scope, _| Some(format!("CHAN{}", scope.edge.0 + 1))),
    ("TRIGger:EDGE:SLOPe", |scope, _| text(if scope.edge.1 { "POS" } else { "NEG" })),
    ("TRIGger:EDGE:LEVel", |scope, _| number(scope.edge.2)),
    ("WAVeform:PREamble", |scope, _| Some(scope.preamble())),
    ("WAVeform:XINCrement", |scope, _| number(scope.period())),
    ("WAVeform:XORigin", |scope, _| number(scope.origin())),
    ("WAVeform:XREFerence", |_, _| text("0")),
    ("WAVeform:YINCrement", |scope, _| number(scope.level().0)),
    ("WAVeform:YORigin", |scope, _| Some(format!("{:.0}", scope.level().1))),
    ("WAVeform:YREFerence", |_, _| Some(format!("{MIDDLE:.0}"))),
    ("WAVeform:SOURce", |scope, _| Some(format!("CHAN{}", scope.source + 1))),
    ("WAVeform:MODE", |scope, _| text(if scope.raw { "RAW" } else { "NORM" })),
    ("WAVeform:FORMat", |_, _| text("BYTE")),
    ("WAVeform:STARt", |scope, _| Some(scope.range.0.to_string())),
    ("WAVeform:STOP", |scope, _| Some(scope.range.1.to_string())),
];

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn number(value: f64) -> Option<String> {
    Some(format!("{value:.6e}"))
}

impl Oscilloscope {
    /// Answers a query; `None` when it knows no such.
    pub(super) fn query(&mut self, words: &Words<'_>) -> Option<()> {
        if words.is("WAVeform:DATA") {
            self.data();
            return Some(());
        }
        let (_, answer) = ANSWERS.iter().find(|(manual, _)| words.is(manual))?;
        let text = answer(self, words)?;
        self.out.put(text.as_bytes());
        self.out.put(b"\n");
        Some(())
    }

    fn first_error(&mut self) -> String {
        let first = if self.errors.is_empty() { "0,\"No error\"" } else { self.errors.remove(0) };
        first.to_owned()
    }

    /// It runs while it takes what lies before the trigger, and waits once it has it.
    fn status(&self) -> &'static str {
        match self.stage {
            Stage::Stopped => "STOP",
            Stage::Free => "AUTO",
            Stage::Armed if self.memory.end < self.before(self.taken.0) => "RUN",
            Stage::Armed => "WAIT",
            Stage::Triggered(_) => "TD",
        }
    }
}
