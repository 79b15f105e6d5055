//! One file per measurand or close family, one line in the list.

mod amplitude;
mod burst;
mod cap;
mod charge;
mod count;
mod dc;
mod density;
mod due;
mod event;
mod fault;
mod grid;
mod headroom;
mod identity;
mod interval;
mod latch;
mod leak;
mod owed;
mod ramp;
mod residual;
mod shape;
mod share;
mod start;
mod status;
mod time;
mod voltage;
mod walk;
mod whole;

use crate::scenario::Measurand;

use super::{Reason, Units, View};

/// Programmed instants of the view's window without a pulse, and pulses without an instant.
///
/// # Errors
/// The reason for which they cannot be counted.
pub fn unmatched(view: &View<'_>) -> Result<(u64, u64), Reason> {
    count::unmatched(view)
}

/// Measures the units of the check, in order.
///
/// # Errors
/// The reason that makes the check invalid.
pub fn measure(view: &View<'_>, units: &mut Units<'_>) -> Result<(), Reason> {
    match view.check.measurand {
        Measurand::Amplitude => amplitude::amplitude(view, units),
        Measurand::Width => time::width(view, units),
        Measurand::Gap => time::gap(view, units),
        Measurand::BurstRate => burst::burst_rate(view, units),
        Measurand::BurstPulses => burst::burst_pulses(view, units),
        Measurand::ChargeDensity => density::charge_density(view, units),
        Measurand::ShannonK => density::shannon_k(view, units),
        Measurand::ResidualVoltageError => residual::residual_voltage_error(view, units),
        Measurand::Rate => interval::rate(view, units),
        Measurand::PeriodJitter => interval::period_jitter(view, units),
        Measurand::CycleOn => interval::cycle_on(view, units),
        Measurand::CycleOff => interval::cycle_off(view, units),
        Measurand::RampDuration => ramp::ramp_duration(view, units),
        Measurand::RampError => ramp::ramp_error(view, units),
        Measurand::RestartAmplitude => ramp::restart_amplitude(view, units),
        Measurand::StartLatency => start::start_latency(view, units),
        Measurand::PulseCount => count::pulse_count(view, units),
        Measurand::MissingPulses => count::missing_pulses(view, units),
        Measurand::ExtraPulses => count::extra_pulses(view, units),
        Measurand::Polarity => count::polarity(view, units),
        Measurand::ChargePerPhase => charge::charge_per_phase(view, units),
        Measurand::NetCharge => charge::net_charge(view, units),
        Measurand::ChargeImbalance => charge::charge_imbalance(view, units),
        Measurand::AccumulatedCharge => charge::accumulated_charge(view, units),
        Measurand::MeanDcCurrent => dc::mean_dc_current(view, units),
        Measurand::DcLeakageCurrent => dc::dc_leakage_current(view, units),
        Measurand::CurrentShare => share::current_share(view, units),
        Measurand::KirchhoffResidual => share::kirchhoff_residual(view, units),
        Measurand::AccessResistance => voltage::access_resistance(view, units),
        Measurand::Polarization => voltage::polarization(view, units),
        Measurand::ComplianceHeadroom => headroom::compliance_headroom(view, units),
        Measurand::PhantomIdentity => identity::phantom_identity(view, units),
        Measurand::ResidualVoltage => residual::residual_voltage(view, units),
        Measurand::Overshoot => shape::overshoot(view, units),
        Measurand::Droop => shape::droop(view, units),
        Measurand::TransitionTime => shape::transition_time(view, units),
        Measurand::ShutdownLatency => fault::shutdown_latency(view, units),
        Measurand::ChargeAfterFault => fault::charge_after_fault(view, units),
        Measurand::PulsesAfterFault => latch::pulses_after_fault(view, units),
        Measurand::RestartRefused => latch::restart_refused(view, units),
        Measurand::NoTruncatedPulse => whole::no_truncated_pulse(view, units),
        Measurand::StaysOff => fault::stays_off(view, units),
        Measurand::StopLatency => fault::stop_latency(view, units),
        Measurand::FaultReported => status::fault_reported(view, units),
        Measurand::LinkErrors => status::link_errors(view, units),
        Measurand::CapNeverExceeded => cap::cap_never_exceeded(view, units),
    }
}
