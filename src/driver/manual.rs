//! A stimulator without any link: a person sets it and switches it, and the load sees whether they did.

use std::sync::Arc;

use async_trait::async_trait;

use crate::instrument::{
    Applied, InstrumentError, InstrumentFault, Mirror, Operator, Port, StimulatorIdentity,
};
use crate::quantity::{Dimension, engineering};
use crate::rig::Protocol;
use crate::signal::{Law, Program, Recovery, Run, Waveform};

use super::device::{Device, impossible, within};

const BY_HAND: Device =
    Device { name: "stimulator", refused: "run it again when the person at the bench is ready" };

/// A stimulator that is driven by hand.
pub struct Stimulator {
    operator: Arc<dyn Operator>,
    protocol: Protocol,
    cap: f64,
    /// The simulated output stage that the operator's answers switch, on a bench without hardware.
    mirror: Option<Box<dyn Port>>,
    told: Told,
}

/// What the operator has been told of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// To leave it off, or nothing yet.
    Nothing,
    On,
    /// To switch it off; whether they did, only the load sees.
    Off,
}

impl Stimulator {
    /// A stimulator that `operator` sets, in the steps that the rig file states.
    pub fn new(
        operator: Arc<dyn Operator>,
        protocol: Protocol,
        cap: f64,
        mirror: Option<Box<dyn Port>>,
    ) -> Self {
        Self { operator, protocol, cap, mirror, told: Told::Nothing }
    }

    /// On a bench without hardware, an answer is what switches the output: a real one is seen by the load.
    async fn switched(&mut self, text: &str, what: Mirror, doing: &str) -> Result<(), InstrumentError> {
        let Some(port) = &mut self.mirror else {
            self.operator.tell(text);
            return Ok(());
        };
        if !self.operator.confirm(&format!("{text} (rehearsal: then press Enter)")).await {
            // Who leaves a rehearsal leaves it switched off.
            port.write_all(&Mirror::Stop.line()).await.map_err(|fault| BY_HAND.failed(doing, fault))?;
            return if what == Mirror::Stop { Ok(()) } else { Err(gave_up(doing)) };
        }
        port.write_all(&what.line()).await.map_err(|fault| BY_HAND.failed(doing, fault))
    }
}

fn gave_up(doing: &str) -> InstrumentError {
    BY_HAND.failed(doing, InstrumentFault::Refused("the person at the bench ended the run".to_owned()))
}

/// What is to be set, line by line.
fn instructions(program: &Program) -> String {
    let current = |value| engineering(value, Dimension::Current, 4);
    let time = |value| engineering(value, Dimension::Time, 4);
    let mut lines = vec![
        format!("  {} pulses, {} phase first", program.waveform.name(), program.leading.name()),
        format!("  amplitude {}, width {}", current(program.amplitude), time(program.width)),
        format!("  rate {}", engineering(program.rate, Dimension::Frequency, 4)),
    ];
    if program.gap > 0.0 {
        lines.push(format!("  gap between the phases {}", time(program.gap)));
    }
    lines.push(match program.recovery {
        Recovery::Mirrored => "  second phase of the same amplitude and width".to_owned(),
        Recovery::Ratio(ratio) => {
            format!("  second phase 1/{ratio} of the amplitude, {ratio} times the width")
        }
        Recovery::Passive { duration, .. } => format!("  passive recharge for {}", time(duration)),
        Recovery::None => match program.waveform {
            Waveform::Alternating => {
                "  each pulse of the other polarity than the one before, in pairs".to_owned()
            }
            Waveform::Triphasic => {
                "  the second phase of that amplitude, before and after it one of half of it".to_owned()
            }
            Waveform::Biphasic | Waveform::Monophasic => "  no recovery of charge".to_owned(),
        },
    });
    if let Some(recharge) = program.recharge {
        lines.push(format!("  recharge for {} after each pulse", time(recharge)));
    }
    if let Some(ramp) = program.ramp {
        let law = match ramp.law {
            Law::Linear => "linear",
            Law::QuarterSine => "quarter-sine",
            Law::Width => "by width",
        };
        lines.push(format!("  ramp of {}, {law}", time(ramp.up)));
    }
    if let Some(burst) = program.burst {
        let rate = engineering(burst.rate, Dimension::Frequency, 4);
        lines.push(format!("  bursts of {} pulses at {rate}", burst.pulses));
    }
    if let Some(cycle) = program.cycle {
        lines.push(format!("  {} on, {} off", time(cycle.on_time), time(cycle.off_time)));
    }
    match program.run {
        Run::UntilStopped => {}
        Run::Duration(duration) => lines.push(format!("  for {}", time(duration))),
        Run::Pulses(pulses) => lines.push(format!("  {pulses} pulses")),
    }
    for share in program.contacts.iter().filter(|share| share.share != 0.0) {
        let percent = engineering(share.share, Dimension::Ratio, 3);
        lines.push(format!("  contact {}: {percent}", share.contact));
    }
    lines.join("\n")
}

#[async_trait]
impl crate::instrument::Stimulator for Stimulator {
    async fn identify(&mut self) -> Result<StimulatorIdentity, InstrumentError> {
        Ok(StimulatorIdentity {
            model: "driven by hand".to_owned(),
            uid: String::new(),
            firmware: String::new(),
            cap: self.cap,
            compliance: f64::INFINITY,
            watchdog: f64::INFINITY,
        })
    }

    async fn load(&mut self, program: &Program) -> Result<Applied, InstrumentError> {
        let doing = "set the program by hand";
        within(self.cap, program).map_err(|fault| BY_HAND.failed(doing, fault))?;
        let made = self.protocol.on_steps(program);
        let applied = made.map_err(|problems| BY_HAND.failed(doing, impossible(problems)))?;
        within(self.cap, &applied).map_err(|fault| BY_HAND.failed(doing, fault))?;
        let text = format!(
            "set the stimulator, and leave its output off:\n{}\npress Enter when it is set",
            instructions(&applied)
        );
        if !self.operator.confirm(&text).await {
            return Err(gave_up(doing));
        }
        if let Some(port) = &mut self.mirror {
            let line = Mirror::Load(Box::new(applied.clone())).line();
            port.write_all(&line).await.map_err(|fault| BY_HAND.failed(doing, fault))?;
        }
        if self.told == Told::Off {
            self.told = Told::Nothing;
        }
        Ok(Applied { program: applied })
    }

    async fn start(&mut self) -> Result<(), InstrumentError> {
        self.told = Told::On;
        self.switched("switch the output ON now", Mirror::Start, "have it switched on").await
    }

    async fn stop(&mut self) -> Result<(), InstrumentError> {
        match self.told {
            Told::Nothing => {}
            Told::On => {
                self.switched("switch the output OFF now", Mirror::Stop, "have it switched off").await?;
                self.told = Told::Off;
            }
            // Whoever sends it again may have seen the output go on: a person who missed it the first time is told again. A rehearsed
            // output is off.
            Told::Off if self.mirror.is_none() => {
                self.operator.tell("the output must be OFF now: switch it off if it is not");
            }
            Told::Off => {}
        }
        Ok(())
    }
}
