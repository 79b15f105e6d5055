//! Helper programs: the shipped example, and programs that misbehave.

use std::path::Path;
use std::time::{Duration, Instant};

use stimrig::driver::exec::Stimulator as Helper;
use stimrig::instrument::{InstrumentError, InstrumentFault, Reports, State, Stimulator};
use stimrig::rig::Stated;
use stimrig::signal::Program;

use super::*;

fn helper(script: &str) -> Result<Helper, InstrumentError> {
    let command: Vec<String> = ["python3", "-u", "-c", script].map(str::to_owned).to_vec();
    Helper::new(&command, Path::new("."), Stated::default(), 10e-3, None)
}

fn program() -> Program {
    Program::biphasic(["e1", "case"], 2.04e-3, 200e-6, 0.0, 50.0)
}

#[test]
fn the_shipped_example_is_driven() {
    block_on(async {
        let command = ["python3", "exec/adapter.py"].map(str::to_owned);
        let stated = Stated { status: true, ..Stated::default() };
        let folder = crate::command::root().join("rig");
        let mut stimulator = Helper::new(&command, &folder, stated, 20e-3, None).unwrap();
        let identity = stimulator.identify().await.unwrap();
        assert_eq!((identity.model.as_str(), identity.uid.as_str()), ("example adapter", "SIM-EXEC-1"));
        assert_eq!(
            stimulator.start().await.unwrap_err().fault,
            InstrumentFault::Refused("nothing is loaded".into())
        );
        let applied = stimulator.load(&program()).await.unwrap().program;
        assert!((applied.amplitude - 2e-3).abs() < 1e-12, "{}", applied.amplitude);
        stimulator.start().await.unwrap();
        assert_eq!(stimulator.status().await.unwrap().state, State::Running);
        stimulator.stop().await.unwrap();
        assert_eq!(stimulator.status().await.unwrap().state, State::Idle);
        let error =
            stimulator.load(&Program { amplitude: 12e-3, ..program() }).await.unwrap_err().to_string();
        assert!(error.contains("12 mA is outside 0.1 to 10 mA"), "{error}");
    });
}

#[test]
fn a_program_that_misses_its_deadline_is_killed_and_reported() {
    block_on(async {
        let script = "import sys, json, time
line = json.loads(sys.stdin.readline())
print(json.dumps({'id': line['id'], 'ok': True, 'protocol': 1}))
time.sleep(60)";
        let mut stimulator = helper(script).unwrap();
        stimulator.identify().await.unwrap();
        let asked = Instant::now();
        let error = stimulator.start().await.unwrap_err();
        assert_eq!(error.fault, InstrumentFault::Timeout);
        assert!(error.to_string().contains("missed the deadline and was killed"), "{error}");
        assert!(asked.elapsed() < Duration::from_secs(10));
        // From then on it is gone.
        assert_eq!(stimulator.stop().await.unwrap_err().fault, InstrumentFault::Disconnected);
    });
}

/// A script that starts the program which speaks: nothing may go on that holds the stimulator's port.
#[test]
fn what_a_helper_program_has_started_is_killed_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let script = format!(
        "import sys, json, time, os
open({:?}, 'w').write(str(os.getpid()))
line = json.loads(sys.stdin.readline())
print(json.dumps({{'id': line['id'], 'ok': True, 'protocol': 1}}), flush=True)
time.sleep(600)",
        file.display().to_string()
    );
    let command = ["sh", "-c", "python3 -u -c \"$0\"; exit 1", &script].map(str::to_owned);
    let begun = Instant::now();
    block_on(async {
        let mut stimulator = Helper::new(&command, Path::new("."), Stated::default(), 10e-3, None).unwrap();
        stimulator.identify().await.unwrap();
        assert_eq!(stimulator.start().await.unwrap_err().fault, InstrumentFault::Timeout);
    });
    let pid = std::fs::read_to_string(&file).unwrap();
    let status = || std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // Gone, or dead and not yet buried.
    while !(status().is_empty() || status().contains(") Z ")) {
        assert!(begun.elapsed() < Duration::from_secs(60), "{}", status());
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// What it is told at the end, and that one which does not leave is killed: its own words in a file, and its process.
#[test]
fn a_program_is_told_to_quit_and_killed_if_it_does_not() {
    let folder = tempfile::tempdir().unwrap();
    for (after, leaves) in [("break", true), ("continue", false)] {
        let heard = folder.path().join(after);
        let script = format!(
            "import sys, json, time, os
log = open({:?}, 'w')
for line in sys.stdin:
    request = json.loads(line)
    print(request['request'], os.getpid(), file=log, flush=True)
    if request['request'] == 'quit': {after}
    print(json.dumps({{'id': request['id'], 'ok': True, 'protocol': 1}}), flush=True)
if not {}: time.sleep(60)
print('left', os.getpid(), file=log, flush=True)",
            heard.display().to_string(),
            if leaves { "True" } else { "False" }
        );
        let begun = Instant::now();
        block_on(async {
            let mut stimulator = helper(&script).unwrap();
            stimulator.identify().await.unwrap();
            stimulator.stop().await.unwrap();
        });
        assert!(begun.elapsed() < Duration::from_secs(20));
        let said = std::fs::read_to_string(&heard).unwrap();
        let words: Vec<&str> = said.lines().map(|line| line.split(' ').next().unwrap()).collect();
        let expected: &[&str] =
            if leaves { &["hello", "stop", "quit", "left"] } else { &["hello", "stop", "quit"] };
        assert_eq!(words, expected, "{said}");
        let pid = said.lines().next().unwrap().split(' ').nth(1).unwrap();
        let status = || std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // Gone, or dead and not yet buried.
        let ended = || status().is_empty() || status().contains(") Z ");
        while !ended() {
            assert!(begun.elapsed() < Duration::from_secs(30), "{}", status());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// What a terminal sends with Ctrl-C goes to its whole group, and the stop has to go through the helper program.
#[test]
fn a_helper_program_leads_a_process_group_of_its_own() {
    let script = "import sys, json, os
line = json.loads(sys.stdin.readline())
own = 'a group of its own' if os.getpgrp() == os.getpid() else 'the group of its parent'
print(json.dumps({'id': line['id'], 'ok': True, 'protocol': 1, 'model': own}))";
    let model = block_on(async { helper(script).unwrap().identify().await.unwrap().model });
    assert_eq!(model, "a group of its own");
}

#[test]
fn what_it_says_it_applies_and_no_stimulator_could_is_refused() {
    let wrong = [("rate", "0"), ("rate", "-50"), ("width", "0"), ("gap", "-1e-6"), ("recharge", "-1")];
    let answers: Vec<String> =
        wrong.iter().map(|(key, value)| format!("{{\"{key}\": {value}}}")).chain(["{}".to_owned()]).collect();
    let script = format!(
        "import sys, json
answers = iter({answers:?})
for line in sys.stdin:
    request = json.loads(line)
    answer = {{'id': request['id'], 'ok': True, 'protocol': 1}}
    if request['request'] == 'load': answer['applied'] = json.loads(next(answers))
    print(json.dumps(answer), flush=True)"
    );
    block_on(async {
        let mut stimulator = helper(&script).unwrap();
        stimulator.identify().await.unwrap();
        let asked = Program { recharge: Some(5e-3), ..program() };
        for (key, value) in wrong {
            let error = stimulator.load(&asked).await.unwrap_err();
            assert!(matches!(error.fault, InstrumentFault::Protocol(_)), "{key}: {value}: {error}");
            assert!(error.to_string().contains(&format!("an applied {key} of ")), "{key}: {value}: {error}");
        }
        assert_eq!(stimulator.load(&asked).await.unwrap().program, asked);
    });
}

/// It rounds up to what the rig file's cap does not allow: that is not to be started.
#[test]
fn what_it_says_it_applies_is_held_against_the_cap() {
    block_on(async {
        let script = "import sys, json
for line in sys.stdin:
    request = json.loads(line)
    print(json.dumps({'id': request['id'], 'ok': True, 'protocol': 1, 'applied': {'amplitude': 0.011}}), flush=True)";
        let mut stimulator = helper(script).unwrap();
        stimulator.identify().await.unwrap();
        let error = stimulator.load(&program()).await.unwrap_err().to_string();
        assert!(error.contains("11 mA is an amplitude above the cap of 10 mA"), "{error}");
    });
}

#[test]
fn a_program_that_is_wrong_is_named() {
    let error =
        |script: &str| block_on(async { helper(script).unwrap().identify().await.unwrap_err().to_string() });
    assert!(error("pass").contains("its helper program has ended"));
    assert!(error("print('hello there')").contains("`hello there`"));
    assert!(error("print('{\"id\": 7, \"ok\": true}')").contains("an answer to request 7, not 1"));
    assert!(
        error("print('{\"id\": 1, \"ok\": true, \"protocol\": 2}')")
            .contains("protocol 2, where 1 was asked for")
    );
    let missing = Helper::new(&["no-such-program".to_owned()], Path::new("."), Stated::default(), 1e-3, None);
    let error = block_on(async move { missing.err().unwrap().to_string() });
    assert!(error.contains("start its helper program `no-such-program`"), "{error}");
}
