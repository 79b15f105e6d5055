//! What the language knows and the runner does not yet: one table. Supporting a feature removes its row.

use crate::rig::{DefectKind, Driver, Rig};
use crate::signal::{Law, Program, Waveform};
use crate::source::{Diagnostic, Place};

use super::super::{Action, Case, Measurand, Statistic};

/// Something a scenario or a rig can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    /// A waveform.
    Waveform(Waveform),
    /// The law of a ramp.
    Law(Law),
    /// A recharge besides an active recovery.
    Recharge,
    /// Bursts.
    Burst,
    /// On and off times.
    Cycle,
    /// A step while running, by name.
    Step(&'static str),
    /// A statistic.
    Statistic(Statistic),
    /// A measurand.
    Measurand(Measurand),
    /// A defect of a simulated stimulator.
    Defect(DefectKind),
    /// A driver.
    Driver(Driver),
}

/// The table.
pub const NOT_YET: &[Feature] = {
    use {DefectKind as D, Feature as F, Measurand as M};
    &[
        F::Waveform(Waveform::Triphasic),
        F::Waveform(Waveform::Alternating),
        F::Recharge,
        F::Burst,
        F::Measurand(M::BurstRate),
        F::Measurand(M::BurstPulses),
        F::Measurand(M::ResidualVoltageError),
        F::Measurand(M::ChargeDensity),
        F::Measurand(M::ShannonK),
        F::Defect(D::BurstCountError),
        F::Defect(D::RechargeStuck),
        F::Defect(D::BlockingCapacitorShorted),
        F::Driver(Driver::Native),
        F::Driver(Driver::Stimjim),
        F::Driver(Driver::PulsePal),
        F::Driver(Driver::ScienceMode),
        F::Driver(Driver::Template),
        F::Driver(Driver::Exec),
        F::Driver(Driver::Manual),
        F::Driver(Driver::Scpi),
        F::Driver(Driver::Sigrok),
        F::Driver(Driver::Recorded),
    ]
};

impl Feature {
    /// How a message names it.
    fn described(self) -> String {
        match self {
            Self::Waveform(waveform) => format!("a {waveform:?} waveform").to_lowercase(),
            Self::Law(Law::QuarterSine) => "a quarter-sine ramp".to_owned(),
            Self::Law(law) => format!("a {law:?} ramp").to_lowercase(),
            Self::Recharge => "a recharge after an active recovery".to_owned(),
            Self::Burst => "a burst".to_owned(),
            Self::Cycle => "cycling".to_owned(),
            Self::Step(name) => format!("`{name}` while running"),
            Self::Statistic(_) => "the statistic `p99`".to_owned(),
            Self::Measurand(measurand) => format!("the measurand `{}`", measurand.name()),
            Self::Defect(defect) => format!("the defect `{}`", defect.name()),
            Self::Driver(driver) => format!("the driver `{}`", driver.name()),
        }
    }
}

/// Everything a case on a rig asks for that is in the table, at its line.
pub(super) fn find(case: &Case, rig: &Rig) -> Vec<Diagnostic> {
    let mut asked = Vec::new();
    of_program(case, &case.program, "program", &mut asked);
    of_steps(case, &mut asked);
    for (index, check) in case.checks.iter().enumerate() {
        let path = format!("expect[{index}].{}", check.measurand.name());
        asked.push((Feature::Measurand(check.measurand), case.places.find(&path)));
        asked.push((Feature::Statistic(check.statistic), case.places.find(&format!("{path}.statistic"))));
    }
    for defect in rig.sim.iter().flat_map(|sim| &sim.defects) {
        let path = format!("sim.defects.{}", defect.kind.name());
        asked.push((Feature::Defect(defect.kind), rig.places.find(&path)));
    }
    asked.push((Feature::Driver(rig.stimulator), rig.places.find("stimulator.driver")));
    asked.push((Feature::Driver(rig.load), rig.places.find("load.driver")));
    let missing = asked.into_iter().filter(|(feature, _)| NOT_YET.contains(feature));
    missing
        .map(|(feature, place)| place.error(&format!("{} cannot be run yet", feature.described()), None))
        .collect()
}

fn of_program(case: &Case, program: &Program, path: &str, asked: &mut Vec<(Feature, Place)>) {
    let ramp = program.ramp.map(|ramp| Feature::Law(ramp.law));
    let features = [
        ("waveform", Some(Feature::Waveform(program.waveform))),
        ("ramp", ramp),
        ("recharge", program.recharge.map(|_| Feature::Recharge)),
        ("burst", program.burst.map(|_| Feature::Burst)),
        ("cycle", program.cycle.map(|_| Feature::Cycle)),
    ];
    for (key, feature) in features {
        // What a later program inherits is asked for where it is written.
        let path = format!("{path}.{key}");
        asked.extend(
            feature.filter(|_| case.places.has(&path)).map(|feature| (feature, case.places.find(&path))),
        );
    }
}

fn of_steps(case: &Case, asked: &mut Vec<(Feature, Place)>) {
    let mut running = false;
    for (index, step) in case.steps.iter().enumerate() {
        let path = |name: &str| format!("steps[{index}].{name}");
        let place = |name: &str| case.places.find(&path(name));
        match &step.action {
            Action::Start => running = true,
            Action::Stop => running = false,
            Action::Set(program) => {
                asked.push((Feature::Step("set"), place("set")));
                of_program(case, program, &path("set"), asked);
            }
            Action::Program(program) => {
                if running {
                    asked.push((Feature::Step("program"), place("program")));
                }
                of_program(case, program, &path("program"), asked);
            }
            Action::Wait(_)
            | Action::Inject(_)
            | Action::Probe(_)
            | Action::Clear(_)
            | Action::Acknowledge
            | Action::HostSilence(_)
            | Action::Zero => {}
        }
    }
}
