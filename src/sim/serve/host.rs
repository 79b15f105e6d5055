//! Where the host of a device is.

use std::path::PathBuf;

use rustix::event::PollFd;

use super::socket::Socket;
use super::terminal::Terminal;

/// A pseudo-terminal, or a network port.
pub(super) enum Host {
    Terminal(Terminal),
    Socket(Socket),
    /// Its plug is pulled; a network port's number is kept.
    Unplugged(Option<u16>),
}

impl Host {
    /// Pulls its plug: whoever has it open is hung up on, and nobody can open it.
    pub(super) fn unplug(&mut self) {
        let number = match self {
            Self::Terminal(_) => None,
            Self::Socket(socket) => socket.address().ok().map(|address| address.port()),
            Self::Unplugged(number) => *number,
        };
        *self = Self::Unplugged(number);
    }

    /// Puts the plug back. A pseudo-terminal has another path then, which is returned.
    pub(super) fn plug(&mut self) -> std::io::Result<Option<PathBuf>> {
        match self {
            Self::Terminal(_) | Self::Socket(_) => Ok(None),
            Self::Unplugged(Some(number)) => {
                *self = Self::Socket(Socket::open(*number)?);
                Ok(None)
            }
            Self::Unplugged(None) => {
                let terminal = Terminal::open()?;
                let path = terminal.path().to_owned();
                *self = Self::Terminal(terminal);
                Ok(Some(path))
            }
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        match self {
            Self::Terminal(terminal) => terminal.is_connected(),
            Self::Socket(socket) => socket.is_connected(),
            Self::Unplugged(_) => false,
        }
    }

    /// For waiting until a host writes, or has read what waits for it.
    pub(super) fn event(&self) -> Option<PollFd<'_>> {
        match self {
            Self::Terminal(terminal) => terminal.event(),
            Self::Socket(socket) => Some(socket.event()),
            Self::Unplugged(_) => None,
        }
    }

    /// Takes what a host has written; 0 when there is nothing.
    pub(super) fn receive(&mut self, into: &mut [u8]) -> usize {
        match self {
            Self::Terminal(terminal) => terminal.receive(into),
            Self::Socket(socket) => socket.receive(into),
            Self::Unplugged(_) => 0,
        }
    }

    /// Throws away what a device said that is no longer there.
    pub(super) fn forget(&mut self) {
        match self {
            Self::Terminal(terminal) => terminal.forget(),
            Self::Socket(socket) => socket.forget(),
            Self::Unplugged(_) => {}
        }
    }

    /// How many more bytes may be queued.
    pub(super) fn room(&self) -> usize {
        match self {
            Self::Terminal(terminal) => terminal.room(),
            Self::Socket(socket) => socket.room(),
            Self::Unplugged(_) => 0,
        }
    }

    /// Queues bytes for the host.
    pub(super) fn send(&mut self, bytes: &[u8]) {
        match self {
            Self::Terminal(terminal) => terminal.send(bytes),
            Self::Socket(socket) => socket.send(bytes),
            Self::Unplugged(_) => {}
        }
    }

    /// Passes on as much as there is room for. Returns whether everything is through.
    pub(super) fn flush(&mut self) -> bool {
        match self {
            Self::Terminal(terminal) => terminal.flush(),
            Self::Socket(socket) => socket.flush(),
            Self::Unplugged(_) => true,
        }
    }
}
