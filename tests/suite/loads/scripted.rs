//! Oscilloscopes of each make as scripts: their words, their preambles, their blocks, and what real ones do wrong.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use stimrig::instrument::{InstrumentFault, Port};

/// What a scope does that it should not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    Nothing,
    /// The state of the record before is told for a while after arming.
    OldStop,
    /// The first preamble is not ready.
    PlusZero,
    /// Blocks of 700 samples whatever is asked for.
    Short,
    /// The first block stops in the middle and never goes on.
    Cut,
    /// Blocks without a length.
    Indefinite,
    /// It stays silent.
    Silent,
    /// It is somebody else's: armed, and sending a waveform.
    Taken,
    /// Not a scope.
    Multimeter,
    /// The trigger lies where the preamble does not say.
    Misplaced,
    /// It complains about every command.
    Complaining,
    /// It never has the samples before its trigger.
    NeverReady,
    /// It is triggered as soon as it can be.
    Early,
    /// Its first block is said to be longer than what was asked for.
    Long,
    /// Codes of eight bits, 30 in a division.
    EightBits,
    /// Other codes in a division than other models have.
    OtherCodes,
    /// It does not say how many codes a division has.
    NoCodes,
    /// A probe that says what it is, and keeps its own gain.
    CodedProbe,
    /// It has two inputs, and complains about others.
    TwoInputs,
}

/// The makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Make {
    Ds1000z,
    Dho,
    InfiniiVision,
    Siglent,
    SiglentNew,
    Tbs,
    Mso,
}

pub const MAKES: [Make; 7] =
    [Make::Ds1000z, Make::Dho, Make::InfiniiVision, Make::Siglent, Make::SiglentNew, Make::Tbs, Make::Mso];

/// Samples of a record, seconds between them, and the sample of the trigger.
pub const POINTS: usize = 20_000;
pub const PERIOD: f64 = 1e-6;
pub const TRIGGER: usize = 2_000;

/// Volts at a socket: a pulse each way every 5 ms behind the trigger, 0.2 V high, all levels between passed through so that
/// payloads hold every byte, line feeds among them.
pub fn volts(sample: usize) -> f64 {
    let Some(since) = sample.checked_sub(TRIGGER) else { return 0.0 };
    match since % 5000 {
        0..200 => -0.2,
        250..450 => 0.2,
        3000..3400 => 0.001 * ((since % 5000) as f64 - 3200.0),
        _ => 0.0,
    }
}

/// A scope on a wire, with time that only waiting moves.
pub struct Scripted {
    make: Make,
    wrong: Wrong,
    now: u64,
    line: Vec<u8>,
    out: VecDeque<u8>,
    armed_for: u32,
    running: bool,
    asked: u32,
    state: &'static str,
    /// The event "armed" has been told.
    told: bool,
    preambles: u32,
    blocks: u32,
    from: usize,
    count: usize,
    error: bool,
    /// Two bytes a sample, where it can be chosen.
    wide: bool,
    /// Of its probes, where it is set: they were left at 10X.
    gain: f64,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    pub fn new(make: Make, wrong: Wrong) -> Self {
        let mut scope = Self {
            make,
            wrong,
            now: 0,
            line: Vec::new(),
            out: VecDeque::new(),
            armed_for: 0,
            running: wrong == Wrong::Taken,
            asked: 0,
            state: "stopped",
            told: false,
            preambles: 0,
            blocks: 0,
            from: 0,
            count: POINTS,
            error: false,
            wide: true,
            gain: 0.1,
            heard: Arc::default(),
        };
        if wrong == Wrong::Taken {
            scope.out.extend(b"#9000001000");
            scope.out.extend(std::iter::repeat_n(b'\n', 1000));
        }
        scope
    }

    /// Every line it was sent, from now on.
    pub fn heard(&self) -> Arc<Mutex<Vec<String>>> {
        Arc::clone(&self.heard)
    }

    /// Whether it has to complain about something.
    fn complains(&mut self) -> bool {
        let complaining = [Wrong::Complaining, Wrong::TwoInputs].contains(&self.wrong);
        std::mem::take(&mut self.error) && complaining
    }

    fn say(&mut self, text: impl AsRef<str>) {
        self.out.extend(text.as_ref().as_bytes());
        self.out.push_back(b'\n');
    }

    /// The codes of samples as this make sends them.
    fn payload(&self) -> Vec<u8> {
        let limit = if self.wrong == Wrong::Short { 700 } else { usize::MAX };
        let count = self.count.min(POINTS.saturating_sub(self.from)).min(limit);
        let shift = if self.wrong == Wrong::Misplaced { 500 } else { 0 };
        let value = |k: usize| volts((self.from + k).saturating_sub(shift));
        (0..count)
            .flat_map(|k| match self.make {
                // (code − 0 − 127) · 4 mV
                Make::Ds1000z => vec![(value(k) / 4e-3 + 127.0).round() as u8],
                // 12 bits in the high part of 16: (code − 32768) · 0.025 mV
                Make::Dho => (((value(k) / 0.4e-3).round() * 16.0 + 32_768.0) as u16).to_le_bytes().to_vec(),
                // (code − 32768) · 4 mV / 256 + 1 mV
                Make::InfiniiVision => {
                    ((((value(k) - 1e-3) / 4e-3).round() * 256.0 + 32_768.0) as u16).to_le_bytes().to_vec()
                }
                // code · VDIV/25 − OFST, 0.1 V a division and 20 mV
                Make::Siglent => vec![((value(k) + 0.02) / 4e-3).round() as i8 as u8],
                // code · 0.12 V / codes in a division − 12 mV
                Make::SiglentNew => {
                    let (codes, bits) = self.codes();
                    let step = if bits == 16 { 16.0 } else { 1.0 };
                    let code = ((value(k) + 0.012) / 0.12 * f64::from(codes) / step).round() * step;
                    match self.wide {
                        true => (code as i16).to_le_bytes().to_vec(),
                        false => vec![code as i8 as u8],
                    }
                }
                // (code − 512) · 4 mV / 256 + 2 mV
                Make::Tbs | Make::Mso => {
                    ((((value(k) - 2e-3) / 4e-3).round() * 256.0) as i16 + 512).to_le_bytes().to_vec()
                }
            })
            .collect()
    }

    /// Codes in a division, and their bits.
    fn codes(&self) -> (f32, u16) {
        match self.wrong {
            Wrong::EightBits => (30.0, 8),
            Wrong::OtherCodes => (6400.0, 16),
            Wrong::NoCodes => (0.0, 16),
            _ => (7680.0, 16),
        }
    }

    fn block(&mut self) {
        let payload = self.payload();
        self.blocks += 1;
        if self.wrong == Wrong::Indefinite {
            self.out.extend(b"#0");
        } else {
            if self.make == Make::Siglent {
                self.out.extend(b"DAT2,");
            }
            let more = if self.wrong == Wrong::Long && self.blocks == 1 { 1_000_000 } else { 0 };
            self.out.extend(format!("#9{:09}", payload.len() + more).as_bytes());
        }
        if self.wrong == Wrong::Cut && self.blocks == 1 {
            self.out.extend(&payload[..payload.len() / 3]);
            return;
        }
        self.out.extend(payload);
        self.out.extend(if self.make == Make::Siglent { &b"\n\n"[..] } else { b"\n" });
    }

    /// Filling, then waiting, then done.
    fn state(&mut self) -> &'static str {
        self.state = self.next_state();
        self.state
    }

    fn next_state(&mut self) -> &'static str {
        if !self.running {
            return "stopped";
        }
        if self.wrong == Wrong::Taken && self.armed_for == 0 {
            return "waiting";
        }
        self.asked += 1;
        match (self.wrong, self.asked) {
            (Wrong::OldStop, 1..=2) => "stopped",
            (Wrong::NeverReady, _) | (_, 1..=2) => "filling",
            (Wrong::Early, 3..=5) | (_, 7) => "triggered",
            (wrong, 3..=6) if wrong != Wrong::Early => "waiting",
            _ => {
                self.running = false;
                "stopped"
            }
        }
    }

    fn arm(&mut self) {
        (self.running, self.asked, self.told) = (true, 0, false);
        self.armed_for += 1;
    }

    fn command(&mut self, line: &str) {
        let (line, make) = (line.trim(), self.make);
        self.heard.lock().unwrap().push(line.to_owned());
        if self.wrong == Wrong::Silent {
            return;
        }
        let number =
            |text: &str| text.rsplit([' ', ',']).next().and_then(|n| n.parse::<usize>().ok()).unwrap_or(0);
        match line {
            "*IDN?" => self.say(match (self.wrong, make) {
                (Wrong::Multimeter, _) => "HEWLETT-PACKARD,34401A,0,11-5-2",
                (_, Make::Ds1000z) => "RIGOL TECHNOLOGIES,DS1104Z,DS1ZA1,00.04.04",
                (_, Make::Dho) => "RIGOL TECHNOLOGIES,DHO804,DHO8A1,00.01.02",
                (_, Make::InfiniiVision) => "KEYSIGHT TECHNOLOGIES,DSO-X 3024A,MY1,02.41",
                (_, Make::Siglent) => "Siglent Technologies,SDS1104X-E,SDSM1,8.1.6",
                (_, Make::SiglentNew) => "Siglent Technologies,SDS824X HD,SDS8A1,3.8",
                (_, Make::Tbs) => "TEKTRONIX,TBS2104B,C1,CF:91.1CT FV:v1.27",
                (_, Make::Mso) => "TEKTRONIX,MSO24,C1,CF:91.1CT FV:2.0",
            }),
            // A single acquisition is an operation that is pending.
            "*OPC?" if self.running && matches!(make, Make::Tbs | Make::Mso) => {}
            "*OPC?" => self.say("1"),
            "*ESR?" => {
                let complains = self.complains();
                self.say(if complains { "32" } else { "0" });
            }
            ":SYST:ERR?" => {
                let complains = self.complains();
                self.say(if complains { "-222,\"Data out of range\"" } else { "0,\"No error\"" });
            }
            ":TRIG:STAT?" => {
                let state = match self.state() {
                    "stopped" => "STOP",
                    "filling" => "RUN",
                    "waiting" => "WAIT",
                    _ => "TD",
                };
                self.say(state);
            }
            "SAST?" | ":TRIGGER:STATUS?" => {
                let state = match self.state() {
                    "stopped" => "Stop",
                    "filling" => "Arm",
                    "waiting" => "Ready",
                    _ => "Trig'd",
                };
                self.say(state);
            }
            ":OPER:COND?" => {
                let state = self.state();
                self.say(if state == "stopped" { "0" } else { "8" });
            }
            ":TER?" => self.say(if self.state == "triggered" { "1" } else { "0" }),
            // Once, however long it lasts.
            ":AER?" => {
                let first = self.state == "waiting" && !std::mem::replace(&mut self.told, true);
                self.say(if first { "1" } else { "0" });
            }
            "ACQ:STATE?" => {
                let state = self.state();
                self.say(if state == "stopped" { "0" } else { "1" });
            }
            "TRIG:STATE?" => self.say(match self.state {
                "filling" => "ARMED",
                "waiting" => "READY",
                _ => "TRIGGER",
            }),
            ":WAV:PRE?" => {
                self.preambles += 1;
                if self.wrong == Wrong::PlusZero && self.preambles == 1 {
                    return self.say("+0");
                }
                let start = -(TRIGGER as f64) * PERIOD;
                self.say(match make {
                    Make::Ds1000z => format!("0,2,{POINTS},1,{PERIOD:e},{start:e},0,4e-03,0,127"),
                    // The page, not the record.
                    Make::Dho => format!("1,2,1000,1,{PERIOD:e},{start:e},0,2.5e-05,0,32768"),
                    _ => format!("1,0,{POINTS},1,{PERIOD:+e},{start:+e},+0,+1.5625e-05,+1e-03,+32768"),
                });
            }
            ":ACQ:MDEP?" | ":ACQUIRE:POINTS?" => self.say(format!("{POINTS}")),
            "SARA?" => self.say("1.00MSa/s"),
            "SANU? C1" => self.say("20.0kpts"),
            "C1:VDIV?" => self.say("1.00E-01V"),
            "C1:OFST?" => self.say("2.00E-02V"),
            "TDIV?" => self.say(format!("{:E}S", POINTS as f64 * PERIOD / 14.0)),
            "TRDL?" => self.say(format!("{:E}S", POINTS as f64 * PERIOD / 2.0 - TRIGGER as f64 * PERIOD)),
            "HOR:RECO?" => self.say(format!("{POINTS}")),
            "WFMO:XIN?" => self.say(format!("{PERIOD:E}")),
            "WFMO:XZE?" => self.say(format!("{:E}", -(TRIGGER as f64) * PERIOD)),
            "WFMO:PT_O?" => self.say("0"),
            // In volts at the tip of the probe.
            "WFMO:YMU?" => self.say(format!("{:E}", 1.5625e-5 / self.gain)),
            "CH1:PRO:GAIN?" => self.say(format!("{:E}", self.gain)),
            "CH1:PRO:GAIN 1" => self.gain = if self.wrong == Wrong::CodedProbe { 0.1 } else { 1.0 },
            ":WAVEFORM:WIDTH BYTE" => self.wide = false,
            ":WAVEFORM:WIDTH WORD" => self.wide = true,
            "WFMO:YOF?" => self.say("512"),
            "WFMO:YZE?" => self.say("2.0E-3"),
            ":WAVEFORM:PREAMBLE?" => {
                let (codes, bits) = self.codes();
                let mut block = vec![10_u8; 346];
                let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
                put(156, &0.12_f32.to_le_bytes());
                put(160, &0.012_f32.to_le_bytes());
                put(164, &codes.to_le_bytes());
                put(172, &bits.to_le_bytes());
                put(176, &(PERIOD as f32).to_le_bytes());
                put(180, &(-(TRIGGER as f64) * PERIOD).to_le_bytes());
                put(328, &1.0_f32.to_le_bytes());
                self.out.extend(b"#9000000346");
                self.out.extend(block);
                self.out.push_back(b'\n');
            }
            ":WAV:DATA?" | ":WAVEFORM:DATA?" | "C1:WF? DAT2" | "CURV?" => self.block(),
            ":SING" | "ARM" | ":TRIGGER:RUN" | "ACQ:STATE ON" => self.arm(),
            ":STOP" | "TRMD STOP" | ":TRIGGER:STOP" | "ACQ:STATE OFF" => self.running = false,
            _ if line.starts_with(":WAV:STAR ") || line.starts_with("DAT:STAR ") => {
                self.from = number(line) - 1
            }
            _ if line.starts_with(":WAV:STOP ") || line.starts_with("DAT:STOP ") => {
                self.count = number(line) - self.from;
            }
            _ if line.starts_with(":WAVEFORM:START ") => self.from = number(line),
            _ if line.starts_with(":WAVEFORM:POINT ") => self.count = number(line),
            _ if line.starts_with("WFSU ") => {
                let parts: Vec<usize> = line[5..].split(',').filter_map(|part| part.parse().ok()).collect();
                (self.count, self.from) = (parts[1], parts[2]);
            }
            _ => {
                assert!(!line.ends_with('?'), "nobody asked for {line}");
                let missing = |digit: char| {
                    ["CHAN", "C", "SEL:CH", "CH", "CHANNEL"]
                        .iter()
                        .any(|name| line.trim_start_matches(':').starts_with(&format!("{name}{digit}")))
                };
                self.error |= self.wrong == Wrong::Complaining || missing('3') || missing('4');
            }
        }
    }
}

#[async_trait]
impl Port for Scripted {
    fn now(&self) -> u64 {
        self.now
    }

    async fn read(&mut self, buffer: &mut [u8], deadline: u64) -> Result<usize, InstrumentFault> {
        if self.out.is_empty() {
            self.now = self.now.max(deadline);
            return Err(InstrumentFault::Timeout);
        }
        // In pieces, as a network brings them.
        let count = self.out.len().min(buffer.len()).min(1460);
        for (slot, byte) in buffer.iter_mut().zip(self.out.drain(..count)) {
            *slot = byte;
        }
        self.now += 1_000_000;
        Ok(count)
    }

    async fn write_all(&mut self, bytes: &[u8]) -> Result<(), InstrumentFault> {
        self.now += 1_000_000;
        for byte in bytes {
            if *byte == b'\n' {
                let line = String::from_utf8(std::mem::take(&mut self.line)).unwrap();
                self.command(&line);
            } else {
                self.line.push(*byte);
            }
        }
        Ok(())
    }
}
