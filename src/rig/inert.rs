//! Defects and values that could not act on a rig's simulated ends: a pass with them would show nothing.

use crate::source::Diagnostic;

use super::sim_file::{ADC_KEYS, DC_KEYS, STIMULATOR_KEYS};
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

/// What only the reference board reads of `sim.stimulator`.
const OF_THE_BOARD: &[&str] = &[
    "dac_bits",
    "dac",
    "full_scale",
    "timer",
    "keepalive",
    "watchdog",
    "open_detect",
    "short_detect",
    "shutdown",
];

/// Whether a value of `sim.stimulator` acts on the simulated end of a driver.
fn is_read_by(key: &str, driver: Driver) -> bool {
    match key {
        // By those that connect their contacts at all.
        "recharge" => acts_on(DefectKind::RechargeStuck, driver),
        _ => driver.is_own() || !OF_THE_BOARD.contains(&key),
    }
}

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
        let defects = self.sim.iter().flat_map(|bench| &bench.defects);
        let inert = defects.filter(|defect| !self.can_have(defect.kind));
        let possible: Vec<&str> =
            DefectKind::ALL.iter().filter(|kind| self.can_have(**kind)).map(|kind| kind.name()).collect();
        let problem = |kind: DefectKind| {
            let name = kind.name();
            let (what, help) = if acts_on(kind, self.stimulator) {
                let what = format!(
                    "`{name}` does nothing where there is no series capacitor: a pass would show nothing"
                );
                (what, "take it away, or give `sim.stimulator` a `blocking_capacitor`".to_owned())
            } else {
                let what = format!(
                    "`{name}` does nothing to the simulated end of a `{}` stimulator: a pass would show nothing",
                    self.stimulator.name()
                );
                let help = match possible.as_slice() {
                    [] => "take it away".to_owned(),
                    names => format!("take it away, or one of: {}", names.join(", ")),
                };
                (what, help)
            };
            self.places.find(&format!("sim.defects.{name}")).error(&what, Some(&help))
        };
        inert.map(|defect| problem(defect.kind)).collect()
    }

    /// Whether a defect acts on the simulated end of its stimulator, as its output stage is.
    fn can_have(&self, kind: DefectKind) -> bool {
        let coupled = self.sim.as_ref().is_some_and(|bench| bench.stimulator.blocking_capacitor == 0.0);
        acts_on(kind, self.stimulator) && !(coupled && kind == DefectKind::BlockingCapacitorShorted)
    }

    /// An error for each value of `sim.stimulator`, `sim.adc` and `sim.dc` that nobody reads here, where it is written.
    pub(super) fn inert_values(&self) -> Vec<Diagnostic> {
        let (stimulator, load) = (self.stimulator, self.load);
        let unread = STIMULATOR_KEYS.iter().filter(|key| !is_read_by(key, stimulator));
        let of_stimulator = unread.filter_map(|key| {
            let what = format!(
                "`{key}` does nothing to the simulated end of a `{}` stimulator: a pass would show nothing",
                stimulator.name()
            );
            let help = if OF_THE_BOARD.contains(key) {
                "take it away: it is of the reference board, whose driver is `simulated`"
            } else {
                "take it away: this device does not connect its contacts"
            };
            self.written(&format!("sim.stimulator.{key}"), &what, help)
        });
        let parts = [("adc", ADC_KEYS), ("dc", DC_KEYS)].into_iter().filter(|_| !load.is_own());
        let of_load = parts.flat_map(|(part, keys)| keys.iter().map(move |key| (part, *key)));
        let of_load = of_load.filter_map(|(part, key)| {
            let what = format!(
                "`{key}` does nothing where the load is of `{}`: `sim.{part}` is the reference load's",
                load.name()
            );
            let help = "take it away: what another load samples with is written under `load`";
            self.written(&format!("sim.{part}.{key}"), &what, help)
        });
        of_stimulator.chain(of_load).chain(self.second_stage()).collect()
    }

    /// An error for an output stage that is stated of a simulated one: voltages would be predicted, and headroom judged, by
    /// another than the one that drives.
    fn second_stage(&self) -> Option<Diagnostic> {
        self.sim.as_ref()?;
        let what = "`output` states the stage of a real stimulator, and this one is simulated: it has that of `sim.stimulator`";
        let help = "take it away, or write its values under `sim.stimulator`";
        self.written("stimulator.output", what, help)
    }

    /// An error at a path, if something is written there.
    fn written(&self, path: &str, what: &str, help: &str) -> Option<Diagnostic> {
        self.places.has(path).then(|| self.places.find(path).error(what, Some(help)))
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

    /// The messages about a rig's file and what is laid over it; none if both are right.
    fn said(rig: &str, set: &[(&str, &str)], defects: &[(&str, &str)]) -> Vec<String> {
        let pairs = |list: &[(&str, &str)]| -> Vec<(String, String)> {
            list.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let rig = Rig::read(&Source::new("rig.yaml", rig));
        let laid = rig.and_then(|rig| rig.with_overrides(&pairs(set), &pairs(defects)));
        laid.err().unwrap_or_default().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_capacitor_that_is_not_there_cannot_be_shorted() {
        let shorted = [("blocking_capacitor_shorted", "true")];
        let none = ("sim.stimulator.blocking_capacitor", "0 F");
        assert_eq!(said(STIMJIM, &[], &shorted), [""; 0]);
        let problems = said(STIMJIM, &[none], &shorted);
        assert!(problems.len() == 1 && problems[0].contains("no series capacitor"), "{problems:?}");
        let direct = format!("{STIMJIM}sim: {{ stimulator: {{ blocking_capacitor: 0 F }} }}\n");
        assert_eq!(said(&direct, &[], &shorted), problems);
        assert_eq!(said(&direct, &[("sim.stimulator.blocking_capacitor", "1 uF")], &shorted), [""; 0]);
        // It is not offered instead of another one either.
        let rig = Rig::read(&Source::new("rig.yaml", &direct)).unwrap();
        let other = [("no_latch".to_owned(), "true".to_owned())];
        let problems = rig.with_overrides(&[], &other).unwrap_err();
        let help = problems[0].help.as_deref().unwrap();
        assert!(help.contains("stop_ignored") && !help.contains("capacitor"), "{help}");
    }

    #[test]
    fn a_value_that_nobody_reads_is_an_error_where_it_is_written() {
        let file = format!("{STIMJIM}sim:\n  stimulator: {{ compliance: 9 V, full_scale: 130 mA }}\n");
        let problems = said(&file, &[], &[]);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].starts_with("rig.yaml:6:46: error: `full_scale` does nothing"), "{problems:?}");
        for key in OF_THE_BOARD {
            let value = match *key {
                "dac_bits" | "open_detect" => "12",
                "dac" => "sign-magnitude",
                "full_scale" => "30 mA",
                "short_detect" => "20 ohm",
                _ => "1 us",
            };
            let path = format!("sim.stimulator.{key}");
            let set = [(path.as_str(), value)];
            let problems = said(STIMJIM, &set, &[]);
            assert!(problems.len() == 1 && problems[0].contains("`stimjim`"), "{key}: {problems:?}");
        }
        let (name, text) = crate::rig::DEFAULT_RIG;
        assert!(Rig::read(&Source::new(name, text)).is_ok(), "all of them are the reference board's");
        // What the output stage of every device has acts on every device.
        for (key, value) in [
            ("compliance", "9 V"),
            ("recharge", "50 ohm"),
            ("clock_error", "0 %"),
            ("blocking_capacitor", "1 uF"),
        ] {
            let path = format!("sim.stimulator.{key}");
            let set = [(path.as_str(), value)];
            assert_eq!(said(STIMJIM, &set, &[]), [""; 0], "{key}");
        }
        let science = STIMJIM.replace("stimjim", "science-mode");
        let problems = said(&science, &[("sim.stimulator.recharge", "50 ohm")], &[]);
        assert!(problems.len() == 1 && problems[0].contains("`science-mode`"), "{problems:?}");
    }

    #[test]
    fn the_reference_loads_converter_is_of_no_use_to_an_oscilloscope() {
        let scope = "version: 1\nname: s\nstimulator: { driver: simulated }\nload:\n  driver: scpi\n  channels:\n    \
                     e1: { quantity: current, input: CH1, shunt: 100 ohm, ranges: [4 mA] }\n";
        let set = [("sim.adc.noise", "50 lsb"), ("sim.dc.bits", "12"), ("sim.adc.filter.poles", "2")];
        let problems = said(scope, &set, &[]);
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(
            problems.iter().all(|text| text.starts_with("--set:1:") && text.contains("`scpi`")),
            "{problems:?}"
        );
        assert_eq!(said(scope, &[("sim.stimulator.watchdog", "1 s")], &[]), [""; 0]);
        assert_eq!(said(STIMJIM, &set, &[]), [""; 0]);
    }

    #[test]
    fn a_simulated_stage_is_stated_once() {
        let output = ", output: { compliance: 50 V, blocking_capacitor: 0 F } }";
        let real = "version: 1\nname: s\nstimulator: { driver: native, port: { pty: a }, cap: 3 mA }\n\
                    load: { driver: native, port: { pty: b }, channels: { e1: { ranges: [4 mA] } } }\n\
                    limits: { amplitude: 3 mA, charge_per_phase: 1 uC, mean_dc: 1 uA }\n";
        assert_eq!(said(&real.replacen(" }, cap: 3 mA }", &format!(" }}{output}"), 1), &[], &[]), [""; 0]);
        for driver in ["simulated", "stimjim"] {
            let rig = STIMJIM.replace("stimjim, cap: 3 mA }", &format!("{driver}{output}"));
            let problems = said(&rig, &[], &[]);
            assert!(problems.len() == 1 && problems[0].starts_with("rig.yaml:3:"), "{problems:?}");
            assert!(problems[0].contains("it has that of `sim.stimulator`"), "{problems:?}");
        }
    }

    #[test]
    fn a_cap_acts_in_the_file_and_over_it_or_is_refused() {
        let bare = STIMJIM.replace(", cap: 3 mA", "");
        let cap = |rig: &str, set: &[(&str, &str)]| {
            let set: Vec<_> =
                set.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            Rig::read(&Source::new("rig.yaml", rig))
                .and_then(|rig| rig.with_overrides(&set, &[]))
                .unwrap()
                .cap
        };
        let of_sim = "sim: { stimulator: { cap: 30 mA } }\n";
        // Above the reference board's full scale, which is nobody's here.
        assert_eq!(cap(&format!("{bare}{of_sim}"), &[]), 30e-3);
        assert_eq!(cap(&bare, &[("sim.stimulator.cap", "2 mA")]), 2e-3);
        assert_eq!(cap(STIMJIM, &[("stimulator.cap", "2 mA")]), 2e-3);
        for problems in [
            said(&format!("{STIMJIM}{of_sim}"), &[], &[]),
            said(STIMJIM, &[("sim.stimulator.cap", "2 mA")], &[]),
        ] {
            assert!(
                problems.len() == 1 && problems[0].contains("states the stimulator's own"),
                "{problems:?}"
            );
        }
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
