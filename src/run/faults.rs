//! Faults while a case runs: who injects which, what silence they excuse, and how they end.

use crate::instrument::{InstrumentFault, OutputState};
use crate::judge::Restart;
use crate::scenario::{Action, Case, Fault};

use super::halt::Halt;
use super::loading;
use super::pace::SECOND;
use super::session::Session;
use super::stopping::HASTE;

/// From a fault to the start that a latched stimulator must refuse, s; three periods of the program in force where they are
/// longer, because a fault that shows in a pulse only is latched no sooner.
const RESTART: f64 = 0.1;

/// A stimulator whose supply has returned answers within this, ns.
const BOOT: u64 = 20_000_000;

impl Session<'_> {
    /// Turns an exchange that was lost to an injected fault into a reason that says so.
    pub(super) fn explained(&self, halt: Halt) -> Halt {
        match halt {
            Halt::Instrument(error) if self.injected.excuses(self.instruments.clock.now(), &error.fault) => {
                Halt::Bench(format!(
                    "{}: {}: lost to the injected fault of link, supply or core (clear it first, or lower its rate)",
                    error.device, error.doing
                ))
            }
            halt => halt,
        }
    }

    /// As [`Session::poll`], but an answer that an injected fault swallows is only one that was not got.
    pub(super) async fn poll_if_possible(&mut self) -> Result<(), Halt> {
        if !self.injected.can_answer(self.instruments.clock.now()) {
            return Ok(());
        }
        match self.poll().await {
            Err(Halt::Instrument(error))
                if self.injected.excuses(self.instruments.clock.now(), &error.fault) =>
            {
                Ok(())
            }
            result => result,
        }
    }

    /// Sends the starts that are due, which a latched stimulator refuses.
    pub(super) async fn restart_if_due(&mut self) -> Result<(), Halt> {
        let now = self.instruments.clock.now();
        if self.injected.core_halted {
            return Ok(());
        }
        let Some(at) = self.injected.restarts.iter().position(|(_, at)| *at <= now) else { return Ok(()) };
        let (step, _) = self.injected.restarts.swap_remove(at);
        let sample = self.sample();
        let refused = match self.instruments.stimulator.start().await {
            Ok(()) => false,
            Err(error) if matches!(error.fault, InstrumentFault::Refused(_)) => true,
            Err(error) => return Err(self.explained(error.into())),
        };
        self.progress(if refused { "start refused" } else { "start taken" });
        self.account.facts.restarts.push(Restart { step, sample, refused });
        Ok(())
    }
}

/// Notes when a start is to be tried after the step that begins now, if a check wants to see it refused.
pub(super) fn expect_restart(session: &mut Session<'_>, index: usize, case: &Case) {
    // In an off-time nothing shows the fault yet, and a stimulator that has not latched it takes a start.
    let rest = case.in_force(index).longest_rest();
    let lasting = match case.steps.get(index).map_or(&Action::Zero, |step| &step.action) {
        Action::Inject(Fault::BrownOut { duration }) | Action::HostSilence(duration) => *duration,
        Action::Inject(Fault::CoreHalt) => case.halted_for(index),
        _ => 0.0,
    };
    let wait = lasting + RESTART.max(rest);
    let at = session.instruments.clock.now().saturating_add((wait * SECOND) as u64);
    session.injected.restarts.push((index, at));
}

/// Injects a fault.
///
/// # Errors
/// What the instrument says; a command above the cap that is refused is no error.
pub(super) async fn inject(session: &mut Session<'_>, fault: &Fault) -> Result<(), Halt> {
    match fault {
        Fault::OpenLead { .. }
        | Fault::ShortLead { .. }
        | Fault::Leakage { .. }
        | Fault::ImpedanceStep { .. } => session.instruments.switches()?.inject(fault).await?,
        Fault::BrownOut { duration } => {
            session.instruments.switches()?.inject(fault).await?;
            let lasts = (duration * SECOND) as u64;
            session.injected.unpowered_until =
                session.instruments.clock.now().saturating_add(lasts).saturating_add(BOOT);
        }
        Fault::CorruptLink { rate } => disturb(session, *rate)?,
        Fault::OverAmplitude { amplitude } => over_amplitude(session, *amplitude).await?,
        Fault::CoreHalt => session.halt_core(OutputState::Injected).await?,
    }
    session.progress(format!("{} injected", fault.name()));
    Ok(())
}

/// Ends every fault of a name.
///
/// # Errors
/// What the instrument says.
pub(super) async fn clear(session: &mut Session<'_>, name: &str) -> Result<(), Halt> {
    match name {
        "corrupt-link" => disturb(session, 0.0)?,
        "over-amplitude" => {
            // One that was refused has left nothing behind but the latch, which is acknowledged, not cleared.
            let before =
                session.account.facts.segments.iter().rev().nth(1).map(|segment| segment.programmed.clone());
            if let Some(program) = before.filter(|_| std::mem::take(&mut session.injected.over_cap)) {
                loading::load(session, &program, false).await?;
            }
        }
        "brown-out" => restore_supply(session).await?,
        "core-halt" => session.resume_core().await?,
        name => session.instruments.switches()?.clear(name).await?,
    }
    session.progress(format!("{name} cleared"));
    Ok(())
}

/// Ends what keeps the stimulator from hearing a stop: the first thing every teardown does. Faults of the lead stay,
/// so that an ignored stop cannot drive the phantom anew before it is seen.
///
/// # Errors
/// What went wrong first; the rest was tried all the same.
pub(super) async fn let_it_hear(session: &mut Session<'_>) -> Result<(), Halt> {
    session.injected.restarts.clear();
    // A probe that hangs must not hold up the stop. Its thread does what it was asked to all the same, as soon as it can.
    let resumed = match session.injected.core_halted {
        true => tokio::time::timeout(HASTE, session.resume_core()).await.unwrap_or_else(|_| {
            let what =
                "the core was told to go on, and the debug probe does not say that it did: plug it in anew";
            Err(Halt::Bench(what.to_owned()))
        }),
        false => Ok(()),
    };
    let undisturbed = if session.injected.disturbed { disturb(session, 0.0) } else { Ok(()) };
    let powered = session.injected.powered(session.instruments.clock.now());
    let supplied = if powered { Ok(()) } else { restore_supply(session).await };
    resumed.and(undisturbed).and(supplied)
}

async fn restore_supply(session: &mut Session<'_>) -> Result<(), Halt> {
    session.instruments.switches()?.clear("brown-out").await?;
    let ready = session.instruments.clock.now().saturating_add(BOOT);
    if session.injected.unpowered_until > ready {
        session.injected.unpowered_until = ready;
    }
    Ok(())
}

fn disturb(session: &mut Session<'_>, rate: f64) -> Result<(), Halt> {
    let Some(disturbance) = &session.instruments.disturbance else {
        return Err(Halt::Bench("the link of this stimulator cannot be disturbed".to_owned()));
    };
    disturbance.set(rate);
    session.injected.disturbed = rate > 0.0;
    Ok(())
}

async fn over_amplitude(session: &mut Session<'_>, amplitude: f64) -> Result<(), Halt> {
    let Some(now) = session.account.facts.segments.last().map(|segment| segment.programmed.clone()) else {
        return Err(Halt::Bench("no program is loaded whose amplitude could be raised".to_owned()));
    };
    let program = crate::signal::Program { amplitude, ..now };
    match loading::load(session, &program, true).await {
        Ok(()) => {
            session.injected.over_cap = true;
            session.progress("the command above the cap was taken");
            Ok(())
        }
        Err(Halt::Instrument(error)) if matches!(error.fault, InstrumentFault::Refused(_)) => Ok(()),
        Err(halt) => Err(session.explained(halt)),
    }
}
