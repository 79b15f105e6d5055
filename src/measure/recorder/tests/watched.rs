//! What is asked of a recorder while it runs.

use super::*;

fn near(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-9 * b.abs(), "{a} {b}");
}

/// A mirrored pulse at 4000, and a record that stops after `count` samples.
fn until(count: usize) -> Recorder {
    let mut codes = quiet(20_000);
    hold(&mut codes, 4000, 4200, -10_000);
    hold(&mut codes, 4250, 4450, 12_000);
    codes.truncate(count);
    seen(setup(&biphasic()), &codes, &vec![0; count], &zero())
}

#[test]
fn a_charge_counts_while_its_phase_is_under_way() {
    // Measured are whole stretches of 256 samples.
    let charge = |count: usize| {
        let recorder = until(count);
        let charges: Vec<(String, Watched)> =
            recorder.phase_charges().map(|(name, seen)| (name.to_owned(), seen)).collect();
        assert_eq!((charges.len(), charges[0].0.as_str()), (1, "e1"));
        assert_eq!(recorder.guard().charge_per_phase, charges[0].1);
        charges[0].1
    };
    assert_eq!(charge(3900).value, 0.0);
    // 96 of 200 samples of 1 mA; a gain that is off by three times its uncertainty, and a code of non-linearity, of as many as
    // the peak lies from the zero.
    let running = charge(4096);
    near(running.value, 96.0 * 1e-3 * 1e-6);
    near(running.uncertainty, running.value * (3e-3 + 1.0 / 9998.0));
    // The first phase is over and the second begins: the row comes later, the larger of both counts.
    near(charge(4352).value, 200.0 * 1e-3 * 1e-6);
    near(charge(4450).value, 200.0 * 1e-3 * 1e-6);
    near(charge(10_000).value, 200.0 * 1.2e-3 * 1e-6);
}

#[test]
fn a_phase_counts_while_its_recharge_is_waited_for() {
    // Its row is written when the switch has opened, 2251 samples behind the edge.
    let mut codes = quiet(10_000);
    hold(&mut codes, 4000, 4200, -10_000);
    decay(&mut codes, (4250, 6251), 1000.0, 100.0);
    for count in [4352, 4608, 5888, 10_000] {
        let recorder = seen(setup(&passive()), &codes[..count], &vec![0; count], &zero());
        near(recorder.guard().charge_per_phase.value, 200.0 * 1e-3 * 1e-6);
    }
}

#[test]
fn a_phase_that_outlasts_the_history_goes_on_counting() {
    // Of 0.2 s, and another behind it.
    let mut codes = quiet(260_000);
    hold(&mut codes, 4000, 204_000, -10_000);
    hold(&mut codes, 230_000, 260_000, 10_000);
    for (count, samples) in
        [(51_200, 47_200.0), (76_800, 72_800.0), (153_600, 149_600.0), (256_000, 197_472.0)]
    {
        let recorder = seen(setup(&biphasic()), &codes[..count], &vec![0; count], &zero());
        // Of the first, when it is over, what it had come to when it was given up last: after 49 248 samples, and then every
        // 49 408. That is more than all of the second.
        near(recorder.guard().charge_per_phase.value, samples * 1e-9);
    }
}

#[test]
fn of_two_phases_that_outlast_the_history_each_counts_by_itself() {
    let mut codes = quiet(170_000);
    hold(&mut codes, 4000, 64_000, -10_000);
    hold(&mut codes, 90_000, 150_000, -10_000);
    let recorder = seen(setup(&biphasic()), &codes, &vec![0; codes.len()], &zero());
    // The second is given up at sample 139 264.
    near(recorder.guard().charge_per_phase.value, 49_264.0 * 1e-9);
}

#[test]
fn an_amplitude_is_a_median_of_three_from_the_zero() {
    let peak = |codes: &[i16]| {
        let recorder = seen(setup(&biphasic()), codes, &vec![0; codes.len()], &zero());
        let guard = recorder.guard().amplitude;
        let contact = recorder.finish().contacts.swap_remove(0);
        near(guard.value, contact.peak.0 * LSB);
        (contact.peak, guard)
    };
    let mut codes = quiet(20_000);
    hold(&mut codes, 4000, 4200, -10_000);
    hold(&mut codes, 4250, 4450, 10_000);
    // 10 000 beyond the rest, which lies two above the zero.
    let (found, guard) = peak(&codes);
    assert_eq!(found, (10_002.0, 4250));
    let overshoot = FrontEnd::bessel(4, 1e5, 1e-6).edge.overshoot;
    let noise = 4.0 * f64::hypot(0.5, 1.0 / 12_f64.sqrt());
    near(guard.uncertainty, (10_002.0 * (3e-3 + 2.0 * overshoot) + noise + 1.0) * LSB);
    // A single sample is none; of two the one that is less far counts, across the end of a stretch of 256 as well.
    codes[8000] = 14_000;
    assert_eq!(peak(&codes).0, (10_002.0, 4250));
    for at in [8000, 8191] {
        codes[8000] = REST;
        (codes[at], codes[at + 1]) = (-13_000, -14_000);
        let found = peak(&codes).0;
        assert_eq!(found, (13_037.0, at as u64), "{at}");
        (codes[at], codes[at + 1]) = (REST, REST);
    }
    // Not while the zero lasts; one in which something flowed is none: what is stated stands, one above the rest.
    codes[1000..1100].fill(14_000);
    assert_eq!(peak(&codes).0, (10_001.0, 4000));
}

#[test]
fn a_mean_is_known_after_a_second() {
    let mut codes = quiet(1_200_000);
    codes[ZEROED as usize..].fill(ZERO - 102);
    let voltage = vec![0; codes.len()];
    let mean = |count: usize| {
        let recorder = seen(setup(&biphasic()), &codes[..count], &voltage[..count], &zero());
        recorder.guard().mean_dc
    };
    assert_eq!(mean(1_000_000).value, 0.0);
    let known = mean(1_200_000);
    near(known.value, 102.0 * LSB);
    near(known.uncertainty, (102.0 * 3e-3 + 1.0) * LSB);
    // It begins anew behind switched relays and behind a loss.
    let mut switched = zero();
    switched.push(marker(1_100_000, MarkerBit::Lead, true));
    switched.push(marker(1_100_000, MarkerBit::Interlock, false));
    let recorder = seen(setup(&biphasic()), &codes, &voltage, &switched);
    assert_eq!(recorder.guard().mean_dc.value, 0.0);
    let mut recorder = seen(setup(&biphasic()), &codes, &voltage, &zero());
    push(&mut recorder, 1_200_100, &[&codes[..100_000], &voltage[..100_000]], &[]);
    assert_eq!(recorder.guard().mean_dc.value, 0.0);
}

/// At a kilohertz a stretch of 256 samples is a quarter of a second.
#[test]
fn a_mean_is_of_one_second_at_a_slow_rate_too() {
    let mut codes = quiet(8000);
    codes[4000..5000].fill(ZERO + 102);
    let mut recorder = Recorder::new(Setup { sample_rate: 1e3, filter: (4, 100.0), ..setup(&biphasic()) });
    let mut most = 0.0_f64;
    for (k, codes) in codes.chunks(250).enumerate() {
        let range = 250 * k as u64..250 * (k as u64 + 1);
        let within: Vec<Marker> = zero().into_iter().filter(|m| range.contains(&m.sample)).collect();
        push(&mut recorder, range.start, &[codes, codes], &within);
        most = most.max(recorder.guard().mean_dc.value);
    }
    // Sixteen times 62 samples, from 2016 on: those from 4000 to 4992.
    near(most, 102.0 * LSB);
    near(recorder.guard().mean_dc.value, f64::from(REST - ZERO) * LSB);
}

#[test]
fn activity_is_asked_for_from_a_sample_on() {
    let recorder = until(10_000);
    assert_eq!(recorder.last_activity(), Some(Interval { first: 4000, last: 4449 }));
    assert!(recorder.active_since(4449) && !recorder.active_since(4450));
    let recorder = until(3900);
    assert_eq!((recorder.last_activity(), recorder.active_since(0)), (None, false));
}

#[test]
fn what_counts_as_no_current_is_a_microampere_or_what_the_offset_may_be() {
    let safe = |lsb: f64, markers: &[Marker]| {
        let mut setup = setup(&biphasic());
        setup.channels[0].calibration.lsb = lsb;
        setup.channels[0].calibration.offset_u = 3.0;
        let codes = quiet(5000);
        seen(setup, &codes, &codes, markers).safe_current()
    };
    near(safe(LSB, &[]), 1e-6);
    // Of a microampere a code: twice the offset's 3 codes and seven deviations of a mean of sixteen.
    let offset = 6.0 + 7.0 * f64::hypot(0.5, 1.0 / 12_f64.sqrt()) / 4.0;
    near(safe(1e-6, &[]), offset * 1e-6);
    // A zero that scatters by nothing leaves the microampere.
    near(safe(1e-6, &zero()), 1e-6);
    let unsteady = |low: i16, high: i16| {
        let mut setup = setup(&biphasic());
        setup.channels[0].calibration.lsb = 1e-6;
        let mut codes = quiet(5000);
        for (k, code) in codes[..ZEROED as usize].iter_mut().enumerate() {
            *code = if k % 512 < 256 { low } else { high };
        }
        let recorder = seen(setup, &codes, &codes, &zero());
        (recorder.safe_current(), recorder.channels[0].zeros[0].sd16)
    };
    // Means of sixteen that lie three codes apart, one and a half about the middle.
    let (least, sd16) = unsteady(36, 39);
    assert!((sd16 - 1.5).abs() < 0.1, "{sd16}");
    near(least, 7.0 * sd16 * 1e-6);
    // Ten codes apart is no zero at such a noise: what is stated, of 2 codes, stands.
    let stated = 4.0 + 7.0 * f64::hypot(0.5, 1.0 / 12_f64.sqrt()) / 4.0;
    near(unsteady(32, 42).0, stated * 1e-6);
}

#[test]
fn a_channel_is_clipped_where_it_has_touched_the_end_of_its_range() {
    for (code, clipped) in [(15_000, true), (14_999, false), (-15_000, true), (-14_999, false)] {
        let mut codes = quiet(5000);
        codes[3000] = code;
        let recorder = seen(setup(&biphasic()), &codes, &vec![0; codes.len()], &zero());
        assert_eq!((recorder.clipped(0), recorder.clipped(1), recorder.clipped(2)), (clipped, false, false));
    }
}
