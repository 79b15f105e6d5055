//! One record from its arming to its description: when it was triggered, and where it lies.

use crate::instrument::{InstrumentFault, Reading, RecordHead, RecordRequest};
use crate::signal::BlockSink;

use super::dialect::{Edge, Layout, Span, State};
use super::transfer::Taken;
use super::trigger;
use super::{Load, Wired, same};
use crate::driver::noise::scatter;

/// A state of "stopped" may be from before the record was armed: it counts once another was seen, or after this, ns.
const BEGINS: u64 = 100_000_000;
/// What an instrument may take beyond the length of the record, ns.
const PATIENCE: u64 = 10_000_000_000;
/// Between two looks while the record is armed for the host, ns.
const LOOK: u64 = 10_000_000;

/// A record being taken.
pub(super) struct Acquisition {
    request: RecordRequest,
    /// When `arm` returned, ns.
    at: u64,
    /// The last look at which it still waited, ns.
    waited: u64,
    /// Something else than "stopped" was seen.
    begun: bool,
    /// Between these two instants it was triggered, ns.
    triggered: Option<(u64, u64)>,
    /// It was triggered by the host, not by a pulse.
    forced: bool,
    complete: bool,
    pub(super) taken: Option<Taken>,
}

impl Load {
    /// Arms a record; one without a trigger is begun at once.
    pub(super) async fn begin(&mut self, request: &RecordRequest) -> Result<(), InstrumentFault> {
        self.acquisition = None;
        let inputs: usize = self.wired.iter().map(|wired| wired.inputs().count()).sum();
        let span =
            Span { before: request.before, after: request.after, sample_rate: self.spec.sample_rate, inputs };
        // A difference has no input that one could trigger on.
        let edge = request.trigger.and_then(|trigger| {
            let wired = self.wired.get(trigger.channel).filter(|wired| wired.minus.is_none())?;
            let level = trigger.level / wired.stated.factor();
            Some(Edge { input: wired.plus.clone(), level, rising: level > 0.0 })
        });
        let Some(dialect) = &self.dialect else { return Ok(()) };
        let edge = edge.map(|edge| {
            let input = dialect.inputs().iter().find(|known| same(known, &edge.input));
            Edge { input: input.map_or(edge.input, |input| (*input).to_owned()), ..edge }
        });
        let mut commands = dialect.time(&span);
        let first = self.wired.first().map_or_else(String::new, |wired| wired.plus.clone());
        // Without an edge nothing but the host may trigger: a level that no signal reaches.
        let far = self.wired.first().map_or(1.0, |wired| 0.99 * wired.full);
        let never = || Edge {
            input: dialect
                .inputs()
                .iter()
                .find(|known| same(known, &first))
                .map_or(first.clone(), |known| (*known).to_owned()),
            level: far,
            rising: true,
        };
        commands.extend(dialect.trigger(&edge.clone().unwrap_or_else(never)));
        self.talk.set(&commands).await?;
        for command in dialect.arm() {
            self.talk.send(command).await?;
        }
        self.talk.done().await?;
        let now = self.talk.now();
        let mut acquisition = Acquisition {
            request: *request,
            at: now,
            waited: now,
            begun: false,
            triggered: None,
            forced: false,
            complete: false,
            taken: None,
        };
        if edge.is_none() {
            // A trigger is heard once what lies before it has been recorded.
            self.talk.rest((request.before * 1e9) as u64 + LOOK).await?;
            let from = self.talk.now();
            self.talk.send(dialect.force()).await?;
            self.talk.done().await?;
            let to = self.talk.now();
            (acquisition.triggered, acquisition.forced, acquisition.at) = (Some((from, to)), true, to);
        }
        self.talk.checked("arm").await?;
        self.acquisition = Some(acquisition);
        Ok(())
    }

    /// Looks whether the trigger has come.
    pub(super) async fn watch(&mut self) -> Result<(), InstrumentFault> {
        let (Some(acquisition), Some(dialect)) = (&mut self.acquisition, &self.dialect) else {
            return Ok(());
        };
        if acquisition.complete || acquisition.taken.is_some() {
            return Ok(());
        }
        let asked = self.talk.now();
        let state = dialect.state(&mut self.talk).await?;
        let now = self.talk.now();
        match state {
            State::Waiting => (acquisition.begun, acquisition.waited) = (true, asked),
            State::Running | State::Stopped => {
                let fresh = acquisition.begun || now.saturating_sub(acquisition.at) >= BEGINS;
                if state == State::Running || fresh {
                    acquisition.triggered.get_or_insert((acquisition.waited, now));
                }
                acquisition.begun |= state == State::Running;
                acquisition.complete = state == State::Stopped && fresh;
            }
        }
        Ok(())
    }

    /// One step of reading.
    pub(super) async fn step(&mut self, sink: &mut dyn BlockSink) -> Result<Reading, InstrumentFault> {
        let Some(acquisition) = &self.acquisition else {
            return Err(InstrumentFault::Protocol("no record was armed".to_owned()));
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

    async fn wait(&mut self) -> Result<Reading, InstrumentFault> {
        self.watch().await?;
        let (Some(acquisition), Some(dialect)) = (&mut self.acquisition, &self.dialect) else {
            return Ok(Reading::Waiting);
        };
        // Who reads is done with the steps: a pulse that has not come yet will not come.
        if acquisition.triggered.is_none() && acquisition.begun {
            let from = self.talk.now();
            self.talk.send(dialect.force()).await?;
            self.talk.done().await?;
            (acquisition.triggered, acquisition.forced) = (Some((from, self.talk.now())), true);
        }
        let length = (2.5 * (acquisition.request.before + acquisition.request.after) * 1e9) as u64;
        let begun = acquisition.triggered.map_or(acquisition.at, |(_, to)| to);
        if !acquisition.complete && self.talk.now() > begun + length + PATIENCE {
            return Err(InstrumentFault::Timeout);
        }
        Ok(Reading::Waiting)
    }

    /// What the complete record was taken with, and its first chunk.
    async fn describe(&mut self) -> Result<(RecordHead, Taken), InstrumentFault> {
        let mut taken = self.layouts().await?;
        let first = self.fetch_all(&taken, 0, taken.chunk).await?;
        let (Some(acquisition), Some(dialect)) = (&self.acquisition, &self.dialect) else {
            return Err(InstrumentFault::Protocol("no record was armed".to_owned()));
        };
        let mut notes = std::mem::take(&mut self.notes);
        let sheet = dialect.data_sheet();
        let mut calibrations = Vec::new();
        for (wired, codes) in self.wired.iter().zip(&first) {
            let Some(plus) = taken.of_name(&wired.plus) else { continue };
            let minus = wired.minus.as_deref().and_then(|minus| taken.of_name(minus));
            if minus.is_some_and(|minus| (minus.lsb / plus.lsb - 1.0).abs() > 1e-6) {
                let what = format!("the two inputs of {} are on different scales", wired.stated.name);
                return Err(InstrumentFault::Protocol(what));
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
        } else if request.trigger.is_some() {
            notes.push("no pulse reached the trigger level: the record was begun by the host".to_owned());
        }
        let head = RecordHead {
            sample_rate: period.recip(),
            samples: taken.points,
            calibrations,
            began,
            began_u: half * 1e-9,
            notes,
        };
        taken.kept = Some(first);
        Ok((head, taken))
    }

    /// Every input that is used, described; they must agree.
    async fn layouts(&mut self) -> Result<Taken, InstrumentFault> {
        let inputs: Vec<String> = self.wired.iter().flat_map(Wired::inputs).cloned().collect();
        let Some(dialect) = &self.dialect else {
            return Err(InstrumentFault::Protocol("nobody has asked what it is".to_owned()));
        };
        let mut described: Vec<(String, String, Layout)> = Vec::new();
        for input in inputs {
            if described.iter().any(|(known, ..)| *known == input) {
                continue;
            }
            let own = dialect.inputs().iter().find(|known| same(known, &input));
            let own = own.map_or_else(|| input.clone(), |own| (*own).to_owned());
            let layout = dialect.layout(&mut self.talk, &own).await?;
            self.talk.checked("describe the record").await?;
            described.push((input, own, layout));
        }
        Taken::of(described, dialect.chunk())
    }
}
