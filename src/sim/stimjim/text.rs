//! What a Stimjim prints.

use super::{Mode, Slot};

const RULE: &str = "----------------------------------\r\n";

impl Mode {
    fn number(self) -> u8 {
        match self {
            Self::Voltage => 0,
            Self::Current => 1,
            Self::HighImpedance => 2,
            Self::Grounded => 3,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Voltage => "Voltage output",
            Self::Current => "Current output",
            Self::HighImpedance => "No output (high-Z)",
            Self::Grounded => "No output (grounded)",
        }
    }

    fn unit(self) -> &'static str {
        if self == Self::Voltage { "mV" } else { "uA" }
    }
}

/// Whole numbers separated by commas, up to the first thing that is none.
pub(super) fn numbers(text: &str) -> Vec<i64> {
    text.split(',').map_while(|part| part.trim().parse().ok()).collect()
}

/// A slot as it is printed when it is set or asked for.
pub(super) fn dump(index: usize, slot: &Slot) -> String {
    let mut text = format!("{RULE}Parameters for PulseTrain[{index}]\r\n");
    for (output, mode) in slot.modes.iter().enumerate() {
        text.push_str(&format!("  mode[ch{output}]: {} ({})\r\n", mode.number(), mode.words()));
    }
    let (period, duration) = (slot.period, slot.duration);
    let seconds = |microseconds: u64| microseconds as f64 * 1e-6;
    text.push_str(&format!(
        "  period:    {period} usec ({:.3} sec, {:.3} Hz)\r\n  duration:  {duration} usec ({:.3} sec)\r\n",
        seconds(period),
        1e6 / period as f64,
        seconds(duration)
    ));
    text.push_str("\r\n  stage    duration     output0   output1\r\n");
    for (stage, ([one, two], length)) in slot.stages.iter().enumerate() {
        let [first, second] = slot.modes;
        text.push_str(&format!(
            "   {stage:2}  {length:7} usec {one:8}{} {two:8}{}\r\n",
            first.unit(),
            second.unit()
        ));
    }
    text.push_str(RULE);
    text.push_str("\r\n");
    text
}

/// What is printed when a train has ended by itself.
pub(super) fn summary(slot: &Slot, measured: &[[i64; 2]], pulses: u64) -> String {
    let mut text = format!(
        "Train complete. Delivered {pulses} pulses.\r\nCurrent/Voltage by stage: \r\n           Ch0                Ch1 \r\n"
    );
    let pulses = i64::try_from(pulses).unwrap_or(i64::MAX).max(1);
    let unit = |output: usize| if slot.modes.get(output) == Some(&Mode::Voltage) { "mV" } else { "uA" };
    for (stage, [one, two]) in measured.iter().enumerate() {
        text.push_str(&format!(
            "Stage {stage}{:6}{},          {:6}{},          \r\n",
            one / pulses,
            unit(0),
            two / pulses,
            unit(1)
        ));
    }
    text
}

/// Offsets of its converters.
pub(super) fn offsets() -> String {
    "ADC offsets (+-2.5V): -11.000000, -11.000000\r\nADC offsets (+-10V): -11.000000, -11.000000\r\n\
     current offsets: 11, 8\r\nvoltage offsets: 0, 0\r\n\r\n"
        .to_owned()
}

/// What it prints when it boots.
pub(super) fn banner() -> String {
    format!(
        "Booting StimJim on Teensy 3.5!\r\nInitializing inputs...\r\n{}Ready to go!\r\n\r\n\r\n",
        offsets()
    )
}
