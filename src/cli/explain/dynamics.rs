//! Ramps, cycles, starts and stops.

use crate::scenario::Measurand;

use super::{AFTER, Text};

/// Ramps belong to an on-time.
const CYCLING: &str = "first `start` to `stop`, ending at the first injected fault; on-times and off-times cut by either end are left out";

pub(super) const TEXTS: &[Text] = &[
    Text {
        measurand: Measurand::RampDuration,
        per: "start",
        brief: "time from the first pulse to the plateau",
        definition: "First pulse of at least 98 % of the plateau minus the first pulse; the plateau is the median of what was \
                     measured behind the ramp. `programmed` is the same of the programmed pulses.",
        window: "from each start to its plateau",
        criteria: "`ramp_duration: { of: programmed, within: 10 % }`",
        uncertainty: "one period, rectangular: between pulses nothing is seen",
        source: "convention of this tool",
    },
    Text {
        measurand: Measurand::RampError,
        per: "start",
        brief: "largest deviation from the programmed ramp",
        definition: "Largest |amplitude - programmed| of the ramp's pulses over the plateau's amplitude; of width for the width law.",
        window: "from each start to its plateau",
        criteria: "`ramp_error: { at_most: 10 % }`",
        uncertainty: "as for `amplitude`",
        source: "convention of this tool",
    },
    Text {
        measurand: Measurand::CycleOn,
        per: "on-time",
        brief: "how long stimulation is on in a cycle",
        definition: "First to last leading edge of the on-time plus one period.",
        window: CYCLING,
        criteria: "`cycle_on: { of: programmed, within: 5 % }`",
        uncertainty: "one period",
        source: "dosing of spinal-cord stimulators",
    },
    Text {
        measurand: Measurand::CycleOff,
        per: "off-time",
        brief: "how long stimulation is off in a cycle",
        definition: "Last leading edge of one on-time to the first of the next minus one period.",
        window: CYCLING,
        criteria: "`cycle_off: { of: programmed, within: 5 % }`",
        uncertainty: "one period",
        source: "dosing of spinal-cord stimulators",
    },
    Text {
        measurand: Measurand::StartLatency,
        per: "start",
        brief: "time from a start to the first pulse",
        definition: "First leading 50 % instant minus the instant at which the board took the start, read from its marker in the \
                     samples; on a bench without that marker, the host's send time. Invalid when samples are missing between them.",
        window: "each start; one sent while a train runs takes no effect and is left out",
        criteria: "`start_latency: { at_most: 20 ms }`",
        uncertainty: "one sample and the filter's delay; without the marker, the round trip of the link",
        source: "convention of this tool",
    },
    Text {
        measurand: Measurand::StopLatency,
        per: "stop",
        brief: "time from a stop to the last output",
        definition: "Last active sample minus the instant at which the board took the stop. Active means more than 1 uA (or seven \
                     sigma of 16-sample means), or a voltage at the stimulator that moves.",
        window: "from the stop that `after` names, else from each stop that found something running",
        criteria: "`stop_latency: { at_most: 100 ms }`",
        uncertainty: "one-sided: the claim is that the last output came by then",
        source: "published implants document a stop within 1 s",
    },
    Text {
        measurand: Measurand::RestartRefused,
        per: "event",
        brief: "a latched fault keeps the stimulator from starting",
        definition: "The rig sends a start of its own 100 ms after the fault (three periods, with `cycle` and an off-time, where \
                     they are longer; after a brown-out or a silence counted from its end). It must be refused, and no activity may follow for as long. Without \
                     `after`, the first fault is meant.",
        window: AFTER,
        criteria: "`restart_refused: { after: lead_opens }`",
        uncertainty: "holds or not: none",
        source: "latched safe state: no re-arming without an explicit command",
    },
    Text {
        measurand: Measurand::RestartAmplitude,
        per: "event",
        brief: "amplitude of the first pulse after a restart",
        definition: "Amplitude of the first pulse after acknowledge and start; `after` may name the restart itself, or an instant \
                     before the acknowledge. Means something only with a ramp.",
        window: AFTER,
        criteria: "`restart_amplitude: { after: restarted, at_most: 0.2 mA }`",
        uncertainty: "as for `amplitude`",
        source: "restart from zero with the ramp",
    },
    Text {
        measurand: Measurand::NoTruncatedPulse,
        per: "event",
        brief: "the pulse in progress at a stop or fault is whole or absent",
        definition: "Every pulse that reaches beyond the stop (each stop of the case, or the instant named by `after`) has all its \
                     phases, each as wide as programmed within the case's own check of the width (else 2 % or 5 us), and a net charge \
                     of at most twice the median pulse's plus its uncertainty. Invalid when no pulse was in progress at any of them, \
                     and when samples are missing where one may have been.",
        window: AFTER,
        criteria: "`no_truncated_pulse: { after: stop }`",
        uncertainty: "that of width and net charge enters the decision",
        source: "a truncated pulse is an unbalanced one",
    },
    Text {
        measurand: Measurand::CapNeverExceeded,
        per: "run",
        brief: "the largest current that ever flowed",
        definition: "Largest 3-sample median of |current| over the whole run, on every contact or the one that `contact` names. A sample \
                     clipped above the cap fails.",
        window: "the whole run, setup and teardown included",
        criteria: "`cap_never_exceeded: { at_most: 12.7 mA }`; the default limit is the stimulator's cap",
        uncertainty: "gain, offset, noise of three samples; it is added before comparing. What the filter itself overshoots is \
                      subtracted where the pulse's edges are known to be as fast as the filter, a tenth of it in U",
        source: "the stimulator's own stated maximum",
    },
    Text {
        measurand: Measurand::LinkErrors,
        per: "run",
        brief: "exchanges that had to be repeated, were rejected or lost",
        definition: "Retried, rejected and lost exchanges with stimulator and load, and sample blocks lost, each counted once. A retry \
                     that succeeds does not end the run; it is counted.",
        window: "the whole run",
        criteria: "`link_errors: { equals: 0 }`",
        uncertainty: "a count: none",
        source: "convention of this tool",
    },
];
