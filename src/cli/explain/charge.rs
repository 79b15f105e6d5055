//! Charge, direct current and what they leave on the electrode.

use crate::scenario::Measurand;

use super::{TRAIN, Text};

pub(super) const TEXTS: &[Text] = &[
    Text {
        measurand: Measurand::ChargePerPhase,
        per: "pulse and phase",
        brief: "charge that one phase carries",
        definition: "Magnitude of the sum of (current - baseline) times the sample interval, from the settling time before the phase \
                     to the middle of the gap behind it; without a gap, to the shared edge.",
        window: TRAIN,
        criteria: "`charge_per_phase: { of: programmed, within: 3 % }` or `{ at_most: 2 uC }`",
        uncertainty: "gain dominates; then non-linearity, noise, and the edges",
        source: "plain sums equal the integral of a band-limited signal when the window begins and ends on the baseline",
    },
    Text {
        measurand: Measurand::NetCharge,
        per: "cycle (or pulse)",
        brief: "charge that a whole cycle leaves behind, with its sign",
        definition: "Sum of (current - baseline) times the sample interval over one cycle, from just before a leading edge to just \
                     before the next; `window: pulse` ends just after the pulse. Positive is net anodic. One sum, not two phases \
                     added.",
        window: TRAIN,
        criteria: "`net_charge: { at_most: 4 nC }` bounds its magnitude; `{ between: [-412 nC, -388 nC] }` keeps the sign",
        uncertainty: "noise and baseline over the window, non-linearity between the two polarities; gain hardly matters near zero",
        source: "charge balance as in ISO 14708-3 practice",
    },
    Text {
        measurand: Measurand::ChargeImbalance,
        per: "cycle (or pulse)",
        brief: "net charge as a part of the leading phase's charge",
        definition: "Net charge over |charge of the leading phase|, positive when net anodic; `definition: mean-phase` takes twice \
                     the net charge over the sum of both. The cycle is a pulse with its rest, a pair of alternating pulses, a burst; \
                     its leading charge is that of both outer phases of a triphasic pulse, of the first of a pair, of all \
                     pulses of a burst. With passive recharge all charge until the end of the cycle counts as recovery \
                     (cycle window only).",
        window: "as for amplitude; with passive recharge use `in: [settled, stop]`, where the series capacitor has reached its \
                 steady state",
        criteria: "`charge_imbalance: { at_most: 0.5 % }`",
        uncertainty: "gain and shunt cancel in the ratio; non-linearity, noise and baseline remain: 0.01 to 0.2 % on the default \
                      bench",
        source: "1 % is the common convention, 0.4 % is reached by dynamically matched sources",
    },
    Text {
        measurand: Measurand::MeanDcCurrent,
        per: "whole cycles of the window",
        brief: "direct current that imbalance amounts to",
        definition: "Net charge of all whole cycles divided by their duration, with the baseline taken anew at each quiet interval. \
                     It therefore does not see a constant leakage: for that use `dc_leakage_current`. Less than 1 s or 10 \
                     cycles is invalid.",
        window: TRAIN,
        criteria: "`mean_dc_current: { within: 100 nA }`",
        uncertainty: "as for `net_charge`, averaged; 2 to 60 nA on the default bench",
        source: "100 nA per electrode pathway: pacemaker-lineage and cochlear standards",
    },
    Text {
        measurand: Measurand::DcLeakageCurrent,
        per: "window",
        brief: "all direct current, constant leakage included",
        definition: "Average of the slow channel over whole cycles minus its own zero, which a `zero` step (or setup) took in this \
                     case. No baseline is subtracted. Without a zero or a slow channel it is invalid.",
        window: "as for amplitude; leave the slow channel 2 s to settle",
        criteria: "`dc_leakage_current: { at_most: 100 nA, in: [quiet, stop] }`",
        uncertainty: "zero, non-linearity and noise of the slow channel",
        source: "ISO 14708-2 clause 16.2: 50 uV over 500 ohm is 0.1 uA",
    },
    Text {
        measurand: Measurand::AccumulatedCharge,
        per: "run",
        brief: "largest charge ever left on the electrode",
        definition: "Largest magnitude of the running sum of the net charges of cycles (pulses, pairs, bursts), the last one to the end \
                     of its last pulse.",
        window: "from the first `start` to the end of teardown: ramps, changes and the stop are where balance is lost",
        criteria: "`accumulated_charge: { at_most: 20 nC }`",
        uncertainty: "that of the net charges, summed: what they share adds up, what is noise does not",
        source: "5 % of one phase is the usual allowance",
    },
    Text {
        measurand: Measurand::ResidualVoltage,
        per: "cycle",
        brief: "voltage left on the electrode just before the next pulse",
        definition: "Mean of the sense voltage (contact minus return) over the last 5 % of the rest, minus its mean over 1 to 10 ms \
                     before the first `start`. The phantom must have rested for five time constants, else it is invalid.",
        window: "as for amplitude; with passive recharge use `in: [settled, stop]`",
        criteria: "`residual_voltage: { at_most: 50 mV }`",
        uncertainty: "noise over the two averages and gain; offset cancels: 0.02 mV on the default bench",
        source: "50 mV is the window of published charge balancers, 100 mV a common convention",
    },
    Text {
        measurand: Measurand::ResidualVoltageError,
        per: "cycle",
        brief: "residual voltage beyond what the phantom must show",
        definition: "Residual voltage minus the exact prediction for the same pulse counted from rest. A perfectly balanced current \
                     still leaves a voltage on a leaky interface, and a passive recharge leaves more; this takes it out. Predicted \
                     from the pulses as the board applies them, with its series capacitor and recharge switch.",
        window: TRAIN,
        criteria: "`residual_voltage_error: { within: 5 mV }`",
        uncertainty: "that of `residual_voltage`, and the phantom's tolerances",
        source: "closed form of the R-C network",
    },
    Text {
        measurand: Measurand::AccessResistance,
        per: "pulse",
        brief: "resistance seen across the leading edge",
        definition: "Step of voltage over step of current at the leading edge, both extrapolated to its 50 % instant by straight lines \
                     before and after it. Pulses of programs that leave the contact out are passed over.",
        window: TRAIN,
        criteria: "`access_resistance: { of: 1 kohm, within: 5 % }`",
        uncertainty: "gains of both channels, noise of the lines",
        source: "usual practice of impedance measurement with pulses",
    },
    Text {
        measurand: Measurand::Polarization,
        per: "pulse",
        brief: "voltage across the interface at the end of the leading phase",
        definition: "Voltage extrapolated back to the end of the leading phase from the gap behind it (or, without a gap long enough, \
                     less the access drop), minus the voltage just before the pulse. With its sign.",
        window: TRAIN,
        criteria: "`polarization: { at_most: 600 mV }`",
        uncertainty: "extrapolation, gain; with a short gap also the access resistance",
        source: "water window of platinum: -0.6 to 0.8 V",
    },
    Text {
        measurand: Measurand::ComplianceHeadroom,
        per: "pulse",
        brief: "voltage left before the output saturates",
        definition: "The stimulator's stated compliance minus the largest |voltage of an output + predicted drop of its series \
                     capacitor| at the ends of driven phases. Outputs are `vout` and, when the current returns through the \
                     phantom's own return, every driven contact whose voltage is sensed. Zero when the output is within 2 % of \
                     the compliance and a phase carries less than 90 % of its programmed current. A current that is too small \
                     without that leaves the headroom what it is: judge `amplitude` beside it. Invalid when a phase is not there.",
        window: TRAIN,
        criteria: "`compliance_headroom: { at_least: 0.5 V }`",
        uncertainty: "gain, non-linearity and noise of the voltage channel; the predicted drop",
        source: "0.5 V is the usual reserve",
    },
    Text {
        measurand: Measurand::ChargeDensity,
        per: "phase",
        brief: "charge per phase over the contact's area",
        definition: "Charge per phase divided by the geometric area that the phantom states for the contact; without one the plan is \
                     refused.",
        window: TRAIN,
        criteria: "`charge_density: { at_most: 30 uC/cm2 }`",
        uncertainty: "that of `charge_per_phase`; the area is taken as stated",
        source: "30 uC/cm2 per phase is used in the labelling of brain stimulators",
    },
    Text {
        measurand: Measurand::ShannonK,
        per: "phase",
        brief: "Shannon's k, the logarithm of charge times charge density",
        definition: "log10 of (charge per phase in uC) times (charge density in uC/cm2), for the largest driven phase of each pulse.",
        window: TRAIN,
        criteria: "`shannon_k: { at_most: 1.5 }`",
        uncertainty: "twice the relative uncertainty of the charge, on a logarithmic scale",
        source: "Shannon 1992; damage was first seen at 1.85; macro-electrodes near 50 Hz only",
    },
    Text {
        measurand: Measurand::CurrentShare,
        per: "pulse",
        brief: "part of the current that one contact carries",
        definition: "Plateau level of the contact over the sum of all contacts of the same programmed polarity, signed like the \
                     program.",
        window: TRAIN,
        criteria: "`current_share: { contact: e1, of: programmed, within: 5 % }`",
        uncertainty: "differences between the shunts; what they share cancels",
        source: "fractionalised stimulation; typical resolution 1 to 5 %",
    },
    Text {
        measurand: Measurand::KirchhoffResidual,
        per: "pulse",
        brief: "current that goes in and does not come out",
        definition: "Largest magnitude of the sum of all contact currents, the case included, over the leading plateau.",
        window: TRAIN,
        criteria: "`kirchhoff_residual: { at_most: 10 uA }`",
        uncertainty: "differences between the shunts, offsets, noise",
        source: "Kirchhoff's current law: a self-check of shunts and wiring",
    },
    Text {
        measurand: Measurand::PhantomIdentity,
        per: "case",
        brief: "whether the phantom is the one the scenario names (at most 1)",
        definition: "Worst ratio of |fitted - stated| to (stated tolerance + U), by the stimulator's own pulses at the check's \
                     contact: resistance by the step at the leading edge, capacitance by what voltage over current gains \
                     along the phase. A phantom without capacitors must not gain more than its resistors' tolerance. What is \
                     stated is what the phantom's file makes the same readings be, for the contacts of the scenario's program: \
                     pulses under other shares are passed over. Charge transfer is judged by what the pulses leave, where the \
                     record is long enough and the contacts stay the same.",
        window: TRAIN,
        criteria: "`phantom_identity: { at_most: 1 }`",
        uncertainty: "part of the definition",
        source: "convention of this tool; before each run the load identifies the phantom with its own test source as well",
    },
];
