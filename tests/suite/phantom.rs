//! The phantom solver against waveforms of an independent circuit simulator (`fixtures/ngspice`).

use std::path::Path;

use serde_json::Value;
use stimrig::phantom::{Circuit, Drive, Element, ElementKind, Output, Phantom, Probe};

/// What happens at an instant.
enum Action {
    Drive(Drive),
    Lead(bool),
}

struct Case {
    name: &'static str,
    parameters: Value,
    tolerances: Value,
    own_error: f64,
    columns: Vec<String>,
    rows: Vec<Vec<f64>>,
}

impl Case {
    fn load(name: &'static str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/ngspice");
        let read = |suffix: &str| std::fs::read_to_string(folder.join(format!("{name}.{suffix}"))).unwrap();
        let description: Value = serde_json::from_str(&read("json")).unwrap();
        let csv = read("csv");
        let mut lines = csv.lines();
        let columns = lines.next().unwrap().split(',').map(str::to_owned).collect();
        let rows = lines.map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect()).collect();
        let own = description["max_abs_error_vs_closed_form_V"]["v_out"].as_f64().unwrap_or(2e-6);
        Self {
            name,
            parameters: description["params"].clone(),
            tolerances: description["interp_tol"].clone(),
            own_error: own,
            columns,
            rows,
        }
    }

    fn number(&self, pointer: &str) -> Option<f64> {
        self.parameters.pointer(pointer).and_then(Value::as_f64)
    }

    fn end(&self) -> f64 {
        self.number("/t_end").unwrap()
    }

    /// Instants (ascending) and what happens there. `contacts` are the driven and the returning one of `count`.
    fn actions(&self, count: usize, (out, back): (usize, usize)) -> Vec<(f64, Action)> {
        let stim = |key: &str| self.number(&format!("/stim/{key}"));
        let (amplitude, width, gap) = (stim("amp").unwrap(), stim("pw").unwrap(), stim("gap").unwrap());
        let second = stim("amp2").unwrap_or(-amplitude);
        let second_width = stim("pw2").unwrap_or(width);
        let ramp = stim("ramp_pulses");
        let recharge = self.number("/discharge_ohm").is_some();
        let current = |amperes: f64| {
            let mut currents = vec![0.0; count];
            currents[out] = amperes;
            currents[back] = -amperes;
            Drive::Currents(currents)
        };
        let period = 1.0 / stim("hz").unwrap();
        let mut actions = vec![];
        for pulse in 0.. {
            let start = 1e-3 + f64::from(pulse) * period;
            if start > self.end() {
                break;
            }
            let scale = ramp.map_or(1.0, |pulses| ((f64::from(pulse) + 1.0) / pulses).min(1.0));
            actions.push((start, Action::Drive(current(amplitude * scale))));
            actions.push((start + width, Action::Drive(Drive::Off)));
            if recharge {
                // The reference's switch has a dead time of 20 us on either side, and edges of its own.
                actions.push((start + width + 20.04e-6, Action::Drive(Drive::Recharge)));
                actions.push((start + period - 20.05e-6, Action::Drive(Drive::Off)));
            }
            if second != 0.0 {
                let start = start + width + gap;
                actions.push((start, Action::Drive(current(second * scale))));
                actions.push((start + second_width, Action::Drive(Drive::Off)));
            }
        }
        for fault in self.parameters["faults"].as_array().into_iter().flatten() {
            // The reference's relay takes 40 ns (see the rows around the instant).
            actions.push((fault["t"].as_f64().unwrap() + 40e-9, Action::Lead(true)));
            if let Some(until) = fault["until"].as_f64() {
                actions.push((until + 40e-9, Action::Lead(false)));
            }
        }
        actions.sort_by(|a, b| a.0.total_cmp(&b.0));
        actions
    }

    /// Runs `circuit` and compares every row outside the edges; returns how many values were compared.
    fn compare(&self, circuit: &mut Circuit, contacts: (usize, usize), probes: &[(&str, Probe)]) -> usize {
        let actions = self.actions(circuit.phantom().contacts.len(), contacts);
        let instants: Vec<f64> = actions.iter().map(|(t, _)| *t).collect();
        let mut pending = actions.into_iter().peekable();
        let (mut now, mut compared) = (0.0, 0);
        for row in &self.rows {
            let t = row[0];
            while let Some((at, action)) = pending.next_if(|(at, _)| *at <= t) {
                circuit.advance(at - now);
                now = at;
                match action {
                    Action::Drive(drive) => circuit.set_drive(&drive),
                    Action::Lead(open) => circuit.open_lead(0, open),
                }
            }
            circuit.advance(t - now);
            now = t;
            if self.number("/discharge_ohm").is_some() && t > self.end() - 25e-6 {
                break; // the reference opens its switch at the end of the run
            }
            // Edges last 100 ns, centred on the nominal instants.
            if instants.iter().any(|at| (t - at).abs() < 60e-9) {
                continue;
            }
            for (column, probe) in probes {
                let index = self.columns.iter().position(|name| name == column).unwrap();
                let expected = row[index];
                // The limiter's knee of the reference is as soft as ours, its edges are not: see the README there.
                let tolerance = self.tolerances[*column].as_f64().unwrap() + self.slack(column);
                let got = circuit.value(*probe);
                assert!(
                    (got - expected).abs() <= tolerance,
                    "{} at {t}: {column} is {got}, reference {expected}, tolerance {tolerance}",
                    self.name
                );
                compared += 1;
            }
        }
        compared
    }

    /// What is granted on top of the interpolation: the reference's own error, and where a source limited, what its
    /// 100 ns edges lose: during them the limit cuts a ramp, not a step (8 mA · 25 ns on 1 uF is 0.2 mV).
    fn slack(&self, column: &str) -> f64 {
        let current = column.starts_with('i');
        match self.name {
            "compliance_limited" => {
                if current {
                    2e-7
                } else {
                    2e-4
                }
            }
            _ if current => 1e-10,
            // Two relay edges of some nanoseconds' doubt, 2 mA on 1 uF.
            "open_lead_intermittent" => 2.0 * self.own_error,
            _ => self.own_error,
        }
    }
}

fn element(kind: ElementKind, value: f64, from: usize, to: usize) -> Element {
    Element { kind, value, tolerance: 0.0, measured_u: None, from, to }
}

fn phantom(nodes: usize, contacts: Vec<(String, usize)>, elements: Vec<Element>) -> Phantom {
    Phantom {
        name: "reference".into(),
        hash: String::new(),
        nodes: (0..nodes).map(|node| format!("n{node}")).collect(),
        contacts,
        elements,
        senses: Vec::new(),
        areas: Vec::new(),
        source: None,
    }
}

/// `rs` in series with (`cdl` ∥ `rct`).
fn one_electrode(case: &Case) -> Phantom {
    let part = |key: &str| case.number(&format!("/load/{key}")).unwrap();
    let elements = vec![
        element(ElementKind::Resistor, part("rs"), 1, 2),
        element(ElementKind::Capacitor, part("cdl"), 2, 0),
        element(ElementKind::Resistor, part("rct"), 2, 0),
    ];
    phantom(3, vec![("e1".into(), 1), ("case".into(), 0)], elements)
}

fn output(case: &Case) -> Output {
    Output {
        compliance: case.number("/compliance_v").unwrap_or(f64::INFINITY),
        blocking_capacitor: case.number("/block_cap").unwrap_or(0.0),
        recharge: case.number("/discharge_ohm").unwrap_or(200.0),
        open_lead: case.number("/faults/0/ohm"),
        sense_input: None,
        ..Output::default()
    }
}

#[rstest::rstest]
#[case("biphasic_sym_50hz")]
#[case("biphasic_asym_1to4")]
#[case("mono_imbalanced")]
#[case("ramp_20_pulses")]
#[case("compliance_limited")]
#[case("open_lead_midway")]
#[case("open_lead_intermittent")]
#[case("passive_recharge")]
fn one_electrode_follows_the_reference(#[case] name: &'static str) {
    let case = Case::load(name);
    let mut circuit = Circuit::new(&one_electrode(&case), output(&case)).unwrap();
    let probes = [("i_A", Probe::Current(0)), ("v_out_V", Probe::Source(0)), ("v_dl_V", Probe::Nodes(2, 0))];
    let compared = case.compare(&mut circuit, (0, 1), &probes);
    // Many of the reference's points lie on the edges.
    assert!(compared > case.rows.len(), "only {compared} values of {} rows compared", case.rows.len());
}

/// Sixteen electrodes on a ring of tissue with a common bulk that reaches the case; current from one to another.
#[test]
fn sixteen_contacts_follow_the_reference() {
    let case = Case::load("star16_bipolar");
    let value = |key: &str| case.number(&format!("/load/{key}")).unwrap();
    let (resistor, capacitor) = (ElementKind::Resistor, ElementKind::Capacitor);
    // Nodes: 0 ground, 1 bulk, 2 behind the case's resistor, then electrode, interface and tissue of each contact.
    let (electrode, interface, tissue) = (|k| 3 + 3 * k, |k| 4 + 3 * k, |k| 5 + 3 * k);
    let mut elements = vec![
        element(resistor, value("case_rs"), 1, 2),
        element(capacitor, value("case_cdl"), 2, 0),
        element(resistor, value("case_rct"), 2, 0),
    ];
    for k in 0..16 {
        elements.push(element(resistor, value(&format!("rs/{k}")), electrode(k), interface(k)));
        elements.push(element(capacitor, value(&format!("cdl/{k}")), interface(k), tissue(k)));
        elements.push(element(resistor, value(&format!("rct/{k}")), interface(k), tissue(k)));
        elements.push(element(resistor, value(&format!("r_bulk/{k}")), tissue(k), 1));
        elements.push(element(resistor, value("r_mesh"), tissue(k), tissue((k + 1) % 16)));
    }
    let mut contacts: Vec<(String, usize)> = (0..16).map(|k| (format!("e{k}"), electrode(k))).collect();
    contacts.push(("case".into(), 0));
    let mut circuit = Circuit::new(&phantom(51, contacts, elements), output(&case)).unwrap();
    let names: Vec<String> = (0..16).map(|k| format!("v_c{k}_V")).collect();
    let mut probes: Vec<(&str, Probe)> =
        names.iter().enumerate().map(|(k, name)| (name.as_str(), Probe::Nodes(electrode(k), 0))).collect();
    probes.push(("i_A", Probe::Current(3)));
    let compared = case.compare(&mut circuit, (3, 12), &probes);
    assert!(compared > 400, "only {compared} values compared");
}
