//! What happens after a fault.

use crate::scenario::Measurand;

use super::{AFTER, Text};

pub(super) const TEXTS: &[Text] = &[
    Text {
        measurand: Measurand::ShutdownLatency,
        per: "event",
        brief: "time from a fault to the last output",
        definition: "Last active sample before the first quiet stretch (100 ms or three periods, whichever is longer) minus the \
                     fault's marker in the same samples, corrected for the filter's delay; 0 if none. Activity includes the voltage at \
                     the stimulator, because an open lead carries no current. It is not the instant of disabling, which lies \
                     between this and the next pulse that was due (`upper_bound` in the record). Invalid when nothing was running, or nothing ever came of the start, \
                     and when fewer than three pulses were due between the limit and the next `stop`: off-times have none.",
        window: AFTER,
        criteria: "`shutdown_latency: { after: lead_opens, at_most: 25 ms }`",
        uncertainty: "one-sided, added before comparing: one sample, the filter's tail, the marker's skew",
        source: "allowed time follows from charge: 5 mA reach 50 uC/cm2 on a 0.12 cm2 contact in 1.2 ms",
    },
    Text {
        measurand: Measurand::ChargeAfterFault,
        per: "event",
        brief: "charge delivered after a fault",
        definition: "Sum of |charge| of all phases from the fault to the next start of the scenario (one in progress counts from there), on the \
                     contact where it is largest. Noise is not integrated; what is active and too small for a phase counts with half of what \
                     it may be at most, and as much in U. Invalid for a current that stays on, and where `shutdown_latency` is.",
        window: AFTER,
        criteria: "`charge_after_fault: { after: lead_opens, at_most: 2 uC }`",
        uncertainty: "as for `charge_per_phase`, for each phase",
        source: "charge-injection capacity times area bounds what may still flow",
    },
    Text {
        measurand: Measurand::PulsesAfterFault,
        per: "event",
        brief: "pulses delivered after a fault",
        definition: "Leading edges after the fault, within the time given by `for`, else up to the next start or the end of the record; on \
                     the contact with most. Pulses that only activity shows, of any size or at the stimulator's voltage, count too. Invalid \
                     when a `stop` falls into that time, when nothing ever came of the start, or when the time passes and nothing was due (three \
                     pulses, with off-times).",
        window: AFTER,
        criteria: "`pulses_after_fault: { after: lead_shorts, at_most: 2 }`",
        uncertainty: "a count: none",
        source: "typical allowance: detect within three pulses",
    },
    Text {
        measurand: Measurand::StaysOff,
        per: "event",
        brief: "the output stays off once it is off",
        definition: "No active sample for the time `for`, counted from the shutdown limit of the same case (or from the last active \
                     sample where there is none). Less than three periods would prove nothing and is an error; a `stop` meanwhile, and a \
                     start that nothing ever came of, make it invalid.",
        window: AFTER,
        criteria: "`stays_off: { after: lead_opens, for: 150 ms }`",
        uncertainty: "holds or not: none; the threshold of activity is part of the definition",
        source: "latched safe state: no output for at least three periods or 100 ms",
    },
    Text {
        measurand: Measurand::FaultReported,
        per: "event",
        brief: "the stimulator reports the fault by its name",
        definition: "The status read from the board equals `is`; its time is that of the first such reading, on the sample clock, \
                     plus one polling period. What is read behind the next fault, start or acknowledge is not about this one. Invalid when \
                     the status said so before the fault. `is: none` holds only if every status until then declares no fault. With \
                     it `at_most` only limits when the first status was read (a fault declared later fails all the same): leave it \
                     out.",
        window: AFTER,
        criteria: "`fault_reported: { after: lead_opens, is: open-lead, at_most: 50 ms }`",
        uncertainty: "the polling period (10 ms), one-sided",
        source: "convention of this tool",
    },
];
