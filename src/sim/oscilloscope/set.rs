//! What the simulated oscilloscope is told.

use crate::sim::analog::Analog;

use super::waveform::SCREEN;
use super::words::{Words, matches};
use super::{Oscilloscope, Stage};

type Setter = fn(&mut Oscilloscope, &Words<'_>, &mut Analog) -> Option<()>;

/// Commands as the manual writes them; what is taken and changes nothing is `ignored`.
const SETTERS: &[(&str, Setter)] = &[
    ("CHANnel:DISPlay", |scope, words, _| {
        scope.channel(words)?.shown = matches!(words.argument.to_ascii_uppercase().as_str(), "ON" | "1");
        Some(())
    }),
    ("CHANnel:SCALe", |scope, words, _| {
        scope.channel(words)?.scale = value(words).filter(|value| *value > 0.0)?;
        Some(())
    }),
    ("CHANnel:OFFSet", |scope, words, _| {
        scope.channel(words)?.offset = value(words)?;
        Some(())
    }),
    ("CHANnel:PROBe", |scope, words, _| {
        scope.channel(words)?.probe = value(words)?;
        Some(())
    }),
    ("CHANnel:COUPling", |scope, words, _| scope.channel(words).map(|_| ())),
    ("CHANnel:BWLimit", |scope, words, _| scope.channel(words).map(|_| ())),
    ("TIMebase:SCALe", time_scale),
    ("TIMebase:MAIN:SCALe", time_scale),
    ("TIMebase:OFFSet", time_offset),
    ("TIMebase:MAIN:OFFSet", time_offset),
    ("ACQuire:MDEPth", |scope, words, _| {
        // Not while it is stopped.
        if scope.stage == Stage::Stopped {
            return None;
        }
        let auto = words.argument.eq_ignore_ascii_case("AUTO");
        scope.depth = if auto { None } else { Some(value(words)? as u64) };
        Some(())
    }),
    ("TRIGger:EDGE:SOURce", |scope, words, _| {
        scope.edge.0 = input(words)?;
        Some(())
    }),
    ("TRIGger:EDGE:SLOPe", |scope, words, _| {
        scope.edge.1 = !matches(words.argument, "NEGative");
        Some(())
    }),
    ("TRIGger:EDGE:LEVel", |scope, words, _| {
        scope.edge.2 = value(words)?;
        Some(())
    }),
    ("RUN", |scope, _, analog| {
        scope.rest(Stage::Free, analog);
        Some(())
    }),
    ("STOP", |scope, _, analog| {
        scope.rest(Stage::Stopped, analog);
        Some(())
    }),
    ("SINGle", |scope, _, analog| {
        scope.arm(analog);
        Some(())
    }),
    ("TFORce", |scope, _, _| {
        if scope.stage == Stage::Armed {
            scope.trigger(scope.memory.end.max(scope.before(scope.taken.0)));
        }
        Some(())
    }),
    ("WAVeform:SOURce", |scope, words, _| {
        scope.source = input(words)?;
        Some(())
    }),
    ("WAVeform:MODE", |scope, words, _| {
        scope.raw = matches(words.argument, "RAW");
        scope.range = (1, if scope.raw { scope.taken.1 } else { SCREEN });
        Some(())
    }),
    ("WAVeform:FORMat", |_, words, _| matches(words.argument, "BYTE").then_some(())),
    ("WAVeform:STARt", |scope, words, _| {
        scope.range.0 = value(words)? as u64;
        Some(())
    }),
    ("WAVeform:STOP", |scope, words, _| {
        scope.range.1 = value(words)? as u64;
        Some(())
    }),
    ("*CLS", forget),
    ("*RST", forget),
    ("TIMebase:MODE", ignored),
    ("TRIGger:MODE", ignored),
    ("TRIGger:SWEep", ignored),
    ("TRIGger:COUPling", ignored),
    ("ACQuire:TYPE", ignored),
];

fn time_scale(scope: &mut Oscilloscope, words: &Words<'_>, _: &mut Analog) -> Option<()> {
    scope.scale = value(words).filter(|value| (5e-9..=50.0).contains(value))?;
    Some(())
}

fn time_offset(scope: &mut Oscilloscope, words: &Words<'_>, _: &mut Analog) -> Option<()> {
    scope.offset = value(words)?;
    Some(())
}

fn forget(scope: &mut Oscilloscope, _: &Words<'_>, _: &mut Analog) -> Option<()> {
    scope.errors.clear();
    Some(())
}

fn ignored(_: &mut Oscilloscope, _: &Words<'_>, _: &mut Analog) -> Option<()> {
    Some(())
}

/// The number that is the argument.
fn value(words: &Words<'_>) -> Option<f64> {
    words.argument.parse::<f64>().ok().filter(|value| value.is_finite())
}

/// The index of the input that is the argument.
fn input(words: &Words<'_>) -> Option<usize> {
    let digits = words.argument.trim_start_matches(|c: char| !c.is_ascii_digit());
    digits.parse::<usize>().ok()?.checked_sub(1).filter(|index| *index < 4)
}

impl Oscilloscope {
    /// Does what a command says; `None` when it knows no such, or cannot.
    pub(super) fn set(&mut self, words: &Words<'_>, analog: &mut Analog) -> Option<()> {
        let (_, setter) = SETTERS.iter().find(|(manual, _)| words.is(manual))?;
        setter(self, words, analog)
    }
}
