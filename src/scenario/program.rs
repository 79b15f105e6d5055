//! `program:` lowered.

use crate::phantom::Phantom;
use crate::quantity::{Dimension, engineering};
use crate::signal::{Burst, Cycle, Law, Polarity, Program, Ramp, Recovery, Run, Share, Waveform};
use crate::source::{At, Fields};

use super::possible::possible;

pub(super) const KEYS: &[&str] = &[
    "waveform",
    "leading",
    "amplitude",
    "width",
    "gap",
    "recovery",
    "recharge",
    "rate",
    "ramp",
    "burst",
    "cycle",
    "contacts",
];
/// What may change while running.
pub(super) const SET_KEYS: &[&str] =
    &["amplitude", "width", "gap", "rate", "recovery", "recharge", "contacts"];
pub(super) const RECOVERY_KEYS: &[&str] = &["ratio", "passive"];
pub(super) const RAMP_KEYS: &[&str] = &["up", "law"];
pub(super) const BURST_KEYS: &[&str] = &["pulses", "rate", "recovery_after"];
pub(super) const CYCLE_KEYS: &[&str] = &["on_time", "off_time"];

/// Lowers a program; with `base`, what is left out is the base's. `None` for a phantom that could not be read: then nothing
/// is said of contacts.
///
/// A number that could not be read is none (NaN), which is neither too long nor too short, and contacts are missing then:
/// whoever goes on with it tells what else is wrong with the file, and [`is_whole`] says that it is no program.
pub(super) fn lower(
    at: &At<'_>,
    keys: &'static [&'static str],
    base: Option<&Program>,
    phantom: Option<&Phantom>,
) -> Option<Program> {
    let fields = at.fields(keys)?;
    // `set` knows fewer keys than a whole program.
    let get = |key: &str| if keys.contains(&key) { fields.get(key) } else { None };
    let waveform = get("waveform")
        .and_then(|at| at.word("a waveform", Waveform::WORDS))
        .unwrap_or(base.map_or(Waveform::Biphasic, |base| base.waveform));
    let leading = get("leading")
        .and_then(|at| at.word("a polarity", Polarity::WORDS))
        .unwrap_or(base.map_or(Polarity::Cathodic, |base| base.leading));
    let required = |key: &str, dimension: Dimension, base: Option<f64>| match base {
        Some(value) => Some(fields.or(key, value, |at| at.positive(dimension))),
        None => fields.require(key).and_then(|at| at.positive(dimension)),
    };
    let amplitude = required("amplitude", Dimension::Current, base.map(|base| base.amplitude));
    let width = required("width", Dimension::Time, base.map(|base| base.width));
    let rate = required("rate", Dimension::Frequency, base.map(|base| base.rate));
    let gap = fields.or("gap", base.map_or(0.0, |base| base.gap), |at| at.not_negative(Dimension::Time));
    let burst = get("burst").map_or(base.and_then(|base| base.burst), |at| burst(&at));
    let per_burst =
        get("burst").and_then(|at| at.fields(BURST_KEYS)).and_then(|burst| recovery_after(&burst));
    let default = match waveform {
        Waveform::Biphasic => Recovery::Mirrored,
        _ => Recovery::None,
    };
    let kept = base.filter(|base| base.waveform == waveform).map_or(default, |base| base.recovery);
    let mut recovery = get("recovery").and_then(|at| recovery(&at, waveform)).unwrap_or(kept);
    // Another duration says nothing of when: the burst is still the base's, and so is what it says.
    let still = match base {
        Some(Program { recovery: Recovery::Passive { per_burst: true, .. }, burst: Some(_), .. }) => {
            get("burst").is_none().then_some(true)
        }
        _ => None,
    };
    let anew = get("burst").map(|_| false);
    if let (Recovery::Passive { per_burst: after, .. }, Some(chosen)) =
        (&mut recovery, per_burst.or(still).or(anew))
    {
        *after = chosen;
    } else if per_burst.is_some()
        && let Some(at) = get("burst")
    {
        at.error("`recovery_after` is for a passive recovery", None);
    }
    let recharge =
        get("recharge").map_or(base.and_then(|base| base.recharge), |at| at.positive(Dimension::Time));
    let ramp = get("ramp").map_or(base.and_then(|base| base.ramp), |at| ramp(&at));
    let cycle = get("cycle").map_or(base.and_then(|base| base.cycle), |at| cycle(&at));
    let contacts = match get("contacts") {
        Some(at) => shares(&at, phantom),
        None => match base {
            Some(base) => Some(base.contacts.clone()),
            None => phantom.map(default_shares),
        },
    };
    let program = Program {
        waveform,
        leading,
        amplitude: amplitude.unwrap_or(f64::NAN),
        width: width.unwrap_or(f64::NAN),
        gap,
        recovery,
        recharge,
        rate: rate.unwrap_or(f64::NAN),
        ramp,
        burst,
        cycle,
        contacts: contacts.unwrap_or_default(),
        run: base.map_or(Run::UntilStopped, |base| base.run),
    };
    possible(&program, &fields);
    Some(program)
}

/// Whether everything of a program could be read.
pub(super) fn is_whole(program: &Program) -> bool {
    let numbers = [program.amplitude, program.width, program.rate];
    numbers.iter().all(|number| number.is_finite()) && !program.contacts.is_empty()
}

fn recovery(at: &At<'_>, waveform: Waveform) -> Option<Recovery> {
    let recovery = if at.node().as_text().is_some() {
        at.word("a recovery", &[("mirrored", Recovery::Mirrored), ("none", Recovery::None)])?
    } else {
        let fields = at.fields(RECOVERY_KEYS)?;
        match (fields.get("ratio"), fields.get("passive")) {
            (Some(ratio), None) => Recovery::Ratio(ratio.positive(Dimension::Number)?),
            (None, Some(passive)) => {
                Recovery::Passive { duration: passive.positive(Dimension::Time)?, per_burst: false }
            }
            _ => {
                at.error("a recovery is `mirrored`, `none`, `{ ratio: 4 }` or `{ passive: 5 ms }`", None);
                return None;
            }
        }
    };
    let fits = match waveform {
        Waveform::Biphasic => matches!(recovery, Recovery::Mirrored | Recovery::Ratio(_)),
        Waveform::Monophasic => matches!(recovery, Recovery::Passive { .. } | Recovery::None),
        Waveform::Triphasic | Waveform::Alternating => false,
    };
    if !fits {
        let (what, help) = match waveform {
            Waveform::Biphasic => (
                "a biphasic pulse recovers actively",
                "`mirrored` or `{ ratio: 4 }`; or `waveform: monophasic`",
            ),
            Waveform::Monophasic => (
                "a monophasic pulse has no active recovery",
                "`{ passive: 5 ms }` or `none`; or `waveform: biphasic`",
            ),
            Waveform::Triphasic => ("a triphasic pulse takes no recovery", "its phases already are ½, −1, ½"),
            Waveform::Alternating => {
                ("an alternating train takes no recovery", "each pulse recovers the one before")
            }
        };
        at.error(what, Some(help));
        return None;
    }
    Some(recovery)
}

fn burst(at: &At<'_>) -> Option<Burst> {
    let fields = at.fields(BURST_KEYS)?;
    // A count that does not fit stays one that is too large: without it the train would have no bursts.
    let pulses = fields.require("pulses").and_then(|at| at.count(1));
    let pulses = pulses.map(|count| u32::try_from(count).unwrap_or(u32::MAX));
    let rate = fields.require("rate").and_then(|at| at.positive(Dimension::Frequency));
    Some(Burst { pulses: pulses?, rate: rate? })
}

fn recovery_after(burst: &Fields<'_>) -> Option<bool> {
    burst
        .get("recovery_after")
        .and_then(|at| at.word("`pulse` or `burst`", &[("pulse", false), ("burst", true)]))
}

fn ramp(at: &At<'_>) -> Option<Ramp> {
    let fields = at.fields(RAMP_KEYS)?;
    let law = fields.or("law", Law::Linear, |at| at.word("a law", Law::WORDS));
    Some(Ramp { up: fields.require("up")?.positive(Dimension::Time)?, law })
}

fn cycle(at: &At<'_>) -> Option<Cycle> {
    let fields = at.fields(CYCLE_KEYS)?;
    let time = |key| fields.require(key).and_then(|at| at.positive(Dimension::Time));
    let (on_time, off_time) = (time("on_time"), time("off_time"));
    Some(Cycle { on_time: on_time?, off_time: off_time? })
}

fn shares(at: &At<'_>, phantom: Option<&Phantom>) -> Option<Vec<Share>> {
    let mut shares = Vec::new();
    for (key, value) in at.entries()? {
        if let Some(phantom) = phantom.filter(|phantom| phantom.node_of(&key.text).is_none()) {
            let names = phantom.contacts.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
            value.key_error(
                &format!("`{}` is not a contact of phantom `{}`", key.text, phantom.name),
                Some(&format!("one of: {names}")),
            );
        }
        shares.push(Share { contact: key.text.clone(), share: value.quantity(Dimension::Ratio)? });
    }
    let sum = |sign: f64| shares.iter().map(|share| (share.share * sign).max(0.0)).sum::<f64>();
    for (sign, what) in [(-1.0, "sinks (negative shares)"), (1.0, "sources (positive shares)")] {
        let sum = sum(sign);
        if (sum - 1.0).abs() > 1e-9 {
            let sum = engineering(sign * sum, Dimension::Ratio, 6);
            at.error(
                &format!("the {what} sum to {sum}, not to {} %", 100.0 * sign),
                Some("such as `{ e1: -100 %, case: 100 % }`"),
            );
        }
    }
    Some(shares)
}

/// The phantom's first contact against its return.
fn default_shares(phantom: &Phantom) -> Vec<Share> {
    let back = phantom.return_contact();
    let electrode =
        phantom.contacts.iter().map(|(name, _)| name.as_str()).find(|name| *name != back).unwrap_or("");
    vec![Share { contact: electrode.to_owned(), share: -1.0 }, Share { contact: back.to_owned(), share: 1.0 }]
}
