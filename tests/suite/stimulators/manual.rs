//! Driven by hand, rehearsed: a pseudo-terminal plays the person at the bench.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Command, Stdio};

use std::sync::{Arc, Mutex};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use stimrig::driver::manual;
use stimrig::instrument::{Operator, Stimulator};
use stimrig::signal::Program;

use super::runs::{PLAIN, scenario};
use super::{block_on, rig};
use crate::command::stimrig;

/// Runs a command on a terminal whose person does `press` whenever asked to press Enter; returns exit code, what they saw and
/// standard output.
fn at_a_terminal(
    mut command: Command,
    mut press: impl FnMut(usize) -> &'static [u8] + Send + 'static,
) -> (i32, String, String) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let slave = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    let child = command
        .stdin(Stdio::from(slave.try_clone().unwrap()))
        .stderr(Stdio::from(slave))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(command);
    let mut terminal = File::from(master);
    let person = std::thread::spawn(move || {
        let (mut seen, mut answered) = (String::new(), 0);
        let mut buffer = [0; 4096];
        // A terminal that its last process has left ends with an error.
        while let Ok(count @ 1..) = terminal.read(&mut buffer) {
            seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
            while seen.matches("press Enter").count() > answered {
                terminal.write_all(press(answered)).unwrap();
                answered += 1;
            }
        }
        seen
    });
    let output = child.wait_with_output().unwrap();
    let seen = person.join().unwrap();
    (output.status.code().unwrap(), seen, String::from_utf8(output.stdout).unwrap())
}

fn run_by_hand(operator: bool) -> (Command, tempfile::NamedTempFile, tempfile::TempDir) {
    let (file, runs) = (scenario(PLAIN), tempfile::tempdir().unwrap());
    let mut command = stimrig();
    command
        .args(["run", "--rig", "rig/manual.yaml", "--json", "-", "--runs"])
        .arg(runs.path())
        .arg(file.path());
    if operator {
        command.args(["--operator", "R. Weiss"]);
    }
    (command, file, runs)
}

#[test]
fn a_person_sets_and_switches_and_the_load_measures() {
    let (command, _file, _runs) = run_by_hand(true);
    let (code, seen, stdout) = at_a_terminal(command, |_| b"\n");
    let record: serde_json::Value = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{seen}"));
    assert_eq!((code, record["outcome"].as_str()), (0, Some("passed")), "{seen}");
    assert_eq!((&record["safe_state"], &record["operator"]), (&"confirmed".into(), &"R. Weiss".into()));
    let order = ["amplitude 2 mA, width 200 µs", "switch the output ON", "switch the output OFF"];
    let places: Vec<_> =
        order.map(|words| seen.find(words).unwrap_or_else(|| panic!("{words}: {seen}"))).to_vec();
    assert!(places.is_sorted(), "{seen}");
}

/// Somebody who does what they are asked, and what they were told.
#[derive(Default)]
struct Listener(Mutex<Vec<String>>);

#[async_trait::async_trait]
impl Operator for Listener {
    fn tell(&self, text: &str) {
        self.0.lock().unwrap().push(text.to_owned());
    }

    async fn confirm(&self, _: &str) -> bool {
        true
    }
}

/// Who missed it is told again, and who was never told to switch it on is not told to switch it off.
#[test]
fn a_stop_that_is_sent_again_is_told_again() {
    let person = Arc::new(Listener::default());
    let operator: Arc<dyn Operator> = person.clone();
    let mut stimulator = manual::Stimulator::new(operator, rig("rig/manual.yaml").protocol, 10e-3, None);
    let told = || std::mem::take(&mut *person.0.lock().unwrap());
    block_on(async {
        let program = Program::biphasic(["e1", "case"], 2e-3, 200e-6, 0.0, 50.0);
        stimulator.stop().await.unwrap();
        stimulator.load(&program).await.unwrap();
        stimulator.stop().await.unwrap();
        assert_eq!(told(), Vec::<String>::new());
        stimulator.start().await.unwrap();
        assert_eq!(told(), ["switch the output ON now"]);
        stimulator.stop().await.unwrap();
        assert_eq!(told(), ["switch the output OFF now"]);
        for _ in 0..2 {
            stimulator.stop().await.unwrap();
            let again = told();
            assert!(again.len() == 1 && again[0].contains("OFF"), "{again:?}");
        }
        // Who has set it anew has left it off.
        stimulator.load(&program).await.unwrap();
        stimulator.stop().await.unwrap();
        assert_eq!(told(), Vec::<String>::new());
    });
}

#[test]
fn without_a_terminal_or_a_name_nothing_is_run() {
    let (command, _file, _runs) = run_by_hand(false);
    let (code, seen, _) = at_a_terminal(command, |_| b"\n");
    assert!(code == 2 && seen.contains("nobody is named"), "{seen}");
    let (mut command, _file, _runs) = run_by_hand(true);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = crate::command::text(&output);
    assert!(output.status.code() == Some(2) && said.contains("there is no terminal"), "{said}");
    let (mut command, _file, _runs) = run_by_hand(true);
    command.env("CI", "true");
    let (code, seen, _) = at_a_terminal(command, |_| b"\n");
    assert!(code == 2 && seen.contains("the environment says `CI`"), "{seen}");
}
