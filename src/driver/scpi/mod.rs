//! Oscilloscopes: one SCPI layer, and a dialect for each make.
//!
//! A record is armed before the scenario's first step, polled while it runs, and read when it is complete: by counted blocks, in
//! chunks, errors asked for after each. Codes stay the raw integers of the instrument.

mod acquisition;
mod arming;
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
mod trouble;
mod wiring;
mod words;

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
use trouble::Trouble;
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
    fn dialect(&self) -> Result<&dyn Dialect, Trouble> {
        self.dialect.as_deref().ok_or_else(|| Trouble::Other("nobody has asked what it is".to_owned()))
    }

    /// Maker, model, serial number and firmware, past whatever an old transfer still sends.
    async fn identity(&mut self) -> Result<[String; 4], Trouble> {
        let stale = self.talk.drain().await?;
        if stale > 0 {
            self.notes.push(format!("{stale} bytes of somebody else's transfer were thrown away"));
        }
        let mut last = Trouble::from(InstrumentFault::Timeout);
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
                    last = Trouble::Answer(format!("`*IDN?` answered `{text}`, which names no instrument"));
                }
                Err(trouble @ Trouble::Answer(_)) => last = trouble,
                Err(trouble) => return Err(trouble),
            }
            self.talk.drain().await?;
        }
        Err(last)
    }

    /// Bare answers, no errors of others, and nothing armed.
    async fn take_over(&mut self) -> Result<(), Trouble> {
        let Some(dialect) = &self.dialect else { return Ok(()) };
        let words = dialect.words();
        self.talk.errors = words.errors;
        self.talk.send("*CLS").await?;
        for command in words.hello {
            self.talk.send(command).await?;
        }
        // Before anything is waited for: what is still armed may be all that it waits for.
        if dialect.state(&mut self.talk).await? == State::Ready {
            self.notes.push("the oscilloscope was armed: somebody else's acquisition was stopped".to_owned());
        }
        self.talk.set(&[words.stop.to_owned()]).await
    }

    /// Sets up the inputs of the channels and switches the others off.
    async fn wire(&mut self, channels: &[StreamChannel]) -> Result<Vec<Calibration>, Trouble> {
        self.acquisition = None;
        let stated = &self.stated;
        let wired = channels.iter().map(|channel| {
            let stated = stated.iter().find(|stated| stated.name == channel.name);
            stated
                .and_then(|stated| Wired::new(stated, channel.range))
                .ok_or_else(|| Trouble::Other(format!("the rig file names no input for {}", channel.name)))
        });
        self.wired = wired.collect::<Result<_, _>>()?;
        wiring::share(&mut self.wired);
        let words = self.dialect()?.words();
        for input in self.wired.iter().flat_map(Wired::inputs) {
            if words.input(input).is_none() {
                let what = format!("it has no input `{input}`; it has {}", words.inputs.join(", "));
                return Err(Trouble::Other(what));
            }
        }
        let (mut on, mut off) = (vec![words.stop.to_owned()], Vec::new());
        for own in words.inputs {
            match self.wired.iter().find(|wired| wired.uses(words, own)) {
                Some(wired) => {
                    on.extend(words.channel(own, wired.full));
                    off.extend(words.plain(own));
                }
                None => off.extend(words.off(own)),
            }
        }
        self.talk.set(&on).await?;
        // Many have two inputs. One that is not there is off, whatever is said about the word, and what an input cannot be it is not;
        // the others are set by then, so that none is the last one that is on.
        match self.talk.set(&off).await {
            Ok(()) | Err(Trouble::Command(_)) => {}
            Err(trouble) => return Err(trouble),
        }
        let calibration =
            |wired: &Wired| wired.calibration(&provisional(wired.full), None, &words.data_sheet, 1.0).0;
        Ok(self.wired.iter().map(calibration).collect())
    }
}

#[async_trait]
impl crate::instrument::Load for Load {
    async fn identify(&mut self) -> Result<LoadIdentity, InstrumentError> {
        let doing = "identify";
        let [maker, model, serial, firmware] =
            self.identity().await.map_err(|trouble| trouble.error(doing))?;
        let Some(dialect) = dialect::of(&maker, &model) else {
            let what = format!(
                "it is a {} {}, no oscilloscope that is known here",
                talk::shown(&maker),
                talk::shown(&model)
            );
            return Err(Trouble::Other(what).error(doing));
        };
        let (clock_u, known) = (dialect.words().data_sheet.clock / 3_f64.sqrt(), dialect.words().name);
        self.dialect = Some(dialect);
        self.take_over().await.map_err(|trouble| trouble.error("take it over"))?;
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
            contacts: None,
        })
    }

    fn sampling(&mut self) -> Sampling<'_> {
        Sampling::Record(self)
    }

    async fn keepalive(&mut self) -> Result<(), InstrumentError> {
        self.watch().await.map_err(|trouble| trouble.error("watch its trigger"))
    }

    fn link(&self) -> LinkCounters {
        self.talk.counters()
    }
}

#[async_trait]
impl Record for Load {
    async fn set_up(&mut self, channels: &[StreamChannel]) -> Result<Vec<Calibration>, InstrumentError> {
        let mut wired = self.wire(channels).await;
        // With a link that is made anew the output can still be seen to be off.
        if let Err(trouble) = &wired
            && trouble.passes()
            && self.talk.recover().await.is_ok()
        {
            wired = self.wire(channels).await;
        }
        wired.map_err(|trouble| trouble.error("set its channels up"))
    }

    async fn arm(&mut self, request: &RecordRequest) -> Result<(), InstrumentError> {
        self.begin(request).await.map_err(|trouble| trouble.error("arm it"))
    }

    async fn read(&mut self, sink: &mut dyn BlockSink) -> Result<Reading, InstrumentError> {
        let reading = self.step(sink).await;
        reading.map_err(|trouble| {
            self.talk.lost();
            trouble.error("read its record")
        })
    }
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
