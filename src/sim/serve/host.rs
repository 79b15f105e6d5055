//! Where the host of a device is.

use rustix::event::PollFd;

use super::socket::Socket;
use super::terminal::Terminal;

/// A pseudo-terminal, or a network port.
pub(super) enum Host {
    Terminal(Terminal),
    Socket(Socket),
}

impl Host {
    pub(super) fn is_connected(&self) -> bool {
        match self {
            Self::Terminal(terminal) => terminal.is_connected(),
            Self::Socket(socket) => socket.is_connected(),
        }
    }

    /// For waiting until a host writes, or has read what waits for it.
    pub(super) fn event(&self) -> Option<PollFd<'_>> {
        match self {
            Self::Terminal(terminal) => terminal.event(),
            Self::Socket(socket) => Some(socket.event()),
        }
    }

    /// Takes what a host has written; 0 when there is nothing.
    pub(super) fn receive(&mut self, into: &mut [u8]) -> usize {
        match self {
            Self::Terminal(terminal) => terminal.receive(into),
            Self::Socket(socket) => socket.receive(into),
        }
    }

    /// Throws away what a device said that is no longer there.
    pub(super) fn forget(&mut self) {
        match self {
            Self::Terminal(terminal) => terminal.forget(),
            Self::Socket(socket) => socket.forget(),
        }
    }

    /// How many more bytes may be queued.
    pub(super) fn room(&self) -> usize {
        match self {
            Self::Terminal(terminal) => terminal.room(),
            Self::Socket(socket) => socket.room(),
        }
    }

    /// Queues bytes for the host.
    pub(super) fn send(&mut self, bytes: &[u8]) {
        match self {
            Self::Terminal(terminal) => terminal.send(bytes),
            Self::Socket(socket) => socket.send(bytes),
        }
    }

    /// Passes on as much as there is room for. Returns whether everything is through.
    pub(super) fn flush(&mut self) -> bool {
        match self {
            Self::Terminal(terminal) => terminal.flush(),
            Self::Socket(socket) => socket.flush(),
        }
    }
}
