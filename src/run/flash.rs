//! Firmware into the stimulator's core: what `stimrig flash` does.

use std::path::Path;
use std::pin::pin;
use std::sync::Arc;

use crate::instrument::{
    DebugProbe, Flashed, Image, InstrumentError, Operator, OutputState, ProbeIdentity, State,
};
use crate::rig::{Probe, Rig, Wiring};
use crate::scenario::{Action, Plan, ProbeAction, Step};

use super::identity;
use super::instruments::Instruments;
use super::interrupt::{Cause, Interrupt};
use super::look::{Nobody, look};
use super::open::{self, With};

/// What was flashed into what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlashReport {
    /// Name of the image.
    pub image: String,
    /// The probe and the target behind it.
    pub probe: ProbeIdentity,
    /// What was written, and its hash as read back.
    pub flashed: Flashed,
}

/// Why nothing was flashed, or not all of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlashError {
    /// The image or the rig file is at fault: nothing was touched.
    #[error("{0}")]
    File(String),
    /// The rig is: probe, target, or an output that may be enabled.
    #[error("{0}")]
    Rig(String),
    /// A signal came before anything was written.
    #[error("ended by {}: nothing was flashed", .0.name())]
    Ended(Cause),
}

/// How to flash.
pub struct Flashing<'a> {
    /// The word of an operator who sees that the output is off, for a stimulator whose firmware cannot say so itself.
    pub output_off: bool,
    /// What ends it, as long as nothing is written: half an image would be a core that does nothing anybody knows.
    pub interrupt: &'a Interrupt,
    /// Hears that a signal came while the core was being written, and what becomes of it.
    pub tell: &'a dyn Fn(&str),
}

/// Flashes an image (else the one that the rig file names), verifies it, and reads it back.
///
/// Flashing stops the core, so it is refused while the stimulator runs. A signal ends it before the first byte is written; after
/// that it is completed and verified.
///
/// # Errors
/// As [`FlashError`] says. An image that is not for this chip is refused before the probe is opened.
pub fn flash(rig: &Rig, image: Option<&Path>, how: &Flashing<'_>) -> Result<FlashReport, FlashError> {
    if rig.wiring.probe.is_none() {
        let add = "add `probe: { selector: …, chip: … }` to its file";
        return Err(FlashError::Rig(format!("rig `{}` has no debug probe: {add}", rig.name)));
    }
    if !Probe::BUILT_IN {
        let why = "this stimrig was built without the feature `probe`: build it with its default features";
        return Err(FlashError::Rig(why.to_owned()));
    }
    let image = match image {
        Some(path) => Some(open::probe::read_image(path).map_err(FlashError::File)?),
        None => open::probe::image(rig).map_err(FlashError::File)?,
    };
    let image = image.ok_or_else(|| {
        FlashError::File("no image to flash: name one, or `probe.elf` in the rig file".to_owned())
    })?;
    open::probe::check_image(rig, &image).map_err(FlashError::File)?;
    let cannot = |what| FlashError::Rig(format!("this rig cannot be opened: {what}"));
    let asked = asking(rig).map_err(cannot)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| FlashError::Rig(format!("no runtime: {error}")))?;
    runtime.block_on(async {
        // A stimulator that is driven by hand has a core all the same.
        let nobody: Arc<dyn Operator> = Arc::new(Nobody);
        let opened = open::open(rig, &asked, &With { person: Some(&nobody), ..With::default() }).await;
        let mut instruments = opened.map_err(FlashError::Rig)?;
        let result = write(&mut instruments, &rig.wiring, &image, how).await;
        if let Some(mut probe) = instruments.probe.take() {
            // Whoever could not be asked is left untouched.
            probe.release(if result.is_ok() { OutputState::Off } else { OutputState::Enabled }).await;
        }
        result
    })
}

async fn write(
    instruments: &mut Instruments,
    wiring: &Wiring,
    image: &Image,
    how: &Flashing<'_>,
) -> Result<FlashReport, FlashError> {
    let wanted = || how.interrupt.cause().map_or(Ok(()), |cause| Err(FlashError::Ended(cause)));
    wanted()?;
    let off = if how.output_off { Ok(()) } else { output_is_off(instruments, wiring).await };
    // Whoever was told to end needs neither an answer nor a probe that attaches, which stops the core for a moment.
    wanted()?;
    off.map_err(FlashError::Rig)?;
    let missing = || FlashError::Rig("this rig has no debug probe".to_owned());
    let probe: &mut Box<dyn DebugProbe> = instruments.probe.as_mut().ok_or_else(missing)?;
    let said = |error: InstrumentError| FlashError::Rig(error.to_string());
    let identity = probe.identify(OutputState::Off).await.map_err(said)?;
    wanted()?;
    let half = |error: InstrumentError| {
        let next = "the core may hold half an image: flash it again, and use it only once that was verified";
        FlashError::Rig(format!("{error}; {next}"))
    };
    let flashed = to_its_end(probe.flash(image, OutputState::Off), how).await.map_err(half)?;
    let probe = ProbeIdentity { firmware: Some(flashed.read_back.clone()), ..identity };
    Ok(FlashReport { image: image.name.clone(), probe, flashed })
}

/// Waits for what may not be left half done. A signal that comes meanwhile is answered once, by what is waited for.
async fn to_its_end<T>(writing: impl Future<Output = T>, how: &Flashing<'_>) -> T {
    let mut writing = pin!(writing);
    tokio::select! {
        biased;
        written = writing.as_mut() => return written,
        cause = how.interrupt.raised() => (how.tell)(&format!(
            "{}: the core is being written, and half an image is none: this ends when it is verified",
            cause.name()
        )),
    }
    writing.await
}

/// The stimulator says itself that it does not run. Another one on its port says nothing about the core that is to be stopped.
async fn output_is_off(instruments: &mut Instruments, wiring: &Wiring) -> Result<(), String> {
    let next = "see that its output is off, and say so with --output-off";
    let cannot = |error| format!("the stimulator does not say whether its output is off: {error}; {next}");
    let stimulator = instruments.stimulator.identify().await.map_err(cannot)?;
    identity::check("stimulator", wiring.stimulator_uid.as_deref(), &stimulator.uid)
        .map_err(|halt| halt.to_string())?;
    let Some(reports) = instruments.stimulator.reports() else {
        return Err(format!("the stimulator does not say whether its output is off: {next}"));
    };
    match reports.status().await.map_err(cannot)?.state {
        State::Idle | State::Latched => Ok(()),
        State::Running => {
            Err("the stimulator's output is enabled, and flashing stops its core: stop it first".to_owned())
        }
    }
}

/// A plan that opens the rig with its probe. Nothing of it is ever loaded or started.
fn asking(rig: &Rig) -> Result<Plan, String> {
    let mut plan = look(rig)?;
    let reset = Action::Probe(ProbeAction::Reset);
    plan.case.steps.insert(0, Step { action: reset, name: None, line: 0 });
    Ok(plan)
}

#[cfg(all(test, feature = "probe"))]
mod tests {
    use super::*;
    use crate::rig::DEFAULT_RIG;
    use crate::sim::probe as sim;
    use crate::source::Source;

    /// Without anybody who ends it.
    async fn write_as(
        instruments: &mut Instruments,
        rig: &Rig,
        image: &Image,
        output_off: bool,
    ) -> Result<FlashReport, String> {
        let interrupt = Interrupt::default();
        let how = Flashing { output_off, interrupt: &interrupt, tell: &|_| {} };
        write(instruments, &rig.wiring, image, &how).await.map_err(|error| error.to_string())
    }

    #[test]
    fn a_signal_ends_it_before_anything_is_written_and_not_in_the_middle() {
        let rig = Rig::read(&Source::new(DEFAULT_RIG.0, DEFAULT_RIG.1)).unwrap();
        let asked = asking(&rig).unwrap();
        let image = Image { name: "fw.elf".to_owned(), bytes: sim::elf(sim::CHIP, sim::FLASH_START) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut instruments = open::open(&rig, &asked, &With::default()).await.unwrap();
            let interrupt = Interrupt::default();
            interrupt.raise(Cause::Terminate);
            let told = std::cell::RefCell::new(Vec::new());
            let tell = |what: &str| told.borrow_mut().push(what.to_owned());
            let how = Flashing { output_off: true, interrupt: &interrupt, tell: &tell };
            let ended = write(&mut instruments, &rig.wiring, &image, &how).await.unwrap_err();
            assert_eq!(ended, FlashError::Ended(Cause::Terminate));
            assert_eq!(ended.to_string(), "ended by SIGTERM: nothing was flashed");
            assert!(told.borrow().is_empty(), "{told:?}");
            // Written in the second turn: the signal is heard in the first.
            let writing = async {
                tokio::task::yield_now().await;
                7
            };
            assert_eq!(to_its_end(writing, &how).await, 7);
            assert_eq!(told.borrow().len(), 1, "{told:?}");
            assert!(told.borrow()[0].starts_with("SIGTERM: the core is being written"), "{told:?}");
        });
    }

    #[test]
    fn a_core_is_not_flashed_under_an_output_that_is_enabled() {
        let rig = Rig::read(&Source::new(DEFAULT_RIG.0, DEFAULT_RIG.1)).unwrap();
        let asked = asking(&rig).unwrap();
        let image = Image { name: "fw.elf".to_owned(), bytes: sim::elf(sim::CHIP, sim::FLASH_START) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut instruments = open::open(&rig, &asked, &With::default()).await.unwrap();
            instruments.stimulator.identify().await.unwrap();
            instruments.stimulator.load(&asked.case.program).await.unwrap();
            instruments.stimulator.start().await.unwrap();
            let refused = write_as(&mut instruments, &rig, &image, false).await.unwrap_err();
            assert!(refused.contains("output is enabled") && refused.contains("stop it first"), "{refused}");
            let status = instruments.stimulator.reports().unwrap().status().await.unwrap();
            assert_eq!(status.state, State::Running);
            instruments.stimulator.stop().await.unwrap();
            instruments.clock.sleep(50_000_000).await;
            let report = write_as(&mut instruments, &rig, &image, false).await.unwrap();
            assert_eq!(report.flashed.image, report.flashed.read_back);
        });
    }

    /// Another board on the port, idle: that says nothing about the one whose core the probe stops.
    #[test]
    fn a_stimulator_that_is_not_the_one_of_the_rig_file_does_not_speak_for_its_core() {
        let mut rig = Rig::read(&Source::new(DEFAULT_RIG.0, DEFAULT_RIG.1)).unwrap();
        // SIM-STIM-001 is there.
        rig.wiring.stimulator_uid = Some("53494d2d5354494d2d303032".to_owned());
        let asked = asking(&rig).unwrap();
        let image = Image { name: "fw.elf".to_owned(), bytes: sim::elf(sim::CHIP, sim::FLASH_START) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut instruments = open::open(&rig, &asked, &With::default()).await.unwrap();
            let refused = write_as(&mut instruments, &rig, &image, false).await.unwrap_err();
            for words in ["wrong stimulator", "53494d2d5354494d2d303032", "53494d2d5354494d2d303031"] {
                assert!(refused.contains(words), "{refused}");
            }
            // Whoever sees the output may say so in its place.
            let report = write_as(&mut instruments, &rig, &image, true).await.unwrap();
            assert_eq!(report.flashed.image, report.flashed.read_back);
        });
    }
}
