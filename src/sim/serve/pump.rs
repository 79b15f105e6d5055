//! The loop between real time, the simulated world and its pseudo-terminals.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFlags, Timespec, poll};

use crate::sim::world::{End, SimWorld};

use super::host::Host;
use super::selector::Selector;
use super::{Rack, Tell};

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
    world: SimWorld,
    /// When the world's time was 0.
    epoch: Instant,
    rack: Rack,
    stimulator: Host,
    load: Host,
    select: Host,
    selector: Selector,
    tell: Tell,
    buffer: Vec<u8>,
}

impl Pump {
    pub(super) fn new(
        world: SimWorld,
        rack: Rack,
        stimulator: Host,
        load: Host,
        select: Host,
        tell: Tell,
    ) -> Self {
        let (epoch, selector, buffer) = (Instant::now(), Selector::default(), vec![0; 64 << 10]);
        Self { world, epoch, rack, stimulator, load, select, selector, tell, buffer }
    }

    /// Serves until it is told to stop.
    pub(super) fn run(mut self, stop: &AtomicBool) {
        while !stop.load(Ordering::SeqCst) {
            self.wait();
            self.pass_time();
            self.exchange(End::Load);
            self.exchange(End::Stimulator);
            self.hear_selector();
        }
        self.drain();
    }

    /// Until a host writes or a tick is over.
    fn wait(&self) {
        let terminals = [&self.stimulator, &self.load, &self.select];
        let mut fds: Vec<_> = terminals.into_iter().filter_map(Host::event).collect();
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
        let due = u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let late = due.saturating_sub(self.world.now() + STEP);
        self.epoch += Duration::from_nanos(late);
        self.world.advance(due - late);
    }

    /// Passes bytes between a device and its host, if one is there.
    fn exchange(&mut self, end: End) {
        let (terminal, name) = match end {
            End::Stimulator => (&mut self.stimulator, "stimulator"),
            End::Load => (&mut self.load, "load"),
        };
        let before = terminal.is_connected();
        // What a device had said before goes out before the answer to what comes now.
        forward(&mut self.world, end, terminal, &mut self.buffer);
        loop {
            let count = terminal.receive(&mut self.buffer);
            if count == 0 {
                break;
            }
            self.world.write(end, self.buffer.get(..count).unwrap_or_default());
            forward(&mut self.world, end, terminal, &mut self.buffer);
            // A host that floods the device must not stop the world.
            if count < self.buffer.len() {
                break;
            }
        }
        let _more_later = terminal.flush();
        if terminal.is_connected() != before {
            let what = if before { "the host has gone" } else { "a host is connected" };
            (self.tell)(&format!("{name}: {what}"));
        }
    }

    fn hear_selector(&mut self) {
        let count = self.select.receive(&mut self.buffer);
        if !self.select.is_connected() {
            self.selector.forget();
        }
        let (world, rack, epoch, tell) = (&mut self.world, &mut self.rack, &mut self.epoch, &self.tell);
        let load = &mut self.load;
        let answers = self.selector.receive(self.buffer.get(..count).unwrap_or_default(), |slot| {
            if world.is_interlocked() {
                return Err("stimulator and phantom are connected: open the interlock first".to_owned());
            }
            match rack.plug(slot) {
                None => Err(format!("there is no slot {slot}")),
                Some(Err(error)) => Err(error.to_string()),
                Some(Ok(plugged)) => {
                    // Switched off while somebody replugs, and on again.
                    (*world, *epoch) = (plugged, Instant::now());
                    load.forget();
                    tell(&format!("slot {slot}: {} is connected", rack.name(slot)));
                    Ok(())
                }
            }
        });
        self.select.send(answers.as_bytes());
        let _more_later = self.select.flush();
    }

    /// Lets hosts read what they were told: closing a pseudo-terminal throws it away.
    fn drain(&mut self) {
        let until = Instant::now() + DRAIN;
        let terminals = [&mut self.stimulator, &mut self.load, &mut self.select];
        for terminal in terminals {
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
