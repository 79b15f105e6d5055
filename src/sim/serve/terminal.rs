//! The device's end of a pseudo-terminal.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::event::{PollFd, PollFlags};
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, QueueSelector, tcflush, tcgetattr, tcsetattr};

/// Bytes kept for a host that reads slower than the terminal passes them on.
const WAITING: usize = 64 << 10;

/// A pseudo-terminal whose other end a host opens and closes as it likes.
pub(super) struct Terminal {
    master: OwnedFd,
    path: PathBuf,
    waiting: VecDeque<u8>,
    connected: bool,
}

impl Terminal {
    /// A new one: raw and without echo before any host sees it.
    pub(super) fn open() -> std::io::Result<Self> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let path = PathBuf::from(OsStr::from_bytes(ptsname(&master, Vec::new())?.as_bytes()));
        let host = ioctl_tiocgptpeer(&master, flags)?;
        let mut settings = tcgetattr(&host)?;
        settings.make_raw();
        tcsetattr(&host, OptionalActions::Now, &settings)?;
        rustix::fs::fcntl_setfl(&master, OFlags::NONBLOCK | OFlags::RDWR)?;
        Ok(Self { master, path, waiting: VecDeque::new(), connected: false })
    }

    /// What a host opens.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a host has it open.
    pub(super) fn is_connected(&self) -> bool {
        self.connected
    }

    /// For waiting until a host writes, or has read what waits for it. Not while nobody has it open: that would be reported
    /// without end.
    pub(super) fn event(&self) -> Option<PollFd<'_>> {
        let wanted = if self.waiting.is_empty() { PollFlags::IN } else { PollFlags::IN | PollFlags::OUT };
        self.connected.then(|| PollFd::new(&self.master, wanted))
    }

    /// Takes what a host has written; 0 when there is nothing.
    pub(super) fn receive(&mut self, into: &mut [u8]) -> usize {
        match rustix::io::read(&self.master, into) {
            Ok(0) | Err(Errno::IO) => {
                if std::mem::take(&mut self.connected) {
                    // What the last host did not read is not for the next one.
                    self.waiting.clear();
                    let _ = tcflush(&self.master, QueueSelector::IOFlush);
                }
                0
            }
            Ok(count) => {
                self.connected = true;
                count
            }
            Err(Errno::AGAIN) => {
                self.connected = true;
                0
            }
            Err(_) => 0,
        }
    }

    /// Throws away what a device said that is no longer there.
    pub(super) fn forget(&mut self) {
        self.waiting.clear();
    }

    /// How many more bytes may be queued.
    pub(super) fn room(&self) -> usize {
        WAITING.saturating_sub(self.waiting.len())
    }

    /// Queues bytes for the host; nobody hears them while no host is there.
    pub(super) fn send(&mut self, bytes: &[u8]) {
        if self.connected {
            self.waiting.extend(bytes);
        }
    }

    /// Passes on as much as the terminal takes. Returns whether everything is through.
    pub(super) fn flush(&mut self) -> bool {
        while !self.waiting.is_empty() {
            match rustix::io::write(&self.master, self.waiting.as_slices().0) {
                Ok(count) if count > 0 => drop(self.waiting.drain(..count)),
                _ => return false,
            }
        }
        true
    }
}
