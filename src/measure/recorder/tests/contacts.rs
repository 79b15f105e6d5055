//! Several contacts: what they share, and what all of them show at one pulse.

use super::*;
use crate::measure::TABLE_BYTES;
use crate::measure::channel::Kind;
use crate::signal::Share;

/// Half of the current into each of two contacts, all of it back through the third; a voltage is sensed as well.
fn three(program: &Program, wanted: Wanted) -> Setup {
    let mut setup = Setup { wanted, ..setup(program) };
    for name in ["e2", "case"] {
        let channel = setup.channels[0].clone();
        setup.channels.push(ChannelSetup { name: name.into(), ..channel });
    }
    setup
}

fn shared(program: Program) -> Program {
    let share = |contact: &str, share| Share { contact: contact.into(), share };
    Program { contacts: vec![share("e1", -0.5), share("e2", -0.5), share("case", 1.0)], ..program }
}

/// What the four channels of [`three`] show of pulses at 4000, 14 000 and 24 000 samples.
fn planes() -> [Vec<i16>; 4] {
    let one = |size: i16| {
        let mut codes = quiet(30_000);
        for at in [4000, 14_000, 24_000] {
            hold(&mut codes, at, at + 200, -size);
            hold(&mut codes, at + 250, at + 450, size);
        }
        codes
    };
    let voltage = (0..30_000).map(|k| (k / 10) as i16).collect();
    [one(5000), voltage, one(5000), one(-10_000)]
}

fn watch(setup: Setup, planes: &[Vec<i16>; 4]) -> Recorder {
    let mut recorder = Recorder::new(setup);
    for first in (0..30_000).step_by(1000) {
        let block: Vec<&[i16]> = planes.iter().map(|plane| &plane[first..first + 1000]).collect();
        let range = first as u64..first as u64 + 1000;
        let within: Vec<Marker> = zero().into_iter().filter(|m| range.contains(&m.sample)).collect();
        push(&mut recorder, first as u64, &block, &within);
    }
    recorder
}

#[test]
fn all_contacts_are_measured_at_the_pulses_of_the_largest() {
    let wanted = Wanted { joint: true, pairs: vec![(0, 1)], outputs: vec![1], ..Wanted::default() };
    let program = shared(biphasic());
    let recording = watch(three(&program, wanted), &planes()).finish();
    let joint = recording.joint.unwrap();
    assert_eq!((&joint.currents[..], joint.rows.len(), joint.table_full), (&[0, 2, 3][..], 3, false));
    for (row, at) in joint.rows.iter().zip([4000.0, 14_000.0, 24_000.0]) {
        assert_eq!(row.leading, (at - 0.5, at + 199.5));
        assert!(row.residual.unwrap() < 1e-12, "they leave nothing over: {row:?}");
    }
    for (plateaus, size) in joint.plateaus.iter().zip([-5000, -5000, 10_000]) {
        assert!(
            plateaus.iter().all(|top| (top.base, top.level) == (f32::from(REST), f32::from(REST + size)))
        );
    }
    assert_eq!((joint.steps[0].len(), joint.extremes[0].len()), (3, 3));
    // Pictures and levels before a pulse are those of the main contact's.
    assert_eq!(recording.voltages[0].before_pulse.len(), 3);
    assert_eq!(recording.overlay.map(|overlay| overlay.pulses), Some(3));
    let levels: Vec<f32> = recording
        .contacts
        .iter()
        .map(|contact| contact.pulses.iter().last().unwrap().phases()[0].level)
        .collect();
    assert_eq!(levels, [-5000, -5000, 10_000].map(|size| f32::from(REST + size)));
}

#[test]
fn pulses_are_measured_on_all_contacts_while_the_stream_runs() {
    let wanted = Wanted { joint: true, pairs: vec![(0, 1)], ..Wanted::default() };
    let program = shared(biphasic());
    let mut recorder = watch(three(&program, wanted), &planes());
    // The first two are not waited for until the end.
    let found = recorder.joint.take().map(Joint::end).unwrap();
    assert!(found.rows.len() >= 2, "{}", found.rows.len());
}

#[test]
fn a_pulse_that_waits_for_its_line_when_the_record_ends_is_measured_with_what_there_is() {
    let wanted = Wanted { joint: true, pairs: vec![(0, 1)], ..Wanted::default() };
    let program = Program { waveform: Waveform::Monophasic, recovery: Recovery::None, ..shared(biphasic()) };
    let planes = planes();
    let mut recorder = Recorder::new(three(&program, wanted));
    let block: Vec<&[i16]> = planes.iter().map(|plane| &plane[..24_240]).collect();
    push(&mut recorder, 0, &block, &zero());
    assert_eq!(recorder.finish().joint.map(|joint| joint.rows.len()), Some(5));
}

#[test]
fn the_output_is_left_alone_until_the_next_pulse_or_the_closing_of_the_switch() {
    let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    near(left_alone(&biphasic()), 10e-3 - 450.5e-6);
    near(left_alone(&passive()), 50.5e-6);
    // A single phase: the line behind it ends five samples before, and the settling is taken off what is left alone.
    let joint = |program: &Program| {
        let wanted = Wanted { joint: true, pairs: vec![(0, 1)], ..Wanted::default() };
        let recording = watch(three(program, wanted), &planes()).finish();
        let step = recording.joint.unwrap().steps[0].iter().next().unwrap();
        step.voltage.gap
    };
    let passive = Program { gap: 80.5e-6, ..shared(passive()) };
    // From 4216 to 4199.5 + 80.5 − 16 − 5 samples: 43 of them; its middle is 37.5 − 1.7 − … behind the edge it is read at.
    let n = 4259.0 - 4216.0;
    let front_end = FrontEnd::bessel(4, 1e5, 1e-6);
    let late = (front_end.delay - front_end.area_delay) * 1e6;
    let reach = 4199.5 - late - (4216.0 + 0.5 * (n - 1.0));
    let spread = 1.0 / n + reach * reach / (n * (n * n - 1.0) / 12.0);
    let found = joint(&passive);
    assert!((f64::from(found.spread) / spread - 1.0).abs() < 1e-3, "{found:?} {spread}");
}

#[test]
fn the_tables_that_are_asked_for_share_the_room() {
    let rooms = |tables: Option<Vec<String>>, joint: bool| -> Vec<(usize, usize)> {
        let wanted = Wanted { tables, joint, ..Wanted::default() };
        let recorder = Recorder::new(three(&shared(biphasic()), wanted));
        let contacts = recorder.channels.iter().filter_map(|channel| match &channel.kind {
            Kind::Contact(contact) => Some(contact.room),
            Kind::Voltage(_) => None,
        });
        contacts.collect()
    };
    let all = usize::MAX;
    assert_eq!(rooms(None, false), [(all, TABLE_BYTES / 3); 3]);
    let two = Some(vec!["e1".to_owned(), "case".to_owned(), "vout".to_owned()]);
    assert_eq!(
        rooms(two.clone(), false),
        [(all, TABLE_BYTES / 2), (4096, TABLE_BYTES / 2), (all, TABLE_BYTES / 2)]
    );
    // What is measured on all contacts at once needs to know when each of their pulses was.
    assert_eq!(rooms(two, true), [(all, TABLE_BYTES / 2); 3]);
    let wanted = Wanted { shapes: vec!["e1".into()], ..Wanted::default() };
    let recording = watch(three(&shared(biphasic()), wanted), &planes()).finish();
    let contact = &recording.contacts[0];
    let (pulses, shapes) = (contact.pulses.bytes(), contact.shapes.bytes());
    assert!(shapes > 0 && contact.shapes.len() == 3 && recording.contacts[1].shapes.is_empty());
    assert!(contact.is_full((all, pulses + shapes)) && !contact.is_full((all, pulses + shapes + 1)));
    assert!(contact.is_full((3, all)) && !contact.is_full((4, all)));
}

#[test]
fn what_is_expected_of_a_contact_is_its_share() {
    let program = shared(biphasic());
    let shares = ["e1", "case", "e9"].map(|contact| share(&program, contact));
    assert_eq!(shares, [0.5, 1.0, f64::INFINITY]);
}

#[test]
fn a_contact_is_found_by_its_name_and_the_default_one_by_its_channel() {
    let setup = Setup { main: 2, ..three(&shared(biphasic()), Wanted::default()) };
    let recording = watch(setup, &planes()).finish();
    for (name, channel) in [("e1", 0), ("e2", 2), ("case", 3)] {
        assert_eq!(recording.contact(name).map(|contact| contact.channel), Some(channel), "{name}");
    }
    assert!(recording.contact("vout").is_none());
    assert_eq!(recording.main().map(|contact| &contact.name[..]), Some("e2"));
}

#[test]
fn a_voltage_before_pulses_is_kept_where_it_is_asked_for() {
    for (rests, kept) in [(None, 3), (Some(vec![1]), 3), (Some(vec![0, 2]), 0), (Some(vec![]), 0)] {
        let recording =
            watch(three(&shared(biphasic()), Wanted { rests, ..Wanted::default() }), &planes()).finish();
        assert_eq!(recording.voltages[0].before_pulse.len(), kept);
    }
}

/// Of a contact whose table nobody asks for, when its pulses were is known to the last.
#[test]
fn contacts_that_are_measured_together_have_bare_tables_unless_they_are_asked_for() {
    const PULSES: usize = 34_000;
    let program = Program { width: 20e-6, gap: 10e-6, rate: 1e4, ..shared(biphasic()) };
    let wanted = |joint| Wanted { joint, tables: Some(vec!["case".into()]), ..Wanted::default() };
    let pulse = |size: i16| {
        let mut codes = vec![REST; 100];
        hold(&mut codes, 30, 50, -size);
        hold(&mut codes, 60, 80, size);
        codes
    };
    let planes = [pulse(5000), vec![REST; 100], pulse(5000), pulse(-10_000)];
    let measured = |joint: bool| {
        let mut recorder = Recorder::new(three(&program, wanted(joint)));
        for k in 0..PULSES as u64 {
            push(&mut recorder, 100 * k, &planes.each_ref().map(Vec::as_slice), &[]);
        }
        recorder.finish()
    };
    let (together, alone) = (measured(true), measured(false));
    let joint = together.joint.unwrap();
    assert_eq!(joint.rows.len(), PULSES);
    let [one, _, whole] = &together.contacts[..] else { panic!("three contacts") };
    assert!(
        one.pulses.is_bare()
            && !whole.pulses.is_bare()
            && !one.table_full
            && !alone.contacts[0].pulses.is_bare()
    );
    assert!(alone.contacts[0].table_full && alone.contacts[0].pulses.len() == 4096);
    assert!(one.pulses.bytes() < whole.pulses.bytes(), "{} {}", one.pulses.bytes(), whole.pulses.bytes());
    for index in [0, 10_000, 33_000, PULSES - 1] {
        let (bare, row) = (one.pulses.get(index).unwrap(), whole.pulses.get(index).unwrap());
        assert!(
            (bare.start() - row.start()).abs() <= 0.13 && (bare.end() - row.end()).abs() <= 0.13,
            "{bare:?} {row:?}"
        );
        assert_eq!((bare.start() as u64, bare.at, bare.flags), (row.start() as u64, row.at, row.flags));
        // The first are what they were; of others what they delivered is no number.
        assert_eq!(bare.pulse_area.is_nan() && bare.phases[0].level.is_nan(), index >= 32_768, "{index}");
    }
}
