//! Defects that could not act on the simulated end of a rig's stimulator: they would look like a pass.

use crate::source::Diagnostic;

use super::{DefectKind, Driver, Rig};

/// What the output stage of every simulated stimulator can have.
const OF_EVERY_OUTPUT: &[DefectKind] = &[
    DefectKind::GainError,
    DefectKind::OffsetCurrent,
    DefectKind::PhaseMismatch,
    DefectKind::DeadChannel,
    DefectKind::SwappedContacts,
    DefectKind::ShareError,
    DefectKind::DcLeakage,
    DefectKind::Overshoot,
    DefectKind::SlowEdges,
    DefectKind::Droop,
    DefectKind::Crosstalk,
    DefectKind::PolarityReversed,
    DefectKind::ComplianceLow,
    DefectKind::ClockError,
    DefectKind::BlockingCapacitorShorted,
];
/// What the trains of every simulated stimulator can have.
const OF_EVERY_TRAIN: &[DefectKind] = &[
    DefectKind::RateError,
    DefectKind::WidthError,
    DefectKind::SecondPhaseWidthError,
    DefectKind::MissingPulseEvery,
    DefectKind::MissingRecoveryEvery,
    DefectKind::StartDelay,
    DefectKind::StopIgnored,
];
/// What a wire of its own can have.
const OF_A_WIRE: &[DefectKind] = &[DefectKind::CorruptReplies, DefectKind::DropsReplies];
/// What a device can have that finishes its pulse on a stop, and connects its contacts.
const OF_STOP_AND_RECHARGE: &[DefectKind] = &[DefectKind::TruncatedPulseOnStop, DefectKind::RechargeStuck];
/// What a device can have that plays bursts by itself.
const OF_BURSTS: &[DefectKind] = &[DefectKind::BurstCountError];
/// What only a device that supervises itself can have.
const OF_SUPERVISION: &[DefectKind] =
    &[DefectKind::WatchdogDisabled, DefectKind::WatchdogSlow, DefectKind::IgnoresOpenLead];

/// Whether a defect acts on the simulated end of a driver.
fn acts_on(kind: DefectKind, driver: Driver) -> bool {
    let sets: &[&[DefectKind]] = match driver {
        Driver::Simulated | Driver::Native => return true,
        Driver::Stimjim => &[OF_A_WIRE, OF_STOP_AND_RECHARGE],
        Driver::PulsePal => &[OF_A_WIRE, OF_BURSTS],
        Driver::ScienceMode => &[OF_A_WIRE, OF_SUPERVISION],
        Driver::Template => &[OF_A_WIRE, OF_STOP_AND_RECHARGE, &[DefectKind::GapError]],
        Driver::Exec | Driver::Manual => &[OF_STOP_AND_RECHARGE, &[DefectKind::GapError]],
        _ => return false,
    };
    let common = [OF_EVERY_OUTPUT, OF_EVERY_TRAIN];
    common.iter().chain(sets).any(|set| set.contains(&kind))
}

impl Rig {
    /// An error for each defect that could do nothing here, where it is written.
    pub(super) fn inert_defects(&self) -> Vec<Diagnostic> {
        let driver = self.stimulator;
        let defects = self.sim.iter().flat_map(|bench| &bench.defects);
        let inert = defects.filter(|defect| !acts_on(defect.kind, driver));
        let problem = |name: &str| {
            let possible: Vec<&str> = DefectKind::ALL
                .iter()
                .filter(|kind| acts_on(**kind, driver))
                .map(|kind| kind.name())
                .collect();
            let what = format!(
                "`{name}` does nothing to the simulated end of a `{}` stimulator: a pass would show nothing",
                driver.name()
            );
            let help = match possible.as_slice() {
                [] => "take it away".to_owned(),
                names => format!("take it away, or one of: {}", names.join(", ")),
            };
            self.places.find(&format!("sim.defects.{name}")).error(&what, Some(&help))
        };
        inert.map(|defect| problem(defect.kind.name())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    const STIMJIM: &str =
        "version: 1\nname: s\nstimulator: { driver: stimjim, cap: 3 mA }\nload: { driver: simulated }\n";

    #[test]
    fn a_defect_that_can_do_nothing_is_an_error_where_it_is_written() {
        let with = |defect: &str| {
            Rig::read(&Source::new("rig.yaml", &format!("{STIMJIM}sim:\n  defects:\n    {defect}\n")))
        };
        assert!(with("stop_ignored: true").is_ok());
        let problems = with("watchdog_disabled: true").unwrap_err();
        let said = problems[0].to_string();
        assert!(said.starts_with("rig.yaml:7:24: error: `watchdog_disabled` does nothing"), "{said}");
        let rig = Rig::read(&Source::new("rig.yaml", STIMJIM)).unwrap();
        let given = [("cap_not_enforced".to_owned(), "true".to_owned())];
        let problems = rig.with_overrides(&[], &given).unwrap_err();
        assert!(problems[0].to_string().starts_with("--defect:1:18: error: "), "{}", problems[0]);
        assert!(problems[0].help.as_deref().unwrap().contains("stop_ignored"));
    }

    #[test]
    fn the_reference_board_can_have_them_all_and_a_recording_none() {
        assert!(DefectKind::ALL.iter().all(|kind| acts_on(*kind, Driver::Simulated)));
        assert!(!DefectKind::ALL.iter().any(|kind| acts_on(*kind, Driver::None)));
        let science = |kind| acts_on(kind, Driver::ScienceMode);
        assert!(science(DefectKind::WatchdogSlow) && !science(DefectKind::NoLatch));
        let counts = |driver| acts_on(DefectKind::BurstCountError, driver);
        assert!(counts(Driver::PulsePal) && !counts(Driver::Stimjim));
    }
}
