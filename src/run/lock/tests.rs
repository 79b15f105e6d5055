//! Locks as two processes see them, within one.

use super::*;
use crate::rig::DEFAULT_RIG;
use crate::source::Source;

fn rig(stimulator: &str, load: &str) -> Rig {
    let text = format!(
        "version: 1\nname: bench-a\nstimulator: {{ driver: native, port: {{ {stimulator} }}, cap: 10 mA }}\n\
         load: {{ driver: native, port: {{ {load} }}, channels: {{ e1: {{ quantity: current, shunt: 100 ohm, ranges: [4 mA] }} }} }}\n\
         limits: {{ amplitude: 10 mA, charge_per_phase: 10 uC, mean_dc: 100 uA }}\n"
    );
    Rig::read(&Source::new("bench-a.yaml", text.as_str())).unwrap()
}

fn take(folder: &Path, rig: &Rig, waiting: Waiting) -> Result<RigLock, LockError> {
    RigLock::take_in(folder, rig, waiting, &Interrupt::default(), &mut |_| {})
}

/// Kills its owner: a killed process runs no destructor, and the kernel closes its files.
fn kill(mut lock: RigLock) {
    drop(std::mem::take(&mut lock.files));
}

#[test]
fn a_second_run_hears_who_holds_the_bench_and_gets_it_when_it_is_free() {
    let folder = tempfile::tempdir().unwrap();
    let bench = rig("serial_number: S1", "serial_number: L1");
    let mut first = take(folder.path(), &bench, Waiting::No).unwrap();
    first.runs_in(Path::new("/runs/one"));
    // Another rig file that shares one device is refused as well.
    for other in [&bench, &rig("serial_number: S2", "serial_number: L1")] {
        let Err(LockError::Held(held)) = take(folder.path(), other, Waiting::No) else { panic!("held") };
        let holder = held.holder.clone().unwrap();
        assert_eq!((holder.pid, holder.rig.as_str()), (std::process::id(), "bench-a"));
        let said = held.to_string();
        for words in ["serial number L1", &format!("process {}", holder.pid), "since 20", &holder.command] {
            assert!(said.contains(words), "`{words}` not in {said}");
        }
    }
    let (seen, left) = RigLock::look_in(folder.path(), &bench);
    assert!(seen.len() == 2 && left.is_empty(), "{seen:?}");
    assert!(seen[0].to_string().contains("in use"), "{}", seen[0]);
    // Other devices are free.
    drop(take(folder.path(), &rig("serial_number: S3", "serial_number: L3"), Waiting::No).unwrap());
    let wait = Duration::from_millis(50);
    assert!(matches!(take(folder.path(), &bench, Waiting::For(wait)), Err(LockError::Held(_))));
    let free = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| take(folder.path(), &bench, Waiting::Forever));
        std::thread::sleep(wait);
        drop(first);
        waiting.join().unwrap()
    });
    assert!(free.unwrap().left_behind().is_empty(), "it ended as it should");
}

#[test]
fn whoever_waits_can_be_told_to_end() {
    let folder = tempfile::tempdir().unwrap();
    let bench = rig("tcp: 'bench:5555'", "serial_number: L1");
    let _first = take(folder.path(), &bench, Waiting::No).unwrap();
    let interrupt = Interrupt::default();
    interrupt.raise(super::super::Cause::Interrupt);
    let ended = RigLock::take_in(folder.path(), &bench, Waiting::Forever, &interrupt, &mut |_| {});
    assert!(matches!(ended, Err(LockError::Ended(_))));
}

#[test]
fn a_lock_that_its_owner_could_not_give_back_names_the_run_to_close() {
    let folder = tempfile::tempdir().unwrap();
    let bench = rig("serial_number: S1", "serial_number: L1");
    let mut killed = take(folder.path(), &bench, Waiting::No).unwrap();
    killed.runs_in(Path::new("/runs/one"));
    kill(killed);
    let (held, left) = RigLock::look_in(folder.path(), &bench);
    assert_eq!((held.len(), left), (0, vec![PathBuf::from("/runs/one")]));
    let next = take(folder.path(), &bench, Waiting::No).unwrap();
    assert_eq!(next.left_behind(), [PathBuf::from("/runs/one")]);
}

#[test]
fn what_a_killed_run_left_is_handed_on_until_it_is_settled() {
    let folder = tempfile::tempdir().unwrap();
    let bench = rig("serial_number: S1", "serial_number: L1");
    let take = || take(folder.path(), &bench, Waiting::No).unwrap();
    let (one, two) = (PathBuf::from("/runs/one"), PathBuf::from("/runs/two"));
    let mut first = take();
    first.runs_in(&one);
    kill(first);
    // Whoever has it, ends as it should, and does not see to it.
    drop(take());
    assert_eq!(RigLock::look_in(folder.path(), &bench).1, std::slice::from_ref(&one));
    // Who is killed before it has a run of its own, and who is killed in one.
    kill(take());
    let mut second = take();
    second.runs_in(&two);
    kill(second);
    assert_eq!(RigLock::look_in(folder.path(), &bench).1, [one.clone(), two.clone()]);
    let next = take();
    assert_eq!(next.left_behind(), [one.clone(), two.clone()]);
    next.settle(&one);
    drop(next);
    let last = take();
    assert_eq!(last.left_behind(), std::slice::from_ref(&two));
    last.settle(&two);
    drop(last);
    assert!(take().left_behind().is_empty());
}

#[test]
fn what_is_settled_for_a_device_is_not_for_the_others_of_that_run() {
    let folder = tempfile::tempdir().unwrap();
    let (bench, other) =
        (rig("serial_number: S1", "serial_number: L1"), rig("serial_number: S2", "serial_number: L1"));
    let run = PathBuf::from("/runs/one");
    let mut first = take(folder.path(), &bench, Waiting::No).unwrap();
    first.runs_in(&run);
    kill(first);
    let shared = take(folder.path(), &other, Waiting::No).unwrap();
    assert_eq!(shared.left_behind(), std::slice::from_ref(&run));
    shared.settle(&run);
    drop(shared);
    assert!(take(folder.path(), &other, Waiting::No).unwrap().left_behind().is_empty());
    assert_eq!(
        take(folder.path(), &bench, Waiting::No).unwrap().left_behind(),
        [run],
        "S1 was not looked at"
    );
}

#[test]
fn a_run_that_a_panic_ends_is_left_like_one_that_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let bench = rig("serial_number: S1", "serial_number: L1");
    let mut lock = take(folder.path(), &bench, Waiting::No).unwrap();
    lock.runs_in(Path::new("/runs/one"));
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
        let _held = lock;
        std::panic::resume_unwind(Box::new(()));
    }));
    assert!(ended.is_err());
    assert_eq!(RigLock::look_in(folder.path(), &bench), (Vec::new(), vec![PathBuf::from("/runs/one")]));
}

/// Killed between writing a shorter line and cutting off the rest of the longer one.
#[test]
fn a_line_counts_whatever_is_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let bench = rig("serial_number: S1", "serial_number: L1");
    let mut killed = take(folder.path(), &bench, Waiting::No).unwrap();
    killed.runs_in(Path::new("/runs/one"));
    kill(killed);
    for device in devices(&bench) {
        let mut file = fs::File::options().append(true).open(folder.path().join(file_name(&device))).unwrap();
        std::io::Write::write_all(&mut file, b"tmp/some/longer/run\"}\n").unwrap();
    }
    assert_eq!(RigLock::look_in(folder.path(), &bench).1, [PathBuf::from("/runs/one")]);
    // And what is written next leaves nothing of it.
    let next = take(folder.path(), &bench, Waiting::No).unwrap();
    next.settle(Path::new("/runs/one"));
    drop(next);
    for device in devices(&bench) {
        assert_eq!(fs::read(folder.path().join(file_name(&device))).unwrap(), b"");
    }
}

#[test]
fn a_device_under_two_names_is_one_and_a_simulated_bench_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let (device, link) = (folder.path().join("tty"), folder.path().join("link"));
    fs::write(&device, "").unwrap();
    std::os::unix::fs::symlink(&device, &link).unwrap();
    let named = |path: &Path| rig(&format!("path: {}", path.display()), "serial_number: L1");
    assert_eq!(devices(&named(&device)), devices(&named(&link)));
    assert_ne!(file_name("a/b"), file_name("a-b"));
    let simulated = Rig::read(&Source::new(DEFAULT_RIG.0, DEFAULT_RIG.1)).unwrap();
    assert!(devices(&simulated).is_empty());
}

/// Its name, its number, and the file of another bench that writes it otherwise.
#[test]
fn a_socket_is_held_under_every_name_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let tcp = |address: &str| rig(&format!("tcp: '{address}'"), "serial_number: L1");
    let _held = take(folder.path(), &tcp("localhost:5025"), Waiting::No).unwrap();
    for other in ["127.0.0.1:5025", "[::1]:5025", "LocalHost:5025"] {
        let refused = take(folder.path(), &tcp(other), Waiting::No);
        let Err(LockError::Held(held)) = refused else { panic!("{other}: {refused:?}") };
        assert_eq!(held.device, "localhost:5025", "{other}");
        assert_eq!(devices(&tcp(other)), devices(&tcp("localhost:5025")));
    }
    let elsewhere = rig("tcp: '127.0.0.1:5026'", "serial_number: L2");
    assert!(take(folder.path(), &elsewhere, Waiting::No).is_ok(), "another port is another device");
}

/// Whoever switches it connects another phantom under a run that goes on; it is no part of what makes a bench this one.
#[test]
fn a_selector_has_one_owner_too() {
    let folder = tempfile::tempdir().unwrap();
    let bench = rig("serial_number: S1", "serial_number: L1");
    let selected = |bench: &Rig| {
        let mut bench = bench.clone();
        bench.wiring.selector = Some(crate::rig::Port::Tcp("127.0.0.1:7001".to_owned()));
        bench
    };
    let other = rig("serial_number: S2", "serial_number: L2");
    let _held = take(folder.path(), &selected(&bench), Waiting::No).unwrap();
    let refused = take(folder.path(), &selected(&other), Waiting::No);
    assert!(matches!(refused, Err(LockError::Held(held)) if held.device == "localhost:7001"));
    assert!(take(folder.path(), &other, Waiting::No).is_ok());
    assert_eq!(devices(&selected(&bench)), devices(&bench));
}

/// A board that was pulled has no node, and the terminals of a bench that is no longer served are gone.
#[test]
fn a_run_is_remembered_by_the_name_in_the_rig_file_when_its_node_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second, link) =
        (folder.path().join("tty1"), folder.path().join("tty2"), folder.path().join("link"));
    fs::write(&first, "").unwrap();
    std::os::unix::fs::symlink(&first, &link).unwrap();
    let named = |path: &Path| rig(&format!("path: {}", path.display()), "serial_number: L1");
    let (by_node, by_link) = (named(&first), named(&link));
    let one = PathBuf::from("/runs/one");
    let mut lock = take(folder.path(), &by_link, Waiting::No).unwrap();
    lock.runs_in(&one);
    lock.leave_unsettled();
    // Who holds it is told once, by its node, whatever it is called.
    for bench in [&by_node, &by_link] {
        let (held, _) = RigLock::look_in(folder.path(), bench);
        let names: Vec<&str> = held.iter().map(|held| held.device.as_str()).collect();
        assert_eq!(names, [fs::canonicalize(&first).unwrap().to_str().unwrap(), "serial number L1"]);
    }
    drop(lock);
    fs::remove_file(&first).unwrap();
    let left = |bench: &Rig| take(folder.path(), bench, Waiting::No).unwrap().left_behind().to_vec();
    // Its load is another one, so that only the link can tell.
    let other = |path: &Path| rig(&format!("path: {}", path.display()), "serial_number: L2");
    assert_eq!(left(&other(&link)), std::slice::from_ref(&one), "nothing is plugged in");
    // Plugged in again, at another node.
    fs::write(&second, "").unwrap();
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(&second, &link).unwrap();
    let next = take(folder.path(), &other(&link), Waiting::No).unwrap();
    assert_eq!(next.left_behind(), std::slice::from_ref(&one));
    next.settle(&one);
    drop(next);
    assert!(left(&other(&link)).is_empty(), "it was measured since");
}

#[test]
fn a_link_in_the_folder_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let precious = folder.path().join("precious");
    fs::write(&precious, "kept").unwrap();
    let bench = rig("serial_number: S1", "serial_number: L1");
    for device in devices(&bench) {
        std::os::unix::fs::symlink(&precious, folder.path().join(file_name(&device))).unwrap();
    }
    let refused = take(folder.path(), &bench, Waiting::No).unwrap_err().to_string();
    assert!(refused.contains("lock") && refused.contains(FOLDER), "{refused}");
    assert_eq!(fs::read_to_string(&precious).unwrap(), "kept");
}

#[test]
fn a_run_whose_output_was_not_seen_to_be_off_is_left_to_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let bench = rig("serial_number: S1", "serial_number: L1");
    let mut lock = take(folder.path(), &bench, Waiting::No).unwrap();
    lock.runs_in(Path::new("/runs/one"));
    lock.leave_unsettled();
    drop(lock);
    for _ in 0..2 {
        let next = take(folder.path(), &bench, Waiting::No).unwrap();
        assert_eq!(next.left_behind(), [PathBuf::from("/runs/one")]);
    }
    let next = take(folder.path(), &bench, Waiting::No).unwrap();
    next.settle(Path::new("/runs/one"));
    drop(next);
    assert!(take(folder.path(), &bench, Waiting::No).unwrap().left_behind().is_empty());
}

/// Whoever asks a port who is there leaves a run alone that has it, takes it meanwhile, and forgets no run that was killed.
#[test]
fn a_port_is_asked_by_one_at_a_time_and_keeps_what_it_names() {
    let folder = tempfile::tempdir().unwrap();
    let (bench, port) = (rig("tcp: 'bench:5555'", "serial_number: L1"), Port::Tcp("bench:5555".to_owned()));
    let mut run = take(folder.path(), &bench, Waiting::No).unwrap();
    run.runs_in(Path::new("/runs/one"));
    let asked = RigLock::take_port_in(folder.path(), &port);
    let Err(LockError::Held(held)) = asked else { panic!("a run has it") };
    assert_eq!(held.holder.unwrap().run.as_deref(), Some(Path::new("/runs/one")));
    kill(run);
    let asking = RigLock::take_port_in(folder.path(), &port).unwrap();
    assert!(matches!(take(folder.path(), &bench, Waiting::No), Err(LockError::Held(_))));
    drop(asking);
    let next = take(folder.path(), &bench, Waiting::No).unwrap();
    assert_eq!(next.left_behind(), [PathBuf::from("/runs/one")]);
}

/// A look takes the lock for a moment: a run that begins just then is not told that somebody has the bench.
#[test]
fn a_look_does_not_keep_a_run_from_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.lock");
    let (looking, taking) = (open(&path).unwrap(), open(&path).unwrap());
    looking.lock_shared().unwrap();
    assert!(!is_taken(&taking, &path).unwrap(), "one that stays is no look");
    std::thread::scope(|scope| {
        // As soon as the first attempt may have been made.
        scope.spawn(|| looking.unlock().unwrap());
        let taken = (0..1000).any(|_| is_taken(&taking, &path).unwrap());
        assert!(taken);
    });
}
