//! What is refused, and what is not, by what runs when.

use crate::scenario::{read_scenario, shipped};
use crate::source::Source;

/// What is said of a scenario on `r1k`; `more` stands between its program and its steps.
fn said(program: &str, more: &str, steps: &str, checks: &str) -> Vec<String> {
    said_on("r1k", program, more, steps, checks)
}

fn said_on(phantom: &str, program: &str, more: &str, steps: &str, checks: &str) -> Vec<String> {
    let list = |items: &str| items.split("; ").map(|item| format!("  - {item}\n")).collect::<String>();
    let text = format!(
        "version: 1\nname: n\nphantom: {phantom}\nprogram: {{ amplitude: 2 mA, width: 200 us, gap: 50 us, {program} }}\n{more}steps:\n{}expect:\n{}",
        list(steps).replace(" as ", "\n    as: "),
        list(checks)
    );
    let (cases, problems) = read_scenario(&Source::new("s", text.as_str()), &mut shipped);
    assert!(!cases.is_empty() || !problems.is_empty(), "{text}");
    problems.into_iter().map(|problem| problem.what).collect()
}

fn told(program: &str, steps: &str, checks: &str) -> Vec<String> {
    said(program, "", steps, checks)
}

fn refused(program: &str, steps: &str, checks: &str, what: &str) {
    let told = told(program, steps, checks);
    assert!(told.len() == 1 && told[0].contains(what), "{steps}; {checks}: {told:?}");
}

fn accepted(program: &str, steps: &str, checks: &str) {
    assert_eq!(told(program, steps, checks), Vec::<String>::new(), "{steps}; {checks}");
}

const PLAIN: &str = "rate: 50 Hz";
const LEAKAGE: &str = "dc_leakage_current: { at_most: 100 nA }";

#[test]
fn a_zero_is_not_taken_while_the_output_runs() {
    let running = "while the output runs";
    refused(PLAIN, "start: {}; wait: 2 s; zero: {}; wait: 2 s; stop: {}", LEAKAGE, running);
    // Whether a fault ends it is what is to be seen.
    let fault =
        "start: {}; wait: 1 s; inject: { fault: open-lead, contact: e1 } as f; zero: {}; wait: 1 s; stop: {}";
    refused(PLAIN, fault, "shutdown_latency: { after: f, at_most: 25 ms }", running);
    refused(PLAIN, "start: {}; wait: 1 s; zero: {}", "missing_pulses: { equals: 0 }", running);
    accepted(PLAIN, "zero: {}; start: {}; wait: 4 s; stop: {}", LEAKAGE);
    let between = "start: {}; wait: 1 s; stop: {}; zero: {}; start: {} as again; wait: 4 s; stop: {} as end";
    accepted(PLAIN, between, "dc_leakage_current: { at_most: 100 nA, in: [again, end] }");
}

#[test]
fn a_zero_leaves_what_follows_a_stop_or_a_fault_its_time() {
    let after =
        |wait: &str| format!("start: {{}}; wait: 1 s; stop: {{}}; wait: {wait}; zero: {{}}; wait: 2 s");
    // The limit, and what shows that it is off: 100 ms, or three periods.
    let stops = "stop_latency: { at_most: 50 ms }";
    refused(PLAIN, &after("140 ms"), stops, "140 ms after an instant of which `stop_latency` judges 150 ms");
    accepted(PLAIN, &after("150 ms"), stops);
    refused("rate: 10 Hz", &after("340 ms"), stops, "judges 350 ms");
    refused(PLAIN, &after("90 ms"), "no_truncated_pulse: {}", "`no_truncated_pulse` judges 100 ms");
    refused(PLAIN, &after("90 ms"), "accumulated_charge: { at_most: 1 uC }", "judges 100 ms");
    accepted(PLAIN, &after("100 ms"), "no_truncated_pulse: {}");
    let pulses = "pulses_after_fault: { after: stop, equals: 0, for: 300 ms }";
    refused(PLAIN, &after("300 ms"), pulses, "judges 305 ms");
    accepted(PLAIN, &after("305 ms"), pulses);
    // Without a limit it lasts from wherever the output ends.
    let silent = "stays_off: { after: stop, for: 500 ms }";
    refused(PLAIN, &after("1 s"), silent, "where `stays_off` still looks");
    accepted(PLAIN, &after("1 s"), &format!("{silent}; {stops}"));
    refused(PLAIN, &after("1 s"), "charge_after_fault: { after: stop, at_most: 1 uC }", "still looks");
    let again = format!("{}; start: {{}} as again; wait: 1 s; stop: {{}}", after("1 s"));
    accepted(PLAIN, &again, "charge_after_fault: { after: again, at_most: 1 uC }");
    accepted(PLAIN, &again, "amplitude: { of: programmed, within: 3 % }");
}

#[test]
fn a_mean_does_not_take_the_shorted_input() {
    let steps =
        "start: {}; wait: 1 s; stop: {}; wait: 2 s as idle; zero: {}; wait: 3 s as zeroed; wait: 1 s as end";
    let over = |from: &str| format!("dc_leakage_current: {{ at_most: 100 nA, in: [{from}, end] }}");
    refused(PLAIN, steps, &over("idle"), "in the window of `dc_leakage_current`");
    accepted(PLAIN, steps, &over("zeroed"));
}

#[test]
fn each_start_has_its_own_pulses() {
    let steps = "start: {}; wait: 1.5 s; stop: {}; start: {} as again; wait: 1.5 s; stop: {} as done; wait: 1 s as rest; wait: 1 s as end";
    let within = |from: &str, to: &str, more: &str| {
        format!("amplitude: {{ of: programmed, within: 3 %, in: [{from}, {to}]{more} }}")
    };
    // What a program lasts by itself is said beside it.
    let short = |steps: &str, checks: &str| said(PLAIN, "duration: 1 s\n", steps, checks);
    assert_eq!(short(steps, &within("again", "done", "")), Vec::<String>::new());
    // 50 pulses of each.
    assert_eq!(short(steps, &within("start", "done", ", statistic: p99")), Vec::<String>::new());
    let one = short(steps, &within("again", "done", ", statistic: p99"));
    assert_eq!(one, ["`p99` needs at least 100 pulses, and this window has 50"]);
    let idle = short(steps, &within("rest", "end", ""));
    assert_eq!(idle, ["`amplitude` could judge nothing: nothing runs in its window"]);
    // That none comes there is something to judge.
    assert_eq!(short(steps, "pulse_count: { equals: 0, in: [rest, end] }"), Vec::<String>::new());
}

#[test]
fn a_window_holds_the_pulses_of_the_program_in_force() {
    let steps = "start: {}; wait: 2 s; set: { rate: 50 Hz } as faster; wait: 1.5 s; stop: {}";
    accepted("rate: 5 Hz", steps, "mean_dc_current: { within: 1 uA, in: [faster, stop] }");
    let all = |from: &str| {
        format!("amplitude: {{ of: programmed, within: 3 %, statistic: p99, in: [{from}, stop] }}")
    };
    refused("rate: 5 Hz", steps, &all("faster"), "this window has 75");
    accepted("rate: 20 Hz", steps, &all("start"));
    let slower = steps.replace("50 Hz", "5 Hz");
    let dc = "mean_dc_current: { within: 1 uA, in: [faster, stop] }";
    refused("rate: 50 Hz", &slower, dc, "1.4 s and 7");
}

#[test]
fn silence_is_held_against_the_period_in_force() {
    let steps = "start: {}; wait: 1.5 s; set: { rate: 50 Hz }; wait: 1 s; inject: { fault: open-lead, contact: e1 } as f; wait: 700 ms; stop: {}";
    accepted("rate: 2 Hz", steps, "stays_off: { after: f, for: 500 ms }");
    accepted("rate: 2 Hz", steps, "pulses_after_fault: { after: f, at_most: 2, for: 200 ms }");
    let slower = steps.replace("50 Hz", "2 Hz");
    let off = "stays_off: { after: f, for: 500 ms }";
    refused(PLAIN, &slower, off, "fewer than 3 periods of 500 ms");
}

#[test]
fn a_later_program_brings_what_the_first_has_not() {
    let steps = "start: {}; wait: 500 ms; stop: {}; program: { ramp: { up: 200 ms }, burst: { pulses: 3, rate: 400 Hz }, cycle: { on_time: 400 ms, off_time: 400 ms } }; start: {} as again; wait: 2 s; stop: {} as end";
    for check in [
        "burst_pulses: { equals: 3, in: [again, end] }",
        "ramp_duration: { of: programmed, within: 30 % }",
        "ramp_error: { at_most: 10 %, in: [again, end] }",
        "restart_amplitude: { after: again, at_most: 1 mA }",
        "cycle_on: { of: programmed, within: 20 %, in: [again, end] }",
    ] {
        accepted(PLAIN, steps, check);
    }
    refused(PLAIN, steps, "burst_pulses: { equals: 3 }", "no bursts");
    refused(PLAIN, steps, "cycle_off: { of: programmed, within: 20 % }", "no on and off times");
    refused(PLAIN, "start: {}; wait: 1 s; stop: {}", "ramp_duration: { at_most: 1 s }", "no ramp");
    let passive = "start: {}; wait: 1 s; stop: {}; program: { waveform: monophasic, recovery: { passive: 5 ms } }; start: {} as again; wait: 1 s; stop: {} as end";
    let pulses = |from: &str, to: &str| {
        format!("charge_imbalance: {{ at_most: 1 %, window: pulse, in: [{from}, {to}] }}")
    };
    accepted(PLAIN, passive, &pulses("start", "stop"));
    refused(PLAIN, passive, &pulses("again", "end"), "ends with the cycle");
}

#[test]
fn what_could_never_fail_and_what_has_no_nominal_is_no_check() {
    let steps = "start: {}; wait: 1 s; stop: {}";
    for check in ["at_least: 1", "within: 1", "at_most: 1"] {
        let key = check.split(':').next().unwrap_or_default();
        refused(PLAIN, steps, &format!("polarity: {{ {check} }}"), &format!("cannot be judged by `{key}`"));
    }
    accepted(PLAIN, steps, "polarity: { equals: cathodic }");
    let count = "pulse_count: { of: programmed, within: 1 }";
    refused(PLAIN, steps, count, "`pulse_count` has no programmed value");
    accepted(PLAIN, steps, "pulse_count: { of: 50, within: 1 }");
}

#[test]
fn a_misspelt_nominal_is_told_what_it_was_to_be() {
    let of = |nominal: &str| {
        let text = format!(
            "version: 1\nname: n\nphantom: r1k\nprogram: {{ amplitude: 2 mA, width: 200 us, rate: 50 Hz }}\nexpect:\n  - amplitude: {{ of: {nominal}, within: 3 % }}\n"
        );
        let (_, problems) = read_scenario(&Source::new("s", text.as_str()), &mut shipped);
        problems.into_iter().map(|problem| (problem.what, problem.help)).collect::<Vec<_>>()
    };
    for (word, near) in [("programed", "programmed"), ("aplied", "applied")] {
        let help = Some(format!("did you mean `{near}`?"));
        assert_eq!(of(word), [(format!("`{word}` is no nominal"), help)]);
    }
    assert_eq!(of("2 mA"), []);
    assert_eq!(of("2 volts").len(), 1);
}

#[test]
fn a_burst_of_more_than_can_be_counted_is_no_tonic_train() {
    let steps = "start: {}; wait: 1 s; stop: {}";
    let check = "amplitude: { of: programmed, within: 3 % }";
    for pulses in ["4294967295", "4294967296", "5000000000"] {
        let told = told(&format!("rate: 50 Hz, burst: {{ pulses: {pulses}, rate: 500 Hz }}"), steps, check);
        assert!(told.iter().any(|what| what.contains("longer than the 10000")), "{pulses}: {told:?}");
    }
}

#[test]
fn a_start_that_must_be_refused_is_sent_by_the_program_in_force() {
    let steps = |wait: &str| {
        format!(
            "start: {{}}; wait: 1 s; set: {{ rate: 2 Hz }}; wait: 1 s; inject: {{ fault: open-lead, contact: e1 }} as f; wait: {wait}; stop: {{}}"
        )
    };
    let check = "restart_refused: { after: f }";
    refused(PLAIN, &steps("2.9 s"), check, "is sent 1.5 s after it and watched for 1.5 s");
    accepted(PLAIN, &steps("3 s"), check);
    accepted("rate: 2 Hz", &steps("200 ms").replace("2 Hz", "50 Hz"), check);
}

#[test]
fn what_is_judged_on_every_contact_says_so_where_one_is_named() {
    let steps =
        "start: {}; wait: 1 s; inject: { fault: open-lead, contact: e1 } as f; wait: 500 ms; stop: {}";
    for check in [
        "shutdown_latency: { after: f, at_most: 25 ms }",
        "stays_off: { after: f, for: 150 ms }",
        "charge_after_fault: { after: f, at_most: 2 uC }",
    ] {
        accepted(PLAIN, steps, check);
        let named = check.replace(" }", ", contact: e1 }");
        refused(PLAIN, steps, &named, "is judged on every contact, whichever is named");
    }
    accepted(PLAIN, steps, "cap_never_exceeded: { at_most: 3 mA, contact: e1 }");
}

#[test]
fn bursts_are_counted_at_the_contact_that_is_named() {
    let steps = "start: {}; wait: 1 s; stop: {}";
    accepted(
        "rate: 10 Hz, burst: { pulses: 3, rate: 500 Hz }",
        steps,
        "burst_pulses: { equals: 3, contact: e1 }",
    );
}

#[test]
fn a_train_that_ends_by_itself_shows_nothing_about_a_stop() {
    let steps = "start: {}; wait: 1 s; stop: {}";
    for check in ["stop_latency: { at_most: 100 ms }", "no_truncated_pulse: {}"] {
        accepted(PLAIN, steps, check);
        for own in ["duration: 500 ms\n", "pulses: 20\n"] {
            let told = said(PLAIN, own, steps, check);
            assert!(
                told.len() == 1 && told[0].contains("ends by itself before `stop`"),
                "{own}{check}: {told:?}"
            );
        }
        assert_eq!(said(PLAIN, "duration: 2 s\n", steps, check), Vec::<String>::new());
    }
    // The second train is stopped within its own time.
    let twice = "start: {}; wait: 2 s; stop: {}; start: {} as again; wait: 500 ms; stop: {}";
    assert_eq!(said(PLAIN, "duration: 1 s\n", twice, "no_truncated_pulse: {}"), Vec::<String>::new());
}

#[test]
fn a_cycle_ends_where_the_next_begins() {
    let for_ms = |wait: u32| format!("start: {{}}; wait: {wait} ms; stop: {{}}");
    let bursts = "rate: 50 Hz, burst: { pulses: 3, rate: 400 Hz }";
    for (program, check, short, enough, what) in [
        (PLAIN, "net_charge: { at_most: 1 nC }", 20, 21, "a whole cycle"),
        (PLAIN, "charge_imbalance: { at_most: 1 % }", 20, 21, "a whole cycle"),
        (bursts, "charge_imbalance: { at_most: 1 % }", 20, 21, "a whole cycle"),
        (PLAIN, "mean_dc_current: { within: 1 uA }", 1000, 1001, "has 980 ms and 49"),
        (bursts, "rate: { of: programmed, within: 1 % }", 20, 21, "of bursts two bursts"),
        (PLAIN, "period_jitter: { at_most: 1 us }", 40, 41, "at least two periods"),
    ] {
        refused(program, &for_ms(short), check, what);
        accepted(program, &for_ms(enough), check);
    }
    // A pulse is recovered within itself.
    accepted(PLAIN, &for_ms(20), "net_charge: { at_most: 1 nC, window: pulse }");
    let single = "rate: 50 Hz, burst: { pulses: 1, rate: 400 Hz }";
    refused(single, &for_ms(100), "burst_rate: { of: programmed, within: 1 % }", "at least two pulses");
}

#[test]
fn what_an_absent_output_would_keep_is_told() {
    let steps = "start: {}; wait: 1 s; stop: {}";
    let tolerance = |within: &str| format!("amplitude: {{ of: programmed, within: {within} }}");
    let missing = "an output that is missing would pass";
    for within in ["100 %", "2 mA", "{ rel: 5 %, abs: 3 mA }"] {
        refused(PLAIN, steps, &tolerance(within), missing);
        // One that excludes it is enough.
        accepted(PLAIN, steps, &format!("{}; {}", tolerance(within), tolerance("3 %")));
    }
    accepted(PLAIN, steps, &tolerance("1.9 mA"));
    refused(PLAIN, steps, "width: { of: 200 us, within: 200 us }", "as large as the 200 µs");
    refused(PLAIN, steps, "charge_per_phase: { of: programmed, within: 400 nC }", missing);
    // A quarter of the amplitude is what the recovery has.
    let each = "amplitude: { of: programmed, within: 0.6 mA, phase: each }";
    accepted(PLAIN, steps, each);
    refused("rate: 50 Hz, recovery: { ratio: 4 }", steps, each, "as large as the 500 µA");
    let recovered = "a recovery that is missing";
    refused(PLAIN, steps, "charge_imbalance: { at_most: 100 % }", recovered);
    let none = "rate: 50 Hz, waveform: monophasic";
    accepted(none, steps, "charge_imbalance: { at_most: 101 % }");
}

#[test]
fn no_more_can_be_missing_than_is_due() {
    let steps = "start: {}; wait: 1 s; stop: {}";
    accepted(PLAIN, steps, "missing_pulses: { at_most: 50 }");
    refused(PLAIN, steps, "missing_pulses: { at_most: 51 }", "no more than 50 pulses are due");
    let left = "charge_imbalance: { at_most: 200 %, definition: mean-phase }";
    refused(PLAIN, steps, left, "could never fail");
}

/// A plan says that they are too long; until then they are only long.
#[test]
fn times_beyond_all_counting_are_no_panic() {
    let steps = "start: {}; wait: 1e99 s; stop: {}";
    let check = "amplitude: { of: programmed, within: 3 % }";
    for program in
        [PLAIN, "rate: 50 Hz, waveform: alternating", "rate: 50 Hz, burst: { pulses: 3, rate: 500 Hz }"]
    {
        accepted(program, steps, check);
        assert_eq!(said(program, "duration: 1e99 s\n", steps, check), Vec::<String>::new());
    }
}

/// Half a period of 2 Hz is 250 ms: a ramp of 200 ms is over by its first pulse, one of 300 ms is not.
#[test]
fn a_ramp_without_a_pulse_on_it_has_no_error() {
    let steps = "start: {}; wait: 3 s; stop: {}";
    let check = "ramp_error: { at_most: 10 % }";
    for law in ["linear", "quarter-sine", "width"] {
        let program = |up: &str| format!("rate: 2 Hz, ramp: {{ up: {up}, law: {law} }}");
        refused(&program("200 ms"), steps, check, "on the plateau already");
        accepted(&program("300 ms"), steps, check);
    }
    accepted("rate: 2 Hz, ramp: { up: 200 ms }", steps, "ramp_duration: { of: programmed, within: 100 ms }");
}

#[test]
fn a_contact_without_a_pulse_in_the_window_has_nothing_to_judge() {
    let program = "rate: 50 Hz, contacts: { e1: -100 %, case: 100 % }";
    let steps = "start: {}; wait: 1.2 s; set: { contacts: { e2: -50 %, e3: -50 %, case: 100 % } } as changed; wait: 1.2 s; stop: {} as end";
    let told = |check: &str, contact: &str, window: &str| {
        let check = check.replace(" }", &format!(", contact: {contact}{window} }}"));
        said_on("star-8", program, "", steps, &check)
    };
    let (before, behind) = (", in: [start, changed]", ", in: [changed, end]");
    for check in [
        "amplitude: { at_most: 3 mA }",
        "rate: { of: programmed, within: 1 % }",
        "missing_pulses: { equals: 0 }",
        "extra_pulses: { equals: 0 }",
        "net_charge: { within: 1 nC }",
        "mean_dc_current: { within: 1 uA }",
        "period_jitter: { at_most: 20 us }",
        "shannon_k: { at_most: 1.5 }",
        "charge_density: { at_most: 50 uC/cm2 }",
        "residual_voltage: { at_most: 1 V }",
    ] {
        for (contact, window, good) in [("e1", before, true), ("e1", behind, false), ("e2", before, false)] {
            let told = told(check, contact, window);
            if good {
                assert_eq!(told, Vec::<String>::new(), "{check} {contact} {window}");
            } else {
                let what = format!("`{contact}` is not driven in the window, so it has no pulses to judge");
                assert_eq!(told, [what], "{check} {contact} {window}");
            }
        }
        assert_eq!(told(check, "e8", ""), ["`e8` is not driven, so it has no pulses to judge"], "{check}");
    }
    let run_long = told("accumulated_charge: { at_most: 1 uC }", "e8", "");
    assert_eq!(run_long, ["`e8` is not driven, so it has no pulses to judge"]);
    // What no pulse is needed for is judged on any contact.
    for check in ["pulse_count: { equals: 0 }", "current_share: { within: 1 % }"] {
        assert_eq!(told(check, "e8", ""), Vec::<String>::new(), "{check}");
    }
}

/// The start comes 250 ms after the fault: 25 ms and 225 ms are 250 ms.
#[test]
fn a_start_ends_what_is_to_stay_off() {
    let fault = "start: {}; wait: 200 ms; inject: { fault: open-lead, contact: e1 } as f; wait: 250 ms; clear: open-lead; acknowledge: {}; start: {} as again; wait: 300 ms; stop: {} as end";
    let off = |hold: &str| {
        format!("shutdown_latency: {{ after: f, at_most: 25 ms }}; stays_off: {{ after: f, for: {hold} }}")
    };
    accepted(PLAIN, fault, &off("225 ms"));
    refused(PLAIN, fault, &off("226 ms"), "`start` comes 250 ms after that instant, within the 251 ms");
    // By itself it is counted from the last output, which is no earlier than the fault.
    accepted(PLAIN, fault, "stays_off: { after: f, for: 250 ms }");
    refused(PLAIN, fault, "stays_off: { after: f, for: 251 ms }", "within the 251 ms that are judged");
    // Three periods of 10 Hz end a shutdown, and nothing can be seen to end in 250 ms.
    let ended = "shutdown_latency: { after: f, at_most: 110 ms }";
    let told = told("rate: 10 Hz", fault, ended);
    assert!(
        told.iter().any(|what| what.contains("only 250 ms follow that instant before the next `start`")),
        "{told:?}"
    );
}

/// Trains begin at their starts: of 2 Hz pulses come at 0, 500 ms, 1 s, wherever a window opens.
#[test]
fn what_is_due_in_a_window_is_counted_from_the_start_of_its_train() {
    let slow = "rate: 2 Hz";
    let one = "start: {}; wait: 300 ms; wait: 600 ms as a; stop: {} as end";
    let in_it = |check: &str| check.replace(" }", ", in: [a, end] }");
    accepted(slow, one, &in_it("amplitude: { at_most: 3 mA }"));
    refused(slow, one, &in_it("net_charge: { within: 10 nC }"), "needs a whole cycle");
    refused(slow, one, &in_it("rate: { of: programmed, within: 1 % }"), "at least two pulses");
    let two = one.replace("600 ms", "750 ms");
    accepted(slow, &two, &in_it("net_charge: { within: 10 nC }"));
    accepted(slow, &two, &in_it("rate: { of: programmed, within: 1 % }"));
    // Behind a ramp of 200 ms only the pulse at 500 ms is left; the stop comes 50 ms before the third.
    let ramp = "rate: 2 Hz, ramp: { up: 200 ms }";
    let rate = "rate: { of: programmed, within: 1 % }";
    refused(ramp, "start: {}; wait: 950 ms; stop: {}", rate, "at least two pulses");
    accepted(ramp, "start: {}; wait: 1.1 s; stop: {}", rate);
    // The train is off from 100 to 400 ms.
    let cycle = "rate: 50 Hz, cycle: { on_time: 100 ms, off_time: 300 ms }";
    let off = "start: {}; wait: 150 ms; wait: 200 ms as a; wait: 500 ms; stop: {} as end";
    let between = |to: &str| format!("amplitude: {{ at_most: 3 mA, in: [a, {to}] }}");
    refused(cycle, &off.replace("500 ms", "500 ms as b"), &between("b"), "no pulse is due");
    accepted(cycle, off, &between("end"));
    // 4 Hz begins with the pulse at 1 s; 1.25 s is the last before the stop at 1.45 s.
    let changed = "start: {}; wait: 900 ms; set: { rate: 4 Hz }; wait: 550 ms; stop: {}";
    refused(slow, changed, "period_jitter: { at_most: 20 us }", "at least two periods");
    accepted(slow, changed, rate);
    accepted(slow, &changed.replace("550 ms", "650 ms"), "period_jitter: { at_most: 20 us }");
    // What begins at 1.05 s behind a fault has its first pulse there; the train before it would have had one at 1.5 s.
    let again = "start: {}; wait: 300 ms; inject: { fault: open-lead, contact: e1 }; wait: 750 ms; clear: open-lead; acknowledge: {}; start: {} as a; wait: 400 ms; stop: {} as end";
    accepted(slow, again, &in_it("amplitude: { at_most: 3 mA }"));
}

#[test]
fn a_ramp_that_is_timed_is_not_changed_on_its_way_up() {
    let ramp = "rate: 20 Hz, ramp: { up: 300 ms }";
    let steps = |at: &str| {
        format!("start: {{}}; wait: {at}; set: {{ amplitude: 3 mA }}; wait: 500 ms; stop: {{}} as end")
    };
    let check = "ramp_duration: { of: programmed, within: 100 ms }";
    refused(ramp, &steps("50 ms"), check, "changes before its plateau");
    accepted(ramp, &steps("350 ms"), check);
    // The second train is not changed.
    let again = format!("{}; wait: 1 s; start: {{}} as again; wait: 1 s; stop: {{}} as last", steps("50 ms"));
    accepted(ramp, &again, check);
}

#[test]
fn a_ramp_is_looked_for_where_one_lies() {
    let steps = "start: {}; wait: 100 ms; set: { amplitude: 3 mA } as mid; wait: 1 s; set: { amplitude: 1 mA } as late; wait: 1 s; stop: {} as end";
    let (duration, error) =
        ("ramp_duration: { of: programmed, within: 100 ms", "ramp_error: { at_most: 10 %");
    let ramp = "rate: 50 Hz, ramp: { up: 300 ms }";
    let within = |check: &str, from: &str| format!("{check}, in: [{from}, end] }}");
    let later = steps.replace("100 ms", "400 ms");
    refused(ramp, &later, &within(duration, "late"), "no train begins in its window");
    refused(ramp, steps, &within(error, "late"), "no ramp lies in its window");
    accepted(ramp, steps, &within(error, "mid"));
    // Each on-time has a ramp of its own, and a train that begins behind a stop too.
    let cycle = "rate: 50 Hz, ramp: { up: 300 ms }, cycle: { on_time: 500 ms, off_time: 500 ms }";
    accepted(cycle, steps, &within(error, "late"));
    let again =
        "start: {}; wait: 1 s; stop: {}; wait: 1 s as late; start: {} as again; wait: 1 s; stop: {} as end";
    accepted(ramp, again, &within(duration, "late"));
    accepted(ramp, again, &within(error, "late"));
}

#[test]
fn a_percentile_of_cycles_or_bursts_counts_those() {
    let steps = "start: {}; wait: 2 s; stop: {}";
    let bursts = "rate: 20 Hz, burst: { pulses: 5, rate: 500 Hz }";
    let check = |name: &str, limit: &str| format!("{name}: {{ {limit}, statistic: p99 }}");
    accepted(bursts, steps, &check("amplitude", "of: programmed, within: 3 %"));
    refused(bursts, steps, &check("charge_imbalance", "at_most: 0.5 %"), "100 cycles, and this window has");
    refused(
        bursts,
        steps,
        &check("burst_rate", "of: programmed, within: 1 %"),
        "100 bursts, and this window has",
    );
    accepted(bursts, steps, "charge_imbalance: { at_most: 0.5 %, statistic: p99, window: pulse }");
}

/// 100 ms, or three periods: 300 ms of 10 Hz.
#[test]
fn a_stop_is_seen_to_end_before_the_next_start() {
    let steps = |pause: &str| {
        format!(
            "start: {{}}; wait: 1 s; stop: {{}}; wait: {pause}; start: {{}} as again; wait: 1 s; stop: {{}} as end"
        )
    };
    let check = "stop_latency: { at_most: 50 ms }";
    refused(
        PLAIN,
        &steps("90 ms"),
        check,
        "`start` comes 90 ms after a stop, less than the quiet interval of 100 ms",
    );
    accepted(PLAIN, &steps("100 ms"), check);
    refused("rate: 10 Hz", &steps("290 ms"), check, "of 300 ms");
    // A fault may have ended it: then the first stop finds nothing running.
    let fault =
        steps("90 ms").replacen("wait: 1 s", "wait: 500 ms; host: { silence: 1.5 s }; wait: 200 ms", 1);
    accepted(PLAIN, &fault, check);
}
