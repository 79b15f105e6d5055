//! How a current divides among contacts.

use rand::RngExt;

use crate::measure::Wanted;
use crate::phantom::{Drive, ElementKind};
use crate::scenario::{Action, Measurand};

use super::super::rig::{Edge, Rig, Setting, case, facts, phantom};
use super::super::stimulus::{Stimulus, shares, uniform};
use super::{Experiment, Judged, Outcome, Trial, generator, start_sample, unbounded, unmeasured};

/// Pulses of a trial.
const PULSES: u64 = 8;

/// Bench number `index`: a cathodic current divided between two contacts, each source wrong by up to 2 %.
pub fn share(seed: u64, index: u64) -> Trial {
    let mut rng = generator(seed, Experiment::Share, index);
    let stimulus = Stimulus { pulses: PULSES, ..Stimulus::drawn(&mut rng, index % 8) };
    let stratum = format!("share, {}, {:.0} mA range", stimulus.decade, stimulus.range * 1e3);
    let part = uniform(&mut rng, 0.1, 0.9);
    let mut program = stimulus.program();
    program.contacts = shares(&[("e1", -part), ("e2", part - 1.0), ("case", 1.0)]);
    let parts = [part, 1.0 - part].map(|part| part * (1.0 + uniform(&mut rng, -0.02, 0.02)));
    let [first, second] = parts;
    let truth = -first / (first + second);
    let star = |contact: usize, ohm: f64| (ElementKind::Resistor, ohm, contact, 3);
    let phantom = phantom(&["e1", "e2", "case"], &[star(0, 50.0), star(1, 80.0), star(2, 20.0)], 4, false);
    let setting = Setting {
        contacts: &["e1", "e2", "case"],
        wanted: Wanted { joint: true, ..Wanted::default() },
        ..Setting::of(&phantom, &program, &stimulus)
    };
    let Some(mut rig) = Rig::drawn(setting, (rng.random(), rng.random())) else {
        return unmeasured(stratum, &[Measurand::CurrentShare]);
    };
    rig.start(&stimulus);
    for pulse in 0..stimulus.pulses {
        rig.pulse_of(&stimulus, pulse, |analog, edge| {
            analog.set_drive(&match edge {
                Edge::On(current) => {
                    Drive::Currents(vec![current * first, current * second, -current * (first + second)])
                }
                Edge::Off(_) => Drive::Off,
            });
        });
    }
    let start = start_sample(&stimulus, rig.period);
    let recording = rig.finish(stimulus.delay + stimulus.pulses * stimulus.period);
    let case = case(&program, phantom, vec![Action::Start, Action::Stop], Vec::new());
    let facts = facts(&program, &[start, recording.samples], recording.samples);
    let mut check = unbounded(Measurand::CurrentShare);
    check.contact = Some("e1".to_owned());
    let covered = Judged { case, facts, recording }.covers(&check, |_| Some(truth));
    Trial { stratum, outcomes: vec![Outcome::Covered(Measurand::CurrentShare, covered)] }
}
