//! What a case would put out: its programmed values through its phantom, before anything is energised.
//!
//! The prediction is exact: no quantisation, no noise, no series capacitor, no compliance. With `applied` the values
//! are those of a rig's stimulator: its current steps, its timer grid, its series capacitor and its compliance.

mod csv;
mod extremes;
mod figure;
mod length;
mod load;
mod words;

use crate::phantom::train::{TrainPulse, changes, sample};
use crate::phantom::{Circuit, NetworkError, Output, Probe};
use crate::rig::{Impossible, OutputStage, Rig};
use crate::scenario::{Case, Train, quantised};
use crate::signal::{Part, Program, Pulse, pulses};

pub use csv::write_csv;
pub use figure::figure;
pub use length::seconds;
pub use load::{Again, PulseLoad};
pub use words::summary;

/// Values (rows × columns) that are computed at once, at most: 400 MB.
const MOST_VALUES: f64 = 5e7;

/// How to predict.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Rows per second, Hz.
    pub rate: f64,
    /// `None`: the programmed values; else what this rig's stimulator would deliver.
    pub applied: Option<Rig>,
}

/// Why a case cannot be predicted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PredictError {
    /// The phantom cannot be solved.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// Steps that never start the stimulator.
    #[error("the steps of this case never start the stimulator")]
    NeverStarts,
    /// A rig that does not know what its stimulator would deliver.
    #[error(
        "rig `{0}` does not say what its output stage is: state `stimulator.output` in its file, or predict without --applied"
    )]
    UnknownStage(String),
    /// A program that the rig's stimulator cannot emit.
    #[error("rig `{rig}` would refuse this: {}", told(.why))]
    Impossible {
        /// The rig.
        rig: String,
        /// Everything that it cannot do.
        why: Vec<Impossible>,
    },
    /// Too many rows for a file.
    #[error("{seconds} s at {rate} rows per second are {rows:.0} rows: lower --rate")]
    TooLong {
        /// Length of the prediction, s.
        seconds: f64,
        /// Rows per second asked for, Hz.
        rate: f64,
        /// What that makes.
        rows: f64,
    },
}

/// A predicted record.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// Name of the case.
    pub name: String,
    /// Rows per second, Hz; row n is at n/rate.
    pub rate: f64,
    /// Names of the contacts, in file order.
    pub contacts: Vec<String>,
    /// Current out of the stimulator into each contact, A.
    pub currents: Vec<Vec<f64>>,
    /// Names of the voltage channels, in file order.
    pub senses: Vec<String>,
    /// Their voltages, V.
    pub voltages: Vec<Vec<f64>>,
    /// Smallest and largest value of each contact's current (A), then of each voltage channel (V): of the whole, where the rows
    /// have only what lies on them.
    pub extremes: Vec<(f64, f64)>,
    /// The program in force at the start.
    pub program: Program,
    /// Every program that puts out a pulse, with when its first one begins, s: more than one where it is changed on the way.
    pub programs: Vec<(f64, Program)>,
    /// What their pulses come to.
    pub load: PulseLoad,
    /// What the steps start again behind the first stop, which is in none of the other fields.
    pub again: Option<Again>,
    /// Length, s.
    pub seconds: f64,
}

impl Prediction {
    /// Rows.
    pub fn rows(&self) -> usize {
        self.currents.first().map_or(0, Vec::len)
    }
}

/// Predicts a case from its first start to its stop. The first pulse begins at t = 0; a row on an edge has the value
/// after it.
///
/// # Errors
/// [`PredictError`] when the phantom cannot be solved, the case never starts, or there would be too many rows.
pub fn predict(case: &Case, options: &Options) -> Result<Prediction, PredictError> {
    let trains = case.trains();
    let train = trains.first().ok_or(PredictError::NeverStarts)?;
    let stage = options.applied.as_ref().map(|rig| stage_of(rig, case, &trains)).transpose()?;
    let in_force = |train: &Train<'_>| -> Vec<Program> {
        let applied = |program: Program| match &options.applied {
            Some(rig) => quantised(&program, rig, &case.phantom),
            None => program,
        };
        train.written().into_iter().map(applied).collect()
    };
    let programs = in_force(train);
    let seconds = length::seconds(case).ok_or(PredictError::NeverStarts)?;
    let phantom = &case.phantom;
    let rows = (seconds * options.rate - 1e-9).ceil().max(1.0);
    let columns = (phantom.contacts.len() + phantom.senses.len()) as f64;
    if !rows.is_finite() || rows * columns > MOST_VALUES {
        return Err(PredictError::TooLong { seconds, rate: options.rate, rows });
    }
    let output = match stage {
        Some(stage) => Output {
            compliance: stage.compliance,
            blocking_capacitor: stage.blocking_capacitor,
            recharge: stage.recharge,
            sense_input: None,
            ..Output::default()
        },
        None => Output::ideal(),
    };
    let at_rest = Circuit::new(phantom, output)?;
    let pulses: Vec<(Part<'_>, Pulse)> =
        pulses(train.parts(&programs)).take_while(|(_, pulse)| pulse.start < seconds).collect();
    let mut driven = Vec::new();
    let mut ruling = Vec::new();
    for stretch in pulses.chunk_by(|(before, _), (after, _)| std::ptr::eq(before.program, after.program)) {
        ruling.extend(stretch.first().map(|(part, pulse)| (pulse.start, part.program.clone())));
        let share = |name: &str| stretch.first().map_or(0.0, |(part, _)| part.program.share_of(name));
        let shares: Vec<f64> = phantom.contacts.iter().map(|(name, _)| share(name)).collect();
        let stretch: Vec<TrainPulse> = stretch.iter().map(|(_, pulse)| train_pulse(pulse)).collect();
        driven.extend(changes(&stretch, &shares));
    }
    let currents = (0..phantom.contacts.len()).map(Probe::Current);
    let voltages = phantom.senses.iter().map(|(_, plus, minus)| Probe::Nodes(*plus, *minus));
    let probes: Vec<Probe> = currents.chain(voltages).collect();
    let extremes = extremes::extremes(&mut at_rest.clone(), &driven, &probes, seconds);
    let mut circuit = at_rest;
    let mut planes = sample(&mut circuit, &driven, &probes, options.rate, rows as usize);
    let voltages = planes.split_off(phantom.contacts.len().min(planes.len()));
    Ok(Prediction {
        name: case.name.clone(),
        rate: options.rate,
        contacts: phantom.contacts.iter().map(|(name, _)| name.clone()).collect(),
        currents: planes,
        senses: phantom.senses.iter().map(|(name, ..)| name.clone()).collect(),
        voltages,
        extremes,
        programs: ruling,
        load: PulseLoad::of(pulses.iter().map(|(_, pulse)| pulse)),
        again: Again::of(&trains, in_force),
        program: programs.into_iter().next().unwrap_or_else(|| case.program.clone()),
        seconds,
    })
}

/// The output stage of a rig that can emit every program of a case.
fn stage_of(rig: &Rig, case: &Case, trains: &[Train<'_>]) -> Result<OutputStage, PredictError> {
    for program in trains.iter().flat_map(Train::written) {
        let impossible = |why| PredictError::Impossible { rig: rig.name.clone(), why };
        rig.nearest(&program, &case.phantom).map_err(impossible)?;
    }
    rig.output_stage().ok_or_else(|| PredictError::UnknownStage(rig.name.clone()))
}

fn told(why: &[Impossible]) -> String {
    why.iter().map(|one| one.what.as_str()).collect::<Vec<_>>().join("; ")
}

fn train_pulse(pulse: &Pulse) -> TrainPulse {
    TrainPulse {
        phases: pulse.phases().iter().map(|phase| (phase.start, phase.width, phase.current)).collect(),
        recharge: pulse.recharge,
    }
}
