//! What the board would refuse, on its default grid.

use super::*;
use crate::rig::SimBench;
use crate::signal::{Burst, Cycle, Law, Ramp, Waveform};

fn program() -> Program {
    Program::biphasic(["e1", "case"], 2e-3, 200e-6, 0.0, 50.0)
}

/// Severity and key of everything that the default board does not do as it is asked.
fn told(program: &Program) -> Vec<(Severity, &'static str)> {
    let found = unlike(program, &SimBench::default().stimulator);
    found.iter().map(|one| (one.severity, one.key)).collect()
}

const REFUSED: Severity = Severity::Error;

#[test]
fn a_recovery_that_ends_between_two_ticks_is_refused_with_the_widths_that_do_not() {
    let with = |ratio, width| Program { recovery: Recovery::Ratio(ratio), width, ..program() };
    for (ratio, width) in [(4.0, 201e-6), (1.5, 200e-6), (0.5, 200e-6), (2.375, 200e-6), (1.0, 33e-6)] {
        assert_eq!(told(&with(ratio, width)), Vec::new(), "{ratio} {width}");
    }
    // 1.5 of 201 ticks, 2.375 of 204 (only every 8th), a third in thousandths of 200 (only every 1000th).
    for (ratio, width) in [(1.5, 201e-6), (2.375, 204e-6), (0.333, 200e-6)] {
        assert!(told(&with(ratio, width)).contains(&(REFUSED, "recovery")), "{ratio} {width}");
    }
    let help = unlike(&with(1.5, 201e-6), &SimBench::default().stimulator);
    assert!(help[0].help.as_deref().is_some_and(|help| help.ends_with("a width of 200 µs or 202 µs")));
}

#[test]
fn what_the_converter_makes_of_a_ratio_is_told() {
    // 2 mA / 1.01 are 2595 codes, and only every hundredth of them has 1.01 times as many: 2500 · 1.01 · 25 mA / 32767.
    let coarse = Program { recovery: Recovery::Ratio(1.01), ..program() };
    let made = on_grid(&coarse, &SimBench::default().stimulator).amplitude;
    assert!((made - 2525.0 * 25e-3 / 32767.0).abs() < 1e-12, "{made}");
    assert_eq!(told(&coarse), [(Severity::Warning, "amplitude")]);
    // A third is sent as 0.333, and only every thousandth tick has a recovery of whole ticks then.
    let third = Program { recovery: Recovery::Ratio(1.0 / 3.0), ..program() };
    assert!(told(&third).contains(&(Severity::Warning, "recovery")));
    assert!(told(&third).contains(&(REFUSED, "recovery")));
}

#[test]
fn times_that_are_nothing_on_the_timer_are_refused() {
    assert_eq!(told(&Program { recharge: Some(0.4e-6), ..program() }), [(REFUSED, "recharge")]);
    assert_eq!(told(&Program { recharge: Some(0.6e-6), ..program() }), Vec::new());
    let passive = |duration| Recovery::Passive { duration, per_burst: false };
    let mono = Program { waveform: Waveform::Monophasic, recovery: passive(0.4e-6), ..program() };
    assert_eq!(told(&mono), [(REFUSED, "recovery")]);
    let ramp = |up| Program { ramp: Some(Ramp { up, law: Law::Linear }), ..program() };
    assert_eq!((told(&ramp(1e-12)), told(&ramp(1e-9))), (vec![(REFUSED, "ramp")], vec![]));
    let cycle = |off_time| Program { cycle: Some(Cycle { on_time: 1.0, off_time }), ..program() };
    assert_eq!((told(&cycle(1e-10)), told(&cycle(1.0))), (vec![(REFUSED, "cycle")], vec![]));
}

#[test]
fn a_pulse_is_over_before_the_next_begins_on_the_grid_too() {
    // Two phases of 166.6 us are 334 ticks, and a period of 333.33 us has 333 whole ones.
    let narrow = |width| Program { width, rate: 3e3, ..program() };
    assert_eq!((told(&narrow(166.6e-6)), told(&narrow(166e-6))), (vec![(REFUSED, "rate")], vec![]));
    assert_eq!(told(&Program { rate: 2500.0, ..program() }), Vec::new(), "two phases fill the period");
    let burst = |rate| Program { burst: Some(Burst { pulses: 3, rate }), rate: 10.0, ..program() };
    assert_eq!(told(&burst(2500.0)), Vec::new());
    let full = Program { width: 199.8e-6, ..burst(2502.0) };
    assert_eq!(told(&full), [(REFUSED, "rate")], "399.68 us hold 399 ticks of the 400");
}

#[test]
fn a_ratio_below_a_thousandth_is_refused_and_the_largest_is_no_overflow() {
    let with = |ratio| Program { recovery: Recovery::Ratio(ratio), width: 1e-3, ..program() };
    assert!(told(&with(0.0004)).contains(&(REFUSED, "recovery")));
    assert!(!told(&with(0.001)).contains(&(REFUSED, "recovery")), "one of 1000 ticks");
    assert!(told(&with(1e15)).contains(&(REFUSED, "rate")));
}

#[test]
fn half_a_tick_goes_the_way_of_the_board() {
    // 100.5 and 129.5 us, some of which are a hair less than that in floating point, are 100 500 and 129 500 ns.
    for half in (15..400).map(|ticks| f64::from(ticks) + 0.5) {
        let made = on_grid(&Program { width: half * 1e-6, ..program() }, &SimBench::default().stimulator);
        assert!((made.width - (half + 0.5) * 1e-6).abs() < 1e-12, "{half} {}", made.width);
    }
}
