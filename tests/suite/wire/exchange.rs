//! What driver, board and load do together.

use stimrig::instrument::{InstrumentFault, State};
use stimrig::rig::DefectKind::*;
use stimrig::rig::DefectValue::{Amount, Flag};
use stimrig::scenario::{Fault, FaultCode};

use super::*;

#[test]
fn everyone_says_who_it_is() {
    block_on(async {
        let mut rig = Rig::open(&[], 1);
        let stimulator = rig.stimulator.identify().await.unwrap();
        assert_eq!((stimulator.cap, stimulator.compliance, stimulator.watchdog), (12.7e-3, 15.0, 0.5));
        assert_eq!((stimulator.uid.len(), stimulator.firmware.len()), (24, 32));
        let load = rig.load.identify().await.unwrap();
        assert_eq!((load.sample_rate, load.filter), (1e6, (4, 1e5)));
        assert_eq!(load.clock_u, 20e-6);
    });
}

#[test]
fn two_boards_the_wrong_way_round_are_named() {
    block_on(async {
        let bench = stimrig::sim::open(&SimBench::default(), &phantom(), 1).unwrap();
        let mut stimulator = native::Stimulator::new(Box::new(bench.load), &phantom(), 12.7e-3);
        let mut load = native::Load::new(Box::new(bench.stimulator), &phantom());
        for (said, other) in [
            (stimulator.identify().await.unwrap_err().to_string(), "a load answers"),
            (load.identify().await.unwrap_err().to_string(), "a stimulator answers"),
        ] {
            assert!(said.contains(other) && said.contains("53494d2d") && said.contains("swap"), "{said}");
        }
    });
}

#[test]
fn what_is_applied_is_on_the_grid_and_what_fits_it_is_untouched() {
    block_on(async {
        let mut rig = Rig::open(&[], 1);
        let applied = rig.stimulator.load(&program()).await.unwrap().program;
        // 2621 of 32767 codes of 25 mA.
        assert!((applied.amplitude - 2621.0 / 32767.0 * 25e-3).abs() < 1e-12);
        assert_eq!(Program { amplitude: 2e-3, ..applied }, program());
        let ratio = Program { recovery: Recovery::Ratio(4.0), ..program() };
        let applied = rig.stimulator.load(&ratio).await.unwrap().program;
        // 0.5 mA is code 655.34: the leading phase is four times 655.
        assert!((applied.amplitude - 4.0 * 655.0 / 32767.0 * 25e-3).abs() < 1e-12);
    });
}

#[test]
fn pulses_are_where_they_belong_and_a_stop_ends_them() {
    block_on(async {
        let mut rig = Rig::open(&[], 1);
        rig.start(&program()).await;
        rig.wait(100, true).await;
        rig.stimulator.stop().await.unwrap();
        rig.wait(100, true).await;
        let (leads, taken) = (rig.recording.leads(), rig.recording.changes(MarkerBit::StartTaken));
        assert_eq!((leads.len(), taken.len()), (10, 1));
        let latency = leads[0] as u64 - taken[0];
        assert!((100..200).contains(&latency), "{latency} µs from the start to the first pulse");
        assert!(leads.windows(2).all(|pair| (9_998..=10_002).contains(&(pair[1] - pair[0]))));
        assert_eq!(rig.recording.changes(MarkerBit::StopTaken).len(), 1);
        let status = rig.stimulator.status().await.unwrap();
        assert_eq!((status.state, status.fault, status.pulses), (State::Idle, FaultCode::None, 10));
        assert_eq!((rig.stimulator.link().total(), rig.load.link().total()), (0, 0));
        // Three standard deviations of the sample clock (20 ppm) over 200 ms.
        assert!((199_987..=200_013).contains(&rig.recording.codes.len()));
    });
}

#[test]
fn a_program_ends_by_itself_after_its_duration() {
    block_on(async {
        let mut rig = Rig::open(&[], 1);
        rig.start(&Program { run: Run::Duration(0.05), ..program() }).await;
        rig.wait(200, true).await;
        assert_eq!(rig.recording.leads().len(), 5);
        assert_eq!(rig.stimulator.status().await.unwrap().state, State::Idle);
    });
}

#[test]
fn nothing_above_the_cap_leaves_the_host_and_the_board_refuses_it_too() {
    block_on(async {
        let mut rig = Rig::open(&[], 1);
        let over = Program { amplitude: 15e-3, ..program() };
        let refused = rig.stimulator.load(&over).await.unwrap_err();
        assert!(matches!(refused.fault, InstrumentFault::Refused(_)), "{refused}");
        assert_eq!(rig.stimulator.status().await.unwrap().fault, FaultCode::None);
        rig.stimulator.load_over_cap(&over).await.unwrap_err();
        let status = rig.stimulator.status().await.unwrap();
        assert_eq!((status.state, status.fault), (State::Latched, FaultCode::OverAmplitude));
        rig.stimulator.acknowledge().await.unwrap();
        assert_eq!(rig.stimulator.status().await.unwrap().state, State::Idle);
    });
}

/// State and fault 100 ms after a fault of the leads, and the pulses that came after it.
fn after_a_fault(defects: &[(DefectKind, DefectValue)], fault: &Fault) -> (State, FaultCode, usize) {
    block_on(async {
        let mut rig = Rig::open(defects, 1);
        rig.start(&program()).await;
        rig.wait(100, true).await;
        rig.load.inject(fault).await.unwrap();
        rig.load.drain(&mut rig.recording).await.unwrap();
        let before = rig.stimulator.status().await.unwrap().pulses;
        rig.wait(100, true).await;
        let status = rig.stimulator.status().await.unwrap();
        (status.state, status.fault, (status.pulses - before) as usize)
    })
}

#[test]
fn faults_of_the_leads_are_declared_and_end_the_output() {
    let open = Fault::OpenLead { contact: "e1".into() };
    let short = Fault::ShortLead { between: ("e1".into(), "case".into()) };
    assert_eq!(after_a_fault(&[], &open), (State::Latched, FaultCode::OpenLead, 1));
    assert_eq!(after_a_fault(&[], &short), (State::Latched, FaultCode::ShortLead, 1));
    let deaf = [(IgnoresOpenLead, Flag)];
    assert_eq!(after_a_fault(&deaf, &open), (State::Running, FaultCode::None, 10));
    let wrong = after_a_fault(&[(WrongFaultCode, Flag)], &open);
    assert!(wrong.0 == State::Latched && wrong.1 != FaultCode::OpenLead, "{wrong:?}");
    let slow = after_a_fault(&[(SlowShutdown, Amount(0.05))], &open);
    assert!((5..=7).contains(&slow.2), "{slow:?}");
}

#[test]
fn a_short_can_be_cleared_and_the_latch_holds_until_acknowledged() {
    block_on(async {
        let mut rig = Rig::open(&[], 1);
        rig.start(&program()).await;
        rig.load.inject(&Fault::ShortLead { between: ("case".into(), "e1".into()) }).await.unwrap();
        rig.wait(100, true).await;
        rig.load.clear("short-lead").await.unwrap();
        let refused = rig.stimulator.start().await.unwrap_err();
        assert!(refused.to_string().contains("latched"), "{refused}");
        rig.stimulator.acknowledge().await.unwrap();
        rig.stimulator.start().await.unwrap();
        rig.wait(100, true).await;
        assert_eq!(rig.stimulator.status().await.unwrap().state, State::Running);
        assert_eq!(rig.recording.changes(MarkerBit::Short).len(), 2);
    });
}

#[test]
fn a_host_that_falls_silent_is_noticed_unless_the_watchdog_is_broken() {
    let silence = |defects: &'static [(DefectKind, DefectValue)]| {
        block_on(async {
            let mut rig = Rig::open(defects, 1);
            rig.start(&program()).await;
            let from = rig.recording.leads().len();
            rig.wait(1500, false).await;
            let status = rig.stimulator.status().await.unwrap();
            (status.state, status.fault, rig.recording.leads().len() - from)
        })
    };
    let (state, fault, pulses) = silence(&[]);
    assert_eq!((state, fault), (State::Latched, FaultCode::Watchdog));
    assert!((50..=51).contains(&pulses), "{pulses}");
    let (state, _, pulses) = silence(&[(WatchdogDisabled, Flag)]);
    assert_eq!((state, pulses), (State::Running, 150));
}

#[test]
fn an_ignored_stop_is_acknowledged_and_goes_on() {
    block_on(async {
        let mut rig = Rig::open(&[(StopIgnored, Flag)], 1);
        rig.start(&program()).await;
        rig.wait(100, true).await;
        rig.stimulator.stop().await.unwrap();
        rig.wait(100, true).await;
        assert_eq!(rig.recording.leads().len(), 20);
        assert_eq!(rig.recording.changes(MarkerBit::StopTaken).len(), 1);
    });
}

/// As of a calibration that is killed: up to the bench's largest current would flow until somebody thinks of it.
#[test]
fn a_load_without_a_host_switches_its_test_source_off() {
    block_on(async {
        let mut rig = Rig::open(&[], 1);
        rig.stream().await;
        rig.load.test_source("e1", 1e-3).await.unwrap();
        for _ in 0..50 {
            rig.clock.sleep(20 * MS).await;
            rig.load.drain(&mut rig.recording).await.unwrap();
        }
        let source: Vec<_> =
            rig.recording.markers.iter().filter(|marker| marker.bit == MarkerBit::TestSource).collect();
        assert_eq!(source.iter().map(|marker| marker.value).collect::<Vec<_>>(), [true, false]);
        let lasted = source[1].sample - source[0].sample;
        assert!((499_900..=500_100).contains(&lasted), "{source:?}");
        // Nothing flows: within some codes of the zero, where 1 mA is 8192 of the 4 mA range.
        let late = &rig.recording.codes[source[1].sample as usize + 1000..];
        assert!(late.iter().all(|code| code.abs() < 100), "{:?}", &late[..10]);
    });
}

#[test]
fn a_load_without_a_host_opens_its_interlock() {
    block_on(async {
        let mut rig = Rig::open(&[], 1);
        rig.start(&program()).await;
        for _ in 0..6 {
            rig.clock.sleep(100 * MS).await;
            rig.stimulator.keepalive().await.unwrap();
        }
        rig.load.drain(&mut rig.recording).await.unwrap();
        let interlock: Vec<_> =
            rig.recording.markers.iter().filter(|marker| marker.bit == MarkerBit::Interlock).collect();
        assert_eq!(interlock.len(), 2);
        assert!((499_900..=500_100).contains(&interlock[1].sample), "{interlock:?}");
        assert!(!interlock[1].value);
    });
}

#[test]
fn a_stream_can_be_ended_and_begun_again() {
    block_on(async {
        let mut rig = Rig::open(&[], 1);
        rig.stream().await;
        rig.clock.sleep(10 * MS).await;
        rig.load.end().await.unwrap();
        rig.load.drain(&mut rig.recording).await.unwrap();
        assert!((9_999..=10_001).contains(&rig.recording.codes.len()));
        rig.clock.sleep(10 * MS).await;
        rig.recording = Recording::default();
        rig.stream().await;
        rig.clock.sleep(5 * MS).await;
        rig.load.drain(&mut rig.recording).await.unwrap();
        assert!((4_999..=5_001).contains(&rig.recording.codes.len()));
        assert_eq!(rig.load.link().total(), 0);
    });
}

#[test]
fn a_load_that_is_not_read_drops_samples_and_says_so() {
    block_on(async {
        let mut rig = Rig::open(&[], 1);
        rig.stream().await;
        // Two channels of two bytes at 1 MHz fill the load's 32 MiB in 8.4 s.
        for _ in 0..100 {
            rig.clock.sleep(100 * MS).await;
        }
        rig.load.drain(&mut rig.recording).await.unwrap();
        rig.wait(20, true).await;
        let (recording, link) = (&rig.recording, rig.load.link());
        let total = recording.codes.len() as u64 + recording.lost;
        assert!(total.abs_diff(10_020_000) < 1000, "{total}");
        // One gap in the fast stream, one in the slow.
        assert_eq!((recording.gaps, link.lost_blocks, link.total()), (1, 2, 2));
        assert!((1_400_000..1_800_000).contains(&recording.lost), "{}", recording.lost);
    });
}

#[test]
fn the_same_seeds_give_the_same_bytes() {
    let codes = |case_seed| {
        block_on(async {
            let mut rig = Rig::open(&[], case_seed);
            rig.start(&program()).await;
            rig.wait(40, true).await;
            rig.recording.codes
        })
    };
    assert_eq!(codes(1), codes(1));
    assert_ne!(codes(1), codes(2));
}
