//! Sockets.

use std::io::ErrorKind;
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::instrument::{InstrumentFault, Port};

use super::stream::StreamPort;
use super::trouble::Trouble;

/// Patience with a host that does not answer at all.
const CONNECT: Duration = Duration::from_secs(3);

/// Connects to `host:port`.
pub(super) fn open(address: &str) -> Result<Box<dyn Port>, Trouble> {
    let doing = || format!("connect to {address}");
    let resolved = address.to_socket_addrs().map_err(|error| {
        let what = format!("no address: {error}");
        Trouble::new(
            doing(),
            InstrumentFault::Missing(what),
            "write it as `host:port`, such as 192.168.1.20:5555",
        )
    })?;
    let mut last = std::io::Error::from(ErrorKind::NotFound);
    for candidate in resolved {
        match TcpStream::connect_timeout(&candidate, CONNECT).and_then(ready) {
            Ok(stream) => return Ok(Box::new(StreamPort::new(stream))),
            Err(error) => last = error,
        }
    }
    Err(match last.kind() {
        ErrorKind::ConnectionRefused => Trouble::new(
            doing(),
            InstrumentFault::Missing("nothing listens there".to_owned()),
            "switch on the instrument's network remote control, and compare its port number",
        ),
        _ => Trouble::new(
            doing(),
            InstrumentFault::Timeout,
            "check that the instrument is switched on and reached by `ping`",
        ),
    })
}

fn ready(stream: TcpStream) -> std::io::Result<tokio::net::TcpStream> {
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    tokio::net::TcpStream::from_std(stream)
}
