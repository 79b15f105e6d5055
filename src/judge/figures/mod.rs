//! Pictures of a case, taken while its recording is there: [`CaseFigures`].
//!
//! What they cost does not grow with the length of a recording beyond one look at the tables of pulses.

mod gap;
mod overview;
mod pulse;

use crate::measure::{ContactRecord, Recording};
use crate::quantity::{Dimension, engineering};
use crate::record::{CaseFigures, CheckFigure, CheckRecord, Verdict};
use crate::scenario::{Action, Case, Criterion, Measurand, Nominal};
use crate::signal::{Program, Recovery, Waveform};

use super::{Facts, Seen, Unit, Units, View, measurand};

pub(super) use pulse::{charge_error, chosen, is_charge};

/// Columns of a picture, where something is to be looked at and where all is well: of a pulse, and of anything else.
const PULSE: (usize, usize) = (1000, 160);
const COLUMNS: (usize, usize) = (480, 160);
/// Points of the units of a check, likewise.
const UNITS: (usize, usize) = (240, 60);

/// The pictures of a case whose checks were judged; of one that was not, those that need no check. `seen` are the units of the
/// checks in their order.
pub fn figures(
    case: &Case,
    facts: &Facts,
    recording: &Recording,
    checks: &[CheckRecord],
    seen: &[Seen],
) -> CaseFigures {
    let quiet = !checks.is_empty() && checks.iter().all(|check| check.verdict == Verdict::Pass);
    let pick = |(full, small): (usize, usize)| if quiet { small } else { full };
    let (columns, most_units, of_pulse) = (pick(COLUMNS), pick(UNITS), pick(PULSE));
    let main = recording.main().and_then(|contact| view_of(case, facts, recording, contact));
    let mut found = CaseFigures {
        version: CaseFigures::VERSION,
        case: 0,
        name: case.name.clone(),
        program: words(&case.program),
        period: case.program.period(),
        overview: overview::traces(case, facts, recording, columns, !quiet),
        marks: overview::marks(case, facts, recording),
        pulses: Vec::new(),
        overlay: main.as_ref().and_then(|view| overview::overlay(view, columns)),
        charge: main.as_ref().and_then(|view| overview::charges(view, most_units)),
        checks: Vec::new(),
    };
    for ((check, record), seen) in case.checks.iter().zip(checks).zip(seen) {
        let view = View::new(case, facts, recording, check).ok();
        let units = seen.points(&record.unit, most_units);
        let mut figure = CheckFigure {
            histogram: seen.histogram(&record.unit),
            units: units.filter(|units| units.count > 1),
            ..CheckFigure::default()
        };
        if let Some(view) = view {
            // A count is about a place in the train, if about any: no single pulse shows it.
            let counted = matches!(
                check.measurand,
                Measurand::PulseCount | Measurand::MissingPulses | Measurand::ExtraPulses
            );
            let whole = check.measurand.dimension() == Dimension::Number && record.worst.is_none();
            let bad = record.verdict != Verdict::Pass;
            if bad && (counted || record.worst.as_ref().is_none_or(|w| w.pulse.is_none())) {
                figure.around = overview::around(&view, record, columns);
            }
            // One picture is enough where all is well.
            if !counted && !whole && (!quiet || found.pulses.is_empty()) {
                figure.pulse = pulse::figure(&view, record, of_pulse, &mut found.pulses);
            }
            // Only of what did not pass all units are drawn.
            figure.varied = bad && figure.units.is_some() && varied(&view);
        }
        found.checks.push(figure);
    }
    if let Some(view) = main.filter(|_| found.pulses.is_empty()) {
        found.pulses.extend(pulse::first(&view, of_pulse));
    }
    found
}

/// Whether the limit is about a value that differs between the units by more than a line in a picture can hide.
fn varied(view: &View<'_>) -> bool {
    const HIDDEN: f64 = 0.1;
    let Criterion::Within { of: Nominal::Programmed | Nominal::Applied, tolerance } = view.check.criterion
    else {
        return false;
    };
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    let mut look = |unit: Unit| {
        if let Some(nominal) = unit.nominal {
            (low, high) = (low.min(nominal), high.max(nominal));
        }
    };
    // The check was measured like this before: its units are in the picture.
    let measured = measurand::measure(view, &mut Units::new(&mut look)).is_ok();
    measured && high - low > HIDDEN * tolerance.about(low.abs().min(high.abs()))
}

/// A contact as it is seen by no check in particular.
fn view_of<'a>(
    case: &'a Case,
    facts: &'a Facts,
    recording: &'a Recording,
    contact: &'a ContactRecord,
) -> Option<View<'a>> {
    View::besides_pulses(case, facts, recording, case.checks.first()?, contact).ok()
}

/// `2 mA · 200 µs cathodic first · gap 50 µs · mirrored · 50 Hz`.
fn words(program: &Program) -> String {
    let time = |seconds: f64| engineering(seconds, Dimension::Time, 5);
    let mut parts = vec![
        engineering(program.amplitude, Dimension::Current, 5),
        format!("{} {:?} first", time(program.width), program.leading).to_lowercase(),
    ];
    if program.gap > 0.0 {
        parts.push(format!("gap {}", time(program.gap)));
    }
    let waveform = program.waveform.name().to_owned();
    parts.push(match program.recovery {
        // Their own phases recover what they put in.
        _ if matches!(program.waveform, Waveform::Triphasic | Waveform::Alternating) => waveform,
        Recovery::Mirrored => waveform,
        Recovery::Ratio(ratio) => format!("recovery 1:{ratio}"),
        Recovery::Passive { duration, .. } => format!("passive recovery for {}", time(duration)),
        Recovery::None => "no recovery".to_owned(),
    });
    parts.extend(program.recharge.map(|duration| format!("recharge for {}", time(duration))));
    parts.push(engineering(program.rate, Dimension::Frequency, 5));
    parts.extend(program.burst.map(|burst| {
        format!("bursts of {} at {}", burst.pulses, engineering(burst.rate, Dimension::Frequency, 5))
    }));
    parts.extend(program.ramp.map(|ramp| format!("ramp {}", time(ramp.up))));
    parts.extend(
        program.cycle.map(|cycle| format!("on {} off {}", time(cycle.on_time), time(cycle.off_time))),
    );
    parts.join(" · ")
}

/// What a step is called in a picture; `None` for what is none of its business.
fn step_name(action: &Action, name: Option<&str>) -> Option<(String, bool)> {
    let (what, fault) = match action {
        Action::Start => ("start".to_owned(), false),
        Action::Stop => ("stop".to_owned(), false),
        Action::Set(_) | Action::Program(_) => ("program changed".to_owned(), false),
        Action::Inject(fault) => (fault.name().to_owned(), true),
        Action::Clear(fault) => (format!("{fault} cleared"), false),
        Action::HostSilence(_) => ("host silent".to_owned(), true),
        Action::Acknowledge => ("acknowledged".to_owned(), false),
        Action::Wait(_) | Action::Zero | Action::Probe(_) => {
            return name.map(|name| (name.to_owned(), false));
        }
    };
    Some((name.filter(|name| *name != what).map_or(what.clone(), |name| format!("{what} ({name})")), fault))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{Polarity, Run};

    #[test]
    fn an_alternating_train_is_not_said_to_recover_nothing() {
        let of = |waveform| {
            words(&Program {
                waveform,
                leading: Polarity::Cathodic,
                amplitude: 1e-3,
                width: 200e-6,
                gap: 0.0,
                recovery: Recovery::None,
                recharge: None,
                rate: 50.0,
                ramp: None,
                burst: None,
                cycle: None,
                contacts: Vec::new(),
                run: Run::UntilStopped,
            })
        };
        for (waveform, word) in [(Waveform::Alternating, "alternating"), (Waveform::Triphasic, "triphasic")] {
            let said = of(waveform);
            assert!(said.contains(word) && !said.contains("no recovery"), "{said}");
        }
        assert!(of(Waveform::Monophasic).contains("no recovery"));
    }
}
