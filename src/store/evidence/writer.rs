//! Packing and writing the samples of one case, beside the case.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use crate::capture::container::{Encoder, Head, Piece};

use super::super::StoreError;
use super::files::Files;

/// Pieces that may wait for a core and for the disk: two seconds of a bench with eight channels.
const WAITING: usize = 256;
/// As many where measuring can wait: enough that the thread is seldom without work.
const FEW: usize = 16;

/// What the thread is asked to do.
enum Order {
    /// A piece of the channel of that number.
    Put(usize, Piece),
    /// All channels are complete.
    Finish,
}

/// The thread of one case.
pub(super) struct Writer {
    orders: Option<SyncSender<Order>>,
    /// Whoever measures can wait.
    patient: bool,
    /// What is still waiting need not be written.
    unwanted: Arc<AtomicBool>,
    thread: Option<JoinHandle<Files>>,
}

impl Writer {
    /// One for the channels with these files and heads. What a `patient` bench measures waits until there is room.
    ///
    /// # Errors
    /// When there can be no thread more.
    pub fn new(lanes: Vec<(PathBuf, Head)>, files: Files, patient: bool) -> io::Result<Self> {
        let (orders, inbox) = sync_channel(if patient { FEW } else { WAITING });
        let unwanted = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&unwanted);
        let thread = std::thread::Builder::new().name("evidence".to_owned());
        let thread = thread.spawn(move || write(&inbox, lanes, files, &stop))?;
        Ok(Self { orders: Some(orders), patient, unwanted, thread: Some(thread) })
    }

    /// Hands over a piece of a channel; false when there is no room.
    pub fn put(&self, lane: usize, piece: Piece) -> bool {
        let Some(orders) = &self.orders else { return true };
        let order = Order::Put(lane, piece);
        if self.patient {
            // It lives as long as this; if it has panicked, `end` says so.
            let _ = orders.send(order);
            return true;
        }
        !matches!(orders.try_send(order), Err(TrySendError::Full(_)))
    }

    /// Ends the files once all that was handed over is in them, as whole ones or, if some is missing, as cut ones.
    ///
    /// # Errors
    /// What went wrong with them.
    pub fn keep(mut self, whole: bool) -> Result<(), String> {
        if whole && let Some(orders) = &self.orders {
            let _ = orders.send(Order::Finish);
        }
        let mut files = self.join().ok_or("the thread that writes them has panicked")?;
        files.close().map_err(|error: StoreError| error.to_string())
    }

    /// Removes the files.
    pub fn discard(mut self) {
        self.unwanted.store(true, Ordering::SeqCst);
        // Samples nobody wants are not worth a word.
        let _ = self.join().map(Files::discard);
    }

    fn join(&mut self) -> Option<Files> {
        self.orders = None;
        self.thread.take()?.join().ok()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // What a case leaves behind that was not ended is as whole as it can be.
        let _ = self.join();
    }
}

/// The thread.
fn write(
    inbox: &Receiver<Order>,
    lanes: Vec<(PathBuf, Head)>,
    mut files: Files,
    unwanted: &AtomicBool,
) -> Files {
    let mut lanes: Vec<(PathBuf, Encoder)> =
        lanes.into_iter().map(|(path, head)| (path, Encoder::new(&head))).collect();
    // A file without samples says at least what it was to hold.
    lanes.iter_mut().for_each(|(path, encoder)| files.append(path, &encoder.take()));
    while let Ok(order) = inbox.recv() {
        if unwanted.load(Ordering::SeqCst) {
            break;
        }
        match order {
            Order::Put(lane, piece) => {
                let Some((path, encoder)) = lanes.get_mut(lane) else { continue };
                encoder.put(&piece);
                files.append(path, &encoder.take());
            }
            Order::Finish => {
                for (path, encoder) in &mut lanes {
                    encoder.finish();
                    files.append(path, &encoder.take());
                }
            }
        }
    }
    files
}
