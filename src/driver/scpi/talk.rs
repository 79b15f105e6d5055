//! Commands, queries and blocks over a byte stream.

use crate::instrument::{InstrumentFault, LinkCounters, Port};

use super::block::{Head, head};
use super::trouble::Trouble;

/// Patience with an ordinary answer, ns.
const ANSWER: u64 = 3_000_000_000;
/// Patience with the next bytes of a block, ns.
const NEXT: u64 = 3_000_000_000;
/// A stream that has been silent for so long has nothing left of an old transfer, ns.
const SILENCE: u64 = 100_000_000;
/// An instrument that keeps sending for so long is not going to stop, ns.
const FLOOD: u64 = 3_000_000_000;
/// The longest line that is an answer, bytes.
const LINE: usize = 4096;

/// Opens the port anew.
pub type Reopen = Box<dyn FnMut() -> Result<Box<dyn Port>, InstrumentFault> + Send>;

/// How an instrument says that it did not like a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Errors {
    /// `SYSTem:ERRor?`, until it answers 0.
    Queue,
    /// The standard event status register, where bits 2 to 5 are errors.
    Status,
}

/// The host's end of a SCPI instrument: one query at a time, blocks by their count, errors asked for after every exchange.
pub(super) struct Talk {
    port: Box<dyn Port>,
    reopen: Option<Reopen>,
    /// Bytes that have come and were not yet used.
    waiting: Vec<u8>,
    pub(super) errors: Errors,
    counters: LinkCounters,
}

impl Talk {
    pub(super) fn new(port: Box<dyn Port>, reopen: Option<Reopen>) -> Self {
        Self { port, reopen, waiting: Vec::new(), errors: Errors::Status, counters: LinkCounters::default() }
    }

    /// Triggers a record by word; returns the instants between which it was, ns.
    pub(super) async fn force(&mut self, word: &str) -> Result<(u64, u64), Trouble> {
        let from = self.now();
        self.send(word).await?;
        self.checked(word).await?;
        Ok((from, self.now()))
    }

    pub(super) fn now(&self) -> u64 {
        self.port.now()
    }

    pub(super) fn counters(&self) -> LinkCounters {
        self.counters
    }

    /// Sends a command and nothing else.
    pub(super) async fn send(&mut self, command: &str) -> Result<(), Trouble> {
        let line = format!("{command}\n");
        Ok(self.port.write_all(line.as_bytes()).await?)
    }

    /// Sends a query and reads one line.
    pub(super) async fn ask(&mut self, query: &str) -> Result<String, Trouble> {
        // Whatever is still waiting answered something else.
        self.waiting.clear();
        self.send(query).await?;
        self.line().await
    }

    /// As [`Talk::ask`], for an answer that is a number, with or without its unit.
    pub(super) async fn number(&mut self, query: &str) -> Result<f64, Trouble> {
        let answer = self.ask(query).await?;
        number(&answer).ok_or_else(|| Trouble::Answer(format!("`{query}` answered `{}`", shown(&answer))))
    }

    /// Sends commands one by one, waits until they are done, and asks whether they were understood.
    pub(super) async fn set(&mut self, commands: &[String]) -> Result<(), Trouble> {
        for command in commands {
            self.send(command).await?;
        }
        self.done().await?;
        self.checked(&commands.join("; ")).await
    }

    /// Waits until everything that was sent is done. Not to be asked while it acquires: to a Tektronix a single acquisition is an
    /// operation that is pending, so that it answers when that was triggered, and to nothing else before.
    pub(super) async fn done(&mut self) -> Result<(), Trouble> {
        match self.ask("*OPC?").await?.as_str() {
            "1" | "+1" => Ok(()),
            other => Err(Trouble::Answer(format!("`*OPC?` answered `{}`", shown(other)))),
        }
    }

    /// Asks for errors; the first one is the reason. It is answered behind whatever was sent before, also while it acquires.
    pub(super) async fn checked(&mut self, what: &str) -> Result<(), Trouble> {
        let mut first = None;
        match self.errors {
            // A queue holds some 30.
            Errors::Queue => {
                for _ in 0..32 {
                    let answer = self.ask(":SYST:ERR?").await?;
                    if number(answer.split(',').next().unwrap_or_default()) == Some(0.0) {
                        break;
                    }
                    first.get_or_insert(answer);
                }
            }
            Errors::Status => {
                let status = self.number("*ESR?").await? as u32;
                let bits =
                    [(4, "query error"), (8, "device error"), (16, "execution error"), (32, "command error")];
                first = bits.into_iter().find(|(bit, _)| status & bit != 0).map(|(_, name)| name.to_owned());
            }
        }
        match first {
            Some(error) => Err(Trouble::Command(format!("it answers {} to: {what}", shown(&error)))),
            None => Ok(()),
        }
    }

    /// Sends a query and reads the block of at most `most` bytes that answers it, by its count: its bytes may be anything, line
    /// feeds among them.
    pub(super) async fn block(&mut self, query: &str, most: u64) -> Result<Vec<u8>, Trouble> {
        self.waiting.clear();
        self.send(query).await?;
        let deadline = self.now().saturating_add(ANSWER);
        let (from, count) = loop {
            match head(&self.waiting) {
                Head::Block(from, count) => break (from, count),
                Head::More => self.fill(deadline).await?,
                Head::Indefinite => return Err(Trouble::Indefinite(query.to_owned())),
                Head::Not => {
                    let text = shown(&String::from_utf8_lossy(&self.waiting));
                    return Err(Trouble::Answer(format!("`{query}` answered `{text}`, which is no block")));
                }
            }
        };
        if count as u64 > most {
            let what = format!("`{query}` answered with {count} bytes, where {most} are the most");
            return Err(Trouble::Answer(what));
        }
        // Patience is with the next bytes, not with all of a deep memory.
        while self.waiting.len() < from + count {
            let deadline = self.now().saturating_add(NEXT);
            self.fill(deadline).await.map_err(|fault| match fault {
                Trouble::Port(InstrumentFault::Timeout) => Trouble::Short(format!(
                    "`{query}` promised {count} bytes and sent {}",
                    self.waiting.len().saturating_sub(from)
                )),
                other => other,
            })?;
        }
        let payload = self.waiting.get(from..from + count).unwrap_or_default().to_vec();
        self.waiting.drain(..from + count);
        // One or two line feeds follow; they may come later, and whatever is asked next skips them.
        Ok(payload)
    }

    /// Throws away what an old transfer still sends.
    ///
    /// # Errors
    /// [`Trouble::Flood`] when it does not stop, and what the port says.
    pub(super) async fn drain(&mut self) -> Result<u64, Trouble> {
        let end = self.now().saturating_add(FLOOD);
        let mut thrown = 0;
        loop {
            self.waiting.clear();
            let deadline = self.now().saturating_add(SILENCE);
            match self.fill(deadline).await {
                Ok(()) => thrown += self.waiting.len() as u64,
                Err(Trouble::Port(InstrumentFault::Timeout)) => return Ok(thrown),
                Err(fault) => return Err(fault),
            }
            if self.now() >= end {
                return Err(Trouble::Flood(thrown));
            }
        }
    }

    /// Lets time pass. Nobody was asked anything: what comes is thrown away, and one that never falls silent is told from one that
    /// does by the next question.
    pub(super) async fn rest(&mut self, nanoseconds: u64) -> Result<(), Trouble> {
        let end = self.now().saturating_add(nanoseconds);
        self.waiting.clear();
        Ok(self.port.pause(end).await?)
    }

    /// Abort, clear, and if that does not help open anew: afterwards the instrument answers again.
    ///
    /// # Errors
    /// What the last attempt met.
    pub(super) async fn recover(&mut self) -> Result<(), Trouble> {
        self.counters.retried += 1;
        let first = self.clear().await;
        let (Err(fault), Some(reopen)) = (&first, self.reopen.as_mut()) else { return first };
        self.port = reopen().map_err(|_| fault.clone())?;
        self.clear().await
    }

    async fn clear(&mut self) -> Result<(), Trouble> {
        self.drain().await?;
        self.send("*CLS").await?;
        // Not `*OPC?`: it may still be armed from before the link was lost, and then that has no answer.
        self.number("*ESR?").await.map(|_| ())
    }

    /// An exchange that was given up.
    pub(super) fn lost(&mut self) {
        self.counters.lost += 1;
    }

    /// A block that was shorter than what was asked for.
    pub(super) fn short(&mut self) {
        self.counters.rejected += 1;
    }

    async fn line(&mut self) -> Result<String, Trouble> {
        let deadline = self.now().saturating_add(ANSWER);
        loop {
            // What ended the block before this line is no line.
            let skipped = self.waiting.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
            self.waiting.drain(..skipped);
            if let Some(end) = self.waiting.iter().position(|byte| *byte == b'\n') {
                let line =
                    String::from_utf8_lossy(self.waiting.get(..end).unwrap_or_default()).trim().to_owned();
                self.waiting.drain(..=end);
                return Ok(line);
            }
            if self.waiting.len() > LINE {
                let text = shown(&String::from_utf8_lossy(&self.waiting));
                return Err(Trouble::Answer(format!("`{text}`, and no end of it")));
            }
            self.fill(deadline).await?;
        }
    }

    async fn fill(&mut self, deadline: u64) -> Result<(), Trouble> {
        let mut buffer = [0; 16_384];
        let count = self.port.read(&mut buffer, deadline).await?;
        self.waiting.extend_from_slice(buffer.get(..count).unwrap_or_default());
        Ok(())
    }
}

/// The number an answer begins with, with what stands behind it: `1.00GSa/s`, `7Mpts`, `+2.0E-3`, `5.00E-01V`.
pub(super) fn number(answer: &str) -> Option<f64> {
    let text = answer.trim().trim_start_matches('+');
    let plain = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+');
    let mut end = text.find(|c: char| !plain(c)).unwrap_or(text.len());
    if let Some(exponent) = text.get(end..).and_then(|rest| rest.strip_prefix(['e', 'E'])) {
        let digits = exponent
            .find(|c: char| !(c.is_ascii_digit() || matches!(c, '-' | '+')))
            .unwrap_or(exponent.len());
        end += if digits > 0 { 1 + digits } else { 0 };
    }
    let value: f64 = text.get(..end)?.parse().ok()?;
    let prefix = match text.get(end..).and_then(|rest| rest.chars().next()) {
        Some('G') => 1e9,
        Some('M') => 1e6,
        Some('k' | 'K') => 1e3,
        Some('m') => 1e-3,
        Some('u') => 1e-6,
        Some('n') => 1e-9,
        _ => 1.0,
    };
    Some(value * prefix).filter(|value| value.is_finite())
}

/// The beginning of an answer, for a person.
pub(super) fn shown(answer: &str) -> String {
    let clean = answer.chars().map(|c| if c.is_control() || c == '\u{fffd}' { '?' } else { c });
    clean.take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_with_and_without_units() {
        let cases = [
            ("1.00GSa/s", 1e9),
            ("7Mpts", 7e6),
            ("+2.000E-03", 2e-3),
            ("5.00E-01V", 0.5),
            ("1.00E+06Sa/s", 1e6),
            ("-3", -3.0),
            ("200us", 2e-4),
        ];
        for (text, value) in cases {
            let read = number(text).unwrap_or(f64::NAN);
            assert!((read / value - 1.0).abs() < 1e-12, "{text}: {read}");
        }
        assert!(["", "WAIT", "-", "1e999"].into_iter().all(|text| number(text).is_none()));
    }
}
