//! The one pass over the stream.

use std::collections::VecDeque;
use std::hint::cold_path;

use crate::signal::{Block, BlockSink, Marker, MarkerBit, Program, StreamKind};

use super::building::Finished;
use super::channel::{Channel, Kind, share};
use super::codes::{ask_for, extremes};
use super::contact::Contact;
use super::excerpt::Excerpts;
use super::history::{History, STRETCH};
use super::joint::Joint;
use super::overlay::Laying;
use super::row::Constants;
use super::timing::Timing;
use super::zero::ZeroCollector;
use super::{FrontEnd, Guard, Interval, Recording, Setup, SlowRecord, VoltageRecord, Watched};

/// After relays have switched, for this many seconds nothing is measured; a board starts no sooner than 100 µs after it
/// was told to.
const RELAYS: f64 = 50e-6;

/// Measures a stream as it arrives.
///
/// Results do not depend on how the stream is split into blocks. Zeros, the test source and taken starts are read off
/// the marker bits. Nothing is allocated per sample.
#[derive(Debug)]
pub struct Recorder {
    setup: Setup,
    front_end: FrontEnd,
    constants: Constants,
    timing: Timing,
    /// From when on no pulse is any more of the program before, where some may be, and what is expected then.
    settles: Option<(u64, Timing)>,
    channels: Vec<Channel>,
    markers: Vec<Marker>,
    /// Markers that are already in effect.
    obeyed: usize,
    programs: VecDeque<(u64, Program)>,
    /// In force at the sample reached.
    program: Program,
    starts: VecDeque<u64>,
    reached: u64,
    zero: bool,
    test_source: bool,
    /// The interlock is closed; it was, and opened.
    closed: bool,
    fell: bool,
    /// First sample that is judged again after relays have switched.
    blind_until: u64,
    lost: Vec<(u64, u64)>,
    excerpts: Excerpts,
    overlay: Laying,
    joint: Option<Joint>,
    slow: SlowRecord,
    slow_zero: Option<u64>,
    guard: super::guard::Watch,
    /// Pulses of the main contact in the present stretch; kept for its memory.
    pulses: Vec<Finished>,
}

impl Recorder {
    /// Ready for the first block.
    pub fn new(setup: Setup) -> Self {
        let rate = setup.sample_rate;
        let front_end = FrontEnd::bessel(setup.filter.0, setup.filter.1, 1.0 / rate);
        let constants = Constants::of(&front_end, rate);
        let timing = Timing::of(&setup.program, rate, constants.settling);
        let channels = Channel::all(&setup, &front_end, &timing);
        let planes = setup.slow.as_ref().map_or(0, |slow| slow.channels.len());
        Self {
            front_end,
            constants,
            timing,
            settles: None,
            channels,
            markers: Vec::new(),
            obeyed: 0,
            programs: VecDeque::new(),
            starts: VecDeque::new(),
            reached: 0,
            zero: false,
            test_source: false,
            closed: false,
            fell: false,
            blind_until: 0,
            lost: Vec::new(),
            excerpts: Excerpts::new(),
            overlay: Laying::default(),
            joint: setup.wanted.joint.then(|| Joint::new(&setup, constants)),
            slow: SlowRecord { codes: vec![Vec::new(); planes], ..SlowRecord::default() },
            slow_zero: None,
            guard: super::guard::Watch::new(rate),
            pulses: Vec::new(),
            program: setup.program.clone(),
            setup,
        }
    }

    /// The stimulator runs another program from sample `from` on (known when it has taken it).
    pub fn program_changed(&mut self, from: u64, program: &Program) {
        self.programs.push_back((from, program.clone()));
    }

    /// Fast samples per channel seen so far.
    pub fn samples_seen(&self) -> u64 {
        self.channels.first().map_or(0, |channel| channel.history.end())
    }

    /// What the output guard watches. During zero and test source nothing counts; up to 255 samples may be pending.
    pub fn guard(&self) -> Guard {
        self.contacts().fold(Guard::default(), |guard, (contact, history)| {
            let wrong = contact.wrong();
            let peak = wrong.peak(contact.record.peak.0, self.front_end.edge.overshoot);
            let mean = wrong.mean(self.guard.mean_of(contact.record.channel, contact.zero).abs());
            guard.and(peak, self.charge(contact, history), mean)
        })
    }

    /// Largest charge of one phase so far on each contact, a running one and those that no row tells yet included: name, and C.
    pub fn phase_charges(&self) -> impl Iterator<Item = (&str, Watched)> {
        self.contacts()
            .map(|(contact, history)| (contact.record.name.as_str(), self.charge(contact, history)))
    }

    fn charge(&self, contact: &Contact, history: &History) -> Watched {
        let phases = contact.largest.max(contact.untold(history));
        let charge = phases * contact.calibration.lsb / self.setup.sample_rate;
        contact.wrong().charge(charge, contact.record.peak.0)
    }

    /// Whether the interlock has opened since it was closed, as far as samples have been measured.
    pub fn interlock_fell(&self) -> bool {
        self.fell
    }

    /// Whether anything (a contact's current, or the stimulator-side voltage) was active at or after sample `since`.
    pub fn active_since(&self, since: u64) -> bool {
        self.last_activity().is_some_and(|interval| interval.last >= since)
    }

    /// The latest activity on any contact or on the stimulator-side voltage.
    pub fn last_activity(&self) -> Option<Interval> {
        let last = |channel: &Channel| match &channel.kind {
            Kind::Contact(contact) => contact.last_activity(&channel.history),
            Kind::Voltage(voltage) => voltage.last_activity(),
        };
        self.channels.iter().filter_map(last).max_by_key(|interval| interval.last)
    }

    /// The largest current that counts as none on some contact, A.
    pub fn safe_current(&self) -> f64 {
        let safe = |(contact, _): (&Contact, &History)| contact.record.safe_codes * contact.calibration.lsb;
        self.contacts().map(safe).fold(0.0, f64::max)
    }

    /// Whether a channel has touched the end of its range.
    pub fn clipped(&self, channel: usize) -> bool {
        let rails = self.setup.channels.get(channel).map(|setup| setup.calibration.rails);
        let seen = self.channels.get(channel).and_then(|channel| channel.overview.range());
        rails.zip(seen).is_some_and(|((low, high), (least, most))| least <= low || most >= high)
    }

    /// Ends the stream.
    pub fn finish(mut self) -> Recording {
        self.measure_to(self.samples_seen());
        let end = self.samples_seen();
        self.close_zero();
        self.excerpts.cut_last(self.channels.iter().map(|channel| &channel.history));
        if let Some(joint) = &mut self.joint {
            joint.measure(u64::MAX, |index| self.channels.get(index).map(Channel::resting));
        }
        let (mut contacts, mut voltages) = (Vec::new(), Vec::new());
        let (mut zeros, mut overview) = (Vec::new(), Vec::new());
        for channel in self.channels {
            zeros.push(channel.zeros);
            overview.push(channel.overview);
            match channel.kind {
                Kind::Contact(contact) => contacts.push(contact.end(&channel.history, end, &self.constants)),
                Kind::Voltage(voltage) => voltages.push(voltage.end()),
            }
        }
        let main = contacts.iter().find(|contact| contact.channel == self.setup.main);
        let rows = main.map_or(0, |main| main.pulses.len());
        let read = voltages
            .iter_mut()
            .filter(|voltage: &&mut VoltageRecord| self.setup.wanted.reads_rests(voltage.channel));
        read.for_each(|voltage| voltage.unread_to(rows));
        Recording {
            setup: self.setup,
            front_end: self.front_end,
            samples: end,
            contacts,
            voltages,
            zeros,
            markers: self.markers,
            lost: self.lost,
            overview,
            excerpts: self.excerpts.into_kept(),
            overlay: self.overlay.found(),
            joint: self.joint.map(Joint::end),
            slow: self.slow,
        }
    }

    fn contacts(&self) -> impl Iterator<Item = (&Contact, &History)> {
        self.channels.iter().filter_map(|channel| match &channel.kind {
            Kind::Contact(contact) => Some((contact.as_ref(), &channel.history)),
            Kind::Voltage(_) => None,
        })
    }

    fn fast(&mut self, block: &Block<'_>) {
        self.markers.extend_from_slice(block.markers);
        let expected = self.samples_seen();
        if block.lost > 0 || block.first != expected {
            self.lose(expected, block);
        }
        let mut done = 0_usize;
        while done < block.count {
            let at = block.first + done as u64;
            let boundary = (at / STRETCH + 1) * STRETCH;
            let n = ((boundary - at) as usize).min(block.count - done);
            for (plane, channel) in block.codes.chunks_exact(block.count).zip(&mut self.channels) {
                channel.history.push(plane.get(done..done + n).unwrap_or(&[]));
                ask_for(plane.get(done + n..).unwrap_or(&[]), STRETCH);
            }
            done += n;
            if at + n as u64 == boundary {
                self.measure_to(boundary);
            }
        }
    }

    /// Samples are missing before `block`: what was under way is cut, and the time base goes on where the load says.
    fn lose(&mut self, expected: u64, block: &Block<'_>) {
        self.measure_to(expected);
        let missing = block.lost.max(block.first.saturating_sub(expected));
        self.lost.push((expected, missing));
        self.excerpts.cut_last(self.channels.iter().map(|channel| &channel.history));
        let resume = block.first + self.constants.settling;
        for channel in &mut self.channels {
            let before = channel.history.slice(expected.saturating_sub(1), expected).first();
            channel.overview.hold(before.copied().unwrap_or(0), block.first.saturating_sub(expected));
            if let Kind::Contact(contact) = &mut channel.kind {
                contact.interrupt(&channel.history, expected, resume, &self.constants);
                contact.resume(&channel.history, block.first);
            }
            channel.history.restart(block.first);
        }
        self.reached = block.first;
        self.blind_until = self.blind_until.max(block.first);
        self.guard.forget();
    }

    /// Measures everything before sample `to`, in pieces between markers and program changes.
    fn measure_to(&mut self, to: u64) {
        let mut due = self.due();
        while self.reached < to {
            if due <= self.reached {
                cold_path();
                self.obey();
                due = self.due();
            }
            let sighted = if self.blind_until > self.reached { self.blind_until } else { u64::MAX };
            let stop = to.min(due).min(sighted).max(self.reached + 1);
            self.range(self.reached, stop);
            self.reached = stop;
        }
        if due <= self.reached {
            self.obey();
        }
    }

    /// The sample at which something is due next.
    #[inline]
    fn due(&self) -> u64 {
        let marker = self.markers.get(self.obeyed).map_or(u64::MAX, |marker| marker.sample);
        let program = self.programs.front().map_or(u64::MAX, |(from, _)| *from);
        let settles = self.settles.as_ref().map_or(u64::MAX, |(from, _)| *from);
        marker.min(program).min(settles)
    }

    /// Puts into effect what is due at the sample reached.
    #[inline(never)]
    fn obey(&mut self) {
        while let Some(marker) = self.markers.get(self.obeyed).copied().filter(|m| m.sample <= self.reached) {
            self.obeyed += 1;
            match marker.bit {
                MarkerBit::Zero => self.switch_zero(marker.value),
                MarkerBit::TestSource => {
                    self.test_source = marker.value;
                    self.interrupt();
                }
                MarkerBit::Interlock => {
                    self.fell |= self.closed && !marker.value;
                    self.closed = marker.value;
                    self.interrupt();
                }
                MarkerBit::StartTaken => self.starts.push_back(marker.sample),
                _ => {}
            }
        }
        while let Some(start) = self.starts.pop_front() {
            for channel in &mut self.channels {
                if let Kind::Voltage(voltage) = &mut channel.kind {
                    voltage.before_start(&channel.history, start, self.setup.sample_rate);
                }
            }
        }
        if let Some((_, timing)) = self.settles.take_if(|(from, _)| *from <= self.reached) {
            self.timing = timing;
        }
        while self.programs.front().is_some_and(|(from, _)| *from <= self.reached) {
            let Some((from, program)) = self.programs.pop_front() else { break };
            let rate = self.setup.sample_rate;
            let timing = Timing::of(&program, rate, self.constants.settling);
            // A pair or a burst that has begun goes on under the program before.
            let span = self.program.start_of(self.program.pulses_per_period().saturating_sub(1));
            self.settles = (span > 0.0).then(|| (from + (1.25 * span * rate).ceil() as u64, timing));
            self.timing = if span > 0.0 { timing.or(self.timing) } else { timing };
            for channel in &mut self.channels {
                if let Kind::Contact(contact) = &mut channel.kind {
                    contact.expect_less(share(&program, &contact.record.name) * timing.smallest);
                }
            }
            self.program = program;
        }
    }

    fn interrupt(&mut self) {
        let resume = self.reached + self.constants.settling + (RELAYS * self.setup.sample_rate) as u64;
        self.blind_until = self.blind_until.max(resume);
        for channel in &mut self.channels {
            if let Kind::Contact(contact) = &mut channel.kind {
                contact.interrupt(&channel.history, self.reached, resume, &self.constants);
            }
        }
        self.guard.forget();
    }

    fn switch_zero(&mut self, on: bool) {
        if on == self.zero {
            return;
        }
        if on {
            self.interrupt();
            for channel in &mut self.channels {
                channel.collector = Some(ZeroCollector::new(self.blind_until));
            }
            self.slow_zero = self.slow.codes.first().map(|plane| plane.len() as u64);
        } else {
            self.close_zero();
            self.interrupt();
        }
        self.zero = on;
    }

    fn close_zero(&mut self) {
        for (channel, setup) in self.channels.iter_mut().zip(&self.setup.channels) {
            let Some(zero) = channel.collector.take().and_then(|collector| collector.finish()) else {
                continue;
            };
            channel.zeros.push(zero);
            // By one that is no zero an output that is on would count as off.
            if !zero.is_sound(&setup.calibration) {
                continue;
            }
            match &mut channel.kind {
                Kind::Contact(contact) => {
                    contact.zeroed(f64::from(zero.level.value), zero.deviation, zero.sd16)
                }
                Kind::Voltage(voltage) => voltage.zeroed(zero.sd16),
            }
        }
        if let Some(from) = self.slow_zero.take() {
            let to = self.slow.codes.first().map_or(from, |plane| plane.len() as u64);
            self.slow.zeros.push((from, to));
        }
    }

    fn range(&mut self, from: u64, to: u64) {
        if self.excerpts.ages(to) {
            cold_path();
            self.excerpts.cut_last(self.channels.iter().map(|channel| &channel.history));
        }
        let blind = self.zero || self.test_source || from < self.blind_until;
        let mut pulses = std::mem::take(&mut self.pulses);
        pulses.clear();
        for (index, channel) in self.channels.iter_mut().enumerate() {
            let codes = channel.history.slice(from, to);
            let (low, high) = extremes(codes);
            channel.overview.push(low, high, to - from);
            if let Some(collector) = &mut channel.collector {
                collector.add(codes, from);
            }
            let Kind::Contact(contact) = &mut channel.kind else { continue };
            if blind {
                cold_path();
                contact.skip(&channel.history, to);
                continue;
            }
            let since = self.blind_until;
            contact.range(&channel.history, (from, to), (low, high), since, &self.timing, &self.constants);
            let driven = |_: &&mut Joint| self.program.share_of(&contact.record.name) != 0.0;
            if let Some(joint) = self.joint.as_mut().filter(|_| !contact.finished.is_empty()).filter(driven) {
                let gap = left_alone(&self.program) * self.setup.sample_rate;
                for finished in &contact.finished {
                    if let Some(row) = contact.record.pulses.recent(finished.row) {
                        joint.offer(*finished, row, contact.calibration.lsb, gap, self.blind_until);
                    }
                }
            }
            if index == self.setup.main && !contact.finished.is_empty() {
                std::mem::swap(&mut pulses, &mut contact.finished);
            }
        }
        if blind {
            self.pulses = pulses;
            return;
        }
        if let Some(joint) = &mut self.joint {
            joint.measure(to, |index| self.channels.get(index).map(Channel::resting));
        }
        for (index, channel) in self.channels.iter_mut().enumerate() {
            if let Kind::Voltage(voltage) = &mut channel.kind {
                voltage.range(&channel.history, (from, to), self.blind_until);
                for pulse in pulses.iter().filter(|_| self.setup.wanted.reads_rests(index)) {
                    voltage.before_pulse(&channel.history, *pulse, self.constants.settling);
                }
            }
        }
        if let Some(main) = self.channels.get(self.setup.main)
            && let Kind::Contact(contact) = &main.kind
        {
            let histories = self.channels.iter().map(|channel| &channel.history);
            let mut rest = pulses.iter();
            while let Some(pulse) = rest.next() {
                let Some(row) = contact.record.pulses.recent(pulse.row) else { continue };
                // Where phases are missing, one sees that nothing came until they were to be over.
                let missing = row.count < self.timing.phases;
                let behind = if missing { self.timing.allowance } else { 0 };
                self.excerpts.offer(pulse, row, rest.len() == 0, behind, histories.clone());
                self.overlay.add(&main.history, pulse.from, pulse.to);
            }
        }
        self.pulses = pulses;
        while let Some(at) = self.guard.due(from, to) {
            for channel in &self.channels {
                if let Kind::Contact(contact) = &channel.kind {
                    self.guard.sum(contact.record.channel, at, contact.sum_before(&channel.history, at));
                }
            }
        }
    }

    fn slow(&mut self, block: &Block<'_>) {
        self.slow.lost += block.lost;
        for (plane, codes) in block.codes.chunks_exact(block.count.max(1)).zip(&mut self.slow.codes) {
            // A lost sample keeps its place, so that an index stays an instant; the loss itself makes it invalid.
            let held = codes.last().copied().unwrap_or(0);
            codes.extend(std::iter::repeat_n(held, usize::try_from(block.lost).unwrap_or(0).min(1 << 20)));
            codes.extend_from_slice(plane);
        }
    }
}

/// How long the output is left alone behind the last phase, s: to the closing of the recharge switch, or to the next pulse.
fn left_alone(program: &Program) -> f64 {
    let pulse = program.pulse(0);
    let until = pulse.recharge.map_or(program.start_of(1), |(start, _)| start);
    until - pulse.end()
}

impl BlockSink for Recorder {
    fn block(&mut self, block: &Block<'_>) {
        match block.stream {
            StreamKind::Fast if block.count > 0 => self.fast(block),
            StreamKind::Fast => self.markers.extend_from_slice(block.markers),
            StreamKind::Slow => self.slow(block),
        }
    }
}

#[cfg(test)]
mod tests;
