//! The person at the terminal, where a stimulator is driven by hand.

use std::io::{BufRead, IsTerminal, Write};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::instrument::Operator;
use crate::rig::{Driver, Rig};
use crate::run::Interrupt;

/// Somebody who reads standard error and presses Enter on standard input.
pub(super) struct Terminal {
    lines: Mutex<Receiver<String>>,
    interrupt: Interrupt,
}

impl Terminal {
    /// Listens to standard input from now on, on a thread of its own: a read of it cannot be given up.
    pub(super) fn new(interrupt: Interrupt) -> std::io::Result<Self> {
        let (sender, lines) = channel();
        std::thread::Builder::new().name("operator".to_owned()).spawn(move || {
            for line in std::io::stdin().lock().lines() {
                let Ok(line) = line else { return };
                if sender.send(line).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { lines: Mutex::new(lines), interrupt })
    }

    /// Forgets what was typed so far: it answers no question that is still to be put.
    fn forget(&self) {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        while lines.try_recv().is_ok() {}
    }
}

#[async_trait::async_trait]
impl Operator for Terminal {
    fn tell(&self, text: &str) {
        // With nobody to read it, the load still sees what happens.
        let _ = writeln!(std::io::stderr(), "\n>>> {text}");
    }

    async fn confirm(&self, text: &str) -> bool {
        // Before it is told: whoever answers at once is heard.
        self.forget();
        self.tell(text);
        loop {
            if self.interrupt.cause().is_some() {
                return false;
            }
            let line = self.lines.lock().unwrap_or_else(PoisonError::into_inner).try_recv();
            match line {
                Ok(_) => return true,
                Err(std::sync::mpsc::TryRecvError::Disconnected) => return false,
                Err(std::sync::mpsc::TryRecvError::Empty) => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }
}

/// The person at the terminal, where the stimulator is driven by hand and somebody is named.
///
/// # Errors
/// When nobody can listen to the terminal.
pub(super) fn person(
    rig: &Rig,
    operator: Option<&str>,
    interrupt: &Interrupt,
) -> std::io::Result<Option<Arc<dyn Operator>>> {
    if rig.stimulator != Driver::Manual || missing(rig, operator).is_some() {
        return Ok(None);
    }
    let terminal = Terminal::new(interrupt.clone())?;
    Ok(Some(Arc::new(terminal)))
}

/// Who is asked where no operator is named: whoever sits at the terminal.
pub(super) fn whoever(named: Option<&str>) -> String {
    let user = || std::env::var("USER").unwrap_or_else(|_| "unnamed".to_owned());
    named.map_or_else(user, str::to_owned)
}

/// Why a rig whose stimulator is driven by hand cannot be run here; `None` when it can.
pub(super) fn missing(rig: &Rig, operator: Option<&str>) -> Option<String> {
    if rig.stimulator != Driver::Manual {
        return None;
    }
    let continuous = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
    let why = if continuous {
        "the environment says `CI`"
    } else if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        "there is no terminal"
    } else if operator.is_none() {
        "nobody is named"
    } else {
        return None;
    };
    Some(format!(
        "the stimulator of rig `{}` is driven by hand, and {why}: run it at a terminal with --operator NAME",
        rig.name
    ))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::Sender;

    use super::*;

    /// A terminal at which the test types.
    fn terminal() -> (Sender<String>, Terminal, Interrupt) {
        let ((typed, lines), interrupt) = (channel(), Interrupt::default());
        (typed, Terminal { lines: Mutex::new(lines), interrupt: interrupt.clone() }, interrupt)
    }

    /// What is answered to a question, and whether that came after `meanwhile`, which happens while it is put.
    fn asked(terminal: &Terminal, meanwhile: impl FnOnce()) -> (bool, bool) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let happened = std::cell::Cell::new(false);
        let question = async {
            let answer = terminal.confirm("press Enter when it is set").await;
            (answer, happened.get())
        };
        let other = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            happened.set(true);
            meanwhile();
        };
        runtime.block_on(async { tokio::join!(question, other) }).0
    }

    #[test]
    fn an_enter_that_was_typed_before_a_question_does_not_answer_it() {
        let (typed, terminal, interrupt) = terminal();
        let enter = || typed.send(String::new()).unwrap();
        // Twice at the case before.
        enter();
        enter();
        assert_eq!(asked(&terminal, enter), (true, true), "answered by what was typed before");
        // Nobody answers the next one, and the run is ended.
        enter();
        let ended = || interrupt.raise(crate::run::Cause::Interrupt);
        assert_eq!(asked(&terminal, ended), (false, true), "nobody said that it is set");
    }

    #[test]
    fn a_terminal_that_was_closed_answers_nothing() {
        let (typed, terminal, _) = terminal();
        typed.send(String::new()).unwrap();
        drop(typed);
        assert!(!asked(&terminal, || ()).0);
    }
}
