//! What may be said about each measurand: which criteria, over what, with which options.

use super::Measurand;

/// Over what a measurand is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    /// Each pulse, phase, edge, burst or cycle: many values, of which `statistic` makes one.
    Unit,
    /// A window between two instants: one value.
    Window,
    /// Something that happens once.
    Event,
    /// The whole run.
    Run,
}

/// Whether a check names the instant it counts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// `after:` means nothing here.
    No,
    /// It may.
    Optional,
    /// It must name an instant.
    Instant,
    /// It must name an injected fault or a host silence.
    Fault,
}

/// What the language allows for a measurand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traits {
    /// Over what it is judged.
    pub per: Per,
    /// A limit of its own dimension is allowed (`at_most`, `within`, …).
    pub bounds: bool,
    /// `equals` is allowed: counts and signs.
    pub equals: bool,
    /// It may stand without a criterion: it holds or not.
    pub holds: bool,
    /// `of: programmed`.
    pub programmed: bool,
    /// `of: applied`.
    pub applied: bool,
    /// `phase`.
    pub phase: bool,
    /// `contact`.
    pub contact: bool,
    /// `window`.
    pub window: bool,
    /// Names `definition` takes, the default first.
    pub definitions: &'static [&'static str],
    /// `after`.
    pub after: After,
    /// `for`.
    pub hold: bool,
    /// A `sense` channel of the phantom is needed.
    pub sense: bool,
}

const PLAIN: Traits = Traits {
    per: Per::Unit,
    bounds: true,
    equals: false,
    holds: false,
    programmed: false,
    applied: false,
    phase: false,
    contact: false,
    window: false,
    definitions: &[],
    after: After::No,
    hold: false,
    sense: false,
};
const NOMINAL: Traits = Traits { programmed: true, applied: true, contact: true, ..PLAIN };
const PHASE: Traits = Traits { phase: true, ..NOMINAL };
const COUNT: Traits = Traits { per: Per::Window, equals: true, contact: true, ..PLAIN };
const CHARGE: Traits = Traits { contact: true, window: true, ..PLAIN };
const VOLTAGE: Traits = Traits { contact: true, sense: true, ..PLAIN };
const EVENT: Traits = Traits { per: Per::Event, contact: true, ..PLAIN };
const HOLDS: Traits = Traits { bounds: false, holds: true, ..EVENT };
const RUN: Traits = Traits { per: Per::Run, ..PLAIN };

impl Measurand {
    /// Whether `in:` says where it is looked for.
    pub fn takes_window(self) -> bool {
        matches!(self.traits().per, Per::Unit | Per::Window)
            || matches!(self, Self::AccumulatedCharge | Self::RampError | Self::RampDuration)
    }

    /// Whether it is read off all contacts at once, and of a contact's own pulses needs only when they were.
    pub fn is_of_all_contacts(self) -> bool {
        matches!(self, Self::CurrentShare | Self::KirchhoffResidual)
    }

    /// What the language allows for it.
    pub fn traits(self) -> Traits {
        use Measurand as M;
        match self {
            M::Amplitude => Traits { definitions: &["central-mean", "state-level"], ..PHASE },
            M::Width => Traits { definitions: &["half-level", "third-of-peak"], ..PHASE },
            M::ChargePerPhase => PHASE,
            M::Gap | M::BurstRate => NOMINAL,
            M::Rate => Traits { per: Per::Window, ..NOMINAL },
            M::CycleOn | M::CycleOff => NOMINAL,
            M::RampDuration => Traits { per: Per::Event, ..NOMINAL },
            M::BurstPulses => Traits { equals: true, programmed: true, contact: true, ..PLAIN },
            M::PeriodJitter => Traits { per: Per::Window, contact: true, ..PLAIN },
            M::PulseCount | M::MissingPulses | M::ExtraPulses => COUNT,
            // The magnitude of a sign is 1, whichever it is: a limit on it could never fail.
            M::Polarity => Traits { per: Per::Unit, bounds: false, ..COUNT },
            M::Overshoot | M::Droop => Traits { phase: true, contact: true, ..PLAIN },
            M::TransitionTime | M::CurrentShare => {
                Traits { contact: true, programmed: self == M::CurrentShare, ..PLAIN }
            }
            M::NetCharge => CHARGE,
            M::ChargeImbalance => Traits { definitions: &["leading-phase", "mean-phase"], ..CHARGE },
            M::MeanDcCurrent | M::DcLeakageCurrent => Traits { per: Per::Window, contact: true, ..PLAIN },
            M::AccumulatedCharge => Traits { per: Per::Run, contact: true, ..PLAIN },
            M::ResidualVoltage | M::ResidualVoltageError | M::AccessResistance | M::Polarization => VOLTAGE,
            M::ComplianceHeadroom | M::KirchhoffResidual => PLAIN,
            M::ChargeDensity | M::ShannonK => {
                Traits { phase: self == M::ChargeDensity, contact: true, ..PLAIN }
            }
            M::PhantomIdentity => RUN,
            M::RampError => Traits { per: Per::Event, contact: true, ..PLAIN },
            M::StartLatency | M::StopLatency => EVENT,
            M::ShutdownLatency => Traits { after: After::Fault, ..EVENT },
            M::ChargeAfterFault => Traits { after: After::Instant, ..EVENT },
            M::PulsesAfterFault => Traits { after: After::Instant, equals: true, hold: true, ..EVENT },
            M::StaysOff => Traits { after: After::Instant, hold: true, ..HOLDS },
            M::FaultReported => Traits { after: After::Fault, bounds: true, contact: false, ..HOLDS },
            M::RestartRefused => Traits { after: After::Optional, ..HOLDS },
            M::RestartAmplitude => Traits { after: After::Optional, ..EVENT },
            M::NoTruncatedPulse => Traits { after: After::Optional, ..HOLDS },
            M::CapNeverExceeded => Traits { holds: true, contact: true, ..RUN },
            M::LinkErrors => Traits { equals: true, ..RUN },
        }
    }
}
