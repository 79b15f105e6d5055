//! Size, shape and timing of pulses.

use crate::scenario::Measurand;

use super::{TRAIN, Text};

pub(super) const TEXTS: &[Text] = &[
    Text {
        measurand: Measurand::Amplitude,
        per: "pulse and phase",
        brief: "how much current flows during a phase",
        definition: "Magnitude of the mean over the central 60 % of the phase, minus the baseline. The stretch begins no \
                     earlier than the front end's settling time after the 50 % instant; when fewer than 8 samples are left, the \
                     phase's charge divided by its width is used instead. `phase: recovery` takes the second phase.",
        window: TRAIN,
        criteria: "`amplitude: { of: programmed, within: 3 % }`; `of: applied` compares with what the board says it applies, \
                   a quantity with a stated value. Inside a ramp, `programmed` is the ramp's value at that pulse.",
        uncertainty: "Gain of the channel dominates; then non-linearity at two points, noise over the samples averaged, settling. \
                      Offset cancels against the baseline. Expect 0.1 to 0.2 % on the default bench.",
        source: "plateau mean as in IEEE 181 practice for short tops; typical stimulator specifications are 5 % or 50 to 100 uA",
    },
    Text {
        measurand: Measurand::Width,
        per: "pulse and phase",
        brief: "how long a phase lasts, between its 50 % instants",
        definition: "Time from the phase's first to its last crossing of half its own level, interpolated between samples. Where \
                     two phases touch, their shared edge is the crossing midway between the two levels. `definition: \
                     third-of-peak` uses one third of the peak, as the pacemaker standards do.",
        window: TRAIN,
        criteria: "`width: { of: programmed, within: { rel: 2 %, abs: 5 us }, phase: each }`, whichever is larger",
        uncertainty: "Interpolation of two edges, noise divided by their slope, the sample clock. An edge that the sampling does \
                      not resolve contributes T/sqrt(6). About 0.02 us behind the default bench's filter. Where the output beside \
                      an edge is not at the level of its phase (a top that shoots over or sinks, a phase that follows at once), \
                      the filter moves the half of the level: 0.3 us for an overshoot of 20 %.",
        source: "IEEE 181 and IEC 60469, pulse duration; ISO 14708-2 for one third of peak",
    },
    Text {
        measurand: Measurand::Gap,
        per: "pulse",
        brief: "the interphase interval",
        definition: "Time from the last 50 % instant of a phase to the first of the next phase of its pulse; a triphasic pulse has two.",
        window: TRAIN,
        criteria: "`gap: { of: programmed, within: 10 us }`",
        uncertainty: "as for `width`",
        source: "IEEE 181, pulse separation; typical specifications allow 10 us",
    },
    Text {
        measurand: Measurand::Rate,
        per: "train",
        brief: "pulses (or bursts) per second",
        definition: "Number of periods divided by the time between the first and the last leading 50 % instant. With bursts, the \
                     first pulse of each counts. Stretches separated by off-times are judged apart.",
        window: TRAIN,
        criteria: "`rate: { of: programmed, within: 0.5 % }`",
        uncertainty: "two edge instants over the whole train, and the sample clock (20 ppm on the default bench), which dominates",
        source: "typical stimulator specifications are 1 to 2 %",
    },
    Text {
        measurand: Measurand::BurstRate,
        per: "burst",
        brief: "pulses per second within a burst",
        definition: "Periods between the leading edges of one burst, divided by the time they take. A gap above 1.5 periods ends a \
                     burst; bursts cut by the window are ignored. Invalid where the output stays on, a pulse cannot be read or \
                     a burst has one pulse only.",
        window: TRAIN,
        criteria: "`burst_rate: { of: programmed, within: 1 % }`",
        uncertainty: "two edge instants over one burst, sample clock",
        source: "same construction as `rate`",
    },
    Text {
        measurand: Measurand::BurstPulses,
        per: "burst",
        brief: "pulses in each burst",
        definition: "Leading edges in one burst; a gap above 1.5 periods ends it. Invalid where the output stays on or a pulse \
                     cannot be read.",
        window: TRAIN,
        criteria: "`burst_pulses: { equals: 5 }`",
        uncertainty: "a count: none",
        source: "same construction as `pulse_count`",
    },
    Text {
        measurand: Measurand::PeriodJitter,
        per: "train",
        brief: "scatter of the period",
        definition: "Standard deviation of successive periods about their mean. The scatter of edge timing itself is reported in \
                     the budget and not subtracted.",
        window: TRAIN,
        criteria: "`period_jitter: { at_most: 20 us }`",
        uncertainty: "edge timing, and the number of periods",
        source: "IEEE 181, period jitter (r.m.s.)",
    },
    Text {
        measurand: Measurand::PulseCount,
        per: "window",
        brief: "how many pulses there were",
        definition: "Leading phases of at least half the programmed amplitude whose 50 % instant lies in the window (both ends \
                     moved earlier by the front end's settling time). Pulses of a burst count singly. Invalid where the output \
                     stays on or a pulse cannot be read.",
        window: TRAIN,
        criteria: "`pulse_count: { equals: 100 }`",
        uncertainty: "a count: none; its threshold of half the amplitude is part of the definition",
        source: "convention of this tool",
    },
    Text {
        measurand: Measurand::MissingPulses,
        per: "window",
        brief: "pulses that should have come and did not",
        definition: "The programmed grid is fitted to the train; instants without a pulse within a quarter of the period count, \
                     and what was due before a train that began late: more than 100 ms or three periods after its start (3 s where the bench \
                     does not mark it). Invalid beside an output that stays on.",
        window: TRAIN,
        criteria: "`missing_pulses: { equals: 0 }`",
        uncertainty: "a count: none; a train too short to fit a grid to is invalid",
        source: "convention of this tool",
    },
    Text {
        measurand: Measurand::ExtraPulses,
        per: "window",
        brief: "pulses that should not have come",
        definition: "Pulses further than a quarter of the period from every instant of the fitted grid, and pulses before the first start. A \
                     truncated pulse counts. Invalid beside an output that stays on.",
        window: TRAIN,
        criteria: "`extra_pulses: { equals: 0 }`",
        uncertainty: "a count: none",
        source: "convention of this tool",
    },
    Text {
        measurand: Measurand::Polarity,
        per: "pulse",
        brief: "sign of the leading phase: -1 cathodic, 1 anodic",
        definition: "Sign of the leading phase's current at its contact; anodic current flows out of the stimulator. All pulses \
                     must agree.",
        window: TRAIN,
        criteria: "`polarity: { equals: -1 }`",
        uncertainty: "a sign: none",
        source: "convention of electrode physiology: cathodic is negative at the electrode",
    },
    Text {
        measurand: Measurand::Overshoot,
        per: "phase",
        brief: "how far an edge shoots beyond its level",
        definition: "Extreme minus level, divided by level minus baseline, in the stretch from the 50 % instant to three \
                     transition durations or 20 us, whichever is longer. The filter's own overshoot is subtracted, and what the \
                     filter hides of an excess that decays as fast as this one is put back. What decays faster than one \
                     transition duration of the filter counts as decaying in one.",
        window: TRAIN,
        criteria: "`overshoot: { at_most: 10 % }`",
        uncertainty: "The filter's own overshoot (0.8 % on the default bench), half of what was put back, noise of the extreme. \
                      An excess faster than the filter is seen only in part.",
        source: "IEEE 181, post-transition aberration",
    },
    Text {
        measurand: Measurand::Droop,
        per: "phase",
        brief: "how much the top of a phase sinks",
        definition: "Level at 10 % of the phase minus level at 90 %, over the former, from a straight line through the central \
                     80 %, or what of it the front end has settled on (at least 8 samples). Positive when the top sinks.",
        window: TRAIN,
        criteria: "`droop: { at_most: 5 % }`",
        uncertainty: "noise over the samples of the line; gain cancels",
        source: "IEEE 181, tilt",
    },
    Text {
        measurand: Measurand::TransitionTime,
        per: "edge",
        brief: "10 to 90 % duration of the leading edge",
        definition: "Time between the 10 % and the 90 % instants of each pulse's leading edge; the filter's own is removed in \
                     quadrature. What is seen to take less than 1.2 times the filter's is reported as a bound: `≤ 2.4 us` on the \
                     default bench, with itself for its uncertainty.",
        window: TRAIN,
        criteria: "`transition_time: { at_most: 6 us }`",
        uncertainty: "a tenth of the filter's transition for its removal, interpolation of two instants, noise over the slope",
        source: "IEEE 181, transition duration",
    },
];
