//! One record from its arming to its description: when it was triggered, and where it lies.

use crate::instrument::{InstrumentFault, Reading, RecordHead, RecordRequest};
use crate::quantity::{Dimension, engineering};
use crate::signal::BlockSink;

use super::dialect::{Dialect, Layout, Span, State};
use super::talk::Talk;
use super::transfer::Taken;
use super::trigger;
use super::trouble::Trouble;
use super::words::Edge;
use super::{Load, Wired};
use crate::driver::noise::scatter;

/// What an instrument may take beyond the length of what it records, ns: to be ready, and to be done.
const PATIENCE: (u64, u64) = (3_000_000_000, 10_000_000_000);
/// Between two looks while the record is armed for the host, ns.
const LOOK: u64 = 5_000_000;

/// A record being taken.
pub(super) struct Acquisition {
    request: RecordRequest,
    /// When it was ready for its trigger, ns.
    at: u64,
    /// The last look at which it still waited, ns.
    waited: u64,
    /// Between these two instants it was triggered, ns.
    triggered: Option<(u64, u64)>,
    /// It was triggered by the host, not by a pulse.
    forced: bool,
    complete: bool,
    pub(super) taken: Option<Taken>,
}

/// Waits until the samples before the trigger, s, are held: until then a trigger is not heeded. "Stopped" may still be told of
/// the record before.
async fn ready(talk: &mut Talk, dialect: &dyn Dialect, before: f64) -> Result<(), Trouble> {
    let begun = talk.now();
    let deadline = begun.saturating_add((2.0 * before * 1e9) as u64).saturating_add(PATIENCE.0);
    let mut early = false;
    loop {
        let state = dialect.armed(talk).await?;
        early |= state == State::Triggered;
        match state {
            State::Ready => return Ok(()),
            State::Stopped if early => return Err(Trouble::Early),
            _ if talk.now() < deadline => talk.rest(LOOK).await?,
            _ if early => return Err(Trouble::Early),
            _ => {
                let time = |seconds| engineering(seconds, Dimension::Time, 3);
                let took = (talk.now() - begun) as f64 * 1e-9;
                return Err(Trouble::NotReady(format!(
                    "{} after it was armed for {} before its trigger, it {}",
                    time(took),
                    time(before),
                    if state == State::Stopped { "has stopped" } else { "does not wait for one yet" }
                )));
            }
        }
    }
}

impl Load {
    /// Arms a record and waits until it is ready for its trigger; one without a trigger is then begun at once.
    pub(super) async fn begin(&mut self, request: &RecordRequest) -> Result<(), Trouble> {
        self.acquisition = None;
        let edge = self.edge(request)?;
        let inputs: usize = self.wired.iter().map(|wired| wired.inputs().count()).sum();
        let span =
            Span { before: request.before, after: request.after, sample_rate: self.spec.sample_rate, inputs };
        let Some(dialect) = &self.dialect else { return Ok(()) };
        let (dialect, words) = (dialect.as_ref(), dialect.words());
        let mut commands = dialect.time(&span);
        commands.extend(words.trigger(&edge.0));
        self.talk.set(&commands).await?;
        for command in words.arm {
            self.talk.send(command).await?;
        }
        self.talk.done().await?;
        self.talk.checked("arm").await?;
        ready(&mut self.talk, dialect, request.before).await?;
        let now = self.talk.now();
        let mut acquisition = Acquisition {
            request: *request,
            at: now,
            waited: now,
            triggered: None,
            forced: edge.1,
            complete: false,
            taken: None,
        };
        if edge.1 {
            let (from, to) = force(&mut self.talk, words.force).await?;
            (acquisition.triggered, acquisition.at) = (Some((from, to)), to);
        }
        self.acquisition = Some(acquisition);
        Ok(())
    }

    /// What triggers a record, and whether only the host can: a level that no signal reaches. A difference has no input that
    /// one could trigger on.
    fn edge(&self, request: &RecordRequest) -> Result<(Edge, bool), Trouble> {
        let words = self.dialect()?.words();
        let asked = request.trigger.and_then(|trigger| {
            let wired = self.wired.get(trigger.channel).filter(|wired| wired.minus.is_none())?;
            let level = trigger.level / wired.stated.factor();
            Some(Edge { input: words.input(&wired.plus)?, level, rising: level > 0.0 })
        });
        if let Some(edge) = asked {
            return Ok((edge, false));
        }
        let first = self.wired.first();
        let input = first.and_then(|wired| words.input(&wired.plus)).unwrap_or(words.inputs[0]);
        let level = first.map_or(1.0, |wired| 0.99 * wired.full);
        Ok((Edge { input, level, rising: true }, true))
    }

    /// Looks whether the trigger has come.
    pub(super) async fn watch(&mut self) -> Result<(), Trouble> {
        let (Some(acquisition), Some(dialect)) = (&mut self.acquisition, &self.dialect) else {
            return Ok(());
        };
        if acquisition.complete || acquisition.taken.is_some() {
            return Ok(());
        }
        let asked = self.talk.now();
        let state = dialect.state(&mut self.talk).await?;
        match state {
            State::Ready => acquisition.waited = asked,
            State::Filling => {}
            State::Triggered | State::Stopped => {
                acquisition.triggered.get_or_insert((acquisition.waited, self.talk.now()));
                acquisition.complete = state == State::Stopped;
            }
        }
        Ok(())
    }

    /// One step of reading.
    pub(super) async fn step(&mut self, sink: &mut dyn BlockSink) -> Result<Reading, Trouble> {
        let Some(acquisition) = &self.acquisition else {
            return Err(Trouble::Record("no record was armed".to_owned()));
        };
        if acquisition.taken.is_some() {
            return self.next_part(sink).await;
        }
        if !acquisition.complete {
            return self.wait().await;
        }
        let (head, taken) = self.describe().await?;
        if let Some(acquisition) = &mut self.acquisition {
            acquisition.taken = Some(taken);
        }
        Ok(Reading::Head(head))
    }

    async fn wait(&mut self) -> Result<Reading, Trouble> {
        self.watch().await?;
        let (Some(acquisition), Some(dialect)) = (&mut self.acquisition, &self.dialect) else {
            return Ok(Reading::Waiting);
        };
        // Who reads is done with the steps: a pulse that has not come yet will not come.
        if acquisition.triggered.is_none() {
            let forced = force(&mut self.talk, dialect.words().force).await?;
            (acquisition.triggered, acquisition.forced) = (Some(forced), true);
        }
        let length = (2.5 * (acquisition.request.before + acquisition.request.after) * 1e9) as u64;
        let begun = acquisition.triggered.map_or(acquisition.at, |(_, to)| to);
        if !acquisition.complete && self.talk.now() > begun + length + PATIENCE.1 {
            return Err(InstrumentFault::Timeout.into());
        }
        Ok(Reading::Waiting)
    }

    /// What the complete record was taken with, and its first chunk.
    async fn describe(&mut self) -> Result<(RecordHead, Taken), Trouble> {
        let mut taken = self.layouts().await?;
        let first = self.fetch_all(&taken, 0, taken.chunk).await?;
        let (Some(acquisition), Some(dialect)) = (&self.acquisition, &self.dialect) else {
            return Err(Trouble::Record("no record was armed".to_owned()));
        };
        let mut notes = std::mem::take(&mut self.notes);
        let sheet = dialect.words().data_sheet;
        let mut calibrations = Vec::new();
        for (wired, codes) in self.wired.iter().zip(&first) {
            let Some(plus) = taken.of_name(&wired.plus) else { continue };
            let minus = wired.minus.as_deref().and_then(|minus| taken.of_name(minus));
            if minus.is_some_and(|minus| (minus.lsb / plus.lsb - 1.0).abs() > 1e-6) {
                let what = format!("the two inputs of {} are on different scales", wired.stated.name);
                return Err(Trouble::Record(what));
            }
            let (calibration, missing) = wired.calibration(&plus, minus.as_ref(), &sheet, scatter(codes));
            calibrations.push(calibration);
            notes.extend(missing.filter(|missing| !notes.contains(missing)));
        }
        let (period, start) = (taken.period, taken.start);
        if period * self.spec.sample_rate > 1.01 {
            notes
                .push(format!("taken at {:.4e} samples a second, fewer than were asked for", period.recip()));
        }
        let (from, to) = acquisition.triggered.unwrap_or((acquisition.at, acquisition.at));
        let (request, forced, at) = (acquisition.request, acquisition.forced, acquisition.at);
        let (middle, half) = (0.5 * (from as f64 + to as f64), 0.5 * to.saturating_sub(from) as f64);
        let mut began = (middle - at as f64) * 1e-9 + start;
        if let (Some(asked), false) = (request.trigger, forced) {
            let stated = (-start / period).round().max(0.0) as u64;
            let found = self.crossing(&taken, asked, stated, &first).await?;
            if found.abs_diff(stated) > trigger::SLACK {
                notes.push(format!(
                    "the record passes its trigger level at sample {found}, not at {stated} as its preamble says: the record is believed"
                ));
                began = (middle - at as f64) * 1e-9 - found as f64 * period;
            }
        } else if let Some(trigger) = request.trigger {
            let difference = self.wired.get(trigger.channel).is_some_and(|wired| wired.minus.is_some());
            notes.push(if difference {
                "a difference of two inputs cannot trigger: the record was begun by the host".to_owned()
            } else {
                "no pulse reached the trigger level: the record was begun by the host".to_owned()
            });
        }
        let head = RecordHead {
            sample_rate: period.recip(),
            samples: taken.points,
            calibrations,
            began,
            began_u: half * 1e-9,
            forced,
            notes,
        };
        taken.kept = Some(first);
        Ok((head, taken))
    }

    /// Every input that is used, described; they must agree.
    async fn layouts(&mut self) -> Result<Taken, Trouble> {
        let inputs: Vec<String> = self.wired.iter().flat_map(Wired::inputs).cloned().collect();
        let Some(dialect) = &self.dialect else {
            return Err(Trouble::Record("no record was armed".to_owned()));
        };
        let words = dialect.words();
        let mut described: Vec<(String, &'static str, Layout)> = Vec::new();
        for input in inputs {
            let Some(own) = words.input(&input) else { continue };
            if described.iter().any(|(known, ..)| *known == input) {
                continue;
            }
            let layout = dialect.layout(&mut self.talk, own).await?;
            self.talk.checked("describe the record").await?;
            described.push((input, own, layout));
        }
        Taken::of(described, words.chunk)
    }
}

/// Triggers a record by word; returns the instants between which it was, ns.
async fn force(talk: &mut Talk, word: &str) -> Result<(u64, u64), Trouble> {
    let from = talk.now();
    talk.send(word).await?;
    talk.done().await?;
    Ok((from, talk.now()))
}
