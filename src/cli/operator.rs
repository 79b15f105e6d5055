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
}

#[async_trait::async_trait]
impl Operator for Terminal {
    fn tell(&self, text: &str) {
        // With nobody to read it, the load still sees what happens.
        let _ = writeln!(std::io::stderr(), "\n>>> {text}");
    }

    async fn confirm(&self, text: &str) -> bool {
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
