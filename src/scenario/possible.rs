//! What makes a program impossible: phases that overlap, pulses, recharges, bursts and on-times that do not fit.

use crate::quantity::{Dimension, engineering};
use crate::signal::{Burst, Cycle, Program, Recovery, Waveform};
use crate::source::Fields;

/// Most pulses of a burst: a tenth of those whose measurements are kept.
const MOST_IN_A_BURST: u32 = 10_000;

/// Times that differ by less are the same, s.
const SLACK: f64 = 1e-9;

/// Refuses what cannot be emitted, at the key of `fields` that says it.
pub(super) fn possible(program: &Program, fields: &Fields<'_>) {
    let times = Times::of(program);
    let blame = |refusal: Option<Refusal>| {
        let Some(Refusal { keys, what, help }) = refusal else { return false };
        let written = keys.iter().find(|key| fields.has(key)).and_then(|key| fields.get(key));
        written.as_ref().unwrap_or(fields.at()).error(&what, help.as_deref());
        true
    };
    if blame(phases(program, &times)) {
        return;
    }
    blame(recharge(program, &times));
    blame(program.burst.and_then(|burst| bursts(program, &times, burst)));
    blame(program.burst.and_then(|burst| too_many(program, burst)));
    blame(program.cycle.and_then(|cycle| on_times(program, &times, cycle)));
    blame(two_recharges(program));
}

/// What is wrong, which keys may be to blame (the first that is written is), and what would do.
struct Refusal {
    keys: &'static [&'static str],
    what: String,
    help: Option<String>,
}

impl Refusal {
    fn new(keys: &'static [&'static str], what: impl Into<String>) -> Self {
        Self { keys, what: what.into(), help: None }
    }
}

/// How long the parts of a program take, s.
struct Times {
    /// From the begin of a pulse to the end of its last active phase.
    active: f64,
    /// What one pulse may take, and what that is.
    slot: f64,
    slot_name: &'static str,
    /// The recharge switch behind a pulse, or behind the last of a burst.
    switch: Option<Switch>,
    /// From the first pulse of a burst to its last.
    burst: f64,
}

/// When the recharge switch closes and opens, counted from the begin of the pulse before it, s.
#[derive(Clone, Copy)]
struct Switch {
    closes: f64,
    opens: f64,
    per_burst: bool,
}

impl Times {
    fn of(program: &Program) -> Self {
        let (slot, slot_name) = match (program.waveform, program.burst) {
            (Waveform::Alternating, _) => (program.period() / 2.0, "half period"),
            (_, Some(burst)) => (1.0 / burst.rate, "period within the burst"),
            _ => (program.period(), "period"),
        };
        let active = Program { ramp: None, ..program.clone() }.pulse(0).end();
        let closed = |closes: f64, duration: f64, per_burst: bool| Switch {
            closes,
            opens: closes + duration,
            per_burst,
        };
        let switch = match program.recovery {
            // A passive recovery waits the gap first.
            Recovery::Passive { duration, per_burst } => {
                Some(closed(active + program.gap, duration, per_burst))
            }
            _ => program.recharge.map(|duration| closed(active, duration, false)),
        };
        let burst = program.burst.map_or(0.0, |burst| f64::from(burst.pulses.saturating_sub(1)) / burst.rate);
        Self { active, slot, slot_name, switch, burst }
    }
}

fn time(seconds: f64) -> String {
    engineering(seconds, Dimension::Time, 6)
}

/// Phases that overlap the next pulse.
fn phases(program: &Program, times: &Times) -> Option<Refusal> {
    let Times { active, slot, slot_name, .. } = *times;
    if program.width >= slot {
        let (width, slot) = (time(program.width), time(slot));
        let what = format!("a width of {width} does not fit a {slot_name} of {slot}");
        return Some(Refusal::new(&["width", "rate"], what));
    }
    if active > slot + SLACK {
        let (active, slot) = (time(active), time(slot));
        let what = format!(
            "a pulse takes {active}, longer than the {slot_name} of {slot}: its phases would overlap the next"
        );
        return Some(Refusal::new(&["recovery", "gap", "width", "rate"], what));
    }
    None
}

/// A recharge that the next pulse, or burst, would cut.
fn recharge(program: &Program, times: &Times) -> Option<Refusal> {
    let Switch { closes, opens, per_burst } = times.switch?;
    let (began, next, room) = match per_burst {
        true => ("the last pulse of a burst", "burst", program.period() - times.burst),
        false => ("its pulse", "pulse", times.slot),
    };
    // Bursts that overlap leave no room at all, which they say themselves.
    (room > 0.0 && opens > room + SLACK).then(|| {
        let (end, most) = (time(opens), room - closes);
        let what = format!(
            "the recharge ends {end} after {began} began, and the next {next} begins after {}",
            time(room)
        );
        let help = (most > 0.0).then(|| format!("at most {}, or pulses that follow more slowly", time(most)));
        Refusal { help, ..Refusal::new(&["recharge", "recovery", "rate"], what) }
    })
}

/// Bursts that overlap, or that nothing tells apart.
fn bursts(program: &Program, times: &Times, burst: Burst) -> Option<Refusal> {
    let (period, pause) = (program.period(), program.period() - times.burst);
    let refuse = |what: String| Some(Refusal::new(&["burst"], what));
    if burst.rate <= program.rate {
        return refuse("pulses within a burst must follow faster than the bursts".to_owned());
    }
    if times.burst + times.active > period + SLACK {
        let (long, period) = (time(times.burst + times.active), time(period));
        return refuse(format!("a burst takes {long}, longer than its period of {period}"));
    }
    if pause < 1.5 / burst.rate + SLACK {
        let (pause, within) = (time(pause), time(1.0 / burst.rate));
        return refuse(format!(
            "the bursts follow each other after {pause}, less than one and a half periods of {within} within: they are one train"
        ));
    }
    None
}

/// Bursts that nothing can judge, or that there are none of.
fn too_many(program: &Program, burst: Burst) -> Option<Refusal> {
    if burst.pulses > MOST_IN_A_BURST {
        let pulses = burst.pulses;
        let what =
            format!("a burst of {pulses} pulses is longer than the {MOST_IN_A_BURST} that can be judged");
        return Some(Refusal::new(&["burst"], what));
    }
    let alternating = program.waveform == Waveform::Alternating;
    alternating.then(|| Refusal::new(&["burst"], "an alternating train has no bursts"))
}

/// On-times that hold no pulse, whose last pulse is cut by the next, or that nothing tells apart.
fn on_times(program: &Program, times: &Times, cycle: Cycle) -> Option<Refusal> {
    let period = program.period();
    let groups = (cycle.on_time / period - SLACK).ceil().max(1.0);
    let pair = if program.waveform == Waveform::Alternating { times.slot } else { 0.0 };
    let busy = times.switch.map_or(times.active, |switch| switch.opens);
    let ends = (groups - 1.0) * period + times.burst.max(pair) + busy;
    let next = cycle.on_time + cycle.off_time;
    // Half a period more than from one group to the next is what tells an off-time.
    let rest = next - groups * period;
    let refuse = |what: String| Some(Refusal::new(&["cycle"], what));
    if cycle.on_time < period - SLACK {
        let (on, period) = (time(cycle.on_time), time(period));
        return refuse(format!("an on-time of {on} holds no whole period of {period}"));
    }
    if ends > next + SLACK {
        let (ends, next) = (time(ends), time(next));
        return refuse(format!(
            "the last pulse of an on-time ends {ends} after its begin, and the next begins after {next}"
        ));
    }
    if rest < 0.5 * period + SLACK {
        let (rest, period) = (time(rest), time(period));
        return refuse(format!(
            "an on-time begins {rest} behind the last period of the one before, less than half a period of {period}: they are one train"
        ));
    }
    None
}

fn two_recharges(program: &Program) -> Option<Refusal> {
    let both = matches!(program.recovery, Recovery::Passive { .. }) && program.recharge.is_some();
    both.then(|| Refusal::new(&["recharge"], "the passive recovery already closes the recharge switch"))
}
