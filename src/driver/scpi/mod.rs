//! Oscilloscopes: one SCPI layer, and a dialect for each make.
//!
//! A record is armed before the scenario's first step, polled while it runs, and read when it is complete: by counted blocks, in
//! chunks, errors asked for after each. Codes stay the raw integers of the instrument.

mod acquisition;
mod block;
mod dialect;
mod keysight;
mod rigol;
mod siglent;
mod siglent_new;
mod talk;
mod tektronix;
mod transfer;
mod trigger;
mod wiring;

use async_trait::async_trait;

use crate::instrument::{
    InstrumentError, InstrumentFault, LinkCounters, LoadIdentity, Port, Reading, Record, RecordRequest,
    Sampling, StreamChannel,
};
use crate::rig::{Channel, RecordSpec};
use crate::signal::{BlockSink, Calibration};

use acquisition::Acquisition;
use dialect::{Dialect, Layout, State};
use talk::Talk;
use wiring::Wired;

pub use talk::Reopen;

/// An oscilloscope as a load.
pub struct Load {
    talk: Talk,
    dialect: Option<Box<dyn Dialect>>,
    stated: Vec<Channel>,
    spec: RecordSpec,
    wired: Vec<Wired>,
    acquisition: Option<Acquisition>,
    notes: Vec<String>,
}

/// What went wrong while `doing`, with what to try next.
fn failed(doing: &str, fault: InstrumentFault) -> InstrumentError {
    let next = match &fault {
        InstrumentFault::Timeout => "check that the oscilloscope is on and its remote control enabled",
        InstrumentFault::Disconnected => "connect the oscilloscope again",
        InstrumentFault::Refused(_) => "compare the rig file with the instrument that is connected",
        _ => "let nothing else talk to the oscilloscope, and switch it off and on if it stays so",
    };
    InstrumentError {
        device: "oscilloscope".to_owned(),
        doing: doing.to_owned(),
        fault,
        next: next.to_owned(),
    }
}

impl Load {
    /// An oscilloscope behind a port; `reopen` opens that port anew where it can be.
    pub fn new(port: Box<dyn Port>, reopen: Option<Reopen>, channels: &[Channel], spec: RecordSpec) -> Self {
        Self {
            talk: Talk::new(port, reopen),
            dialect: None,
            stated: channels.to_vec(),
            spec,
            wired: Vec::new(),
            acquisition: None,
            notes: Vec::new(),
        }
    }

    /// The dialect, once the instrument has said who it is.
    fn parts(&mut self, doing: &str) -> Result<(&mut Talk, &dyn Dialect), InstrumentError> {
        match &self.dialect {
            Some(dialect) => Ok((&mut self.talk, dialect.as_ref())),
            None => Err(failed(doing, InstrumentFault::Protocol("nobody has asked what it is".to_owned()))),
        }
    }

    /// Maker, model, serial number and firmware, past whatever an old transfer still sends.
    async fn identity(&mut self) -> Result<[String; 4], InstrumentFault> {
        let stale = self.talk.drain().await?;
        if stale > 0 {
            self.notes.push(format!("{stale} bytes of somebody else's transfer were thrown away"));
        }
        let mut last = InstrumentFault::Timeout;
        for _ in 0..2 {
            match self.talk.ask("*IDN?").await {
                Ok(answer) => {
                    let mut parts = answer.splitn(4, ',').map(|part| part.trim().to_owned());
                    if let (Some(a), Some(b), Some(c), Some(d)) =
                        (parts.next(), parts.next(), parts.next(), parts.next())
                    {
                        return Ok([a, b, c, d]);
                    }
                    let text = talk::shown(&answer);
                    last = InstrumentFault::Protocol(format!(
                        "`*IDN?` answered `{text}`, which names no instrument"
                    ));
                }
                Err(fault @ InstrumentFault::Protocol(_)) => last = fault,
                Err(fault) => return Err(fault),
            }
            self.talk.drain().await?;
        }
        Err(last)
    }

    /// Bare answers, no errors of others, and nothing armed.
    async fn take_over(&mut self) -> Result<(), InstrumentFault> {
        let Some(dialect) = &self.dialect else { return Ok(()) };
        self.talk.errors = dialect.errors();
        self.talk.send("*CLS").await?;
        for command in dialect.hello() {
            self.talk.send(command).await?;
        }
        self.talk.done().await?;
        if dialect.state(&mut self.talk).await? == State::Waiting {
            self.notes.push("the oscilloscope was armed: somebody else's acquisition was stopped".to_owned());
        }
        self.talk.set(&[dialect.stop().to_owned()]).await
    }
}

#[async_trait]
impl crate::instrument::Load for Load {
    async fn identify(&mut self) -> Result<LoadIdentity, InstrumentError> {
        let doing = "identify";
        let [maker, model, serial, firmware] = self.identity().await.map_err(|fault| failed(doing, fault))?;
        let Some(dialect) = dialect::of(&maker, &model) else {
            let what = format!(
                "it is a {} {}, no oscilloscope that is known here",
                talk::shown(&maker),
                talk::shown(&model)
            );
            return Err(failed(doing, InstrumentFault::Refused(what)));
        };
        let (clock_u, known) = (dialect.data_sheet().clock / 3_f64.sqrt(), dialect.name());
        self.dialect = Some(dialect);
        self.take_over().await.map_err(|fault| failed("take it over", fault))?;
        Ok(LoadIdentity {
            model: format!("{maker} {model} ({known})"),
            uid: serial,
            firmware,
            calibration: "as stated in the rig file and the data sheet".to_owned(),
            sample_rate: self.spec.sample_rate,
            clock_u,
            filter: (0, 0.0),
            slow_rate: 0.0,
            slow_filter: (0, 0.0),
        })
    }

    fn sampling(&mut self) -> Sampling<'_> {
        Sampling::Record(self)
    }

    async fn keepalive(&mut self) -> Result<(), InstrumentError> {
        self.watch().await.map_err(|fault| failed("watch its trigger", fault))
    }

    fn link(&self) -> LinkCounters {
        self.talk.counters()
    }
}

#[async_trait]
impl Record for Load {
    async fn set_up(&mut self, channels: &[StreamChannel]) -> Result<Vec<Calibration>, InstrumentError> {
        let doing = "set its channels up";
        self.acquisition = None;
        let stated = &self.stated;
        let wired = channels.iter().map(|channel| {
            let stated = stated.iter().find(|stated| stated.name == channel.name);
            stated.and_then(|stated| Wired::new(stated, channel.range)).ok_or_else(|| {
                let what = format!("the rig file names no input for {}", channel.name);
                failed(doing, InstrumentFault::Refused(what))
            })
        });
        self.wired = wired.collect::<Result<_, _>>()?;
        wiring::share(&mut self.wired);
        let wired = self.wired.clone();
        let (talk, dialect) = self.parts(doing)?;
        let mut commands = vec![dialect.stop().to_owned()];
        for input in wired.iter().flat_map(Wired::inputs) {
            if !dialect.inputs().iter().any(|known| same(known, input)) {
                let what = format!("it has no input `{input}`; it has {}", dialect.inputs().join(", "));
                return Err(failed(doing, InstrumentFault::Refused(what)));
            }
        }
        let used = |known: &str| wired.iter().find(|wired| wired.inputs().any(|input| same(known, input)));
        for known in dialect.inputs() {
            match used(known) {
                Some(wired) => commands.extend(dialect.channel(known, wired.full)),
                None => commands.push(dialect.off(known)),
            }
        }
        talk.set(&commands).await.map_err(|fault| failed(doing, fault))?;
        let sheet = dialect.data_sheet();
        Ok(wired
            .iter()
            .map(|wired| wired.calibration(&provisional(wired.full), None, &sheet, 1.0).0)
            .collect())
    }

    async fn arm(&mut self, request: &RecordRequest) -> Result<(), InstrumentError> {
        self.begin(request).await.map_err(|fault| failed("arm it", fault))
    }

    async fn read(&mut self, sink: &mut dyn BlockSink) -> Result<Reading, InstrumentError> {
        let reading = self.step(sink).await;
        reading.map_err(|fault| {
            self.talk.lost();
            failed("read its record", fault)
        })
    }
}

/// `CH1`, `CHAN1` and `C1` are one input.
fn same(a: &str, b: &str) -> bool {
    let number = |name: &str| {
        name.to_ascii_uppercase()
            .strip_prefix('C')
            .map(|rest| rest.trim_start_matches(|c: char| !c.is_ascii_digit()).to_owned())
    };
    matches!((number(a), number(b)), (Some(a), Some(b)) if a == b && !a.is_empty())
}

/// Eight bits over the screen, until the instrument describes its record.
fn provisional(full: f64) -> Layout {
    Layout {
        points: 0,
        period: 0.0,
        start: 0.0,
        lsb: full / 100.0,
        zero: 0.0,
        coding: dialect::Coding::I8,
        rails: (-128, 127),
        step: 1.0,
    }
}
