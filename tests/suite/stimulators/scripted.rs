//! A device that only knows what it has been told to answer.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use stimrig::instrument::{InstrumentFault, Port};

/// What a write is answered with; `None` is silence.
type Answer = Box<dyn FnMut(&[u8]) -> Option<Vec<u8>> + Send>;

/// Everything that was written, one item for each write.
pub type Written = Arc<Mutex<Vec<Vec<u8>>>>;

/// A port whose other end answers by rote; its time passes only while somebody waits.
pub struct Scripted {
    answer: Answer,
    waiting: VecDeque<u8>,
    now: u64,
    written: Written,
}

impl Scripted {
    pub fn new(answer: impl FnMut(&[u8]) -> Option<Vec<u8>> + Send + 'static) -> Self {
        Self { answer: Box::new(answer), waiting: VecDeque::new(), now: 0, written: Written::default() }
    }

    /// What it answers to a write.
    pub fn answered(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        (self.answer)(bytes)
    }

    pub fn written(&self) -> Written {
        Arc::clone(&self.written)
    }
}

#[async_trait::async_trait]
impl Port for Scripted {
    fn now(&self) -> u64 {
        self.now
    }

    async fn read(&mut self, buffer: &mut [u8], deadline: u64) -> Result<usize, InstrumentFault> {
        if self.waiting.is_empty() {
            self.now = self.now.max(deadline);
            return Err(InstrumentFault::Timeout);
        }
        let count = self.waiting.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(self.waiting.drain(..count)) {
            *to = from;
        }
        Ok(count)
    }

    async fn write_all(&mut self, bytes: &[u8]) -> Result<(), InstrumentFault> {
        self.written.lock().unwrap().push(bytes.to_vec());
        self.waiting.extend((self.answer)(bytes).unwrap_or_default());
        Ok(())
    }
}

/// The wrong things on a port, each with what an error about it says.
pub fn impostors() -> Vec<(&'static str, Scripted, &'static [&'static str])> {
    vec![
        ("silence", Scripted::new(|_| None), &["no answer within the deadline"][..]),
        ("an echo", Scripted::new(|bytes| Some(bytes.to_vec())), &["echo"]),
        (
            "a modem",
            Scripted::new(|_| Some(b"\r\nERROR\r\n".to_vec())),
            &["`ERROR`", "unexpected", "no lines"],
        ),
        ("garbage", Scripted::new(|_| Some(vec![0xFF; 100_000])), &["no lines of text", "unexpected answer"]),
    ]
}
