//! Why a check could not be measured.

/// Makes a check *invalid*. Messages are what a person at the bench reads.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Reason {
    /// The window held no pulse.
    #[error("no pulse found between {from:.6} s and {to:.6} s")]
    NoPulse {
        /// Window, s since the first sample.
        from: f64,
        /// Window, s since the first sample.
        to: f64,
    },
    /// Saturated samples, and the check does not fail for every value beyond the rail.
    #[error("clipped: the signal reached the end of its range; select a larger range")]
    Clipped,
    /// The status was not asked often enough, s.
    #[error("this computer was kept from asking for the status for {0:.3} s: run less beside it")]
    AskedLate(f64),
    /// Samples are missing.
    #[error("{0} samples lost in the window")]
    SamplesLost(u64),
    /// What lies between the pulses and is to be quiet scatters by far more than the channel does at rest.
    #[error(
        "baseline not quiet beside pulse {pulse}: it scatters by more than twice what the zero did, so something flows between the pulses"
    )]
    NoBaseline {
        /// Index of the pulse in its contact's table.
        pulse: usize,
    },
    /// A named instant was not reached.
    #[error("instant `{0}` was not reached")]
    NoInstant(String),
    /// A record began behind the instant that a check is about.
    #[error("this happened {0:.3} s before the record begins, and what came until then is not in it")]
    BeforeRecord(f64),
    /// The window is empty.
    #[error("the window ends at {to:.6} s, before it begins at {from:.6} s")]
    EmptyWindow {
        /// Window, s since the first sample.
        from: f64,
        /// Window, s since the first sample.
        to: f64,
    },
    /// The phantom with its series capacitor never settles.
    #[error("not settled: the slowest part of the load has not come to 1 % by the end of the run")]
    NotSettled,
    /// The contact is not sensed.
    #[error("contact `{0}` is not sensed")]
    NoContact(String),
    /// No voltage channel for the contact.
    #[error("no voltage channel senses the contact")]
    NoVoltage,
    /// The stimulator's side is not sensed although the fault interrupts the current.
    #[error("activity not observable: the fault interrupts the current and there is no `vout` channel")]
    NotObservable,
    /// What a channel read with its input shorted is no zero.
    #[error(
        "the zero of `{channel}` at {at:.3} s is none: with its input shorted it was to be quiet, and it scattered or moved by more than twice the noise that its calibration states, or was too short; see what reaches the load's inputs, or calibrate it"
    )]
    NoZero {
        /// The channel's name.
        channel: String,
        /// When it began, s since the first sample.
        at: f64,
    },
    /// The inputs were shorted, or the load's own source was on, while something was to be seen.
    #[error(
        "from {at:.3} s on the load's inputs were shorted or its test source was on, within the time that is judged: what flowed then was not seen"
    )]
    Blind {
        /// When, s since the first sample.
        at: f64,
    },
    /// No slow channel, or it has no zero.
    #[error("no zeroed dc channel: add a `zero` step and a load with a slow channel")]
    NoDcChannel,
    /// Too short for the measurand.
    #[error(
        "too short: {have:.3} s and {cycles} cycles, at least {need:.3} s and {fewest} cycles are needed"
    )]
    TooShort {
        /// What there is, s.
        have: f64,
        /// Whole cycles there are.
        cycles: u64,
        /// What is needed, s.
        need: f64,
        /// Cycles needed.
        fewest: u64,
    },
    /// The phantom was not relaxed before the first start.
    #[error("the phantom was not relaxed for five time constants before the first start")]
    NotRelaxed,
    /// A recharge acts, and what it acts through is not known.
    #[error(
        "the stimulator's series capacitor and recharge switch are not known, and the voltage depends on them"
    )]
    UnknownStage,
    /// The phantom cannot be solved.
    #[error("{0}")]
    Network(String),
    /// A phase that the pulse does not have.
    #[error("the pulse has no active {0} phase")]
    NoPhase(&'static str),
    /// A phase that the pulse was to have is not there, and what is asked of it cannot be said.
    #[error(
        "pulse {pulse} lacks a phase that it was to have: judge `charge_imbalance` or `amplitude` of that phase"
    )]
    LacksPhase {
        /// Index of the pulse in its contact's table.
        pulse: usize,
    },
    /// A burst of which one pulse was found has no rate.
    #[error(
        "pulse {pulse} stands alone where a burst was to be, so that burst has no rate: judge `burst_pulses` or `missing_pulses`"
    )]
    SinglePulse {
        /// Index of the pulse in its contact's table.
        pulse: usize,
    },
    /// A phase was not found, and is too small to be sure that it would have been.
    #[error("pulse {pulse} was to have a phase so small that it may be there unseen")]
    Unseen {
        /// Index of the pulse in its contact's table.
        pulse: usize,
    },
    /// Pulses before the first that was found may have come and not been seen.
    #[error(
        "pulse {pulse} may not be the one of its ramp that it seems to be: the first that was found came late enough for others before it, and those are too small to be found for certain, or were lost with samples; lower the noise or the range, or judge behind the ramp"
    )]
    NotPlaced {
        /// Index of the pulse in its contact's table.
        pulse: usize,
    },
    /// A pulse of the window that could not be read, though others were.
    #[error(
        "pulse {pulse} could not be read: a level too short for it, too little rest before it, an edge that is not found, or samples that are not there"
    )]
    Unread {
        /// Index of the pulse in its contact's table.
        pulse: usize,
    },
    /// An output that lasted longer than a pulse can be measured.
    #[error(
        "from {at:.6} s on the output stayed on for longer than a pulse is followed: what it delivered is not known"
    )]
    StayedOn {
        /// When it began, s since the first sample.
        at: f64,
    },
    /// A value that is no number.
    #[error("a value could not be computed{}", .pulse.map_or(String::new(), |pulse| format!(" at pulse {pulse}")))]
    NoNumber {
        /// Index of the pulse in its contact's table, where it is about one.
        pulse: Option<u64>,
    },
    /// A phase with fewer than eight settled samples has no state level.
    #[error("the top of the phase is too short for a state level: fewer than 8 settled samples")]
    NoTop,
    /// A phase whose edge or top cannot be told from its settling.
    #[error(
        "a phase is too short for its shape: fewer than 8 settled samples, or an edge that does not reach 90 %"
    )]
    ShortTop,
    /// Shapes were not measured on this contact.
    #[error("the shape of this contact's pulses was not measured")]
    NoShape,
    /// Too few units for a percentile.
    #[error("only {have} values: a 99th percentile needs at least {need}")]
    FewUnits {
        /// How many there are.
        have: u64,
        /// How many are needed.
        need: u64,
    },
    /// No train reached the end of its ramp under one program.
    #[error("no train was seen to the plateau of its ramp")]
    NoPlateau,
    /// A train ended on its ramp by itself.
    #[error("nothing ended the train of {at:.6} s, and it did not come to the plateau of its ramp")]
    EndedOnRamp {
        /// When it began, or was started, s since the first sample.
        at: f64,
    },
    /// No whole on-time or off-time in the window.
    #[error("no whole on-time and off-time in the window")]
    NoTurn,
    /// Not enough due pulses to see that the output was off.
    #[error(
        "only {seen} pulses were due behind the limit or the instant and before the next stop or start (an off-time has none); at least {need} must have been absent to show it: wait longer before the stop, or let it happen early in an on-time"
    )]
    FewDue {
        /// How many were due.
        seen: u64,
        /// How many are needed.
        need: u64,
    },
    /// The host stopped what was to be off by itself.
    #[error(
        "the host stopped the stimulation at {at:.6} s, within the time that is judged: what is quiet from there on shows nothing; stop later"
    )]
    Stopped {
        /// When, s since the first sample.
        at: f64,
    },
    /// A train goes on behind what may have ended it, so what was due there is not known.
    #[error(
        "at {at:.6} s something interrupted a train that went on: judge what came before and what came behind it in windows of their own"
    )]
    Interrupted {
        /// When, s since the first sample.
        at: f64,
    },
    /// The table of pulses is full.
    #[error(
        "more pulses than the {} MB for their tables hold; judge a shorter run, or fewer contacts",
        crate::measure::TABLE_BYTES >> 20
    )]
    TooManyPulses,
    /// The check lacks what its measurand needs.
    #[error("the check needs `{0}`")]
    Missing(&'static str),
    /// Output still active when it had to be off.
    #[error("no quiet interval of {0:.3} s was seen before the record ended")]
    NeverQuiet(f64),
    /// Nothing was being delivered that could have ended.
    #[error("nothing was running at that instant, so nothing can be seen to end")]
    NotRunning,
    /// Nothing had come of the start, so nothing can have ended.
    #[error(
        "nothing came of the start before that instant, so that nothing comes behind it shows nothing: look why the stimulator did not start"
    )]
    NeverRan,
    /// The start that had to be refused was not sent.
    #[error("no start was sent after the fault: the case ended before it was due")]
    NoRestart,
    /// No stop fell into a pulse.
    #[error(
        "no pulse was in progress at {}: nothing could have been cut",
        match .0 { 1 => "that instant".to_owned(), instants => format!("any of {instants} instants") }
    )]
    NoPulseMet(usize),
    /// The code stood there before.
    #[error("the status said so before the fault already")]
    ReportedBefore,
    /// A fault was declared though nothing had brought one about.
    #[error(
        "the stimulator declared `{}` at {at:.3} s although nothing gave it that fault, and with a fault it no longer does what it was told: look at the lead, the load and the stimulator",
        .fault.name()
    )]
    Declared {
        /// What it declared.
        fault: crate::scenario::FaultCode,
        /// When the status that said so was read, s since the first sample.
        at: f64,
    },
    /// Nothing is read back.
    #[error("no status was read after the fault")]
    NoStatus,
    /// A definition that the measurand has not.
    #[error("no such definition: {0}")]
    UnknownDefinition(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_instant_is_not_any_of_one() {
        let said = |instants| Reason::NoPulseMet(instants).to_string();
        assert_eq!(said(1), "no pulse was in progress at that instant: nothing could have been cut");
        assert_eq!(said(3), "no pulse was in progress at any of 3 instants: nothing could have been cut");
    }
}
