//! One file per measurand or close family, one line in the list.

mod amplitude;
mod burst;
mod cap;
mod charge;
mod count;
mod dc;
mod density;
mod event;
mod fault;
mod grid;
mod headroom;
mod identity;
mod interval;
mod latch;
mod leak;
mod ramp;
mod residual;
mod shape;
mod share;
mod start;
mod status;
mod time;
mod voltage;
mod whole;

use crate::scenario::Measurand;

use super::{Reason, Unit, View};

/// Whether each pulse or cycle is a unit by itself.
pub fn per_pulse(measurand: Measurand) -> bool {
    matches!(
        measurand,
        Measurand::Amplitude
            | Measurand::Width
            | Measurand::Gap
            | Measurand::Polarity
            | Measurand::ChargePerPhase
            | Measurand::NetCharge
            | Measurand::ChargeImbalance
            | Measurand::ChargeDensity
            | Measurand::ShannonK
            | Measurand::ResidualVoltage
            | Measurand::Overshoot
            | Measurand::Droop
            | Measurand::TransitionTime
    )
}

/// Measures the units of the check.
///
/// # Errors
/// The reason that makes the check invalid.
pub fn measure(view: &View<'_>) -> Result<Vec<Unit>, Reason> {
    match view.check.measurand {
        Measurand::Amplitude => amplitude::amplitude(view),
        Measurand::Width => time::width(view),
        Measurand::Gap => time::gap(view),
        Measurand::BurstRate => burst::burst_rate(view),
        Measurand::BurstPulses => burst::burst_pulses(view),
        Measurand::ChargeDensity => density::charge_density(view),
        Measurand::ShannonK => density::shannon_k(view),
        Measurand::ResidualVoltageError => residual::residual_voltage_error(view),
        Measurand::Rate => interval::rate(view),
        Measurand::PeriodJitter => interval::period_jitter(view),
        Measurand::CycleOn => interval::cycle_on(view),
        Measurand::CycleOff => interval::cycle_off(view),
        Measurand::RampDuration => ramp::ramp_duration(view),
        Measurand::RampError => ramp::ramp_error(view),
        Measurand::RestartAmplitude => ramp::restart_amplitude(view),
        Measurand::StartLatency => start::start_latency(view),
        Measurand::PulseCount => count::pulse_count(view),
        Measurand::MissingPulses => count::missing_pulses(view),
        Measurand::ExtraPulses => count::extra_pulses(view),
        Measurand::Polarity => count::polarity(view),
        Measurand::ChargePerPhase => charge::charge_per_phase(view),
        Measurand::NetCharge => charge::net_charge(view),
        Measurand::ChargeImbalance => charge::charge_imbalance(view),
        Measurand::AccumulatedCharge => charge::accumulated_charge(view),
        Measurand::MeanDcCurrent => dc::mean_dc_current(view),
        Measurand::DcLeakageCurrent => dc::dc_leakage_current(view),
        Measurand::CurrentShare => share::current_share(view),
        Measurand::KirchhoffResidual => share::kirchhoff_residual(view),
        Measurand::AccessResistance => voltage::access_resistance(view),
        Measurand::Polarization => voltage::polarization(view),
        Measurand::ComplianceHeadroom => headroom::compliance_headroom(view),
        Measurand::PhantomIdentity => identity::phantom_identity(view),
        Measurand::ResidualVoltage => residual::residual_voltage(view),
        Measurand::Overshoot => shape::overshoot(view),
        Measurand::Droop => shape::droop(view),
        Measurand::TransitionTime => shape::transition_time(view),
        Measurand::ShutdownLatency => fault::shutdown_latency(view),
        Measurand::ChargeAfterFault => fault::charge_after_fault(view),
        Measurand::PulsesAfterFault => latch::pulses_after_fault(view),
        Measurand::RestartRefused => latch::restart_refused(view),
        Measurand::NoTruncatedPulse => whole::no_truncated_pulse(view),
        Measurand::StaysOff => fault::stays_off(view),
        Measurand::StopLatency => fault::stop_latency(view),
        Measurand::FaultReported => status::fault_reported(view),
        Measurand::LinkErrors => status::link_errors(view),
        Measurand::CapNeverExceeded => cap::cap_never_exceeded(view),
    }
}
