//! Expectations, resolved.

use serde::{Deserialize, Serialize};

use crate::quantity::Dimension;

use super::FaultCode;

macro_rules! measurands {
    ($($variant:ident $name:literal $dimension:ident,)*) => {
        /// What can be measured; definitions in `stimrig explain`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[expect(missing_docs, reason = "each variant is documented by `stimrig explain` under its name")]
        pub enum Measurand { $($variant,)* }
        impl Measurand {
            /// All of them, in the order of the contract.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
            /// Its name in scenarios and records.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
            /// Its dimension.
            pub fn dimension(self) -> Dimension {
                match self { $(Self::$variant => Dimension::$dimension,)* }
            }
        }
    };
}

measurands! {
    Amplitude "amplitude" Current, Width "width" Time, Gap "gap" Time, Rate "rate" Frequency,
    BurstRate "burst_rate" Frequency, BurstPulses "burst_pulses" Number, PeriodJitter "period_jitter" Time,
    PulseCount "pulse_count" Number, MissingPulses "missing_pulses" Number, ExtraPulses "extra_pulses" Number,
    Polarity "polarity" Number, Overshoot "overshoot" Ratio, Droop "droop" Ratio,
    TransitionTime "transition_time" Time, ChargePerPhase "charge_per_phase" Charge, NetCharge "net_charge" Charge,
    ChargeImbalance "charge_imbalance" Ratio, MeanDcCurrent "mean_dc_current" Current,
    DcLeakageCurrent "dc_leakage_current" Current, AccumulatedCharge "accumulated_charge" Charge,
    ResidualVoltage "residual_voltage" Voltage, ResidualVoltageError "residual_voltage_error" Voltage,
    AccessResistance "access_resistance" Resistance, Polarization "polarization" Voltage,
    ComplianceHeadroom "compliance_headroom" Voltage, ChargeDensity "charge_density" ChargeDensity,
    ShannonK "shannon_k" Number, CurrentShare "current_share" Ratio, KirchhoffResidual "kirchhoff_residual" Current,
    PhantomIdentity "phantom_identity" Number, RampDuration "ramp_duration" Time, RampError "ramp_error" Ratio,
    CycleOn "cycle_on" Time, CycleOff "cycle_off" Time, StartLatency "start_latency" Time,
    StopLatency "stop_latency" Time, ShutdownLatency "shutdown_latency" Time,
    ChargeAfterFault "charge_after_fault" Charge, PulsesAfterFault "pulses_after_fault" Number,
    StaysOff "stays_off" Number, FaultReported "fault_reported" Time, RestartRefused "restart_refused" Number,
    RestartAmplitude "restart_amplitude" Current, NoTruncatedPulse "no_truncated_pulse" Number,
    CapNeverExceeded "cap_never_exceeded" Current, LinkErrors "link_errors" Number,
}

/// A tolerance: the larger of a fraction of the nominal and an absolute amount (SI base unit of the measurand).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Tolerance {
    /// Fraction of the nominal.
    pub rel: f64,
    /// Absolute amount.
    pub abs: f64,
}

impl Tolerance {
    /// The tolerance about a nominal.
    pub fn about(self, nominal: f64) -> f64 {
        (self.rel * nominal.abs()).max(self.abs)
    }
}

/// What a tolerance is about.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Nominal {
    /// The value programmed when that pulse began.
    Programmed,
    /// The value the stimulator said it applies.
    Applied,
    /// A stated value.
    Value(f64),
}

/// The limit. Quantities in the SI base unit of the measurand.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Criterion {
    /// `of` and `within`.
    Within {
        /// Tolerance is about this.
        of: Nominal,
        /// How far off it may be.
        tolerance: Tolerance,
    },
    /// `within` alone: bounds the magnitude.
    Magnitude(f64),
    /// Bounds the magnitude from above.
    AtMost(f64),
    /// Bounds the magnitude from below.
    AtLeast(f64),
    /// Both.
    Between(f64, f64),
    /// Exactly (counts, signs).
    Equals(f64),
    /// A property that holds or not (`stays_off`, `fault_reported` without a time).
    Holds,
}

/// How the units of a check become one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Statistic {
    /// Every unit must satisfy it.
    #[default]
    Worst,
    /// The mean.
    Mean,
    /// The 99th percentile.
    P99,
}

impl Statistic {
    /// Its name in scenarios and records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Worst => "worst",
            Self::Mean => "mean",
            Self::P99 => "p99",
        }
    }
}

/// Which phase is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum PhaseChoice {
    /// The stimulating one.
    #[default]
    Leading,
    /// The recovery.
    Recovery,
    /// Each of them.
    Each,
}

/// Window of charge measurands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum WindowKind {
    /// From leading edge to leading edge.
    #[default]
    Cycle,
    /// From the first edge of a pulse to its last.
    Pulse,
}

/// One expectation of a case, resolved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// What is measured.
    pub measurand: Measurand,
    /// The limit.
    pub criterion: Criterion,
    /// Named instants between which it is judged.
    pub window: Option<(String, String)>,
    /// How units become one value.
    pub statistic: Statistic,
    /// Which phase.
    pub phase: PhaseChoice,
    /// Which contact; `None` means the default contact.
    pub contact: Option<String>,
    /// A second definition, by name (`mean-phase`, `third-of-peak`, `state-level`).
    pub definition: Option<String>,
    /// Charge window.
    pub window_kind: WindowKind,
    /// The named instant of a fault (`after:`).
    pub after: Option<String>,
    /// `for:`, s.
    pub hold: Option<f64>,
    /// `is:` of `fault_reported`.
    pub is: Option<FaultCode>,
    /// Free text.
    pub note: Option<String>,
    /// The limit profile that states it; `None` for the scenario's own.
    pub profile: Option<String>,
    /// Its way in the scenario file, for problems found later: `expect[0].amplitude`, or where its profile is named.
    pub path: String,
    /// Line in the file that states it (the scenario's, or its profile's), from 1.
    pub line: u32,
    /// The line as written, for reports.
    pub text: String,
}

impl Check {
    /// A check with every option at its default and no place in a file.
    pub fn new(measurand: Measurand, criterion: Criterion) -> Self {
        Self {
            measurand,
            criterion,
            window: None,
            statistic: Statistic::Worst,
            phase: PhaseChoice::Leading,
            contact: None,
            definition: None,
            window_kind: WindowKind::Cycle,
            after: None,
            hold: None,
            is: None,
            note: None,
            profile: None,
            path: String::new(),
            line: 0,
            text: String::new(),
        }
    }
}
