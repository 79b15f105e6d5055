//! A rig file, lowered.

use crate::quantity::Dimension;
use crate::source::{At, Context, Diagnostic, Fields, Places, Source, parse};

use super::{
    Capabilities, Driver, Limits, OutputStage, Pair, Port, Probe, Protocol, RecordSpec, Rig, SimBench,
    Wiring, channels, protocol, sim_file,
};

pub(super) const KEYS: &[&str] = &[
    "$schema",
    "version",
    "name",
    "about",
    "stimulator",
    "load",
    "probe",
    "phantoms",
    "selector",
    "limits",
    "calibration",
    "sim",
];
pub(super) const STIMULATOR_KEYS: &[&str] = &[
    "driver",
    "port",
    "uid",
    "cap",
    "output",
    "outputs",
    "command",
    "provides",
    "steps",
    "volts_per_ampere",
    "template",
];
pub(super) const OUTPUT_KEYS: &[&str] = &["compliance", "blocking_capacitor", "recharge"];
pub(super) const LOAD_KEYS: &[&str] =
    &["driver", "port", "uid", "channels", "file", "device", "options", "memory", "sample_rate"];
pub(super) const PORT_KEYS: &[&str] = &["serial_number", "path", "pty", "tcp"];
pub(super) const PROBE_KEYS: &[&str] = &["selector", "chip", "elf"];
pub(super) const LIMIT_KEYS: &[&str] = &["amplitude", "charge_per_phase", "mean_dc", "shannon_k"];

impl Rig {
    /// Reads a rig file.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(source: &Source) -> Result<Self, Vec<Diagnostic>> {
        let (root, problems) = parse(source)?;
        let context = Context::new(source, problems);
        let rig = context.root(&root).fields(KEYS).and_then(|fields| lower(&fields, source));
        let failed = context.failed();
        match rig {
            Some(rig) if !failed => {
                let mut problems = rig.inert_defects();
                problems.extend(rig.inert_values());
                if problems.is_empty() { Ok(rig) } else { Err(problems) }
            }
            _ => Err(context.finish()),
        }
    }
}

fn lower(fields: &Fields<'_>, source: &Source) -> Option<Rig> {
    fields.check_version();
    let name = fields.require("name").and_then(|at| at.text());
    let stimulator = fields.require("stimulator").and_then(|at| at.fields(STIMULATOR_KEYS));
    let load = fields.require("load").and_then(|at| at.fields(LOAD_KEYS));
    let driver = |fields: Option<&Fields<'_>>, what, known: &[(&str, Driver)]| {
        fields.and_then(|fields| fields.require("driver")).and_then(|at| at.word(what, known))
    };
    let stimulator_driver = driver(stimulator.as_ref(), "a stimulator driver", Driver::OF_STIMULATOR);
    let load_driver = driver(load.as_ref(), "a load driver", Driver::OF_LOAD);
    let whose = sim_file::Whose {
        own: stimulator_driver.is_none_or(Driver::is_own),
        states_cap: stimulator.as_ref().is_some_and(|side| side.has("cap")),
    };
    let sim = simulated(fields, [stimulator_driver, load_driver].contains(&Some(Driver::Simulated)), whose);
    if let (Some(stimulator), Some(load)) = (&stimulator, &load) {
        wired(stimulator_driver, load_driver, stimulator, load);
    }
    let protocol = match (stimulator_driver, &stimulator) {
        (Some(driver), Some(fields)) => protocol::lower_for(driver, fields),
        _ => None,
    };
    let limits = limits(fields, sim.is_some());
    let stated =
        stimulator.as_ref().and_then(|s| s.get("cap")).and_then(|at| at.positive(Dimension::Current));
    let stage = stimulator.as_ref().and_then(|s| s.get("output")).and_then(|at| output(&at));
    let wiring = wiring(fields, stimulator.as_ref(), load.as_ref());
    if wiring.probe.as_ref().is_some_and(Probe::is_simulated) && stimulator_driver != Some(Driver::Simulated)
    {
        let help = Some("name a real probe as vendor:product or vendor:product:serial");
        fields.require("probe")?.key_error("a simulated probe stands on a simulated stimulator", help);
    }
    let channels =
        load.as_ref().and_then(|load| load.get("channels")).and_then(|at| channels::lower(&at, load_driver));
    let phantoms = fields.or("phantoms", Vec::new(), phantoms);
    let mut places = Places::default();
    places.keep_all(fields.at());
    let record = load.as_ref().and_then(|load| record(load, load_driver));
    let (stimulator, load, limits) = (stimulator_driver?, load_driver?, limits?);
    pairing(fields, stimulator, load, &wiring);
    let protocol = protocol?;
    if load != Driver::Simulated && channels.is_none() {
        fields.require("load")?.key_error("a real load states its `channels`", None);
    }
    let channels = channels.unwrap_or_default();
    let cap = stated.or(sim.as_ref().map(|sim| sim.stimulator.cap)).unwrap_or(limits.amplitude);
    Some(Rig {
        name: name?.to_owned(),
        file: source.name.clone(),
        hash: source.hash.clone(),
        stimulator,
        cap,
        stage,
        load,
        capabilities: Capabilities {
            // On a simulated bench there is a core to attach to where there is a reference board.
            probe: Probe::BUILT_IN
                && wiring.probe.is_some()
                && (sim.is_none() || matches!(stimulator, Driver::Simulated | Driver::Native)),
            record,
            ..capabilities(stimulator, &protocol, load, channels.iter().any(|channel| channel.name == "vout"))
        },
        protocol,
        channels,
        phantoms,
        limits,
        sim,
        wiring,
        certificate: None,
        places,
    })
}

/// The simulated bench, where a driver is simulated.
fn simulated(fields: &Fields<'_>, is: bool, whose: sim_file::Whose) -> Option<SimBench> {
    let mut sim = is.then(SimBench::default);
    match (fields.get("sim"), &mut sim) {
        (Some(at), Some(bench)) => {
            sim_file::lower(&at, bench, whose);
        }
        (Some(at), None) => at.key_error("`sim` is for a simulated driver, and this bench has none", None),
        _ => {}
    }
    sim
}

/// What is plugged in where.
fn phantoms(at: &At<'_>) -> Option<Vec<(String, String)>> {
    let slots = at.entries()?;
    Some(slots.iter().filter_map(|(slot, at)| Some((slot.text.clone(), at.text()?.to_owned()))).collect())
}

/// What the output stage states about itself; of a recharge switch most have 200 ohm or less.
fn output(at: &At<'_>) -> Option<OutputStage> {
    let fields = at.fields(OUTPUT_KEYS)?;
    let compliance = fields.require("compliance").and_then(|at| at.positive(Dimension::Voltage));
    let blocking_capacitor =
        fields.require("blocking_capacitor").and_then(|at| at.not_negative(Dimension::Capacitance));
    let recharge = fields.or("recharge", 200.0, |at| at.positive(Dimension::Resistance));
    Some(OutputStage { compliance: compliance?, blocking_capacitor: blocking_capacitor?, recharge })
}

/// Drivers that speak through a port.
const PORTED: &[Driver] =
    &[Driver::Native, Driver::Stimjim, Driver::PulsePal, Driver::ScienceMode, Driver::Template, Driver::Scpi];

/// Beside a simulated instrument the other one has no port: its device end is simulated too, in the same world.
fn wired(stimulator: Option<Driver>, load: Option<Driver>, of_stimulator: &Fields<'_>, of_load: &Fields<'_>) {
    for (side, driver, other) in [(of_stimulator, stimulator, load), (of_load, load, stimulator)] {
        let Some(driver) = driver else { continue };
        let simulated = [Some(driver), other].contains(&Some(Driver::Simulated));
        match side.get("port") {
            Some(at) if simulated => at.key_error(
                "a `port` leads to something real, and this bench is simulated",
                Some("without a port, the device end of this protocol is simulated too"),
            ),
            None if !simulated && PORTED.contains(&driver) => {
                side.require("port");
            }
            _ => {}
        }
    }
}

fn limits(fields: &Fields<'_>, simulated: bool) -> Option<Limits> {
    // A simulated bench protects nothing; a real one never energises on limits nobody stated.
    let mut limits =
        Limits { amplitude: 25e-3, charge_per_phase: 25e-6, mean_dc: 100e-6, shannon_k: Some(4.0) };
    if !fields.has("limits") && simulated {
        return Some(limits);
    }
    let stated = fields.require("limits")?.fields(LIMIT_KEYS)?;
    if !simulated {
        for key in ["amplitude", "charge_per_phase", "mean_dc"] {
            stated.require(key);
        }
        limits.shannon_k = None;
    }
    lower_limits(&stated, &mut limits);
    Some(limits)
}

/// Applies the limits that are written.
pub(super) fn lower_limits(stated: &Fields<'_>, limits: &mut Limits) {
    limits.amplitude = stated.or("amplitude", limits.amplitude, |at| at.positive(Dimension::Current));
    limits.charge_per_phase =
        stated.or("charge_per_phase", limits.charge_per_phase, |at| at.positive(Dimension::Charge));
    limits.mean_dc = stated.or("mean_dc", limits.mean_dc, |at| at.positive(Dimension::Current));
    limits.shannon_k = stated.or("shannon_k", limits.shannon_k, |at| at.number().map(Some));
}

fn wiring(fields: &Fields<'_>, stimulator: Option<&Fields<'_>>, load: Option<&Fields<'_>>) -> Wiring {
    let text = |at: &At<'_>| at.text().map(str::to_owned);
    let port_of = |side: Option<&Fields<'_>>| side.and_then(|side| side.get("port")).and_then(|at| port(&at));
    let uid_of = |side: Option<&Fields<'_>>| side.and_then(|side| side.get("uid")).and_then(|at| text(&at));
    let command = stimulator.and_then(|side| side.get("command")).and_then(|at| match at.node().as_text() {
        Some(program) => Some(vec![program.to_owned()]),
        None => Some(at.list()?.iter().filter_map(text).collect()),
    });
    let probe = fields.get("probe").and_then(|at| at.fields(PROBE_KEYS)).and_then(|probe| {
        let (selector, chip) = (probe.require("selector"), probe.require("chip"));
        let elf = probe.get("elf").and_then(|at| text(&at));
        Some(Probe { selector: text(&selector?)?, chip: text(&chip?)?, elf })
    });
    Wiring {
        stimulator: port_of(stimulator),
        load: port_of(load),
        selector: fields.get("selector").and_then(|at| port(&at)),
        stimulator_uid: uid_of(stimulator),
        load_uid: uid_of(load),
        probe,
        calibration: fields.get("calibration").and_then(|at| text(&at)),
        command: command.unwrap_or_default(),
        outputs: stimulator
            .and_then(|side| side.get("outputs"))
            .and_then(|at| outputs(&at))
            .unwrap_or_default(),
        file: load.and_then(|load| load.get("file")).and_then(|at| text(&at)),
        device: load.and_then(|load| load.get("device")).and_then(|at| text(&at)),
        sample_rate: load
            .and_then(|load| load.get("sample_rate"))
            .and_then(|at| at.positive(Dimension::Frequency)),
        options: load.and_then(|load| load.get("options")).and_then(|at| options(&at)).unwrap_or_default(),
    }
}

fn options(at: &At<'_>) -> Option<Vec<(String, String)>> {
    Some(
        at.entries()?
            .iter()
            .filter_map(|(key, at)| Some((key.text.clone(), at.text()?.to_owned())))
            .collect(),
    )
}

/// What one record of an oscilloscope holds: 6 million samples at no less than 500 kHz unless the file says otherwise.
fn record(load: &Fields<'_>, driver: Option<Driver>) -> Option<RecordSpec> {
    let spec = RecordSpec {
        memory: load.or("memory", 6_000_000, |at| at.count(1000)),
        sample_rate: load.or("sample_rate", 500e3, |at| at.positive(Dimension::Frequency)),
    };
    (driver == Some(Driver::Scpi)).then_some(spec)
}

/// Drivers that cannot stand beside each other, and what a driver cannot do without.
fn pairing(fields: &Fields<'_>, stimulator: Driver, load: Driver, wiring: &Wiring) {
    let error = |key: &str, what: &str, help| {
        if let Some(at) = fields.get(key) {
            at.key_error(what, Some(help));
        }
    };
    if load == Driver::Recorded && stimulator != Driver::None {
        let help = "write `stimulator: { driver: none }`";
        error(
            "stimulator",
            "beside a recording no stimulator is driven: nobody would see what it does",
            help,
        );
    }
    if stimulator == Driver::None && !matches!(load, Driver::Recorded | Driver::Sigrok) {
        let help = "a stimulator of `none` goes with a load of `recorded` or `sigrok`";
        error("stimulator", "with this load a stimulator must be driven", help);
    }
    if stimulator == Driver::Manual && load == Driver::Scpi {
        error(
            "stimulator",
            "what hands switch on is waited for in a stream of samples, and an oscilloscope gives records",
            "use a native or sigrok load, or a stimulator that is driven",
        );
    }
    if load == Driver::Recorded && wiring.file.is_none() {
        error("load", "a recorded load names its `file`", "relative to this rig file");
    }
    if load == Driver::Sigrok && wiring.sample_rate.is_none() {
        error(
            "load",
            "a sigrok load states its `sample_rate`",
            "one that the device has: `sigrok-cli -d … --show`",
        );
    }
    if load == Driver::Sigrok && wiring.device.is_none() {
        error(
            "load",
            "a sigrok load names its `device`",
            "as `sigrok-cli -d` takes it, such as `hantek-6xxx`",
        );
    }
}

/// `[[e1, case], [e2, case]]`: between which contacts each output is wired.
fn outputs(at: &At<'_>) -> Option<Vec<Pair>> {
    let pair = |at: &At<'_>| match at.list()?.as_slice() {
        [active, back] => Some(Pair { active: active.text()?.to_owned(), back: back.text()?.to_owned() }),
        _ => {
            at.error("an output is wired between two contacts", Some("such as `[e1, case]`"));
            None
        }
    };
    at.list()?.iter().map(pair).collect()
}

fn port(at: &At<'_>) -> Option<Port> {
    let fields = at.fields(PORT_KEYS)?;
    let mut given = PORT_KEYS.iter().copied().filter(|key| fields.has(key));
    match (given.next(), given.next()) {
        (Some(key), None) => {
            let value = fields.get(key)?;
            let text = value.text()?;
            if key == "path" && (text.contains("ttyACM") || text.contains("ttyUSB")) {
                let help = "name the port by `serial_number` or by its link in /dev/serial/by-id";
                value.error(&format!("`{text}` is whichever device was plugged in first"), Some(help));
            }
            let text = text.to_owned();
            Some(match key {
                "serial_number" => Port::SerialNumber(text),
                "path" => Port::Path(text),
                "pty" => Port::Pty(text),
                _ => Port::Tcp(text),
            })
        }
        _ => {
            at.error("a port is named in exactly one way", Some("one of: serial_number, path, pty, tcp"));
            None
        }
    }
}

fn capabilities(stimulator: Driver, protocol: &Protocol, load: Driver, has_vout: bool) -> Capabilities {
    let mut faults = Vec::new();
    if load.is_own() {
        faults.extend(["open-lead", "short-lead", "leakage", "impedance-step", "brown-out"]);
    }
    if stimulator.is_own() {
        faults.extend(["host-silence", "corrupt-link", "over-amplitude"]);
    }
    // It stops by itself when its host falls silent.
    if stimulator == Driver::ScienceMode {
        faults.push("host-silence");
    }
    Capabilities {
        faults: faults.into_iter().map(str::to_owned).collect(),
        test_source: load.is_own(),
        dc_channel: load.is_own(),
        vout: load == Driver::Simulated || has_vout,
        status: stimulator.is_own() || stimulator == Driver::ScienceMode || protocol.status(),
        commands: stimulator != Driver::Manual,
        changes: stimulator.is_own() || stimulator == Driver::ScienceMode || protocol.changes(),
        probe: false,
        interlock: load.is_own(),
        markers: load.is_own(),
        stream: !matches!(load, Driver::Scpi | Driver::Recorded),
        placed: load != Driver::Recorded,
        record: None,
        drives: stimulator != Driver::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::{DefectKind, DefectValue, Input};

    const BENCH: &str = r#"version: 1
name: bench-a
stimulator: { driver: native, port: { serial_number: "STIM-0042" }, cap: 12.7 mA }
load:
  driver: native
  port: { serial_number: "LOAD-0007" }
  channels:
    e1: { quantity: current, shunt: 100 ohm, ranges: [32 mA, 4 mA] }
    m1: { monitor: 2.5 mV/uA, ranges: [4 mA] }
    d1: { plus: CH1, minus: CH2, shunt: 100 ohm, ranges: [4 mA] }
    vout: { quantity: voltage, ranges: [20 V], of: [e1, case] }
probe: { selector: "0d28:0204", chip: nRF52840_xxAA, elf: fw.elf }
phantoms: { slot1: scs-lead }
limits: { amplitude: 25 mA, charge_per_phase: 25 uC, mean_dc: 100 uA }
calibration: calibration/bench-a.yaml
"#;

    #[test]
    fn a_real_bench_is_read_whole() {
        let rig = Rig::read(&Source::new("bench-a.yaml", BENCH)).unwrap();
        assert_eq!(rig.channels[0].ranges, [4e-3, 32e-3]);
        assert!(matches!(rig.channels[1].input, Input::Monitor(gain) if (gain - 2500.0).abs() < 1e-9));
        assert!(matches!(&rig.channels[2].input, Input::Differential { plus, .. } if plus == "CH1"));
        assert_eq!(rig.channels[3].of, ["e1", "case"]);
        assert_eq!(rig.wiring.stimulator, Some(Port::SerialNumber("STIM-0042".into())));
        assert!(!rig.is_simulated() && rig.capabilities.vout && rig.limits.shannon_k.is_none());
    }

    #[test]
    fn a_real_bench_states_its_limits() {
        let text = BENCH.replace("limits: { amplitude: 25 mA, charge_per_phase: 25 uC,", "limits: {");
        let problems = Rig::read(&Source::new("b", &text)).unwrap_err();
        let what: Vec<_> = problems.iter().map(|p| p.what.as_str()).collect();
        assert_eq!(what, ["`limits` needs `amplitude`", "`limits` needs `charge_per_phase`"]);
    }

    #[test]
    fn defects_take_the_values_of_the_catalogue() {
        let rig = |defects: &str| {
            let head = "version: 1\nname: s\nstimulator: { driver: simulated }\nload: { driver: simulated }\nsim:\n  defects: ";
            Rig::read(&Source::new("s", &format!("{head}{defects}\n")))
        };
        let good = rig(
            "{ gain_error: -5 %, missing_pulse_every: 25, stop_ignored: true, no_latch: false, swapped_contacts: [a, b] }",
        );
        let defects = good.unwrap().sim.unwrap().defects;
        assert_eq!(defects.len(), 4);
        assert_eq!(
            (defects[0].kind, &defects[0].value),
            (DefectKind::GainError, &DefectValue::Amount(-0.05))
        );
        assert_eq!(defects[1].value, DefectValue::Every(25));
        let bad = rig("{ gain_eror: 5 %, slow_shutdown: 5 %, corrupt_replies: 200 %, recharge_stuck: half }")
            .unwrap_err();
        assert_eq!(bad.len(), 4, "{bad:?}");
        assert_eq!(bad[0].help.as_deref(), Some("did you mean `gain_error`?"));
    }
}
