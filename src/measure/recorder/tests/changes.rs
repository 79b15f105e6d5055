//! What changes while a record goes on: programs, markers that come late, and where it begins anew behind a loss.

use super::*;
use crate::signal::Burst;

fn single() -> Program {
    Program { waveform: Waveform::Monophasic, recovery: Recovery::None, ..biphasic() }
}

fn edges(recording: &Recording) -> Vec<u64> {
    rows(recording).iter().map(|row| row.at).collect()
}

/// What is recorded in one block, of programs that begin at these samples.
fn changed(first: &Program, programs: &[(u64, Program)], codes: &[i16]) -> Recording {
    let mut recorder = Recorder::new(setup(first));
    programs.iter().for_each(|(from, program)| recorder.program_changed(*from, program));
    push(&mut recorder, 0, &[codes, &vec![0; codes.len()]], &zero());
    recorder.finish()
}

/// A burst that has begun is recharged for as long as the program before says, and those behind it are not.
#[test]
fn a_program_holds_alone_when_what_the_one_before_began_is_over() {
    let of = |duration| {
        let (recovery, burst) =
            (Recovery::Passive { duration, per_burst: true }, Burst { pulses: 3, rate: 500.0 });
        Program { recovery, burst: Some(burst), rate: 50.0, ..passive() }
    };
    let mut codes = quiet(40_000);
    for burst in [4000, 24_000] {
        for at in [burst, burst + 2000, burst + 4000] {
            hold(&mut codes, at, at + 200, -10_000);
        }
        // What flows 1.7 ms behind the last edge is taken back within 2 ms.
        hold(&mut codes, burst + 5700, burst + 5710, 3000);
    }
    let expected = [4000, 6000, 8000, 24_000, 26_000, 28_000, 29_700];
    assert_eq!(edges(&changed(&of(2e-3), &[(5000, of(1e-3))], &codes)), expected);
    // The program before is the one before, however late the record's first was changed for it.
    let programs = [(3000, of(2e-3)), (5000, of(1e-3))];
    assert_eq!(edges(&changed(&single(), &programs, &codes)), expected);
    // Where each pulse is one by itself, nothing has begun.
    let alone =
        |duration| Program { recovery: Recovery::Passive { duration, per_burst: false }, ..passive() };
    let mut codes = quiet(10_000);
    hold(&mut codes, 4000, 4200, -10_000);
    hold(&mut codes, 5700, 5710, 3000);
    assert_eq!(edges(&changed(&alone(2e-3), &[], &codes)), [4000]);
    assert_eq!(edges(&changed(&alone(2e-3), &[(3000, alone(1e-3))], &codes)), [4000, 5700]);
}

/// It is known when the stimulator has taken it.
#[test]
fn a_program_that_is_told_of_late_holds_from_then_on() {
    let mut codes = quiet(30_000);
    for at in [4000, 14_000, 24_000] {
        hold(&mut codes, at, at + 200, -300);
    }
    let voltage = vec![0; codes.len()];
    let mut recorder = Recorder::new(setup(&single()));
    push(&mut recorder, 0, &[&codes[..10_000], &voltage[..10_000]], &zero());
    recorder.program_changed(3000, &Program { amplitude: 30e-6, ..single() });
    push(&mut recorder, 10_000, &[&codes[10_000..], &voltage[10_000..]], &[]);
    assert_eq!(edges(&recorder.finish()), [14_000, 24_000]);
}

#[test]
fn markers_are_obeyed_at_their_samples_however_they_come() {
    let mut codes = quiet(20_000);
    for at in [4000, 10_160, 14_000] {
        hold(&mut codes, at, at + 200, -10_000);
    }
    // Both of a zero in one block, long before the second.
    let recording = changed(&single(), &[], &codes);
    assert_eq!(recording.zeros[0].iter().map(|zero| (zero.from, zero.to)).collect::<Vec<_>>(), [(66, 2000)]);
    assert_eq!(edges(&recording), [4000, 10_160, 14_000]);
    // Of an interlock that opened among samples that are lost, as soon as there are others: the relays settle then.
    let voltage = vec![0; codes.len()];
    let mut recorder = Recorder::new(setup(&single()));
    push(&mut recorder, 0, &[&codes[..10_100], &voltage[..10_100]], &zero());
    let late = [marker(10_120, MarkerBit::Interlock, false)];
    push(&mut recorder, 10_150, &[&codes[10_150..], &voltage[10_150..]], &late);
    let recording = recorder.finish();
    assert_eq!(edges(&recording), [4000, 10_216, 14_000]);
    // At the end of a stretch, at once.
    let interlock = [(5000, true), (10_240, false)].map(|(at, on)| marker(at, MarkerBit::Interlock, on));
    let recorder = seen(setup(&single()), &codes[..10_241], &voltage[..10_241], &interlock);
    assert!(recorder.interlock_fell());
    // Without samples, a marker is no loss.
    let mut recorder = Recorder::new(setup(&single()));
    push(&mut recorder, 0, &[&codes[..1000], &voltage[..1000]], &[]);
    let (stream, markers) = (StreamKind::Fast, &[marker(1000, MarkerBit::StopTaken, true)]);
    recorder.block(&Block { stream, first: 0, count: 0, codes: &[], markers, lost: 0 });
    push(&mut recorder, 1000, &[&codes[1000..2000], &voltage[1000..2000]], &[]);
    let recording = recorder.finish();
    assert_eq!((recording.lost.len(), recording.markers.len(), recording.samples), (0, 1, 2000));
}

#[test]
fn what_is_active_just_behind_a_loss_is_told_where_it_is() {
    let mut codes = quiet(20_000);
    hold(&mut codes, 4000, 4200, -10_000);
    hold(&mut codes, 10_612, 10_812, -10_000);
    let voltage = vec![0; codes.len()];
    let mut recorder = Recorder::new(setup(&single()));
    push(&mut recorder, 0, &[&codes[..10_100], &voltage[..10_100]], &zero());
    push(&mut recorder, 10_600, &[&codes[10_600..], &voltage[10_600..]], &[]);
    for (since, active) in [(4000, true), (10_811, true), (10_812, false)] {
        assert_eq!(recorder.active_since(since), active, "{since}");
    }
    let recording = recorder.finish();
    let activity = recording.contacts[0].activity.iter().map(|found| (found.first, found.last));
    assert_eq!(activity.collect::<Vec<_>>(), [(4000, 4199), (10_612, 10_811)]);
    // In the picture of all samples what comes behind the loss is where it was.
    let drawn = &recording.overview[0].extremes;
    assert_eq!(drawn.len() as u64, recording.samples.div_ceil(256));
    let active = |stretch: usize| drawn[stretch].0.unsigned_abs().max(drawn[stretch].1.unsigned_abs()) > 300;
    assert!(active(4000 / 256) && !active(10_355 / 256) && active(10_700 / 256));
}

/// A quarter of what a pulse's windows hold is kept on either side of it; where a phase is missing, all in which it might have come.
#[test]
fn an_excerpt_shows_that_a_missing_phase_did_not_come() {
    let kept = |whole: bool| {
        let mut codes = quiet(10_000);
        hold(&mut codes, 4000, 4200, -10_000);
        if whole {
            hold(&mut codes, 4250, 4450, 10_000);
        }
        let excerpt = recorded(&biphasic(), &codes).excerpts.swap_remove(0);
        (excerpt.first, excerpt.codes[0].len())
    };
    let (whole, lacking) = (17 + 450 + 16, 17 + 200 + 16);
    assert_eq!(kept(true), (3983 - whole / 4, whole as usize + 2 * (whole as usize / 4)));
    assert_eq!(kept(false), (3983 - lacking / 4, lacking as usize + lacking as usize / 4 + 251));
}

/// On the contact that is measured second a pulse by itself.
#[test]
fn voltages_are_read_before_the_pulses_of_the_main_contact() {
    let mut codes = quiet(20_000);
    hold(&mut codes, 4000, 4200, -10_000);
    let mut other = quiet(20_000);
    hold(&mut other, 4000, 4200, 10_000);
    hold(&mut other, 9000, 9200, 10_000);
    let mut setup = setup(&single());
    let second = ChannelSetup { name: "case".into(), ..setup.channels[0].clone() };
    setup.channels.insert(1, second);
    setup.vout = Some(2);
    let voltage = vec![0; codes.len()];
    let mut recorder = Recorder::new(setup);
    push(&mut recorder, 0, &[&codes, &other, &voltage], &zero());
    let recording = recorder.finish();
    let found: Vec<usize> = recording.contacts.iter().map(|contact| contact.pulses.len()).collect();
    assert_eq!((&found[..], recording.voltages[0].before_pulse.len()), (&[1, 2][..], 1));
    assert_eq!(recording.excerpts.iter().map(|excerpt| excerpt.pulse).collect::<Vec<_>>(), [0]);
}

/// Before the first zero what is stated is where a current is looked for, as far off as a pulse would begin.
#[test]
fn a_record_without_a_zero_is_measured_about_what_is_stated() {
    let mut codes = vec![STATED as i16 + 340; 10_000];
    codes[4000..4200].fill(STATED as i16 + 340 - 10_000);
    let recording = seen(setup(&single()), &codes, &vec![0; codes.len()], &[]).finish();
    let found: Vec<(u64, f64)> = rows(&recording).iter().map(|row| (row.at, row.base)).collect();
    assert_eq!(found, [(4000, STATED + 340.0)]);
    // A twentieth of 10 000 codes.
    assert!((recording.contacts[0].begins_codes - 500.0).abs() < 1e-9);
}
