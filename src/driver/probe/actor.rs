//! The thread that owns the session, and the port that sends it jobs.

use std::sync::mpsc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::oneshot;

use crate::instrument::{
    DebugProbe, Flashed, Image, InstrumentError, InstrumentFault, OutputState, ProbeIdentity,
};

use super::error::Trouble;
use super::session::{Attached, Link};

/// Deadlines. Whoever waits for one of the last three looks at nothing else, and the output may be on.
const ATTACH: Duration = Duration::from_secs(15);
const FLASH: Duration = Duration::from_secs(180);
const CORE: Duration = Duration::from_secs(2);
const MEMORY: Duration = Duration::from_secs(2);
const LOG: Duration = Duration::from_secs(1);

/// What the thread keeps.
struct Owned {
    /// How to attach, until that is done.
    link: Option<Link>,
    chip: String,
    image: Option<Image>,
    attached: Option<Attached>,
}

impl Owned {
    fn attach(&mut self) -> Result<&mut Attached, Trouble> {
        if let Some(link) = self.link.take() {
            self.attached = Some(Attached::new(link, &self.chip, self.image.as_ref())?);
        }
        self.attached()
    }

    fn attached(&mut self) -> Result<&mut Attached, Trouble> {
        let next = "the first failure says why";
        self.attached.as_mut().ok_or_else(|| Trouble::refused("the target is not attached to", next))
    }
}

impl Drop for Owned {
    /// Whoever did not release it did not know whether the output is off.
    fn drop(&mut self) {
        if let Some(attached) = self.attached.take() {
            attached.abandon();
        }
    }
}

type Job = Box<dyn FnOnce(&mut Owned) + Send>;

/// A debug probe on a thread of its own.
pub struct Probe {
    jobs: Option<mpsc::Sender<Job>>,
    name: String,
}

impl Probe {
    /// A probe that attaches to `chip` when it is first asked who it is; `image` gives the symbols and what is read back.
    pub fn new(link: Link, chip: &str, image: Option<Image>) -> Self {
        let name = match &link {
            Link::Selector(selector) => format!("debug probe {selector}"),
            Link::Given { uid, .. } => format!("debug probe {uid}"),
        };
        let (jobs, inbox) = mpsc::channel::<Job>();
        let mut owned = Owned { link: Some(link), chip: chip.to_owned(), image, attached: None };
        let run = move || inbox.into_iter().for_each(|job| job(&mut owned));
        // Without a thread there is nobody to take a job, which the first call reports.
        let thread = std::thread::Builder::new().name("probe".to_owned()).spawn(run);
        Self { jobs: thread.is_ok().then_some(jobs), name }
    }

    async fn call<T: Send + 'static>(
        &mut self,
        doing: &str,
        limit: Duration,
        job: impl FnOnce(&mut Owned) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, InstrumentError> {
        let fail = |fault, next: String| InstrumentError {
            device: self.name.clone(),
            doing: doing.to_owned(),
            fault,
            next,
        };
        let gone = || fail(InstrumentFault::Disconnected, "plug the probe in anew".to_owned());
        let (answer, answered) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or_else(gone)?;
        // Nobody waits for an answer behind its deadline.
        let job: Job = Box::new(move |owned| drop(answer.send(job(owned))));
        jobs.send(job).map_err(|_| gone())?;
        match tokio::time::timeout(limit, answered).await {
            Ok(Ok(Ok(value))) => Ok(value),
            Ok(Ok(Err(trouble))) => Err(fail(trouble.fault, trouble.next)),
            // probe-rs panicked: the thread is gone.
            Ok(Err(_)) => Err(gone()),
            Err(_) => Err(fail(InstrumentFault::Timeout, "plug the probe in anew".to_owned())),
        }
    }

    /// The core is not stopped under an output that may be enabled.
    fn permit(&self, doing: &str, output: OutputState) -> Result<(), InstrumentError> {
        if output != OutputState::Enabled {
            return Ok(());
        }
        Err(InstrumentError {
            device: self.name.clone(),
            doing: doing.to_owned(),
            fault: InstrumentFault::Refused("the stimulator's output may be enabled".to_owned()),
            next: "stop the stimulation first, or inject `core-halt`".to_owned(),
        })
    }
}

#[async_trait]
impl DebugProbe for Probe {
    async fn identify(&mut self, output: OutputState) -> Result<ProbeIdentity, InstrumentError> {
        self.permit("attaching", output)?;
        self.call("attaching", ATTACH, |owned| Ok(owned.attach()?.identity())).await
    }

    async fn flash(&mut self, image: &Image, output: OutputState) -> Result<Flashed, InstrumentError> {
        self.permit("flashing", output)?;
        let image = image.clone();
        self.call("flashing", FLASH, move |owned| owned.attached()?.flash(&image)).await
    }

    async fn verify(&mut self, image: &Image) -> Result<Flashed, InstrumentError> {
        let image = image.clone();
        self.call("verifying", FLASH, move |owned| owned.attached()?.verify(&image)).await
    }

    async fn halt(&mut self, output: OutputState) -> Result<(), InstrumentError> {
        self.permit("halting the core", output)?;
        self.call("halting the core", CORE, |owned| owned.attached()?.halt()).await
    }

    async fn resume(&mut self) -> Result<(), InstrumentError> {
        self.call("resuming the core", CORE, |owned| owned.attached()?.resume()).await
    }

    async fn reset(&mut self, output: OutputState) -> Result<(), InstrumentError> {
        self.permit("resetting the target", output)?;
        self.call("resetting the target", CORE, |owned| owned.attached()?.reset()).await
    }

    async fn read(&mut self, address: u64, length: usize) -> Result<Vec<u8>, InstrumentError> {
        self.call("reading memory", MEMORY, move |owned| owned.attached()?.read(address, length)).await
    }

    async fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), InstrumentError> {
        let bytes = bytes.to_vec();
        self.call("writing memory", MEMORY, move |owned| owned.attached()?.write(address, &bytes)).await
    }

    async fn symbol(&mut self, name: &str) -> Result<(u64, u64), InstrumentError> {
        let name = name.to_owned();
        self.call("looking a symbol up", MEMORY, move |owned| owned.attached()?.symbol(&name)).await
    }

    async fn log(&mut self) -> Result<Vec<String>, InstrumentError> {
        // Before anybody has attached there is no log, and no reason to complain.
        self.call("reading the log", LOG, |owned| {
            owned.attached.as_mut().map_or(Ok(Vec::new()), Attached::log)
        })
        .await
    }

    async fn release(&mut self, output: OutputState) {
        if output == OutputState::Off {
            // A probe that does not answer is let go of all the same.
            let _gone = self
                .call("detaching", CORE, |owned| {
                    owned.attached = None;
                    Ok(())
                })
                .await;
        }
        self.jobs = None;
    }
}
