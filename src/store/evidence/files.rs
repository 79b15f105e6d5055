//! Files of one folder that are appended to.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::StoreError;

/// What a run knows of its disk, and whom it tells.
#[derive(Clone)]
pub(super) struct Disk {
    /// The run ends for want of room: nothing more is written.
    pub short: Arc<AtomicBool>,
    /// Called when a file cannot be written.
    pub alarm: Arc<dyn Fn() + Send + Sync>,
}

/// The files of one folder. Its first error ends its writing: half a block with whole ones behind it could not be read.
pub(super) struct Files {
    folder: PathBuf,
    disk: Disk,
    open: BTreeMap<PathBuf, File>,
    error: Option<StoreError>,
}

impl Files {
    /// None yet, in a folder that is created with the first.
    pub fn new(folder: &Path, disk: &Disk) -> Self {
        Self { folder: folder.to_owned(), disk: disk.clone(), open: BTreeMap::new(), error: None }
    }

    /// Appends to a file, which is created if it is new.
    pub fn append(&mut self, path: &Path, bytes: &[u8]) {
        if self.error.is_some() {
            return;
        }
        let written = if self.disk.short.load(Ordering::SeqCst) {
            Err(StoreError::file(path, "append samples", io::ErrorKind::StorageFull.into()))
        } else {
            self.write(path, bytes)
        };
        self.error = written.err();
        if self.error.is_some() {
            (self.disk.alarm)();
        }
    }

    fn write(&mut self, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        let failed = |doing: &'static str| move |source| StoreError::file(path, doing, source);
        if !self.open.contains_key(path) {
            fs::create_dir_all(&self.folder)
                .map_err(|source| StoreError::file(&self.folder, "create the folder", source))?;
            let file = File::options().append(true).create_new(true).open(path).map_err(failed("create"))?;
            self.open.insert(path.to_owned(), file);
        }
        let Some(file) = self.open.get_mut(path) else { return Ok(()) };
        let before = file.metadata().map_err(failed("append samples"))?.len();
        file.write_all(bytes).map_err(|source| {
            // What is left of the block is cut off if the disk still can; a reader copes with it otherwise.
            let _ = file.set_len(before);
            StoreError::file(path, "append samples", source)
        })
    }

    /// Waits until all of it is on disk.
    ///
    /// # Errors
    /// The first thing that went wrong with them.
    pub fn close(&mut self) -> Result<(), StoreError> {
        let open = std::mem::take(&mut self.open);
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        for (path, file) in &open {
            file.sync_data().map_err(|source| StoreError::file(path, "synchronise", source))?;
        }
        Ok(())
    }

    /// Removes all of them with their folder.
    ///
    /// # Errors
    /// When that is refused.
    pub fn discard(self) -> Result<(), StoreError> {
        drop(self.open);
        let removed = match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(StoreError::file(&self.folder, "remove", error))
            }
            _ => Ok(()),
        };
        // The folder of all cases goes with its last one.
        if let Some(parent) = self.folder.parent() {
            let _ = fs::remove_dir(parent);
        }
        removed
    }
}
