//! What a case must keep beyond its grammar: instants that exist, checks that can judge something.

use crate::signal::{Program, Recovery, Run, Waveform};
use crate::source::{Context, Severity, nearest};

mod after;
mod core;
mod emitted;
mod ended;
mod evidence;
#[cfg(test)]
mod tests;
mod vacuous;
mod zero;

use super::timeline::Timeline;
use super::{Action, After, Case, Check, Criterion, Measurand, Nominal, Per, PhaseChoice, WindowKind};

/// Reports everything in a case that could never be judged.
pub(super) fn check(case: &Case, context: &Context<'_>) {
    whole_periods(case, context);
    core::check(case, context);
    let timeline = Timeline::of(&case.steps);
    zero::check(case, &timeline, context);
    for check in &case.checks {
        let rule = Rule { case, check, timeline: &timeline, context };
        rule.instants();
        rule.recovery();
        rule.contact();
        rule.evidence();
        rule.after_fault();
        rule.ended();
        rule.ended_before_it_begins_again();
        rule.comes_to_a_plateau();
        rule.holds_a_ramp();
        rule.vacuous();
    }
}

/// A number of pulses that ends between pulses which are balanced together would leave charge behind.
fn whole_periods(case: &Case, context: &Context<'_>) {
    let (program, per_period) = (&case.program, case.program.pulses_per_period());
    let Run::Pulses(pulses) = program.run else { return };
    if !program.balances_together() || pulses.is_multiple_of(per_period) {
        return;
    }
    let (group, end) = match program.waveform {
        Waveform::Alternating => ("pair", "the second takes back what the first leaves"),
        _ => ("burst", "it is recharged at its end"),
    };
    let what = format!("{pulses} pulses end within a {group} of {per_period}: {end}");
    let whole = pulses.next_multiple_of(per_period);
    context.report(case.places.find("pulses").error(&what, Some(&format!("such as `pulses: {whole}`"))));
}

struct Rule<'c> {
    case: &'c Case,
    check: &'c Check,
    timeline: &'c Timeline,
    context: &'c Context<'c>,
}

impl Rule<'_> {
    fn error(&self, key: &str, what: &str, help: Option<&str>) {
        self.context.report(self.case.problem(self.check, key, Severity::Error, what, help));
    }

    fn warning(&self, key: &str, what: &str, help: Option<&str>) {
        self.context.report(self.case.problem(self.check, key, Severity::Warning, what, help));
    }

    fn name(&self) -> &'static str {
        self.check.measurand.name()
    }

    fn program(&self) -> &Program {
        &self.case.program
    }

    /// Named instants exist and stand in the order of time.
    fn instants(&self) {
        let known: Vec<&str> =
            self.timeline.instants.iter().map(|(name, ..)| name.as_str()).chain(["settled"]).collect();
        let exists = |key: &str, name: &str| {
            let there = known.contains(&name);
            if !there {
                let near = nearest(name, known.iter().copied());
                let help = near.map_or_else(
                    || format!("one of: {}", known.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                self.error(key, &format!("there is no instant `{name}`"), Some(&help));
            }
            there
        };
        if let Some((from, to)) = &self.check.window {
            let there = exists("in[0]", from) & exists("in[1]", to);
            let early = |name: &str| self.timeline.time(name);
            if there && from != "settled" && to != "settled" && early(from) >= early(to) {
                self.error("in", &format!("`{from}` is not before `{to}`"), None);
            } else if there && to == "settled" && from == "stop" {
                self.error("in", "`stop` is not before `settled`", None);
            }
        }
        let Some(after) = &self.check.after else { return };
        if !exists("after", after) || self.check.measurand.traits().after != After::Fault {
            return;
        }
        let action = self.timeline.step(self.case, after).map(|step| &step.action);
        if !action.is_some_and(Action::is_fault) {
            self.error(
                "after",
                &format!("`{after}` is neither a fault nor a host silence"),
                Some("name the `inject` or `host` step with `as:`"),
            );
        }
    }

    /// A recovery that nobody programmed has no nominal, and some waveforms have no second phase.
    fn recovery(&self) {
        let (check, programs) = (self.check, self.judged());
        let any = |is: fn(&Program) -> bool| programs.iter().any(|program| is(program));
        let active = any(|program| matches!(program.waveform, Waveform::Biphasic | Waveform::Triphasic));
        let passive = any(|program| matches!(program.recovery, Recovery::Passive { .. }));
        if check.phase != PhaseChoice::Leading && !active {
            let nominal = matches!(
                check.criterion,
                Criterion::Within { of: Nominal::Programmed | Nominal::Applied, .. }
            );
            let kind = if passive { "passive recovery" } else { "train without a recovery phase" };
            if nominal {
                self.error(
                    "phase",
                    &format!("a {kind} has no programmed {}", self.name()),
                    Some("judge `phase: leading`"),
                );
            } else if !passive || check.measurand != Measurand::ChargePerPhase {
                self.error(
                    "phase",
                    &format!("a {kind} has no second phase to measure"),
                    Some("judge `phase: leading`"),
                );
            }
        }
        if check.window_kind == WindowKind::Pulse && passive {
            self.error(
                "window",
                "a passive recovery ends with the cycle, not with the pulse",
                Some("use `window: cycle`"),
            );
        }
        if check.window_kind == WindowKind::Pulse && any(|program| program.waveform == Waveform::Alternating)
        {
            let what =
                "an alternating pulse is recovered by the next, so its charge is balanced with the pair";
            self.error("window", what, Some("use `window: cycle`"));
        }
        if check.measurand == Measurand::Gap && !active {
            self.error("", "there is no gap between phases: each pulse has one", None);
        }
        let asks_burst = matches!(check.measurand, Measurand::BurstRate | Measurand::BurstPulses);
        if asks_burst && !any(|program| program.burst.is_some()) {
            self.error("", "the program has no bursts", None);
        }
        let asks_cycle = matches!(check.measurand, Measurand::CycleOn | Measurand::CycleOff);
        if asks_cycle && !any(|program| program.cycle.is_some()) {
            self.error("", "the program has no on and off times", None);
        }
        let asks_ramp = matches!(
            check.measurand,
            Measurand::RampDuration | Measurand::RampError | Measurand::RestartAmplitude
        );
        if asks_ramp && !any(|program| program.ramp.is_some()) {
            self.error("", "the program has no ramp", None);
        } else if check.measurand == Measurand::RampError && !any(climbs) {
            let what = "`ramp_error` could judge nothing: the first pulse is on the plateau already";
            self.error("", what, Some("a longer ramp or a higher rate has pulses on its way up"));
        }
        let areas = matches!(check.measurand, Measurand::ChargeDensity | Measurand::ShannonK);
        let contact = check.contact.as_deref().unwrap_or(self.program().main_contact());
        if areas && self.case.phantom.area_of(contact).is_none() {
            let what = format!("phantom `{}` states no area of `{contact}`", self.case.phantom.name);
            self.error("", &what, Some("add `area: { … }` to the phantom file"));
        }
        if check.measurand.traits().sense && self.case.phantom.senses.is_empty() {
            let what =
                format!("phantom `{}` has no `sense` channel to measure a voltage", self.case.phantom.name);
            self.error("", &what, None);
        }
    }

    /// The contact carries what is to be judged, and its voltage is sensed where that is asked for.
    fn contact(&self) {
        let (check, phantom) = (self.check, &self.case.phantom);
        let programs = self.case.steps.iter().filter_map(|step| match &step.action {
            Action::Set(program) | Action::Program(program) => Some(program.as_ref()),
            _ => None,
        });
        let programs: Vec<&Program> = programs.chain([self.program()]).collect();
        let driven = |contact: &str| programs.iter().any(|program| program.share_of(contact) != 0.0);
        let main = self.program().main_contact();
        let traits = check.measurand.traits();
        // What follows a fault is judged on every contact.
        if check.contact.is_none() && traits.contact && traits.per != Per::Event {
            let mut others = programs.iter().map(|program| program.main_contact());
            if let Some(other) = others.find(|other| *other != main) {
                let what = format!(
                    "the program drives `{main}` first and `{other}` later, and the check does not say which it is about"
                );
                let help = format!("a check for each: `contact: {main}` and `contact: {other}`");
                self.error("", &what, Some(&help));
            }
        }
        let of_all = matches!(
            check.measurand,
            Measurand::StopLatency
                | Measurand::ShutdownLatency
                | Measurand::ChargeAfterFault
                | Measurand::PulsesAfterFault
                | Measurand::StaysOff
                | Measurand::RestartRefused
        );
        if of_all && check.contact.is_some() {
            let what = format!("`{}` is judged on every contact, whichever is named", self.name());
            self.warning("contact", &what, Some("leave `contact` out"));
        }
        let of_pulses = matches!(
            check.measurand,
            Measurand::Amplitude
                | Measurand::Width
                | Measurand::Gap
                | Measurand::Rate
                | Measurand::Polarity
                | Measurand::ChargePerPhase
                | Measurand::ChargeImbalance
                | Measurand::Overshoot
                | Measurand::Droop
                | Measurand::TransitionTime
                | Measurand::AccessResistance
                | Measurand::Polarization
                | Measurand::BurstRate
                | Measurand::BurstPulses
                | Measurand::PeriodJitter
                | Measurand::MissingPulses
                | Measurand::ExtraPulses
                | Measurand::NetCharge
                | Measurand::MeanDcCurrent
                | Measurand::AccumulatedCharge
                | Measurand::ResidualVoltage
                | Measurand::ResidualVoltageError
                | Measurand::ChargeDensity
                | Measurand::ShannonK
                | Measurand::RampError
        );
        let judged = self.judged();
        let pulses_at = |contact: &str| judged.iter().any(|program| program.share_of(contact) != 0.0);
        match check.contact.as_deref() {
            Some("idle") if phantom.contacts.iter().all(|(name, _)| driven(name)) => {
                self.error("contact", "no contact is idle: every one of the phantom's is driven", None);
            }
            Some(name) if of_pulses && name != "idle" && !pulses_at(name) => {
                let when = if driven(name) { " in the window" } else { "" };
                let what = format!("`{name}` is not driven{when}, so it has no pulses to judge");
                self.error(
                    "contact",
                    &what,
                    Some("`current_share` with an absolute limit judges idle contacts"),
                );
            }
            Some(name) if check.measurand == Measurand::CurrentShare && (name == "idle" || !driven(name)) => {
                let relative = matches!(
                    check.criterion,
                    Criterion::Within { of: Nominal::Programmed | Nominal::Applied, tolerance } if tolerance.abs == 0.0
                );
                if relative {
                    let what = "the programmed share of an idle contact is 0, and so is any percentage of it";
                    self.error("of", what, Some("state an absolute limit, such as `{ within: 1 % }`"));
                }
            }
            _ => {}
        }
        let contact = check.contact.as_deref().unwrap_or(self.program().main_contact());
        if check.measurand.traits().sense && !phantom.senses.is_empty() && phantom.sense_of(contact).is_none()
        {
            let sensed = phantom.contacts.iter().filter(|(name, _)| phantom.sense_of(name).is_some());
            let sensed: Vec<&str> = sensed.map(|(name, _)| name.as_str()).collect();
            let what = format!("phantom `{}` senses no voltage at `{contact}`", phantom.name);
            let help = format!("it does at: {}", sensed.join(", "));
            self.error("contact", &what, Some(&help));
        }
    }
}

/// Whether a train of a program begins with pulses that are not whole yet. What is left of rounding is no ramp.
fn climbs(program: &Program) -> bool {
    let first = program.pulse(0);
    first.amplitude < program.amplitude * (1.0 - 1e-9) || first.width < program.width * (1.0 - 1e-9)
}
