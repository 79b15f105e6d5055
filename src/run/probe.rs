//! The debug probe while a case runs.

use std::time::Duration;

use crate::instrument::{OutputState, State};
use crate::record::{Event, InstrumentRecord, LogRecord};
use crate::rig::Rig;
use crate::scenario::{Action, Case, Fault, ProbeAction};

use super::halt::Halt;
use super::interrupt::{Cause, Interrupt};
use super::message::Message;
use super::pace::SECOND;
use super::session::Session;

/// Lines of the firmware's log that a case keeps: what comes then is counted.
const LINES: usize = 1000;
/// A signal leaves a probe that is attaching this long, which stops the core for a moment, and one that reads the log.
const ATTACHING: Duration = Duration::from_secs(1);
const READING: Duration = Duration::from_millis(200);
/// An output that was quiet for less cannot be told from one between two pulses, s.
const QUIET: f64 = 0.1;

/// Whether the debug probe is opened: a case asks for it, or the rig file names the firmware that must run. A probe that
/// nobody asks for costs nothing.
#[cfg_attr(not(feature = "probe"), expect(dead_code, reason = "without a driver no probe is opened"))]
pub(super) fn wanted(rig: &Rig, case: &Case) -> bool {
    if rig.wiring.probe.as_ref().is_some_and(|probe| probe.elf.is_some()) {
        return true;
    }
    let uses = |action: &Action| matches!(action, Action::Probe(_) | Action::Inject(Fault::CoreHalt));
    case.steps.iter().any(|step| uses(&step.action))
}

/// So long after whatever asks the run to end.
async fn ended(interrupt: &Interrupt, grace: Duration) -> Cause {
    let cause = interrupt.raised().await;
    tokio::time::sleep(grace).await;
    cause
}

impl Session<'_> {
    /// Attaches and says what is there. The stimulator must have been stopped: attaching stops its core for a moment.
    ///
    /// # Errors
    /// What the probe says, and a firmware that is not the one the rig file names.
    pub(super) async fn attach_probe(&mut self, rig: &Rig) -> Result<(), Halt> {
        let Some(probe) = &mut self.instruments.probe else { return Ok(()) };
        // It may take as long as a run that is cancelled is left in all.
        let identity = tokio::select! {
            biased;
            identity = probe.identify(OutputState::Off) => identity?,
            cause = ended(self.interrupt, ATTACHING) => return Err(Halt::Interrupted(cause)),
        };
        let firmware = identity.firmware.unwrap_or_default();
        (self.tell)(Message::Identity(InstrumentRecord {
            role: "probe".to_owned(),
            driver: "probe-rs".to_owned(),
            model: format!("{} on {}", identity.model, identity.chip),
            uid: identity.uid,
            firmware: firmware.clone(),
            calibration: None,
        }));
        let named = rig.wiring.probe.as_ref().is_some_and(|probe| probe.elf.is_some());
        if let Some((name, image)) = identity.image.filter(|_| named)
            && image != firmware
        {
            return Err(Halt::Bench(format!(
                "the target does not run `{name}`: what is read back differs (stimrig flash writes it)"
            )));
        }
        Ok(())
    }

    /// A step of the scenario.
    ///
    /// # Errors
    /// What the probe says, and a step that would stop the core while the output may be enabled.
    pub(super) async fn debug(&mut self, action: &ProbeAction) -> Result<(), Halt> {
        match action {
            ProbeAction::Halt => {
                self.halt_core(self.output()).await?;
                self.progress("core halted");
            }
            ProbeAction::Resume => {
                self.resume_core().await?;
                self.progress("core resumed");
            }
            ProbeAction::Reset => {
                let output = self.output();
                self.probe()?.reset(output).await?;
                self.injected.core_halted = false;
                self.progress("target reset");
            }
            ProbeAction::Write { symbol, value } => {
                let (address, size) = self.probe()?.symbol(symbol).await?;
                if size > 4 {
                    return Err(Halt::Bench(format!(
                        "`{symbol}` has {size} bytes, and a word of 4 would be written"
                    )));
                }
                let bytes = value.to_le_bytes();
                let length = if size == 0 { 4 } else { size as usize };
                let before = self.probe()?.read(address, length).await?;
                self.probe()?.write(address, bytes.get(..length).unwrap_or(&bytes)).await?;
                let was = before.iter().rev().fold(0_u32, |value, byte| value << 8 | u32::from(*byte));
                self.progress(format!("{symbol} written: {value:#x}, was {was:#x}"));
            }
        }
        Ok(())
    }

    /// Stops the core, if the output allows it.
    ///
    /// # Errors
    /// What the probe says.
    pub(super) async fn halt_core(&mut self, output: OutputState) -> Result<(), Halt> {
        let halted = self.probe()?.halt(output).await;
        // Of a probe that is lost meanwhile nobody knows whether it did.
        self.injected.core_halted = true;
        Ok(halted?)
    }

    /// Lets the core go on.
    ///
    /// # Errors
    /// What the probe says.
    pub(super) async fn resume_core(&mut self) -> Result<(), Halt> {
        self.probe()?.resume().await?;
        self.injected.core_halted = false;
        Ok(())
    }

    /// Takes what the firmware has logged.
    ///
    /// # Errors
    /// What the probe says.
    pub(super) async fn read_log(&mut self) -> Result<(), Halt> {
        let now = self.instruments.clock.now();
        let powered = self.injected.powered(now);
        // A target without its supply answers no probe either.
        let Some(probe) = self.instruments.probe.as_mut().filter(|_| powered) else { return Ok(()) };
        let time = now as f64 / SECOND;
        let lines = tokio::select! {
            biased;
            lines = probe.log() => lines?,
            // What it still has to say is not worth an output that stays on.
            _ = ended(self.interrupt, READING) => Vec::new(),
        };
        for text in lines {
            if self.account.log.lines.len() == LINES {
                self.account.log.lost += 1;
                continue;
            }
            (self.tell)(Message::Event(Event::Logged { case: 0, time, line: text.clone() }));
            self.account.log.lines.push(LogRecord { time, line: text });
        }
        Ok(())
    }

    /// Lets go of the target; `off` is whether the output was measured to be.
    pub(super) async fn release_probe(&mut self, off: bool) {
        if let Some(mut probe) = self.instruments.probe.take() {
            probe.release(if off { OutputState::Off } else { OutputState::Enabled }).await;
        }
    }

    /// What is known of the output: off is what was seen to be quiet for as long as a train in progress never is. While a record is
    /// being taken nothing is seen, and there is only the stimulator's own word.
    fn output(&self) -> OutputState {
        let quiet = (self.bench.silence.max(QUIET) * self.intake.setup.sample_rate) as u64;
        let since = self.sample().saturating_sub(quiet);
        let running = match (self.output.started, self.bench.capabilities.stream) {
            (Some(started), _) if started > since => true,
            (_, true) => self.intake.recorder.active_since(since),
            (started, false) => {
                let said = self.watch.last_status.map(|status| status.state);
                started.is_some() && said.is_none_or(|state| state == State::Running)
            }
        };
        if running { OutputState::Enabled } else { OutputState::Off }
    }

    fn probe(&mut self) -> Result<&mut dyn crate::instrument::DebugProbe, Halt> {
        let missing = || Halt::Bench("this rig has no debug probe".to_owned());
        Ok(self.instruments.probe.as_mut().ok_or_else(missing)?.as_mut())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use async_trait::async_trait;

    use super::super::teardown::teardown;
    use super::super::trial::{SIMULATED, on};
    use super::*;
    use crate::instrument::{DebugProbe, Flashed, Image, InstrumentError, ProbeIdentity, Status};
    use crate::rig::DEFAULT_RIG;
    use crate::scenario::FaultCode;
    use crate::source::Source;

    /// A probe that answers nothing, ever.
    struct Hung;

    #[async_trait]
    impl DebugProbe for Hung {
        async fn identify(&mut self, _: OutputState) -> Result<ProbeIdentity, InstrumentError> {
            std::future::pending().await
        }

        async fn flash(&mut self, _: &Image, _: OutputState) -> Result<Flashed, InstrumentError> {
            std::future::pending().await
        }

        async fn verify(&mut self, _: &Image) -> Result<Flashed, InstrumentError> {
            std::future::pending().await
        }

        async fn halt(&mut self, _: OutputState) -> Result<(), InstrumentError> {
            std::future::pending().await
        }

        async fn resume(&mut self) -> Result<(), InstrumentError> {
            std::future::pending().await
        }

        async fn reset(&mut self, _: OutputState) -> Result<(), InstrumentError> {
            std::future::pending().await
        }

        async fn read(&mut self, _: u64, _: usize) -> Result<Vec<u8>, InstrumentError> {
            std::future::pending().await
        }

        async fn write(&mut self, _: u64, _: &[u8]) -> Result<(), InstrumentError> {
            std::future::pending().await
        }

        async fn symbol(&mut self, _: &str) -> Result<(u64, u64), InstrumentError> {
            std::future::pending().await
        }

        async fn log(&mut self) -> Result<Vec<String>, InstrumentError> {
            Ok(Vec::new())
        }

        async fn release(&mut self, _: OutputState) {}
    }

    /// What the run injected is ended before the stop, and the stop does not wait for it.
    #[test]
    fn a_probe_that_hangs_does_not_hold_up_the_stop() {
        let begun = Instant::now();
        let ending = on(SIMULATED, async |session, _| {
            session.instruments.probe = Some(Box::new(Hung));
            session.injected.core_halted = true;
            teardown(session, 0.02).await
        });
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        assert_eq!(
            ending.steps,
            ["stop acknowledged", "interlock open", "output measured off"],
            "{ending:?}"
        );
        assert!(ending.trouble.as_deref().is_some_and(|why| why.contains("plug it in anew")), "{ending:?}");
    }

    /// A run that is cancelled has 7.5 s in all, and attaching takes up to 15.
    #[test]
    fn a_signal_ends_the_wait_for_a_probe_that_attaches() {
        let begun = Instant::now();
        let attached = on(SIMULATED, async |session, _| {
            let rig = Rig::read(&Source::new(DEFAULT_RIG.0, DEFAULT_RIG.1)).unwrap();
            session.instruments.probe = Some(Box::new(Hung));
            session.interrupt.raise(Cause::Terminate);
            session.attach_probe(&rig).await
        });
        assert_eq!(attached, Err(Halt::Interrupted(Cause::Terminate)));
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }

    /// A core is not stopped under an output that only the record will show.
    #[test]
    fn an_output_that_nobody_sees_is_off_by_its_own_word_alone() {
        on(include_str!("../../rig/scope-sim.yaml"), async |session, _| {
            session.taking.armed = Some(session.instruments.clock.now());
            assert_eq!(session.output(), OutputState::Off, "it was never started");
            session.output.started = Some(session.sample());
            assert_eq!(session.output(), OutputState::Enabled);
            // Longer than a train of this case may be silent.
            session.instruments.clock.sleep(2_000_000_000).await;
            for (said, output) in [
                (None, OutputState::Enabled),
                (Some(State::Running), OutputState::Enabled),
                (Some(State::Idle), OutputState::Off),
                (Some(State::Latched), OutputState::Off),
            ] {
                let status = |state| Status { state, fault: FaultCode::None, pulses: 1 };
                session.watch.last_status = said.map(status);
                assert_eq!(session.output(), output, "{said:?}");
            }
        });
    }
}
