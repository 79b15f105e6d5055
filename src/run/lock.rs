//! One owner per bench: a lock file for each device the rig file names, with who holds it since when.
//!
//! The kernel drops a lock with its process, however that ends, so a lock never outlives its owner. What is written in the
//! file does: one that is free and still names somebody was left by a run that was killed.

mod device;
mod file;
mod holder;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::rig::Rig;

use super::interrupt::Interrupt;
use device::file_name;
use file::{FOLDER, folder, open, read, replace};

pub use device::devices;
pub use holder::{Held, Holder};

/// A waiting run looks again after this.
const LOOK: Duration = Duration::from_millis(100);

/// Why a bench could not be locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else holds it, and goes on holding it.
    #[error("{0} (--wait waits for it)")]
    Held(Box<Held>),
    /// The run was asked to end while it waited.
    #[error("ended while waiting: {0}")]
    Ended(Box<Held>),
    /// A lock file cannot be used.
    #[error("{}: {doing} the lock: {source} (name another folder for locks with {FOLDER}, the same for everybody on this bench)", path.display())]
    File {
        /// The lock file.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// Why not.
        source: io::Error,
    },
}

/// How long to wait for a bench that is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// Not at all.
    No,
    /// This long.
    For(Duration),
    /// As long as it takes.
    Forever,
}

/// The devices of a rig, held by this process until this is dropped.
#[derive(Debug)]
pub struct RigLock {
    holder: Holder,
    /// One for each device, in the order of their names: two rigs that share devices cannot wait for each other.
    files: Vec<File>,
    /// Runs that were killed while they held one of the devices.
    left: Vec<PathBuf>,
    /// All of them are held, and the files say by whom.
    complete: bool,
}

impl RigLock {
    /// Takes the devices of a rig, or waits for them. `told` hears once whom it waits for.
    ///
    /// A bench that is simulated in this process has none: any number of runs may have one.
    ///
    /// # Errors
    /// [`LockError`] says who holds which device, or what is wrong with a lock file.
    pub fn take(
        rig: &Rig,
        waiting: Waiting,
        interrupt: &Interrupt,
        told: &mut dyn FnMut(&Held),
    ) -> Result<Self, LockError> {
        Self::take_in(&folder(), rig, waiting, interrupt, told)
    }

    fn take_in(
        folder: &Path,
        rig: &Rig,
        waiting: Waiting,
        interrupt: &Interrupt,
        told: &mut dyn FnMut(&Held),
    ) -> Result<Self, LockError> {
        let began = Instant::now();
        let mut lock =
            Self { holder: Holder::new(rig), files: Vec::new(), left: Vec::new(), complete: false };
        let mut said = false;
        for device in devices(rig) {
            let path = folder.join(file_name(&device));
            let mut file = open(&path)?;
            loop {
                match file.try_lock() {
                    Ok(()) => break,
                    Err(fs::TryLockError::Error(source)) => {
                        return Err(LockError::File { path, doing: "taking", source });
                    }
                    Err(fs::TryLockError::WouldBlock) => {}
                }
                let held = Held { rig: rig.name.clone(), device: device.clone(), holder: read(&mut file) };
                let patience = match waiting {
                    Waiting::No => Duration::ZERO,
                    Waiting::For(most) => most.saturating_sub(began.elapsed()),
                    Waiting::Forever => LOOK,
                };
                if interrupt.cause().is_some() {
                    return Err(LockError::Ended(Box::new(held)));
                }
                if patience.is_zero() {
                    return Err(LockError::Held(Box::new(held)));
                }
                if !std::mem::replace(&mut said, true) {
                    told(&held);
                }
                std::thread::sleep(patience.min(LOOK));
            }
            // Free, and still somebody's: the run there was killed.
            let left = read(&mut file).and_then(|holder| holder.run).filter(|run| !lock.left.contains(run));
            lock.left.extend(left);
            lock.files.push(file);
        }
        lock.complete = true;
        lock.write();
        Ok(lock)
    }

    /// Folders of runs that were killed while they held one of these devices.
    pub fn left_behind(&self) -> &[PathBuf] {
        &self.left
    }

    /// Looks at the locks of a rig without taking them: what somebody holds, and the runs that were killed while they did.
    pub fn look(rig: &Rig) -> (Vec<Held>, Vec<PathBuf>) {
        Self::look_in(&folder(), rig)
    }

    fn look_in(folder: &Path, rig: &Rig) -> (Vec<Held>, Vec<PathBuf>) {
        let (mut held, mut left) = (Vec::new(), Vec::new());
        for device in devices(rig) {
            let Ok(mut file) = File::open(folder.join(file_name(&device))) else { continue };
            let taken = matches!(file.try_lock_shared(), Err(fs::TryLockError::WouldBlock));
            // Let go of before it is read: a run that starts now must not find it held.
            let _free = file.unlock();
            let holder = read(&mut file);
            if taken {
                held.push(Held { rig: rig.name.clone(), device, holder });
            } else {
                left.extend(holder.and_then(|holder| holder.run).filter(|run| !left.contains(run)));
            }
        }
        (held, left)
    }

    /// Says where the run is kept, so that whoever finds the lock free knows which record to close.
    pub fn runs_in(&mut self, run: &Path) {
        self.holder.run = Some(std::path::absolute(run).unwrap_or_else(|_| run.to_owned()));
        self.write();
    }

    /// Who holds it is for people; a file of another user's that cannot be written holds the lock all the same.
    fn write(&mut self) {
        let Ok(mut text) = serde_json::to_vec(&self.holder) else { return };
        text.push(b'\n');
        for file in &mut self.files {
            let _ = replace(file, &text);
        }
    }
}

impl Drop for RigLock {
    fn drop(&mut self) {
        // What a killed run left behind stays until somebody has all of its devices, and can see to it.
        for file in self.files.iter_mut().filter(|_| self.complete) {
            // An empty file says that nobody was killed here.
            let _ = replace(file, b"");
        }
    }
}

#[cfg(test)]
mod tests {
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
            for words in ["serial number L1", &format!("process {}", holder.pid), "since 20", &holder.command]
            {
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
        // A killed process runs no destructor; the kernel closes its files.
        drop(std::mem::take(&mut killed.files));
        let (held, left) = RigLock::look_in(folder.path(), &bench);
        assert_eq!((held.len(), left), (0, vec![PathBuf::from("/runs/one")]));
        let next = take(folder.path(), &bench, Waiting::No).unwrap();
        assert_eq!(next.left_behind(), [PathBuf::from("/runs/one")]);
        drop(next);
        assert!(take(folder.path(), &bench, Waiting::No).unwrap().left_behind().is_empty());
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
}
