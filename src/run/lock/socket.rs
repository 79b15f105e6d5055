//! A socket is one, however its address is written: `localhost`, `127.0.0.1`, `::1` and this computer's own name lead to the same.

use std::net::{SocketAddr, ToSocketAddrs, UdpSocket};
use std::sync::mpsc;
use std::time::Duration;

/// How long a name may take to be resolved. One that takes longer is locked as it is written.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a socket is called: first the name by which it is told of, then the others by which somebody may mean it.
///
/// `stated` is `host:port` as the rig file has it. Every way to this computer itself is `localhost`, whichever of its
/// addresses a server listens on: two benches are then kept apart once too often rather than driven by two runs.
pub(super) fn names(stated: &str) -> Vec<String> {
    named(stated, resolved, is_here)
}

fn named(
    stated: &str,
    resolve: impl FnOnce(&str) -> Vec<SocketAddr>,
    is_here: impl Fn(SocketAddr) -> bool,
) -> Vec<String> {
    let stated = stated.to_lowercase();
    let numeric = stated.parse::<SocketAddr>().ok();
    let Some(port) = stated.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok()) else {
        return vec![stated];
    };
    let addresses = numeric.map_or_else(|| resolve(&stated), |address| vec![address]);
    let called = |address: &SocketAddr| {
        let mut address = *address;
        // `::ffff:10.0.0.1` is 10.0.0.1.
        if address.ip().to_canonical() != address.ip() {
            address.set_ip(address.ip().to_canonical());
        }
        if is_here(address) { format!("localhost:{port}") } else { address.to_string() }
    };
    let mut names: Vec<String> = addresses.iter().map(called).collect();
    // A name stays the name of its device where an address is given to another; of this computer nothing needs it.
    if numeric.is_none() && !names.iter().any(|name| name.starts_with("localhost:")) {
        names.insert(0, stated);
    }
    let mut told = Vec::new();
    for name in names {
        if !told.contains(&name) {
            told.push(name);
        }
    }
    told
}

/// The addresses of a name; none where there are none, or nobody says so in time.
fn resolved(stated: &str) -> Vec<SocketAddr> {
    let (tell, told) = mpsc::channel();
    let asked = stated.to_owned();
    // Without a thread nobody is asked, and the name is locked as it is written.
    let _asking = std::thread::Builder::new().name("resolver".to_owned()).spawn(move || {
        let found: Vec<SocketAddr> = asked.to_socket_addrs().map(Iterator::collect).unwrap_or_default();
        let _nobody_waits = tell.send(found);
    });
    told.recv_timeout(PATIENCE).unwrap_or_default()
}

/// Whether an address is one of this computer's own: what is sent to one comes from it. Nothing is sent.
fn is_here(address: SocketAddr) -> bool {
    let ip = address.ip();
    if ip.is_loopback() || ip.is_unspecified() {
        return true;
    }
    let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let from = UdpSocket::bind(any).and_then(|socket| {
        socket.connect(address)?;
        socket.local_addr()
    });
    from.is_ok_and(|from| from.ip() == ip)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A computer at 192.0.2.2, whose network knows `bench` and `two`.
    fn called(stated: &str) -> Vec<String> {
        let resolve = |asked: &str| -> Vec<SocketAddr> {
            let found: &[&str] = match asked {
                "localhost:5" => &["[::1]:5", "127.0.0.1:5"],
                "lab-pc:5" => &["192.0.2.2:5"],
                "bench:5" => &["192.0.2.9:5"],
                "two:5" => &["[2001:db8::2]:5", "192.0.2.9:5"],
                _ => &[],
            };
            found.iter().map(|address| address.parse().unwrap()).collect()
        };
        named(stated, resolve, |at| at.ip().is_loopback() || at.ip().to_string() == "192.0.2.2")
    }

    #[test]
    fn every_way_to_this_computer_is_one() {
        for stated in
            ["localhost:5", "LOCALHOST:5", "127.0.0.1:5", "[::1]:5", "[::ffff:127.0.0.1]:5", "lab-pc:5"]
        {
            assert_eq!(called(stated), ["localhost:5"], "{stated}");
        }
        assert_eq!(called("127.0.0.1:6"), ["localhost:6"], "another port is another socket");
    }

    #[test]
    fn a_name_and_its_addresses_share_one() {
        assert_eq!(called("Bench:5"), ["bench:5", "192.0.2.9:5"]);
        assert_eq!(called("192.0.2.9:5"), ["192.0.2.9:5"]);
        assert_eq!(called("two:5"), ["two:5", "[2001:db8::2]:5", "192.0.2.9:5"]);
        // Written at length.
        assert_eq!(called("[2001:db8:0:0::2]:5"), ["[2001:db8::2]:5"]);
        // Nobody knows it, and nobody can connect to it either.
        assert_eq!((called("gone:5"), called("no port")), (vec!["gone:5".into()], vec!["no port".into()]));
    }

    #[test]
    fn the_computer_knows_its_own_addresses() {
        for stated in ["localhost:5", "127.0.0.1:5", "[::1]:5", "0.0.0.0:5"] {
            assert_eq!(names(stated), ["localhost:5"], "{stated}");
        }
        // Set aside for documentation (RFC 5737): no computer has it.
        assert_eq!(names("203.0.113.7:5"), ["203.0.113.7:5"]);
    }
}
