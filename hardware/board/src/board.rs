//! The board: commands, the train of pulses, the fault latch and the dead-man.

use stimrig_protocol::stimulator::{FaultCode, Program, Refusal, Reply, Request, State, Status};

use crate::pulse::Action;
use crate::supervision::{Seen, Supervision, is_of_the_lead};
use crate::train::Train;
use crate::{Codes, Guarded, Hal, Line, Output, Plan, Policy, Spec};

/// A stimulator board. Times are ticks of its own timer.
#[derive(Debug, Clone)]
pub struct Board<P> {
    spec: Spec,
    policy: P,
    plan: Option<Plan>,
    train: Option<Train>,
    /// A start taken while the last pulse of the train before it is finished.
    restart: bool,
    /// A fault was acknowledged since the last start.
    after_fault: bool,
    /// Codes of the phase being driven.
    driving: Option<Codes>,
    supervision: Supervision,
    fault: FaultCode,
    off_at: Option<u64>,
    last_frame: u64,
    pulses: u64,
    /// Largest amplitude accepted, pA.
    cap: Guarded,
    /// When the core stopped, while it is stopped: the last kick of the independent watchdog.
    halted: Option<u64>,
}

impl<P: Policy> Board<P> {
    /// A board with nothing loaded and its output off.
    pub fn new(spec: Spec, policy: P) -> Self {
        Self {
            spec,
            policy,
            plan: None,
            train: None,
            restart: false,
            after_fault: false,
            driving: None,
            supervision: Supervision::default(),
            fault: FaultCode::None,
            off_at: None,
            last_frame: 0,
            pulses: 0,
            cap: Guarded::new(spec.cap),
            halted: None,
        }
    }

    /// What it was built as.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Its report.
    pub fn status(&self) -> Status {
        let state = match (self.fault, &self.train) {
            (FaultCode::None, None) => State::Idle,
            (FaultCode::None, Some(_)) => State::Running,
            _ => State::Latched,
        };
        Status { state, fault: self.fault, pulses: self.pulses }
    }

    /// Executes a request received at `now`.
    pub fn handle(&mut self, now: u64, request: &Request, hal: &mut impl Hal) -> Reply {
        self.alive(now);
        let taken = match request {
            Request::Hello { protocol: stimrig_protocol::VERSION } => return Reply::Hello(self.spec.hello()),
            Request::Hello { .. } => Err(Refusal::Version),
            Request::Load(program) => match self.load(now, program, hal) {
                Ok(applied) => return Reply::Applied(applied),
                Err(refusal) => Err(refusal),
            },
            Request::Start => self.start(now, hal),
            Request::Stop => {
                self.stop(hal);
                Ok(())
            }
            Request::Status => return Reply::Status(self.status()),
            Request::Acknowledge => {
                self.acknowledge(hal);
                Ok(())
            }
            Request::Keepalive => Ok(()),
        };
        taken.map_or_else(Reply::Refused, |()| Reply::Done)
    }

    /// A whole frame arrived, whatever it said: the host is alive.
    pub fn alive(&mut self, now: u64) {
        self.last_frame = now;
    }

    /// The supply is about to fail: what is left in the reservoir lets the output end as after any fault.
    pub fn supply_low(&mut self, now: u64) {
        self.declare(now, FaultCode::BrownOut);
    }

    /// Power is back after it was lost: output off, nothing loaded. A fault that was declared is still latched.
    pub fn power_on(&mut self, now: u64, hal: &mut impl Hal) {
        self.end(hal);
        self.plan = None;
        self.restart = false;
        self.supervision = Supervision::default();
        self.pulses = 0;
        self.last_frame = now;
        self.cap = Guarded::new(self.spec.cap);
        self.halted = None;
    }

    /// A debugger stops the core: from here on only the hardware acts.
    pub fn halt(&mut self, now: u64) {
        self.halted.get_or_insert(now);
    }

    /// The core goes on where it was. The last frame is as old as it is.
    pub fn resume(&mut self) {
        self.halted = None;
    }

    /// Whether the core is stopped.
    pub fn is_halted(&self) -> bool {
        self.halted.is_some()
    }

    /// Its cap in memory, pA.
    pub fn cap_mut(&mut self) -> &mut Guarded {
        &mut self.cap
    }

    /// The amplitude in memory, pA, of the train or else of the program that is loaded.
    pub fn amplitude_mut(&mut self) -> Option<&mut Guarded> {
        let running = self.train.as_mut().map(|train| &mut train.plan);
        running.or(self.plan.as_mut()).map(Plan::amplitude_mut)
    }

    /// When [`Board::on_deadline`] wants to be called.
    pub fn next_deadline(&self) -> Option<u64> {
        let watchdog = self.watchdog_at();
        [self.off_at, self.train.as_ref().map(Train::next), watchdog].into_iter().flatten().min()
    }

    /// Does all that is due at `now`.
    pub fn on_deadline(&mut self, now: u64, hal: &mut impl Hal) {
        while let Some(due) = self.next_deadline().filter(|due| *due <= now) {
            if self.off_at == Some(due) {
                self.shut_down(hal);
            } else if self.train.as_ref().is_some_and(|train| train.next() == due) {
                self.step(due, hal);
            } else {
                // Taken as a frame or a kick, so that a policy that lets it pass is not asked again at once.
                self.last_frame = due;
                self.halted = self.halted.map(|_| due);
                self.declare(due, FaultCode::Watchdog);
            }
        }
    }

    fn load(&mut self, now: u64, program: &Program, hal: &mut impl Hal) -> Result<Program, Refusal> {
        let Some(cap) = self.policy.checked(self.cap) else {
            // Without a cap to hold it to, every command is above it.
            self.declare(now, FaultCode::OverAmplitude);
            return Err(Refusal::OverAmplitude);
        };
        let spec = Spec { cap: self.policy.cap(cap), ..self.spec };
        let program = self.policy.command(cap, *program);
        let plan = Plan::new(&spec, &program).inspect_err(|refusal| {
            if *refusal == Refusal::OverAmplitude {
                self.declare(now, FaultCode::OverAmplitude);
            }
        })?;
        let plan =
            plan.with_burst(|burst| self.policy.burst(burst)).with_cycle(|cycle| self.policy.cycle(cycle));
        self.plan = Some(plan);
        if let Some(train) = &mut self.train {
            train.change(plan, &self.policy);
        }
        hal.toggle(Line::ProgramTaken);
        Ok(*plan.applied())
    }

    fn start(&mut self, now: u64, hal: &mut impl Hal) -> Result<(), Refusal> {
        if self.fault != FaultCode::None {
            return Err(Refusal::Latched);
        }
        let plan = self.plan.ok_or(Refusal::NoProgram)?;
        match &self.train {
            Some(train) if !train.stopping => return Ok(()),
            Some(_) => self.restart = true,
            None => self.begin(now, plan),
        }
        hal.toggle(Line::StartTaken);
        Ok(())
    }

    fn begin(&mut self, now: u64, plan: Plan) {
        // `now` may be anywhere within its tick: one more makes the lead-in a lower bound.
        let lead_in = self.policy.lead_in(self.spec.ticks(self.spec.lead_in));
        let first = now.saturating_add(lead_in).saturating_add(1);
        let period = self.policy.period(plan.applied().period);
        let after_fault = core::mem::take(&mut self.after_fault);
        self.train = Some(Train::new(plan, period, first, self.policy.ramps(after_fault)));
        self.supervision = Supervision::default();
        self.restart = false;
        self.pulses = 0;
    }

    /// Ends the train behind the pulse in progress: cutting a pulse would leave its charge in the tissue. So would ending
    /// between pulses that are balanced together.
    fn stop(&mut self, hal: &mut impl Hal) {
        hal.toggle(Line::StopTaken);
        self.restart = false;
        if !self.policy.obeys_stop() {
            return;
        }
        match &mut self.train {
            Some(train) if train.current.is_some() || train.owes() => train.stopping = true,
            _ => self.train = None,
        }
    }

    /// Forgets the fault. A pulse that was allowed to end behind it still is: cutting it now would leave its charge in the
    /// tissue. No other begins before a start.
    fn acknowledge(&mut self, hal: &mut impl Hal) {
        if self.fault == FaultCode::None {
            return;
        }
        match &mut self.train {
            Some(train) if train.current.is_some() && !is_of_the_lead(self.fault) => {
                (train.stopping, train.faulted) = (true, true);
                self.off_at = None;
            }
            _ => self.end(hal),
        }
        self.fault = FaultCode::None;
        self.after_fault = true;
    }

    /// Latches a fault; the output goes off after the board's shutdown time. The first fault stays: later ones are its
    /// consequences.
    fn declare(&mut self, now: u64, detected: FaultCode) {
        // What the core detects takes a core; the watchdog and the comparator of the supply are hardware.
        let by_hardware = matches!(detected, FaultCode::Watchdog | FaultCode::BrownOut);
        if self.fault != FaultCode::None || (self.halted.is_some() && !by_hardware) {
            return;
        }
        if let Some(code) = self.policy.declare(detected) {
            self.fault = code;
            self.restart = false;
            let shutdown = self.policy.shutdown(self.spec.ticks(self.spec.shutdown));
            self.off_at = Some(now.saturating_add(shutdown));
        }
    }

    /// The shutdown time after a fault is over. Where the fault is in the lead, the pulse in progress is cut: its charge
    /// does not reach the tissue. Where it lies with the host or the supply, the pulse in progress goes on to its end, and no other
    /// begins: pulses that are balanced together are left as they are.
    fn shut_down(&mut self, hal: &mut impl Hal) {
        match &mut self.train {
            Some(train) if train.current.is_some() && !is_of_the_lead(self.fault) => {
                train.stopping = true;
                self.off_at = None;
            }
            _ => self.end(hal),
        }
    }

    /// Whether a fault keeps the next pulse from beginning: from the declaration on, or from so much later as a
    /// policy adds to the shutdown.
    fn held(&self, now: u64) -> bool {
        let shutdown = self.spec.ticks(self.spec.shutdown);
        self.off_at.is_some_and(|off| now.saturating_add(shutdown) >= off)
    }

    /// Output off, whatever was in progress.
    fn end(&mut self, hal: &mut impl Hal) {
        self.off_at = None;
        self.train = None;
        self.driving = None;
        hal.output(Output::Off);
    }

    fn watchdog_at(&self) -> Option<u64> {
        let running = self.train.is_some() && self.fault == FaultCode::None;
        let patience = self.policy.watchdog(self.spec.ticks(self.spec.watchdog)).filter(|_| running)?;
        Some(self.halted.unwrap_or(self.last_frame).saturating_add(patience))
    }

    /// The train's next step.
    fn step(&mut self, now: u64, hal: &mut impl Hal) {
        let held = self.held(now);
        let Some(train) = &mut self.train else { return };
        if train.current.is_none() {
            if held || !train.emits() {
                self.train = None;
                return;
            }
            // A stopped core checks nothing, and hands the sequencer nothing new either.
            if self.halted.is_none() {
                let checked = self.policy.checked(train.plan.amplitude());
                // Copies that were overwritten alike agree: the cap that was built in is the last thing they are held to.
                let cap = self.spec.cap;
                let Some(amplitude) = checked.filter(|kept| {
                    train.plan.is_commanded(*kept) || self.policy.permits(train.plan.largest(*kept), cap)
                }) else {
                    // It would drive another current than was commanded.
                    self.train = None;
                    self.declare(now, FaultCode::OverCurrent);
                    return;
                };
                train.amplitude = amplitude;
            }
            let (place, mut pulse) = (train.place(), train.due_pulse());
            self.policy.step_ahead(place, &mut pulse, &train.next_pulse());
            self.policy.shape(place, &mut pulse);
            train.begin(pulse);
            self.pulses += 1;
            self.supervision.rest(look(&train.plan, hal));
            if pulse.step(0).is_some_and(|step| step.at > 0) {
                return;
            }
        }
        let step = train.take_step();
        let phase = step.and_then(|step| match step.action {
            Action::Phase(index) => {
                let phase = train.current.as_ref().and_then(|current| current.pulse.phases().get(index));
                let largest = self.spec.max_code();
                let driven = |code| train.plan.driven(train.amplitude, code, largest);
                phase.map(|phase| (train.place().phase(index), train.plan.codes(index, driven(phase.code))))
            }
            _ => None,
        });
        let (over, between) = (train.pulse_is_over(), train.plan.largest_outputs());
        match step.map(|step| step.action) {
            Some(Action::Phase(_)) => {
                self.leave_phase(now, between, hal);
                if let Some((index, codes)) = phase {
                    self.driving = Some(codes);
                    hal.output(Output::Phase { index: u8::try_from(index).unwrap_or(u8::MAX), codes });
                }
            }
            Some(Action::Sense) => {
                let seen = look(&train.plan, hal);
                let edge = |codes| self.supervision.edge(&self.spec, &seen, &codes, between);
                let fault = self.driving.and_then(edge);
                if let Some(fault) = fault {
                    self.declare(now, fault);
                }
            }
            Some(Action::Off) => {
                self.leave_phase(now, between, hal);
                hal.output(Output::Off);
            }
            Some(Action::Recharge) => {
                self.leave_phase(now, between, hal);
                hal.output(Output::Recharge);
            }
            None => {}
        }
        if over {
            self.end_pulse(now);
        }
    }

    fn leave_phase(&mut self, now: u64, between: [usize; 2], hal: &mut impl Hal) {
        if self.driving.take().is_some()
            && let Some(fault) = self.supervision.phase_end(&self.spec, hal.sense(between))
        {
            self.declare(now, fault);
        }
    }

    fn end_pulse(&mut self, now: u64) {
        self.supervision.pulse_end();
        let Some(train) = &mut self.train else { return };
        train.end_pulse(now, &mut self.policy);
        // What is latched begins no pulse, not even one that would balance this one.
        if train.owes() && self.fault == FaultCode::None && !train.faulted {
            return;
        }
        if train.stopping || !train.emits() {
            self.train = None;
        }
        if self.restart
            && let Some(plan) = self.plan
        {
            self.begin(now, plan);
        }
    }
}

/// Reads the driven outputs of a plan, one after the other; of two the voltage between them says all.
fn look(plan: &Plan, hal: &mut impl Hal) -> Seen {
    let [sink, source] = plan.largest_outputs();
    let mut seen = Seen { largest: hal.sense([sink, source]), ..Seen::default() };
    for (output, slot) in seen.microvolts.iter_mut().enumerate() {
        if output == sink {
            *slot = seen.largest.microvolts;
        } else if output != source && plan.drives(output) {
            *slot = hal.sense([output, source]).microvolts;
        }
    }
    seen
}

#[cfg(test)]
mod tests;
