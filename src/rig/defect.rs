//! What can be deliberately wrong with a simulated stimulator. The names are a contract with rig files.

/// The value a defect takes.
#[derive(Debug, Clone, PartialEq)]
pub enum DefectValue {
    /// Present.
    Flag,
    /// A quantity or percentage in SI base units.
    Amount(f64),
    /// Every N-th.
    Every(u32),
    /// Contacts or a word, by name.
    Names(Vec<String>),
}

impl DefectValue {
    /// The amount, or 0 for a defect that has none.
    pub fn amount(&self) -> f64 {
        if let Self::Amount(value) = self { *value } else { 0.0 }
    }

    /// The N of an every-N-th defect, or 0.
    pub fn every(&self) -> u32 {
        if let Self::Every(n) = self { *n } else { 0 }
    }
}

/// One deliberate defect.
#[derive(Debug, Clone, PartialEq)]
pub struct Defect {
    /// Which.
    pub kind: DefectKind,
    /// How large.
    pub value: DefectValue,
}

macro_rules! defects {
    ($($variant:ident $name:literal,)*) => {
        /// The catalogue.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "each variant is documented by its name in the contract")]
        pub enum DefectKind { $($variant,)* }
        impl DefectKind {
            /// All of them, in the order of the contract.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
            /// Its name in rig files.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

defects! {
    GainError "gain_error", OffsetCurrent "offset_current", PhaseMismatch "phase_mismatch", WidthError "width_error",
    SecondPhaseWidthError "second_phase_width_error", RateError "rate_error", PeriodJitter "period_jitter",
    DeadChannel "dead_channel", SwappedContacts "swapped_contacts", ShareError "share_error", DcLeakage "dc_leakage",
    MissingRecoveryEvery "missing_recovery_every", MissingPulseEvery "missing_pulse_every",
    ExtraPulseEvery "extra_pulse_every", TruncatedPulseOnStop "truncated_pulse_on_stop", SlowShutdown "slow_shutdown",
    IgnoresOpenLead "ignores_open_lead", IgnoresShortLead "ignores_short_lead", WrongFaultCode "wrong_fault_code",
    NoLatch "no_latch", RestartsAtFullAmplitude "restarts_at_full_amplitude", WatchdogDisabled "watchdog_disabled",
    WatchdogSlow "watchdog_slow", CapNotEnforced "cap_not_enforced", RampStep "ramp_step", Overshoot "overshoot",
    SlowEdges "slow_edges", StopIgnored "stop_ignored", ComplianceLow "compliance_low",
    PolarityReversed "polarity_reversed", GapError "gap_error", Droop "droop", BurstCountError "burst_count_error",
    CycleError "cycle_error", StartDelay "start_delay", Crosstalk "crosstalk", ClockError "clock_error",
    RampBetweenPhases "ramp_between_phases", StopBetweenPhases "stop_between_phases",
    CapClampsSilently "cap_clamps_silently", RechargeStuck "recharge_stuck",
    BlockingCapacitorShorted "blocking_capacitor_shorted", BrownOutGlitch "brown_out_glitch",
    CorruptReplies "corrupt_replies", DropsReplies "drops_replies", MemoryUnchecked "memory_unchecked",
}
