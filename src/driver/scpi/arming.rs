//! A record is armed: it is ready for its trigger when the samples before it are held.

use crate::instrument::RecordRequest;
use crate::quantity::{Dimension, engineering};

use super::Load;
use super::acquisition::Acquisition;
use super::dialect::{Dialect, Span, State};
use super::talk::Talk;
use super::trouble::Trouble;
use super::words::Edge;

/// What an instrument may take to be ready beyond twice the time before the trigger, ns.
const PATIENCE: u64 = 3_000_000_000;
/// Between two looks, ns.
const LOOK: u64 = 5_000_000;

impl Load {
    /// Arms a record and waits until it is ready for its trigger; one without a trigger is then begun at once.
    pub(super) async fn begin(&mut self, request: &RecordRequest) -> Result<(), Trouble> {
        self.acquisition = None;
        let edge = self.edge(request)?;
        let Some(dialect) = &self.dialect else { return Ok(()) };
        let (dialect, words) = (dialect.as_ref(), dialect.words());
        // Memory is shared by the inputs that are on, and channels may share an input.
        let used = |own: &&str| self.wired.iter().any(|wired| wired.uses(words, own));
        let inputs = words.inputs.into_iter().filter(used).count();
        let span =
            Span { before: request.before, after: request.after, sample_rate: self.spec.sample_rate, inputs };
        let mut commands = dialect.time(&span);
        commands.extend(words.trigger(&edge.0));
        self.talk.set(&commands).await?;
        for command in words.arm {
            self.talk.send(command).await?;
        }
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
            let (from, to) = self.talk.force(words.force).await?;
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
}

/// Waits until the samples before the trigger, s, are held: until then a trigger is not heeded. "Stopped" may still be told of
/// the record before.
async fn ready(talk: &mut Talk, dialect: &dyn Dialect, before: f64) -> Result<(), Trouble> {
    let begun = talk.now();
    let deadline = begun.saturating_add((2.0 * before * 1e9) as u64).saturating_add(PATIENCE);
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
