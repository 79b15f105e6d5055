//! One record from its trigger to its description: when it was triggered, and where it lies.

use crate::instrument::{InstrumentFault, Reading, RecordHead, RecordRequest};
use crate::signal::BlockSink;

use super::dialect::{Layout, State};
use super::transfer::Taken;
use super::trigger;
use super::trouble::Trouble;
use super::{Load, Wired};
use crate::driver::noise::scatter;

/// What an instrument may take beyond the length of the record, ns.
const PATIENCE: u64 = 10_000_000_000;

/// A record being taken.
pub(super) struct Acquisition {
    pub(super) request: RecordRequest,
    /// When it was ready for its trigger, ns.
    pub(super) at: u64,
    /// The last look at which it still waited, ns.
    pub(super) waited: u64,
    /// Between these two instants it was triggered, ns.
    pub(super) triggered: Option<(u64, u64)>,
    /// It was triggered by the host, not by a pulse.
    pub(super) forced: bool,
    pub(super) complete: bool,
    pub(super) taken: Option<Taken>,
}

impl Load {
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
            let forced = self.talk.force(dialect.words().force).await?;
            (acquisition.triggered, acquisition.forced) = (Some(forced), true);
        }
        let length = (2.5 * (acquisition.request.before + acquisition.request.after) * 1e9) as u64;
        let begun = acquisition.triggered.map_or(acquisition.at, |(_, to)| to);
        if !acquisition.complete && self.talk.now() > begun + length + PATIENCE {
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
        let mut trigger = -start;
        if let (Some(asked), false) = (request.trigger, forced) {
            let stated = (-start / period).round().max(0.0) as u64;
            let found = self.crossing(&taken, asked, stated, &first).await?;
            if found.abs_diff(stated) > trigger::SLACK {
                notes.push(format!(
                    "the record passes its trigger level at sample {found}, not at {stated} as its preamble says: the record is believed"
                ));
                trigger = found as f64 * period;
            }
        } else if let Some(asked) = request.trigger {
            let difference = self.wired.get(asked.channel).is_some_and(|wired| wired.minus.is_some());
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
            began: (middle - at as f64) * 1e-9 - trigger,
            began_u: half * 1e-9,
            trigger,
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
