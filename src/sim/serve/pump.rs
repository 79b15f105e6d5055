//! The loop between real time, the simulated world and its pseudo-terminals.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFlags, Timespec, poll};

use crate::sim::world::{End, SimWorld};

use super::bystander::{Asked, History};
use super::host::Host;
use super::lines::Lines;
use super::{News, Rack, Tell, selector};

/// How often samples are passed on and deadlines looked at when no host says anything.
const TICK: Duration = Duration::from_millis(1);
/// The same while no host is there.
const IDLE: Duration = Duration::from_millis(10);
/// The world never moves further at once, ns. Where the computer was busy elsewhere, the world's time stood still as well: no
/// dead-man may trip over bytes that lay unread.
const STEP: u64 = 20_000_000;
/// After the end a host may still read what is on its way, for so long or until it hangs up.
const DRAIN: Duration = Duration::from_millis(300);

/// Everything the bench's thread owns.
pub(super) struct Pump {
    world: Arc<Mutex<SimWorld>>,
    /// When the world's time was 0.
    epoch: Instant,
    history: History,
    rack: Rack,
    hosts: Hosts,
    /// Half-written lines to the selector, and to the bystander.
    asked: [Lines; 2],
    tell: Tell,
    buffer: Vec<u8>,
}

/// Where the hosts are.
pub(super) struct Hosts {
    pub(super) stimulator: Host,
    pub(super) load: Host,
    pub(super) selector: Host,
    pub(super) bystander: Host,
}

impl Hosts {
    fn all(&self) -> [&Host; 4] {
        [&self.stimulator, &self.load, &self.selector, &self.bystander]
    }

    fn of(&mut self, end: End) -> (&mut Host, &'static str) {
        match end {
            End::Stimulator => (&mut self.stimulator, "stimulator"),
            End::Load => (&mut self.load, "load"),
        }
    }
}

impl Pump {
    pub(super) fn new(world: Arc<Mutex<SimWorld>>, rack: Rack, hosts: Hosts, tell: Tell) -> Self {
        Self {
            world,
            epoch: Instant::now(),
            history: History::default(),
            rack,
            hosts,
            asked: Default::default(),
            tell,
            buffer: vec![0; 64 << 10],
        }
    }

    /// Serves until it is told to stop.
    pub(super) fn run(mut self, stop: &AtomicBool) {
        while !stop.load(Ordering::SeqCst) {
            self.wait();
            self.pass_time();
            self.exchange(End::Load);
            self.exchange(End::Stimulator);
            self.hear_selector();
            self.hear_bystander();
        }
        self.drain();
    }

    /// Until a host writes or a tick is over.
    fn wait(&self) {
        let mut fds: Vec<_> = self.hosts.all().into_iter().filter_map(Host::event).collect();
        let tick = if fds.is_empty() { IDLE } else { TICK };
        let tick = Timespec { tv_sec: 0, tv_nsec: i64::from(tick.subsec_nanos()) };
        // Interrupted by a signal is as good as a tick.
        let _ = poll(&mut fds, Some(&tick));
        // A host that has just hung up is reported at once and without end; so would be one that writes without end.
        if fds.iter().any(|fd| fd.revents().contains(PollFlags::HUP)) {
            std::thread::sleep(TICK);
        }
    }

    fn pass_time(&mut self) {
        let mut world = lock(&self.world);
        let due = u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let late = due.saturating_sub(world.now() + STEP);
        self.epoch += Duration::from_nanos(late);
        self.history.stood_still(late);
        world.advance(due - late);
    }

    /// Passes bytes between a device and its host, if one is there.
    fn exchange(&mut self, end: End) {
        let mut world = lock(&self.world);
        let (terminal, name) = self.hosts.of(end);
        let before = terminal.is_connected();
        // What a device had said before goes out before the answer to what comes now.
        forward(&mut world, end, terminal, &mut self.buffer);
        loop {
            let count = terminal.receive(&mut self.buffer);
            if count == 0 {
                break;
            }
            world.write(end, self.buffer.get(..count).unwrap_or_default());
            forward(&mut world, end, terminal, &mut self.buffer);
            // A host that floods the device must not stop the world.
            if count < self.buffer.len() {
                break;
            }
        }
        let _more_later = terminal.flush();
        if terminal.is_connected() != before {
            let what = if before { "the host has gone" } else { "a host is connected" };
            (self.tell)(News::Said(&format!("{name}: {what}")));
        }
    }

    fn hear_selector(&mut self) {
        let host = &mut self.hosts.selector;
        let [lines, _] = &mut self.asked;
        let bytes = hear(host, lines, &mut self.buffer);
        let mut world = lock(&self.world);
        let (rack, epoch, tell) = (&mut self.rack, &mut self.epoch, &self.tell);
        let (load, history) = (&mut self.hosts.load, &mut self.history);
        let mut connect = |slot| {
            if world.is_interlocked() {
                return Err("stimulator and phantom are connected: open the interlock first".to_owned());
            }
            match rack.plug(slot) {
                None => Err(format!("there is no slot {slot}")),
                Some(Err(error)) => Err(error.to_string()),
                Some(Ok(plugged)) => {
                    // Switched off while somebody replugs, and on again.
                    history.close(world.now(), world.truth());
                    (*world, *epoch) = (plugged, Instant::now());
                    load.forget();
                    tell(News::Said(&format!("slot {slot}: {} is connected", rack.name(slot))));
                    Ok(())
                }
            }
        };
        let answers = lines.receive(bytes, |words| selector::answer(words, &mut connect));
        drop(world);
        reply(&mut self.hosts.selector, &answers);
    }

    fn hear_bystander(&mut self) {
        let host = &mut self.hosts.bystander;
        let [_, lines] = &mut self.asked;
        let bytes = hear(host, lines, &mut self.buffer);
        let (history, hosts, tell) = (&self.history, &mut self.hosts, &self.tell);
        let answers = lines.receive(bytes, |words| {
            match Asked::of(words)? {
                Asked::Look => {
                    let world = lock(&self.world);
                    let look = history.look(world.now(), world.truth());
                    return serde_json::to_string(&look).map_err(|error| error.to_string());
                }
                Asked::Unplug(end) => {
                    let (host, name) = hosts.of(end);
                    host.unplug();
                    tell(News::Said(&format!("{name}: its plug is pulled")));
                }
                Asked::Plug(end) => {
                    let (host, name) = hosts.of(end);
                    if let Some(path) = host.plug().map_err(|error| error.to_string())? {
                        tell(News::Moved(name, &path));
                    }
                    tell(News::Said(&format!("{name}: its plug is in")));
                }
            }
            Ok("ok".to_owned())
        });
        reply(&mut self.hosts.bystander, &answers);
    }

    /// Lets hosts read what they were told: closing a pseudo-terminal throws it away.
    fn drain(&mut self) {
        let until = Instant::now() + DRAIN;
        let hosts = &mut self.hosts;
        for terminal in [&mut hosts.stimulator, &mut hosts.load, &mut hosts.selector, &mut hosts.bystander] {
            while Instant::now() < until {
                let sent = terminal.flush();
                let _ignored = terminal.receive(&mut self.buffer);
                // A network keeps what it took when it is closed.
                if !terminal.is_connected() || (sent && matches!(terminal, Host::Socket(_))) {
                    break;
                }
                std::thread::sleep(TICK);
            }
        }
    }
}

/// The world, even after somebody panicked while holding it: what it does then is what is served.
fn lock(world: &Mutex<SimWorld>) -> MutexGuard<'_, SimWorld> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a host has said; a line it had begun is forgotten when it goes.
fn hear<'b>(host: &mut Host, lines: &mut Lines, buffer: &'b mut [u8]) -> &'b [u8] {
    let count = host.receive(buffer);
    if !host.is_connected() {
        lines.forget();
    }
    buffer.get(..count).unwrap_or_default()
}

/// Sends the answers to lines.
fn reply(host: &mut Host, answers: &str) {
    host.send(answers.as_bytes());
    let _more_later = host.flush();
}

/// Queues what a device has said, as far as there is room; the rest waits in the device, which loses samples when its memory is
/// full. Without a host nothing waits: a device on a pulled cable talks to nobody.
fn forward(world: &mut SimWorld, end: End, terminal: &mut Host, buffer: &mut [u8]) {
    loop {
        let room = if terminal.is_connected() { terminal.room().min(buffer.len()) } else { buffer.len() };
        let count = world.read(end, buffer.get_mut(..room).unwrap_or_default());
        if count == 0 {
            return;
        }
        terminal.send(buffer.get(..count).unwrap_or_default());
        let _more_later = terminal.flush();
    }
}
