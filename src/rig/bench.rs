//! The simulated bench: what `sim:` in a rig file sets, with the default bench's values.

use super::Defect;

/// Output stage and supervision of the simulated stimulator.
#[derive(Debug, Clone, PartialEq)]
pub struct StimulatorSpec {
    /// Resolution of the current DAC.
    pub dac_bits: u32,
    /// Full scale of the DAC (either sign), A.
    pub full_scale: f64,
    /// Largest amplitude it accepts, A.
    pub cap: f64,
    /// Compliance of the output stage, V (either sign).
    pub compliance: f64,
    /// Timer grid, s.
    pub timer: f64,
    /// Standard uncertainty of its clock, as a fraction.
    pub clock_error: f64,
    /// Series capacitor, F; 0 means none.
    pub blocking_capacitor: f64,
    /// Resistance of the recharge switch, ohm.
    pub recharge: f64,
    /// How often the host is to be heard, s: held against the board's patience. A run asks more often whatever it is.
    pub keepalive: f64,
    /// The board's patience without a frame, s.
    pub watchdog: f64,
    /// Pulses at compliance before it declares an open lead.
    pub open_detect: u32,
    /// Loads below this are a short, ohm.
    pub short_detect: f64,
    /// From declaring a fault to output off, s.
    pub shutdown: f64,
}

/// Anti-alias filter of the load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FilterSpec {
    /// Number of Bessel poles.
    pub poles: u32,
    /// −3 dB frequency of the whole filter, Hz.
    pub cutoff: f64,
}

/// Front end and converter of the simulated load.
#[derive(Debug, Clone, PartialEq)]
pub struct AdcSpec {
    /// Resolution of the converter.
    pub bits: u32,
    /// Samples per second and channel, Hz.
    pub sample_rate: f64,
    /// Selectable current ranges (± full scale), A, ascending.
    pub current_ranges: Vec<f64>,
    /// Selectable voltage ranges (± full scale), V, ascending.
    pub voltage_ranges: Vec<f64>,
    /// Standard deviation of the noise, lsb.
    pub noise: f64,
    /// Standard uncertainty of the offset, lsb.
    pub offset: f64,
    /// Standard uncertainty of the gain, as a fraction.
    pub gain_error: f64,
    /// Half-width of the integral non-linearity at each of 33 knots, lsb.
    pub inl: f64,
    /// Standard uncertainty of its clock, as a fraction.
    pub clock_error: f64,
    /// Anti-alias filter.
    pub filter: FilterSpec,
}

/// The slow channel for `dc_leakage_current`.
#[derive(Debug, Clone, PartialEq)]
pub struct DcSpec {
    /// ± full scale, A.
    pub range: f64,
    /// Resolution.
    pub bits: u32,
    /// Its low-pass filter.
    pub filter: FilterSpec,
}

/// What carries the bytes between host and simulated devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transport {
    /// Memory, in virtual time.
    #[default]
    Memory,
    /// Pseudo-terminals, in real time.
    Pty,
}

impl Transport {
    /// With their names in rig files.
    pub const ALL: &'static [(&'static str, Self)] = &[("memory", Self::Memory), ("pty", Self::Pty)];
}

/// Everything under `sim:` in a rig file.
#[derive(Debug, Clone, PartialEq)]
pub struct SimBench {
    /// Seed of everything random.
    pub seed: u64,
    /// What carries the bytes.
    pub transport: Transport,
    /// The stimulator.
    pub stimulator: StimulatorSpec,
    /// The load's converter.
    pub adc: AdcSpec,
    /// The load's slow channel.
    pub dc: DcSpec,
    /// A phantom plugged in instead of the one the scenario names (to rehearse a wiring mistake).
    pub phantom: Option<String>,
    /// What is deliberately wrong with the stimulator.
    pub defects: Vec<Defect>,
    /// What is deliberately wrong with the debug probe.
    pub probe: Option<ProbeTrouble>,
}

/// What can be wrong with a simulated debug probe, to rehearse it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeTrouble {
    /// Another program holds it.
    InUse,
    /// It is not plugged in.
    Missing,
    /// Readout protection keeps it out of the target's memory.
    Locked,
    /// It is lost in the middle of its work.
    Lost,
    /// It is lost in the moment in which it stops the core.
    LostHalting,
    /// It is lost while the core is stopped.
    LostHalted,
}

impl ProbeTrouble {
    /// All, with their names in rig files.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("in-use", Self::InUse),
        ("missing", Self::Missing),
        ("locked", Self::Locked),
        ("lost", Self::Lost),
        ("lost-halting", Self::LostHalting),
        ("lost-halted", Self::LostHalted),
    ];
}

impl Default for SimBench {
    fn default() -> Self {
        Self {
            seed: 1,
            transport: Transport::Memory,
            stimulator: StimulatorSpec {
                dac_bits: 16,
                full_scale: 25e-3,
                cap: 12.7e-3,
                compliance: 15.0,
                timer: 1e-6,
                clock_error: 20e-6,
                blocking_capacitor: 2.2e-6,
                recharge: 200.0,
                keepalive: 0.1,
                watchdog: 0.5,
                open_detect: 1,
                short_detect: 50.0,
                shutdown: 1e-3,
            },
            adc: AdcSpec {
                bits: 16,
                sample_rate: 1e6,
                current_ranges: vec![4e-3, 32e-3],
                voltage_ranges: vec![2.0, 20.0],
                noise: 0.7,
                offset: 2.0,
                gain_error: 5e-4,
                inl: 1.0,
                clock_error: 20e-6,
                filter: FilterSpec { poles: 4, cutoff: 1e5 },
            },
            dc: DcSpec { range: 20e-6, bits: 16, filter: FilterSpec { poles: 2, cutoff: 2.0 } },
            phantom: None,
            defects: Vec::new(),
            probe: None,
        }
    }
}
