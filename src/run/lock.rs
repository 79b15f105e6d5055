//! One owner per bench: a lock file for each device the rig file names, with who holds it since when. A device that has several
//! names (a node, and the link or serial number that leads to it) has a file for each.
//!
//! The kernel drops a lock with its process, however that ends, so a lock never outlives its owner. What is written in the
//! file does: one that is free and still names a run was left by one that was killed. Whoever has the lock next hands that
//! name on until the bench has been measured to be off ([`RigLock::settle`]): it may be all that still knows of that run.

mod device;
mod file;
mod holder;
mod socket;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::rig::{Port, Rig};

use super::interrupt::Interrupt;
use device::{Device, at, file_name, owned};
use file::{FOLDER, folder, open, read, replace};

pub use device::devices;
pub use holder::{Held, Holder};

/// A waiting run looks again after this.
const LOOK: Duration = Duration::from_millis(100);
/// A lock that is only looked at is free again after a moment; so many are waited for.
const MOMENT: Duration = Duration::from_millis(2);
const MOMENTS: u32 = 5;

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

/// For how long a bench that is held is waited for, and what ends that.
struct Patience<'a> {
    waiting: Waiting,
    began: Instant,
    interrupt: &'a Interrupt,
}

impl<'a> Patience<'a> {
    /// Begins now.
    fn new(waiting: Waiting, interrupt: &'a Interrupt) -> Self {
        Self { waiting, began: Instant::now(), interrupt }
    }

    /// Waits until it is worth another look. `told` hears once for whom.
    ///
    /// # Errors
    /// It is over.
    fn wait(&self, held: Held, told: &mut Option<&mut dyn FnMut(&Held)>) -> Result<(), LockError> {
        let left = match self.waiting {
            Waiting::No => Duration::ZERO,
            Waiting::For(most) => most.saturating_sub(self.began.elapsed()),
            Waiting::Forever => LOOK,
        };
        if self.interrupt.cause().is_some() {
            return Err(LockError::Ended(Box::new(held)));
        }
        if left.is_zero() {
            return Err(LockError::Held(Box::new(held)));
        }
        if let Some(tell) = told.take() {
            tell(&held);
        }
        std::thread::sleep(left.min(LOOK));
        Ok(())
    }
}

/// Takes the lock of a file, if nobody has it. Whoever only looks who has it ([`RigLock::look`]) has it for less than a moment.
fn is_taken(file: &File, path: &Path) -> Result<bool, LockError> {
    for tried in 1..=MOMENTS {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(fs::TryLockError::Error(source)) => {
                return Err(LockError::File { path: path.to_owned(), doing: "taking", source });
            }
            Err(fs::TryLockError::WouldBlock) if tried < MOMENTS => std::thread::sleep(MOMENT),
            Err(fs::TryLockError::WouldBlock) => {}
        }
    }
    Ok(false)
}

/// The lock file of one name of a device.
#[derive(Debug)]
struct HeldFile {
    file: File,
    /// Runs that were killed while they held it: what is settled for it is not for the other devices of theirs.
    left: Vec<PathBuf>,
}

/// The devices of a rig, held by this process until this is dropped.
#[derive(Debug)]
pub struct RigLock {
    holder: Holder,
    /// In the order of their names: two rigs that share devices cannot wait for each other.
    files: Vec<HeldFile>,
    /// Runs that were killed while they held one of the devices, as they were found.
    left: Vec<PathBuf>,
    /// Those of them that need nothing more.
    settled: Mutex<Vec<PathBuf>>,
    /// All of them are held, and the files say by whom.
    complete: bool,
    /// The run in [`Holder::run`] is left to whoever has the lock next.
    unsettled: bool,
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
        Self::take_all(folder, &rig.name, owned(rig), &Patience::new(waiting, interrupt), told)
    }

    /// Takes the device at a port, without waiting, for whoever only asks who is there. What a run that was killed has left there stays
    /// named.
    ///
    /// # Errors
    /// As [`RigLock::take`].
    pub fn take_port(port: &Port) -> Result<Self, LockError> {
        Self::take_port_in(&folder(), port)
    }

    fn take_port_in(folder: &Path, port: &Port) -> Result<Self, LockError> {
        let interrupt = Interrupt::default();
        Self::take_all(folder, "none", vec![at(port)], &Patience::new(Waiting::No, &interrupt), &mut |_| {})
    }

    fn take_all(
        folder: &Path,
        rig: &str,
        devices: Vec<Device>,
        patience: &Patience<'_>,
        told: &mut dyn FnMut(&Held),
    ) -> Result<Self, LockError> {
        let mut lock = Self {
            holder: Holder::new(rig),
            files: Vec::new(),
            left: Vec::new(),
            settled: Mutex::default(),
            complete: false,
            unsettled: false,
        };
        let mut told = Some(told);
        let mut names: Vec<String> = devices.into_iter().flat_map(Device::names).collect();
        names.sort();
        names.dedup();
        for device in names {
            let path = folder.join(file_name(&device));
            let mut file = open(&path)?;
            while !is_taken(&file, &path)? {
                let held = Held { rig: rig.to_owned(), device: device.clone(), holder: read(&mut file) };
                patience.wait(held, &mut told)?;
            }
            // Free, and still somebody's: the run there was killed.
            let left = read(&mut file).map(Holder::killed).unwrap_or_default();
            for run in &left {
                if !lock.left.contains(run) {
                    lock.left.push(run.clone());
                }
            }
            lock.files.push(HeldFile { file, left });
        }
        lock.complete = true;
        lock.write();
        Ok(lock)
    }

    /// Folders of runs that were killed while they held one of these devices, or ended without their output being seen to be off.
    pub fn left_behind(&self) -> &[PathBuf] {
        &self.left
    }

    /// Nothing more is to be done for a run that was killed: its bench was measured to be off since, and its record is closed or
    /// gone. Until then whoever has the lock next hears of it.
    pub fn settle(&self, run: &Path) {
        self.settled.lock().unwrap_or_else(PoisonError::into_inner).push(run.to_owned());
    }

    /// This run ended, and its output was not seen to be off: whoever has the lock next sees to it first, as to one that was killed.
    pub fn leave_unsettled(&mut self) {
        self.unsettled = true;
    }

    /// Looks at the locks of a rig without taking them: what somebody holds, and the runs that were killed while they did.
    pub fn look(rig: &Rig) -> (Vec<Held>, Vec<PathBuf>) {
        Self::look_in(&folder(), rig)
    }

    fn look_in(folder: &Path, rig: &Rig) -> (Vec<Held>, Vec<PathBuf>) {
        let (mut held, mut left) = (Vec::new(), Vec::new());
        for device in owned(rig) {
            let mut told = false;
            for name in device.names() {
                let Ok(mut file) = File::open(folder.join(file_name(&name))) else { continue };
                let taken = matches!(file.try_lock_shared(), Err(fs::TryLockError::WouldBlock));
                // Let go of before it is read: a run that starts now must not find it held.
                let _free = file.unlock();
                let holder = read(&mut file);
                if !taken {
                    for run in holder.map(Holder::killed).unwrap_or_default() {
                        if !left.contains(&run) {
                            left.push(run);
                        }
                    }
                } else if !std::mem::replace(&mut told, true) {
                    held.push(Held { rig: rig.name.clone(), device: name, holder });
                }
            }
        }
        (held, left)
    }

    /// Says where the run is kept, so that whoever finds the lock free knows which record to close.
    pub fn runs_in(&mut self, run: &Path) {
        self.holder.run = Some(std::path::absolute(run).unwrap_or_else(|_| run.to_owned()));
        self.write();
    }

    /// A file of another user's that cannot be written holds the lock all the same, and goes on naming what it names.
    fn write(&mut self) {
        let settled = self.settled.get_mut().unwrap_or_else(PoisonError::into_inner);
        for device in &mut self.files {
            device.left.retain(|run| !settled.contains(run));
            let holder = Holder { left: device.left.clone(), ..self.holder.clone() };
            let Ok(mut line) = serde_json::to_vec(&holder) else { continue };
            line.push(b'\n');
            let _ = replace(&mut device.file, &line);
        }
    }
}

impl Drop for RigLock {
    fn drop(&mut self) {
        // Nothing was written by whoever did not get all of the devices.
        if !self.complete {
            return;
        }
        // A run that a panic ends has not closed its record, like one that is killed.
        if !std::thread::panicking() && !self.unsettled {
            self.holder.run = None;
        }
        self.write();
        for device in &mut self.files {
            if self.holder.run.is_none() && device.left.is_empty() {
                // An empty file says that nobody was killed here.
                let _ = replace(&mut device.file, b"");
            }
        }
    }
}

#[cfg(test)]
mod tests;
