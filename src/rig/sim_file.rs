//! `sim:` of a rig file, lowered onto a bench that already has values.

use crate::quantity::Dimension;
use crate::source::At;

use super::{AdcSpec, DcSpec, FilterSpec, ProbeTrouble, SimBench, StimulatorSpec, Transport, defect_file};

pub(super) const KEYS: &[&str] =
    &["seed", "transport", "stimulator", "adc", "dc", "phantom", "defects", "probe"];
pub(super) const STIMULATOR_KEYS: &[&str] = &[
    "dac_bits",
    "dac",
    "full_scale",
    "cap",
    "compliance",
    "timer",
    "clock_error",
    "blocking_capacitor",
    "recharge",
    "keepalive",
    "watchdog",
    "open_detect",
    "short_detect",
    "shutdown",
];
pub(super) const ADC_KEYS: &[&str] = &[
    "bits",
    "sample_rate",
    "current_ranges",
    "voltage_ranges",
    "noise",
    "offset",
    "gain_error",
    "inl",
    "clock_error",
    "filter",
];
pub(super) const DC_KEYS: &[&str] = &["range", "bits", "filter"];
pub(super) const FILTER_KEYS: &[&str] = &["type", "poles", "cutoff"];

/// What decides what the values of a stimulator are held against.
#[derive(Debug, Clone, Copy)]
pub(super) struct Whose {
    /// It is the reference board, which reads them all.
    pub own: bool,
    /// Its rig states a cap beside `sim:`.
    pub states_cap: bool,
}

/// Applies what is written; keys left out keep the bench's values.
pub(super) fn lower(at: &At<'_>, bench: &mut SimBench, of: Whose) -> Option<()> {
    let fields = at.fields(KEYS)?;
    bench.seed = fields.or("seed", bench.seed, |at| at.count(0));
    bench.transport = fields.or("transport", bench.transport, |at| at.word("a transport", Transport::ALL));
    if let Some(at) = fields.get("stimulator") {
        stimulator(&at, &mut bench.stimulator, of);
    }
    if let Some(at) = fields.get("adc") {
        adc(&at, &mut bench.adc);
    }
    if let Some(at) = fields.get("dc") {
        dc(&at, &mut bench.dc);
    }
    if let Some(at) = fields.get("phantom") {
        bench.phantom = at.text().map(str::to_owned);
    }
    if let Some(at) = fields.get("defects") {
        defect_file::lower(&at, &mut bench.defects);
    }
    if let Some(at) = fields.get("probe") {
        bench.probe = at.word("what is wrong with the debug probe", ProbeTrouble::ALL).or(bench.probe);
    }
    Some(())
}

fn stimulator(at: &At<'_>, spec: &mut StimulatorSpec, of: Whose) -> Option<()> {
    let fields = at.fields(STIMULATOR_KEYS)?;
    let positive =
        |key, value: &mut f64, dimension| *value = fields.or(key, *value, |at| at.positive(dimension));
    let at_least_zero =
        |key, value: &mut f64, dimension| *value = fields.or(key, *value, |at| at.not_negative(dimension));
    spec.dac_bits = fields.or("dac_bits", spec.dac_bits, |at| bits(at, 4, 24));
    fields.get("dac").and_then(|at| at.word("a converter", &[("sign-magnitude", ())]));
    positive("full_scale", &mut spec.full_scale, Dimension::Current);
    spec.cap = fields.or("cap", spec.cap, |at| cap(at, of));
    positive("compliance", &mut spec.compliance, Dimension::Voltage);
    spec.timer = fields.or("timer", spec.timer, timer);
    at_least_zero("clock_error", &mut spec.clock_error, Dimension::Ratio);
    at_least_zero("blocking_capacitor", &mut spec.blocking_capacitor, Dimension::Capacitance);
    positive("recharge", &mut spec.recharge, Dimension::Resistance);
    positive("keepalive", &mut spec.keepalive, Dimension::Time);
    positive("watchdog", &mut spec.watchdog, Dimension::Time);
    spec.open_detect =
        fields.or("open_detect", spec.open_detect, |at| at.count(1).and_then(|n| u32::try_from(n).ok()));
    at_least_zero("short_detect", &mut spec.short_detect, Dimension::Resistance);
    at_least_zero("shutdown", &mut spec.shutdown, Dimension::Time);
    // What another maker's stimulator has instead is not written here.
    if !of.own {
        return Some(());
    }
    if spec.keepalive >= spec.watchdog {
        at.error("the keepalive interval must be shorter than the watchdog's patience", None);
    }
    if spec.cap > spec.full_scale {
        at.error("the cap lies above the converter's full scale", None);
    }
    Some(())
}

/// The reference board has a cap of its own; of any other stimulator only what the rig says is known, and it is said once.
fn cap(at: &At<'_>, of: Whose) -> Option<f64> {
    if of.states_cap && !of.own {
        at.error(
            "`cap` does nothing here: this rig states the stimulator's own",
            Some("take it away, or change `stimulator.cap`"),
        );
    }
    at.positive(Dimension::Current)
}

fn adc(at: &At<'_>, spec: &mut AdcSpec) -> Option<()> {
    let fields = at.fields(ADC_KEYS)?;
    let at_least_zero =
        |key, value: &mut f64, dimension| *value = fields.or(key, *value, |at| at.not_negative(dimension));
    spec.bits = fields.or("bits", spec.bits, |at| bits(at, 8, 16));
    spec.sample_rate = fields.or("sample_rate", spec.sample_rate, |at| at.positive(Dimension::Frequency));
    if let Some(at) = fields.get("current_ranges") {
        spec.current_ranges = ranges(&at, Dimension::Current).unwrap_or_else(|| spec.current_ranges.clone());
    }
    if let Some(at) = fields.get("voltage_ranges") {
        spec.voltage_ranges = ranges(&at, Dimension::Voltage).unwrap_or_else(|| spec.voltage_ranges.clone());
    }
    at_least_zero("noise", &mut spec.noise, Dimension::Codes);
    at_least_zero("offset", &mut spec.offset, Dimension::Codes);
    at_least_zero("gain_error", &mut spec.gain_error, Dimension::Ratio);
    at_least_zero("inl", &mut spec.inl, Dimension::Codes);
    at_least_zero("clock_error", &mut spec.clock_error, Dimension::Ratio);
    if let Some(at) = fields.get("filter") {
        filter(&at, &mut spec.filter);
    }
    if spec.filter.cutoff * 2.0 > spec.sample_rate {
        at.error("the filter's cutoff lies above half the sample rate: what it passes would alias", None);
    }
    Some(())
}

/// The board counts whole nanoseconds, and no edge of a pulse may fall between two ticks a phase apart.
fn timer(at: &At<'_>) -> Option<f64> {
    let timer = at.positive(Dimension::Time)?;
    let possible = (1e-9..=1e-5).contains(&timer);
    if !possible {
        at.error("a timer ticks between once in 1 ns and once in 10 us", None);
    }
    possible.then_some(timer)
}

fn dc(at: &At<'_>, spec: &mut DcSpec) -> Option<()> {
    let fields = at.fields(DC_KEYS)?;
    spec.range = fields.or("range", spec.range, |at| at.positive(Dimension::Current));
    spec.bits = fields.or("bits", spec.bits, |at| bits(at, 8, 16));
    if let Some(at) = fields.get("filter") {
        filter(&at, &mut spec.filter);
    }
    Some(())
}

fn filter(at: &At<'_>, spec: &mut FilterSpec) -> Option<()> {
    let fields = at.fields(FILTER_KEYS)?;
    fields.get("type").and_then(|at| at.word("a filter", &[("bessel", ())]));
    spec.poles = fields.or("poles", spec.poles, |at| bits(at, 1, 8));
    spec.cutoff = fields.or("cutoff", spec.cutoff, |at| at.positive(Dimension::Frequency));
    Some(())
}

fn bits(at: &At<'_>, least: u64, most: u64) -> Option<u32> {
    let value = at.count(least)?;
    if value > most {
        at.error(&format!("at most {most}"), None);
        return None;
    }
    u32::try_from(value).ok()
}

/// A list of ranges, ascending.
pub(super) fn ranges(at: &At<'_>, dimension: Dimension) -> Option<Vec<f64>> {
    let mut ranges: Vec<f64> =
        at.list()?.iter().map(|item| item.positive(dimension)).collect::<Option<_>>()?;
    if ranges.is_empty() {
        at.error("at least one range is needed", None);
        return None;
    }
    ranges.sort_by(f64::total_cmp);
    Some(ranges)
}
