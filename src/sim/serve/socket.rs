//! The device's end of a network socket, for an instrument that is spoken to over one.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use rustix::event::{PollFd, PollFlags};

/// Bytes kept for a host that reads slower than the network takes them.
const WAITING: usize = 1 << 20;

/// A listening port; one host at a time, as instruments have it.
pub(super) struct Socket {
    listener: TcpListener,
    host: Option<TcpStream>,
    waiting: VecDeque<u8>,
}

impl Socket {
    /// Listens on this computer alone; port 0 is any that is free.
    pub(super) fn open(port: u16) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port))?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener, host: None, waiting: VecDeque::new() })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    pub(super) fn is_connected(&self) -> bool {
        self.host.is_some()
    }

    /// For waiting until a host comes, writes, or has read what waits for it.
    pub(super) fn event(&self) -> PollFd<'_> {
        let wanted = if self.waiting.is_empty() { PollFlags::IN } else { PollFlags::IN | PollFlags::OUT };
        match &self.host {
            Some(host) => PollFd::new(host, wanted),
            None => PollFd::new(&self.listener, PollFlags::IN),
        }
    }

    /// Takes what a host has written; 0 when there is nothing.
    pub(super) fn receive(&mut self, into: &mut [u8]) -> usize {
        if self.host.is_none()
            && let Ok((host, _)) = self.listener.accept()
            && host.set_nonblocking(true).and_then(|()| host.set_nodelay(true)).is_ok()
        {
            self.waiting.clear();
            self.host = Some(host);
        }
        match self.host.as_mut().map(|host| host.read(into)) {
            Some(Ok(count)) if count > 0 => count,
            Some(Err(error)) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => 0,
            None => 0,
            // It has hung up.
            Some(_) => {
                self.host = None;
                self.waiting.clear();
                0
            }
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
        if self.host.is_some() {
            self.waiting.extend(bytes);
        }
    }

    /// Passes on as much as the network takes. Returns whether everything is through.
    pub(super) fn flush(&mut self) -> bool {
        while !self.waiting.is_empty() {
            match self.host.as_mut().map(|host| host.write(self.waiting.as_slices().0)) {
                Some(Ok(count)) if count > 0 => drop(self.waiting.drain(..count)),
                _ => return false,
            }
        }
        true
    }
}
